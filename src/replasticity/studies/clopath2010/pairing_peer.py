"""Recordings of NEST's pairing of spikes: the same generators through our neurons, in NEST's names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.errors import UserError
from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.clopath2010.pairing import NEURONS, FloatArray, Parameters
from replasticity.studies.clopath2010.pairing_statistics import normalised_percent
from replasticity.study import recordings

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)

#: The runs of a recording have at most so many steps together.
MOST_RECORDED_STEPS = 10_000_000

#: Recorded example -> recorded model, and whether the postsynaptic spike is first.
_EXAMPLES = {
    f"{name}_{order}": (model, order == "post_pre")
    for model, name in enumerate(("aeif", "hh"))
    for order in ("post_pre", "pre_post")
}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    return DATA.in_our_names(parameters) | {"dt_ms": float(recording.attrs.get("resolution_ms", 0.1))}


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    from replasticity.models.clopath_pairing import simulate_neuron

    def times_ms(name: str, one: int) -> FloatArray:
        times: FloatArray = np.sort(recording[f"{name}_gen_time"].values[recording[f"{name}_gen_run"].values == one])
        return times

    require_indices(recording, {"run_model": len(NEURONS)})
    recorded_steps = recording["run_duration"].values / parameters.dt_ms
    if not recorded_steps.sum() <= MOST_RECORDED_STEPS:
        raise UserError(f"run_duration: at most {MOST_RECORDED_STEPS:g} steps of {parameters.dt_ms:g} ms together")
    event: dict[str, list[Any]] = {"time": [], "run": [], "weight": []}
    spike: dict[str, list[Any]] = {"time": [], "run": []}
    last = np.full(recording.sizes["run"], np.nan)
    traces = []
    for one, (model, duration_ms) in enumerate(
        zip(recording["run_model"].values, recording["run_duration"].values, strict=True)
    ):
        pre_ms = times_ms("pre", one)
        transmitted, stamp, trace = simulate_neuron(
            parameters, NEURONS[model], pre_ms, times_ms("post", one), parameters.steps(duration_ms)
        )
        delivered = np.isfinite(transmitted)
        event["time"] += list(pre_ms[delivered] + parameters.dt_ms)
        event["run"] += [one] * int(delivered.sum())
        event["weight"] += list(transmitted[delivered])
        spike["time"] += list(stamp * parameters.dt_ms)
        spike["run"] += [one] * len(stamp)
        last[one] = transmitted[delivered][-1] if delivered.any() else np.nan
        traces.append(trace)
    variables: dict[str, tuple[str, Any]] = {
        "run_weight_last": ("run", last),
        "run_weight_normalized": ("run", normalised_percent(parameters, last)),
        **{f"event_{name}": ("event", np.array(values)) for name, values in event.items()},
        **{f"post_spike_{name}": ("post_spike", np.array(values)) for name, values in spike.items()},
    }
    for example, (model, post_first) in _EXAMPLES.items():
        if f"{example}_trace_time" in recording:
            at = np.rint(recording[f"{example}_trace_time"].values / parameters.dt_ms).astype(np.int64) - 1
            trace = traces[_example_run(recording, model, post_first)]
            if at.size and not 0 <= at.min() <= at.max() < trace.shape[1]:
                raise UserError(f"{example}_trace_time: times outside the run, which has {trace.shape[1]} steps")
            for row, name in enumerate(("V_m", "u_bar_plus", "u_bar_minus", "u_bar_bar")):
                variables[f"{example}_{name}"] = (f"{example}_trace", trace[row, at])
    return variables


def _example_run(recording: "xr.Dataset", model: int, post_first: bool) -> int:
    """Return the run whose potentials are recorded: the fastest of the example with this model and order."""
    chosen = (recording["run_model"].values == model) & ((recording["run_interval"].values < 0) == post_first)
    if "run_protocol" in recording:
        chosen &= recording["run_protocol"].values == 0
    if not chosen.any():
        order = "postsynaptic" if post_first else "presynaptic"
        raise UserError(f"run_interval: no run of model {model} with the {order} spike first")
    return int(np.flatnonzero(chosen)[recording["run_rate"].values[chosen].argmax()])
