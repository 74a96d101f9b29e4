"""Recordings of Brian2: pairs of neurons that fire regularly, and what all recordings of pair STDP have."""

from typing import Any

import numpy as np
import xarray as xr

from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.storage.contract import Arrays, Recorded
from replasticity.studies.beats.protocol import Parameters, simulate
from replasticity.studies.beats.statistics import actual_rates_Hz
from replasticity.study import recordings
from replasticity.study.statistics import Run

DATA = recordings.read(__file__)

#: Recorded quantity of an event -> ours, at each moment.
_EVENTS = {"w": "event_weight", "Apre": "event_trace_pre", "Apost": "event_trace_post", "lastupdate": "event_last_ms"}


def replayed(data: recordings.Recordings, p: PairSynapse, run: Arrays) -> Recorded:
    """Return a run under the names of recordings: what these declare, and the events and weights that all have."""
    neurons = np.arange(len(run["weight_final"]), dtype=np.int32)
    recorded = data.of_run(run) | {
        "plastic_pre": ("plastic", neurons),
        "plastic_post": ("plastic", neurons),
        "plastic_weight_initial": ("plastic", np.full(len(neurons), p.weight_initial)),
        "plastic_weight_final": ("plastic", run["weight_final"]),
        **{name: ("event", run[name]) for name in ("event_step", "event_synapse", "event_kind")},
    }
    for name in data.spikes:
        recorded |= recordings.spike_list(name, run[f"{name}_step"] * p.dt_ms, run[f"{name}_cell"])
    for index, moment in enumerate(("before", "mid", "after")):
        recorded |= {f"event_{name}_{moment}": ("event", run[ours][:, index]) for name, ours in _EVENTS.items()}
    return recorded


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    # Recordings are of one time step.
    values["dt_divisions"] = []
    values["phase_recorded_ms"] = recording.sizes.get("first_step", 0) * values.get("dt_ms", 0.0)
    return values


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    run = simulate(parameters, {})
    pre_Hz, post_Hz = actual_rates_Hz(Run(run), parameters)
    return replayed(DATA, parameters, run) | {
        "x": (("first_step", "cell"), np.hstack([run["firing_phase_pre"], run["firing_phase_post"]])),
        "pre_rate_actual": ("plastic", pre_Hz),
        "post_rate_actual": ("plastic", post_Hz),
    }
