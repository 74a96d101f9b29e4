"""Values at many points: what is kept, what is made again, and what one point may not do to the others."""

import dataclasses
import os
import subprocess

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.errors import MistakeError, StateError, UserError
from replasticity.pipeline import provenance, simulation
from replasticity.robustness import runs
from replasticity.robustness.runs import Part, Simulation
from replasticity.study.protocols import Protocol

POINTS = [{}, {"tau_H_ms": 90.0}, {"tau_H_ms": 110.0}]


@pytest.fixture
def zenke(folder):
    """zenke2015 with three seeds, in a project of its own."""
    resolved = experiments.resolve("zenke2015", "quick")
    return Simulation(resolved, runs.seeds_of(resolved, 3), runs.claims_of(resolved))


def test_values_are_those_of_the_statistics(zenke):
    values = zenke.make(Part("printed", POINTS))
    assert values.value.shape == (3, 3, 2)
    assert values.refused == ["", "", ""]
    ensemble = experiments.resolve("zenke2015", "quick", POINTS[1])
    for row, seed in enumerate(zenke.seeds):
        run = simulation.simulate(ensemble, seed)
        with np.errstate(all="ignore"):
            expected = zenke._protocol.summarise(ensemble.parameters, run)
        for column, claim in enumerate(zenke.claims):
            index = tuple(claim.at.values())
            assert values.value[1, row, column] == expected[claim.statistic][index]


def test_what_is_there_is_kept_and_more_points_are_added(zenke, simulated):
    made = zenke.make(Part("a", POINTS[:2]))
    path = zenke.file_of(Part("a", []))
    before = path.read_bytes(), path.stat().st_mtime_ns
    simulated.clear()
    again = zenke.make(Part("a", POINTS[:2]))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert simulated == []
    np.testing.assert_array_equal(again.value, made.value)
    more = zenke.make(Part("a", POINTS))
    assert simulated == zenke.seeds
    np.testing.assert_array_equal(more.value[:2], made.value)
    np.testing.assert_array_equal(zenke.read(Part("a", POINTS)).value, more.value)


def test_a_new_file_has_the_same_bytes(zenke):
    zenke.make(Part("a", POINTS[:2]))
    path = zenke.file_of(Part("a", []))
    before = path.read_bytes()
    path.unlink()
    zenke.make(Part("a", POINTS[:2]))
    assert path.read_bytes() == before


def _another_seed(made, _monkeypatch):
    return dataclasses.replace(made, seeds=[*made.seeds[:-1], made.seeds[-1] + 1])


def _another_parameter(made, _monkeypatch):
    resolved = made.resolved
    changed = resolved.parameters.model_copy(update={"tau_stdp_ms": 19.0})
    return dataclasses.replace(made, resolved=resolved.model_copy(update={"parameters": changed}))


def _another_statistic(made, _monkeypatch):
    claim = made.claims[0]
    return dataclasses.replace(made, claims=[claim.model_copy(update={"at": {"pairing": 0}}), made.claims[1]])


def _other_code(made, monkeypatch):
    monkeypatch.setattr(provenance, "statistics_digest", lambda protocol: "0" * 16)
    return made


@pytest.mark.parametrize("change", [_another_seed, _another_parameter, _another_statistic, _other_code])
def test_what_was_made_from_something_else_is_made_again(zenke, simulated, monkeypatch, change):
    zenke.make(Part("a", POINTS[:1]))
    simulated.clear()
    other = change(zenke, monkeypatch)
    with pytest.raises(UserError, match=r"a\.nc: is not there, or not of these parameters, seeds and code; 'python -m"):
        other.read(Part("a", POINTS[:1]))
    other.make(Part("a", POINTS[:1]))
    assert simulated == other.seeds


def test_other_bounds_of_a_claim_need_no_runs(zenke, simulated):
    zenke.make(Part("a", POINTS[:1]))
    simulated.clear()
    stricter = [claim.model_copy(update={"lower": -100.0, "upper": 100.0}) for claim in zenke.claims]
    dataclasses.replace(zenke, claims=stricter).make(Part("a", POINTS[:1]))
    assert simulated == []


@pytest.mark.parametrize("damage", [lambda content: content[:-100], lambda content: b"", lambda content: b"x" * 99])
def test_a_damaged_file_is_made_again(zenke, simulated, capsys, damage):
    part = Part("a", POINTS[:1])
    zenke.make(part)
    path = zenke.file_of(part)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    simulated.clear()
    zenke.make(part)
    assert simulated == zenke.seeds
    assert path.read_bytes() == whole
    assert capsys.readouterr().err.count("it has to be made again") == 1


def test_a_changed_number_is_found(zenke, simulated):
    import netCDF4

    part = Part("a", POINTS[:1])
    zenke.make(part)
    with netCDF4.Dataset(zenke.file_of(part), "a") as file:
        file["value"][0, 0, 0] = 1.0
    simulated.clear()
    assert zenke.make(part).value[0, 0, 0] != 1.0
    assert simulated == zenke.seeds


def test_an_interrupted_part_goes_on_where_it_was(zenke, simulated, monkeypatch):
    part = Part("a", POINTS)
    at = Simulation.at

    def interrupted(self, changes):
        if changes == POINTS[2]:
            raise KeyboardInterrupt
        return at(self, changes)

    with monkeypatch.context() as patch:
        patch.setattr(Simulation, "at", interrupted)
        with pytest.raises(KeyboardInterrupt):
            zenke.make(part)
    assert not zenke.file_of(part).exists()
    simulated.clear()
    zenke.make(part)
    assert simulated == zenke.seeds
    assert [path.name for path in zenke.file_of(part).parent.iterdir()] == ["a.nc"]


def test_a_killed_part_goes_on_from_its_last_checkpoint(zenke, simulated, monkeypatch):
    """A process that is killed writes nothing any more: what is there was written on the way."""
    monkeypatch.setattr(runs, "CHECKPOINT_S", 0.0)
    written = []
    monkeypatch.setattr(Simulation, "_write", lambda self, part, found, path: written.append((path.name, list(found))))
    zenke.make(Part("a", POINTS))
    keys = [runs._key(changes) for changes in POINTS]
    assert written == [(".a.nc.checkpoint", keys[: count + 1]) for count in range(3)] + [("a.nc", keys)]


def test_further_points_are_asked_for_until_there_are_none(zenke, simulated):
    def further(values):
        return [{"tau_H_ms": 100.0 + len(values.changes)}] if len(values.changes) < 4 else []

    part = Part("one-tau_H_ms", POINTS[:2], further)
    values = zenke.make(part)
    assert values.changes == [*POINTS[:2], {"tau_H_ms": 102.0}, {"tau_H_ms": 103.0}]
    simulated.clear()
    assert zenke.make(part).changes == values.changes
    assert zenke.read(part).changes == values.changes
    assert simulated == []


def test_points_that_are_refused_stop_no_others(zenke, monkeypatch):
    outside = {"tau_H_ms": 123.0}
    run_seed = Protocol.run_seed

    def ends_outside(self, parameters, seed, checkpoint=None):
        if parameters.tau_H_ms == outside["tau_H_ms"]:
            raise StateError("weight_nS is inf at 3 ms; it has to be a finite number")
        return run_seed(self, parameters, seed, checkpoint)

    monkeypatch.setattr(Protocol, "run_seed", ends_outside)
    points = [{"tau_H_ms": -1.0}, {"dt_ms": 1e-9}, outside, {}]
    values = zenke.make(Part("a", points))
    assert values.refused == [
        "parameters: tau_H_ms: has to be greater than 0 (it is -1.0)",
        values.refused[1],
        "weight_nS is inf at 3 ms; it has to be a finite number",
        "",
    ]
    assert "allows" in values.refused[1] or "steps" in values.refused[1]
    assert np.isnan(values.value[:3]).all()
    assert np.isfinite(values.value[3]).all()


def test_a_run_that_costs_too_much_is_refused_until_the_experiment_allows_more(zenke):
    cheap = zenke.resolved.experiment.model_copy(
        update={"resources": zenke.resolved.experiment.resources.model_copy(update={"mem_mb": 1})}
    )
    poor = dataclasses.replace(zenke, resolved=zenke.resolved.model_copy(update={"experiment": cheap}))
    part = Part("a", POINTS[:1])
    assert "resources.mem_mb of its experiment allows 1" in poor.make(part).refused[0]
    assert zenke.make(part).refused == [""]


def test_a_mistake_in_a_study_is_told_with_the_point(zenke, monkeypatch):
    def broken(self, parameters, seed, checkpoint=None):
        raise ZeroDivisionError("division by zero")

    zenke.make(Part("a", POINTS[:1]))
    monkeypatch.setattr(Protocol, "run_seed", broken)
    with pytest.raises(MistakeError, match=r'zenke2015 with \{"tau_H_ms": 90.0\}: .*ZeroDivisionError'):
        zenke.make(Part("a", POINTS))


def test_seeds_are_none_that_anybody_has_seen():
    resolved = experiments.resolve("zenke2015", "quick")
    first = resolved.experiment.first_seed + 100_000
    assert runs.seeds_of(resolved, 3) == [first, first + 1, first + 2]
    seen = resolved.experiment.model_copy(update={"seeds_seen": f"{first + 1}-{first + 2}"})
    assert runs.seeds_of(resolved.model_copy(update={"experiment": seen}), 3) == [first, first + 3, first + 4]
    assert len(runs.seeds_of(experiments.resolve("stdp_window", "quick"), 3)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_told_and_what_is_there_stays(zenke, tmp_path):
    disk = tmp_path / "results"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        zenke.make(Part("a", POINTS[:1]))
        before = zenke.file_of(Part("a", [])).read_bytes()
        (disk / "filler").write_bytes(b"x" * (64 * 1024 - len(before) - 8192))
        with pytest.raises(UserError, match=r"cannot write it: No space left on device"):
            zenke.make(Part("a", POINTS[:2]))
        assert zenke.file_of(Part("a", [])).read_bytes() == before
    finally:
        # The netCDF library keeps open what it could not write.
        subprocess.run(["umount", "--lazy", disk], check=True)
