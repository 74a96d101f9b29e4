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
STATE = ["w", "c", "n", "x"]


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
    # NEST cuts a time to whole steps: 0.7 ms of 0.1 ms would be 6.
    half_ms = 0.5 * p["dt_ms"]
    nest.set(resolution=p["dt_ms"], local_num_threads=1)
    nest.set(min_delay=p["slice_ms"] + half_ms, max_delay=longest_ms + half_ms)

    points = [(A_vt, time_ms) for A_vt in p["A_vt"] for time_ms in p["dopamine_times_ms"]]
    neurons = nest.Create(
        "delta_neuron__with_dopamine_synapse", len(points), {name: p[ours] for name, ours in NEURON.items()}
    )
    neurons.V_m = p["E_L_mV"]
    relays = nest.Create("parrot_neuron", len(points))
    relayed = steps(p["relay_delay_ms"], p)
    on_arrival(steps(p["pre_times_ms"], p) + relayed, relays, p)
    on_arrival(steps(p["post_times_ms"], p) + relayed, neurons, p, p["kick_mV"])
    for point, (A_vt, time_ms) in enumerate(points):
        model = f"point_{point}"
        nest.CopyModel("dopamine_synapse__with_delta_neuron", model, {"volume_transmitter": dopamine_at(time_ms, p)})
        own = {name: p[ours] for name, ours in SYNAPSE.items()}
        nest.Connect(relays[point], neurons[point], "one_to_one", {"synapse_model": model, "A_vt": A_vt} | own)

    synapses = nest.GetConnections(relays, neurons)
    order = np.argsort(synapses.get("source"))

    def read():
        state = synapses.get(STATE)
        return np.reshape([np.atleast_1d(state[name])[order] for name in STATE], (4, len(p["A_vt"]), -1))

    samples = int(p["duration_ms"] / p["sample_interval_ms"] + 1e-9)
    states, time_ms = [read()], np.arange(samples + 1) * p["sample_interval_ms"]
    with nest.RunManager():
        for _ in range(samples):
            nest.Run(p["sample_interval_ms"])
            states.append(read())
        rest = round((p["duration_ms"] - time_ms[-1]) / p["dt_ms"])
        nest.Run(rest * p["dt_ms"])
        final = read()
    # Our limit. What is not a number is not below it.
    if not np.all(np.abs(states) <= 1e12) or not np.all(np.abs(final) <= 1e12):
        raise FloatingPointError("weight, c, n or x is too large")
    weight, c, n, x = np.moveaxis(np.array(states), 0, -1)
    return {"time_ms": time_ms, "weight": weight, "c": c, "n": n, "x": x, "weight_final": final[0]}


def steps(times_ms, p):
    """Return times as whole numbers of steps."""
    return np.rint(np.asarray(times_ms, float) / p["dt_ms"]).astype(int)


def on_arrival(step, targets, p, weight=1.0):
    """Let spikes reach targets in some steps, over a delay that is one at least as long as a slice."""
    delay_ms = max(p["relay_delay_ms"], p["slice_ms"])
    sent = np.sort(step) - steps(delay_ms, p)
    if np.any(sent < 1):
        raise NotImplementedError("early spike: NEST sends none before the first step")
    generator = nest.Create("spike_generator", params={"spike_times": np.round(sent * p["dt_ms"], 9)})
    nest.Connect(generator, targets, syn_spec={"weight": weight, "delay": delay_ms})


def dopamine_at(time_ms, p):
    """Return what brings dopamine to a synapse, a relay's delay and its own after a time."""
    volume, relay = nest.Create("volume_transmitter"), nest.Create("parrot_neuron")
    delay_ms = max(p["dopamine_delay_ms"], p["slice_ms"])
    nest.Connect(relay, volume, syn_spec={"delay": delay_ms})
    arrival = steps([time_ms], p) + steps(p["relay_delay_ms"], p) + steps(p["dopamine_delay_ms"], p)
    on_arrival(arrival - steps(delay_ms, p), relay, p)
    return volume
