"""A frozen pattern that is presented to the neuron again and again, and a drive of its soma in a window of time.

Source: docs/models/dendritic_prediction.md#presentation.
"""

import math
from typing import NamedTuple

import numpy as np
from pydantic import model_validator

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, NonNegativeInt, PositiveInt, quantity
from replasticity.definitions.ranges import OneOf, Range
from replasticity.models.urbanczik_senn_parameters import DendriticSynapses
from replasticity.numerics.arrays import FloatArray, IntArray

#: What a step takes on a fast machine, and a spike [s].
_SECONDS_PER_STEP, _SECONDS_PER_SPIKE = 1.5e-7, 1e-8


class PresentedPattern(DendriticSynapses):
    """Pattern, presentations and drive."""

    pattern_ms: GridDuration = quantity(
        "Duration of the pattern, and of one presentation.", symbol="P", varied=Range(10.0, 100.0, log=True)
    )
    presentations_before: NonNegativeInt = quantity("Presentations before the drive sets in.", varied=Range(0, 2))
    presentations_learning: PositiveInt = quantity(
        "Presentations with somatic drive: the learning window.", varied=Range(1, 5)
    )
    presentations_after: NonNegativeInt = quantity("Presentations after the drive has ended.", varied=Range(0, 2))
    plastic_after: bool = quantity(
        "Whether the weights go on changing after the learning window.", varied=OneOf(True, False)
    )
    input_count: PositiveInt = quantity(
        "Number of dendritic inputs, each with a plastic synapse.", varied=Range(1, 200, log=True), size=True
    )
    input_rate_Hz: NonNegative = quantity(
        "Rate of each Poisson train of the pattern.", varied=Range(1.0, 200.0, log=True, special=(0.0,))
    )
    relay_delay_ms: GridDuration = quantity(
        "Delay of the relay of the pattern: it leaves the pattern's start empty, and delays each spike.",
        varied=Range(0.1, 9.0, log=True),
    )

    drive_amplitude_E_nS: float = quantity(
        "Amplitude of the excitatory drive: of the kick in each step.",
        symbol="A_E",
        # With the offset's range, no conductance is negative: a potential would leave all limits.
        varied=Range(0.1, 5.0, log=True, special=(0.0,)),
    )
    drive_offset_E_nS: float = quantity(
        "Mean of the excitatory drive.", symbol="O_E", varied=Range(5.0, 20.0, log=True)
    )
    drive_amplitude_I_nS: float = quantity(
        "Inhibitory drive, constant.", symbol="A_I", varied=Range(0.1, 60.0, log=True, special=(0.0,))
    )
    drive_frequency_per_ms: NonNegative = quantity(
        "Frequency of the excitatory drive.", varied=Range(0.001, 0.1, log=True, special=(0.0,))
    )
    drive_factor: float = quantity(
        "Factor on all kicks; 10 dt / ms makes the drive independent of dt.",
        varied=Range(0.1, 3.0, log=True, special=(0.0,)),
    )
    drive_delay_ms: GridDuration = quantity("Delay of the drive.", varied=Range(0.1, 9.0, log=True))

    @model_validator(mode="after")
    def _something_of_the_pattern_is_left(self) -> "PresentedPattern":
        if self.relay_delay_ms >= self.pattern_ms:
            raise ValueError("relay_delay_ms: has to be shorter than pattern_ms")
        return self

    @property
    def presentation_count(self) -> int:
        """Number of presentations of the run."""
        return self.presentations_before + self.presentations_learning + self.presentations_after

    @property
    def learning_window(self) -> tuple[int, int]:
        """The first presentation with drive, and the first one after it."""
        return self.presentations_before, self.presentations_before + self.presentations_learning

    @property
    def presentation_steps(self) -> int:
        """Number of steps of a presentation."""
        return self.steps(self.pattern_ms)

    @property
    def step_count(self) -> int:
        """Number of steps of the run."""
        return self.presentation_count * self.presentation_steps

    def cost(self) -> Cost:
        """Return what all presentations need: the states of each step, the error sums, and the spikes."""
        presentations, steps = float(self.presentation_count), float(self.step_count)
        expected = self.input_count * self.pattern_ms * self.input_rate_Hz / 1000
        spikes = presentations * (expected + 10 * math.sqrt(expected) + 100)
        numbers = (
            13 * steps
            + 12 * steps / max(4 * self.shortest_tau_ms / self.dt_ms - 1, 1.0)
            + 12 * spikes
            + 6 * presentations * self.input_count
            + 30 * self.input_count
            + 3 * (self.synapse_delay_ms + self.drive_delay_ms) / self.dt_ms
            + 100 * presentations
        )
        return Cost(8 * numbers, steps * _SECONDS_PER_STEP + presentations * expected * _SECONDS_PER_SPIKE)


class Spikes(NamedTuple):
    """Presynaptic spikes as they reach the synapses, sorted by time; ``step`` says when."""

    step: IntArray
    spiking_input: IntArray


def input_spikes(p: PresentedPattern, pattern_ms: FloatArray, pattern_input: IntArray) -> Spikes:
    """Return the spikes up to the end of the run (docs/models/dendritic_prediction.md#presentation)."""
    pattern_step = np.rint(pattern_ms / p.dt_ms).astype(np.int64)
    onset = np.arange(p.presentation_count)[:, None] * p.presentation_steps
    step = (onset + pattern_step + p.steps(p.relay_delay_ms)).ravel()
    spiking_input = np.tile(pattern_input.astype(np.int64), p.presentation_count)
    order = np.argsort(step, kind="stable")
    order = order[step[order] <= p.step_count]
    return Spikes(step[order], spiking_input[order])


class Kicks(NamedTuple):
    """What is added to the somatic conductances at the end of each step [nS]."""

    E_nS: FloatArray
    I_nS: FloatArray


def drive(p: PresentedPattern) -> Kicks:
    """Return a sine and a constant inside the learning window (docs/models/dendritic_prediction.md#drive)."""
    start_ms = p.presentations_before * p.pattern_ms
    end_ms = start_ms + p.presentations_learning * p.pattern_ms
    steps = p.step_count
    # The times of the reference's generators, with their rounding.
    time_ms = np.arange(p.dt_ms, steps * p.dt_ms, p.dt_ms)[: steps - 1]
    sine = p.drive_amplitude_E_nS * np.sin(2 * np.pi * p.drive_frequency_per_ms * time_ms)
    window = (start_ms <= time_ms) & (time_ms < end_ms)
    kick_E_nS = np.where(window, (sine + p.drive_offset_E_nS) * p.drive_factor, 0.0)
    kick_I_nS = np.where(window, p.drive_amplitude_I_nS * p.drive_factor, 0.0)
    return kicks_from_steps(p, kick_E_nS, kick_I_nS)


def kicks_from_steps(p: PresentedPattern, E_nS: FloatArray, I_nS: FloatArray) -> Kicks:
    """Return the kicks by interval from those by step 1, 2, ...: step k acts at the end of interval k + delay - 1."""
    delay, steps = p.steps(p.drive_delay_ms), p.step_count
    kicks = Kicks(np.zeros(steps), np.zeros(steps))
    kicks.E_nS[delay:] = E_nS[: max(steps - delay, 0)]
    kicks.I_nS[delay:] = I_nS[: max(steps - delay, 0)]
    return kicks
