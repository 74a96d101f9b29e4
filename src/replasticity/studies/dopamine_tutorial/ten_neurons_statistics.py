"""Weights and rates before, during and after rewards and punishments."""

import math
from typing import Any

import numpy as np

from replasticity.numerics.arrays import nearest
from replasticity.numerics.events import counts
from replasticity.storage.contract import ratio
from replasticity.studies.dopamine_tutorial.ten_neurons import RATE_BIN_MS, Parameters
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {
    "neuron": lambda p: p.neuron_count,
    "when": lambda p: len(comparison_times_ms(p)),
    "epoch": lambda p: len(p.epoch_edges_ms) - 1,
    "sample": lambda p: round(p.duration_ms / p.chunk_ms) + 1,
    "rate_bin": lambda p: math.ceil(p.duration_ms / RATE_BIN_MS),
}

#: Weights may end at 0, and rates are counts: seeds may share a value.
_SHARED: dict[str, Any] = {"resolution": 1e-9, "discrete": True}
_EPOCHS = _SHARED | {"undefined": "an epoch ends where it begins"}


def comparison_times_ms(p: Parameters) -> list[float]:
    """Return when weights are compared: before rewards, after them, before punishments (20 ms earlier), at the end."""
    reward_ms = min(p.reward_times_ms, default=0.0)
    after_ms = max(p.reward_times_ms, default=0.0) + 1000.0
    punishment_ms = min(p.punishment_times_ms, default=p.duration_ms)
    chunks = (np.floor(time_ms / p.chunk_ms + 1e-9) for time_ms in (reward_ms, after_ms, punishment_ms))
    return [*(chunk * p.chunk_ms for chunk in chunks), p.duration_ms]


@statistic("weight at the end of the run", ("neuron",), **_SHARED)
def weight_final_mV(run, p):
    return run.weight_mV[-1]


@statistic("weight before the rewards, after them, before the punishments, at the end", ("when", "neuron"), **_SHARED)
def weight_at_mV(run, p):
    return run.weight_mV[nearest(run.time_ms, np.array(comparison_times_ms(p)))]


@statistics(
    spike_count=number("output spikes in each epoch", ("epoch", "neuron"), "int32"),
    input_count=number("input spikes", ("neuron",), "int32"),
)
def spike_counts(run, p):
    # An epoch contains its end: (0, 2], (2, 5], ... s.
    borders_ms = np.array(p.epoch_edges_ms) + p.dt_ms / 2
    output = counts(run.spike_ms, run.spike_index, borders_ms, p.neuron_count)
    return output, np.bincount(run.input_spike_index, minlength=p.neuron_count)


@statistic("mean output rate in each epoch", ("epoch",), **_EPOCHS)
def rate_Hz(run, p):
    output, _ = spike_counts(run, p)
    return ratio(output.mean(axis=1), np.diff(p.epoch_edges_ms)) * 1000


@statistic("weight averaged over the synapses, at each reading", ("sample",), **_SHARED)
def weight_mean_mV(run, p):
    return run.weight_mV.mean(axis=1)


@statistic("mean output rate in bins of 250 ms", ("rate_bin",), **_SHARED)
def rate_binned_Hz(run, p):
    width_ms = np.full(len(run.rate_time_ms), RATE_BIN_MS)
    width_ms[-1] -= len(width_ms) * RATE_BIN_MS - p.duration_ms
    return run.binned_count.mean(axis=1) / width_ms * 1000


@statistics(
    reward_gain_mV=number("mean weight after the rewards minus before", **_SHARED),
    punishment_gain_mV=number("mean weight at the end minus before the punishments", **_SHARED),
    share_raised=number("share of synapses that are stronger after the rewards than before", discrete=True),
    share_lowered=number("share of synapses that are weaker at the end than before the punishments", discrete=True),
    share_zero=number("share of synapses that end at exactly 0", discrete=True),
)
def changes(run, p):
    before, after, later, end = weight_at_mV(run, p)
    gains_mV = (after - before).mean(), (end - later).mean()
    return *gains_mV, np.mean(after > before), np.mean(end < later), np.mean(end == 0.0)


@statistic(
    "largest difference of n between synapses at a reading, of the largest n",
    undefined="there is no dopamine",
    **_SHARED,
)
def dopamine_spread_percent(run, p):
    return ratio(np.ptp(run.n, axis=1).max(), np.abs(run.n).max()) * 100


@statistics(
    rate_gain_Hz=number("mean rate in the third epoch minus the first", **_EPOCHS),
    rate_loss_Hz=number("mean rate in the last epoch minus the third", **_EPOCHS),
)
def rate_changes(run, p):
    rate = rate_Hz(run, p)
    third = rate[min(2, len(rate) - 1)]
    return third - rate[0], rate[-1] - third
