"""Other simulators in the workflow: off by default, told what to install, and made again only after a change."""

import json

import pytest

from replasticity.peers import environments
from tests.conftest import ZENKE, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIG = ("--config", "scale=quick", "experiments=[zenke2015]")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("peers") / "project")
    project.keep_experiments(*ZENKE)
    return project


@pytest.fixture
def brian2():
    """The folder of installed simulators, with Brian2 in it."""
    if problem := environments.environment("brian2").problem():
        pytest.skip(problem)
    return str(environments.folder().absolute())


def call(project, *targets, folder, check=True, config=CONFIG):
    finished = project.snakemake(*targets, "--cores", "1", *config, check=check, **{environments.VARIABLE: folder})
    return finished.stdout + finished.stderr


@pytest.mark.parametrize("target", ["conform", "peers"])
def test_without_a_simulator_its_rules_say_what_to_install_and_all_others_need_none(project, tmp_path, target):
    printed = call(project, target, folder=str(tmp_path), check=False)
    assert "no other simulator runs any of the chosen experiments" in printed
    assert "'python -m replasticity peers install brian2' installs one" in printed
    assert "Traceback" not in printed
    assert not (project.folder / "results").exists()
    planned = call(project, "-n", "all", "results/report.html", folder=str(tmp_path))
    assert not {"conform_with", "run_peer", "gather_peer"} & set(planned.split())


def test_seeds_of_other_simulators_are_those_of_the_study_or_of_the_configuration(project, brian2):
    planned = call(project, "-n", "peers", folder=brian2)
    assert planned.count("Running zenke2015, seed") == 200
    planned = call(project, "-n", "peers", folder=brian2, config=(*CONFIG, "peers_seeds={zenke2015: [3, 7]}"))
    assert "Running zenke2015, seed 7, in Brian2" in planned
    assert planned.count("Running zenke2015, seed") == 2


def test_a_comparison_is_made_once_and_again_after_an_edit(project, brian2):
    printed = call(project, "conform", folder=brian2)
    assert "zenke2015: Brian2 2.9.0 agrees (seed 1001" in printed
    (found,) = json.loads((project.folder / "results/conform/zenke2015-brian2.json").read_text())
    assert found["holds"]
    assert "Nothing to be done" in call(project, "conform", folder=brian2)
    path = project.folder / "src/replasticity/studies/zenke2015/peer_brian2.py"
    path.write_text(path.read_text() + "\n_EDITED = True\n")
    assert "Running zenke2015 in Brian2 2.9.0 beside ours" in call(project, "-n", "conform", folder=brian2)
