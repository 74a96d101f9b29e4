"""The same spikes through NEST's stdp_triplet_synapse: parrot neurons repeat them, a recorder keeps each weight."""

import nest
import numpy as np

DELAY_MS = 1.0


def run(parameters, inputs):
    """Return spikes as recorded, post ones when they arrive at the synapse, and the weight after each pre spike."""
    p = parameters
    if p["nearest_spike"]:
        raise ValueError("nearest_spike: NEST has the all-to-all rule only")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = p["dt_ms"]
    trains = int(inputs["pre_train"].max()) + 1
    kept = nest.Create("weight_recorder")
    traces = {"tau_minus": p["tau_minus_ms"], "tau_minus_triplet": p["tau_y_ms"]}
    neurons = {"pre": nest.Create("parrot_neuron", trains), "post": nest.Create("parrot_neuron", trains, traces)}
    # From a generator it takes DELAY_MS to the neuron, and from a postsynaptic neuron as long back to the synapse.
    early_ms = {"pre": DELAY_MS, "post": 2 * DELAY_MS}
    recorders = {}
    for side, cells in neurons.items():
        times_ms = np.round(inputs[f"{side}_step"] * p["dt_ms"] - early_ms[side], 6)
        sources = nest.Create("spike_generator", trains)
        for train, source in enumerate(sources):
            source.spike_times = times_ms[inputs[f"{side}_train"] == train]
        nest.Connect(sources, cells, "one_to_one", {"delay": DELAY_MS})
        recorders[side] = nest.Create("spike_recorder")
        nest.Connect(cells, recorders[side])
    synapse = {"weight": p["weight_initial"], "Wmax": p["weight_max"], "delay": DELAY_MS, "weight_recorder": kept}
    synapse |= {"tau_plus": p["tau_plus_ms"], "tau_plus_triplet": p["tau_x_ms"]}
    synapse |= {"Aplus": p["A2_plus"], "Aplus_triplet": p["A3_plus"]}
    synapse |= {"Aminus": p["A2_minus"], "Aminus_triplet": p["A3_minus"]}
    nest.CopyModel("stdp_triplet_synapse", "plastic", synapse)
    # Port 1 of a parrot neuron: spikes arrive and are not repeated.
    nest.Connect(neurons["pre"], neurons["post"], "one_to_one", {"synapse_model": "plastic", "receptor_type": 1})
    nest.Simulate(max(inputs["pre_step"].max(), inputs["post_step"].max()) * p["dt_ms"] + 10.0)
    found = {}
    for side, later_ms in (("pre", 0.0), ("post", DELAY_MS)):
        events = recorders[side].events
        order = np.lexsort((events["times"], events["senders"]))
        found[f"{side}_train"] = events["senders"][order] - neurons[side][0].global_id
        found[f"{side}_step"] = np.rint((events["times"][order] + later_ms) / p["dt_ms"]).astype(int)
    events = kept.events
    return found | {"weight_after_pre": events["weights"][np.lexsort((events["times"], events["senders"]))]}
