"""Equations of the neuron that reads out a weight: leaky integrate-and-fire with delta-shaped synapses.

=========  ===============  ====================================================================
symbol     name             meaning
=========  ===============  ====================================================================
v          v_V              membrane potential [V]
E          E_V              potential that v decays to: E_L plus the constant input [V]
V_th       V_th_V           threshold [V]
J          psp_scale_V      jump of v at a presynaptic spike through a synapse of weight 1 [V]
w          weight           weight of the synapse [1]
=========  ===============  ====================================================================

Potentials are in volts here, as in the reference simulator: rounding decides whether a potential that creeps up to
the threshold exceeds it.

``step`` is a `replasticity.models.epsp_readout.ReadoutStep`. Source: docs/models/pair_stdp.md#read-out.
"""

from replasticity.numerics.compilation import njit


@njit
def relax(v_V, step):
    """Return the potential one step later: dv/dt = (E - v) / tau_m (docs/models/pair_stdp.md#read-out-relaxation)."""
    return step.E_V + (v_V - step.E_V) * step.v_decay


@njit
def spikes(v_V, step):
    """Return True if the neuron spikes: v > V_th, strictly (docs/models/pair_stdp.md#read-out-spike)."""
    return v_V > step.V_th_V


@njit
def add_psp(v_V, weight, step):
    """Return the potential after a presynaptic spike: v + w J (docs/models/pair_stdp.md#read-out-jump)."""
    return v_V + weight * step.psp_scale_V
