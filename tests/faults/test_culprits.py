"""Who is to blame: a file, another process, the machine, or our own code; each told in one line."""

import resource
import shutil
import subprocess
import sys

import netCDF4
import pytest

from tests.conftest import ROOT, ZENKE, ProjectCopy

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


RUN = "results/runs/zenke2015/seed-1001.nc"
OF_A_RUN = ("plot", "zenke2015", RUN, "-o", "a.svg")
SIMULATE = ("simulate", "zenke2015", "--scale", "quick", "-o", "a.nc")
RECORDING = str(ROOT / "tests/peers/zenke/zenke_seed1.nc")
REPLAY = ("replay", RECORDING)


def plant(project, file, old, mistake):
    """Put a mistake before the first line that begins so, as far to the right, and return the number of its line."""
    path = project.folder / "src/replasticity" / file
    before, line, after = path.read_text().partition(f"\n{old}")
    assert line, f"{file} has no line {old!r}"
    indent = old[: len(old) - len(old.lstrip())]
    path.write_text(f"{before}\n{indent}{mistake}{line}{after}")
    return before.count("\n") + 2


#: File of the study, or of what it calls, the line before which something is asked of an empty dictionary, a command
#: that comes there, the function, and the file whose content the code was at work on.
PLANTED = [
    ("studies/zenke2015/figure.py", "    _traces(axes, ensemble, ", PLOT, "draw_global_factor", ENSEMBLE),
    # A run of other code is still one of these parameters.
    ("studies/zenke2015/statistics.py", "    rate_Hz = ", OF_A_RUN, "dw_beside_target_nS", RUN),
    ("studies/zenke2015/statistics.py", "DIMENSIONS = ", ("list",), "<module>", ""),
    ("studies/zenke2015/protocol.py", "    generator = ", SIMULATE, "sample_inputs", ""),
    ("studies/zenke2015/protocol.py", "    p = parameters", SIMULATE, "simulate", ""),
    ("studies/zenke2015/protocol.py", "        return self.cost_with(", SIMULATE, "cost", ""),
    ("studies/zenke2015/peer.py", "    return ", REPLAY, "recorded_parameters", RECORDING),
    ("judging/claims.py", "    defined = ", ("evaluate", "zenke2015"), "weigh", "results/ensembles/zenke2015.nc"),
]


@pytest.mark.parametrize(
    ("file", "old", "command", "function", "content"), PLANTED, ids=[f"{each[0]}-{each[3]}" for each in PLANTED]
)
def test_mistake_in_our_code_is_told_with_its_place(project, file, old, command, function, content):
    number = plant(project, file, old, "{}['nothing']")
    line = refused(project, *command)
    module = file.removesuffix(".py").replace("/", ".")
    assert line.startswith(f"error: replasticity.{module}, {function}, line {number} fails ")
    assert (" on " in line and content in line) if content else " on " not in line
    assert "(KeyError: 'nothing'): a mistake in this code, or values that no contract bounds; " in line
    traced = project.run("replasticity", *command, check=False, PYTHONDEVMODE="1")
    assert traced.returncode != 0
    assert "Traceback" in traced.stderr
    assert "KeyError: 'nothing'" in traced.stderr


@pytest.mark.parametrize(
    ("part", "mistake", "reason"),
    [
        ("figure", "from replasticity.equations import nothing", "(ImportError: cannot import name 'nothing' from"),
        (
            "statistics",
            "import no_such_library",
            "(ModuleNotFoundError: No module named 'no_such_library'): install the library",
        ),
        ("peer", "open('nothing')", "(FileNotFoundError: [Errno 2] No such file or directory: 'nothing'): a mistake"),
        ("protocol", "this is no Python", "(SyntaxError: invalid syntax"),
    ],
)
def test_study_that_cannot_be_loaded_is_told_with_its_place(project, part, mistake, reason):
    first = {"figure": "import ", "statistics": "import ", "peer": "import ", "protocol": "import "}[part]
    number = plant(project, f"studies/zenke2015/{part}.py", first, mistake)
    line = refused(project, *{"figure": PLOT, "peer": REPLAY}.get(part, SIMULATE))
    assert line.startswith(f"error: replasticity.studies.zenke2015.{part}, ")
    assert f" line {number} fails" in line
    assert reason in line


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("recordings: ", "recording: ", "recording: Extra inputs are not permitted"),
        ("recordings: [", "recordings: {", "cannot be read as YAML: "),
    ],
)
def test_mistake_in_a_file_of_a_study_is_told_with_the_file(project, old, new, text):
    file = "src/replasticity/studies/zenke2015/peer.yaml"
    project.edit(file, old, new)
    line = refused(project, *REPLAY)
    assert line.startswith(f"error: {file}: {text}")


def test_library_that_cannot_be_loaded_is_told(project):
    (project.folder / "src/netCDF4.py").write_text("import no_such_library")
    line = refused(project, *PLOT)
    assert line.startswith("error: a library cannot be loaded: No module named 'no_such_library'; 'make install'")


def test_unreadable_list_of_seeds_is_told(project):
    line = refused(project, "simulate", "zenke2015", "--seeds", "@nothing.txt")
    assert line == "error: --seeds @nothing.txt: cannot be read: No such file or directory"
