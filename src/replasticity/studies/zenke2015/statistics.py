"""The weight change of each pairing against the global factor G, and the line through them.

Source: docs/models/homeostatic_stdp.md#pairing-table.
"""

import math
from functools import partial
from typing import Any

import numpy as np

from replasticity.models.homeostatic_stdp_parameters import emitted_steps
from replasticity.numerics.arrays import FloatArray, IntArray, nearest, straight_line
from replasticity.storage.contract import mean, ratio
from replasticity.studies.zenke2015.protocol import Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: The weight before and after a pairing is read this long before and after the presynaptic spike [ms].
WEIGHT_READ_MS = 10.0

DIMENSIONS = {
    "pairing": lambda p: min(len(p.pre_times_ms), len(p.post_times_ms)),
    "epoch": lambda p: len(p.rates_Hz),
}

_NO_LINE = "a line needs two pairings with different G and dw"
_of_line = partial(number, undefined=_NO_LINE)


@once_per_run
def pair_steps(run: Run, p: Parameters) -> tuple[IntArray, IntArray]:
    """Return the steps of both spikes of each pairing: the k-th presynaptic and the k-th postsynaptic one."""
    pre, post = emitted_steps(p)
    pairs = min(len(pre), len(post))
    return pre[:pairs], post[:pairs]


@once_per_run
def pre_ms(run: Run, p: Parameters) -> FloatArray:
    """Return the time of the presynaptic spike of each pairing, as prescribed [ms]."""
    return np.sort(p.pre_times_ms)[: len(pair_steps(run, p)[0])]


@statistic(
    "G in the sample nearest to the presynaptic spike (the abscissa of the figure)", ("pairing",), resolution=1e-9
)
def G_sampled_Hz(run, p):
    return run.G_Hz[nearest(run.time_ms, pre_ms(run, p))]


def _G_at_event_Hz(run: Run, p: Parameters, steps: IntArray, phase: int) -> FloatArray:
    return run.event_H_Hz[np.searchsorted(run.event_step, steps), phase] - p.target_rate_Hz


@statistic("G that the presynaptic event reads", ("pairing",), resolution=1e-9)
def G_pre_Hz(run, p):
    return _G_at_event_Hz(run, p, pair_steps(run, p)[0], phase=0)


@statistic("G that the postsynaptic event reads", ("pairing",), resolution=1e-9)
def G_post_Hz(run, p):
    return _G_at_event_Hz(run, p, pair_steps(run, p)[1], phase=1)


@statistic("weight change, after minus before", ("pairing",), resolution=1e-8)
def dw_nS(run, p):
    before, after = (nearest(run.time_ms, pre_ms(run, p) + shift_ms) for shift_ms in (-WEIGHT_READ_MS, WEIGHT_READ_MS))
    return run.weight_nS[after] - run.weight_nS[before]


@statistic("weight change with the published script's sign", ("pairing",), resolution=1e-8)
def dw_as_published_nS(run, p):
    return -dw_nS(run, p)


_LATE: dict[str, Any] = {"dims": ("epoch",), "resolution": 1e-9, "undefined": "no sample falls into that half"}


@statistics(
    G_late_mean_Hz=number("mean of G in the second half of each epoch", **_LATE),
    G_late_sd_Hz=number("standard deviation of G in the second half of each epoch", **_LATE),
)
def late_G(run, p):
    epoch_of_sample, into_epoch_ms = np.divmod(run.time_ms, p.epoch_ms)
    late = into_epoch_ms >= p.epoch_ms / 2
    borders = np.searchsorted(epoch_of_sample[late], np.arange(1, len(p.rates_Hz)))
    epochs_Hz = np.split(run.G_Hz[late], borders)
    return [mean(G) for G in epochs_Hz], [G.std() if len(G) else math.nan for G in epochs_Hz]


@statistics(
    slope_sampled_nS_per_Hz=_of_line("least-squares slope of dw against the sampled G", resolution=1e-8),
    intercept_sampled_nS=_of_line("intercept of dw against the sampled G", resolution=1e-8),
    r2_sampled=_of_line("R^2 of dw against the sampled G", resolution=1e-9),
)
def line_sampled(run, p):
    return straight_line(G_sampled_Hz(run, p), dw_nS(run, p))


@statistics(
    slope_post_nS_per_Hz=_of_line("least-squares slope of dw against the postsynaptic G", resolution=1e-8),
    intercept_post_nS=_of_line("intercept of dw against the postsynaptic G", resolution=1e-8),
    r2_post=_of_line("R^2 of dw against the postsynaptic G", resolution=1e-9),
)
def line_post(run, p):
    return straight_line(G_post_Hz(run, p), dw_nS(run, p))


@statistic("slope that the rule gives for one isolated pair", resolution=1e-9, undefined="there is no pairing")
def slope_analytic_nS_per_Hz(run, p):
    return isolated_pair_slope_nS_per_Hz(p)


def isolated_pair_slope_nS_per_Hz(p: Parameters) -> float:
    """Return dw / dG of the first pair taken alone: eta (1 + exp(-|gap| / tau)), for either rule.

    With pre before post, Eq. 15 gives eta (G_pre + exp(-gap / tau) G_post) and the example's rule
    eta G_post (1 + exp(-gap / tau)): equal where G does not change between the two spikes.
    """
    if not p.pre_times_ms or not p.post_times_ms:
        return math.nan
    gap_ms = abs(min(p.post_times_ms) - min(p.pre_times_ms))
    return p.eta_nS_s * (1 + math.exp(-gap_ms / p.tau_stdp_ms))


@statistic(
    "fitted slope (sampled G) over analytic slope",
    resolution=1e-8,
    undefined=f"{_NO_LINE}, or the analytic slope is 0",
)
def slope_ratio(run, p):
    return ratio(line_sampled(run, p)[0], slope_analytic_nS_per_Hz(run, p))


@statistic(
    "G at which the fitted line (sampled G) crosses dw = 0",
    resolution=1e-8,
    undefined=f"{_NO_LINE}, or its slope is 0",
)
def zero_crossing_Hz(run, p):
    slope, intercept, _ = line_sampled(run, p)
    return ratio(-intercept, slope)


@statistics(
    dw_lowest_above_nS=number(
        "smallest dw among epochs with a rate above target",
        resolution=1e-8,
        undefined="no pairing is in an epoch above target",
    ),
    dw_highest_below_nS=number(
        "largest dw among epochs with a rate below target",
        resolution=1e-8,
        undefined="no pairing is in an epoch below target",
    ),
)
def dw_beside_target_nS(run, p):
    epoch = pair_steps(run, p)[0] // p.steps(p.epoch_ms)
    rate_Hz = np.array(p.rates_Hz)[epoch]
    above_nS, below_nS = dw_nS(run, p)[rate_Hz > p.target_rate_Hz], dw_nS(run, p)[rate_Hz < p.target_rate_Hz]
    return above_nS.min() if len(above_nS) else math.nan, below_nS.max() if len(below_nS) else math.nan
