"""Regularly firing pairs with pair STDP in Brian2: the model of `replasticity.studies.beats.protocol`."""

import brian2
import brian2_mode
import numpy as np
from brian2 import Hz, ms
from exchange import Job


def main():
    """Build the pairs, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    brian2_mode.choose(job)
    brian2.defaultclock.dt = p.dt_ms * ms

    pairs = len(p.pre_rates_Hz)
    reset = "x = 0" if p.reset == "zero" else "x -= 1"
    cells = []
    for rates in (p.pre_rates_Hz, p.post_rates_Hz):
        group = brian2.NeuronGroup(pairs, "dx/dt = rate : 1\nrate : Hz", threshold="x > 1", reset=reset, method="euler")
        group.rate = rates * Hz
        cells.append(group)
    pre, post = cells
    bounded = "clip(w + {change}, 0, w_max)" if p.clip_weight else "w + {change}"
    plastic = brian2.Synapses(
        pre,
        post,
        model="""
            w : 1
            dA/dt = -A / tau_pre : 1 (event-driven)
            dB/dt = -B / tau_post : 1 (event-driven)
            """,
        on_pre=f"A += dA; w = {bounded.format(change='B')}",
        on_post=f"B += dB; w = {bounded.format(change='A')}",
        namespace={
            "tau_pre": p.tau_pre_ms * ms,
            "tau_post": p.tau_post_ms * ms,
            "dA": p.dA_pre,
            "dB": -p.dA_pre * p.tau_pre_ms / p.tau_post_ms * p.depression_ratio,
            "w_max": p.weight_max,
        },
    )
    plastic.connect(j="i")
    plastic.w = p.weight_initial
    weight = brian2.StateMonitor(plastic, "w", record=range(pairs))
    spikes = [brian2.SpikeMonitor(group) for group in cells]
    brian2_mode.run(job, brian2.Network(*cells, plastic, weight, *spikes), p.duration_ms * ms)

    outputs = {"weight": np.asarray(weight.w).T}
    for side, monitor in zip(("pre", "post"), spikes, strict=True):
        outputs[f"{side}_spike_step"] = np.rint(np.asarray(monitor.t / ms) / p.dt_ms).astype(int)
        outputs[f"{side}_spike_cell"] = np.asarray(monitor.i)
    job.finish(f"Brian2 {brian2.__version__}", outputs)


if __name__ == "__main__":
    main()
