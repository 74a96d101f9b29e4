"""Recordings of Brian2: the STDP window of its synapses tutorial."""

from typing import TYPE_CHECKING, Any

from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Recorded
from replasticity.studies.beats import recorded
from replasticity.studies.beats.tutorial_window import Parameters, simulate

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("stdp_tutorial_window",)

_VARIABLES: recorded.Variables = {
    "requested_pre_time": ("plastic", "requested_pre_ms", Tolerance(absolute=1e-9)),
    "requested_post_time": ("plastic", "requested_post_ms", Tolerance(absolute=1e-9)),
}

TOLERANCES = recorded.tolerances(_VARIABLES)
SPIKES = recorded.SPIKES
RECORDED_INPUTS = NEEDED_INPUTS = ()
PEER_NAMES: dict[str, str] = {}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = recorded.parameters_in_our_names(parameters, {"n": "pairs", "tmax_ms": "latest_spike_ms"})
    latest_ms = values.get("latest_spike_ms", 0.0)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", latest_ms + 1.0)))
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    return recorded.replayed(parameters, simulate(parameters, {}), _VARIABLES)
