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

``step`` is a `replasticity.models.pair_stdp.PairStep`. Source: docs/models/pair_stdp.md#synapse; the rule is that of
Song, Miller and Abbott (2000), in the form of the synapses tutorial of Brian2.
"""

import math
from collections import namedtuple

from replasticity.numerics.compilation import njit

#: The plastic synapse: weight, the two traces as stored at the last event, and its time [s].
Synapse = namedtuple("Synapse", ["weight", "trace_pre", "trace_post", "last_event_s"])


@njit
def clip_weight(weight, step):
    """Return min(max(w, 0), w_max), or w if there are no bounds (docs/models/pair_stdp.md#bounds)."""
    if step.clip:
        return min(max(weight, 0.0), step.weight_max)
    return weight


@njit
def decay_traces(synapse, time_s, step):
    """Return the synapse with both traces decayed from its last event until now, by exp(-(t - last) / tau).

    Source: docs/models/pair_stdp.md#trace-decay; rounded as docs/models/pair_stdp.md#exponent says.
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
    """Return the synapse, its traces decayed, after a presynaptic spike: A grows by dA, w changes by B.

    Source: docs/models/pair_stdp.md#presynaptic-event.
    """
    return Synapse(
        clip_weight(synapse.weight + synapse.trace_post, step),
        synapse.trace_pre + step.dA_pre,
        synapse.trace_post,
        synapse.last_event_s,
    )


@njit
def postsynaptic_spike(synapse, step):
    """Return the synapse, its traces decayed, after a postsynaptic spike: B grows by dB, w changes by A.

    Source: docs/models/pair_stdp.md#postsynaptic-event.
    """
    return Synapse(
        clip_weight(synapse.weight + synapse.trace_pre, step),
        synapse.trace_pre,
        synapse.trace_post + step.dA_post,
        synapse.last_event_s,
    )
