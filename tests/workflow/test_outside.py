"""A study and kernels of a user, in one call of Snakemake; then only what was edited is made again."""

import re

import pytest

from tests.conftest import ROOT
from tests.outside import Project, edit, place

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CALL = ("snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "all", "results/report.html")

#: All that is made of an experiment, and the page of all.
FROM_KERNELS = {"compile_kernels", "simulate", "aggregate", "evaluate", "plot", "report"}


def planned(project):
    """Return the rules that a call would run."""
    told = project.run(*CALL, "--dry-run")
    assert "Job stats:" in told.stdout or "Nothing to be done" in told.stdout + told.stderr
    return set(re.findall(r"^(\w+) +\d+$", told.stdout + told.stderr, re.MULTILINE)) - {"all", "total"}


def test_a_study_of_the_project_is_made_and_only_what_was_edited_is_made_again(tmp_path):
    project = Project(tmp_path)
    study, _ = place(project, "project")
    project.run(*CALL)
    for result in ("figures/forgetting.png", "evaluations/forgetting.json", "report.html"):
        assert (project.folder / "results" / result).is_file()
    edit(study / "__init__.py", "decays", "decays at once")
    for path, old, new, again in (
        (study / "figure.py", '"Forgetting"', '"Forgotten"', {"plot", "report"}),
        (study / "statistics.py", "[-1]", "[-2]", FROM_KERNELS - {"compile_kernels", "simulate"}),
        (study / "experiments/forgetting.yaml", "upper: 0.5", "upper: 0.6", {"evaluate", "report"}),
        (project.library / "lab/constants.py", "20", "30", FROM_KERNELS),
    ):
        edit(path, old, new)
        assert planned(project) == again, path
        edit(path, new, old)
    edit(project.library / "lab/constants.py", "20", "30")
    project.run(*CALL)
    assert planned(project) == set()
    assert "[step]" not in (told := project.replasticity("claims").stdout)
    assert "0.0471" in told
