"""The network in time: conductance-based neurons, and inhibitory synapses that learn.

Units are SI's; weights are in nS. A step goes as in Brian2: state, thresholds, synapses, reset. A trace belongs to a
neuron here and decays in each step; Brian2 keeps one per synapse, and updates it at events: the same but for rounding.
"""

from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import inline_njit, njit

Step = namedtuple(
    "Step",
    "exc_neurons refractory_steps dt_over_C g_leak_S E_leak_V E_inh_V I_A threshold_V g_exc_rate g_inh_rate "
    "trace_decay w_exc_S w_max_nS alpha eta_nS",
)
#: Of each neuron, excitatory ones first: potential, conductances, trace and end of the refractory period; of each
#: synapse of an inhibitory neuron: weight.
State = namedtuple("State", "v_V g_exc_S g_inh_S trace active_from w_nS")
#: Synapses of neuron i are first[i] to first[i + 1] of ``target``; plastic synapses onto neuron j are into_first[j] to
#: into_first[j + 1] of ``into`` (numbers of weights) and ``into_source``.
Wiring = namedtuple("Wiring", "first target into_first into into_source")


def discretise(p):
    """Return the constants of a step, rounded as Brian2 rounds them."""
    dt_s, tau_stdp_s = p.dt_ms * 0.001, p.tau_stdp_ms * 0.001
    return Step(
        exc_neurons=p.exc_neurons,
        refractory_steps=p.steps(p.refractory_ms),
        dt_over_C=dt_s / (p.C_pF * 1e-12),
        g_leak_S=p.g_leak_nS * 1e-9,
        E_leak_V=p.E_leak_mV * 0.001,
        E_inh_V=p.E_inh_mV * 0.001,
        I_A=p.I_pA * 1e-12,
        threshold_V=p.threshold_mV * 0.001,
        g_exc_rate=-dt_s / (p.tau_exc_ms * 0.001),
        g_inh_rate=-dt_s / (p.tau_inh_ms * 0.001),
        trace_decay=np.exp(-dt_s / tau_stdp_s),
        w_exc_S=p.w_exc_nS * 1e-9,
        w_max_nS=float(p.w_max_nS),
        alpha=float(p.target_rate_Hz) * tau_stdp_s * 2,
        eta_nS=float(p.eta_nS),
    )


def build(p, outdegree, target):
    """Return the wiring, the state before the first step, and which synapses of inhibitory neurons are plastic."""
    first = np.append(0, np.cumsum(outdegree, dtype=np.int64))
    of_inh = target[first[p.exc_neurons] :]
    plastic = of_inh < p.exc_neurons
    into = np.flatnonzero(plastic)
    into = into[np.argsort(of_inh[into], kind="stable")]
    source = np.repeat(np.arange(p.exc_neurons, p.neurons), outdegree[p.exc_neurons :])
    into_first = np.append(0, np.cumsum(np.bincount(of_inh[plastic], minlength=p.exc_neurons)))
    v_V, g_exc_S, g_inh_S, trace = np.zeros((4, p.neurons))
    v_V[:] = p.V_initial_mV * 0.001
    w_nS = np.where(plastic, float(p.w_initial_nS), float(p.w_inh_inh_nS))
    state = State(v_V, g_exc_S, g_inh_S, trace, np.zeros(p.neurons, np.int64), w_nS)
    return Wiring(first, target, into_first, into, source[into]), state, plastic


@njit
def advance_neurons(n, state, step):
    """Advance all neurons by a forward Euler step; potentials of refractory ones stay."""
    v_V, g_exc_S, g_inh_S, trace, active_from, _ = state
    for i in range(len(v_V)):
        v, g_exc, g_inh = v_V[i], g_exc_S[i], g_inh_S[i]
        inward_A = step.I_A - ((g_exc * v + g_inh * (v - step.E_inh_V)) + step.g_leak_S * (v - step.E_leak_V))
        v_V[i] = step.dt_over_C * inward_A + v if n >= active_from[i] else v
        g_exc_S[i] = step.g_exc_rate * g_exc + g_exc
        g_inh_S[i] = step.g_inh_rate * g_inh + g_inh
        trace[i] *= step.trace_decay


@inline_njit
def transmit(i, state, wiring, step):
    """Let a spike of neuron i act on its targets; a plastic synapse learns first."""
    first_inh = wiring.first[step.exc_neurons]
    for k in range(wiring.first[i], wiring.first[i + 1]):
        j = wiring.target[k]
        if i < step.exc_neurons:
            state.g_exc_S[j] += step.w_exc_S
            continue
        w_nS = state.w_nS[k - first_inh]
        if j < step.exc_neurons:
            w_nS = min(max(w_nS + step.eta_nS * (state.trace[j] - step.alpha), 0.0), step.w_max_nS)
            state.w_nS[k - first_inh] = w_nS
        state.g_inh_S[j] += w_nS * 1e-9


@inline_njit
def potentiate(j, state, wiring, step):
    """Let the plastic synapses onto neuron j learn from its spike."""
    for place in range(wiring.into_first[j], wiring.into_first[j + 1]):
        k = wiring.into[place]
        w_nS = state.w_nS[k] + step.eta_nS * state.trace[wiring.into_source[place]]
        state.w_nS[k] = min(max(w_nS, 0.0), step.w_max_nS)


@njit
def simulate(first, end, state, wiring, step, spike_step, spike_neuron):
    """Simulate steps ``first`` to ``end`` - 1, write their spikes, and return how many these are."""
    total = 0
    for n in range(first, end):
        advance_neurons(n, state, step)
        before = total
        for i in range(len(state.v_V)):
            # A refractory neuron is at rest, below threshold.
            if state.v_V[i] > step.threshold_V:
                spike_step[total], spike_neuron[total] = n, i
                total += 1
        # Presynaptic events see no trace of this step's spikes, postsynaptic ones do: pre comes before post.
        for i in spike_neuron[before:total]:
            transmit(i, state, wiring, step)
        for i in spike_neuron[before:total]:
            state.trace[i] += 1.0
        for i in spike_neuron[before:total]:
            if i < step.exc_neurons and step.eta_nS > 0.0:
                potentiate(i, state, wiring, step)
            state.v_V[i] = step.E_leak_V
            state.active_from[i] = n + step.refractory_steps
    return total
