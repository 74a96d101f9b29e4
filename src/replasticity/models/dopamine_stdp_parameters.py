"""Parameters of dopamine-modulated STDP: of its synapses and relays, and of the integrate-and-fire neurons around them.

Symbols and equations: docs/models/dopamine_stdp.md.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import (
    Cost,
    GridDuration,
    GridTime,
    NonNegative,
    NonNegativeInt,
    Parameters,
    Positive,
    PositiveInt,
    TimeGrid,
    is_recorded,
    quantity,
    under_prefix,
)
from replasticity.definitions.ranges import OneOf, Range

#: Steps of a refractory time are counted one by one, as the simulator does.
MOST_REFRACTORY_STEPS = 1e6

#: A run with more spikes than this ends if its neurons fire at more than the highest mean rate [Hz]: memory.
FEW_SPIKES, HIGHEST_MEAN_RATE_HZ = 5e6, 80.0

#: Estimates, not too low: history as it grows, and what is written; inputs sampled, sorted, merged; wiring and state.
_BYTES_PER_SPIKE, _BYTES_PER_EVENT, _BYTES_PER_SYNAPSE = 110, 150, 150


class Population(NamedTuple):
    """What the cost of a run depends on in a population of neurons."""

    neurons: int
    refractory_ms: float


class VariedGrid(TimeGrid):
    """The time step, which neurons and synapses share."""

    dt_ms: Positive = quantity("Time step.", varied=OneOf(0.05, 0.1, 0.2))


class DopamineSynapse(VariedGrid):
    """Plastic synapses, the relays before them, and when synapses learn of events."""

    duration_ms: GridDuration = quantity("Duration of the run.", varied=Range(30.0, 400.0))
    events: Literal["slice", "exact"] = quantity(
        "When synapses learn of spikes: at slice ends, as the published simulator does, or exactly."
    )
    slice_ms: GridDuration = quantity(
        "Length of a slice: the smallest delay of the network.",
        symbol="m",
        varied=OneOf(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5),
        kept="the smallest delay of the network",
    )
    step_every_slice: bool = quantity(
        "Whether all synapses are stepped in every slice; if not, only when a spike or a reader needs them.",
        output_option=True,
        varied=OneOf(True, False),
    )
    tau_pre_ms: Positive = quantity(
        "Time constant of the presynaptic trace.", symbol=r"\tau_\mathrm{pre}", varied=Range(1.0, 100.0, log=True)
    )
    tau_post_ms: Positive = quantity(
        "Time constant of the postsynaptic trace.", symbol=r"\tau_\mathrm{post}", varied=Range(1.0, 100.0, log=True)
    )
    tau_c_ms: Positive = quantity(
        "Time constant of the eligibility trace.", symbol=r"\tau_c", varied=Range(3.0, 2000.0, log=True)
    )
    tau_n_ms: Positive = quantity("Time constant of dopamine.", symbol=r"\tau_n", varied=Range(3.0, 2000.0, log=True))
    b: float = quantity(
        "Baseline that is subtracted from the dopamine.", symbol="b", varied=Range(-0.05, 0.05, special=(0.0,))
    )
    A_plus: float = quantity("Amplitude of potentiation.", symbol="A_+", varied=Range(-1.0, 3.0, special=(0.0,)))
    A_minus: float = quantity("Amplitude of depression.", symbol="A_-", varied=Range(-1.0, 3.0, special=(0.0,)))
    delay_ms: GridDuration = quantity(
        "Delay of the plastic synapses, taken as dendritic.", symbol="D", varied=Range(0.1, 5.0, special=(0.5, 1.0))
    )
    relay_delay_ms: GridTime = quantity("Delay from a generator to its relay.", varied=Range(0.0, 3.0, special=(1.0,)))
    dopamine_delay_ms: GridTime = quantity(
        "Delay from the dopamine relay to all plastic synapses.", varied=Range(0.0, 3.0, special=(1.0,))
    )

    @model_validator(mode="after")
    def _delays_fit(self) -> "DopamineSynapse":
        if self.slice_ms > self.delay_ms + 1e-9:
            raise ValueError(f"slice_ms: is the smallest delay, so at most delay_ms ({self.delay_ms:g})")
        if self.relay_delay_ms >= self.duration_ms:
            raise ValueError(f"relay_delay_ms: has to be less than duration_ms ({self.duration_ms:g})")
        return self

    def steps(self, times_ms: Any) -> Any:
        """Return a time, or an array of times, as whole numbers of steps."""
        return np.rint(np.asarray(times_ms, np.float64) / self.dt_ms).astype(np.int64)

    @property
    def populations(self) -> Sequence[Population]:
        """The neurons of the network."""
        raise NotImplementedError

    def most_spikes(self) -> float:
        """Return how many spikes a run may have: all that neurons can emit, and in a large network 80 Hz on average."""
        steps = self.duration_ms / self.dt_ms
        possible = sum(
            each.neurons * (steps / (math.floor(each.refractory_ms / self.dt_ms) + 1) + 1) for each in self.populations
        )
        neurons = sum(each.neurons for each in self.populations)
        return min(possible, max(FEW_SPIKES, HIGHEST_MEAN_RATE_HZ * neurons * self.duration_ms / 1000))

    def network_cost(self, *, synapses: float, events: float, kept_numbers: float) -> Cost:
        """Return what a run needs, given all synapses, spikes from outside, and numbers that are kept over time."""
        steps = self.duration_ms / self.dt_ms
        neurons = sum(each.neurons for each in self.populations)
        ring_steps = (self.delay_ms + self.slice_ms) / self.dt_ms + 2
        memory_bytes = (
            _BYTES_PER_SPIKE * self.most_spikes()
            + _BYTES_PER_EVENT * events
            + _BYTES_PER_SYNAPSE * synapses
            # Two bins of input for each step ahead, and the course of dopamine for each step of the run.
            + 16 * ring_steps * neurons
            + 80 * steps
            + 24 * kept_numbers
        )
        # A step takes 20 ns whatever the size, and 0.5 ns per neuron; an event from outside is sampled and
        # sorted; to step a synapse takes 3 ns.
        seconds = steps * (20e-9 + 0.5e-9 * neurons) + 50e-9 * events
        if self.step_every_slice and self.events == "slice":
            seconds += 3e-9 * synapses * self.duration_ms / self.slice_ms
        return Cost(memory_bytes, seconds)


class SynapseReadInChunks(DopamineSynapse):
    """Plastic synapses that are read at regular times."""

    chunk_ms: Positive = quantity(
        "Time from one reading of the synapses to the next.", varied=OneOf(5.0, 12.5, 20.0, 50.0)
    )

    @model_validator(mode="after")
    def _chunks_fit(self, info: ValidationInfo) -> "SynapseReadInChunks":
        if is_recorded(info):
            return self
        self.require_whole_steps("chunk_ms", least=1)
        chunks = self.duration_ms / self.chunk_ms
        if round(chunks) < 1 or abs(chunks - round(chunks)) > 1e-9:
            raise ValueError("chunk_ms: duration_ms has to be a whole multiple of it")
        return self


def _require_spiking_to_end(neurons: TimeGrid, prefix: str = "") -> None:
    """Raise a ValueError if neurons never leave their threshold, or rest for too many steps.

    A reset at or above the threshold is refused by NEST as well (models/iaf_psc_delta.cpp and iaf_psc_exp.cpp, set:
    "Reset potential must be smaller than threshold."). The room for spikes rests on it.
    """
    V_reset_mV, V_th_mV, refractory_ms = (
        getattr(neurons, f"{prefix}{name}") for name in ("V_reset_mV", "V_th_mV", "refractory_ms")
    )
    if V_reset_mV >= V_th_mV:
        raise ValueError(f"{prefix}V_reset_mV: has to be less than {prefix}V_th_mV ({V_th_mV:g})")
    if refractory_ms / neurons.dt_ms > MOST_REFRACTORY_STEPS:
        raise ValueError(f"{prefix}refractory_ms: at most {MOST_REFRACTORY_STEPS:g} steps of {neurons.dt_ms:g} ms")


class DeltaNeurons(VariedGrid):
    """Neurons whose potential jumps with each spike that arrives (docs/models/dopamine_stdp.md#delta-neuron)."""

    tau_m_ms: Positive = quantity("Time constant of the membrane.", symbol=r"\tau_m", varied=Range(1.0, 50.0, log=True))
    E_L_mV: float = quantity("Resting potential, and potential at the start.", symbol="E_L", varied=Range(-80.0, -50.0))
    V_reset_mV: float = quantity("Potential after a spike.", symbol=r"V_\mathrm{reset}", varied=Range(-90.0, -55.0))
    V_th_mV: float = quantity("Threshold.", symbol=r"V_\mathrm{th}", varied=Range(-70.0, -40.0))
    refractory_ms: NonNegative = quantity("Refractory time.", varied=Range(0.0, 5.0))

    @model_validator(mode="after")
    def _spiking_ends(self) -> "DeltaNeurons":
        _require_spiking_to_end(self)
        return self


class ExponentialNeuron(Parameters):
    """A neuron with currents (docs/models/dopamine_stdp.md#exponential-neuron)."""

    c_pF: Positive = quantity("Capacitance.", symbol="C", varied=Range(50.0, 500.0, log=True))
    tau_m_ms: Positive = quantity("Time constant of the membrane.", symbol=r"\tau_m", varied=Range(2.0, 50.0, log=True))
    tau_exc_ms: Positive = quantity(
        "Time constant of excitatory currents.", varied=Range(0.3, 20.0, log=True, special=(10.0,))
    )
    tau_inh_ms: Positive = quantity(
        "Time constant of inhibitory currents.", varied=Range(0.3, 20.0, log=True, special=(10.0,))
    )
    E_L_mV: float = quantity("Resting potential.", symbol="E_L", varied=Range(-80.0, -55.0))
    V_initial_mV: float = quantity("Potential at the start.", varied=Range(-90.0, -40.0))
    V_reset_mV: float = quantity("Potential after a spike.", symbol=r"V_\mathrm{reset}", varied=Range(-90.0, -60.0))
    V_th_mV: float = quantity("Threshold.", symbol=r"V_\mathrm{th}", varied=Range(-65.0, -40.0))
    refractory_ms: NonNegative = quantity("Refractory time.", varied=Range(0.0, 5.0))


_Excitatory: Any = under_prefix("exc_", "Excitatory neurons", ExponentialNeuron)
_Inhibitory: Any = under_prefix("inh_", "Inhibitory neurons", ExponentialNeuron)


class ExponentialNeurons(_Inhibitory, _Excitatory, VariedGrid):  # type: ignore[misc]
    """Excitatory and inhibitory neurons with currents."""

    @model_validator(mode="after")
    def _spiking_ends(self) -> "ExponentialNeurons":
        for prefix in ("exc_", "inh_"):
            _require_spiking_to_end(self, prefix)
        return self

    def population(self, prefix: str) -> dict[str, float]:
        """Return the constants of one population under the names that all populations have; ``prefix``: exc or inh."""
        names = ("c_pF", "tau_m_ms", "tau_exc_ms", "tau_inh_ms", "E_L_mV", "V_reset_mV", "V_th_mV", "refractory_ms")
        return {name: getattr(self, f"{prefix}_{name}") for name in names}


class BalancedNetwork(ExponentialNeurons, SynapseReadInChunks):
    """Excitatory neurons, from which plastic synapses leave, inhibitory ones with static synapses, and background."""

    exc_count: PositiveInt = quantity("Number of excitatory neurons.", varied=Range(1, 80), size=True)
    inh_count: NonNegativeInt = quantity("Number of inhibitory neurons.", varied=Range(0, 30), size=True)
    exc_indegree: NonNegativeInt = quantity(
        "Excitatory (plastic) synapses that reach each neuron.", varied=Range(0, 20)
    )
    inh_indegree: NonNegativeInt = quantity("Inhibitory (static) synapses that reach each neuron.", varied=Range(0, 10))
    weight_initial_pA: NonNegative = quantity(
        "Weights of the plastic synapses at the start.", symbol="w", varied=Range(0.0, 3000.0)
    )
    weight_inh_pA: float = quantity("Weight of the inhibitory synapses.", varied=Range(-3000.0, 500.0, special=(0.0,)))
    background_rate_Hz: NonNegative = quantity(
        "Rate of the Poisson background of each neuron.", varied=Range(0.0, 50.0)
    )
    background_weight_pA: NonNegative = quantity("Weight of the background.", varied=Range(0.0, 5000.0))

    @property
    def neuron_count(self) -> int:
        """Number of all neurons."""
        return self.exc_count + self.inh_count

    @property
    def populations(self) -> list[Population]:
        """Excitatory and inhibitory neurons."""
        return [Population(self.exc_count, self.exc_refractory_ms), Population(self.inh_count, self.inh_refractory_ms)]

    def balanced_cost(self, events: float, kept_numbers: float) -> Cost:
        """Return what a run needs, given events besides the background, and numbers that are kept over time."""
        background = most_poisson(self.background_rate_Hz * (self.duration_ms / 1000) * self.neuron_count)
        synapses = float(self.neuron_count) * (self.exc_indegree + self.inh_indegree)
        return self.network_cost(synapses=synapses, events=background + events, kept_numbers=kept_numbers)


def most_poisson(mean: float) -> float:
    """Return how many events a Poisson process of that mean number surely does not exceed."""
    return mean + 10 * math.sqrt(mean) + 100
