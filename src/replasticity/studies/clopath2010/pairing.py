"""Pairs of spikes 10 ms apart, in either order, at several frequencies and in two models of the neuron.

The postsynaptic neuron is forced to spike. Nothing is random: all seeds are the same
(docs/models/voltage_based_stdp.md#pairing).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, GridTime, NonNegative, OnGrid, Positive, quantity
from replasticity.definitions.ranges import ListOf, Range
from replasticity.models.clopath_pairing_parameters import NEURONS, ForcedNeurons
from replasticity.models.clopath_parameters import POTENTIALS
from replasticity.numerics.arrays import joined
from replasticity.storage.contract import Arrays, Variable, build

Times = Annotated[list[Annotated[list[NonNegative], Field(min_length=1)]], OnGrid()]

#: A run ends this long after the last spike of a generator [ms].
AFTER_LAST_MS = 10.0


class Parameters(ForcedNeurons):
    """Parameters of the protocol."""

    rates_Hz: Annotated[list[Positive], Field(min_length=1)] = quantity(
        "Frequency of each pairing.", varied=ListOf(Range(1.0, 100.0), lengths=None)
    )
    intervals_ms: list[float] = quantity(
        "Presynaptic to postsynaptic spike of each pairing; negative: post first.",
        varied=ListOf(Range(-20.0, 20.0), lengths=None),
    )
    pre_times_ms: Times = quantity(
        "Presynaptic spikes of each pairing, before the relay's step.",
        varied=ListOf(ListOf(Range(0.2, 200.0), lengths=(1, 6), sort=True), lengths=None),
    )
    post_times_ms: Times = quantity(
        "Times at which the postsynaptic neuron is forced, of each pairing.",
        varied=ListOf(ListOf(Range(0.2, 200.0), lengths=(1, 6), sort=True), lengths=None),
    )
    shift_ms: GridTime = quantity("Added to all these times.", varied=Range(0.0, 50.0))
    extrapolation: Positive = quantity("Number of blocks of pairs that the shown weight change stands for.")
    potentials_ms: GridDuration = quantity(
        "Initial part of the example pairings in which potentials are kept.",
        output_option=True,
        varied=Range(0.1, 300.0),
    )
    measured_rates_Hz: list[Positive] = quantity(
        "Measured pairings, to compare with: frequency of each.", kept="measured"
    )
    measured_intervals_ms: list[float] = quantity(
        "Measured pairings: presynaptic to postsynaptic spike; negative: post first.", kept="measured"
    )
    measured_change_percent: list[float] = quantity("Measured pairings: mean weight change.", kept="measured")
    measured_sem_percent: list[Positive] = quantity("Measured pairings: standard error of that mean.", kept="measured")

    @field_validator("dt_ms")
    @classmethod
    def _last_spike_reaches_the_synapse(cls, dt_ms: float) -> float:
        # The relay takes a step.
        if dt_ms > AFTER_LAST_MS / 2:
            raise ValueError(f"has to be at most {AFTER_LAST_MS / 2:g} ms")
        return dt_ms

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        for names, of in (
            (("intervals_ms", "pre_times_ms", "post_times_ms"), "rates_Hz"),
            (("measured_intervals_ms", "measured_change_percent", "measured_sem_percent"), "measured_rates_Hz"),
        ):
            count = len(getattr(self, of))
            for name in names:
                if len(getattr(self, name)) != count:
                    raise ValueError(f"{name}: one entry for each of the {count} {of}")
        # NEST, models/spike_generator.cpp: times are on the grid, and sorted.
        for name in ("pre_times_ms", "post_times_ms"):
            if any(later < earlier for times_ms in getattr(self, name) for earlier, later in pairwise(times_ms)):
                raise ValueError(f"{name}: the times of each pairing have to be in ascending order")
        return self

    def cost(self) -> Cost:
        """Return what a run needs."""
        steps = [
            (max(*pre_ms, *post_ms) + self.shift_ms + AFTER_LAST_MS) / self.dt_ms
            for pre_ms, post_ms in zip(self.pre_times_ms, self.post_times_ms, strict=True)
        ]
        return self.cost_of(steps, given_spikes=sum(map(len, self.pre_times_ms + self.post_times_ms)))


INPUTS = {
    "pre_time_ms": Variable(("pre",), "times of the presynaptic generator, before the relay's step"),
    "pre_pairing": Variable(("pre",), "pairing of each of them", "int32"),
    "post_time_ms": Variable(("post",), "times at which the postsynaptic neuron is forced"),
    "post_pairing": Variable(("post",), "pairing of each of them", "int32"),
}

RUN = INPUTS | {
    "transmitted_weight": Variable(("neuron", "pre"), "weight transmitted with each presynaptic spike"),
    "post_spike_time_ms": Variable(("post_spike",), "spikes of the neurons"),
    "post_spike_neuron": Variable(("post_spike",), "neuron model of each of them, 0 adaptive exponential", "int32"),
    "post_spike_pairing": Variable(("post_spike",), "pairing of each of them", "int32"),
    "example_pairing": Variable(
        ("order",), "fastest pairing with the postsynaptic, the presynaptic spike first", "int32"
    ),
    "time_ms": Variable(("time_ms",), "time of the potentials", trace=True),
    **{
        f"example_{name}_mV": Variable(
            ("neuron", "order", "time_ms"),
            f"{potential} in the fastest pairing of each order, as long as it is kept",
            undefined="after the end of that pairing, and where no pairing has this order",
            trace=True,
        )
        for name, potential in POTENTIALS.items()
    },
}

SHORTEST = {
    "rates_Hz": [50.0, 50.0],
    "intervals_ms": [-10.0, 10.0],
    "pre_times_ms": [[20.0, 40.0], [20.0, 40.0]],
    "post_times_ms": [[10.0, 30.0], [30.0, 50.0]],
}


def prescribed_inputs(parameters: Parameters) -> Arrays:
    """Return the times of the generators."""
    values: dict[str, Any] = {}
    for name, times_ms in (("pre", parameters.pre_times_ms), ("post", parameters.post_times_ms)):
        given_ms, values[f"{name}_pairing"] = joined(times_ms)
        values[f"{name}_time_ms"] = given_ms + parameters.shift_ms
    return build(INPUTS, values)


def example_pairings(rates_Hz: Sequence[float], intervals_ms: Sequence[float]) -> list[int]:
    """Return the fastest pairing with the postsynaptic and the one with the presynaptic spike first, -1 if none."""
    fastest = []
    for post_first in (True, False):
        of_order = [k for k, interval_ms in enumerate(intervals_ms) if (interval_ms < 0) == post_first]
        fastest.append(max(of_order, key=lambda k: rates_Hz[k], default=-1))
    return fastest


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: transmitted weights and spikes of every pairing in both models, and example potentials."""
    from replasticity.models.clopath_pairing import simulate_pairings

    p, count = parameters, len(parameters.rates_Hz)
    given = []
    for pairing in range(count):
        pre_ms, post_ms = (inputs[f"{name}_time_ms"][inputs[f"{name}_pairing"] == pairing] for name in ("pre", "post"))
        given.append((pre_ms, post_ms, p.steps(max(pre_ms.max(), post_ms.max()) + AFTER_LAST_MS)))
    examples = example_pairings(p.rates_Hz, p.intervals_ms)
    traced = [row * count + example for row in range(len(NEURONS)) for example in examples if example >= 0]
    pairings = [(model, *each) for model in NEURONS for each in given]
    transmitted, spike_steps, traces = simulate_pairings(p, pairings, traced)
    spike_step, pairing_of_spike = joined(spike_steps)
    potentials = [trace[:, : p.steps(p.potentials_ms)] for trace in traces.values()]
    length = max(trace.shape[1] for trace in potentials)
    shown = np.full((len(POTENTIALS), len(NEURONS), len(examples), length), np.nan)
    for one, trace in zip(traces, potentials, strict=True):
        row, pairing = divmod(one, count)
        shown[:, row, examples.index(pairing), : trace.shape[1]] = trace
    return build(
        RUN,
        {
            # Spikes of the generators are given pairing by pairing.
            "transmitted_weight": joined(transmitted)[0].reshape(len(NEURONS), -1),
            "post_spike_time_ms": spike_step * p.dt_ms,
            "post_spike_neuron": pairing_of_spike // count,
            "post_spike_pairing": pairing_of_spike % count,
            "example_pairing": examples,
            "time_ms": np.arange(1, length + 1) * p.dt_ms,
            **{f"example_{name}_mV": shown[row] for row, name in enumerate(POTENTIALS)},
        },
    )
