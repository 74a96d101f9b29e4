"""Recordings of NEST: its pattern and its somatic spikes, which are random, through our neuron; in NEST's names."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.comparison import Tolerance
from replasticity.errors import UserError
from replasticity.storage.contract import Recorded
from replasticity.studies.urbanczik2014 import protocol as example
from replasticity.studies.urbanczik2014.protocol import FloatArray, IntArray, Kicks, Parameters, Spikes, step_count

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.models import urbanczik_senn as model

RECORDINGS = ("urbanczik_senn_*", "urbanczik_single_synapse")

PEER_NAMES = {
    "rms_U_mV": "rms_U_UM",
    "rms_prediction_mV": "rms_Vstar_UM",
    "rms_U_recall_mV": "rms_U_UMref",
    "rms_prediction_recall_mV": "rms_Vstar_UMref",
    "correlation_recall": "corr_U_UMref",
    "rate_error_Hz": "rate_error",
    "soma_spike_count": "soma_spike_count",
    "weight_mean_pA": "w_mean",
    "weight_sd_pA": "w_std",
    "weight_final_pA": "weight_final",
    "weight_histogram": "weight_histogram",
    "pattern_spike_count": "pattern_spikes",
}

#: Ours -> where a recording has it. A recording in the units of the publication is replayed in these units: its
#: numbers stand for mV, pF, nS and pA, which gives the same numbers, since both sets of units are coherent.
_PARAMETER_PATHS = {
    "pattern_ms": "pattern_duration",
    "presentations_before": "n_rep_before",
    "presentations_learning": "n_pattern_rep",
    "presentations_after": "n_rep_after",
    "input_count": "n_in",
    "input_rate_Hz": "rate_in",
    "relay_delay_ms": "relay_delay",
    "C_s_pF": "neuron.soma.C_m",
    "C_d_pF": "neuron.dendritic.C_m",
    "g_L_s_nS": "neuron.soma.g_L",
    "g_L_d_nS": "neuron.dendritic.g_L",
    "E_L_s_mV": "neuron.soma.E_L",
    "E_L_d_mV": "neuron.dendritic.E_L",
    "g_sp_nS": "neuron.g_sp",
    "g_ps_nS": "neuron.g_ps",
    "E_E_mV": "neuron.soma.E_ex",
    "E_I_mV": "neuron.soma.E_in",
    "U_initial_mV": "neuron.soma.V_m",
    "V_initial_mV": "neuron.dendritic.V_m",
    "tau_E_s_ms": "neuron.soma.tau_syn_ex",
    "tau_I_s_ms": "neuron.soma.tau_syn_in",
    "tau_E_d_ms": "neuron.dendritic.tau_syn_ex",
    "tau_I_d_ms": "neuron.dendritic.tau_syn_in",
    "rate_max_per_ms": "neuron.phi_max",
    "rate_slope": "neuron.rate_slope",
    "beta_per_mV": "neuron.beta",
    "theta_mV": "neuron.theta",
    "refractory_ms": "neuron.t_ref",
    "eta_pA_mV_per_ms": "synapse.eta",
    "tau_filter_ms": "synapse.tau_Delta",
    "weight_initial_pA": "synapse.weight",
    "weight_min_pA": "synapse.Wmin",
    "weight_max_pA": "synapse.Wmax",
    "synapse_delay_ms": "synapse.delay",
    "drive_amplitude_E_nS": "drive.amplitude_exc",
    "drive_offset_E_nS": "drive.offset_exc",
    "drive_amplitude_I_nS": "drive.amplitude_inh",
    "drive_frequency_per_ms": "drive.freq_per_ms",
    "drive_factor": "drive.weight",
    "drive_delay_ms": "drive.delay",
}

_SINGLE_SYNAPSE = "urbanczik_single_synapse"

#: Recorded state variable -> ours.
_STATES = {"V_m_s": "U_mV", "V_m_p": "V_mV", "g_ex_s": "g_E_nS", "g_in_s": "g_I_nS", "I_ex_p": "I_E_pA"}

#: Parts of a recording in which the state was recorded at different intervals, as prefixes of names.
_PARTS = ("", "fine_", "coarse_", "last_")

_EXACT, _TIME = Tolerance(), Tolerance(absolute=1e-6)
_POTENTIAL, _CONDUCTANCE = Tolerance(absolute=1e-9), Tolerance(absolute=1e-9, relative=1e-9)
#: The absolute bound is for weights next to zero: it is what the rounding of the recording's own sums makes.
_WEIGHT = Tolerance(absolute=1e-11, relative=1e-9)

TOLERANCES = {
    "soma_spike_time": _TIME,
    "soma_spike_index": _EXACT,
    "soma_spike_run": _EXACT,
    "drive_exc": _CONDUCTANCE,
    "drive_inh": _CONDUCTANCE,
    "repetition_end": _TIME,
    "dend_weight_initial": _WEIGHT,
    "dend_weight_final": _WEIGHT,
    "dend_weight": _WEIGHT,
    "event_time": _TIME,
    "event_pre": _EXACT,
    "event_weight": _WEIGHT,
    "transmitted_weight": _WEIGHT,
    **{f"{part}{name}": _POTENTIAL if name.startswith("V") else _CONDUCTANCE for part in _PARTS for name in _STATES},
}

SPIKES = ("in_spike",)

RECORDED_INPUTS = (
    *("pattern_spike_time", "pattern_spike_index", "pre_spike_time", "run_seed", "dend_pre", "dend_post"),
    *(f"{part}time" for part in _PARTS),
)

NEEDED_INPUTS = ("soma_spike_time",)

#: In place of a random number: the neuron spikes if it is not refractory; it does not spike.
FORCED, FORBIDDEN = -1.0, 2.0


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    if recording.attrs.get("protocol") == _SINGLE_SYNAPSE:
        # One synapse, one presentation; `replay` makes the drive from the recorded list of its stamps.
        no_drive = dict.fromkeys(("amplitude_exc", "offset_exc", "amplitude_inh", "freq_per_ms"), 0.0)
        parameters = parameters | {
            "drive": parameters.get("drive", {}) | no_drive,
            "n_in": 1,
            "pattern_duration": float(recording.attrs.get("duration_ms", 0.0)),
            "n_rep_before": 0,
            "n_pattern_rep": 1,
            "n_rep_after": 0,
        }
    values = {name: _at_path(parameters, path) for name, path in _PARAMETER_PATHS.items()}
    dt_ms = float(recording.attrs.get("resolution_ms", 0.1))
    return {name: value for name, value in values.items() if value is not None} | {
        "dt_ms": dt_ms,
        "sample_interval_ms": dt_ms,
        "plastic_after": True,
        "potential_zero_mV": 0.0,
        "potential_unit_mV": 1.0,
        "capacitance_unit_pF": 1.0,
    }


def _at_path(parameters: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path such as ``"neuron.soma.C_m"``, or None."""
    value: Any = parameters
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _stamps(recording: "xr.Dataset", name: str, p: Parameters) -> IntArray:
    """Return recorded times as stamps, all inside the run."""
    stamps = np.rint(recording[name].values / p.dt_ms).astype(np.int64)
    if len(stamps) and not 0 < stamps.min() <= stamps.max() <= step_count(p):
        end_ms = step_count(p) * p.dt_ms
        raise UserError(f"{name}: times outside the run, which the parameters let end at {end_ms:g} ms")
    return stamps


def forced(spike_stamp: IntArray, p: Parameters) -> FloatArray:
    """Return numbers in place of random ones, by which the neuron spikes at the given stamps only.

    A spike in the refractory time of another cannot be forced.
    """
    uniform = np.full(step_count(p), FORBIDDEN)
    uniform[spike_stamp - 1] = FORCED
    return uniform


def replay(recording: "xr.Dataset", p: Parameters) -> Recorded:
    if recording.attrs.get("protocol") == _SINGLE_SYNAPSE:
        return _replay_single_synapse(recording, p)
    dt_ms, kicks = p.dt_ms, example.drive(p)
    spikes = _input_spikes(recording, p)
    record = example.simulate_presentations(p, spikes, kicks, forced(_stamps(recording, "soma_spike_time", p), p))
    synapses = recording["dend_pre"].values if "dend_pre" in recording else np.arange(p.input_count)
    # Kicks by stamp: the delay is taken off again.
    start = example.learning_window(p)[0] * example.presentation_steps(p)
    start += round(p.drive_delay_ms / dt_ms) - 1
    phase = slice(start, start + recording.sizes.get("drive_phase", 0))
    spike_ms = (np.flatnonzero(record.has_spiked) + 1) * dt_ms
    variables: Recorded = {
        "in_spike_time": ("in_spike", spikes.stamp * dt_ms),
        "in_spike_index": ("in_spike", spikes.spiking_input.astype(np.int32)),
        "soma_spike_time": ("soma_spike", spike_ms),
        "soma_spike_index": ("soma_spike", np.zeros(len(spike_ms), np.int32)),
        "drive_exc": ("drive_phase", kicks.E_nS[phase]),
        "drive_inh": ("drive_phase", kicks.I_nS[phase]),
        "repetition_end": (
            "repetition",
            np.arange(1, example.presentation_count(p) + 1) * p.pattern_ms,
        ),
        "dend_weight_initial": ("dend", np.full(len(synapses), float(p.weight_initial_pA))),
        "dend_weight_final": ("dend", record.weight_pA[-1, synapses]),
        "dend_weight": (("repetition", "dend"), record.weight_pA[:, synapses]),
    }
    if "event_pre" in recording:
        variables |= _events(recording, spikes, record.transmitted_pA, dt_ms)
    return variables | _states(recording, p, [record])


def _input_spikes(recording: "xr.Dataset", p: Parameters) -> Spikes:
    """Return the spikes that enter the synapses, from the pattern or as they were recorded."""
    if "pattern_spike_time" in recording:
        _stamps(recording, "pattern_spike_time", p)
        spikes = example.input_spikes(
            p, recording["pattern_spike_time"].values, recording["pattern_spike_index"].values
        )
    elif "in_spike_time" in recording:
        stamp = _stamps(recording, "in_spike_time", p)
        order = np.argsort(stamp, kind="stable")
        spikes = Spikes(stamp[order], recording["in_spike_index"].values.astype(np.int64)[order])
    else:
        raise UserError("has no variable 'pattern_spike_time' and none 'in_spike_time'")
    if len(spikes.spiking_input) and spikes.spiking_input.max() >= p.input_count:
        raise UserError(f"spikes of input {spikes.spiking_input.max()}, but n_in is {p.input_count}")
    return spikes


def _events(recording: "xr.Dataset", spikes: Spikes, transmitted_pA: FloatArray, dt_ms: float) -> Recorded:
    """Return the transmitted weights of the inputs that were recorded, in the order of the recording."""
    stamp, spiking_input = spikes.stamp[: len(transmitted_pA)], spikes.spiking_input[: len(transmitted_pA)]
    recorded_input = recording["event_pre"].values
    chosen = np.flatnonzero(np.isin(spiking_input, recorded_input))
    chosen = chosen[np.lexsort((spiking_input[chosen], stamp[chosen]))]
    if len(chosen) == len(recorded_input):
        recorded_stamp = np.rint(recording["event_time"].values / dt_ms)
        ordered = np.empty_like(chosen)
        ordered[np.lexsort((recorded_input, recorded_stamp))] = chosen
        chosen = ordered
    return {
        "event_time": ("event", stamp[chosen] * dt_ms),
        "event_pre": ("event", spiking_input[chosen].astype(np.int32)),
        "event_weight": ("event", transmitted_pA[chosen]),
    }


def _states(recording: "xr.Dataset", p: Parameters, records: list["model.Record"]) -> Recorded:
    """Return the state at the recorded times, with a row per run where the recording has several."""
    variables: Recorded = {}
    for part in _PARTS:
        if f"{part}time" not in recording:
            continue
        sample = _stamps(recording, f"{part}time", p) - 1
        for name, ours in _STATES.items():
            if f"{part}{name}" in recording:
                dimensions = recording[f"{part}{name}"].dims
                values = np.array([getattr(record, ours)[sample] for record in records])
                variables[f"{part}{name}"] = (dimensions, values if len(dimensions) > 1 else values[0])
    return variables


def _replay_single_synapse(recording: "xr.Dataset", p: Parameters) -> Recorded:
    """Return the runs of one synapse with a few spikes (docs/models/dendritic_prediction.md#single-synapse)."""
    for name in ("pre_spike_time", "soma_spike_run", "run_seed"):
        if name not in recording:
            raise UserError(f"has no variable '{name}'")
    stamp = _stamps(recording, "pre_spike_time", p)
    spikes = Spikes(stamp, np.zeros(len(stamp), np.int64))
    kicks = _single_synapse_drive(recording, p)
    soma_stamp, soma_run = _stamps(recording, "soma_spike_time", p), recording["soma_spike_run"].values
    records = [
        example.simulate_presentations(p, spikes, kicks, forced(soma_stamp[soma_run == index], p))
        for index in range(recording.sizes["run"])
    ]
    spike_ms = [(np.flatnonzero(record.has_spiked) + 1) * p.dt_ms for record in records]
    spike_run = [np.full(len(times), index, np.int32) for index, times in enumerate(spike_ms)]
    return {
        "soma_spike_time": ("soma_spike", np.concatenate(spike_ms)),
        "soma_spike_run": ("soma_spike", np.concatenate(spike_run)),
        "transmitted_weight": (("run", "pre_spike"), np.array([record.transmitted_pA for record in records])),
        **_states(recording, p, records),
    }


def _single_synapse_drive(recording: "xr.Dataset", p: Parameters) -> Kicks:
    """Return the drive that a recording of one synapse describes, such as "10.0 to 49.9 ms, every step"."""
    described = json.loads(recording.attrs["parameters"])["drive"]
    span = re.match(r"([\d.]+) to ([\d.]+) ms", str(described.get("spike_times", "")))
    if span is None or "strength" not in described:
        raise UserError("parameters.drive: expected 'strength' and 'spike_times' such as '10.0 to 49.9 ms, every step'")
    first, last = (round(float(time_ms) / p.dt_ms) for time_ms in span.groups())
    kick_E_nS = np.zeros(step_count(p) - 1)
    kick_E_nS[first - 1 : last] = float(described["strength"]) * p.drive_factor
    return example.kicks_from_stamps(p, kick_E_nS, np.zeros_like(kick_E_nS))
