"""The neuron of Urbanczik and Senn in NEST: that of `studies.urbanczik2014.protocol` on NEST's public interface.

The pattern is ours. The somatic spikes are NEST's: forced upon our neuron, they must give the same weights.
"""

import nest
import numpy as np
from exchange import Job


def main():
    """Build the neuron with its inputs, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=p.dt_ms, rng_seed=job.seed, local_num_threads=1)
    compartment = {"tau_syn_ex": p.tau_E_d_ms, "tau_syn_in": p.tau_I_d_ms, "V_m": p.V_initial_mV}
    neuron = nest.Create(
        "pp_cond_exp_mc_urbanczik",
        params={
            "t_ref": p.refractory_ms,
            "g_sp": p.g_sp_nS,
            "g_ps": p.g_ps_nS,
            "phi_max": p.rate_max_per_ms,
            "rate_slope": p.rate_slope,
            "beta": p.beta_per_mV,
            "theta": p.theta_mV,
            "dendritic": compartment | {"C_m": p.C_d_pF, "E_L": p.E_L_d_mV, "g_L": p.g_L_d_nS},
            "soma": {
                "V_m": p.U_initial_mV,
                "C_m": p.C_s_pF,
                "E_L": p.E_L_s_mV,
                "g_L": p.g_L_s_nS,
                "E_ex": p.E_E_mV,
                "E_in": p.E_I_mV,
                "tau_syn_ex": p.tau_E_s_ms,
                "tau_syn_in": p.tau_I_s_ms,
            },
        },
    )
    receptors = neuron.receptor_types

    presentations = p.presentations_before + p.presentations_learning + p.presentations_after
    learning_ms = p.presentations_before * p.pattern_ms
    times_ms = np.arange(round(p.presentations_learning * p.pattern_ms / p.dt_ms)) * p.dt_ms + learning_ms
    sine = p.drive_amplitude_E_nS * np.sin(2 * np.pi * p.drive_frequency_per_ms * times_ms)
    for kicks, receptor in (
        (sine + p.drive_offset_E_nS, "soma_exc"),
        (np.full(len(times_ms), p.drive_amplitude_I_nS), "soma_inh"),
    ):
        drive = nest.Create("spike_generator", params={"spike_times": np.round(times_ms, 6), "spike_weights": kicks})
        connection = {"receptor_type": receptors[receptor], "weight": p.drive_factor, "delay": p.drive_delay_ms}
        nest.Connect(drive, neuron, syn_spec=connection)

    onsets_ms = np.arange(presentations)[:, None] * p.pattern_ms
    at_ms, of_input = job.arrays["pattern_spike_time_ms"], job.arrays["pattern_spike_input"]
    trains = [np.round((onsets_ms + at_ms[of_input == k]).ravel(), 6) for k in range(p.input_count)]
    generators = nest.Create("spike_generator", p.input_count, [{"spike_times": train} for train in trains])
    inputs = nest.Create("parrot_neuron", p.input_count)
    nest.Connect(generators, inputs, "one_to_one", {"delay": p.relay_delay_ms})
    synapse = {
        "synapse_model": "urbanczik_synapse",
        "receptor_type": receptors["dendritic_exc"],
        "weight": p.weight_initial_pA,
        "delay": p.synapse_delay_ms,
        "eta": p.eta_pA_mV_per_ms,
        "tau_Delta": p.tau_filter_ms,
        "Wmin": p.weight_min_pA,
        "Wmax": p.weight_max_pA,
    }
    nest.Connect(inputs, neuron, syn_spec=synapse)
    state = nest.Create(
        "multimeter",
        params={"record_from": ["V_m.s", "V_m.p", "g_ex.s", "g_in.s", "I_ex.p"], "interval": p.sample_interval_ms},
    )
    nest.Connect(state, neuron)
    spikes = nest.Create("spike_recorder")
    nest.Connect(neuron, spikes)
    plastic = nest.GetConnections(inputs, neuron)
    order = np.argsort(plastic.get("source"))
    job.end_of("build")

    weights = []
    with nest.RunManager():
        for _ in range(presentations):
            nest.Run(p.pattern_ms)
            weights.append(plastic.get("weight"))
    job.end_of("simulate")

    job.finish(
        f"NEST {nest.__version__}",
        {
            "weight_pA": np.array(weights)[:, order],
            "soma_spike_time_ms": spikes.events["times"],
            "U_time_ms": state.events["times"],
            "U_mV": state.events["V_m.s"],
        },
    )


if __name__ == "__main__":
    main()
