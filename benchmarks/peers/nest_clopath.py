"""The Clopath network in NEST: the network of `replasticity.studies.clopath2010.network` on NEST's public interface.

Synapses and initial potentials are ours. With our input spikes the two simulations must agree spike for spike;
without them NEST draws Poisson trains by itself, as the published script has it.
"""

import nest
import numpy as np
from exchange import Job

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
PLASTIC = {"input_exc": "weight_max_input_mV", "exc_exc": "weight_max_exc_mV"}


def connect(name, sources, targets, job):
    """Connect two populations with our synapses."""
    p = job.parameters
    pre, post, weight = (job.arrays[f"{name}_{part}"] for part in ("pre", "post", "weight_initial_mV"))
    model = "static_synapse"
    if name in PLASTIC:
        model = name
        nest.CopyModel(
            "clopath_synapse",
            name,
            {"Wmin": p.weight_min_mV, "Wmax": getattr(p, PLASTIC[name]), "tau_x": p.tau_x_ms},
        )
    delay = p.delay_exc_exc_ms if name == "exc_exc" else p.delay_ms
    nest.Connect(
        np.array(sources.tolist())[pre],
        np.array(targets.tolist())[post],
        "one_to_one",
        {"synapse_model": model, "weight": weight, "delay": np.full(len(pre), delay)},
    )


def main():
    """Build the network, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=p.dt_ms, rng_seed=job.seed, local_num_threads=1)
    neuron = {theirs: getattr(p, ours) for ours, theirs in NEURON.items()}
    exc, inh = (nest.Create("aeif_psc_delta_clopath", count, neuron) for count in (p.exc_count, p.inh_count))
    exc.V_m, inh.V_m = job.arrays["exc_V_initial_mV"], job.arrays["inh_V_initial_mV"]
    channels = nest.Create("parrot_neuron", p.input_count)
    given = "input_spike_step" in job.arrays
    if given:
        # A relayed spike arrives one step later.
        step, channel = job.arrays["input_spike_step"], job.arrays["input_spike_channel"]
        times = [np.round((step[channel == k] - 1) * p.dt_ms, 6) for k in range(p.input_count)]
        generators = nest.Create("spike_generator", p.input_count, [{"spike_times": each} for each in times])
    else:
        generators = nest.Create("poisson_generator", p.input_count)
    nest.Connect(generators, channels, "one_to_one", {"delay": p.dt_ms})
    for name, sources, targets in (
        ("input_exc", channels, exc),
        ("input_inh", channels, inh),
        ("exc_exc", exc, exc),
        ("exc_inh", exc, inh),
        ("inh_exc", inh, exc),
    ):
        connect(name, sources, targets, job)
    spikes = nest.Create("spike_recorder")
    nest.Connect(exc + inh, spikes)
    potentials = nest.Create(
        "multimeter",
        params={
            "record_from": ["V_m", "u_bar_plus", "u_bar_minus", "u_bar_bar"],
            "interval": p.dt_ms,
            "start": p.raster_start_ms,
            "stop": p.raster_start_ms + p.raster_ms,
        },
    )
    nest.Connect(potentials, exc)
    recurrent = nest.GetConnections(exc, exc)
    distance = np.arange(p.input_count) - job.arrays["profile_centre"][:, None]
    rates = p.profile_gain * p.profile_rate_Hz * np.exp(-(distance**2) / (2 * p.profile_sd**2))
    job.end_of("build")

    weights = [recurrent.get("weight")]
    with nest.RunManager():
        for rate in rates:
            if not given:
                generators.rate = rate
            nest.Run(p.interval_ms)
            weights.append(recurrent.get("weight"))
    job.end_of("simulate")

    pre, post = np.array(recurrent.get("source")), np.array(recurrent.get("target"))
    order = np.lexsort((post, pre))
    job.finish(
        f"NEST {nest.__version__}",
        {
            "exc_exc_weight_mV": np.array(weights)[:, order],
            "spike_time_ms": spikes.events["times"],
            "spike_neuron": spikes.events["senders"] - exc[0].global_id,
            "V_mV": potentials.events["V_m"],
        },
    )


if __name__ == "__main__":
    main()
