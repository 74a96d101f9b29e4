"""A synapse is rewarded one to three seconds after its presynaptic, and then within 20 ms its postsynaptic spike."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, NonNegativeInt, is_recorded, quantity
from replasticity.definitions.ranges import Range
from replasticity.models.distal_reward_parameters import STEPS_PER_S, RewardedSynapse
from replasticity.numerics.arrays import mid_rank
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.izhikevich2007 import PART, shared
from replasticity.studies.izhikevich2007.shared import NETWORK_RUN

if TYPE_CHECKING:
    from replasticity.models.distal_reward_network import Network

#: One reward is shown close up: this long before and after the coincidence that it is for [ms].
CLOSE_UP_BEFORE_MS, CLOSE_UP_AFTER_MS = 1000, 5000


class Parameters(RewardedSynapse):
    """Parameters of the protocol: those of the network, of the chosen synapse, and of its reward."""

    close_up_reward: NonNegativeInt = quantity(
        "Which reward is recorded at each step, from 0.", output_option=True, varied=Range(0, 9)
    )

    @model_validator(mode="after")
    def _parts_have_a_second(self, info: ValidationInfo) -> "Parameters":
        if self.duration_s < PART and not is_recorded(info):
            raise ValueError(f"duration_s: at least {PART}, since sixths of the run are compared")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the network, the raster and close-up, and each coincidence of the chosen pair."""
        memory_bytes, seconds = self.network_cost(self.reward_delay_min_ms + self.reward_delay_span_ms + 1)
        # A pair that fires together at 100 Hz.
        return Cost(memory_bytes + 4 * STEPS_PER_S * self.cells + 1e6 + 4800 * self.duration_s, seconds)

    @property
    def neighbour_synapse(self) -> int:
        """Number of the excitatory synapse after the chosen one, or before it where there is none."""
        after = self.chosen_synapse + 1
        return after if after < self.exc_synapses else after - 2


def _course(text: str) -> Variable:
    return Variable(("time_s",), f"{text} at the end of each second", trace=True)


#: What is shown close up, in the order of the rows of ``recent``.
_CLOSE_UP = {
    "weight_mV": "weight of the chosen synapse",
    "eligibility_mV": "eligibility of the chosen synapse",
    "dopamine": "dopamine above its baseline",
    "pre": "1 where the chosen presynaptic cell spikes",
    "post": "1 where the chosen postsynaptic cell spikes",
}
_NOT_SHOWN = "there is no such coincidence, or that time lies outside the run"

RUN = {
    **NETWORK_RUN,
    "rewards": replace(NETWORK_RUN["rewards"], trace=True),
    "weight_histogram": replace(NETWORK_RUN["weight_histogram"], trace=True),
    "chosen_weight_mV": _course("weight of the chosen synapse"),
    "chosen_eligibility_mV": _course("eligibility of the chosen synapse"),
    "chosen_rank": Variable(
        ("sample_s",),
        "rank of the chosen synapse among the excitatory, 1 for the strongest; ties share their mean",
        trace=True,
    ),
    "stronger_synapses": Variable(
        ("sample_s",), "excitatory synapses that are stronger than the chosen one, ties left out", "int32"
    ),
    "neighbour_weight_mV": _course("weight of the synapse beside the chosen one, which earns no reward,"),
    "coincidence_time_ms": Variable(("reward",), "time of each coincidence of the chosen pair"),
    "reward_time_ms": Variable(("reward",), "time of its reward; may lie behind the end"),
    "close_up_ms": Variable(("close_up_ms",), "time after the coincidence, close up", trace=True),
    **{
        f"close_up_{name}": Variable(("close_up_ms",), f"{text}, close up", undefined=_NOT_SHOWN, trace=True)
        for name, text in _CLOSE_UP.items()
    },
    "close_up_coincidence_s": Variable(
        (),
        "time of the coincidence shown close up; NaN without one",
        undefined="there is no such coincidence",
        trace=True,
    ),
    "raster": Variable(("raster_step", "cell"), "1 where a cell spikes, last second of the run", "int8", trace=True),
}

SHORTEST = {"duration_s": 6, "sample_interval_s": 6}
SHORTEST_IN_PYTHON = {"exc_cells": 80, "inh_cells": 20}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return the targets of all synapses, and the seed that stands for noise and reward delays.

    An hour of noise is 29 GB of numbers, a function of seed, step and neuron that is computed where it is needed
    (docs/models/distal_reward.md#random-inputs).
    """
    from replasticity.models.distal_reward import sample_targets

    targets = sample_targets(seed, p.exc_cells, p.inh_cells, p.synapses_per_cell)
    return build(RUN, {"target": targets}) | {"seed": np.array(seed)}


def simulate(p: Parameters, inputs: Arrays, checkpoint: Checkpoint | None = None) -> Arrays:
    from replasticity.models.distal_reward_network import Network

    seed, close_up_ms = int(inputs["seed"]), np.arange(-CLOSE_UP_BEFORE_MS, CLOSE_UP_AFTER_MS)
    network = Network(p, seed, inputs["target"], rewarded=p)
    record = shared.empty_record(RUN, p) | {
        "coincidence_time_ms": np.zeros(0, np.int64),
        "reward_time_ms": np.zeros(0, np.int64),
        "close_up_ms": close_up_ms,
        "close_up_coincidence_s": np.array(math.nan),
        **{f"close_up_{name}": np.full(len(close_up_ms), math.nan) for name in _CLOSE_UP},
        # The last second, and the one before.
        "recent": np.full((len(_CLOSE_UP), 2 * STEPS_PER_S), math.nan),
    }
    for second, sample in shared.seconds(network, record, p, f"distal reward, seed {seed}", checkpoint):
        shared.record_second(record, second, sample, network, p)
        _record_chosen(record, second, sample, network, p)
        _record_close_up(record, second, network, p)
    raster = np.zeros((STEPS_PER_S, p.cells), np.int8)
    step, cell = network.spikes()
    raster[(step - 1) % STEPS_PER_S, cell] = 1
    return shared.finished_run(RUN, record, network, raster=raster)


def _record_chosen(record: Arrays, second: int, sample: int | None, network: "Network", p: Parameters) -> None:
    """Put what is kept of the chosen synapse's last second into the record."""
    record["chosen_weight_mV"][second] = network.chunk.chosen_weight_mV[-1]
    record["chosen_eligibility_mV"][second] = network.chunk.chosen_eligibility_mV[-1]
    record["neighbour_weight_mV"][second] = network.state.weight_mV[p.neighbour_synapse]
    for name, steps in zip(("coincidence_time_ms", "reward_time_ms"), network.scheduled_rewards(), strict=True):
        record[name] = np.concatenate([record[name], steps])
    if sample is not None:
        weight_mV, chosen = network.exc_weight_mV, p.chosen_synapse
        record["chosen_rank"][sample] = mid_rank(weight_mV[chosen], np.delete(weight_mV, chosen))
        record["stronger_synapses"][sample] = np.count_nonzero(weight_mV > weight_mV[chosen])


def _record_close_up(record: Arrays, second: int, network: "Network", p: Parameters) -> None:
    """Put what the last two seconds have of the close-up, which begins before its coincidence, into the record."""
    # Column k of the recent steps is step k + first.
    chunk, recent, first = network.chunk, record["recent"], (second - 1) * STEPS_PER_S + 1
    recent[:, :STEPS_PER_S] = recent[:, STEPS_PER_S:]
    recent[:3, STEPS_PER_S:] = chunk.chosen_weight_mV, chunk.chosen_eligibility_mV, chunk.dopamine
    recent[3:, STEPS_PER_S:] = 0.0
    step, cell = network.spikes()
    for row, chosen in ((3, network.step.chosen_pre), (4, network.step.chosen_post)):
        recent[row, step[cell == chosen] - first] = 1.0
    shown = record["coincidence_time_ms"][p.close_up_reward :][:1]
    if len(shown):
        record["close_up_coincidence_s"] = shown[0] / STEPS_PER_S
        column = shown[0] + record["close_up_ms"] - first
        inside = (column >= 0) & (column < 2 * STEPS_PER_S)
        for name, values in zip(_CLOSE_UP, recent, strict=True):
            record[f"close_up_{name}"][inside] = values[column[inside]]
