"""The script's network in Brian2, on its public interface, with our synapses and our names."""

import brian2
import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF

UNITS = {"ms": ms, "mV": mV, "nS": nS, "pF": pF, "pA": pA, "Hz": Hz}
NEURONS = """dv/dt = (-g_leak*(v - E_leak) - (g_exc*v + g_inh*(v - E_inh)) + I) / C : volt (unless refractory)
             dg_exc/dt = -g_exc / tau_exc : siemens
             dg_inh/dt = -g_inh / tau_inh : siemens"""
PLASTIC = """w : siemens
             dpre/dt = -pre / tau_stdp : 1 (event-driven)
             dpost/dt = -post / tau_stdp : 1 (event-driven)"""
ON_PRE = "pre += 1; w = clip(w + eta*(post - 2*target_rate*tau_stdp), 0*nS, w_max); g_inh += w"
ON_POST = "post += 1; w = clip(w + eta*pre, 0*nS, w_max)"


def run(parameters, inputs):
    """Return the spikes, and the plastic weights at the end."""
    p = parameters
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms
    # E_leak_mV is E_leak there.
    split = {name: name.rpartition("_")[::2] for name in p if name not in ("phases_ms", "dt_ms")}
    constants = {stem: p[name] * UNITS[unit] for name, (stem, unit) in split.items() if unit in UNITS}
    exc, everyone = p["exc_neurons"], p["exc_neurons"] + p["inh_neurons"]
    firing = {"threshold": "v > threshold", "reset": "v = E_leak", "refractory": "refractory"}
    neurons = brian2.NeuronGroup(everyone, NEURONS, method="euler", **firing)
    neurons.v = constants["V_initial"]
    source, target = np.repeat(np.arange(everyone), inputs["outdegree"]), inputs["target"]
    exciting = brian2.Synapses(neurons, neurons, on_pre="g_exc += w_exc")
    inhibiting = brian2.Synapses(neurons, neurons, on_pre="g_inh += w_inh_inh")
    plastic = brian2.Synapses(neurons, neurons, PLASTIC, on_pre=ON_PRE, on_post=ON_POST)
    kind = np.where(source < exc, 0, np.where(target >= exc, 1, 2))
    for k, synapses in enumerate((exciting, inhibiting, plastic)):
        synapses.connect(i=source[kind == k], j=target[kind == k])
    plastic.w = constants["w_initial"]
    monitor = brian2.SpikeMonitor(neurons)
    network = brian2.Network(neurons, exciting, inhibiting, plastic, monitor)
    for eta, duration_ms in zip((0 * nS, constants["eta"]), p["phases_ms"], strict=True):
        network.run(duration_ms * ms, namespace=constants | {"eta": eta})
    step = np.rint(monitor.t / brian2.defaultclock.dt).astype(int)
    return {"spike_step": step, "spike_neuron": np.array(monitor.i), "plastic_weight_nS": plastic.w / nS}
