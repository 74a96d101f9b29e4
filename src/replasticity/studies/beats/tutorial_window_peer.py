"""Recordings of Brian2: the STDP window of its synapses tutorial."""

from typing import Any

import xarray as xr

from replasticity.storage.contract import Recorded
from replasticity.studies.beats.peer import replayed
from replasticity.studies.beats.tutorial_window import Parameters, simulate
from replasticity.study import recordings

DATA = recordings.read(__file__)


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    latest_ms = values.get("latest_spike_ms", 0.0)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", latest_ms + 1.0)))
    return values


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    return replayed(DATA, parameters, simulate(parameters, {}))
