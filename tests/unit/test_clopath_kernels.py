"""Each equation of the Clopath network and of the pairing protocol against a closed form."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from replasticity.equations import adaptive_exponential as adex
from replasticity.equations import clopath as rule_kernels
from replasticity.equations import hodgkin_huxley as hh
from replasticity.models import adaptive_exponential as neuron_model
from replasticity.models.adaptive_exponential import NeuronStep
from replasticity.models.clopath import RuleStep
from replasticity.numerics import runge_kutta_fehlberg as rkf
from replasticity.numerics.limits import no_failure

NEURON = NeuronStep(
    dt_ms=0.1,
    c_pF=281.0,
    g_L_nS=30.0,
    E_L_mV=-70.6,
    Delta_T_mV=2.0,
    V_peak_mV=20.0,
    V_reset_mV=-60.0,
    V_clamp_mV=33.0,
    a_nS=4.0,
    b_pA=80.5,
    tau_w_ms=144.0,
    I_sp_pA=400.0,
    tau_z_ms=40.0,
    V_T_rest_mV=-50.4,
    V_T_max_mV=30.4,
    tau_T_ms=50.0,
    I_e_pA=7.0,
    tau_plus_ms=7.0,
    tau_minus_ms=10.0,
    tau_bar_ms=500.0,
    tolerance=1e-6,
    clamp_steps=20,
    refractory_steps=0,
)
RULE = RuleStep(
    dt_ms=0.1,
    microseconds=100,
    history_steps=50,
    A_LTP=8e-6,
    A_LTD=14e-6,
    constant_A_LTD=False,
    u_ref2_mV2=3600.0,
    theta_plus_mV=-45.3,
    theta_minus_mV=-70.6,
    tau_x_ms=15.0,
)


# The solver -------------------------------------------------------------------------------------------


def solver_step(slope, y, h):
    """Return one step of y' = slope(t, y) from t = 0, and its error estimate."""
    k1 = slope(0.0, y)
    k2 = slope(h / 4, rkf.stage_2(y, h, k1))
    k3 = slope(3 * h / 8, rkf.stage_3(y, h, k1, k2))
    k4 = slope(12 * h / 13, rkf.stage_4(y, h, k1, k2, k3))
    k5 = slope(h, rkf.stage_5(y, h, k1, k2, k3, k4))
    k6 = slope(h / 2, rkf.stage_6(y, h, k1, k2, k3, k4, k5))
    return rkf.fifth_order(y, h, k1, k3, k4, k5, k6), rkf.error_estimate(h, k1, k3, k4, k5, k6)


@pytest.mark.parametrize("power", range(5))
def test_solver_is_exact_for_polynomials_up_to_the_fourth_power(power):
    # A method of fifth order integrates t^4 exactly; its error estimate, the difference from the formula of fourth
    # order, vanishes up to t^3.
    new, error = solver_step(lambda t, y: (power + 1) * t**power, 0.0, 2.0)
    assert new == pytest.approx(2.0 ** (power + 1), rel=1e-12)
    if power < 4:
        assert error == pytest.approx(0.0, abs=1e-12)
    else:
        assert abs(error) > 1e-3


def test_solver_has_the_fifth_order_on_a_decay():
    errors = [abs(solver_step(lambda t, y: -y, 1.0, h)[0] - math.exp(-h)) for h in (0.2, 0.1)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(6.0, abs=0.2)


def test_error_estimate_has_the_size_of_the_fourth_order_error():
    estimates = [abs(solver_step(lambda t, y: -y, 1.0, h)[1]) for h in (0.2, 0.1)]
    assert math.log2(estimates[0] / estimates[1]) == pytest.approx(5.0, abs=0.2)


@pytest.mark.parametrize(
    ("ratio", "factor"),
    [(1.2, 0.9 * 1.2**-0.2), (32.0, 0.45), (1e6, 0.2)],
)
def test_a_step_shrinks_by_a_factor_of_five_at_most(ratio, factor):
    assert rkf.shrunk_step(0.1, ratio) == pytest.approx(0.1 * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "factor"),
    [
        (1.1, 1.0),
        (0.5, 1.0),
        (0.499, max(1.0, 0.9 * 0.499 ** (-1 / 6))),
        (1e-3, 0.9 * 10**0.5),
        (1e-9, 5.0),
        (0.0, 5.0),
    ],
)
def test_the_next_step_grows_by_a_factor_of_five_at_most(ratio, factor):
    assert rkf.next_step(0.1, ratio) == pytest.approx(0.1 * factor, rel=1e-12)


# The adaptive exponential neuron ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("V", "clamped", "refractory", "expected"),
    [(-55.0, 0, 0, -55.0), (25.0, 0, 0, 20.0), (-55.0, 0, 3, -60.0), (-55.0, 2, 0, 33.0), (-55.0, 2, 3, 33.0)],
)
def test_effective_potential(V, clamped, refractory, expected):
    assert adex.effective_potential(V, clamped, refractory, NEURON) == expected


def test_membrane_rests_where_leak_and_upstroke_balance():
    V = -70.6
    upstroke = math.exp(adex.upstroke_exponent(V, -50.4, NEURON))
    slope = adex.membrane_slope(V, 0.0, 0.0, upstroke, 0, 0, NEURON)
    assert slope == pytest.approx((60.0 * math.exp(-10.1) + 7.0) / 281.0, rel=1e-12)


def test_each_current_enters_with_its_sign():
    base = adex.membrane_slope(-60.0, 0.0, 0.0, 0.0, 0, 0, NEURON)
    assert base == pytest.approx((-30.0 * 10.6 + 7.0) / 281.0, rel=1e-12)
    assert adex.membrane_slope(-60.0, 281.0, 0.0, 0.0, 0, 0, NEURON) == pytest.approx(base - 1, rel=1e-12)
    assert adex.membrane_slope(-60.0, 0.0, 281.0, 0.0, 0, 0, NEURON) == pytest.approx(base + 1, rel=1e-12)
    assert adex.membrane_slope(-60.0, 0.0, 0.0, 281.0 / 60, 0, 0, NEURON) == pytest.approx(base + 1, rel=1e-12)


def test_clamp_stops_potential_and_adaptation_refractory_time_the_potential_only():
    assert adex.membrane_slope(-60.0, 5.0, 5.0, 1.0, 1, 0, NEURON) == 0.0
    assert adex.membrane_slope(-60.0, 5.0, 5.0, 1.0, 0, 1, NEURON) == 0.0
    assert adex.adaptation_slope(-60.0, 5.0, 1, NEURON) == 0.0
    assert adex.adaptation_slope(-60.0, 5.0, 0, NEURON) == pytest.approx((4.0 * 10.6 - 5.0) / 144.0, rel=1e-12)


@pytest.mark.parametrize(("V", "spikes"), [(19.999999, 0), (20.0, 1), (25.0, 1)])
def test_a_neuron_spikes_at_its_peak(V, spikes):
    block = neuron_model.new_blocks(np.array([V]), 3.0, NEURON)[0]
    neuron_model.finish_step(block, 0, NEURON)
    assert block.spikes[0] == spikes
    seen = [values[0] for values in neuron_model.by_variable(block.state)[:4]]
    assert seen == ([33.0, 83.5, 400.0, 30.4] if spikes else [V, 3.0, 0.0, -50.4])
    # The interval of the spike counts: 20 steps are left after it.
    assert block.clamped[0] == 21 * spikes


@pytest.mark.parametrize("counter", ["clamped", "refractory"])
def test_input_that_finds_a_neuron_clamped_or_refractory_is_lost(counter):
    block = neuron_model.new_blocks(np.array([-60.0]), 0.0, NEURON)[0]
    block[counter][0], block.input_mV[0] = 2, 5.0
    neuron_model.finish_step(block, 0, NEURON)
    assert block.input_mV[0] == 0.0
    block[counter][0], block.state[0] = 0, -60.0
    neuron_model.finish_step(block, 0, NEURON)
    assert block.state[0] == -60.0


def test_a_solver_step_that_is_cut_ends_exactly_at_the_end_of_the_interval():
    # Of 0.1 ms this is true in any case: the last bit of its mantissa is 0. That of 0.3 is 1.
    neuron = NEURON._replace(dt_ms=0.3)
    time_ms = next(t for t in np.linspace(0.035, 0.045, 1000) if t + (0.3 - t) != 0.3)
    block = neuron_model.new_blocks(np.array([-70.6]), 0.0, neuron)[0]
    block.time_ms[0] = time_ms
    neuron_model.set_step(block, neuron)
    neuron_model.try_step(block, neuron)
    neuron_model.slopes(block.new, block.new_slope, block, neuron)
    neuron_model.control_step(block, 0, neuron)
    assert block.time_ms[0] == 0.3


#: Potential, adaptation [pA] and whether NEST goes on with them.
STATES = [
    (-1000.0, 0.0, True),
    (-1000.0001, 0.0, False),
    (math.inf, 0.0, True),
    (math.nan, 0.0, False),
    (-60.0, 1e6, True),
    (-60.0, -1.0001e6, False),
    (-60.0, math.nan, False),
]


@pytest.mark.parametrize(("V", "w", "bounded"), STATES)
def test_limits_of_the_state_are_those_of_nest(V, w, bounded):
    assert adex.is_bounded(V, w) is bounded


@pytest.mark.parametrize(
    ("V", "w", "found"),
    [
        (-2000.0, 0.0, neuron_model.V_OUTSIDE),
        (-60.0, 2e6, neuron_model.W_OUTSIDE),
        (math.nan, 0.0, neuron_model.V_OUTSIDE),
        (-60.0, math.inf, neuron_model.V_OUTSIDE),
        (19.9, 0.0, None),
    ],
)
def test_a_neuron_outside_its_limits_ends_the_run_where_it_was(V, w, found):
    block = neuron_model.new_blocks(np.array([-70.6, V]), w, NEURON)[0]
    neuron_model.by_variable(block.state)[1][0] = 0.0
    before = block.state.copy()
    outside = neuron_model.advance(block, 2, NEURON)
    assert outside == (-1 if found is None else 1)
    if found is not None:
        failure = no_failure()
        neuron_model.note_outside(block, outside, failure, 7, 21)
        assert failure[0].item()[:3] == (found, 7, 21)
        np.testing.assert_array_equal(block.state[1 :: neuron_model.LANES], before[1 :: neuron_model.LANES])


def test_a_neuron_that_takes_too_many_solver_steps_ends_the_run():
    neuron = NEURON._replace(g_L_nS=1e12)
    block = neuron_model.new_blocks(np.array([-60.0]), 0.0, neuron)[0]
    assert neuron_model.advance(block, 1, neuron) == 0
    failure = no_failure()
    neuron_model.note_outside(block, 0, failure, 7, 21)
    assert failure[0].item()[:3] == (neuron_model.TOO_STIFF, 7, 21)


def test_decays_and_low_passes():
    assert adex.afterpotential_slope(400.0, NEURON) == pytest.approx(-10.0)
    assert adex.threshold_slope(30.4, NEURON) == pytest.approx(-80.8 / 50.0)
    assert adex.low_pass_slope(-50.0, -70.0, 10.0) == pytest.approx(2.0)


# The Hodgkin-Huxley neuron ----------------------------------------------------------------------------


def test_rates_at_the_potentials_where_they_are_simple():
    assert hh.sodium_activation_rates(-65.0)[1] == 4.0
    assert hh.sodium_inactivation_rates(-65.0)[0] == 0.07
    assert hh.sodium_inactivation_rates(-35.0)[1] == 0.5
    assert hh.potassium_activation_rates(-65.0)[1] == 0.125
    # The removable singularities: alpha_m -> 1 at -40 mV and alpha_n -> 0.1 at -55 mV.
    assert hh.sodium_activation_rates(-40.0 + 1e-6)[0] == pytest.approx(1.0, rel=1e-6)
    assert hh.potassium_activation_rates(-55.0 + 1e-6)[0] == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize(
    ("rates", "singular", "there"),
    [(hh.sodium_activation_rates, -40.0, 1.0), (hh.potassium_activation_rates, -55.0, 0.1)],
)
def test_opening_rates_are_continuous_where_their_formula_is_not_defined(rates, singular, there):
    assert rates(singular)[0] == there
    for exponent in range(-15, 0):
        for V in (singular + 10.0**exponent, singular - 10.0**exponent):
            distance = (V - singular) / 10
            # Where exp(-x) loses digits, the formula has that many fewer; expm1 does not lose them.
            expected = there * (distance / -math.expm1(-distance) if distance else 1.0)
            assert rates(V)[0] == pytest.approx(expected, rel=2e-9)


def test_away_from_there_an_opening_rate_is_the_published_formula_to_the_last_bit():
    for V in np.random.default_rng(1).uniform(-90.0, 50.0, 1000):
        assert hh.sodium_activation_rates(V)[0] == 0.1 * (V + 40.0) / (1.0 - math.exp(-(V + 40.0) / 10.0))
        assert hh.potassium_activation_rates(V)[0] == 0.01 * (V + 55.0) / (1.0 - math.exp(-(V + 55.0) / 10.0))


def test_gates_stand_still_at_their_steady_state():
    for rates in (hh.sodium_activation_rates, hh.sodium_inactivation_rates, hh.potassium_activation_rates):
        gate = hh.steady_state(rates(-58.0))
        assert 0 < gate < 1
        assert hh.gate_slope(gate, rates(-58.0)) == pytest.approx(0.0, abs=1e-15)


def test_each_ionic_current_vanishes_at_its_reversal_potential():
    neuron = SimpleNamespace(
        g_Na_nS=12000.0, g_K_nS=3600.0, g_L_nS=30.0, E_Na_mV=50.0, E_K_mV=-77.0, E_L_mV=-54.4, I_e_pA=0.0, c_pF=100.0
    )
    slope = hh.membrane_slope.py_func
    assert slope(50.0, 1.0, 1.0, 0.0, (0.0, 0.0), neuron) == pytest.approx(-30.0 * 104.4 / 100.0)
    assert slope(-77.0, 0.0, 0.0, 1.0, (0.0, 0.0), neuron) == pytest.approx(-30.0 * (-77.0 + 54.4) / 100.0)
    assert slope(-54.4, 0.0, 0.0, 0.0, (30.0, -10.0), neuron) == pytest.approx(0.2)
    # Powers of the gates: m^3 h and n^4.
    assert slope(-54.4, 0.5, 0.25, 0.0, (0.0, 0.0), neuron) == pytest.approx(12000 / 32 * 104.4 / 100)
    assert slope(-54.4, 0.0, 0.0, 0.5, (0.0, 0.0), neuron) == pytest.approx(-3600 / 16 * 22.6 / 100)


def test_alpha_current_solves_its_equation():
    # I(t) = t exp(-t / tau) has dI = I' + I / tau = exp(-t / tau).
    t, tau = 0.3, 0.2
    dI, current = math.exp(-t / tau), t * math.exp(-t / tau)
    assert hh.synaptic_slope(dI, current, tau) == pytest.approx((1 - t / tau) * math.exp(-t / tau))
    assert hh.driving_slope(dI, tau) == pytest.approx(-dI / tau)


# Plasticity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("V", "u_plus", "expected"), [(-45.3, 0.0, False), (0.0, -70.6, False), (0.0, -70.5, True), (-45.2, 0.0, True)]
)
def test_potentiation_needs_both_potentials_above_threshold(V, u_plus, expected):
    assert rule_kernels.potentiates(V, u_plus, RULE) == expected


def test_potentiation_of_a_step():
    assert rule_kernels.potentiation(-35.3, -60.6, RULE) == pytest.approx(8e-6 * 10 * 10 * 0.1, rel=1e-12)


def test_depression_with_both_amplitudes():
    assert rule_kernels.depression(-60.6, -30.0, RULE) == pytest.approx(14e-6 * 900 / 3600 * 10, rel=1e-12)
    constant = RULE._replace(constant_A_LTD=True)
    assert rule_kernels.depression(-60.6, -30.0, constant) == pytest.approx(14e-6 * 10, rel=1e-12)
    assert rule_kernels.depression(-70.6, -30.0, constant) == 0.0
    assert rule_kernels.depression(-80.0, -30.0, RULE) == 0.0
    assert rule_kernels.depression(-70.5, -30.0, constant) == pytest.approx(14e-6 * 0.1, rel=1e-9)


def test_the_trace_of_a_spike_has_the_area_one():
    x = rule_kernels.add_to_trace(0.0, RULE)
    area = sum(rule_kernels.decayed_trace(x, -(k + 0.5) * 0.01, RULE) * 0.01 for k in range(30000))
    assert area == pytest.approx(1.0, rel=1e-6)


def test_weights_stay_within_their_bounds():
    assert rule_kernels.potentiate(0.7, 0.4, 0.1, 0.75) == pytest.approx(0.74)
    assert rule_kernels.potentiate(0.7, 0.6, 0.1, 0.75) == 0.75
    assert rule_kernels.depress(0.2, 0.05, 0.1) == pytest.approx(0.15)
    assert rule_kernels.depress(0.2, 0.15, 0.1) == 0.1


def test_neurons_side_by_side_take_no_steps_of_the_solver_from_each_other():
    # Upstrokes of several hundred steps each, at different times.
    steep = NEURON._replace(tolerance=1e-9, V_T_max_mV=-50.4, I_e_pA=3000.0, clamp_steps=1, b_pA=0.0)
    V_mV = np.linspace(-70.0, -50.0, 16)

    def after_10_ms(V_initial_mV):
        block = neuron_model.new_blocks(V_initial_mV, 0.0, steep)[0]
        assert [neuron_model.advance(block, len(V_initial_mV), steep) for _ in range(100)] == [-1] * 100
        return block

    together = after_10_ms(V_mV)
    taken = rkf.STEPS_MORE + 100 * rkf.STEPS_PER_INTERVAL - together.steps_left
    assert taken.sum() > rkf.STEPS_MORE + 100 * rkf.STEPS_PER_INTERVAL
    for k in (0, 5):
        alone = after_10_ms(V_mV[k : k + 1])
        assert alone.steps_left[0] == together.steps_left[k]
        assert alone.state[0] == together.state[k]
