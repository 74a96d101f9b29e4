"""Equations of dendritic prediction for whole arrays, as statistics and figures use them: nothing here is compiled.

``p`` has the neuron's parameters as attributes. Source: docs/models/dendritic_prediction.md.
"""

from typing import Any

import numpy as np

from replasticity.numerics.arrays import FloatArray


def matching_potential(g_E_nS: FloatArray, g_I_nS: FloatArray, p: Any) -> FloatArray:
    """Return U_M = (g_E E_E + g_I E_I) / (g_E + g_I), to which the drive alone would pull the soma [mV].

    NaN where the conductances add up to zero. After the drive they decay together, and U_M is frozen.
    Source: docs/models/dendritic_prediction.md#matching-potential.
    """
    total_nS = g_E_nS + g_I_nS
    U_M_mV = np.full(total_nS.shape, np.nan)
    np.divide(g_E_nS * p.E_E_mV + g_I_nS * p.E_I_mV, total_nS, out=U_M_mV, where=total_nS != 0)
    return U_M_mV


def dendritic_prediction(V_mV: FloatArray, p: Any) -> FloatArray:
    """Return the soma's V_W* without drive [mV] (docs/models/dendritic_prediction.md#dendritic-prediction)."""
    V_star_mV: FloatArray = (p.E_L_s_mV * p.g_L_s_nS + V_mV * p.g_sp_nS) / (p.g_sp_nS + p.g_L_s_nS)
    return V_star_mV


def escape_rate_Hz(u_mV: FloatArray, p: Any) -> FloatArray:
    """Return phi(u), the rate of spiking [Hz] (docs/models/dendritic_prediction.md#escape-rate)."""
    with np.errstate(over="ignore"):
        rising = np.exp(p.beta_per_mV * (p.theta_mV - u_mV))
    rate_Hz: FloatArray = 1000 * p.rate_max_per_ms / (1 + p.rate_slope * rising)
    return rate_Hz


def log_slope(u_mV: FloatArray, p: Any) -> FloatArray:
    """Return h(u) = 15 phi'(u) / phi(u), the factor of the error in the rule [1/mV].

    Source: docs/models/dendritic_prediction.md#log-slope.
    """
    h: FloatArray = 15 * p.beta_per_mV / (1 + np.exp(p.beta_per_mV * (u_mV - p.theta_mV)) / p.rate_slope)
    return h


def log_rate_ratio(V_star_mV: FloatArray, U_M_mV: FloatArray, share_of_drive: FloatArray, p: Any) -> FloatArray:
    """Return the logarithm of predicted over realised rate: it rises with V_W*, and where it is 0 the rule rests.

    There

        phi(V_W*) = phi(U) / (1 + phi(U) t_ref),  U = ((g_L + g_sp) V_W* + (g_E + g_I) U_M) / (g_L + g_sp + g_E + g_I).

    The rule changes a weight by (S - phi(V_W*)) h(V_W*) times the input's potential. The left side is what it predicts,
    the right side how often a neuron fires that spikes with rate phi(U) and rests for t_ref after each spike; U is the
    potential of a soma that the dendrite and the drive pull at.
    """
    U_mV = V_star_mV + share_of_drive * (U_M_mV - V_star_mV)
    realised_Hz = escape_rate_Hz(U_mV, p)
    realised_Hz = realised_Hz / (1 + realised_Hz * p.refractory_ms / 1000)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm: FloatArray = np.log(escape_rate_Hz(V_star_mV, p) / realised_Hz)
    return logarithm
