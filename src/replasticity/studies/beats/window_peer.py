"""Recordings of Brian2: the STDP window."""

from typing import Any

import xarray as xr

from replasticity.storage.contract import Recorded
from replasticity.studies.beats.peer import replayed
from replasticity.studies.beats.window import Parameters, simulate
from replasticity.study import recordings

DATA = recordings.read(__file__)

#: Step of the presynaptic spikes in recordings, and duration [ms] where a recording does not say it.
_PRE_STEP, _DURATION_MS = 1000, 250.0


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    dt_ms = values.get("dt_ms", 0.0)
    values["differences_ms"] = [steps * dt_ms for steps in values.pop("difference_steps", [])]
    values.setdefault("pre_time_ms", _PRE_STEP * dt_ms)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", _DURATION_MS)))
    return values


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    return replayed(DATA, parameters, simulate(parameters, {}))
