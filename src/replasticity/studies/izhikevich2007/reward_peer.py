"""Recordings of the published program under Octave, and summaries of its verified replay over several hours.

Seed, duration and parameters are enough for a replay: noise, wiring and delays are functions of the seed.
"""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from replasticity.errors import UserError
from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Arrays, Recorded
from replasticity.storage.datasets import as_dataset
from replasticity.studies.izhikevich2007 import reward_statistics, shared
from replasticity.studies.izhikevich2007.reward import Parameters, rewarded_network, sample_inputs
from replasticity.studies.izhikevich2007.shared import STEPS_PER_S, FloatArray, IntArray
from replasticity.study import statistics

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.models.distal_reward_network import Network

RECORDINGS = ("izhikevich_distal_reward", "izhikevich_distal_reward_full")

_STATISTICS = statistics.contract_of(reward_statistics)

#: What summaries do not tell: how many synapses are as strong as the chosen one, and its eligibility.
_NOT_SUMMARISED = {
    "chosen_eligibility_course_mV",
    "chosen_rank_course",
    "chosen_rank_final_percent",
    "chosen_rank_late_percent",
    "chosen_rank_best",
}

#: Summaries have our statistics under our names: `of_peer` makes them.
PEER_NAMES = {name: name for name in _STATISTICS if name not in _NOT_SUMMARISED}

#: Recorded parameter -> ours.
_PARAMETER_NAMES = {
    "n_exc": "exc_cells",
    "n_inh": "inh_cells",
    "n_syn": "synapses_per_cell",
    "a_exc": "a_exc_per_ms",
    "a_inh": "a_inh_per_ms",
    "chosen_synapse": "chosen_slot",
    **{name: f"{name}_mV" for name in ("d_exc", "d_inh", "c", "v_peak", "v_init", "w_exc_init", "w_inh", "w_max")},
    **{name: f"{name}_mV" for name in ("noise_amplitude", "trace_increment")},
}

#: Variable of a summary -> ours.
_SUMMARY_NAMES = {
    "rate_exc": "rate_exc_Hz",
    "rate_inh": "rate_inh_Hz",
    "chosen_weight": "chosen_weight_mV",
    "rewards": "rewards",
    "mean_weight": "mean_weight_mV",
    "other_weights": "upper_weight_mV",
    "weight_histogram": "weight_histogram",
}


class _Second(NamedTuple):
    """What one second left: the network, step and neuron of each spike, and the recorded rows of weights."""

    network: "Network"
    step: IntArray
    cell: IntArray
    rows: IntArray

    @property
    def inhibitory(self) -> int:
        """Number of inhibitory spikes."""
        return int(np.count_nonzero(self.cell >= self.network.step.exc_cells))

    @property
    def weights_mV(self) -> FloatArray:
        """Weights of the synapses of the recorded neurons [mV]."""
        weight_mV: FloatArray = self.network.state.weight_mV.reshape(-1, self.network.wiring.slots)[self.rows]
        return weight_mV


_SAME, _CLOSE = Tolerance(), Tolerance(absolute=1e-12)

_Read = tuple[Tolerance, Callable[[_Second], Any]]

#: Recorded once a second -> tolerance, and what it is.
_EACH_SECOND: dict[str, _Read] = {
    "weights_each_second": (_CLOSE, lambda second: second.weights_mV),
    "spikes_each_second": (_SAME, lambda second: len(second.cell)),
    "spikes_exc_each_second": (_SAME, lambda second: len(second.cell) - second.inhibitory),
    "spikes_inh_each_second": (_SAME, lambda second: second.inhibitory),
    "spike_checksum_each_second": (_SAME, lambda second: float(second.step @ (second.cell + 1))),
    "chosen_weight_each_second": (_CLOSE, lambda second: second.network.chunk.chosen_weight_mV[-1]),
    "chosen_eligibility_each_second": (_CLOSE, lambda second: second.network.chunk.chosen_eligibility_mV[-1]),
    "dopamine_each_second": (_CLOSE, lambda second: second.network.chunk.dopamine[-1]),
}

#: Recorded at each step or event -> tolerance, and its part in one second. An hour of them would not fit into memory.
_EACH_STEP: dict[str, _Read] = {
    "network_spike_time": (_SAME, lambda second: second.step),
    "network_spike_index": (_SAME, lambda second: second.cell),
    "chosen_weight": (_CLOSE, lambda second: second.network.chunk.chosen_weight_mV.copy()),
    "chosen_eligibility": (_CLOSE, lambda second: second.network.chunk.chosen_eligibility_mV.copy()),
    "dopamine": (_CLOSE, lambda second: second.network.chunk.dopamine.copy()),
    "reward_time": (_SAME, lambda second: second.network.scheduled_rewards()[1]),
    "chosen_pre_spike_time": (_SAME, lambda second: second.step[second.cell == second.network.step.chosen_pre]),
    "chosen_post_spike_time": (_SAME, lambda second: second.step[second.cell == second.network.step.chosen_post]),
}

SPIKES = ("network_spike",)

TOLERANCES: dict[str, Tolerance] = {
    **{name: tolerance for name, (tolerance, _) in (_EACH_SECOND | _EACH_STEP).items() if "network_spike" not in name},
    "network_pre": _SAME,
    "network_post": _SAME,
    "network_weight_initial": _CLOSE,
    "network_weight_final": _CLOSE,
    "network_eligibility_final": _CLOSE,
    "v_final": _CLOSE,
    "u_final": _CLOSE,
    "noise_check": _CLOSE,
}

RECORDED_INPUTS = ("weights_each_second_row",)

NEEDED_INPUTS = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = {_PARAMETER_NAMES.get(name, name): value for name, value in parameters.items()}
    duration_ms = float(recording.attrs.get("duration_ms", math.nan))
    if not duration_ms > 0 or duration_ms % STEPS_PER_S:
        raise UserError(f"attribute 'duration_ms' is {duration_ms:g}; it has to be a number of whole seconds")
    values["duration_s"] = int(duration_ms) // STEPS_PER_S
    return {"parallel_synapses_add": False, "sample_interval_s": 10, "close_up_reward": 0} | values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    seed = int(recording.attrs.get("seed", -1))
    if seed < 0:
        raise UserError(f"attribute 'seed' is {seed}: no single run, so there is nothing to replay")
    inputs = sample_inputs(parameters, seed)
    network = rewarded_network(parameters, inputs)
    rows = recording["weights_each_second_row"].values if "weights_each_second_row" in recording else np.zeros(0, int)
    values: dict[str, Any] = {
        "network_pre": np.repeat(np.arange(parameters.cells), parameters.synapses_per_cell),
        "network_post": inputs["target"],
        "network_weight_initial": network.state.weight_mV.copy(),
        "noise_check": noise_check(seed),
    }
    read = {name: what for name, (_, what) in (_EACH_SECOND | _EACH_STEP).items() if name in recording}
    parts: dict[str, list[Any]] = {name: [] for name in read}
    for _ in shared.seconds(network, {}, parameters, f"replay, seed {seed}", None):
        second = _Second(network, *network.spikes(), rows)
        for name, what in read.items():
            parts[name].append(what(second))
    values |= {name: (np.array if name in _EACH_SECOND else np.concatenate)(each) for name, each in parts.items()}
    values |= {
        "network_weight_final": network.state.weight_mV,
        "network_eligibility_final": network.state.eligibility_mV,
        "v_final": network.state.v_mV,
        "u_final": network.state.u_mV,
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
    """Return our statistics of the runs in a summary that were made under an experiment's condition, along ``seed``.

    The summary has courses along ``run``, of several conditions; the parameters say which condition it is, and the
    recorded parameters become those of the condition.
    """
    condition, recorded = "default", dict(json.loads(summary.attrs["parameters"]))
    if parameters.parallel_synapses_add:
        condition = "summed_duplicates"
        recorded["parallel_synapses_add"] = True
    elif parameters.dopamine_increment == 0:
        condition = "no_dopamine"
        recorded["dopamine_increment"] = 0.0
    runs: IntArray = np.flatnonzero(summary["condition"].values == condition)
    theirs = Parameters.model_validate(recorded_parameters(summary, recorded), context={"recorded": True})
    each = [statistics.summarise(reward_statistics, theirs, _run_of_summary(summary.isel(run=k))) for k in runs]
    contract = {
        name: replace(_STATISTICS[name], dimensions=("seed", *_STATISTICS[name].dimensions)) for name in PEER_NAMES
    }
    stacked = {name: np.stack([one[name] for one in each]) for name in PEER_NAMES}
    attributes = summary.attrs | {"parameters": json.dumps(recorded)}
    return as_dataset(contract, stacked, **attributes).assign_coords(seed=summary["seed"].values[runs])


def _run_of_summary(one: "xr.Dataset") -> Arrays:
    """Return what a summary has of one run under the names of ``RUN``; what it has not is not a number."""
    # Its rank does not say how many others are as strong.
    rank = one["chosen_rank"].values
    return {ours: one[theirs].values for theirs, ours in _SUMMARY_NAMES.items()} | {
        "stronger_synapses": rank - 1,
        "chosen_rank": np.full(len(rank), np.nan),
        "chosen_eligibility_mV": np.full(one.sizes["second"], np.nan),
    }
