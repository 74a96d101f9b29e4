"""Each equation of the read-out cell against a closed form."""

import math

import numpy as np
import pytest

from replasticity.equations.epsp_readout import add_psp, relax, spikes
from replasticity.models.epsp_readout import discretise, simulate
from replasticity.models.epsp_readout_parameters import ReadoutNeuron
from replasticity.numerics.limits import no_failure

STEP = discretise(
    ReadoutNeuron(
        dt_ms=0.1,
        E_L_mV=-70.0,
        V_th_mV=-55.0,
        I_const_mV=5.0,
        tau_m_ms=10.0,
        psp_scale_mV=10.0,
        delay_ms=2.0,
        test_spike_ms=10.0,
        readout_duration_ms=50.0,
    )
)


def test_potential_relaxes_exponentially_to_rest_plus_input():
    v_V = -0.06
    for _ in range(250):
        v_V = relax(v_V, STEP)
    assert v_V == pytest.approx(-0.065 + 0.005 * math.exp(-250 * 1e-4 / 0.01), rel=1e-13)


def test_threshold_is_strict():
    assert not spikes(-0.055, STEP)
    assert spikes(-0.054999, STEP)


def test_psp_is_weight_times_scale():
    assert add_psp(-0.07, 0.25, STEP) == pytest.approx(-0.0675, rel=1e-15)


def simulated(weight, V_th_V=-0.055, arrival=20, steps=200):
    step = STEP._replace(E_V=-0.07, V_th_V=V_th_V)
    v_V, spiked = np.zeros((steps, 1)), np.zeros((steps, 1), np.bool_)
    return v_V[:, 0], spiked[:, 0], simulate(np.array([weight]), arrival, step, v_V, spiked, no_failure())[0]


def test_epsp_starts_in_the_sample_after_the_arrival_and_decays():
    v_V, spiked, v_end_V = simulated(0.5)
    assert (v_V[:21] == -0.07).all()
    np.testing.assert_allclose(v_V[21:], -0.07 + 0.005 * np.exp(-np.arange(179) * 1e-4 / 0.01), rtol=1e-13)
    assert v_end_V == pytest.approx(-0.07 + 0.005 * math.exp(-179 * 1e-4 / 0.01), rel=1e-13)
    assert not spiked.any()


def test_jump_above_threshold_spikes_in_the_next_step_and_shows_its_overshoot():
    v_V, spiked, _ = simulated(2.0)
    assert v_V[21] == -0.07 + 2.0 * 0.01
    assert np.flatnonzero(spiked).tolist() == [21]
    assert v_V[22] == -0.07


def test_jump_that_decays_below_threshold_within_a_step_does_not_spike():
    decay = math.exp(-1e-4 / 0.01)
    _, spiked, _ = simulated(1.0, V_th_V=-0.07 + 0.01 * (1 + decay) / 2)
    assert not spiked.any()


def test_reset_wins_over_the_test_spike():
    # The cell is above threshold when the test spike arrives: it spikes and is reset in that step.
    step = STEP._replace(E_V=-0.05)
    v_V, spiked = np.zeros((400, 1)), np.zeros((400, 1), np.bool_)
    simulate(np.array([0.0]), 1000, step, v_V, spiked, no_failure())
    arrival = int(np.flatnonzero(spiked[:, 0])[0])
    simulate(np.array([1.0]), arrival, step, v_V, spiked, no_failure())
    assert spiked[arrival, 0]
    assert v_V[arrival + 1, 0] == -0.07
