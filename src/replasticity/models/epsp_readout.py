"""Neurons that read out weights: one test spike each, at rest (docs/models/pair_stdp.md#read-out).

Limits: the size of a potential is at most `LARGEST_POTENTIAL_V`. Brian2, the original simulator, has none; the bound is
ours, a thousand times what a membrane withstands.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.epsp_readout import add_psp, relax, spikes
from replasticity.models.pair_stdp_parameters import seconds
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import no_failure, note_failure, raise_failure

#: Largest size of a membrane potential [V].
LARGEST_POTENTIAL_V = 1e3

#: What can leave its limits, for `replasticity.numerics.limits.raise_failure`.
LIMITS = (("v_V", f"-{LARGEST_POTENTIAL_V:g} to {LARGEST_POTENTIAL_V:g} V"),)

#: Constants of one step. ``E_V``: resting potential plus constant input.
ReadoutStep = namedtuple("ReadoutStep", ["E_L_V", "E_V", "v_decay", "V_th_V", "psp_scale_V"])


#: Samples that are apart by less than this part of the largest count as equal: else rounding says where the peak of a
#: potential is that has settled (docs/models/pair_stdp.md#settled-potential).
ROUNDING = 1e-12

#: Potentials are in volts inside, as in the reference simulator.
VOLT_PER_MV = 0.001


def discretise(p):
    """Return the constants of one step of a `ReadoutNeuron`."""
    E_L_V = p.E_L_mV * VOLT_PER_MV
    return ReadoutStep(
        E_L_V=E_L_V,
        E_V=E_L_V + p.I_const_mV * VOLT_PER_MV,
        v_decay=math.exp(-seconds(p.dt_ms) / seconds(p.tau_m_ms)),
        V_th_V=p.V_th_mV * VOLT_PER_MV,
        psp_scale_V=p.psp_scale_mV * VOLT_PER_MV,
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


def read_out(weight, p):
    """Return what one test spike does to a `ReadoutNeuron`, for each weight, in the units of the parameters.

    Returns
    -------
    dict of str to ndarray
        ``readout_v_mV`` of shape (steps, weights), ``epsp_peak_mV``, ``epsp_peak_time_ms`` and ``v_end_mV`` of each
        weight; ``readout_spike_step`` and ``readout_spike_cell`` of each spike.

    Raises
    ------
    StateError
        If a potential leaves its limits.
    """
    dt_s, step = seconds(p.dt_ms), discretise(p)
    # docs/models/pair_stdp.md#test-spike
    emitted = int(np.floor((seconds(p.test_spike_ms) + 0.001 * dt_s) / dt_s))
    arrival_step = emitted + int(seconds(p.delay_ms) / dt_s + 0.5)
    time_ms = np.arange(round(p.readout_duration_ms / p.dt_ms)) * dt_s * 1e3
    v_V, spiked = np.zeros((len(time_ms), len(weight))), np.zeros((len(time_ms), len(weight)), np.bool_)
    failure = no_failure()
    v_end_V = simulate(weight, arrival_step, step, v_V, spiked, failure)
    raise_failure(failure, LIMITS, p.dt_ms, "read-out neuron")
    spike_step, spike_neuron = np.nonzero(spiked)
    peak_V = v_V.max(axis=0)
    is_peak = v_V >= peak_V - ROUNDING * np.abs(v_V).max(axis=0)
    return {
        "readout_time_ms": time_ms,
        "readout_v_mV": v_V / VOLT_PER_MV,
        "epsp_peak_mV": (peak_V - step.E_L_V) / VOLT_PER_MV,
        "epsp_peak_time_ms": time_ms[is_peak.argmax(axis=0)],
        "v_end_mV": v_end_V / VOLT_PER_MV,
        "readout_spike_step": spike_step,
        "readout_spike_cell": spike_neuron,
    }
