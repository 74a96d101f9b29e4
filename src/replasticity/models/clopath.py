"""Voltage-based plasticity: the history that a neuron keeps, and the synapses that read it at their spikes.

Weights change at presynaptic spikes only. A neuron therefore keeps the potentiation of past steps until every
synapse has read it. Here the history has a fixed length: when it is full, all synapses read it, whether they
have a spike or not. What they have read but not yet transmitted is their ``pending`` weight. This changes no
bit, since a step's contribution depends on the last presynaptic spike only, and it bounds memory.

A weight is clipped at its upper bound where it grows and at its lower one where it falls. With a negative amplitude it
may run away on the other side: beyond `LARGEST_WEIGHT` the run ends.

Source: docs/models/voltage_based_stdp.md#history and docs/models/voltage_based_stdp.md#synapse. A stamp is a time
in grid steps.
"""

from collections import namedtuple

import numpy as np

from replasticity.equations.clopath import (
    add_to_trace,
    decayed_trace,
    depress,
    depression,
    potentiate,
    potentiates,
    potentiation,
)
from replasticity.models.limits import raise_failure
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import note_failure

#: Constants of the rule. ``microseconds`` is the grid step in whole microseconds; ``history_steps`` the delay of
#: the low-passed potentials in grid steps.
RuleStep = namedtuple(
    "RuleStep",
    [
        "dt_ms",
        "microseconds",
        "history_steps",
        "A_LTP",
        "A_LTD",
        "constant_A_LTD",
        "u_ref2_mV2",
        "theta_plus_mV",
        "theta_minus_mV",
        "tau_x_ms",
    ],
)

#: Delay lines of the low-passed potentials, depression of the latest stamps, past steps with potentiation, and the
#: largest potentiation that any step has had so far.
History = namedtuple(
    "History",
    [
        "u_plus_mV",
        "u_minus_mV",
        "depression",
        "entry_stamp",
        "entry_potentiation",
        "entry_count",
        "largest_potentiation",
    ],
)

#: Plastic synapses, sorted by source: those of source ``k`` are ``first[k]`` to ``first[k + 1]``. ``weight`` is the
#: one last transmitted.
PlasticSynapses = namedtuple(
    "PlasticSynapses",
    [
        "first",
        "post",
        "weight",
        "pending",
        "x_per_ms",
        "last_stamp",
        "next_entry",
        "delay_steps",
        "weight_min",
        "weight_max",
    ],
)

#: Past steps with potentiation that a neuron keeps at least.
ENTRIES = 2048

#: No parameter is larger, and no weight may be [unit of the weight].
LARGEST_WEIGHT = 1e15
#: Transmissions that a recording's replay keeps at most.
MOST_EVENTS = 20_000_000

#: What may leave its limits, with the limits. The numbers of the neuron models follow.
WEIGHT_OUTSIDE, HISTORY_FULL, TOO_MANY_SPIKES, TOO_MANY_EVENTS = range(4)
LIMITS = (
    ("weight", f"{-LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}"),
    ("number of steps with potentiation that no synapse has read", "what the history holds"),
    ("number of spikes", "one per neuron and time step, or per t_clamp_ms, on average"),
    ("number of transmissions", f"{MOST_EVENTS} in a replay"),
)

#: A number that is smaller than a weight by this factor leaves it as it is when added: half of half a last bit.
NEGLIGIBLE = 2.0**-54


def first_of_each_source(pre, source_count):
    """Return where the synapses of each source begin, given their sources in ascending order.

    Parameters
    ----------
    pre : ndarray of int, shape (synapses,)
        Source of each synapse, ascending.
    source_count : int
        Number of sources.

    Returns
    -------
    ndarray of int64, shape (source_count + 1,)
        First synapse of each source, and the number of synapses.
    """
    return np.searchsorted(pre, np.arange(source_count + 1)).astype(np.int64)


def new_history(neuron_count, start_mV, longest_delay_steps, rule):
    """Return the history of neurons at the start of a run.

    Parameters
    ----------
    neuron_count : int
        Neurons with plastic synapses.
    start_mV : float
        Content of the delay lines at the start [mV].
    longest_delay_steps : int
        Longest delay of a synapse [steps].
    rule : RuleStep
        Constants.

    Returns
    -------
    History
        Empty, but for the delay lines.
    """
    delay_line = (rule.history_steps + 1, neuron_count)
    entries = (neuron_count, ENTRIES + 2 * longest_delay_steps)
    return History(
        u_plus_mV=np.full(delay_line, start_mV),
        u_minus_mV=np.full(delay_line, start_mV),
        depression=np.zeros((longest_delay_steps + 1, neuron_count)),
        entry_stamp=np.zeros(entries, np.int64),
        entry_potentiation=np.zeros(entries),
        entry_count=np.zeros(neuron_count, np.int64),
        largest_potentiation=np.zeros(neuron_count),
    )


def new_synapses(pre, post, weight, source_count, delay_steps, weight_min, weight_max):
    """Return plastic synapses at the start of a run.

    Parameters
    ----------
    pre, post : ndarray of int, shape (synapses,)
        Source, ascending, and target of each synapse.
    weight : ndarray of float64, shape (synapses,)
        Initial weights.
    source_count : int
        Number of sources.
    delay_steps : int
        Delay [steps].
    weight_min, weight_max : float
        Bounds.

    Returns
    -------
    PlasticSynapses
        Synapses without a spike so far.
    """
    count = len(pre)
    return PlasticSynapses(
        first=first_of_each_source(pre, source_count),
        post=np.asarray(post, np.int64),
        weight=np.array(weight, np.float64),
        pending=np.array(weight, np.float64),
        x_per_ms=np.zeros(count),
        last_stamp=np.zeros(count, np.int64),
        next_entry=np.zeros(count, np.int64),
        delay_steps=delay_steps,
        weight_min=weight_min,
        weight_max=weight_max,
    )


def raise_outside(failure, neuron_limits, dt_ms):
    """Raise a `StateError` if a neuron or a synapse has left its limits.

    Parameters
    ----------
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of the time loop.
    neuron_limits : tuple of (str, str)
        ``LIMITS`` of the neuron model.
    dt_ms : float
        Grid step [ms].

    Raises
    ------
    StateError
        If there is a failure.
    """
    place = "synapse" if failure["variable"][0] == WEIGHT_OUTSIDE else "neuron"
    raise_failure(failure, (*LIMITS, *neuron_limits), dt_ms, place)


@njit
def time_ms(stamp, rule):
    """Return the time of a stamp [ms], rounded as the reference simulator rounds it."""
    return 0.001 * (rule.microseconds * stamp)


@njit
def write_history(history, first, count, stamp, state, rows, rule):
    """Write the end of a step into the history of some neurons (docs/models/voltage_based_stdp.md#history).

    Parameters
    ----------
    history : History
        Changed in place.
    first, count : int
        Neurons ``first`` to ``first + count - 1``.
    stamp : int
        End of the step.
    state : ndarray of float64, one dimension
        State of these neurons at the end of the step [mV].
    rows : tuple of int
        Where in it V, u_bar_plus, u_bar_minus and u_bar_bar of the first neuron are; the others follow.
    rule : RuleStep
        Constants.

    Returns
    -------
    bool
        Whether the history of a neuron is full, so that `make_room` has to follow.
    """
    V, U_PLUS, U_MINUS, U_BAR = rows
    length = rule.history_steps + 1
    newest, oldest = stamp % length, (stamp + 1) % length
    row = stamp % len(history.depression)
    full = False
    for i in range(count):
        k = first + i
        history.u_plus_mV[newest, k] = state[U_PLUS + i]
        history.u_minus_mV[newest, k] = state[U_MINUS + i]
        delayed_plus_mV, delayed_minus_mV = history.u_plus_mV[oldest, k], history.u_minus_mV[oldest, k]
        history.depression[row, k] = depression(delayed_minus_mV, state[U_BAR + i], rule)
        if potentiates(state[V + i], delayed_plus_mV, rule):
            step_potentiation = potentiation(state[V + i], delayed_plus_mV, rule)
            entry = history.entry_count[k]
            history.entry_stamp[k, entry] = stamp
            history.entry_potentiation[k, entry] = step_potentiation
            history.entry_count[k] = entry + 1
            history.largest_potentiation[k] = max(history.largest_potentiation[k], abs(step_potentiation))
            full = full or entry + 1 == history.entry_stamp.shape[1]
    return full


@njit
def read_history(synapses, first, end, until_stamp, history, rule):
    """Add the potentiation of all steps up to a stamp to the pending weight of synapses.

    Source: docs/models/voltage_based_stdp.md#synapse-potentiation.

    Parameters
    ----------
    synapses : PlasticSynapses
        Changed in place.
    first, end : int
        Synapses ``first`` to ``end - 1``.
    until_stamp : int
        Last stamp to read.
    history : History
        Of the postsynaptic neurons.
    rule : RuleStep
        Constants.
    """
    delay_ms = synapses.delay_steps * rule.dt_ms
    for s in range(first, end):
        post, weight = synapses.post[s], synapses.pending[s]
        last_ms = time_ms(synapses.last_stamp[s], rule)
        unread = history.entry_count[post]
        while unread > synapses.next_entry[s] and history.entry_stamp[post, unread - 1] > until_stamp:
            unread -= 1
        for entry in range(synapses.next_entry[s], unread):
            since_ms = last_ms - (time_ms(history.entry_stamp[post, entry], rule) + delay_ms)
            x_per_ms = decayed_trace(synapses.x_per_ms[s], since_ms, rule)
            weight = potentiate(weight, history.entry_potentiation[post, entry], x_per_ms, synapses.weight_max)
            # The trace only decays: what comes later cannot change a bit of the weight any more.
            if history.largest_potentiation[post] * x_per_ms < NEGLIGIBLE * abs(weight):
                break
        synapses.pending[s] = weight
        synapses.next_entry[s] = unread


@njit
def transmit(synapses, source, stamp, history, rule, failure):
    """Update all synapses of a source at its spike; their ``weight`` is then what they transmit.

    Source: docs/models/voltage_based_stdp.md#synapse.

    Parameters
    ----------
    synapses : PlasticSynapses
        Changed in place.
    source : int
        Source.
    stamp : int
        Stamp of its spike.
    history : History
        Of the postsynaptic neurons, written up to ``stamp``.
    rule : RuleStep
        Constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits; the run then has to end.
    """
    first, end = synapses.first[source], synapses.first[source + 1]
    at_synapse = stamp - synapses.delay_steps
    read_history(synapses, first, end, at_synapse, history, rule)
    row = at_synapse % len(history.depression)
    for s in range(first, end):
        weight = depress(synapses.pending[s], history.depression[row, synapses.post[s]], synapses.weight_min)
        if not abs(weight) <= LARGEST_WEIGHT:
            note_failure(failure, WEIGHT_OUTSIDE, stamp, s, weight)
        since_ms = time_ms(synapses.last_stamp[s], rule) - time_ms(stamp, rule)
        synapses.x_per_ms[s] = add_to_trace(decayed_trace(synapses.x_per_ms[s], since_ms, rule), rule)
        synapses.last_stamp[s] = stamp
        synapses.pending[s] = weight
        synapses.weight[s] = weight


@njit
def make_room(history, projections, stamp, rule, failure):
    """Let all synapses of neurons whose history is full read it, and drop what all have read.

    Parameters
    ----------
    history : History
        Changed in place.
    projections : tuple of PlasticSynapses
        All plastic synapses; changed in place.
    stamp : int
        Latest stamp of the history: every later spike has at least this stamp.
    rule : RuleStep
        Constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record: a history that stays full, which none that is longer than all delays does, ends the run.
    """
    for k in range(len(history.entry_count)):
        if history.entry_count[k] == history.entry_stamp.shape[1]:
            read = history.entry_count[k]
            for synapses in projections:
                for s in range(len(synapses.post)):
                    if synapses.post[s] == k:
                        read_history(synapses, s, s + 1, stamp - synapses.delay_steps, history, rule)
                        read = min(read, synapses.next_entry[s])
            for synapses in projections:
                for s in range(len(synapses.post)):
                    if synapses.post[s] == k:
                        synapses.next_entry[s] -= read
            kept = history.entry_count[k] - read
            for entry in range(kept):
                history.entry_stamp[k, entry] = history.entry_stamp[k, read + entry]
                history.entry_potentiation[k, entry] = history.entry_potentiation[k, read + entry]
            history.entry_count[k] = kept
            if kept == history.entry_stamp.shape[1]:
                note_failure(failure, HISTORY_FULL, stamp, k, kept)
