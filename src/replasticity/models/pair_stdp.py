"""Synapses with pair STDP between neurons whose spikes are given: constants and time loop.

The weights act on no neuron, so each synapse is a world of its own, and only the steps in which one of its two
neurons spikes matter to it (docs/models/pair_stdp.md#synapse).

Limits: the size of a weight is at most `LARGEST_WEIGHT`. Brian2, the original simulator, has none; the bound is ours. A
weight of 1 is that of a full synapse, so one of a billion means nothing.
"""

from collections import namedtuple

import numpy as np

from replasticity.equations.pair_stdp import Synapse, decay_traces, postsynaptic_spike, presynaptic_spike
from replasticity.models.pair_stdp_parameters import seconds
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import no_failure, note_failure, raise_failure

#: Constants. ``rate_pre_Hz`` and ``rate_post_Hz`` are one over the time constants of the traces.
PairStep = namedtuple(
    "PairStep",
    ["dt_s", "rate_pre_Hz", "rate_post_Hz", "dA_pre", "dA_post", "clip", "weight_max"],
)

#: Spikes of several neurons: neuron k spikes in ``steps[first[k]:first[k + 1]]``, strictly increasing.
Trains = namedtuple("Trains", ["first", "steps"])

#: The events of all synapses, one synapse after the other. Phases: before, between pre and post, after (axis 1).
Events = namedtuple("Events", ["step", "synapse", "kind", "weight", "trace_pre", "trace_post", "last_event_s"])

#: What is kept of each synapse: its weight at the end, the extremes that it took, and how many events it had.
Outcome = namedtuple("Outcome", ["weight_final", "weight_lowest", "weight_highest", "event_count"])

#: Largest size of a weight [1].
LARGEST_WEIGHT = 1e9

#: What can leave its limits, for `replasticity.numerics.limits.raise_failure`.
LIMITS = (("weight", f"-{LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}"),)

PRE, POST = 1, 2
BEFORE, BETWEEN, AFTER = 0, 1, 2


def discretise(p, dt_s):
    """Return the constants of a `PairSynapse` for the time step of the run, or a finer one [s].

    dB is evaluated from left to right (docs/models/pair_stdp.md#amplitudes).
    """
    dA_pre, tau_pre_s, tau_post_s = p.dA_pre, seconds(p.tau_pre_ms), seconds(p.tau_post_ms)
    return PairStep(
        dt_s=dt_s,
        rate_pre_Hz=1.0 / tau_pre_s,
        rate_post_Hz=1.0 / tau_post_s,
        dA_pre=dA_pre,
        dA_post=-dA_pre * tau_pre_s / tau_post_s * p.depression_ratio,
        clip=p.clip_weight,
        weight_max=p.weight_max,
    )


def make_trains(steps_of_neurons):
    """Return `Trains` from a list with the spike steps of each neuron, each sorted."""
    counts = [len(steps) for steps in steps_of_neurons]
    steps = np.concatenate([np.zeros(0, np.int64), *(np.asarray(steps, np.int64) for steps in steps_of_neurons)])
    return Trains(first=np.cumsum([0, *counts]), steps=steps)


def empty_events(count):
    """Return the arrays for a number of events, all zero: int32 of shape (count,), float64 of shape (count, 3)."""
    return Events(
        step=np.zeros(count, np.int32),
        synapse=np.zeros(count, np.int32),
        kind=np.zeros(count, np.int32),
        weight=np.zeros((count, 3)),
        trace_pre=np.zeros((count, 3)),
        trace_post=np.zeros((count, 3)),
        last_event_s=np.zeros((count, 3)),
    )


def first_events(events, count):
    """Return the first of some events, as views."""
    return Events(*(part[:count] for part in events))


def empty_outcome(synapse_count):
    """Return the arrays for a number of synapses, all zero."""
    return Outcome(
        weight_final=np.zeros(synapse_count),
        weight_lowest=np.zeros(synapse_count),
        weight_highest=np.zeros(synapse_count),
        event_count=np.zeros(synapse_count, np.int64),
    )


@njit
def record_event(events, event, phase, synapse):
    """Write the state of one phase of an event into the record."""
    events.weight[event, phase] = synapse.weight
    events.trace_pre[event, phase] = synapse.trace_pre
    events.trace_post[event, phase] = synapse.trace_post
    events.last_event_s[event, phase] = synapse.last_event_s


@njit
def simulate(trains_pre, trains_post, neuron_pre, neuron_post, weight_initial, step, outcome, events, failure):
    """Run all synapses and fill the records; stop at the first weight that is no number, or beyond its limits.

    Parameters
    ----------
    trains_pre, trains_post : Trains
        Spikes of the presynaptic and of the postsynaptic neurons.
    neuron_pre, neuron_post : ndarray of int64, shape (synapses,)
        The neurons that each synapse connects.
    weight_initial : float
        Weight before the first step [1].
    step : PairStep
        Constants from `discretise`.
    outcome : Outcome
        Arrays from `empty_outcome`; changed in place.
    events : Events
        Arrays from `empty_events`, changed in place: room for all events, or for none, which keeps none. An event
        is a step in which the presynaptic neuron of a synapse spikes, or the postsynaptic one, or both.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        From `replasticity.numerics.limits.no_failure`; changed in place.
    """
    event = 0
    for k in range(len(neuron_pre)):
        synapse = Synapse(weight_initial, 0.0, 0.0, 0.0)
        lowest = highest = weight_initial
        first_event = event
        next_pre, end_pre = trains_pre.first[neuron_pre[k]], trains_pre.first[neuron_pre[k] + 1]
        next_post, end_post = trains_post.first[neuron_post[k]], trains_post.first[neuron_post[k] + 1]
        while next_pre < end_pre or next_post < end_post:
            # Time goes on to the next step in which one of the two neurons spikes.
            if next_pre == end_pre:
                n = trains_post.steps[next_post]
            elif next_post == end_post:
                n = trains_pre.steps[next_pre]
            else:
                n = min(trains_pre.steps[next_pre], trains_post.steps[next_post])
            pre_spikes = next_pre < end_pre and trains_pre.steps[next_pre] == n
            post_spikes = next_post < end_post and trains_post.steps[next_post] == n
            record = event < len(events.step)
            if record:
                events.step[event] = n
                events.synapse[event] = k
                events.kind[event] = PRE * pre_spikes + POST * post_spikes
                record_event(events, event, BEFORE, synapse)

            # In one step the presynaptic event comes first.
            time_s = n * step.dt_s
            if pre_spikes:
                next_pre += 1
                synapse = presynaptic_spike(decay_traces(synapse, time_s, step), step)
                lowest, highest = min(lowest, synapse.weight), max(highest, synapse.weight)
            if record:
                record_event(events, event, BETWEEN, synapse)
            if post_spikes:
                next_post += 1
                synapse = postsynaptic_spike(decay_traces(synapse, time_s, step), step)
                lowest, highest = min(lowest, synapse.weight), max(highest, synapse.weight)
            if record:
                record_event(events, event, AFTER, synapse)
            event += 1
            if not abs(synapse.weight) <= LARGEST_WEIGHT:
                note_failure(failure, 0, n, k, synapse.weight)
                return
        outcome.weight_final[k] = synapse.weight
        outcome.weight_lowest[k] = lowest
        outcome.weight_highest[k] = highest
        outcome.event_count[k] = event - first_event


@njit
def hold_weights(event_step, event_synapse, weight_after, weight_initial, weight):
    """Fill the weight of each synapse at the start of each step: that after its last event in an earlier step.

    Parameters
    ----------
    event_step, event_synapse : ndarray of int32, shape (events,)
        Events in the order of their steps.
    weight_after : ndarray of float64, shape (events,)
        Weight of the synapse after the event [1].
    weight_initial : float
        Weight before the first event [1].
    weight : ndarray of float64, shape (steps, synapses)
        Changed in place [1].
    """
    held = np.full(weight.shape[1], weight_initial)
    held_since = np.zeros(weight.shape[1], np.int64)
    for event in range(len(event_step)):
        k = event_synapse[event]
        weight[held_since[k] : event_step[event] + 1, k] = held[k]
        held[k], held_since[k] = weight_after[event], event_step[event] + 1
    for k in range(len(held)):
        weight[held_since[k] :, k] = held[k]


def run_synapses(p, pre_steps, post_steps, dt_s, connections=None, events=None):
    """Return the `Outcome` of synapses between neurons that spike in given steps.

    Parameters
    ----------
    p : PairSynapse
        Parameters of the synapses.
    pre_steps, post_steps : list of ndarray of int64
        Steps in which each neuron spikes, strictly increasing.
    dt_s : float
        Time step [s]: that of the run, or a finer one.
    connections : tuple of two ndarrays of int64, shape (synapses,)
        The presynaptic and the postsynaptic neuron of each synapse; k and k if it is left out.
    events : Events, optional
        Room for all events, changed in place; events are not kept if it is left out.

    Raises
    ------
    StateError
        If a weight leaves its limits.
    """
    neuron_pre, neuron_post = connections or (np.arange(len(pre_steps)),) * 2
    outcome = empty_outcome(len(neuron_pre))
    failure = no_failure()
    simulate(
        make_trains(pre_steps),
        make_trains(post_steps),
        neuron_pre,
        neuron_post,
        p.weight_initial,
        discretise(p, dt_s),
        outcome,
        empty_events(0) if events is None else events,
        failure,
    )
    raise_failure(failure, LIMITS, dt_s * 1e3, "synapse")
    return outcome


def run_and_keep_events(p, pre_steps, post_steps):
    """Return the events and last weights of synapses from neuron k to neuron k, in the units of the parameters.

    Returns
    -------
    dict of str to ndarray
        ``event_step``, ``event_synapse`` and the other fields of `Events`, sorted by step, then synapse; ``moment`` is
        their axis 1. ``pre_spike_step``, ``pre_spike_cell`` and the same of the other side; ``weight_final``.
    """
    # Two spikes in one step are one event: there may be room to spare.
    room = empty_events(sum(map(len, pre_steps)) + sum(map(len, post_steps)))
    outcome = run_synapses(p, pre_steps, post_steps, seconds(p.dt_ms), events=room)
    events = first_events(room, outcome.event_count.sum())
    # The events of one synapse come after those of the one before; within a step they keep that order.
    order = np.argsort(events.step, kind="stable")
    events = Events(*(part.take(order, axis=0) for part in events))
    by_pre, by_post = ((events.kind & kind) > 0 for kind in (PRE, POST))
    return {
        "pre_spike_step": events.step[by_pre],
        "pre_spike_cell": events.synapse[by_pre],
        "post_spike_step": events.step[by_post],
        "post_spike_cell": events.synapse[by_post],
        "event_step": events.step,
        "event_synapse": events.synapse,
        "event_kind": events.kind,
        "moment": np.arange(3),
        "event_weight": events.weight,
        "event_trace_pre": events.trace_pre,
        "event_trace_post": events.trace_post,
        "event_last_ms": events.last_event_s * 1e3,
        "weight_final": outcome.weight_final,
    }


def weights_at_each_step(p, run, step_count):
    """Return the weight of each synapse at the start of each step: shape (steps, synapses).

    Parameters
    ----------
    p : PairSynapse
        Parameters of the synapses.
    run : dict of str to ndarray
        From `run_and_keep_events`.
    step_count : int
        Number of steps.
    """
    weight = np.empty((step_count, len(run["weight_final"])))
    after = np.ascontiguousarray(run["event_weight"][:, AFTER])
    hold_weights(run["event_step"], run["event_synapse"], after, p.weight_initial, weight)
    return weight
