"""The same numbers from another processor and another Python, and nothing in the home directory.

That cores, order and cache change no byte is tested in tests/workflow.
"""

import shutil
import subprocess
import sys

import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.study import protocols
from tests.conftest import ROOT

#: Experiments whose code is quickly compiled: each stack compiles anew.
QUICK = ("zenke2015", "stdp_window", "izhikevich2007")


@pytest.fixture
def compare_stacks(monkeypatch):
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import compare_stacks

    return compare_stacks


def compare(*arguments):
    finished = subprocess.run(
        [sys.executable, ROOT / "tools/compare_stacks.py", *arguments, "--experiments", *QUICK],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("same") + finished.stdout.count("agrees") == len(QUICK)


@pytest.mark.slow
def test_older_processor_gives_the_same_numbers():
    compare("--older-processor")


@pytest.mark.slow
@pytest.mark.parametrize("minor", [minor for minor in (11, 12, 13) if minor != sys.version_info.minor])
def test_other_python_gives_the_same_numbers(minor, compare_stacks):
    python = f"python3.{minor}"
    candidates = [shutil.which(python), *(ROOT / ".cache/stacks").glob(f"3.{minor}.*/bin/python")]
    ready = [str(each) for each in candidates if each and compare_stacks.has_packages(each)]
    if not ready:
        pytest.skip(f"no {python} with the pinned packages; 'tools/compare_stacks.py --prepare {python}' installs them")
    compare(ready[0])


def test_there_is_a_short_experiment_of_each_protocol(compare_stacks, in_project):
    assert compare_stacks.shortest("izhikevich2007_pavlov") == ["--set", "duration_s=10"]
    compared = {experiments.load(name).protocol for name in compare_stacks.one_of_each_protocol()}
    assert compared == set(protocols.names())


def test_a_difference_is_noticed(tmp_path, compare_stacks):
    for name, value in (("here", 1.0), ("close", 1.0 + 1e-12), ("far", 1.0 + 1e-6)):
        xr.Dataset({"x": ("t", [value, 0.5])}).to_netcdf(tmp_path / name)
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(tmp_path / "shorter")
    outcomes = {
        name: compare_stacks.compare(tmp_path / "here", tmp_path / name) for name in ("close", "far", "shorter")
    }
    assert {name: holds for name, (_, holds) in outcomes.items()} == {"close": True, "far": False, "shorter": False}


@pytest.mark.slow
@pytest.mark.workflow
def test_nothing_is_written_into_the_home_directory(project_copy, tmp_path):
    for path in project_copy.folder.glob("src/replasticity/studies/*/experiments/*.yaml"):
        if not path.stem.startswith("zenke2015"):
            path.unlink()
    home = tmp_path / "home"
    home.mkdir()
    project_copy.snakemake("--cores", "2", "--config", "scale=quick", "seeds={zenke2015: 1}", HOME=str(home))
    assert (project_copy.folder / "results/figures/zenke2015.png").is_file()
    project_copy.snakemake("check", "--cores", "2", "--config", "scale=quick", "seeds={zenke2015: 1}", HOME=str(home))
    assert list(home.rglob("*")) == []
