"""Each equation of the Urbanczik-Senn model against a closed form."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from replasticity.equations import urbanczik_senn_formulas as formulas
from replasticity.equations.urbanczik_senn import (
    Neuron,
    add_error,
    clip,
    decay_over,
    dendrite_slope,
    dendritic_prediction,
    errors_since,
    escape_rate,
    integrate,
    log_slope,
    longer,
    prediction_error,
    shorter,
    solve,
    soma_slope,
    spikes,
    time_of_step_ms,
    weight_of,
)
from replasticity.models.urbanczik_senn import (
    CLOSEST,
    EXCITATORY,
    INHIBITORY,
    MEMBRANE,
    discretise,
    kept_apart,
    no_errors,
)

CONSTANTS = {
    "C_s_pF": 300.0,
    "C_d_pF": 240.0,
    "g_L_s_nS": 30.0,
    "g_L_d_nS": 20.0,
    "E_L_s_mV": -70.0,
    "E_L_d_mV": -68.0,
    "g_sp_nS": 600.0,
    "g_ps_nS": 50.0,
    "E_E_mV": 0.0,
    "E_I_mV": -75.0,
    "tau_E_s_ms": 3.0,
    "tau_I_s_ms": 5.0,
    "tau_E_d_ms": 2.0,
    "tau_I_d_ms": 4.0,
    "rate_max_per_ms": 0.15,
    "rate_slope": 0.5,
    "beta_per_mV": 1 / 3,
    "theta_mV": -55.0,
    "eta_pA_mV_per_ms": 0.17,
    "tau_filter_ms": 100.0,
    "weight_min_pA": 0.0,
    "weight_max_pA": 1350.0,
}


def make_step(dt_ms=0.1, delay_steps=1, **changes):
    return discretise(**(CONSTANTS | changes), dt_ms=dt_ms, refractory_steps=30, delay_steps=delay_steps)


STEP = make_step()


# The same equations for whole arrays ------------------------------------------------------------------


def test_formulas_for_arrays_are_the_compiled_equations():
    u_mV = np.linspace(-90.0, -20.0, 71)
    prediction_mV, h, rate_Hz = (
        each(u_mV, STEP) for each in (formulas.dendritic_prediction, formulas.log_slope, formulas.escape_rate_Hz)
    )
    np.testing.assert_allclose(prediction_mV, [dendritic_prediction(u, STEP) for u in u_mV], rtol=1e-14)
    np.testing.assert_allclose(h, [log_slope(u, STEP) for u in u_mV], rtol=1e-14)
    np.testing.assert_allclose(rate_Hz / 1000, [escape_rate(u, STEP) for u in u_mV], rtol=1e-14)


def test_at_the_matching_potential_no_current_of_the_drive_flows():
    g_E_nS, g_I_nS = np.array([21.0, 309.0, 0.0, 0.0]), np.array([549.0, 549.0, 1.0, 0.0])
    U_M_mV = formulas.matching_potential(g_E_nS, g_I_nS, STEP)
    current_pA = g_E_nS * (U_M_mV - STEP.E_E_mV) + g_I_nS * (U_M_mV - STEP.E_I_mV)
    np.testing.assert_allclose(current_pA[:3], 0.0, atol=1e-10)
    assert np.isnan(U_M_mV).tolist() == [False, False, False, True]


# Spiking and prediction error ------------------------------------------------------------------------


def test_escape_rate_at_theta_and_far_from_it():
    assert escape_rate(-55.0, STEP) == pytest.approx(0.15 / 1.5, rel=1e-14)
    assert escape_rate(1000.0, STEP) == pytest.approx(0.15, rel=1e-14)
    assert escape_rate(-1000.0, STEP) == pytest.approx(0.15 / 0.5 * math.exp(-945 / 3), rel=1e-9)
    # At theta + ln(k) / beta the rate is half the highest one.
    assert escape_rate(-55.0 + 3 * math.log(0.5), STEP) == pytest.approx(0.075, rel=1e-14)


@pytest.mark.parametrize("u_mV", [-80.0, -60.0, -55.0, -50.0, -30.0])
def test_log_slope_is_fifteen_times_the_logarithmic_derivative(u_mV):
    d = 1e-4
    derivative = (math.log(escape_rate(u_mV + d, STEP)) - math.log(escape_rate(u_mV - d, STEP))) / (2 * d)
    assert log_slope(u_mV, STEP) == pytest.approx(15 * derivative, rel=1e-6, abs=1e-9)


def test_dendritic_prediction_is_where_the_undriven_soma_rests():
    V_star_mV = dendritic_prediction(-50.0, STEP)
    assert V_star_mV == pytest.approx((-70 * 30 - 50 * 600) / 630, rel=1e-14)
    assert soma_slope(V_star_mV, -50.0, 0.0, 0.0, STEP) == pytest.approx(0.0, abs=1e-12)


def test_prediction_error_vanishes_on_average():
    V_mV = -52.0
    V_star_mV = dendritic_prediction(V_mV, STEP)
    expected_spikes = escape_rate(V_star_mV, STEP) * 0.1
    with_spike, without = prediction_error(V_mV, True, STEP), prediction_error(V_mV, False, STEP)
    assert without == pytest.approx(-expected_spikes * log_slope(V_star_mV, STEP), rel=1e-14)
    assert expected_spikes * with_spike + (1 - expected_spikes) * without == pytest.approx(0.0, abs=1e-15)


def test_a_neuron_spikes_where_the_number_is_at_most_the_probability():
    for U_mV in (-70.0, -55.0, -40.0, 1000.0):
        probability = -math.expm1(-escape_rate(U_mV, STEP) * 0.1)
        assert spikes(U_mV, probability, STEP)
        assert not spikes(U_mV, np.nextafter(probability, 1), STEP)
        assert spikes(U_mV, -1.0, STEP)
        assert not spikes(U_mV, 2.0, STEP)


# Solver -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau_ms", [0.5, 3.0, 100.0])
def test_decay_of_the_solver_is_exponential_to_fifth_order(tau_ms):
    decay = decay_over(0.1, tau_ms)
    z = 0.1 / tau_ms
    assert decay.end == pytest.approx(math.exp(-z), abs=2 * z**6)
    # First-order accurate at the nodes 1/4, 3/8, 12/13, 1 and 1/2; exact at order 2 from the third node on.
    nodes = (decay.node_2, decay.node_3, decay.node_4, decay.node_5, decay.node_6)
    for value, node in zip(nodes, (1 / 4, 3 / 8, 12 / 13, 1.0, 1 / 2), strict=True):
        assert value == pytest.approx(math.exp(-node * z), abs=z**2)
    assert abs(decay.error) < z**5


def exact(neuron, duration_ms, step):
    """Return the neuron after some time, by an independent solver at tight tolerance."""

    def slope(t, y):
        U, V = y
        g_E = neuron.g_E_nS * math.exp(-t / step.tau_E_s_ms)
        g_I = neuron.g_I_nS * math.exp(-t / step.tau_I_s_ms)
        I_E = neuron.I_E_pA * math.exp(-t / step.tau_E_d_ms)
        return [soma_slope(U, V, g_E, g_I, step), dendrite_slope(U, V, I_E, step)]

    solution = solve_ivp(slope, (0, duration_ms), [neuron.U_mV, neuron.V_mV], method="DOP853", rtol=1e-12, atol=1e-12)
    return solution.y[:, -1]


def test_slopes_by_hand():
    assert soma_slope(-60.0, -50.0, 100.0, 200.0, STEP) == pytest.approx(
        (-30 * 10 - 100 * -60 - 200 * 15 + 600 * 10) / 300, rel=1e-14
    )
    assert dendrite_slope(-60.0, -50.0, 700.0, STEP) == pytest.approx((-20 * 18 + 700 + 50 * -10) / 240, rel=1e-14)


def test_one_step_of_the_solver_is_accurate_to_fifth_order():
    neuron = Neuron(-60.0, -50.0, 300.0, 550.0, 1000.0)
    errors = []
    for h_ms in (0.4, 0.2, 0.1):
        step = make_step(h_ms)
        after, _ = solve(neuron, h_ms, step.decays, step)
        errors.append(np.abs(np.array(after[:2]) - exact(neuron, h_ms, step)).max())
        assert after.g_E_nS == pytest.approx(300 * math.exp(-h_ms / 3), rel=1e-6)
        assert after.I_E_pA == pytest.approx(1000 * math.exp(-h_ms / 2), rel=1e-6)
    # The local error of a method of fifth order falls by 2^6 as the step is halved.
    assert 45 < errors[0] / errors[1] < 90
    assert 45 < errors[1] / errors[2] < 90


def test_an_interval_takes_one_step_where_that_is_accurate_enough():
    neuron = Neuron(-60.0, -50.0, 300.0, 550.0, 1000.0)
    once, r = solve(neuron, 0.1, STEP.decays, STEP)
    assert r < 1.1
    after, h_ms, _ = integrate(neuron, 0.1, 100, STEP)
    assert after == once
    assert h_ms >= 0.1


def test_an_interval_is_cut_into_steps_where_the_error_is_too_large():
    neuron = Neuron(-60.0, -50.0, 4e4, 2e4, 1000.0)
    _, r = solve(neuron, 0.1, STEP.decays, STEP)
    assert r > 1.1
    after, h_ms, _ = integrate(neuron, 0.1, 100, STEP)
    assert 0 < h_ms < 0.1
    np.testing.assert_allclose(after[:2], exact(neuron, 0.1, STEP), atol=5e-3)


def test_an_interval_that_takes_too_many_steps_ends_the_run():
    neuron = Neuron(-60.0, -50.0, 4e4, 2e4, 1000.0)
    assert integrate(neuron, 0.1, 100, STEP)[2] > 0
    assert integrate(neuron, 0.1, 1, STEP)[2] < 0


@pytest.mark.parametrize("r", [1.2, 3.0, 1e6])
def test_rejected_steps_get_shorter(r):
    assert shorter(0.1, r) == pytest.approx(0.1 * max(0.2, 0.9 * r**-0.2), rel=1e-14)


@pytest.mark.parametrize(("r", "factor"), [(1.0, 1.0), (0.5, 1.0), (0.49, 0.9 * 0.49 ** (-1 / 6)), (1e-9, 5.0)])
def test_accepted_steps_get_longer(r, factor):
    assert longer(0.1, r) == pytest.approx(0.1 * factor, rel=1e-14)


# The plastic synapse ----------------------------------------------------------------------------------


def test_times_are_thousandths_of_whole_microseconds():
    assert time_of_step_ms(3, STEP) == 0.001 * 300
    assert time_of_step_ms(207999, STEP) == 0.001 * 20799900


@settings(max_examples=60, deadline=None)
@given(
    last=st.integers(0, 900),
    gap=st.integers(0, 900),
    tau_filter_ms=st.sampled_from([0.7, 8.0, 100.0]),
    tau_ms=st.sampled_from([0.3, 2.0, 30.0]),
    kind=st.sampled_from([MEMBRANE, EXCITATORY, INHIBITORY]),
    seed=st.integers(0, 10),
)
def test_sums_over_blocks_are_the_sums_over_all_errors(last, gap, tau_filter_ms, tau_ms, kind, seed):
    step = make_step(tau_filter_ms=tau_filter_ms, tau_E_d_ms=tau_ms)
    now = last + gap
    errors = np.random.default_rng(seed).normal(size=now + 1)
    sums = no_errors(now + 1, step)
    at_last = (0.0, 0.0)
    for n in range(1, now + 1):
        add_error(sums, (n - 1) // step.block_steps, time_of_step_ms(n, step), errors[n], step)
        if n == last:
            block = (n - 1) // step.block_steps
            at_last = sums.plain[block, kind], sums.filtered[block, kind]
    plain, filtered = errors_since(
        time_of_step_ms(last, step),
        max(last - 1, 0) // step.block_steps,
        time_of_step_ms(now, step),
        max(now - 1, 0) // step.block_steps,
        kind,
        *at_last,
        sums,
        step,
    )
    n = np.arange(last + 1, now + 1)
    kernel = np.exp((last - n) * 0.1 / step.tau_kernel_ms[kind])
    scale = np.abs(kernel * errors[n]).sum() + 1
    assert plain == pytest.approx((kernel * errors[n]).sum(), abs=1e-12 * scale)
    held_back = np.exp((n - now) * 0.1 / tau_filter_ms)
    assert filtered == pytest.approx((kernel * held_back * errors[n]).sum(), abs=1e-12 * scale)


def test_weight_is_a_clipped_read_out():
    factor = 15 * 240 * 2 * 0.17 / (20 * (12 - 2))
    assert weight_of(90.0, 3.0, 1.0, 12.0, 2.0, STEP) == pytest.approx(90 + 2 * factor, rel=1e-14)
    assert weight_of(90.0, -1e3, 0.0, 12.0, 2.0, STEP) == 0.0
    assert weight_of(90.0, 1e3, 0.0, 12.0, 2.0, STEP) == 1350.0
    # With a synapse slower than the membrane the kernel's sign is that of tau_L - tau_s.
    assert weight_of(90.0, -1.0, 0.0, 12.0, 20.0, STEP) > 90.0


def test_time_constants_are_kept_apart():
    # Elsewhere they are as given, to the last bit.
    assert [kept_apart(tau, 10.0) for tau in (3.0, 9.999, 10.0001, 20.0)] == [3.0, 9.999, 10.0001, 20.0]
    for exponent in range(-15, -7):
        for sign in (-1, 1):
            tau = kept_apart(10.0 * (1 + sign * 10.0**exponent), 10.0)
            assert tau == pytest.approx(10.0 * (1 + sign * CLOSEST), rel=1e-15)
    assert kept_apart(10.0, 10.0) != 10.0


def test_clip_keeps_what_is_inside():
    assert [clip(w, STEP) for w in (-1.0, 0.0, 7.0, 1350.0, 1351.0)] == [0.0, 0.0, 7.0, 1350.0, 1350.0]
