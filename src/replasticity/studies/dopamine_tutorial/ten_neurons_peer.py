"""Recordings of NEST: the spikes of its input relays and its dopamine through our synapses."""

from typing import Any

import numpy as np
import xarray as xr

from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.dopamine_tutorial import ten_neurons
from replasticity.study import recordings

DATA = recordings.read(__file__)


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = DATA.in_our_names(parameters)
    duration_ms = parameters.get("sim_time", 0.0)
    reward, punishment = parameters.get("A_vt", [None, None])
    return {
        "slice_ms": min([1.0, values.get("delay_ms", 1.0)]),
        **values,
        "dt_ms": recordings.resolution_ms(recording),
        "A_vt_reward": reward,
        "A_vt_punishment": punishment,
        "chunk_ms": duration_ms / max(parameters.get("n_chunks", 1), 1),
        "epoch_edges_ms": [0.0, 2000.0, 5000.0, 8000.0, duration_ms],
    }


def replay(recording: xr.Dataset, parameters: ten_neurons.Parameters) -> Recorded:
    p = parameters
    indices = [name for name in ("pre_spike_index", "plastic_post") if name in recording]
    require_indices(recording, dict.fromkeys(indices, p.neuron_count))
    log, scheduled, V_step, pre = (
        recordings.steps(recording, name, p.dt_ms)
        for name in ("log_time", "dopa_scheduled_time", "V_m_time", "pre_spike_time")
    )
    is_scheduled = "dopa_scheduled_time" in recording
    dopamine = scheduled + p.steps(p.relay_delay_ms) if is_scheduled else ten_neurons.dopamine_steps(p)
    end = p.steps(p.duration_ms)
    read = np.unique(np.append(log, [0, end]))
    inputs = pre, recording["pre_spike_index"].values.astype(np.int64)
    session, states = ten_neurons.simulate_neurons(p, inputs, dopamine, read, int(V_step.max(initial=0)))
    step, neuron = session.spikes()
    logged = states[np.searchsorted(read, log)]
    target = recording["plastic_post"].values if "plastic_post" in recording else np.arange(p.neuron_count)
    chunk_end = np.arange(1, recording.sizes.get("chunk", 0) + 1) * p.steps(p.chunk_ms)
    return {
        **recordings.spike_list("post_spike", step * p.dt_ms, neuron.astype(np.int32)),
        "dopa_actual_time": ("dopa", dopamine[dopamine <= end] * p.dt_ms),
        "A_vt_chunk": ("chunk", ten_neurons.amount_in_force(chunk_end, p)),
        **DATA.of_run(logged),
        "plastic_weight_initial": ("synapse", states["weight"][0][target]),
        "plastic_weight_final": ("synapse", states["weight"][-1][target]),
        "V_m": (("neuron", "V_m_sample"), session.V_mV[:, V_step - 1]),
    }
