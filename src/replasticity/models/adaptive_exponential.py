"""Adaptive exponential neurons with an adaptive solver: constants, state, and one grid step (interval).

Sixteen neurons advance side by side, so that the processor works on several at once. Each keeps its own
step size, and each gets the same bits as if it were alone. All numbers of such a block are one record of arrays with
a place for each neuron: arrays at known distances are what compilers turn into vector instructions.

A solver step that leads out of the limits of `replasticity.equations.adaptive_exponential` is not taken: the run ends.

Source: docs/models/voltage_based_stdp.md#neuron, docs/models/voltage_based_stdp.md#solver and
docs/models/voltage_based_stdp.md#neuron-step.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.adaptive_exponential import (
    LARGEST_W_PA,
    LOWEST_V_MV,
    adaptation_slope,
    afterpotential_slope,
    effective_potential,
    is_bounded,
    low_pass_slope,
    membrane_slope,
    threshold_slope,
    upstroke_exponent,
)
from replasticity.numerics import runge_kutta_fehlberg as rkf
from replasticity.numerics.compilation import inline_njit, njit
from replasticity.numerics.limits import note_failure

#: Constants of the neuron. ``clamp_steps`` and ``refractory_steps`` are t_clamp and t_ref in grid steps.
NeuronStep = namedtuple(
    "NeuronStep",
    "dt_ms c_pF g_L_nS E_L_mV Delta_T_mV V_peak_mV V_reset_mV V_clamp_mV a_nS b_pA tau_w_ms I_sp_pA tau_z_ms "
    "V_T_rest_mV V_T_max_mV tau_T_ms I_e_pA tau_plus_ms tau_minus_ms tau_bar_ms tolerance clamp_steps "
    "refractory_steps",
)

#: Neurons in a block.
LANES = 16
#: Variables: V, w, z, V_T and three low-passed potentials.
VARIABLES = 7
SIZE = VARIABLES * LANES

#: Neurons side by side. An array of `SIZE` holds all variables (see `by_variable`): ``new`` is the state after the
#: present solver step, ``h_ms`` the size of that step, the same for all variables of a neuron, ``slope_1`` to
#: ``slope_6`` are the slopes at its six stages, ``new_slope`` those after it. ``clamped`` and ``refractory`` are grid
#: steps that are left, as floats, since vectors of them need no conversion; ``steps_left`` are the solver's.
BLOCK = np.dtype(
    [(name, np.float64, SIZE) for name in ("state", "stage", *(f"slope_{k}" for k in range(1, 7)))]
    + [(name, np.float64, SIZE) for name in ("new", "new_slope", "error", "h_ms")]
    + [(name, np.float64, LANES) for name in ("clamped", "refractory", "input_mV", "next_h_ms", "time_ms")]
    + [(name, np.float64, LANES) for name in ("effective_mV", "upstroke", "largest_error")]
    + [(name, np.int64, LANES) for name in ("spikes", "steps_left")]
)

#: What may leave its limits, with the limits; the numbers that are noted follow those of the synapses
#: (`replasticity.models.clopath.LIMITS`).
V_OUTSIDE, W_OUTSIDE, TOO_STIFF = range(4, 7)
LIMITS = (
    ("V_mV", f"{LOWEST_V_MV:g} mV or more"),
    ("w_pA", f"{-LARGEST_W_PA:g} to {LARGEST_W_PA:g} pA"),
    ("the solver's step in ms", f"dt_ms / {rkf.STEPS_PER_INTERVAL} or more on average"),
)


def new_blocks(V_initial_mV, w_initial_pA, neuron):
    """Return neurons at the start of a run: V and w as given, everything else at rest.

    Parameters
    ----------
    V_initial_mV : ndarray of float64, shape (neurons,)
        Membrane potentials [mV].
    w_initial_pA : float
        Adaptation current [pA].
    neuron : NeuronStep
        Constants.

    Returns
    -------
    recarray of `BLOCK`, shape (blocks,)
        Neuron ``k`` is neuron ``k % LANES`` of block ``k // LANES``; what is left of the last block is idle.
    """
    blocks = np.zeros(math.ceil(len(V_initial_mV) / LANES), BLOCK).view(np.recarray)
    E_L_mV = neuron.E_L_mV
    blocks.state = np.repeat([E_L_mV, w_initial_pA, 0.0, neuron.V_T_rest_mV, E_L_mV, E_L_mV, E_L_mV], LANES)
    blocks.next_h_ms = neuron.dt_ms
    blocks.steps_left = rkf.STEPS_MORE
    for k, V_mV in enumerate(V_initial_mV):
        blocks[k // LANES].state[k % LANES] = V_mV
    return blocks


@inline_njit
def by_variable(values):
    """Return views of an array of `SIZE`: V, w, z, V_T, u_bar_plus, u_bar_minus and u_bar_bar of all neurons."""
    return (
        values[:LANES],
        values[LANES : 2 * LANES],
        values[2 * LANES : 3 * LANES],
        values[3 * LANES : 4 * LANES],
        values[4 * LANES : 5 * LANES],
        values[5 * LANES : 6 * LANES],
        values[6 * LANES :],
    )


@inline_njit
def slopes(state, slope, block, neuron):
    """Write the slopes of all variables.

    Parameters
    ----------
    state, slope : ndarray of float64, shape (SIZE,)
        Where they are taken, and where they go.
    block : record of `BLOCK`
        The block of both.
    neuron : NeuronStep
        Constants.
    """
    V_mV, w_pA, z_pA, T_mV, u_plus_mV, u_minus_mV, u_bar_mV = by_variable(state)
    dV, dw, dz, dT, du_plus, du_minus, du_bar = by_variable(slope)
    u_mV, upstroke, clamped, refractory = block.effective_mV, block.upstroke, block.clamped, block.refractory
    for i in range(LANES):
        u_mV[i] = effective_potential(V_mV[i], clamped[i], refractory[i], neuron)
        upstroke[i] = upstroke_exponent(u_mV[i], T_mV[i], neuron)
    for i in range(LANES):
        # The exponential is costly. Neurons that have reached the end of the interval, and idle ones, need none.
        needed = block.time_ms[i] < neuron.dt_ms and neuron.Delta_T_mV > 0
        upstroke[i] = math.exp(upstroke[i]) if needed else 0.0
    for i in range(LANES):
        dV[i] = membrane_slope(u_mV[i], w_pA[i], z_pA[i], upstroke[i], clamped[i], refractory[i], neuron)
        dw[i] = adaptation_slope(u_mV[i], w_pA[i], clamped[i], neuron)
        dz[i] = afterpotential_slope(z_pA[i], neuron)
        dT[i] = threshold_slope(T_mV[i], neuron)
        du_plus[i] = low_pass_slope(u_mV[i], u_plus_mV[i], neuron.tau_plus_ms)
        du_minus[i] = low_pass_slope(u_mV[i], u_minus_mV[i], neuron.tau_minus_ms)
        du_bar[i] = low_pass_slope(u_minus_mV[i], u_bar_mV[i], neuron.tau_bar_ms)


@njit
def try_step(block, neuron):
    """Write the state after one solver step of each neuron, and its largest error, into the block.

    The error is infinite where the state would be outside its limits.

    Parameters
    ----------
    block : record of `BLOCK`
        A block; its ``new``, ``error`` and ``largest_error`` are written, its state stays.
    neuron : NeuronStep
        Constants.
    """
    y, h_ms, stage, new, error = block.state, block.h_ms, block.stage, block.new, block.error
    k1, k2, k3 = block.slope_1, block.slope_2, block.slope_3
    k4, k5, k6 = block.slope_4, block.slope_5, block.slope_6
    largest_error, new_V_mV, new_w_pA = block.largest_error, new[:LANES], new[LANES : 2 * LANES]
    slopes(y, k1, block, neuron)
    for j in range(SIZE):
        stage[j] = rkf.stage_2(y[j], h_ms[j], k1[j])
    slopes(stage, k2, block, neuron)
    for j in range(SIZE):
        stage[j] = rkf.stage_3(y[j], h_ms[j], k1[j], k2[j])
    slopes(stage, k3, block, neuron)
    for j in range(SIZE):
        stage[j] = rkf.stage_4(y[j], h_ms[j], k1[j], k2[j], k3[j])
    slopes(stage, k4, block, neuron)
    for j in range(SIZE):
        stage[j] = rkf.stage_5(y[j], h_ms[j], k1[j], k2[j], k3[j], k4[j])
    slopes(stage, k5, block, neuron)
    for j in range(SIZE):
        stage[j] = rkf.stage_6(y[j], h_ms[j], k1[j], k2[j], k3[j], k4[j], k5[j])
    slopes(stage, k6, block, neuron)
    for i in range(LANES):
        largest_error[i] = 0.0
    for j in range(SIZE):
        new[j] = rkf.fifth_order(y[j], h_ms[j], k1[j], k3[j], k4[j], k5[j], k6[j])
        error[j] = abs(rkf.error_estimate(h_ms[j], k1[j], k3[j], k4[j], k5[j], k6[j]))
    for v in range(0, SIZE, LANES):
        for i in range(LANES):
            largest_error[i] = max(largest_error[i], error[v + i])
    for i in range(LANES):
        largest_error[i] = largest_error[i] if is_bounded(new_V_mV[i], new_w_pA[i]) else np.inf


@njit
def set_step(block, neuron):
    """Write the size of the next solver step, cut to the rest of the interval, for every variable."""
    for v in range(0, SIZE, LANES):
        for i in range(LANES):
            block.h_ms[v + i] = min(block.next_h_ms[i], neuron.dt_ms - block.time_ms[i])


@njit
def error_ratio(block, i, neuron):
    """Return the largest error of one neuron over its scale, which is the slope after the step.

    Source: docs/models/voltage_based_stdp.md#solver-error.

    Parameters
    ----------
    block : record of `BLOCK`
        A block after `try_step` and with the slopes of the new state.
    i : int
        Neuron.
    neuron : NeuronStep
        Constants; ``tolerance`` is both the relative and the absolute one.

    Returns
    -------
    float
        Largest ratio over the seven variables.
    """
    ratio = 0.0
    for j in range(i, SIZE, LANES):
        scale = neuron.tolerance * abs(block.h_ms[j] * block.new_slope[j]) + neuron.tolerance
        ratio = max(ratio, block.error[j] / scale)
    return ratio


@njit
def finish_step(block, i, neuron):
    """Add the input, detect a spike, release the clamp: one neuron after a solver step.

    Source: docs/models/voltage_based_stdp.md#neuron-step-input and below.

    Parameters
    ----------
    block : record of `BLOCK`
        A block; changed in place.
    i : int
        Neuron.
    neuron : NeuronStep
        Constants.
    """
    V_mV, w_pA, z_pA, T_mV, _, _, _ = by_variable(block.state)
    clamped, refractory = block.clamped, block.refractory
    if refractory[i] == 0 and clamped[i] == 0:
        V_mV[i] += block.input_mV[i]
    # Input that finds the neuron clamped or refractory is lost.
    block.input_mV[i] = 0.0
    peak_mV = neuron.V_peak_mV if neuron.Delta_T_mV > 0 else T_mV[i]
    if V_mV[i] >= peak_mV and clamped[i] == 0:
        V_mV[i] = neuron.V_clamp_mV
        w_pA[i] += neuron.b_pA
        z_pA[i] = neuron.I_sp_pA
        T_mV[i] = neuron.V_T_max_mV
        clamped[i] = neuron.clamp_steps + 1 if neuron.clamp_steps > 0 else 0
        block.spikes[i] += 1
    elif clamped[i] == 1:
        V_mV[i] = neuron.V_reset_mV
        clamped[i] = 0
        refractory[i] = neuron.refractory_steps + 1 if neuron.refractory_steps > 0 else 0
    if refractory[i] > 0:
        V_mV[i] = neuron.V_reset_mV


@njit
def control_step(block, i, neuron):
    """Accept or reject the solver step of one neuron, and choose its next step size.

    Source: docs/models/voltage_based_stdp.md#solver-control.

    Parameters
    ----------
    block : record of `BLOCK`
        A block after `try_step` and with the slopes of the new state; changed in place.
    i : int
        Neuron.
    neuron : NeuronStep
        Constants.

    Returns
    -------
    bool
        False if the step would be accepted, but leads out of the limits: the state stays.
    """
    h_ms, time_ms = block.h_ms[i], block.time_ms[i]
    was_cut = block.next_h_ms[i] > neuron.dt_ms - time_ms
    ratio = error_ratio(block, i, neuron)
    if ratio > rkf.REPEAT_ABOVE:
        shorter_ms = rkf.shrunk_step(h_ms, ratio)
        if shorter_ms < h_ms and time_ms + shorter_ms != time_ms:
            block.next_h_ms[i] = shorter_ms
            return True
        block.next_h_ms[i] = h_ms
    else:
        block.next_h_ms[i] = rkf.next_step(h_ms, ratio)
    if not is_bounded(block.new[i], block.new[LANES + i]):
        return False
    for j in range(i, SIZE, LANES):
        block.state[j] = block.new[j]
    # A step that was cut to the rest of the interval ends exactly at its end.
    block.time_ms[i] = neuron.dt_ms if was_cut else time_ms + h_ms
    finish_step(block, i, neuron)
    return True


@njit
def crossed_at_once(block, used, neuron):
    """Return True if every neuron has crossed the whole interval in one acceptable step, the common case.

    An error below the tolerance gives a ratio below 1 whatever the slope, so the slope need not be known. And the
    next step size, which is then at least this one, will be cut to the interval again, so it may stay as it is.
    """
    at_once = True
    for i in range(used):
        at_once = at_once and block.h_ms[i] == neuron.dt_ms and block.largest_error[i] <= neuron.tolerance
    return at_once


@njit
def advance(block, used, neuron):
    """Advance the neurons of a block over one interval (docs/models/voltage_based_stdp.md#neuron-step).

    Parameters
    ----------
    block : record of `BLOCK`
        A block, with the input of this interval [mV] in its ``input_mV``; changed in place. Its ``spikes``
        then count the spikes of the interval.
    used : int
        Neurons in use.
    neuron : NeuronStep
        Constants.

    Returns
    -------
    int
        Neuron that would leave its limits, or for which the solver takes too many steps; -1 if none does. The run
        then has to end: see `note_outside`.
    """
    for i in range(LANES):
        block.time_ms[i] = 0.0 if i < used else neuron.dt_ms
        block.spikes[i] = 0
        block.steps_left[i] += rkf.STEPS_PER_INTERVAL
    left = True
    while left:
        set_step(block, neuron)
        try_step(block, neuron)
        if crossed_at_once(block, used, neuron):
            for j in range(SIZE):
                block.state[j] = block.new[j]
            for i in range(used):
                finish_step(block, i, neuron)
                block.steps_left[i] -= 1
            left = False
        else:
            slopes(block.new, block.new_slope, block, neuron)
            left = False
            for i in range(used):
                if block.time_ms[i] < neuron.dt_ms:
                    if not control_step(block, i, neuron):
                        return i
                    # Each has its own number: neurons that spike one after another take no steps from each other.
                    block.steps_left[i] -= 1
                    if block.time_ms[i] < neuron.dt_ms:
                        left = True
                        if block.steps_left[i] < 0:
                            return i
    for i in range(used):
        block.clamped[i] = max(block.clamped[i] - 1, 0.0)
        block.refractory[i] = max(block.refractory[i] - 1, 0.0)
    return -1


@njit
def note_outside(block, i, failure, step, place):
    """Note what `advance` has found: the variable of a neuron that is outside its limits, with its value.

    Parameters
    ----------
    block : record of `BLOCK`
        A block after `advance`.
    i : int
        What `advance` has returned.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record; changed in place.
    step, place : int
        Present step, and number of the neuron in the network.
    """
    V_mV, w_pA = block.new[i], block.new[LANES + i]
    if is_bounded(V_mV, w_pA):
        note_failure(failure, TOO_STIFF, step, place, block.h_ms[i])
    elif is_bounded(V_mV, 0.0):
        note_failure(failure, W_OUTSIDE, step, place, w_pA)
    else:
        note_failure(failure, V_OUTSIDE, step, place, V_mV)
