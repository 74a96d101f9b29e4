"""Replays of Brian2's recordings of homeostatic STDP, and how our seeds differ from Brian2's."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.judging.distributions import compare_distributions
from replasticity.peers import replays
from replasticity.storage.datasets import write
from replasticity.study import protocols
from tests.ensembles import statistics_in_memory

FOLDER = Path(__file__).parent / "zenke"
RECORDINGS = sorted(FOLDER.glob("*seed?.nc"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recording_replays(path):
    ours, deviations = replays.replay(path)
    assert {row.quantity: row for row in deviations if not row.holds} == {}
    compared = {row.quantity for row in deviations}
    assert {"pre_spike", "post_spike", "event_step", "event_kind", "H", "G", "wij", "plastic_weight_final"} <= compared
    assert all(row.compared > 0 for row in deviations)
    assert set(compared) - {"pre_spike", "post_spike"} <= set(ours.variables)


def changed(path, tmp_path, change):
    """Write a recording after a change, and return its file."""
    with xr.open_dataset(path, decode_times=False) as recording:
        recording = recording.load()
    change(recording)
    for variable in recording.variables.values():
        variable.encoding.clear()
    write(recording, tmp_path / "changed.nc")
    return tmp_path / "changed.nc"


def test_a_weight_off_by_more_than_the_tolerance_does_not_hold(tmp_path):
    def change(recording):
        recording["wij"].values[-1] += 2e-8

    _, deviations = replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, change))
    assert [row.quantity for row in deviations if not row.holds] == ["wij"]


def test_a_missing_spike_is_unmatched(tmp_path):
    def change(recording):
        recording["pre_spike_time"].values[0] += 0.1

    _, deviations = replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, change))
    assert [(row.quantity, row.unmatched) for row in deviations if not row.holds] == [("pre_spike", 2)]


def test_a_disturbed_input_does_not_hold(tmp_path):
    def change(recording):
        recording["population_count"].values[20000] += 1

    _, deviations = replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, change))
    assert {"H", "G", "wij"} <= {row.quantity for row in deviations if not row.holds}


def test_a_run_too_short_for_its_last_spike_has_one_pairing_less(tmp_path):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        parameters["post_times_ms"][-1] = 60000.0
        recording.attrs["parameters"] = json.dumps(parameters)

    ours, deviations = replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, change))
    assert ours.sizes["pairing"] == 4
    assert not replays.holds(deviations)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda counts: np.where(np.arange(len(counts)) == 7, 1001, counts), "whole number from 0 to 1000"),
        (lambda counts: counts + 0.5, "whole number from 0 to 1000"),
        (lambda counts: counts[:-1], "has 49999 steps, the parameters give 50000"),
        (lambda counts: np.full((len(counts), 2), 1), "has 50000 x 2 steps"),
    ],
)
def test_spikes_that_no_population_has_are_refused(tmp_path, change, message):
    def changed_counts(recording):
        counts = change(recording["population_count"].values)
        del recording["population_count"]
        recording["population_count"] = (("other", "second")[: counts.ndim], counts)

    with pytest.raises(UserError, match=f"population_count: .*{message}") as error:
        replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, changed_counts))
    assert "\n" not in str(error.value)


def test_more_spikes_than_can_be_added_one_by_one_are_refused(tmp_path):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        recording.attrs["parameters"] = json.dumps(parameters | {"population_size": 2**31 - 1, "rates_hz": [0.0] * 5})
        recording["population_count"].values[:] = 2**31 - 1

    with pytest.raises(UserError, match=r"population_count: at most 1e\+09 spikes in all"):
        replays.replay(changed(FOLDER / "zenke_seed1.nc", tmp_path, change))


@pytest.mark.parametrize("name", ["tau_H_ms", "tau_stdp_ms", "eta_nS_s", "gamma_hz", "w0_nS", "population_size"])
def test_each_parameter_of_the_recording_is_used(tmp_path, name):
    def change(recording):
        parameters = json.loads(recording.attrs["parameters"])
        parameters[name] += 1
        recording.attrs["parameters"] = json.dumps(parameters)

    _, deviations = replays.replay(changed(FOLDER / "zenke_irregular_eq15_seed3.nc", tmp_path, change))
    assert not all(row.holds for row in deviations)


def test_the_order_of_events_in_a_step_is_visible_in_the_recordings():
    # Exchanging the presynaptic event and the population's spikes moves w by far more than the tolerance.
    with xr.open_dataset(FOLDER / "zenke_irregular_eq15_seed3.nc", decode_times=False) as recording:
        both = np.abs(recording["event_H_mid"].values - recording["event_H_before"].values)
    assert both.max() > 1e-3


def test_quantities_that_are_unknown_are_reported(tmp_path, capsys):
    def change(recording):
        recording["something_else"] = ("pairing", np.arange(5.0))

    path = changed(FOLDER / "zenke_seed1.nc", tmp_path, change)
    assert main(["replay", str(path)]) == 0
    assert "something_else" in capsys.readouterr().out


def test_replay_command_reports_and_saves(tmp_path, capsys):
    assert main(["replay", str(FOLDER / "zenke_seed1.nc"), "--save", str(tmp_path / "saved")]) == 0
    printed = capsys.readouterr().out
    assert "holds" in printed
    assert "abs 1e-08" in printed
    with (
        xr.open_dataset(tmp_path / "saved" / "zenke_seed1.nc", decode_times=False) as saved,
        xr.open_dataset(FOLDER / "zenke_seed1.nc", decode_times=False) as recorded,
    ):
        np.testing.assert_allclose(saved["wij"], recorded["wij"], atol=1e-8)
        assert saved["wij"].attrs["units"] == "nS"


def test_replay_command_fails_if_one_of_several_does_not_hold(tmp_path):
    def change(recording):
        recording["wij"].values[-1] += 1.0

    wrong = changed(FOLDER / "zenke_seed2.nc", tmp_path, change)
    assert main(["replay", str(FOLDER / "zenke_seed1.nc"), str(wrong), "--json", str(tmp_path / "replays.json")]) == 1
    good, bad = json.loads((tmp_path / "replays.json").read_text())
    assert (good["holds"], good["protocol"], good["simulator_version"]) == (True, "zenke2015", "2.9.0")
    assert not bad["holds"]
    (row,) = [row for row in bad["quantities"] if not row["holds"]]
    assert (row["quantity"], row["bound"]) == ("wij", "abs 1e-08")
    assert row["absolute"] == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zenke2015", "zenke2015_eq15", "zenke2015_paper"])
def test_no_difference_between_our_seeds_and_brian2s_is_seen(name, in_project):
    # 41 Kolmogorov-Smirnov tests, corrected for their number: false-alarm rate 1 % for fresh seeds.
    resolved = experiments.resolve(name, "standard")
    protocol = protocols.get(resolved.experiment.protocol)
    ours = statistics_in_memory(resolved, resolved.seeds)
    with xr.open_dataset(experiments.summary_file(resolved.name, resolved.experiment.peer)) as summary:
        theirs = {name: summary[peer].values for name, peer in protocol.peer.data.summary.items()}
    differences = compare_distributions({name: ours[name] for name in theirs}, theirs)
    assert len(differences) == 41
    assert [row for row in differences if row.differs] == []
