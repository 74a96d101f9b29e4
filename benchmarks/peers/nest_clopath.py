"""The Clopath network in NEST: the network of `replasticity.studies.clopath2010.network` on NEST's public interface.

Synapses and initial potentials are ours. With our input spikes the two simulations must agree spike for spike;
without them NEST draws Poisson trains by itself, as the published script has it.
"""

import sys
from pathlib import Path

import nest
import numpy as np
from exchange import Job

# The study's own file for NEST. Last: other files of its folder must hide no library.
sys.path.append(str(Path(__file__).parents[2] / "src/replasticity/studies/clopath2010"))
from network_peer_nest import channels, connect, neurons


def main():
    """Build the network, simulate, and read what our run holds as well."""
    job = Job()
    p, values = job.parameters, vars(job.parameters)
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=p.dt_ms, rng_seed=job.seed, local_num_threads=1)
    exc, inh = (neurons(side, values, job.arrays) for side in ("exc", "inh"))
    given = "input_spike_step" in job.arrays
    if given:
        relays = channels(values, job.arrays)
    else:
        generators = nest.Create("poisson_generator", p.input_count)
        relays = nest.Create("parrot_neuron", p.input_count)
        nest.Connect(generators, relays, "one_to_one", {"delay": p.dt_ms})
    for name, sources, targets in (
        ("input_exc", relays, exc),
        ("input_inh", relays, inh),
        ("exc_exc", exc, exc),
        ("exc_inh", exc, inh),
        ("inh_exc", inh, exc),
    ):
        connect(name, sources, targets, values, job.arrays)
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
    for rate in rates:
        if not given:
            generators.rate = rate
        # As the published script has it. Between two calls of `nest.Run` a new rate would have no effect.
        nest.Simulate(p.interval_ms)
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
