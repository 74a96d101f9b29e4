"""The published pairings in NEST, on its public interface: every pairing in both neuron models, side by side.

Runs in NEST's own environment: nothing of replasticity is installed there.
"""

import nest
import numpy as np

# NEST's name -> ours, without the prefix of the neuron.
PLASTICITY = {
    "tau_u_bar_plus": "tau_plus_ms",
    "tau_u_bar_minus": "tau_minus_ms",
    "tau_u_bar_bar": "tau_bar_ms",
    "A_LTP": "A_LTP_per_mV2",
    "A_LTD": "A_LTD_per_mV",
    "A_LTD_const": "constant_A_LTD",
    "u_ref_squared": "u_ref2_mV2",
    "theta_plus": "theta_plus_mV",
    "theta_minus": "theta_minus_mV",
    "delay_u_bars": "delay_u_ms",
    "V_m": "V_initial_mV",
    "C_m": "c_pF",
    "g_L": "g_L_nS",
    "E_L": "E_L_mV",
    "I_e": "I_e_pA",
    "t_ref": "t_ref_ms",
}
ADEX = PLASTICITY | {
    "Delta_T": "Delta_T_mV",
    "V_peak": "V_peak_mV",
    "V_reset": "V_reset_mV",
    "V_clamp": "V_clamp_mV",
    "t_clamp": "t_clamp_ms",
    "a": "a_nS",
    "b": "b_pA",
    "tau_w": "tau_w_ms",
    "I_sp": "I_sp_pA",
    "tau_z": "tau_z_ms",
    "V_th_rest": "V_T_rest_mV",
    "V_th_max": "V_T_max_mV",
    "tau_V_th": "tau_T_ms",
    "gsl_error_tol": "tolerance",
    # The low-passed potentials start at rest.
    "u_bar_plus": "E_L_mV",
    "u_bar_minus": "E_L_mV",
    "u_bar_bar": "E_L_mV",
}
HH = PLASTICITY | {
    "g_Na": "g_Na_nS",
    "g_K": "g_K_nS",
    "E_Na": "E_Na_mV",
    "E_K": "E_K_mV",
    "tau_syn_ex": "tau_ex_ms",
    "tau_syn_in": "tau_in_ms",
}
# In the order of our dimension: prefix, NEST's model, its parameters, and what forces it to spike.
NEURONS = (
    ("adex_", "aeif_psc_delta_clopath", ADEX, "adex_forcing_weight_mV"),
    ("hh_", "hh_psc_alpha_clopath", HH, "hh_forcing_weight_pA"),
)
POTENTIALS = {"V": "V_m", "u_plus": "u_bar_plus", "u_minus": "u_bar_minus", "u_bar": "u_bar_bar"}
# A run ends this long after the last spike of a generator.
AFTER_LAST_MS = 10.0


def run(parameters, inputs):
    """Return transmitted weights, spikes, and the potentials in the fastest pairing of each order."""
    p = parameters
    refuse(p, inputs)
    dt_ms, count = p["dt_ms"], len(p["rates_Hz"])
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=dt_ms, local_num_threads=1)
    one_step = {"delay": dt_ms}
    pre, post = (
        [np.round(inputs[f"{side}_time_ms"][inputs[f"{side}_pairing"] == k], 6) for k in range(count)]
        for side in ("pre", "post")
    )
    steps = np.array([round((max(*pre[k], *post[k]) + AFTER_LAST_MS) / dt_ms) for k in range(count)])

    neurons = [
        nest.Create(model, count, {theirs: p[prefix + ours] for theirs, ours in names.items()})
        for prefix, model, names, _ in NEURONS
    ]
    pre_generators, post_generators = (
        nest.Create("spike_generator", count, [{"spike_times": times} for times in side]) for side in (pre, post)
    )
    relays, spikes, weights = nest.Create("parrot_neuron", count), nest.Create("spike_recorder"), []
    nest.Connect(pre_generators, relays, "one_to_one", one_step)
    for (prefix, _, _, forcing_weight), neuron in zip(NEURONS, neurons, strict=True):
        nest.Connect(post_generators, neuron, "one_to_one", one_step | {"weight": p[forcing_weight]})
        weights.append(nest.Create("weight_recorder"))
        synapse = {"weight": p["weight_initial"], "Wmin": p["weight_min"], "Wmax": p["weight_max"]}
        nest.CopyModel(
            "clopath_synapse",
            f"{prefix}synapse",
            synapse | {"tau_x": p["tau_x_ms"], "delay": p["delay_ms"], "weight_recorder": weights[-1]},
        )
        nest.Connect(relays, neuron, "one_to_one", {"synapse_model": f"{prefix}synapse"})
        nest.Connect(neuron, spikes, syn_spec=one_step)
    examples = example_pairings(p["rates_Hz"], p["intervals_ms"])
    multimeters = [[multimeter(neuron[k], dt_ms) if k >= 0 else None for k in examples] for neuron in neurons]
    # What is recorded at the end of the last step is read in the one after it.
    simulate((steps.max() + 1) * dt_ms)

    # Without a spike NEST has floats here.
    index = spikes.events["senders"].astype(int) - neurons[0][0].global_id
    spike_step = np.rint(spikes.events["times"] / dt_ms)
    pairing = index % count
    within = spike_step <= steps[pairing]
    # Our model's limits: a finite potential, and a spike per step on average.
    if not all(np.isfinite(neuron.V_m).all() for neuron in neurons):
        raise FloatingPointError("V_m is not finite")
    if (np.bincount(index[within], minlength=len(NEURONS) * count) > np.tile(steps, len(NEURONS))).any():
        raise FloatingPointError("too many spikes")
    result = {
        "transmitted_weight": [transmitted(recorder, relays) for recorder in weights],
        "post_spike_time_ms": spikes.events["times"][within],
        "post_spike_neuron": (index // count)[within],
        "post_spike_pairing": pairing[within],
    }
    shown = [min(steps[k], round(p["potentials_ms"] / dt_ms)) if k >= 0 else 0 for k in examples]
    for ours, theirs in POTENTIALS.items():
        example = np.full((len(NEURONS), len(examples), max(shown)), np.nan)
        for row, of_neuron in zip(example, multimeters, strict=True):
            for trace, length, meter in zip(row, shown, of_neuron, strict=True):
                if meter:
                    trace[:length] = meter.events[theirs][:length]
        result[f"example_{ours}_mV"] = example
    return result


def refuse(p, inputs):
    """Raise a NotImplementedError for what NEST has no means for."""
    if p["hh_tolerance"] != 1e-3:
        raise NotImplementedError("solver-of-hodgkin-huxley: hh_tolerance is 0.001 in NEST")
    if p["adex_V_T_rest_mV"] != nest.GetDefaults("aeif_psc_delta_clopath", "V_th_rest"):
        raise NotImplementedError("threshold-start: NEST's moving threshold starts at -50.4 mV, whatever V_th_rest is")
    if p["hh_V_initial_mV"] in (-40.0, -55.0):
        raise NotImplementedError("zero-over-zero: at this hh_V_initial_mV a rate of NEST's gates is no number")
    if min(inputs["pre_time_ms"].min(), inputs["post_time_ms"].min()) <= 0:
        raise NotImplementedError("first-spike: a spike generator of NEST has no spike at 0 ms")


def simulate(duration_ms):
    """Simulate; raise a FloatingPointError if a neuron of NEST leaves its limits."""
    try:
        nest.Simulate(duration_ms)
    except (nest.NESTErrors.NumericalInstability, nest.NESTErrors.GSLSolverFailure) as error:
        raise FloatingPointError(str(error)) from error


def example_pairings(rates_Hz, intervals_ms):
    """Return the fastest pairing with the postsynaptic, and with the presynaptic spike first; -1 if there is none."""
    fastest = []
    for post_first in (True, False):
        of_order = [k for k, interval_ms in enumerate(intervals_ms) if (interval_ms < 0) == post_first]
        fastest.append(max(of_order, key=lambda k: rates_Hz[k], default=-1))
    return fastest


def multimeter(neuron, dt_ms):
    """Return a device that records the potentials of a neuron at each step."""
    device = nest.Create("multimeter", params={"record_from": list(POTENTIALS.values()), "interval": dt_ms})
    nest.Connect(device, neuron, syn_spec={"delay": dt_ms})
    return device


def transmitted(recorder, relays):
    """Return the weights that a recorder has seen: of all spikes of the first relay, then of the second, and so on."""
    relay = recorder.events["senders"].astype(int) - relays[0].global_id
    return recorder.events["weights"][np.argsort(relay, kind="stable")]
