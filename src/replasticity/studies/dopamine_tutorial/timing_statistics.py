"""Weights at the end of each point, against the closed form."""

import itertools

import numpy as np

from replasticity.equations.dopamine_stdp_formulas import change_by_dopamine
from replasticity.numerics.arrays import straight_line
from replasticity.storage.contract import ratio
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {"point": lambda p: len(p.dopamine_times_ms), "amount": lambda p: len(p.A_vt)}

_POINT = ("amount", "point")
_NO_CLOSED_FORM = "the closed form is for one pre- before one postsynaptic spike, and b = 0"


@statistics(
    dopamine_ms=number("time of the dopamine spike, as given to the generator", ("point",), resolution=1e-9),
    A_vt=number("amount of dopamine", ("amount",), resolution=1e-9),
    weight_final=number("weight at the end", _POINT, resolution=1e-9),
)
def measured(run, p):
    return p.dopamine_times_ms, p.A_vt, run.weight_final


@statistic(
    "weight at the end by the closed form, for one spike each", _POINT, resolution=1e-9, undefined=_NO_CLOSED_FORM
)
def weight_closed_form(run, p):
    amount, given_ms = np.meshgrid(p.A_vt, p.dopamine_times_ms, indexing="ij")
    undefined = np.full(amount.shape, np.nan)
    if len(p.pre_times_ms) != 1 or len(p.post_times_ms) != 1 or p.b != 0.0:
        return undefined
    pre_ms = p.pre_times_ms[0] + p.relay_delay_ms
    post_ms = p.post_times_ms[0] + p.relay_delay_ms + p.delay_ms
    if post_ms <= pre_ms:
        return undefined
    arrival_ms = given_ms + p.relay_delay_ms + p.dopamine_delay_ms
    return p.weight_initial + change_by_dopamine(amount, arrival_ms, pre_ms=pre_ms, post_ms=post_ms, p=p)


@statistic("largest deviation from the closed form", resolution=1e-9, undefined=_NO_CLOSED_FORM)
def deviation(run, p):
    return np.abs(run.weight_final - weight_closed_form(run, p)).max()


@statistic(
    "largest |sum of both weight changes| of opposite amounts",
    resolution=1e-9,
    undefined="no two amounts are opposite",
)
def asymmetry(run, p):
    changes = zip(p.A_vt, run.weight_final - p.weight_initial, strict=True)
    pairs = itertools.combinations(changes, 2)
    return max((np.abs(one + other).max() for (a, one), (b, other) in pairs if a == -b), default=np.nan)


@statistic(
    "time constant of the weight change against the dopamine time",
    resolution=1e-6,
    undefined="with the first amount the weight does not grow at each dopamine time, or all times are alike",
)
def decay_ms(run, p):
    change = run.weight_final[0] - p.weight_initial
    if not np.all(change > 0):
        return np.nan
    slope_per_ms, _, _ = straight_line(np.array(p.dopamine_times_ms), np.log(change))
    return ratio(-1, slope_per_ms)
