"""What the Python interface gives is what the command line writes: to the bit, for one experiment of each study."""

import json
import math

import matplotlib as mpl
import pytest
from ruamel.yaml import YAML

import replasticity as rp
from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.storage import datasets
from replasticity.study import protocols
from tests.conftest import STUDIES

NAMES = sorted(path.parent.name for path in STUDIES.glob("*/__init__.py"))
SEEDS = [1001, 1002]


def first_experiments():
    """Return study -> the first of its experiments that is based on no other."""
    loaded = {name: experiments.load(name) for name in experiments.names()}
    found = {}
    for name, experiment in loaded.items():
        if experiment.based_on is None:
            found.setdefault(protocols.get(experiment.protocol).module.split(".")[-2], name)
    return found


def shortened(name):
    """Return the YAML of a variant that is as short as a run can be, with the claims that it still can be asked."""
    experiment = experiments.load(name)
    resolved = experiments.resolve_shortest(name, experiment)
    published = experiments.resolve(name, "full", experiment=experiment).values
    sizes = protocols.get(experiment.protocol).sizes(resolved.parameters)
    return {
        "title": "A short variant",
        "based_on": name,
        "parameters": {
            key: {"value": value, "source": "a short run"}
            for key, value in resolved.values.items()
            if value != published[key]
        },
        "scales": {scale: {"seeds": len(SEEDS)} for scale in experiments.SCALES},
        "claims": [
            claim.model_dump(mode="json", exclude_defaults=True)
            for claim in experiment.claims
            if all(index < sizes[dimension] for dimension, index in claim.at.items())
        ],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a project of its own with short variants of one experiment of each study, called after the studies."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config/experiments").mkdir(parents=True)
    (folder / "config/config.yaml").write_text("scale: standard\n")
    for study, name in first_experiments().items():
        with (folder / f"config/experiments/short_{study}.yaml").open("w") as file:
            YAML().dump(shortened(name), file)
    return folder


def same(one, other):
    """Return True if a cell of a table is what JSON has: there None is what a table calls NaN."""
    if other is None:
        return one is None or math.isnan(one)
    return json.loads(json.dumps(one, default=lambda scalar: scalar.item())) == other


@pytest.mark.parametrize("study", NAMES)
def test_runs_statistics_and_verdicts_are_those_of_the_command_line(study, folder, monkeypatch):
    monkeypatch.chdir(folder)
    name = f"short_{study}"
    for command in (["simulate", name, "--seeds", "1001-1002"], ["aggregate", name], ["evaluate", name]):
        assert main(command) == 0
    runs = rp.run(name)
    for seed in SEEDS:
        written = datasets.read(folder / f"results/runs/{name}/seed-{seed}.nc", "run")
        lengths = runs["length"].sel(seed=seed).to_series()
        for variable in written.variables.values():
            assert all(lengths[each] == length for each, length in variable.sizes.items())
        for each, variable in written.variables.items():
            ours = runs[each].sel(seed=seed) if "seed" in runs[each].dims else runs[each]
            own = ours.isel({dimension: slice(lengths[dimension]) for dimension in variable.dims}).variable
            assert own.dtype == variable.dtype
            assert own.dims == variable.dims
            assert own.values.tobytes() == variable.values.tobytes()
            assert {key: own.attrs[key] for key in variable.attrs} == variable.attrs
    # The runs' digests are in the ensemble's, so these are the same runs to the bit as well.
    statistics = rp.summarise(runs)
    assert statistics.identical(datasets.read(folder / f"results/ensembles/{name}.nc", "ensemble"))
    evaluation = json.loads((folder / f"results/evaluations/{name}.json").read_text())
    verdicts = rp.judge(statistics)
    assert list(verdicts.index) == [claim["id"] for claim in evaluation["claims"]]
    for claim in evaluation["claims"]:
        row = verdicts.loc[claim["id"]]
        assert {*row.index, "id"} == set(claim)
        assert [key for key in row.index if not same(row[key], claim[key])] == []
    # What these are is computed from what a file holds.
    assert verdicts.attrs.pop("shortened") == ""
    assert json.loads(json.dumps(verdicts.attrs)).items() <= evaluation.items()


def test_verdicts_of_a_figure_are_corrected_together(in_project):
    one, other = (rp.run(name, 40) for name in ("zenke2015", "zenke2015_post_pre"))
    alone, together = rp.judge(one), rp.judge(one, other)
    assert together.attrs["judged_with"] == ["zenke2015_post_pre"]
    assert list(alone.p) == list(together.p)
    assert (alone.p_corrected < together.p_corrected).any()
    measured = [each for each in together.attrs["errata"] if each["measured"]]
    assert {each["measured_by"]["corrected"] for each in measured} == {"zenke2015_post_pre"}


@pytest.mark.parametrize(("suffix", "panel"), [("svg", None), ("pdf", None), ("png", "c")])
def test_figure_is_that_of_the_command_line(suffix, panel, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert main(["simulate", "zenke2015", "--seed", "7", "--set", "tau_H_ms=200", "-o", "my.nc"]) == 0
    only = ["--panel", panel] if panel else []
    assert main(["plot", "zenke2015", "my.nc", "-o", f"my.{suffix}", *only]) == 0
    # What is set outside changes nothing.
    with mpl.rc_context({"font.size": 17.0, "savefig.dpi": 50, "svg.hashsalt": "mine"}):
        rp.save(rp.plot(rp.run("zenke2015", [7], tau_H_ms=200)), f"ours.{suffix}", panel=panel)
    assert (folder / f"ours.{suffix}").read_bytes() == (folder / f"my.{suffix}").read_bytes()


#: One of each kind that is replayed in few seconds.
RECORDINGS = [
    "beats/epsp",
    "beats/stdp_window_0.02",
    "clopath/network_seed1",
    "dopamine/dopa_ten_seed1",
    "dopamine/dopa_timing",
    "izhikevich/izhikevich_seed1",
    "urbanczik/learning_seed1",
    "urbanczik/single_synapse",
    "zenke/zenke_paper_seed1",
]


@pytest.mark.parametrize("name", RECORDINGS)
def test_replay_is_that_of_the_command_line(name, in_project, tmp_path):
    recording = f"tests/peers/{name}.nc"
    assert main(["replay", recording, "--json", str(tmp_path / "replay.json")]) == 0
    (summary,) = json.loads((tmp_path / "replay.json").read_text())
    ours = rp.replay(recording)
    assert ours.attrs["holds"] is summary["holds"] is True
    assert list(ours.index) == [each["quantity"] for each in summary["quantities"]]
    for each in summary["quantities"]:
        row = ours.loc[each["quantity"]]
        assert row["tolerance"] == each["bound"]
        for key in ("holds", "compared", "unmatched", "absolute", "relative", "note"):
            assert same(row[key], each[key]), key
