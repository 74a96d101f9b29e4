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
    g_leak_nS: float = quantity("Leak conductance.", symbol="g_l", ge=0)
    E_leak_mV: float = quantity("Resting potential, and reset.", symbol="e_l")
    E_inh_mV: float = quantity("Reversal potential of inhibition; that of excitation is 0.", symbol="e_r")
    threshold_mV: float = quantity("Threshold.", symbol="v_t")
    V_initial_mV: float = quantity("Potential at the start.")
    I_pA: float = quantity("Constant current into each neuron.")
    refractory_ms: GridDuration = quantity("Refractory period.")
    tau_exc_ms: Positive = quantity("Time constant of excitation.", symbol=r"\tau_\mathrm{ampa}")
    tau_inh_ms: Positive = quantity("Time constant of inhibition.", symbol=r"\tau_\mathrm{gaba}")
    w_exc_nS: float = quantity("Weight of excitatory synapses.", ge=0)
    w_inh_inh_nS: float = quantity("Weight of synapses among inhibitory neurons.", ge=0)
    w_initial_nS: float = quantity("Weight of plastic synapses at the start.", ge=0)
    w_max_nS: Positive = quantity("Largest weight of plastic synapses.")
    tau_stdp_ms: Positive = quantity("Time constant of the traces.", symbol=r"\tau_\mathrm{STDP}")
    target_rate_Hz: float = quantity("Rate of excitatory neurons at which weights stay.", symbol=r"\rho_0", ge=0)
    eta_nS: float = quantity("Learning rate.", symbol=r"\eta", ge=0)
    phases_ms: list[GridDuration] = quantity("Duration without, and with plasticity.", min_length=2, max_length=2)
    windows_ms: list[GridDuration] = quantity("End of each phase that is analysed.", min_length=2, max_length=2)
    sample_ms: GridDuration = quantity("Interval of the samples of rates and mean weight.")
    raster_ms: GridDuration = quantity("End of each phase whose spikes are shown.", output_option=True)
    shown_neurons: PositiveInt = quantity("Excitatory neurons whose spikes are shown.", output_option=True)

    @model_validator(mode="after")
    def _values_fit_together(self) -> "Parameters":
        self.require_whole_steps("phases_ms", "windows_ms", least=1, of="sample_ms")
        for window_ms, phase_ms in zip(self.windows_ms, self.phases_ms, strict=True):
            if not self.raster_ms <= window_ms <= phase_ms:
                raise ValueError("windows_ms: each at least raster_ms, and at most as long as its phase")
        if self.E_leak_mV > self.threshold_mV:
            raise ValueError("E_leak_mV: at most threshold_mV, since it is the reset")
        if self.shown_neurons > self.exc_neurons:
            raise ValueError("shown_neurons: at most exc_neurons")
        return self

    @property
    def neurons(self) -> int:
        """Number of all neurons."""
        return self.exc_neurons + self.inh_neurons

    def cost(self) -> Cost:
        """Return what a run needs: synapses, as many spikes as refractoriness allows, the raster, and samples."""
        steps, synapses = sum(self.phases_ms) / self.dt_ms, self.connection_probability * self.neurons**2
        kept_ms = sum(self.windows_ms) + 2 * self.sample_ms
        spikes = self.neurons * kept_ms * (1 / self.refractory_ms + 1 / self.sample_ms)
        numbers = 8 * (synapses + 6 * synapses**0.5) + 15 * spikes + 30 * self.neurons + 8 * steps / 10
        shown = self.shown_neurons * self.raster_ms / self.dt_ms
        return Cost(8 * numbers + 4 * shown, 5e-10 * self.neurons * steps)


RUN = {
    "outdegree": Variable(("neuron",), "synapses of each neuron, excitatory neurons first", "int32"),
    "target": Variable(("synapse",), "target of each, sorted by source", "int32"),
    "spike_step": Variable(("spike",), "step of each spike in the analysed ends of the phases", "int32"),
    "spike_neuron": Variable(("spike",), "its neuron", "int32"),
    "plastic_weight_nS": Variable(("plastic_synapse",), "weight of each plastic synapse at the end"),
    "time_ms": Variable(("time_ms",), "end of each sample", trace=True),
    "exc_rate_Hz": Variable(("time_ms",), "mean rate of the excitatory neurons in each sample", trace=True),
    "inh_rate_Hz": Variable(("time_ms",), "mean rate of the inhibitory neurons in each sample", trace=True),
    "weight_mean_nS": Variable(("time_ms",), "mean plastic weight at the end of each sample", trace=True),
    "raster": Variable(("phase", "step", "shown"), "1 where a neuron spikes, end of each phase", "int8", trace=True),
}

_SMALL = {"exc_neurons": 80, "inh_neurons": 20, "connection_probability": 0.2, "w_exc_nS": 3.0, "shown_neurons": 40}
SHORTEST = _SMALL | {"phases_ms": [20.0, 30.0], "windows_ms": [20.0, 20.0], "sample_ms": 10.0, "raster_ms": 10.0}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return all synapses: from each neuron to each, itself included, there is one or none."""
    pairs = random.bernoulli_successes(random.generator(seed, "wiring"), p.neurons**2, p.connection_probability)
    source, target = np.divmod(pairs, p.neurons)
    return build(RUN, {"outdegree": np.bincount(source, minlength=p.neurons), "target": target})


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    from replasticity.studies.vogels2011 import model

    wiring, state, plastic = model.build(p, inputs["outdegree"], inputs["target"])
    step, chunk = model.discretise(p), p.steps(p.sample_ms)
    fixed, samples = round(p.phases_ms[0] / p.sample_ms), round(sum(p.phases_ms) / p.sample_ms)
    # No neuron spikes more often than its refractory period allows.
    buffers = np.zeros((2, p.neurons * (chunk // step.refractory_steps + 1)), np.int32)
    spikes, rates_Hz, weight_mean_nS = [], np.zeros((2, samples)), np.zeros(samples)
    for k in range(samples):
        now = step._replace(eta_nS=0.0) if k < fixed else step
        found = buffers[:, : model.simulate(k * chunk, (k + 1) * chunk, state, wiring, now, *buffers)]
        exc = np.count_nonzero(found[1] < p.exc_neurons)
        rates_Hz[:, k] = exc / p.exc_neurons, (found.shape[1] - exc) / p.inh_neurons
        weight_mean_nS[k] = state.w_nS[plastic].mean() if plastic.any() else 0.0
        left_ms = ((fixed if k < fixed else samples) - k) * p.sample_ms
        if left_ms <= p.windows_ms[k >= fixed] * (1 + 1e-9):
            spikes.append(found.copy())
    spike_step, spike_neuron = np.concatenate(spikes, axis=1)
    raster = np.zeros((2, p.steps(p.raster_ms), p.shown_neurons), np.int8)
    for phase, end in zip(raster, (fixed * chunk, samples * chunk), strict=True):
        at = spike_step - (end - len(phase))
        shown = (at >= 0) & (at < len(phase)) & (spike_neuron < p.shown_neurons)
        phase[at[shown], spike_neuron[shown]] = 1
    values = {"spike_step": spike_step, "spike_neuron": spike_neuron, "plastic_weight_nS": state.w_nS[plastic]}
    values |= {"time_ms": np.arange(1, samples + 1) * p.sample_ms, "weight_mean_nS": weight_mean_nS, "raster": raster}
    return build(RUN, values | dict(zip(("exc_rate_Hz", "inh_rate_Hz"), rates_Hz / (p.sample_ms / 1000), strict=True)))
