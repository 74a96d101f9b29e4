"""What protocols with pair STDP share: the events of synapses from neuron k to neuron k. No weight acts on a neuron."""

import math
from typing import Any

import numpy as np

from replasticity.models.pair_stdp_parameters import seconds
from replasticity.numerics.arrays import IntArray
from replasticity.storage.contract import Variable

#: Moments of an event, in the order in which they come.
_MOMENTS = "before the step's spikes act; between the pre- and the postsynaptic event; after both"

#: Contract of what `replasticity.models.pair_stdp.run_and_keep_events` returns.
RUN = {
    "pre_spike_step": Variable(("pre_spike",), "step of each presynaptic spike", "int32"),
    "pre_spike_cell": Variable(("pre_spike",), "neuron of each presynaptic spike", "int32"),
    "post_spike_step": Variable(("post_spike",), "step of each postsynaptic spike", "int32"),
    "post_spike_cell": Variable(("post_spike",), "neuron of each postsynaptic spike", "int32"),
    "event_step": Variable(("event",), "step with a spike of one of the synapse's neurons", "int32"),
    "event_synapse": Variable(("event",), "synapse", "int32"),
    "event_kind": Variable(("event",), "1 presynaptic, 2 postsynaptic, 3 both in one step", "int32"),
    "moment": Variable(("moment",), f"moment of an event: {_MOMENTS}", "int32"),
    "event_weight": Variable(("event", "moment"), "weight at the event"),
    "event_trace_pre": Variable(("event", "moment"), "presynaptic trace as stored at the last update"),
    "event_trace_post": Variable(("event", "moment"), "postsynaptic trace as stored at the last update"),
    "event_last_ms": Variable(("event", "moment"), "time of the last update of the traces"),
    "weight_final": Variable(("synapse",), "weight after the last step"),
}


def single_spikes(steps: IntArray, step_count: int) -> list[IntArray]:
    """Return the trains of neurons that spike once: not at all if the run ends before."""
    return [step[step < step_count] for step in steps[:, None]]


def actual_rate_Hz(steps: IntArray, dt_ms: float) -> float:
    """Return one over the mean interval of a neuron's spikes [Hz]; NaN for fewer than two spikes."""
    return float((len(steps) - 1) / ((steps[-1] - steps[0]) * seconds(dt_ms))) if len(steps) > 1 else math.nan


def coincidences(run: Any) -> IntArray:
    """Return in how many steps both neurons of each synapse spike."""
    return np.bincount(run.event_synapse[run.event_kind == 3], minlength=len(run.weight_final))
