"""Equations of homeostatic STDP at an inhibitory synapse (Zenke et al. 2015, Eq. 15).

=========  ==============  =====================================================================
symbol     name            meaning
=========  ==============  =====================================================================
H          H_Hz            global secretory factor: low-passed rate of the whole population [Hz]
gamma      target_Hz       rate at which the synapse does not change [Hz]
G          G_Hz            H - gamma [Hz]
w_ij       weight_nS       weight of the synapse from neuron j to neuron i [nS]
z_i, z_j   z_i, z_j        traces; by Eq. 15 of the post- (i) and the presynaptic (j) neuron [1]
eta        eta_nS_s        learning rate [nS s]
=========  ==============  =====================================================================

Times are in seconds here, because G is a rate in Hz: eta * G is then a conductance without a factor.
"""

import math
from collections import namedtuple

from replasticity.numerics.compilation import njit

#: The plastic synapse: weight [nS], the two traces as stored at the last event, and its time [s].
Synapse = namedtuple("Synapse", ["weight_nS", "z_i", "z_j", "last_event_s"])


@njit
def decay_secretory_factor(H_Hz, step):
    """Return H after one step without spikes: dH/dt = -H / tau_H, solved exactly.

    Parameters
    ----------
    H_Hz : float
        Secretory factor [Hz].
    step : HomeostaticStep
        Per-step constants from `replasticity.models.homeostatic_stdp.discretise`.

    Returns
    -------
    float
        Secretory factor [Hz] (docs/models/homeostatic_stdp.md#step-decay).
    """
    return step.H_decay * H_Hz


@njit
def add_population_spikes(H_Hz, spike_count, step):
    """Return H after the population's spikes of one step, each adding 1 / (tau_H N).

    Parameters
    ----------
    H_Hz : float
        Secretory factor [Hz].
    spike_count : int
        Spikes of the population in this step.
    step : HomeostaticStep
        Per-step constants.

    Returns
    -------
    float
        Secretory factor [Hz]. The spikes are added one by one: a product would round differently
        (docs/models/homeostatic_stdp.md#step-population).
    """
    for _ in range(spike_count):
        H_Hz += step.H_increment_Hz
    return H_Hz


@njit
def decay_traces(synapse, time_s, step):
    """Return the synapse with both traces decayed from its last event to now.

    Parameters
    ----------
    synapse : Synapse
        State after the last event.
    time_s : float
        Time of the present event [s].
    step : HomeostaticStep
        Per-step constants.

    Returns
    -------
    Synapse
        Traces times exp(-(t - t_last) / tau); last event now (docs/models/homeostatic_stdp.md#trace-decay).
    """
    decay = math.exp(-(time_s - synapse.last_event_s) / step.tau_stdp_s)
    return Synapse(synapse.weight_nS, synapse.z_i * decay, synapse.z_j * decay, time_s)


@njit
def spike_with_constant_term(synapse, G_Hz, step):
    """Return the synapse after the spike whose weight change has a constant term: eta G (z_i + 1).

    By Eq. 15 this is the presynaptic spike; in the published example it is the postsynaptic one
    (docs/models/homeostatic_stdp.md#weight-update).

    Parameters
    ----------
    synapse : Synapse
        State with decayed traces.
    G_Hz : float
        G that the event reads [Hz].
    step : HomeostaticStep
        Per-step constants.

    Returns
    -------
    Synapse
        z_j + 1, and the weight [nS] changed by eta G (1 + z_i).
    """
    weight_nS = synapse.weight_nS + step.eta_nS_s * (G_Hz * (1.0 + synapse.z_i))
    return Synapse(weight_nS, synapse.z_i, synapse.z_j + 1.0, synapse.last_event_s)


@njit
def spike_with_trace_term(synapse, G_Hz, step):
    """Return the synapse after the spike whose weight change is eta G z_j alone.

    By Eq. 15 this is the postsynaptic spike; in the published example it is the presynaptic one
    (docs/models/homeostatic_stdp.md#weight-update).

    Parameters
    ----------
    synapse : Synapse
        State with decayed traces.
    G_Hz : float
        G that the event reads [Hz].
    step : HomeostaticStep
        Per-step constants.

    Returns
    -------
    Synapse
        z_i + 1, and the weight [nS] changed by eta G z_j.
    """
    weight_nS = synapse.weight_nS + step.eta_nS_s * (G_Hz * synapse.z_j)
    return Synapse(weight_nS, synapse.z_i + 1.0, synapse.z_j, synapse.last_event_s)
