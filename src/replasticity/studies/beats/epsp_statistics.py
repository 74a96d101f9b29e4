"""Weights and EPSPs after the pairings, and up to which rate the changes by single pairings add up."""

from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.equations.pair_stdp_formulas import change_by_one_pairing
from replasticity.numerics.arrays import BoolArray, FloatArray
from replasticity.storage.contract import ratio
from replasticity.studies.beats import shared
from replasticity.studies.beats.epsp import GRID, ISOLATED, LOCKED, Parameters, conditions
from replasticity.study.statistics import Run, number, statistic, statistics

#: A sum of pairings counts as additive if it departs from that many times one pairing by less than this share.
ADDITIVE_WITHIN = 0.1

DIMENSIONS = {
    "grid_rate": lambda p: len(p.grid_rates_Hz),
    "grid_difference": lambda p: len(p.grid_differences_ms),
    "gap": lambda p: len(p.gap_rates_Hz),
    "pairing": lambda p: p.pairings,
}

_GRID = ("grid_rate", "grid_difference")


def _on_grid(values: npt.NDArray[Any], run: Run, p: Parameters) -> npt.NDArray[Any]:
    """Return values of all conditions along the grid's rates and differences."""
    shape = len(p.grid_rates_Hz), len(p.grid_differences_ms), *values.shape[1:]
    return np.reshape(values[run.condition_group == GRID], shape)


@statistics(
    weight_grid=number("weight after the pairings", _GRID, resolution=1e-12),
    epsp_grid_mV=number("EPSP peak after the pairings", _GRID, resolution=1e-9),
    coincidences_grid=number("steps in which both cells spike", _GRID, resolution=0.5),
)
def after_the_pairings(run, p):
    return [_on_grid(each, run, p) for each in (run.weight_final, run.epsp_peak_mV[:-1], shared.coincidences(run))]


@statistic("weight once both spikes of a pairing have acted", (*_GRID, "pairing"), resolution=1e-12)
def weight_by_pairing(run, p):
    _, _, period, difference = conditions(p)
    ends = p.first_step + np.maximum(0, difference)[:, None] + np.arange(p.pairings) * period[:, None]
    # Events are sorted by step, then synapse.
    synapses = len(ends)
    place = run.event_step.astype(np.int64) * synapses + run.event_synapse
    event = np.searchsorted(place, ends * synapses + np.arange(synapses)[:, None])
    return _on_grid(run.event_weight[event, -1], run, p)


def isolated_change(difference_ms: FloatArray, weight: FloatArray, p: Parameters) -> FloatArray:
    """Return the weight change by one isolated pairing: NaN where it is less than the rounding of the weight."""
    change = change_by_one_pairing(difference_ms, p)
    rounding = np.spacing(np.maximum(np.abs(weight), abs(p.weight_initial)))
    return np.where(np.abs(change) < rounding, np.nan, change)


@statistic(
    "weight change over that many times the change by one isolated pairing",
    _GRID,
    resolution=1e-9,
    undefined="an isolated pairing changes nothing",
)
def additivity(run, p):
    one_pairing = isolated_change(run.condition_difference_ms, run.weight_final, p)
    return ratio(after_the_pairings(run, p)[0] - p.weight_initial, p.pairings * _on_grid(one_pairing, run, p))


def additive_range_Hz(rates_Hz: list[float], additive: BoolArray) -> tuple[float, float]:
    """Return the highest rate up to which pairings add up, the lowest at which they do not; NaN where there is none."""
    rates, order = np.sort(rates_Hz), np.argsort(rates_Hz, kind="stable")
    failing = np.flatnonzero(~additive[order])
    first = int(failing[0]) if len(failing) else len(rates)
    return rates[first - 1] if first else np.nan, rates[first] if first < len(rates) else np.nan


@statistics(
    additive_up_to_Hz=number(
        f"highest rate of the grid up to which additivity holds within {ADDITIVE_WITHIN:.0%}",
        ("grid_difference",),
        resolution=1e-9,
        undefined="no rate of the grid is additive",
    ),
    additivity_fails_from_Hz=number(
        f"lowest rate of the grid at which additivity does not hold within {ADDITIVE_WITHIN:.0%}",
        ("grid_difference",),
        resolution=1e-9,
        undefined="all rates of the grid are additive",
    ),
)
def additive_ranges_Hz(run, p):
    holds = np.abs(additivity(run, p) - 1) <= ADDITIVE_WITHIN
    return np.transpose([additive_range_Hz(p.grid_rates_Hz, of_difference) for of_difference in holds.T])


def _of_gaps(run: Run, group: int) -> tuple[Any, ...]:
    chosen = run.condition_group == group
    weight = run.weight_final[chosen]
    return weight, weight.min(), weight.max(), run.epsp_peak_mV[:-1][chosen]


@statistics(
    weight_isolated=number("weight after isolated pairings, gap one period", ("gap",), resolution=1e-12),
    weight_isolated_lowest=number("lowest weight after isolated pairings", resolution=1e-12),
    weight_isolated_highest=number("highest weight after isolated pairings", resolution=1e-12),
    epsp_isolated_mV=number("EPSP peak after isolated pairings", ("gap",), resolution=1e-9),
)
def isolated_pairings(run, p):
    return _of_gaps(run, ISOLATED)


@statistics(
    weight_locked=number("weight after pairings, gap and repetition one period", ("gap",), resolution=1e-12),
    weight_locked_lowest=number("lowest weight where gap and repetition are one period", resolution=1e-12),
    weight_locked_highest=number("highest weight where gap and repetition are one period", resolution=1e-12),
    epsp_locked_mV=number("EPSP peak where gap and repetition are one period", ("gap",), resolution=1e-9),
)
def locked_pairings(run, p):
    return _of_gaps(run, LOCKED)


@statistics(
    epsp_initial_mV=number("EPSP peak of the initial weight", resolution=1e-9),
    epsp_departure_mV=number("largest departure of an EPSP peak from weight times jump", resolution=1e-9),
    readout_spikes=number("spikes of the read-out cells", resolution=0.5),
)
def read_out(run, p):
    departure_mV = np.abs(run.epsp_peak_mV - run.readout_weight * p.psp_scale_mV).max()
    return run.epsp_peak_mV[-1], departure_mV, len(run.readout_spike_step)
