"""The network in time. In SI units; a name is that of the parameter without its unit.

A step goes as in Brian2: state, thresholds, synapses, reset. A trace belongs to a neuron here, and decays in each step;
Brian2 has one at each synapse, and updates it at events: the same but for rounding.
"""

from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import inline_njit, njit

SI = {"ms": 0.001, "mV": 0.001, "nS": 1e-9, "pF": 1e-12, "pA": 1e-12, "Hz": 1.0}
CONSTANTS = "dt C g_leak E_leak E_inh threshold I tau_exc tau_inh w_exc w_max eta"
Step = namedtuple("Step", f"{CONSTANTS} alpha trace_decay refractory_steps exc_neurons")
#: Of each neuron, excitatory ones first: potential, conductances, trace, end of the refractory period; of each synapse
#: of an inhibitory neuron: weight.
State = namedtuple("State", "v g_exc g_inh trace active_from w")
#: Synapses of neuron i are first[i] to first[i + 1] of ``target``; plastic ones onto neuron j are into_first[j] to
#: into_first[j + 1] of ``into``, their places in w, and ``into_source``.
Wiring = namedtuple("Wiring", "first target into_first into into_source")


def build(p, outdegree, target):
    """Return constants, wiring, the state before the first step, and which synapses of inhibitory neurons learn."""
    split = {name: name.rpartition("_")[::2] for name in type(p).model_fields if name != "phases_ms"}
    si = {stem: getattr(p, name) * SI[unit] for name, (stem, unit) in split.items() if unit in SI}
    alpha, trace_decay = 2 * si["target_rate"] * si["tau_stdp"], np.exp(-si["dt"] / si["tau_stdp"])
    step = Step(*map(si.get, CONSTANTS.split()), alpha, trace_decay, p.steps(p.refractory_ms), p.exc_neurons)
    first = np.append(0, np.cumsum(outdegree, dtype=np.int64))
    target_of_inh = target[first[p.exc_neurons] :]
    plastic = target_of_inh < p.exc_neurons
    into = np.argsort(target_of_inh, kind="stable")[: np.count_nonzero(plastic)]
    source = np.repeat(np.arange(p.exc_neurons, p.neurons), outdegree[p.exc_neurons :])
    into_first = np.append(0, np.cumsum(np.bincount(target_of_inh[plastic], minlength=p.exc_neurons)))
    v, g_exc, g_inh, trace = np.zeros((4, p.neurons))
    w = np.where(plastic, si["w_initial"], si["w_inh_inh"])
    state = State(v + si["V_initial"], g_exc, g_inh, trace, np.zeros(p.neurons, np.int64), w)
    return step, Wiring(first, target, into_first, into, source[into]), state, plastic


@njit
def advance_neurons(n, state, step):
    """Advance all neurons by a step of forward Euler; potentials of refractory ones stay."""
    v, g_exc, g_inh, trace, active_from, _ = state
    v_rate, exc_rate, inh_rate = step.dt / step.C, -step.dt / step.tau_exc, -step.dt / step.tau_inh
    for i in range(len(v)):
        inward = step.I - ((g_exc[i] * v[i] + g_inh[i] * (v[i] - step.E_inh)) + step.g_leak * (v[i] - step.E_leak))
        v[i] = v_rate * inward + v[i] if n >= active_from[i] else v[i]
        g_exc[i] = exc_rate * g_exc[i] + g_exc[i]
        g_inh[i] = inh_rate * g_inh[i] + g_inh[i]
        trace[i] *= step.trace_decay


@inline_njit
def learn(place, change, state, step):
    """Change a plastic weight, within its bounds."""
    state.w[place] = min(max(state.w[place] + step.eta * change, 0.0), step.w_max)


@inline_njit
def transmit(i, state, wiring, step):
    """Let a spike of neuron i act on its targets; a plastic synapse learns first."""
    first_inh = wiring.first[step.exc_neurons]
    for k in range(wiring.first[i], wiring.first[i + 1]):
        j = wiring.target[k]
        if i < step.exc_neurons:
            state.g_exc[j] += step.w_exc
        else:
            if j < step.exc_neurons:
                learn(k - first_inh, state.trace[j] - step.alpha, state, step)
            state.g_inh[j] += state.w[k - first_inh]


@njit
def simulate(first, end, state, wiring, step, spike_step, spike_neuron):
    """Simulate steps ``first`` to ``end`` - 1, write their spikes, and return how many these are."""
    total = 0
    for n in range(first, end):
        advance_neurons(n, state, step)
        before = total
        for i in range(len(state.v)):
            if state.v[i] > step.threshold and n >= state.active_from[i]:
                spike_step[total], spike_neuron[total] = n, i
                total += 1
        # Presynaptic events see no trace of this step's spikes, postsynaptic ones do: pre comes before post.
        for i in spike_neuron[before:total]:
            transmit(i, state, wiring, step)
        for i in spike_neuron[before:total]:
            state.trace[i] += 1.0
        for j in spike_neuron[before:total]:
            if j < step.exc_neurons and step.eta > 0.0:
                for k in range(wiring.into_first[j], wiring.into_first[j + 1]):
                    learn(wiring.into[k], state.trace[wiring.into_source[k]], state, step)
            state.v[j], state.active_from[j] = step.E_leak, n + step.refractory_steps
    return total
