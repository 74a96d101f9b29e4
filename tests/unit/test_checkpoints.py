"""Checkpoints: a killed run goes on from its last one, to the same bytes; a foreign or damaged one is passed over."""

import json

import numpy as np
import pytest

from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.models.distal_reward_network import Network
from replasticity.pipeline import checkpoints, simulation
from replasticity.pipeline.checkpoints import Checkpoint

EXPERIMENTS = ("izhikevich2007", "izhikevich2007_pavlov")
SHORT = {"duration_s": 8, "sample_interval_s": 2}


class KilledError(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.fixture
def often(monkeypatch):
    """Write checkpoints every 3 s of model time."""
    monkeypatch.setattr(checkpoints, "INTERVAL_CHUNKS", 3)


def arguments(experiment, output, *more):
    changes = [f"--set={name}={json.dumps(value)}" for name, value in SHORT.items()]
    return ["simulate", experiment, "--scale", "quick", "--seed", "3", "-o", str(output), *changes, *more]


def killed_after(monkeypatch, seconds, command):
    """Run a command that is killed before the given second of its model time."""
    advance = Network.advance

    def fatal(network, first, end):
        if first >= seconds * 1000:
            raise KilledError
        advance(network, first, end)

    with monkeypatch.context() as context:
        context.setattr(Network, "advance", fatal)
        with pytest.raises(KilledError):
            main(command)


def count_seconds(monkeypatch):
    """Return the list into which the first step of each simulated second is put."""
    seen, advance = [], Network.advance

    def counted(network, first, end):
        seen.append(first)
        advance(network, first, end)

    monkeypatch.setattr(Network, "advance", counted)
    return seen


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("killed_at_s", [3, 4, 7])
def test_a_killed_run_resumes_to_the_same_bytes(
    experiment, killed_at_s, often, in_project, tmp_path, monkeypatch, capsys
):
    assert main(arguments(experiment, tmp_path / "whole.nc")) == 0
    killed_after(monkeypatch, killed_at_s, arguments(experiment, tmp_path / "killed.nc"))
    assert [path.name for path in tmp_path.iterdir() if "killed" in path.name] == [".killed.nc.checkpoint"]
    seen = count_seconds(monkeypatch)
    assert main(arguments(experiment, tmp_path / "killed.nc")) == 0
    assert seen[0] == killed_at_s // 3 * 3000
    assert "going on from this checkpoint" in capsys.readouterr().err
    assert (tmp_path / "killed.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed.nc", "whole.nc"]


@pytest.mark.parametrize("other", [("--seed", "4"), ("--set", "dopamine_increment=0.4")])
def test_a_checkpoint_of_another_run_is_passed_over(other, often, in_project, tmp_path, monkeypatch, capsys):
    output = tmp_path / "run.nc"
    killed_after(monkeypatch, 5, arguments("izhikevich2007", output))
    seen = count_seconds(monkeypatch)
    assert main(arguments("izhikevich2007", output, *other)) == 0
    assert seen[0] == 0
    assert "beginning again" in capsys.readouterr().err
    assert not (tmp_path / ".run.nc.checkpoint").exists()


def test_a_checkpoint_of_other_code_is_passed_over(often, in_project, tmp_path, monkeypatch):
    output = tmp_path / "run.nc"
    killed_after(monkeypatch, 5, arguments("izhikevich2007", output))
    monkeypatch.setattr("replasticity.pipeline.provenance.simulation_digest", lambda protocol: "changed")
    seen = count_seconds(monkeypatch)
    assert main(arguments("izhikevich2007", output)) == 0
    assert seen[0] == 0


def test_simulating_without_a_file_writes_no_checkpoint(often, in_project, tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint, "save", lambda *_: pytest.fail("saved"))
    resolved = experiments.resolve("izhikevich2007", "quick", SHORT)
    assert simulation.simulate(resolved, 1)["time_s"].tolist() == list(range(1, 9))


def test_a_killed_run_loses_at_most_300_chunks():
    assert checkpoints.INTERVAL_CHUNKS <= 300


def test_arrays_come_back(tmp_path):
    arrays = {"a.b": np.arange(3.0), "flag": np.array([True, False]), "nothing": np.zeros(0, np.int64)}
    Checkpoint(tmp_path / "c", "me").save(arrays)
    loaded = Checkpoint(tmp_path / "c", "me").load()
    assert list(loaded) == list(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)
    assert Checkpoint(tmp_path / "c", "you").load() is None
    assert Checkpoint(tmp_path / "none", "me").load() is None


@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: b"", lambda content: b"no archive"])
def test_a_damaged_checkpoint_is_passed_over(damage, tmp_path):
    checkpoint = Checkpoint(tmp_path / "c", "me")
    checkpoint.save({"a": np.arange(1000.0)})
    checkpoint.path.write_bytes(damage(checkpoint.path.read_bytes()))
    assert checkpoint.load() is None


def test_changed_bytes_inside_a_checkpoint_are_noticed(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c", "me")
    checkpoint.save({"a": np.arange(1000.0)})
    content = bytearray(checkpoint.path.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.path.write_bytes(bytes(content))
    assert checkpoint.load() is None
