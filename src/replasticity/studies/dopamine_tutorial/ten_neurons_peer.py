"""Recordings of NEST: the spikes of its input relays and its dopamine through our synapses."""

from typing import Any

import numpy as np
import xarray as xr

from replasticity.peers.comparison import Tolerance
from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.dopamine_tutorial import peer
from replasticity.studies.dopamine_tutorial.ten_neurons import (
    Parameters,
    amount_in_force,
    dopamine_steps,
    simulate_neurons,
)

RECORDINGS = ("dopa_ten",)

PEER_NAMES = {
    "weight_final_mV": "w_final",
    "weight_at_mV": "w_at",
    "spike_count": "n_post",
    "input_count": "n_pre",
    "weight_mean_mV": "log_w_mean",
}

_PARAMETERS = (
    peer.NETWORK
    | peer.below("neuron", peer.NEURON)
    | {
        "neuron_count": "n_neurons",
        "input_rate_Hz": "rate_hz",
        "weight_initial_mV": "w_initial",
        "reward_times_ms": "reward_times",
        "punishment_times_ms": "punishment_times",
    }
)

#: What a summary leaves out: the values of the published script.
_DEFAULTS = peer.DEFAULT_DELAYS | {
    "weight_initial_mV": 5.6,
    "tau_m_ms": 10.0,
    "E_L_mV": -70.0,
    "V_reset_mV": -70.0,
    "V_th_mV": -55.0,
    "refractory_ms": 2.0,
}

#: Recorded state of the synapses -> ours.
_STATES = {"log_w": "weight", "log_c": "c", "log_n": "n", "log_pre_tr": "x"}

TOLERANCES = {
    **dict.fromkeys(_STATES, peer.STATE),
    "A_vt_chunk": Tolerance(),
    "dopa_actual_time": peer.TIME,
    **dict.fromkeys(("plastic_weight_initial", "plastic_weight_final", "V_m"), peer.STATE),
}

SPIKES = ("post_spike",)

NEEDED_INPUTS = ("pre_spike_time", "pre_spike_index")

RECORDED_INPUTS = (*NEEDED_INPUTS, "dopa_scheduled_time", "log_time", "V_m_time", "plastic_pre", "plastic_post")


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    values = _DEFAULTS | peer.translated(parameters, _PARAMETERS)
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
        dopamine = peer.steps(recording, "dopa_scheduled_time", p) + p.steps(p.relay_delay_ms)
    end, log = p.steps(p.duration_ms), peer.steps(recording, "log_time", p)
    V_step = peer.steps(recording, "V_m_time", p)
    read = np.unique(np.append(log, [0, end]))
    inputs = peer.steps(recording, "pre_spike_time", p), recording["pre_spike_index"].values.astype(np.int64)
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
