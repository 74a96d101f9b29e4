"""The script's network in Brian2, on its public interface, with our synapses."""

import brian2
import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF

NEURONS = """
    dv/dt = (-gl*(v - el) - (g_ampa*v + g_gaba*(v - er)) + current)/capacitance : volt (unless refractory)
    dg_ampa/dt = -g_ampa/tau_ampa : siemens
    dg_gaba/dt = -g_gaba/tau_gaba : siemens
    """
PLASTIC = """
    w : 1
    dApre/dt = -Apre/tau_stdp : 1 (event-driven)
    dApost/dt = -Apost/tau_stdp : 1 (event-driven)
    """


def run(parameters, inputs):
    """Return the spikes in the windows and the plastic weights at the end."""
    p = parameters
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms
    exc, everyone = p["exc_neurons"], p["exc_neurons"] + p["inh_neurons"]
    constants = {
        **{"gl": p["g_leak_nS"] * nS, "el": p["E_leak_mV"] * mV, "er": p["E_inh_mV"] * mV, "vt": p["threshold_mV"] * mV},
        **{"current": p["I_pA"] * pA, "capacitance": p["C_pF"] * pF, "refractory_period": p["refractory_ms"] * ms},
        **{"tau_ampa": p["tau_exc_ms"] * ms, "tau_gaba": p["tau_inh_ms"] * ms, "tau_stdp": p["tau_stdp_ms"] * ms},
        **{"w_exc": p["w_exc_nS"] * nS, "w_inh_inh": p["w_inh_inh_nS"] * nS, "gmax": p["w_max_nS"]},
        **{"alpha": p["target_rate_Hz"] * Hz * p["tau_stdp_ms"] * ms * 2, "nS": nS},
    }
    common = {"method": "euler", "namespace": constants}
    neurons = brian2.NeuronGroup(
        everyone, NEURONS, threshold="v > vt", reset="v = el", refractory="refractory_period", **common
    )
    neurons.v = p["V_initial_mV"] * mV
    network = brian2.Network(neurons)
    source, target = np.repeat(np.arange(everyone), inputs["outdegree"]), inputs["target"]

    def connect(chosen, **more):
        synapses = brian2.Synapses(neurons, neurons, namespace=constants, **more)
        if chosen.any():
            synapses.connect(i=source[chosen], j=target[chosen])
        network.add(synapses)
        return synapses

    connect(source < exc, on_pre="g_ampa += w_exc")
    connect((source >= exc) & (target >= exc), on_pre="g_gaba += w_inh_inh")
    plastic = connect(
        (source >= exc) & (target < exc),
        model=PLASTIC,
        on_pre="Apre += 1.0; w = clip(w + (Apost - alpha)*eta, 0, gmax); g_gaba += w*nS",
        on_post="Apost += 1.0; w = clip(w + Apre*eta, 0, gmax)",
    )
    plastic.w = p["w_initial_nS"]
    monitor = brian2.SpikeMonitor(neurons)
    network.add(monitor)
    for phase_ms, eta in zip(p["phases_ms"], (0.0, p["eta_nS"])):
        network.run(phase_ms * ms, namespace={"eta": eta})
    step, neuron = np.rint(np.asarray(monitor.t / ms) / p["dt_ms"]).astype(np.int32), np.asarray(monitor.i)
    ends = np.rint(np.cumsum(p["phases_ms"]) / p["dt_ms"])
    windows = zip(ends, np.rint(np.array(p["windows_ms"]) / p["dt_ms"]))
    kept = np.any([(step >= end - window) & (step < end) for end, window in windows], axis=0)
    return {"spike_step": step[kept], "spike_neuron": neuron[kept], "plastic_weight_nS": np.asarray(plastic.w)}
