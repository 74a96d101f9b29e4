"""Recordings of Brian2: the same population spikes through our synapse, in Brian2's names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.errors import UserError
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

#: Statistics of each pairing, which a recording has as ``pairing_`` with their name in summaries.
_OF_PAIRINGS = ("G_sampled_Hz", "G_pre_Hz", "G_post_Hz", "dw_nS", "dw_as_published_nS")


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.renamed(parameters)
    values["rule"] = _RULES.get(values.get("rule", ""), values.get("rule"))
    values["every_step_ms"] = recording.sizes.get("first_second_step", 0) * values.get("dt_ms", 0.0)
    values["record_trains"] = False
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    counts = recording["population_count"].values
    if counts.shape != (parameters.step_count,):
        found = " x ".join(map(str, counts.shape))
        raise UserError(f"population_count: has {found} steps, the parameters give {parameters.step_count}")
    # A neuron spikes at most once in a step.
    most = parameters.population_size
    if counts.dtype.kind not in "iu" or not 0 <= counts.min() <= counts.max() <= most:
        raise UserError(f"population_count: has to be a whole number from 0 to {most}, the population's size")
    if counts.sum(dtype=np.float64) > _MOST_SPIKES:
        raise UserError(f"population_count: at most {_MOST_SPIKES:g} spikes in all")
    result = simulate(parameters, {"population_count": counts})
    variables = DATA.of_run(result) | {
        "plastic_weight_initial": ("plastic", [parameters.weight_initial_nS]),
        "plastic_weight_final": ("plastic", [result["weight_final_nS"].item()]),
    }
    for name, bit in (("pre_spike", 1), ("post_spike", 2)):
        time_ms = result["event_step"][(result["event_kind"] & bit) > 0] * parameters.dt_ms
        variables |= recordings.spike_list(name, time_ms, np.zeros(len(time_ms), np.int32))
    of_events = {
        "H": result["event_H_Hz"],
        "G": result["event_H_Hz"] - parameters.target_rate_Hz,
        "wij": result["event_weight_nS"],
        "zi": result["event_z_i"],
        "zj": result["event_z_j"],
        "lastupdate": result["event_last_ms"],
    }
    for index, phase in enumerate(("before", "mid", "after")):
        variables |= {f"event_{name}_{phase}": ("event", values[:, index]) for name, values in of_events.items()}
    if "pairing" in recording.sizes:
        run = Run(result)
        for name in _OF_PAIRINGS:
            variables[f"pairing_{DATA.summary[name]}"] = ("pairing", getattr(statistics, name)(run, parameters))
    return variables
