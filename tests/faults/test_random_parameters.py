"""Random legal parameters of every protocol under bounds checking: each run succeeds or is refused in one line.

None ends in a traceback, a signal, a hang, more memory than its parameters promise, or a number in its file that is not
finite. The sets are the same each time.
"""

import json
import os
import subprocess
import sys

import pytest

from replasticity import parameters, protocols
from tests.conftest import ROOT

RUNS = 300


@pytest.mark.parametrize("protocol", protocols.names())
def test_every_protocol_says_what_a_run_costs(protocol):
    assert protocols.get(protocol).Parameters.cost is not parameters.Parameters.cost


@pytest.mark.slow
@pytest.mark.parametrize("protocol", protocols.names())
def test_random_legal_parameters(protocol):
    finished = subprocess.run(
        [sys.executable, "-m", "tests.faults.random_parameters", protocol, str(RUNS), "1"],
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
    outcome = json.loads(finished.stdout)
    assert outcome["wrong"] == []
    assert outcome["counts"]["run"] == RUNS
    # Sets that are refused say little of the code behind.
    assert outcome["counts"]["ok"] >= RUNS / 10, outcome["counts"]
