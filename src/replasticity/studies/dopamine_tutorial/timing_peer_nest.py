"""Each point in NEST with its own ``stdp_dopamine_synapse``, on its public interface, beside our exact events.

Runs in NEST's own environment: nothing of replasticity is installed there. Where the synapse leaves the equations is
said in docs/models/dopamine_stdp.md#beside-nest; what shows there is refused here.
"""

import nest
import numpy as np

NEURON = {
    "tau_m": "tau_m_ms",
    "E_L": "E_L_mV",
    "V_m": "E_L_mV",
    "V_reset": "V_reset_mV",
    "V_th": "V_th_mV",
    "tau_minus": "tau_post_ms",
}


def run(parameters, inputs):
    """Return the state of each point's synapse over time, and its weight at the end."""
    p = parameters
    if p["events"] != "exact":
        raise NotImplementedError("events: NEST's own synapse takes a presynaptic spike back to its own time")
    if 0 in p["A_vt"]:
        raise NotImplementedError("A_vt: the amount of dopamine is 1, and c in other units cannot make it 0")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    # The length of a slice is the smallest delay that there may be.
    longest_ms = max(p[f"{each}_ms"] for each in ("slice", "delay", "relay_delay", "dopamine_delay"))
    nest.set(resolution=p["dt_ms"], min_delay=p["slice_ms"], max_delay=longest_ms, local_num_threads=1)

    points = [(A_vt, time_ms) for A_vt in p["A_vt"] for time_ms in p["dopamine_times_ms"]]
    neurons = nest.Create("iaf_psc_delta", len(points), {name: p[ours] for name, ours in NEURON.items()})
    neurons.t_ref = refractory_steps(p) * p["dt_ms"]
    relays = nest.Create("parrot_neuron", len(points))
    on_arrival(np.sort(p["pre_times_ms"]) + p["relay_delay_ms"], relays, p)
    on_arrival(np.sort(p["post_times_ms"]) + p["relay_delay_ms"], neurons, p, p["kick_mV"])
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    synapses: list[nest.SynapseCollection] = []
    for (A_vt, time_ms), relay, neuron in zip(points, relays, neurons, strict=True):
        # A spike adds 1 / tau_n to their n. With c in units of A_vt the weight is the same.
        common = {"A_plus": p["A_plus"] * A_vt, "A_minus": p["A_minus"] * A_vt, "b": p["b"] / A_vt}
        common |= {"tau_plus": p["tau_pre_ms"], "tau_c": p["tau_c_ms"], "tau_n": p["tau_n_ms"]}
        common |= {"Wmin": 0.0, "Wmax": 1e300, "volume_transmitter": dopamine_at(time_ms, p)}
        model = f"point_{len(synapses)}"
        nest.CopyModel("stdp_dopamine_synapse", model, common)
        nest.Connect(
            relay, neuron, syn_spec={"synapse_model": model, "weight": p["weight_initial"], "delay": p["delay_ms"]}
        )
        synapses.append(nest.GetConnections(relay, neuron))
    amounts = np.array([A_vt for A_vt, _ in points])

    def read():
        weight, c, n, x = np.transpose(
            [[each.get(name) for name in ("weight", "c", "n", "Kplus")] for each in synapses]
        )
        return np.reshape([weight, c / amounts, n * amounts, x], (4, len(p["A_vt"]), -1))

    samples = int(p["duration_ms"] / p["sample_interval_ms"] + 1e-9)
    states, time_ms = [read()], np.arange(samples + 1) * p["sample_interval_ms"]
    with nest.RunManager():
        for _ in range(samples):
            nest.Run(p["sample_interval_ms"])
            states.append(read())
        rest = round((p["duration_ms"] - time_ms[-1]) / p["dt_ms"])
        nest.Run(rest * p["dt_ms"])
        states.append(read())
    if not np.isfinite(states).all():
        raise FloatingPointError("weight, c, n or x is not finite")
    senders, times_ms = recorder.events["senders"], recorder.events["times"]
    for (_, dopamine_ms), neuron in zip(points, neurons, strict=True):
        require_equations(times_ms[senders == neuron.global_id], dopamine_ms, p)
    weight, c, n, x = np.moveaxis(np.array(states), 0, -1)
    if p["b"] != 0 or not is_at_end(p, pre_steps(p)).all():
        refuse_if(weight.min() <= 0, "cut weight: what is cut at Wmin in a slice is not taken back with its spikes")
    sampled = {"weight": weight, "c": c, "n": n, "x": x}
    return {"time_ms": time_ms, "weight_final": weight[..., -1]} | {
        name: values[..., : samples + 1] for name, values in sampled.items()
    }


def refractory_steps(p):
    """Return after how many steps a clock that is counted down by subtraction has run out."""
    left_ms, count = p["refractory_ms"], 0
    while left_ms > 0:
        left_ms -= p["dt_ms"]
        count += 1
    return count


def pre_steps(p):
    """Return the steps in which the presynaptic relay spikes."""
    return np.rint((np.array(p["pre_times_ms"]) + p["relay_delay_ms"]) / p["dt_ms"]).astype(int)


def is_at_end(p, step):
    """Return whether steps are ends of slices."""
    return step % round(p["slice_ms"] / p["dt_ms"]) == 0


def require_equations(post_ms, dopamine_ms, p):
    """Refuse what reaches the synapse after a presynaptic spike, and no later than the end of its slice."""
    length = round(p["slice_ms"] / p["dt_ms"])
    pre = pre_steps(p)
    post = np.rint((post_ms + p["delay_ms"]) / p["dt_ms"])
    dopamine = np.rint((np.array([dopamine_ms]) + p["relay_delay_ms"] + p["dopamine_delay_ms"]) / p["dt_ms"])
    for name, step in (("repeated postsynaptic spike", post), ("dopamine taken back", dopamine)):
        follows = (step > pre[:, None]) & (step <= (-(-pre // length) * length)[:, None])
        refuse_if(follows.any(), f"{name}: one follows a presynaptic spike within a slice")


def refuse_if(is_met, reason):
    """Raise a NotImplementedError."""
    if is_met:
        raise NotImplementedError(reason)


def on_arrival(times_ms, targets, p, weight=1.0):
    """Let spikes reach targets at some times, over a delay that is one at least as long as a slice."""
    delay_ms = max(p["relay_delay_ms"], p["slice_ms"])
    sent_ms = np.round(times_ms - delay_ms, 6)
    refuse_if(np.any(sent_ms < p["dt_ms"] - 1e-9), f"no spike arrives before {p['dt_ms'] + delay_ms:g} ms")
    generator = nest.Create("spike_generator", params={"spike_times": sent_ms})
    nest.Connect(generator, targets, syn_spec={"weight": weight, "delay": delay_ms})


def dopamine_at(time_ms, p):
    """Return what brings dopamine to a synapse, a relay's delay and its own after a time."""
    volume, relay = nest.Create("volume_transmitter"), nest.Create("parrot_neuron")
    delay_ms = max(p["dopamine_delay_ms"], p["slice_ms"])
    nest.Connect(relay, volume, syn_spec={"delay": delay_ms})
    on_arrival(np.array([time_ms + p["relay_delay_ms"] + p["dopamine_delay_ms"] - delay_ms]), relay, p)
    return volume
