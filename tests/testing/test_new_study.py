"""A study that is added edits no list: one that `new` has written, in a copy of the project, passes what all pass."""

import shutil

import pytest

from tests.conftest import ROOT, ProjectCopy

NAME = "walk1905"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("new") / "project")
    ignored = shutil.ignore_patterns("__pycache__", "*.nc")
    for name in ("tests", "docs", "tools", "benchmarks"):
        shutil.copytree(ROOT / name, project.folder / name, ignore=ignored, dirs_exist_ok=True)
    for name in ("CITATION.cff", "requirements.lock", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, project.folder / name)
    # As CONTRIBUTING.md says.
    project.replasticity("new", NAME, "--doi", "10.1038/072294b0", "--into", "src/replasticity/studies")
    project.edit(f"src/replasticity/studies/{NAME}/__init__.py", "Equation:", "Equation (docs/models/pair_stdp.md):")
    project.replasticity("schema")
    seeds = ("--scale", "full", "--seeds", "1001-1040")
    project.replasticity("simulate", NAME, *seeds)
    project.replasticity("aggregate", NAME, *seeds)
    for command in ("evaluate", "plot", "accept-reference", "gallery"):
        project.replasticity(command, NAME)
    return project


@pytest.mark.slow
def test_a_new_study_passes_what_all_studies_pass(project):
    tests = ("test_every_study.py", "test_repository.py", "figures", "unit/test_sizes.py", "benchmarks")
    chosen = f"{NAME} or every_experiment or gallery or schemas or citation or row_that or each_protocol"
    finished = project.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-m", "not slow", "-k", chosen),
        *(f"tests/{each}" for each in tests),
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr
    assert " passed" in finished.stdout


@pytest.mark.slow
def test_a_new_study_without_a_peer_is_shown_by_every_command(project):
    assert "agrees with its reference (40 same seeds" in project.replasticity("check", NAME).stdout
    assert "reproduced" in project.replasticity("claims", NAME).stdout
    page = (project.folder / "figures/README.md").read_text()
    section = page.partition(f"## {NAME}\n")[2].partition("\n## ")[0]
    assert "The results shown are of scale full." in section
    assert "No recording of another simulator is kept that could be replayed." in section
    # One run is enough for a figure, and for a panel of it.
    project.replasticity("simulate", NAME, "-o", "my.nc")
    project.replasticity("plot", NAME, "my.nc", "--panel", "b", "-o", "my.svg")
    assert "weight" in project.replasticity("info", "my.nc").stdout
    refused = project.replasticity("plot", NAME, f"results/figures/{NAME}.nc", "-o", "other.svg", check=False)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"error: results/figures/{NAME}.nc: attribute 'kind' is 'drawn data'; a figure is drawn from runs or "
        f"ensembles: 'python -m replasticity simulate {NAME} -o my.nc' makes a run"
    ]
