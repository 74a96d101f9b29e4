"""Recordings of NEST: the spikes of its input relays and its dopamine through our synapses."""

from typing import Any

import numpy as np
import xarray as xr

from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.dopamine_tutorial.shared import recorded_steps
from replasticity.studies.dopamine_tutorial.ten_neurons import (
    Parameters,
    amount_in_force,
    dopamine_steps,
    simulate_neurons,
)
from replasticity.study import recordings

DATA = recordings.read(__file__)

#: Recorded state of the synapses -> ours.
_STATES = {"log_w": "weight", "log_c": "c", "log_n": "n", "log_pre_tr": "x"}


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.in_our_names(parameters)
    duration_ms = parameters.get("sim_time", 0.0)
    reward, punishment = parameters.get("A_vt", [None, None])
    return {
        "slice_ms": min([1.0, values.get("delay_ms", 1.0)]),
        **values,
        "dt_ms": float(recording.attrs.get("resolution_ms", 0.1)),
        "events": "slice",
        "step_every_slice": True,
        "A_vt_reward": reward,
        "A_vt_punishment": punishment,
        "chunk_ms": duration_ms / max(parameters.get("n_chunks", 1), 1),
        "epoch_edges_ms": [0.0, 2000.0, 5000.0, 8000.0, duration_ms],
    }


def replay(recording: xr.Dataset, parameters: Parameters) -> Recorded:
    p = parameters
    indices = [name for name in ("pre_spike_index", "plastic_post") if name in recording]
    require_indices(recording, dict.fromkeys(indices, p.neuron_count))
    dopamine = dopamine_steps(p)
    if "dopa_scheduled_time" in recording:
        dopamine = recorded_steps(recording, "dopa_scheduled_time", p) + p.steps(p.relay_delay_ms)
    end, log = p.steps(p.duration_ms), recorded_steps(recording, "log_time", p)
    V_step = recorded_steps(recording, "V_m_time", p)
    read = np.unique(np.append(log, [0, end]))
    inputs = recorded_steps(recording, "pre_spike_time", p), recording["pre_spike_index"].values.astype(np.int64)
    session, states = simulate_neurons(p, inputs, dopamine, read, int(V_step.max(initial=0)))
    step, neuron = session.spikes()
    row = np.searchsorted(read, log)
    target = recording["plastic_post"].values if "plastic_post" in recording else np.arange(p.neuron_count)
    chunk_end = np.arange(1, recording.sizes.get("chunk", 0) + 1) * p.steps(p.chunk_ms)
    return {
        "post_spike_time": ("post_spike", step * p.dt_ms),
        "post_spike_index": ("post_spike", neuron.astype(np.int32)),
        "dopa_actual_time": ("dopa", dopamine[dopamine <= end] * p.dt_ms),
        "A_vt_chunk": ("chunk", amount_in_force(chunk_end, p)),
        **{theirs: (("log", "neuron"), states[ours][row]) for theirs, ours in _STATES.items()},
        "plastic_weight_initial": ("synapse", states["weight"][0][target]),
        "plastic_weight_final": ("synapse", states["weight"][-1][target]),
        "V_m": (("neuron", "V_m_sample"), session.V_mV[:, V_step - 1]),
    }
