"""The published example in Brian2, on its public interface, with our population spikes.

Runs in Brian2's own environment: nothing of replasticity is installed there.
"""

import brian2
import numpy as np
from brian2 import Hz, ms, nS, second

# The constant term belongs to one of the two spikes: see the erratum "exchanged-traces".
WITH_CONSTANT = "{own} += 1; w += eta * (G * (1 + {other}))"
WITHOUT = "{own} += 1; w += eta * (G * {other})"


def run(parameters, inputs):
    """Return when the synapse had spikes, H, G and the weight in their samples, and the final weight."""
    p = parameters
    brian2.start_scope()
    # numpy does each operation as it stands: no other code generation gives the same bits.
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms

    population = brian2.SpikeGeneratorGroup(
        p["population_size"], inputs["population_spike_cell"], inputs["population_spike_step"] * p["dt_ms"] * ms
    )
    unit = brian2.NeuronGroup(
        1, "dH/dt = -H / tau_H : Hz\nG = H - target : Hz", method="exact", namespace=namespace(p), name="unit"
    )
    counting = brian2.Synapses(population, unit, on_pre="H_post += 1 / (tau_H * count)", namespace=namespace(p))
    counting.connect()
    pre, post = (
        brian2.SpikeGeneratorGroup(1, np.zeros(len(times), int), np.array(times) * ms)
        for times in (p["pre_times_ms"], p["post_times_ms"])
    )
    on_pre, on_post = {
        "as_published": (WITHOUT.format(own="zi", other="zj"), WITH_CONSTANT.format(own="zj", other="zi")),
        "eq15": (WITH_CONSTANT.format(own="zj", other="zi"), WITHOUT.format(own="zi", other="zj")),
    }[p["rule"]]
    plastic = brian2.Synapses(
        pre,
        post,
        model="""
            w : siemens
            dzi/dt = -zi / tau : 1 (event-driven)
            dzj/dt = -zj / tau : 1 (event-driven)
            G : Hz (linked)
            """,
        on_pre=on_pre,
        on_post=on_post,
        namespace=namespace(p),
    )
    plastic.connect()
    plastic.w = p["weight_initial_nS"] * nS
    plastic.G = brian2.linked_var(unit, "G", index="j")
    # As in a fresh session, where automatic names put them so.
    plastic.pre.order, counting.pre.order, plastic.post.order = -1, 0, 1

    interval = p["sample_interval_ms"] * ms
    factor = brian2.StateMonitor(unit, ["H", "G"], record=[0], dt=interval)
    weight = brian2.StateMonitor(plastic, "w", record=[0], dt=interval)
    spikes = [brian2.SpikeMonitor(each) for each in (pre, post)]
    network = brian2.Network(population, unit, counting, pre, post, plastic, factor, weight, *spikes)
    network.run(len(p["rates_Hz"]) * p["epoch_ms"] * ms)
    pre_step, post_step = (np.rint(np.asarray(each.t / ms) / p["dt_ms"]).astype(int) for each in spikes)
    event_step = np.union1d(pre_step, post_step)
    return {
        "event_step": event_step,
        "event_kind": np.isin(event_step, pre_step) + 2 * np.isin(event_step, post_step),
        "time_ms": np.asarray(factor.t / ms),
        "H_Hz": np.asarray(factor.H[0] / Hz),
        "G_Hz": np.asarray(factor.G[0] / Hz),
        "weight_nS": np.asarray(weight.w[0] / nS),
        "weight_final_nS": np.asarray(plastic.w[0] / nS),
    }


def namespace(p):
    """Return the constants of the equations."""
    return {
        "tau_H": p["tau_H_ms"] * ms,
        "count": p["population_size"],
        "target": p["target_rate_Hz"] * Hz,
        "tau": p["tau_stdp_ms"] * ms,
        "eta": p["eta_nS_s"] * nS * second,
    }


def draw(parameters, seed):
    """Return the spikes of the population that Brian2's own generator draws."""
    p = parameters
    brian2.start_scope()
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms
    brian2.seed(seed)
    epochs = brian2.TimedArray(np.array(p["rates_Hz"]) * Hz, dt=p["epoch_ms"] * ms)
    population = brian2.PoissonGroup(p["population_size"], "epochs(t)", namespace={"epochs": epochs})
    spikes = brian2.SpikeMonitor(population)
    brian2.Network(population, spikes).run(len(p["rates_Hz"]) * p["epoch_ms"] * ms)
    step = np.rint(np.asarray(spikes.t / ms) / p["dt_ms"]).astype(int)
    steps = round(len(p["rates_Hz"]) * p["epoch_ms"] / p["dt_ms"])
    return {
        "population_count": np.bincount(step, minlength=steps),
        "population_spike_step": step,
        "population_spike_cell": np.asarray(spikes.i),
    }
