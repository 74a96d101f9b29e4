"""The studies in examples/studies: short, and green by their own tests."""

import os
import subprocess
import sys

import pytest

from replasticity.storage import places
from tests.conftest import ROOT

STUDIES = ROOT / "examples/studies"
NAMES = sorted(path.parent.name for path in STUDIES.glob("*/__init__.py"))

#: What is written by hand: neither tests, nor measured values, nor statistics that later runs must reproduce.
LONGEST = 400


def test_there_are_examples():
    assert NAMES == ["pfister2006", "vogels2011"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short(name):
    files = [path for suffix in ("py", "yaml", "md") for path in (STUDIES / name).rglob(f"*.{suffix}")]
    written = [path for path in files if not path.name.startswith("test_") and path.parent.name != "data"]
    assert sum(len(path.read_text().splitlines()) for path in written) <= LONGEST


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_passes_its_own_tests(name):
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-n", "0", STUDIES / name],
        cwd=ROOT,
        env=os.environ | {places.VARIABLE: str(STUDIES)},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert " passed" in finished.stdout
