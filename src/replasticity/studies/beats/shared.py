"""What protocols with pair STDP share: the events of synapses from neuron k to neuron k. No weight acts on a neuron."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.models.pair_stdp_parameters import PairSynapse, seconds
from replasticity.storage.contract import Variable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Steps in which each of several neurons spikes, strictly increasing.
Trains = list[IntArray]

#: Moments of an event, in the order in which they come.
_MOMENTS = "before the step's spikes act; between the pre- and the postsynaptic event; after both"

#: Contract of what `run_synapses` returns.
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


def run_synapses(p: PairSynapse, pre_steps: Trains, post_steps: Trains) -> dict[str, Any]:
    """Return the variables of `RUN` for neurons that spike in given steps."""
    from replasticity.models import pair_stdp

    outcome, events = pair_stdp.run_and_keep_events(p, pre_steps, post_steps)
    by_pre, by_post = ((events.kind & kind) > 0 for kind in (pair_stdp.PRE, pair_stdp.POST))
    return {
        "pre_spike_step": events.step[by_pre],
        "pre_spike_cell": events.synapse[by_pre],
        "post_spike_step": events.step[by_post],
        "post_spike_cell": events.synapse[by_post],
        "event_step": events.step,
        "event_synapse": events.synapse,
        "event_kind": events.kind,
        "moment": np.arange(3),
        "event_weight": events.weight,
        "event_trace_pre": events.trace_pre,
        "event_trace_post": events.trace_post,
        "event_last_ms": events.last_event_s * 1e3,
        "weight_final": outcome.weight_final,
    }


def single_spikes(steps: IntArray, step_count: int) -> Trains:
    """Return the trains of neurons that spike once: not at all if the run ends before."""
    return [np.array([step] if step < step_count else [], np.int64) for step in steps.tolist()]


def actual_rate_Hz(steps: IntArray, dt_ms: float) -> float:
    """Return one over the mean interval of a neuron's spikes [Hz]; NaN for fewer than two spikes."""
    return float((len(steps) - 1) / ((steps[-1] - steps[0]) * seconds(dt_ms))) if len(steps) > 1 else math.nan


def coincidences(run: Any) -> IntArray:
    """Return in how many steps both neurons of each synapse spike."""
    return np.bincount(run.event_synapse[run.event_kind == 3], minlength=len(run.weight_final))
