"""Distal reward: one synapse among 80,000 is rewarded seconds after its two cells fired together (Izhikevich 2007).

A reward comes one to three seconds after the chosen presynaptic cell and then, within 20 ms, the chosen
postsynaptic cell spiked. Does this synapse grow, and is it alone in that? Source: docs/models/distal_reward.md.

Symbols of the paper are mapped to names in `replasticity.equations.distal_reward`. The random streams of a seed are
those of docs/models/distal_reward.md#random-inputs: a seed here and the same seed of a recording are the same run.
"""

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, NonNegativeInt
from replasticity.errors import UserError
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Recorded, Variable, build
from replasticity.storage.datasets import as_dataset
from replasticity.studies.izhikevich2007 import shared as network_parts
from replasticity.studies.izhikevich2007.shared import (
    NETWORK_PARAMETER_NAMES,
    NETWORK_RUN,
    STEPS_PER_S,
    FloatArray,
    IntArray,
    Network,
    NetworkParameters,
)

if TYPE_CHECKING:
    import xarray as xr

#: One reward is shown close up: this long before and after the coincidence that it is for [ms].
CLOSE_UP_BEFORE_MS, CLOSE_UP_AFTER_MS = 1000, 5000
CLOSE_UP_MS = CLOSE_UP_BEFORE_MS + CLOSE_UP_AFTER_MS

#: A weight counts as high from this share of the bound on: 3.9 of 4 mV.
HIGH_SHARE = 0.975

#: Courses over time are summarised at the end of each of these [s].
MINUTE_S = 60

#: Rates and rewards are compared between the first and the last part of the run, this share of it each.
PART = 6


class Parameters(NetworkParameters):
    """Parameters of the protocol: the network's, and those of the chosen synapse and its reward."""

    chosen_pre: NonNegativeInt = Field(description="Presynaptic cell of the chosen synapse.")
    chosen_slot: NonNegativeInt = Field(description="Which of that cell's synapses is the chosen one.")
    coincidence_ms: NonNegativeInt = Field(description="A postsynaptic spike less than this after the other counts.")
    reward_delay_min_ms: NonNegativeInt = Field(description="Shortest time from a coincidence to its reward.")
    reward_delay_span_ms: NonNegative = Field(description="Range of the time from a coincidence to its reward.")
    close_up_reward: NonNegativeInt = Field(description="Which reward is recorded at each step, from 0.")

    @model_validator(mode="after")
    def _chosen_synapse_exists(self, info: ValidationInfo) -> "Parameters":
        if self.chosen_pre >= self.exc_cells:
            raise ValueError(f"chosen_pre: has to be an excitatory cell, less than {self.exc_cells}")
        if self.chosen_slot >= self.synapses_per_cell:
            raise ValueError(f"chosen_slot: has to be less than synapses_per_cell ({self.synapses_per_cell})")
        if self.exc_synapses < 2:
            raise ValueError("exc_cells: the chosen synapse is compared with at least one other excitatory synapse")
        if self.duration_s < PART and not (info.context and info.context.get("recorded")):
            raise ValueError(f"duration_s: at least {PART}, since sixths of the run are compared")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the network, the raster and close-up, and each coincidence of the chosen pair."""
        memory_bytes, seconds = self.network_cost(self.reward_delay_min_ms + self.reward_delay_span_ms + 1)
        # A pair that fires together at 100 Hz.
        return Cost(memory_bytes + 4 * STEPS_PER_S * self.cells + 1e6 + 4800 * self.duration_s, seconds)

    @property
    def chosen_synapse(self) -> int:
        """Number of the chosen synapse."""
        return self.chosen_pre * self.synapses_per_cell + self.chosen_slot

    @property
    def neighbour_synapse(self) -> int:
        """Number of the excitatory synapse after the chosen one, or before it where there is none."""
        after = self.chosen_synapse + 1
        return after if after < self.exc_synapses else after - 2


_NOT_SHOWN = "there is no such coincidence, or that time lies outside the run"
RUN: dict[str, Variable] = {
    **NETWORK_RUN,
    "chosen_weight_mV": Variable(("time_s",), "weight of the chosen synapse at the end of each second"),
    "chosen_eligibility_mV": Variable(("time_s",), "eligibility of the chosen synapse at the end of each second"),
    "chosen_rank": Variable(
        ("sample_s",), "rank of the chosen synapse among the excitatory, 1 for the strongest; ties share their mean"
    ),
    "stronger_synapses": Variable(
        ("sample_s",), "excitatory synapses that are stronger than the chosen one, ties left out", "int32"
    ),
    "neighbour_weight_mV": Variable(
        ("time_s",), "weight of the synapse beside the chosen one, which earns no reward, at the end of each second"
    ),
    "coincidence_time_ms": Variable(("reward",), "time of each coincidence of the chosen pair"),
    "reward_time_ms": Variable(("reward",), "time of its reward; may lie behind the end"),
    "close_up_ms": Variable(("close_up_ms",), "time after the coincidence, close up"),
    "close_up_weight_mV": Variable(("close_up_ms",), "weight of the chosen synapse, close up", undefined=_NOT_SHOWN),
    "close_up_eligibility_mV": Variable(
        ("close_up_ms",), "eligibility of the chosen synapse, close up", undefined=_NOT_SHOWN
    ),
    "close_up_dopamine": Variable(("close_up_ms",), "dopamine above its baseline, close up", undefined=_NOT_SHOWN),
    "close_up_pre": Variable(
        ("close_up_ms",), "1 where the chosen presynaptic cell spikes, close up", undefined=_NOT_SHOWN
    ),
    "close_up_post": Variable(
        ("close_up_ms",), "1 where the chosen postsynaptic cell spikes, close up", undefined=_NOT_SHOWN
    ),
    "close_up_coincidence_s": Variable(
        (), "time of the coincidence shown close up; NaN without one", undefined="there is no such coincidence"
    ),
    "raster": Variable(("raster_step", "cell"), "1 where a cell spikes, last second of the run", "int8"),
}

_NO_SAMPLE_YET = "the first sample is later"
STATISTICS: dict[str, Variable] = {
    "chosen_weight_course_mV": Variable(
        ("minute",), "weight of the chosen synapse after each minute", resolution=1e-9, discrete=True
    ),
    "chosen_eligibility_course_mV": Variable(
        ("minute",), "eligibility of the chosen synapse after each minute", resolution=1e-9, discrete=True
    ),
    "chosen_rank_course": Variable(
        ("minute",),
        "rank among the excitatory synapses (ties share their mean), after each minute",
        resolution=0.25,
        undefined=_NO_SAMPLE_YET,
        discrete=True,
    ),
    "stronger_synapses_course": Variable(
        ("minute",),
        "excitatory synapses stronger than the chosen one, after each minute",
        resolution=0.5,
        undefined=_NO_SAMPLE_YET,
        discrete=True,
    ),
    "high_synapses_course": Variable(
        ("minute",),
        "synapses at 97.5 % of the bound or above, after each minute",
        resolution=0.5,
        undefined=_NO_SAMPLE_YET,
        discrete=True,
    ),
    "chosen_weight_final_mV": Variable((), "weight of the chosen synapse at the end", resolution=1e-9, discrete=True),
    "chosen_weight_highest_mV": Variable(
        (), "highest weight of the chosen synapse (each second)", resolution=1e-9, discrete=True
    ),
    "chosen_weight_late_mV": Variable((), "mean weight of the chosen synapse, second half", resolution=1e-9),
    "chosen_high_s": Variable(
        (),
        "time at which the chosen weight first is 97.5 % of the bound",
        resolution=0.5,
        undefined="the weight never gets there",
        discrete=True,
    ),
    "chosen_rank_final_percent": Variable(
        (), "rank of the chosen synapse at the end, of all; ties share their mean", resolution=1e-6, discrete=True
    ),
    "chosen_rank_late_percent": Variable(
        (), "median rank of the chosen synapse, second half; ties share their mean", resolution=1e-6, discrete=True
    ),
    "chosen_rank_best": Variable(
        (), "best rank of the chosen synapse (each sample); ties share their mean", resolution=0.25, discrete=True
    ),
    "high_synapses_final": Variable(
        (), "synapses at 97.5 % of the bound or above at the end", resolution=0.5, discrete=True
    ),
    "other_weight_largest_mV": Variable((), "largest other weight at any time", resolution=1e-9, discrete=True),
    "weight_percentile_99_mV": Variable(
        (), "weight that 1 % of the others exceed at the end", resolution=1e-9, discrete=True
    ),
    "weight_percentile_90_mV": Variable(
        (), "weight that 10 % of the others exceed at the end", resolution=1e-9, discrete=True
    ),
    "mean_weight_final_mV": Variable((), "mean excitatory weight at the end", resolution=1e-9),
    "rewards_given": Variable((), "rewards given", resolution=0.5, discrete=True),
    "rewards_early": Variable((), "rewards given in the first sixth of the run", resolution=0.5, discrete=True),
    "rewards_late": Variable((), "rewards given in the last sixth of the run", resolution=0.5, discrete=True),
    "rewards_gain": Variable(
        (), "rewards given in the last sixth of the run, minus those in the first", resolution=0.5, discrete=True
    ),
    "rate_exc_mean_Hz": Variable((), "mean rate of the excitatory cells", resolution=1e-9, discrete=True),
    "rate_inh_mean_Hz": Variable((), "mean rate of the inhibitory cells", resolution=1e-9, discrete=True),
    "rate_exc_highest_Hz": Variable(
        (), "highest rate of the excitatory cells in a second", resolution=1e-9, discrete=True
    ),
}

OUTPUT_OPTIONS = ("close_up_reward",)

SHORTEST = {"duration_s": 6, "sample_interval_s": 6}

TRACES = (
    "time_s",
    "sample_s",
    "chosen_weight_mV",
    "chosen_eligibility_mV",
    "neighbour_weight_mV",
    "rewards",
    "chosen_rank",
    "weight_histogram",
    "close_up_ms",
    "close_up_weight_mV",
    "close_up_eligibility_mV",
    "close_up_dopamine",
    "close_up_pre",
    "close_up_post",
    "close_up_coincidence_s",
    "raster",
)

#: What summaries do not tell: how many synapses are as strong as the chosen one, and its eligibility.
_NOT_SUMMARISED = {
    "chosen_eligibility_course_mV",
    "chosen_rank_course",
    "chosen_rank_final_percent",
    "chosen_rank_late_percent",
    "chosen_rank_best",
}

#: Summaries have our statistics under our names: `of_peer` makes them.
PEER_NAMES = {name: name for name in STATISTICS if name not in _NOT_SUMMARISED}

#: Variables of a run about the chosen synapse, as they stand in the record.
_CHOSEN = ("chosen_weight_mV", "chosen_eligibility_mV", "neighbour_weight_mV", "chosen_rank", "stronger_synapses")

_CLOSE_UP = ("weight_mV", "eligibility_mV", "dopamine", "pre", "post")


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return the targets of all synapses, and the seed that stands for noise and reward delays.

    An hour of noise is 29 GB of numbers. They are a function of seed, step and cell, and `simulate` computes them where
    they are needed (docs/models/distal_reward.md#random-inputs).

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        ``target`` (synapse), and ``seed``.
    """
    inputs = build(RUN, {"target": network_parts.draw_targets(parameters, seed)})
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
    network = _network(parameters, inputs)
    record = network_parts.empty_record(parameters) | {
        "chosen_weight_mV": np.zeros(parameters.duration_s),
        "chosen_eligibility_mV": np.zeros(parameters.duration_s),
        "neighbour_weight_mV": np.zeros(parameters.duration_s),
        "chosen_rank": np.zeros(parameters.duration_s // parameters.sample_interval_s),
        "stronger_synapses": np.zeros(parameters.duration_s // parameters.sample_interval_s, np.int32),
        "coincidence_step": np.zeros(0, np.int64),
        "reward_step": np.zeros(0, np.int64),
        "previous_second": np.full((len(_CLOSE_UP), STEPS_PER_S), np.nan),
        "close_up": np.full((len(_CLOSE_UP), CLOSE_UP_MS), np.nan),
    }
    what = f"distal reward, seed {network_parts.seed_of(inputs)}"
    for second in network_parts.seconds(network, record, parameters.duration_s, what, checkpoint):
        network_parts.record_second(record, second, network, parameters)
        _record_chosen(record, second, network, parameters)
    raster = np.zeros((STEPS_PER_S, parameters.cells), np.int8)
    step, cell = network.spikes()
    raster[(step - 1) % STEPS_PER_S, cell] = 1
    shown = record["coincidence_step"][parameters.close_up_reward :][:1]
    return build(
        RUN,
        network_parts.network_run(record, network, parameters)
        | {name: record[name] for name in _CHOSEN}
        | {
            "coincidence_time_ms": record["coincidence_step"],
            "reward_time_ms": record["reward_step"],
            "close_up_ms": np.arange(-CLOSE_UP_BEFORE_MS, CLOSE_UP_AFTER_MS),
            **{f"close_up_{name}": record["close_up"][row] for row, name in enumerate(_CLOSE_UP)},
            "close_up_coincidence_s": shown[0] / STEPS_PER_S if len(shown) else math.nan,
            "raster": raster,
        },
    )


def _network(parameters: Parameters, inputs: Arrays) -> Network:
    return Network(
        parameters,
        network_parts.seed_of(inputs),
        inputs["target"],
        chosen_synapse=parameters.chosen_synapse,
        coincidence_ms=parameters.coincidence_ms,
        reward_delay_min_ms=parameters.reward_delay_min_ms,
        reward_delay_span_ms=parameters.reward_delay_span_ms,
    )


def _record_chosen(record: Arrays, second: int, network: Network, parameters: Parameters) -> None:
    """Put what is kept of the chosen synapse's last second into the record."""
    chunk, chosen = network.chunk, parameters.chosen_synapse
    record["chosen_weight_mV"][second] = chunk.chosen_weight_mV[-1]
    record["chosen_eligibility_mV"][second] = chunk.chosen_eligibility_mV[-1]
    record["neighbour_weight_mV"][second] = network.state.weight_mV[parameters.neighbour_synapse]
    if (second + 1) % parameters.sample_interval_s == 0:
        sample = (second + 1) // parameters.sample_interval_s - 1
        weight_mV = network.state.weight_mV[: parameters.exc_synapses]
        record["chosen_rank"][sample] = network_parts.mid_rank(weight_mV[chosen], np.delete(weight_mV, chosen))
        record["stronger_synapses"][sample] = np.count_nonzero(weight_mV > weight_mV[chosen])
    coincidence_step, reward_step = network.scheduled_rewards()
    record["coincidence_step"] = np.concatenate([record["coincidence_step"], coincidence_step])
    record["reward_step"] = np.concatenate([record["reward_step"], reward_step])
    _record_close_up(record, second, network, parameters)


def _record_close_up(record: Arrays, second: int, network: Network, parameters: Parameters) -> None:
    """Put what the last second has of the close-up into the record.

    The close-up begins before its coincidence, so the second before is kept until the next one is over.
    """
    chunk, step = network.chunk, network.step
    spike_step, spike_cell = network.spikes()
    first = second * STEPS_PER_S + 1
    present = np.zeros((len(_CLOSE_UP), STEPS_PER_S))
    present[:3] = chunk.chosen_weight_mV, chunk.chosen_eligibility_mV, chunk.dopamine
    for row, cell in ((3, step.chosen_pre), (4, step.chosen_post)):
        present[row, spike_step[spike_cell == cell] - first] = 1.0
    shown = record["coincidence_step"][parameters.close_up_reward :][:1]
    if len(shown):
        start = int(shown[0]) - CLOSE_UP_BEFORE_MS
        _copy_overlap(record["close_up"], start, record["previous_second"], first - STEPS_PER_S)
        _copy_overlap(record["close_up"], start, present, first)
    record["previous_second"] = present


def _copy_overlap(into: FloatArray, into_first: int, source: FloatArray, source_first: int) -> None:
    """Copy those columns of one array that another one has too; the first column of each has the given number."""
    begin = max(into_first, source_first)
    end = min(into_first + into.shape[1], source_first + source.shape[1])
    if begin < end:
        into[:, begin - into_first : end - into_first] = source[:, begin - source_first : end - source_first]


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"minute": parameters.duration_s // MINUTE_S}


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
        Variables of `STATISTICS`; NaN where a quantity is not defined, such as the time of what never happened.
    """
    weight_mV, rank = run["chosen_weight_mV"], run["chosen_rank"]
    upper_mV, rewards = run["upper_weight_mV"], run["rewards"]
    percent = 100 * rank / parameters.exc_synapses
    high = np.flatnonzero(weight_mV >= HIGH_SHARE * parameters.w_max_mV)
    high_bins = run["weight_histogram"][:, round(HIGH_SHARE * network_parts.WEIGHT_BINS) :]
    part_s = parameters.duration_s // PART
    minutes_s = np.arange(MINUTE_S, parameters.duration_s + 1, MINUTE_S)
    sample_at = minutes_s // parameters.sample_interval_s - 1

    def after_each_minute(samples: FloatArray | IntArray) -> FloatArray:
        course: FloatArray = np.where(sample_at >= 0, samples[sample_at], np.nan)
        return course

    rewards_early, rewards_late = rewards[part_s - 1], rewards[-1] - rewards[-1 - part_s]
    return build(
        STATISTICS,
        {
            "chosen_weight_course_mV": weight_mV[minutes_s - 1],
            "chosen_eligibility_course_mV": run["chosen_eligibility_mV"][minutes_s - 1],
            "chosen_rank_course": after_each_minute(rank),
            "stronger_synapses_course": after_each_minute(run["stronger_synapses"]),
            "high_synapses_course": after_each_minute(high_bins.sum(axis=1)),
            "chosen_weight_final_mV": weight_mV[-1],
            "chosen_weight_highest_mV": weight_mV.max(),
            "chosen_weight_late_mV": weight_mV[len(weight_mV) // 2 :].mean(),
            "chosen_high_s": high[0] + 1 if len(high) else math.nan,
            "chosen_rank_final_percent": percent[-1],
            "chosen_rank_late_percent": np.median(percent[len(percent) // 2 :]),
            "chosen_rank_best": rank.min(),
            "high_synapses_final": high_bins[-1].sum(),
            "other_weight_largest_mV": upper_mV[:, 0].max(),
            "weight_percentile_99_mV": upper_mV[-1, 2],
            "weight_percentile_90_mV": upper_mV[-1, 3],
            "mean_weight_final_mV": run["mean_weight_mV"][-1],
            "rewards_given": rewards[-1],
            "rewards_early": rewards_early,
            "rewards_late": rewards_late,
            "rewards_gain": rewards_late - rewards_early,
            "rate_exc_mean_Hz": run["rate_exc_Hz"].mean(),
            "rate_inh_mean_Hz": run["rate_inh_Hz"].mean(),
            "rate_exc_highest_Hz": run["rate_exc_Hz"].max(),
        },
    )


# Replaying recordings of Octave, and its verified replay's summaries ----------------------------------

RECORDINGS = ("izhikevich_distal_reward", "izhikevich_distal_reward_full")

_PARAMETER_NAMES = NETWORK_PARAMETER_NAMES | {"chosen_synapse": "chosen_slot"}

_EXACT = Tolerance(absolute=1e-12)

TOLERANCES: dict[str, Tolerance] = {
    "network_pre": Tolerance(),
    "network_post": Tolerance(),
    "network_weight_initial": _EXACT,
    "network_weight_final": _EXACT,
    "network_eligibility_final": _EXACT,
    "weights_each_second": _EXACT,
    "spikes_each_second": Tolerance(),
    "spikes_exc_each_second": Tolerance(),
    "spikes_inh_each_second": Tolerance(),
    "spike_checksum_each_second": Tolerance(),
    "chosen_weight": _EXACT,
    "chosen_eligibility": _EXACT,
    "dopamine": _EXACT,
    "chosen_weight_each_second": _EXACT,
    "chosen_eligibility_each_second": _EXACT,
    "dopamine_each_second": _EXACT,
    "reward_time": Tolerance(),
    "chosen_pre_spike_time": Tolerance(),
    "chosen_post_spike_time": Tolerance(),
    "v_final": _EXACT,
    "u_final": _EXACT,
    "noise_check": _EXACT,
}

SPIKES = ("network_spike",)

RECORDED_INPUTS = ("weights_each_second_row",)

#: Seed, duration and parameters are enough: noise, wiring and delays are drawn from the seed.
NEEDED_INPUTS = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = {_PARAMETER_NAMES.get(name, name): value for name, value in parameters.items()}
    duration_ms = float(recording.attrs.get("duration_ms", math.nan))
    if not duration_ms > 0 or duration_ms % STEPS_PER_S:
        raise UserError(f"attribute 'duration_ms' is {duration_ms:g}; it has to be a number of whole seconds")
    values["duration_s"] = int(duration_ms) // STEPS_PER_S
    return {"parallel_synapses_add": False, "sample_interval_s": 10, "close_up_reward": 0} | values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's seed.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording with the attributes ``seed`` and ``duration_ms``.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units. Lists of
        all spikes and traces of each step only if the recording has them: an hour of them would not fit.
    """
    seed = int(recording.attrs.get("seed", -1))
    if seed < 0:
        raise UserError(f"attribute 'seed' is {seed}: no single run, so there is nothing to replay")
    inputs = sample_inputs(parameters, seed)
    network = _network(parameters, inputs)
    rows = recording["weights_each_second_row"].values if "weights_each_second_row" in recording else np.zeros(0, int)
    shape = (parameters.cells, parameters.synapses_per_cell)
    initial_mV = network.state.weight_mV.copy()
    each_second: dict[str, list[Any]] = {}
    lists: dict[str, list[Any]] = {}

    def keep(store: dict[str, list[Any]], name: str, value: Any) -> None:
        if name in recording:
            store.setdefault(name, []).append(value)

    for _ in network_parts.seconds(network, {}, parameters.duration_s, f"replay, seed {seed}", None):
        step, cell = network.spikes()
        chunk = network.chunk
        inhibitory = int(np.count_nonzero(cell >= parameters.exc_cells))
        keep(each_second, "spikes_each_second", len(cell))
        keep(each_second, "spikes_exc_each_second", len(cell) - inhibitory)
        keep(each_second, "spikes_inh_each_second", inhibitory)
        keep(each_second, "spike_checksum_each_second", float(step @ (cell + 1)))
        keep(each_second, "chosen_weight_each_second", chunk.chosen_weight_mV[-1])
        keep(each_second, "chosen_eligibility_each_second", chunk.chosen_eligibility_mV[-1])
        keep(each_second, "dopamine_each_second", chunk.dopamine[-1])
        keep(each_second, "weights_each_second", network.state.weight_mV.reshape(shape)[rows])
        keep(lists, "network_spike_time", step)
        keep(lists, "network_spike_index", cell)
        keep(lists, "chosen_weight", chunk.chosen_weight_mV.copy())
        keep(lists, "chosen_eligibility", chunk.chosen_eligibility_mV.copy())
        keep(lists, "dopamine", chunk.dopamine.copy())
        keep(lists, "reward_time", network.scheduled_rewards()[1])
        keep(lists, "chosen_pre_spike_time", step[cell == network.step.chosen_pre])
        keep(lists, "chosen_post_spike_time", step[cell == network.step.chosen_post])
    values: dict[str, Any] = {name: np.array(items) for name, items in each_second.items()}
    values |= {name: np.concatenate(items) for name, items in lists.items()}
    values |= {
        "network_pre": np.repeat(np.arange(shape[0]), shape[1]),
        "network_post": inputs["target"],
        "network_weight_initial": initial_mV,
        "network_weight_final": network.state.weight_mV,
        "network_eligibility_final": network.state.eligibility_mV,
        "v_final": network.state.v_mV,
        "u_final": network.state.u_mV,
        "noise_check": noise_check(seed),
    }
    # Dimensions take their names from the recording, unless one of its lists has another length than ours.
    variables = {}
    for name, value in values.items():
        if name in recording:
            fits = recording[name].shape == value.shape
            dimensions = recording[name].dims if fits else tuple(f"{name}_{axis}" for axis in range(value.ndim))
            variables[name] = (dimensions, value)
    return variables


def noise_check(seed: int) -> FloatArray:
    """Return the first five numbers of the noise stream, and the sum of the first thousand."""
    from replasticity.models.distal_reward import NOISE_STREAM
    from replasticity.numerics.philox import fill_uniform

    numbers = np.zeros(1000)
    fill_uniform(numbers, 0, np.uint64(seed), np.uint64(NOISE_STREAM))
    return np.append(numbers[:5], numbers.sum())


def of_peer(summary: "xr.Dataset", parameters: Parameters) -> "xr.Dataset":
    """Return our statistics of the runs in a summary that were made under an experiment's condition.

    Parameters
    ----------
    summary : xarray.Dataset
        Courses over time along the dimension ``simulate``, of several conditions.
    parameters : Parameters
        The experiment's parameters: they say which condition it is.

    Returns
    -------
    xarray.Dataset
        The statistics of `PEER_NAMES` along ``seed``, and the attributes of the summary, its parameters changed to
        those of the condition.
    """
    condition, recorded = "default", dict(recorded_json(summary))
    if parameters.parallel_synapses_add:
        condition = "summed_duplicates"
        recorded["parallel_synapses_add"] = True
    elif parameters.dopamine_increment == 0:
        condition = "no_dopamine"
        recorded["dopamine_increment"] = 0.0
    runs: IntArray = np.flatnonzero(summary["condition"].values == condition)
    theirs = Parameters.model_validate(recorded_parameters(summary, recorded), context={"recorded": True})
    statistics = [summarise(theirs, _run_of_summary(summary.isel(run=k))) for k in runs]
    contract = {
        name: replace(STATISTICS[name], dimensions=("seed", *STATISTICS[name].dimensions)) for name in PEER_NAMES
    }
    stacked = {name: np.stack([each[name] for each in statistics]) for name in PEER_NAMES}
    attributes = summary.attrs | {"parameters": json.dumps(recorded)}
    return as_dataset(contract, stacked, **attributes).assign_coords(seed=summary["seed"].values[runs])


def recorded_json(summary: "xr.Dataset") -> dict[str, Any]:
    """Return the recorded parameters of a summary."""
    parameters: dict[str, Any] = json.loads(summary.attrs["parameters"])
    return parameters


def _run_of_summary(one: "xr.Dataset") -> Arrays:
    """Return what a summary has of one run under the names of `RUN`; what it has not is not a number."""
    names = {
        "rate_exc": "rate_exc_Hz",
        "rate_inh": "rate_inh_Hz",
        "chosen_weight": "chosen_weight_mV",
        "rewards": "rewards",
        "mean_weight": "mean_weight_mV",
        "other_weights": "upper_weight_mV",
        "weight_histogram": "weight_histogram",
    }
    # Its rank does not say how many others are as strong.
    rank = one["chosen_rank"].values
    return {ours: one[theirs].values for theirs, ours in names.items()} | {
        "stronger_synapses": rank - 1,
        "chosen_rank": np.full(len(rank), np.nan),
        "chosen_eligibility_mV": np.full(one.sizes["second"], np.nan),
    }
