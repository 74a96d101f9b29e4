"""A phase with fixed weights, then inhibitory plasticity."""

import numpy as np

from replasticity.definitions.parameters import Cost, GridDuration, Positive, PositiveInt, TimeGrid, quantity
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build

#: Shown are spikes of some excitatory neurons, in so long a part at the end of each phase as the script shows.
MOST_SHOWN, RASTER_MS = 500, 200.0


class Parameters(TimeGrid):
    """Parameters of the network, its plastic synapses (inhibitory to excitatory) and the two phases."""

    exc_neurons: PositiveInt = quantity("Excitatory neurons.", symbol="N_E")
    inh_neurons: PositiveInt = quantity("Inhibitory neurons.", symbol="N_I")
    connection_probability: float = quantity("Probability of each synapse.", symbol=r"\epsilon", ge=0, le=1)
    C_pF: Positive = quantity("Membrane capacitance.")
    g_leak_nS: float = quantity("Leak conductance.", ge=0)
    E_leak_mV: float = quantity("Resting potential, and reset.")
    E_inh_mV: float = quantity("Reversal potential of inhibition; that of excitation is 0.")
    threshold_mV: float = quantity("Threshold.")
    V_initial_mV: float = quantity("Potential at the start.")
    I_pA: float = quantity("Constant current into each neuron.")
    refractory_ms: GridDuration = quantity("Refractory period.")
    tau_exc_ms: Positive = quantity("Time constant of excitation.")
    tau_inh_ms: Positive = quantity("Time constant of inhibition.")
    w_exc_nS: float = quantity("Weight of excitatory synapses.", ge=0)
    w_inh_inh_nS: float = quantity("Weight of synapses among inhibitory neurons.", ge=0)
    w_initial_nS: float = quantity("Weight of plastic synapses at the start.", ge=0)
    w_max_nS: Positive = quantity("Largest weight of plastic synapses.")
    tau_stdp_ms: Positive = quantity("Time constant of the traces.", symbol=r"\tau_\mathrm{STDP}")
    target_rate_Hz: float = quantity("Rate of excitatory neurons at which weights stay.", symbol=r"\rho_0", ge=0)
    eta_nS: float = quantity("Learning rate.", symbol=r"\eta", ge=0)
    phases_ms: list[GridDuration] = quantity("Duration without, and with plasticity.", min_length=2, max_length=2)

    neurons = property(lambda self: self.exc_neurons + self.inh_neurons)

    def cost(self) -> Cost:
        """Return what a run needs: its synapses, and as many spikes as refractoriness allows."""
        steps, synapses = sum(self.phases_ms) / self.dt_ms, self.connection_probability * self.neurons**2
        spikes = self.neurons * (sum(self.phases_ms) / self.refractory_ms + 2)
        memory_bytes = 64 * (synapses + 6 * synapses**0.5) + 48 * spikes + 4000 * self.neurons
        return Cost(memory_bytes + 4 * MOST_SHOWN * RASTER_MS / self.dt_ms, 5e-10 * self.neurons * steps)


RUN = {
    "outdegree": Variable(("neuron",), "synapses of each neuron, excitatory neurons first", "int32"),
    "target": Variable(("synapse",), "target of each, sorted by source", "int32"),
    "spike_step": Variable(("spike",), "step of each spike", "int32"),
    "spike_neuron": Variable(("spike",), "its neuron", "int32"),
    "plastic_weight_nS": Variable(("plastic_synapse",), "weight of each plastic synapse at the end"),
    "raster": Variable(("phase", "step", "shown"), "1 where a neuron spikes, end of each phase", "int8", trace=True),
}

SHORTEST = {"exc_neurons": 80, "inh_neurons": 20, "connection_probability": 0.2, "phases_ms": [20.0, 30.0]}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return all synapses: from each neuron to each, itself included, there is one or none."""
    pairs = random.bernoulli_successes(random.generator(seed, "wiring"), p.neurons**2, p.connection_probability)
    source, target = np.divmod(pairs, p.neurons)
    return build(RUN, {"outdegree": np.bincount(source, minlength=p.neurons), "target": target})


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    from replasticity.studies.vogels2011 import model

    step, wiring, state, plastic = model.build(p, inputs["outdegree"], inputs["target"])
    first, end = np.cumsum([p.steps(each) for each in p.phases_ms])
    # No neuron spikes more often than its refractory period allows.
    spikes = np.zeros((2, p.neurons * (end // step.refractory_steps + 2)), np.int32)
    count = model.simulate(0, first, state, wiring, step._replace(eta=0.0), *spikes)
    count += model.simulate(first, end, state, wiring, step, *spikes[:, count:])
    spike_step, spike_neuron = spikes[:, :count].copy()
    raster = np.zeros((2, p.steps(min(RASTER_MS, *p.phases_ms)), min(MOST_SHOWN, p.exc_neurons)), np.int8)
    for shown, until in zip(raster, (first, end), strict=True):
        place = spike_step - (until - len(shown))
        kept = (place >= 0) & (place < len(shown)) & (spike_neuron < shown.shape[1])
        shown[place[kept], spike_neuron[kept]] = 1
    values = {"spike_step": spike_step, "spike_neuron": spike_neuron, "raster": raster}
    return build(RUN, values | {"plastic_weight_nS": state.w[plastic] * 1e9})
