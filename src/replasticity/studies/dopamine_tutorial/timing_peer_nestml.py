"""Each point in NEST, with neuron and synapse compiled from this study's NESTML, on its public interface.

Runs in an environment of its own: nothing of replasticity is installed there.
"""

import nest
import numpy as np
from peer_shared import NEURON, SYNAPSE, begin, dopamine_at, on_arrival, require_limits, require_potentials, steps

OF_NEURON = NEURON | {"T_ref": "refractory_ms", "tau_post__for_dopamine_synapse": "tau_post_ms"}
OF_SYNAPSE = SYNAPSE | {"w": "weight_initial"}
STATE = ["w", "c", "n", "x"]


def run(parameters, inputs):
    """Return the state of each point's synapse over time, and its weight at the end."""
    p = parameters
    begin(p, "dopamine_tutorialmodule")
    points = [(A_vt, time_ms) for A_vt in p["A_vt"] for time_ms in p["dopamine_times_ms"]]
    neurons = nest.Create(
        "delta_neuron__with_dopamine_synapse", len(points), {name: p[ours] for name, ours in OF_NEURON.items()}
    )
    neurons.V_m = p["E_L_mV"]
    relays = nest.Create("parrot_neuron", len(points))
    relayed = steps(p["relay_delay_ms"], p)
    on_arrival([steps(p["pre_times_ms"], p) + relayed] * len(points), relays, p)
    on_arrival([steps(p["post_times_ms"], p) + relayed] * len(points), neurons, p, p["kick_mV"])
    for point, (A_vt, time_ms) in enumerate(points):
        model = f"point_{point}"
        nest.CopyModel("dopamine_synapse__with_delta_neuron", model, {"volume_transmitter": dopamine_at([time_ms], p)})
        own = {name: p[ours] for name, ours in OF_SYNAPSE.items()}
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
            require_potentials(neurons)
            states.append(read())
        rest = round((p["duration_ms"] - time_ms[-1]) / p["dt_ms"])
        nest.Run(rest * p["dt_ms"])
        final = read()
    require_limits(states, final)
    weight, c, n, x = np.moveaxis(np.array(states), 0, -1)
    return {"time_ms": time_ms, "weight": weight, "c": c, "n": n, "x": x, "weight_final": final[0]}
