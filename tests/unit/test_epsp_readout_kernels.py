"""Each equation of the read-out cell against a closed form."""

import math

import numpy as np
import pytest

from replasticity.kernels.epsp_readout import add_psp, relax, spikes
from replasticity.models.epsp_readout import discretise, simulate

STEP = discretise(dt_s=1e-4, tau_m_s=0.01, E_L_mV=-70.0, I_const_mV=5.0, V_th_mV=-55.0, psp_scale_mV=10.0)


def test_potential_relaxes_exponentially_to_rest_plus_input():
    v_mV = -60.0
    for _ in range(250):
        v_mV = relax(v_mV, STEP)
    assert v_mV == pytest.approx(-65.0 + 5.0 * math.exp(-250 * 1e-4 / 0.01), rel=1e-13)


def test_threshold_is_strict():
    assert not spikes(-55.0, STEP)
    assert spikes(-54.999, STEP)


def test_psp_is_weight_times_scale():
    assert add_psp(-70.0, 0.25, STEP) == -67.5


def simulated(weight, V_th_mV=-55.0, arrival=20, steps=200):
    step = STEP._replace(E_mV=-70.0, V_th_mV=V_th_mV)
    v_mV, spiked = np.zeros((steps, 1)), np.zeros((steps, 1), np.bool_)
    return v_mV[:, 0], spiked[:, 0], simulate(np.array([weight]), arrival, step, v_mV, spiked)[0]


def test_epsp_starts_in_the_sample_after_the_arrival_and_decays():
    v_mV, spiked, v_end_mV = simulated(0.5)
    assert (v_mV[:21] == -70.0).all()
    np.testing.assert_allclose(v_mV[21:], -70.0 + 5.0 * np.exp(-np.arange(179) * 1e-4 / 0.01), rtol=1e-13)
    assert v_end_mV == pytest.approx(-70.0 + 5.0 * math.exp(-179 * 1e-4 / 0.01), rel=1e-13)
    assert not spiked.any()


def test_jump_above_threshold_spikes_in_the_next_step_and_shows_its_overshoot():
    v_mV, spiked, _ = simulated(2.0)
    assert v_mV[21] == -50.0
    assert np.flatnonzero(spiked).tolist() == [21]
    assert v_mV[22] == -70.0


def test_jump_that_decays_below_threshold_within_a_step_does_not_spike():
    decay = math.exp(-1e-4 / 0.01)
    _, spiked, _ = simulated(1.0, V_th_mV=-70.0 + 10.0 * (1 + decay) / 2)
    assert not spiked.any()


def test_reset_wins_over_the_test_spike():
    # The cell is above threshold when the test spike arrives: it spikes and is reset in that step.
    step = STEP._replace(E_mV=-50.0)
    v_mV, spiked = np.zeros((400, 1)), np.zeros((400, 1), np.bool_)
    simulate(np.array([0.0]), 1000, step, v_mV, spiked)
    arrival = int(np.flatnonzero(spiked[:, 0])[0])
    simulate(np.array([1.0]), arrival, step, v_mV, spiked)
    assert spiked[arrival, 0]
    assert v_mV[arrival + 1, 0] == -70.0
