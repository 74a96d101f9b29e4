"""Recordings of Brian2: the STDP window."""

from typing import TYPE_CHECKING, Any

from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Recorded
from replasticity.studies.beats import recorded
from replasticity.studies.beats.window import Parameters, simulate

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("stdp_window",)

_VARIABLES: recorded.Variables = {
    "time_difference": ("plastic", "difference_ms", Tolerance(absolute=1e-9)),
    "dw": ("plastic", "dw", recorded.WEIGHT),
}

TOLERANCES = recorded.tolerances(_VARIABLES)
SPIKES = recorded.SPIKES
RECORDED_INPUTS = NEEDED_INPUTS = ()
PEER_NAMES: dict[str, str] = {}

#: Step of the presynaptic spikes in recordings, and duration [ms] where a recording does not say it.
_PRE_STEP, _DURATION_MS = 1000, 250.0


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = recorded.parameters_in_our_names(parameters, {})
    dt_ms = values.get("dt_ms", 0.0)
    values["differences_ms"] = [steps * dt_ms for steps in values.pop("difference_steps", [])]
    values.setdefault("pre_time_ms", _PRE_STEP * dt_ms)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", _DURATION_MS)))
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    return recorded.replayed(parameters, simulate(parameters, {}), _VARIABLES)
