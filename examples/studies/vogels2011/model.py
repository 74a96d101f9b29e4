"""The network in time: conductance-based neurons, and inhibitory synapses that learn. Kernels in SI units, weights in nS.

A step goes as in Brian2 (docs/models/pair_stdp.md#synapse): state, thresholds, synapses (pre before post), resets.
A trace is a number of its neuron here, which decays in each step; Brian2 keeps one for each synapse, up to date at its
events. That is the same but for rounding.
"""

from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import njit

#: Constants of one step.
Step = namedtuple("Step", [
    "dt_over_C", "g_leak_S", "E_leak_V", "E_inh_V", "I_A", "threshold_V", "refractory_steps", "exc_decay", "inh_decay",
    "trace_decay", "w_exc_S", "w_inh_inh_S", "w_max_nS", "alpha", "eta_nS", "exc_neurons",
])  # fmt: skip
#: What changes: of each neuron, excitatory ones first, and the weight of each plastic synapse.
State = namedtuple("State", ["v_V", "g_exc_S", "g_inh_S", "trace", "active_from", "w_nS"])
#: Synapses of three kinds, sorted by their source: those of source i are first[i] to first[i + 1]. Plastic synapses of
#: target j again, as ``into[into_first[j]]`` and so on, with their sources.
Wiring = namedtuple("Wiring", [
    "exc_first", "exc_target", "inh_inh_first", "inh_inh_target", "inh_exc_first", "inh_exc_target",
    "into_first", "into", "into_source",
])  # fmt: skip


@njit
def advance_neurons(n, state, step):
    """Advance all neurons by one forward Euler step; potentials of refractory ones stay."""
    v_V, g_exc_S, g_inh_S, trace, active_from, _ = state
    for i in range(len(v_V)):
        v, g_exc, g_inh = v_V[i], g_exc_S[i], g_inh_S[i]
        inward_A = step.I_A - ((g_exc * v + g_inh * (v - step.E_inh_V)) + step.g_leak_S * (v - step.E_leak_V))
        v_V[i] = step.dt_over_C * inward_A + v if n >= active_from[i] else v
        g_exc_S[i] = step.exc_decay * g_exc + g_exc
        g_inh_S[i] = step.inh_decay * g_inh + g_inh
        trace[i] *= step.trace_decay


@njit
def find_spikes(state, step, spikes):
    """Write the neurons above threshold into ``spikes``; return how many. A refractory one is at rest, below it."""
    count = 0
    for i in range(len(state.v_V)):
        if state.v_V[i] > step.threshold_V:
            spikes[count] = i
            count += 1
    return count


@njit
def send(i, state, wiring, step):
    """Let a spike of neuron i act on its targets; an inhibitory one changes the weights of its plastic synapses first."""
    if i < step.exc_neurons:
        for k in range(wiring.exc_first[i], wiring.exc_first[i + 1]):
            state.g_exc_S[wiring.exc_target[k]] += step.w_exc_S
        return
    i -= step.exc_neurons
    for k in range(wiring.inh_inh_first[i], wiring.inh_inh_first[i + 1]):
        state.g_inh_S[wiring.inh_inh_target[k]] += step.w_inh_inh_S
    for k in range(wiring.inh_exc_first[i], wiring.inh_exc_first[i + 1]):
        j = wiring.inh_exc_target[k]
        w_nS = min(max(state.w_nS[k] + step.eta_nS * (state.trace[j] - step.alpha), 0.0), step.w_max_nS)
        state.w_nS[k] = w_nS
        state.g_inh_S[j] += w_nS * 1e-9


@njit
def potentiate(j, state, wiring, step):
    """Let a spike of the excitatory neuron j change the weights of the plastic synapses onto it."""
    for place in range(wiring.into_first[j], wiring.into_first[j + 1]):
        k, i = wiring.into[place], wiring.into_source[place]
        state.w_nS[k] = min(max(state.w_nS[k] + step.eta_nS * state.trace[i], 0.0), step.w_max_nS)


@njit
def simulate(first, end, state, wiring, step, spike_step, spike_neuron):
    """Simulate steps ``first`` to ``end`` - 1, and write all spikes; return how many."""
    total = 0
    for n in range(first, end):
        advance_neurons(n, state, step)
        spikes = spike_neuron[total:]
        count = find_spikes(state, step, spikes)
        for i in spikes[:count]:
            send(i, state, wiring, step)
        # The presynaptic events of this step read traces without its spikes, the postsynaptic ones read them with these.
        for i in spikes[:count]:
            state.trace[i] += 1.0
        for i in spikes[:count]:
            if i < step.exc_neurons and step.eta_nS > 0.0:
                potentiate(i, state, wiring, step)
            state.v_V[i] = step.E_leak_V
            state.active_from[i] = n + step.refractory_steps
        spike_step[total : total + count] = n
        total += count
    return total


def wire(inputs, exc_neurons):
    """Return the `Wiring` of sampled synapses."""
    first = {
        name: np.append(0, np.cumsum(inputs[f"{name}_outdegree"], dtype=np.int64))
        for name in ("exc", "inh_inh", "inh_exc")
    }
    target, outdegree = inputs["inh_exc_target"], inputs["inh_exc_outdegree"]
    into = np.argsort(target, kind="stable")
    source = exc_neurons + np.repeat(np.arange(len(outdegree)), outdegree)[into]
    return Wiring(
        first["exc"], inputs["exc_target"], first["inh_inh"], exc_neurons + inputs["inh_inh_target"],
        first["inh_exc"], target, np.append(0, np.cumsum(np.bincount(target, minlength=exc_neurons))), into, source,
    )  # fmt: skip


def discretise(p):
    """Return the constants of one step, each rounded as Brian2 rounds it."""
    dt_s, tau_stdp_s = p.dt_ms * 0.001, p.tau_stdp_ms * 0.001
    return Step(
        dt_over_C=dt_s / (p.C_pF * 1e-12),
        g_leak_S=p.g_leak_nS * 1e-9,
        E_leak_V=p.E_leak_mV * 0.001,
        E_inh_V=p.E_inh_mV * 0.001,
        I_A=p.I_pA * 1e-12,
        threshold_V=p.threshold_mV * 0.001,
        refractory_steps=p.steps(p.refractory_ms),
        exc_decay=-dt_s / (p.tau_exc_ms * 0.001),
        inh_decay=-dt_s / (p.tau_inh_ms * 0.001),
        trace_decay=np.exp(-dt_s / tau_stdp_s),
        w_exc_S=p.w_exc_nS * 1e-9,
        w_inh_inh_S=p.w_inh_inh_nS * 1e-9,
        w_max_nS=float(p.w_max_nS),
        alpha=float(p.target_rate_Hz) * tau_stdp_s * 2,
        eta_nS=float(p.eta_nS),
        exc_neurons=p.exc_neurons,
    )


def initial_state(p, plastic_synapses):
    """Return the state before the first step."""
    zeros = [np.zeros(p.neurons) for _ in range(3)]
    return State(
        np.full(p.neurons, p.V_initial_mV * 0.001), *zeros, np.zeros(p.neurons, np.int64),
        np.full(plastic_synapses, float(p.w_initial_nS)),
    )  # fmt: skip
