"""SIGKILL at random moments of a workflow, again and again, and what is left when it is called once more."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psutil

from tests.conftest import ProjectCopy

#: What is killed: one process of a job, which Snakemake then tries again; Snakemake, whose jobs live on; or both.
Target = Literal["job", "snakemake", "group"]
TARGETS: tuple[Target, ...] = ("job", "snakemake", "group")

EXPERIMENTS = ("zenke2015_eq15", "zenke2015_paper")
# One run per job, so that there are many moments between jobs.
CALL = ("--cores", "2", "--config", "scale=quick", "job_seconds=0.001", f"experiments=[{','.join(EXPERIMENTS)}]")
RESULTS = ("results/runs/*/*", "results/ensembles/*", "results/evaluations/*", "results/compiled/*")


class Campaign:
    """A workflow that is killed until it has been killed often enough; its results are compared each time it ends.

    Attributes
    ----------
    kills : int
        Kills so far.
    completions : int
        How often the workflow has come to its end nevertheless.
    """

    def __init__(self, folder: Path, seed: int):
        self.kills = 0
        self.completions = 0
        self._random = random.Random(seed)
        self._project = ProjectCopy(folder)
        self._prepare()
        self._project.snakemake(*CALL)
        self._expected = self._results()
        shutil.rmtree(self._project.folder / "results")
        begin = time.monotonic()
        self._project.snakemake(*CALL)
        #: How long an undisturbed call takes here and now [s].
        self._duration_s = time.monotonic() - begin

    def _prepare(self) -> None:
        for path in (self._project.folder / "config/experiments").glob("*.yaml"):
            # The experiment that the others are based on stays.
            if path.stem not in (*EXPERIMENTS, "zenke2015"):
                path.unlink()

    def _results(self) -> dict[str, bytes]:
        return {name: content for pattern in RESULTS for name, content in self._project.content(pattern).items()}

    def run(self, target: Target, kills: int) -> None:
        """Kill the target that often, then let the workflow finish; raise an `AssertionError` if a byte differs."""
        self._forget_results()
        aim = self.kills + kills
        kill = self._kill_jobs if target == "job" else self._kill_snakemake
        while self.kills < aim:
            finished = kill(target, aim)
            if finished:
                self._check("after killing jobs" if target == "job" else "after a call that was faster than its kill")
                self._forget_results()
        self._unlock()
        self._project.snakemake(*CALL)
        self._check(f"after the last kill of {target}")

    def _forget_results(self) -> None:
        """Start from nothing; now and then also without machine code, so that compiling is interrupted as well."""
        shutil.rmtree(self._project.folder / "results", ignore_errors=True)
        if self._random.random() < 0.3:
            shutil.rmtree(self._project.folder / ".cache", ignore_errors=True)

    def _check(self, when: str) -> None:
        self.completions += 1
        found = self._results()
        differing = {
            name for name in found.keys() | self._expected.keys() if found.get(name) != self._expected.get(name)
        }
        assert not differing, f"{when}: {sorted(differing)}"

    def _unlock(self) -> None:
        """Do what Snakemake's message says after it was killed."""
        if any(self._project.folder.glob(".snakemake/locks/*")):
            self._project.snakemake("--unlock")

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        self._unlock()
        folder = self._project.folder
        with (folder / "snakemake.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "snakemake", *CALL, *options],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(folder / "src")},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kill_snakemake(self, target: Target, aim: int) -> bool:
        """Kill one call, alone or with all its jobs; return whether it was at its end before."""
        process = self._start()
        try:
            status = process.wait(self._duration_s * self._random.uniform(0.2, 1.0))
        except subprocess.TimeoutExpired:
            (os.killpg if target == "group" else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            self.kills += 1
            return False
        assert status == 0, (self._project.folder / "snakemake.log").read_text()
        return True

    def _kill_jobs(self, target: Target, aim: int) -> bool:
        """Kill jobs of one call until there were enough kills, then let it finish; return that it has."""
        process = self._start("--retries", "1000")
        while process.poll() is None and self.kills < aim:
            time.sleep(self._random.uniform(0.0, 0.1) * self._duration_s)
            jobs = list(_jobs_of(process))
            if jobs:
                self._random.choice(jobs).kill()
                self.kills += 1
        assert process.wait(600) == 0, (self._project.folder / "snakemake.log").read_text()
        return True


def _jobs_of(snakemake: subprocess.Popen[bytes]) -> Iterator[psutil.Process]:
    """Yield the processes of ours that a Snakemake has started."""
    try:
        for process in psutil.Process(snakemake.pid).children(recursive=True):
            if "replasticity" in itertools.islice(process.cmdline(), 2, 3):
                yield process
    except psutil.NoSuchProcess:
        return
