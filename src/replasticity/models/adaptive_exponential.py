"""Adaptive exponential neurons with an adaptive solver: constants, state, and one grid step (interval).

Sixteen neurons advance side by side, so that the processor works on several at once. Each keeps its own
step size, and each gets the same bits as if it were alone. All numbers of such a block are in one flat array:
row ``R`` of neuron ``i`` is element ``R + i``. Rows of one length and a common base are what compilers turn
into vector instructions.

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
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import note_failure

#: Constants of the neuron. ``clamp_steps`` and ``refractory_steps`` are t_clamp and t_ref in grid steps.
NeuronStep = namedtuple(
    "NeuronStep",
    [
        "dt_ms",
        "c_pF",
        "g_L_nS",
        "E_L_mV",
        "Delta_T_mV",
        "V_peak_mV",
        "V_reset_mV",
        "V_clamp_mV",
        "a_nS",
        "b_pA",
        "tau_w_ms",
        "I_sp_pA",
        "tau_z_ms",
        "V_T_rest_mV",
        "V_T_max_mV",
        "tau_T_ms",
        "I_e_pA",
        "tau_plus_ms",
        "tau_minus_ms",
        "tau_bar_ms",
        "tolerance",
        "clamp_steps",
        "refractory_steps",
    ],
)

#: Neurons in a block.
LANES = 16
VARIABLES = 7
_SIZE = VARIABLES * LANES

# The state: seven rows, in this order wherever all seven appear.
V, W, Z, T, U_PLUS, U_MINUS, U_BAR = (k * LANES for k in range(VARIABLES))
_STATE = 0
_STAGE, _K1, _K2, _K3, _K4, _K5, _K6, _NEW, _K_NEW, _ERROR, _H = (k * _SIZE for k in range(1, 12))
# Single rows. Counters are whole numbers, kept as floats so that a block is one array.
(
    CLAMPED,
    REFRACTORY,
    INPUT,
    SPIKES,
    _NEXT_H,
    _TIME,
    _EFFECTIVE,
    _UPSTROKE,
    _LARGEST,
    # Solver steps that the block may still take, in the first place of the row.
    _STEPS_LEFT,
) = (12 * _SIZE + k * LANES for k in range(10))
BLOCK_SIZE = 12 * _SIZE + 10 * LANES

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
    ndarray of float64, shape (blocks, BLOCK_SIZE)
        Neuron ``k`` is neuron ``k % LANES`` of block ``k // LANES``; what is left of the last block is idle.
    """
    blocks = np.zeros((math.ceil(len(V_initial_mV) / LANES), BLOCK_SIZE))
    for row, value in (
        (V, neuron.E_L_mV),
        (W, w_initial_pA),
        (T, neuron.V_T_rest_mV),
        (U_PLUS, neuron.E_L_mV),
        (U_MINUS, neuron.E_L_mV),
        (U_BAR, neuron.E_L_mV),
        (_NEXT_H, neuron.dt_ms),
        (_STEPS_LEFT, rkf.STEPS_MORE),
    ):
        blocks[:, row : row + LANES] = value
    for k, V_mV in enumerate(V_initial_mV):
        blocks[k // LANES, V + k % LANES] = V_mV
    return blocks


@njit
def slopes(block, at, to, neuron):
    """Write the slopes of all variables into the block.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
        A block; changed in place.
    at, to : int
        Where the seven rows of the state are, and where those of the slopes go.
    neuron : NeuronStep
        Constants.
    """
    for i in range(LANES):
        block[_EFFECTIVE + i] = effective_potential(
            block[at + V + i], block[CLAMPED + i], block[REFRACTORY + i], neuron
        )
        block[_UPSTROKE + i] = upstroke_exponent(block[_EFFECTIVE + i], block[at + T + i], neuron)
    for i in range(LANES):
        # The exponential is dear. Neurons that have reached the end of the interval, and idle ones, need none.
        needed = block[_TIME + i] < neuron.dt_ms and neuron.Delta_T_mV > 0
        block[_UPSTROKE + i] = math.exp(block[_UPSTROKE + i]) if needed else 0.0
    for i in range(LANES):
        V_mV, clamped, refractory = block[_EFFECTIVE + i], block[CLAMPED + i], block[REFRACTORY + i]
        w_pA, z_pA = block[at + W + i], block[at + Z + i]
        block[to + V + i] = membrane_slope(V_mV, w_pA, z_pA, block[_UPSTROKE + i], clamped, refractory, neuron)
        block[to + W + i] = adaptation_slope(V_mV, w_pA, clamped, neuron)
        block[to + Z + i] = afterpotential_slope(z_pA, neuron)
        block[to + T + i] = threshold_slope(block[at + T + i], neuron)
        block[to + U_PLUS + i] = low_pass_slope(V_mV, block[at + U_PLUS + i], neuron.tau_plus_ms)
        block[to + U_MINUS + i] = low_pass_slope(V_mV, block[at + U_MINUS + i], neuron.tau_minus_ms)
        block[to + U_BAR + i] = low_pass_slope(block[at + U_MINUS + i], block[at + U_BAR + i], neuron.tau_bar_ms)


@njit
def try_step(block, neuron):
    """Write the state after one solver step of each neuron, and its largest error, into the block.

    The error is infinite where the state would be outside its limits.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
        A block; its rows ``_NEW`` and ``_LARGEST`` are written, its state stays.
    neuron : NeuronStep
        Constants.
    """
    b = block
    slopes(b, _STATE, _K1, neuron)
    for j in range(_SIZE):
        b[_STAGE + j] = rkf.stage_2(b[j], b[_H + j], b[_K1 + j])
    slopes(b, _STAGE, _K2, neuron)
    for j in range(_SIZE):
        b[_STAGE + j] = rkf.stage_3(b[j], b[_H + j], b[_K1 + j], b[_K2 + j])
    slopes(b, _STAGE, _K3, neuron)
    for j in range(_SIZE):
        b[_STAGE + j] = rkf.stage_4(b[j], b[_H + j], b[_K1 + j], b[_K2 + j], b[_K3 + j])
    slopes(b, _STAGE, _K4, neuron)
    for j in range(_SIZE):
        b[_STAGE + j] = rkf.stage_5(b[j], b[_H + j], b[_K1 + j], b[_K2 + j], b[_K3 + j], b[_K4 + j])
    slopes(b, _STAGE, _K5, neuron)
    for j in range(_SIZE):
        b[_STAGE + j] = rkf.stage_6(b[j], b[_H + j], b[_K1 + j], b[_K2 + j], b[_K3 + j], b[_K4 + j], b[_K5 + j])
    slopes(b, _STAGE, _K6, neuron)
    for i in range(LANES):
        b[_LARGEST + i] = 0.0
    for j in range(_SIZE):
        k1, k3, k4, k5, k6 = b[_K1 + j], b[_K3 + j], b[_K4 + j], b[_K5 + j], b[_K6 + j]
        b[_NEW + j] = rkf.fifth_order(b[j], b[_H + j], k1, k3, k4, k5, k6)
        b[_ERROR + j] = abs(rkf.error_estimate(b[_H + j], k1, k3, k4, k5, k6))
    for v in range(0, _SIZE, LANES):
        for i in range(LANES):
            b[_LARGEST + i] = max(b[_LARGEST + i], b[_ERROR + v + i])
    for i in range(LANES):
        b[_LARGEST + i] = b[_LARGEST + i] if is_bounded(b[_NEW + V + i], b[_NEW + W + i]) else np.inf


@njit
def set_step(block, neuron):
    """Write the size of the next solver step, cut to the rest of the interval, beside every variable."""
    for v in range(0, _SIZE, LANES):
        for i in range(LANES):
            block[_H + v + i] = min(block[_NEXT_H + i], neuron.dt_ms - block[_TIME + i])


@njit
def error_ratio(block, i, neuron):
    """Return the largest error of one neuron over its scale, which is the slope after the step.

    Source: docs/models/voltage_based_stdp.md#solver-error.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
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
    for j in range(i, _SIZE, LANES):
        scale = neuron.tolerance * abs(block[_H + i] * block[_K_NEW + j]) + neuron.tolerance
        ratio = max(ratio, block[_ERROR + j] / scale)
    return ratio


@njit
def finish_step(block, i, neuron):
    """Add the input, detect a spike, release the clamp: one neuron after a solver step.

    Source: docs/models/voltage_based_stdp.md#neuron-step-input and below.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
        A block; changed in place.
    i : int
        Neuron.
    neuron : NeuronStep
        Constants.
    """
    if block[REFRACTORY + i] == 0 and block[CLAMPED + i] == 0:
        block[V + i] += block[INPUT + i]
    # Input that finds the neuron clamped or refractory is lost.
    block[INPUT + i] = 0.0
    peak_mV = neuron.V_peak_mV if neuron.Delta_T_mV > 0 else block[T + i]
    if block[V + i] >= peak_mV and block[CLAMPED + i] == 0:
        block[V + i] = neuron.V_clamp_mV
        block[W + i] += neuron.b_pA
        block[Z + i] = neuron.I_sp_pA
        block[T + i] = neuron.V_T_max_mV
        block[CLAMPED + i] = neuron.clamp_steps + 1 if neuron.clamp_steps > 0 else 0
        block[SPIKES + i] += 1
    elif block[CLAMPED + i] == 1:
        block[V + i] = neuron.V_reset_mV
        block[CLAMPED + i] = 0
        block[REFRACTORY + i] = neuron.refractory_steps + 1 if neuron.refractory_steps > 0 else 0
    if block[REFRACTORY + i] > 0:
        block[V + i] = neuron.V_reset_mV


@njit
def control_step(block, i, neuron):
    """Accept or reject the solver step of one neuron, and choose its next step size.

    Source: docs/models/voltage_based_stdp.md#solver-control.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
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
    h_ms, time_ms = block[_H + i], block[_TIME + i]
    was_cut = block[_NEXT_H + i] > neuron.dt_ms - time_ms
    ratio = error_ratio(block, i, neuron)
    if ratio > rkf.REPEAT_ABOVE:
        shorter_ms = rkf.shrunk_step(h_ms, ratio)
        if shorter_ms < h_ms and time_ms + shorter_ms != time_ms:
            block[_NEXT_H + i] = shorter_ms
            return True
        block[_NEXT_H + i] = h_ms
    else:
        block[_NEXT_H + i] = rkf.next_step(h_ms, ratio)
    if not is_bounded(block[_NEW + V + i], block[_NEW + W + i]):
        return False
    for j in range(i, _SIZE, LANES):
        block[j] = block[_NEW + j]
    # A step that was cut to the rest of the interval ends exactly at its end.
    block[_TIME + i] = neuron.dt_ms if was_cut else time_ms + h_ms
    finish_step(block, i, neuron)
    return True


@njit
def crossed_at_once(block, used, neuron):
    """Say whether every neuron has crossed the whole interval in one acceptable step, the common case.

    An error below the tolerance gives a ratio below 1 whatever the slope, so the slope need not be known. And the
    next step size, which is then at least this one, will be cut to the interval again, so it may stay as it is.
    """
    at_once = True
    for i in range(used):
        at_once = at_once and block[_H + i] == neuron.dt_ms and block[_LARGEST + i] <= neuron.tolerance
    return at_once


@njit
def advance(block, used, neuron):
    """Advance the neurons of a block over one interval (docs/models/voltage_based_stdp.md#neuron-step).

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
        A block, with the input of this interval [mV] in its row ``INPUT``; changed in place. Its row ``SPIKES``
        then counts the spikes of the interval.
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
        block[_TIME + i] = 0.0 if i < used else neuron.dt_ms
        block[SPIKES + i] = 0.0
    block[_STEPS_LEFT] += rkf.STEPS_PER_INTERVAL
    left = True
    while left:
        block[_STEPS_LEFT] -= 1
        set_step(block, neuron)
        try_step(block, neuron)
        if crossed_at_once(block, used, neuron):
            for j in range(_SIZE):
                block[j] = block[_NEW + j]
            for i in range(used):
                finish_step(block, i, neuron)
            left = False
        else:
            slopes(block, _NEW, _K_NEW, neuron)
            left = False
            for i in range(used):
                if block[_TIME + i] < neuron.dt_ms:
                    if not control_step(block, i, neuron):
                        return i
                    left = left or block[_TIME + i] < neuron.dt_ms
                    if left and block[_STEPS_LEFT] < 0:
                        return i
    for i in range(used):
        block[CLAMPED + i] = max(block[CLAMPED + i] - 1, 0.0)
        block[REFRACTORY + i] = max(block[REFRACTORY + i] - 1, 0.0)
    return -1


@njit
def note_outside(block, i, failure, step, place):
    """Note what `advance` has found: the variable of a neuron that is outside its limits, with its value.

    Parameters
    ----------
    block : ndarray of float64, shape (BLOCK_SIZE,)
        A block after `advance`.
    i : int
        What `advance` has returned.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record; changed in place.
    step, place : int
        Present step, and number of the neuron in the network.
    """
    V_mV, w_pA = block[_NEW + V + i], block[_NEW + W + i]
    if is_bounded(V_mV, w_pA):
        note_failure(failure, TOO_STIFF, step, place, block[_H + i])
    elif is_bounded(V_mV, 0.0):
        note_failure(failure, W_OUTSIDE, step, place, w_pA)
    else:
        note_failure(failure, V_OUTSIDE, step, place, V_mV)
