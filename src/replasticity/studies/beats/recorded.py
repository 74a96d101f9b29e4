"""Recordings of Brian2: spikes, events and weights of synapses with pair STDP, in Brian2's names."""

from typing import Any

import numpy as np

from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.storage.contract import Arrays, Recorded

#: Recorded quantity of an event -> ours, at each moment.
_EVENTS = {"w": "event_weight", "Apre": "event_trace_pre", "Apost": "event_trace_post", "lastupdate": "event_last_ms"}


def replayed(p: PairSynapse, run: Arrays, more: dict[str, tuple[Any, str]], *spikes: str) -> Recorded:
    """Return spikes, events and weights of a run under the names of recordings.

    Parameters
    ----------
    p : PairSynapse
        Parameters of the run.
    run : dict of str to ndarray
        The run.
    more : dict of str to (dimensions, str)
        Further recorded variables, with what they are in the run.
    *spikes : str
        Further spike lists.
    """
    neurons = np.arange(len(run["weight_final"]), dtype=np.int32)
    recorded: Recorded = {
        "plastic_pre": ("plastic", neurons),
        "plastic_post": ("plastic", neurons),
        "plastic_weight_initial": ("plastic", np.full(len(neurons), p.weight_initial)),
        "plastic_weight_final": ("plastic", run["weight_final"]),
        **{name: ("event", run[name]) for name in ("event_step", "event_synapse", "event_kind")},
        **{name: (dimensions, run[ours]) for name, (dimensions, ours) in more.items()},
    }
    for name in ("pre_spike", "post_spike", *spikes):
        recorded[f"{name}_time"] = (name, run[f"{name}_step"] * p.dt_ms)
        recorded[f"{name}_index"] = (name, run[f"{name}_cell"])
    for index, moment in enumerate(("before", "mid", "after")):
        recorded |= {f"event_{name}_{moment}": ("event", run[ours][:, index]) for name, ours in _EVENTS.items()}
    return recorded
