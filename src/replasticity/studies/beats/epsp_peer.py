"""Recordings of Brian2: pairings, and the EPSPs that the weights make."""

from typing import TYPE_CHECKING, Any

from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Recorded
from replasticity.studies.beats import recorded
from replasticity.studies.beats.epsp import Parameters, simulate

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("epsp",)

#: Recorded parameter -> ours.
_PARAMETER_NAMES = {
    "n_pairs": "pairings",
    "grid_hz": "grid_rates_Hz",
    "grid_difference_ms": "grid_differences_ms",
    "gap_hz": "gap_rates_Hz",
    "slow_hz": "isolated_rate_Hz",
    "test_ms": "test_spike_ms",
    "readout_ms": "readout_duration_ms",
}

_POTENTIAL = Tolerance(absolute=1e-9)

_VARIABLES: recorded.Variables = {
    "condition_rate": ("plastic", "condition_rate_Hz", recorded.EXACT),
    "condition_period": ("plastic", "condition_period_ms", recorded.TIME),
    "condition_difference": ("plastic", "condition_difference_ms", recorded.TIME),
    "condition_group": ("plastic", "condition_group", recorded.EXACT),
    "readout_weight": ("readout", "readout_weight", recorded.WEIGHT),
    "readout_v": (("readout_step", "readout"), "readout_v_mV", _POTENTIAL),
    "epsp_peak": ("readout", "epsp_peak_mV", _POTENTIAL),
    "epsp_peak_time": ("readout", "epsp_peak_time_ms", recorded.TIME),
    "v_end": ("readout", "v_end_mV", _POTENTIAL),
}

TOLERANCES = recorded.tolerances(_VARIABLES)
SPIKES = (*recorded.SPIKES, "readout_spike")
RECORDED_INPUTS = NEEDED_INPUTS = ()
PEER_NAMES: dict[str, str] = {}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    return recorded.parameters_in_our_names(parameters, _PARAMETER_NAMES)


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    return recorded.replayed(parameters, simulate(parameters, {}), _VARIABLES, SPIKES)
