"""Homeostatic STDP in Brian2: the model of `replasticity.studies.zenke2015.protocol` on Brian2's public interface.

With our population spikes the two simulations must agree; without them Brian2 draws them by itself.
"""

import brian2
import brian2_mode
import numpy as np
from brian2 import Hz, ms, nS
from exchange import Job


def main():
    """Build the population, the factor and the synapse, simulate, and read what our run holds as well."""
    job = Job()
    p = job.parameters
    brian2_mode.choose(job)
    brian2.seed(job.seed)
    brian2.defaultclock.dt = p.dt_ms * ms

    duration = len(p.rates_Hz) * p.epoch_ms * ms
    rate = brian2.TimedArray(p.rates_Hz * Hz, dt=p.epoch_ms * ms)
    if "population_spike_step" in job.arrays:
        population = brian2.SpikeGeneratorGroup(
            p.population_size,
            job.arrays["population_spike_cell"],
            job.arrays["population_spike_step"] * p.dt_ms * ms,
        )
    else:
        population = brian2.PoissonGroup(p.population_size, rates="rate(t)", namespace={"rate": rate})

    # The factor is the postsynaptic cell's own variable, so that the synapse can read it.
    steps = round(float(duration / (p.dt_ms * ms)))
    emits = np.zeros(steps)
    emits[np.rint(np.array(p.post_times_ms) / p.dt_ms).astype(int)] = 1
    pre = brian2.SpikeGeneratorGroup(1, np.zeros(len(p.pre_times_ms), int), p.pre_times_ms * ms)
    post = brian2.NeuronGroup(
        1,
        "dH/dt = -H / tau_H : Hz",
        threshold="emits(t) > 0",
        reset="",
        method="exact",
        namespace={
            "tau_H": p.tau_H_ms * ms,
            "emits": brian2.TimedArray(emits, dt=p.dt_ms * ms),
        },
    )
    counting = brian2.Synapses(
        population,
        post,
        on_pre="H_post += 1 / (tau_H * count)",
        namespace={"tau_H": p.tau_H_ms * ms, "count": p.population_size},
    )
    counting.connect()
    with_constant = "{own} += 1; w += eta * ((H_post - target) * (1 + {other}))"
    with_trace = "{own} += 1; w += eta * ((H_post - target) * {other})"
    if p.rule == "eq15":
        on_pre, on_post = with_constant.format(own="zj", other="zi"), with_trace.format(own="zi", other="zj")
    else:
        on_pre, on_post = with_trace.format(own="zi", other="zj"), with_constant.format(own="zj", other="zi")
    plastic = brian2.Synapses(
        pre,
        post,
        model="""
            w : siemens
            dzi/dt = -zi / tau : 1 (event-driven)
            dzj/dt = -zj / tau : 1 (event-driven)
            """,
        on_pre=on_pre,
        on_post=on_post,
        namespace={
            "tau": p.tau_stdp_ms * ms,
            "eta": p.eta_nS_s * nS * brian2.second,
            "target": p.target_rate_Hz * Hz,
        },
    )
    plastic.connect()
    plastic.w = p.weight_initial_nS * nS
    plastic.pre.order, counting.pre.order, plastic.post.order = -1, 0, 1
    factor = brian2.StateMonitor(post, "H", record=[0], dt=p.sample_interval_ms * ms)
    weight = brian2.StateMonitor(plastic, "w", record=[0], dt=p.sample_interval_ms * ms)
    network = brian2.Network(population, pre, post, counting, plastic, factor, weight)
    brian2_mode.run(job, network, duration)

    job.finish(
        f"Brian2 {brian2.__version__}",
        {
            "G_Hz": np.asarray(factor.H[0] / Hz) - p.target_rate_Hz,
            "weight_nS": np.asarray(weight.w[0] / nS),
        },
    )


if __name__ == "__main__":
    main()
