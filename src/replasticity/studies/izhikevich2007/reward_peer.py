"""Recordings of the published program under Octave, and summaries of its verified replay over several hours.

Seed, duration and parameters are enough for a replay: noise, wiring and delays are functions of the seed.
"""

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.errors import UserError
from replasticity.models.distal_reward_parameters import STEPS_PER_S
from replasticity.storage.contract import Arrays, Recorded
from replasticity.storage.datasets import as_dataset
from replasticity.studies.izhikevich2007 import reward_statistics, shared
from replasticity.studies.izhikevich2007.reward import Parameters, sample_inputs
from replasticity.study import recordings, statistics

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    duration_ms = float(recording.attrs.get("duration_ms", math.nan))
    if not duration_ms > 0 or duration_ms % STEPS_PER_S:
        raise UserError(f"attribute 'duration_ms' is {duration_ms:g}; it has to be a number of whole seconds")
    values["duration_s"] = int(duration_ms) // STEPS_PER_S
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    from replasticity.models.distal_reward import noise_numbers
    from replasticity.models.distal_reward_network import Network

    seed = int(recording.attrs.get("seed", -1))
    if seed < 0:
        raise UserError(f"attribute 'seed' is {seed}: no single run, so there is nothing to replay")
    target = sample_inputs(parameters, seed)["target"]
    network = Network(parameters, seed, target, rewarded=parameters)
    rows = recording["weights_each_second_row"].values if "weights_each_second_row" in recording else np.zeros(0, int)
    shape = (parameters.cells, parameters.synapses_per_cell)
    initial_mV, noise = network.state.weight_mV.copy(), noise_numbers(seed, 1000)
    # An hour of all spikes and of each step would not fit into memory: only what the recording has is kept.
    parts: dict[str, list[Any]] = {}
    for _ in shared.seconds(network, {}, parameters, f"replay, seed {seed}", None):
        (step, cell), chunk = network.spikes(), network.chunk
        inhibitory = np.count_nonzero(cell >= parameters.exc_cells)
        second = {
            "weights_each_second": network.state.weight_mV.reshape(1, *shape)[:, rows],
            "spikes_each_second": [len(cell)],
            "spikes_exc_each_second": [len(cell) - inhibitory],
            "spikes_inh_each_second": [inhibitory],
            "spike_checksum_each_second": [float(step @ (cell + 1))],
            "chosen_weight_each_second": chunk.chosen_weight_mV[-1:],
            "chosen_eligibility_each_second": chunk.chosen_eligibility_mV[-1:],
            "dopamine_each_second": chunk.dopamine[-1:],
            "network_spike_time": step,
            "network_spike_index": cell,
            "chosen_weight": chunk.chosen_weight_mV,
            "chosen_eligibility": chunk.chosen_eligibility_mV,
            "dopamine": chunk.dopamine,
            "reward_time": network.scheduled_rewards()[1],
            "chosen_pre_spike_time": step[cell == network.step.chosen_pre],
            "chosen_post_spike_time": step[cell == network.step.chosen_post],
        }
        for name in second:
            if name in recording:
                parts.setdefault(name, []).append(np.array(second[name]))
    values = {name: np.concatenate(arrays) for name, arrays in parts.items()} | {
        "network_pre": np.repeat(np.arange(shape[0]), shape[1]),
        "network_post": target,
        "network_weight_initial": initial_mV,
        "network_weight_final": network.state.weight_mV,
        "network_eligibility_final": network.state.eligibility_mV,
        "v_final": network.state.v_mV,
        "u_final": network.state.u_mV,
        "noise_check": np.append(noise[:5], noise.sum()),
    }
    return recordings.as_recorded(recording, values)


def of_peer(summary: "xr.Dataset", parameters: Parameters) -> "xr.Dataset":
    """Return our statistics along ``seed`` of the runs in a summary that were made under an experiment's condition.

    The parameters say which condition it is; among those of the summary, in its attributes, the condition's replace the
    default's.
    """
    condition, change = "default", dict[str, Any]()
    if parameters.parallel_synapses_add:
        condition, change = "summed_duplicates", {"parallel_synapses_add": True}
    elif parameters.dopamine_increment == 0:
        condition, change = "no_dopamine", {"dopamine_increment": 0.0}
    recorded = json.loads(summary.attrs["parameters"]) | change
    theirs = Parameters.model_validate(recorded_parameters(summary, recorded), context={"recorded": True})
    runs = np.flatnonzero(summary["condition"].values == condition)
    each = [statistics.summarise(reward_statistics, theirs, _run_of_summary(summary.isel(run=k))) for k in runs]
    declared = statistics.contract_of(reward_statistics)
    contract = {name: replace(declared[name], dimensions=("seed", *declared[name].dimensions)) for name in DATA.summary}
    stacked = {name: np.stack([one[name] for one in each]) for name in contract}
    attributes = summary.attrs | {"parameters": json.dumps(recorded)}
    return as_dataset(contract, stacked, **attributes).assign_coords(seed=summary["seed"].values[runs])


def _run_of_summary(one: "xr.Dataset") -> Arrays:
    """Return what a summary has of one run under our names; what it has not is not a number."""
    # Its rank does not say how many others are as strong.
    rank = one["chosen_rank"].values
    as_it_is = {ours: one[theirs].values for names in DATA.run.values() for theirs, ours in names.items()}
    return as_it_is | {
        "stronger_synapses": rank - 1,
        "chosen_rank": np.full(len(rank), np.nan),
        "chosen_eligibility_mV": np.full(one.sizes["second"], np.nan),
    }
