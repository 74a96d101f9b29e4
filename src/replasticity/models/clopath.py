"""Voltage-based plasticity: the history that a neuron keeps, and the synapses that read it at their spikes.

Weights change at presynaptic spikes only. A neuron therefore keeps the potentiation of past steps until every
synapse has read it. Here the history has a fixed length: when it is full, all synapses read it, whether they
have a spike or not. What they have read but not yet transmitted is their ``pending`` weight. This changes no
bit, since a step's contribution depends on the last presynaptic spike only, and it bounds memory.

Specification: "Small network with voltage-based (Clopath) plasticity", sections 5 and 6. A stamp is a time in
grid steps.
"""

from collections import namedtuple

import numpy as np

from replasticity.kernels.clopath import (
    add_to_trace,
    decayed_trace,
    depress,
    depression,
    potentiate,
    potentiates,
    potentiation,
)
from replasticity.kernels.compilation import njit

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


@njit
def time_ms(stamp, rule):
    """Return the time of a stamp [ms], rounded as the reference simulator rounds it."""
    return 0.001 * (rule.microseconds * stamp)


@njit
def write_history(history, neuron, stamp, potentials_mV, rule):
    """Write the end of a step into the history of a neuron (section 5).

    Parameters
    ----------
    history : History
        Changed in place.
    neuron : int
        Neuron.
    stamp : int
        End of the step.
    potentials_mV : tuple of float
        V, u_bar_plus, u_bar_minus and u_bar_bar at the end of the step [mV]; the second and third are delayed here.
    rule : RuleStep
        Constants.

    Returns
    -------
    bool
        Whether the history is full, so that `read_all` has to follow.
    """
    V_mV, u_plus_mV, u_minus_mV, u_bar_mV = potentials_mV
    length = rule.history_steps + 1
    newest, oldest = stamp % length, (stamp + 1) % length
    history.u_plus_mV[newest, neuron] = u_plus_mV
    history.u_minus_mV[newest, neuron] = u_minus_mV
    delayed_plus_mV = history.u_plus_mV[oldest, neuron]
    delayed_minus_mV = history.u_minus_mV[oldest, neuron]

    history.depression[stamp % len(history.depression), neuron] = depression(delayed_minus_mV, u_bar_mV, rule)
    if potentiates(V_mV, delayed_plus_mV, rule):
        entry = history.entry_count[neuron]
        history.entry_stamp[neuron, entry] = stamp
        step_potentiation = potentiation(V_mV, delayed_plus_mV, rule)
        history.entry_potentiation[neuron, entry] = step_potentiation
        history.largest_potentiation[neuron] = max(history.largest_potentiation[neuron], abs(step_potentiation))
        history.entry_count[neuron] = entry + 1
    return history.entry_count[neuron] == history.entry_stamp.shape[1]


@njit
def read_history(synapses, s, until_stamp, history, rule):
    """Add the potentiation of all steps up to a stamp to the pending weight of a synapse (section 6, point 1).

    Parameters
    ----------
    synapses : PlasticSynapses
        Changed in place.
    s : int
        Synapse.
    until_stamp : int
        Last stamp to read.
    history : History
        Of the postsynaptic neurons.
    rule : RuleStep
        Constants.
    """
    post, weight = synapses.post[s], synapses.pending[s]
    last_ms = time_ms(synapses.last_stamp[s], rule)
    delay_ms = synapses.delay_steps * rule.dt_ms
    end = history.entry_count[post]
    while end > synapses.next_entry[s] and history.entry_stamp[post, end - 1] > until_stamp:
        end -= 1
    for entry in range(synapses.next_entry[s], end):
        since_ms = last_ms - (time_ms(history.entry_stamp[post, entry], rule) + delay_ms)
        x_per_ms = decayed_trace(synapses.x_per_ms[s], since_ms, rule)
        weight = potentiate(weight, history.entry_potentiation[post, entry], x_per_ms, synapses.weight_max)
        # The trace only decays: what comes later cannot change a bit of the weight any more.
        if history.largest_potentiation[post] * x_per_ms < NEGLIGIBLE * abs(weight):
            break
    synapses.pending[s] = weight
    synapses.next_entry[s] = end


@njit
def transmit(synapses, s, stamp, history, rule):
    """Update a synapse at a presynaptic spike and return the weight that it transmits (section 6).

    Parameters
    ----------
    synapses : PlasticSynapses
        Changed in place.
    s : int
        Synapse.
    stamp : int
        Stamp of the spike.
    history : History
        Of the postsynaptic neurons, written up to ``stamp``.
    rule : RuleStep
        Constants.

    Returns
    -------
    float
        The new weight.
    """
    at_synapse = stamp - synapses.delay_steps
    read_history(synapses, s, at_synapse, history, rule)
    step_depression = history.depression[at_synapse % len(history.depression), synapses.post[s]]
    weight = depress(synapses.pending[s], step_depression, synapses.weight_min)
    since_ms = time_ms(synapses.last_stamp[s], rule) - time_ms(stamp, rule)
    synapses.x_per_ms[s] = add_to_trace(decayed_trace(synapses.x_per_ms[s], since_ms, rule), rule)
    synapses.last_stamp[s] = stamp
    synapses.pending[s] = weight
    synapses.weight[s] = weight
    return weight


@njit
def read_all(projections, neuron, stamp, history, rule):
    """Let all synapses of a neuron read its history, and drop what all have read.

    Parameters
    ----------
    projections : tuple of PlasticSynapses
        All plastic synapses; changed in place.
    neuron : int
        Postsynaptic neuron.
    stamp : int
        Latest stamp of the history: every later spike has at least this stamp.
    history : History
        Changed in place.
    rule : RuleStep
        Constants.
    """
    kept_from = history.entry_count[neuron]
    for synapses in projections:
        for s in range(len(synapses.post)):
            if synapses.post[s] == neuron:
                read_history(synapses, s, stamp - synapses.delay_steps, history, rule)
                kept_from = min(kept_from, synapses.next_entry[s])
    for synapses in projections:
        for s in range(len(synapses.post)):
            if synapses.post[s] == neuron:
                synapses.next_entry[s] -= kept_from
    kept = history.entry_count[neuron] - kept_from
    for k in range(kept):
        history.entry_stamp[neuron, k] = history.entry_stamp[neuron, kept_from + k]
        history.entry_potentiation[neuron, k] = history.entry_potentiation[neuron, kept_from + k]
    history.entry_count[neuron] = kept
