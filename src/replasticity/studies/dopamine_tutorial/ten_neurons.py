"""Ten neurons: Poisson inputs, three rewards, three punishments (docs/models/dopamine_stdp.md#protocol-ten).

Each neuron has one plastic synapse from a Poisson relay. Reward adds dopamine, punishment takes it away.
"""

from typing import Any

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, NonNegative, PositiveInt, is_recorded, quantity
from replasticity.definitions.ranges import ListOf, Range
from replasticity.models.dopamine_stdp_parameters import DeltaNeurons, Population, SynapseReadInChunks, most_poisson
from replasticity.numerics import random
from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.numerics.events import bins, counts
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.dopamine_tutorial.shared import poisson_relays

#: Bins of the rate and of the raster in figures [ms].
RATE_BIN_MS, RASTER_BIN_MS = 250.0, 10.0


class Parameters(DeltaNeurons, SynapseReadInChunks):
    """Inputs, rewards and punishments."""

    neuron_count: PositiveInt = quantity(
        "Number of neurons, each with one plastic synapse.", varied=Range(1, 12), size=True
    )
    input_rate_Hz: NonNegative = quantity("Rate of each Poisson input.", varied=Range(0.0, 300.0))
    weight_initial_mV: NonNegative = quantity(
        "Weights at the start: jump of the potential per spike.", symbol="w", varied=Range(0.0, 20.0)
    )
    reward_times_ms: list[NonNegative] = quantity(
        "Times of rewards, as given to the generator.", varied=ListOf(Range(1.0, 900.0), lengths=(0, 4))
    )
    punishment_times_ms: list[NonNegative] = quantity(
        "Times of punishments, as given to the generator.", varied=ListOf(Range(1.0, 900.0), lengths=(0, 4))
    )
    A_vt_reward: float = quantity(
        "Amount of dopamine of a spike, at first.", symbol=r"A_\mathrm{vt}", varied=Range(-20.0, 20.0, special=(0.0,))
    )
    A_vt_punishment: float = quantity(
        "Amount of dopamine of a spike, from the chunk that holds the first punishment on.",
        symbol=r"A_\mathrm{vt}",
        varied=Range(-20.0, 20.0, special=(0.0,)),
    )
    epoch_edges_ms: list[NonNegative] = quantity(
        "Borders of the epochs in which output spikes are counted; weights are compared at some of them.",
        output_option=True,
        min_length=2,
    )

    @model_validator(mode="after")
    def _times_fit(self, info: ValidationInfo) -> "Parameters":
        if is_recorded(info):
            return self
        for name in ("reward_times_ms", "punishment_times_ms", "epoch_edges_ms"):
            if any(time_ms > self.duration_ms for time_ms in getattr(self, name)):
                raise ValueError(f"{name}: no time after the end at {self.duration_ms:g} ms")
        if sorted(self.epoch_edges_ms) != self.epoch_edges_ms:
            raise ValueError("epoch_edges_ms: have to be in order of time")
        return self

    @property
    def populations(self) -> list[Population]:
        """All neurons."""
        return [Population(self.neuron_count, self.refractory_ms)]

    def cost(self) -> Cost:
        """Return what a run needs."""
        inputs = most_poisson(self.input_rate_Hz * self.duration_ms / 1000 * self.neuron_count)
        readings = 5 * self.duration_ms / self.chunk_ms
        bins = self.duration_ms / RATE_BIN_MS + self.duration_ms / RASTER_BIN_MS + 2
        return self.network_cost(
            synapses=self.neuron_count,
            events=inputs + len(self.reward_times_ms) + len(self.punishment_times_ms),
            kept_numbers=(readings + bins + len(self.epoch_edges_ms)) * self.neuron_count,
        )


RUN = {
    "input_spike_ms": Variable(("input_spike",), "spikes of the Poisson relays"),
    "input_spike_index": Variable(("input_spike",), "neuron of each of them", "int32"),
    "spike_ms": Variable(("spike",), "output spikes"),
    "spike_index": Variable(("spike",), "neuron of each of them", "int32"),
    "time_ms": Variable(("time_ms",), "time at which the synapses are read", trace=True),
    "weight_mV": Variable(("time_ms", "neuron"), "weight of the synapse of each neuron", trace=True),
    "c": Variable(("time_ms", "neuron"), "eligibility trace", trace=True),
    "n": Variable(("time_ms", "neuron"), "dopamine concentration, as the synapse stores it", trace=True),
    "x": Variable(("time_ms", "neuron"), "presynaptic trace"),
    "rate_time_ms": Variable(("rate_time_ms",), "middle of each bin of the rate", trace=True),
    "binned_count": Variable(("rate_time_ms", "neuron"), "output spikes in each bin", "int32", trace=True),
    "raster_time_ms": Variable(("raster_time_ms",), "middle of each bin of the raster", trace=True),
    "raster_count": Variable(
        ("raster_time_ms", "neuron"), "output spikes in each bin of the raster", "int32", trace=True
    ),
}


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    p = parameters
    step, neuron = poisson_relays(random.generator(seed, "inputs"), p.input_rate_Hz, p.neuron_count, p)
    return build(RUN, {"input_spike_ms": step * p.dt_ms, "input_spike_index": neuron})


def dopamine_steps(p: Parameters) -> IntArray:
    """Return when the dopamine relay spikes."""
    return p.steps(sorted(p.reward_times_ms + p.punishment_times_ms)) + p.steps(p.relay_delay_ms)


def amount_in_force(step: IntArray, p: Parameters) -> FloatArray:
    """Return the amount of dopamine of a spike in the chunks that hold some times; a chunk holds its end.

    It changes at the end of the last chunk that ends at or before the first punishment
    (docs/models/dopamine_stdp.md#amount-of-a-chunk).
    """
    first_ms = min(p.punishment_times_ms, default=np.inf)
    chunk_end_ms = np.ceil(step * p.dt_ms / p.chunk_ms - 1e-9) * p.chunk_ms
    return np.where(chunk_end_ms <= first_ms + 1e-9, p.A_vt_reward, p.A_vt_punishment)


def increments(arrival: IntArray, p: Parameters) -> FloatArray:
    """Return what each arrival of dopamine adds to n: the amount in force at the end of its slice, over tau_n.

    Source: docs/models/dopamine_stdp.md#through.
    """
    slice_steps = p.steps(p.slice_ms) if p.events == "slice" else 1
    return amount_in_force(-(-arrival // slice_steps) * slice_steps, p) / p.tau_n_ms


def simulate_neurons(
    p: Parameters, inputs: tuple[IntArray, IntArray], dopamine: IntArray, read: IntArray, V_steps: int = 0
) -> Any:
    """Run the neurons with given spikes of the input relays (step and neuron) and of the dopamine relay (steps)."""
    from replasticity.models.dopamine_stdp_runs import simulate_relayed

    arrival = dopamine + p.steps(p.dopamine_delay_ms)
    weights = np.full(p.neuron_count, p.weight_initial_mV)
    return simulate_relayed(
        p, relayed=inputs, dopamine=(arrival, increments(arrival, p)), weights=weights, read=read, V_steps=V_steps
    )


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    p = parameters
    read_ms = np.arange(round(p.duration_ms / p.chunk_ms) + 1) * p.chunk_ms
    relayed = p.steps(inputs["input_spike_ms"]), inputs["input_spike_index"].astype(np.int64)
    session, states = simulate_neurons(p, relayed, dopamine_steps(p), p.steps(read_ms))
    step, neuron = session.spikes()
    spike_ms = step * p.dt_ms
    rate_ms, rate_edges_ms = bins(RATE_BIN_MS, p.duration_ms, p.dt_ms / 2)
    raster_ms, raster_edges_ms = bins(RASTER_BIN_MS, p.duration_ms, p.dt_ms / 2)
    return build(
        RUN,
        {
            "spike_ms": spike_ms,
            "spike_index": neuron,
            "time_ms": read_ms,
            "weight_mV": states["weight"],
            **{name: states[name] for name in ("c", "n", "x")},
            "rate_time_ms": rate_ms,
            "binned_count": counts(spike_ms, neuron, rate_edges_ms, p.neuron_count),
            "raster_time_ms": raster_ms,
            "raster_count": counts(spike_ms, neuron, raster_edges_ms, p.neuron_count),
        },
    )
