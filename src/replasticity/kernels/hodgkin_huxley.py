"""Equations of the Hodgkin-Huxley neuron with alpha-shaped currents (specification of the Clopath network, section 9).

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

from replasticity.kernels.compilation import njit


@njit
def sodium_activation_rates(V_mV):
    """Return alpha_m and beta_m [1/ms]."""
    return 0.1 * (V_mV + 40.0) / (1.0 - math.exp(-(V_mV + 40.0) / 10.0)), 4.0 * math.exp(-(V_mV + 65.0) / 18.0)


@njit
def sodium_inactivation_rates(V_mV):
    """Return alpha_h and beta_h [1/ms]."""
    return 0.07 * math.exp(-(V_mV + 65.0) / 20.0), 1.0 / (1.0 + math.exp(-(V_mV + 35.0) / 10.0))


@njit
def potassium_activation_rates(V_mV):
    """Return alpha_n and beta_n [1/ms]."""
    return 0.01 * (V_mV + 55.0) / (1.0 - math.exp(-(V_mV + 55.0) / 10.0)), 0.125 * math.exp(-(V_mV + 65.0) / 80.0)


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
