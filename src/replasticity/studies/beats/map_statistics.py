"""What the final weight depends on: beat frequency, mean rate and starting phase, with each time step and without."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.numerics.groups import ranges_of_groups, variance_explained
from replasticity.studies.beats.map import Parameters
from replasticity.study.statistics import Run, Statistic, number, once_per_run, statistics

#: Width of the classes of beat frequency or rate in the analysis of variance [Hz].
CLASS_WIDTH_HZ = 5.0

#: A starting phase matters to a pair if it moves the final weight by more than this share of the upper bound.
MOVED_SHARE = 0.1

DIMENSIONS = {
    "finer_grid": lambda p: len(p.dt_divisions),
    # With exact times the presynaptic or the postsynaptic one of spikes that coincide is first.
    "first": lambda p: 2,
}

_VARIANCE: dict[str, Any] = {
    "resolution": 1e-9,
    "undefined": "all final weights are equal, or each class has one pair",
}
_EXACT = "exact spike times, coincident presynaptic spikes first, or postsynaptic ones"
_ONE_PHASE = "there is one starting phase only"
_OVER_PHASES: dict[str, Any] = {"resolution": 1e-12, "undefined": _ONE_PHASE}


def classes(quantity_Hz: FloatArray) -> IntArray:
    """Return the class of each rate or difference of rates: the nearest multiple of `CLASS_WIDTH_HZ`."""
    return np.rint(quantity_Hz / CLASS_WIDTH_HZ).astype(np.int64)


class Map(NamedTuple):
    """Final weights: (starting phases, pre rates, post rates); of the first phase those of neurons that have a rate."""

    weight: FloatArray
    final: FloatArray
    pre_Hz: FloatArray
    post_Hz: FloatArray
    beat: IntArray


def _map(pre_Hz: FloatArray, post_Hz: FloatArray, weight: FloatArray) -> Map:
    pre, post = np.meshgrid(pre_Hz, post_Hz, indexing="ij")
    known = np.isfinite(pre + post)
    return Map(weight, weight[0][known], pre[known], post[known], classes(np.abs(post - pre)[known]))


@once_per_run
def maps(run: Run, p: Parameters) -> list[Map]:
    """Return the map of the run, those with finer time steps, and those with exact times in each order."""
    own_Hz, asked_Hz = (run.pre_rate_actual_Hz, run.post_rate_actual_Hz), (p.pre_rates_Hz, p.post_rates_Hz)
    # Without a grid the rates are those asked for, as far as a neuron spikes at all.
    pre_Hz, post_Hz = (np.where(np.isfinite(own), asked, np.nan) for own, asked in zip(own_Hz, asked_Hz, strict=True))
    return [
        _map(*own_Hz, run.weight_final),
        *map(_map, run.pre_rate_finer_Hz, run.post_rate_finer_Hz, run.weight_finer),
        *(_map(pre_Hz, post_Hz, weight) for weight in run.weight_no_grid),
    ]


def of_each_map(text: str, **more: Any) -> Callable[[Callable[[Map, Parameters], float]], Statistic]:
    """Declare what a function of a map makes of the run, of finer grids and exact times, and its extremes over all.

    Of `share_depressed` come `share_depressed_finer`, `share_depressed_no_grid`, `share_depressed_lowest` and
    `share_depressed_highest`, and so of the others.
    """
    one = number(text, **more)

    def declare(function: Callable[[Map, Parameters], float]) -> Statistic:
        def values(run: Run, p: Parameters) -> Any:
            each = [function(one_map, p) for one_map in maps(run, p)]
            return each[0], each[1:-2], each[-2:], np.min(each), np.max(each)

        variants = {
            "": one,
            "_finer": replace(one, dimensions=("finer_grid",), long_name=f"{text}; finer time steps"),
            "_no_grid": replace(one, dimensions=("first",), long_name=f"{text}; {_EXACT}"),
            "_lowest": replace(one, long_name=f"{text}; lowest over all time steps and exact times"),
            "_highest": replace(one, long_name=f"{text}; highest over all time steps and exact times"),
        }
        return Statistic(values, {f"{function.__name__}{suffix}": each for suffix, each in variants.items()})

    return declare


@of_each_map("share of pairs that end below the initial weight", resolution=1e-9)
def share_depressed(one, p):
    return np.mean(one.weight[0] < p.weight_initial)


@of_each_map("adjusted share of the variance of the final weight between classes of beat frequency", **_VARIANCE)
def variance_explained_by_beat(one, p):
    return variance_explained(one.final, one.beat)


@of_each_map(
    "highest minus lowest final weight in a class of beat frequency, median over classes",
    resolution=1e-12,
    undefined="no pair of cells has two rates",
)
def range_at_equal_beat(one, p):
    return np.median(ranges_of_groups(one.final, one.beat)) if len(one.final) else np.nan


@of_each_map(
    f"share of pairs whose weight moves over {MOVED_SHARE:.0%} with the starting phase",
    resolution=1e-9,
    undefined=_ONE_PHASE,
)
def share_moved_by_start_phase(one, p):
    return (np.ptp(one.weight, axis=0) > MOVED_SHARE * p.weight_max).mean() if len(one.weight) > 1 else np.nan


@statistics(
    variance_explained_by_signed_beat=number(
        "adjusted share of the variance between classes of post- minus presynaptic rate", **_VARIANCE
    ),
    variance_explained_by_mean_rate=number(
        "adjusted share of the variance between classes of the rates' geometric mean", **_VARIANCE
    ),
)
def variance_explained_otherwise(run, p):
    own = maps(run, p)[0]
    others_Hz = own.post_Hz - own.pre_Hz, np.sqrt(own.pre_Hz * own.post_Hz)
    return [variance_explained(own.final, classes(each)) for each in others_Hz]


@statistics(
    weight_mean=number("mean final weight over the map (first starting phase)", resolution=1e-12),
    share_at_zero=number("share of pairs that end at 0", resolution=1e-9),
    share_at_maximum=number("share of pairs that end at the upper bound", resolution=1e-9),
)
def final_weights(run, p):
    weight = run.weight_final[0]
    return weight.mean(), np.mean(weight <= 0), np.mean(weight >= p.weight_max)


@statistics(
    range_over_start_phases=number(
        "highest minus lowest final weight over starting phases, median over pairs", **_OVER_PHASES
    ),
    largest_range_over_start_phases=number(
        "highest minus lowest final weight over starting phases, largest of all pairs", **_OVER_PHASES
    ),
)
def ranges_over_start_phases(run, p):
    ranges = np.ptp(run.weight_final, axis=0)
    return (np.median(ranges), ranges.max()) if len(p.post_start_phases) > 1 else (np.nan, np.nan)
