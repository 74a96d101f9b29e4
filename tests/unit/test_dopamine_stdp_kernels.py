"""Kernels of dopamine-modulated STDP and of the integrate-and-fire neurons, each against a closed form."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate

from replasticity.equations import dopamine_stdp as kernels
from replasticity.equations import integrate_and_fire as neurons
from replasticity.models import dopamine_stdp as model

STEP = kernels.DopamineStep(
    tau_pre=kernels.time_constant(10.0, 0.1),
    tau_post=kernels.time_constant(20.0, 0.1),
    tau_c=kernels.time_constant(100.0, 0.1),
    tau_n=kernels.time_constant(50.0, 0.1),
    tau_both_ms=100.0 * 50.0 / 150.0,
    b=0.0,
    A_plus=1.0,
    A_minus=1.5,
    delay=5,
    slice=5,
)


def dopamine_of(step, increment, constants=STEP):
    return kernels.dopamine_course(np.array(step, np.int64), np.array(increment, np.float64), constants)


NO_DOPAMINE = dopamine_of([], [])


def synapse(**values):
    state = np.zeros(1, kernels.SYNAPSE)
    for name, value in values.items():
        state[name] = value
    return state


def history(stamps):
    """Return the spikes of one neuron, traces as in docs/models/dopamine_stdp.md#postsynaptic-trace."""
    trace, previous = [], None
    for stamp in stamps:
        trace.append(1.0 if previous is None else 1.0 + trace[-1] * math.exp(-(stamp - previous) * 0.1 / 20.0))
        previous = stamp
    count = len(stamps)
    return kernels.History(
        step=np.array(stamps, np.int64),
        neuron=np.zeros(count, np.int32),
        previous=np.arange(count, dtype=np.int64) - 1,
        trace=np.array(trace),
        last=np.array([count - 1], np.int64),
    )


def test_decays_are_the_exponential_function():
    # Each of the three parts of a number of steps, and all bits of the clocks.
    tau = kernels.time_constant(1e6, 0.1)
    for steps in (0, 1, 255, 256, 700, 2**20 - 1, 2**20, 123_456_789, 2**31 - 1):
        assert kernels.decay(steps, tau) == pytest.approx(math.exp(-(steps * 0.1) / 1e6), rel=1e-14)


@pytest.mark.parametrize("b", [0.0, 0.4])
def test_advance_solves_the_equations(b):
    state = synapse(weight=5.0, n=0.7, c=-0.3, x=2.0)
    kernels.advance(state[0], 10, 300, STEP._replace(b=b))
    moved, _ = integrate.quad(lambda t: -0.3 * math.exp(-t / 100) * (0.7 * math.exp(-t / 50) - b), 0, 30)
    assert state["weight"][0] == pytest.approx(5.0 + moved, rel=1e-12)
    assert state["c"][0] == pytest.approx(-0.3 * math.exp(-0.3), rel=1e-14)
    assert state["n"][0] == pytest.approx(0.7 * math.exp(-0.6), rel=1e-14)
    assert state["x"][0] == pytest.approx(2.0 * math.exp(-3.0), rel=1e-14)
    assert state["update_clock"][0] == 310


def test_advance_cuts_at_zero_and_does_nothing_backwards():
    state = synapse(weight=0.01, n=1.0, c=-1.0)
    kernels.advance(state[0], 50, -3, STEP)
    assert (state["weight"][0], state["update_clock"][0]) == (0.01, 0)
    kernels.advance(state[0], 0, 100, STEP)
    assert state["weight"][0] == 0.0


def test_dopamine_acts_in_order_of_time():
    state = synapse(weight=1.0, c=1.0)
    dopamine = dopamine_of([20, 60], [0.5, -0.1])
    assert kernels.advance_through(state[0], 0, 60, dopamine, 0, STEP) == 2
    assert state["n"][0] == pytest.approx(0.5 * math.exp(-4 / 50) - 0.1, rel=1e-14)
    # c n integrated from the first arrival on.
    expected = 0.5 * math.exp(-0.02) * STEP.tau_both_ms * -math.expm1(-4 / STEP.tau_both_ms)
    assert state["weight"][0] == pytest.approx(1.0 + expected, rel=1e-12)


def test_trace_of_the_postsynaptic_neuron():
    spikes = history([10, 30])
    assert kernels.trace_at(spikes, 0, 10, STEP) == 0.0
    assert kernels.trace_at(spikes, 0, 11, STEP) == pytest.approx(math.exp(-0.005))
    assert kernels.trace_at(spikes, 0, 30, STEP) == pytest.approx(math.exp(-0.1))
    assert kernels.trace_at(spikes, 0, 40, STEP) == pytest.approx((1 + math.exp(-0.1)) * math.exp(-0.05))


def test_next_arrival_is_the_first_after_a_time():
    spikes = history([10, 30])
    assert [kernels.next_arrival(spikes, 0, after, 5) for after in (0, 14, 15, 34)] == [15, 15, 35, 35]
    assert kernels.next_arrival(spikes, 0, 35, 5) == kernels.NEVER


def test_trigger_starts_from_the_clock_that_a_presynaptic_spike_has_set_back():
    # docs/models/dopamine_stdp.md#set-back-clock: without a postsynaptic spike, 7 to 10 is integrated again.
    state = synapse(weight=1.0, x=1.0, c=1.0, spike_clock=7, update_clock=10)
    kernels.trigger(state[0], 0, 15, history([]), NO_DOPAMINE, 0, STEP)
    assert state["x"][0] == pytest.approx(math.exp(-0.8 / 10))
    # With one that arrives at 12 the set-back is forgotten.
    state = synapse(weight=1.0, x=1.0, c=1.0, spike_clock=7, update_clock=10)
    kernels.trigger(state[0], 0, 15, history([7]), NO_DOPAMINE, 0, STEP)
    assert state["x"][0] == pytest.approx(math.exp(-0.5 / 10))
    assert state["c"][0] == pytest.approx((math.exp(-0.2 / 100) + math.exp(-0.2 / 10)) * math.exp(-0.3 / 100))


def test_send_books_at_the_slice_end_and_reads_the_trace_of_the_true_time():
    state = synapse(weight=3.0, x=0.5, c=1.0, spike_clock=20, update_clock=20)
    assert kernels.send(state[0], 0, 18, history([10]), STEP) == 3.0
    assert state["x"][0] == 1.5
    assert state["c"][0] == pytest.approx(1.0 - 1.5 * math.exp(-(18 - 5 - 10) * 0.1 / 20))
    assert (state["spike_clock"][0], state["update_clock"][0]) == (18, 20)


def test_course_of_dopamine_is_the_sum_over_arrivals():
    arrival, increment = np.array([3, 40, 41, 400]), np.array([0.5, -0.9, 0.4, 2.0])
    dopamine = dopamine_of(arrival, increment)
    assert len(dopamine.course) == 401
    for time in (0, 2, 3, 39, 40, 41, 100, 400, 1000):
        come, to_come = kernels.dopamine_at(dopamine, time, STEP)
        passed = arrival <= time
        assert come == pytest.approx(np.sum((increment * np.exp((arrival - time) * 0.1 / 50))[passed]), abs=1e-15)
        assert to_come == pytest.approx(np.sum((increment * np.exp((time - arrival) * 0.1 / 100))[~passed]), abs=1e-15)
    assert (dopamine.lowest, dopamine.highest) == (-0.9, 2.0)
    # All of them, as they are weighed at the first one.
    assert dopamine.most == pytest.approx(np.sum(np.abs(increment) * np.exp((3 - arrival) * 0.1 / 100)), rel=1e-14)


def caught_up(values, start, end, dopamine, step):
    """Return a synapse by the closed form, or arrival by arrival if its weight may be cut on the way; and which."""
    state = synapse(**values)
    once = kernels.is_cut_at_most_once(state[0], dopamine, step)
    if once:
        kernels.catch_up(state[0], start, end, dopamine, step)
    else:
        kernels.catch_up_by_arrivals(state[0], start, end, dopamine, len(dopamine.step), False, step)
    return state, once


@pytest.mark.parametrize("increments", [(0.5, 0.9, 0.4), (0.5, -0.9, 0.4), (-0.5, -0.9, -0.4)])
@pytest.mark.parametrize("b", [0.0, 0.3])
def test_catching_up_equals_stepping_through_all_slices(b, increments):
    step = STEP._replace(b=b)
    dopamine = dopamine_of([13, 42, 60], increments)
    # Weights that reach 0 on the way, and weights that do not.
    for weight, c, n in itertools.product((0.0, 0.02, 100.0), (0.4, -0.4), (0.2, 0.0, -0.2)):
        values = {"weight": weight, "c": c, "n": n, "x": 1.0}
        lazy, _ = caught_up(values, 0, 100, dopamine, step)
        stepped = synapse(**values)
        for end in range(5, 101, 5):
            next_dopamine = kernels.first_after(dopamine, end - 5, 3)
            kernels.trigger(stepped[0], 0, end, history([]), dopamine, next_dopamine, step)
        for name in kernels.SYNAPSE.names:
            assert lazy[name][0] == pytest.approx(stepped[name][0], rel=1e-12, abs=1e-14), (name, values)


def test_closed_form_is_used_unless_the_weight_may_be_cut_on_the_way():
    values = {"weight": 0.02, "c": -0.4, "n": 0.2}
    rewards, both = dopamine_of([13, 42], [0.5, 0.9]), dopamine_of([13, 42], [0.5, -0.9])
    assert caught_up(values, 0, 100, rewards, STEP)[1]
    assert not caught_up(values, 0, 100, both, STEP)[1]
    assert not caught_up(values | {"n": -0.2}, 0, 100, rewards, STEP)[1]
    assert not caught_up(values, 0, 100, rewards, STEP._replace(b=0.1))[1]
    assert caught_up(values | {"weight": 100.0}, 0, 100, both, STEP._replace(b=0.1))[1]


def test_slices_are_cut_one_by_one_where_the_weight_only_just_reaches_zero():
    # c n pulls the weight down until n has fallen to b; then it rises a little. The pull is nearly all that the bound
    # allows for, so a bound twice as large would miss the cut.
    step = STEP._replace(b=0.004)
    turn = 500 * math.log(0.2 / step.b)
    pull = 0.4 * (0.2 * step.tau_both_ms * (1 - math.exp(-turn * 0.1 / step.tau_both_ms)))
    pull -= 0.4 * step.b * 100 * (1 - math.exp(-turn * 0.1 / 100))
    values = {"weight": 0.95 * pull, "c": -0.4, "n": 0.2}
    lazy, stepped = synapse(**values), synapse(**values)
    kernels.advance_over_slices(lazy[0], 0, 5000, 0, step)
    for start in range(0, 5000, 5):
        kernels.advance(stepped[0], start, 5, step)
    assert lazy["weight"][0] == pytest.approx(stepped["weight"][0], rel=1e-12)
    uncut = synapse(**(values | {"weight": 100.0}))
    kernels.advance(uncut[0], 0, 5000, step)
    assert stepped["weight"][0] > uncut["weight"][0] - 100.0 + 0.95 * pull + 0.01 * pull


@pytest.mark.parametrize("b", [0.0, 0.1])
def test_catching_up_from_a_clock_that_was_set_back(b):
    # The state of 20 decays from 16 on; the arrival at 18 is in it already. 9000: after the last arrival.
    step = STEP._replace(b=b)
    dopamine = dopamine_of([5, 18, 40, 90], [0.2, 0.7, 0.5, -0.3])
    values = {"weight": 99.0, "c": 0.4, "n": 0.2, "x": 1.0, "spike_clock": 16, "update_clock": 20}
    for end in (39, 40, 120, 9000):
        found, once = caught_up(values, 16, end, dopamine, step)
        plain = synapse(**values)
        kernels.catch_up_by_arrivals(plain[0], 16, end, dopamine, 4, False, step)
        assert once
        for name in kernels.SYNAPSE.names:
            assert found[name][0] == pytest.approx(plain[name][0], rel=1e-12, abs=1e-14), (name, end)


def test_dopamine_after_the_end_moves_nothing():
    values = {"weight": 99.0, "c": 0.4, "n": 0.2, "x": 1.0}
    few, many = (caught_up(values, 0, 50, dopamine_of(*d), STEP)[0] for d in (([7], [0.1]), ([7, 60], [0.1, 5.0])))
    for name in kernels.SYNAPSE.names:
        assert few[name][0] == pytest.approx(many[name][0], rel=1e-14)


def test_spikes_of_a_slice_are_ordered_by_source_and_stay_in_order_of_time():
    # The plain form is numpy's stable sort.
    for seed in range(20):
        sources = np.random.default_rng(seed).integers(0, 8, seed).astype(np.int32)
        np.testing.assert_array_equal(model.order_of(sources), np.argsort(sources, kind="stable"))


# What is left of 0.4 ms after four steps is 3e-17 ms, a step more; a part of a step is a step too.
@pytest.mark.parametrize(
    ("refractory_ms", "steps"), [(0.0, 0), (2.0, 20), (3.0, 30), (4.0, 40), (0.4, 5), (1.3, 14), (0.12, 2)]
)
def test_refractory_steps_are_counted_down_in_floating_point(refractory_ms, steps):
    assert neurons.refractory_steps(refractory_ms, 0.1) == steps


def exponential(**changes):
    values = {
        "dt_ms": 0.1,
        "first": 0,
        "end": 1,
        "c_pF": 300.0,
        "tau_m_ms": 10.0,
        "tau_exc_ms": 1.0,
        "tau_inh_ms": 2.0,
        "E_L_mV": -65.0,
        "V_reset_mV": -70.0,
        "V_th_mV": -55.0,
        "refractory_ms": 2.0,
    }
    return neurons.exponential_population(**(values | changes))


@pytest.mark.parametrize("tau_exc_ms", [1.0, 10.0])
def test_potential_after_one_input_is_the_difference_of_exponentials(tau_exc_ms):
    population = exponential(tau_exc_ms=tau_exc_ms)
    V, exc, inh = np.array([-65.0]), np.zeros(1), np.zeros(1)
    refractory, weights, none = np.zeros(1, np.int64), np.array([600.0]), np.zeros(1)
    for _ in range(51):
        neurons.advance_exponential_neurons(V, exc, inh, refractory, weights, none, population)
    # Input that arrives in the first step moves the potential from the second step on: 5 ms later it is here.
    expected, _ = integrate.quad(lambda t: 2.0 * math.exp(-t / tau_exc_ms) * math.exp(-(5.0 - t) / 10.0), 0, 5)
    assert V[0] + 65.0 == pytest.approx(expected, rel=1e-9)
    assert exc[0] == pytest.approx(600 * math.exp(-5 / tau_exc_ms))


def test_refractory_neuron_holds_its_potential_and_delta_input_is_lost():
    population = neurons.delta_population(
        dt_ms=0.1, first=0, end=1, tau_m_ms=10.0, E_L_mV=-70.0, V_reset_mV=-72.0, V_th_mV=-55.0, refractory_ms=0.3
    )
    V, refractory = np.array([-72.0]), np.array([3], np.int64)
    for _ in range(3):
        assert not neurons.advance_delta_neurons(V, refractory, np.array([10.0]), population)
        assert V[0] == -72.0
    assert not neurons.advance_delta_neurons(V, refractory, np.array([10.0]), population)
    assert V[0] == pytest.approx(-70.0 - 2.0 * math.exp(-0.01) + 10.0)
    assert neurons.advance_delta_neurons(V, refractory, np.array([10.0]), population)
