"""The same spikes through NEST's stdp_triplet_synapse: parrot neurons repeat them, a recorder keeps each weight."""

import nest
import numpy as np

DELAY_MS = 1.0


def run(parameters, inputs):
    """Return spikes as recorded, post ones when they arrive at the synapse, and the weight after each pre spike."""
    p = parameters
    if p["nearest_spike"]:
        raise NotImplementedError("nearest_spike: NEST has the all-to-all rule only")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = p["dt_ms"]
    trains = int(inputs["pre_train"].max()) + 1
    kept = nest.Create("weight_recorder")
    traces = {"tau_minus": p["tau_minus_ms"], "tau_minus_triplet": p["tau_y_ms"]}
    neurons = {"pre": nest.Create("parrot_neuron", trains), "post": nest.Create("parrot_neuron", trains, traces)}
    # A postsynaptic spike takes DELAY_MS back to the synapse, and each from its generator to the neuron.
    back_ms, recorders = {"pre": 0.0, "post": DELAY_MS}, {}
    for side, cells in neurons.items():
        times_ms = np.round(inputs[f"{side}_step"] * p["dt_ms"] - back_ms[side] - DELAY_MS, 6)
        sources = nest.Create("spike_generator", trains)
        for train, source in enumerate(sources):
            source.spike_times = times_ms[inputs[f"{side}_train"] == train]
        nest.Connect(sources, cells, "one_to_one", {"delay": DELAY_MS})
        recorders[side] = nest.Create("spike_recorder")
        nest.Connect(cells, recorders[side])
    synapse = {"weight": p["weight_initial"], "Wmax": p["weight_max"], "delay": DELAY_MS, "weight_recorder": kept}
    synapse |= {"tau_plus": p["tau_plus_ms"], "Aplus": p["A2_plus"], "Aplus_triplet": p["A3_plus"]}
    synapse |= {"tau_plus_triplet": p["tau_x_ms"], "Aminus": p["A2_minus"], "Aminus_triplet": p["A3_minus"]}
    nest.CopyModel("stdp_triplet_synapse", "plastic", synapse)
    # Port 1 of a parrot neuron: spikes arrive and are not repeated.
    nest.Connect(neurons["pre"], neurons["post"], "one_to_one", {"synapse_model": "plastic", "receptor_type": 1})
    nest.Simulate(max(inputs["pre_step"].max(), inputs["post_step"].max()) * p["dt_ms"] + 10.0)
    found = {"weight_after_pre": in_order(kept.events, "weights")}
    for side, recorder in recorders.items():
        found[f"{side}_train"] = in_order(recorder.events, "senders") - neurons[side][0].global_id
        times_ms = in_order(recorder.events, "times") + back_ms[side]
        found[f"{side}_step"] = np.rint(times_ms / p["dt_ms"]).astype(int)
    return found


def in_order(events, name):
    return events[name][np.lexsort((events["times"], events["senders"]))]
