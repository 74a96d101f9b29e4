"""One neuron of either model with one plastic synapse, forced to spike: the time loops of the pairing protocol.

Source: docs/models/voltage_based_stdp.md#pairing.
"""

import numpy as np

from replasticity.models import adaptive_exponential, hodgkin_huxley
from replasticity.models.clopath import (
    TOO_MANY_SPIKES,
    RuleStep,
    new_history,
    new_synapses,
    prune_history,
    raise_outside,
    transmit,
    write_history,
)
from replasticity.models.clopath_parameters import constants_of
from replasticity.numerics.compilation import inline_njit, njit
from replasticity.numerics.limits import no_failure, note_failure

#: The delay lines of the low-passed potentials start here [mV].
START_MV = 0.0

#: Where V, u_bar_plus, u_bar_minus and u_bar_bar are in the state of a Hodgkin-Huxley neuron.
_V, _U_PLUS, _U_MINUS, _U_BAR = (getattr(hodgkin_huxley, name) for name in ("V", "U_PLUS", "U_MINUS", "U_BAR"))


@inline_njit
def deliver(
    synapses, pre_step, next_pre, post_step, next_post, post_weight, n, arriving, transmitted, history, rule, failure
):
    """Deliver the spikes of step ``n``: those of the forcing generator, then the presynaptic ones.

    Parameters
    ----------
    synapses : PlasticSynapses
        The one synapse; changed in place.
    pre_step, post_step : ndarray of int64
        Steps of presynaptic spikes and of the generator that forces the neuron, ascending.
    next_pre, next_post : int
        First of them that is not yet delivered.
    post_weight : float
        Weight of the generator [mV or pA].
    n : int
        Step.
    arriving : ndarray of float64, shape (intervals, 2) or (intervals, 1)
        Sums of the positive and the negative weights that arrive in the coming intervals, or of all; changed in place.
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
    while next_post < len(post_step) and post_step[next_post] == n:
        arriving[n % len(arriving), 0 if post_weight >= 0 else -1] += post_weight
        next_post += 1
    while next_pre < len(pre_step) and pre_step[next_pre] == n:
        transmit(synapses, 0, n, history, rule, failure)
        weight = synapses.weight[0]
        arriving[(n + synapses.delay_steps - 1) % len(arriving), 0 if weight >= 0 else -1] += weight
        transmitted[next_pre] = weight
        next_pre += 1
    return next_pre, next_post


@njit
def simulate_adaptive_exponential(
    block, synapses, history, pre_step, post_step, post_weight, transmitted, trace, neuron, rule, failure
):
    """Run an adaptive exponential neuron for ``trace.shape[1]`` intervals.

    Parameters
    ----------
    block : record of `replasticity.models.adaptive_exponential.BLOCK`
        Block of one neuron; changed in place.
    synapses, history : PlasticSynapses, History
        The synapse, and what the neuron keeps for it; changed in place.
    pre_step, post_step : ndarray of int64
        Steps of presynaptic spikes and of the generator that forces the neuron, ascending.
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
        Steps of the neuron's spikes.
    """
    spikes = [0 for _ in range(0)]
    arriving = np.zeros((synapses.delay_steps, 1))
    next_pre = next_post = 0
    for n in range(trace.shape[1]):
        next_pre, next_post = deliver(
            synapses,
            pre_step,
            next_pre,
            post_step,
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
        block.input_mV[0] = arriving[row, 0]
        arriving[row] = 0.0
        if adaptive_exponential.advance(block, 1, neuron) >= 0:
            adaptive_exponential.note_outside(block, 0, failure, n + 1, 0)
        for _ in range(block.spikes[0]):
            spikes.append(n + 1)
        if len(spikes) > trace.shape[1]:
            note_failure(failure, TOO_MANY_SPIKES, n + 1, 0, len(spikes))
        V_mV, _, _, _, u_plus_mV, u_minus_mV, u_bar_mV = adaptive_exponential.by_variable(block.state)
        trace[0, n], trace[1, n], trace[2, n], trace[3, n] = V_mV[0], u_plus_mV[0], u_minus_mV[0], u_bar_mV[0]
        if write_history(history, 0, 1, n + 1, V_mV, u_plus_mV, u_minus_mV, u_bar_mV, rule):
            prune_history(history, (synapses,), n + 1, rule, failure)
        if failure[0].variable >= 0:
            break
    return spikes


@njit
def simulate_hodgkin_huxley(
    state, synapses, history, pre_step, post_step, post_weight, transmitted, trace, neuron, rule, failure
):
    """Run a Hodgkin-Huxley neuron for ``trace.shape[1]`` intervals.

    ``state`` is a record of `replasticity.models.hodgkin_huxley.NEURON`, ``post_weight`` in pA; the rest as in
    `simulate_adaptive_exponential`.
    """
    spikes = [0 for _ in range(0)]
    arriving = np.zeros((synapses.delay_steps, 2))
    next_pre = next_post = 0
    for n in range(trace.shape[1]):
        next_pre, next_post = deliver(
            synapses,
            pre_step,
            next_pre,
            post_step,
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
        y = state.y
        trace[0, n], trace[1, n], trace[2, n], trace[3, n] = y[_V], y[_U_PLUS], y[_U_MINUS], y[_U_BAR]
        if write_history(history, 0, 1, n + 1, y[_V:], y[_U_PLUS:], y[_U_MINUS:], y[_U_BAR:], rule):
            prune_history(history, (synapses,), n + 1, rule, failure)
        if failure[0].variable >= 0:
            break
    return spikes


def simulate_neuron(p, model, pre_ms, post_ms, step_count):
    """Run one pairing in one neuron model.

    Parameters
    ----------
    p : ForcedNeurons
        Parameters.
    model : {"adex", "hh"}
        Neuron model.
    pre_ms, post_ms : ndarray of float64
        Times of the two generators, ascending [ms].
    step_count : int
        Steps of the run.

    Returns
    -------
    transmitted : ndarray of float64, shape (presynaptic spikes,)
        Weight transmitted with each; NaN for one that the run is too short for.
    spikes : ndarray of int64, shape (spikes,)
        Times, in steps, of the neuron's spikes.
    trace : ndarray of float64, shape (4, steps)
        V, u_bar_plus, u_bar_minus and u_bar_bar after each step [mV].

    Raises
    ------
    StateError
        If the neuron or the weight leaves its limits.
    """
    prefix, dt_ms = f"{model}_", float(p.dt_ms)
    rule = constants_of(
        RuleStep,
        p,
        prefix,
        dt_ms=dt_ms,
        microseconds=round(p.dt_ms * 1000),
        history_steps=p.steps(getattr(p, f"{prefix}delay_u_ms")),
        A_LTP=float(getattr(p, f"{prefix}A_LTP_per_mV2")),
        A_LTD=float(getattr(p, f"{prefix}A_LTD_per_mV")),
        tau_x_ms=float(p.tau_x_ms),
    )
    history = new_history(1, START_MV, p.steps(p.delay_ms), rule)
    zero = np.zeros(1, np.int64)
    weights = np.array([float(p.weight_initial)]), 1, p.steps(p.delay_ms), float(p.weight_min), float(p.weight_max)
    synapses = new_synapses(zero, zero, *weights)
    # The relay adds a step.
    pre_step = np.rint(pre_ms / p.dt_ms).astype(np.int64) + 1
    post_step = np.rint(post_ms / p.dt_ms).astype(np.int64)
    transmitted, trace = np.full(len(pre_step), np.nan), np.zeros((4, step_count))
    failure = no_failure()
    given = {"dt_ms": dt_ms, "refractory_steps": p.steps(getattr(p, f"{prefix}t_ref_ms"))}
    if model == "adex":
        given["clamp_steps"] = p.steps(p.adex_t_clamp_ms)
        adex = constants_of(adaptive_exponential.NeuronStep, p, prefix, **given)
        block = adaptive_exponential.new_blocks([p.adex_V_initial_mV], 0.0, adex)[0]
        spikes = simulate_adaptive_exponential(
            *(block, synapses, history, pre_step, post_step, float(p.adex_forcing_weight_mV)),
            *(transmitted, trace, adex, rule, failure),
        )
        raise_outside(failure, adaptive_exponential.LIMITS, p.dt_ms)
    else:
        hh = constants_of(hodgkin_huxley.NeuronStep, p, prefix, **given)
        neuron = hodgkin_huxley.new_neuron(p.hh_V_initial_mV, hh)
        spikes = simulate_hodgkin_huxley(
            *(neuron, synapses, history, pre_step, post_step, float(p.hh_forcing_weight_pA)),
            *(transmitted, trace, hh, rule, failure),
        )
        raise_outside(failure, hodgkin_huxley.LIMITS, p.dt_ms)
    return transmitted, np.array(spikes, np.int64), trace


def simulate_pairings(p, pairings, traced=()):
    """Run pairings one after another.

    Parameters
    ----------
    p : ForcedNeurons
        Parameters.
    pairings : sequence of (str, ndarray of float64, ndarray of float64, int)
        Neuron model, times of the two generators and steps of each, as `simulate_neuron` takes them.
    traced : collection of int
        Those whose potentials are kept.

    Returns
    -------
    transmitted, spike_steps : list of ndarray
        Weights transmitted and steps of the neuron's spikes in each pairing, as `simulate_neuron` returns them.
    traces : dict of int to ndarray of float64, shape (4, steps)
        Potentials [mV] of those asked for.
    """
    transmitted, spike_steps, traces = [], [], {}
    for k, pairing in enumerate(pairings):
        weights, spike_step, trace = simulate_neuron(p, *pairing)
        transmitted.append(weights)
        spike_steps.append(spike_step)
        if k in traced:
            traces[k] = trace
    return transmitted, spike_steps, traces
