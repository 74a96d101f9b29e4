"""Recordings of NEST's pairing of spikes: the same generators through our neurons, in NEST's names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.errors import UserError
from replasticity.models.clopath_pairing_parameters import NEURONS
from replasticity.numerics.arrays import FloatArray, joined
from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.clopath2010.pairing import Parameters, example_pairings
from replasticity.studies.clopath2010.pairing_statistics import normalised_percent
from replasticity.study import recordings

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)

#: The runs of a recording have at most so many steps together.
MOST_RECORDED_STEPS = 10_000_000


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    return DATA.in_our_names(parameters) | {"dt_ms": recordings.resolution_ms(recording)}


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    from replasticity.models.clopath_pairing import simulate_pairings

    p = parameters
    require_indices(recording, {"run_model": len(NEURONS)})
    models, duration_ms = recording["run_model"].values, recording["run_duration"].values
    if not (duration_ms / p.dt_ms).sum() <= MOST_RECORDED_STEPS:
        raise UserError(f"run_duration: at most {MOST_RECORDED_STEPS:g} steps of {p.dt_ms:g} ms together")

    def times_ms(name: str, run: int) -> FloatArray:
        return np.sort(recording[f"{name}_gen_time"].values[recording[f"{name}_gen_run"].values == run])

    pre_ms = [times_ms("pre", run) for run in range(len(models))]
    pairings = [
        (NEURONS[model], pre, times_ms("post", run), p.steps(length_ms))
        for run, (model, pre, length_ms) in enumerate(zip(models, pre_ms, duration_ms, strict=True))
    ]
    transmitted, spike_steps, traces = simulate_pairings(p, pairings, traced=range(len(pairings)))
    last = np.array([[np.nan, *weights[np.isfinite(weights)]][-1] for weights in transmitted])
    weight, run_of_weight = joined(transmitted)
    spike_step, run_of_spike = joined(spike_steps)
    delivered = np.isfinite(weight)
    variables: Recorded = {
        "run_weight_last": ("run", last),
        "run_weight_normalized": ("run", normalised_percent(p, last)),
        "event_time": ("event", joined(pre_ms)[0][delivered] + p.dt_ms),
        "event_run": ("event", run_of_weight[delivered]),
        "event_weight": ("event", weight[delivered]),
        "post_spike_time": ("post_spike", spike_step * p.dt_ms),
        "post_spike_run": ("post_spike", run_of_spike),
    }
    for model, name in enumerate(("aeif", "hh")):
        for order, pair in enumerate(("post_pre", "pre_post")):
            example = f"{name}_{pair}"
            if f"{example}_trace_time" in recording:
                at = recordings.steps(recording, f"{example}_trace_time", p.dt_ms) - 1
                trace = traces[_example_run(recording, model, order)]
                if at.size and not 0 <= at.min() <= at.max() < trace.shape[1]:
                    raise UserError(f"{example}_trace_time: times outside the run, which has {trace.shape[1]} steps")
                for state, values in zip(DATA.states, trace, strict=True):
                    variables[f"{example}_{state}"] = (f"{example}_trace", values[at])
    return variables


def _example_run(recording: "xr.Dataset", model: int, order: int) -> int:
    """Return the run whose potentials are recorded: the fastest of the example with this model and order."""
    chosen = recording["run_model"].values == model
    if "run_protocol" in recording:
        chosen &= recording["run_protocol"].values == 0
    runs = np.flatnonzero(chosen)
    rate_Hz, interval_ms = (recording[f"run_{name}"].values[runs].tolist() for name in ("rate", "interval"))
    fastest = example_pairings(rate_Hz, interval_ms)[order]
    if fastest < 0:
        first = ("postsynaptic", "presynaptic")[order]
        raise UserError(f"run_interval: no run of model {model} with the {first} spike first")
    return int(runs[fastest])
