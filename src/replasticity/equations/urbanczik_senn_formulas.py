"""Equations of dendritic prediction for whole arrays, as statistics and figures use them: nothing here is compiled.

Anchors are those of docs/models/dendritic_prediction.md. ``p`` has the neuron's parameters as attributes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def matching_potential(g_E_nS: FloatArray, g_I_nS: FloatArray, p: Any) -> FloatArray:
    """Return U_M = (g_E E_E + g_I E_I) / (g_E + g_I), to which the drive alone would pull the soma [mV].

    NaN where the conductances add up to zero. After the drive they decay together, and U_M is frozen
    (#matching-potential).
    """
    total_nS = g_E_nS + g_I_nS
    U_M_mV = np.full(total_nS.shape, np.nan)
    np.divide(g_E_nS * p.E_E_mV + g_I_nS * p.E_I_mV, total_nS, out=U_M_mV, where=total_nS != 0)
    return U_M_mV


def dendritic_prediction(V_mV: FloatArray, p: Any) -> FloatArray:
    """Return V_W*, the potential that the dendrite alone would give the soma [mV] (#dendritic-prediction)."""
    V_star_mV: FloatArray = (p.E_L_s_mV * p.g_L_s_nS + V_mV * p.g_sp_nS) / (p.g_sp_nS + p.g_L_s_nS)
    return V_star_mV


def escape_rate_Hz(u_mV: FloatArray, p: Any) -> FloatArray:
    """Return phi(u), the rate of spiking at a potential [Hz] (#escape-rate)."""
    with np.errstate(over="ignore"):
        rising = np.exp(p.beta_per_mV * (p.theta_mV - u_mV))
    rate_Hz: FloatArray = 1000 * p.rate_max_per_ms / (1 + p.rate_slope * rising)
    return rate_Hz


def log_slope(u_mV: FloatArray, p: Any) -> FloatArray:
    """Return h(u) = 15 phi'(u) / phi(u), the factor of the error in the rule [1/mV] (#log-slope)."""
    h: FloatArray = 15 * p.beta_per_mV / (1 + np.exp(p.beta_per_mV * (u_mV - p.theta_mV)) / p.rate_slope)
    return h
