"""Actual rates and beats of each pair of neurons, and what becomes of the weight between them."""

from typing import Any

import numpy as np

from replasticity.numerics import groups
from replasticity.studies.beats import shared
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {
    "synapse": lambda p: len(p.pre_rates_Hz),
    "finer_grid": lambda p: len(p.dt_divisions),
    # With exact times the presynaptic or the postsynaptic one of spikes that coincide is first.
    "first": lambda p: 2,
}

_PAIR = ("synapse",)
_ACTUAL: dict[str, Any] = {
    "dims": _PAIR,
    "resolution": 1e-9,
    "undefined": "a cell with fewer than two spikes has no rate",
}


@statistics(
    pre_rate_actual_Hz=number("one over the mean presynaptic interval", **_ACTUAL),
    post_rate_actual_Hz=number("one over the mean postsynaptic interval", **_ACTUAL),
)
def actual_rates_Hz(run, p):
    rates_Hz = []
    for side in ("pre", "post"):
        trains = groups.split(run[f"{side}_spike_step"], run[f"{side}_spike_cell"], len(run.weight_final))
        rates_Hz.append(np.array([shared.actual_rate_Hz(steps, p.dt_ms) for steps in trains]))
    return rates_Hz


@statistic("difference of the rates asked for", _PAIR, resolution=1e-9)
def beat_asked_Hz(run, p):
    return np.abs(np.subtract(p.post_rates_Hz, p.pre_rates_Hz))


@statistic("difference of the actual rates", **_ACTUAL)
def beat_actual_Hz(run, p):
    pre_Hz, post_Hz = actual_rates_Hz(run, p)
    return np.abs(post_Hz - pre_Hz)


@statistic("steps in which both cells spike", _PAIR, resolution=0.5)
def coincidences(run, p):
    return shared.coincidences(run)


@statistics(
    weight_final=number("weight after the last step", _PAIR, resolution=1e-12),
    weight_mean=number("mean weight over all steps", _PAIR, resolution=1e-12),
    weight_lowest=number("lowest weight", _PAIR, resolution=1e-12),
    weight_highest=number("highest weight", _PAIR, resolution=1e-12),
)
def weights(run, p):
    # Samples are from before each step: the weight after the last one comes on top.
    weight, final = run.weight, run.weight_final
    return final, weight.mean(axis=0), np.minimum(weight.min(axis=0), final), np.maximum(weight.max(axis=0), final)


@statistics(
    weight_finer=number(
        "weight at the end with each of the finer time steps", ("finer_grid", "synapse"), resolution=1e-12
    ),
    weight_no_grid=number(
        "weight at the end with exact spike times; of spikes that coincide the presynaptic one is first, or the other",
        ("first", "synapse"),
        resolution=1e-9,
    ),
    range_over_time_steps=number("highest minus lowest weight at the end over all time steps", _PAIR, resolution=1e-12),
    range_over_orders=number(
        "weight at the end with exact times, coincident presynaptic spikes first, minus that with postsynaptic first",
        _PAIR,
        resolution=1e-9,
    ),
)
def weights_by_time_step(run, p):
    finer, exact = run.weight_finer, run.weight_no_grid
    return finer, exact, np.ptp(np.vstack([run.weight_final, finer]), axis=0), exact[0] - exact[1]
