"""Equations of dendritic prediction of somatic spiking (Urbanczik and Senn 2014).

Source: docs/models/dendritic_prediction.md.

===============  =======================  ======================================================================
symbol           name                     meaning
===============  =======================  ======================================================================
U                U_mV                     potential of the soma
V, V_W           V_mV                     potential of the dendrite
V*, V_W*         `dendritic_prediction`   potential that the dendrite alone would give the soma
g_E, g_I         g_E_nS, g_I_nS           conductances at the soma, by which the drive acts
I_E              I_E_pA                   current into the dendrite, by which the plastic synapses act
phi(u)           `escape_rate`            rate at which the neuron spikes at a potential
h(u)             `log_slope`              15 phi'(u) / phi(u)
E                error                    prediction error of one step: (S - phi(V*) dt) h(V*)
PI, PE           integral, low_passed     sum of the synapse's error contributions, and the share that is still held
                                          back by the low-pass filter
aL, aS           trace_leak, trace_input  presynaptic spikes, low-passed with tau_L and tau_s
tau_L, tau_s     membrane, synaptic       time constants of the dendritic response to one spike
tau_Delta        tau_filter_ms            time constant of the low-pass filter on weight changes
===============  =======================  ======================================================================

ms, mV, pA, nS and pF are coherent, and so are the units of the publication (all potentials divided by 15 mV after
adding 70 mV, capacitances by 300 pF): no equation has a conversion factor, and the names show the standard units.
"""

import math
from collections import namedtuple

from replasticity.numerics import runge_kutta_fehlberg as rkf
from replasticity.numerics.compilation import njit

#: Potentials, conductances and current of the neuron after a step.
Neuron = namedtuple("Neuron", ["U_mV", "V_mV", "g_E_nS", "g_I_nS", "I_E_pA"])

#: How the solver sees y' = -y / tau over one of its steps, as fractions of the value at its start: y at the
#: six nodes, y at the end, and the error estimate.
Decay = namedtuple("Decay", ["node_2", "node_3", "node_4", "node_5", "node_6", "end", "error"])

#: `Decay` of the three quantities that decay by themselves.
Decays = namedtuple("Decays", ["g_E", "g_I", "I_E"])

#: The solver's tolerance: the same number for mV and for the publication's units.
SOLVER_TOLERANCE = 1e-3


# Spiking and prediction error -------------------------------------------------------------------------


@njit
def escape_rate(u_mV, step):
    """Return phi(u) = phi_max / (1 + k exp(beta (theta - u))), the rate of spiking.

    Parameters
    ----------
    u_mV : float
        Potential [mV].
    step : UrbanczikSennStep
        Per-step constants from `replasticity.models.urbanczik_senn.discretise`.

    Returns
    -------
    float
        Rate [1/ms] (docs/models/dendritic_prediction.md#escape-rate).
    """
    return step.rate_max_per_ms / (1.0 + step.rate_slope * math.exp(step.beta_per_mV * (step.theta_mV - u_mV)))


@njit
def log_slope(u_mV, step):
    """Return h(u) = 15 beta / (1 + (1/k) exp(-beta (theta - u))): 15 times the logarithmic derivative of phi.

    Parameters
    ----------
    u_mV : float
        Potential [mV].
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    float
        h [1/mV]; the bare number 15 belongs to the published model (docs/models/dendritic_prediction.md#log-slope).
    """
    return 15.0 * step.beta_per_mV / (1.0 + math.exp(-step.beta_per_mV * (step.theta_mV - u_mV)) / step.rate_slope)


@njit
def dendritic_prediction(V_mV, step):
    """Return V* = (g_L,s E_L,s + g_sp V) / (g_L,s + g_sp), the soma's potential without drive.

    Parameters
    ----------
    V_mV : float
        Potential of the dendrite [mV].
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    float
        Dendritic prediction [mV] (docs/models/dendritic_prediction.md#dendritic-prediction).
    """
    return (step.E_L_s_mV * step.g_L_s_nS + V_mV * step.g_sp_nS) / (step.g_sp_nS + step.g_L_s_nS)


@njit
def prediction_error(V_mV, has_spiked, step):
    """Return E = (S - phi(V*) dt) h(V*): how far the dendrite is from predicting what the soma did.

    Parameters
    ----------
    V_mV : float
        Potential of the dendrite after the step [mV].
    has_spiked : bool
        Whether the neuron spiked in the step (S).
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    float
        Error [1/mV] (docs/models/dendritic_prediction.md#prediction-error).
    """
    V_star_mV = dendritic_prediction(V_mV, step)
    return (has_spiked - escape_rate(V_star_mV, step) * step.dt_ms) * log_slope(V_star_mV, step)


@njit
def spikes(U_mV, uniform, step):
    """Return True if a neuron that is not refractory spikes in this step: with probability 1 - exp(-phi(U) dt).

    Parameters
    ----------
    U_mV : float
        Potential of the soma after the step [mV].
    uniform : float
        Random number in [0, 1); -1 forces a spike, 2 forbids it.
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    bool
        Whether it spikes (docs/models/dendritic_prediction.md#step-spike).
    """
    # Most numbers lie above the probability at the highest rate of all; phi is then not needed.
    return uniform <= step.highest_probability and uniform <= -math.expm1(-escape_rate(U_mV, step) * step.dt_ms)


# Runge, Kutta and Fehlberg's solver (docs/models/dendritic_prediction.md#solver-tableau) ---------------------


@njit
def decay_over(h_ms, tau_ms):
    """Return how the solver sees y' = -y / tau over one step, as fractions of y.

    The equation is linear, so the fractions are the same for every y: they are worked out once.

    Parameters
    ----------
    h_ms, tau_ms : float
        Step of the solver and time constant [ms].

    Returns
    -------
    Decay
        Fractions at the nodes and at the end, and the error estimate.
    """
    k1 = -1.0 / tau_ms
    at_2 = rkf.stage_2(1.0, h_ms, k1)
    k2 = -at_2 / tau_ms
    at_3 = rkf.stage_3(1.0, h_ms, k1, k2)
    k3 = -at_3 / tau_ms
    at_4 = rkf.stage_4(1.0, h_ms, k1, k2, k3)
    k4 = -at_4 / tau_ms
    at_5 = rkf.stage_5(1.0, h_ms, k1, k2, k3, k4)
    k5 = -at_5 / tau_ms
    at_6 = rkf.stage_6(1.0, h_ms, k1, k2, k3, k4, k5)
    k6 = -at_6 / tau_ms
    end = rkf.fifth_order(1.0, h_ms, k1, k3, k4, k5, k6)
    return Decay(at_2, at_3, at_4, at_5, at_6, end, rkf.error_estimate(h_ms, k1, k3, k4, k5, k6))


@njit
def decays_over(h_ms, step):
    """Return `Decay` of both somatic conductances and of the dendritic current over one step of the solver."""
    return Decays(
        decay_over(h_ms, step.tau_E_s_ms), decay_over(h_ms, step.tau_I_s_ms), decay_over(h_ms, step.tau_E_d_ms)
    )


@njit
def soma_slope(U_mV, V_mV, g_E_nS, g_I_nS, step):
    """Return dU/dt = (-g_L,s (U-E_L,s) - g_E (U-E_E) - g_I (U-E_I) + g_sp (V-U)) / C_s [mV/ms].

    Source: docs/models/dendritic_prediction.md#soma-potential.
    """
    return (
        -step.g_L_s_nS * (U_mV - step.E_L_s_mV)
        - g_E_nS * (U_mV - step.E_E_mV)
        - g_I_nS * (U_mV - step.E_I_mV)
        + step.g_sp_nS * (V_mV - U_mV)
    ) / step.C_s_pF


@njit
def dendrite_slope(U_mV, V_mV, I_E_pA, step):
    """Return dV/dt = (-g_L,d (V-E_L,d) + I_E + g_ps (U-V)) / C_d [mV/ms].

    Source: docs/models/dendritic_prediction.md#dendrite-potential.

    The inhibitory current of the published neuron has no input here and is left out.
    """
    return (-step.g_L_d_nS * (V_mV - step.E_L_d_mV) + I_E_pA + step.g_ps_nS * (U_mV - V_mV)) / step.C_d_pF


@njit
def solve(neuron, h_ms, decays, step):
    """Return the neuron after one step of the solver, and the largest error relative to the tolerance.

    Parameters
    ----------
    neuron : Neuron
        State at the start.
    h_ms : float
        Step of the solver [ms].
    decays : Decays
        From `decays_over` for this ``h_ms``.
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    tuple of (Neuron, float)
        State at the end, and r = max |e| / 1e-3 over all variables (docs/models/dendritic_prediction.md#solver-error).
    """
    U, V, g_E, g_I, I_E = neuron
    of_E, of_I, of_I_E = decays
    a1, b1 = soma_slope(U, V, g_E, g_I, step), dendrite_slope(U, V, I_E, step)
    u, v = rkf.stage_2(U, h_ms, a1), rkf.stage_2(V, h_ms, b1)
    a2 = soma_slope(u, v, g_E * of_E.node_2, g_I * of_I.node_2, step)
    b2 = dendrite_slope(u, v, I_E * of_I_E.node_2, step)
    u, v = rkf.stage_3(U, h_ms, a1, a2), rkf.stage_3(V, h_ms, b1, b2)
    a3 = soma_slope(u, v, g_E * of_E.node_3, g_I * of_I.node_3, step)
    b3 = dendrite_slope(u, v, I_E * of_I_E.node_3, step)
    u, v = rkf.stage_4(U, h_ms, a1, a2, a3), rkf.stage_4(V, h_ms, b1, b2, b3)
    a4 = soma_slope(u, v, g_E * of_E.node_4, g_I * of_I.node_4, step)
    b4 = dendrite_slope(u, v, I_E * of_I_E.node_4, step)
    u, v = rkf.stage_5(U, h_ms, a1, a2, a3, a4), rkf.stage_5(V, h_ms, b1, b2, b3, b4)
    a5 = soma_slope(u, v, g_E * of_E.node_5, g_I * of_I.node_5, step)
    b5 = dendrite_slope(u, v, I_E * of_I_E.node_5, step)
    u, v = rkf.stage_6(U, h_ms, a1, a2, a3, a4, a5), rkf.stage_6(V, h_ms, b1, b2, b3, b4, b5)
    a6 = soma_slope(u, v, g_E * of_E.node_6, g_I * of_I.node_6, step)
    b6 = dendrite_slope(u, v, I_E * of_I_E.node_6, step)
    error = max(
        abs(rkf.error_estimate(h_ms, a1, a3, a4, a5, a6)),
        abs(rkf.error_estimate(h_ms, b1, b3, b4, b5, b6)),
        abs(g_E * of_E.error),
        abs(g_I * of_I.error),
        abs(I_E * of_I_E.error),
    )
    after = Neuron(
        rkf.fifth_order(U, h_ms, a1, a3, a4, a5, a6),
        rkf.fifth_order(V, h_ms, b1, b3, b4, b5, b6),
        g_E * of_E.end,
        g_I * of_I.end,
        I_E * of_I_E.end,
    )
    return after, error / SOLVER_TOLERANCE


@njit
def shorter(h_ms, r):
    """Return the next step of the solver [ms] after one whose error r is too large.

    Source: docs/models/dendritic_prediction.md#solver-control.
    """
    return h_ms * max(0.2, 0.9 * r ** (-1.0 / 5.0))


@njit
def longer(h_ms, r):
    """Return the next step of the solver [ms] after an accepted one of error r.

    Source: docs/models/dendritic_prediction.md#solver-control.
    """
    if r < 0.5:
        return h_ms * min(5.0, max(1.0, 0.9 * r ** (-1.0 / 6.0)))
    return h_ms


@njit
def integrate(neuron, h_ms, steps_left, step):
    """Return the neuron after one interval, the solver's step for the next, and how many steps are left.

    Parameters
    ----------
    neuron : Neuron
        State at the start of the interval.
    h_ms : float
        The solver's step [ms]; kept from interval to interval.
    steps_left : int
        Steps that the solver may take; where they do not do, -1 are left, and the run has to end.
    step : UrbanczikSennStep
        Per-step constants; ``decays`` are those of a whole interval.

    Returns
    -------
    tuple of (Neuron, float, int)
        State at the end of the interval, the proposed step [ms] (docs/models/dendritic_prediction.md#solver), and the
        steps left.
    """
    passed_ms = 0.0
    while passed_ms < step.dt_ms and steps_left >= 0:
        steps_left -= 1
        left_ms = step.dt_ms - passed_ms
        tried_ms = min(h_ms, left_ms)
        after, r = solve(neuron, tried_ms, decays_over(tried_ms, step), step)
        if r > 1.1:
            h_ms = shorter(tried_ms, r)
            continue
        neuron = after
        passed_ms = step.dt_ms if tried_ms == left_ms else passed_ms + tried_ms
        h_ms = longer(tried_ms, r)
    return neuron, h_ms, steps_left


# The plastic synapse (docs/models/dendritic_prediction.md#synapse) -------------------------------------------
#
# A spike needs, for the membrane (tau = tau_L) and the synaptic time constant (tau = tau_s), two sums over the
# errors E that have arrived since the synapse's last spike at t_l:
#
#     plain    = sum exp((t_l - t) / tau) E(t)
#     filtered = sum exp((t_l - t) / tau) exp((t - t_n) / tau_Delta) E(t)
#
# Time is cut into blocks. Both sums are kept for each whole block and for the present one up to now, with times
# relative to the block's start. A spike joins the blocks since t_l, so that its cost does not depend on the number
# of steps. Blocks are short against all time constants: no sum is a small difference of large numbers.


@njit
def time_of_step_ms(n, step):
    """Return the time after so many steps [ms], rounded as the reference simulator rounds it.

    Source: docs/models/dendritic_prediction.md#times.

    After 20 s the rounding is 1e-12 of a time constant, and the same for each error of a step: with exact
    differences of time, weights depart from the reference's by twenty times as much.

    Parameters
    ----------
    n : int
        Number of steps.
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    float
        Time [ms]: a thousandth of the whole number of microseconds.
    """
    return 0.001 * (step.microseconds * n)


@njit
def add_error(sums, block, arrival_ms, error, step):
    """Add the error that arrives at the synapses in a step to the sums of its block.

    Parameters
    ----------
    sums : ErrorSums
        Sums of all blocks; changed in place.
    block : int
        Block of the arrival.
    arrival_ms : float
        Time of arrival [ms]: the error's own time plus the synapse's delay.
    error : float
        Prediction error [1/mV].
    step : UrbanczikSennStep
        Per-step constants.
    """
    age_ms = arrival_ms - sums.start_ms[block]
    gain = math.exp(age_ms / step.tau_filter_ms)
    for kind in range(3):
        plain = math.exp(-age_ms / step.tau_kernel_ms[kind]) * error
        sums.plain[block, kind] += plain
        sums.filtered[block, kind] += gain * plain


@njit
def errors_since(last_ms, last_block, now_ms, now_block, kind, plain_at_last, filtered_at_last, sums, step):
    """Return both sums over the errors that arrived after a synapse's last spike and up to the present one.

    Parameters
    ----------
    last_ms, now_ms : float
        Times of the last and of the present spike [ms].
    last_block, now_block : int
        Their blocks.
    kind : int
        Time constant: `MEMBRANE`, `EXCITATORY` or `INHIBITORY` of `replasticity.models.urbanczik_senn`.
    plain_at_last, filtered_at_last : float
        Sums of the last spike's block as they were at that spike [1/mV].
    sums : ErrorSums
        Sums of all blocks up to now.
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    tuple of (float, float)
        Plain and filtered sum [1/mV].
    """
    plain = sums.plain[now_block, kind]
    filtered = sums.filtered[now_block, kind]
    held_back = 1.0
    for block in range(now_block - 1, last_block - 1, -1):
        held_back *= sums.decay_filter[block]
        plain = sums.plain[block, kind] + sums.decay[block, kind] * plain
        filtered = held_back * sums.filtered[block, kind] + sums.decay[block, kind] * filtered
    plain -= plain_at_last
    filtered -= held_back * filtered_at_last
    # So far relative to the starts of the last spike's and of the present block; now to the spikes themselves.
    from_last = math.exp((last_ms - sums.start_ms[last_block]) / step.tau_kernel_ms[kind])
    to_now = math.exp((sums.start_ms[now_block] - now_ms) / step.tau_filter_ms)
    return from_last * plain, from_last * filtered * to_now


@njit
def clip(weight_pA, step):
    """Return the weight within its bounds [pA] (docs/models/dendritic_prediction.md#bounds)."""
    return min(max(weight_pA, step.weight_min_pA), step.weight_max_pA)


@njit
def weight_of(weight_initial_pA, integral, low_passed, tau_L_ms, tau_s_ms, step):
    """Return w = clip(w0 + (PI - PE) 15 C_d tau_s eta / (g_L,d (tau_L - tau_s))).

    Parameters
    ----------
    weight_initial_pA : float
        Weight at the start, w0 [pA].
    integral, low_passed : float
        PI and PE [1/mV].
    tau_L_ms, tau_s_ms : float
        Time constants of the dendritic membrane and of the synapse [ms].
    step : UrbanczikSennStep
        Per-step constants.

    Returns
    -------
    float
        Weight [pA] (docs/models/dendritic_prediction.md#weight). Only this value is bounded, never PI and PE.
    """
    change_pA = ((integral - low_passed) * 15.0 * step.C_d_pF * tau_s_ms * step.eta_pA_mV_per_ms) / (
        step.g_L_d_nS * (tau_L_ms - tau_s_ms)
    )
    return clip(weight_initial_pA + change_pA, step)
