"""Regularly firing pairs with pair STDP in Brian2: the model of `replasticity.studies.beats.protocol`."""

import sys
from pathlib import Path

import brian2
import brian2_mode
import numpy as np
from brian2 import ms
from exchange import Job

# The study's own file for Brian2. Last: other files of its folder must hide no library.
sys.path.append(str(Path(__file__).parents[2] / "src/replasticity/studies/beats"))
from peer_brian2 import firing_sides, pair_synapses


def main():
    """Build the pairs, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    brian2_mode.choose(job)
    brian2.defaultclock.dt = p.dt_ms * ms

    cells = firing_sides(vars(p))
    plastic = pair_synapses(*cells, vars(p))
    weight = brian2.StateMonitor(plastic, "w", record=range(len(p.pre_rates_Hz)))
    spikes = [brian2.SpikeMonitor(group) for group in cells]
    brian2_mode.run(job, brian2.Network(*cells, plastic, weight, *spikes), p.duration_ms * ms)

    outputs = {"weight": np.asarray(weight.w).T}
    for side, monitor in zip(("pre", "post"), spikes, strict=True):
        outputs[f"{side}_spike_step"] = np.rint(np.asarray(monitor.t / ms) / p.dt_ms).astype(int)
        outputs[f"{side}_spike_cell"] = np.asarray(monitor.i)
    job.finish(f"Brian2 {brian2.__version__}", outputs)


if __name__ == "__main__":
    main()
