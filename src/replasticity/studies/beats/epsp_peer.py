"""Recordings of Brian2: pairings, and the EPSPs that the weights make."""

from typing import Any

import xarray as xr

from replasticity.storage.contract import Recorded
from replasticity.studies.beats.epsp import Parameters, simulate
from replasticity.studies.beats.peer import replayed
from replasticity.study import recordings

DATA = recordings.read(__file__)


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    return DATA.renamed(parameters)


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    return replayed(DATA, parameters, simulate(parameters, {}))
