"""The same numbers from another processor and another Python, and nothing in the home directory.

That cores, order and cache change no byte is tested in tests/workflow.
"""

import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

#: Experiments whose code is quickly compiled: each stack compiles anew.
QUICK = ("zenke2015", "stdp_window", "izhikevich2007")


def compare(*arguments):
    finished = subprocess.run(
        [sys.executable, ROOT / "tools/compare_stacks.py", *arguments, "--experiments", *QUICK],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("same") + finished.stdout.count("agrees") == len(QUICK)


def test_older_processor_gives_the_same_numbers():
    compare("--older-processor")


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13"])
def test_other_python_gives_the_same_numbers(python):
    if sys.executable == shutil.which(python) or python == f"python3.{sys.version_info.minor}":
        pytest.skip("this is the Python that runs the tests")
    imports = "import numba, xarray, netCDF4, pydantic, ruamel.yaml, grimp"
    try:
        works = subprocess.run([python, "-c", imports], capture_output=True).returncode == 0
    except FileNotFoundError:
        works = False
    if not works:
        pytest.skip(f"no {python} with the pinned packages; 'python tools/compare_stacks.py {python}' installs them")
    compare(python)


def test_a_difference_is_noticed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import compare_stacks
    import xarray as xr

    for name, value in (("here", 1.0), ("close", 1.0 + 1e-12), ("far", 1.0 + 1e-6)):
        xr.Dataset({"x": ("t", [value, 0.5])}).to_netcdf(tmp_path / name)
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(tmp_path / "shorter")
    outcomes = {
        name: compare_stacks.compare(tmp_path / "here", tmp_path / name) for name in ("close", "far", "shorter")
    }
    assert {name: holds for name, (_, holds) in outcomes.items()} == {"close": True, "far": False, "shorter": False}


@pytest.mark.workflow
def test_nothing_is_written_into_the_home_directory(project_copy, tmp_path):
    for path in (project_copy.folder / "config/experiments").glob("*.yaml"):
        if not path.stem.startswith("zenke2015"):
            path.unlink()
    home = tmp_path / "home"
    home.mkdir()
    project_copy.snakemake("--cores", "2", "--config", "scale=quick", "seeds={zenke2015: 1}", HOME=str(home))
    assert (project_copy.folder / "results/figures/zenke2015.png").is_file()
    assert list(home.rglob("*")) == []
