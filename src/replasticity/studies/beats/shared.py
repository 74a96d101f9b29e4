"""What protocols with pair STDP share: synapses between neurons whose spikes are given, and their events.

Synapse k connects presynaptic neuron k with postsynaptic neuron k; no weight acts on a neuron.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.models.regular_firing_parameters import RegularFiring
from replasticity.storage.contract import Variable

if TYPE_CHECKING:
    from replasticity.models.pair_stdp import Events, Outcome, PairStep

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


def seconds(time_ms: float) -> float:
    """Return a time in seconds, rounded as the reference simulator rounds it."""
    return time_ms * 0.001


def single_spike(step: int, step_count: int) -> IntArray:
    """Return the spike steps of a neuron that spikes once: none if the run ends before."""
    return np.array([step] if step < step_count else [], np.int64)


def fire(p: RegularFiring, rates_Hz: Sequence[float], phase: float = 0.0, division: int = 1) -> Trains:
    """Return the spikes of neurons that fire regularly from one phase on, with a part of the time step."""
    from replasticity.models import regular_firing

    dt_ms = p.dt_ms / division
    spike_steps: Trains = regular_firing.fire(
        rates_Hz=rates_Hz,
        phase_initial=np.full(len(rates_Hz), phase),
        dt_s=seconds(dt_ms),
        step_count=round(p.duration_ms / dt_ms),
        recorded_steps=0,
        keep_overshoot=p.reset == "subtract",
    )[0]
    return spike_steps


def discretise(p: PairSynapse) -> "PairStep":
    """Return the constants of the synapse."""
    from replasticity.models import pair_stdp as model

    step: PairStep = model.discretise(
        dt_s=seconds(p.dt_ms),
        tau_pre_s=seconds(p.tau_pre_ms),
        tau_post_s=seconds(p.tau_post_ms),
        dA_pre=float(p.dA_pre),
        depression_ratio=float(p.depression_ratio),
        clip=p.clip_weight,
        weight_max=float(p.weight_max),
    )
    return step


def simulate(
    p: PairSynapse,
    pre_steps: Trains,
    post_steps: Trains,
    dt_s: float,
    connections: tuple[IntArray, IntArray] | None = None,
    events: "Events | None" = None,
) -> "Outcome":
    """Return what becomes of synapses between neurons that spike in given steps.

    Parameters
    ----------
    p : PairSynapse
        Parameters of the synapses.
    pre_steps, post_steps : list of ndarray of int64
        Spikes of the neurons.
    dt_s : float
        Time step [s]: that of the run, or a finer one.
    connections : tuple of two ndarrays of int64, shape (synapses,)
        The presynaptic and the postsynaptic neuron of each synapse; k and k if it is left out.
    events : Events, optional
        Room for all events, changed in place; events are not kept if it is left out.
    """
    from replasticity.models import pair_stdp as model
    from replasticity.models.limits import raise_failure
    from replasticity.numerics.limits import no_failure

    pre, post = connections or (np.arange(len(pre_steps)),) * 2
    outcome: Outcome = model.empty_outcome(len(pre))
    failure = no_failure()
    model.simulate(
        model.make_trains(pre_steps),
        model.make_trains(post_steps),
        pre,
        post,
        float(p.weight_initial),
        discretise(p)._replace(dt_s=dt_s),
        outcome,
        model.empty_events(0) if events is None else events,
        failure,
    )
    raise_failure(failure, model.LIMITS, dt_s * 1e3, "synapse")
    return outcome


def run_synapses(p: PairSynapse, pre_steps: Trains, post_steps: Trains) -> dict[str, Any]:
    """Return the variables of `RUN` for neurons that spike in given steps; events are sorted by step, then by synapse."""
    from replasticity.models import pair_stdp as model

    # Two spikes in one step are one event: there may be room to spare.
    room = model.empty_events(sum(map(len, pre_steps)) + sum(map(len, post_steps)))
    outcome = simulate(p, pre_steps, post_steps, seconds(p.dt_ms), events=room)
    events = model.first_events(room, outcome.event_count.sum())
    # The events of one synapse come after those of the one before; within a step they keep that order.
    order = np.argsort(events.step, kind="stable")
    events = model.Events(*(part.take(order, axis=0) for part in events))
    values: dict[str, Any] = {
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
    for name, kind in (("pre", model.PRE), ("post", model.POST)):
        spiked = (events.kind & kind) > 0
        values |= {f"{name}_spike_step": events.step[spiked], f"{name}_spike_cell": events.synapse[spiked]}
    return values


def weight_at_each_step(p: PairSynapse, run: Mapping[str, Any], step_count: int) -> FloatArray:
    """Return the weight at the start of each step, that after the last event of an earlier one: (steps, synapses)."""
    from replasticity.models import pair_stdp as model

    weight = np.empty((step_count, len(run["weight_final"])))
    after = np.ascontiguousarray(run["event_weight"][:, model.AFTER])
    model.hold_weights(run["event_step"], run["event_synapse"], after, float(p.weight_initial), weight)
    return weight


def actual_rate_Hz(steps: IntArray, dt_s: float) -> float:
    """Return one over the mean interval of a neuron's spikes [Hz]; NaN for fewer than two spikes."""
    if len(steps) < 2:
        return math.nan
    return float((len(steps) - 1) / ((steps[-1] - steps[0]) * dt_s))


def coincidences(run: Mapping[str, Any]) -> IntArray:
    """Return in how many steps both neurons of each synapse spike."""
    return np.bincount(run["event_synapse"][run["event_kind"] == 3], minlength=len(run["weight_final"]))
