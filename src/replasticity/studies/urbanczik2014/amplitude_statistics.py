"""The amplitude of the dendritic prediction, and that of its fixed point."""

from dataclasses import replace
from typing import Any

import numpy as np

from replasticity.numerics.arrays import spread
from replasticity.storage.contract import ratio
from replasticity.studies.urbanczik2014.amplitude import NO_TARGET, RUN
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {"shown": lambda p: len(p.shown_presentations)}

_RATIO: dict[str, Any] = {"resolution": 1e-9, "undefined": NO_TARGET}
_EXCESS: dict[str, Any] = {"resolution": 1e-8, "undefined": NO_TARGET}


@statistics(
    amplitude=replace(RUN["amplitude"], resolution=1e-9),
    gain=replace(RUN["gain"], resolution=1e-9),
    amplitude_to_come=number("amplitude in the last shown presentation minus that in each", ("shown",), **_RATIO),
)
def learned(run, p):
    return run.amplitude, run.gain, run.amplitude[-1] - run.amplitude


@statistics(
    fixed_point_amplitude=number("standard deviation of the fixed point over that of U_M", **_RATIO),
    amplitude_of_mean_course=number("standard deviation of the mean course of V_W* over that of U_M", **_RATIO),
)
def amplitudes(run, p):
    return [ratio(course_mV.std(), spread(run.target_mV)) for course_mV in (run.fixed_point_mV, run.prediction_mV)]


@statistics(
    excess_at_peak_mV=number("highest V_W* of the mean course minus that of the fixed point", **_EXCESS),
    excess_at_trough_mV=number("lowest V_W* of the mean course minus that of the fixed point", **_EXCESS),
)
def excess_mV(run, p):
    course_mV, fixed_mV = run.prediction_mV, run.fixed_point_mV
    return course_mV.max() - fixed_mV.max(), course_mV.min() - fixed_mV.min()


@statistic("share of the weights that are exactly at the lower bound at the end", discrete=True)
def share_zero(run, p):
    return np.mean(run.weight_final_pA == p.weight_min_pA)
