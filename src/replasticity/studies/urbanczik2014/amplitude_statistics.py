"""The amplitude of the dendritic prediction, and that of its fixed point."""

from typing import Any

import numpy as np

from replasticity.storage.contract import ratio
from replasticity.studies.urbanczik2014.amplitude import NO_TARGET, RUN
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {"shown": lambda p: len(p.shown_presentations)}

_SHOWN: dict[str, Any] = {"dims": ("shown",), "resolution": 1e-9, "undefined": NO_TARGET}
_AMPLITUDE: dict[str, Any] = {"resolution": 1e-9, "undefined": NO_TARGET}
_EXCESS: dict[str, Any] = {"resolution": 1e-8, "undefined": NO_TARGET}


@statistics(
    amplitude=number(RUN["amplitude"].long_name, **_SHOWN),
    gain=number(RUN["gain"].long_name, **_SHOWN),
    amplitude_to_come=number("amplitude in the last shown presentation minus that in each", **_SHOWN),
)
def learned(run, p):
    return run.amplitude, run.gain, run.amplitude[-1] - run.amplitude


@statistic("standard deviation of the fixed point over that of U_M", **_AMPLITUDE)
def fixed_point_amplitude(run, p):
    return ratio(run.fixed_point_mV.std(), run.target_mV.std())


@statistic("standard deviation of the mean course of V_W* over that of U_M", **_AMPLITUDE)
def amplitude_of_mean_course(run, p):
    return ratio(run.prediction_mV.std(), run.target_mV.std())


@statistic("highest V_W* of the mean course minus that of the fixed point", **_EXCESS)
def excess_at_peak_mV(run, p):
    return run.prediction_mV.max() - run.fixed_point_mV.max()


@statistic("lowest V_W* of the mean course minus that of the fixed point", **_EXCESS)
def excess_at_trough_mV(run, p):
    return run.prediction_mV.min() - run.fixed_point_mV.min()


@statistic("share of the weights that are exactly at the lower bound at the end", discrete=True)
def share_zero(run, p):
    return np.mean(run.weight_final_pA == p.weight_min_pA)
