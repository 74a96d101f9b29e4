"""The ten neurons in NEST, compiled from this study's NESTML, on its public interface, with our input spikes.

Runs in an environment of its own: nothing of replasticity is installed there.
"""

import nest
import numpy as np

NEURON = {
    "tau_m": "tau_m_ms",
    "E_L": "E_L_mV",
    "V_reset": "V_reset_mV",
    "V_th": "V_th_mV",
    "T_ref": "refractory_ms",
    "tau_post__for_dopamine_synapse": "tau_post_ms",
}
SYNAPSE = {
    "w": "weight_initial_mV",
    "delay": "delay_ms",
    "tau_pre": "tau_pre_ms",
    "tau_c": "tau_c_ms",
    "tau_n": "tau_n_ms",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
}


def run(parameters, inputs):
    """Return the output spikes, and the synapses at the end of each chunk."""
    p = parameters
    if p["events"] != "slice":
        raise NotImplementedError("events: NESTML's third factor acts at the ends of slices")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.Install("dopamine_tutorialmodule")
    # The length of a slice is the smallest delay that there may be.
    longest_ms = max(p[f"{each}_ms"] for each in ("slice", "delay", "relay_delay", "dopamine_delay"))
    # NEST cuts a time to whole steps: 0.7 ms of 0.1 ms would be 6.
    half_ms = 0.5 * p["dt_ms"]
    nest.set(resolution=p["dt_ms"], local_num_threads=1)
    nest.set(min_delay=p["slice_ms"] + half_ms, max_delay=longest_ms + half_ms)

    neurons = nest.Create(
        "delta_neuron__with_dopamine_synapse", p["neuron_count"], {name: p[ours] for name, ours in NEURON.items()}
    )
    neurons.V_m = p["E_L_mV"]
    relays = nest.Create("parrot_neuron", p["neuron_count"])
    for neuron, relay in enumerate(relays):
        on_arrival(steps(inputs["input_spike_ms"][inputs["input_spike_index"] == neuron], p), relay, p)
    volume, dopamine = nest.Create("volume_transmitter"), nest.Create("parrot_neuron")
    delay_ms = max(p["dopamine_delay_ms"], p["slice_ms"])
    nest.Connect(dopamine, volume, syn_spec={"delay": delay_ms})
    delays = steps(p["relay_delay_ms"], p) + steps(p["dopamine_delay_ms"], p) - steps(delay_ms, p)
    on_arrival(steps(p["reward_times_ms"] + p["punishment_times_ms"], p) + delays, dopamine, p)
    nest.CopyModel("dopamine_synapse__with_delta_neuron", "plastic", {"volume_transmitter": volume})
    own = {name: p[ours] for name, ours in SYNAPSE.items()}
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
            states.append(read())
    # Our limit. What is not a number is not below it.
    if not np.all(np.abs(states) <= 1e12):
        raise FloatingPointError("weight, c, n or x is too large")
    weight, c, n, x = np.swapaxes(states, 0, 1)
    return {
        "spike_ms": recorder.events["times"],
        "spike_index": recorder.events["senders"] - neurons[0].global_id,
        "time_ms": np.arange(chunks + 1) * p["chunk_ms"],
        "weight_mV": weight,
        "c": c,
        "n": n,
        "x": x,
    }


def steps(times_ms, p):
    """Return times as whole numbers of steps."""
    return np.rint(np.asarray(times_ms, float) / p["dt_ms"]).astype(int)


def on_arrival(step, relay, p):
    """Let a relay spike in some steps, over a delay that is one at least as long as a slice."""
    delay_ms = max(p["relay_delay_ms"], p["slice_ms"])
    sent = np.sort(step) - steps(delay_ms, p)
    if np.any(sent < 1):
        raise NotImplementedError("early spike: NEST sends none before the first step")
    generator = nest.Create("spike_generator", params={"spike_times": np.round(sent * p["dt_ms"], 9)})
    nest.Connect(generator, relay, syn_spec={"delay": delay_ms})
