"""Each point in NEST with its own ``stdp_dopamine_synapse``, on its public interface, beside our exact events.

Runs in NEST's own environment: nothing of replasticity is installed there. Where the synapse leaves the equations is
said in docs/models/dopamine_stdp.md#beside-nest; what shows there is refused here.
"""

import nest
import numpy as np
from peer_shared import NEURON, begin, dopamine_at, on_arrival, require_limits, steps

OF_NEURON = NEURON | {"V_m": "E_L_mV", "tau_minus": "tau_post_ms"}


def run(parameters, inputs):
    """Return the state of each point's synapse over time, and its weight at the end."""
    p = parameters
    if p["events"] != "exact":
        raise NotImplementedError("events: NEST's own synapse takes a presynaptic spike back to its own time")
    if 0 in p["A_vt"]:
        raise NotImplementedError("A_vt: the amount of dopamine is 1, and c in other units cannot make it 0")
    end = steps(p["duration_ms"], p)
    read_at = np.append(np.arange(0, end, steps(p["sample_interval_ms"], p)), end)
    length = steps(p["slice_ms"], p)
    if np.any(read_at % length):
        # NEST shows no synapse inside a slice.
        length = 1
    p = p | {"slice_ms": float(length * p["dt_ms"])}
    begin(p)

    points = [(A_vt, time_ms) for A_vt in p["A_vt"] for time_ms in p["dopamine_times_ms"]]
    neurons = nest.Create("iaf_psc_delta", len(points), {name: p[ours] for name, ours in OF_NEURON.items()})
    neurons.t_ref = refractory_steps(p) * p["dt_ms"]
    relays = nest.Create("parrot_neuron", len(points))
    relayed = steps(p["relay_delay_ms"], p)
    pre = steps(p["pre_times_ms"], p) + relayed
    on_arrival([pre] * len(points), relays, p)
    on_arrival([steps(p["post_times_ms"], p) + relayed] * len(points), neurons, p, p["kick_mV"])
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder, syn_spec={"delay": p["slice_ms"]})
    for point, (A_vt, time_ms) in enumerate(points):
        # A spike adds 1 / tau_n to their n. With c in units of A_vt the weight is the same.
        common = {"A_plus": p["A_plus"] * A_vt, "A_minus": p["A_minus"] * A_vt, "b": p["b"] / A_vt}
        common |= {"tau_plus": p["tau_pre_ms"], "tau_c": p["tau_c_ms"], "tau_n": p["tau_n_ms"]}
        common |= {"Wmin": 0.0, "Wmax": 1e300, "volume_transmitter": dopamine_at([time_ms], p)}
        model = f"point_{point}"
        nest.CopyModel("stdp_dopamine_synapse", model, common)
        own = {"weight": p["weight_initial"], "delay": p["delay_ms"]}
        nest.Connect(relays[point], neurons[point], "one_to_one", {"synapse_model": model} | own)
    synapses = nest.GetConnections(relays, neurons)
    order = np.argsort(synapses.get("source"))
    amounts = np.array([A_vt for A_vt, _ in points])

    def read():
        state = synapses.get(["weight", "c", "n", "Kplus"])
        weight, c, n, x = (np.atleast_1d(state[name])[order] for name in ("weight", "c", "n", "Kplus"))
        return np.reshape([weight, c / amounts, n * amounts, x], (4, len(p["A_vt"]), -1))

    states = [read()]
    with nest.RunManager():
        for duration in np.diff(read_at):
            nest.Run(duration * p["dt_ms"])
            states.append(read())
    require_limits(states)
    senders, times_ms = recorder.events["senders"], recorder.events["times"]
    for (_, dopamine_ms), neuron in zip(points, neurons, strict=True):
        post = steps(times_ms[senders == neuron.global_id], p) + steps(p["delay_ms"], p)
        dopamine = steps([dopamine_ms], p) + relayed + steps(p["dopamine_delay_ms"], p)
        refuse_where_taken_back(pre, post, dopamine, length)
    weight, c, n, x = np.moveaxis(np.array(states), 0, -1)
    slice_end = -(-pre // length) * length
    if np.isin(slice_end, read_at).any():
        raise NotImplementedError("late reading: a presynaptic spike acts in the next slice, which is not read here")
    if weight.min() <= 0 and (p["b"] != 0 or np.any(pre < slice_end)):
        raise NotImplementedError("cut weight: what a slice has cut at 0 is not taken back with it")
    is_sample = read_at % steps(p["sample_interval_ms"], p) == 0
    sampled = {name: values[..., is_sample] for name, values in (("weight", weight), ("c", c), ("n", n), ("x", x))}
    return sampled | {"time_ms": read_at[is_sample] * p["dt_ms"], "weight_final": weight[..., -1]}


def refractory_steps(p):
    """Return after how many steps a clock that is counted down by subtraction has run out."""
    left_ms, count = p["refractory_ms"], 0
    while left_ms > 0:
        left_ms -= p["dt_ms"]
        count += 1
    return count


def refuse_where_taken_back(pre, post, dopamine, length):
    """Refuse what reaches the synapse after a presynaptic spike, and no later than the end of its slice."""
    end = -(-pre // length) * length
    for name, step in (("repeated postsynaptic spike", post), ("dopamine taken back", dopamine)):
        if np.any((step > pre[:, None]) & (step <= end[:, None])):
            raise NotImplementedError(f"{name}: it follows a presynaptic spike within a slice")
