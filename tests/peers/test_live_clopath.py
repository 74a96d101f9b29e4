"""NEST beside both studies of voltage-based STDP: corners of the parameters, and where NEST goes its own way.

For what NEST does by itself see docs/models/voltage_based_stdp.md#beside-nest.
"""

import json
import subprocess

import pytest

from replasticity.peers import environments, live, random_sets
from replasticity.peers.random_sets import RandomSet

NEST = environments.environment("nest")
pytestmark = pytest.mark.skipif(not NEST.is_complete, reason=f"{NEST.label} is not installed")

NETWORK = {
    "as published": {},
    "no upstroke": {"Delta_T_mV": 0.0, "V_T_max_mV": -30.0},
    "no clamp": {"t_clamp_ms": 0.0, "V_clamp_mV": -55.0, "I_e_pA": 1500.0},
    "two spikes in a step": {
        "t_clamp_ms": 0.0,
        "V_clamp_mV": 15.0,
        "I_e_pA": 3e4,
        "b_pA": 5000.0,
        "solver_tolerance": 1e-9,
        "dt_ms": 0.2,
        "delay_ms": 0.2,
        "delay_exc_exc_ms": 0.2,
    },
    "refractory": {"t_clamp_ms": 0.1, "t_ref_ms": 2.0, "I_e_pA": 1500.0},
    "clamped below the peak": {"V_clamp_mV": -40.0, "V_peak_mV": -30.0, "I_e_pA": 1500.0},
    "longer delays": {"delay_ms": 1.0, "delay_exc_exc_ms": 1.0, "I_e_pA": 1500.0},
    "unequal delays": {"delay_ms": 0.1, "delay_exc_exc_ms": 3.0, "I_e_pA": 1500.0},
    "low-passed potentials not delayed": {"delay_u_ms": 0.0, "I_e_pA": 1500.0},
    "no inhibitory neurons": {"inh_count": 0},
    "no synapses of theirs": {"indegree_exc_inh": 0, "outdegree_inh_exc": 0},
    "many neurons": {"exc_count": 37, "inh_count": 6, "weight_exc_exc_mV": 0.7, "I_e_pA": 1000.0},
    "another rest": {"E_L_mV": -60.0, "theta_minus_mV": -60.0},
    "another step": {"dt_ms": 0.2, "delay_ms": 0.2, "delay_exc_exc_ms": 0.4, "I_e_pA": 1500.0},
    "negative weights": {
        "weight_input_exc_mV": [-2.0, -0.5],
        "weight_exc_exc_mV": -0.3,
        "weight_min_mV": -5.0,
        "weight_max_input_mV": -0.1,
        "weight_max_exc_mV": -0.1,
        "I_e_pA": 1500.0,
    },
    "weights at their bounds": {
        "weight_min_mV": 0.5,
        "weight_exc_exc_mV": 0.75,
        "weight_max_exc_mV": 0.76,
        "weight_max_input_mV": 1.0,
        "A_LTD": 1e-3,
        "A_LTP_per_mV": 1e-3,
        "I_e_pA": 1500.0,
    },
    "coincident spikes": {"profile_sd": 0.1, "profile_rate_Hz": 3000.0, "profile_gain": 1.0},
    "no inputs": {"profile_rate_Hz": 0.0},
    "samples that do not divide the run": {"sample_interval_ms": 30.0},
}
PAIRING = {
    "as published": {},
    "no clamp": {"adex_t_clamp_ms": 0.0, "adex_V_clamp_mV": -55.0, "hh_t_ref_ms": 0.0},
    "no upstroke": {"adex_Delta_T_mV": 0.0},
    "longer delay": {"delay_ms": 3.0, "weight_initial": 20.0},
    "coincident spikes": {
        "pre_times_ms": [[20.0, 20.0, 20.1]] * 4,
        "post_times_ms": [[20.0], [20.1], [20.2], [20.1] * 2],
    },
    "forced the other way": {"adex_forcing_weight_mV": -20.0, "hh_forcing_weight_pA": -500.0, "weight_initial": 20.0},
    "weight at a bound": {"weight_min": 0.5, "adex_A_LTD_per_mV": 0.01, "hh_A_LTD_per_mV": 0.01},
    "one order only": {"intervals_ms": [10.0, 10.0, 10.0, 10.0]},
    "another step, shifted": {"dt_ms": 0.2, "delay_ms": 0.2, "shift_ms": 9.0},
    "no spikes": {"adex_forcing_weight_mV": 0.0, "hh_forcing_weight_pA": 0.0, "hh_V_initial_mV": -65.0},
}


def outcomes(experiment, changes, seed=1):
    """Return what becomes of sets of changes, all in one process of NEST."""
    base = live.shortened(experiment)
    sets = [RandomSet(index, seed, base.changes | each) for index, each in enumerate(changes)]
    return random_sets.compare(base, "nest", sets)


def in_nest(script):
    """Return what a script in NEST's environment prints as its last line, from JSON."""
    start = "import json\nimport nest\n\nnest.set_verbosity('M_ERROR')\n"
    done = subprocess.run([NEST.python, "-I", "-c", start + script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "corners"), [("clopath2010", NETWORK), ("clopath2010_pairing", PAIRING)])
def test_nest_agrees_in_corners_of_the_parameters(experiment, corners):
    found = dict(zip(corners, outcomes(experiment, corners.values()), strict=True))
    assert {name: (each.kind, each.note) for name, each in found.items()} == dict.fromkeys(corners, ("agrees", ""))


@pytest.mark.slow
def test_a_neuron_that_leaves_its_limits_does_so_in_both():
    [network] = outcomes("clopath2010", [{"I_e_pA": -1e6}])
    [pairing] = outcomes("clopath2010_pairing", [{"adex_I_e_pA": -1e6}])
    assert (network.kind, pairing.kind) == ("neither", "neither")


@pytest.mark.slow
def test_what_nest_cannot_start_from_is_named():
    network = outcomes("clopath2010", [{"V_T_rest_mV": -51.0}, {"history_start_mV": -70.6}])
    pairing = outcomes(
        "clopath2010_pairing",
        [
            *({"adex_V_T_rest_mV": -51.0}, {"hh_tolerance": 1e-4}),
            *({"hh_V_initial_mV": -55.0}, {"pre_times_ms": [[0.0]] * 4}),
        ],
    )
    assert {each.kind for each in network + pairing} == {"no means"}
    reasons = [
        *("threshold-start: ", "delay-line-start: "),
        *("threshold-start: ", "solver-of-hodgkin-huxley: ", "zero-over-zero: ", "first-spike: "),
    ]
    assert all(reason in each.note for reason, each in zip(reasons, network + pairing, strict=True))


@pytest.mark.slow
def test_the_threshold_of_nest_starts_at_its_default_whatever_it_rests_at():
    first_mV = in_nest("""
neuron = nest.Create("aeif_psc_delta_clopath", params={"V_th_rest": -45.0})
meter = nest.Create("multimeter", params={"record_from": ["V_th"], "interval": 0.1})
nest.Connect(meter, neuron)
nest.Simulate(2.0)
print(json.dumps(meter.events["V_th"][0]))
""")
    # It goes to its rest with 50 ms.
    assert first_mV == pytest.approx(-50.4 + 5.4 * 0.1 / 50, abs=1e-4)


@pytest.mark.slow
def test_nest_loses_depression_where_no_delay_is_as_short_as_a_step():
    lost = in_nest("""
def depressed(relay_ms, delay_ms):
    nest.ResetKernel()
    always = {"A_LTP": 0.0, "A_LTD": 1e-4, "theta_minus": -100.0, "delay_u_bars": 0.0}
    neurons = nest.Create("aeif_psc_delta_clopath", 20, always)
    spikes = nest.Create("spike_generator", 20, [{"spike_times": [10.0 + 0.1 * k]} for k in range(20)])
    relays = nest.Create("parrot_neuron", 20)
    nest.Connect(spikes, relays, "one_to_one", {"delay": relay_ms})
    plastic = {"synapse_model": "clopath_synapse", "weight": 0.5, "Wmax": 1.0, "delay": delay_ms}
    nest.Connect(relays, neurons, "one_to_one", plastic)
    nest.Simulate(30.0)
    return sum(weight < 0.4999 for weight in nest.GetConnections(relays, neurons).weight)


print(json.dumps([depressed(0.1, 0.1), depressed(0.1, 1.0), depressed(1.0, 1.0), depressed(0.5, 0.5)]))
""")
    # Spikes at twenty steps: only those at the end of a slice, as long as the shortest delay, find their entry.
    assert lost == [20, 20, 2, 4]


@pytest.mark.slow
def test_a_poisson_generator_of_nest_takes_no_new_rate_between_two_runs():
    counts = in_nest("""
found = []
for prepared in (True, False):
    nest.ResetKernel()
    generator, recorder = nest.Create("poisson_generator", params={"rate": 0.0}), nest.Create("spike_recorder")
    nest.Connect(generator, recorder)
    if prepared:
        nest.Prepare()
    for rate in (0.0, 1000.0):
        generator.rate = rate
        (nest.Run if prepared else nest.Simulate)(200.0)
    if prepared:
        nest.Cleanup()
    found.append(recorder.n_events)
print(json.dumps(found))
""")
    assert counts[0] == 0
    assert counts[1] > 100


@pytest.mark.slow
def test_a_hodgkin_huxley_neuron_of_nest_that_starts_where_a_rate_is_zero_over_zero_has_no_potential():
    potentials = in_nest("""
neurons = nest.Create("hh_psc_alpha_clopath", 3, {"V_m": [-40.0, -55.0, -55.5]})
nest.Simulate(1.0)
print(json.dumps([V_m == V_m for V_m in neurons.V_m]))
""")
    assert potentials == [False, False, True]
