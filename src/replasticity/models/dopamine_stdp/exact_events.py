"""Events at their own times."""

from replasticity.equations.dopamine_stdp import on_post_spike, on_pre_spike
from replasticity.models.dopamine_stdp.lazy_updating import advance_by_arrivals, advance_lazily, is_cut_at_most_once
from replasticity.models.dopamine_stdp.neurons import add_static
from replasticity.models.dopamine_stdp.spikes import trace_at
from replasticity.numerics.compilation import inner_njit
from replasticity.numerics.prefetch import AHEAD, prefetch


@inner_njit
def advance_through_events(network, start, end):
    """Let all events after ``start`` until ``end`` [steps] act on the plastic synapses, in order of time.

    At equal times: dopamine, postsynaptic spikes, presynaptic spikes; the latter two are not paired with each other.
    """
    plastic, history, relays = network.plastic, network.history, network.relay_spikes
    dopamine, step, cursor = network.dopamine, network.step, network.cursor[0]
    for now in range(start + 1, end + 1):
        while cursor.arrived < cursor.spikes and history.step[cursor.arrived] + step.delay == now:
            neuron = history.neuron[cursor.arrived]
            first, last = plastic.first_incoming[neuron], plastic.first_incoming[neuron + 1] - 1
            for j in range(first, last + 1):
                prefetch(plastic.state[plastic.incoming[min(j + AHEAD, last)]])
                synapse = plastic.state[plastic.incoming[j]]
                if is_cut_at_most_once(synapse, dopamine, step):
                    advance_lazily(synapse, synapse.update_clock, now, dopamine, step)
                else:
                    advance_by_arrivals(synapse, synapse.update_clock, now, dopamine, cursor.dopamine, True, step)
                on_post_spike(synapse, step)
            cursor.post_events += plastic.first_incoming[neuron + 1] - plastic.first_incoming[neuron]
            cursor.arrived += 1
        while cursor.delivered < cursor.spikes and history.step[cursor.delivered] == now:
            transmit_from(network, history.neuron[cursor.delivered], now)
            add_static(network, history.neuron[cursor.delivered], now)
            cursor.delivered += 1
        while cursor.relayed < len(relays.step) and relays.step[cursor.relayed] == now:
            transmit_from(network, relays.source[cursor.relayed], now)
            cursor.relayed += 1


@inner_njit
def transmit_from(network, source, now):
    """Let a presynaptic spike act at its own time, and add the weights of that time to the inputs."""
    plastic, history, step = network.plastic, network.history, network.step
    dopamine, arrived = network.dopamine, network.cursor[0].dopamine
    row = (now + step.delay) % len(network.inputs.exc)
    for k in range(plastic.first[source], plastic.first[source + 1]):
        synapse, target = plastic.state[k], plastic.target[k]
        if is_cut_at_most_once(synapse, dopamine, step):
            advance_lazily(synapse, synapse.update_clock, now, dopamine, step)
        else:
            advance_by_arrivals(synapse, synapse.update_clock, now, dopamine, arrived, True, step)
        on_pre_spike(synapse, trace_at(history, target, now - step.delay, step), step)
        network.inputs.exc[row, target] += synapse.weight
    network.cursor[0].pre_events += plastic.first[source + 1] - plastic.first[source]
