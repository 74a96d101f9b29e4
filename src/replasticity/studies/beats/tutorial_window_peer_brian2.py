"""The STDP window of Brian2's synapses tutorial, as it is there, at our parameters."""

import brian2
import numpy as np
from brian2 import ms
from peer_brian2 import Watch, begin, pair_synapses, simulate

REQUESTED = "i * latest / (N - 1)", "(N - 1 - i) * latest / (N - 1)"


def run(parameters, inputs):
    """Return the requested times, spikes, and each event."""
    p = parameters
    begin(p["dt_ms"])
    # A neuron has to spike once only.
    once = {"threshold": "t > requested", "refractory": 2 * p["duration_ms"] * ms}
    sides = [brian2.NeuronGroup(p["pairs"], "requested : second", **once) for _ in REQUESTED]
    for group, requested in zip(sides, REQUESTED, strict=True):
        group.namespace["latest"] = p["latest_spike_ms"] * ms
        group.requested = requested
    plastic = pair_synapses(*sides, p)
    watch = Watch(plastic)
    network = brian2.Network(*sides, plastic, *watch.operations)
    simulate(network, round(p["duration_ms"] / p["dt_ms"]), p["dt_ms"])
    requested_ms = [np.asarray(group.requested / ms) for group in sides]
    return watch.found() | {"requested_pre_ms": requested_ms[0], "requested_post_ms": requested_ms[1]}
