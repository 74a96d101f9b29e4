"""Single dopamine-modulated synapses in NEST: its own, and the one that NESTML generates, beside the equations."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from replasticity.errors import PeerUnavailableError
from replasticity.peers import environments
from replasticity.storage import places
from replasticity.studies.dopamine_tutorial.timing import Parameters
from tests.oracles import dopamine_stdp as oracle
from tests.studies.test_dopamine_tutorial_synapse import plain

PROGRAM = Path(__file__).with_name("dopamine_in_nest.py")

#: NESTML's code counts such arrivals once, in slices of any length.
TOGETHER = "two of dopamine together"

#: Stamps of presynaptic, postsynaptic and dopamine spikes as they reach the synapse; slices of ten steps end at 110.
CASES = {
    "far apart": ([103], [133], [301]),
    "post after pre in a slice": ([103], [107], [301]),
    "post after pre in a slice, and an older pre": ([63, 103], [107], [301]),
    "dopamine after pre in a slice": ([103], [83], [107]),
    "two pre and a post in a slice": ([103, 107], [105], [301]),
    "pre and post together": ([110], [110, 150], [300]),
    TOGETHER: ([103], [133], [301, 301]),
}

#: Two presynaptic spikes in the slice that ends at 110, and two postsynaptic ones that reach the synapse between the
#: second and that end; then one that comes just more than a delay and a slice after the second of these, or not.
MEETS_AGAIN = {"forgotten": ([103, 107], [108, 109, 150], [301]), "kept": ([103, 107], [108, 109, 149], [301])}

#: Where each leaves the equations if a slice has ten steps.
LEAVES = {
    "own": {
        "post after pre in a slice, and an older pre",
        "dopamine after pre in a slice",
    },
    "nestml": {
        "post after pre in a slice",
        "post after pre in a slice, and an older pre",
        "dopamine after pre in a slice",
        "two pre and a post in a slice",
        TOGETHER,
    },
}
END = 1000


def parameters(slice_ms=0.1):
    """Return the parameters of `dopamine_in_nest.py`."""
    return Parameters.model_validate(
        {
            "dt_ms": 0.1,
            "duration_ms": 100.0,
            "events": "exact",
            "slice_ms": slice_ms,
            "step_every_slice": False,
            "tau_pre_ms": 10.0,
            "tau_post_ms": 20.0,
            "tau_c_ms": 1000.0,
            "tau_n_ms": 200.0,
            "b": 0.0,
            "A_plus": 1.0,
            "A_minus": 1.5,
            "delay_ms": 3.0,
            "relay_delay_ms": 1.0,
            "dopamine_delay_ms": 1.0,
            "weight_initial": 1.0,
            "A_vt": [1.0],
            "pre_times_ms": [],
            "post_times_ms": [],
            "dopamine_times_ms": [1.0],
            "kick_mV": 9999.0,
            "sample_interval_ms": 1.0,
            "tau_m_ms": 10.0,
            "E_L_mV": -70.0,
            "V_reset_mV": -70.0,
            "V_th_mV": -55.0,
            "refractory_ms": 0.0,
        }
    )


def by_equations(pre, post, dopamine):
    """Return weight, c, n and x where each event acts at its own time, several of dopamine all of them."""
    p = parameters()
    arrivals = [(step, dopamine.count(step) / p.tau_n_ms) for step in sorted(set(dopamine))]
    # The oracle is given spikes of the neuron.
    found, _ = oracle.by_brute_force(pre, [step - 30 for step in post], arrivals, END, plain(p), parts=20)
    return [found.w, found.c, found.n, found.x]


def in_nest(keys, spikes):
    """Return the state at the end: of which synapse, in slices of how many steps, in which case of spikes."""
    try:
        environment = environments.require("nestml")
        library = environment.variables(places.studies()["dopamine_tutorial"])
    except PeerUnavailableError as error:
        pytest.skip(str(error))
    cases = [
        dict(zip(("pre", "post", "dopamine"), spikes[name], strict=True))
        | {"own": kind == "own", "slice": length, "end": END}
        for kind, length, name in keys
    ]
    command = [environment.python, "-I", "-B", PROGRAM, json.dumps(cases)]
    variables = environments.without_python_variables() | library | {"HOME": os.environ.get("HOME", "/")}
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
    return dict(zip(keys, json.loads(finished.stdout.splitlines()[-1]), strict=True))


@pytest.fixture(scope="module")
def found():
    return in_nest([(kind, length, name) for kind in LEAVES for length in (1, 10) for name in CASES], CASES)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("length", [1, 10])
@pytest.mark.parametrize("kind", LEAVES)
def test_where_a_synapse_of_nest_follows_the_equations(kind, length, name, found):
    follows = name not in LEAVES[kind] or (length == 1 and name != TOGETHER)
    expected = by_equations(*CASES[name])
    assert np.allclose(found[kind, length, name], expected, rtol=2e-4, atol=1e-6) is follows


def test_a_neuron_of_nest_forgets_a_spike_that_a_synapse_meets_again():
    found = in_nest([("nestml", 10, name) for name in MEETS_AGAIN], MEETS_AGAIN)
    c = {}
    for name, (pre, post, dopamine) in MEETS_AGAIN.items():
        p = parameters(slice_ms=1.0)
        arrivals = [(step, 1 / p.tau_n_ms) for step in dopamine]
        state, _ = oracle.at_slice_ends(pre, [step - 30 for step in post], arrivals, END, plain(p))
        c[name] = found["nestml", 10, name][1], state.c
    assert c["kept"][0] == pytest.approx(c["kept"][1], rel=1e-9)
    # One of them acts once instead of twice: x of both presynaptic spikes was 1.9, and c has decayed since with 1 s.
    assert c["forgotten"][1] - c["forgotten"][0] == pytest.approx(1.9 * np.exp(-0.089), rel=0.01)
