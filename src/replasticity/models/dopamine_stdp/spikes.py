"""Spikes of the neurons, and the postsynaptic trace that synapses read from them."""

from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import inline_njit, inner_njit
from replasticity.numerics.exponentials import decay

#: All spikes of the neurons in order of time. ``previous``: the spike before of the same neuron, or -1; ``trace``:
#: postsynaptic trace right after the spike. ``last``: last spike of each neuron, or -1.
History = namedtuple("History", ["step", "neuron", "previous", "trace", "last"])

#: In place of an arrival where there is none.
NEVER = np.int64(2**62)


@inner_njit
def record_spike(history, spike, neuron, time, step):
    """Write a spike of a neuron into the history, with its postsynaptic trace."""
    previous = history.last[neuron]
    trace = 1.0
    if previous >= 0:
        trace += history.trace[previous] * decay(time - history.step[previous], step.tau_post)
    history.step[spike] = time
    history.neuron[spike] = neuron
    history.previous[spike] = previous
    history.trace[spike] = trace
    history.last[neuron] = spike


@inline_njit
def next_arrival(history, neuron, after, delay):
    """Return when the first postsynaptic spike that arrives after a time reaches a synapse [steps], or `NEVER`."""
    spike = history.last[neuron]
    found = NEVER
    while spike >= 0 and history.step[spike] + delay > after:
        found = history.step[spike] + delay
        spike = history.previous[spike]
    return found


@inline_njit
def trace_at(history, neuron, time, step):
    """Return the postsynaptic trace at a time; a spike at that time does not count.

    Source: docs/models/dopamine_stdp.md#postsynaptic-trace.
    """
    spike = history.last[neuron]
    while spike >= 0 and history.step[spike] >= time:
        spike = history.previous[spike]
    if spike < 0:
        return 0.0
    return history.trace[spike] * decay(time - history.step[spike], step.tau_post)
