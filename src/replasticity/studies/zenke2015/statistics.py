"""The weight change of each pairing against the global factor G, and the line through them.

Source: docs/models/homeostatic_stdp.md#pairing-table.
"""

import math
from typing import Any

import numpy as np

from replasticity.models.homeostatic_stdp_parameters import IntArray, emitted_steps, spike_steps
from replasticity.storage.contract import ratio
from replasticity.studies.zenke2015.protocol import FloatArray, Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: The weight before and after a pairing is read this long before and after the presynaptic spike [ms].
WEIGHT_READ_MS = 10.0

DIMENSIONS = {
    "pairing": lambda p: min(len(p.pre_times_ms), len(p.post_times_ms)),
    "epoch": lambda p: len(p.rates_Hz),
}

_NO_LINE = "a line needs two pairings with different G and dw"


@once_per_run
def pair_steps(run: Run, p: Parameters) -> tuple[IntArray, IntArray]:
    """Return the steps of both spikes of each pairing: the k-th presynaptic and the k-th postsynaptic one."""
    pre, post = emitted_steps(p)
    pairs = min(len(pre), len(post))
    return pre[:pairs], post[:pairs]


def nearest_sample(values: FloatArray, run: Run, moments_ms: FloatArray) -> FloatArray:
    """Return the values in the samples nearest to some moments, the earlier of two equally near."""
    time_ms = run.time_ms
    later = np.clip(np.searchsorted(time_ms, moments_ms), 0, len(time_ms) - 1)
    earlier = np.maximum(later - 1, 0)
    is_earlier = np.abs(time_ms[earlier] - moments_ms) <= np.abs(time_ms[later] - moments_ms)
    chosen: FloatArray = values[np.where(is_earlier, earlier, later)]
    return chosen


@once_per_run
def pre_ms(run: Run, p: Parameters) -> FloatArray:
    """Return the time of the presynaptic spike of each pairing, as prescribed [ms]."""
    times_ms: FloatArray = np.sort(p.pre_times_ms)[: len(pair_steps(run, p)[0])]
    return times_ms


@statistic(
    "G in the sample nearest to the presynaptic spike (the abscissa of the figure)", ("pairing",), resolution=1e-9
)
def G_sampled_Hz(run, p):
    return nearest_sample(run.G_Hz, run, pre_ms(run, p))


def _G_at_event_Hz(run: Run, p: Parameters, steps: IntArray, phase: int) -> FloatArray:
    G_Hz: FloatArray = run.event_H_Hz[np.searchsorted(run.event_step, steps), phase] - p.target_rate_Hz
    return G_Hz


@statistic("G that the presynaptic event reads", ("pairing",), resolution=1e-9)
def G_pre_Hz(run, p):
    return _G_at_event_Hz(run, p, pair_steps(run, p)[0], phase=0)


@statistic("G that the postsynaptic event reads", ("pairing",), resolution=1e-9)
def G_post_Hz(run, p):
    return _G_at_event_Hz(run, p, pair_steps(run, p)[1], phase=1)


@statistic("weight change, after minus before", ("pairing",), resolution=1e-8)
def dw_nS(run, p):
    before_ms, after_ms = pre_ms(run, p) - WEIGHT_READ_MS, pre_ms(run, p) + WEIGHT_READ_MS
    return nearest_sample(run.weight_nS, run, after_ms) - nearest_sample(run.weight_nS, run, before_ms)


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
    return [G.mean() if len(G) else math.nan for G in epochs_Hz], [G.std() if len(G) else math.nan for G in epochs_Hz]


def straight_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return slope, intercept and R^2 of the least-squares line of y on x; NaN where all x or all y are equal."""
    # Differences by rounding alone make no line.
    if len(x) < 2 or any(np.ptp(values) <= 1e-12 * np.abs(values).max() for values in (x, y)):
        return math.nan, math.nan, math.nan
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - (slope * x + intercept)
    return float(slope), float(intercept), float(1 - residual @ residual / np.sum((y - y.mean()) ** 2))


@statistics(
    slope_sampled_nS_per_Hz=number(
        "least-squares slope of dw against the sampled G", resolution=1e-8, undefined=_NO_LINE
    ),
    intercept_sampled_nS=number("intercept of dw against the sampled G", resolution=1e-8, undefined=_NO_LINE),
    r2_sampled=number("R^2 of dw against the sampled G", resolution=1e-9, undefined=_NO_LINE),
)
def line_sampled(run, p):
    return straight_line(G_sampled_Hz(run, p), dw_nS(run, p))


@statistics(
    slope_post_nS_per_Hz=number(
        "least-squares slope of dw against the postsynaptic G", resolution=1e-8, undefined=_NO_LINE
    ),
    intercept_post_nS=number("intercept of dw against the postsynaptic G", resolution=1e-8, undefined=_NO_LINE),
    r2_post=number("R^2 of dw against the postsynaptic G", resolution=1e-9, undefined=_NO_LINE),
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


@once_per_run
def pairing_rate_Hz(run: Run, p: Parameters) -> FloatArray:
    """Return the population rate in the epoch of each pairing [Hz]."""
    epoch_steps = round(p.epoch_ms / p.dt_ms)
    return np.array(p.rates_Hz)[spike_steps(p.pre_times_ms, p)[: len(dw_nS(run, p))] // epoch_steps]


@statistic(
    "smallest dw among epochs with a rate above target",
    resolution=1e-8,
    undefined="no pairing is in an epoch above target",
)
def dw_lowest_above_nS(run, p):
    above = pairing_rate_Hz(run, p) > p.target_rate_Hz
    return dw_nS(run, p)[above].min() if above.any() else math.nan


@statistic(
    "largest dw among epochs with a rate below target",
    resolution=1e-8,
    undefined="no pairing is in an epoch below target",
)
def dw_highest_below_nS(run, p):
    below = pairing_rate_Hz(run, p) < p.target_rate_Hz
    return dw_nS(run, p)[below].max() if below.any() else math.nan
