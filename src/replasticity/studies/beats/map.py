"""Map of beats: the final weight for every pair of a presynaptic and a postsynaptic rate.

The cells and synapses are those of the protocol ``beats`` (docs/models/pair_stdp.md#regular-firing). The
postsynaptic cells may start at several phases; in ``beats`` all cells start at phase 0. No number is drawn: every
seed gives the same run.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, Positive
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared as pair_stdp
from replasticity.studies.beats.protocol import (
    Divisions,
    Rates,
    check_rates,
    exact_times,
    finer_cost,
    finest_s,
    fire,
    firing_cost,
    in_each_order,
    spike_counts,
)

# There are no recordings of whole maps; their pairs are those of the protocol ``beats``.

#: Width of the classes of beat frequency or rate in the analysis of variance [Hz].
CLASS_WIDTH_HZ = 5.0

#: A starting phase matters to a pair if it moves the final weight by more than this share of the upper bound.
MOVED_SHARE = 0.1

Phase = Annotated[float, Field(ge=0, lt=1)]
Trains = list[pair_stdp.IntArray]


#: Memory that a map takes beside its numbers [B]: arrays of the map and of its cells, and statistics.
_BYTES_PER_MAP = 3000


class Parameters(pair_stdp.SynapseParameters):
    """Parameters of the protocol."""

    duration_ms: Positive = Field(description="Duration of the run.")
    pre_rates_Hz: Rates = Field(description="Presynaptic rates; each meets each postsynaptic rate.")
    post_rates_Hz: Rates = Field(description="Postsynaptic rates.")
    post_start_phases: Annotated[list[Phase], Field(min_length=1)] = Field(
        description="Phases at which the postsynaptic cells start, one map for each; presynaptic cells start at 0."
    )
    reset: Literal["zero", "subtract"] = Field(
        description="Phase after a spike: 0, which lengthens each interval to whole steps, or phase - 1."
    )
    dt_divisions: Divisions = Field(description="The map is computed with these parts of the time step, too.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        self.require_whole_steps("duration_ms", least=1)
        check_rates("pre_rates_Hz", self.pre_rates_Hz, self.dt_ms)
        check_rates("post_rates_Hz", self.post_rates_Hz, self.dt_ms)
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the cells, and the events of each pair, which are not kept."""
        steps, phases = self.duration_ms / self.dt_ms, len(self.post_start_phases)
        each_step = self.reset == "subtract"
        pre, post = (
            firing_cost(rates, self.dt_ms, steps, each_step) for rates in (self.pre_rates_Hz, self.post_rates_Hz)
        )
        pre_spikes, post_spikes = (
            sum(spike_counts(rates, self.dt_ms, steps)) for rates in (self.pre_rates_Hz, self.post_rates_Hz)
        )
        pairs = len(self.pre_rates_Hz) * len(self.post_rates_Hz)
        spikes_of_pairs = phases * (len(self.post_rates_Hz) * pre_spikes + len(self.pre_rates_Hz) * post_spikes)
        # Without a grid the trains are there as lists, moved aside and in one array.
        spike_bytes = 4 * 8 * (pre_spikes + phases * post_spikes)
        # Indices and results of each synapse; statistics need a dozen numbers for each pair of rates.
        more = len(self.dt_divisions) + 2
        map_bytes = (5 * 8 + 5 * 8 + 2 * 8 * more) * phases * pairs + 12 * 8 * pairs + more * _BYTES_PER_MAP
        finer_pre, finer_post = (
            finer_cost(rates, self.dt_ms, steps, self.dt_divisions, each_step)
            for rates in (self.pre_rates_Hz, self.post_rates_Hz)
        )
        return Cost(
            max(cells.memory_bytes for cells in (pre, post, finer_pre, finer_post)) + spike_bytes + map_bytes,
            pre.seconds
            + finer_pre.seconds
            + phases * (post.seconds + finer_post.seconds)
            + (1 + more) * spikes_of_pairs * pair_stdp.SECONDS_PER_EVENT,
        )


_NO_RATE = "a cell with fewer than two spikes has no rate"
_MAP = ("start_phase", "pre_rate", "post_rate")
RUN: dict[str, Variable] = {
    "pre_rate_actual_Hz": Variable(
        ("pre_rate",), "one over the mean interval of each presynaptic cell", undefined=_NO_RATE
    ),
    "post_rate_actual_Hz": Variable(
        ("post_rate",), "one over the mean interval of each postsynaptic cell, first starting phase", undefined=_NO_RATE
    ),
    "weight_final": Variable(_MAP, "weight after the last step"),
    "weight_lowest": Variable(_MAP, "lowest weight"),
    "weight_highest": Variable(_MAP, "highest weight"),
    "event_count": Variable(_MAP, "steps with a spike of one of the two cells", "int32"),
    "pre_rate_finer_Hz": Variable(("finer_grid", "pre_rate"), "presynaptic rates on finer grids", undefined=_NO_RATE),
    "post_rate_finer_Hz": Variable(
        ("finer_grid", "post_rate"), "postsynaptic rates on finer grids, first starting phase", undefined=_NO_RATE
    ),
    "weight_finer": Variable(("finer_grid", *_MAP), "weight at the end with each of the finer time steps"),
    "weight_no_grid": Variable(("first", *_MAP), "weight at the end with exact spike times, by order"),
}

_NO_VARIANCE = "all final weights are equal, or each class has one pair"
_ONE_PHASE = "there is one starting phase only"
STATISTICS: dict[str, Variable] = {
    "weight_mean": Variable((), "mean final weight over the map (first starting phase)", resolution=1e-12),
    "share_depressed": Variable((), "share of pairs that end below the initial weight", resolution=1e-9),
    "share_at_zero": Variable((), "share of pairs that end at 0", resolution=1e-9),
    "share_at_maximum": Variable((), "share of pairs that end at the upper bound", resolution=1e-9),
    "variance_explained_by_beat": Variable(
        (),
        "adjusted share of the variance of the final weight between classes of beat frequency",
        resolution=1e-9,
        undefined=_NO_VARIANCE,
    ),
    "variance_explained_by_signed_beat": Variable(
        (),
        "adjusted share of the variance between classes of post- minus presynaptic rate",
        resolution=1e-9,
        undefined=_NO_VARIANCE,
    ),
    "variance_explained_by_mean_rate": Variable(
        (),
        "adjusted share of the variance between classes of the rates' geometric mean",
        resolution=1e-9,
        undefined=_NO_VARIANCE,
    ),
    "range_at_equal_beat": Variable(
        (),
        "highest minus lowest final weight in a class of beat frequency, median over classes",
        resolution=1e-12,
        undefined="no pair of cells has two rates",
    ),
    "range_over_start_phases": Variable(
        (),
        "highest minus lowest final weight over starting phases, median over pairs",
        resolution=1e-12,
        undefined=_ONE_PHASE,
    ),
    "largest_range_over_start_phases": Variable(
        (),
        "highest minus lowest final weight over starting phases, largest of all pairs",
        resolution=1e-12,
        undefined=_ONE_PHASE,
    ),
    "share_moved_by_start_phase": Variable(
        (),
        f"share of pairs whose weight moves over {MOVED_SHARE:.0%} with the starting phase",
        resolution=1e-9,
        undefined=_ONE_PHASE,
    ),
}

#: Statistics that are made of the maps on finer grids and without a grid, too.
_OF_EACH_MAP = ("share_depressed", "variance_explained_by_beat", "range_at_equal_beat", "share_moved_by_start_phase")
for _name in _OF_EACH_MAP:
    _one = STATISTICS[_name]
    STATISTICS |= {
        f"{_name}_finer": replace(_one, dimensions=("finer_grid",), long_name=f"{_one.long_name}; finer time steps"),
        f"{_name}_no_grid": replace(
            _one,
            dimensions=("first",),
            long_name=f"{_one.long_name}; exact spike times, coincident presynaptic spikes first, or postsynaptic ones",
        ),
        f"{_name}_lowest": replace(_one, long_name=f"{_one.long_name}; lowest over all time steps and exact times"),
        f"{_name}_highest": replace(_one, long_name=f"{_one.long_name}; highest over all time steps and exact times"),
    }

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = ("pre_rate_actual_Hz", "post_rate_actual_Hz", "weight_final", "weight_finer", "weight_no_grid")


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: every presynaptic cell with every postsynaptic cell, for each starting phase.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        Not used.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`.
    """
    phases, duration_ms = parameters.post_start_phases, parameters.duration_ms
    pre_Hz, post_Hz = parameters.pre_rates_Hz, parameters.post_rates_Hz

    # A cell's spikes do not depend on its synapses: each cell fires once, whatever the number of its partners.
    def fire_all(dt_ms: float) -> tuple[Trains, Trains]:
        post = [steps for phase in phases for steps in fire(post_Hz, phase, dt_ms, duration_ms, parameters.reset)]
        return fire(pre_Hz, 0.0, dt_ms, duration_ms, parameters.reset), post

    own_s = pair_stdp.seconds(parameters.dt_ms)
    pre, post = fire_all(parameters.dt_ms)
    outcome = meet(parameters, pre, post, own_s)
    own_rates_Hz = rates_of(parameters, pre, post, own_s)
    weight_finer, rates_finer_Hz = [], []
    for division in parameters.dt_divisions:
        dt_ms = parameters.dt_ms / division
        pre, post = fire_all(dt_ms)
        dt_s = pair_stdp.seconds(dt_ms)
        weight_finer.append(meet(parameters, pre, post, dt_s)["weight_final"])
        rates_finer_Hz.append(rates_of(parameters, pre, post, dt_s))
    pre = exact_times(pre_Hz, 0.0, duration_ms)
    post = [times for phase in phases for times in exact_times(post_Hz, phase, duration_ms)]
    grids = len(parameters.dt_divisions)
    return build(
        RUN,
        {
            "pre_rate_actual_Hz": own_rates_Hz[0],
            "post_rate_actual_Hz": own_rates_Hz[1],
            **outcome,
            "pre_rate_finer_Hz": np.reshape([pre for pre, _ in rates_finer_Hz], (grids, len(pre_Hz))),
            "post_rate_finer_Hz": np.reshape([post for _, post in rates_finer_Hz], (grids, len(post_Hz))),
            "weight_finer": np.reshape(weight_finer, (grids, *outcome["weight_final"].shape)),
            "weight_no_grid": [
                meet(parameters, pre, moved, finest_s(duration_ms))["weight_final"] for moved in in_each_order(post)
            ],
        },
    )


def meet(parameters: Parameters, pre_steps: Trains, post_steps: Trains, dt_s: float) -> Arrays:
    """Return what becomes of the synapse of each presynaptic with each postsynaptic cell.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    pre_steps, post_steps : list of ndarray of int64
        Steps in which the cells spike; the postsynaptic cells once for each starting phase.
    dt_s : float
        Time step [s].

    Returns
    -------
    dict of str to ndarray
        Weights and number of events, of shape (starting phases, presynaptic rates, postsynaptic rates).
    """
    shape = len(parameters.post_start_phases), len(parameters.pre_rates_Hz), len(parameters.post_rates_Hz)
    phase, pre, post = (index.ravel() for index in np.indices(shape))
    outcome = pair_stdp.simulate(parameters, pre_steps, post_steps, pre, phase * shape[2] + post, dt_s)
    return {name: values.reshape(shape) for name, values in outcome._asdict().items()}


def rates_of(
    parameters: Parameters, pre_steps: Trains, post_steps: Trains, dt_s: float
) -> tuple[list[float], list[float]]:
    """Return the actual rates of the presynaptic, and, of the first starting phase, the postsynaptic cells [Hz]."""
    first_phase = post_steps[: len(parameters.post_rates_Hz)]
    pre, post = ([pair_stdp.actual_rate_Hz(steps, dt_s) for steps in trains] for trains in (pre_steps, first_phase))
    return pre, post


def classes(quantity_Hz: pair_stdp.FloatArray) -> pair_stdp.IntArray:
    """Return the class of each rate or difference of rates: the nearest multiple of `CLASS_WIDTH_HZ`."""
    return np.rint(quantity_Hz / CLASS_WIDTH_HZ).astype(np.int64)


def variance_explained(weight: pair_stdp.FloatArray, group: pair_stdp.IntArray) -> float:
    """Return the share of the weights' variance that lies between groups, adjusted for their number.

    Parameters
    ----------
    weight : ndarray of float64, shape (pairs,)
        Final weights.
    group : ndarray of int64, shape (pairs,)
        Group of each.

    Returns
    -------
    float
        1 - (mean square within groups) / (mean square in all); 0 in expectation for groups by chance; NaN where
        it is not defined.
    """
    names, index = np.unique(group, return_inverse=True)
    free = len(weight) - len(names)
    if free < 1 or np.ptp(weight) == 0:
        return np.nan
    means = np.bincount(index, weight) / np.bincount(index)
    return float(1 - (np.sum((weight - means[index]) ** 2) / free) / np.var(weight, ddof=1))


def ranges_of_groups(weight: pair_stdp.FloatArray, group: pair_stdp.IntArray) -> pair_stdp.FloatArray:
    """Return the highest minus the lowest weight of each group, in one pass however many groups there are."""
    order = np.argsort(group, kind="stable")
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    ranges: pair_stdp.FloatArray = np.maximum.reduceat(weight[order], first) - np.minimum.reduceat(weight[order], first)
    return ranges


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"finer_grid": len(parameters.dt_divisions), "first": 2}


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`, of the first starting phase where none is named; NaN where a quantity is not
        defined, such as a range over a single starting phase.
    """
    weight = run["weight_final"]
    pre_Hz, post_Hz, final = known_pairs(run["pre_rate_actual_Hz"], run["post_rate_actual_Hz"], weight[0])
    over_phases = np.ptp(weight, axis=0) if len(weight) > 1 else np.full(weight.shape[1:], np.nan)
    own = of_a_map(parameters, run["pre_rate_actual_Hz"], run["post_rate_actual_Hz"], weight)
    finer = [
        of_a_map(parameters, *grid)
        for grid in zip(run["pre_rate_finer_Hz"], run["post_rate_finer_Hz"], run["weight_finer"], strict=True)
    ]
    # Without a grid the rates are those asked for, as far as a cell spikes at all.
    asked_pre_Hz, asked_post_Hz = (
        np.where(np.isfinite(run[f"{side}_rate_actual_Hz"]), rates_Hz, np.nan)
        for side, rates_Hz in (("pre", parameters.pre_rates_Hz), ("post", parameters.post_rates_Hz))
    )
    no_grid = [of_a_map(parameters, asked_pre_Hz, asked_post_Hz, order) for order in run["weight_no_grid"]]
    values: dict[str, Any] = {
        "weight_mean": weight[0].mean(),
        "share_at_zero": np.mean(weight[0] <= 0),
        "share_at_maximum": np.mean(weight[0] >= parameters.weight_max),
        "variance_explained_by_signed_beat": variance_explained(final, classes(post_Hz - pre_Hz)),
        "variance_explained_by_mean_rate": variance_explained(final, classes(np.sqrt(pre_Hz * post_Hz))),
        "range_over_start_phases": np.median(over_phases),
        "largest_range_over_start_phases": over_phases.max(),
    }
    for name in _OF_EACH_MAP:
        each = [made[name] for made in (own, *finer, *no_grid)]
        values |= {
            name: own[name],
            f"{name}_finer": [made[name] for made in finer],
            f"{name}_no_grid": [made[name] for made in no_grid],
            f"{name}_lowest": np.min(each),
            f"{name}_highest": np.max(each),
        }
    return build(STATISTICS, values)


def known_pairs(
    pre_Hz: pair_stdp.FloatArray, post_Hz: pair_stdp.FloatArray, weight: pair_stdp.FloatArray
) -> tuple[pair_stdp.FloatArray, pair_stdp.FloatArray, pair_stdp.FloatArray]:
    """Return both rates [Hz] and the weight of each pair of cells that have a rate (cells with fewer spikes do not)."""
    pre, post = np.meshgrid(pre_Hz, post_Hz, indexing="ij")
    known = np.isfinite(pre + post)
    return pre[known], post[known], weight[known]


def of_a_map(
    parameters: Parameters, pre_Hz: pair_stdp.FloatArray, post_Hz: pair_stdp.FloatArray, weight: pair_stdp.FloatArray
) -> dict[str, float]:
    """Return the statistics `_OF_EACH_MAP` of weights of shape (starting phases, pre rates, post rates)."""
    pre, post, final = known_pairs(pre_Hz, post_Hz, weight[0])
    beat = classes(np.abs(post - pre))
    ranges = ranges_of_groups(final, beat)
    moved = np.ptp(weight, axis=0) > MOVED_SHARE * parameters.weight_max
    return {
        "share_depressed": float(np.mean(weight[0] < parameters.weight_initial)),
        "variance_explained_by_beat": variance_explained(final, beat),
        "range_at_equal_beat": float(np.median(ranges)) if len(ranges) else np.nan,
        "share_moved_by_start_phase": float(moved.mean()) if len(weight) > 1 else np.nan,
    }
