"""Recordings of Brian2: the same population spikes through our synapse, in Brian2's names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.errors import UserError
from replasticity.models.homeostatic_stdp_parameters import step_count
from replasticity.storage.contract import Recorded
from replasticity.studies.zenke2015 import statistics
from replasticity.studies.zenke2015.protocol import Parameters, simulate
from replasticity.study import recordings
from replasticity.study.statistics import Run

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)

#: Recorded rule -> ours.
_RULES = {"seed": "as_published", "eq15": "eq15"}

#: A recorded population has at most so many spikes: they are added one by one, a second for a billion.
_MOST_SPIKES = 1e9


#: Recorded table of pairings -> our statistic.
_PAIRINGS = {
    "pairing_G_monitor": statistics.G_sampled_Hz,
    "pairing_G_pre": statistics.G_pre_Hz,
    "pairing_G_post": statistics.G_post_Hz,
    "pairing_dw": statistics.dw_nS,
    "pairing_dw_example_script": statistics.dw_as_published_nS,
}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    values["rule"] = _RULES.get(values.get("rule", ""), values.get("rule"))
    values["every_step_ms"] = recording.sizes.get("first_second_step", 0) * values.get("dt_ms", 0.0)
    values["record_trains"] = False
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    counts = recording["population_count"].values
    if counts.shape != (step_count(parameters),):
        found = " x ".join(map(str, counts.shape))
        raise UserError(f"population_count: has {found} steps, the parameters give {step_count(parameters)}")
    # A neuron spikes at most once in a step.
    most = parameters.population_size
    if counts.dtype.kind not in "iu" or not 0 <= counts.min() <= counts.max() <= most:
        raise UserError(f"population_count: has to be a whole number from 0 to {most}, the population's size")
    if counts.sum(dtype=np.float64) > _MOST_SPIKES:
        raise UserError(f"population_count: at most {_MOST_SPIKES:g} spikes in all")
    result = simulate(parameters, {"population_count": counts})
    kind = result["event_kind"]
    step_ms = result["event_step"] * parameters.dt_ms
    pre_ms, post_ms = step_ms[(kind & 1) > 0], step_ms[(kind & 2) > 0]
    variables: dict[str, tuple[str, Any]] = {
        "pre_spike_time": ("pre_spike", pre_ms),
        "pre_spike_index": ("pre_spike", np.zeros(len(pre_ms), np.int32)),
        "post_spike_time": ("post_spike", post_ms),
        "post_spike_index": ("post_spike", np.zeros(len(post_ms), np.int32)),
        "plastic_weight_initial": ("plastic", [parameters.weight_initial_nS]),
        "plastic_weight_final": ("plastic", [result["weight_final_nS"].item()]),
        "monitor_time": ("sample", result["time_ms"]),
        "H": ("sample", result["H_Hz"]),
        "G": ("sample", result["G_Hz"]),
        "wij": ("sample", result["weight_nS"]),
        "H_every_step": ("first_second_step", result["H_every_step_Hz"]),
        "event_step": ("event", result["event_step"]),
        "event_kind": ("event", kind),
    }
    for index, phase in enumerate(("before", "mid", "after")):
        for recorded, ours in (
            ("H", "event_H_Hz"),
            ("wij", "event_weight_nS"),
            ("zi", "event_z_i"),
            ("zj", "event_z_j"),
            ("lastupdate", "event_last_ms"),
        ):
            variables[f"event_{recorded}_{phase}"] = ("event", result[ours][:, index])
        variables[f"event_G_{phase}"] = ("event", result["event_H_Hz"][:, index] - parameters.target_rate_Hz)
    if "pairing" in recording.sizes:
        run = Run(result)
        for recorded, statistic in _PAIRINGS.items():
            variables[recorded] = ("pairing", statistic(run, parameters))
    return variables
