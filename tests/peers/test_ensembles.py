"""Ensembles of other simulators: a seed's statistics, who has drawn its inputs, and the summary of all seeds."""

import json

import numpy as np
import pytest
import xarray as xr

from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.errors import MistakeError, UserError
from replasticity.judging import evaluation
from replasticity.peers import chosen, ensembles, live
from replasticity.storage import project
from replasticity.study import protocols
from tests.peers.fakes import LIVE

#: G is the number of population spikes, and whatever else the statistics read.
RUN = """
import numpy as np


def run(parameters, inputs):
    p = parameters
    steps = [np.rint(np.array(p[f"{side}_times_ms"]) / p["dt_ms"]).astype(int) for side in ("pre", "post")]
    time_ms = np.arange(0, len(p["rates_Hz"]) * p["epoch_ms"], p["sample_interval_ms"])
    event_step = np.union1d(*steps)
    return {
        "time_ms": time_ms,
        "G_Hz": np.full(len(time_ms), float(len(inputs["population_spike_step"]))),
        "weight_nS": time_ms / 100,
        "event_step": event_step,
        "event_H_Hz": np.full((len(event_step), 3), 7.0),
    }
"""
DRAW = """

def draw(parameters, seed):
    return {"population_spike_step": np.arange(seed), "population_spike_cell": np.zeros(seed)}
"""


@pytest.fixture
def short(fake, tmp_path, monkeypatch):
    """The short experiment, and a folder of its own for results."""
    monkeypatch.setattr(project, "results_folder", lambda of="": tmp_path / "results")
    fake(RUN)
    return live.shortened("zenke2015")


def made(resolved, seeds):
    return [xr.load_dataset(path, decode_times=False) for path in ensembles.run(resolved, "fake", seeds, 60.0)]


def test_a_seed_has_the_statistics_of_the_summary_of_the_other_simulators_run_on_our_inputs(short):
    one, two = made(short, [3, 4])
    assert set(one.variables) == set(protocols.get("zenke2015").peer.data.summary)
    sampled = [protocols.get("zenke2015").sample_inputs(live.kept(short).parameters, seed) for seed in (3, 4)]
    counts = [len(each["population_spike_step"]) for each in sampled]
    assert [each["G_sampled_Hz"].values.tolist() for each in (one, two)] == [[count] for count in counts]
    assert one["dw_nS"].values == pytest.approx([0.2])
    said = {name: one.attrs[name] for name in ("simulator", "simulator_version", "seed", "inputs")}
    assert said == {
        "simulator": "Fake",
        "simulator_version": np.__version__,
        "seed": 3,
        "inputs": "sampled by replasticity",
    }


def test_inputs_are_drawn_by_the_simulator_if_its_file_can(fake, short):
    fake(RUN + DRAW)
    drawn = made(short, [3, 12])
    assert [each["G_sampled_Hz"].item() for each in drawn] == [3.0, 12.0]
    assert {each.attrs["inputs"] for each in drawn} == {"drawn by the simulator's own generators"}


def test_a_summary_is_read_as_one_that_was_recorded(short, tmp_path):
    list(ensembles.run(short, "fake", range(1, 12), 60.0))
    assert ensembles.gather(short, "fake", [], tmp_path / "summary.nc") == 11
    summary = xr.load_dataset(tmp_path / "summary.nc", decode_times=False)
    assert summary["seed"].values.tolist() == list(range(1, 12))
    assert summary["G_monitor"].dims == ("seed", "pairing")
    assert summary.attrs["seed"] == "1-11"
    assert "sampled by replasticity" in summary.attrs["description"]
    peer = protocols.get("zenke2015").peer
    assert peer.of_peer(summary, short.parameters) is summary
    recorded = peer.recorded_parameters(summary, json.loads(summary.attrs["parameters"]))
    assert recorded == short.values


def test_equivalence_is_judged_with_a_summary(short, tmp_path, monkeypatch):
    list(ensembles.run(short, "fake", [1, 2, 3], 60.0))
    ensembles.gather(short, "fake", [1, 2, 3], tmp_path / "summary.nc")
    monkeypatch.setattr(evaluation, "summary_file", lambda name, peer: tmp_path / "summary.nc")
    names = protocols.get("zenke2015").peer.data.summary
    summary = xr.load_dataset(tmp_path / "summary.nc", decode_times=False)
    ours = xr.Dataset({name: summary[theirs] for name, theirs in names.items()}, {"seed": [1001, 1002, 1003]})
    peer = experiments.load("zenke2015").peer
    found = evaluation.compare_with_peer(short, ours, peer)
    assert found["comparable"]
    assert found["seeds"] == 3
    other = experiments.resolve("zenke2015", "quick", short.changes | {"tau_H_ms": 200.0})
    assert evaluation.compare_with_peer(other, ours, peer)["different_parameters"] == ["tau_H_ms"]


def test_seeds_that_do_not_belong_together_are_no_summary(fake, short, tmp_path):
    output = tmp_path / "summary.nc"
    with pytest.raises(UserError, match="no runs; 'python -m replasticity peers run zenke2015' makes them"):
        ensembles.gather(short, "fake", [], output)
    list(ensembles.run(short, "fake", [1], 60.0))
    with pytest.raises(UserError, match=r"seed-2\.nc"):
        ensembles.gather(short, "fake", [1, 2], output)
    fake(RUN + DRAW)
    list(ensembles.run(short, "fake", [2], 60.0))
    with pytest.raises(
        UserError, match="inputs is drawn by the simulator's own generators, of the seeds before it sampl"
    ):
        ensembles.gather(short, "fake", [], output)
    other = experiments.resolve("zenke2015", "quick", short.changes | {"tau_H_ms": 200.0})
    with pytest.raises(UserError, match="is of other parameters than zenke2015 has at this scale"):
        ensembles.gather(other, "fake", [], output)
    path = ensembles.seed_file(short, "fake", 1)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=r"seed-1\.nc"):
        ensembles.gather(short, "fake", [1], output)
    assert not output.exists()


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (RUN.replace('"event_H_Hz"', '"H_Hz"'), MistakeError, "G_pre_Hz: the run has no 'event_H_Hz', which the file"),
        (
            RUN + DRAW.replace("spike_step", "spike_time"),
            MistakeError,
            r"draw\(\) returns 'population_spike_time', no inp",
        ),
        (RUN + DRAW.replace("return", "raise NotImplementedError('no means')  #"), UserError, "no means"),
        (RUN.replace("7.0", "np.nan"), UserError, "G_pre_Hz"),
    ],
)
def test_what_a_file_cannot_give_is_told(fake, short, code, error, message):
    fake(code)
    with pytest.raises(error, match=message):
        made(short, [1])


def test_commands_run_and_gather(fake, short, tmp_path, monkeypatch, capsys):
    kept = live.kept(short)
    monkeypatch.setattr(experiments, "resolve", lambda *arguments, **keywords: kept)
    assert main(["peers", "run", "zenke2015", "--seeds", "1-2"]) == 0
    assert main(["peers", "gather", "zenke2015"]) == 0
    assert "zenke2015-fake.nc: 2 seeds" in capsys.readouterr().out
    assert (tmp_path / "results/peers/zenke2015-fake.nc").is_file()
    assert main(["peers", "run", "zenke2015"]) == 2
    assert "'live: ensembles' of its protocol's peer.yaml has no number of seeds" in capsys.readouterr().err


def test_the_workflow_makes_what_installed_simulators_can(fake, monkeypatch):
    environment = fake(RUN)
    counts = LIVE.model_copy(update={"ensembles": {"zenke2015": 3}})
    monkeypatch.setitem(protocols.get("zenke2015").__dict__, "live", counts)
    of_zenke = {name: experiments.resolve(name) for name in ("zenke2015_eq15", "zenke2015")}
    # The first one is that which is based on no other.
    assert chosen.comparisons(of_zenke) == {"zenke2015-fake": chosen.Run("zenke2015", "fake")}
    assert chosen.comparisons(["zenke2015_eq15"])["zenke2015-fake"].experiment == "zenke2015_eq15"
    (ensemble,) = chosen.ensembles(of_zenke, {}).values()
    assert (ensemble.experiment, ensemble.seeds) == ("zenke2015", [1, 2, 3])
    assert chosen.ensembles(of_zenke, {"zenke2015": [7, 9]})["zenke2015-fake"].seeds == [7, 9]
    assert chosen.require(chosen.comparisons(of_zenke), of_zenke) == ["zenke2015-fake"]
    (environment.folder / "installed.json").unlink()
    assert chosen.comparisons(of_zenke) == chosen.ensembles(of_zenke, {}) == {}
    with pytest.raises(UserError, match="'python -m replasticity peers install fake' installs one"):
        chosen.require({}, of_zenke)
    monkeypatch.setattr(protocols.Protocol, "live_peers", {})
    with pytest.raises(UserError, match="no study of them has a file for one"):
        chosen.require({}, of_zenke)


def test_every_ensemble_is_of_an_experiment_with_a_summary(in_project):
    for name in protocols.names():
        protocol = protocols.get(name)
        counts = protocol.live.ensembles if protocol.live_peers else {}
        for experiment in counts:
            assert experiments.load(experiment).protocol == name
            assert ensembles.seeds_of(experiments.resolve(experiment)) == list(range(1, counts[experiment] + 1))
            assert protocol.require_peer().data.summary
