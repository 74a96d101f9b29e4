"""The response to S1, and the weights out of its neurons, relative to the other stimuli."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.numerics.arrays import FloatArray, mid_rank
from replasticity.storage.contract import mean, ratio
from replasticity.studies.izhikevich2007 import PART
from replasticity.studies.izhikevich2007.conditioning import NO_CELLS, REWARDED_GROUP, Parameters
from replasticity.studies.izhikevich2007.network_statistics import network as network
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: Courses have parts of this share of the run.
COURSE_PARTS = 2 * PART

DIMENSIONS = {
    "response_window_ms": lambda p: len(p.response_windows_ms),
    "course_part": lambda p: COURSE_PARTS,
    "rewarded": lambda p: 2,
}

_RATIO = "response to S1 over mean response to the others"
_RESPONSE: dict[str, Any] = {
    "resolution": 1e-9,
    "undefined": "S1 or the others do not come in that part, or nothing responds",
    "discrete": True,
}
_BY_WINDOW = ("response_window_ms",)
_WEIGHTS: dict[str, Any] = {"resolution": 1e-9, "undefined": f"{NO_CELLS}, or the others' weights are 0"}


@once_per_run
def responses(run: Run, p: Parameters) -> tuple[FloatArray, npt.NDArray[np.int32], FloatArray]:
    """Return time [s], stimulus, and response of each presentation that is not cut off by the end of the run."""
    complete = run.response[:, 0] >= 0
    return run.stimulus_ms[complete] / 1000, run.stimulus_group[complete], run.response[complete].astype(np.float64)


@statistics(
    response_ratio_early=number(f"{_RATIO}, first sixth of the run", _BY_WINDOW, **_RESPONSE),
    response_ratio_late=number(f"{_RATIO}, last sixth of the run", _BY_WINDOW, **_RESPONSE),
    response_gain=number("late over early ratio of the responses", _BY_WINDOW, **_RESPONSE),
    response_rank_late=number(
        "rank of the late response to S1 among all stimuli, 1 for the largest; ties share their mean",
        _BY_WINDOW,
        resolution=0.25,
        undefined="S1 does not come in that part",
        discrete=True,
    ),
)
def response_in_parts(run, p):
    time_s, group, response = responses(run, p)
    part_s = p.duration_s / PART
    late = time_s > p.duration_s - part_s
    ratio_early, ratio_late = (_response_ratio(group[part], response[part]) for part in (time_s <= part_s, late))
    by_group = np.array([mean(response[late & (group == one)]) for one in range(p.stimuli)])
    return ratio_early, ratio_late, ratio(ratio_late, ratio_early), _rank_of_first(by_group)


@statistic(f"{_RATIO}, shortest window, twelfths of the run", ("course_part",), **_RESPONSE)
def response_course(run, p):
    time_s, group, response = responses(run, p)
    part = np.minimum((time_s / p.duration_s * COURSE_PARTS).astype(np.int64), COURSE_PARTS - 1)
    return [_response_ratio(group[part == k], response[part == k, :1])[0] for k in range(COURSE_PARTS)]


@statistics(
    weight_ratio_early=number("weights of S1's cells over the others', first sample", **_WEIGHTS),
    weight_ratio_final=number("weights of S1's cells over the others', at the end", **_WEIGHTS),
    weight_rank_final=number(
        "rank of the weights of S1's cells at the end, 1 for the largest; ties share their mean",
        resolution=0.25,
        undefined=NO_CELLS,
        discrete=True,
    ),
    weight_course_mV=number(
        "mean weight of the cells of S1, and of the others, twelfths",
        ("course_part", "rewarded"),
        resolution=1e-9,
        undefined=f"no sample falls into that part, or {NO_CELLS}",
    ),
)
def weights(run, p):
    weight_mV = run.group_weight_mV
    compared_mV = np.stack([weight_mV[:, REWARDED_GROUP], np.nanmean(weight_mV[:, 1:], axis=1)], axis=1)
    part = np.arange(len(weight_mV)) * COURSE_PARTS // len(weight_mV)
    return (
        ratio(*compared_mV[0]),
        ratio(*compared_mV[-1]),
        _rank_of_first(weight_mV[-1][:, None])[0],
        [mean(compared_mV[part == k]) for k in range(COURSE_PARTS)],
    )


@statistic("presentations of S1", resolution=0.5, discrete=True)
def presentations(run, p):
    return np.count_nonzero(run.stimulus_group == REWARDED_GROUP)


def _response_ratio(group: npt.NDArray[np.int32], response: FloatArray) -> FloatArray:
    """Return the mean response to S1 over the mean response to the others, for each window."""
    rewarded = group == REWARDED_GROUP
    return ratio(mean(response[rewarded]), mean(response[~rewarded]))


def _rank_of_first(values: FloatArray) -> FloatArray:
    """Return the rank of the first row in each column, 1 for the largest, ties in the mean; NaN if the first is."""
    return np.where(np.isnan(values[0]), math.nan, mid_rank(values[0], values[1:]))
