"""The Clopath network: excitatory and inhibitory neurons, plastic and static synapses, and the time loop.

Neurons are numbered through: first the excitatory, then the inhibitory ones. Source:
docs/models/voltage_based_stdp.md#delivery and docs/models/voltage_based_stdp.md#order-of-a-step.
"""

from collections import namedtuple

import numpy as np

from replasticity.models import adaptive_exponential
from replasticity.models.adaptive_exponential import LANES, VARIABLES, advance, by_variable, note_outside
from replasticity.models.clopath import (
    TOO_MANY_EVENTS,
    TOO_MANY_SPIKES,
    RuleStep,
    first_of_each_source,
    new_history,
    new_synapses,
    prune_history,
    raise_outside,
    transmit,
    write_history,
)
from replasticity.models.clopath_parameters import constants_of
from replasticity.numerics.compilation import njit
from replasticity.numerics.copying import copy_into
from replasticity.numerics.limits import no_failure, note_failure

#: Synapses whose weights stay, sorted by source like `replasticity.models.clopath.PlasticSynapses`.
StaticSynapses = namedtuple("StaticSynapses", ["first", "post", "weight_mV", "delay_steps"])

#: All that changes in time. ``arriving_mV`` holds the input of the coming intervals, one row each, in a ring.
Network = namedtuple(
    "Network", ["blocks", "history", "input_exc", "exc_exc", "input_inh", "exc_inh", "inh_exc", "arriving_mV"]
)

#: What the time loop writes: weights at the ends of some steps, the state of some neurons at others. It returns at most
#: ``most_events`` transmissions between excitatory neurons, and with 0 none.
Record = namedtuple(
    "Record",
    "exc_exc_step exc_exc_weight_mV input_exc_step input_exc_weight_mV traced trace_step trace most_events",
)

#: What a run gives, synapses in the order of the inputs: step and neuron of each spike, inhibitory neurons after the
#: excitatory ones; step, synapse and weight of each transmission between excitatory neurons; weights at the ends
#: of the steps asked for, of shape (steps, synapses), and at the end; the trace of `Record`.
Simulated = namedtuple(
    "Simulated",
    "spikes events exc_exc_weight_mV input_exc_weight_mV exc_exc_weight_final_mV input_exc_weight_final_mV trace",
)


def new_static_synapses(pre, post, weight_mV, source_count, delay_steps):
    """Return static synapses; arguments as in `replasticity.models.clopath.new_synapses`."""
    return StaticSynapses(
        first=first_of_each_source(pre, source_count),
        post=np.asarray(post, np.int64),
        weight_mV=np.array(weight_mV, np.float64),
        delay_steps=delay_steps,
    )


def empty_record(*, exc_exc_step, exc_exc_count, input_exc_step, input_exc_count, traced, trace_step, most_events):
    """Return the arrays that `simulate` fills.

    Parameters
    ----------
    exc_exc_step, input_exc_step : ndarray of int
        Steps at whose ends the plastic weights are read, ascending.
    exc_exc_count, input_exc_count : int
        Number of synapses.
    traced : ndarray of int
        Neurons whose state is kept.
    trace_step : ndarray of int
        Steps at whose ends it is kept, ascending.
    most_events : int
        Transmissions between excitatory neurons that are kept at most; with more the run ends, with 0 none are kept.

    Returns
    -------
    Record
        Weights of shape (steps, synapses) [mV], traces of shape (variables, traced, steps).
    """
    exc_exc_step, input_exc_step = np.asarray(exc_exc_step, np.int64), np.asarray(input_exc_step, np.int64)
    traced, trace_step = np.asarray(traced, np.int64), np.asarray(trace_step, np.int64)
    return Record(
        exc_exc_step=exc_exc_step,
        exc_exc_weight_mV=np.full((len(exc_exc_step), exc_exc_count), np.nan),
        input_exc_step=input_exc_step,
        input_exc_weight_mV=np.full((len(input_exc_step), input_exc_count), np.nan),
        traced=traced,
        trace_step=trace_step,
        trace=np.full((VARIABLES, len(traced), len(trace_step)), np.nan),
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
        Source that spikes in step ``n``.
    n : int
        Step.
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
        Whether there is a spike, which is then one of step ``n + 1``.
    """
    row, neuron_count = n % len(arriving_mV), arriving_mV.shape[1]
    spiked = False
    for b in range(len(blocks)):
        block, first = blocks[b], b * LANES
        used = min(LANES, neuron_count - first)
        for i in range(used):
            block.input_mV[i] = arriving_mV[row, first + i]
            arriving_mV[row, first + i] = 0.0
        outside = advance(block, used, neuron)
        if outside >= 0:
            note_outside(block, outside, failure, n + 1, first + outside)
        for i in range(used):
            spiked = spiked or block.spikes[i] > 0
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
def simulate(network, first, end, input_step, input_channel, exc_count, inh_count, neuron, rule, record, failure):
    """Run the intervals from ``first`` to ``end`` and fill the record.

    Parameters
    ----------
    network : Network
        State at the end of step ``first``; changed in place.
    first, end : int
        Steps.
    input_step, input_channel : ndarray of int
        Spikes of the input channels, ordered by step and then by channel.
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
        Step and neuron of each spike, steps from ``first + 1`` to ``end``.
    events : ndarray of float64, shape (events, 3)
        Step, synapse and weight [mV] of each transmission between excitatory neurons.
    """
    neuron_count = exc_count + inh_count
    blocks, history, arriving_mV = network.blocks, network.history, network.arriving_mV
    projections = (network.input_exc, network.exc_exc)
    next_input = np.searchsorted(input_step, first)
    next_exc_exc = np.searchsorted(record.exc_exc_step, first)
    next_input_exc = np.searchsorted(record.input_exc_step, first)
    next_trace = np.searchsorted(record.trace_step, first + 1)
    spikes = [(0, 0) for _ in range(0)]
    events = [(0, 0, 0.0) for _ in range(0)]
    any_spike = True
    # A clamp keeps spikes apart. Without one a neuron may spike more than once in a step, but not all the time.
    most_spikes = neuron_count * ((end - first) // max(neuron.clamp_steps, 1) + 1)
    for n in range(first, end):
        # A weight read at the end of a step includes the spikes before it only.
        if next_exc_exc < len(record.exc_exc_step) and record.exc_exc_step[next_exc_exc] == n:
            copy_into(record.exc_exc_weight_mV[next_exc_exc], network.exc_exc.weight)
            next_exc_exc += 1
        if next_input_exc < len(record.input_exc_step) and record.input_exc_step[next_input_exc] == n:
            copy_into(record.input_exc_weight_mV[next_input_exc], network.input_exc.weight)
            next_input_exc += 1

        # 1. Deliver the spikes of step n: excitatory, inhibitory, input.
        if any_spike:
            for k in range(neuron_count):
                for _ in range(blocks[k // LANES].spikes[k % LANES]):
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
        while next_input < len(input_step) and input_step[next_input] == n:
            channel = input_channel[next_input]
            deliver_plastic(network.input_exc, channel, n, arriving_mV, history, rule, failure)
            deliver_static(network.input_inh, channel, n, arriving_mV)
            next_input += 1

        # 2. Advance every neuron; write the history of step n + 1.
        any_spike = advance_neurons(blocks, arriving_mV, n, neuron, failure)
        full = False
        for b in range(len(blocks)):
            count = min(LANES, exc_count - b * LANES)
            V_mV, _, _, _, u_plus_mV, u_minus_mV, u_bar_mV = by_variable(blocks[b].state)
            full |= write_history(history, b * LANES, count, n + 1, V_mV, u_plus_mV, u_minus_mV, u_bar_mV, rule)
        if full:
            prune_history(history, projections, n + 1, rule, failure)

        # 3. Keep what is asked for.
        if any_spike:
            for k in range(neuron_count):
                for _ in range(blocks[k // LANES].spikes[k % LANES]):
                    spikes.append((n + 1, k))
                if len(spikes) > most_spikes:
                    note_failure(failure, TOO_MANY_SPIKES, n + 1, k, len(spikes))
        if next_trace < len(record.trace_step) and record.trace_step[next_trace] == n + 1:
            for t in range(len(record.traced)):
                k = record.traced[t]
                for v in range(VARIABLES):
                    record.trace[v, t, next_trace] = blocks[k // LANES].state[v * LANES + k % LANES]
            next_trace += 1
        if failure[0].variable >= 0:
            break
    return as_arrays(spikes, events)


def simulate_in_chunks(
    p, inputs, chunks, *, exc_exc_step=(), input_exc_step=(), traced=(), trace_step=(), most_events=0
):
    """Run a whole network.

    Parameters
    ----------
    p : ClopathNetwork
        Parameters.
    inputs : mapping of str to ndarray
        Initial potentials, synapses by source and target, and input spikes; of the protocol or of a recording.
    chunks : iterable of (int, int)
        First and last step of the consecutive parts of the run.
    exc_exc_step, input_exc_step, traced, trace_step, most_events
        What is kept; as in `empty_record`.

    Returns
    -------
    Simulated
        Spikes, weights and traces.

    Raises
    ------
    StateError
        If a neuron or a weight leaves its limits.
    """
    neuron = constants_of(
        adaptive_exponential.NeuronStep,
        p,
        tolerance=float(p.solver_tolerance),
        clamp_steps=p.steps(p.t_clamp_ms),
        refractory_steps=p.steps(p.t_ref_ms),
    )
    rule = constants_of(
        RuleStep,
        p,
        microseconds=round(p.dt_ms * 1000),
        history_steps=p.steps(p.delay_u_ms),
        A_LTP=float(p.A_LTP_per_mV),
    )
    exc_count, inh_count = len(inputs["exc_V_initial_mV"]), len(inputs["inh_V_initial_mV"])
    channels = (inputs[name] for name in ("input_exc_pre", "input_inh_pre", "input_spike_channel"))
    input_count = 1 + max(int(each.max(initial=-1)) for each in channels)
    delay_steps, exc_exc_delay_steps = p.steps(p.delay_ms), p.steps(p.delay_exc_exc_ms)
    longest_steps = max(delay_steps, exc_exc_delay_steps)
    order = {
        name: np.argsort(inputs[f"{name}_pre"], kind="stable") for name in Network._fields if f"{name}_pre" in inputs
    }

    def sorted_synapses(name):
        parts = ("pre", "post", "weight_initial_mV")
        pre, post, weight_mV = (inputs[f"{name}_{part}"][order[name]] for part in parts)
        # Neurons are numbered through, the inhibitory after the excitatory ones.
        return pre, post + (exc_count if name.endswith("_inh") else 0), weight_mV

    def plastic(name, source_count, delay, weight_max_mV):
        pre, post, weight_mV = sorted_synapses(name)
        bounds_mV = float(p.weight_min_mV), float(weight_max_mV)
        return new_synapses(pre, post, weight_mV, source_count, delay, *bounds_mV)

    def static(name, source_count):
        pre, post, weight_mV = sorted_synapses(name)
        return new_static_synapses(pre, post, weight_mV, source_count, delay_steps)

    V_initial_mV = np.concatenate([inputs["exc_V_initial_mV"], inputs["inh_V_initial_mV"]])
    network = Network(
        blocks=adaptive_exponential.new_blocks(V_initial_mV, float(p.w_initial_pA), neuron),
        history=new_history(exc_count, float(p.history_start_mV), longest_steps, rule),
        input_exc=plastic("input_exc", input_count, delay_steps, p.weight_max_input_mV),
        exc_exc=plastic("exc_exc", exc_count, exc_exc_delay_steps, p.weight_max_exc_mV),
        input_inh=static("input_inh", input_count),
        exc_inh=static("exc_inh", exc_count),
        inh_exc=static("inh_exc", inh_count),
        arriving_mV=np.zeros((longest_steps, exc_count + inh_count)),
    )
    record = empty_record(
        exc_exc_step=exc_exc_step,
        exc_exc_count=len(inputs["exc_exc_pre"]),
        input_exc_step=input_exc_step,
        input_exc_count=len(inputs["input_exc_pre"]),
        traced=traced,
        trace_step=trace_step,
        most_events=most_events,
    )
    by_step = np.lexsort((inputs["input_spike_channel"], inputs["input_spike_step"]))
    step = inputs["input_spike_step"][by_step].astype(np.int64)
    channel = inputs["input_spike_channel"][by_step].astype(np.int64)

    spikes, events = [np.zeros((0, 2), np.int64)], [np.zeros((0, 3))]
    failure = no_failure()
    end = 0
    for first, end in chunks:
        new_spikes, new_events = simulate(
            network, first, end, step, channel, exc_count, inh_count, neuron, rule, record, failure
        )
        raise_outside(failure, adaptive_exponential.LIMITS, p.dt_ms)
        spikes.append(new_spikes)
        events.append(new_events)
    record.exc_exc_weight_mV[record.exc_exc_step == end] = network.exc_exc.weight
    record.input_exc_weight_mV[record.input_exc_step == end] = network.input_exc.weight

    all_events = np.concatenate(events)
    all_events[:, 1] = order["exc_exc"][all_events[:, 1].astype(np.int64)]
    back = {name: np.argsort(order[name]) for name in ("exc_exc", "input_exc")}
    return Simulated(
        spikes=np.concatenate(spikes),
        events=all_events,
        exc_exc_weight_mV=record.exc_exc_weight_mV[:, back["exc_exc"]],
        input_exc_weight_mV=record.input_exc_weight_mV[:, back["input_exc"]],
        exc_exc_weight_final_mV=network.exc_exc.weight[back["exc_exc"]],
        input_exc_weight_final_mV=network.input_exc.weight[back["input_exc"]],
        trace=record.trace,
    )
