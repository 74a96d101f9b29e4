"""Equations of the cell that reads out a weight: a leaky integrate-and-fire cell with delta-shaped synapses.

=========  ===============  ====================================================================
symbol     name             meaning
=========  ===============  ====================================================================
v          v_mV             membrane potential [mV]
E          E_mV             potential that v decays to: E_L plus the constant input [mV]
V_th       V_th_mV          threshold [mV]
J          psp_scale_mV     jump of v at a presynaptic spike through a synapse of weight 1 [mV]
w          weight           weight of the synapse [1]
=========  ===============  ====================================================================

Source: specification "Regular-firing pairs, STDP window and EPSP read-out", section 5.
"""

from replasticity.kernels.compilation import njit


@njit
def relax(v_mV, step):
    """Return the potential one step later: dv/dt = (E - v) / tau_m, solved exactly.

    Parameters
    ----------
    v_mV : float
        Membrane potential [mV].
    step : ReadoutStep
        Constants from `replasticity.models.epsp_readout.discretise`.

    Returns
    -------
    float
        Membrane potential [mV] (specification, section 5, point 2).
    """
    return step.E_mV + (v_mV - step.E_mV) * step.v_decay


@njit
def spikes(v_mV, step):
    """Say whether the cell spikes: v > V_th, strictly (specification, section 5, point 3)."""
    return v_mV > step.V_th_mV


@njit
def add_psp(v_mV, weight, step):
    """Return the potential [mV] after a presynaptic spike: v + w J (specification, section 5, point 4)."""
    return v_mV + weight * step.psp_scale_mV
