"""Runs single dopamine-modulated synapses in NEST, as JSON: in NESTML's environment, without replasticity and pytest.

Argument: JSON, a list of cases with the stamps of presynaptic, postsynaptic and dopamine spikes [steps], as they reach
the synapse, the length of a slice [steps], what the synapse is to be like, and the end [steps].
"""

import json
import sys

import nest
import numpy as np

DT_MS, DELAY = 0.1, 30


def sent(step, targets, slice_steps, **synapse):
    """Let spikes arrive in some steps."""
    times_ms = np.round((np.array(step, int) - slice_steps) * DT_MS, 6)
    generator = nest.Create("spike_generator", params={"spike_times": times_ms})
    nest.Connect(generator, targets, syn_spec={"delay": slice_steps * DT_MS} | synapse)


def run(case):
    nest.ResetKernel()
    nest.Install("dopamine_tutorialmodule")
    length = case["slice"]
    nest.set(resolution=DT_MS, min_delay=length * DT_MS, max_delay=DELAY * DT_MS)
    if case["own"]:
        model = "stdp_dopamine_synapse"
        neuron = nest.Create("iaf_psc_delta", params={"t_ref": DT_MS, "tau_minus": 20.0})
        common = {"tau_plus": 10.0, "tau_c": 1000.0, "tau_n": 200.0, "A_plus": 1.0, "A_minus": 1.5, "b": 0.0}
        common |= {"Wmin": 0.0, "Wmax": 200.0}
        own, names = {"weight": 1.0}, ("weight", "c", "n", "Kplus")
    else:
        model = "dopamine_synapse__with_delta_neuron"
        neuron = nest.Create("delta_neuron__with_dopamine_synapse", params={"T_ref": 0.0})
        common = {}
        own = {"w": 1.0, "tau_pre": 10.0, "tau_c": 1000.0, "tau_n": 200.0, "A_plus": 1.0, "A_minus": 1.5, "b": 0.0}
        names = ("w", "c", "n", "x")
    relay, dopamine, volume = (nest.Create(each) for each in ("parrot_neuron", "parrot_neuron", "volume_transmitter"))
    nest.Connect(dopamine, volume, syn_spec={"delay": length * DT_MS})
    nest.CopyModel(model, "plastic", common | {"volume_transmitter": volume})
    nest.Connect(relay, neuron, syn_spec={"synapse_model": "plastic", "delay": DELAY * DT_MS} | own)
    sent(case["pre"], relay, length)
    sent(np.array(case["post"], int) - DELAY, neuron, length, weight=9999.0)
    sent(np.array(case["dopamine"], int) - length, dopamine, length)
    nest.Simulate(case["end"] * DT_MS)
    state = nest.GetConnections(relay, neuron).get(list(names))
    return [state[name] for name in names]


nest.verbosity = nest.VerbosityLevel.ERROR
print(json.dumps([run(case) for case in json.loads(sys.argv[1])]))
