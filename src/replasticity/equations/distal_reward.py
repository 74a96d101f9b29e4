"""Equations of the distal-reward network (Izhikevich 2007): neurons, STDP, eligibility and dopamine.

==========  =====================  ===================================================================
symbol      name                   meaning
==========  =====================  ===================================================================
v           v_mV                   membrane potential [mV]
u           u_mV                   recovery variable [mV]
I           input_mV               input of a neuron in one step: noise, spikes, stimuli [mV]
a, b, c, d  a_per_ms, b, c_mV,     parameters of the neuron: a is larger in inhibitory neurons, d is
            d_mV                   larger in excitatory ones
s           weight_mV              weight of a synapse: what its spike adds to I [mV]
STDP        trace_mV               trace of a neuron: set at a spike, then decaying; what a later spike of
                                   the other neuron of a synapse adds to (pre) or, times ``ltd_factor``,
                                   takes from (post) the eligibility [mV]
c           eligibility_mV         eligibility of a synapse, the paper's "synaptic tag" [mV]
d           dopamine               extracellular dopamine above its baseline [1]
==========  =====================  ===================================================================

All operations are in the order of the published program, without fused ones, so that results agree to the bit
(docs/models/distal_reward.md#order-of-a-step).
A synapse is numbered ``neuron * slots + slot`` by its presynaptic neuron.

Numbers of neurons and synapses are unsigned, and loops begin at 0: an index that might be negative, and then counts
from the end of its array, would keep the compiler from taking several neurons at a time.
"""

import math

from replasticity.numerics.compilation import njit

#: Neurons that are asked together whether one of them spikes.
BLOCK = 100


@njit
def scale_noise(input_mV, noise_amplitude_mV):
    """Turn uniform numbers on [0, 1) into the noise of one step, amplitude (r - 1/2).

    Source: docs/models/distal_reward.md#step-noise.

    Parameters
    ----------
    input_mV : ndarray of float64, shape (neurons,)
        Uniform numbers; noise [mV] afterwards.
    noise_amplitude_mV : float
        Width of the uniform distribution [mV].
    """
    for i in range(len(input_mV)):
        input_mV[i] = noise_amplitude_mV * (input_mV[i] - 0.5)


@njit
def find_spikes(v_mV, v_peak_mV, fired):
    """List the neurons at or above the peak, in ascending order (docs/models/distal_reward.md#step-spikes).

    Parameters
    ----------
    v_mV : ndarray of float64, shape (neurons,)
        Membrane potentials as the previous step left them [mV].
    v_peak_mV : float
        Peak of a spike [mV].
    fired : ndarray of uint32, shape (neurons,)
        Its first entries are set.

    Returns
    -------
    int
        Number of neurons found.
    """
    count = 0
    for first in range(0, len(v_mV), BLOCK):
        block_mV = v_mV[first : first + BLOCK]
        # Counting takes several neurons at a time, listing one after the other; most blocks have none to list.
        at_peak = 0
        for i in range(len(block_mV)):
            at_peak += block_mV[i] >= v_peak_mV
        if at_peak > 0:
            for i in range(len(block_mV)):
                if block_mV[i] >= v_peak_mV:
                    fired[count] = first + i
                    count += 1
    return count


@njit
def reset(neuron, state, step):
    """Reset a neuron that spikes: v to c, u + d, and its trace set, not raised.

    Source: docs/models/distal_reward.md#step-spikes.

    Parameters
    ----------
    neuron : int
        The neuron.
    state : State
        State of the network; changed in place.
    step : DistalRewardStep
        Per-step constants from `replasticity.models.distal_reward.discretise`.
    """
    state.v_mV[neuron] = step.c_mV
    state.u_mV[neuron] += step.d_exc_mV if neuron < step.exc_cells else step.d_inh_mV
    state.trace_mV[neuron] = step.trace_increment_mV


@njit
def potentiate(neuron, state, wiring):
    """Raise the eligibility of all excitatory synapses onto a neuron that spikes.

    Source: docs/models/distal_reward.md#step-potentiation.

    Each is raised by the trace of its presynaptic neuron as the previous step had it before its decay: a spike
    of that neuron in this very step adds nothing.

    Parameters
    ----------
    neuron : int
        The neuron.
    state : State
        State of the network; changed in place.
    wiring : Wiring
        Who projects to whom.
    """
    for k in range(wiring.incoming_first[neuron], wiring.incoming_first[neuron + 1]):
        synapse = wiring.incoming_synapse[k]
        state.eligibility_mV[synapse] += state.previous_trace_mV[wiring.incoming_pre[k]]


@njit
def transmit_and_depress(neuron, state, wiring, step):
    """Let the spike of a neuron act on its targets and on the eligibility of its synapses.

    Source: docs/models/distal_reward.md#step-transmission.

    Of several synapses onto one target only those marked in ``wiring.transmits`` carry the spike. All of them
    learn: the eligibility falls by the target's trace, a spike of the target in this very step included.

    Parameters
    ----------
    neuron : int
        The neuron.
    state : State
        State of the network; changed in place.
    wiring : Wiring
        Who projects to whom.
    step : DistalRewardStep
        Per-step constants.
    """
    first = neuron * wiring.slots
    for synapse in range(first, first + wiring.slots):
        target = wiring.target[synapse]
        if wiring.transmits[synapse]:
            state.input_mV[target] += state.weight_mV[synapse]
        state.eligibility_mV[synapse] -= step.ltd_factor * state.trace_mV[target]


@njit
def move_potential(v_mV, u_mV, input_mV):
    """Return v after half a millisecond: dv/dt = 0.04 v^2 + 5 v + 140 - u + I, forward Euler.

    Source: docs/models/distal_reward.md#step-membrane.

    Parameters
    ----------
    v_mV, u_mV, input_mV : float
        Potential, recovery variable and input [mV].

    Returns
    -------
    float
        Potential [mV], not clipped at the peak.
    """
    return v_mV + 0.5 * ((0.04 * v_mV + 5.0) * v_mV + 140.0 - u_mV + input_mV)


@njit
def move_recovery(u_mV, v_mV, a_per_ms, b):
    """Return u after one millisecond: du/dt = a (b v - u), forward Euler with the new v.

    Source: docs/models/distal_reward.md#step-recovery.

    Parameters
    ----------
    u_mV, v_mV : float
        Recovery variable and potential [mV].
    a_per_ms : float
        Rate of recovery [1/ms].
    b : float
        Coupling of u to v.

    Returns
    -------
    float
        Recovery variable [mV].
    """
    return u_mV + a_per_ms * (b * v_mV - u_mV)


@njit
def move_neurons(state, step):
    """Advance v, u and the traces of all neurons by one step of 1 ms.

    Source: docs/models/distal_reward.md#step-membrane, docs/models/distal_reward.md#step-trace.

    Parameters
    ----------
    state : State
        State of the network; changed in place.
    step : DistalRewardStep
        Per-step constants.
    """
    v_mV, u_mV, input_mV = state.v_mV, state.u_mV, state.input_mV
    trace_mV, previous_trace_mV = state.trace_mV, state.previous_trace_mV
    for neuron in range(len(v_mV)):
        a_per_ms = step.a_exc_per_ms if neuron < step.exc_cells else step.a_inh_per_ms
        halfway_mV = move_potential(v_mV[neuron], u_mV[neuron], input_mV[neuron])
        v_mV[neuron] = move_potential(halfway_mV, u_mV[neuron], input_mV[neuron])
        u_mV[neuron] = move_recovery(u_mV[neuron], v_mV[neuron], a_per_ms, step.b)
        previous_trace_mV[neuron] = trace_mV[neuron]
        trace_mV[neuron] *= step.trace_decay


@njit
def bounded(weight_mV, w_max_mV):
    """Return the weight within [0, w_max]."""
    weight_mV = min(weight_mV, w_max_mV)
    return max(weight_mV, 0.0)


@njit
def learn(state, step):
    """Change all excitatory weights in proportion to dopamine and eligibility; all eligibilities decay.

    Source: docs/models/distal_reward.md#step-weights.

    Parameters
    ----------
    state : State
        State of the network; changed in place.
    step : DistalRewardStep
        Per-step constants. ``dopamine_baseline`` is meant per update: the update period is no factor.
    """
    rate = step.dopamine_baseline + state.dopamine[0]
    weight_mV, eligibility_mV = state.weight_mV, state.eligibility_mV
    for synapse in range(step.exc_synapses):
        weight_mV[synapse] = bounded(weight_mV[synapse] + rate * eligibility_mV[synapse], step.w_max_mV)
        eligibility_mV[synapse] *= step.eligibility_decay
    inh_eligibility_mV = eligibility_mV[step.exc_synapses :]
    for synapse in range(len(inh_eligibility_mV)):
        inh_eligibility_mV[synapse] *= step.eligibility_decay


@njit
def reward_delay_ms(number, step):
    """Return after how many steps a reward comes: minimum + ceil(span r).

    Source: docs/models/distal_reward.md#step-coincidence.

    Parameters
    ----------
    number : float
        Uniform on [0, 1).
    step : DistalRewardStep
        Per-step constants.

    Returns
    -------
    int
        Delay [ms].
    """
    return step.reward_delay_min_ms + math.ceil(step.reward_delay_span_ms * number)
