"""Two Snakemake processes in one folder: the second is refused while the first lives, and told what to do after."""

import contextlib
import os
import shutil
import subprocess
import sys

import psutil
import pytest

from tests.cluster.slurm import wait_until
from tests.conftest import ZENKE, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CALL = ("--cores", "2", "--config", "scale=quick", "job_seconds=0.001", "experiments=[zenke2015_paper]")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("two_calls") / "project")
    project.keep_experiments(*ZENKE)
    project.snakemake(*CALL)
    project.expected = project.content("results/*/**/*.nc")
    return project


@pytest.fixture
def first_call(project):
    """A call of Snakemake that has begun to simulate from nothing, and then stands still."""
    shutil.rmtree(project.folder / "results")
    process = psutil.Popen(
        [sys.executable, "-m", "snakemake", *CALL],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(project.folder / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: project.content("results/runs/*/seed-*.nc"), "the first run", 300.0)
    process.suspend()
    yield process
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
    process.wait()


def refused(project):
    finished = project.snakemake(*CALL, check=False)
    assert finished.returncode != 0
    printed = " ".join((finished.stdout + finished.stderr).split())
    assert "Directory cannot be locked" in printed
    assert "It can be removed with the --unlock argument." in printed


def test_second_call_is_refused_and_harms_nothing(project, first_call):
    refused(project)
    first_call.resume()
    assert first_call.wait(300) == 0
    assert project.content("results/*/**/*.nc") == project.expected


def test_call_after_a_kill_completes_once_unlocked_as_told(project, first_call):
    first_call.kill()
    first_call.wait()
    refused(project)
    project.snakemake("--unlock")
    project.snakemake(*CALL)
    assert project.content("results/*/**/*.nc") == project.expected


def test_what_a_killed_job_left_half_written_is_removed(project):
    shutil.rmtree(project.folder / "results/evaluations")
    left = project.folder / "results/runs/zenke2015_paper/.seed-1001.nc.host-17.part"
    left.write_bytes(b"half")
    project.snakemake(*CALL)
    assert not left.exists()
    assert project.content("results/*/**/*.nc") == project.expected
