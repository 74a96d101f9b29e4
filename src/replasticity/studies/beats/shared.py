"""What the protocols with pair STDP share: parameters of the synapse, its events, and their replay.

Source: docs/models/pair_stdp.md#synapse. Synapse k connects presynaptic
cell k with postsynaptic cell k; their spikes are given, and no weight acts on a cell.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, Positive
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.storage.contract import Arrays, Variable

if TYPE_CHECKING:
    from replasticity.models.pair_stdp import Events, Outcome, PairStep

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


#: What one event takes on a fast machine [s]: two exponentials.
SECONDS_PER_EVENT = 5e-9

#: Memory that a spike takes where events are kept [B]: its step (twice), its event (room, and sorted), the order.
_BYTES_PER_SPIKE = 2 * 8 + 2 * 108 + 4 * 8 + 3 * 8

#: Memory that a synapse takes beside its events [B]: small arrays of spikes, and what Python needs for each.
_BYTES_PER_SYNAPSE = 1000


class SynapseParameters(BaseParameters):
    """Time step and parameters of the plastic synapse."""

    dt_ms: Positive = Field(description="Time step.")
    tau_pre_ms: Positive = Field(description="Time constant of the presynaptic trace: width of potentiation.")
    tau_post_ms: Positive = Field(description="Time constant of the postsynaptic trace: width of depression.")
    dA_pre: float = Field(description="Growth of the presynaptic trace at a spike: weight change of a coincidence.")
    depression_ratio: float = Field(description="Area of the depressing side of the window over the potentiating one.")
    weight_max: Positive = Field(description="Upper bound of the weight; the lower bound is 0.")
    weight_initial: float = Field(description="Weight at the start.")
    clip_weight: bool = Field(description="Whether the weight stays within its bounds.")

    def events_cost(self, synapses: float, spikes: float) -> Cost:
        """Return the cost of `run_synapses` for so many synapses, whose cells have so many spikes in all."""
        return Cost(synapses * _BYTES_PER_SYNAPSE + spikes * _BYTES_PER_SPIKE, spikes * SECONDS_PER_EVENT)


#: Moments of an event, in the order in which they come.
_MOMENTS = "before the step's spikes act; between the pre- and the postsynaptic event; after both"

#: Contract of what `run_synapses` returns.
RUN: dict[str, Variable] = {
    "pre_spike_step": Variable(("pre_spike",), "step of each presynaptic spike", "int32"),
    "pre_spike_cell": Variable(("pre_spike",), "cell of each presynaptic spike", "int32"),
    "post_spike_step": Variable(("post_spike",), "step of each postsynaptic spike", "int32"),
    "post_spike_cell": Variable(("post_spike",), "cell of each postsynaptic spike", "int32"),
    "event_step": Variable(("event",), "step with a spike of one of the synapse's cells", "int32"),
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


def is_recorded(info: ValidationInfo) -> bool:
    """Say whether parameters come from a recording, whose run may have ended before prescribed spikes."""
    return bool(info.context and info.context.get("recorded"))


def single_spike(step: int, step_count: int) -> IntArray:
    """Return the spike steps of a cell that spikes once: none if the run ends before."""
    return np.array([step] if step < step_count else [], np.int64)


def discretise(parameters: SynapseParameters) -> "PairStep":
    """Return the constants of the synapse."""
    from replasticity.models import pair_stdp as model

    step: PairStep = model.discretise(
        dt_s=seconds(parameters.dt_ms),
        tau_pre_s=seconds(parameters.tau_pre_ms),
        tau_post_s=seconds(parameters.tau_post_ms),
        dA_pre=float(parameters.dA_pre),
        depression_ratio=float(parameters.depression_ratio),
        clip=parameters.clip_weight,
        weight_max=float(parameters.weight_max),
    )
    return step


def simulate(
    parameters: SynapseParameters,
    pre_steps: Sequence[IntArray],
    post_steps: Sequence[IntArray],
    pre: IntArray,
    post: IntArray,
    dt_s: float,
    events: "Events | None" = None,
) -> "Outcome":
    """Return what becomes of synapses between cells that spike in given steps.

    Parameters
    ----------
    parameters : SynapseParameters
        Parameters of the synapses.
    pre_steps, post_steps : sequence of ndarray of int64
        For each cell the steps in which it spikes, strictly increasing.
    pre, post : ndarray of int64, shape (synapses,)
        The cells that each synapse connects.
    dt_s : float
        Time step [s]: that of the run, or a finer one.
    events : Events, optional
        Room for all events, changed in place; events are not kept if it is left out.

    Returns
    -------
    Outcome
        Weights and number of events of each synapse.
    """
    from replasticity.models import pair_stdp as model
    from replasticity.models.limits import raise_failure
    from replasticity.numerics.limits import no_failure

    outcome: Outcome = model.empty_outcome(len(pre))
    failure = no_failure()
    model.simulate(
        model.make_trains(pre_steps),
        model.make_trains(post_steps),
        pre,
        post,
        float(parameters.weight_initial),
        discretise(parameters)._replace(dt_s=dt_s),
        outcome,
        model.empty_events(0) if events is None else events,
        failure,
    )
    raise_failure(failure, model.LIMITS, dt_s * 1e3, "synapse")
    return outcome


def run_synapses(
    parameters: SynapseParameters, pre_steps: Sequence[IntArray], post_steps: Sequence[IntArray]
) -> dict[str, Any]:
    """Return what happens at synapses whose cells spike in given steps.

    Parameters
    ----------
    parameters : SynapseParameters
        Parameters of the synapses.
    pre_steps, post_steps : sequence of ndarray of int64
        For each synapse the steps in which its cells spike, strictly increasing.

    Returns
    -------
    dict of str to array_like
        Variables of `RUN`; events and spikes sorted by step, then by synapse.
    """
    from replasticity.models import pair_stdp as model

    # Two spikes in one step are one event: there may be room to spare.
    room = model.empty_events(sum(map(len, pre_steps)) + sum(map(len, post_steps)))
    every = np.arange(len(pre_steps))
    outcome = simulate(parameters, pre_steps, post_steps, every, every, seconds(parameters.dt_ms), room)
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
        spiked = (values["event_kind"] & kind) > 0
        values[f"{name}_spike_step"] = values["event_step"][spiked]
        values[f"{name}_spike_cell"] = values["event_synapse"][spiked]
    return values


def weight_at_each_step(parameters: SynapseParameters, values: Mapping[str, Any], step_count: int) -> FloatArray:
    """Return the weight of each synapse at the start of each step.

    Parameters
    ----------
    parameters : SynapseParameters
        Gives the weight at the start.
    values : mapping of str to array
        From `run_synapses`.
    step_count : int
        Number of steps.

    Returns
    -------
    ndarray of float64, shape (step_count, synapses)
        Weight [1]: that after the last event of an earlier step.
    """
    from replasticity.models import pair_stdp as model

    weight = np.empty((step_count, len(values["weight_final"])))
    after = np.ascontiguousarray(values["event_weight"][:, model.AFTER])
    model.hold_weights(values["event_step"], values["event_synapse"], after, float(parameters.weight_initial), weight)
    return weight


def actual_rate_Hz(steps: IntArray, dt_s: float) -> float:
    """Return one over the mean interval of a cell's spikes [Hz]; NaN for fewer than two spikes."""
    if len(steps) < 2:
        return math.nan
    return float((len(steps) - 1) / ((steps[-1] - steps[0]) * dt_s))


# Replaying recordings of Brian2 ----------------------------------------------------------------------

#: Recorded parameter -> ours.
_PARAMETER_NAMES = {
    "taupre_ms": "tau_pre_ms",
    "taupost_ms": "tau_post_ms",
    "dApre": "dA_pre",
    "ratio": "depression_ratio",
    "w_max": "weight_max",
    "w0": "weight_initial",
    "clip": "clip_weight",
}

_WEIGHT = Tolerance(absolute=1e-12)
_TIME = Tolerance(absolute=1e-6)
#: Rates that a recording derives from spike times.
RATE = Tolerance(absolute=1e-9, relative=1e-9)

TOLERANCES: dict[str, Tolerance] = {
    "plastic_pre": Tolerance(),
    "plastic_post": Tolerance(),
    "plastic_weight_initial": _WEIGHT,
    "plastic_weight_final": _WEIGHT,
    "event_step": Tolerance(),
    "event_synapse": Tolerance(),
    "event_kind": Tolerance(),
    **{
        f"event_{quantity}_{moment}": tolerance
        for moment in ("before", "mid", "after")
        for quantity, tolerance in (
            ("w", _WEIGHT),
            ("Apre", _WEIGHT),
            ("Apost", _WEIGHT),
            ("lastupdate", _TIME),
        )
    },
}

SPIKES = ("pre_spike", "post_spike")


def recorded_parameters(parameters: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a recording's parameters in our names; those of the synapse and the further names given."""
    both = {**_PARAMETER_NAMES, **names}
    # Recordings of beats have bounds without saying so.
    return {"clip_weight": True} | {both.get(name, name): value for name, value in parameters.items()}


def replayed(parameters: SynapseParameters, result: Arrays) -> dict[str, tuple[Any, Any]]:
    """Return spikes, events and weights of a run under the names of recordings, in their units.

    Parameters
    ----------
    parameters : SynapseParameters
        Parameters of the run.
    result : mapping of str to ndarray
        Run with the variables of `RUN`.

    Returns
    -------
    dict of str to (dimensions, values)
        Variables for a dataset.
    """
    cells = np.arange(len(result["weight_final"]), dtype=np.int32)
    variables: dict[str, tuple[Any, Any]] = {
        "plastic_pre": ("plastic", cells),
        "plastic_post": ("plastic", cells),
        "plastic_weight_initial": ("plastic", np.full(len(cells), float(parameters.weight_initial))),
        "plastic_weight_final": ("plastic", result["weight_final"]),
    }
    for name in SPIKES:
        variables[f"{name}_time"] = (name, result[f"{name}_step"] * parameters.dt_ms)
        variables[f"{name}_index"] = (name, result[f"{name}_cell"])
    for name in ("event_step", "event_synapse", "event_kind"):
        variables[name] = ("event", result[name])
    for index, moment in enumerate(("before", "mid", "after")):
        for recorded, ours in (
            ("w", "event_weight"),
            ("Apre", "event_trace_pre"),
            ("Apost", "event_trace_post"),
            ("lastupdate", "event_last_ms"),
        ):
            variables[f"event_{recorded}_{moment}"] = ("event", result[ours][:, index])
    return variables
