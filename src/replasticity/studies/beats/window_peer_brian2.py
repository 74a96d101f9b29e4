"""The STDP window in Brian2, on its public interface: one synapse for each spike-time difference."""

import brian2
import numpy as np
from brian2 import ms
from peer_brian2 import Watch, begin, pair_synapses, simulate


def run(parameters, inputs):
    """Return spikes, each event, and the change of each weight."""
    p = parameters
    begin(p["dt_ms"])
    pre_ms = np.full(len(p["differences_ms"]), p["pre_time_ms"])
    sides = [
        brian2.SpikeGeneratorGroup(len(times_ms), np.arange(len(times_ms)), times_ms * ms)
        for times_ms in (pre_ms, pre_ms + p["differences_ms"])
    ]
    plastic = pair_synapses(*sides, p)
    watch = Watch(plastic)
    network = brian2.Network(*sides, plastic, *watch.operations)
    simulate(network, round(p["duration_ms"] / p["dt_ms"]), p["dt_ms"])
    found = watch.found()
    return found | {"dw": found["weight_final"] - p["weight_initial"]}
