"""Recordings of NEST's small network: its wiring, initial state and input spikes through ours, in NEST's names."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.numerics.arrays import IntArray
from replasticity.storage.contract import Arrays, Recorded, build, require_indices
from replasticity.studies.clopath2010.network import INPUTS, SYNAPSES, Parameters, simulate_network
from replasticity.study import recordings

if TYPE_CHECKING:
    import xarray as xr

DATA = recordings.read(__file__)

#: Recorded synapses -> ours.
_SYNAPSES = {name.replace("input", "in"): name for name in SYNAPSES}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.in_our_names(parameters)
    # Recorded as a parameter of the neuron, or else of the script.
    values["w_initial_pA"] = parameters.get("neuron", {}).get("w", values["w_initial_pA"])
    duration_ms = float(recording.attrs.get("duration_ms", math.nan))
    values |= {
        "dt_ms": float(recording.attrs.get("resolution_ms", 0.1)),
        "duration_ms": duration_ms,
        # The centres are every fiftieth channel. A replay does not read them.
        "centres": list(range(25, int(values["input_count"]), 50)) or [0],
        "sample_interval_ms": duration_ms,
    }
    return values


def _values(recording: "xr.Dataset", name: str) -> Any:
    """Return a recorded variable; what is not recorded is empty."""
    return recording[name].values if name in recording else np.zeros(0, np.int64)


def _stamps(recording: "xr.Dataset", name: str, parameters: Parameters) -> IntArray:
    """Return recorded times as grid steps."""
    return np.rint(_values(recording, name) / parameters.dt_ms).astype(np.int64)


def recorded_inputs(recording: "xr.Dataset", parameters: Parameters) -> Arrays:
    """Return a recording's inputs as `sample_inputs` would return them; synapses that are not recorded do not exist."""
    values: dict[str, Any] = {
        "exc_V_initial_mV": _values(recording, "exc_V_m_initial"),
        "inh_V_initial_mV": _values(recording, "inh_V_m_initial"),
        "input_spike_stamp": _stamps(recording, "in_spike_time", parameters),
        "input_spike_channel": _values(recording, "in_spike_index"),
    }
    for theirs, ours in _SYNAPSES.items():
        for part, our_part in (("pre", "pre"), ("post", "post"), ("weight_initial", "weight_initial_mV")):
            values[f"{ours}_{our_part}"] = _values(recording, f"{theirs}_{part}")
    return build(INPUTS, values)


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    from replasticity.models.clopath import MOST_EVENTS

    inputs = recorded_inputs(recording, parameters)
    exc_count, inh_count = len(inputs["exc_V_initial_mV"]), len(inputs["inh_V_initial_mV"])
    counts = {"input": parameters.input_count, "exc": exc_count, "inh": inh_count}
    indices = {
        f"{theirs}_{end}": counts[population]
        for theirs, ours in _SYNAPSES.items()
        for end, population in zip(("pre", "post"), ours.split("_"), strict=True)
    }
    indices |= {"in_spike_index": counts["input"], "traced_exc": exc_count}
    require_indices(recording, {name: count for name, count in indices.items() if name in recording})
    trace_times = ("trace_fine_time", "trace_coarse_time")
    at = {name: _stamps(recording, name, parameters) for name in (*trace_times, "exc_exc_time", "in_exc_time")}
    trace_stamp = np.union1d(*(at[name] for name in trace_times))
    simulated = simulate_network(
        parameters,
        inputs,
        exc_exc_step=at["exc_exc_time"],
        input_exc_step=at["in_exc_time"],
        traced=_values(recording, "traced_exc"),
        trace_step=trace_stamp,
        most_events=MOST_EVENTS,
    )
    event_stamp, synapse = simulated.events[:, :2].T.astype(np.int64)
    variables = DATA.of_run(simulated._asdict()) | {
        "exc_exc_event_time": ("exc_exc_event", event_stamp * parameters.dt_ms),
        "exc_exc_event_pre": ("exc_exc_event", inputs["exc_exc_pre"][synapse]),
        "exc_exc_event_post": ("exc_exc_event", inputs["exc_exc_post"][synapse]),
        "exc_exc_event_weight": ("exc_exc_event", simulated.events[:, 2]),
    }
    stamp, neuron = simulated.spikes.T
    for name, chosen, first in (("exc", neuron < exc_count, 0), ("inh", neuron >= exc_count, exc_count)):
        variables[f"{name}_spike_time"] = (f"{name}_spike", stamp[chosen] * parameters.dt_ms)
        variables[f"{name}_spike_index"] = (f"{name}_spike", neuron[chosen] - first)
    for part in ("fine", "coarse"):
        samples = np.searchsorted(trace_stamp, at[f"trace_{part}_time"])
        for row, name in enumerate(DATA.states):
            if f"{part}_{name}" in recording:
                variables[f"{part}_{name}"] = (("traced", f"trace_{part}"), simulated.trace[row][:, samples])
    return variables
