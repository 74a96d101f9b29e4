"""The Clopath network: excitatory and inhibitory neurons, plastic and static synapses, and the time loop.

Neurons are numbered through: first the excitatory, then the inhibitory ones. Source:
docs/models/voltage_based_stdp.md#delivery and docs/models/voltage_based_stdp.md#order-of-a-step.
"""

from collections import namedtuple

import numpy as np

from replasticity.models.adaptive_exponential import (
    INPUT,
    LANES,
    SPIKES,
    U_BAR,
    U_MINUS,
    U_PLUS,
    VARIABLES,
    V,
    advance,
    note_outside,
)
from replasticity.models.clopath import (
    TOO_MANY_EVENTS,
    TOO_MANY_SPIKES,
    first_of_each_source,
    make_room,
    transmit,
    write_history,
)
from replasticity.numerics.compilation import njit
from replasticity.numerics.copying import copy_into
from replasticity.numerics.limits import note_failure

#: Where the potentials that plasticity reads are in a block.
HISTORY_ROWS = (V, U_PLUS, U_MINUS, U_BAR)

#: Synapses whose weights stay, sorted by source like `replasticity.models.clopath.PlasticSynapses`.
StaticSynapses = namedtuple("StaticSynapses", ["first", "post", "weight_mV", "delay_steps"])

#: All that changes in time. ``arriving_mV`` holds the input of the coming intervals, one row each, in a ring.
Network = namedtuple(
    "Network", ["blocks", "history", "input_exc", "exc_exc", "input_inh", "exc_inh", "inh_exc", "arriving_mV"]
)

#: What the time loop writes: weights at some stamps, the state of some neurons at others. It returns at most
#: ``most_events`` transmissions between excitatory neurons, and with 0 none.
Record = namedtuple(
    "Record",
    [
        "exc_exc_stamp",
        "exc_exc_weight_mV",
        "input_exc_stamp",
        "input_exc_weight_mV",
        "traced",
        "trace_stamp",
        "trace",
        "most_events",
    ],
)


def new_static_synapses(pre, post, weight_mV, source_count, delay_steps):
    """Return static synapses; arguments as in `replasticity.models.clopath.new_synapses`."""
    return StaticSynapses(
        first=first_of_each_source(pre, source_count),
        post=np.asarray(post, np.int64),
        weight_mV=np.array(weight_mV, np.float64),
        delay_steps=delay_steps,
    )


def empty_record(*, exc_exc_stamp, exc_exc_count, input_exc_stamp, input_exc_count, traced, trace_stamp, most_events):
    """Return the arrays that `simulate` fills.

    Parameters
    ----------
    exc_exc_stamp, input_exc_stamp : ndarray of int
        Stamps at which the plastic weights are read, ascending.
    exc_exc_count, input_exc_count : int
        Number of synapses.
    traced : ndarray of int
        Neurons whose state is kept.
    trace_stamp : ndarray of int
        Stamps at which it is kept, ascending.
    most_events : int
        Transmissions between excitatory neurons that are kept at most; with more the run ends, with 0 none are kept.

    Returns
    -------
    Record
        Weights of shape (stamps, synapses) [mV], traces of shape (variables, traced, stamps).
    """
    exc_exc_stamp, input_exc_stamp = np.asarray(exc_exc_stamp, np.int64), np.asarray(input_exc_stamp, np.int64)
    traced, trace_stamp = np.asarray(traced, np.int64), np.asarray(trace_stamp, np.int64)
    return Record(
        exc_exc_stamp=exc_exc_stamp,
        exc_exc_weight_mV=np.full((len(exc_exc_stamp), exc_exc_count), np.nan),
        input_exc_stamp=input_exc_stamp,
        input_exc_weight_mV=np.full((len(input_exc_stamp), input_exc_count), np.nan),
        traced=traced,
        trace_stamp=trace_stamp,
        trace=np.full((VARIABLES, len(traced), len(trace_stamp)), np.nan),
        most_events=most_events,
    )


@njit
def deliver_static(synapses, source, n, arriving_mV):
    """Add the weights of a source's static synapses to the input of the interval in which its spike arrives.

    Parameters
    ----------
    synapses : StaticSynapses
        Synapses.
    source : int
        Source that has a spike with stamp ``n``.
    n : int
        Stamp.
    arriving_mV : ndarray of float64, shape (intervals, neurons)
        Input of the coming intervals [mV]; changed in place.
    """
    row = (n + synapses.delay_steps - 1) % len(arriving_mV)
    for s in range(synapses.first[source], synapses.first[source + 1]):
        arriving_mV[row, synapses.post[s]] += synapses.weight_mV[s]


@njit
def deliver_plastic(synapses, source, n, arriving_mV, history, rule, failure):
    """Update the plastic synapses of a source and add their weights; arguments as in `deliver_static`."""
    transmit(synapses, source, n, history, rule, failure)
    row = (n + synapses.delay_steps - 1) % len(arriving_mV)
    for s in range(synapses.first[source], synapses.first[source + 1]):
        arriving_mV[row, synapses.post[s]] += synapses.weight[s]


@njit
def advance_neurons(blocks, arriving_mV, n, neuron, failure):
    """Advance all neurons over interval ``n`` with the input that arrives in it; a failure ends the run.

    Returns
    -------
    bool
        Whether there is a spike, which then has the stamp ``n + 1``.
    """
    row, neuron_count = n % len(arriving_mV), arriving_mV.shape[1]
    spiked = False
    for b in range(len(blocks)):
        block, first = blocks[b], b * LANES
        used = min(LANES, neuron_count - first)
        for i in range(used):
            block[INPUT + i] = arriving_mV[row, first + i]
            arriving_mV[row, first + i] = 0.0
        outside = advance(block, used, neuron)
        if outside >= 0:
            note_outside(block, outside, failure, n + 1, first + outside)
        for i in range(used):
            spiked = spiked or block[SPIKES + i] > 0
    return spiked


@njit
def as_arrays(spikes, events):
    """Return lists of spikes and events as arrays of shapes (spikes, 2) and (events, 3)."""
    spike, event = np.empty((len(spikes), 2), np.int64), np.empty((len(events), 3))
    for k in range(len(spikes)):
        spike[k, 0], spike[k, 1] = spikes[k]
    for k in range(len(events)):
        event[k, 0], event[k, 1], event[k, 2] = events[k]
    return spike, event


@njit
def simulate(network, first, end, input_stamp, input_channel, exc_count, inh_count, neuron, rule, record, failure):
    """Run the intervals from ``first`` to ``end`` and fill the record.

    Parameters
    ----------
    network : Network
        State at stamp ``first``; changed in place.
    first, end : int
        Stamps.
    input_stamp, input_channel : ndarray of int
        Spikes of the input channels, ordered by stamp and then by channel.
    exc_count, inh_count : int
        Number of neurons.
    neuron : NeuronStep
        Constants of `replasticity.models.adaptive_exponential`.
    rule : RuleStep
        Constants of `replasticity.models.clopath`.
    record : Record
        From `empty_record`; changed in place.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits, changed in place; the loop then ends.

    Returns
    -------
    spikes : ndarray of int64, shape (spikes, 2)
        Stamp and neuron of each spike, stamps from ``first + 1`` to ``end``.
    events : ndarray of float64, shape (events, 3)
        Stamp, synapse and weight [mV] of each transmission between excitatory neurons.
    """
    neuron_count = exc_count + inh_count
    blocks, history, arriving_mV = network.blocks, network.history, network.arriving_mV
    projections = (network.input_exc, network.exc_exc)
    next_input = np.searchsorted(input_stamp, first)
    next_exc_exc = np.searchsorted(record.exc_exc_stamp, first)
    next_input_exc = np.searchsorted(record.input_exc_stamp, first)
    next_trace = np.searchsorted(record.trace_stamp, first + 1)
    spikes = [(0, 0) for _ in range(0)]
    events = [(0, 0, 0.0) for _ in range(0)]
    any_spike = True
    # A clamp keeps spikes apart. Without one a neuron may spike more than once in a step, but not all the time.
    most_spikes = neuron_count * ((end - first) // max(neuron.clamp_steps, 1) + 1)
    for n in range(first, end):
        # A weight read at a stamp includes the spikes before it only.
        if next_exc_exc < len(record.exc_exc_stamp) and record.exc_exc_stamp[next_exc_exc] == n:
            copy_into(record.exc_exc_weight_mV[next_exc_exc], network.exc_exc.weight)
            next_exc_exc += 1
        if next_input_exc < len(record.input_exc_stamp) and record.input_exc_stamp[next_input_exc] == n:
            copy_into(record.input_exc_weight_mV[next_input_exc], network.input_exc.weight)
            next_input_exc += 1

        # 1. Deliver the spikes with stamp n: excitatory, inhibitory, input.
        if any_spike:
            for k in range(neuron_count):
                for _ in range(int(blocks[k // LANES, SPIKES + k % LANES])):
                    if k < exc_count:
                        deliver_plastic(network.exc_exc, k, n, arriving_mV, history, rule, failure)
                        if record.most_events > 0:
                            for s in range(network.exc_exc.first[k], network.exc_exc.first[k + 1]):
                                events.append((n, s, network.exc_exc.weight[s]))
                            if len(events) > record.most_events:
                                note_failure(failure, TOO_MANY_EVENTS, n, k, len(events))
                        deliver_static(network.exc_inh, k, n, arriving_mV)
                    else:
                        deliver_static(network.inh_exc, k - exc_count, n, arriving_mV)
        while next_input < len(input_stamp) and input_stamp[next_input] == n:
            channel = input_channel[next_input]
            deliver_plastic(network.input_exc, channel, n, arriving_mV, history, rule, failure)
            deliver_static(network.input_inh, channel, n, arriving_mV)
            next_input += 1

        # 2. Advance every neuron; write the history with stamp n + 1.
        any_spike = advance_neurons(blocks, arriving_mV, n, neuron, failure)
        full = False
        for b in range(len(blocks)):
            count = min(LANES, exc_count - b * LANES)
            full = write_history(history, b * LANES, count, n + 1, blocks[b], HISTORY_ROWS, rule) or full
        if full:
            make_room(history, projections, n + 1, rule, failure)

        # 3. Keep what is asked for.
        if any_spike:
            for k in range(neuron_count):
                for _ in range(int(blocks[k // LANES, SPIKES + k % LANES])):
                    spikes.append((n + 1, k))
                if len(spikes) > most_spikes:
                    note_failure(failure, TOO_MANY_SPIKES, n + 1, k, len(spikes))
        if next_trace < len(record.trace_stamp) and record.trace_stamp[next_trace] == n + 1:
            for t in range(len(record.traced)):
                k = record.traced[t]
                for v in range(VARIABLES):
                    record.trace[v, t, next_trace] = blocks[k // LANES, v * LANES + k % LANES]
            next_trace += 1
        if failure[0].variable >= 0:
            break
    return as_arrays(spikes, events)
