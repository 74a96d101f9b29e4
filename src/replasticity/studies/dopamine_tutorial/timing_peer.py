"""Recordings of NEST: points with parameters, spikes and dopamine of their own."""

from typing import Any

import numpy as np
import xarray as xr

from replasticity.errors import UserError
from replasticity.numerics.arrays import IntArray, joined
from replasticity.storage.contract import Recorded
from replasticity.studies.dopamine_tutorial.timing import Parameters, simulate_point
from replasticity.study import recordings

DATA = recordings.read(__file__)


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what all points share; as many points, all as long and with as long a delay, as in the recording.

    So what they cost is checked. Single points replace some of the values.
    """
    points = recording.sizes.get("point", 1)
    if not points:
        raise UserError("dimension 'point' has no entries")
    recorded_ms = float(recording.attrs.get("duration_ms", 0.0))
    duration_ms = max(recorded_ms, _largest(recording, "sim_time"), _largest(recording, "log_time"))
    dt_ms = recordings.resolution_ms(recording)
    values = DATA.in_our_names(parameters)
    if "delay" in recording:
        values["delay_ms"] = _largest(recording, "delay")
    return values | {
        "dt_ms": dt_ms,
        "duration_ms": duration_ms,
        "dopamine_times_ms": [0.0] * points,
        "sample_interval_ms": max(duration_ms, dt_ms),
    }


def _largest(recording: xr.Dataset, name: str) -> float:
    return float(recordings.values(recording, name).max(initial=0))


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    """Return what our simulation makes of each point; spikes are pairs of time and point."""
    log = recordings.steps(recording, "log_time", parameters.dt_ms)
    spike_ms, states = [], []
    for point in range(recording.sizes["point"]):
        values = DATA.of_part(recording, point)
        A_vt = values.pop("A_vt", parameters.A_vt[0])
        end_ms = values["duration_ms"] if "duration_ms" in values else float(recording.attrs["duration_ms"])
        values["duration_ms"] = max(end_ms, log.max(initial=0) * parameters.dt_ms)
        p = recordings.checked(Parameters, parameters.model_dump() | values, f"point {point}")
        end = p.steps(end_ms)
        read = np.unique(np.append(log, end))
        post = _spikes(recording, "post_scheduled", point, p, p.relay_delay_ms)
        pre, dopamine = (_relayed(recording, cell, point, p) for cell in ("pre", "dopa"))
        session, reading = simulate_point(p, A_vt, pre, post, dopamine, read)
        states.append(reading[np.searchsorted(read, np.append(log, end)), 0])
        step, _ = session.spikes()
        spike_ms.append(step[step <= end] * p.dt_ms)
    all_ms, point_of_spike = joined(spike_ms)
    variables = recordings.spike_list("post_actual_spike", all_ms, point_of_spike.astype(np.int32))
    state, of_synapses = np.array(states), dict[str, Any]()
    for name in ("weight", "c", "n", "x"):
        of_synapses |= {name: state[name][:, :-1], f"{name}_final": state[name][:, -1]}
    return variables | DATA.of_run(of_synapses)


def _relayed(recording: xr.Dataset, cell: str, point: int, p: Parameters) -> IntArray:
    """Return the recorded spikes of a point's relay [steps]; if there are none, those of its generator, delayed."""
    for which, delay_ms in (("actual", 0.0), ("scheduled", p.relay_delay_ms)):
        if f"{cell}_{which}_spike_time" in recording:
            return _spikes(recording, f"{cell}_{which}", point, p, delay_ms)
    raise UserError(f"has no variable '{cell}_actual_spike_time' and none '{cell}_scheduled_spike_time'")


def _spikes(recording: xr.Dataset, name: str, point: int, p: Parameters, delay_ms: float) -> IntArray:
    of_point = recording[f"{name}_spike_index"].values == point
    return recordings.steps(recording, f"{name}_spike_time", p.dt_ms)[of_point] + p.steps(delay_ms)
