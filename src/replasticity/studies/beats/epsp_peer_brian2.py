"""Pairings and the EPSPs that their weights make in Brian2, on its public interface."""

import brian2
import numpy as np
from brian2 import ms, mV
from peer_brian2 import Watch, begin, pair_synapses, simulate

#: The largest potential that our model allows [V]: Brian2 has no limit.
LARGEST_POTENTIAL_V = 1e3

#: Samples closer than this part of the largest count as one peak, as in our model.
ROUNDING = 1e-12

#: A potential that settles closer to the threshold than this spikes or not as rounding has it [mV].
SETTLED_MV = 1e-9

READOUT = "dv/dt = (E_L - v + I_const) / tau_m : volt"


def run(parameters, inputs):
    """Return spikes and each event of the pairings, then the read-out."""
    p = parameters
    if abs(p["E_L_mV"] + p["I_const_mV"] - p["V_th_mV"]) < SETTLED_MV:
        raise NotImplementedError("settled-potential: v settles at V_th, and rounding decides whether it exceeds it")
    period, difference = conditions(p)
    begin(p["dt_ms"])
    pre_step = round(p["first_pre_ms"] / p["dt_ms"]) + np.arange(p["pairings"]) * period[:, None]
    steps = [pre_step, pre_step + difference[:, None]]
    synapse = np.repeat(np.arange(len(period)), p["pairings"])
    sides = [brian2.SpikeGeneratorGroup(len(period), synapse, each.ravel() * p["dt_ms"] * ms) for each in steps]
    plastic = pair_synapses(*sides, p)
    watch = Watch(plastic)
    simulate(brian2.Network(*sides, plastic, *watch.operations), np.max(steps) + 1, p["dt_ms"])
    found = watch.found()
    weight = np.append(found["weight_final"], p["weight_initial"])
    return found | {"readout_weight": weight} | read_out(weight, p)


def conditions(p):
    """Return the period of the pairings and their difference in steps: the grid, isolated and locked pairings."""

    def period_steps(rate_Hz):
        return round(1000 / (rate_Hz * p["dt_ms"]))

    found = [
        (period_steps(rate_Hz), round(each_ms / p["dt_ms"]))
        for rate_Hz in p["grid_rates_Hz"]
        for each_ms in p["grid_differences_ms"]
    ]
    found += [(period_steps(p["isolated_rate_Hz"]), period_steps(gap_Hz)) for gap_Hz in p["gap_rates_Hz"]]
    found += [(period_steps(gap_Hz), period_steps(gap_Hz)) for gap_Hz in p["gap_rates_Hz"]]
    return np.array(found).T


def read_out(weight, p):
    """Return what one test spike does to a neuron through each weight."""
    begin(p["dt_ms"])
    test = brian2.SpikeGeneratorGroup(1, [0], [p["test_spike_ms"]] * ms)
    neurons = brian2.NeuronGroup(
        len(weight),
        READOUT,
        threshold="v > V_th",
        reset="v = E_L",
        method="exact",
        namespace={
            "E_L": p["E_L_mV"] * mV,
            "I_const": p["I_const_mV"] * mV,
            "tau_m": p["tau_m_ms"] * ms,
            "V_th": p["V_th_mV"] * mV,
        },
    )
    neurons.v = p["E_L_mV"] * mV
    synapses = brian2.Synapses(
        test,
        neurons,
        "w : 1",
        on_pre="v_post += w * J",
        delay=p["delay_ms"] * ms,
        namespace={"J": p["psp_scale_mV"] * mV},
    )
    synapses.connect()
    synapses.w = weight
    potential = brian2.StateMonitor(neurons, "v", record=True)
    spikes = brian2.SpikeMonitor(neurons)
    network = brian2.Network(test, neurons, synapses, potential, spikes)
    simulate(network, round(p["readout_duration_ms"] / p["dt_ms"]), p["dt_ms"])
    v_V, end_V = np.asarray(potential.v).T, np.asarray(neurons.v)
    if not all(np.all(np.abs(each) <= LARGEST_POTENTIAL_V) for each in (v_V, end_V)):
        raise FloatingPointError(f"a potential is beyond {LARGEST_POTENTIAL_V:g} V in size")
    time_ms, peak_V = np.asarray(potential.t / ms), v_V.max(axis=0)
    is_peak = v_V >= peak_V - ROUNDING * np.abs(v_V).max(axis=0)
    return {
        "readout_time_ms": time_ms,
        "readout_v_mV": np.asarray(v_V / float(mV)),
        "epsp_peak_mV": (peak_V - float(p["E_L_mV"] * mV)) / float(mV),
        "epsp_peak_time_ms": time_ms[is_peak.argmax(axis=0)],
        "v_end_mV": end_V / float(mV),
        "readout_spike_step": np.rint(np.asarray(spikes.t / ms) / p["dt_ms"]).astype(int),
        "readout_spike_cell": np.array(spikes.i),
    }
