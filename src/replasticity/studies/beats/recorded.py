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

WEIGHT = Tolerance(absolute=1e-12)
TIME = Tolerance(absolute=1e-6)

#: Recorded quantity of an event -> ours, and how far it may differ.
_EVENTS = {
    "w": ("event_weight", WEIGHT),
    "Apre": ("event_trace_pre", WEIGHT),
    "Apost": ("event_trace_post", WEIGHT),
    "lastupdate": ("event_last_ms", TIME),
}
_MOMENTS = ("before", "mid", "after")

TOLERANCES = {
    "plastic_pre": Tolerance(),
    "plastic_post": Tolerance(),
    "plastic_weight_initial": WEIGHT,
    "plastic_weight_final": WEIGHT,
    "event_step": Tolerance(),
    "event_synapse": Tolerance(),
    "event_kind": Tolerance(),
    **{f"event_{name}_{moment}": tolerance for moment in _MOMENTS for name, (_, tolerance) in _EVENTS.items()},
}

SPIKES = ("pre_spike", "post_spike")


def parameters_in_our_names(parameters: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a recording's parameters in our names: those of the synapse, and by the further names given."""
    both = {**_PARAMETER_NAMES, **names}
    # Recordings of beats have bounds without saying so.
    return {"clip_weight": True} | {both.get(name, name): value for name, value in parameters.items()}


def replayed(p: PairSynapse, run: Arrays) -> Recorded:
    """Return spikes, events and weights of a run under the names of recordings, in their units."""
    neurons = np.arange(len(run["weight_final"]), dtype=np.int32)
    variables: Recorded = {
        "plastic_pre": ("plastic", neurons),
        "plastic_post": ("plastic", neurons),
        "plastic_weight_initial": ("plastic", np.full(len(neurons), float(p.weight_initial))),
        "plastic_weight_final": ("plastic", run["weight_final"]),
        **{name: ("event", run[name]) for name in ("event_step", "event_synapse", "event_kind")},
    }
    for name in SPIKES:
        variables |= spikes(name, p, run)
    for index, moment in enumerate(_MOMENTS):
        variables |= {f"event_{name}_{moment}": ("event", run[ours][:, index]) for name, (ours, _) in _EVENTS.items()}
    return variables


def spikes(name: str, p: PairSynapse, run: Arrays) -> Recorded:
    """Return the times [ms] and neurons of the spikes of that name."""
    return {
        f"{name}_time": (name, run[f"{name}_step"] * p.dt_ms),
        f"{name}_index": (name, run[f"{name}_cell"]),
    }
