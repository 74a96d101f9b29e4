"""Actual rates and beats of each pair of neurons, and what becomes of the weight between them."""

import numpy as np

from replasticity.studies.beats import shared
from replasticity.study.statistics import statistic

DIMENSIONS = {
    "synapse": lambda p: len(p.pre_rates_Hz),
    "finer_grid": lambda p: len(p.dt_divisions),
    # With exact times the presynaptic or the postsynaptic one of spikes that coincide is first.
    "first": lambda p: 2,
}

_PAIR = ("synapse",)
_NO_RATE = "a cell with fewer than two spikes has no rate"


def _actual_rates_Hz(run, p, side):
    """Return the actual rate of each presynaptic ("pre") or postsynaptic ("post") neuron [Hz]."""
    neurons = run[f"{side}_spike_cell"]
    of_each_neuron = np.cumsum(np.bincount(neurons, minlength=len(run.weight_final)))
    trains = np.split(run[f"{side}_spike_step"][np.argsort(neurons, kind="stable")], of_each_neuron[:-1])
    return np.array([shared.actual_rate_Hz(steps, shared.seconds(p.dt_ms)) for steps in trains])


@statistic("one over the mean presynaptic interval", _PAIR, resolution=1e-9, undefined=_NO_RATE)
def pre_rate_actual_Hz(run, p):
    return _actual_rates_Hz(run, p, "pre")


@statistic("one over the mean postsynaptic interval", _PAIR, resolution=1e-9, undefined=_NO_RATE)
def post_rate_actual_Hz(run, p):
    return _actual_rates_Hz(run, p, "post")


@statistic("difference of the rates asked for", _PAIR, resolution=1e-9)
def beat_asked_Hz(run, p):
    return np.abs(np.subtract(p.post_rates_Hz, p.pre_rates_Hz))


@statistic("difference of the actual rates", _PAIR, resolution=1e-9, undefined=_NO_RATE)
def beat_actual_Hz(run, p):
    return np.abs(post_rate_actual_Hz(run, p) - pre_rate_actual_Hz(run, p))


@statistic("steps in which both cells spike", _PAIR, resolution=0.5)
def coincidences(run, p):
    return shared.coincidences(run)


@statistic("weight after the last step", _PAIR, resolution=1e-12)
def weight_final(run, p):
    return run.weight_final


@statistic("mean weight over all steps", _PAIR, resolution=1e-12)
def weight_mean(run, p):
    return run.weight.mean(axis=0)


# Samples are from before each step: the last one is the weight at the end.


@statistic("lowest weight", _PAIR, resolution=1e-12)
def weight_lowest(run, p):
    return np.minimum(run.weight.min(axis=0), run.weight_final)


@statistic("highest weight", _PAIR, resolution=1e-12)
def weight_highest(run, p):
    return np.maximum(run.weight.max(axis=0), run.weight_final)


@statistic("weight at the end with each of the finer time steps", ("finer_grid", "synapse"), resolution=1e-12)
def weight_finer(run, p):
    return run.weight_finer


@statistic(
    "weight at the end with exact spike times; of spikes that coincide the presynaptic one is first, or the other",
    ("first", "synapse"),
    resolution=1e-9,
)
def weight_no_grid(run, p):
    return run.weight_no_grid


@statistic("highest minus lowest weight at the end over all time steps", _PAIR, resolution=1e-12)
def range_over_time_steps(run, p):
    return np.ptp(np.vstack([run.weight_final, run.weight_finer]), axis=0)


@statistic(
    "weight at the end with exact times, coincident presynaptic spikes first, minus that with postsynaptic first",
    _PAIR,
    resolution=1e-9,
)
def range_over_orders(run, p):
    return run.weight_no_grid[0] - run.weight_no_grid[1]
