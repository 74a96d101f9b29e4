"""The script's network in Brian2, on its public interface, with our synapses and our names."""

import brian2
import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF

UNITS = {"ms": ms, "mV": mV, "nS": nS, "pF": pF, "pA": pA, "Hz": Hz}

NEURONS = """
    dv/dt = (-g_leak*(v - E_leak) - (g_exc*v + g_inh*(v - E_inh)) + I) / C : volt (unless refractory)
    dg_exc/dt = -g_exc / tau_exc : siemens
    dg_inh/dt = -g_inh / tau_inh : siemens
    """
PLASTIC = """
    w : siemens
    dpre/dt = -pre / tau_stdp : 1 (event-driven)
    dpost/dt = -post / tau_stdp : 1 (event-driven)
    """


def run(parameters, inputs):
    """Return the spikes in the windows, and the plastic weights at the end."""
    p = parameters
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms
    # E_leak_mV is E_leak there.
    split = {name: name.rpartition("_")[::2] for name in p if not isinstance(p[name], list) and name != "dt_ms"}
    constants = {stem: p[name] * UNITS[unit] for name, (stem, unit) in split.items() if unit in UNITS}

    exc, everyone = p["exc_neurons"], p["exc_neurons"] + p["inh_neurons"]
    neurons = brian2.NeuronGroup(
        everyone, NEURONS, threshold="v > threshold", reset="v = E_leak", refractory="refractory", method="euler"
    )
    neurons.v = constants["V_initial"]
    monitor = brian2.SpikeMonitor(neurons)
    network = brian2.Network(neurons, monitor)
    source, target = np.repeat(np.arange(everyone), inputs["outdegree"]), inputs["target"]

    def connect(chosen, **more):
        synapses = brian2.Synapses(neurons, neurons, **more)
        synapses.connect(i=source[chosen], j=target[chosen])
        network.add(synapses)
        return synapses

    connect(source < exc, on_pre="g_exc += w_exc")
    connect((source >= exc) & (target >= exc), on_pre="g_inh += w_inh_inh")
    plastic = connect(
        (source >= exc) & (target < exc),
        model=PLASTIC,
        on_pre="pre += 1; w = clip(w + eta*(post - 2*target_rate*tau_stdp), 0*nS, w_max); g_inh += w",
        on_post="post += 1; w = clip(w + eta*pre, 0*nS, w_max)",
    )
    plastic.w = constants["w_initial"]
    inside = np.zeros(round(sum(p["phases_ms"]) / p["dt_ms"]), bool)
    for phase, (duration_ms, window_ms) in enumerate(zip(p["phases_ms"], p["windows_ms"], strict=True)):
        network.run(duration_ms * ms, namespace=constants | {"eta": phase * constants["eta"]})
        end = round(sum(p["phases_ms"][: phase + 1]) / p["dt_ms"])
        inside[end - round(window_ms / p["dt_ms"]) : end] = True
    step = np.rint(monitor.t / brian2.defaultclock.dt).astype(int)
    kept = inside[step]
    return {"spike_step": step[kept], "spike_neuron": monitor.i[kept], "plastic_weight_nS": plastic.w / nS}
