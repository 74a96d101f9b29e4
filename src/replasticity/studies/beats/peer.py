"""Recordings of Brian2: pairs of neurons that fire regularly."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.storage.contract import Recorded
from replasticity.studies.beats.protocol import Parameters, simulate
from replasticity.studies.beats.recorded import replayed
from replasticity.studies.beats.statistics import actual_rates_Hz
from replasticity.study import recordings
from replasticity.study.statistics import Run

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    # Recordings are of one time step.
    values["dt_divisions"] = []
    values["phase_recorded_ms"] = recording.sizes.get("first_step", 0) * values.get("dt_ms", 0.0)
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    run = simulate(parameters, {})
    pre_Hz, post_Hz = actual_rates_Hz(Run(run), parameters)
    return replayed(parameters, run, {"w": (("step", "plastic"), "weight")}) | {
        "x": (("first_step", "cell"), np.hstack([run["firing_phase_pre"], run["firing_phase_post"]])),
        "pre_rate_actual": ("plastic", pre_Hz),
        "post_rate_actual": ("plastic", post_Hz),
    }
