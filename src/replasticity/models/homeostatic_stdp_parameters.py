"""Parameters of homeostatic STDP at an inhibitory synapse, and of the population that sets its global factor.

With them: which step a time belongs to, as the reference simulator rounds it.
"""

import math
from typing import Literal

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import (
    Cost,
    GridDuration,
    NonNegative,
    Positive,
    PositiveInt,
    TimeGrid,
    VariedTimeGrid,
    is_recorded,
    quantity,
)
from replasticity.definitions.ranges import ListOf, OneOf, Range
from replasticity.numerics.arrays import IntArray

#: On the grid, and inside a step; a thousandth of a step and less before the grid, and more.
_VARIED_TIMES_MS = ListOf(Range(0.0, 300.0, special=(50.0, 50.05, 99.9999, 99.99, 100.0, 100.1)), lengths=(0, 8))

#: What a step and a spike of the population take on a fast machine, sampled and simulated [s].
_SECONDS_PER_STEP, _SECONDS_PER_SPIKE = 1e-9, 5e-9


class PoissonPopulation(VariedTimeGrid):
    """Poisson neurons of one rate that changes from epoch to epoch."""

    epoch_ms: GridDuration = quantity("Duration of one epoch of constant population rate.", varied=Range(0.2, 120.0))
    rates_Hz: list[NonNegative] = quantity(
        "Rate of each Poisson neuron in each epoch.",
        varied=ListOf(Range(0.1, 500.0, log=True, special=(0.0, 5000.0)), (1, 4)),
        min_length=1,
    )
    population_size: PositiveInt = quantity("Number of Poisson neurons.", varied=Range(1, 300, log=True), size=True)

    @model_validator(mode="after")
    def _at_most_one_spike_per_step(self) -> "PoissonPopulation":
        self.require_at_most_one_spike_per_step("rates_Hz")
        return self

    @property
    def step_count(self) -> int:
        """Number of steps of the run."""
        return len(self.rates_Hz) * self.steps(self.epoch_ms)


class PrescribedPairings(PoissonPopulation):
    """Spikes of one synapse at given times, in a network with that population."""

    pre_times_ms: list[NonNegative] = quantity("Presynaptic spike times.", varied=_VARIED_TIMES_MS)
    post_times_ms: list[NonNegative] = quantity("Postsynaptic spike times.", varied=_VARIED_TIMES_MS)

    @model_validator(mode="after")
    def _spikes_can_be_emitted(self, info: ValidationInfo) -> "PrescribedPairings":
        recorded = is_recorded(info)
        for name in ("pre_times_ms", "post_times_ms"):
            steps = spike_steps(getattr(self, name), self)
            # Brian2 refuses them, too (brian2/input/spikegeneratorgroup.py, before_run).
            if len(set(steps)) < len(steps):
                raise ValueError(f"{name}: at most one spike of a neuron in a step of {self.dt_ms:g} ms")
            # A recording may have prescribed spikes that its run was too short to emit.
            if not recorded and len(steps) and steps[-1] >= self.step_count:
                end_ms = len(self.rates_Hz) * self.epoch_ms
                raise ValueError(f"{name}: no spike after the run's end at {end_ms:g} ms")
        return self


class HomeostaticSynapse(VariedTimeGrid):
    """An inhibitory synapse whose STDP is scaled by the global factor G = H - target rate."""

    target_rate_Hz: NonNegative = quantity(
        "Target rate: at this rate G is zero.",
        symbol=r"\gamma",
        varied=Range(0.1, 100.0, log=True, special=(0.0,)),
    )
    tau_H_ms: Positive = quantity(
        "Time constant of the secretory factor H.",
        symbol=r"\tau_H",
        varied=Range(0.1, 1e5, log=True, special=(20.0,)),
    )
    tau_stdp_ms: Positive = quantity(
        "Time constant of both traces.",
        symbol=r"\tau_\mathrm{STDP}",
        varied=Range(0.1, 1000.0, log=True, special=(20.0,)),
    )
    eta_nS_s: float = quantity(
        "Learning rate: weight change per unit of G.", symbol=r"\eta", varied=Range(-2.0, 2.0, special=(0.0,))
    )
    weight_initial_nS: float = quantity(
        "Weight at the start.", symbol="w_0", varied=Range(-100.0, 100.0, special=(0.0,))
    )
    rule: Literal["as_published", "eq15"] = quantity(
        "Which spike has the constant term: the postsynaptic (example script) or the presynaptic (Eq. 15).",
        varied=OneOf("as_published", "eq15"),
    )


class SampledPairings(HomeostaticSynapse, PrescribedPairings):
    """The synapse in that network, and how often its state is kept."""

    sample_interval_ms: GridDuration = quantity(
        "Interval of the samples of H, G and the weight.", varied=Range(0.2, 20.0, log=True), kept="recording interval"
    )
    every_step_ms: NonNegative = quantity(
        "Initial part of the run in which H is kept at each step.", output_option=True, varied=Range(0.0, 50.0)
    )

    def cost_with(self, numbers_per_spike: float) -> Cost:
        """Return what a run needs: the population's spikes while they are sampled, and what is kept over time.

        Parameters
        ----------
        numbers_per_spike : float
            What is kept of each spike of the population.
        """
        epoch_steps = self.epoch_ms / self.dt_ms
        steps = epoch_steps * len(self.rates_Hz)
        expected = [self.population_size * epoch_steps * rate_Hz * self.dt_ms / 1000 for rate_Hz in self.rates_Hz]
        # Six standard deviations and ten spikes more than expected, in each epoch.
        spikes = [mean + 6 * math.sqrt(mean) + 10 for mean in expected]
        numbers = (
            # Numbers of the trials, of one epoch and of all; then their steps and neurons.
            4 * max(spikes)
            + (4 + numbers_per_spike) * sum(spikes)
            # Time and epoch of each step, with temporaries; the spikes in it.
            + (5 + 1 + 1 / 2) * steps
            + min(self.every_step_ms / self.dt_ms, steps)
            # Time, H, G and the weight; statistics ask for the epoch of each.
            + (4 + 6) * (steps / self.steps(self.sample_interval_ms) + 1)
            + (5 * 3 + 8) * (len(self.pre_times_ms) + len(self.post_times_ms))
        )
        return Cost(8 * numbers, steps * _SECONDS_PER_STEP + sum(expected) * _SECONDS_PER_SPIKE)


def seconds(time_ms: float) -> float:
    """Return a time in seconds, rounded as the reference simulator rounds it."""
    return time_ms * 0.001


def spike_steps(times_ms: list[float], parameters: TimeGrid) -> IntArray:
    """Return the steps in which prescribed spikes are emitted, sorted.

    A time inside a step belongs to that step, and a time up to a thousandth of a step below a grid point
    belongs to the grid point (docs/models/homeostatic_stdp.md#prescribed-spikes).
    """
    dt_s = seconds(parameters.dt_ms)
    times_s = np.array(times_ms) * 0.001
    return np.sort(np.floor((times_s + 1e-3 * dt_s) / dt_s).astype(np.int64))


def emitted_steps(parameters: PrescribedPairings) -> tuple[IntArray, IntArray]:
    """Return the steps of the pre- and of the postsynaptic spikes; a recorded run may be too short to emit them all."""
    pre, post = (spike_steps(each, parameters) for each in (parameters.pre_times_ms, parameters.post_times_ms))
    return pre[pre < parameters.step_count], post[post < parameters.step_count]


def epoch_of_step(parameters: PoissonPopulation) -> IntArray:
    """Return the epoch of each step (docs/models/homeostatic_stdp.md#epoch-of-a-step).

    Returns
    -------
    ndarray of int64, shape (steps,)
        Index into ``rates_Hz``; a step on the border belongs to the new epoch.
    """
    dt_s, epoch_s = seconds(parameters.dt_ms), seconds(parameters.epoch_ms)
    # The reference simulator looks its timed array up on a grid K times finer than an epoch.
    fineness = 2.0 ** math.ceil(math.log2(8 * epoch_s / dt_s))
    time_s = np.arange(parameters.step_count) * dt_s
    epoch = np.floor((time_s / (epoch_s / fineness) + 0.5) / fineness).astype(np.int64)
    return np.clip(epoch, 0, len(parameters.rates_Hz) - 1)
