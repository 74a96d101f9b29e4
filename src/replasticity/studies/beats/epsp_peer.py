"""Recordings of Brian2: pairings, and the EPSPs that the weights make."""

from typing import TYPE_CHECKING, Any

from replasticity.storage.contract import Recorded
from replasticity.studies.beats.epsp import Parameters, simulate
from replasticity.studies.beats.peer import replayed
from replasticity.study import recordings

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)

#: Recorded variable -> its dimensions, and ours.
_VARIABLES: dict[str, tuple[Any, str]] = {
    "condition_rate": ("plastic", "condition_rate_Hz"),
    "condition_period": ("plastic", "condition_period_ms"),
    "condition_difference": ("plastic", "condition_difference_ms"),
    "condition_group": ("plastic", "condition_group"),
    "readout_weight": ("readout", "readout_weight"),
    "readout_v": (("readout_step", "readout"), "readout_v_mV"),
    "epsp_peak": ("readout", "epsp_peak_mV"),
    "epsp_peak_time": ("readout", "epsp_peak_time_ms"),
    "v_end": ("readout", "v_end_mV"),
}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    return DATA.renamed(parameters)


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    return replayed(parameters, simulate(parameters, {}), _VARIABLES, "readout_spike")
