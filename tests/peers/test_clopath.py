"""Replays of NEST's recordings of the Clopath network and of pairing, and how our seeds differ from NEST's."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.judging import stored
from replasticity.judging.distributions import compare_distributions
from replasticity.peers import replays
from replasticity.pipeline import simulation
from replasticity.storage.datasets import write
from replasticity.study import protocols
from tests.ensembles import statistics_in_memory

FOLDER = Path(__file__).parent / "clopath"
NETWORKS = sorted(FOLDER.glob("network_*.nc"))
PAIRING = FOLDER / "spike_pairing.nc"

#: The twelve numbers that NEST's own regression test holds, by model and nominal interval.
REGRESSION_TEST = {
    (0, -10.0): [57.82638722, 72.16730112, 149.43359357],
    (0, 10.0): [103.30408341, 124.03640668, 157.02882555],
    (1, -10.0): [70.14343863, 99.49206222, 178.1028757],
    (1, 10.0): [119.63314118, 167.37750688, 178.83111685],
}


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_network_replays_to_the_last_bit(path):
    _, deviations = replays.replay(path)
    assert {row.quantity: row for row in deviations if not row.holds} == {}
    found = {row.quantity: row for row in deviations}
    assert len(found) == 22
    assert found["exc_spike"].unmatched == 0
    assert found["exc_spike"].compared > 100
    for name, row in found.items():
        if name != "exc_exc_event_time":
            assert row.absolute == 0.0, name


def test_pairing_replays_to_the_last_bit():
    _, deviations = replays.replay(PAIRING)
    assert {row.quantity: row for row in deviations if not row.holds} == {}
    assert len(deviations) == 23
    assert all(row.absolute == 0.0 for row in deviations if not row.quantity.endswith("_time"))


def test_the_numbers_of_nests_regression_test():
    ours, _ = replays.replay(PAIRING)
    with xr.open_dataset(PAIRING) as recording:
        for (model, interval_ms), expected in REGRESSION_TEST.items():
            chosen = (
                (recording["run_protocol"].values == 1)
                & (recording["run_model"].values == model)
                & (recording["run_interval"].values == interval_ms)
            )
            np.testing.assert_allclose(ours["run_weight_normalized"].values[chosen], expected, rtol=1e-7)


def test_our_pairing_experiments_give_the_recorded_numbers():
    with xr.open_dataset(PAIRING) as recording:
        recorded = {
            (model, rate_Hz, interval_ms): percent
            for protocol, model, rate_Hz, interval_ms, percent in zip(
                *(recording[f"run_{name}"].values for name in ("protocol", "model", "rate", "interval")),
                recording["run_weight_normalized"].values,
                strict=True,
            )
            if protocol == 0
        }
    resolved = experiments.resolve("clopath2010_pairing")
    protocol = protocols.get("clopath2010_pairing")
    percent = protocol.summarise(resolved.parameters, simulation.simulate(resolved, 1))["weight_percent"]
    pairings = list(zip(resolved.parameters.rates_Hz, resolved.parameters.intervals_ms, strict=True))
    expected = [[recorded[model, *pairing] for pairing in pairings] for model in (0, 1)]
    np.testing.assert_allclose(percent, expected, rtol=1e-12)


# What must not hold -----------------------------------------------------------------------------------


def changed(path, tmp_path, change):
    """Write a recording after a change, and return its file."""
    with xr.open_dataset(path, decode_times=False) as recording:
        recording = recording.load()
    recording = change(recording) or recording
    for variable in recording.variables.values():
        variable.encoding.clear()
    write(recording, tmp_path / "changed.nc")
    return tmp_path / "changed.nc"


def deviating(path):
    _, deviations = replays.replay(path)
    return {row.quantity for row in deviations if not row.holds}


def short(recording, duration_ms=400.0):
    """Return the inputs of the first part of a recording, and its weights and spikes up to then."""
    kept = recording[
        [name for name in recording.data_vars if name.endswith(("_initial", "_pre", "_post")) or name == "traced_exc"]
    ].drop_vars(["exc_exc_event_pre", "exc_exc_event_post"])
    inside = {"in": recording["in_spike_time"] <= duration_ms, "exc": recording["exc_spike_time"] <= duration_ms}
    for name, chosen in inside.items():
        for part in ("time", "index"):
            kept[f"{name}_spike_{part}"] = recording[f"{name}_spike_{part}"][chosen.values]
    kept["exc_exc_weight"] = recording["exc_exc_weight"][recording["exc_exc_time"].values <= duration_ms]
    kept.attrs = recording.attrs | {"duration_ms": duration_ms}
    return kept


def test_part_of_a_recording_replays_with_what_it_has(tmp_path):
    _, deviations = replays.replay(changed(NETWORKS[0], tmp_path, short))
    assert {row.quantity for row in deviations} == {"exc_spike", "exc_exc_weight"}
    assert all(row.holds for row in deviations)


def test_one_input_spike_a_step_later_is_seen(tmp_path):
    def change(recording):
        recording = short(recording)
        recording["in_spike_time"].values[300] += 0.1
        return recording

    assert deviating(changed(NETWORKS[0], tmp_path, change))


def test_a_weight_off_by_more_than_the_tolerance_does_not_hold(tmp_path):
    def change(recording):
        recording["exc_exc_weight_final"].values[17] += 2e-12

    assert deviating(changed(NETWORKS[1], tmp_path, change)) == {"exc_exc_weight_final"}


def test_a_missing_spike_is_unmatched(tmp_path):
    def change(recording):
        recording["exc_spike_time"].values[-1] += 0.1

    _, deviations = replays.replay(changed(NETWORKS[0], tmp_path, change))
    assert [(row.quantity, row.unmatched) for row in deviations if not row.holds] == [("exc_spike", 2)]


NEURON_CHANGES = {
    "C_m": 270.0,
    "g_L": 31.0,
    "E_L": -69.0,
    "Delta_T": 1.9,
    "V_peak": -44.0,
    "V_reset": -62.0,
    "V_clamp": 30.0,
    "t_ref": 1.0,
    "t_clamp": 1.5,
    "a": 5.0,
    "b": 80.5,
    "tau_w": 100.0,
    "I_sp": 300.0,
    "tau_z": 30.0,
    "V_th_rest": -51.0,
    "V_th_max": 20.0,
    "tau_V_th": 40.0,
    "I_e": 5.0,
    "gsl_error_tol": 1e-3,
    "tau_u_bar_plus": 8.0,
    "tau_u_bar_minus": 11.0,
    "tau_u_bar_bar": 400.0,
    "A_LTP": 9e-6,
    "A_LTD": 15e-6,
    "A_LTD_const": True,
    "u_ref_squared": 3700.0,
    "theta_plus": -45.0,
    "theta_minus": -70.0,
    "delay_u_bars": 4.0,
}


@pytest.mark.parametrize("name", NEURON_CHANGES)
def test_each_neuron_parameter_of_the_recording_is_used(tmp_path, name):
    def change(recording):
        recording = short(recording)
        parameters = json.loads(recording.attrs["parameters"])
        assert parameters["neuron"][name] != NEURON_CHANGES[name]
        parameters["neuron"][name] = NEURON_CHANGES[name]
        recording.attrs["parameters"] = json.dumps(parameters)
        return recording

    assert deviating(changed(NETWORKS[0], tmp_path, change))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("network", "delay", 0.2),
        ("network", "delay_exc_exc", 0.2),
        ("network", "tau_x", 16.0),
        ("network", "Wmax_exc_exc", 0.2501),
        ("network", "Wmax_in_exc", 1.0),
        (None, "Wmin", 0.2499),
        (None, "w_initial_adaptation", 5.0),
    ],
)
def test_each_parameter_of_the_network_is_used(tmp_path, section, name, value):
    def change(recording):
        recording = short(recording)
        parameters = json.loads(recording.attrs["parameters"])
        (parameters[section] if section else parameters)[name] = value
        recording.attrs["parameters"] = json.dumps(parameters)
        return recording

    assert deviating(changed(NETWORKS[0], tmp_path, change))


def test_synapses_in_another_order_give_the_same(tmp_path):
    def change(recording):
        recording = short(recording)
        order = np.random.default_rng(1).permutation(recording.sizes["exc_exc"])
        return recording.isel(exc_exc=order)

    assert deviating(changed(NETWORKS[0], tmp_path, change)) == set()


# Differences in distribution ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clopath2010", "clopath2010_100s"])
def test_no_difference_between_our_seeds_and_nests_is_seen(name, in_project):
    # 147 Kolmogorov-Smirnov tests, corrected for their number: false-alarm rate 1 % for fresh seeds.
    resolved = experiments.resolve(name, "standard")
    protocol = protocols.get(resolved.experiment.protocol)
    if name == "clopath2010":
        ours = statistics_in_memory(resolved, resolved.seeds)
    else:
        # The committed ones: the same code, and ten times as long.
        reference = stored.read_reference(experiments.reference_file(name, "json"), resolved)
        ours = {
            name: xr.DataArray(each["values"], dims=("seed", *protocol.STATISTICS[name].dimensions))
            for name, each in reference["statistics"].items()
        }
    with xr.open_dataset(experiments.summary_file(resolved.name, resolved.experiment.peer)) as summary:
        theirs = {name: summary[peer].values for name, peer in protocol.require_peer().data.summary.items()}
    differences = compare_distributions({name: ours[name] for name in theirs}, theirs)
    assert len(differences) == 147
    assert [row for row in differences if row.differs] == []
