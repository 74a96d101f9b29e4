"""The network in NEST, compiled from this study's NESTML, on its public interface, with our wiring and spikes.

Runs in an environment of its own: nothing of replasticity is installed there.
"""

import itertools

import nest
import numpy as np
from peer_shared import (
    NEURON,
    SYNAPSE,
    begin,
    dopamine_at,
    on_arrival,
    require_kept_spikes,
    require_limits,
    require_potentials,
    steps,
)

OF_NEURON = NEURON | {"C_m": "c_pF", "tau_exc": "tau_exc_ms", "tau_inh": "tau_inh_ms", "T_ref": "refractory_ms"}
OF_SYNAPSE = SYNAPSE | {"w": "weight_initial_pA", "A_vt": "A_vt"}
# From this weight on [pA] a potential may leave our model's limits just before a reset, where NEST does not show it.
LARGEST_WEIGHT = 1e5


def run(parameters, inputs):
    """Return the spikes, what is read of the synapses at the end of each chunk, and the synapses at the end."""
    p = parameters
    if any(p[f"{side}_tau_m_ms"] in (p[f"{side}_tau_exc_ms"], p[f"{side}_tau_inh_ms"]) for side in ("exc", "inh")):
        raise NotImplementedError("equal time constants: the generated code divides by their difference")
    begin(p, "dopamine_tutorialmodule", ("delay", "relay_delay", "dopamine_delay", "stimulus_delay"))
    populations = {}
    for side in ("exc", "inh"):
        own = {name: p[f"{side}_{ours}"] for name, ours in OF_NEURON.items()}
        own |= {"V_m": p[f"{side}_V_initial_mV"], "tau_post__for_dopamine_synapse": p["tau_post_ms"]}
        if p[f"{side}_count"]:
            populations[side] = nest.Create("exponential_neuron__with_dopamine_synapse", p[f"{side}_count"], own)
    neurons = sum(list(populations.values())[1:], populations["exc"])
    ids = np.array(neurons.tolist())
    members = inputs["subgroup_index"][inputs["stimulus_subgroup"]]
    drive(
        np.repeat(steps(inputs["stimulus_ms"], p) + steps(p["relay_delay_ms"], p), members.shape[1]),
        members.ravel(),
        ids,
        p["stimulus_weight_pA"],
        p["stimulus_delay_ms"],
        p,
    )
    background = inputs["background_step"], inputs["background_index"]
    drive(*background, ids, p["background_weight_pA"], p["delay_ms"], p)
    static = {"weight": p["weight_inh_pA"], "delay": p["delay_ms"]}
    connect(ids[p["exc_count"] + inputs["inh_pre"]], ids[inputs["inh_post"]], static)
    dopamine = dopamine_at(inputs["dopamine_ms"], p)
    nest.CopyModel("dopamine_synapse__with_exponential_neuron", "plastic", {"volume_transmitter": dopamine})
    own = {name: p[ours] for name, ours in OF_SYNAPSE.items()}
    connect(ids[inputs["exc_pre"]], ids[inputs["exc_post"]], {"synapse_model": "plastic"} | own)
    synapses = nest.GetConnections(synapse_model="plastic") if len(inputs["exc_pre"]) else None
    source = np.atleast_1d(synapses.get("source")) - ids[0] if synapses else np.zeros(0, int)

    recorders = {side: nest.Create("spike_recorder") for side in populations}
    for side, recorder in recorders.items():
        nest.Connect(populations[side], recorder, syn_spec={"delay": p["slice_ms"]})
    watched = populations["exc"][: min(10, p["exc_count"])]
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 1.0})
    nest.Connect(meter, watched, syn_spec={"delay": p["slice_ms"]})

    def read():
        state = synapses.get(["w", "c", "n"]) if synapses else dict.fromkeys("wcn", np.zeros(0))
        return [np.atleast_1d(state[name]) for name in "wcn"]

    readings = []
    with nest.RunManager():
        for _ in range(round(p["duration_ms"] / p["chunk_ms"])):
            nest.Run(p["chunk_ms"])
            require_potentials(neurons)
            state = read()
            if np.max(state[0], initial=0.0) > LARGEST_WEIGHT:
                raise NotImplementedError("potential at a spike: NEST does not show it, and the weights are large")
            readings.append(groups(state, source, inputs["subgroup_index"], p["weight_initial_pA"]))
        weight, c, n = read()
        # The last potentials reach their recorder in the next slice.
        nest.Run(p["slice_ms"])
    require_limits(weight, c, n)
    count = np.bincount(source, minlength=p["exc_count"])
    moved = np.bincount(source, weight - p["weight_initial_pA"], p["exc_count"])
    result = {name: np.stack([each[name] for each in readings], axis=-1) for name in readings[0]}
    result = result | {
        "time_ms": np.arange(1, len(readings) + 1) * p["chunk_ms"],
        "weight_final_pA": np.where(count > 0, p["weight_initial_pA"] + moved / np.maximum(count, 1), np.nan),
        "synapse_count": count,
        "weight_min_pA": weight.min(initial=np.inf) if synapses else np.nan,
        "weight_max_pA": weight.max(initial=-np.inf) if synapses else np.nan,
    }
    potentials = until(p["duration_ms"], meter)
    order = np.lexsort((potentials["times"], potentials["senders"]))
    result["V_mV"] = potentials["V_m"][order].reshape(len(watched), -1)
    for side in ("exc", "inh"):
        first = populations[side][0].global_id if side in populations else 0
        events = until(p["duration_ms"], recorders[side]) if side in recorders else {"times": [], "senders": []}
        result[f"{side}_spike_ms"] = events["times"]
        result[f"{side}_spike_index"] = np.array(events["senders"], int) - first
    of_neuron = [
        steps(result[f"{side}_spike_ms"][result[f"{side}_spike_index"] == index], p)
        for side in ("exc", "inh")
        for index in range(p[f"{side}_count"])
    ]
    for pre, post in zip(inputs["exc_pre"], inputs["exc_post"], strict=True):
        require_kept_spikes(of_neuron[pre], of_neuron[post], p)
    return result


def until(end_ms, recorder):
    """Return what a recorder has up to a time."""
    events = recorder.events
    return {name: values[events["times"] < end_ms + 1e-6] for name, values in events.items()}


def groups(state, source, subgroups, weight_initial):
    """Return mean weight of all synapses, and of each subgroup mean weight, sum of c and mean of n."""
    weight, c, n = state
    chosen = [np.isin(source, members) for members in subgroups]
    return {
        "weight_all_pA": weight_initial + (weight - weight_initial).sum() / max(len(weight), 1),
        "weight_pA": [weight_initial + (weight[k] - weight_initial).sum() / max(k.sum(), 1) for k in chosen],
        "c_sum": [c[k].sum() for k in chosen],
        "n_mean": [n[k].sum() / max(k.sum(), 1) for k in chosen],
    }


def connect(sources, targets, synapse):
    """Connect neurons one by one."""
    if len(sources):
        model = {
            name: value if isinstance(value, str) else np.full(len(sources), value) for name, value in synapse.items()
        }
        nest.Connect(sources, targets, "one_to_one", model)


def drive(relayed, targets, ids, weight, delay_ms, p):
    """Let relays of the neurons spike in some steps, which reach them with a weight after a delay."""
    relays = nest.Create("parrot_neuron", len(ids))
    nest.Connect(
        np.array(relays.tolist()), ids, "one_to_one", {"weight": [weight] * len(ids), "delay": [delay_ms] * len(ids)}
    )
    order = np.lexsort((relayed, targets))
    borders = np.searchsorted(targets[order], np.arange(len(ids) + 1))
    of_each = [relayed[order[first:end]] for first, end in itertools.pairwise(borders)]
    on_arrival(of_each, relays, p)
