"""Robustness in the workflow: off by default, few jobs, parts that are kept, and made again after a loss or an edit."""

import json

import pytest

from tests.conftest import ZENKE, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIG = ("scale=quick", "experiments=[zenke2015, stdp_window]", "robustness_within=10%", "robustness_seeds=2")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("robustness") / "project")
    project.keep_experiments(*ZENKE, "stdp_window")
    call(project)
    return project


def call(project, *options, budget=60, check=True, more=()):
    config = (*CONFIG, f"robustness_budget={budget}", *more)
    finished = project.snakemake("robustness", "--cores", "1", *options, "--config", *config, check=check)
    return finished.stdout + finished.stderr


def parts(project):
    return {path: path.stat().st_mtime_ns for path in project.folder.glob("results/robustness/*/**/*.nc")}


def test_all_asks_for_none_of_it(project):
    planned = project.snakemake("-n", "all", "--cores", "1", "--config", *CONFIG).stdout
    assert not {"robustness", "robustness_parts", "robustness_of"} & set(planned.split())


def test_many_runs_share_few_jobs_and_a_second_call_has_none(project):
    jobs = [path.name for path in (project.folder / "results/logs/robustness_parts").rglob("*.log")]
    assert 2 == len(jobs) < len(parts(project))
    for name in ("zenke2015", "stdp_window"):
        found = json.loads((project.folder / f"results/robustness/{name}.json").read_text())
        assert all(claim["line"] for claim in found["claims"])
    assert "Nothing to be done" in call(project)


def test_a_lost_part_alone_is_made_again(project):
    before = parts(project)
    lost = project.folder / "results/robustness/zenke2015/printed.nc"
    whole = lost.read_bytes()
    lost.unlink()
    said = call(project)
    assert "some of its parts are missing or cut" in said
    assert lost.read_bytes() == whole
    assert {path for path, time in parts(project).items() if time != before[path]} == {lost}


def test_a_larger_budget_adds_parts_and_changes_none(project):
    before = parts(project)
    call(project, budget=400)
    after = parts(project)
    assert len(after) > len(before)
    assert {path: after[path] for path in before} == before


def test_another_command_for_the_same_is_no_reason_to_simulate(project):
    """A by-hand call has made all of it: the jobs find the parts there."""
    before = parts(project)
    for record in project.folder.glob("results/robustness/*/parts-*.json"):
        record.unlink()
    call(project, budget=400)
    assert parts(project) == before


def test_an_edit_of_a_statistic_makes_its_experiments_again(project):
    path = project.folder / "src/replasticity/studies/zenke2015/statistics.py"
    content = path.read_text()
    path.write_text(content + "\n_EDITED = True\n")
    planned = call(project, "-n", budget=400)
    path.write_text(content)
    assert "Simulating zenke2015 around" in planned
    assert "Simulating stdp_window around" not in planned


def test_one_broken_experiment_stops_no_other(project):
    path = project.folder / "src/replasticity/studies/zenke2015/protocol.py"
    content = path.read_text()
    path.write_text(content + "\n\ndef simulate(parameters, inputs):\n    raise ValueError('broken')\n")
    for found in project.folder.glob("results/robustness/*.json"):
        found.unlink()
    said = call(project, "--keep-going", budget=400, check=False)
    path.write_text(content)
    assert "broken" in said
    assert (project.folder / "results/robustness/stdp_window.json").is_file()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"budget": "soon"}, "robustness_budget: has to be runs, such as 4000, or the time of a core"),
        ({"more": ["robustness_within=10"]}, "robustness_within: "),
        (
            {"more": ["experiments=[stdp_window]", "robustness_experiments=[zenke2015]"]},
            "robustness_experiments: 'zenke2015' is left out",
        ),
    ],
)
def test_a_wrong_configuration_is_told_without_a_traceback(project, options, text):
    said = call(project, "-n", check=False, **options)
    assert text in said
    assert "Traceback" not in said
