"""Recordings of NEST: points with parameters, spikes and dopamine of their own."""

from typing import Any, cast

import numpy as np
import xarray as xr

from replasticity.errors import UserError
from replasticity.storage.contract import Recorded
from replasticity.studies.dopamine_tutorial.shared import IntArray, recorded_steps
from replasticity.studies.dopamine_tutorial.timing import Parameters, simulate_point
from replasticity.study import recordings

DATA = recordings.read(__file__)

#: Our parameter -> recorded variable with a value per point.
_OF_POINTS = {
    "tau_pre_ms": "tau_tr_pre",
    "tau_post_ms": "tau_tr_post",
    "tau_c_ms": "tau_c",
    "tau_n_ms": "tau_n",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
    "delay_ms": "delay",
    "slice_ms": "min_delay",
    "weight_initial": "w_initial",
}

#: Recorded state of the synapse -> ours.
_STATES = {"w": "weight", "c": "c", "n": "n", "pre_tr": "x"}


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what all points share; as many points, all as long and with as long a delay, as in the recording.

    So what they cost is checked. Single points replace some of the values.
    """
    if recording.sizes.get("point") == 0:
        raise UserError("dimension 'point' has no entries")
    recorded_ms = float(recording.attrs.get("duration_ms", 0.0))
    duration_ms = max(recorded_ms, _largest(recording, "sim_time"), _largest(recording, "log_time"))
    dt_ms = float(recording.attrs.get("resolution_ms", 0.1))
    delay_ms = {"delay_ms": _largest(recording, "delay")} if "delay" in recording else {}
    return {
        **DATA.in_our_names(parameters),
        **delay_ms,
        "dt_ms": dt_ms,
        "duration_ms": duration_ms,
        "events": "slice",
        "step_every_slice": True,
        "A_vt": [1.0],
        "pre_times_ms": [],
        "post_times_ms": [],
        "dopamine_times_ms": [0.0] * max(recording.sizes.get("point", 0), 1),
        "sample_interval_ms": max(duration_ms, dt_ms),
    }


def _largest(recording: xr.Dataset, name: str) -> float:
    return float(recording[name].values.max(initial=0)) if name in recording else 0.0


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    """Return what our simulation makes of each point; spikes are pairs of time and point."""
    log = recorded_steps(recording, "log_time", parameters)
    spike_ms, spike_point, states = [], [], []
    for point in range(recording.sizes["point"]):
        values = {ours: recording[theirs].values[point] for ours, theirs in _OF_POINTS.items() if theirs in recording}
        duration_ms = float(
            recording["sim_time"].values[point] if "sim_time" in recording else recording.attrs["duration_ms"]
        )
        end = parameters.steps(duration_ms)
        values["duration_ms"] = max(duration_ms, log.max(initial=0) * parameters.dt_ms)
        own = _of_point(parameters, {name: float(value) for name, value in values.items()}, point)
        A_vt = float(recording["A_vt"].values[point]) if "A_vt" in recording else parameters.A_vt[0]
        of_point = recording["post_scheduled_spike_index"].values == point
        post_ms = recording["post_scheduled_spike_time"].values[of_point]
        read = np.unique(np.append(log, end))
        session, reading = simulate_point(
            own,
            A_vt,
            _relayed(recording, "pre", point, own),
            own.steps(post_ms) + own.steps(own.relay_delay_ms),
            _relayed(recording, "dopa", point, own),
            read,
        )
        states.append(reading[np.searchsorted(read, np.append(log, end)), 0])
        step, _ = session.spikes()
        emitted = step[step <= end]
        spike_ms.append(emitted * parameters.dt_ms)
        spike_point.append(np.full(len(emitted), point))
    variables: dict[str, tuple[Any, Any]] = {
        "post_actual_spike_time": ("post_actual_spike", np.concatenate(spike_ms)),
        "post_actual_spike_index": ("post_actual_spike", np.concatenate(spike_point).astype(np.int32)),
    }
    for theirs, ours in _STATES.items():
        state = np.array(states)[ours]
        variables[f"{theirs}_log"] = (("point", "log"), state[:, :-1])
        variables[f"{theirs}_final"] = ("point", state[:, -1])
    return variables


def _of_point(parameters: Parameters, changes: dict[str, float], point: int) -> Parameters:
    """Return the parameters of one point; raise a `UserError` that names the first one that is not allowed."""
    try:
        return Parameters.model_validate(parameters.model_dump() | changes, context={"recorded": True})
    except ValueError as error:
        first = cast(Any, error).errors()[0]
        name = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"point {point}: {name}{': ' if name else ''}{message}") from error


def _relayed(recording: xr.Dataset, cell: str, point: int, p: Parameters) -> IntArray:
    """Return the recorded spikes of a point's relay [steps]; if there are none, those of its generator, delayed."""
    for which, delay_ms in (("actual", 0.0), ("scheduled", p.relay_delay_ms)):
        name = f"{cell}_{which}_spike"
        if f"{name}_time" in recording:
            times_ms = recording[f"{name}_time"].values[recording[f"{name}_index"].values == point]
            spikes: IntArray = p.steps(times_ms) + p.steps(delay_ms)
            return spikes
    raise UserError(f"has no variable '{cell}_actual_spike_time' and none '{cell}_scheduled_spike_time'")
