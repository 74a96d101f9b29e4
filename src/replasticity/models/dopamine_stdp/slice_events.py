"""Events at the ends of slices, as the published simulator treats them (docs/models/dopamine_stdp.md#meaning).

A presynaptic spike acts at the end of its slice. Its synapse's spike clock is set back to the time of the spike, and
the time in between may be advanced over a second time. Loops over synapses take what they need out of the network
before they begin: inside they would count references.
"""

import numpy as np

from replasticity.equations.dopamine_stdp import advance, on_post_spike, on_pre_spike
from replasticity.models.dopamine_stdp.lazy_updating import (
    advance_by_arrivals,
    advance_lazily,
    first_after,
    is_cut_at_most_once,
)
from replasticity.models.dopamine_stdp.neurons import add_static
from replasticity.models.dopamine_stdp.spikes import next_arrival, trace_at
from replasticity.numerics.compilation import inline_njit, inner_njit, njit
from replasticity.numerics.prefetch import AHEAD, prefetch


@njit
def advance_through(synapse, start, end, dopamine, next_dopamine, step):
    """Advance a synapse to ``end`` with the dopamine that arrives until then (docs/models/dopamine_stdp.md#through).

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    start, end : int
        From where the state is advanced, and to where [steps].
    dopamine : Dopamine
        All arrivals.
    next_dopamine : int
        First arrival that has not acted yet.
    step : DopamineStep
        Constants.

    Returns
    -------
    int
        First arrival that has not acted now.
    """
    while next_dopamine < len(dopamine.step) and dopamine.step[next_dopamine] <= end:
        arrival = dopamine.step[next_dopamine]
        advance(synapse, start, arrival - start, step)
        synapse.n += dopamine.increment[next_dopamine]
        start = arrival
        next_dopamine += 1
    advance(synapse, start, end - start, step)
    return next_dopamine


@njit
def trigger(synapse, neuron, end, history, dopamine, next_dopamine, step):
    """Advance a synapse to the end of a slice, with postsynaptic spikes and dopamine.

    Source: docs/models/dopamine_stdp.md#trigger.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    neuron : int
        Its postsynaptic neuron.
    end : int
        End of the slice [steps].
    history : History
        Spikes of the neurons.
    dopamine : Dopamine
        All arrivals.
    next_dopamine : int
        First arrival of this slice.
    step : DopamineStep
        Constants.
    """
    start = synapse.update_clock
    arrival = next_arrival(history, neuron, start, step.delay)
    while arrival <= end:
        next_dopamine = advance_through(synapse, start, arrival, dopamine, next_dopamine, step)
        on_post_spike(synapse, step)
        synapse.spike_clock = arrival
        start = arrival
        arrival = next_arrival(history, neuron, arrival, step.delay)
    # From the spike clock, not from the update clock: a presynaptic spike has set it back.
    advance_through(synapse, synapse.spike_clock, end, dopamine, next_dopamine, step)
    synapse.spike_clock = end


@inline_njit
def repeat_since_last_spike(synapse, neuron, time, history, step):
    """Advance a synapse again from the first presynaptic spike of a slice to the second.

    Source: docs/models/dopamine_stdp.md#send.

    Parameters
    ----------
    synapse, neuron, time, history, step
        As in `transmit`; the clocks are between the two spikes afterwards.
    """
    start = synapse.update_clock
    arrival = next_arrival(history, neuron, synapse.spike_clock, step.delay)
    while arrival <= time:
        advance(synapse, start, arrival - start, step)
        advance(synapse, synapse.spike_clock, arrival - synapse.spike_clock, step)
        on_post_spike(synapse, step)
        synapse.spike_clock = arrival
        start = arrival
        arrival = next_arrival(history, neuron, arrival, step.delay)
    since = time - synapse.spike_clock
    # Twice, with the same start: the generated code does so (docs/models/dopamine_stdp.md#erratum-advanced-twice).
    advance(synapse, synapse.spike_clock, since, step)
    advance(synapse, synapse.spike_clock, since, step)


@inline_njit
def transmit(synapse, neuron, time, history, step):
    """Let a presynaptic spike act at the end of its slice, and return the weight that is transmitted.

    Source: docs/models/dopamine_stdp.md#send.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        State at the end of the spike's slice; changed in place. Its spike clock is set back to the spike.
    neuron : int
        Its postsynaptic neuron.
    time : int
        Time of the spike [steps].
    history : History
        Spikes of the neurons.
    step : DopamineStep
        Constants.

    Returns
    -------
    float
        Weight.
    """
    if synapse.spike_clock < time:
        repeat_since_last_spike(synapse, neuron, time, history, step)
    on_pre_spike(synapse, trace_at(history, neuron, time - step.delay, step), step)
    synapse.spike_clock = time
    return synapse.weight


@inner_njit
def transmit_from(network, source, time, first_in_slice):
    """Deliver a spike of the slice that has just ended; return True if a clock of its synapses lags behind that end."""
    plastic, history, dopamine, step = network.plastic, network.history, network.dopamine, network.step
    row = (time + step.delay) % len(network.inputs.exc)
    now, arrived = network.cursor[0].now, network.cursor[0].dopamine
    lags = False
    for k in range(plastic.first[source], plastic.first[source + 1]):
        synapse, target = plastic.state[k], plastic.target[k]
        if first_in_slice and synapse.update_clock < now:
            if is_cut_at_most_once(synapse, dopamine, step):
                advance_lazily(synapse, synapse.spike_clock, now, dopamine, step)
            else:
                advance_by_arrivals(synapse, synapse.spike_clock, now, dopamine, arrived, False, step)
        network.inputs.exc[row, target] += transmit(synapse, target, time, history, step)
        lags |= synapse.update_clock < now
    network.cursor[0].pre_events += plastic.first[source + 1] - plastic.first[source]
    return lags


@njit
def order_of(sources):
    """Return the order of the spikes of a slice by source; those of one source stay in order (an insertion sort).

    A slice has few spikes, already sorted within each step. A general sort takes the compiler seconds.
    """
    order = np.empty(len(sources), np.int64)
    for k in range(len(sources)):
        place = k
        while place > 0 and sources[order[place - 1]] > sources[k]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    return order


@inner_njit
def deliver(network, waiting):
    """Deliver all spikes of the slice that has just ended (docs/models/dopamine_stdp.md#deliver).

    Parameters
    ----------
    network : Network
        Changed in place.
    waiting : ndarray of int64, shape (sources,)
        Receives the sources whose synapses the coming trigger has to look at one by one.

    Returns
    -------
    int
        Number of those sources.
    """
    cursor, history, relays = network.cursor[0], network.history, network.relay_spikes
    found = 0
    last = -1
    first, end = cursor.delivered, cursor.spikes
    # By neuron, and for one neuron by time.
    for k in order_of(history.neuron[first:end]):
        source, time = history.neuron[first + k], history.step[first + k]
        found = deliver_and_list(network, source, time, source != last, waiting, found)
        add_static(network, source, time)
        last = source
    cursor.delivered = end
    first = cursor.relayed
    while cursor.relayed < len(relays.step) and relays.step[cursor.relayed] <= cursor.now:
        cursor.relayed += 1
    for k in order_of(relays.source[first : cursor.relayed]):
        source = relays.source[first + k]
        found = deliver_and_list(network, source, relays.step[first + k], source != last, waiting, found)
        last = source
    return found


@inner_njit
def deliver_and_list(network, source, time, first_in_slice, waiting, found):
    """Deliver a spike, and list its source if the coming trigger has to look at its synapses; return their number."""
    if transmit_from(network, source, time, first_in_slice) and (found == 0 or waiting[found - 1] != source):
        waiting[found] = source
        found += 1
    return found


@inner_njit
def trigger_sources(network, sources, end):
    """Step all synapses of some sources to the end of the slice."""
    plastic, step = network.plastic, network.step
    next_dopamine = first_after(network.dopamine, end - step.slice, network.cursor[0].dopamine)
    for source in sources:
        for k in range(plastic.first[source], plastic.first[source + 1]):
            trigger(plastic.state[k], plastic.target[k], end, network.history, network.dopamine, next_dopamine, step)


@inner_njit
def on_post_spikes(network, end):
    """Let the postsynaptic spikes act that reach the synapses in the slice that ends now.

    Source: docs/models/dopamine_stdp.md#trigger.
    """
    plastic, history, dopamine = network.plastic, network.history, network.dopamine
    step, cursor = network.step, network.cursor[0]
    while cursor.arrived < cursor.spikes and history.step[cursor.arrived] + step.delay <= end:
        arrival = history.step[cursor.arrived] + step.delay
        neuron = history.neuron[cursor.arrived]
        first, last = plastic.first_incoming[neuron], plastic.first_incoming[neuron + 1] - 1
        for j in range(first, last + 1):
            prefetch(plastic.state[plastic.incoming[min(j + AHEAD, last)]])
            synapse = plastic.state[plastic.incoming[j]]
            if synapse.update_clock >= arrival:
                continue
            # In the slice right after a presynaptic spike its set-back clock is forgotten.
            forgotten = arrival - synapse.update_clock <= step.slice
            start = synapse.update_clock if forgotten else synapse.spike_clock
            if is_cut_at_most_once(synapse, dopamine, step):
                advance_lazily(synapse, start, arrival, dopamine, step)
            else:
                advance_by_arrivals(synapse, start, arrival, dopamine, cursor.dopamine, False, step)
            on_post_spike(synapse, step)
        cursor.post_events += plastic.first_incoming[neuron + 1] - plastic.first_incoming[neuron]
        cursor.arrived += 1
