"""Cells that read out weights: one test spike each, at rest (docs/models/pair_stdp.md#read-out).

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
    """Return the constants of one step.

    Parameters
    ----------
    dt_s, tau_m_s : float
        Time step and membrane time constant [s].
    E_L_V, I_const_V, V_th_V, psp_scale_V : float
        Resting potential, constant input, threshold, and jump for a weight of 1 [V].

    Returns
    -------
    ReadoutStep
        Constants.
    """
    return ReadoutStep(
        E_L_V=E_L_V,
        E_V=E_L_V + I_const_V,
        v_decay=math.exp(-dt_s / tau_m_s),
        V_th_V=V_th_V,
        psp_scale_V=psp_scale_V,
    )


@njit
def simulate(weight, arrival_step, step, v_every_step_V, spiked, failure):
    """Run one cell for each weight and fill the records.

    Stops at the first potential that is no number, or beyond the limits of this module.

    Parameters
    ----------
    weight : ndarray of float64, shape (cells,)
        Weight of the synapse onto each cell [1].
    arrival_step : int
        Step in which the test spike arrives.
    step : ReadoutStep
        Constants from `discretise`.
    v_every_step_V : ndarray of float64, shape (steps, cells)
        Membrane potential at the start of each step [V]; changed in place.
    spiked : ndarray of bool, shape (steps, cells)
        Whether a cell spikes in a step; changed in place.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        From `replasticity.numerics.limits.no_failure`; changed in place.

    Returns
    -------
    ndarray of float64, shape (cells,)
        Membrane potential after the last step [V].
    """
    v_V = np.full(len(weight), step.E_L_V)
    for n in range(len(v_every_step_V)):
        # 1. Samples see the state that the previous step left.
        v_every_step_V[n] = v_V
        for cell in range(len(weight)):
            v_V[cell] = relax(v_V[cell], step)
            # 3. The threshold is tested before the test spike acts: a jump above it shows in the next step.
            spiked[n, cell] = spikes(v_V[cell], step)
            if n == arrival_step:
                v_V[cell] = add_psp(v_V[cell], weight[cell], step)
            if spiked[n, cell]:
                v_V[cell] = step.E_L_V
            if not abs(v_V[cell]) <= LARGEST_POTENTIAL_V:
                note_failure(failure, 0, n, cell, v_V[cell])
                return v_V
    return v_V
