"""A phase with fixed weights, then inhibitory plasticity."""

import numpy as np
from pydantic import model_validator

from replasticity.definitions.parameters import Cost, GridDuration, Positive, PositiveInt, TimeGrid, quantity
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build


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
    windows_ms: list[GridDuration] = quantity("End of each phase that is analysed.", min_length=2, max_length=2)
    sample_ms: GridDuration = quantity(
        "Interval of the samples of rates, and end of each phase whose spikes are shown."
    )

    @model_validator(mode="after")
    def _values_fit_together(self) -> "Parameters":
        self.require_whole_steps("phases_ms", "windows_ms", least=1, of="sample_ms")
        if any(window > phase for window, phase in zip(self.windows_ms, self.phases_ms, strict=True)):
            raise ValueError("windows_ms: each at most as long as its phase")
        if self.E_leak_mV > self.threshold_mV:
            raise ValueError("E_leak_mV: at most threshold_mV, since it is the reset")
        return self

    @property
    def neurons(self) -> int:
        """Number of all neurons."""
        return self.exc_neurons + self.inh_neurons

    def cost(self) -> Cost:
        """Return what a run needs: its synapses, as many spikes as refractoriness allows, and the raster."""
        steps, synapses = sum(self.phases_ms) / self.dt_ms, self.connection_probability * self.neurons**2
        per_ms = self.neurons * (1 / self.refractory_ms + 1 / self.sample_ms)
        numbers = 8 * (synapses + 6 * synapses**0.5) + 15 * per_ms * (sum(self.windows_ms) + 2 * self.sample_ms)
        raster_bytes = 3 * self.neurons * self.sample_ms / self.dt_ms
        return Cost(8 * (numbers + 30 * self.neurons + steps) + raster_bytes, 5e-10 * self.neurons * steps)


#: Excitatory neurons of the raster.
MOST_SHOWN = 500

RUN = {
    "outdegree": Variable(("neuron",), "synapses of each neuron, excitatory neurons first", "int32"),
    "target": Variable(("synapse",), "target of each, sorted by source", "int32"),
    "spike_step": Variable(("spike",), "step of each spike in the analysed ends of the phases", "int32"),
    "spike_neuron": Variable(("spike",), "its neuron", "int32"),
    "plastic_weight_nS": Variable(("plastic_synapse",), "weight of each plastic synapse at the end"),
    "time_ms": Variable(("time_ms",), "middle of each sample", trace=True),
    "rates_Hz": Variable(("population", "time_ms"), "rate of excitatory and of inhibitory neurons", trace=True),
    "raster": Variable(
        ("phase", "step", "exc"), "1 where a neuron spikes, last sample of each phase", "int8", trace=True
    ),
}

SHORTEST = {"exc_neurons": 80, "inh_neurons": 20, "connection_probability": 0.2, "w_exc_nS": 3.0, "sample_ms": 10.0}
SHORTEST |= {"phases_ms": [20.0, 30.0], "windows_ms": [20.0, 20.0]}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return all synapses: from each neuron to each, itself included, there is one or none."""
    pairs = random.bernoulli_successes(random.generator(seed, "wiring"), p.neurons**2, p.connection_probability)
    source, target = np.divmod(pairs, p.neurons)
    return build(RUN, {"outdegree": np.bincount(source, minlength=p.neurons), "target": target})


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    from replasticity.studies.vogels2011 import model

    step, wiring, state, plastic = model.build(p, inputs["outdegree"], inputs["target"])
    chunk, end = p.steps(p.sample_ms), np.rint(np.cumsum(p.phases_ms) / p.sample_ms).astype(int)
    kept_from = end - np.rint(np.array(p.windows_ms) / p.sample_ms)
    # No neuron spikes more often than its refractory period allows.
    buffers = np.zeros((2, p.neurons * (chunk // step.refractory_steps + 1)), np.int32)
    spikes, counts, raster = [], np.zeros((2, end[1])), np.zeros((2, chunk, p.neurons), np.int8)
    for k in range(end[1]):
        phase = int(k >= end[0])
        now = step._replace(eta=phase * step.eta)
        found = buffers[:, : model.simulate(k * chunk, (k + 1) * chunk, state, wiring, now, *buffers)]
        counts[:, k] = np.bincount(found[1] >= p.exc_neurons, minlength=2)
        if k >= kept_from[phase]:
            spikes.append(found.copy())
        if k + 1 == end[phase]:
            raster[phase, found[0] - k * chunk, found[1]] = 1
    values = dict(zip(("spike_step", "spike_neuron"), np.concatenate(spikes, axis=1), strict=True))
    values |= {"plastic_weight_nS": state.w[plastic] * 1e9, "raster": raster[:, :, : min(p.exc_neurons, MOST_SHOWN)]}
    rates_Hz = counts / [[p.exc_neurons], [p.inh_neurons]] / (p.sample_ms / 1000)
    return build(RUN, values | {"time_ms": (np.arange(end[1]) + 0.5) * p.sample_ms, "rates_Hz": rates_Hz})
