"""The STDP window of Brian2's synapses tutorial, as it is there, at our parameters."""

import brian2
import numpy as np
from brian2 import ms
from peer_brian2 import Watch, begin, pair_synapses, simulate


def run(parameters, inputs):
    """Return the requested times, spikes, and each event."""
    p = parameters
    begin(p["dt_ms"])
    neurons, intervals = np.arange(p["pairs"]), p["pairs"] - 1
    # As numbers: of the tutorial's text Brian2 divides the constants first (constant-quotient).
    requested = [each * (p["latest_spike_ms"] * ms) / intervals for each in (neurons, intervals - neurons)]
    # A neuron has to spike once only.
    once = {"threshold": "t > requested", "refractory": 2 * p["duration_ms"] * ms}
    sides = [brian2.NeuronGroup(p["pairs"], "requested : second", **once) for _ in requested]
    for group, times in zip(sides, requested, strict=True):
        group.requested = times
    plastic = pair_synapses(*sides, p)
    watch = Watch(plastic)
    network = brian2.Network(*sides, plastic, *watch.operations)
    simulate(network, round(p["duration_ms"] / p["dt_ms"]), p["dt_ms"])
    pre_ms, post_ms = (np.asarray(group.requested / ms) for group in sides)
    return watch.found() | {"requested_pre_ms": pre_ms, "requested_post_ms": post_ms}
