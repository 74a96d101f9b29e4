"""Who is to blame: a file, another process, the machine, or our own code; each told in one line."""

import resource
import shutil
import subprocess
import sys

import netCDF4
import pytest

from tests.conftest import ZENKE, ProjectCopy

ENSEMBLE = "results/ensembles/zenke2015.nc"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The ensembles of one figure."""
    project = ProjectCopy(tmp_path_factory.mktemp("made") / "project")
    project.keep_experiments(*ZENKE)
    for name in ZENKE:
        project.replasticity("simulate", name, "--scale", "quick", "--seeds", "1001-1003")
        project.replasticity("aggregate", name, "--scale", "quick")
    return project


@pytest.fixture
def project(made, tmp_path):
    copy = object.__new__(ProjectCopy)
    copy.folder = tmp_path / "project"
    shutil.copytree(made.folder, copy.folder, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def refused(project, *arguments, **environment):
    """Return the one line with which a command ends."""
    finished = project.replasticity(*arguments, check=False, **environment)
    assert finished.returncode == 2, finished.stdout + finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("error: ")
    return line


PLOT = ("plot", "zenke2015", ENSEMBLE, "-o", "a.svg")
COMMANDS = [PLOT, ("evaluate", "zenke2015"), ("info", ENSEMBLE), ("check", "zenke2015", "--scale", "quick")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_file_that_another_process_writes_is_in_use(project, command):
    with netCDF4.Dataset(project.folder / ENSEMBLE, "a"):
        line = refused(project, *command)
    assert line.endswith("zenke2015.nc: is in use by another process; wait until it has ended")
    assert "delete" not in line


def test_file_that_another_process_reads_is_read(project):
    with netCDF4.Dataset(project.folder / ENSEMBLE):
        project.replasticity(*PLOT)


def test_damaged_file_is_still_called_damaged(project):
    path = project.folder / ENSEMBLE
    path.write_bytes(path.read_bytes()[:5000])
    assert f"{ENSEMBLE}: cannot be read as netCDF-4" in refused(project, *PLOT)


def test_too_many_open_files_are_no_fault_of_a_file(project):
    code = (
        "import os, resource, xarray, netCDF4; from pathlib import Path; from replasticity.storage import datasets\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "kept = []\n"
        "try:\n"
        "    while True: kept.append(os.open('Snakefile', os.O_RDONLY))\n"
        "except OSError: pass\n"
        f"datasets.open_netcdf(Path({ENSEMBLE!r}))"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
    last = finished.stderr.splitlines()[-1]
    assert f"UnavailableError: {ENSEMBLE}: cannot be opened: Too many open files; 'ulimit -n'" in last


@pytest.mark.parametrize(
    ("file", "old", "command", "place"),
    [
        (
            "studies/zenke2015/figure.py",
            "    _traces(axes, ensemble, ",
            PLOT,
            "studies.zenke2015.figure, draw_global_factor",
        ),
        (
            "studies/zenke2015/statistics.py",
            "    rate_Hz = ",
            None,
            "studies.zenke2015.statistics, dw_beside_target_nS",
        ),
        ("judging/claims.py", "    defined = ", ("evaluate", "zenke2015"), "judging.claims, weigh"),
    ],
)
def test_mistake_in_our_code_is_told_with_its_place(project, file, old, command, place):
    path = f"src/replasticity/{file}"
    project.edit(path, f"\n{old}", f"\n    json_of_nothing = {{}}['nothing']\n{old}")
    lines = (project.folder / path).read_text().splitlines()
    number = next(k for k, line in enumerate(lines, 1) if "json_of_nothing" in line)
    if command is None:
        # A run of other code is still one of these parameters.
        command = ("plot", "zenke2015", "results/runs/zenke2015/seed-1001.nc", "-o", "a.svg")
    line = refused(project, *command)
    assert line.startswith(f"error: replasticity.{place}, line {number} fails on ")
    assert "(KeyError: 'nothing'): a mistake in this code, or values that no contract bounds; " in line
    traced = project.run("replasticity", *command, check=False, PYTHONDEVMODE="1")
    assert "Traceback" in traced.stderr
    assert "KeyError: 'nothing'" in traced.stderr


def test_library_that_cannot_be_loaded_is_told(project):
    (project.folder / "src/netCDF4.py").write_text("import no_such_library")
    line = refused(project, *PLOT)
    assert line.startswith("error: a library cannot be loaded: No module named 'no_such_library'; 'make install'")


def test_unreadable_list_of_seeds_is_told(project):
    line = refused(project, "simulate", "zenke2015", "--seeds", "@nothing.txt")
    assert line == "error: --seeds @nothing.txt: cannot be read: No such file or directory"
