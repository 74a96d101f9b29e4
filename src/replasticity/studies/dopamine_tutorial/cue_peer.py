"""Recordings of NEST: its wiring, stimuli, dopamine and background through our network."""

import json
from typing import Any

import numpy as np
import xarray as xr

from replasticity.errors import UserError
from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.dopamine_tutorial.cue import REWARDED, Parameters
from replasticity.study import recordings

DATA = recordings.read(__file__)

#: Recorded mean or sum over the synapses that leave a subgroup -> ours.
_OF_GROUPS = {"w_avg": "weight_pA", "c_sum": "c_sum", "n_avg": "n_mean"}


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.in_our_names(parameters)
    # A summary gives the share of neurons that are connected, not the number of synapses.
    for name, count in (("exc_indegree", "NE"), ("inh_indegree", "NI")):
        values.setdefault(name, round(parameters.get("epsilon", 0.0) * parameters.get(count, 0)))
    values.setdefault("weight_inh_pA", -parameters.get("g", 4.0) * parameters.get("J_ex", 0.0))
    rate = parameters.get("learning_rate", 1.0)
    shortest_ms, longest_ms = (parameters.get(f"{name}_dopa_delay_ms", 0.0) for name in ("min", "max"))
    duration_ms = values.get("duration_ms", float(recording.attrs.get("duration_ms", 0.0)))
    return values | {
        "dt_ms": recordings.resolution_ms(recording),
        # Rounded, since 0.1 times 1.5 is not 0.15 to the last bit.
        "A_plus": round(rate * parameters.get("A_plus_factor", 1.0), 12),
        "A_minus": round(rate * parameters.get("A_minus_factor", 1.0), 12),
        "reward_delay_range_ms": max(round(longest_ms - shortest_ms), 1),
        "chunk_ms": duration_ms / max(parameters.get("n_chunks", 1), 1),
    }


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    from replasticity.models.dopamine_stdp_runs import Session, network_at_start, read_groups

    p, neurons = parameters, parameters.neuron_count
    given = {name: recording[name].values for name in map(str, recording.variables) if DATA.is_input(name)}
    sizes = {"exc_pre": p.exc_count, "inh_pre": p.inh_count, "subgroup_index": p.exc_count}
    sizes |= dict.fromkeys(("exc_post", "inh_post", "background_spike_index"), neurons)
    sizes["stim_scheduled_spike_index"] = recording["subgroup_index"].shape[0]
    if "snapshot_synapse" in recording:
        sizes["snapshot_synapse"] = recording.sizes["exc_synapse"]
    require_indices(recording, sizes)
    V_neurons = recording.sizes.get("V_m_neuron", 0)
    if V_neurons > neurons:
        raise UserError(f"dimension 'V_m_neuron' has {V_neurons} entries, and there are {neurons} neurons")
    exc_order, inh_order = (np.argsort(given[name], kind="stable") for name in ("exc_pre", "inh_pre"))
    inputs = {
        **{name: given[name][exc_order] for name in ("exc_pre", "exc_post")},
        **{name: given[name][inh_order] for name in ("inh_pre", "inh_post")},
        "subgroup_index": given["subgroup_index"],
        "stimulus_ms": given["stim_scheduled_spike_time"],
        "stimulus_subgroup": given["stim_scheduled_spike_index"],
        "dopamine_ms": given["dopa_scheduled_time"],
        "background_step": p.steps(given["background_spike_time"]),
        "background_index": given["background_spike_index"].astype(np.int64),
    }
    network = network_at_start(p, inputs, given["exc_weight_initial"][exc_order])
    end = p.steps(p.duration_ms)
    log, V_step = (recordings.steps(recording, name, p.dt_ms) for name in ("log_time", "V_m_time"))
    session = Session(network, p, V_neurons, int(V_step.max(initial=0)))
    # Where each recorded synapse is in the order of sources.
    place = np.argsort(exc_order)
    sampled = place[given.get("snapshot_synapse", slice(0))]
    subgroups = given["subgroup_index"].astype(np.int64)
    read, readings = np.unique(np.append(log, end)), []
    for time in read.tolist():
        session.advance(time)
        network = session.read()
        groups = read_groups(network, subgroups, p.weight_initial_pA)
        readings.append(groups | {"synapses": network.plastic.state[sampled]})
    logged = [readings[row] for row in np.searchsorted(read, log)]
    step, neuron = session.spikes()
    is_exc, spike_ms = neuron < p.exc_count, step * p.dt_ms
    relay = p.steps(p.relay_delay_ms)
    stimulus, dopamine = p.steps(inputs["stimulus_ms"]) + relay, np.sort(p.steps(inputs["dopamine_ms"]) + relay)
    order = np.argsort(stimulus, kind="stable")
    order = order[stimulus[order] <= end]
    state = network.plastic.state[place]
    snapshots = {
        f"{name}_snapshot": np.array([each["synapses"][name] for each in logged]).reshape(len(log), len(sampled))
        for name in ("weight", "c")
    }
    variables: Recorded = {
        **recordings.spike_list("exc_spike", spike_ms[is_exc], neuron[is_exc]),
        **recordings.spike_list("inh_spike", spike_ms[~is_exc], neuron[~is_exc] - p.exc_count),
        **recordings.spike_list("stim_actual_spike", stimulus[order] * p.dt_ms, inputs["stimulus_subgroup"][order]),
        "dopa_actual_time": ("dopa_actual", dopamine[dopamine <= end] * p.dt_ms),
        **DATA.of_run({name: state[name] for name in state.dtype.names} | snapshots),
        "V_m": (("V_m_neuron", "V_m_sample"), session.V_mV[:, V_step - 1]),
        "log_w_net": ("log", [each["weight_all_pA"] for each in logged]),
    }
    # Which subgroup is rewarded is none of our parameters.
    rewarded = int(json.loads(recording.attrs.get("parameters", "{}")).get("reinforced_subgroup", REWARDED))
    for group, name in ((rewarded, "group"), (1 - rewarded, "nongroup")):
        for theirs, ours in _OF_GROUPS.items():
            variables[f"log_{theirs}_{name}"] = ("log", [each[ours][group] for each in logged])
    return variables
