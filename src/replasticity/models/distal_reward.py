"""The distal-reward network (Izhikevich 2007): wiring, constants and time loop.

One step is 1 ms, and steps are counted from 1. Everything that changes is in `State`, an array each, so that a run
can stop after any step and go on from a copy of its state. The noise is no part of it: it is a function of
seed and step (`replasticity.numerics.philox`).

The potential and the recovery variable stay within `LIMIT_mV` (ours: the published program has no limits, and what it
computes stays below 2000 mV, at the top of a spike). A run that leaves them ends there, with a note in
``Chunk.failure``. Nothing else can diverge: traces, eligibilities and dopamine decay, weights are bounded.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.distal_reward import (
    find_spikes,
    learn,
    move_neurons,
    potentiate,
    reset,
    reward_delay_ms,
    scale_noise,
    transmit_and_depress,
)
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import no_failure, note_failure
from replasticity.numerics.philox import fill_uniform, uniform_number

#: Streams of a seed (docs/models/distal_reward.md#random-inputs).
NOISE_STREAM, WIRING_STREAM, REWARD_STREAM = 0, 1, 2

#: No neuron: stands for the chosen pair where no synapse is singled out.
NONE = -1

#: Step of the last spike of a neuron that has not spiked: before that of any that a coincidence could count.
NEVER = -(2**62)

CACHE_LINE_BYTES = 64

#: Largest size of v and u [mV].
LIMIT_mV = 1e6

#: What can leave its limits, for `replasticity.numerics.limits.raise_failure`; and the place of each in this list.
LIMITS = tuple((name, f"{-LIMIT_mV:g} to {LIMIT_mV:g} mV") for name in ("v_mV", "u_mV"))
POTENTIAL, RECOVERY = range(len(LIMITS))

#: Per-step constants.
DistalRewardStep = namedtuple(
    "DistalRewardStep",
    [
        "exc_cells",
        "exc_synapses",
        "a_exc_per_ms",
        "a_inh_per_ms",
        "b",
        "c_mV",
        "d_exc_mV",
        "d_inh_mV",
        "v_peak_mV",
        "w_max_mV",
        "noise_amplitude_mV",
        "trace_increment_mV",
        "trace_decay",
        "ltd_factor",
        "eligibility_decay",
        "weight_update_period_ms",
        "dopamine_baseline",
        "dopamine_decay",
        "dopamine_increment",
        "coincidence_ms",
        "reward_delay_min_ms",
        "reward_delay_span_ms",
        "chosen_synapse",
        "chosen_pre",
        "chosen_post",
        "stimulus_mV",
        "seed",
    ],
)

#: Who projects to whom, in unsigned numbers. ``target``, ``transmits`` (synapses,); the excitatory synapses onto
#: neuron i are ``incoming_synapse[incoming_first[i]:incoming_first[i + 1]]``, from the neurons ``incoming_pre``.
Wiring = namedtuple("Wiring", ["slots", "target", "transmits", "incoming_first", "incoming_synapse", "incoming_pre"])

#: Current into groups of neurons: step of each presentation, its group, the delay of its reward (0: none), and
#: the neurons of each group.
Stimuli = namedtuple("Stimuli", ["step", "group", "reward_delay_ms", "cells"])

#: All that changes from step to step. ``reward_due`` is a ring over the coming steps.
State = namedtuple(
    "State",
    [
        "v_mV",
        "u_mV",
        "trace_mV",
        "previous_trace_mV",
        "input_mV",
        "weight_mV",
        "eligibility_mV",
        "dopamine",
        "reward_due",
        "last_chosen_pre_step",
        "scheduled_rewards",
        "next_stimulus",
    ],
)

#: What the time loop writes in one chunk: arrays over its steps, and lists with their lengths in ``counts``.
Chunk = namedtuple(
    "Chunk",
    [
        "chosen_weight_mV",
        "chosen_eligibility_mV",
        "dopamine",
        "rewarded",
        "spike_step",
        "spike_neuron",
        "coincidence_step",
        "reward_step",
        "counts",
        "failure",
    ],
)
SPIKES, REWARDS = 0, 1


def uniform_stream(seed, stream):
    """Return numpy's generator of one stream of a seed (docs/models/distal_reward.md#random-inputs)."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))


def noise_numbers(seed, count):
    """Return the first numbers of the noise of a seed, uniform on [0, 1)."""
    numbers = np.zeros(count)
    fill_uniform(numbers, 0, np.uint64(seed), np.uint64(NOISE_STREAM))
    return numbers


def sample_targets(seed, exc_neurons, inh_neurons, slots):
    """Return the target of each synapse (docs/models/distal_reward.md#connectivity).

    Parameters
    ----------
    seed : int
        Seed of the run.
    exc_neurons, inh_neurons : int
        Numbers of neurons. Excitatory neurons project to all, inhibitory ones to excitatory neurons.
    slots : int
        Outgoing synapses of each neuron.

    Returns
    -------
    ndarray of int32, shape (synapses,)
        Nothing is excluded: a neuron may project to itself, and more than once to the same neuron.
    """
    generator = uniform_stream(seed, WIRING_STREAM)
    from_exc = np.floor((exc_neurons + inh_neurons) * generator.random((exc_neurons, slots)))
    from_inh = np.floor(exc_neurons * generator.random((inh_neurons, slots)))
    return np.concatenate([from_exc, from_inh]).astype(np.int32).ravel()


def wire(target, exc_neurons, neurons, slots, parallel_synapses_add):
    """Return the wiring of the network.

    Parameters
    ----------
    target : ndarray of int32, shape (synapses,)
        From `sample_targets`.
    exc_neurons, neurons, slots : int
        Numbers of excitatory neurons, of all neurons, and of outgoing synapses of each.
    parallel_synapses_add : bool
        Whether all synapses transmit. If not, of several onto the same target only the one with the highest
        slot does, as in the published program (docs/models/distal_reward.md#step-transmission).

    Returns
    -------
    Wiring
        Who projects to whom.
    """
    transmits = np.ones(len(target), np.bool_)
    if not parallel_synapses_add:
        pair = np.repeat(np.arange(neurons), slots) * neurons + target
        transmits[:] = False
        # The first occurrence from behind is the highest slot.
        transmits[len(pair) - 1 - np.unique(pair[::-1], return_index=True)[1]] = True
    exc_target = target[: exc_neurons * slots]
    incoming = np.argsort(exc_target, kind="stable").astype(np.uint32)
    return Wiring(
        slots=np.uint32(slots),
        target=target.astype(np.uint32),
        transmits=transmits,
        incoming_first=np.searchsorted(exc_target[incoming], np.arange(neurons + 1)).astype(np.uint32),
        incoming_synapse=incoming,
        incoming_pre=(incoming // slots).astype(np.uint32),
    )


def discretise(*, slots, **constants):
    """Return the per-step constants.

    Parameters
    ----------
    slots : int
        Outgoing synapses of each neuron.
    **constants
        The other fields of `DistalRewardStep`; ``seed`` as an int.

    Returns
    -------
    DistalRewardStep
        Constants of one step of 1 ms.
    """
    constants["seed"] = np.uint64(constants["seed"])
    return DistalRewardStep(exc_synapses=constants["exc_cells"] * slots, **constants)


def no_stimuli():
    """Return stimuli that never come."""
    nothing = np.zeros(0, np.int64)
    return Stimuli(step=nothing, group=nothing, reward_delay_ms=nothing, cells=np.zeros((0, 0), np.int32))


def aligned(size, value):
    """Return a constant float64 array that begins at the border of a cache line.

    Of the groups of neurons or synapses that compiled loops take at a time none then lies across a border.

    Parameters
    ----------
    size : int
        Number of elements.
    value : float
        Value of all of them.

    Returns
    -------
    ndarray of float64, shape (size,)
        Part of a slightly larger array.
    """
    array = np.full(size + CACHE_LINE_BYTES // 8, float(value))
    first = -array.ctypes.data % CACHE_LINE_BYTES // 8
    return array[first : first + size]


def initial_state(*, neurons, slots, v_init_mV, w_exc_init_mV, w_inh_mV, longest_reward_delay_ms, step):
    """Return the state before the first step (docs/models/distal_reward.md#initial-state).

    Parameters
    ----------
    neurons, slots : int
        Number of neurons, and of outgoing synapses of each.
    v_init_mV : float
        Membrane potential of all neurons [mV]; u is b times that.
    w_exc_init_mV, w_inh_mV : float
        Initial excitatory and constant inhibitory weight [mV]. The chosen synapse starts at 0.
    longest_reward_delay_ms : int
        Longest time from scheduling a reward to giving it [ms].
    step : DistalRewardStep
        Constants from `discretise`.

    Returns
    -------
    State
        float64 arrays over neurons and synapses, and arrays of size 1 for single numbers.
    """
    weight_mV = aligned(neurons * slots, w_inh_mV)
    weight_mV[: step.exc_synapses] = w_exc_init_mV
    if step.chosen_synapse != NONE:
        weight_mV[step.chosen_synapse] = 0.0
    return State(
        v_mV=aligned(neurons, v_init_mV),
        u_mV=aligned(neurons, step.b * v_init_mV),
        trace_mV=aligned(neurons, 0.0),
        previous_trace_mV=aligned(neurons, 0.0),
        input_mV=aligned(neurons, 0.0),
        weight_mV=weight_mV,
        eligibility_mV=aligned(neurons * slots, 0.0),
        dopamine=np.zeros(1),
        reward_due=np.zeros(longest_reward_delay_ms + 1, np.bool_),
        last_chosen_pre_step=np.full(1, NEVER, np.int64),
        scheduled_rewards=np.zeros(1, np.int64),
        next_stimulus=np.zeros(1, np.int64),
    )


def empty_chunk(steps, neurons):
    """Return the arrays that `simulate` fills, for at most the given number of steps.

    There is room for every neuron spiking in each step.
    """
    return Chunk(
        chosen_weight_mV=np.zeros(steps),
        chosen_eligibility_mV=np.zeros(steps),
        dopamine=np.zeros(steps),
        rewarded=np.zeros(steps, np.bool_),
        spike_step=np.zeros(steps * neurons, np.int32),
        spike_neuron=np.zeros(steps * neurons, np.int32),
        coincidence_step=np.zeros(steps, np.int64),
        reward_step=np.zeros(steps, np.int64),
        counts=np.zeros(2, np.int64),
        failure=no_failure(),
    )


@njit
def simulate(first, end, state, wiring, stimuli, step, chunk, fired):
    """Advance the network over consecutive steps and fill the chunk.

    Parameters
    ----------
    first, end : int
        Number of the first step (from 1), and the one after the last.
    state : State
        Changed in place.
    wiring : Wiring
        From `wire`.
    stimuli : Stimuli
        From `no_stimuli`, or the experiment's.
    step : DistalRewardStep
        Constants from `discretise`.
    chunk : Chunk
        From `empty_chunk`; changed in place.
    fired : ndarray of uint32, shape (neurons,)
        Room for a list of neurons.
    """
    neurons = len(state.v_mV)
    key = step.seed
    chunk.counts[:] = 0
    if end - first > len(chunk.dopamine):
        raise ValueError("more steps than the chunk has room for")
    for t in range(first, end):
        # 1. Noise, and the current of a stimulus.
        fill_uniform(state.input_mV, (t - 1) * neurons, key, np.uint64(NOISE_STREAM))
        scale_noise(state.input_mV, step.noise_amplitude_mV)
        while state.next_stimulus[0] < len(stimuli.step) and stimuli.step[state.next_stimulus[0]] == t:
            present(t, state, stimuli, step)

        # 2. Spikes; 3. and 4. what they do.
        count = find_spikes(state.v_mV, step.v_peak_mV, fired)
        for k in range(count):
            if not state.v_mV[fired[k]] <= LIMIT_mV:
                note_failure(chunk.failure, POTENTIAL, t, fired[k], state.v_mV[fired[k]])
                return
            reset(fired[k], state, step)
            chunk.spike_step[chunk.counts[SPIKES]] = t
            chunk.spike_neuron[chunk.counts[SPIKES]] = fired[k]
            chunk.counts[SPIKES] += 1
        for k in range(count):
            potentiate(fired[k], state, wiring)
        for k in range(count - 1, -1, -1):
            transmit_and_depress(fired[k], state, wiring, step)

        # 5. Membranes; 6. traces.
        move_neurons(state, step)

        # 7. Dopamine; 8. learning.
        state.dopamine[0] *= step.dopamine_decay
        if t % step.weight_update_period_ms == 0:
            learn(state, step)

        # 9. The chosen pair; 10. rewards.
        if step.chosen_synapse != NONE:
            watch_chosen_pair(t, fired[:count], state, step, chunk)
        due = t % len(state.reward_due)
        chunk.rewarded[t - first] = state.reward_due[due]
        if state.reward_due[due]:
            state.reward_due[due] = False
            state.dopamine[0] += step.dopamine_increment

        # 11. Records.
        chunk.dopamine[t - first] = state.dopamine[0]
        if step.chosen_synapse != NONE:
            chunk.chosen_weight_mV[t - first] = state.weight_mV[step.chosen_synapse]
            chunk.chosen_eligibility_mV[t - first] = state.eligibility_mV[step.chosen_synapse]
    check_neurons(state, end - 1, chunk.failure)


@njit
def check_neurons(state, t, failure):
    """Note the first neuron whose potential or recovery variable has left the limits, which a spike does not show."""
    for neuron in range(len(state.v_mV)):
        # Downwards only: beyond the peak lies a spike, which the next step checks.
        if not state.v_mV[neuron] >= -LIMIT_mV:
            note_failure(failure, POTENTIAL, t, neuron, state.v_mV[neuron])
        if not abs(state.u_mV[neuron]) <= LIMIT_mV:
            note_failure(failure, RECOVERY, t, neuron, state.u_mV[neuron])


@njit
def present(t, state, stimuli, step):
    """Give the next stimulus its current, and schedule its reward."""
    k = state.next_stimulus[0]
    for neuron in stimuli.cells[stimuli.group[k]]:
        state.input_mV[neuron] += step.stimulus_mV
    if stimuli.reward_delay_ms[k] > 0:
        schedule_reward(t + stimuli.reward_delay_ms[k], state)
    state.next_stimulus[0] += 1


@njit
def schedule_reward(t, state):
    """Note that a reward is due in step t; two in one step are one."""
    state.reward_due[t % len(state.reward_due)] = True


@njit
def watch_chosen_pair(t, fired, state, step, chunk):
    """Schedule a reward if the chosen postsynaptic neuron spikes soon after the presynaptic one.

    Source: docs/models/distal_reward.md#step-coincidence.
    """
    pre_fires = post_fires = False
    for neuron in fired:
        pre_fires |= neuron == step.chosen_pre
        post_fires |= neuron == step.chosen_post
    if pre_fires:
        state.last_chosen_pre_step[0] = t
    gap_ms = t - state.last_chosen_pre_step[0]
    if post_fires and 0 < gap_ms < step.coincidence_ms:
        number = uniform_number(state.scheduled_rewards[0], step.seed, np.uint64(REWARD_STREAM))
        reward_step = t + reward_delay_ms(number, step)
        schedule_reward(reward_step, state)
        state.scheduled_rewards[0] += 1
        chunk.coincidence_step[chunk.counts[REWARDS]] = t
        chunk.reward_step[chunk.counts[REWARDS]] = reward_step
        chunk.counts[REWARDS] += 1


def longest_reward_delay_ms(reward_delay_min_ms, reward_delay_span_ms):
    """Return the longest delay that `replasticity.equations.distal_reward.reward_delay_ms` can give."""
    return reward_delay_min_ms + math.ceil(reward_delay_span_ms)
