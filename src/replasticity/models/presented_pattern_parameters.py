"""A frozen pattern that is presented to the neuron again and again, and a drive of its soma in a window of time.

Source: docs/models/dendritic_prediction.md#presentation.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from replasticity.definitions.parameters import GridDuration, NonNegative, NonNegativeInt, PositiveInt, quantity
from replasticity.models.urbanczik_senn_parameters import DendriticSynapses

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class PresentedPattern(DendriticSynapses):
    """Pattern, presentations and drive."""

    pattern_ms: GridDuration = quantity("Duration of the pattern, and of one presentation.", symbol="P")
    presentations_before: NonNegativeInt = quantity("Presentations before the drive sets in.")
    presentations_learning: PositiveInt = quantity("Presentations with somatic drive: the learning window.")
    presentations_after: NonNegativeInt = quantity("Presentations after the drive has ended.")
    plastic_after: bool = quantity("Whether the weights go on changing after the learning window.")
    input_count: PositiveInt = quantity("Number of dendritic inputs, each with a plastic synapse.")
    input_rate_Hz: NonNegative = quantity("Rate of each Poisson train of the pattern.")
    relay_delay_ms: GridDuration = quantity(
        "Delay of the relay of the pattern: it leaves the pattern's start empty, and delays each spike."
    )

    drive_amplitude_E_nS: float = quantity("Amplitude of the excitatory drive: of the kick in each step.", symbol="A_E")
    drive_offset_E_nS: float = quantity("Mean of the excitatory drive.", symbol="O_E")
    drive_amplitude_I_nS: float = quantity("Inhibitory drive, constant.", symbol="A_I")
    drive_frequency_per_ms: NonNegative = quantity("Frequency of the excitatory drive.")
    drive_factor: float = quantity("Factor on all kicks; 10 dt / ms makes the drive independent of dt.")
    drive_delay_ms: GridDuration = quantity("Delay of the drive.")

    @model_validator(mode="after")
    def _something_of_the_pattern_is_left(self) -> "PresentedPattern":
        if self.relay_delay_ms >= self.pattern_ms:
            raise ValueError("relay_delay_ms: has to be shorter than pattern_ms")
        return self


def presentation_count(p: PresentedPattern) -> int:
    """Return the number of presentations of the run."""
    return p.presentations_before + p.presentations_learning + p.presentations_after


def learning_window(p: PresentedPattern) -> tuple[int, int]:
    """Return the first presentation with drive, and the first one after it."""
    return p.presentations_before, p.presentations_before + p.presentations_learning


def presentation_steps(p: PresentedPattern) -> int:
    """Return the number of steps of a presentation."""
    return round(p.pattern_ms / p.dt_ms)


def step_count(p: PresentedPattern) -> int:
    """Return the number of steps of the run."""
    return presentation_count(p) * presentation_steps(p)


class Spikes(NamedTuple):
    """Presynaptic spikes as they reach the synapses, sorted by time; ``stamp`` is in steps."""

    stamp: IntArray
    spiking_input: IntArray


def input_spikes(p: PresentedPattern, pattern_ms: FloatArray, pattern_input: IntArray) -> Spikes:
    """Return the spikes up to the end of the run (docs/models/dendritic_prediction.md#presentation)."""
    pattern_step = np.rint(pattern_ms / p.dt_ms).astype(np.int64)
    onset = np.arange(presentation_count(p))[:, None] * presentation_steps(p)
    step = (onset + pattern_step + round(p.relay_delay_ms / p.dt_ms)).ravel()
    spiking_input = np.tile(pattern_input.astype(np.int64), presentation_count(p))
    order = np.argsort(step, kind="stable")
    order = order[step[order] <= step_count(p)]
    return Spikes(step[order], spiking_input[order])


class Kicks(NamedTuple):
    """What is added to the somatic conductances at the end of each step [nS]."""

    E_nS: FloatArray
    I_nS: FloatArray


def drive(p: PresentedPattern) -> Kicks:
    """Return a sine and a constant inside the learning window (docs/models/dendritic_prediction.md#drive)."""
    start_ms = p.presentations_before * p.pattern_ms
    end_ms = start_ms + p.presentations_learning * p.pattern_ms
    steps = step_count(p)
    # The times of the reference's generators, with their rounding.
    time_ms = np.arange(p.dt_ms, steps * p.dt_ms, p.dt_ms)[: steps - 1]
    sine = p.drive_amplitude_E_nS * np.sin(2 * np.pi * p.drive_frequency_per_ms * time_ms)
    window = (start_ms <= time_ms) & (time_ms < end_ms)
    kick_E_nS = np.where(window, (sine + p.drive_offset_E_nS) * p.drive_factor, 0.0)
    kick_I_nS = np.where(window, p.drive_amplitude_I_nS * p.drive_factor, 0.0)
    return kicks_from_stamps(p, kick_E_nS, kick_I_nS)


def kicks_from_stamps(p: PresentedPattern, E_nS: FloatArray, I_nS: FloatArray) -> Kicks:
    """Return the kicks by interval from those by step 1, 2, ...: step k acts at the end of interval k + delay - 1."""
    delay, steps = round(p.drive_delay_ms / p.dt_ms), step_count(p)
    kicks = Kicks(np.zeros(steps), np.zeros(steps))
    kicks.E_nS[delay:] = E_nS[: max(steps - delay, 0)]
    kicks.I_nS[delay:] = I_nS[: max(steps - delay, 0)]
    return kicks
