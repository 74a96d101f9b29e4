"""The ten neurons in NEST, compiled from this study's NESTML, on its public interface, with our input spikes.

Runs in an environment of its own: nothing of replasticity is installed there.
"""

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

OF_NEURON = NEURON | {"T_ref": "refractory_ms", "tau_post__for_dopamine_synapse": "tau_post_ms"}
OF_SYNAPSE = SYNAPSE | {"w": "weight_initial_mV"}


def run(parameters, inputs):
    """Return the output spikes, and the synapses at the end of each chunk."""
    p = parameters
    begin(p, "dopamine_tutorialmodule")
    neurons = nest.Create(
        "delta_neuron__with_dopamine_synapse", p["neuron_count"], {name: p[ours] for name, ours in OF_NEURON.items()}
    )
    neurons.V_m = p["E_L_mV"]
    relays = nest.Create("parrot_neuron", p["neuron_count"])
    of_each = (inputs["input_spike_index"] == neuron for neuron in range(p["neuron_count"]))
    on_arrival([steps(inputs["input_spike_ms"][own], p) for own in of_each], relays, p)
    volume = dopamine_at(p["reward_times_ms"] + p["punishment_times_ms"], p)
    nest.CopyModel("dopamine_synapse__with_delta_neuron", "plastic", {"volume_transmitter": volume})
    own = {name: p[ours] for name, ours in OF_SYNAPSE.items()}
    nest.Connect(relays, neurons, "one_to_one", {"synapse_model": "plastic"} | own)
    synapses = nest.GetConnections(relays, neurons)
    order = np.argsort(synapses.get("source"))
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder, syn_spec={"delay": p["slice_ms"]})

    def read():
        state = synapses.get(["w", "c", "n", "x"])
        return [np.atleast_1d(state[name])[order] for name in ("w", "c", "n", "x")]

    chunks = round(p["duration_ms"] / p["chunk_ms"])
    states = [read()]
    with nest.RunManager():
        for chunk in range(1, chunks + 1):
            is_before = chunk * p["chunk_ms"] <= min(p["punishment_times_ms"], default=np.inf) + 1e-9
            synapses.A_vt = p["A_vt_reward" if is_before else "A_vt_punishment"]
            nest.Run(p["chunk_ms"])
            require_potentials(neurons)
            states.append(read())
    require_limits(states)
    spike_ms, spike_index = recorder.events["times"], recorder.events["senders"] - neurons[0].global_id
    for neuron in range(p["neuron_count"]):
        given_ms = inputs["input_spike_ms"][inputs["input_spike_index"] == neuron]
        require_kept_spikes(steps(given_ms, p), steps(spike_ms[spike_index == neuron], p), p)
    weight, c, n, x = np.swapaxes(states, 0, 1)
    return {
        "spike_ms": spike_ms,
        "spike_index": spike_index,
        "time_ms": np.arange(chunks + 1) * p["chunk_ms"],
        "weight_mV": weight,
        "c": c,
        "n": n,
        "x": x,
    }
