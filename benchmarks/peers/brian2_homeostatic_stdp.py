"""Homeostatic STDP in Brian2: the model of `replasticity.studies.zenke2015.protocol` on Brian2's public interface.

With our population spikes the two simulations must agree; without them Brian2 draws them by itself.
"""

import sys
from pathlib import Path

import brian2
import brian2_mode
import numpy as np
from brian2 import Hz, ms, nS
from exchange import Job

# The study's own file for Brian2. Last: other files of its folder must hide no library.
sys.path.append(str(Path(__file__).parents[2] / "src/replasticity/studies/zenke2015"))
from peer_brian2 import build, poisson_population


def main():
    """Build the population, the factor and the synapse, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    brian2_mode.choose(job)
    brian2.seed(job.seed)
    brian2.defaultclock.dt = p.dt_ms * ms

    if "population_spike_step" in job.arrays:
        population = brian2.SpikeGeneratorGroup(
            p.population_size,
            job.arrays["population_spike_cell"],
            job.arrays["population_spike_step"] * p.dt_ms * ms,
        )
    else:
        population = poisson_population(vars(p))
    unit, plastic, others = build(population, vars(p))
    factor = brian2.StateMonitor(unit, "G", record=[0], dt=p.sample_interval_ms * ms)
    weight = brian2.StateMonitor(plastic, "w", record=[0], dt=p.sample_interval_ms * ms)
    network = brian2.Network(population, unit, plastic, *others, factor, weight)
    brian2_mode.run(job, network, len(p.rates_Hz) * p.epoch_ms * ms)

    job.finish(
        f"Brian2 {brian2.__version__}",
        {"G_Hz": np.asarray(factor.G[0] / Hz), "weight_nS": np.asarray(weight.w[0] / nS)},
    )


if __name__ == "__main__":
    main()
