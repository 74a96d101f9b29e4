"""Each equation of the distal-reward network against its closed form, and the time loop against the oracle."""

import numpy as np
import pytest
import xarray as xr

from replasticity.equations import distal_reward as kernels
from replasticity.models import distal_reward as model
from replasticity.models.distal_reward_network import Network
from replasticity.study import protocols
from tests.oracles import distal_reward as oracle

PROTOCOL = protocols.get("izhikevich2007_reward")

PUBLISHED = {
    "n_exc": 40,
    "n_inh": 10,
    "n_syn": 12,
    "a_exc": 0.02,
    "a_inh": 0.1,
    "d_exc": 8.0,
    "d_inh": 2.0,
    "b": 0.2,
    "c": -65.0,
    "v_peak": 30.0,
    "v_init": -65.0,
    "w_exc_init": 1.0,
    "w_inh": -1.0,
    "w_max": 4.0,
    "noise_amplitude": 26.0,
    "trace_increment": 0.1,
    "trace_decay": 0.95,
    "ltd_factor": 1.5,
    "eligibility_decay": 0.99,
    "weight_update_period_ms": 10,
    "dopamine_baseline": 0.002,
    "dopamine_decay": 0.995,
    "dopamine_increment": 0.5,
    "chosen_pre": 0,
    "chosen_synapse": 0,
    "coincidence_ms": 60,
    "reward_delay_min_ms": 100,
    "reward_delay_span_ms": 200,
}


# Equations --------------------------------------------------------------------------------------------


def test_noise_is_centred_and_scaled():
    numbers = np.array([0.0, 0.5, 0.75])
    kernels.scale_noise(numbers, 13.0)
    np.testing.assert_array_equal(numbers, [-6.5, 0.0, 3.25])


@pytest.mark.parametrize("cells", [1, kernels.BLOCK - 1, kernels.BLOCK, kernels.BLOCK + 1, 3 * kernels.BLOCK - 50])
def test_spikes_are_found_in_ascending_order(cells):
    v_mV = np.linspace(29, 31, cells)
    v_mV[[0, -1]] = 30.0, np.nextafter(30.0, 0)
    fired = np.zeros(cells, np.int32)
    count = kernels.find_spikes(v_mV, 30.0, fired)
    np.testing.assert_array_equal(fired[:count], np.flatnonzero(v_mV >= 30.0))


def test_rest_is_a_fixed_point_of_the_membrane():
    # 0.04 v^2 + 5 v + 140 = u = b v: v = -70 for b = 0.2.
    assert kernels.move_potential(-70.0, -14.0, 0.0) == pytest.approx(-70.0, abs=1e-12)
    assert kernels.move_recovery(-14.0, -70.0, 0.02, 0.2) == pytest.approx(-14.0, abs=1e-12)


def test_input_moves_the_membrane_by_half_of_it_in_half_a_millisecond():
    moved = kernels.move_potential(-70.0, -14.0, 3.0) - kernels.move_potential(-70.0, -14.0, 0.0)
    assert moved == pytest.approx(1.5)


def test_recovery_decays_to_b_v():
    u_mV = 10.0
    for _ in range(100):
        u_mV = kernels.move_recovery(u_mV, -60.0, 0.1, 0.2)
    assert u_mV + 12 == pytest.approx(22 * 0.9**100)


@pytest.mark.parametrize(("weight_mV", "expected"), [(-0.1, 0.0), (0.0, 0.0), (3.9, 3.9), (4.1, 4.0)])
def test_weights_are_bounded(weight_mV, expected):
    assert kernels.bounded(weight_mV, 4.0) == expected


@pytest.mark.parametrize(
    ("number", "delay_ms"), [(0.0, 1000), (1e-9, 1001), (0.5, 2000), (0.500001, 2001), (0.999999, 3000)]
)
def test_reward_delay(number, delay_ms):
    step = model.DistalRewardStep(*range(len(model.DistalRewardStep._fields)))
    step = step._replace(reward_delay_min_ms=1000, reward_delay_span_ms=2000.0)
    assert kernels.reward_delay_ms(number, step) == delay_ms


def small_network(**changes):
    given = parameters(PUBLISHED | changes)
    return Network(given, 1, np.array([1, 1, 0, 0, 1, 0], np.int32), rewarded=given)


def parameters(values, duration_s=2):
    recording = xr.Dataset(attrs={"duration_ms": duration_s * 1000.0})
    return PROTOCOL.Parameters.model_validate(
        PROTOCOL.peer.recorded_parameters(recording, values), context={"recorded": True}
    )


def two_cells_and_one():
    """Two excitatory cells and an inhibitory one with two synapses each: 0 -> 1, 1; 1 -> 0, 0; 2 -> 1, 0."""
    return small_network(n_exc=2, n_inh=1, n_syn=2)


def test_potentiation_adds_the_previous_trace_of_excitatory_cells_only():
    network = two_cells_and_one()
    network.state.previous_trace_mV[:] = [0.03, 0.05, 0.07]
    kernels.potentiate(1, network.state, network.wiring)
    np.testing.assert_array_equal(network.state.eligibility_mV, [0.03, 0.03, 0, 0, 0, 0])


def test_only_the_last_parallel_synapse_transmits_and_all_are_depressed():
    network = two_cells_and_one()
    network.state.weight_mV[:] = [1.0, 2.0, 3.0, 4.0, -1.0, -1.0]
    network.state.trace_mV[:] = [0.02, 0.04, 0.0]
    kernels.transmit_and_depress(0, network.state, network.wiring, network.step)
    np.testing.assert_array_equal(network.state.input_mV, [0, 2.0, 0])
    np.testing.assert_allclose(network.state.eligibility_mV, [-0.06, -0.06, 0, 0, 0, 0], rtol=1e-15)
    kernels.transmit_and_depress(2, network.state, network.wiring, network.step)
    np.testing.assert_array_equal(network.state.input_mV, [-1.0, 1.0, 0])
    np.testing.assert_allclose(network.state.eligibility_mV[4:], [-0.06, -0.03], rtol=1e-15)


def test_parallel_synapses_add_up_if_asked_for():
    network = small_network(n_exc=2, n_inh=1, n_syn=2, parallel_synapses_add=True)
    network.state.weight_mV[:2] = [1.0, 2.0]
    kernels.transmit_and_depress(0, network.state, network.wiring, network.step)
    np.testing.assert_array_equal(network.state.input_mV, [0, 3.0, 0])


def test_learning_is_dopamine_times_eligibility():
    network = two_cells_and_one()
    network.state.dopamine[0] = 0.1
    network.state.weight_mV[:] = [0.0, 1.0, 0.0, 4.0, -1.0, -1.0]
    network.state.eligibility_mV[:] = [0.1, -0.2, -0.1, 0.1, 0.1, -0.1]
    kernels.learn(network.state, network.step)
    np.testing.assert_allclose(network.state.weight_mV, [0.0102, 1 - 0.0204, 0, 4, -1, -1], rtol=1e-14)
    np.testing.assert_allclose(network.state.eligibility_mV, 0.99 * np.array([0.1, -0.2, -0.1, 0.1, 0.1, -0.1]))


def test_a_spike_resets_the_cell_and_sets_its_trace():
    network = two_cells_and_one()
    network.state.trace_mV[:] = 0.07
    for cell in (1, 2):
        kernels.reset(cell, network.state, network.step)
    np.testing.assert_array_equal(network.state.v_mV, [-65, -65, -65])
    np.testing.assert_array_equal(network.state.u_mV, [-13, -5, -11])
    np.testing.assert_array_equal(network.state.trace_mV, [0.07, 0.1, 0.1])


@pytest.mark.parametrize(("pre_first", "rewards"), [(True, 1), (False, 0)])
def test_a_presynaptic_spike_that_never_was_earns_no_reward_however_long_a_coincidence_may_take(pre_first, rewards):
    network = small_network(n_exc=2, n_inh=1, n_syn=2, coincidence_ms=10**9)
    fired = np.array([network.step.chosen_pre], np.uint32)
    if pre_first:
        model.watch_chosen_pair(1, fired, network.state, network.step, network.chunk)
    fired[0] = network.step.chosen_post
    model.watch_chosen_pair(5, fired, network.state, network.step, network.chunk)
    assert network.state.scheduled_rewards[0] == rewards


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_arrays_begin_at_a_cache_line(size):
    array = model.aligned(size, 2.5)
    assert array.ctypes.data % model.CACHE_LINE_BYTES == 0
    np.testing.assert_array_equal(array, np.full(size, 2.5))


# The time loop against the oracle ----------------------------------------------------------------------

CHANGES = {
    "published": {},
    "parallel synapses add": {"parallel_synapses_add": True},
    "other periods": {"weight_update_period_ms": 7, "coincidence_ms": 35, "eligibility_decay": 0.97},
    "reward in the same step": {"reward_delay_min_ms": 0, "reward_delay_span_ms": 0},
    "coincidence of seconds": {"coincidence_ms": 5000},
    "span not whole": {"reward_delay_min_ms": 13, "reward_delay_span_ms": 60.5},
    "other chosen synapse": {"chosen_pre": 7, "chosen_synapse": 3, "dopamine_increment": 1.25},
    "other cells": {"a_exc": 0.03, "a_inh": 0.08, "d_exc": 6.0, "d_inh": 3.0, "b": 0.22, "c": -60.0, "v_init": -70.0},
    "other peak and weights": {"v_peak": 25.0, "w_exc_init": 2.5, "w_inh": -2.0, "w_max": 3.0},
    "other plasticity": {"trace_increment": 0.2, "trace_decay": 0.9, "ltd_factor": 0.7, "dopamine_baseline": 0.01},
    "other dopamine": {"dopamine_decay": 0.98, "dopamine_increment": -0.1},
    "above the bound at first": {"w_exc_init": 6.0},
    "sizes not divisible by four": {"n_exc": 29, "n_inh": 6, "n_syn": 9},
}


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_loop_equals_the_oracle(change, seed):
    values = PUBLISHED | CHANGES[change]
    expected = oracle.simulate(values, seed, 2000)
    given = parameters(values)
    inputs = PROTOCOL.sample_inputs(given, seed)
    network = Network(given, seed, inputs["target"], rewarded=given)
    spikes, chunks, scheduled = [], [], []
    for second in range(2):
        network.advance(1000 * second, 1000 * (second + 1))
        spikes += zip(*(array.tolist() for array in network.spikes()), strict=True)
        chunks.append([array.copy() for array in network.chunk[:3]])
        scheduled += network.scheduled_rewards()[1].tolist()
    assert spikes == expected["spikes"]
    assert len(spikes) > 200
    assert scheduled == expected["scheduled"]
    np.testing.assert_array_equal(inputs["target"], expected["post"])
    np.testing.assert_array_equal(network.state.weight_mV, expected["weight"])
    np.testing.assert_array_equal(network.state.eligibility_mV, expected["eligibility"])
    np.testing.assert_array_equal(network.state.v_mV, expected["v"])
    np.testing.assert_array_equal(network.state.u_mV, expected["u"])
    for column, name in enumerate(("chosen_weight", "chosen_eligibility", "dopamine")):
        np.testing.assert_array_equal(np.concatenate([chunk[column] for chunk in chunks]), expected[name])


def test_the_oracles_cases_have_rewards_and_weights_at_both_bounds():
    # Else equality would say little about them.
    result = oracle.simulate(PUBLISHED, 3, 2000)
    assert sum(at <= 2000 for at in result["scheduled"]) >= 3
    assert {0.0, 4.0} <= set(result["weight"][: PUBLISHED["n_exc"] * PUBLISHED["n_syn"]])


def test_stimuli_and_their_rewards_equal_the_oracle():
    stimuli = [(10, [0, 3, 5], 0), (60, [1, 2, 45], 30), (90, [0, 3, 5], 1500)]
    values = {name: value for name, value in PUBLISHED.items() if not name.startswith("chosen")}
    expected = oracle.simulate(values, 5, 1000, stimuli, stimulus_mV=40.0)
    given = parameters(PUBLISHED, duration_s=1)
    network = Network(
        given,
        5,
        PROTOCOL.sample_inputs(given, 5)["target"],
        stimuli={
            "step": np.array([10, 60, 90]),
            "group": np.array([0, 1, 0]),
            "reward_delay_ms": np.array([0, 30, 1500]),
            "cells": np.array([[0, 3, 5], [1, 2, 45]], np.int32),
        },
        stimulus_mV=40.0,
    )
    network.advance(0, 1000)
    assert list(zip(*(array.tolist() for array in network.spikes()), strict=True)) == expected["spikes"]
    np.testing.assert_array_equal(network.state.weight_mV, expected["weight"])
    np.testing.assert_array_equal(network.state.eligibility_mV, expected["eligibility"])
    np.testing.assert_array_equal(network.chunk.dopamine, expected["dopamine"])
    np.testing.assert_array_equal(np.flatnonzero(network.chunk.rewarded), [89])
