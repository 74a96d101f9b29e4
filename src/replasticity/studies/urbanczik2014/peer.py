"""Recordings of NEST: its pattern and its somatic spikes, which are random, through our neuron; in NEST's names."""

import json
import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr

from replasticity.errors import UserError
from replasticity.models import presented_pattern_parameters as pattern
from replasticity.models.presented_pattern_parameters import Kicks, Spikes
from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.storage.contract import Arrays, Recorded
from replasticity.studies.urbanczik2014.protocol import Parameters, presentation_errors
from replasticity.study import recordings
from replasticity.study.statistics import Run

if TYPE_CHECKING:
    from replasticity.models.urbanczik_senn import Record

DATA = recordings.read(__file__)

_SINGLE_SYNAPSE = "urbanczik_single_synapse"

#: Recorded state variable -> ours.
_STATES = {"V_m_s": "U_mV", "V_m_p": "V_mV", "g_ex_s": "g_E_nS", "g_in_s": "g_I_nS", "I_ex_p": "I_E_pA"}

#: Parts of a recording in which the state was recorded at different intervals, as prefixes of names.
_PARTS = ("", "fine_", "coarse_", "last_")

#: In place of a random number: the neuron spikes if it is not refractory; it does not spike.
FORCED, FORBIDDEN = -1.0, 2.0


def recorded_parameters(recording: xr.Dataset, parameters: dict[str, Any]) -> dict[str, Any]:
    if recording.attrs.get("protocol") == _SINGLE_SYNAPSE:
        # One synapse, one presentation; `replay` makes the drive from the recorded list of its steps.
        no_drive = dict.fromkeys(("amplitude_exc", "offset_exc", "amplitude_inh", "freq_per_ms"), 0.0)
        parameters = parameters | {
            "drive": parameters.get("drive", {}) | no_drive,
            "n_in": 1,
            "pattern_duration": float(recording.attrs.get("duration_ms", 0.0)),
            "n_rep_before": 0,
            "n_pattern_rep": 1,
            "n_rep_after": 0,
        }
    dt_ms = recordings.resolution_ms(recording)
    return DATA.in_our_names(parameters) | {"dt_ms": dt_ms, "sample_interval_ms": dt_ms}


def completed(run: Arrays, p: Parameters) -> Arrays:
    """Return the errors of each presentation, of a run of NEST that has the state after each step."""
    return presentation_errors(p, cast(Any, Run(run)))


def _steps(recording: xr.Dataset, name: str, p: Parameters) -> IntArray:
    """Return recorded times as numbers of steps, all inside the run."""
    steps = recordings.steps(recording, name, p.dt_ms)
    if len(steps) and not 0 < steps.min() <= steps.max() <= p.step_count:
        end_ms = p.step_count * p.dt_ms
        raise UserError(f"{name}: times outside the run, which the parameters let end at {end_ms:g} ms")
    return steps


def forced(spike_step: IntArray, p: Parameters) -> FloatArray:
    """Return numbers in place of random ones, by which the neuron spikes at the given steps only.

    A spike in the refractory time of another cannot be forced.
    """
    uniform = np.full(p.step_count, FORBIDDEN)
    uniform[spike_step - 1] = FORCED
    return uniform


def replay(recording: xr.Dataset, p: Parameters) -> Recorded:
    """Return the example, or the runs of one synapse (docs/models/dendritic_prediction.md#single-synapse)."""
    from replasticity.models.urbanczik_senn import simulate_presentations

    is_single = recording.attrs.get("protocol") == _SINGLE_SYNAPSE
    for name in ("pre_spike_time", "soma_spike_run", "run_seed") if is_single else ():
        if name not in recording:
            raise UserError(f"has no variable '{name}'")
    spikes, step = _input_spikes(recording, p, is_single), _steps(recording, "soma_spike_time", p)
    kicks = _described_drive(recording, p) if is_single else pattern.drive(p)
    run_of_spike = recording["soma_spike_run"].values if is_single else np.zeros(len(step))
    records = [
        simulate_presentations(p, spikes, kicks, forced(step[run_of_spike == run], p))
        for run in range(recording.sizes["run"] if is_single else 1)
    ]
    spike_run, interval = np.nonzero([record.has_spiked for record in records])
    variables = _states(recording, p, records) | {"soma_spike_time": ("soma_spike", (interval + 1) * p.dt_ms)}
    if not is_single:
        return variables | _of_example(recording, p, spikes, kicks, records[0])
    return variables | {
        "soma_spike_run": ("soma_spike", spike_run.astype(np.int32)),
        "transmitted_weight": (("run", "pre_spike"), np.array([record.transmitted_pA for record in records])),
    }


def _input_spikes(recording: xr.Dataset, p: Parameters, is_single: bool) -> Spikes:
    """Return the spikes that enter the synapses, from the pattern or as they were recorded."""
    if is_single:
        step = _steps(recording, "pre_spike_time", p)
        spikes = Spikes(step, np.zeros_like(step))
    elif "pattern_spike_time" in recording:
        _steps(recording, "pattern_spike_time", p)
        spikes = pattern.input_spikes(
            p, recording["pattern_spike_time"].values, recording["pattern_spike_index"].values
        )
    elif "in_spike_time" in recording:
        step = _steps(recording, "in_spike_time", p)
        order = np.argsort(step, kind="stable")
        spikes = Spikes(step[order], recording["in_spike_index"].values.astype(np.int64)[order])
    else:
        raise UserError("has no variable 'pattern_spike_time' and none 'in_spike_time'")
    if len(spikes.spiking_input) and spikes.spiking_input.max() >= p.input_count:
        raise UserError(f"spikes of input {spikes.spiking_input.max()}, but n_in is {p.input_count}")
    return spikes


def _states(recording: xr.Dataset, p: Parameters, records: list["Record"]) -> Recorded:
    """Return the state at the recorded times, with a row per run where the recording has several."""
    variables: Recorded = {}
    for part in _PARTS:
        if f"{part}time" not in recording:
            continue
        sample = _steps(recording, f"{part}time", p) - 1
        for name, ours in _STATES.items():
            if f"{part}{name}" in recording:
                dimensions = recording[f"{part}{name}"].dims
                values = np.array([getattr(record, ours)[sample] for record in records])
                variables[f"{part}{name}"] = (dimensions, values if len(dimensions) > 1 else values[0])
    return variables


def _of_example(recording: xr.Dataset, p: Parameters, spikes: Spikes, kicks: Kicks, record: "Record") -> Recorded:
    synapses = recording["dend_pre"].values if "dend_pre" in recording else np.arange(p.input_count)
    # Kicks by step: the delay is taken off again.
    start = p.presentations_before * p.presentation_steps + p.steps(p.drive_delay_ms) - 1
    phase = slice(start, start + recording.sizes.get("drive_phase", 0))
    variables: Recorded = {
        "in_spike_time": ("in_spike", spikes.step * p.dt_ms),
        "in_spike_index": ("in_spike", spikes.spiking_input.astype(np.int32)),
        "soma_spike_index": ("soma_spike", np.zeros(record.has_spiked.sum(), np.int32)),
        "drive_exc": ("drive_phase", kicks.E_nS[phase]),
        "drive_inh": ("drive_phase", kicks.I_nS[phase]),
        "repetition_end": ("repetition", np.arange(1, p.presentation_count + 1) * p.pattern_ms),
        "dend_weight_initial": ("dend", np.full(len(synapses), float(p.weight_initial_pA))),
        "dend_weight_final": ("dend", record.weight_pA[-1, synapses]),
        "dend_weight": (("repetition", "dend"), record.weight_pA[:, synapses]),
    }
    return variables | (_events(recording, p, spikes, record.transmitted_pA) if "event_pre" in recording else {})


def _events(recording: xr.Dataset, p: Parameters, spikes: Spikes, transmitted_pA: FloatArray) -> Recorded:
    """Return the transmitted weights of the inputs that were recorded, in the order of the recording."""
    recorded_input, recorded_step = recording["event_pre"].values, np.rint(recording["event_time"].values / p.dt_ms)
    chosen = np.flatnonzero(np.isin(spikes.spiking_input[: len(transmitted_pA)], recorded_input))
    chosen = chosen[np.lexsort((spikes.spiking_input[chosen], spikes.step[chosen]))]
    if len(chosen) == len(recorded_input):
        chosen = chosen[np.argsort(np.lexsort((recorded_input, recorded_step)))]
    return {
        "event_time": ("event", spikes.step[chosen] * p.dt_ms),
        "event_pre": ("event", spikes.spiking_input[chosen].astype(np.int32)),
        "event_weight": ("event", transmitted_pA[chosen]),
    }


def _described_drive(recording: xr.Dataset, p: Parameters) -> Kicks:
    """Return the drive that a recording of one synapse describes, such as "10.0 to 49.9 ms, every step"."""
    described = json.loads(recording.attrs["parameters"])["drive"]
    span = re.match(r"([\d.]+) to ([\d.]+) ms", str(described.get("spike_times", "")))
    if span is None or "strength" not in described:
        raise UserError("parameters.drive: expected 'strength' and 'spike_times' such as '10.0 to 49.9 ms, every step'")
    first, last = (p.steps(float(time_ms)) for time_ms in span.groups())
    kick_E_nS = np.zeros(p.step_count - 1)
    kick_E_nS[first - 1 : last] = float(described["strength"]) * p.drive_factor
    return pattern.kicks_from_steps(p, kick_E_nS, np.zeros_like(kick_E_nS))
