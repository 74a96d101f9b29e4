"""Parameters of neurons that fire regularly, on the grid of the run and on finer ones."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, VariedTimeGrid, is_recorded, quantity
from replasticity.definitions.ranges import ListOf, OneOf, Range

Rates = Annotated[list[NonNegative], Field(min_length=1)]

#: Up to a spike in each step; lists keep their length, since pre- and postsynaptic neurons may come in pairs.
_VARIED_RATES = ListOf(Range(10.0, 5000.0, log=True, special=(0.0, 200.0, 250.0, 10_000.0)), lengths=None)

#: What a neuron takes for one step on a fast machine [s].
_SECONDS_PER_STEP = 1e-9


class RegularFiring(VariedTimeGrid):
    """Presynaptic and postsynaptic neurons that fire regularly."""

    duration_ms: GridDuration = quantity("Duration of the run.", varied=Range(0.2, 100.0))
    pre_rates_Hz: Rates = quantity("Rate of each presynaptic neuron.", symbol="f", varied=_VARIED_RATES)
    post_rates_Hz: Rates = quantity("Rate of each postsynaptic neuron.", symbol="f", varied=_VARIED_RATES)
    reset: Literal["zero", "subtract"] = quantity(
        "Phase after a spike: 0, which lengthens each interval to whole steps, or phase - 1.",
        varied=OneOf("zero", "subtract"),
    )
    dt_divisions: list[Annotated[int, Field(ge=1, le=10_000)]] = quantity(
        "The weights are computed with these parts of the time step, too.",
        varied=ListOf(Range(1, 5), lengths=(0, 2)),
    )

    @model_validator(mode="after")
    def _at_most_one_spike_per_step(self, info: ValidationInfo) -> "RegularFiring":
        if not is_recorded(info):
            self.require_at_most_one_spike_per_step("pre_rates_Hz", "post_rates_Hz")
        return self

    @property
    def step_count(self) -> int:
        """Number of steps of the run."""
        return self.steps(self.duration_ms)

    def spike_count(self, rates_Hz: Sequence[float]) -> float:
        """Return how many spikes neurons of these rates have at most, in all."""
        return sum(1 + self.step_count * min(1.0, rate_Hz * self.dt_ms / 1000) for rate_Hz in rates_Hz)

    def firing_cost(self, rates_Hz: Sequence[float], phases_are_kept: bool = False) -> Cost:
        """Return the cost of firing on all grids, one after the other, but for the memory of the spikes."""
        own = self._firing_cost(rates_Hz, 1, self.reset == "subtract" or phases_are_kept)
        finer = [self._firing_cost(rates_Hz, division, self.reset == "subtract") for division in self.dt_divisions]
        memory_bytes = max(cost.memory_bytes for cost in (own, *finer))
        return Cost(memory_bytes, own.seconds + sum(cost.seconds for cost in finer))

    def _firing_cost(self, rates_Hz: Sequence[float], division: int, in_each_step: bool) -> Cost:
        steps, dt_ms = self.step_count * division, self.dt_ms / division
        if in_each_step:
            # Whether each neuron spikes, and a copy for one neuron.
            return Cost((len(rates_Hz) + 1) * steps, len(rates_Hz) * steps * _SECONDS_PER_STEP)
        # One interval of each neuron is computed.
        computed = sum(min(steps, 1000 / (rate_Hz * dt_ms)) if rate_Hz else steps for rate_Hz in rates_Hz)
        return Cost(0.0, computed * _SECONDS_PER_STEP)
