"""A frozen pattern, presented again and again: first alone, then with a drive of the soma, then alone again."""

from typing import TYPE_CHECKING

import numpy as np

from replasticity.definitions.parameters import Cost, GridDuration, quantity
from replasticity.definitions.ranges import Range
from replasticity.equations.urbanczik_senn_formulas import dendritic_prediction, escape_rate_Hz, matching_potential
from replasticity.models.presented_pattern_parameters import PresentedPattern, drive, input_spikes
from replasticity.models.urbanczik_senn_parameters import ModelUnits
from replasticity.numerics import random
from replasticity.numerics.arrays import FloatArray, spread
from replasticity.storage.contract import Arrays, Variable, build, ratio

if TYPE_CHECKING:
    from replasticity.models import urbanczik_senn as model


class Parameters(ModelUnits, PresentedPattern):
    """Parameters of the protocol."""

    sample_interval_ms: GridDuration = quantity(
        "Interval of the samples of potentials, conductances, current.",
        output_option=True,
        varied=Range(0.1, 5.0, log=True),
    )

    def cost(self) -> Cost:
        """Return what a run needs: the presentations, and temporaries of their errors in each step."""
        presentations = super().cost()
        return Cost(presentations.memory_bytes + 8 * 12 * self.step_count, presentations.seconds)


_EACH = ("presentation",)
_WINDOW = "(not defined outside the learning window)"
_RECALL = "U_M of the last learning presentation at equal phase"
NO_TARGET = "without somatic conductance there is no U_M"
NO_SHAPE = f"U or U_M does not vary, or {NO_TARGET}"
_OUTSIDE = f"the presentation is outside the learning window, or {NO_TARGET}"

#: Recorded at the samples, under the names of the model's record.
_STATES = {
    "U_mV": "somatic potential U",
    "V_mV": "dendritic potential V_W",
    "g_E_nS": "excitatory somatic conductance",
    "g_I_nS": "inhibitory somatic conductance",
    "I_E_pA": "dendritic current",
}

RUN = {
    "time_ms": Variable(("time_ms",), "time of the samples: state at the end of the step", trace=True),
    **{name: Variable(("time_ms",), text, trace=True) for name, text in _STATES.items()},
    "spike_count": Variable(("time_ms",), "somatic spikes since the last sample", "int32", trace=True),
    "presentation_end_ms": Variable(_EACH, "end of each presentation"),
    "weight_pA": Variable(("presentation", "synapse"), "weights at the end of each presentation", trace=True),
    "rms_U_mV": Variable(_EACH, f"RMS of U - U_M {_WINDOW}", undefined=_OUTSIDE),
    "rms_prediction_mV": Variable(_EACH, f"RMS of V_W* - U_M {_WINDOW}", undefined=_OUTSIDE),
    "rms_U_recall_mV": Variable(_EACH, f"RMS of U - {_RECALL}", undefined=NO_TARGET),
    "rms_prediction_recall_mV": Variable(_EACH, f"RMS of V_W* - {_RECALL}", undefined=NO_TARGET),
    "correlation_recall": Variable(_EACH, f"correlation of U with {_RECALL}", undefined=NO_SHAPE),
    "amplitude_recall": Variable(_EACH, f"standard deviation of U over that of {_RECALL}", undefined=NO_SHAPE),
    "rate_error_Hz": Variable(_EACH, "mean of |phi(U) - phi(V_W*)|"),
    "soma_spike_count": Variable(_EACH, "somatic spikes in each presentation", "int32"),
    "soma_spike_time_ms": Variable(("soma_spike",), "time of each somatic spike"),
    "pattern_spike_time_ms": Variable(("pattern_spike",), "time of each spike in the pattern"),
    "pattern_spike_input": Variable(("pattern_spike",), "input of each spike in the pattern", "int32"),
}

#: What `sample_inputs` adds to the pattern; too large to be kept with a run, and known from the seed.
NOISE = {"uniform": Variable(("step",), "random number of each step: the neuron spikes if it is below the probability")}

SHORTEST = {"presentations_learning": 10}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return the pattern and one random number for each step (docs/models/dendritic_prediction.md#pattern)."""
    first, end = p.steps(p.relay_delay_ms) + 1, p.presentation_steps + 1
    expected = p.input_count * (end - first) * p.dt_ms * p.input_rate_Hz / 1000
    step, spiking_input = random.poisson_spikes(random.generator(seed, "pattern"), expected, first, end, p.input_count)
    return build(
        RUN | NOISE,
        {
            "pattern_spike_time_ms": step * p.dt_ms,
            "pattern_spike_input": spiking_input,
            "uniform": random.generator(seed, "escape noise").random(p.step_count),
        },
    )


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: samples of the state, somatic spikes, weights and errors of each presentation."""
    from replasticity.models.urbanczik_senn import simulate_presentations

    spikes = input_spikes(p, inputs["pattern_spike_time_ms"], inputs["pattern_spike_input"])
    record = simulate_presentations(p, spikes, drive(p), inputs["uniform"])
    every = p.steps(p.sample_interval_ms)
    samples = p.step_count // every
    at_samples = slice(every - 1, samples * every, every)
    return build(
        RUN,
        {
            "time_ms": np.arange(1, samples + 1) * every * p.dt_ms,
            **{name: getattr(record, name)[at_samples] for name in _STATES},
            "spike_count": record.has_spiked[: samples * every].reshape(samples, every).sum(axis=1),
            "presentation_end_ms": np.arange(1, p.presentation_count + 1) * p.pattern_ms,
            "weight_pA": record.weight_pA,
            **presentation_errors(p, record),
            "soma_spike_count": record.has_spiked.reshape(p.presentation_count, -1).sum(axis=1),
            "soma_spike_time_ms": (np.flatnonzero(record.has_spiked) + 1) * p.dt_ms,
        },
    )


def presentation_errors(p: Parameters, record: "model.Record") -> dict[str, FloatArray]:
    """Return how far soma and dendrite are from U_M in each presentation, from a record of each step."""
    shape = (p.presentation_count, p.presentation_steps)
    U_mV = record.U_mV.reshape(shape)
    V_star_mV = dendritic_prediction(record.V_mV, p).reshape(shape)
    U_M_mV = matching_potential(record.g_E_nS, record.g_I_nS, p).reshape(shape)
    first, end = p.learning_window
    # Outside the window U_M is not defined at first, and frozen later.
    U_M_mV[:first] = U_M_mV[end:] = np.nan
    reference_mV = U_M_mV[end - 1]

    def rms(difference: FloatArray) -> FloatArray:
        return np.sqrt(np.mean(difference**2, axis=-1))

    centred, centred_reference = U_mV - U_mV.mean(axis=1, keepdims=True), reference_mV - reference_mV.mean()
    sd_mV, reference_sd_mV = spread(U_mV), spread(reference_mV)
    rate_difference_Hz = escape_rate_Hz(U_mV, p) - escape_rate_Hz(V_star_mV, p)
    return {
        "rms_U_mV": rms(U_mV - U_M_mV),
        "rms_prediction_mV": rms(V_star_mV - U_M_mV),
        "rms_U_recall_mV": rms(U_mV - reference_mV),
        "rms_prediction_recall_mV": rms(V_star_mV - reference_mV),
        "correlation_recall": ratio(np.mean(centred * centred_reference, axis=1), sd_mV * reference_sd_mV),
        "amplitude_recall": ratio(sd_mV, reference_sd_mV),
        "rate_error_Hz": np.abs(rate_difference_Hz).mean(axis=1),
    }
