"""A small project with results: two figures, claims of each kind, a replay, and what the jobs have cost."""

import json

import numpy as np
import pytest
from ruamel.yaml import YAML

from replasticity.cli import main
from replasticity.comparison import Tolerance, compare
from replasticity.peers import live
from replasticity.pipeline import provenance
from replasticity.reporting import robustness_figure
from replasticity.robustness.summary import Summary
from replasticity.storage import integrity, project
from tests.conftest import ROOT, ProjectCopy
from tests.robustness import fakes

#: Experiment -> seeds, one more than an ensemble keeps traces of; nothing is random in the last one.
EXPERIMENTS = {
    **dict.fromkeys(("zenke2015", "zenke2015_eq15", "zenke2015_paper"), range(1001, 1007)),
    "beats": range(1001, 1002),
}
SOURCE_PLOTS = [
    {"plot": "first figure, upper axes", "panel": "a", "lines": {"G (Hz)": "G (Hz)"}},
    {"plot": "first figure, lower axes", "panel": "b", "lines": {"w (nS)": "w (nS)"}},
    {"plot": "second figure", "panel": "c", "lines": {"dw_of_G": r"$\Delta$w (nS)", "line <1>": "fit"}},
]
BENCHMARK = "s\th:m:s\tmax_rss\tmax_vms\tcpu_time\n{}\t0:00:01\t{}\t0\t{}\n"
#: Of the published ones none holds.
WEIGHT_CLAIMS = [
    {"kind": "regression", "lower": 0.0, "upper": 1.0},
    {"kind": "published", "lower": 2.0},
    {"kind": "published", "upper": -1.0},
]


def claim_on_final_weight(kind, **bounds):
    """Return a claim on the last weight of the first synapse, which is between 0 and 1."""
    name = f"{kind}-{'-'.join(bounds)}"
    texts = dict.fromkeys(("statement", "source", "why_this_bound", "refuted_if"), f"a text of {name}")
    tested = {"statistic": "weight_final", "at": {"synapse": 0}, "test": "exact_in_range"}
    return {"id": name, "kind": kind} | texts | tested | bounds


def choose_experiments(project):
    """Keep a few experiments, with claims of each kind and plots of the source, whatever the project's own have."""
    project.keep_experiments(*EXPERIMENTS)
    yaml = YAML()
    zenke, beats = (yaml.load(project.experiment(name).read_text()) for name in ("zenke2015", "beats"))
    zenke["claims"][0]["kind"] = "published"
    zenke["claims"][-1]["kind"] = "ours"
    zenke["figure"]["source_plots"] = SOURCE_PLOTS
    beats["claims"] = [claim_on_final_weight(**each) for each in WEIGHT_CLAIMS]
    beats["figure"] = {"module": "beats"}
    beats["errata"] = []
    for name, content in (("zenke2015", zenke), ("beats", beats)):
        with project.experiment(name).open("w") as file:
            yaml.dump(content, file)


def write_comparison(path, **changes):
    """Write what `snakemake conform` would have made of Brian2, which need not be there."""
    parameters = live.kept(live.shortened("zenke2015")).values
    ours, theirs = np.array([0.5, 0.75]), np.array([0.5, 0.75 + 1e-9])
    rows = [
        compare("weight_nS", ours, theirs, Tolerance(absolute=1e-8)),
        compare("event_step", ours, ours, Tolerance()),
    ]
    outcome = live.Conformance("zenke2015", "Brian2 2.9.0", parameters, [1001], rows)
    content = outcome.summary() | {"code_digest": provenance.conformance_digest("zenke2015")} | changes
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([integrity.sealed(content)]))


def write_robustness(**changes):
    """Write what `replasticity robustness zenke2015` would have found, with its figure, in the current folder."""
    content = fakes.summary("zenke2015", **changes)
    path = project.robustness_file("zenke2015")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    figure = {suffix: project.robustness_figure("zenke2015", suffix) for suffix in ("png", "nc")}
    robustness_figure.write(Summary.model_validate_json(path.read_bytes()), [fakes.sets(content)], figure)


def make_results(project):
    """Make all that a report shows, with the commands of the workflow, in the current folder."""
    choose_experiments(project)
    for name, seeds in EXPERIMENTS.items():
        for seed in seeds:
            assert main(["simulate", name, "--seed", str(seed)]) == 0
        assert main(["aggregate", name, "--seeds", f"{seeds[0]}-{seeds[-1]}"]) == 0
    for name in EXPERIMENTS:
        # After all ensembles: claims of one figure are judged together.
        assert main(["evaluate", name]) == 0
    for figure in ("zenke2015", "beats"):
        assert main(["plot", figure]) == 0
    recording = ROOT / "tests/peers/zenke/zenke_seed1.nc"
    assert main(["replay", str(recording), "--json", "results/replays/zenke_seed1.json"]) == 0
    write_comparison(project.folder / "results/conform/zenke2015-brian2.json")
    write_robustness()
    benchmarks = project.folder / "results/benchmarks"
    (benchmarks / "simulate/zenke2015").mkdir(parents=True)
    (benchmarks / "simulate/zenke2015/seed-1001.tsv").write_text(BENCHMARK.format("2.5", "150.0", "2.0"))
    (benchmarks / "simulate/zenke2015/seed-1002.tsv").write_text(BENCHMARK.format("1.5", "210.0", "-"))
    (benchmarks / "report.tsv").write_text(BENCHMARK.format("9.0", "1.0", "9.0"))


@pytest.fixture(scope="session")
def project_with_results(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("report") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        make_results(project)
        assert main(["report"]) == 0
    return project


@pytest.fixture
def results(project_with_results, monkeypatch):
    """Run the test in the project with results; what it changes there, it has to put back."""
    monkeypatch.chdir(project_with_results.folder)
    return project_with_results.folder / "results"
