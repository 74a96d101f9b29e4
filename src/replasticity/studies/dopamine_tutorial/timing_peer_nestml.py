"""Each point in NEST, with neuron and synapse compiled from this study's NESTML, on its public interface.

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
    "w": "weight_initial",
    "delay": "delay_ms",
    "tau_pre": "tau_pre_ms",
    "tau_c": "tau_c_ms",
    "tau_n": "tau_n_ms",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
}
STATE = ("w", "c", "n", "x")


def run(parameters, inputs):
    """Return the state of each point's synapse over time, and its weight at the end."""
    p = parameters
    if p["events"] != "slice":
        raise NotImplementedError("events: NESTML's third factor acts at the ends of slices")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.Install("dopamine_tutorialmodule")
    # The length of a slice is the smallest delay that there may be.
    longest_ms = max(p[f"{each}_ms"] for each in ("slice", "delay", "relay_delay", "dopamine_delay"))
    nest.set(resolution=p["dt_ms"], min_delay=p["slice_ms"], max_delay=longest_ms, local_num_threads=1)

    points = [(A_vt, time_ms) for A_vt in p["A_vt"] for time_ms in p["dopamine_times_ms"]]
    neurons = nest.Create(
        "delta_neuron__with_dopamine_synapse", len(points), {name: p[ours] for name, ours in NEURON.items()}
    )
    neurons.V_m = p["E_L_mV"]
    relays = nest.Create("parrot_neuron", len(points))
    on_arrival(np.sort(p["pre_times_ms"]) + p["relay_delay_ms"], relays, p)
    on_arrival(np.sort(p["post_times_ms"]) + p["relay_delay_ms"], neurons, p, p["kick_mV"])
    synapses: list[nest.SynapseCollection] = []
    for (A_vt, time_ms), relay, neuron in zip(points, relays, neurons, strict=True):
        model = f"point_{len(synapses)}"
        nest.CopyModel("dopamine_synapse__with_delta_neuron", model, {"volume_transmitter": dopamine_at(time_ms, p)})
        own = {name: p[ours] for name, ours in SYNAPSE.items()}
        nest.Connect(relay, neuron, "one_to_one", {"synapse_model": model, "A_vt": A_vt} | own)
        synapses.append(nest.GetConnections(relay, neuron))

    def read():
        state = [synapse.get(STATE) for synapse in synapses]
        return np.reshape([[each[name] for each in state] for name in STATE], (len(STATE), len(p["A_vt"]), -1))

    samples = int(p["duration_ms"] / p["sample_interval_ms"] + 1e-9)
    states, time_ms = [read()], np.arange(samples + 1) * p["sample_interval_ms"]
    with nest.RunManager():
        for _ in range(samples):
            nest.Run(p["sample_interval_ms"])
            states.append(read())
        rest = round((p["duration_ms"] - time_ms[-1]) / p["dt_ms"])
        nest.Run(rest * p["dt_ms"])
        final = read()
    if not np.isfinite(final).all():
        raise FloatingPointError("weight, c or n is not finite")
    weight, c, n, x = np.moveaxis(np.array(states), 0, -1)
    return {"time_ms": time_ms, "weight": weight, "c": c, "n": n, "x": x, "weight_final": final[0]}


def on_arrival(times_ms, targets, p, weight=1.0):
    """Let spikes reach targets at some times, over a delay that is one at least as long as a slice."""
    delay_ms = max(p["relay_delay_ms"], p["slice_ms"])
    sent_ms = np.round(times_ms - delay_ms, 6)
    if np.any(sent_ms < p["dt_ms"] - 1e-9):
        raise NotImplementedError(f"NEST can send no spike that arrives before {p['dt_ms'] + delay_ms:g} ms")
    generator = nest.Create("spike_generator", params={"spike_times": sent_ms})
    nest.Connect(generator, targets, syn_spec={"weight": weight, "delay": delay_ms})


def dopamine_at(time_ms, p):
    """Return what brings dopamine to a synapse, a relay's delay and its own after a time."""
    volume, relay = nest.Create("volume_transmitter"), nest.Create("parrot_neuron")
    delay_ms = max(p["dopamine_delay_ms"], p["slice_ms"])
    nest.Connect(relay, volume, syn_spec={"delay": delay_ms})
    on_arrival(np.array([time_ms + p["relay_delay_ms"] + p["dopamine_delay_ms"] - delay_ms]), relay, p)
    return volume
