"""A small project with results: one figure, three experiments, a replay, and what the jobs have cost."""

import pytest

from replasticity.cli import main
from tests.conftest import ROOT, ProjectCopy

EXPERIMENTS = ("zenke2015", "zenke2015_eq15", "zenke2015_paper")
#: One more than an ensemble keeps traces of.
SEEDS = range(1001, 1007)
BENCHMARK = "s\th:m:s\tmax_rss\tmax_vms\tcpu_time\n{}\t0:00:01\t{}\t0\t{}\n"


def make_results(project):
    """Make all that a report shows, with the commands of the workflow, in the current folder."""
    for path in (project.folder / "config/experiments").glob("*.yaml"):
        if path.stem not in EXPERIMENTS:
            path.unlink()
    for name in EXPERIMENTS:
        for seed in SEEDS:
            assert main(["simulate", name, "--seed", str(seed)]) == 0
        assert main(["aggregate", name, "--seeds", f"{SEEDS[0]}-{SEEDS[-1]}"]) == 0
    for name in EXPERIMENTS:
        # After all ensembles: claims of one figure are judged together.
        assert main(["evaluate", name]) == 0
    assert main(["plot", "zenke2015"]) == 0
    recording = ROOT / "tests/peers/zenke/zenke_seed1.nc"
    assert main(["replay", str(recording), "--json", "results/replays/zenke_seed1.json"]) == 0
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
