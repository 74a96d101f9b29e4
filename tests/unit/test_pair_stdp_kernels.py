"""Each equation of pair STDP against a closed form."""

import math

import numpy as np
import pytest

from replasticity.equations.pair_stdp import Synapse, clip_weight, decay_traces, postsynaptic_spike, presynaptic_spike
from replasticity.models.pair_stdp import discretise, hold_weights
from replasticity.models.pair_stdp_parameters import PairSynapse


def constants(clip=True):
    parameters = PairSynapse(
        dt_ms=0.1,
        tau_pre_ms=20.0,
        tau_post_ms=40.0,
        dA_pre=0.01,
        depression_ratio=1.05,
        weight_max=0.9,
        weight_initial=0.5,
        clip_weight=clip,
    )
    return discretise(parameters, 1e-4)


STEP = constants()


def test_depression_follows_from_the_ratio_of_areas():
    # Area of the depressing side over that of the potentiating one: dB tau_post / (dA tau_pre) = -ratio.
    assert STEP.dA_post * 0.04 / (STEP.dA_pre * 0.02) == pytest.approx(-1.05, rel=1e-14)


@pytest.mark.parametrize(
    ("weight", "clipped"), [(-0.1, 0.0), (0.0, 0.0), (0.5, 0.5), (0.9, 0.9), (0.9000001, 0.9), (2.0, 0.9)]
)
def test_weight_stays_within_its_bounds(weight, clipped):
    assert clip_weight(weight, STEP) == clipped
    assert clip_weight(weight, constants(clip=False)) == weight


def test_traces_decay_from_the_last_event_each_with_its_time_constant():
    synapse = decay_traces(Synapse(0.5, 0.3, -0.2, 1.0), 1.03, STEP)
    assert synapse.weight == 0.5
    assert synapse.trace_pre == pytest.approx(0.3 * math.exp(-0.03 / 0.02), rel=1e-12)
    assert synapse.trace_post == pytest.approx(-0.2 * math.exp(-0.03 / 0.04), rel=1e-12)
    assert synapse.last_event_s == 1.03


def test_traces_do_not_decay_within_a_step():
    assert decay_traces(Synapse(0.5, 0.3, -0.2, 1.0), 1.0, STEP) == Synapse(0.5, 0.3, -0.2, 1.0)


def test_presynaptic_spike_depresses_by_the_postsynaptic_trace():
    assert presynaptic_spike(Synapse(0.5, 0.3, -0.2, 1.0), STEP) == Synapse(0.5 - 0.2, 0.3 + 0.01, -0.2, 1.0)
    assert presynaptic_spike(Synapse(0.1, 0.3, -0.2, 1.0), STEP).weight == 0.0


def test_postsynaptic_spike_potentiates_by_the_presynaptic_trace():
    assert postsynaptic_spike(Synapse(0.5, 0.3, -0.2, 1.0), STEP) == Synapse(0.8, 0.3, -0.2 + STEP.dA_post, 1.0)
    assert postsynaptic_spike(Synapse(0.7, 0.3, -0.2, 1.0), STEP).weight == 0.9


def test_coincidence_from_rest_adds_the_full_presynaptic_trace():
    synapse = postsynaptic_spike(presynaptic_spike(Synapse(0.5, 0.0, 0.0, 0.0), STEP), STEP)
    assert synapse.weight == 0.51


def test_weights_at_each_step_are_those_after_the_last_event_of_an_earlier_step():
    generator = np.random.default_rng(7)
    # Each synapse has at most one event in a step; none in the first steps of some synapses.
    step, synapse = np.nonzero(generator.random((40, 3)) < 0.2)
    after = generator.random(len(step))
    weight = np.empty((40, 3))
    hold_weights(step.astype(np.int32), synapse.astype(np.int32), after, 0.5, weight)
    for k in range(3):
        own = synapse == k
        known = np.concatenate([[0.5], after[own]])
        expected = [known[np.count_nonzero(step[own] < n)] for n in range(40)]
        np.testing.assert_array_equal(weight[:, k], expected)
