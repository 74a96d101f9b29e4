"""Map of beats: the final weight for every pair of a presynaptic and a postsynaptic rate.

The cells and synapses are those of the protocol ``beats`` (specification "Regular-firing pairs, STDP window and
EPSP read-out", sections 1 and 2). The postsynaptic cells may start at several phases, which the specification
does not have: it starts all cells at phase 0. No number is drawn: every seed gives the same run.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.datasets import Arrays, Recorded, Variable, build
from replasticity.errors import UserError
from replasticity.parameters import Cost, Positive
from replasticity.protocols import _pair_stdp as pair_stdp
from replasticity.protocols.beats import Rates, check_rates, firing_cost, spike_counts

if TYPE_CHECKING:
    import xarray as xr

#: Width of the classes of beat frequency or rate in the analysis of variance [Hz].
CLASS_WIDTH_HZ = 5.0

#: A starting phase matters to a pair if it moves the final weight by more than this share of the upper bound.
MOVED_SHARE = 0.1

Phase = Annotated[float, Field(ge=0, lt=1)]


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
        spike_bytes = 2 * 8 * (pre_spikes + phases * post_spikes)
        # Indices and results of each synapse; statistics need a dozen numbers for each pair of rates.
        map_bytes = (5 * 8 + 5 * 8) * phases * pairs + 12 * 8 * pairs
        return Cost(
            max(pre.memory_bytes, post.memory_bytes) + spike_bytes + map_bytes,
            pre.seconds + phases * post.seconds + spikes_of_pairs * pair_stdp.SECONDS_PER_EVENT,
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

DETERMINISTIC = True

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = ("pre_rate_actual_Hz", "post_rate_actual_Hz", "weight_final")

PEER_NAMES: dict[str, str] = {}


def draw(parameters: Parameters, seed: int) -> Arrays:
    """Return no inputs: nothing here is random."""
    return {}


def run(parameters: Parameters, inputs: Arrays) -> Arrays:
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
    from replasticity.kernels.limits import no_failure
    from replasticity.models import pair_stdp as model
    from replasticity.models import regular_firing
    from replasticity.models.limits import raise_failure

    shape = len(parameters.post_start_phases), len(parameters.pre_rates_Hz), len(parameters.post_rates_Hz)
    phases, pre_cells, post_cells = shape

    def fire(rates_Hz: list[float], phase: float) -> list[pair_stdp.IntArray]:
        spike_steps: list[pair_stdp.IntArray] = regular_firing.fire(
            rates_Hz=rates_Hz,
            phase_initial=np.full(len(rates_Hz), phase),
            dt_s=pair_stdp.seconds(parameters.dt_ms),
            step_count=round(parameters.duration_ms / parameters.dt_ms),
            recorded_steps=0,
            keep_overshoot=parameters.reset == "subtract",
        )[0]
        return spike_steps

    # A cell's spikes do not depend on its synapses: each cell fires once, whatever the number of its partners.
    pre_steps = fire(parameters.pre_rates_Hz, 0.0)
    post_steps = [steps for phase in parameters.post_start_phases for steps in fire(parameters.post_rates_Hz, phase)]
    phase, pre, post = (index.ravel() for index in np.indices(shape))
    outcome, failure = model.empty_outcome(phases * pre_cells * post_cells), no_failure()
    model.simulate(
        model.make_trains(pre_steps),
        model.make_trains(post_steps),
        pre,
        phase * post_cells + post,
        float(parameters.weight_initial),
        pair_stdp.discretise(parameters),
        outcome,
        model.empty_events(0),
        failure,
    )
    raise_failure(failure, model.LIMITS, parameters.dt_ms, "synapse")
    return build(
        RUN,
        {
            "pre_rate_actual_Hz": [pair_stdp.actual_rate_Hz(steps, parameters) for steps in pre_steps],
            "post_rate_actual_Hz": [pair_stdp.actual_rate_Hz(steps, parameters) for steps in post_steps[:post_cells]],
            "weight_final": outcome.weight_final.reshape(shape),
            "weight_lowest": outcome.weight_lowest.reshape(shape),
            "weight_highest": outcome.weight_highest.reshape(shape),
            "event_count": outcome.event_count.reshape(shape),
        },
    )


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


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `run`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`, of the first starting phase where none is named; NaN where a quantity is not
        defined, such as a range over a single starting phase.
    """
    weight = run["weight_final"]
    pre_Hz, post_Hz = np.meshgrid(run["pre_rate_actual_Hz"], run["post_rate_actual_Hz"], indexing="ij")
    # Cells with fewer than two spikes have no rate.
    defined = np.isfinite(pre_Hz + post_Hz)
    pre_Hz, post_Hz, final = pre_Hz[defined], post_Hz[defined], weight[0][defined]
    beat = classes(np.abs(post_Hz - pre_Hz))
    ranges = ranges_of_groups(final, beat)
    over_phases = np.ptp(weight, axis=0) if len(weight) > 1 else np.full(weight.shape[1:], np.nan)
    moved = over_phases > MOVED_SHARE * parameters.weight_max
    return build(
        STATISTICS,
        {
            "weight_mean": weight[0].mean(),
            "share_depressed": np.mean(weight[0] < parameters.weight_initial),
            "share_at_zero": np.mean(weight[0] <= 0),
            "share_at_maximum": np.mean(weight[0] >= parameters.weight_max),
            "variance_explained_by_beat": variance_explained(final, beat),
            "variance_explained_by_signed_beat": variance_explained(final, classes(post_Hz - pre_Hz)),
            "variance_explained_by_mean_rate": variance_explained(final, classes(np.sqrt(pre_Hz * post_Hz))),
            "range_at_equal_beat": np.median(ranges) if len(ranges) else np.nan,
            "range_over_start_phases": np.median(over_phases),
            "largest_range_over_start_phases": over_phases.max(),
            "share_moved_by_start_phase": moved.mean() if len(weight) > 1 else np.nan,
        },
    )


# There are no recordings of whole maps; their pairs are those of the protocol ``beats``.

RECORDINGS: tuple[str, ...] = ()

TOLERANCES: dict[str, Tolerance] = {}

SPIKES: tuple[str, ...] = ()

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Raise a `UserError`: there are no recordings of this protocol."""
    raise UserError("protocol beats_map: has no recordings")


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Raise a `UserError`: there are no recordings of this protocol."""
    raise UserError("protocol beats_map: has no recordings")
