"""Measure ways to submit many short runs to Slurm: python -m benchmarks.cluster [--runs 1000] [--few 20].

Starts the two-node Slurm of the tests (as root, with slurm-wlm and munge installed), simulates that many seeds of
zenke2015 in each way, from compiled kernels to the last file, and prints a table. Ways that give each run a Slurm job
or a job step of its own would take hours and are measured with --few runs, which bear Snakemake's start and its
polling alone. Each way has to give the same bytes.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import slurm
from tests.conftest import ProjectCopy

from replasticity.pipeline import provenance

#: zenke2015 without its figure, and so without the experiments beside it.
EXPERIMENT = "many"
SLURM = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
ONE_EACH = "job_seconds=0.001"


@dataclass(frozen=True)
class Way:
    """A way to simulate the runs: options of Snakemake, and whether few runs are enough to measure it."""

    name: str
    options: tuple[str, ...]
    config: tuple[str, ...]
    few: bool = False


def ways(runs: int) -> list[Way]:
    """Return the ways to compare. zenke2015 declares 0.1 s per run."""
    return [
        Way("local, `--cores 2`, as it comes", ("--cores", "2"), ()),
        Way("Slurm, as it comes: `job_seconds=300`", SLURM, ("job_seconds=300",)),
        Way("Slurm, one job per node", SLURM, (f"job_seconds={0.1 * runs / len(slurm.NODES) + 0.01}",)),
        Way(
            "Slurm, one job step per run, one group per node",
            (*SLURM, "--groups", "simulate=runs", "--group-components", "runs={per_node}"),
            (ONE_EACH,),
            few=True,
        ),
        Way(
            "Slurm, a job array of one task per run", (*SLURM, "--slurm-array-jobs", "simulate"), (ONE_EACH,), few=True
        ),
        Way("Slurm, one job per run", SLURM, (ONE_EACH,), few=True),
    ]


def digests(project: ProjectCopy) -> dict[str, str]:
    """Return seed -> SHA-256 of its run, from the records of all simulate jobs."""
    records = project.content(f"results/runs/{EXPERIMENT}/seeds-*.json").values()
    return {seed: digest for record in records for seed, digest in json.loads(record)["sha256"].items()}


def main() -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--few", type=int, default=20)
    options = parser.parse_args()
    if reason := slurm.why_not():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "slurm").mkdir()
        project = ProjectCopy(folder / "project")
        (project.folder / f"config/experiments/{EXPERIMENT}.yaml").write_text("title: Many\nbased_on: zenke2015\n")
        project.snakemake("--cores", "1", f"results/compiled/{provenance.kernels_digest('zenke2015')}.json")
        expected: dict[str, str] = {}
        with slurm.running(folder / "slurm") as cluster:
            print("| way | runs | Slurm jobs | wall time (s) | per run (s) |\n| --- | --- | --- | --- | --- |")
            for way in ways(options.runs):
                runs = options.few if way.few else options.runs
                shutil.rmtree(project.folder / "results/runs", ignore_errors=True)
                before, begin = cluster.jobs_submitted(), time.monotonic()
                arguments = [part.format(per_node=math.ceil(runs / len(slurm.NODES))) for part in way.options]
                config = (f"experiments=[{EXPERIMENT}]", f"seeds={{{EXPERIMENT}: {runs}}}", *way.config)
                project.snakemake(*arguments, "--until", "simulate", "--config", *config)
                seconds = time.monotonic() - begin
                jobs = cluster.jobs_submitted() - before
                print(f"| {way.name} | {runs} | {jobs or '-'} | {seconds:.0f} | {seconds / runs:.3f} |", flush=True)
                made = digests(project)
                expected = expected or made
                if len(made) != runs or not made.items() <= expected.items():
                    sys.exit(f"{way.name}: other bytes than locally")
    return 0


if __name__ == "__main__":
    sys.exit(main())
