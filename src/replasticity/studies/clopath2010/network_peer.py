"""Recordings of NEST's small network: its wiring, initial state and input spikes through ours, in NEST's names."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

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
        "dt_ms": recordings.resolution_ms(recording),
        "duration_ms": duration_ms,
        # The centres are every fiftieth channel. A replay does not read them.
        "centres": list(range(25, int(values["input_count"]), 50)) or [0],
        "sample_interval_ms": duration_ms,
    }
    return values


def recorded_inputs(recording: "xr.Dataset", parameters: Parameters) -> Arrays:
    """Return a recording's inputs as `sample_inputs` would return them; synapses that are not recorded do not exist."""
    values: dict[str, Any] = {
        "exc_V_initial_mV": recordings.values(recording, "exc_V_m_initial"),
        "inh_V_initial_mV": recordings.values(recording, "inh_V_m_initial"),
        "input_spike_step": recordings.steps(recording, "in_spike_time", parameters.dt_ms),
        "input_spike_channel": recordings.values(recording, "in_spike_index"),
    }
    for theirs, ours in _SYNAPSES.items():
        for part, our_part in (("pre", "pre"), ("post", "post"), ("weight_initial", "weight_initial_mV")):
            values[f"{ours}_{our_part}"] = recordings.values(recording, f"{theirs}_{part}")
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
    times = (*trace_times, "exc_exc_time", "in_exc_time")
    at = {name: recordings.steps(recording, name, parameters.dt_ms) for name in times}
    trace_step = np.union1d(*(at[name] for name in trace_times))
    simulated = simulate_network(
        parameters,
        inputs,
        exc_exc_step=at["exc_exc_time"],
        input_exc_step=at["in_exc_time"],
        traced=recordings.values(recording, "traced_exc"),
        trace_step=trace_step,
        most_events=MOST_EVENTS,
    )
    event_step, synapse = simulated.events[:, :2].T.astype(np.int64)
    variables = DATA.of_run(simulated._asdict()) | {
        "exc_exc_event_time": ("exc_exc_event", event_step * parameters.dt_ms),
        "exc_exc_event_pre": ("exc_exc_event", inputs["exc_exc_pre"][synapse]),
        "exc_exc_event_post": ("exc_exc_event", inputs["exc_exc_post"][synapse]),
        "exc_exc_event_weight": ("exc_exc_event", simulated.events[:, 2]),
    }
    step, neuron = simulated.spikes.T
    for name, chosen, first in (("exc", neuron < exc_count, 0), ("inh", neuron >= exc_count, exc_count)):
        variables |= recordings.spike_list(f"{name}_spike", step[chosen] * parameters.dt_ms, neuron[chosen] - first)
    for part in ("fine", "coarse"):
        samples = np.searchsorted(trace_step, at[f"trace_{part}_time"])
        for row, name in enumerate(DATA.states):
            if f"{part}_{name}" in recording:
                variables[f"{part}_{name}"] = (("traced", f"trace_{part}"), simulated.trace[row][:, samples])
    return variables
