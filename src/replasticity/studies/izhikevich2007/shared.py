"""What both protocols share: what is recorded of each second of the network, and how long runs are resumed."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from replasticity.models.distal_reward_parameters import STEPS_PER_S, DistalRewardNetwork
from replasticity.pipeline import progress
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable, build

if TYPE_CHECKING:
    from replasticity.models.distal_reward_network import Network

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: A killed run loses at most this much model time [s].
CHECKPOINT_INTERVAL_S = 120

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
    """Return zeros for all that a run has along seconds or samples; `lengths` are those of its own dimensions."""
    samples = p.duration_s // p.sample_interval_s
    lengths |= {"time_s": p.duration_s, "sample_s": samples}
    lengths |= {"upper_share": len(UPPER_SHARES), "weight_bin": WEIGHT_BINS}
    record = {
        name: np.zeros([lengths[dimension] for dimension in variable.dimensions], variable.dtype)
        for name, variable in contract.items()
        if variable.dimensions[:1] in (("time_s",), ("sample_s",))
    }
    record["time_s"] += np.arange(1, p.duration_s + 1)
    record["sample_s"] += np.arange(1, samples + 1) * p.sample_interval_s
    return record


def seconds(
    network: "Network", record: Arrays, p: DistalRewardNetwork, what: str, checkpoint: Checkpoint | None
) -> Iterator[tuple[int, int | None]]:
    """Simulate a second at a time and yield its number, and that of the sample of weights that is due, if one is.

    Checkpoints keep the network's state and the record, which is all that the caller writes after each second; from the
    last one on the run goes on. ``what`` is shown with the progress.
    """
    state = network.state._asdict()
    saved = (checkpoint.load() if checkpoint else None) or {"done_s": np.array(0)}
    done_s = int(saved.pop("done_s"))
    for name, array in saved.items():
        if name in state:
            state[name][...] = array
        else:
            record[name.removeprefix("record.")] = array
    for first, end in progress.in_chunks(p.duration_s * STEPS_PER_S, STEPS_PER_S, what, done_s * STEPS_PER_S):
        network.advance(first, end)
        done_s = end // STEPS_PER_S
        sample, is_between = divmod(done_s, p.sample_interval_s)
        yield done_s - 1, None if is_between else sample - 1
        if checkpoint and done_s % CHECKPOINT_INTERVAL_S == 0 and done_s < p.duration_s:
            recorded = {f"record.{name}": array for name, array in record.items()}
            checkpoint.save({"done_s": np.array(done_s), **state, **recorded})


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


def mid_rank(value: FloatArray | np.float64, others: FloatArray) -> Any:
    """Return the rank of a value among others (first axis), 1 for the largest; equal values share their mean rank.

    Many weights lie exactly at a bound: the best of their ranks for all of them would call each the strongest.
    """
    return 1 + np.sum(others > value, axis=0) + np.sum(others == value, axis=0) / 2
