"""Beats: pairs of cells that fire regularly at two rates, joined by a plastic synapse.

Where the rates differ, the time from a presynaptic to the next postsynaptic spike drifts through all values,
once in each period of the beat. Source: docs/models/pair_stdp.md#regular-firing.
No number is drawn: every seed gives the same run.

Where both cells should spike at the same time, rounding decides whether they do so in one step, or which is first, so
that the weights depend on the time step. They are computed on finer grids, too, and without a grid: with the exact
times k / f, which leave open what a coincidence is. So there are two limits, one for each order.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, Positive
from replasticity.storage.contract import Arrays, Recorded, Variable, build
from replasticity.studies.beats import shared as pair_stdp

if TYPE_CHECKING:
    import xarray as xr

Rates = Annotated[list[NonNegative], Field(min_length=1)]

#: How many times finer a grid is than that of the run.
Divisions = list[Annotated[int, Field(ge=1, le=10_000)]]

#: Without a grid, times are counted in this share of the duration: far below any interval, far above rounding.
_FINEST = 2.0**-40

#: By so much an order of coincident spikes moves the postsynaptic ones: more than times are rounded by, both together.
_ASIDE = 2

#: The order of spikes that coincide -> how the postsynaptic ones are moved, in the order of the dimension `first`.
_ORDERS = {"presynaptic": _ASIDE, "postsynaptic": -_ASIDE}


class Parameters(pair_stdp.SynapseParameters):
    """Parameters of the protocol."""

    duration_ms: Positive = Field(description="Duration of the run.")
    pre_rates_Hz: Rates = Field(description="Rate of the presynaptic cell of each pair.")
    post_rates_Hz: Rates = Field(description="Rate of the postsynaptic cell of each pair; as many as pre_rates_Hz.")
    reset: Literal["zero", "subtract"] = Field(
        description="Phase after a spike: 0, which lengthens each interval to whole steps, or phase - 1."
    )
    phase_recorded_ms: NonNegative = Field(description="Initial part of the run in which the phases are kept.")
    dt_divisions: Divisions = Field(description="The weights are computed with these parts of the time step, too.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        self.require_whole_steps("duration_ms", least=1)
        if len(self.pre_rates_Hz) != len(self.post_rates_Hz):
            raise ValueError(
                f"post_rates_Hz: one rate for each pair, but there are {len(self.post_rates_Hz)} "
                f"for {len(self.pre_rates_Hz)} pre_rates_Hz"
            )
        if not pair_stdp.is_recorded(info):
            check_rates("pre_rates_Hz", self.pre_rates_Hz, self.dt_ms)
            check_rates("post_rates_Hz", self.post_rates_Hz, self.dt_ms)
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the cells, the events, and the weight and both phases over time."""
        rates_Hz, pairs, steps = [*self.pre_rates_Hz, *self.post_rates_Hz], len(self.pre_rates_Hz), step_count(self)
        phase_steps = min(self.phase_recorded_ms / self.dt_ms, steps)
        cells = firing_cost(rates_Hz, self.dt_ms, steps, each_step=self.reset == "subtract" or phase_steps > 0)
        events = self.events_cost(pairs, sum(spike_counts(rates_Hz, self.dt_ms, steps)))
        # Statistics hold the weights once more, with the last one below them.
        kept_bytes = 8 * (3 * steps + 2 * pairs * steps + 4 * pairs * phase_steps)
        finer = finer_cost(rates_Hz, self.dt_ms, steps, self.dt_divisions, each_step=self.reset == "subtract")
        # Without a grid a recording's cell may spike more often than once per step.
        exact = sum(2 + rate_Hz * self.duration_ms / 1000 for rate_Hz in rates_Hz)
        spikes = len(self.dt_divisions) * sum(spike_counts(rates_Hz, self.dt_ms, steps)) + len(_ORDERS) * exact
        kept_bytes += 4 * 8 * (pairs * (len(self.dt_divisions) + len(_ORDERS)) + exact)
        return Cost(
            max(cells.memory_bytes, finer.memory_bytes) + events.memory_bytes + kept_bytes,
            cells.seconds + finer.seconds + events.seconds + spikes * pair_stdp.SECONDS_PER_EVENT,
        )


def check_rates(name: str, rates_Hz: list[float], dt_ms: float) -> None:
    """Raise a `ValueError` if a rate is above one spike per step."""
    if max(rates_Hz) * dt_ms > 1000:
        raise ValueError(f"{name}: at most one spike per step, so no rate above 1000 / dt_ms")


#: What a cell takes for one step on a fast machine [s].
_SECONDS_PER_STEP = 1e-9


def spike_counts(rates_Hz: Sequence[float], dt_ms: float, steps: float) -> list[float]:
    """Return how many spikes cells that fire regularly have at most, in so many steps."""
    return [1 + steps * min(1.0, rate_Hz * dt_ms / 1000) for rate_Hz in rates_Hz]


def firing_cost(rates_Hz: Sequence[float], dt_ms: float, steps: float, each_step: bool) -> Cost:
    """Return the cost of `replasticity.models.regular_firing.fire`, without the memory of the spikes themselves.

    Parameters
    ----------
    rates_Hz : sequence of float
        Rate of each cell [Hz].
    dt_ms : float
        Time step [ms].
    steps : float
        Number of steps.
    each_step : bool
        Whether each step is computed, or one interval of each cell.

    Returns
    -------
    Cost
        Memory and time.
    """
    if each_step:
        # Whether each cell spikes, and a copy for one cell.
        return Cost((len(rates_Hz) + 1) * steps, len(rates_Hz) * steps * _SECONDS_PER_STEP)
    computed = sum(min(steps, 1000 / (rate_Hz * dt_ms)) if rate_Hz else steps for rate_Hz in rates_Hz)
    return Cost(0.0, computed * _SECONDS_PER_STEP)


def finer_cost(
    rates_Hz: Sequence[float], dt_ms: float, steps: float, divisions: Sequence[int], each_step: bool
) -> Cost:
    """Return the cost of firing on finer grids, one after the other: see `firing_cost`."""
    costs = [firing_cost(rates_Hz, dt_ms / division, steps * division, each_step) for division in divisions]
    return Cost(max((cost.memory_bytes for cost in costs), default=0.0), sum(cost.seconds for cost in costs))


RUN: dict[str, Variable] = {
    "time_ms": Variable(("time_ms",), "time at the start of each step"),
    "weight": Variable(("time_ms", "synapse"), "weight at the start of each step"),
    "firing_phase_pre": Variable(("early_step", "synapse"), "phase of the presynaptic cell at the start of a step"),
    "firing_phase_post": Variable(("early_step", "synapse"), "phase of the postsynaptic cell at the start of a step"),
    **pair_stdp.RUN,
    "weight_finer": Variable(("finer_grid", "synapse"), "weight at the end with each of the finer time steps"),
    "weight_no_grid": Variable(("first", "synapse"), "weight at the end with exact spike times, by order"),
}

_NO_RATE = "a cell with fewer than two spikes has no rate"
STATISTICS: dict[str, Variable] = {
    "pre_rate_actual_Hz": Variable(
        ("synapse",), "one over the mean presynaptic interval", resolution=1e-9, undefined=_NO_RATE
    ),
    "post_rate_actual_Hz": Variable(
        ("synapse",), "one over the mean postsynaptic interval", resolution=1e-9, undefined=_NO_RATE
    ),
    "beat_asked_Hz": Variable(("synapse",), "difference of the rates asked for", resolution=1e-9),
    "beat_actual_Hz": Variable(("synapse",), "difference of the actual rates", resolution=1e-9, undefined=_NO_RATE),
    "coincidences": Variable(("synapse",), "steps in which both cells spike", resolution=0.5),
    "weight_final": Variable(("synapse",), "weight after the last step", resolution=1e-12),
    "weight_mean": Variable(("synapse",), "mean weight over all steps", resolution=1e-12),
    "weight_lowest": Variable(("synapse",), "lowest weight", resolution=1e-12),
    "weight_highest": Variable(("synapse",), "highest weight", resolution=1e-12),
    "weight_finer": Variable(
        ("finer_grid", "synapse"), "weight at the end with each of the finer time steps", resolution=1e-12
    ),
    "weight_no_grid": Variable(
        ("first", "synapse"),
        "weight at the end with exact spike times; of spikes that coincide the presynaptic one is first, or the other",
        resolution=1e-9,
    ),
    "range_over_time_steps": Variable(
        ("synapse",), "highest minus lowest weight at the end over all time steps", resolution=1e-12
    ),
    "range_over_orders": Variable(
        ("synapse",),
        "weight at the end with exact times, coincident presynaptic spikes first, minus that with postsynaptic first",
        resolution=1e-9,
    ),
}

OUTPUT_OPTIONS = ("phase_recorded_ms",)

TRACES = ("time_ms", "weight", "pre_spike_step", "pre_spike_cell", "post_spike_step", "post_spike_cell")

PEER_NAMES: dict[str, str] = {}


def step_count(parameters: Parameters) -> int:
    """Return the number of steps of the run."""
    return round(parameters.duration_ms / parameters.dt_ms)


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: spikes, the weights at each step, and each event in three moments.

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
    from replasticity.models import regular_firing

    pairs, steps = len(parameters.pre_rates_Hz), step_count(parameters)
    dt_s = pair_stdp.seconds(parameters.dt_ms)
    spike_steps, phases = regular_firing.fire(
        rates_Hz=[*parameters.pre_rates_Hz, *parameters.post_rates_Hz],
        phase_initial=np.zeros(2 * pairs),
        dt_s=dt_s,
        step_count=steps,
        recorded_steps=min(round(parameters.phase_recorded_ms / parameters.dt_ms), steps),
        keep_overshoot=parameters.reset == "subtract",
    )
    synapses = pair_stdp.run_synapses(parameters, spike_steps[:pairs], spike_steps[pairs:])
    every = np.arange(pairs)
    weight_finer = np.empty((len(parameters.dt_divisions), pairs))
    for weight, division in zip(weight_finer, parameters.dt_divisions, strict=True):
        dt_ms = parameters.dt_ms / division
        pre, post = (
            fire(rates_Hz, 0.0, dt_ms, parameters.duration_ms, parameters.reset)
            for rates_Hz in (parameters.pre_rates_Hz, parameters.post_rates_Hz)
        )
        weight[:] = pair_stdp.simulate(parameters, pre, post, every, every, pair_stdp.seconds(dt_ms)).weight_final
    pre, post = (
        exact_times(rates_Hz, 0.0, parameters.duration_ms)
        for rates_Hz in (parameters.pre_rates_Hz, parameters.post_rates_Hz)
    )
    weight_no_grid = [
        pair_stdp.simulate(parameters, pre, moved, every, every, finest_s(parameters.duration_ms)).weight_final
        for moved in in_each_order(post)
    ]
    return build(
        RUN,
        synapses
        | {
            "time_ms": np.arange(float(steps)) * dt_s * 1e3,
            "weight": pair_stdp.weight_at_each_step(parameters, synapses, steps),
            "firing_phase_pre": phases[:, :pairs],
            "firing_phase_post": phases[:, pairs:],
            "weight_finer": weight_finer,
            "weight_no_grid": weight_no_grid,
        },
    )


def fire(
    rates_Hz: Sequence[float], phase: float, dt_ms: float, duration_ms: float, reset: Literal["zero", "subtract"]
) -> list[pair_stdp.IntArray]:
    """Return the steps in which cells spike that fire regularly on a grid.

    Parameters
    ----------
    rates_Hz : sequence of float
        Rate of each cell [Hz].
    phase : float
        Phase of all cells at the start [1].
    dt_ms, duration_ms : float
        Time step and duration.
    reset : {"zero", "subtract"}
        Phase after a spike.

    Returns
    -------
    list of ndarray of int64
        Steps of each cell.
    """
    from replasticity.models import regular_firing

    spike_steps: list[pair_stdp.IntArray] = regular_firing.fire(
        rates_Hz=rates_Hz,
        phase_initial=np.full(len(rates_Hz), phase),
        dt_s=pair_stdp.seconds(dt_ms),
        step_count=round(duration_ms / dt_ms),
        recorded_steps=0,
        keep_overshoot=reset == "subtract",
    )[0]
    return spike_steps


def finest_s(duration_ms: float) -> float:
    """Return the unit in which times are counted without a grid [s]."""
    return pair_stdp.seconds(duration_ms) * _FINEST


def exact_times(rates_Hz: Sequence[float], phase: float, duration_ms: float) -> list[pair_stdp.IntArray]:
    """Return when cells spike that fire regularly without a grid: at (k - phase) / f, k = 1, 2, ...

    Parameters
    ----------
    rates_Hz : sequence of float
        Rate f of each cell [Hz].
    phase : float
        Phase of all cells at the start [1].
    duration_ms : float
        Duration of the run; a spike at its very end counts, as it does on a grid, where it falls into the last step.

    Returns
    -------
    list of ndarray of int64
        Times of each cell, in units of `finest_s`.
    """
    times = []
    for rate_Hz in rates_Hz:
        spikes = np.arange(1, np.floor(rate_Hz * pair_stdp.seconds(duration_ms) + phase) + 2) - phase
        counted = (
            np.rint(spikes / rate_Hz / finest_s(duration_ms)).astype(np.int64) if rate_Hz else np.zeros(0, np.int64)
        )
        times.append(counted[counted <= round(1 / _FINEST)])
    return times


def in_each_order(post_times: list[pair_stdp.IntArray]) -> Iterator[list[pair_stdp.IntArray]]:
    """Yield the postsynaptic times moved so that of spikes which coincide the presynaptic is first, then the other."""
    for aside in _ORDERS.values():
        yield [times + aside for times in post_times]


def actual_rates_Hz(parameters: Parameters, run: Arrays, side: str) -> pair_stdp.FloatArray:
    """Return the actual rate of each presynaptic ("pre") or postsynaptic ("post") cell [Hz]."""
    cells = run[f"{side}_spike_cell"]
    of_each_cell = np.cumsum(np.bincount(cells, minlength=len(run["weight_final"])))
    trains = np.split(run[f"{side}_spike_step"][np.argsort(cells, kind="stable")], of_each_cell[:-1])
    return np.array([pair_stdp.actual_rate_Hz(steps, pair_stdp.seconds(parameters.dt_ms)) for steps in trains])


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "synapse": len(parameters.pre_rates_Hz),
        "finer_grid": len(parameters.dt_divisions),
        "first": len(_ORDERS),
    }


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
        Variables of `STATISTICS`; NaN for the rate of a cell with fewer than two spikes.
    """
    pre_Hz, post_Hz = (actual_rates_Hz(parameters, run, side) for side in ("pre", "post"))
    both = run["event_synapse"][run["event_kind"] == 3]
    # The weight after the last step is the final one; samples are from before each step.
    weight = np.vstack([run["weight"], run["weight_final"]])
    return build(
        STATISTICS,
        {
            "pre_rate_actual_Hz": pre_Hz,
            "post_rate_actual_Hz": post_Hz,
            "beat_asked_Hz": np.abs(np.subtract(parameters.post_rates_Hz, parameters.pre_rates_Hz)),
            "beat_actual_Hz": np.abs(post_Hz - pre_Hz),
            "coincidences": np.bincount(both, minlength=len(pre_Hz)),
            "weight_final": weight[-1],
            "weight_mean": weight[:-1].mean(axis=0),
            "weight_lowest": weight.min(axis=0),
            "weight_highest": weight.max(axis=0),
            "weight_finer": run["weight_finer"],
            "weight_no_grid": run["weight_no_grid"],
            "range_over_time_steps": np.ptp(np.vstack([weight[-1], run["weight_finer"]]), axis=0),
            "range_over_orders": run["weight_no_grid"][0] - run["weight_no_grid"][1],
        },
    )


# Replaying recordings of Brian2 ----------------------------------------------------------------------

RECORDINGS = ("beats",)

TOLERANCES: dict[str, Tolerance] = {
    **pair_stdp.TOLERANCES,
    "w": Tolerance(absolute=1e-12),
    "x": Tolerance(absolute=1e-12),
    "pre_rate_actual": pair_stdp.RATE,
    "post_rate_actual": pair_stdp.RATE,
}

SPIKES = pair_stdp.SPIKES

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = pair_stdp.recorded_parameters(parameters, {"pre_hz": "pre_rates_Hz", "post_hz": "post_rates_Hz"})
    # Recordings are of one time step.
    values["dt_divisions"] = []
    values["phase_recorded_ms"] = recording.sizes.get("first_step", 0) * values.get("dt_ms", 0.0)
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's parameters.

    Parameters
    ----------
    recording : xarray.Dataset
        The recording; nothing in it is an input.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    result = simulate(parameters, {})
    variables = pair_stdp.replayed(parameters, result)
    phases = np.hstack([result["firing_phase_pre"], result["firing_phase_post"]])
    variables["w"] = (("step", "plastic"), result["weight"])
    variables["x"] = (("first_step", "cell"), phases)
    for side in ("pre", "post"):
        variables[f"{side}_rate_actual"] = ("plastic", actual_rates_Hz(parameters, result, side))
    return variables
