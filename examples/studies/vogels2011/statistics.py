"""Rates, irregularity and synchrony at the end of each phase, so before and after learning; the weights."""

import numpy as np

from replasticity.storage.contract import mean, ratio
from replasticity.study.statistics import number, once_per_run, statistic, statistics

#: Width of the bins in which spikes of two neurons count as together [ms], and intervals that a CV takes.
TOGETHER_MS, FEWEST_INTERVALS = 5.0, 5
#: Borders of histograms: CV, and weight [nS]; what lies beyond the last counts in the last bin.
CV_BORDERS, WEIGHT_BORDERS_NS = np.linspace(0, 2, 41), np.linspace(0, 10, 41)

DIMENSIONS = {"phase": lambda p: 2, "bin": lambda p: len(CV_BORDERS) - 1}
_FINE = {"resolution": 1e-9, "undefined": "there are too few spikes, or no synapses"}


@once_per_run
def windows(run, p):
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
    cv=number("mean CV of interspike intervals before and after learning", ("phase",), **_FINE),
    cv_share=number("share of neurons in each bin of the CV", ("phase", "bin"), discrete=True, **_FINE),
)
def irregularity(run, p):
    cvs = []
    for step, neuron in windows(run, p):
        order = np.lexsort((step, neuron))
        same = np.diff(neuron[order]) == 0
        own, interval = neuron[order][1:][same], np.diff(step[order])[same]
        sums = np.array([np.bincount(own, interval**power, p.exc_neurons) for power in (0, 1, 2)])
        count, total, squares = sums[:, sums[0] >= FEWEST_INTERVALS]
        cvs.append(np.sqrt(np.maximum(squares - total**2 / count, 0) / (count - 1)) * count / total)
    return [mean(cv) for cv in cvs], [shares(cv, CV_BORDERS) for cv in cvs]


@statistic("mean correlation of spike counts of two neurons, before and after learning", ("phase",), **_FINE)
def correlation(run, p):
    found, width = [], max(1, p.steps(TOGETHER_MS))
    for (step, neuron), window_ms in zip(windows(run, p), p.windows_ms, strict=True):
        bins = -(-p.steps(window_ms) // width)
        place, count = np.unique(neuron * bins + step // width, return_counts=True)
        first, second = (np.bincount(place // bins, count**power, p.exc_neurons) / bins for power in (1, 2))
        variance = np.maximum(second - first**2, 0)
        # The variance of the sum is all variances and covariances; pairs count by their standard deviations.
        covariances = np.var(np.bincount(step // width, minlength=bins)) - variance.sum()
        found.append(ratio(covariances, np.sqrt(variance).sum() ** 2 - variance.sum()))
    return found


@statistics(
    weight_nS=number("mean plastic weight at the end", **_FINE),
    weight_share=number("share of plastic synapses in each bin of the weight", ("bin",), discrete=True, **_FINE),
)
def weights(run, p):
    return mean(run.plastic_weight_nS), shares(run.plastic_weight_nS, WEIGHT_BORDERS_NS)


def shares(values, borders):
    """Return the share of values in each bin."""
    return ratio(np.histogram(np.minimum(values, borders[-1]), borders)[0], len(values))
