"""Replays of NEST's recordings of dopamine-modulated STDP, and how our seeds differ from NEST's."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.judging.distributions import compare_distributions
from replasticity.peers import replays
from replasticity.storage.datasets import open_netcdf, write
from replasticity.study import protocols
from tests.conftest import STUDIES
from tests.ensembles import statistics_in_memory

FOLDER = Path(__file__).parent / "dopamine"
RECORDINGS = sorted(FOLDER.glob("dopa_*.nc"))
COMPARED = {
    "dopa_timing": {"post_actual_spike", "w_log", "c_log", "n_log", "pre_tr_log", "w_final"},
    "dopa_ten": {"post_spike", "log_w", "log_c", "log_n", "log_pre_tr", "plastic_weight_final", "V_m"},
    "dopa_cue": {"exc_spike", "inh_spike", "exc_weight_final", "exc_c_final", "exc_n_final", "log_c_sum_group", "V_m"},
}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recording_replays(path):
    _, deviations = replays.replay(path)
    assert {row.quantity: row for row in deviations if not row.holds} == {}
    assert COMPARED[open_netcdf(path).attrs["protocol"]] <= {row.quantity for row in deviations}
    assert all(row.compared > 0 for row in deviations)


@pytest.mark.slow
def test_stepping_every_slice_of_the_cue_network_makes_no_difference():
    protocol = protocols.get("dopamine_tutorial_cue")
    values = experiments.resolve("izhikevich2007_cue", "full", {"duration_ms": 1000.0}).values
    every, lazily = (
        protocol.run_seed(protocol.Parameters.model_validate(values | {"step_every_slice": step}), 1)
        for step in (True, False)
    )
    for quantity, found in every.items():
        np.testing.assert_allclose(found, lazily[quantity], rtol=0, atol=1e-9, err_msg=quantity)


def test_stepping_every_slice_or_not_makes_no_difference():
    path = FOLDER / "dopa_ten_seed1.nc"
    recording = open_netcdf(path).load()
    protocol = protocols.get(protocols.name_of_recording(recording.attrs["protocol"]))
    values = protocol.peer.recorded_parameters(recording, json.loads(recording.attrs["parameters"]))
    results = []
    for every in (True, False):
        changed = values | {"step_every_slice": every}
        given = protocol.Parameters.model_validate_json(json.dumps(changed), context={"recorded": True})
        results.append(protocol.peer.replay(recording, given))
    for quantity, (_, values) in results[0].items():
        np.testing.assert_allclose(values, results[1][quantity][1], rtol=0, atol=1e-9, err_msg=quantity)


def changed(name, tmp_path, change):
    """Write a recording after a change, and return its file."""
    with xr.open_dataset(FOLDER / name, decode_times=False) as recording:
        recording = recording.load()
    change(recording)
    for variable in recording.variables.values():
        variable.encoding.clear()
    write(recording, tmp_path / "changed.nc")
    return tmp_path / "changed.nc"


def failed(path):
    _, deviations = replays.replay(path)
    return {row.quantity for row in deviations if not row.holds}


@pytest.mark.parametrize(
    ("name", "quantity", "amount"),
    [
        ("dopa_timing.nc", "w_log", 2e-9),
        ("dopa_ten_seed1.nc", "log_n", 2e-9),
        ("dopa_cue_seed1.nc", "exc_weight_final", 2e-9),
    ],
)
def test_a_value_off_by_more_than_the_tolerance_does_not_hold(tmp_path, name, quantity, amount):
    def change(recording):
        recording[quantity].values.ravel()[-1] += amount

    assert failed(changed(name, tmp_path, change)) == {quantity}


def test_input_spikes_one_step_later_do_not_hold(tmp_path):
    def change(recording):
        times_ms = recording["pre_spike_time"].values
        times_ms[times_ms > 2010.0] += 0.1

    assert {"log_w", "log_c", "log_pre_tr"} <= failed(changed("dopa_ten_seed1.nc", tmp_path, change))


def test_dopamine_one_step_later_does_not_hold(tmp_path):
    def change(recording):
        recording["dopa_scheduled_time"].values[3] += 0.1

    found = failed(changed("dopa_cue_seed1.nc", tmp_path, change))
    assert {"exc_weight_final", "log_w_avg_group", "dopa_actual_time"} <= found


@pytest.mark.parametrize(("slice_ms", "switch_ms"), [(0.5, 7000.0), (0.7, 7000.0), (0.8, 7000.0), (0.9, 8000.0)])
def test_the_amount_of_a_chunk_does_not_depend_on_the_slices(tmp_path, slice_ms, switch_ms):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        changes = {"delay": slice_ms, "min_delay_ms": slice_ms, "punishment_times": [switch_ms, 9000.0, 10000.0]}
        recording.attrs["parameters"] = json.dumps(parameters | changes)
        # As the script sets it: in chunks of 30 ms, punishment from the one that holds the first punishment.
        ends_ms = 30.0 * np.arange(1, 401)
        recording["A_vt_chunk"].values[:] = np.where(ends_ms <= switch_ms, 10.0, -10.0)

    assert "A_vt_chunk" not in failed(changed("dopa_ten_seed1.nc", tmp_path, change))


@pytest.mark.parametrize(
    "path",
    [
        *("tau_c", "tau_n", "tau_tr_pre", "tau_tr_post", "b", "A_plus", "A_minus", "w_initial", "neuron.tau_m"),
        *("neuron.V_th", "neuron.refr_T", "delay"),
    ],
)
def test_each_parameter_of_the_recording_is_used(tmp_path, path):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        place = parameters
        *parents, name = path.split(".")
        for parent in parents:
            place = place[parent]
        place[name] += 0.5
        recording.attrs["parameters"] = json.dumps(parameters)

    assert failed(changed("dopa_ten_seed2.nc", tmp_path, change))


@pytest.mark.parametrize("variable", ["tau_c", "A_plus", "A_vt", "b", "w_initial", "delay"])
def test_each_parameter_of_a_point_is_used(tmp_path, variable):
    def change(recording):
        recording[variable].values[5] += 0.5

    assert failed(changed("dopa_timing.nc", tmp_path, change))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seeds", "summary"),
    [("dopamine_ten", 20, "summary_ten.nc"), ("izhikevich2007_cue", 20, "summary_cue.nc")],
)
def test_no_difference_between_our_seeds_and_the_recorded_ones_is_seen(in_project, name, seeds, summary):
    # All numbers of all shared statistics; false-alarm rate 1 % in total for fresh seeds.
    resolved = experiments.resolve(name)
    protocol = protocols.get(resolved.experiment.protocol)
    statistics = statistics_in_memory(resolved, range(101, 101 + seeds))
    ours = {key: statistics[key] for key in protocol.peer.data.summary}
    recorded = open_netcdf(STUDIES / "dopamine_tutorial/recordings" / summary)
    differences = compare_distributions(
        ours, {key: recorded[other].values for key, other in protocol.peer.data.summary.items()}
    )
    assert [row for row in differences if row.differs] == []
