"""Rates, irregularity and synchrony at the end of each phase, so before and after learning; the weights."""

import numpy as np

from replasticity.storage.contract import mean, ratio
from replasticity.study.statistics import number, once_per_run, statistic, statistics

#: Ends of the two phases that are analysed [ms]; intervals that a CV takes; spikes in a bin count as together [ms].
WINDOWS_MS, FEWEST_INTERVALS, TOGETHER_MS = (500.0, 2000.0), 5, 5.0
#: Bins of rates over the run, and of weights up to this one [nS], whose last bin has all above as well.
BINS, LARGEST_WEIGHT_NS = 100, 10.0

DIMENSIONS = {"phase": lambda p: 2, "population": lambda p: 2, "bin": lambda p: BINS}
_FINE = {"resolution": 1e-9, "undefined": "there are too few spikes, or no synapses"}


@once_per_run
def windows(run, p):
    """Return for each phase the steps of its window, and step in it and neuron of each excitatory spike."""
    found = []
    for end_ms, length_ms in zip(np.cumsum(p.phases_ms), np.minimum(WINDOWS_MS, p.phases_ms), strict=True):
        step, length = run.spike_step.astype(np.int64) - p.steps(end_ms - length_ms), p.steps(length_ms)
        inside = (step >= 0) & (step < length) & (run.spike_neuron < p.exc_neurons)
        found.append((length, step[inside], run.spike_neuron[inside].astype(np.int64)))
    return found


@statistics(
    rate_Hz=number("mean rate of the excitatory neurons before and after learning", ("phase",), resolution=1e-9),
    course_Hz=number("rates of exc. and of inh. neurons over time", ("population", "bin"), resolution=1e-9),
)
def rates(run, p):
    late_Hz = [len(step) / p.exc_neurons / (length * p.dt_ms / 1000) for length, step, _ in windows(run, p)]
    time_ms, exc, end_ms = (run.spike_step + 0.5) * p.dt_ms, run.spike_neuron < p.exc_neurons, sum(p.phases_ms)
    counts = [np.histogram(time_ms[which], BINS, (0, end_ms))[0] for which in (exc, ~exc)]
    return late_Hz, counts / np.array([[p.exc_neurons], [p.inh_neurons]]) / (end_ms / BINS / 1000)


@statistic("mean CV of interspike intervals before and after learning", ("phase",), **_FINE)
def cv(run, p):
    found = []
    for _, step, neuron in windows(run, p):
        order = np.lexsort((step, neuron))
        same = np.diff(neuron[order]) == 0
        own, interval = neuron[order][1:][same], np.diff(step[order])[same]
        sums = np.array([np.bincount(own, interval**power, p.exc_neurons) for power in (0, 1, 2)])
        count, total, squares = sums[:, sums[0] >= FEWEST_INTERVALS]
        found.append(mean(np.sqrt(np.maximum(squares - total**2 / count, 0) / (count - 1)) * count / total))
    return found


@statistic("mean correlation of spike counts of two neurons, before and after learning", ("phase",), **_FINE)
def correlation(run, p):
    found, width = [], max(1, p.steps(TOGETHER_MS))
    for length, step, neuron in windows(run, p):
        bins = -(-length // width)
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
    weight_nS = run.plastic_weight_nS
    counts = np.histogram(np.minimum(weight_nS, LARGEST_WEIGHT_NS), BINS, (0, LARGEST_WEIGHT_NS))[0]
    return mean(weight_nS), ratio(counts, len(weight_nS))
