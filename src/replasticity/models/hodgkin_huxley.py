"""One Hodgkin-Huxley neuron with an adaptive solver: constants, state, and one grid step (interval).

A potential outside the limit of `replasticity.equations.hodgkin_huxley` ends the run.

Source: docs/models/voltage_based_stdp.md#hodgkin-huxley.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.adaptive_exponential import low_pass_slope
from replasticity.equations.hodgkin_huxley import (
    LARGEST_V_MV,
    driving_slope,
    gate_slope,
    membrane_slope,
    potassium_activation_rates,
    sodium_activation_rates,
    sodium_inactivation_rates,
    steady_state,
    synaptic_slope,
)
from replasticity.numerics import runge_kutta_fehlberg as rkf
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import note_failure

#: Constants of the neuron. ``tolerance`` is the absolute error that a solver step may have in any variable.
NeuronStep = namedtuple(
    "NeuronStep",
    [
        "dt_ms",
        "c_pF",
        "g_Na_nS",
        "g_K_nS",
        "g_L_nS",
        "E_Na_mV",
        "E_K_mV",
        "E_L_mV",
        "I_e_pA",
        "tau_ex_ms",
        "tau_in_ms",
        "tau_plus_ms",
        "tau_minus_ms",
        "tau_bar_ms",
        "tolerance",
        "refractory_steps",
    ],
)

VARIABLES = 11
V, M, H, N, DI_EX, I_EX, DI_IN, I_IN, U_PLUS, U_MINUS, U_BAR = range(VARIABLES)

#: ``y`` is the state, ``h_ms`` the next solver step, of shape (1,), ``refractory`` the steps in which no spike is
#: detected, of shape (1,), ``steps_left`` the solver steps that the neuron may still take, of shape (1,).
Neuron = namedtuple("Neuron", ["y", "h_ms", "refractory", "steps_left"])

#: What may leave its limits, with the limits; the numbers that are noted follow those of the synapses
#: (`replasticity.models.clopath.LIMITS`).
V_OUTSIDE, TOO_STIFF = range(4, 6)
LIMITS = (
    ("V_mV", f"{-LARGEST_V_MV:g} to {LARGEST_V_MV:g} mV"),
    ("the solver's step in ms", f"dt_ms / {rkf.STEPS_PER_INTERVAL} or more on average"),
)

#: The gates start at the steady state of this potential, wherever the potential itself starts [mV].
GATES_START_MV = -65.0
#: A spike is a maximum at or above this potential [mV].
SPIKE_ABOVE_MV = 0.0


def new_neuron(V_initial_mV, neuron):
    """Return a neuron at the start of a run: low-passed potentials and currents at zero."""
    y = np.zeros(VARIABLES)
    y[V] = V_initial_mV
    y[M] = steady_state(sodium_activation_rates(GATES_START_MV))
    y[H] = steady_state(sodium_inactivation_rates(GATES_START_MV))
    y[N] = steady_state(potassium_activation_rates(GATES_START_MV))
    return Neuron(y, np.array([neuron.dt_ms]), np.zeros(1, np.int64), np.array([rkf.STEPS_MORE]))


@njit
def slopes(y, k, neuron):
    """Write the slopes of all variables.

    Parameters
    ----------
    y : ndarray of float64, shape (11,)
        State.
    k : ndarray of float64, shape (11,)
        Slopes [unit of the variable per ms]; changed in place.
    neuron : NeuronStep
        Constants.
    """
    k[V] = membrane_slope(y[V], y[M], y[H], y[N], (y[I_EX], y[I_IN]), neuron)
    k[M] = gate_slope(y[M], sodium_activation_rates(y[V]))
    k[H] = gate_slope(y[H], sodium_inactivation_rates(y[V]))
    k[N] = gate_slope(y[N], potassium_activation_rates(y[V]))
    k[DI_EX] = driving_slope(y[DI_EX], neuron.tau_ex_ms)
    k[I_EX] = synaptic_slope(y[DI_EX], y[I_EX], neuron.tau_ex_ms)
    k[DI_IN] = driving_slope(y[DI_IN], neuron.tau_in_ms)
    k[I_IN] = synaptic_slope(y[DI_IN], y[I_IN], neuron.tau_in_ms)
    k[U_PLUS] = low_pass_slope(y[V], y[U_PLUS], neuron.tau_plus_ms)
    k[U_MINUS] = low_pass_slope(y[V], y[U_MINUS], neuron.tau_minus_ms)
    k[U_BAR] = low_pass_slope(y[U_MINUS], y[U_BAR], neuron.tau_bar_ms)


@njit
def try_step(y, h_ms, neuron):
    """Return the state after a solver step, and the largest error over the tolerance.

    Source: docs/models/voltage_based_stdp.md#hodgkin-huxley-solver.
    """
    k1, k2, k3, k4, k5, k6 = np.empty((6, VARIABLES))
    stage, new = np.empty((2, VARIABLES))
    slopes(y, k1, neuron)
    for v in range(VARIABLES):
        stage[v] = rkf.stage_2(y[v], h_ms, k1[v])
    slopes(stage, k2, neuron)
    for v in range(VARIABLES):
        stage[v] = rkf.stage_3(y[v], h_ms, k1[v], k2[v])
    slopes(stage, k3, neuron)
    for v in range(VARIABLES):
        stage[v] = rkf.stage_4(y[v], h_ms, k1[v], k2[v], k3[v])
    slopes(stage, k4, neuron)
    for v in range(VARIABLES):
        stage[v] = rkf.stage_5(y[v], h_ms, k1[v], k2[v], k3[v], k4[v])
    slopes(stage, k5, neuron)
    for v in range(VARIABLES):
        stage[v] = rkf.stage_6(y[v], h_ms, k1[v], k2[v], k3[v], k4[v], k5[v])
    slopes(stage, k6, neuron)
    error = 0.0
    for v in range(VARIABLES):
        new[v] = rkf.fifth_order(y[v], h_ms, k1[v], k3[v], k4[v], k5[v], k6[v])
        error = max(error, abs(rkf.error_estimate(h_ms, k1[v], k3[v], k4[v], k5[v], k6[v])))
    return new, error / neuron.tolerance


@njit
def advance(state, weight_ex_pA, weight_in_pA, neuron, failure, step):
    """Advance the neuron over one interval; synaptic input enters at its end.

    Parameters
    ----------
    state : Neuron
        Changed in place.
    weight_ex_pA, weight_in_pA : float
        Sums of the positive and of the negative weights that arrive in the interval [pA].
    neuron : NeuronStep
        Constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits; the run then has to end.
    step : int
        Present step.

    Returns
    -------
    bool
        Whether the neuron spikes at the end of the interval.
    """
    y, before_mV, time_ms = state.y, state.y[V], 0.0
    state.steps_left[0] += rkf.STEPS_PER_INTERVAL
    while time_ms < neuron.dt_ms:
        state.steps_left[0] -= 1
        if state.steps_left[0] < 0:
            note_failure(failure, TOO_STIFF, step, 0, state.h_ms[0])
            return False
        rest_ms = neuron.dt_ms - time_ms
        h_ms = min(state.h_ms[0], rest_ms)
        new, ratio = try_step(y, h_ms, neuron)
        if ratio > rkf.REPEAT_ABOVE:
            shorter_ms = rkf.shrunk_step(h_ms, ratio)
            if shorter_ms < h_ms and time_ms + shorter_ms != time_ms:
                state.h_ms[0] = shorter_ms
                continue
        # A step that was cut to the rest of the interval ends exactly at its end.
        time_ms = neuron.dt_ms if state.h_ms[0] > rest_ms else time_ms + h_ms
        state.h_ms[0] = rkf.next_step(h_ms, ratio)
        y[:] = new
        if not abs(y[V]) <= LARGEST_V_MV:
            note_failure(failure, V_OUTSIDE, step, 0, y[V])
            return False
    y[DI_EX] += weight_ex_pA * (math.e / neuron.tau_ex_ms)
    y[DI_IN] += weight_in_pA * (math.e / neuron.tau_in_ms)

    if state.refractory[0] > 0:
        state.refractory[0] -= 1
        return False
    if y[V] >= SPIKE_ABOVE_MV and before_mV > y[V]:
        state.refractory[0] = neuron.refractory_steps
        return True
    return False
