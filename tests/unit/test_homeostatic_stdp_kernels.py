"""Each equation of homeostatic STDP against a closed form."""

import math

import pytest

from replasticity.equations.homeostatic_stdp import (
    Synapse,
    add_population_spikes,
    decay_secretory_factor,
    decay_traces,
    spike_with_constant_term,
    spike_with_trace_term,
)
from replasticity.models.homeostatic_stdp import discretise

STEP = discretise(
    dt_s=1e-4,
    tau_H_s=0.1,
    population_size=1000,
    target_Hz=5.0,
    tau_stdp_s=0.02,
    eta_nS_s=1.5,
    presynaptic_constant_term=True,
)


def test_secretory_factor_decays_exponentially():
    H_Hz = 7.0
    for _ in range(250):
        H_Hz = decay_secretory_factor(H_Hz, STEP)
    assert H_Hz == pytest.approx(7.0 * math.exp(-250 * 1e-4 / 0.1), rel=1e-12)


def test_each_population_spike_adds_one_over_tau_times_size():
    assert add_population_spikes(2.0, 0, STEP) == 2.0
    assert add_population_spikes(2.0, 7, STEP) == pytest.approx(2.0 + 7 / (0.1 * 1000), rel=1e-14)


def test_secretory_factor_settles_at_the_population_rate():
    # A rate r gives r N dt spikes per step: the fixed point of decay and increment is r, to order dt / tau_H.
    H_Hz = 0.0
    for _ in range(20000):
        H_Hz = add_population_spikes(decay_secretory_factor(H_Hz, STEP), 1, STEP)
    assert H_Hz == pytest.approx(1 / (1000 * 1e-4), rel=1e-3)


def test_traces_decay_from_the_last_event():
    synapse = decay_traces(Synapse(3.0, 0.5, 2.0, 1.0), 1.03, STEP)
    assert synapse.weight_nS == 3.0
    assert synapse.z_i == pytest.approx(0.5 * math.exp(-0.03 / 0.02), rel=1e-12)
    assert synapse.z_j == pytest.approx(2.0 * math.exp(-0.03 / 0.02), rel=1e-12)
    assert synapse.last_event_s == 1.03


def test_traces_do_not_decay_within_a_step():
    assert decay_traces(Synapse(3.0, 0.5, 2.0, 1.0), 1.0, STEP) == Synapse(3.0, 0.5, 2.0, 1.0)


def test_constant_term_event():
    synapse = spike_with_constant_term(Synapse(3.0, 0.25, 2.0, 1.0), -4.0, STEP)
    assert synapse == Synapse(3.0 + 1.5 * -4.0 * 1.25, 0.25, 3.0, 1.0)


def test_trace_term_event():
    synapse = spike_with_trace_term(Synapse(3.0, 0.25, 2.0, 1.0), -4.0, STEP)
    assert synapse == Synapse(3.0 + 1.5 * -4.0 * 2.0, 1.25, 2.0, 1.0)


def test_a_lone_spike_with_trace_term_changes_no_weight():
    assert spike_with_trace_term(Synapse(3.0, 0.0, 0.0, 0.0), 4.0, STEP).weight_nS == 3.0
