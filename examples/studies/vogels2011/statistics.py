"""Rates, irregularity and synchrony at the end of each phase, so before and after learning; the weights."""

from typing import Any

import numpy as np

from replasticity.numerics.arrays import IntArray
from replasticity.storage.contract import mean, ratio
from replasticity.studies.vogels2011.protocol import Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: Width of the bins in which spikes of two neurons count as together [ms], and intervals that a CV takes.
TOGETHER_MS, FEWEST_INTERVALS = 5.0, 5
#: Borders of histograms: CV, and weight [nS]; what lies beyond the last counts in the last bin.
CV_BORDERS, WEIGHT_BORDERS_NS = np.linspace(0, 2, 41), np.linspace(0, 10, 41)

DIMENSIONS = {"phase": lambda p: 2, "cv_bin": lambda p: 40, "weight_bin": lambda p: 40}
_OF_CV: dict[str, Any] = {"resolution": 1e-9, "undefined": "no neuron has enough intervals"}
_SHARE: dict[str, Any] = {"discrete": True, "resolution": 1e-9, "undefined": "there is none of them"}


@once_per_run
def windows(run: Run, p: Parameters) -> list[tuple[IntArray, IntArray]]:
    """Return step in the window, and neuron, of each excitatory spike at the end of each phase."""
    found = []
    for end_ms, window_ms in zip(np.cumsum(p.phases_ms), p.windows_ms, strict=True):
        step = run.spike_step.astype(np.int64) - p.steps(end_ms - window_ms)
        inside = (step >= 0) & (step < p.steps(window_ms)) & (run.spike_neuron < p.exc_neurons)
        found.append((step[inside], run.spike_neuron[inside].astype(np.int64)))
    return found


@statistic("mean rate of the excitatory neurons before and after learning", ("phase",), resolution=1e-9)
def rate_Hz(run, p):
    return [len(step) / p.exc_neurons / ms * 1000 for (step, _), ms in zip(windows(run, p), p.windows_ms, strict=True)]


@statistics(
    cv=number("mean CV of interspike intervals before and after learning", ("phase",), **_OF_CV),
    cv_share=number("share of neurons in each bin of the CV", ("phase", "cv_bin"), **_SHARE),
)
def irregularity(run, p):
    cvs = []
    for step, neuron in windows(run, p):
        order = np.lexsort((step, neuron))
        same, interval = np.diff(neuron[order]) == 0, np.diff(step[order])
        own, interval = neuron[order][1:][same], interval[same]
        count, total, squares = (np.bincount(own, interval**power, p.exc_neurons) for power in (0, 1, 2))
        count, total, squares = (each[count >= FEWEST_INTERVALS] for each in (count, total, squares))
        cvs.append(np.sqrt(np.maximum(squares - total**2 / count, 0) / (count - 1)) * count / total)
    return [mean(cv) for cv in cvs], [_shares(cv, CV_BORDERS) for cv in cvs]


@statistic("mean correlation of spike counts of two neurons, before and after learning", ("phase",), **_SHARE)
def correlation(run, p):
    found, width = [], max(1, p.steps(TOGETHER_MS))
    for (step, neuron), window_ms in zip(windows(run, p), p.windows_ms, strict=True):
        bins = -(-p.steps(window_ms) // width)
        place, count = np.unique(neuron * bins + step // width, return_counts=True)
        first, second = (np.bincount(place // bins, count**power, p.exc_neurons) / bins for power in (1, 2))
        variance = np.maximum(second - first**2, 0)
        # The variance of the sum is that of each and all covariances; pairs count by their standard deviations.
        covariances = np.var(np.bincount(step // width, minlength=bins)) - variance.sum()
        found.append(ratio(covariances, np.sqrt(variance).sum() ** 2 - variance.sum()))
    return found


@statistics(
    weight_nS=number("mean plastic weight at the end", resolution=1e-9, undefined="there is no plastic synapse"),
    weight_share=number("share of plastic synapses in each bin of the weight at the end", ("weight_bin",), **_SHARE),
)
def weights(run, p):
    return mean(run.plastic_weight_nS), _shares(run.plastic_weight_nS, WEIGHT_BORDERS_NS)


def _shares(values, borders):
    return ratio(np.histogram(np.minimum(values, borders[-1]), borders)[0], len(values))
