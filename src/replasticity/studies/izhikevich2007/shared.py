"""What both protocols share: what is recorded of each second of the network, and how long runs are resumed."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.models.distal_reward_parameters import STEPS_PER_S, DistalRewardNetwork
from replasticity.pipeline import checkpoints
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable, build, zeros

if TYPE_CHECKING:
    from replasticity.models.distal_reward_network import Network

#: Bins of the histogram of weights, from 0 to the bound.
WEIGHT_BINS = 80

#: Share of the excitatory synapses above each of the recorded weights; 0 stands for the largest.
UPPER_SHARES = (0.0, 0.001, 0.01, 0.1)

NETWORK_RUN = {
    "time_s": Variable(("time_s",), "end of each second", trace=True),
    "sample_s": Variable(("sample_s",), "time of the samples of the weights", trace=True),
    "upper_share": Variable(("upper_share",), "share of the excitatory synapses that are stronger"),
    "target": Variable(("synapse",), "target of each synapse; synapse = cell * synapses per cell + slot", "int32"),
    "weight_final_mV": Variable(("synapse",), "weight of each synapse after the last step"),
    "rate_exc_Hz": Variable(("time_s",), "rate of the excitatory cells in each second"),
    "rate_inh_Hz": Variable(("time_s",), "rate of the inhibitory cells in each second"),
    "rewards": Variable(("time_s",), "rewards given up to the end of each second", "int32"),
    "dopamine": Variable(("time_s",), "dopamine above its baseline at the end of each second"),
    "mean_weight_mV": Variable(("sample_s",), "mean excitatory weight"),
    "upper_weight_mV": Variable(
        ("sample_s", "upper_share"), "excitatory weight that the given share exceeds, the chosen synapse left out"
    ),
    "weight_histogram": Variable(
        ("sample_s", "weight_bin"), "excitatory synapses per bin of weight, from 0 to the bound", "int32"
    ),
}


def empty_record(contract: Mapping[str, Variable], p: DistalRewardNetwork, **lengths: int) -> Arrays:
    """Return zeros for all that a run has along these dimensions, seconds and samples, and the times of both."""
    samples = p.duration_s // p.sample_interval_s
    lengths |= {"time_s": p.duration_s, "sample_s": samples}
    lengths |= {"upper_share": len(UPPER_SHARES), "weight_bin": WEIGHT_BINS}
    return zeros(contract, lengths) | {
        "time_s": np.arange(1.0, p.duration_s + 1),
        "sample_s": np.arange(1.0, samples + 1) * p.sample_interval_s,
    }


def seconds(
    network: "Network", record: Arrays, p: DistalRewardNetwork, what: str, checkpoint: Checkpoint | None
) -> Iterator[tuple[int, int | None]]:
    """Simulate a second at a time and yield its number, and that of the sample of weights that is due, if one is.

    ``what`` is shown with the progress. The record is all that the caller writes after each second.
    """
    for first, end in checkpoints.in_chunks(
        p.duration_s * STEPS_PER_S,
        STEPS_PER_S,
        what,
        checkpoint=checkpoint,
        state=network.state._asdict(),
        record=record,
    ):
        network.advance(first, end)
        sample, is_between = divmod(end // STEPS_PER_S, p.sample_interval_s)
        yield first // STEPS_PER_S, None if is_between else sample - 1


def record_second(record: Arrays, second: int, sample: int | None, network: "Network", p: DistalRewardNetwork) -> None:
    """Put what both protocols keep of the last second into the record."""
    _, cell = network.spikes()
    exc_spikes = np.count_nonzero(cell < p.exc_cells)
    record["rate_exc_Hz"][second] = exc_spikes / p.exc_cells
    record["rate_inh_Hz"][second] = (len(cell) - exc_spikes) / p.inh_cells
    before = record["rewards"][second - 1] if second else 0
    record["rewards"][second] = before + np.count_nonzero(network.chunk.rewarded)
    record["dopamine"][second] = network.chunk.dopamine[-1]
    if sample is not None:
        weight_mV, chosen = network.exc_weight_mV, network.step.chosen_synapse
        others_mV = np.delete(weight_mV, chosen) if chosen >= 0 else weight_mV
        # The k-th largest is the (n - k)-th smallest, counted from 0.
        ranks = np.array([max(1, math.floor(share * len(weight_mV))) for share in UPPER_SHARES])
        places = len(others_mV) - ranks
        record["mean_weight_mV"][sample] = weight_mV.mean()
        record["upper_weight_mV"][sample] = np.partition(others_mV, places)[places]
        record["weight_histogram"][sample] = np.histogram(weight_mV, WEIGHT_BINS, (0.0, p.w_max_mV))[0]


def finished_run(contract: Mapping[str, Variable], record: Arrays, network: "Network", **more: Any) -> Arrays:
    """Return the run: what the contract has of the record, the last weights, and what is given besides."""
    more |= {"upper_share": UPPER_SHARES, "weight_final_mV": network.state.weight_mV}
    return build(contract, {name: array for name, array in record.items() if name in contract} | more)
