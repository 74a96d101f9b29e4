"""numba's cache on a filesystem that nodes share: filled by several processes at once, and by other types of CPU."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def start(tmp_path, name, **environment):
    """Start to simulate one run with an own output and a common cache."""
    return subprocess.Popen(
        [sys.executable, "-m", "replasticity", "simulate", "zenke2015", "-o", str(tmp_path / name)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT / "src")} | environment,
    )


def machine_code(tmp_path):
    return {path: path.read_bytes() for path in tmp_path.glob("cache/**/*.nbc")}


def test_processes_that_fill_an_empty_cache_at_once_give_the_same_run(tmp_path):
    processes = [start(tmp_path, f"{number}.nc") for number in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    assert len({(tmp_path / f"{number}.nc").read_bytes() for number in range(3)}) == 1
    filled = machine_code(tmp_path)
    assert filled
    assert start(tmp_path, "later.nc").wait(300) == 0
    assert machine_code(tmp_path) == filled
    assert (tmp_path / "later.nc").read_bytes() == (tmp_path / "0.nc").read_bytes()


def test_another_type_of_cpu_adds_its_own_machine_code(tmp_path):
    assert start(tmp_path, "host.nc").wait(300) == 0
    filled = machine_code(tmp_path)
    assert start(tmp_path, "generic.nc", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="").wait(300) == 0
    both = machine_code(tmp_path)
    assert len(both) > len(filled)
    assert {path: both[path] for path in filled} == filled
