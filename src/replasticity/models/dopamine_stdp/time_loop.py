"""The time loop: slices as long as the smallest delay, and readings between them."""

import numpy as np

from replasticity.models.dopamine_stdp import exact_events, slice_events
from replasticity.models.dopamine_stdp.lazy_updating import advance_by_arrivals, advance_lazily, is_cut_at_most_once
from replasticity.models.dopamine_stdp.limits import check_states
from replasticity.models.dopamine_stdp.neurons import add_external, advance_populations
from replasticity.numerics.compilation import njit
from replasticity.numerics.copying import copy_into


@njit
def advance(network, end, waiting, V_mV):
    """Advance the network.

    With events at the ends of slices, a reader in the middle of a slice sees what was delivered at its start, and not
    what happens at its end.

    Parameters
    ----------
    network : Network
        Changed in place.
    end : int
        Time to which it advances [steps].
    waiting : ndarray of int64, shape (sources + 1,)
        Sources whose synapses the coming trigger has to look at one by one, kept from call to call; the last
        entry is their number.
    V_mV : ndarray of float64, shape (recorded neurons, recorded steps)
        Receives the potentials of the first neurons at the end of each step [mV].
    """
    cursor, step = network.cursor[0], network.step
    relay_step, external_step, spike_step = network.relay_spikes.step, network.external.step, network.history.step
    every_source = np.arange(len(network.plastic.first) - 1)
    while cursor.now < end and network.failure[0].variable < 0:
        # In a small network there is mostly nothing to do, and handing over its many arrays takes longer than to ask.
        slice_end = (cursor.now // step.slice + 1) * step.slice
        if cursor.now % step.slice == 0:
            if not network.exact:
                is_relayed = cursor.relayed < len(relay_step) and relay_step[cursor.relayed] <= cursor.now
                waiting[-1] = (
                    slice_events.deliver(network, waiting) if cursor.delivered < cursor.spikes or is_relayed else 0
                )
            if cursor.external < len(external_step) and external_step[cursor.external] <= slice_end:
                add_external(network, slice_end)
        start = cursor.now
        advance_populations(network, min(slice_end, end), V_mV)
        if network.exact or cursor.now == slice_end:
            dopamine = network.dopamine
            while cursor.dopamine < len(dopamine.step) and dopamine.step[cursor.dopamine] <= cursor.now:
                cursor.dopamine += 1
            if network.exact:
                exact_events.advance_through_events(network, start, cursor.now)
            else:
                sources = every_source if network.every_slice else waiting[: waiting[-1]]
                if len(sources) > 0:
                    slice_events.trigger_sources(network, sources, slice_end)
                if cursor.arrived < cursor.spikes and spike_step[cursor.arrived] + step.delay <= slice_end:
                    slice_events.on_post_spikes(network, slice_end)


@njit
def bring_up_to_date(network, waiting):
    """Bring all plastic synapses up to now, or with events at the ends of slices to the end of the last one.

    For a reader. Inside a slice the synapses of the sources in ``waiting`` wait for the trigger as `deliver` has left
    them.
    """
    step, cursor, dopamine = network.step, network.cursor[0], network.dopamine
    state, first = network.plastic.state, network.plastic.first
    end = cursor.now if network.exact else cursor.now // step.slice * step.slice
    if network.every_slice or end <= cursor.read:
        return
    waits = np.zeros(len(first) - 1, np.bool_)
    if end < cursor.now:
        for source in waiting[: waiting[-1]]:
            waits[source] = True
    for source in range(len(first) - 1):
        if waits[source]:
            continue
        for k in range(first[source], first[source + 1]):
            synapse = state[k]
            if synapse.update_clock < end:
                if is_cut_at_most_once(synapse, dopamine, step):
                    advance_lazily(synapse, synapse.spike_clock, end, dopamine, step)
                else:
                    advance_by_arrivals(
                        synapse, synapse.spike_clock, end, dopamine, cursor.dopamine, network.exact, step
                    )
    cursor.read = end


@njit
def sample(network, times, waiting, V_mV, readings):
    """Advance the network from reading to reading, and keep the state of all plastic synapses at each.

    In compiled code, since handing a network over from Python costs more than a small one takes between two readings.

    Parameters
    ----------
    network, waiting, V_mV
        As in `advance`.
    times : ndarray of int64, shape (times,)
        When the synapses are read [steps], increasing.
    readings : ndarray of `SYNAPSE`, shape (times, synapses)
        Receives their state.
    """
    for k in range(len(times)):
        advance(network, times[k], waiting, V_mV)
        bring_up_to_date(network, waiting)
        copy_into(readings[k], network.plastic.state)
        check_states(network)
        if network.failure[0].variable >= 0:
            return


@njit
def sums_of_each_source(network, reference):
    """Return the sum of weight minus a reference over the plastic synapses of each source."""
    plastic = network.plastic
    sums = np.zeros(len(plastic.first) - 1)
    for source in range(len(sums)):
        for k in range(plastic.first[source], plastic.first[source + 1]):
            sums[source] += plastic.state[k].weight - reference
    return sums


@njit
def sums_over_sources(network, sources, reference):
    """Return sums over all plastic synapses of some sources: weight minus a reference, c, n; and their number."""
    plastic = network.plastic
    weight = c = n = 0.0
    count = 0
    for source in sources:
        for k in range(plastic.first[source], plastic.first[source + 1]):
            synapse = plastic.state[k]
            weight += synapse.weight - reference
            c += synapse.c
            n += synapse.n
            count += 1
    return weight, c, n, count
