"""Recordings of Brian2: pairs of neurons that fire regularly."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Recorded
from replasticity.studies.beats import recorded
from replasticity.studies.beats.protocol import Parameters, simulate
from replasticity.studies.beats.statistics import actual_rates_Hz
from replasticity.study.statistics import Run

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("beats",)

#: Rates that a recording derives from spike times.
_RATE = Tolerance(absolute=1e-9, relative=1e-9)

TOLERANCES = recorded.tolerances({}) | {
    "w": recorded.WEIGHT,
    "x": recorded.WEIGHT,
    "pre_rate_actual": _RATE,
    "post_rate_actual": _RATE,
}
SPIKES = recorded.SPIKES
RECORDED_INPUTS = NEEDED_INPUTS = ()
PEER_NAMES: dict[str, str] = {}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = recorded.parameters_in_our_names(parameters, {"pre_hz": "pre_rates_Hz", "post_hz": "post_rates_Hz"})
    # Recordings are of one time step.
    values["dt_divisions"] = []
    values["phase_recorded_ms"] = recording.sizes.get("first_step", 0) * values.get("dt_ms", 0.0)
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    run = simulate(parameters, {})
    pre_Hz, post_Hz = actual_rates_Hz(Run(run), parameters)
    return recorded.replayed(parameters, run, {}) | {
        "w": (("step", "plastic"), run["weight"]),
        "x": (("first_step", "cell"), np.hstack([run["firing_phase_pre"], run["firing_phase_post"]])),
        "pre_rate_actual": ("plastic", pre_Hz),
        "post_rate_actual": ("plastic", post_Hz),
    }
