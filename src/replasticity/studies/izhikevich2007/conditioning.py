"""Pavlovian conditioning: one of 100 stimuli is followed by reward (Izhikevich 2007, the second experiment).

Stimuli S1 to S100 are sets of cells that get a pulse of current, one stimulus every 100 to 300 ms. Reward follows S1,
up to a second later, while other stimuli come in between. Does the response to S1 grow over the hour, and only that?

No recording exists of this experiment. The network is that of `reward.py`, with no synapse singled
out. Where the published descriptions are silent, the parameters' sources in the YAML files say what was chosen.
"""

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, PositiveInt
from replasticity.errors import UserError
from replasticity.numerics import random
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio
from replasticity.studies.izhikevich2007 import shared as network_parts
from replasticity.studies.izhikevich2007.shared import NETWORK_RUN, STEPS_PER_S, FloatArray, Network, NetworkParameters

if TYPE_CHECKING:
    import xarray as xr

#: What is kept around a stimulus begins and ends this long before and after it [ms].
BEFORE_MS, AFTER_MS = 200, 400

#: The first and the last part of the run are compared, this share of it each; courses have parts of half that length.
PART = 6
COURSE_PARTS = 2 * PART

#: The rewarded stimulus S1.
REWARDED_GROUP = 0


class Parameters(NetworkParameters):
    """Parameters of the protocol: the network's, and those of stimuli and rewards."""

    stimuli: PositiveInt = Field(description="Number of different stimuli.", ge=2)
    stimulus_cells: PositiveInt = Field(description="Cells of each stimulus.")
    stimulus_mV: NonNegative = Field(description="Current into each cell of a stimulus, for one step.")
    interval_min_ms: PositiveInt = Field(description="Shortest time from one stimulus to the next.")
    interval_max_ms: PositiveInt = Field(description="Longest time from one stimulus to the next.")
    reward_delay_max_ms: PositiveInt = Field(description="Longest time from a stimulus to its reward.")
    rewarded: Literal["first_stimulus", "any_stimulus"] = Field(
        description="What is rewarded: each presentation of S1, or as many presentations of any stimulus by chance."
    )
    response_windows_ms: list[PositiveInt] = Field(
        description="Excitatory spikes are counted as response in steps 1 to this after the stimulus.", min_length=1
    )

    @model_validator(mode="after")
    def _stimuli_fit(self) -> "Parameters":
        if self.stimulus_cells > self.cells:
            raise ValueError(f"stimulus_cells: has to be at most the number of cells ({self.cells})")
        if self.interval_max_ms < self.interval_min_ms:
            raise ValueError(f"interval_max_ms: has to be at least interval_min_ms ({self.interval_min_ms})")
        if max(self.response_windows_ms) > min(self.interval_min_ms, AFTER_MS):
            raise ValueError(
                f"response_windows_ms: has to end before the next stimulus can come ({self.interval_min_ms} ms)"
            )
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the network, each stimulus and its response, and what is kept around stimuli."""
        memory_bytes, seconds = self.network_cost(self.reward_delay_max_ms)
        presentations = self.duration_s * float(STEPS_PER_S) / self.interval_min_ms
        samples = self.duration_s / self.sample_interval_s
        numbers = (
            presentations * (10 + len(self.response_windows_ms))
            + float(self.stimuli) * (4.0 * self.cells + 3 * samples)
            + (2 * STEPS_PER_S + 2 * (BEFORE_MS + AFTER_MS)) * float(self.cells)
        )
        return Cost(memory_bytes + 8 * numbers, seconds + 2e-6 * presentations + 2e-9 * self.stimuli * self.cells)


_NO_CELLS = "the stimulus has no excitatory cells"
_AROUND = f"{BEFORE_MS} ms before to {AFTER_MS} ms after a presentation of S1"
RUN: dict[str, Variable] = {
    **NETWORK_RUN,
    "group_cell": Variable(("group", "member"), "cells of each stimulus", "int32"),
    "stimulus_ms": Variable(("stimulus",), "time of each presentation"),
    "stimulus_group": Variable(("stimulus",), "which stimulus it is; 0 stands for S1", "int32"),
    "stimulus_reward_delay_ms": Variable(("stimulus",), "time to its reward; 0 without reward"),
    "response_window_ms": Variable(("response_window_ms",), "windows of the response, from the step after it"),
    "response": Variable(
        ("stimulus", "response_window_ms"), "excitatory spikes in the window after each stimulus; -1 where cut", "int32"
    ),
    "group_weight_mV": Variable(
        ("sample_s", "group"), "mean weight of the excitatory synapses of a stimulus's cells", undefined=_NO_CELLS
    ),
    "around_ms": Variable(("around_ms",), "time after a stimulus"),
    "around_rate_Hz": Variable(
        ("part", "rewarded", "around_ms"),
        "mean excitatory rate around a stimulus; first and last part of the run; S1 and the others",
        undefined="no such stimulus comes in that part",
    ),
    "raster": Variable(("part", "around_ms", "cell"), f"1 where a cell spikes, {_AROUND}: the first, the last", "int8"),
    "raster_stimulus": Variable(("part", "around_ms"), f"number of the stimulus, or 0, {_AROUND}", "int32"),
}

_RATIO = "response to S1 over mean response to the others"
_BY_WINDOW = ("response_window_ms",)
_NO_RESPONSE = "S1 or the others do not come in that part, or nothing responds"
STATISTICS: dict[str, Variable] = {
    "response_ratio_early": Variable(
        _BY_WINDOW, f"{_RATIO}, first sixth of the run", resolution=1e-9, undefined=_NO_RESPONSE, discrete=True
    ),
    "response_ratio_late": Variable(
        _BY_WINDOW, f"{_RATIO}, last sixth of the run", resolution=1e-9, undefined=_NO_RESPONSE, discrete=True
    ),
    "response_gain": Variable(
        _BY_WINDOW, "late over early ratio of the responses", resolution=1e-9, undefined=_NO_RESPONSE, discrete=True
    ),
    "response_rank_late": Variable(
        _BY_WINDOW,
        "rank of the late response to S1 among all stimuli, 1 for the largest; ties share their mean",
        resolution=0.25,
        undefined="S1 does not come in that part",
        discrete=True,
    ),
    "response_course": Variable(
        ("course_part",),
        f"{_RATIO}, shortest window, twelfths of the run",
        resolution=1e-9,
        undefined=_NO_RESPONSE,
        discrete=True,
    ),
    "weight_ratio_early": Variable(
        (),
        "weights of S1's cells over the others', first sample",
        resolution=1e-9,
        undefined=f"{_NO_CELLS}, or the others' weights are 0",
    ),
    "weight_ratio_final": Variable(
        (),
        "weights of S1's cells over the others', at the end",
        resolution=1e-9,
        undefined=f"{_NO_CELLS}, or the others' weights are 0",
    ),
    "weight_rank_final": Variable(
        (),
        "rank of the weights of S1's cells at the end, 1 for the largest; ties share their mean",
        resolution=0.25,
        undefined=_NO_CELLS,
        discrete=True,
    ),
    "weight_course_mV": Variable(
        ("course_part", "rewarded"),
        "mean weight of the cells of S1, and of the others, twelfths",
        resolution=1e-9,
        undefined=f"no sample falls into that part, or {_NO_CELLS}",
    ),
    "mean_weight_final_mV": Variable((), "mean excitatory weight at the end", resolution=1e-9),
    "rewards_given": Variable((), "rewards given", resolution=0.5, discrete=True),
    "presentations": Variable((), "presentations of S1", resolution=0.5, discrete=True),
    "rate_exc_mean_Hz": Variable((), "mean rate of the excitatory cells", resolution=1e-9, discrete=True),
    "rate_exc_highest_Hz": Variable(
        (), "highest rate of the excitatory cells in a second", resolution=1e-9, discrete=True
    ),
}

OUTPUT_OPTIONS = ()

SHORTEST = {"duration_s": 10}

TRACES = (
    "time_s",
    "sample_s",
    "rate_exc_Hz",
    "group_weight_mV",
    "around_ms",
    "around_rate_Hz",
    "raster",
    "raster_stimulus",
    "response_window_ms",
)

PEER_NAMES: dict[str, str] = {}


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return targets, stimuli and rewards, and the seed that stands for the noise.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        ``target``, ``group_cell``, ``stimulus_ms``, ``stimulus_group``, ``stimulus_reward_delay_ms``, and ``seed``.
    """
    cells = random.generator(seed, "stimulus cells")
    group_cell = [
        np.sort(cells.choice(parameters.cells, parameters.stimulus_cells, replace=False))
        for _ in range(parameters.stimuli)
    ]
    order = random.generator(seed, "stimulus order")
    most = parameters.duration_s * STEPS_PER_S // parameters.interval_min_ms
    intervals_ms = order.integers(parameters.interval_min_ms, parameters.interval_max_ms, size=most, endpoint=True)
    stimulus_ms = np.cumsum(intervals_ms)
    group = order.integers(parameters.stimuli, size=most)
    rewards = random.generator(seed, "reward")
    delay_ms = rewards.integers(1, parameters.reward_delay_max_ms, size=most, endpoint=True)
    by_chance = rewards.integers(parameters.stimuli, size=most) == 0
    rewarded = group == REWARDED_GROUP if parameters.rewarded == "first_stimulus" else by_chance
    shown = stimulus_ms <= parameters.duration_s * STEPS_PER_S
    inputs = build(
        RUN,
        {
            "target": network_parts.draw_targets(parameters, seed),
            "group_cell": group_cell,
            "stimulus_ms": stimulus_ms[shown],
            "stimulus_group": group[shown],
            "stimulus_reward_delay_ms": np.where(rewarded, delay_ms, 0)[shown],
        },
    )
    return inputs | {"seed": np.array(seed)}


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of one seed.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    return simulate_resumable(parameters, inputs, None)


def simulate_resumable(parameters: Parameters, inputs: Arrays, checkpoint: Checkpoint | None) -> Arrays:
    """Return the run of one seed, as `simulate` does, from its checkpoint on if there is one."""
    stimulus_step = inputs["stimulus_ms"].astype(np.int64)
    network = Network(
        parameters,
        network_parts.seed_of(inputs),
        inputs["target"],
        stimuli={
            "step": stimulus_step,
            "group": inputs["stimulus_group"].astype(np.int64),
            "reward_delay_ms": inputs["stimulus_reward_delay_ms"].astype(np.int64),
            "cells": inputs["group_cell"].astype(np.int32),
        },
        stimulus_mV=parameters.stimulus_mV,
    )
    samples, around = parameters.duration_s // parameters.sample_interval_s, BEFORE_MS + AFTER_MS
    record = network_parts.empty_record(parameters) | {
        "response": np.full((len(stimulus_step), len(parameters.response_windows_ms)), -1, np.int32),
        "group_weight_mV": np.zeros((samples, parameters.stimuli)),
        "around_spikes": np.zeros((2, 2, around), np.int64),
        "around_count": np.zeros((2, 2), np.int64),
        "raster": np.zeros((2, around, parameters.cells), np.int8),
        "raster_stimulus": np.zeros((2, around), np.int32),
        "recent": np.zeros((2 * STEPS_PER_S, parameters.cells), np.int8),
        "recent_exc_spikes": np.zeros(2 * STEPS_PER_S, np.int64),
        "finished": np.zeros((), np.int64),
    }
    membership = _membership(parameters, inputs["group_cell"])
    what = f"Pavlovian conditioning, seed {network_parts.seed_of(inputs)}"
    for second in network_parts.seconds(network, record, parameters.duration_s, what, checkpoint):
        network_parts.record_second(record, second, network, parameters)
        if (second + 1) % parameters.sample_interval_s == 0:
            weight_mV = network.state.weight_mV[: parameters.exc_synapses].reshape(parameters.exc_cells, -1)
            row = (second + 1) // parameters.sample_interval_s - 1
            record["group_weight_mV"][row] = membership @ weight_mV.mean(axis=1)
        _record_responses(record, second, network, parameters, inputs)
    with np.errstate(invalid="ignore"):
        mean_spikes = record["around_spikes"] / record["around_count"][..., None]
    return build(
        RUN,
        network_parts.network_run(record, network, parameters)
        | {name: record[name] for name in ("response", "group_weight_mV", "raster", "raster_stimulus")}
        | {
            "response_window_ms": parameters.response_windows_ms,
            "around_ms": np.arange(-BEFORE_MS, AFTER_MS),
            "around_rate_Hz": mean_spikes / parameters.exc_cells * STEPS_PER_S,
        },
    )


def _membership(parameters: Parameters, group_cell: npt.NDArray[np.int32]) -> FloatArray:
    """Return the matrix that turns values of excitatory cells into means over the cells of each stimulus."""
    members = np.zeros((parameters.stimuli, parameters.cells))
    np.put_along_axis(members, group_cell, 1.0, axis=1)
    members = members[:, : parameters.exc_cells]
    # A stimulus may happen to have inhibitory cells only.
    total = members.sum(axis=1, keepdims=True)
    means: FloatArray = np.divide(members, total, out=np.full_like(members, np.nan), where=total > 0)
    return means


def _record_responses(record: Arrays, second: int, network: Network, parameters: Parameters, inputs: Arrays) -> None:
    """Put the responses to all stimuli whose surroundings end in the last second into the record."""
    step, cell = network.spikes()
    # Row r of the recent spikes is step r + offset: the second before, and the last one.
    offset = 1 + (second - 1) * STEPS_PER_S
    recent, exc_spikes = record["recent"], record["recent_exc_spikes"]
    for array in (recent, exc_spikes):
        array[:STEPS_PER_S] = array[STEPS_PER_S:]
        array[STEPS_PER_S:] = 0
    recent[step - offset, cell] = 1
    np.add.at(exc_spikes, step[cell < parameters.exc_cells] - offset, 1)
    stimulus_step, group = inputs["stimulus_ms"], inputs["stimulus_group"]
    end_s = second + 1
    part_s = parameters.duration_s / PART
    last = np.searchsorted(stimulus_step, end_s * STEPS_PER_S - AFTER_MS, side="right")
    for k in range(int(record["finished"]), int(last)):
        row = int(stimulus_step[k]) - offset
        for column, window_ms in enumerate(parameters.response_windows_ms):
            record["response"][k, column] = exc_spikes[row + 1 : row + 1 + window_ms].sum()
        if stimulus_step[k] <= BEFORE_MS:
            # What was before the run is not known.
            continue
        around = slice(row - BEFORE_MS, row + AFTER_MS)
        at_s = stimulus_step[k] / STEPS_PER_S
        rewarded = group[k] == REWARDED_GROUP
        if at_s <= part_s or at_s > parameters.duration_s - part_s:
            place = int(at_s > part_s), int(not rewarded)
            record["around_spikes"][place] += exc_spikes[around]
            record["around_count"][place] += 1
        if rewarded:
            for part in (0, 1) if not record["raster_stimulus"].any() else (1,):
                record["raster"][part] = recent[around]
                near = np.abs(stimulus_step - stimulus_step[k]) < BEFORE_MS + AFTER_MS
                at = (stimulus_step[near] - stimulus_step[k]).astype(np.int64) + BEFORE_MS
                inside = (at >= 0) & (at < BEFORE_MS + AFTER_MS)
                record["raster_stimulus"][part] = 0
                record["raster_stimulus"][part, at[inside]] = group[near][inside] + 1
    record["finished"] = np.array(max(int(record["finished"]), int(last)))


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "response_window_ms": len(parameters.response_windows_ms),
        "course_part": COURSE_PARTS,
        "rewarded": 2,
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
        Variables of `STATISTICS`; NaN where a quantity is not defined, such as the response to a stimulus that did not
        come.
    """
    complete = run["response"][:, 0] >= 0
    time_s = run["stimulus_ms"][complete] / STEPS_PER_S
    group = run["stimulus_group"][complete]
    response = run["response"][complete].astype(np.float64)
    part_s = parameters.duration_s / PART
    early, late = time_s <= part_s, time_s > parameters.duration_s - part_s
    ratio_early, ratio_late = (_response_ratio(group[part], response[part]) for part in (early, late))
    by_group = np.array([_mean(response[late & (group == one)]) for one in range(parameters.stimuli)])
    course_of = np.minimum((time_s / parameters.duration_s * COURSE_PARTS).astype(np.int64), COURSE_PARTS - 1)
    course = [_response_ratio(group[course_of == k], response[course_of == k, :1])[0] for k in range(COURSE_PARTS)]

    weight_mV = run["group_weight_mV"]
    others_mV = np.nanmean(weight_mV[:, 1:], axis=1)
    sample_part = np.arange(len(weight_mV)) * COURSE_PARTS // len(weight_mV)
    weight_course = [
        [_mean(values[sample_part == k]) for values in (weight_mV[:, REWARDED_GROUP], others_mV)]
        for k in range(COURSE_PARTS)
    ]
    return build(
        STATISTICS,
        {
            "response_ratio_early": ratio_early,
            "response_ratio_late": ratio_late,
            "response_gain": ratio(ratio_late, ratio_early),
            "response_rank_late": _rank_of_first(by_group),
            "response_course": course,
            "weight_ratio_early": ratio(weight_mV[0, REWARDED_GROUP], others_mV[0]),
            "weight_ratio_final": ratio(weight_mV[-1, REWARDED_GROUP], others_mV[-1]),
            "weight_rank_final": _rank_of_first(weight_mV[-1][:, None])[0],
            "weight_course_mV": weight_course,
            "mean_weight_final_mV": run["mean_weight_mV"][-1],
            "rewards_given": run["rewards"][-1],
            "presentations": np.count_nonzero(run["stimulus_group"] == REWARDED_GROUP),
            "rate_exc_mean_Hz": run["rate_exc_Hz"].mean(),
            "rate_exc_highest_Hz": run["rate_exc_Hz"].max(),
        },
    )


def _mean(values: FloatArray) -> Any:
    """Return the mean over the first axis, NaN where there is nothing."""
    return values.mean(axis=0) if len(values) else np.full(values.shape[1:], math.nan)


def _response_ratio(group: npt.NDArray[np.int32], response: FloatArray) -> FloatArray:
    """Return the mean response to S1 over the mean response to the others, for each window."""
    rewarded = group == REWARDED_GROUP
    return ratio(_mean(response[rewarded]), _mean(response[~rewarded]))


def _rank_of_first(values: FloatArray) -> FloatArray:
    """Return the rank of the first row in each column, 1 for the largest, ties in the mean; NaN if the first is."""
    rank: FloatArray = np.where(np.isnan(values[0]), math.nan, network_parts.mid_rank(values[0], values[1:]))
    return rank


# There is no recording of this experiment -------------------------------------------------------------

RECORDINGS = ()
TOLERANCES: dict[str, Tolerance] = {}
SPIKES = ()
RECORDED_INPUTS = ()
NEEDED_INPUTS = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names: there is none to translate."""
    return parameters


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Raise a `UserError`: there is no recording of this experiment."""
    raise UserError("no recording of Pavlovian conditioning is known")
