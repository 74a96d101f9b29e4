"""Dendritic prediction of somatic spiking (Urbanczik and Senn 2014): a frozen pattern, presented again and again.

200 plastic dendritic inputs repeat one Poisson pattern, while conductances impose a potential on the soma: the
dendrite learns to predict it. Source: docs/models/dendritic_prediction.md.

Symbols of the paper are mapped to names in `replasticity.equations.urbanczik_senn`.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, NonNegativeInt, Positive, PositiveInt
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.errors import UserError
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio
from replasticity.studies.clopath2010.nest_checks import require_whole_microseconds

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.models import urbanczik_senn as model

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Bins of the histogram of the final weights, between their bounds.
WEIGHT_BINS = 27

#: Time of a step on a fast machine [s].
STEP_SECONDS = 1.5e-7

#: No time constant of the rule fits into a step more often: the exponentials that refer one error to another would
#: overflow.
TAUS_PER_STEP = 100

#: In place of a random number: the neuron spikes if it is not refractory; it does not spike.
FORCED, FORBIDDEN = -1.0, 2.0


class Parameters(BaseParameters):
    """Parameters of the protocol."""

    dt_ms: Positive = Field(description="Time step: a whole number of microseconds.")
    pattern_ms: Positive = Field(description="Duration of the pattern, and of one presentation.")
    presentations_before: NonNegativeInt = Field(description="Presentations before the drive sets in.")
    presentations_learning: PositiveInt = Field(description="Presentations with somatic drive: the learning window.")
    presentations_after: NonNegativeInt = Field(description="Presentations after the drive has ended.")
    plastic_after: bool = Field(description="Whether the weights go on changing after the learning window.")
    input_count: PositiveInt = Field(description="Number of dendritic inputs, each with a plastic synapse.")
    input_rate_Hz: NonNegative = Field(description="Rate of each Poisson train of the pattern.")
    relay_delay_ms: Positive = Field(
        description="Delay of the relay of the pattern: it leaves the pattern's start empty, and delays each spike."
    )

    C_s_pF: Positive = Field(description="Capacitance of the soma.")
    C_d_pF: Positive = Field(description="Capacitance of the dendrite.")
    g_L_s_nS: NonNegative = Field(description="Leak conductance of the soma.")
    g_L_d_nS: Positive = Field(description="Leak conductance of the dendrite.")
    E_L_s_mV: float = Field(description="Leak reversal potential of the soma.")
    E_L_d_mV: float = Field(description="Leak reversal potential of the dendrite.")
    g_sp_nS: Positive = Field(description="Coupling conductance from the dendrite to the soma.")
    g_ps_nS: NonNegative = Field(description="Coupling conductance from the soma back to the dendrite.")
    E_E_mV: float = Field(description="Reversal potential of the excitatory somatic conductance.")
    E_I_mV: float = Field(description="Reversal potential of the inhibitory somatic conductance.")
    U_initial_mV: float = Field(description="Potential of the soma at the start.")
    V_initial_mV: float = Field(description="Potential of the dendrite at the start.")
    tau_E_s_ms: Positive = Field(description="Time constant of the excitatory somatic conductance.")
    tau_I_s_ms: Positive = Field(description="Time constant of the inhibitory somatic conductance.")
    tau_E_d_ms: Positive = Field(description="Time constant of the excitatory dendritic current.")
    tau_I_d_ms: Positive = Field(
        description="Time constant of the inhibitory dendritic current: used by a synapse whose weight is not positive."
    )
    rate_max_per_ms: NonNegative = Field(description="Highest rate of spiking, phi_max.")
    rate_slope: Positive = Field(description="Shape of the rate, k.")
    beta_per_mV: Positive = Field(description="Steepness of the rate, beta.")
    theta_mV: float = Field(description="Potential near which the rate rises, theta.")
    refractory_ms: Positive = Field(description="Time without spikes after a spike.")

    eta_pA_mV_per_ms: float = Field(description="Learning rate eta.")
    tau_filter_ms: Positive = Field(description="Time constant of the low-pass filter on weight changes, tau_Delta.")
    weight_initial_pA: float = Field(description="Weight of each synapse at the start.")
    weight_min_pA: float = Field(description="Lower bound of the weights.")
    weight_max_pA: float = Field(description="Upper bound of the weights.")
    synapse_delay_ms: Positive = Field(description="Delay of the plastic synapses.")

    drive_amplitude_E_nS: float = Field(description="Amplitude of the excitatory drive: of the kick in each step.")
    drive_offset_E_nS: float = Field(description="Mean of the excitatory drive.")
    drive_amplitude_I_nS: float = Field(description="Inhibitory drive, constant.")
    drive_frequency_per_ms: NonNegative = Field(description="Frequency of the excitatory drive.")
    drive_factor: float = Field(description="Factor on all kicks; 10 dt / ms makes the drive independent of dt.")
    drive_delay_ms: Positive = Field(description="Delay of the drive.")

    potential_zero_mV: float = Field(description="Potential that is 0 in the units in which the model computes.")
    potential_unit_mV: Positive = Field(description="Potential that is 1 above it.")
    capacitance_unit_pF: Positive = Field(description="Capacitance that is 1; time is in ms always.")
    sample_interval_ms: Positive = Field(description="Interval of the samples of potentials, conductances, current.")

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        require_whole_microseconds(self)
        self.require_whole_steps(
            *("pattern_ms", "relay_delay_ms", "refractory_ms", "synapse_delay_ms", "drive_delay_ms"),
            "sample_interval_ms",
            least=1,
        )
        if self.relay_delay_ms >= self.pattern_ms:
            raise ValueError("relay_delay_ms: has to be shorter than pattern_ms")
        shortest_ms = self.dt_ms / TAUS_PER_STEP
        for name in ("tau_E_d_ms", "tau_I_d_ms", "tau_filter_ms"):
            if getattr(self, name) < shortest_ms:
                raise ValueError(f"{name}: has to be at least dt_ms / {TAUS_PER_STEP} ({shortest_ms:g} ms)")
        if self.C_d_pF < shortest_ms * self.g_L_d_nS:
            raise ValueError(f"C_d_pF / g_L_d_nS: has to be at least dt_ms / {TAUS_PER_STEP} ({shortest_ms:g} ms)")
        if self.weight_min_pA > self.weight_max_pA:
            raise ValueError("weight_min_pA: has to be at most weight_max_pA")
        # NEST, models/urbanczik_synapse.h, set_status. Its check of the lower bound reads the upper one.
        if not (self.weight_max_pA > 0 if self.weight_initial_pA >= 0 else self.weight_max_pA < 0):
            raise ValueError(f"weight_max_pA: has to have the sign of weight_initial_pA ({self.weight_initial_pA:g})")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the estimate of `replasticity.definitions.parameters.Parameters.cost`."""
        presentations, pattern_steps = float(presentation_count(self)), self.pattern_ms / self.dt_ms
        steps = presentations * pattern_steps
        expected = self.input_count * self.pattern_ms * self.input_rate_Hz / 1000
        spikes = presentations * (expected + 10 * math.sqrt(expected) + 100)
        shortest_ms = min(self.tau_E_d_ms, self.tau_I_d_ms, self.tau_filter_ms, self.C_d_pF / self.g_L_d_nS)
        numbers = (
            25 * steps
            + 12 * steps / max(4 * shortest_ms / self.dt_ms - 1, 1.0)
            + 12 * spikes
            + 6 * presentations * self.input_count
            + 30 * self.input_count
            + 3 * (self.synapse_delay_ms + self.drive_delay_ms) / self.dt_ms
            + 100 * presentations
        )
        return Cost(8 * numbers, steps * STEP_SECONDS + 1e-8 * presentations * expected)


_U_M = "U_M, the potential to which the drive's two conductances alone would pull the soma"
_NOT_DRIVEN = "outside the learning window, and where the drive's conductances add up to nothing"
_NO_REFERENCE = "the drive's conductances add up to nothing in the last learning presentation"
_CONSTANT = f"{_NO_REFERENCE}, or one of the two potentials is constant"
_RECALL = "U_M of the last learning presentation at equal phase"
RUN: dict[str, Variable] = {
    "time_ms": Variable(("time_ms",), "time of the samples: state at the end of the step"),
    "U_mV": Variable(("time_ms",), "somatic potential U"),
    "V_mV": Variable(("time_ms",), "dendritic potential V_W"),
    "g_E_nS": Variable(("time_ms",), "excitatory somatic conductance"),
    "g_I_nS": Variable(("time_ms",), "inhibitory somatic conductance"),
    "I_E_pA": Variable(("time_ms",), "dendritic current"),
    "spike_count": Variable(("time_ms",), "somatic spikes since the last sample", "int32"),
    "presentation_end_ms": Variable(("presentation",), "end of each presentation"),
    "weight_pA": Variable(("presentation", "synapse"), "weights at the end of each presentation"),
    "rms_U_mV": Variable(("presentation",), f"RMS over all steps of U - {_U_M}", undefined=_NOT_DRIVEN),
    "rms_prediction_mV": Variable(("presentation",), "RMS over all steps of V_W* - U_M", undefined=_NOT_DRIVEN),
    "rms_U_recall_mV": Variable(("presentation",), f"RMS over all steps of U - {_RECALL}", undefined=_NO_REFERENCE),
    "rms_prediction_recall_mV": Variable(
        ("presentation",), f"RMS over all steps of V_W* - {_RECALL}", undefined=_NO_REFERENCE
    ),
    "correlation_recall": Variable(
        ("presentation",), f"correlation over all steps of U with {_RECALL}", undefined=_CONSTANT
    ),
    "amplitude_recall": Variable(
        ("presentation",), f"standard deviation of U over that of {_RECALL}", undefined=_CONSTANT
    ),
    "rate_error_Hz": Variable(("presentation",), "mean over all steps of |phi(U) - phi(V_W*)|"),
    "soma_spike_count": Variable(("presentation",), "somatic spikes in each presentation", "int32"),
    "soma_spike_time_ms": Variable(("soma_spike",), "time of each somatic spike"),
    "pattern_spike_time_ms": Variable(("pattern_spike",), "time of each spike in the pattern"),
    "pattern_spike_input": Variable(("pattern_spike",), "input of each spike in the pattern", "int32"),
}

#: What `sample_inputs` adds to the pattern; too large to be kept with a run, and known from the seed.
NOISE: dict[str, Variable] = {
    "uniform": Variable(("step",), "random number of each step: the neuron spikes if it is below the probability"),
}

_WINDOW = "(not defined outside the learning window)"
_NO_TARGET = "without somatic conductance there is no U_M"
_OUTSIDE = f"the presentation is outside the learning window, or {_NO_TARGET}"
_NO_SHAPE = f"U or U_M does not vary, or {_NO_TARGET}"
_NO_RATIO = f"the first error is 0, or {_NO_TARGET}"
_NO_PRESENTATION = "the run has no such presentation"
STATISTICS: dict[str, Variable] = {
    "rms_U_mV": Variable(("presentation",), f"RMS of U - U_M {_WINDOW}", resolution=1e-8, undefined=_OUTSIDE),
    "rms_prediction_mV": Variable(
        ("presentation",), f"RMS of V_W* - U_M {_WINDOW}", resolution=1e-8, undefined=_OUTSIDE
    ),
    "rms_U_recall_mV": Variable(("presentation",), f"RMS of U - {_RECALL}", resolution=1e-8, undefined=_NO_TARGET),
    "rms_prediction_recall_mV": Variable(
        ("presentation",), f"RMS of V_W* - {_RECALL}", resolution=1e-8, undefined=_NO_TARGET
    ),
    "correlation_recall": Variable(
        ("presentation",), f"correlation of U with {_RECALL}", resolution=1e-9, undefined=_NO_SHAPE
    ),
    "amplitude_recall": Variable(
        ("presentation",), f"standard deviation of U over that of {_RECALL}", resolution=1e-9, undefined=_NO_SHAPE
    ),
    "rate_error_Hz": Variable(("presentation",), "mean of |phi(U) - phi(V_W*)|", resolution=1e-7),
    "soma_spike_count": Variable(("presentation",), "somatic spikes in each presentation", "int32"),
    "weight_mean_pA": Variable(
        ("presentation",), "mean weight at the end of each presentation", resolution=1e-7, discrete=True
    ),
    "weight_sd_pA": Variable(
        ("presentation",), "standard deviation of the weights over synapses", resolution=1e-7, discrete=True
    ),
    "weight_final_pA": Variable(("synapse",), "weights at the end", resolution=1e-7, discrete=True),
    "weight_histogram": Variable(
        ("weight_bin",), f"synapses in each of {WEIGHT_BINS} equal bins between the bounds, at the end", "int32"
    ),
    "pattern_spike_count": Variable((), "spikes in the pattern", "int32"),
    "soma_spikes_total": Variable((), "somatic spikes in the whole run", "int32"),
    "learning_error_ratio": Variable(
        (),
        "RMS of U - U_M in the last learning presentation over that in the first",
        resolution=1e-9,
        undefined=_NO_RATIO,
    ),
    "prediction_error_ratio": Variable(
        (),
        "RMS of V_W* - U_M in the last learning presentation over that in the first",
        resolution=1e-9,
        undefined=_NO_RATIO,
    ),
    "recall_error_ratio": Variable(
        (),
        "rms_U_recall of the first presentation after learning over that of the last one before",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_RATIO}",
    ),
    "recall_correlation": Variable(
        (),
        "correlation_recall in the first presentation after learning",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_SHAPE}",
    ),
    "correlation_before": Variable(
        (),
        "correlation_recall in the last presentation before learning",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_SHAPE}",
    ),
    "recall_amplitude": Variable(
        (),
        "amplitude_recall in the first presentation after learning",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_SHAPE}",
    ),
    "recall_drift_mV": Variable(
        (),
        "rms_U_recall in the last presentation of all minus that in the first after learning",
        resolution=1e-8,
        undefined=f"{_NO_PRESENTATION}, or {_NO_TARGET}",
    ),
    "share_zero": Variable((), "share of the weights that are exactly at the lower bound at the end", discrete=True),
    "share_at_upper_bound": Variable(
        (), "share of the weights that are exactly at the upper bound at the end", discrete=True
    ),
}

OUTPUT_OPTIONS = ("sample_interval_ms",)

SHORTEST = {"presentations_learning": 10}

TRACES = ("time_ms", "U_mV", "V_mV", "g_E_nS", "g_I_nS", "I_E_pA", "spike_count", "weight_pA")

PEER_NAMES = {
    "rms_U_mV": "rms_U_UM",
    "rms_prediction_mV": "rms_Vstar_UM",
    "rms_U_recall_mV": "rms_U_UMref",
    "rms_prediction_recall_mV": "rms_Vstar_UMref",
    "correlation_recall": "corr_U_UMref",
    "rate_error_Hz": "rate_error",
    "soma_spike_count": "soma_spike_count",
    "weight_mean_pA": "w_mean",
    "weight_sd_pA": "w_std",
    "weight_final_pA": "weight_final",
    "weight_histogram": "weight_histogram",
    "pattern_spike_count": "pattern_spikes",
}


def presentation_count(parameters: Parameters) -> int:
    """Return the number of presentations of the run."""
    return parameters.presentations_before + parameters.presentations_learning + parameters.presentations_after


def presentation_steps(parameters: Parameters) -> int:
    """Return the number of steps of a presentation."""
    return round(parameters.pattern_ms / parameters.dt_ms)


def step_count(parameters: Parameters) -> int:
    """Return the number of steps of the run."""
    return presentation_count(parameters) * presentation_steps(parameters)


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return the pattern, and one random number for each step of the run.

    Parameters
    ----------
    parameters : Parameters
        Rates, sizes and durations.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        ``pattern_spike_time_ms`` and ``pattern_spike_input`` (pattern_spike), sorted by time; ``uniform`` (step).
        Nothing of the pattern falls into its first ``relay_delay_ms`` (docs/models/dendritic_prediction.md#pattern).
    """
    generator = random.generator(seed, "pattern")
    first, end = round(parameters.relay_delay_ms / parameters.dt_ms) + 1, presentation_steps(parameters) + 1
    # Independent Poisson counts in all bins are one Poisson total, each of it in any bin: two in one bin may happen.
    mean = parameters.input_count * (end - first) * parameters.dt_ms * parameters.input_rate_Hz / 1000
    count = generator.poisson(mean)
    stamp = generator.integers(first, end, count)
    spiking_input = generator.integers(0, parameters.input_count, count)
    order = np.lexsort((spiking_input, stamp))
    return build(
        RUN | NOISE,
        {
            "pattern_spike_time_ms": stamp[order] * parameters.dt_ms,
            "pattern_spike_input": spiking_input[order],
            "uniform": random.generator(seed, "escape noise").random(step_count(parameters)),
        },
    )


class Spikes(NamedTuple):
    """Presynaptic spikes as they reach the synapses, sorted by stamp."""

    stamp: IntArray
    spiking_input: IntArray


def input_spikes(parameters: Parameters, pattern_stamp: IntArray, pattern_input: IntArray) -> Spikes:
    """Return the spikes of all presentations (docs/models/dendritic_prediction.md#presentation).

    Parameters
    ----------
    parameters : Parameters
        Durations and delays.
    pattern_stamp, pattern_input : ndarray of int64, shape (pattern_spikes,)
        Stamp and input of each spike of the pattern.

    Returns
    -------
    Spikes
        Up to the end of the run: the last spikes of the last presentation come too late.
    """
    onset = np.arange(presentation_count(parameters))[:, None] * presentation_steps(parameters)
    stamp = (onset + pattern_stamp + round(parameters.relay_delay_ms / parameters.dt_ms)).ravel()
    spiking_input = np.tile(pattern_input, presentation_count(parameters))
    order = np.argsort(stamp, kind="stable")
    order = order[stamp[order] <= step_count(parameters)]
    return Spikes(stamp[order], spiking_input[order])


class Kicks(NamedTuple):
    """What is added to the somatic conductances at the end of each step [nS]."""

    E_nS: FloatArray
    I_nS: FloatArray


def drive(parameters: Parameters) -> Kicks:
    """Return the somatic drive: a sine and a constant inside the learning window.

    Source: docs/models/dendritic_prediction.md#drive.

    Parameters
    ----------
    parameters : Parameters
        Shape of the drive, window and delay.

    Returns
    -------
    Kicks
        float64 arrays of shape (steps,) [nS].
    """
    start_ms = parameters.presentations_before * parameters.pattern_ms
    end_ms = start_ms + parameters.presentations_learning * parameters.pattern_ms
    steps = step_count(parameters)
    # The times of the reference's generators, with their rounding.
    time_ms = np.arange(parameters.dt_ms, steps * parameters.dt_ms, parameters.dt_ms)[: steps - 1]
    sine = parameters.drive_amplitude_E_nS * np.sin(2 * np.pi * parameters.drive_frequency_per_ms * time_ms)
    window = (start_ms <= time_ms) & (time_ms < end_ms)
    kick_E_nS = np.where(window, (sine + parameters.drive_offset_E_nS) * parameters.drive_factor, 0.0)
    kick_I_nS = np.where(window, parameters.drive_amplitude_I_nS * parameters.drive_factor, 0.0)
    return kicks_from_stamps(parameters, kick_E_nS, kick_I_nS)


def kicks_from_stamps(parameters: Parameters, E_nS: FloatArray, I_nS: FloatArray) -> Kicks:
    """Return the kicks by interval from those by stamp 1, 2, ...: stamp k acts at the end of interval k + delay - 1."""
    delay = round(parameters.drive_delay_ms / parameters.dt_ms)
    steps = step_count(parameters)
    kicks = Kicks(np.zeros(steps), np.zeros(steps))
    kicks.E_nS[delay:] = E_nS[: max(steps - delay, 0)]
    kicks.I_nS[delay:] = I_nS[: max(steps - delay, 0)]
    return kicks


class Units(NamedTuple):
    """The units in which the model computes, in standard units."""

    zero_mV: float
    potential_mV: float
    capacitance_pF: float

    @property
    def current_pA(self) -> float:
        """Unit of currents and weights: pF mV / ms is pA, as pF / ms is nS."""
        return self.capacitance_pF * self.potential_mV


def units_of(parameters: Parameters) -> Units:
    """Return the units in which the model computes."""
    return Units(parameters.potential_zero_mV, parameters.potential_unit_mV, parameters.capacitance_unit_pF)


def simulate_presentations(
    parameters: Parameters,
    spikes: Spikes,
    weight_initial_pA: FloatArray,
    kicks: Kicks,
    uniform: FloatArray,
    sample_every: int = 1,
) -> "model.Record":
    """Return what the model gives, in standard units.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    spikes : Spikes
        Presynaptic spikes; those with stamps at the run's end or later are not delivered.
    weight_initial_pA : ndarray of float64, shape (synapses,)
        Weights at the start [pA].
    kicks : Kicks
        Somatic drive.
    uniform : ndarray of float64, shape (steps,)
        Random numbers, or `FORCED` and `FORBIDDEN`.
    sample_every : int
        Steps from one sample to the next.

    Returns
    -------
    replasticity.models.urbanczik_senn.Record
        What the time loop has written.

    Raises
    ------
    StateError
        If a potential or a synapse leaves its limits.
    """
    from replasticity.equations.urbanczik_senn import Neuron
    from replasticity.models import urbanczik_senn as model
    from replasticity.models.limits import raise_failure
    from replasticity.numerics.limits import no_failure

    units = units_of(parameters)

    def number(name: str) -> float:
        """Return a parameter as a number in the model's units."""
        value = float(getattr(parameters, name))
        for suffix, zero, unit in (
            ("_pA_mV_per_ms", 0.0, units.current_pA * units.potential_mV),
            ("_per_mV", 0.0, 1.0 / units.potential_mV),
            ("_mV", units.zero_mV, units.potential_mV),
            ("_pA", 0.0, units.current_pA),
            ("_pF", 0.0, units.capacitance_pF),
            ("_nS", 0.0, units.capacitance_pF),
        ):
            if name.endswith(suffix):
                return (value - zero) / unit
        return value

    step = model.discretise(
        constants=model.Constants(**{name: number(name) for name in model.Constants._fields}),
        dt_ms=float(parameters.dt_ms),
        refractory_steps=round(parameters.refractory_ms / parameters.dt_ms),
        delay_steps=round(parameters.synapse_delay_ms / parameters.dt_ms),
        largest_V_mV=model.LARGEST_V_MV / units.potential_mV,
    )
    delivered = spikes.stamp < len(uniform)
    learning_end = (parameters.presentations_before + parameters.presentations_learning) * presentation_steps(
        parameters
    )
    record = model.empty_record(
        step_count=len(uniform),
        sample_every=sample_every,
        spike_count=int(delivered.sum()),
        presentation_count=presentation_count(parameters),
        synapse_count=len(weight_initial_pA),
    )
    failure = no_failure()
    model.simulate(
        model.Inputs(
            spike_step=spikes.stamp[delivered],
            spike_synapse=spikes.spiking_input[delivered],
            weight_initial_pA=weight_initial_pA / units.current_pA,
            kick_E_nS=kicks.E_nS / units.capacitance_pF,
            kick_I_nS=kicks.I_nS / units.capacitance_pF,
            uniform=uniform,
            weights_fixed_from=len(uniform) if parameters.plastic_after else learning_end,
        ),
        Neuron(number("U_initial_mV"), number("V_initial_mV"), 0.0, 0.0, 0.0),
        presentation_steps(parameters),
        sample_every,
        step,
        record,
        failure,
    )
    if failure["variable"][0] in (model.U_OUTSIDE, model.V_OUTSIDE):
        failure["value"] = failure["value"] * units.potential_mV + units.zero_mV
    place = "synapse" if failure["variable"][0] == model.ERROR_OUTSIDE else "neuron"
    raise_failure(failure, model.LIMITS, parameters.dt_ms, place)
    in_standard_units: model.Record = record._replace(
        U_mV=record.U_mV * units.potential_mV + units.zero_mV,
        V_mV=record.V_mV * units.potential_mV + units.zero_mV,
        g_E_nS=record.g_E_nS * units.capacitance_pF,
        g_I_nS=record.g_I_nS * units.capacitance_pF,
        I_E_pA=record.I_E_pA * units.current_pA,
        transmitted_pA=record.transmitted_pA * units.current_pA,
        weight_pA=record.weight_pA * units.current_pA,
    )
    return in_standard_units


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: samples of the state, somatic spikes, weights and errors of each presentation.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`, or from elsewhere: the pattern and ``uniform`` of shape (steps,).

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    stamp = np.rint(inputs["pattern_spike_time_ms"] / parameters.dt_ms).astype(np.int64)
    record = simulate_presentations(
        parameters,
        input_spikes(parameters, stamp, inputs["pattern_spike_input"].astype(np.int64)),
        np.full(parameters.input_count, float(parameters.weight_initial_pA)),
        drive(parameters),
        inputs["uniform"],
    )
    spike_stamp = np.flatnonzero(record.has_spiked) + 1
    every = round(parameters.sample_interval_ms / parameters.dt_ms)
    samples = step_count(parameters) // every
    at_samples = slice(every - 1, samples * every, every)
    return build(
        RUN,
        {
            "time_ms": np.arange(1, samples + 1) * every * parameters.dt_ms,
            "U_mV": record.U_mV[at_samples],
            "V_mV": record.V_mV[at_samples],
            "g_E_nS": record.g_E_nS[at_samples],
            "g_I_nS": record.g_I_nS[at_samples],
            "I_E_pA": record.I_E_pA[at_samples],
            "spike_count": record.has_spiked[: samples * every].reshape(samples, every).sum(axis=1),
            "presentation_end_ms": np.arange(1, presentation_count(parameters) + 1) * parameters.pattern_ms,
            "weight_pA": record.weight_pA,
            **presentation_errors(parameters, record),
            "soma_spike_count": record.has_spiked.reshape(presentation_count(parameters), -1).sum(axis=1),
            "soma_spike_time_ms": spike_stamp * parameters.dt_ms,
        },
    )


def target_mV(parameters: Parameters, g_E_nS: FloatArray, g_I_nS: FloatArray) -> FloatArray:
    """Return U_M = (g_E E_E + g_I E_I) / (g_E + g_I), to which the drive alone would pull the soma [mV].

    NaN where both conductances are zero. After the window they decay together, and U_M is frozen there.
    """
    return ratio(g_E_nS * parameters.E_E_mV + g_I_nS * parameters.E_I_mV, g_E_nS + g_I_nS)


def prediction_mV(parameters: Parameters, V_mV: FloatArray) -> FloatArray:
    """Return V_W*, the potential that the dendrite alone would give the soma [mV]."""
    return (parameters.E_L_s_mV * parameters.g_L_s_nS + V_mV * parameters.g_sp_nS) / (
        parameters.g_sp_nS + parameters.g_L_s_nS
    )


def escape_rate_Hz(parameters: Parameters, u_mV: FloatArray) -> FloatArray:
    """Return phi(u), the rate of spiking at a potential [Hz]."""
    with np.errstate(over="ignore"):
        rising = np.exp(parameters.beta_per_mV * (parameters.theta_mV - u_mV))
    rate_Hz: FloatArray = 1000 * parameters.rate_max_per_ms / (1 + parameters.rate_slope * rising)
    return rate_Hz


def presentation_errors(parameters: Parameters, record: "model.Record") -> dict[str, FloatArray]:
    """Return how far the soma and the dendrite are from the target in each presentation.

    Source: docs/models/dendritic_prediction.md#expected-results.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    record : replasticity.models.urbanczik_senn.Record
        With samples at every step, in standard units.

    Returns
    -------
    dict of str to ndarray of float64, shape (presentations,)
        Variables of `RUN`.
    """
    shape = (presentation_count(parameters), presentation_steps(parameters))
    U_mV = record.U_mV.reshape(shape)
    V_star_mV = prediction_mV(parameters, record.V_mV).reshape(shape)
    U_M_mV = target_mV(parameters, record.g_E_nS, record.g_I_nS).reshape(shape)
    first = parameters.presentations_before
    last = first + parameters.presentations_learning - 1
    # Outside the window U_M is not defined at first, and frozen later.
    U_M_mV[:first] = U_M_mV[last + 1 :] = np.nan
    reference_mV = U_M_mV[last]

    def rms(difference: FloatArray) -> FloatArray:
        root: FloatArray = np.sqrt(np.mean(difference**2, axis=1))
        return root

    centred = U_mV - U_mV.mean(axis=1, keepdims=True)
    centred_reference = reference_mV - reference_mV.mean()
    sd_mV, reference_sd_mV = rms(centred), np.sqrt(np.mean(centred_reference**2))
    correlation = ratio(np.mean(centred * centred_reference, axis=1), sd_mV * reference_sd_mV)
    amplitude = ratio(sd_mV, reference_sd_mV)
    rate_difference_Hz = escape_rate_Hz(parameters, U_mV) - escape_rate_Hz(parameters, V_star_mV)
    return {
        "rms_U_mV": rms(U_mV - U_M_mV),
        "rms_prediction_mV": rms(V_star_mV - U_M_mV),
        "rms_U_recall_mV": rms(U_mV - reference_mV),
        "rms_prediction_recall_mV": rms(V_star_mV - reference_mV),
        "correlation_recall": correlation,
        "amplitude_recall": amplitude,
        "rate_error_Hz": np.abs(rate_difference_Hz).mean(axis=1),
    }


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "presentation": presentation_count(parameters),
        "synapse": parameters.input_count,
        "weight_bin": WEIGHT_BINS,
    }


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`, with the pattern.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where a quantity is not defined, such as an error outside the window.
    """
    first = parameters.presentations_before
    last = first + parameters.presentations_learning - 1
    final_pA = run["weight_pA"][-1]
    edges_pA = np.linspace(parameters.weight_min_pA, parameters.weight_max_pA, WEIGHT_BINS + 1)
    values: dict[str, Any] = {
        name: run[name]
        for name in (
            "rms_U_mV",
            "rms_prediction_mV",
            "rms_U_recall_mV",
            "rms_prediction_recall_mV",
            "correlation_recall",
            "amplitude_recall",
            "rate_error_Hz",
            "soma_spike_count",
        )
    }

    def at(name: str, presentation: int) -> float:
        """Return a value of one presentation, or NaN if the run has no such presentation."""
        return float(values[name][presentation]) if 0 <= presentation < len(values[name]) else math.nan

    return build(
        STATISTICS,
        values
        | {
            "weight_mean_pA": run["weight_pA"].mean(axis=1),
            "weight_sd_pA": run["weight_pA"].std(axis=1),
            "weight_final_pA": final_pA,
            "weight_histogram": np.histogram(final_pA, edges_pA)[0],
            "pattern_spike_count": len(run["pattern_spike_input"]),
            "soma_spikes_total": values["soma_spike_count"].sum(),
            "learning_error_ratio": ratio(values["rms_U_mV"][last], values["rms_U_mV"][first]),
            "prediction_error_ratio": ratio(values["rms_prediction_mV"][last], values["rms_prediction_mV"][first]),
            "recall_error_ratio": ratio(at("rms_U_recall_mV", last + 1), at("rms_U_recall_mV", first - 1)),
            "recall_correlation": at("correlation_recall", last + 1),
            "correlation_before": at("correlation_recall", first - 1),
            "recall_amplitude": at("amplitude_recall", last + 1),
            "recall_drift_mV": values["rms_U_recall_mV"][-1] - at("rms_U_recall_mV", last + 1),
            "share_zero": np.mean(final_pA == parameters.weight_min_pA),
            "share_at_upper_bound": np.mean(final_pA == parameters.weight_max_pA),
        },
    )


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("urbanczik_senn_*", "urbanczik_single_synapse")

#: Ours -> where a recording has it. A recording in the units of the publication is replayed in these units: its
#: numbers stand for mV, pF, nS and pA, which gives the same numbers, since both sets of units are coherent.
_PARAMETER_PATHS = {
    "pattern_ms": "pattern_duration",
    "presentations_before": "n_rep_before",
    "presentations_learning": "n_pattern_rep",
    "presentations_after": "n_rep_after",
    "input_count": "n_in",
    "input_rate_Hz": "rate_in",
    "relay_delay_ms": "relay_delay",
    "C_s_pF": "neuron.soma.C_m",
    "C_d_pF": "neuron.dendritic.C_m",
    "g_L_s_nS": "neuron.soma.g_L",
    "g_L_d_nS": "neuron.dendritic.g_L",
    "E_L_s_mV": "neuron.soma.E_L",
    "E_L_d_mV": "neuron.dendritic.E_L",
    "g_sp_nS": "neuron.g_sp",
    "g_ps_nS": "neuron.g_ps",
    "E_E_mV": "neuron.soma.E_ex",
    "E_I_mV": "neuron.soma.E_in",
    "U_initial_mV": "neuron.soma.V_m",
    "V_initial_mV": "neuron.dendritic.V_m",
    "tau_E_s_ms": "neuron.soma.tau_syn_ex",
    "tau_I_s_ms": "neuron.soma.tau_syn_in",
    "tau_E_d_ms": "neuron.dendritic.tau_syn_ex",
    "tau_I_d_ms": "neuron.dendritic.tau_syn_in",
    "rate_max_per_ms": "neuron.phi_max",
    "rate_slope": "neuron.rate_slope",
    "beta_per_mV": "neuron.beta",
    "theta_mV": "neuron.theta",
    "refractory_ms": "neuron.t_ref",
    "eta_pA_mV_per_ms": "synapse.eta",
    "tau_filter_ms": "synapse.tau_Delta",
    "weight_initial_pA": "synapse.weight",
    "weight_min_pA": "synapse.Wmin",
    "weight_max_pA": "synapse.Wmax",
    "synapse_delay_ms": "synapse.delay",
    "drive_amplitude_E_nS": "drive.amplitude_exc",
    "drive_offset_E_nS": "drive.offset_exc",
    "drive_amplitude_I_nS": "drive.amplitude_inh",
    "drive_frequency_per_ms": "drive.freq_per_ms",
    "drive_factor": "drive.weight",
    "drive_delay_ms": "drive.delay",
}

_SINGLE_SYNAPSE = "urbanczik_single_synapse"

#: Recorded state variable -> ours.
_STATES = {"V_m_s": "U_mV", "V_m_p": "V_mV", "g_ex_s": "g_E_nS", "g_in_s": "g_I_nS", "I_ex_p": "I_E_pA"}

#: Parts of a recording in which the state was recorded at different intervals, as prefixes of names.
_PARTS = ("", "fine_", "coarse_", "last_")

#: The absolute bound is for weights next to zero: it is what the rounding of the recording's own sums makes.
_WEIGHT = Tolerance(absolute=1e-11, relative=1e-9)
_STATE_TOLERANCES = {
    "V_m_s": Tolerance(absolute=1e-9),
    "V_m_p": Tolerance(absolute=1e-9),
    "g_ex_s": Tolerance(absolute=1e-9, relative=1e-9),
    "g_in_s": Tolerance(absolute=1e-9, relative=1e-9),
    "I_ex_p": Tolerance(absolute=1e-9, relative=1e-9),
}
_TIME = Tolerance(absolute=1e-6)

TOLERANCES: dict[str, Tolerance] = {
    "soma_spike_time": _TIME,
    "soma_spike_index": Tolerance(),
    "soma_spike_run": Tolerance(),
    "drive_exc": Tolerance(absolute=1e-9, relative=1e-9),
    "drive_inh": Tolerance(absolute=1e-9, relative=1e-9),
    "repetition_end": _TIME,
    "dend_weight_initial": _WEIGHT,
    "dend_weight_final": _WEIGHT,
    "dend_weight": _WEIGHT,
    "event_time": _TIME,
    "event_pre": Tolerance(),
    "event_weight": _WEIGHT,
    "transmitted_weight": _WEIGHT,
    **{f"{part}{name}": tolerance for part in _PARTS for name, tolerance in _STATE_TOLERANCES.items()},
}

SPIKES = ("in_spike",)

RECORDED_INPUTS = (
    "pattern_spike_time",
    "pattern_spike_index",
    "pre_spike_time",
    "run_seed",
    "dend_pre",
    "dend_post",
    *(f"{part}time" for part in _PARTS),
)

NEEDED_INPUTS = ("soma_spike_time",)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    if recording.attrs.get("protocol") == _SINGLE_SYNAPSE:
        # One synapse, one presentation; `replay` makes the drive from the recorded list of its stamps.
        drive = {"amplitude_exc": 0.0, "offset_exc": 0.0, "amplitude_inh": 0.0, "freq_per_ms": 0.0}
        parameters = parameters | {
            "drive": parameters.get("drive", {}) | drive,
            "n_in": 1,
            "pattern_duration": float(recording.attrs.get("duration_ms", 0.0)),
            "n_rep_before": 0,
            "n_pattern_rep": 1,
            "n_rep_after": 0,
        }
    values = {name: _at_path(parameters, path) for name, path in _PARAMETER_PATHS.items()}
    dt_ms = float(recording.attrs.get("resolution_ms", 0.1))
    return {name: value for name, value in values.items() if value is not None} | {
        "dt_ms": dt_ms,
        "sample_interval_ms": dt_ms,
        "plastic_after": True,
        "potential_zero_mV": 0.0,
        "potential_unit_mV": 1.0,
        "capacitance_unit_pF": 1.0,
    }


def _at_path(parameters: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path such as ``"neuron.soma.C_m"``, or None."""
    value: Any = parameters
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _stamps(recording: "xr.Dataset", name: str, parameters: Parameters) -> IntArray:
    """Return recorded times as stamps, all inside the run."""
    stamps = np.rint(recording[name].values / parameters.dt_ms).astype(np.int64)
    if len(stamps) and not 0 < stamps.min() <= stamps.max() <= step_count(parameters):
        end_ms = step_count(parameters) * parameters.dt_ms
        raise UserError(f"{name}: times outside the run, which the parameters let end at {end_ms:g} ms")
    return stamps


def forced(spike_stamp: IntArray, parameters: Parameters) -> FloatArray:
    """Return numbers in place of random ones, by which the neuron spikes at the given stamps only.

    Parameters
    ----------
    spike_stamp : ndarray of int64
        Stamps of the somatic spikes; one in the refractory time of another cannot be forced.
    parameters : Parameters
        Durations.

    Returns
    -------
    ndarray of float64, shape (steps,)
        `FORCED` in the step before each stamp, `FORBIDDEN` elsewhere.
    """
    uniform = np.full(step_count(parameters), FORBIDDEN)
    uniform[spike_stamp - 1] = FORCED
    return uniform


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's pattern and somatic spikes.

    Parameters
    ----------
    recording : xarray.Dataset
        With somatic spikes (they are forced, as they are random), and with the pattern or the spikes that enter the
        synapses.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    if recording.attrs.get("protocol") == _SINGLE_SYNAPSE:
        return _replay_single_synapse(recording, parameters)
    if "pattern_spike_time" in recording:
        spikes = input_spikes(
            parameters,
            _stamps(recording, "pattern_spike_time", parameters),
            recording["pattern_spike_index"].values.astype(np.int64),
        )
    elif "in_spike_time" in recording:
        stamp = _stamps(recording, "in_spike_time", parameters)
        order = np.argsort(stamp, kind="stable")
        spikes = Spikes(stamp[order], recording["in_spike_index"].values.astype(np.int64)[order])
    else:
        raise UserError("has no variable 'pattern_spike_time' and none 'in_spike_time'")
    if len(spikes.spiking_input) and spikes.spiking_input.max() >= parameters.input_count:
        raise UserError(f"spikes of input {spikes.spiking_input.max()}, but n_in is {parameters.input_count}")
    kicks = drive(parameters)
    weight_pA = np.full(parameters.input_count, float(parameters.weight_initial_pA))
    uniform = forced(_stamps(recording, "soma_spike_time", parameters), parameters)
    record = simulate_presentations(parameters, spikes, weight_pA, kicks, uniform)

    dt_ms = parameters.dt_ms
    spike_ms = (np.flatnonzero(record.has_spiked) + 1) * dt_ms
    synapses = recording["dend_pre"].values if "dend_pre" in recording else np.arange(parameters.input_count)
    window = parameters.presentations_before * presentation_steps(parameters)
    phase = slice(window, window + recording.sizes.get("drive_phase", 0))
    # Kicks by stamp: the delay is taken off again.
    undelayed = slice(round(parameters.drive_delay_ms / dt_ms) - 1, None)
    variables: dict[str, tuple[Any, Any]] = {
        "in_spike_time": ("in_spike", spikes.stamp * dt_ms),
        "in_spike_index": ("in_spike", spikes.spiking_input.astype(np.int32)),
        "soma_spike_time": ("soma_spike", spike_ms),
        "soma_spike_index": ("soma_spike", np.zeros(len(spike_ms), np.int32)),
        "drive_exc": ("drive_phase", kicks.E_nS[undelayed][phase]),
        "drive_inh": ("drive_phase", kicks.I_nS[undelayed][phase]),
        "repetition_end": ("repetition", np.arange(1, presentation_count(parameters) + 1) * parameters.pattern_ms),
        "dend_weight_initial": ("dend", weight_pA[synapses]),
        "dend_weight_final": ("dend", record.weight_pA[-1, synapses]),
        "dend_weight": (("repetition", "dend"), record.weight_pA[:, synapses]),
    }
    if "event_pre" in recording:
        variables |= _events(recording, spikes, record.transmitted_pA, dt_ms)
    variables |= _states(recording, parameters, [record])
    return variables


def _events(
    recording: "xr.Dataset", spikes: Spikes, transmitted_pA: FloatArray, dt_ms: float
) -> dict[str, tuple[Any, Any]]:
    """Return the transmitted weights of the inputs that were recorded, in the order of the recording."""
    stamp, spiking_input = spikes.stamp[: len(transmitted_pA)], spikes.spiking_input[: len(transmitted_pA)]
    recorded_input = recording["event_pre"].values
    chosen = np.flatnonzero(np.isin(spiking_input, recorded_input))
    chosen = chosen[np.lexsort((spiking_input[chosen], stamp[chosen]))]
    if len(chosen) == len(recorded_input):
        recorded_stamp = np.rint(recording["event_time"].values / dt_ms)
        ordered = np.empty_like(chosen)
        ordered[np.lexsort((recorded_input, recorded_stamp))] = chosen
        chosen = ordered
    return {
        "event_time": ("event", stamp[chosen] * dt_ms),
        "event_pre": ("event", spiking_input[chosen].astype(np.int32)),
        "event_weight": ("event", transmitted_pA[chosen]),
    }


def _states(
    recording: "xr.Dataset", parameters: Parameters, records: list["model.Record"]
) -> dict[str, tuple[Any, Any]]:
    """Return the state at the recorded times, with a row per run where the recording has several."""
    variables: dict[str, tuple[Any, Any]] = {}
    for part in _PARTS:
        if f"{part}time" not in recording:
            continue
        sample = _stamps(recording, f"{part}time", parameters) - 1
        for name, ours in _STATES.items():
            if f"{part}{name}" in recording:
                dimensions = recording[f"{part}{name}"].dims
                values = np.array([getattr(record, ours)[sample] for record in records])
                variables[f"{part}{name}"] = (dimensions, values if len(dimensions) > 1 else values[0])
    return variables


def _replay_single_synapse(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return the runs of a recording of one synapse with a few spikes.

    Source: docs/models/dendritic_prediction.md#single-synapse.
    """
    for name in ("pre_spike_time", "soma_spike_run", "run_seed"):
        if name not in recording:
            raise UserError(f"has no variable '{name}'")
    stamp = _stamps(recording, "pre_spike_time", parameters)
    spikes = Spikes(stamp, np.zeros(len(stamp), np.int64))
    kicks = _single_synapse_drive(recording, parameters)
    soma_stamp, soma_run = _stamps(recording, "soma_spike_time", parameters), recording["soma_spike_run"].values
    weight_pA = np.array([float(parameters.weight_initial_pA)])
    records = [
        simulate_presentations(parameters, spikes, weight_pA, kicks, forced(soma_stamp[soma_run == index], parameters))
        for index in range(recording.sizes["run"])
    ]
    spike_ms = [(np.flatnonzero(record.has_spiked) + 1) * parameters.dt_ms for record in records]
    spike_run = [np.full(len(times), index, np.int32) for index, times in enumerate(spike_ms)]
    return {
        "soma_spike_time": ("soma_spike", np.concatenate(spike_ms)),
        "soma_spike_run": ("soma_spike", np.concatenate(spike_run)),
        "transmitted_weight": (("run", "pre_spike"), np.array([record.transmitted_pA for record in records])),
        **_states(recording, parameters, records),
    }


def _single_synapse_drive(recording: "xr.Dataset", parameters: Parameters) -> Kicks:
    """Return the drive that a recording of one synapse describes, such as "10.0 to 49.9 ms, every step"."""
    described = json.loads(recording.attrs["parameters"])["drive"]
    span = re.match(r"([\d.]+) to ([\d.]+) ms", str(described.get("spike_times", "")))
    if span is None or "strength" not in described:
        raise UserError("parameters.drive: expected 'strength' and 'spike_times' such as '10.0 to 49.9 ms, every step'")
    first, last = (round(float(time_ms) / parameters.dt_ms) for time_ms in span.groups())
    kick_E_nS = np.zeros(step_count(parameters) - 1)
    kick_E_nS[first - 1 : last] = float(described["strength"]) * parameters.drive_factor
    return kicks_from_stamps(parameters, kick_E_nS, np.zeros_like(kick_E_nS))
