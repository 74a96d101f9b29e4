"""Rates, irregularity and synchrony at the end of both phases, before and after learning; courses; the weights."""

from typing import Any

import numpy as np

from replasticity.numerics.arrays import IntArray
from replasticity.storage.contract import mean, ratio
from replasticity.studies.vogels2011.protocol import Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: Spikes of a pair of neurons count as together in bins of this width [ms].
TOGETHER_MS = 5.0
#: A coefficient of variation takes so many intervals of a neuron.
FEWEST_INTERVALS = 5
#: Bins of the histograms: CV, and weight in nS; what lies beyond the last border counts in the last bin.
CV_BORDERS, WEIGHT_BORDERS_NS = np.linspace(0, 2, 41), np.linspace(0, 10, 41)

DIMENSIONS = {
    "phase": lambda p: 2,
    "cv_bin": lambda p: len(CV_BORDERS) - 1,
    "weight_bin": lambda p: len(WEIGHT_BORDERS_NS) - 1,
}


@once_per_run
def windows(run: Run, p: Parameters) -> list[tuple[IntArray, IntArray]]:
    """Return step in the window and neuron of each spike, for the window of each phase."""
    found = []
    for end_ms, window_ms in zip(np.cumsum(p.phases_ms), p.windows_ms, strict=True):
        step, length = run.spike_step - p.steps(end_ms - window_ms), p.steps(window_ms)
        inside = (step >= 0) & (step < length)
        found.append((step[inside].astype(np.int64), run.spike_neuron[inside]))
    return found


@statistics(
    rate_exc_Hz=number("mean rate of the excitatory neurons before and after learning", ("phase",), resolution=1e-9),
    rate_inh_Hz=number("mean rate of the inhibitory neurons before and after learning", ("phase",), resolution=1e-9),
)
def rates(run, p):
    exc = np.array([np.count_nonzero(neuron < p.exc_neurons) for _, neuron in windows(run, p)])
    inh = np.array([len(neuron) for _, neuron in windows(run, p)]) - exc
    seconds = np.array(p.windows_ms) / 1000
    return exc / p.exc_neurons / seconds, inh / p.inh_neurons / seconds


@once_per_run
def cv_of_neurons(run, p):
    """Return the CV of the intervals of each excitatory neuron that has enough of them, for each phase."""
    found = []
    for step, neuron in windows(run, p):
        order = np.lexsort((step, neuron))
        interval, first, second = np.diff(step[order]), neuron[order][:-1], neuron[order][1:]
        own = (first == second) & (first < p.exc_neurons)
        count, total, squares = (np.bincount(first[own], interval[own] ** power, p.exc_neurons) for power in (0, 1, 2))
        enough = count >= FEWEST_INTERVALS
        mean_steps = total[enough] / count[enough]
        variance = (squares[enough] - count[enough] * mean_steps**2) / (count[enough] - 1)
        found.append(np.sqrt(np.maximum(variance, 0.0)) / mean_steps)
    return found


_OF_CV: dict[str, Any] = {"resolution": 1e-9, "undefined": "no neuron has enough intervals"}


@statistics(
    cv=number("mean CV of the intervals of excitatory neurons before and after learning", ("phase",), **_OF_CV),
    cv_share=number("share of neurons in each bin of the CV", ("phase", "cv_bin"), discrete=True, **_OF_CV),
)
def irregularity(run, p):
    cvs = cv_of_neurons(run, p)
    shares = [ratio(np.histogram(np.minimum(cv, CV_BORDERS[-1]), CV_BORDERS)[0], len(cv)) for cv in cvs]
    return [mean(cv) for cv in cvs], shares


@statistic(
    f"mean correlation of the spike counts of two excitatory neurons in {TOGETHER_MS:g} ms before and after learning",
    ("phase",),
    resolution=1e-9,
    undefined="no two neurons vary",
)
def correlation(run, p):
    found = []
    width = max(1, p.steps(TOGETHER_MS))
    for (step, neuron), window_ms in zip(windows(run, p), p.windows_ms, strict=True):
        bins, exc = -(-p.steps(window_ms) // width), neuron < p.exc_neurons
        place = step[exc] // width
        pair, count = np.unique(neuron[exc] * np.int64(bins) + place, return_counts=True)
        squares = np.bincount(pair // bins, count**2, p.exc_neurons) / bins
        variance = squares - (np.bincount(pair // bins, count, p.exc_neurons) / bins) ** 2
        # The variance of the sum is the sum of all covariances; each pair counts by its standard deviations.
        covariance = np.var(np.bincount(place, minlength=bins)) - variance.sum()
        found.append(ratio(covariance, np.sqrt(np.maximum(variance, 0)).sum() ** 2 - variance.sum()))
    return found


@statistic("mean plastic weight at the end", resolution=1e-9)
def weight_final_nS(run, p):
    return run.weight_mean_nS[-1]


@statistic(
    "share of plastic synapses in each bin of the weight at the end",
    ("weight_bin",),
    resolution=1e-9,
    discrete=True,
    undefined="there is no plastic synapse",
)
def weight_share(run, p):
    weight_nS = np.minimum(run.plastic_weight_nS, WEIGHT_BORDERS_NS[-1])
    return ratio(np.histogram(weight_nS, WEIGHT_BORDERS_NS)[0], len(weight_nS))
