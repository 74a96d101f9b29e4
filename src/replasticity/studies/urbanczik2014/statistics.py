"""Errors and weights of each presentation, and what the neuron recalls without drive."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from replasticity.storage.contract import ratio
from replasticity.studies.urbanczik2014.protocol import NO_SHAPE, NO_TARGET, RUN
from replasticity.study.statistics import number, statistic, statistics

#: Bins of the histogram of the final weights, between their bounds.
WEIGHT_BINS = 27

DIMENSIONS = {
    "presentation": lambda p: p.presentation_count,
    "synapse": lambda p: p.input_count,
    "weight_bin": lambda p: WEIGHT_BINS,
}

_NO_RATIO = f"the first error is 0, or {NO_TARGET}"
_NO_PRESENTATION = "the run has no such presentation"
_EACH = ("presentation",)
_WEIGHT: dict[str, Any] = {"resolution": 1e-7, "discrete": True}
_RATIO: dict[str, Any] = {"resolution": 1e-9, "undefined": _NO_RATIO}
_RECALLED: dict[str, Any] = {"resolution": 1e-9, "undefined": f"{_NO_PRESENTATION}, or {NO_SHAPE}"}

#: Errors that need the state after each step, so that the run has them -> resolution.
_OF_EACH_PRESENTATION = {
    "rms_U_mV": 1e-8,
    "rms_prediction_mV": 1e-8,
    "rms_U_recall_mV": 1e-8,
    "rms_prediction_recall_mV": 1e-8,
    "correlation_recall": 1e-9,
    "amplitude_recall": 1e-9,
    "rate_error_Hz": 1e-7,
    "soma_spike_count": None,
}


@statistics(**{name: replace(RUN[name], resolution=least) for name, least in _OF_EACH_PRESENTATION.items()})
def of_each_presentation(run, p):
    return {name: run[name] for name in _OF_EACH_PRESENTATION}


@statistics(
    weight_mean_pA=number("mean weight at the end of each presentation", _EACH, **_WEIGHT),
    weight_sd_pA=number("standard deviation of the weights over synapses", _EACH, **_WEIGHT),
    weight_final_pA=number("weights at the end", ("synapse",), **_WEIGHT),
)
def weights(run, p):
    return run.weight_pA.mean(axis=1), run.weight_pA.std(axis=1), run.weight_pA[-1]


@statistic(f"synapses in each of {WEIGHT_BINS} equal bins between the bounds, at the end", ("weight_bin",), "int32")
def weight_histogram(run, p):
    return np.histogram(run.weight_pA[-1], np.linspace(p.weight_min_pA, p.weight_max_pA, WEIGHT_BINS + 1))[0]


@statistic("spikes in the pattern", dtype="int32")
def pattern_spike_count(run, p):
    return len(run.pattern_spike_input)


@statistic("somatic spikes in the whole run", dtype="int32")
def soma_spikes_total(run, p):
    return run.soma_spike_count.sum()


@statistics(
    learning_error_ratio=number("RMS of U - U_M in the last learning presentation over that in the first", **_RATIO),
    prediction_error_ratio=number(
        "RMS of V_W* - U_M in the last learning presentation over that in the first", **_RATIO
    ),
)
def learning(run, p):
    first, end = p.learning_window
    return [ratio(error_mV[end - 1], error_mV[first]) for error_mV in (run.rms_U_mV, run.rms_prediction_mV)]


@statistics(
    recall_error_ratio=number(
        "rms_U_recall of the first presentation after learning over that of the last one before",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_RATIO}",
    ),
    recall_correlation=number("correlation_recall in the first presentation after learning", **_RECALLED),
    correlation_before=number("correlation_recall in the last presentation before learning", **_RECALLED),
    recall_amplitude=number("amplitude_recall in the first presentation after learning", **_RECALLED),
    recall_drift_mV=number(
        "rms_U_recall in the last presentation of all minus that in the first after learning",
        resolution=1e-8,
        undefined=f"{_NO_PRESENTATION}, or {NO_TARGET}",
    ),
)
def recall(run, p):
    first, end = p.learning_window

    def at(name: str, presentation: int) -> float:
        return float(run[name][presentation]) if 0 <= presentation < p.presentation_count else math.nan

    return (
        ratio(at("rms_U_recall_mV", end), at("rms_U_recall_mV", first - 1)),
        at("correlation_recall", end),
        at("correlation_recall", first - 1),
        at("amplitude_recall", end),
        run.rms_U_recall_mV[-1] - at("rms_U_recall_mV", end),
    )


@statistics(
    share_zero=number("share of the weights that are exactly at the lower bound at the end", discrete=True),
    share_at_upper_bound=number("share of the weights that are exactly at the upper bound at the end", discrete=True),
)
def shares_at_bounds(run, p):
    return [np.mean(run.weight_pA[-1] == bound_pA) for bound_pA in (p.weight_min_pA, p.weight_max_pA)]
