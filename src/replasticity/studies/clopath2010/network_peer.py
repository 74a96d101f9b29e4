"""Recordings of NEST's small network: its wiring, initial state and input spikes through ours, in NEST's names."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.comparison import Tolerance
from replasticity.storage.contract import Arrays, Recorded, build, require_indices
from replasticity.studies.clopath2010.network import (
    INPUTS,
    SYNAPSES,
    IntArray,
    Parameters,
    simulate_network,
)

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("clopath_small_network",)

# Tables of names, grouped by what they are about.
# fmt: off
PEER_NAMES = {
    "exc_exc_weight_final_mV": "exc_exc_weight_final",
    "dw_mean_mV": "dw_mean", "dw_sd_mV": "dw_std", "dw_min_mV": "dw_min", "dw_max_mV": "dw_max",
    "reciprocity": "w_corr", "grown_two_way": "n_bidir", "grown_one_way": "n_unidir",
    "grown_two_way_expected": "n_bidir_independent",
    "at_weight_max": "frac_at_Wmax", "at_weight_min": "frac_at_Wmin",
    "input_weight_initial_mean_mV": "in_w_mean_initial", "input_weight_mean_mV": "in_w_mean",
    "input_weight_sd_mV": "in_w_std", "input_weight_min_mV": "in_w_min", "input_weight_max_mV": "in_w_max",
    "input_at_weight_max": "in_frac_at_Wmax", "input_at_weight_min": "in_frac_at_Wmin",
    "exc_rate_Hz": "exc_rate", "inh_rate_Hz": "inh_rate", "centres_visited": "n_distinct_mu",
}

#: NEST's name of a parameter -> ours, and NEST's value: of a neuron of either model, and of its plasticity.
NEURON = {
    "C_m": ("c_pF", 281.0), "g_L": ("g_L_nS", 30.0), "E_L": ("E_L_mV", -70.6), "I_e": ("I_e_pA", 0.0),
    "t_ref": ("t_ref_ms", 0.0), "A_LTD_const": ("constant_A_LTD", True), "u_ref_squared": ("u_ref2_mV2", 60.0),
    "tau_u_bar_plus": ("tau_plus_ms", 7.0), "tau_u_bar_minus": ("tau_minus_ms", 10.0),
    "tau_u_bar_bar": ("tau_bar_ms", 500.0), "delay_u_bars": ("delay_u_ms", 5.0),
    "theta_plus": ("theta_plus_mV", -45.3), "theta_minus": ("theta_minus_mV", -70.6),
}

#: The same of what the adaptive exponential neuron has besides.
ADAPTIVE_EXPONENTIAL = {
    "Delta_T": ("Delta_T_mV", 2.0), "V_peak": ("V_peak_mV", 33.0), "V_reset": ("V_reset_mV", -60.0),
    "V_clamp": ("V_clamp_mV", 33.0), "t_clamp": ("t_clamp_ms", 2.0),
    "a": ("a_nS", 4.0), "b": ("b_pA", 80.5), "tau_w": ("tau_w_ms", 144.0),
    "I_sp": ("I_sp_pA", 400.0), "tau_z": ("tau_z_ms", 40.0),
    "V_th_rest": ("V_T_rest_mV", -50.4), "V_th_max": ("V_T_max_mV", 30.4), "tau_V_th": ("tau_T_ms", 50.0),
}

#: The same of the network's neurons.
_NEURON = NEURON | ADAPTIVE_EXPONENTIAL
_NEURON |= {"w": ("w_initial_pA", 0.0), "gsl_error_tol": ("solver_tolerance", 1e-6)}
_NEURON |= {"A_LTP": ("A_LTP_per_mV", 8e-5), "A_LTD": ("A_LTD", 14e-5)}

#: Other recorded parameters that may be missing -> ours, and what the recorded script has.
_SIZES = {
    "n_exc": ("exc_count", 10), "n_inh": ("inh_count", 3), "n_in": ("input_count", 500),
    "w_initial_adaptation": ("w_initial_pA", 0.0), "Wmin": ("weight_min_mV", 0.0),
}

#: Recorded parameter of the network -> ours.
_NETWORK = {
    "delay": "delay_ms", "delay_exc_exc": "delay_exc_exc_ms", "sim_interval": "interval_ms", "tau_x": "tau_x_ms",
    "pg_A": "profile_rate_Hz", "pg_gain": "profile_gain", "pg_sigma": "profile_sd",
    "Wmax_in_exc": "weight_max_input_mV", "Wmax_exc_exc": "weight_max_exc_mV",
    "w_in_exc": "weight_input_exc_mV", "w_in_inh": "weight_input_inh_mV",
    **{f"w_{pair}": f"weight_{pair}_mV" for pair in ("exc_exc", "exc_inh", "inh_exc")},
    **{name: name for name in ("indegree_exc_inh", "outdegree_inh_exc")},
    "V_m_init_mean": "V_initial_mean_mV", "V_m_init_std": "V_initial_sd_mV",
}
# fmt: on

_WEIGHT, _POTENTIAL = Tolerance(absolute=1e-12), Tolerance(absolute=1e-5)

#: Recorded name of a traced variable -> its row in the trace.
_TRACED = {"V_m": 0, "w": 1, "z": 2, "V_th": 3, "u_bar_plus": 4, "u_bar_minus": 5, "u_bar_bar": 6}

# fmt: off
TOLERANCES = {
    **dict.fromkeys(("exc_exc_weight_final", "in_exc_weight_final", "exc_exc_weight", "in_exc_weight"), _WEIGHT),
    "exc_exc_event_time": Tolerance(absolute=1e-6), "exc_exc_event_weight": _WEIGHT,
    "exc_exc_event_pre": Tolerance(), "exc_exc_event_post": Tolerance(),
    **{f"{part}_{name}": _POTENTIAL for name in _TRACED for part in ("fine", "coarse")},
}
# fmt: on

SPIKES = ("exc_spike", "inh_spike")

#: Recorded synapses -> ours.
_SYNAPSES = {name.replace("input", "in"): name for name in SYNAPSES}

_TIMES = ("exc_exc_time", "in_exc_time", "trace_fine_time", "trace_coarse_time")

RECORDED_INPUTS = (
    *("exc_V_m_initial", "inh_V_m_initial", "pg_mu", "in_spike_time", "in_spike_index", "traced_exc"),
    *(f"{name}_{part}" for name in _SYNAPSES for part in ("pre", "post", "weight_initial")),
    *_TIMES,
)

NEEDED_INPUTS = (
    *("exc_V_m_initial", "in_spike_time", "in_spike_index"),
    *(f"{name}_{part}" for name in ("in_exc", "exc_exc") for part in ("pre", "post", "weight_initial")),
)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    neuron, network = parameters.get("neuron", {}), parameters.get("network", {})
    values: dict[str, Any] = {ours: default for table in (_SIZES, _NEURON) for ours, default in table.values()}
    for table, recorded in ((_SIZES, parameters), (_NEURON, neuron)):
        values |= {ours: recorded[theirs] for theirs, (ours, _) in table.items() if theirs in recorded}
    values |= {ours: network[theirs] for theirs, ours in _NETWORK.items() if theirs in network}
    duration_ms = float(recording.attrs.get("duration_ms", math.nan))
    return values | {
        "dt_ms": float(recording.attrs.get("resolution_ms", 0.1)),
        "duration_ms": duration_ms,
        # The delay lines of the low-passed potentials start at 0 in NEST, whatever the potential is.
        "history_start_mV": 0.0,
        # The centres are every fiftieth channel. A replay does not read them.
        "centres": list(range(25, int(values["input_count"]), 50)) or [0],
        "sample_interval_ms": duration_ms,
        "raster_start_ms": 0.0,
        "raster_ms": 0.0,
    }


def _values(recording: "xr.Dataset", name: str) -> Any:
    """Return a recorded variable; what is not recorded is empty."""
    return recording[name].values if name in recording else np.zeros(0, np.int64)


def _stamps(recording: "xr.Dataset", name: str, parameters: Parameters) -> IntArray:
    """Return recorded times as grid steps."""
    stamps: IntArray = np.rint(_values(recording, name) / parameters.dt_ms).astype(np.int64)
    return stamps


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
    at = {name: _stamps(recording, name, parameters) for name in _TIMES}
    trace_stamp = np.union1d(at["trace_fine_time"], at["trace_coarse_time"])
    simulated = simulate_network(
        parameters,
        inputs,
        exc_exc_stamp=at["exc_exc_time"],
        input_exc_stamp=at["in_exc_time"],
        traced=_values(recording, "traced_exc"),
        trace_stamp=trace_stamp,
        most_events=MOST_EVENTS,
    )
    event_stamp, synapse = simulated.events[:, :2].T.astype(np.int64)
    variables: dict[str, tuple[Any, Any]] = {
        "exc_exc_weight_final": ("exc_exc", simulated.exc_exc_weight_final_mV),
        "in_exc_weight_final": ("in_exc", simulated.input_exc_weight_final_mV),
        "exc_exc_weight": (("exc_exc_time", "exc_exc"), simulated.exc_exc_weight_mV),
        "in_exc_weight": (("in_exc_time", "in_exc"), simulated.input_exc_weight_mV),
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
        for name, row in _TRACED.items():
            if f"{part}_{name}" in recording:
                variables[f"{part}_{name}"] = (("traced", f"trace_{part}"), simulated.trace[row][:, samples])
    return variables
