"""Recordings of Brian2: spikes, events and weights of synapses with pair STDP, in Brian2's names."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Arrays, Recorded

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

EXACT, WEIGHT, TIME = Tolerance(), Tolerance(absolute=1e-12), Tolerance(absolute=1e-6)

_MOMENTS = ("before", "mid", "after")

#: Recorded variable -> its dimensions, ours, and how far it may differ.
Variables = Mapping[str, tuple[Any, str, Tolerance]]

_VARIABLES: Variables = {
    "plastic_weight_final": ("plastic", "weight_final", WEIGHT),
    "event_step": ("event", "event_step", EXACT),
    "event_synapse": ("event", "event_synapse", EXACT),
    "event_kind": ("event", "event_kind", EXACT),
}

#: Recorded quantity of an event -> ours, at each moment, and how far it may differ.
_EVENTS = {
    "w": ("event_weight", WEIGHT),
    "Apre": ("event_trace_pre", WEIGHT),
    "Apost": ("event_trace_post", WEIGHT),
    "lastupdate": ("event_last_ms", TIME),
}

SPIKES = ("pre_spike", "post_spike")


def tolerances(more: Variables) -> dict[str, Tolerance]:
    """Return how far the variables of any recording, and those of one protocol, may differ."""
    return {
        "plastic_pre": EXACT,
        "plastic_post": EXACT,
        "plastic_weight_initial": WEIGHT,
        **{f"event_{name}_{moment}": tolerance for moment in _MOMENTS for name, (_, tolerance) in _EVENTS.items()},
        **{name: tolerance for name, (_, _, tolerance) in {**_VARIABLES, **more}.items()},
    }


def parameters_in_our_names(parameters: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a recording's parameters in our names: those of the synapse, and by the further names given."""
    both = {**_PARAMETER_NAMES, **names}
    # Recordings of beats have bounds without saying so.
    return {"clip_weight": True} | {both.get(name, name): value for name, value in parameters.items()}


def replayed(p: PairSynapse, run: Arrays, more: Variables, spikes: tuple[str, ...] = SPIKES) -> Recorded:
    """Return spikes, events and weights of a run, and its further variables, under the names of recordings."""
    neurons = np.arange(len(run["weight_final"]), dtype=np.int32)
    recorded: Recorded = {
        "plastic_pre": ("plastic", neurons),
        "plastic_post": ("plastic", neurons),
        "plastic_weight_initial": ("plastic", np.full(len(neurons), p.weight_initial)),
    }
    for name in spikes:
        recorded[f"{name}_time"] = (name, run[f"{name}_step"] * p.dt_ms)
        recorded[f"{name}_index"] = (name, run[f"{name}_cell"])
    for index, moment in enumerate(_MOMENTS):
        recorded |= {f"event_{name}_{moment}": ("event", run[ours][:, index]) for name, (ours, _) in _EVENTS.items()}
    return recorded | {name: (dimensions, run[ours]) for name, (dimensions, ours, _) in {**_VARIABLES, **more}.items()}
