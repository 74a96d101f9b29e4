"""The weight after each pairing, and how it compares with what was measured."""

from typing import Any

import numpy as np

from replasticity.models.clopath_pairing_parameters import NEURONS
from replasticity.numerics.arrays import IntArray
from replasticity.studies.clopath2010.pairing import Parameters
from replasticity.study.statistics import Run, once_per_run, statistic

DIMENSIONS = {"neuron": lambda p: len(NEURONS), "pairing": lambda p: len(p.rates_Hz), "order": lambda p: 2}

_NOT_SENT = "the last presynaptic spike arrives after the end"
_WEIGHT: dict[str, Any] = {"dims": ("neuron", "pairing"), "undefined": _NOT_SENT}


def normalised_percent(parameters: Parameters, weight: Any) -> Any:
    """Return a weight as the published script plots it: its change extrapolated to all blocks of pairs [percent]."""
    initial = parameters.weight_initial
    return 100 * parameters.extrapolation * (weight - initial) / initial + 100


def measured_too(parameters: Parameters) -> tuple[IntArray, IntArray]:
    """Return the simulated pairings that were measured, and the measured ones that they are, in equal order."""
    p = parameters
    pairs = [
        (simulated, measured)
        for simulated, mine in enumerate(zip(p.rates_Hz, p.intervals_ms, strict=True))
        for measured, theirs in enumerate(zip(p.measured_rates_Hz, p.measured_intervals_ms, strict=True))
        if mine == theirs
    ]
    simulated, measured = np.array(pairs, np.int64).reshape(-1, 2).T
    return simulated, measured


@statistic("weight transmitted with the last presynaptic spike", **_WEIGHT, resolution=1e-9)
def weight_last(run, p):
    last = [np.flatnonzero(run.pre_pairing == k)[-1] for k in range(len(p.rates_Hz))]
    return run.transmitted_weight[:, last]


@statistic("weight after all pairs, of the initial one, extrapolated", **_WEIGHT, resolution=1e-6)
def weight_percent(run, p):
    return normalised_percent(p, weight_last(run, p))


@statistic("change of the weight in the simulated pairs alone, not extrapolated", **_WEIGHT, resolution=1e-6)
def simulated_change_percent(run, p):
    return 100 * (weight_last(run, p) / p.weight_initial - 1)


@once_per_run
def pairings_of_order(run: Run, p: Parameters) -> list[IntArray]:
    """Return the pairings with the postsynaptic spike first, and the others."""
    post_first = np.array(p.intervals_ms) < 0
    return [np.flatnonzero(post_first), np.flatnonzero(~post_first)]


@statistic(
    "smallest difference between one frequency and the next lower one",
    ("neuron", "order"),
    resolution=1e-6,
    undefined=f"there are no two frequencies to compare, or {_NOT_SENT}",
)
def smallest_increase_percent(run, p):
    increase = np.full((len(NEURONS), 2), np.nan)
    for order, pairings in enumerate(pairings_of_order(run, p)):
        by_rate = pairings[np.argsort(np.array(p.rates_Hz)[pairings])]
        if len(by_rate) > 1:
            increase[:, order] = np.diff(weight_percent(run, p)[:, by_rate], axis=1).min(axis=1)
    return increase


@statistic(
    "smallest difference, presynaptic first minus postsynaptic first, at equal frequency",
    ("neuron",),
    resolution=1e-6,
    undefined=f"no frequency has both orders, or {_NOT_SENT}",
)
def smallest_order_effect_percent(run, p):
    percent = weight_percent(run, p)
    posts_first, pres_first = pairings_of_order(run, p)
    effects = [
        percent[:, pre_first] - percent[:, post_first]
        for post_first in posts_first
        for pre_first in pres_first
        if p.rates_Hz[pre_first] == p.rates_Hz[post_first]
    ]
    return np.min(effects, axis=0) if effects else np.full(len(NEURONS), np.nan)


@statistic(
    "sum over the pairings that were measured, too, of (simulated minus measured change)^2 / standard error^2",
    ("neuron",),
    resolution=1e-6,
    undefined=f"none of the pairings was measured, or {_NOT_SENT}",
)
def chi_square(run, p):
    simulated, measured = measured_too(p)
    expected_percent, sem_percent = np.array([p.measured_change_percent, p.measured_sem_percent])[:, measured]
    deviation = weight_percent(run, p)[:, simulated] - 100 - expected_percent
    return np.sum((deviation / sem_percent) ** 2, axis=1) if len(simulated) else np.full(len(NEURONS), np.nan)


@statistic("number of terms of that sum")
def chi_square_terms(run, p):
    return len(measured_too(p)[0])
