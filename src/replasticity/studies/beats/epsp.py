"""EPSP: pairings at a repetition rate and a spike-time difference, then the EPSP that the weight makes.

After the pairings each learned weight, and the initial one, drives a leaky integrate-and-fire cell with one
test spike. Source: docs/models/pair_stdp.md#epsp. No number is drawn:
every seed gives the same run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import MOST_STEPS, Cost, NonNegative, Positive, PositiveInt
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio
from replasticity.studies.beats import shared as pair_stdp
from replasticity.studies.beats.window import closed_form

if TYPE_CHECKING:
    import xarray as xr

Rates = Annotated[list[Positive], Field(min_length=1)]

_VOLT_PER_MV = 0.001

#: Groups of conditions.
GRID, ISOLATED, LOCKED = 0, 1, 2

#: A sum of pairings counts as additive if it departs from that many times one pairing by less than this share.
ADDITIVE_WITHIN = 0.1

#: What a read-out cell takes for one step on a fast machine [s].
_SECONDS_PER_SAMPLE = 1e-9


class Parameters(pair_stdp.SynapseParameters):
    """Parameters of the protocol. Their order is that of docs/models/pair_stdp.md#epsp."""

    pairings: PositiveInt = Field(description="Number of pairings in each condition.")
    grid_rates_Hz: Rates = Field(description="Repetition rates of the grid of conditions.")
    grid_differences_ms: Annotated[list[float], Field(min_length=1)] = Field(
        description="Postsynaptic minus presynaptic spike times of the grid of conditions."
    )
    gap_rates_Hz: Rates = Field(description="Rates whose period is the gap between pre- and postsynaptic spike.")
    isolated_rate_Hz: Positive = Field(description="Repetition rate of the isolated pairings with these gaps.")
    first_pre_ms: NonNegative = Field(description="Time of the first presynaptic spike.")
    E_L_mV: float = Field(description="Resting and reset potential of the read-out cell.")
    V_th_mV: float = Field(description="Threshold of the read-out cell.")
    I_const_mV: float = Field(description="Constant input of the read-out cell, as the shift of v that it causes.")
    tau_m_ms: Positive = Field(description="Membrane time constant of the read-out cell.")
    psp_scale_mV: float = Field(description="Jump of v at a presynaptic spike through a synapse of weight 1.")
    delay_ms: NonNegative = Field(description="Delay of the synapse onto the read-out cell.")
    test_spike_ms: NonNegative = Field(description="Time of the test spike.")
    readout_duration_ms: Positive = Field(description="Duration of the read-out.")

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        self.require_whole_steps("first_pre_ms")
        self.require_whole_steps("readout_duration_ms", least=1)
        rates_of = {name: getattr(self, name) for name in ("grid_rates_Hz", "gap_rates_Hz")}
        for name, rates_Hz in {**rates_of, "isolated_rate_Hz": [self.isolated_rate_Hz]}.items():
            if max(rates_Hz) * self.dt_ms > 1000:
                raise ValueError(f"{name}: at most one spike per step, so no rate above 1000 / dt_ms")
            if 1000 / (min(rates_Hz) * self.dt_ms) > MOST_STEPS:
                raise ValueError(f"{name}: a period of at most {MOST_STEPS:g} steps of {self.dt_ms:g} ms")
        # Brian2 refuses it, too (brian2/input/spikegeneratorgroup.py, _check_args).
        if self.first_step + difference_steps(min(self.grid_differences_ms), self.dt_ms) < 0:
            raise ValueError("grid_differences_ms: no postsynaptic spike before the run's start (see first_pre_ms)")
        if self.last_step > MOST_STEPS:
            raise ValueError(
                f"pairings: the last spike has to come within {MOST_STEPS:g} steps of {self.dt_ms:g} ms, "
                f"but at the lowest rate, after first_pre_ms, these take {self.last_step}"
            )
        return self

    @property
    def first_step(self) -> int:
        """Step of the first presynaptic spike."""
        return round(self.first_pre_ms / self.dt_ms)

    @property
    def last_step(self) -> int:
        """No spike of any condition comes after this step."""
        longest_gap = period_steps(min(self.gap_rates_Hz), self.dt_ms)
        longest_period = period_steps(min(*self.grid_rates_Hz, *self.gap_rates_Hz, self.isolated_rate_Hz), self.dt_ms)
        latest = max(longest_gap, difference_steps(max(self.grid_differences_ms), self.dt_ms))
        return self.first_step + (self.pairings - 1) * longest_period + latest

    def cost(self) -> Cost:
        """Return what a run needs: the events of each condition, and the potential of each read-out cell over time."""
        count = len(self.grid_rates_Hz) * len(self.grid_differences_ms) + 2 * len(self.gap_rates_Hz)
        events = self.events_cost(count, 2 * count * self.pairings)
        steps = self.readout_duration_ms / self.dt_ms
        samples = (count + 1) * steps
        # The time, with temporaries; the potential in V and in mV, whether there is a spike, at worst one each time.
        readout_bytes = 3 * 8 * steps + (2 * 8 + 1 + 2 * (8 + 4)) * samples
        return Cost(events.memory_bytes + readout_bytes, events.seconds + samples * _SECONDS_PER_SAMPLE)


@dataclass(frozen=True)
class Condition:
    """One condition: how often and at which difference a pair of spikes is repeated."""

    group: int
    rate_Hz: float
    period_steps: int
    difference_steps: int


def period_steps(rate_Hz: float, dt_ms: float) -> int:
    """Return the period of a rate in whole steps, ties to even (docs/models/pair_stdp.md#conditions)."""
    return int(np.rint(1000 / (rate_Hz * dt_ms)))


def difference_steps(difference_ms: float, dt_ms: float) -> int:
    """Return a difference of spike times in whole steps, ties to even (docs/models/pair_stdp.md#conditions)."""
    return int(np.rint(difference_ms / dt_ms))


def conditions(parameters: Parameters) -> Iterator[Condition]:
    """Yield the conditions in order: the grid, isolated pairings, locked pairings.

    Source: docs/models/pair_stdp.md#conditions.
    """
    dt_ms = parameters.dt_ms
    for rate_Hz in parameters.grid_rates_Hz:
        for difference_ms in parameters.grid_differences_ms:
            yield Condition(GRID, rate_Hz, period_steps(rate_Hz, dt_ms), difference_steps(difference_ms, dt_ms))
    for group in (ISOLATED, LOCKED):
        for gap_Hz in parameters.gap_rates_Hz:
            rate_Hz = parameters.isolated_rate_Hz if group == ISOLATED else gap_Hz
            yield Condition(group, rate_Hz, period_steps(rate_Hz, dt_ms), period_steps(gap_Hz, dt_ms))


RUN: dict[str, Variable] = {
    "condition_rate_Hz": Variable(("synapse",), "repetition rate asked for (the period is rounded to whole steps)"),
    "condition_period_ms": Variable(("synapse",), "period of the pairings"),
    "condition_difference_ms": Variable(("synapse",), "postsynaptic minus presynaptic spike time"),
    "condition_group": Variable(
        ("synapse",), "0 grid; 1 isolated pairs, gap one period; 2 gap and repetition both one period", "int32"
    ),
    **pair_stdp.RUN,
    "readout_weight": Variable(("readout",), "weights that are read out; the last one is the initial weight"),
    "readout_time_ms": Variable(("readout_time_ms",), "time at the start of each step of the read-out"),
    "readout_v_mV": Variable(("readout_time_ms", "readout"), "membrane potential at the start of each step"),
    "epsp_peak_mV": Variable(("readout",), "largest sample of the potential minus E_L"),
    "epsp_peak_time_ms": Variable(("readout",), "time of the first largest sample"),
    "v_end_mV": Variable(("readout",), "potential after the last step of the read-out"),
    "readout_spike_step": Variable(("readout_spike",), "step of each spike of the read-out cells", "int32"),
    "readout_spike_cell": Variable(("readout_spike",), "cell of each spike of the read-out cells", "int32"),
}

_GRID = ("grid_rate", "grid_difference")
STATISTICS: dict[str, Variable] = {
    "weight_grid": Variable(_GRID, "weight after the pairings", resolution=1e-12),
    "epsp_grid_mV": Variable(_GRID, "EPSP peak after the pairings", resolution=1e-9),
    "coincidences_grid": Variable(_GRID, "steps in which both cells spike", resolution=0.5),
    "weight_by_pairing": Variable(
        (*_GRID, "pairing"), "weight once both spikes of a pairing have acted", resolution=1e-12
    ),
    "additivity": Variable(
        _GRID,
        "weight change over that many times the change by one isolated pairing",
        resolution=1e-9,
        undefined="an isolated pairing changes nothing",
    ),
    "additive_up_to_Hz": Variable(
        ("grid_difference",),
        f"highest rate of the grid up to which additivity holds within {ADDITIVE_WITHIN:.0%}",
        resolution=1e-9,
        undefined="no rate of the grid is additive",
    ),
    "additivity_fails_from_Hz": Variable(
        ("grid_difference",),
        f"lowest rate of the grid at which additivity does not hold within {ADDITIVE_WITHIN:.0%}",
        resolution=1e-9,
        undefined="all rates of the grid are additive",
    ),
    "weight_isolated": Variable(("gap",), "weight after isolated pairings, gap one period", resolution=1e-12),
    "weight_locked": Variable(("gap",), "weight after pairings, gap and repetition one period", resolution=1e-12),
    "weight_isolated_lowest": Variable((), "lowest weight after isolated pairings", resolution=1e-12),
    "weight_isolated_highest": Variable((), "highest weight after isolated pairings", resolution=1e-12),
    "weight_locked_lowest": Variable((), "lowest weight where gap and repetition are one period", resolution=1e-12),
    "weight_locked_highest": Variable((), "highest weight where gap and repetition are one period", resolution=1e-12),
    "epsp_isolated_mV": Variable(("gap",), "EPSP peak after isolated pairings", resolution=1e-9),
    "epsp_locked_mV": Variable(("gap",), "EPSP peak where gap and repetition are one period", resolution=1e-9),
    "epsp_initial_mV": Variable((), "EPSP peak of the initial weight", resolution=1e-9),
    "epsp_departure_mV": Variable((), "largest departure of an EPSP peak from weight times jump", resolution=1e-9),
    "readout_spikes": Variable((), "spikes of the read-out cells", resolution=0.5),
}

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = (
    "condition_rate_Hz",
    "condition_difference_ms",
    "condition_group",
    "readout_weight",
    "readout_time_ms",
    "readout_v_mV",
    "epsp_peak_mV",
)

PEER_NAMES: dict[str, str] = {}


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: the pairings, then the read-out.

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
    made = list(conditions(parameters))
    pre_steps = [parameters.first_step + np.arange(parameters.pairings) * condition.period_steps for condition in made]
    synapses = pair_stdp.run_synapses(
        parameters,
        pre_steps,
        [pre + condition.difference_steps for pre, condition in zip(pre_steps, made, strict=True)],
    )
    return build(
        RUN,
        {
            "condition_rate_Hz": [condition.rate_Hz for condition in made],
            "condition_period_ms": [condition.period_steps * parameters.dt_ms for condition in made],
            "condition_difference_ms": [condition.difference_steps * parameters.dt_ms for condition in made],
            "condition_group": [condition.group for condition in made],
        }
        | synapses
        | read_out(np.array([*synapses["weight_final"], parameters.weight_initial]), parameters),
    )


def read_out(weight: pair_stdp.FloatArray, parameters: Parameters) -> dict[str, Any]:
    """Return what one test spike does to a leaky integrate-and-fire cell at rest, for each weight.

    Parameters
    ----------
    weight : ndarray of float64, shape (readouts,)
        Weights [1].
    parameters : Parameters
        Parameters of the cell.

    Returns
    -------
    dict of str to array_like
        The variables of `RUN` that concern the read-out.
    """
    from replasticity.models import epsp_readout as model
    from replasticity.models.limits import raise_failure
    from replasticity.numerics.limits import no_failure

    dt_s = pair_stdp.seconds(parameters.dt_ms)
    step = model.discretise(
        dt_s=dt_s,
        tau_m_s=pair_stdp.seconds(parameters.tau_m_ms),
        E_L_V=parameters.E_L_mV * _VOLT_PER_MV,
        I_const_V=parameters.I_const_mV * _VOLT_PER_MV,
        V_th_V=parameters.V_th_mV * _VOLT_PER_MV,
        psp_scale_V=parameters.psp_scale_mV * _VOLT_PER_MV,
    )
    steps = round(parameters.readout_duration_ms / parameters.dt_ms)
    emitted = int(np.floor((pair_stdp.seconds(parameters.test_spike_ms) + 0.001 * dt_s) / dt_s))
    delay = round(pair_stdp.seconds(parameters.delay_ms) / dt_s)
    v_V = np.zeros((steps, len(weight)))
    spiked = np.zeros((steps, len(weight)), np.bool_)
    failure = no_failure()
    v_end_V = model.simulate(weight, emitted + delay, step, v_V, spiked, failure)
    raise_failure(failure, model.LIMITS, parameters.dt_ms, "read-out cell")
    time_ms = np.arange(steps) * dt_s * 1e3
    spike_step, spike_cell = np.nonzero(spiked)
    return {
        "readout_weight": weight,
        "readout_time_ms": time_ms,
        "readout_v_mV": v_V / _VOLT_PER_MV,
        "epsp_peak_mV": (v_V.max(axis=0) - step.E_L_V) / _VOLT_PER_MV,
        "epsp_peak_time_ms": time_ms[v_V.argmax(axis=0)],
        "v_end_mV": v_end_V / _VOLT_PER_MV,
        "readout_spike_step": spike_step,
        "readout_spike_cell": spike_cell,
    }


def additive_range_Hz(rates_Hz: list[float], additive: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the highest rate up to which pairings add up, and the lowest rate at which they do not.

    Parameters
    ----------
    rates_Hz : list of float
        Repetition rates [Hz], in any order.
    additive : ndarray of bool, shape (rates,)
        Whether the pairings add up at each rate.

    Returns
    -------
    tuple of (float, float)
        Rates [Hz]; NaN where there is none.
    """
    rates, order = np.sort(rates_Hz), np.argsort(rates_Hz, kind="stable")
    failing = np.flatnonzero(~additive[order])
    first = int(failing[0]) if len(failing) else len(rates)
    return rates[first - 1] if first else np.nan, rates[first] if first < len(rates) else np.nan


def isolated_change(
    difference_ms: pair_stdp.FloatArray, weight: pair_stdp.FloatArray, parameters: Parameters
) -> pair_stdp.FloatArray:
    """Return the weight change by one isolated pairing: NaN where it is less than the rounding of the weight.

    Parameters
    ----------
    difference_ms : ndarray of float64, shape (conditions,)
        Postsynaptic minus presynaptic spike time [ms].
    weight : ndarray of float64, shape (conditions,)
        Weight after the pairings [1].
    parameters : Parameters
        Gives the weight at the start.

    Returns
    -------
    ndarray of float64, shape (conditions,)
        Weight change [1].
    """
    change = closed_form(difference_ms, parameters)
    rounding = np.spacing(np.maximum(np.abs(weight), abs(parameters.weight_initial)))
    return np.where(np.abs(change) < rounding, np.nan, change)


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "grid_rate": len(parameters.grid_rates_Hz),
        "grid_difference": len(parameters.grid_differences_ms),
        "gap": len(parameters.gap_rates_Hz),
        "pairing": parameters.pairings,
    }


def weight_by_pairing(parameters: Parameters, run: Arrays) -> pair_stdp.FloatArray:
    """Return the weight of each condition once both spikes of a pairing have acted, and all that came earlier.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`.

    Returns
    -------
    ndarray of float64, shape (conditions, pairings)
        Weight [1].
    """
    after = run["event_weight"][:, -1]
    weight = np.empty((len(run["weight_final"]), parameters.pairings))
    for k, condition in enumerate(conditions(parameters)):
        of_synapse = run["event_synapse"] == k
        later_spike = max(0, condition.difference_steps)
        ends = parameters.first_step + later_spike + np.arange(parameters.pairings) * condition.period_steps
        weight[k] = after[of_synapse][np.searchsorted(run["event_step"][of_synapse], ends)]
    return weight


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
        Variables of `STATISTICS`; NaN where no rate of the grid is additive, or none fails to be.
    """
    weight, peak_mV, group = run["weight_final"], run["epsp_peak_mV"], run["condition_group"]
    learned_mV = peak_mV[:-1]
    shape = len(parameters.grid_rates_Hz), len(parameters.grid_differences_ms)
    one_pairing = isolated_change(run["condition_difference_ms"], weight, parameters)[group == GRID].reshape(shape)
    weight_grid = weight[group == GRID].reshape(shape)
    additivity = ratio(weight_grid - parameters.weight_initial, parameters.pairings * one_pairing)
    ranges_Hz = [
        additive_range_Hz(parameters.grid_rates_Hz, np.abs(column - 1) <= ADDITIVE_WITHIN) for column in additivity.T
    ]
    coincidences = np.bincount(run["event_synapse"][run["event_kind"] == 3], minlength=len(weight))
    isolated, locked = weight[group == ISOLATED], weight[group == LOCKED]
    return build(
        STATISTICS,
        {
            "weight_grid": weight_grid,
            "coincidences_grid": coincidences[group == GRID].reshape(shape),
            "weight_by_pairing": weight_by_pairing(parameters, run)[group == GRID].reshape(*shape, parameters.pairings),
            "epsp_grid_mV": learned_mV[group == GRID].reshape(shape),
            "additivity": additivity,
            "additive_up_to_Hz": [up_to for up_to, _ in ranges_Hz],
            "additivity_fails_from_Hz": [fails for _, fails in ranges_Hz],
            "weight_isolated": isolated,
            "weight_locked": locked,
            "weight_isolated_lowest": isolated.min(),
            "weight_isolated_highest": isolated.max(),
            "weight_locked_lowest": locked.min(),
            "weight_locked_highest": locked.max(),
            "epsp_isolated_mV": learned_mV[group == ISOLATED],
            "epsp_locked_mV": learned_mV[group == LOCKED],
            "epsp_initial_mV": peak_mV[-1],
            "epsp_departure_mV": np.abs(peak_mV - run["readout_weight"] * parameters.psp_scale_mV).max(),
            "readout_spikes": len(run["readout_spike_step"]),
        },
    )


# Replaying recordings of Brian2 ----------------------------------------------------------------------

RECORDINGS = ("epsp",)

#: Recorded parameter -> ours.
_PARAMETER_NAMES = {
    "n_pairs": "pairings",
    "grid_hz": "grid_rates_Hz",
    "grid_difference_ms": "grid_differences_ms",
    "gap_hz": "gap_rates_Hz",
    "slow_hz": "isolated_rate_Hz",
    "test_ms": "test_spike_ms",
    "readout_ms": "readout_duration_ms",
}

_POTENTIAL = Tolerance(absolute=1e-9)
_TIME = Tolerance(absolute=1e-6)

TOLERANCES: dict[str, Tolerance] = {
    **pair_stdp.TOLERANCES,
    "condition_rate": Tolerance(),
    "condition_period": _TIME,
    "condition_difference": _TIME,
    "condition_group": Tolerance(),
    "readout_weight": Tolerance(absolute=1e-12),
    "readout_v": _POTENTIAL,
    "epsp_peak": _POTENTIAL,
    "epsp_peak_time": _TIME,
    "v_end": _POTENTIAL,
}

SPIKES = (*pair_stdp.SPIKES, "readout_spike")

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    return pair_stdp.recorded_parameters(parameters, _PARAMETER_NAMES)


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
    for recorded, ours in (
        ("condition_rate", "condition_rate_Hz"),
        ("condition_period", "condition_period_ms"),
        ("condition_difference", "condition_difference_ms"),
        ("condition_group", "condition_group"),
    ):
        variables[recorded] = ("plastic", result[ours])
    for recorded, ours in (
        ("readout_weight", "readout_weight"),
        ("epsp_peak", "epsp_peak_mV"),
        ("epsp_peak_time", "epsp_peak_time_ms"),
        ("v_end", "v_end_mV"),
    ):
        variables[recorded] = ("readout", result[ours])
    variables["readout_v"] = (("readout_step", "readout"), result["readout_v_mV"])
    variables["readout_spike_time"] = ("readout_spike", result["readout_spike_step"] * parameters.dt_ms)
    variables["readout_spike_index"] = ("readout_spike", result["readout_spike_cell"])
    return variables
