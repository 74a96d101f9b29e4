"""The neuron of Urbanczik and Senn in NEST: that of `studies.urbanczik2014.protocol` on NEST's public interface.

The pattern is ours. The somatic spikes are NEST's: forced upon our neuron, they must give the same weights.
"""

import sys
from pathlib import Path

import nest
import numpy as np
from exchange import Job

# The study's own file for NEST. Last: other files of its folder must hide no library.
sys.path.append(str(Path(__file__).parents[2] / "src/replasticity/studies/urbanczik2014"))
from peer_nest import connect_drive, connect_inputs, in_model_units, neuron_parameters, presentations_of


def main():
    """Build the neuron with its inputs, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    q, units = in_model_units(p)
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=p.dt_ms, rng_seed=job.seed, local_num_threads=1)
    neuron = nest.Create("pp_cond_exp_mc_urbanczik", params=neuron_parameters(q))
    connect_drive(neuron, p, units["nS"])
    plastic, order = connect_inputs(neuron, p, q, job.arrays)
    state = nest.Create(
        "multimeter",
        params={"record_from": ["V_m.s", "V_m.p", "g_ex.s", "g_in.s", "I_ex.p"], "interval": p.sample_interval_ms},
    )
    nest.Connect(state, neuron)
    spikes = nest.Create("spike_recorder")
    nest.Connect(neuron, spikes)
    job.end_of("build")

    weights = []
    with nest.RunManager():
        for _ in range(presentations_of(p)[0]):
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
