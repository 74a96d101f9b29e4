"""Random legal parameters of every protocol under bounds checking: each run succeeds or is refused in one line.

None ends in a traceback, a signal, a hang, more memory than its parameters promise, or a number in its file that is not
finite. The sets are the same each time.
"""

import json
import os
import subprocess
import sys

import pytest

from replasticity.definitions import parameters
from replasticity.study import protocols
from tests.conftest import ROOT

RUNS = 60


@pytest.mark.parametrize("protocol", protocols.names())
def test_every_protocol_says_what_a_run_costs(protocol):
    assert protocols.get(protocol).Parameters.cost is not parameters.Parameters.cost


def outcome_of(*arguments):
    """Return what a module of this folder has printed, which ran under bounds checking."""
    finished = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "NUMBA_BOUNDSCHECK": "1",
            "NUMBA_CACHE_DIR": str(ROOT / ".cache" / "numba-boundscheck"),
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return json.loads(finished.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", protocols.names())
def test_random_legal_parameters(protocol):
    outcome = outcome_of("tests.faults.random_parameters", protocol, str(RUNS), "1")
    assert outcome["wrong"] == []
    assert outcome["counts"]["run"] == RUNS
    # Sets that are refused say little of the code behind.
    assert outcome["counts"]["ok"] >= RUNS / 10, outcome["counts"]


#: Recordings of one run each, but for the hour.
RECORDINGS = [
    path.relative_to(ROOT)
    for path in sorted(ROOT.glob("tests/peers/*/*.nc"))
    if "summary" not in path.name and "full" not in path.name
]


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_recordings_with_hostile_but_legal_parameters(recording):
    outcome = outcome_of("tests.faults.hostile_recordings", str(recording), "5", "1")
    assert outcome["wrong"] == []
