"""A second with fixed weights, then inhibitory plasticity."""

import numpy as np
from pydantic import model_validator

from replasticity.definitions.parameters import (
    Cost,
    GridDuration,
    NonNegative,
    NonNegativeInt,
    Positive,
    PositiveInt,
    TimeGrid,
    quantity,
)
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(TimeGrid):
    """Parameters of the network, its synapses and its two phases."""

    exc_neurons: PositiveInt = quantity("Excitatory neurons.", symbol="N_E")
    inh_neurons: PositiveInt = quantity("Inhibitory neurons.", symbol="N_I")
    connection_probability: float = quantity("Probability of each synapse.", symbol=r"\epsilon", ge=0, le=1)
    C_pF: Positive = quantity("Membrane capacitance.")
    g_leak_nS: NonNegative = quantity("Leak conductance.", symbol="g_l")
    E_leak_mV: float = quantity("Resting potential, and reset.", symbol="e_l")
    E_inh_mV: float = quantity("Reversal potential of inhibition; that of excitation is 0.", symbol="e_r")
    threshold_mV: float = quantity("Threshold.", symbol="v_t")
    V_initial_mV: float = quantity("Potential at the start.")
    I_pA: float = quantity("Constant current into each neuron.")
    refractory_ms: GridDuration = quantity("Refractory period.")
    tau_exc_ms: Positive = quantity("Time constant of excitation.", symbol=r"\tau_\mathrm{ampa}")
    tau_inh_ms: Positive = quantity("Time constant of inhibition.", symbol=r"\tau_\mathrm{gaba}")
    w_exc_nS: NonNegative = quantity("Weight of excitatory synapses.")
    w_inh_inh_nS: NonNegative = quantity("Weight of synapses among inhibitory neurons.")
    w_initial_nS: NonNegative = quantity("Weight of inhibitory-to-excitatory synapses at the start.")
    w_max_nS: Positive = quantity("Their largest weight.")
    tau_stdp_ms: Positive = quantity("Time constant of the traces.", symbol=r"\tau_\mathrm{STDP}")
    target_rate_Hz: NonNegative = quantity("Rate at which excitatory neurons keep their weights.", symbol=r"\rho_0")
    eta_nS: NonNegative = quantity("Learning rate.", symbol=r"\eta")
    fixed_ms: GridDuration = quantity("First phase, without plasticity.")
    plastic_ms: GridDuration = quantity("Second phase, with plasticity.")
    sample_ms: GridDuration = quantity("Interval of the samples of rates and mean weight.")
    window_ms: GridDuration = quantity("End of each phase that is its state in the statistics.")
    raster_ms: GridDuration = quantity("End of each phase whose spikes are shown.", output_option=True)
    shown_neurons: PositiveInt = quantity("Excitatory neurons whose spikes are shown.", output_option=True)

    @model_validator(mode="after")
    def _values_fit_together(self) -> "Parameters":
        self.require_whole_steps("fixed_ms", "plastic_ms", "window_ms", least=1, of="sample_ms")
        for name in ("window_ms", "raster_ms"):
            if getattr(self, name) > min(self.fixed_ms, self.plastic_ms):
                raise ValueError(f"{name}: at most as long as each phase")
        if self.E_leak_mV > self.threshold_mV:
            raise ValueError("E_leak_mV: at most threshold_mV, since it is the reset")
        if self.shown_neurons > self.exc_neurons:
            raise ValueError("shown_neurons: at most exc_neurons")
        return self

    @property
    def neurons(self) -> int:
        """Number of all neurons."""
        return self.exc_neurons + self.inh_neurons

    @property
    def samples(self) -> tuple[int, int]:
        """Samples of the first phase, and of both."""
        fixed = self.steps(self.fixed_ms) // self.steps(self.sample_ms)
        return fixed, fixed + self.steps(self.plastic_ms) // self.steps(self.sample_ms)

    def cost(self) -> Cost:
        """Return what a run needs: its synapses while they are drawn, and as many spikes as refractoriness allows."""
        synapses = self.connection_probability * self.neurons**2
        steps = (self.fixed_ms + self.plastic_ms) / self.dt_ms
        spikes = self.neurons * (steps / (self.refractory_ms / self.dt_ms) + steps / self.steps(self.sample_ms) + 1)
        shown = 2 * self.shown_neurons * self.raster_ms / self.dt_ms
        memory_bytes = 48 * (synapses + 6 * synapses**0.5) + 32 * spikes + 2 * shown + 200 * self.neurons
        return Cost(memory_bytes, 5e-10 * self.neurons * steps)


RUN = {
    "exc_outdegree": Variable(("exc",), "synapses of each excitatory neuron", "int32"),
    "exc_target": Variable(("exc_synapse",), "target of each, inhibitory neurons after excitatory ones", "int32"),
    "inh_inh_outdegree": Variable(("inh",), "synapses of each inhibitory neuron onto inhibitory ones", "int32"),
    "inh_inh_target": Variable(("inh_inh_synapse",), "target of each, from 0 among the inhibitory ones", "int32"),
    "inh_exc_outdegree": Variable(("inh",), "plastic synapses of each inhibitory neuron, onto excitatory ones", "int32"),
    "inh_exc_target": Variable(("inh_exc_synapse",), "target of each", "int32"),
    "spike_step": Variable(("spike",), "step of each spike", "int32"),
    "spike_neuron": Variable(("spike",), "its neuron, inhibitory ones after excitatory ones", "int32"),
    "weight_nS": Variable(("inh_exc_synapse",), "weight of each plastic synapse at the end"),
    "time_ms": Variable(("time_ms",), "end of each sample", trace=True),
    "rate_exc_Hz": Variable(("time_ms",), "mean rate of the excitatory neurons in each sample", trace=True),
    "rate_inh_Hz": Variable(("time_ms",), "mean rate of the inhibitory neurons in each sample", trace=True),
    "weight_mean_nS": Variable(("time_ms",), "mean plastic weight at the end of each sample", trace=True),
    "raster": Variable(("phase", "step", "shown"), "1 where a shown neuron spikes, last steps", "int8", trace=True),
}

SHORTEST = {
    **{"exc_neurons": 80, "inh_neurons": 20, "connection_probability": 0.2, "w_exc_nS": 3.0, "fixed_ms": 20.0},
    **{"plastic_ms": 30.0, "sample_ms": 10.0, "window_ms": 20.0, "raster_ms": 10.0, "shown_neurons": 40},
}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return all synapses: each pair of neurons has one or none, a neuron and itself included."""
    sides = {"exc": (p.exc_neurons, p.neurons), "inh_inh": (p.inh_neurons,) * 2}
    inputs = {}
    for name, (sources, targets) in (sides | {"inh_exc": (p.inh_neurons, p.exc_neurons)}).items():
        pairs = random.bernoulli_successes(random.generator(seed, name), sources * targets, p.connection_probability)
        source, inputs[f"{name}_target"] = np.divmod(pairs, targets)
        inputs[f"{name}_outdegree"] = np.bincount(source, minlength=sources)
    return build(RUN, inputs)


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    from replasticity.studies.vogels2011 import model

    wiring = model.wire(inputs, p.exc_neurons)
    state, step = model.initial_state(p, len(wiring.inh_exc_target)), model.discretise(p)
    chunk, (fixed, samples) = p.steps(p.sample_ms), p.samples
    # No neuron spikes more often than its refractory period allows.
    longest = p.neurons * (chunk // step.refractory_steps + 1)
    buffer = np.zeros(longest, np.int32), np.zeros(longest, np.int32)
    spikes, weight_mean_nS = [], np.zeros(samples)
    for k in range(samples):
        now = step._replace(eta_nS=0.0) if k < fixed else step
        count = model.simulate(k * chunk, (k + 1) * chunk, state, wiring, now, *buffer)
        spikes.append([each[:count].copy() for each in buffer])
        weight_mean_nS[k] = state.w_nS.mean() if len(state.w_nS) else 0.0
    spike_step, spike_neuron = (np.concatenate(each) for each in zip(*spikes, strict=True))
    sample, is_exc = spike_step // chunk, spike_neuron < p.exc_neurons
    rates = [
        np.bincount(sample[who], minlength=samples) / size / (p.sample_ms / 1000)
        for who, size in ((is_exc, p.exc_neurons), (~is_exc, p.inh_neurons))
    ]
    raster = np.zeros((2, p.steps(p.raster_ms), p.shown_neurons), np.int8)
    shown = spike_neuron < p.shown_neurons
    for phase, end in zip(raster, (fixed * chunk, samples * chunk), strict=True):
        late = shown & (spike_step >= end - len(phase)) & (spike_step < end)
        phase[spike_step[late] - (end - len(phase)), spike_neuron[late]] = 1
    return build(
        RUN,
        {
            "spike_step": spike_step,
            "spike_neuron": spike_neuron,
            "weight_nS": state.w_nS,
            "time_ms": np.arange(1, samples + 1) * p.sample_ms,
            "rate_exc_Hz": rates[0],
            "rate_inh_Hz": rates[1],
            "weight_mean_nS": weight_mean_nS,
            "raster": raster,
        },
    )
