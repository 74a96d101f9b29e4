"""One neuron of either model with one plastic synapse, forced to spike: the time loops of the pairing protocol.

Source: docs/models/voltage_based_stdp.md#pairing.
"""

import numpy as np

from replasticity.models import adaptive_exponential, hodgkin_huxley
from replasticity.models.clopath import TOO_MANY_SPIKES, make_room, transmit, write_history
from replasticity.numerics.compilation import inline_njit, njit
from replasticity.numerics.limits import note_failure

#: Where V, u_bar_plus, u_bar_minus and u_bar_bar are in the state of either neuron.
ADEX_ROWS = tuple(getattr(adaptive_exponential, name) for name in ("V", "U_PLUS", "U_MINUS", "U_BAR"))
HH_ROWS = tuple(getattr(hodgkin_huxley, name) for name in ("V", "U_PLUS", "U_MINUS", "U_BAR"))


@inline_njit
def deliver(
    synapses,
    pre_stamp,
    next_pre,
    post_stamp,
    next_post,
    post_weight,
    n,
    arriving,
    transmitted,
    history,
    rule,
    failure,
):
    """Deliver the spikes with stamp ``n``: those of the forcing generator, then the presynaptic ones.

    Parameters
    ----------
    synapses : PlasticSynapses
        The one synapse; changed in place.
    pre_stamp, post_stamp : ndarray of int64
        Stamps of presynaptic spikes and of the generator that forces the neuron, ascending.
    next_pre, next_post : int
        First of them that is not yet delivered.
    post_weight : float
        Weight of the generator [mV or pA].
    n : int
        Stamp.
    arriving : ndarray of float64, shape (intervals, 2)
        Sums of the positive and the negative weights that arrive in the coming intervals; changed in place.
    transmitted : ndarray of float64
        Weight of each presynaptic spike; changed in place.
    history : History
        Of the neuron.
    rule : RuleStep
        Constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits; changed in place.

    Returns
    -------
    tuple of (int, int)
        First spikes that are not yet delivered.
    """
    while next_post < len(post_stamp) and post_stamp[next_post] == n:
        arriving[n % len(arriving), 0 if post_weight >= 0 else 1] += post_weight
        next_post += 1
    while next_pre < len(pre_stamp) and pre_stamp[next_pre] == n:
        transmit(synapses, 0, n, history, rule, failure)
        weight = synapses.weight[0]
        arriving[(n + synapses.delay_steps - 1) % len(arriving), 0 if weight >= 0 else 1] += weight
        transmitted[next_pre] = weight
        next_pre += 1
    return next_pre, next_post


@njit
def simulate_adaptive_exponential(
    block, synapses, history, pre_stamp, post_stamp, post_weight, transmitted, trace, neuron, rule, failure
):
    """Run an adaptive exponential neuron for ``trace.shape[1]`` intervals.

    Parameters
    ----------
    block : ndarray of float64
        Block of one neuron; see `replasticity.models.adaptive_exponential`.
    synapses, history : PlasticSynapses, History
        The synapse, and what the neuron keeps for it; changed in place.
    pre_stamp, post_stamp : ndarray of int64
        Stamps of presynaptic spikes and of the generator that forces the neuron, ascending.
    post_weight : float
        Weight of the generator [mV].
    transmitted : ndarray of float64
        Weight of each presynaptic spike; written.
    trace : ndarray of float64, shape (4, intervals)
        V, u_bar_plus, u_bar_minus and u_bar_bar after each interval [mV]; written.
    neuron, rule : NeuronStep, RuleStep
        Constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits, changed in place; the loop then ends.

    Returns
    -------
    list of int
        Stamps of the neuron's spikes.
    """
    spikes = [0 for _ in range(0)]
    arriving = np.zeros((synapses.delay_steps, 2))
    next_pre = next_post = 0
    for n in range(trace.shape[1]):
        next_pre, next_post = deliver(
            synapses,
            pre_stamp,
            next_pre,
            post_stamp,
            next_post,
            post_weight,
            n,
            arriving,
            transmitted,
            history,
            rule,
            failure,
        )
        row = n % len(arriving)
        block[adaptive_exponential.INPUT] = arriving[row].sum()
        arriving[row] = 0.0
        if adaptive_exponential.advance(block, 1, neuron) >= 0:
            adaptive_exponential.note_outside(block, 0, failure, n + 1, 0)
        for _ in range(int(block[adaptive_exponential.SPIKES])):
            spikes.append(n + 1)
        if len(spikes) > trace.shape[1]:
            note_failure(failure, TOO_MANY_SPIKES, n + 1, 0, len(spikes))
        for v in range(4):
            trace[v, n] = block[ADEX_ROWS[v]]
        if write_history(history, 0, 1, n + 1, block, ADEX_ROWS, rule):
            make_room(history, (synapses,), n + 1, rule, failure)
        if failure[0].variable >= 0:
            break
    return spikes


@njit
def simulate_hodgkin_huxley(
    state, synapses, history, pre_stamp, post_stamp, post_weight, transmitted, trace, neuron, rule, failure
):
    """Run a Hodgkin-Huxley neuron for ``trace.shape[1]`` intervals.

    ``state`` is a `replasticity.models.hodgkin_huxley.Neuron`, ``post_weight`` in pA; the rest as in
    `simulate_adaptive_exponential`.
    """
    spikes = [0 for _ in range(0)]
    arriving = np.zeros((synapses.delay_steps, 2))
    next_pre = next_post = 0
    for n in range(trace.shape[1]):
        next_pre, next_post = deliver(
            synapses,
            pre_stamp,
            next_pre,
            post_stamp,
            next_post,
            post_weight,
            n,
            arriving,
            transmitted,
            history,
            rule,
            failure,
        )
        row = n % len(arriving)
        if hodgkin_huxley.advance(state, arriving[row, 0], arriving[row, 1], neuron, failure, n + 1):
            spikes.append(n + 1)
        arriving[row] = 0.0
        for v in range(4):
            trace[v, n] = state.y[HH_ROWS[v]]
        if write_history(history, 0, 1, n + 1, state.y, HH_ROWS, rule):
            make_room(history, (synapses,), n + 1, rule, failure)
        if failure[0].variable >= 0:
            break
    return spikes
