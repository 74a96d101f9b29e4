"""Neurons that read out weights: one test spike each, at rest (docs/models/pair_stdp.md#read-out).

Limits: the size of a potential is at most `LARGEST_POTENTIAL_V`. Brian2, the original simulator, has none; the bound is
ours, a thousand times what a membrane withstands.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.epsp_readout import add_psp, relax, spikes
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import note_failure

#: Largest size of a membrane potential [V].
LARGEST_POTENTIAL_V = 1e3

#: What can leave its limits, for `replasticity.models.limits.raise_failure`.
LIMITS = (("v_V", f"-{LARGEST_POTENTIAL_V:g} to {LARGEST_POTENTIAL_V:g} V"),)

#: Constants of one step. ``E_V``: resting potential plus constant input.
ReadoutStep = namedtuple("ReadoutStep", ["E_L_V", "E_V", "v_decay", "V_th_V", "psp_scale_V"])


def discretise(*, dt_s, tau_m_s, E_L_V, I_const_V, V_th_V, psp_scale_V):
    """Return the constants of one step."""
    return ReadoutStep(
        E_L_V=E_L_V,
        E_V=E_L_V + I_const_V,
        v_decay=math.exp(-dt_s / tau_m_s),
        V_th_V=V_th_V,
        psp_scale_V=psp_scale_V,
    )


@njit
def simulate(weight, arrival_step, step, v_every_step_V, spiked, failure):
    """Run one neuron for each weight until a potential leaves its limits, and return the last potentials.

    Parameters
    ----------
    weight : ndarray of float64, shape (neurons,)
        Weight of the synapse onto each neuron [1].
    arrival_step : int
        Step in which the test spike arrives.
    step : ReadoutStep
        Constants from `discretise`.
    v_every_step_V : ndarray of float64, shape (steps, neurons)
        Membrane potential at the start of each step [V]; changed in place.
    spiked : ndarray of bool, shape (steps, neurons)
        Whether a neuron spikes in a step; changed in place.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        From `replasticity.numerics.limits.no_failure`; changed in place.

    Returns
    -------
    ndarray of float64, shape (neurons,)
        Membrane potential after the last step [V].
    """
    v_V = np.full(len(weight), step.E_L_V)
    for n in range(len(v_every_step_V)):
        # Samples see the state that the previous step left.
        v_every_step_V[n] = v_V
        for neuron in range(len(weight)):
            v_V[neuron] = relax(v_V[neuron], step)
            # The threshold is tested before the test spike acts: a jump above it shows in the next step.
            spiked[n, neuron] = spikes(v_V[neuron], step)
            if n == arrival_step:
                v_V[neuron] = add_psp(v_V[neuron], weight[neuron], step)
            if spiked[n, neuron]:
                v_V[neuron] = step.E_L_V
            if not abs(v_V[neuron]) <= LARGEST_POTENTIAL_V:
                note_failure(failure, 0, n, neuron, v_V[neuron])
                return v_V
    return v_V
