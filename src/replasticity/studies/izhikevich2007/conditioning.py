"""One of 100 stimuli is followed by reward.

Stimuli S1 to S100 are sets of neurons that get a pulse of current, one stimulus every 100 to 300 ms. Reward follows S1,
up to a second later, while other stimuli come in between. The network is that of `reward`, with no synapse chosen.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from replasticity.definitions.parameters import Cost, NonNegative, PositiveInt, quantity
from replasticity.models.distal_reward_parameters import STEPS_PER_S
from replasticity.numerics import random
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.izhikevich2007 import shared
from replasticity.studies.izhikevich2007.shared import NETWORK_RUN, FloatArray, RunParameters

if TYPE_CHECKING:
    from replasticity.models.distal_reward_network import Network

#: What is kept around a stimulus begins and ends this long before and after it [ms].
BEFORE_MS, AFTER_MS = 200, 400

#: The first and the last part of the run are compared, this share of it each.
PART = 6

#: The rewarded stimulus S1.
REWARDED_GROUP = 0


class Parameters(RunParameters):
    """Parameters of the protocol: the network's, and those of stimuli and rewards."""

    stimuli: PositiveInt = quantity("Number of different stimuli.", ge=2)
    stimulus_cells: PositiveInt = quantity("Cells of each stimulus.")
    stimulus_mV: NonNegative = quantity("Current into each cell of a stimulus, for one step.")
    interval_min_ms: PositiveInt = quantity("Shortest time from one stimulus to the next.")
    interval_max_ms: PositiveInt = quantity("Longest time from one stimulus to the next.")
    reward_delay_max_ms: PositiveInt = quantity("Longest time from a stimulus to its reward.")
    rewarded: Literal["first_stimulus", "any_stimulus"] = quantity(
        "What is rewarded: each presentation of S1, or as many presentations of any stimulus by chance."
    )
    response_windows_ms: list[PositiveInt] = quantity(
        "Excitatory spikes are counted as response in steps 1 to this after the stimulus.", min_length=1
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


NO_CELLS = "the stimulus has no excitatory cells"
_AROUND = f"{BEFORE_MS} ms before to {AFTER_MS} ms after a presentation of S1"
RUN = {
    **NETWORK_RUN,
    "rate_exc_Hz": replace(NETWORK_RUN["rate_exc_Hz"], trace=True),
    "group_cell": Variable(("group", "member"), "cells of each stimulus", "int32"),
    "stimulus_ms": Variable(("stimulus",), "time of each presentation"),
    "stimulus_group": Variable(("stimulus",), "which stimulus it is; 0 stands for S1", "int32"),
    "stimulus_reward_delay_ms": Variable(("stimulus",), "time to its reward; 0 without reward"),
    "response_window_ms": Variable(
        ("response_window_ms",), "windows of the response, from the step after it", trace=True
    ),
    "response": Variable(
        ("stimulus", "response_window_ms"), "excitatory spikes in the window after each stimulus; -1 where cut", "int32"
    ),
    "group_weight_mV": Variable(
        ("sample_s", "group"),
        "mean weight of the excitatory synapses of a stimulus's cells",
        undefined=NO_CELLS,
        trace=True,
    ),
    "around_ms": Variable(("around_ms",), "time after a stimulus", trace=True),
    "around_rate_Hz": Variable(
        ("part", "rewarded", "around_ms"),
        "mean excitatory rate around a stimulus; first and last part of the run; S1 and the others",
        undefined="no such stimulus comes in that part",
        trace=True,
    ),
    "raster": Variable(
        ("part", "around_ms", "cell"), f"1 where a cell spikes, {_AROUND}: the first, the last", "int8", trace=True
    ),
    "raster_stimulus": Variable(
        ("part", "around_ms"), f"number of the stimulus, or 0, {_AROUND}", "int32", trace=True
    ),
}

SHORTEST = {"duration_s": 10}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return targets, stimuli and rewards, and the seed that stands for the noise."""
    from replasticity.models.distal_reward import sample_targets

    cells = random.generator(seed, "stimulus cells")
    group_cell = [np.sort(cells.choice(p.cells, p.stimulus_cells, replace=False)) for _ in range(p.stimuli)]
    order = random.generator(seed, "stimulus order")
    most = p.duration_s * STEPS_PER_S // p.interval_min_ms
    stimulus_ms = np.cumsum(order.integers(p.interval_min_ms, p.interval_max_ms, size=most, endpoint=True))
    group = order.integers(p.stimuli, size=most)
    rewards = random.generator(seed, "reward")
    delay_ms = rewards.integers(1, p.reward_delay_max_ms, size=most, endpoint=True)
    by_chance = rewards.integers(p.stimuli, size=most) == 0
    rewarded = group == REWARDED_GROUP if p.rewarded == "first_stimulus" else by_chance
    shown = stimulus_ms <= p.duration_s * STEPS_PER_S
    inputs = {
        "target": sample_targets(seed, p.exc_cells, p.inh_cells, p.synapses_per_cell),
        "group_cell": group_cell,
        "stimulus_ms": stimulus_ms[shown],
        "stimulus_group": group[shown],
        "stimulus_reward_delay_ms": np.where(rewarded, delay_ms, 0)[shown],
    }
    return build(RUN, inputs) | {"seed": np.array(seed)}


def stimulated_network(p: Parameters, inputs: Arrays) -> "Network":
    """Return the network before its first step."""
    from replasticity.models.distal_reward_network import Network

    stimuli = {
        "step": inputs["stimulus_ms"].astype(np.int64),
        "group": inputs["stimulus_group"].astype(np.int64),
        "reward_delay_ms": inputs["stimulus_reward_delay_ms"].astype(np.int64),
        "cells": inputs["group_cell"].astype(np.int32),
    }
    return Network(p, shared.seed_of(inputs), inputs["target"], stimuli=stimuli, stimulus_mV=p.stimulus_mV)


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    return simulate_resumable(p, inputs, None)


def simulate_resumable(p: Parameters, inputs: Arrays, checkpoint: Checkpoint | None) -> Arrays:
    network, around_ms = stimulated_network(p, inputs), np.arange(-BEFORE_MS, AFTER_MS)
    # The first and the last part of the run; S1 and the others.
    parts = (2, 2, len(around_ms))
    record = shared.empty_record(RUN, p, group=p.stimuli) | {
        "response": np.full((len(inputs["stimulus_ms"]), len(p.response_windows_ms)), -1, np.int32),
        "around_spikes": np.zeros(parts, np.int64),
        "around_count": np.zeros(parts[:2], np.int64),
        "raster": np.zeros((2, len(around_ms), p.cells), np.int8),
        "raster_stimulus": np.zeros((2, len(around_ms)), np.int32),
        # Of the second before the last one, and the last one.
        "recent": np.zeros((2 * STEPS_PER_S, p.cells), np.int8),
        "recent_exc_spikes": np.zeros(2 * STEPS_PER_S, np.int64),
        "finished": np.zeros((), np.int64),
    }
    membership = _membership(p, inputs["group_cell"])
    what = f"Pavlovian conditioning, seed {shared.seed_of(inputs)}"
    for second, sample in shared.seconds(network, record, p, what, checkpoint):
        shared.record_second(record, second, sample, network, p)
        if sample is not None:
            weight_mV = network.exc_weight_mV.reshape(p.exc_cells, -1)
            record["group_weight_mV"][sample] = membership @ weight_mV.mean(axis=1)
        _record_responses(record, second, network, p, inputs)
    with np.errstate(invalid="ignore"):
        mean_spikes = record["around_spikes"] / record["around_count"][..., None]
    return shared.finished_run(
        RUN,
        record,
        network,
        response_window_ms=p.response_windows_ms,
        around_ms=around_ms,
        around_rate_Hz=mean_spikes / p.exc_cells * STEPS_PER_S,
    )


def _membership(p: Parameters, group_cell: npt.NDArray[np.int32]) -> FloatArray:
    """Return the matrix that turns values of excitatory neurons into means over the neurons of each stimulus."""
    members = np.zeros((p.stimuli, p.cells))
    np.put_along_axis(members, group_cell, 1.0, axis=1)
    members = members[:, : p.exc_cells]
    # A stimulus may happen to have inhibitory neurons only.
    total = members.sum(axis=1, keepdims=True)
    means: FloatArray = np.divide(members, total, out=np.full_like(members, np.nan), where=total > 0)
    return means


def _record_responses(record: Arrays, second: int, network: "Network", p: Parameters, inputs: Arrays) -> None:
    """Put the responses to all stimuli whose surroundings end in the last second into the record."""
    step, cell = network.spikes()
    # Row r of the recent spikes is step r + offset: the second before, and the last one.
    offset = 1 + (second - 1) * STEPS_PER_S
    recent, exc_spikes = record["recent"], record["recent_exc_spikes"]
    for array in (recent, exc_spikes):
        array[:STEPS_PER_S], array[STEPS_PER_S:] = array[STEPS_PER_S:], 0
    recent[step - offset, cell] = 1
    np.add.at(exc_spikes, step[cell < p.exc_cells] - offset, 1)
    stimulus_ms = inputs["stimulus_ms"].astype(np.int64)
    last = np.searchsorted(stimulus_ms, (second + 1) * STEPS_PER_S - AFTER_MS, side="right")
    for k in range(int(record["finished"]), int(last)):
        row = stimulus_ms[k] - offset
        for column, window_ms in enumerate(p.response_windows_ms):
            record["response"][k, column] = exc_spikes[row + 1 : row + 1 + window_ms].sum()
        # What was before the run is not known.
        if stimulus_ms[k] > BEFORE_MS:
            around = slice(row - BEFORE_MS, row + AFTER_MS)
            _record_surroundings(record, k, exc_spikes[around], recent[around], p, inputs)
    record["finished"] = np.array(last)


def _record_surroundings(
    record: Arrays, k: int, exc_spikes: npt.NDArray[np.int64], spikes: npt.NDArray[np.int8], p: Parameters, inputs: Arrays
) -> None:
    """Put the spikes around one stimulus into the record."""
    time_ms, group = inputs["stimulus_ms"].astype(np.int64), inputs["stimulus_group"]
    is_rewarded = group[k] == REWARDED_GROUP
    at_s, part_s = time_ms[k] / STEPS_PER_S, p.duration_s / PART
    if at_s <= part_s or at_s > p.duration_s - part_s:
        place = int(at_s > part_s), int(not is_rewarded)
        record["around_spikes"][place] += exc_spikes
        record["around_count"][place] += 1
    if is_rewarded:
        after_ms = time_ms - time_ms[k] + BEFORE_MS
        inside = (after_ms >= 0) & (after_ms < BEFORE_MS + AFTER_MS)
        # The first one is the last one so far, too.
        for part in (0, 1) if not record["raster_stimulus"].any() else (1,):
            record["raster"][part] = spikes
            record["raster_stimulus"][part] = 0
            record["raster_stimulus"][part, after_ms[inside]] = group[inside] + 1
