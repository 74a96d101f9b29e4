"""Equations of additive pair STDP with exponential traces, updated at events only.

=========  ==============  =====================================================================
symbol     name            meaning
=========  ==============  =====================================================================
w          weight          weight of the synapse [1]
A          trace_pre       trace of presynaptic spikes: what a postsynaptic spike adds to w [1]
B          trace_post      trace of postsynaptic spikes: what a presynaptic spike adds to w, below 0 [1]
dA         dA_pre          growth of A at a presynaptic spike [1]
dB         dA_post         growth of B at a postsynaptic spike, below 0 [1]
taupre     tau_pre_s       time constant of A [s]
taupost    tau_post_s      time constant of B [s]
last       last_event_s    time of the last event of the synapse [s]
=========  ==============  =====================================================================

Source: docs/models/pair_stdp.md#synapse; the rule is that of
Song, Miller and Abbott (2000), in the form of the synapses tutorial of Brian2.
"""

import math
from collections import namedtuple

from replasticity.numerics.compilation import njit

#: The plastic synapse: weight, the two traces as stored at the last event, and its time [s].
Synapse = namedtuple("Synapse", ["weight", "trace_pre", "trace_post", "last_event_s"])


@njit
def clip_weight(weight, step):
    """Return the weight within its bounds: min(max(w, 0), w_max).

    Parameters
    ----------
    weight : float
        Weight [1].
    step : PairStep
        Constants from `replasticity.models.pair_stdp.discretise`.

    Returns
    -------
    float
        Weight [1]; unchanged if ``step.clip`` is false (docs/models/pair_stdp.md#bounds).
    """
    if step.clip:
        return min(max(weight, 0.0), step.weight_max)
    return weight


@njit
def decay_traces(synapse, time_s, step):
    """Return the synapse with both traces decayed from its last event to now.

    Parameters
    ----------
    synapse : Synapse
        State after the last event.
    time_s : float
        Time of the present event [s].
    step : PairStep
        Constants.

    Returns
    -------
    Synapse
        Traces times exp(-(t - t_last) / tau), rounded as in docs/models/pair_stdp.md#exponent.
    """
    minus_elapsed_s = -(time_s - synapse.last_event_s)
    return Synapse(
        synapse.weight,
        synapse.trace_pre * math.exp(step.rate_pre_Hz * minus_elapsed_s),
        synapse.trace_post * math.exp(step.rate_post_Hz * minus_elapsed_s),
        time_s,
    )


@njit
def presynaptic_spike(synapse, step):
    """Return the synapse after a presynaptic spike: A grows by dA, w changes by B.

    Parameters
    ----------
    synapse : Synapse
        State with decayed traces.
    step : PairStep
        Constants.

    Returns
    -------
    Synapse
        New state (docs/models/pair_stdp.md#presynaptic-event).
    """
    return Synapse(
        clip_weight(synapse.weight + synapse.trace_post, step),
        synapse.trace_pre + step.dA_pre,
        synapse.trace_post,
        synapse.last_event_s,
    )


@njit
def postsynaptic_spike(synapse, step):
    """Return the synapse after a postsynaptic spike: B grows by dB, w changes by A.

    Parameters
    ----------
    synapse : Synapse
        State with decayed traces.
    step : PairStep
        Constants.

    Returns
    -------
    Synapse
        New state (docs/models/pair_stdp.md#postsynaptic-event).
    """
    return Synapse(
        clip_weight(synapse.weight + synapse.trace_pre, step),
        synapse.trace_pre,
        synapse.trace_post + step.dA_post,
        synapse.last_event_s,
    )
