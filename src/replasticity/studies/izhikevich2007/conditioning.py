"""One of 100 stimuli is followed by reward.

Stimuli S1 to S100 are sets of neurons that get a pulse of current, one stimulus every 100 to 300 ms. Reward follows S1,
up to a second later, while other stimuli come in between. The network is that of `reward`, with no synapse chosen.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import model_validator

from replasticity.definitions.parameters import Cost, PositiveInt, quantity
from replasticity.models.distal_reward_parameters import STEPS_PER_S, RewardedStimuli
from replasticity.numerics import random
from replasticity.numerics.arrays import averaging
from replasticity.numerics.events import mean_around, sums_after
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.izhikevich2007 import PART, shared
from replasticity.studies.izhikevich2007.shared import NETWORK_RUN

#: What is kept around a stimulus begins and ends this long before and after it [ms].
BEFORE_MS, AFTER_MS = 200, 400

#: The rewarded stimulus S1.
REWARDED_GROUP = 0


class Parameters(RewardedStimuli):
    """The network, its stimuli and rewards, and what counts as response."""

    rewarded: Literal["first_stimulus", "any_stimulus"] = quantity(
        "What is rewarded: each presentation of S1, or as many presentations of any stimulus by chance."
    )
    response_windows_ms: list[PositiveInt] = quantity(
        "Excitatory spikes are counted as response in steps 1 to this after the stimulus.", min_length=1
    )

    @model_validator(mode="after")
    def _windows_fit(self) -> "Parameters":
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
            # Excitatory spikes of each step, their sums, and its stimulus.
            + 2.0 * STEPS_PER_S * self.duration_s
            + 2 * (BEFORE_MS + AFTER_MS) * float(self.cells)
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
    "raster_stimulus": Variable(("part", "around_ms"), f"number of the stimulus, or 0, {_AROUND}", "int32", trace=True),
}

SHORTEST = {"duration_s": 10}
SHORTEST_IN_PYTHON = {"exc_cells": 80, "inh_cells": 20}


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


def simulate(p: Parameters, inputs: Arrays, checkpoint: Checkpoint | None = None) -> Arrays:
    from replasticity.models.distal_reward_network import Network

    seed, steps, around_ms = int(inputs["seed"]), p.duration_s * STEPS_PER_S, np.arange(-BEFORE_MS, AFTER_MS)
    stimulus_ms, group = inputs["stimulus_ms"].astype(np.int64), inputs["stimulus_group"].astype(np.int64)
    reward_delay_ms = inputs["stimulus_reward_delay_ms"].astype(np.int64)
    stimuli = {"step": stimulus_ms, "group": group, "reward_delay_ms": reward_delay_ms, "cells": inputs["group_cell"]}
    network = Network(p, seed, inputs["target"], stimuli=stimuli, stimulus_mV=p.stimulus_mV)
    is_s1 = group == REWARDED_GROUP
    # All that is shown around a stimulus has to lie in the run.
    is_whole = (stimulus_ms > BEFORE_MS) & (stimulus_ms <= steps - AFTER_MS)
    # The first and the last presentation of S1, if there is one.
    shown_ms = np.array([*stimulus_ms[is_whole & is_s1][:1], *stimulus_ms[is_whole & is_s1][-1:]], np.int64)
    record = shared.empty_record(RUN, p, group=p.stimuli, part=2, around_ms=len(around_ms), cell=p.cells)
    # There is no step 0.
    record["exc_spikes"] = np.zeros(steps + 1, np.int32)
    # A stimulus may happen to have inhibitory neurons only.
    averaging_over_group = averaging(inputs["group_cell"], p.exc_cells)
    for second, sample in shared.seconds(network, record, p, f"Pavlovian conditioning, seed {seed}", checkpoint):
        shared.record_second(record, second, sample, network, p)
        if sample is not None:
            weight_mV = network.exc_weight_mV.reshape(p.exc_cells, -1)
            record["group_weight_mV"][sample] = averaging_over_group @ weight_mV.mean(axis=1)
        step, cell = network.spikes()
        first = second * STEPS_PER_S + 1
        in_second = np.bincount(step[cell < p.exc_cells] - first, minlength=STEPS_PER_S)
        record["exc_spikes"][first : first + STEPS_PER_S] = in_second
        for raster, at_ms in zip(record["raster"], shown_ms, strict=False):
            row = step - at_ms + BEFORE_MS
            inside = (row >= 0) & (row < len(raster))
            raster[row[inside], cell[inside]] = 1
    number = np.zeros(steps + 1, np.int32)
    number[stimulus_ms] = group + 1
    record["raster_stimulus"][: len(shown_ms)] = number[np.add.outer(shown_ms, around_ms)]
    windows_ms, exc_spikes = np.array(p.response_windows_ms), record["exc_spikes"]
    response = sums_after(exc_spikes, stimulus_ms, windows_ms)
    first_part, last_part = stimulus_ms <= steps / PART, stimulus_ms > steps - steps / PART
    around = [
        [mean_around(exc_spikes, stimulus_ms[is_whole & part & chosen], around_ms) for chosen in (is_s1, ~is_s1)]
        for part in (first_part, last_part)
    ]
    return shared.finished_run(
        RUN,
        record,
        network,
        response_window_ms=windows_ms,
        response=np.where(stimulus_ms[:, None] <= steps - AFTER_MS, response, -1),
        around_ms=around_ms,
        around_rate_Hz=np.array(around) / p.exc_cells * STEPS_PER_S,
    )
