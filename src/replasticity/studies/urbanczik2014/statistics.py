"""Errors and weights of each presentation, and what the neuron recalls without drive."""

import math
from typing import Any

import numpy as np

from replasticity.storage.contract import ratio
from replasticity.studies.urbanczik2014.protocol import learning_window, presentation_count
from replasticity.study.statistics import number, statistic, statistics

#: Bins of the histogram of the final weights, between their bounds.
WEIGHT_BINS = 27

DIMENSIONS = {
    "presentation": presentation_count,
    "synapse": lambda p: p.input_count,
    "weight_bin": lambda p: WEIGHT_BINS,
}

_WINDOW = "(not defined outside the learning window)"
_RECALL = "U_M of the last learning presentation at equal phase"
_NO_TARGET = "without somatic conductance there is no U_M"
_OUTSIDE = f"the presentation is outside the learning window, or {_NO_TARGET}"
_NO_SHAPE = f"U or U_M does not vary, or {_NO_TARGET}"
_NO_RATIO = f"the first error is 0, or {_NO_TARGET}"
_NO_PRESENTATION = "the run has no such presentation"

_EACH = ("presentation",)
_POTENTIAL: dict[str, Any] = {"dims": _EACH, "resolution": 1e-8}
_SHAPE: dict[str, Any] = {"dims": _EACH, "resolution": 1e-9, "undefined": _NO_SHAPE}
_WEIGHTS: dict[str, Any] = {"resolution": 1e-7, "discrete": True}
_RATIO: dict[str, Any] = {"resolution": 1e-9, "undefined": _NO_RATIO}
_RECALLED_SHAPE: dict[str, Any] = {"resolution": 1e-9, "undefined": f"{_NO_PRESENTATION}, or {_NO_SHAPE}"}


@statistics(
    rms_U_mV=number(f"RMS of U - U_M {_WINDOW}", **_POTENTIAL, undefined=_OUTSIDE),
    rms_prediction_mV=number(f"RMS of V_W* - U_M {_WINDOW}", **_POTENTIAL, undefined=_OUTSIDE),
    rms_U_recall_mV=number(f"RMS of U - {_RECALL}", **_POTENTIAL, undefined=_NO_TARGET),
    rms_prediction_recall_mV=number(f"RMS of V_W* - {_RECALL}", **_POTENTIAL, undefined=_NO_TARGET),
    correlation_recall=number(f"correlation of U with {_RECALL}", **_SHAPE),
    amplitude_recall=number(f"standard deviation of U over that of {_RECALL}", **_SHAPE),
    rate_error_Hz=number("mean of |phi(U) - phi(V_W*)|", _EACH, resolution=1e-7),
    soma_spike_count=number("somatic spikes in each presentation", _EACH, "int32"),
)
def of_each_presentation(run, p):
    return {name: run[name] for name in of_each_presentation.declared}


@statistic("mean weight at the end of each presentation", _EACH, **_WEIGHTS)
def weight_mean_pA(run, p):
    return run.weight_pA.mean(axis=1)


@statistic("standard deviation of the weights over synapses", _EACH, **_WEIGHTS)
def weight_sd_pA(run, p):
    return run.weight_pA.std(axis=1)


@statistic("weights at the end", ("synapse",), **_WEIGHTS)
def weight_final_pA(run, p):
    return run.weight_pA[-1]


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
    first, end = learning_window(p)
    return [ratio(error_mV[end - 1], error_mV[first]) for error_mV in (run.rms_U_mV, run.rms_prediction_mV)]


@statistics(
    recall_error_ratio=number(
        "rms_U_recall of the first presentation after learning over that of the last one before",
        resolution=1e-9,
        undefined=f"{_NO_PRESENTATION}, or {_NO_RATIO}",
    ),
    recall_correlation=number("correlation_recall in the first presentation after learning", **_RECALLED_SHAPE),
    correlation_before=number("correlation_recall in the last presentation before learning", **_RECALLED_SHAPE),
    recall_amplitude=number("amplitude_recall in the first presentation after learning", **_RECALLED_SHAPE),
    recall_drift_mV=number(
        "rms_U_recall in the last presentation of all minus that in the first after learning",
        resolution=1e-8,
        undefined=f"{_NO_PRESENTATION}, or {_NO_TARGET}",
    ),
)
def recall(run, p):
    first, end = learning_window(p)

    def at(name: str, presentation: int) -> float:
        return float(run[name][presentation]) if 0 <= presentation < presentation_count(p) else math.nan

    return (
        ratio(at("rms_U_recall_mV", end), at("rms_U_recall_mV", first - 1)),
        at("correlation_recall", end),
        at("correlation_recall", first - 1),
        at("amplitude_recall", end),
        run.rms_U_recall_mV[-1] - at("rms_U_recall_mV", end),
    )


@statistic("share of the weights that are exactly at the lower bound at the end", discrete=True)
def share_zero(run, p):
    return np.mean(run.weight_pA[-1] == p.weight_min_pA)


@statistic("share of the weights that are exactly at the upper bound at the end", discrete=True)
def share_at_upper_bound(run, p):
    return np.mean(run.weight_pA[-1] == p.weight_max_pA)
