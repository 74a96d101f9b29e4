"""Replays of Brian2's recordings of beats, STDP windows and EPSPs."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from replasticity.cli import main
from replasticity.peers import replays
from replasticity.storage.datasets import write

FOLDER = Path(__file__).parent / "beats"
RECORDINGS = sorted(FOLDER.glob("*.nc"))

#: Protocol -> quantities that must be compared.
NEEDED = {
    "beats": {"w", "x", "pre_rate_actual", "post_rate_actual"},
    "stdp_window": {"dw", "time_difference"},
    "stdp_tutorial_window": {"requested_pre_time", "requested_post_time"},
    "epsp": {"readout_v", "epsp_peak", "epsp_peak_time", "v_end", "readout_spike", "condition_group"},
}


def attributes(path):
    with xr.open_dataset(path, decode_times=False) as recording:
        return recording.attrs


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recording_replays(path):
    _, deviations = replays.replay(path)
    # A quantity without a verdict is unknown: there are none.
    assert {row.quantity: row for row in deviations if not row.holds} == {}
    compared = {row.quantity for row in deviations}
    assert NEEDED[attributes(path)["protocol"]] <= compared
    assert {"pre_spike", "post_spike", "event_step", "event_kind", "plastic_weight_final"} <= compared
    moments = {f"event_{quantity}_{moment}" for quantity in ("w", "Apre", "Apost") for moment in ("before", "mid")}
    assert moments <= compared


def test_there_is_a_recording_of_each_protocol():
    assert {attributes(path)["protocol"] for path in RECORDINGS} == set(NEEDED)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_phases_are_identical_and_weights_far_within_the_tolerance(path):
    # The order of operations is that of the recordings: what is left is the last bits of exp().
    _, deviations = replays.replay(path)
    rows = {row.quantity: row for row in deviations}
    assert rows["plastic_weight_final"].absolute < 1e-14
    if "x" in rows:
        assert rows["x"].absolute == 0.0


def changed(path, tmp_path, change):
    """Write a recording after a change, and return its file."""
    with xr.open_dataset(path, decode_times=False) as recording:
        recording = recording.load()
    change(recording)
    for variable in recording.variables.values():
        variable.encoding.clear()
    write(recording, tmp_path / "changed.nc")
    return tmp_path / "changed.nc"


def broken(path, tmp_path, change):
    """Return the quantities that no longer hold after a change."""
    _, deviations = replays.replay(changed(path, tmp_path, change))
    return {row.quantity for row in deviations if not row.holds}


@pytest.mark.parametrize(
    ("name", "quantity", "size"),
    [
        ("beats.nc", "w", 2e-12),
        ("beats_subtract.nc", "x", 2e-12),
        ("beats_rates.nc", "event_w_mid", 2e-12),
        ("stdp_window.nc", "dw", 2e-12),
        ("stdp_tutorial_window.nc", "plastic_weight_final", 2e-12),
        ("epsp.nc", "readout_v", 2e-9),
        ("epsp.nc", "epsp_peak_time", 0.1),
    ],
)
def test_a_value_off_by_more_than_the_tolerance_does_not_hold(tmp_path, name, quantity, size):
    def change(recording):
        recording[quantity].values.flat[-1] += size

    assert broken(FOLDER / name, tmp_path, change) == {quantity}


def test_a_spike_one_step_off_does_not_hold(tmp_path):
    def change(recording):
        recording["post_spike_time"].values[100] += 0.1

    assert broken(FOLDER / "beats_subtract.nc", tmp_path, change) == {"post_spike"}


#: Recording -> for each parameter of its protocol a value that has to show.
CHANGES = {
    "beats": {
        "taupre_ms": 21.0,
        "taupost_ms": 19.0,
        "dApre": 0.021,
        "ratio": 1.06,
        "w_max": 0.55,
        "w0": 0.51,
        "duration_ms": 999.0,
        "pre_hz": [200.0, 200.0, 201.0],
        "post_hz": [251.0, 220.0, 210.0],
        "reset": "subtract",
    },
    "beats_subtract": {"reset": "zero"},
    "stdp_window": {
        "taupre_ms": 21.0,
        "taupost_ms": 19.0,
        "dApre": 0.011,
        "ratio": 1.06,
        "w_max": 0.505,
        "w0": 0.51,
        "difference_steps": [1] * 131,
    },
    "stdp_tutorial_window": {
        "taupre_ms": 21.0,
        "taupost_ms": 19.0,
        "dApre": 0.011,
        "ratio": 1.06,
        "w0": 0.1,
        "n": 99,
        "tmax_ms": 49.0,
        "clip": True,
    },
    "epsp": {
        "taupre_ms": 21.0,
        "taupost_ms": 19.0,
        "dApre": 0.011,
        "ratio": 1.06,
        "w_max": 0.7,
        "w0": 0.51,
        "n_pairs": 29,
        "grid_hz": [1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 51.0],
        "grid_difference_ms": [-20.0, -10.0, -5.0, -1.0, 0.0, 1.0, 5.0, 10.0, 19.0],
        "gap_hz": [10.0, 20.0, 30.0, 40.0, 50.0, 100.0, 199.0],
        "slow_hz": 2.0,
        "first_pre_ms": 101.0,
        "E_L_mV": -71.0,
        "V_th_mV": -65.0,
        "I_const_mV": 1.0,
        "tau_m_ms": 11.0,
        "psp_scale_mV": 11.0,
        "delay_ms": 2.1,
        "test_ms": 10.1,
    },
}


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [(name, parameter, value) for name, changes in CHANGES.items() for parameter, value in changes.items()],
)
def test_each_parameter_of_the_recording_is_used(tmp_path, name, parameter, value):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        assert parameters[parameter] != value
        parameters[parameter] = value
        recording.attrs["parameters"] = json.dumps(parameters)

    assert broken(FOLDER / f"{name}.nc", tmp_path, change) != set()


def test_optional_variables_may_be_absent(tmp_path):
    def change(recording):
        for name in list(recording.variables):
            if name.startswith("event_") or name in ("w", "x"):
                del recording[name]

    path = changed(FOLDER / "beats.nc", tmp_path, change)
    _, deviations = replays.replay(path)
    assert all(row.holds for row in deviations)
    assert "pre_spike" in {row.quantity for row in deviations}


def test_rounding_of_the_phase_is_visible_in_the_recordings():
    # 125 Hz: 80 additions of 0.0125 do not exceed 1, so that the cell fires every 81 steps.
    with xr.open_dataset(FOLDER / "beats_rates.nc", decode_times=False) as recording:
        spikes = np.rint(recording["pre_spike_time"].values[recording["pre_spike_index"].values == 2] / 0.1)
    assert set(np.diff(spikes)) == {81}


def test_replay_command_reports_every_file(capsys):
    assert main(["replay", *map(str, RECORDINGS)]) == 0
    assert capsys.readouterr().out.count(": holds (") == len(RECORDINGS)


def test_parameters_that_do_not_fit_are_told_in_one_line(tmp_path, capsys):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        parameters["post_hz"] = parameters["post_hz"][:-1]
        recording.attrs["parameters"] = json.dumps(parameters)

    path = changed(FOLDER / "beats.nc", tmp_path, change)
    assert main(["replay", str(path)]) == 2
    told = capsys.readouterr().err.strip()
    assert "one rate for each pair" in told
    assert "\n" not in told
