"""The neurons of the network: their steps, their spikes, and the input that does not change."""

from replasticity.equations.integrate_and_fire import advance_delta_neurons, advance_exponential_neurons
from replasticity.models.dopamine_stdp.limits import POTENTIAL, SPIKES, V_LIMIT_mV
from replasticity.models.dopamine_stdp.spikes import record_spike
from replasticity.numerics.compilation import inner_njit
from replasticity.numerics.copying import copy_into
from replasticity.numerics.limits import note_failure

#: So many neurons at most are advanced at once. Where one reaches its threshold, only they are searched for it: in a
#: large network nearly every step has a spike somewhere.
BLOCK = 1024


@inner_njit
def advance_populations(network, end, V_mV):
    """Advance all neurons step by step to ``end``, record the spikes, and the potentials of the first neurons.

    All steps of a slice in one call: to hand over the many arrays of a network takes longer than a step of few neurons.
    """
    neurons, inputs, cursor = network.neurons, network.inputs, network.cursor[0]
    for now in range(cursor.now + 1, end + 1):
        row = now % len(inputs.exc)
        for population in network.populations:
            for first in range(population.first, population.end, BLOCK):
                end_of_block = min(first + BLOCK, population.end)
                part = slice(first, end_of_block)
                if population.has_currents:
                    reaches = advance_exponential_neurons(
                        neurons.V_mV[part],
                        neurons.I_exc_pA[part],
                        neurons.I_inh_pA[part],
                        neurons.refractory[part],
                        inputs.exc[row, part],
                        inputs.inh[row, part],
                        population,
                    )
                else:
                    reaches = advance_delta_neurons(
                        neurons.V_mV[part], neurons.refractory[part], inputs.exc[row, part], population
                    )
                if reaches:
                    history, step, failure = network.history, network.step, network.failure
                    reset_neurons(neurons, first, end_of_block, population, now, history, cursor, step, failure)
        if now <= V_mV.shape[1]:
            copy_into(V_mV[:, now - 1], neurons.V_mV[: len(V_mV)])
    cursor.now = end


@inner_njit
def reset_neurons(neurons, first, end, population, now, history, cursor, step, failure):
    """Reset the neurons from ``first`` to before ``end`` that reach their threshold, and record their spikes."""
    for i in range(first, end):
        if neurons.refractory[i] == 0 and neurons.V_mV[i] >= population.V_th_mV:
            if neurons.V_mV[i] > V_LIMIT_mV:
                note_failure(failure, POTENTIAL, now, i, neurons.V_mV[i])
            if cursor.spikes >= len(history.step):
                note_failure(failure, SPIKES, now, i, cursor.spikes)
                return
            neurons.V_mV[i] = population.V_reset_mV
            neurons.refractory[i] = population.refractory
            record_spike(history, cursor.spikes, i, now, step)
            cursor.spikes += 1


@inner_njit
def add_external(network, end):
    """Add what comes from outside and acts until the end of this slice to the inputs."""
    external, cursor = network.external, network.cursor[0]
    rows = len(network.inputs.exc)
    while cursor.external < len(external.step) and external.step[cursor.external] <= end:
        k = cursor.external
        network.inputs.exc[external.step[k] % rows, external.neuron[k]] += external.weight[k]
        cursor.external += 1


@inner_njit
def add_static(network, source, time):
    """Add the weights of a neuron's static synapses to the inputs at its spike."""
    static = network.static
    row = (time + static.delay) % len(network.inputs.exc)
    for k in range(static.first[source], static.first[source + 1]):
        if static.weight < 0.0:
            network.inputs.inh[row, static.target[k]] -= static.weight
        else:
            network.inputs.exc[row, static.target[k]] += static.weight
