"""The published example in NEST, on its public interface, with our wiring, initial potentials and input spikes.

Runs in NEST's own environment: nothing of replasticity is installed there.
"""

import nest
import numpy as np

# Our name -> NEST's name.
NEURON = {
    "c_pF": "C_m",
    "g_L_nS": "g_L",
    "E_L_mV": "E_L",
    "Delta_T_mV": "Delta_T",
    "V_peak_mV": "V_peak",
    "V_reset_mV": "V_reset",
    "V_clamp_mV": "V_clamp",
    "t_ref_ms": "t_ref",
    "t_clamp_ms": "t_clamp",
    "a_nS": "a",
    "b_pA": "b",
    "tau_w_ms": "tau_w",
    "w_initial_pA": "w",
    "I_sp_pA": "I_sp",
    "tau_z_ms": "tau_z",
    "V_T_rest_mV": "V_th_rest",
    "V_T_max_mV": "V_th_max",
    "tau_T_ms": "tau_V_th",
    "I_e_pA": "I_e",
    "solver_tolerance": "gsl_error_tol",
    "tau_plus_ms": "tau_u_bar_plus",
    "tau_minus_ms": "tau_u_bar_minus",
    "tau_bar_ms": "tau_u_bar_bar",
    "A_LTP_per_mV": "A_LTP",
    "A_LTD": "A_LTD",
    "constant_A_LTD": "A_LTD_const",
    "u_ref2_mV2": "u_ref_squared",
    "theta_plus_mV": "theta_plus",
    "theta_minus_mV": "theta_minus",
    "delay_u_ms": "delay_u_bars",
}
WEIGHT_MAX = {"input_exc": "weight_max_input_mV", "exc_exc": "weight_max_exc_mV"}


def run(parameters, inputs):
    """Return all spikes, the weights between excitatory neurons over time, and all plastic weights at the end."""
    p = parameters
    if p["history_start_mV"] != 0:
        raise ValueError("history_start_mV: has to be 0, since NEST's delay lines start there")
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=p["dt_ms"], local_num_threads=1)
    neuron = {theirs: p[ours] for ours, theirs in NEURON.items()}
    exc, inh = (nest.Create("aeif_psc_delta_clopath", p[f"{side}_count"], neuron) for side in ("exc", "inh"))
    exc.V_m, inh.V_m = inputs["exc_V_initial_mV"], inputs["inh_V_initial_mV"]
    populations = {"input": channels(p, inputs), "exc": exc, "inh": inh}
    for name in ("input_exc", "input_inh", "exc_exc", "exc_inh", "inh_exc"):
        source, target = name.split("_")
        connect(name, populations[source], populations[target], p, inputs)
    spikes = {side: nest.Create("spike_recorder") for side in ("exc", "inh")}
    for side, recorder in spikes.items():
        nest.Connect(populations[side], recorder)

    weights = [weights_of("exc_exc", populations, inputs)]
    with nest.RunManager():
        for _ in range(round(p["duration_ms"] / p["sample_interval_ms"])):
            nest.Run(p["sample_interval_ms"])
            weights.append(weights_of("exc_exc", populations, inputs))
    result = {
        "time_ms": np.arange(len(weights)) * p["sample_interval_ms"],
        "exc_exc_weight_mV": np.array(weights),
        "exc_exc_weight_final_mV": weights[-1],
        "input_exc_weight_final_mV": weights_of("input_exc", populations, inputs),
    }
    for side, recorder in spikes.items():
        result[f"{side}_spike_time_ms"] = recorder.events["times"]
        result[f"{side}_spike_index"] = recorder.events["senders"] - populations[side][0].global_id
    return result


def channels(p, inputs):
    """Return neurons that relay our input spikes: a relayed spike arrives one step later."""
    step, channel = inputs["input_spike_step"], inputs["input_spike_channel"]
    times = [np.round((step[channel == k] - 1) * p["dt_ms"], 6) for k in range(p["input_count"])]
    generators = nest.Create("spike_generator", p["input_count"], [{"spike_times": each} for each in times])
    relays = nest.Create("parrot_neuron", p["input_count"])
    nest.Connect(generators, relays, "one_to_one", {"delay": p["dt_ms"]})
    return relays


def connect(name, sources, targets, p, inputs):
    """Connect two populations with our synapses."""
    pre, post, weight = (inputs[f"{name}_{part}"] for part in ("pre", "post", "weight_initial_mV"))
    model = "static_synapse"
    if name in WEIGHT_MAX:
        model = name
        limits = {"Wmin": p["weight_min_mV"], "Wmax": p[WEIGHT_MAX[name]], "tau_x": p["tau_x_ms"]}
        nest.CopyModel("clopath_synapse", name, limits)
    delay_ms = p["delay_exc_exc_ms"] if name == "exc_exc" else p["delay_ms"]
    nest.Connect(
        np.array(sources.tolist())[pre],
        np.array(targets.tolist())[post],
        "one_to_one",
        {"synapse_model": model, "weight": weight, "delay": np.full(len(pre), delay_ms)},
    )


def weights_of(name, populations, inputs):
    """Return the weights of a projection whose pairs of neurons are different, in our order."""
    source, target = (populations[side] for side in name.split("_"))
    synapses = nest.GetConnections(source, target, synapse_model=name)
    theirs = np.lexsort((synapses.get("target"), synapses.get("source")))
    ours = np.lexsort((inputs[f"{name}_post"], inputs[f"{name}_pre"]))
    weights = np.empty(len(ours))
    weights[ours] = np.array(synapses.get("weight"))[theirs]
    return weights
