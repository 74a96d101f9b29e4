"""Equations of the Hodgkin-Huxley neuron with alpha-shaped currents (docs/models/voltage_based_stdp.md#hodgkin-huxley).

========  =============  ====================================================
symbol    name           meaning
========  =============  ====================================================
V         V_mV           membrane potential [mV]
m, h      m, h           activation and inactivation of the sodium current
n         n              activation of the potassium current
I, dI     I_pA, dI       synaptic current [pA] and its driving term [pA/ms]
========  =============  ====================================================

Rates of the squid axon with rest at -65 mV. ``neuron`` is a `replasticity.models.hodgkin_huxley.NeuronStep`.
"""

import math

from replasticity.numerics.compilation import njit

#: NEST's model has no limit: so far from all reversal potentials nothing is a neuron [mV].
LARGEST_V_MV = 1e6

#: So close to zero x / (1 - exp(-x)) is a ratio of two small differences, and its series is used instead.
_SERIES_BELOW = 1e-6


@njit
def opening_rate(distance_mV, slope_per_ms_mV):
    """Return a rate of the form a x / (1 - exp(-x / 10 mV)) [1/ms], also where x is zero.

    Parameters
    ----------
    distance_mV : float
        Potential above the one where the formula would be 0 / 0 [mV]: x.
    slope_per_ms_mV : float
        How fast the rate grows far above it [1/(ms mV)]: a.

    Returns
    -------
    float
        Rate [1/ms]. The series is as accurate as numbers are: its next term is below 1e-13 of the rate.
    """
    series = slope_per_ms_mV * (10.0 + distance_mV / 2.0)
    formula = slope_per_ms_mV * distance_mV / (1.0 - math.exp(-distance_mV / 10.0))
    return series if abs(distance_mV) < 10.0 * _SERIES_BELOW else formula


@njit
def sodium_activation_rates(V_mV):
    """Return alpha_m and beta_m [1/ms]."""
    return opening_rate(V_mV + 40.0, 0.1), 4.0 * math.exp(-(V_mV + 65.0) / 18.0)


@njit
def sodium_inactivation_rates(V_mV):
    """Return alpha_h and beta_h [1/ms]."""
    return 0.07 * math.exp(-(V_mV + 65.0) / 20.0), 1.0 / (1.0 + math.exp(-(V_mV + 35.0) / 10.0))


@njit
def potassium_activation_rates(V_mV):
    """Return alpha_n and beta_n [1/ms]."""
    return opening_rate(V_mV + 55.0, 0.01), 0.125 * math.exp(-(V_mV + 65.0) / 80.0)


@njit
def gate_slope(gate, rates_per_ms):
    """Return the slope of a gate [1/ms]: alpha (1 - gate) - beta gate."""
    alpha, beta = rates_per_ms
    return alpha * (1.0 - gate) - beta * gate


@njit
def steady_state(rates_per_ms):
    """Return where a gate settles: alpha / (alpha + beta)."""
    alpha, beta = rates_per_ms
    return alpha / (alpha + beta)


@njit
def membrane_slope(V_mV, m, h, n, synaptic_pA, neuron):
    """Return dV/dt [mV/ms].

    Parameters
    ----------
    V_mV : float
        Membrane potential [mV].
    m, h, n : float
        Gates.
    synaptic_pA : tuple of (float, float)
        Excitatory and inhibitory current [pA].
    neuron : NeuronStep
        Constants.

    Returns
    -------
    float
        Ionic, constant and synaptic currents over the capacitance.
    """
    I_Na = neuron.g_Na_nS * m * m * m * h * (V_mV - neuron.E_Na_mV)
    I_K = neuron.g_K_nS * n * n * n * n * (V_mV - neuron.E_K_mV)
    I_L = neuron.g_L_nS * (V_mV - neuron.E_L_mV)
    return (-(I_Na + I_K + I_L) + neuron.I_e_pA + synaptic_pA[0] + synaptic_pA[1]) / neuron.c_pF


@njit
def driving_slope(dI, tau_ms):
    """Return the slope of the driving term of an alpha-shaped current [pA/ms^2]."""
    return -dI / tau_ms


@njit
def synaptic_slope(dI, I_pA, tau_ms):
    """Return the slope of an alpha-shaped current [pA/ms]."""
    return dI - I_pA / tau_ms
