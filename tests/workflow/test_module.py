"""Another workflow uses this one as a module, in a folder of its own with its own configuration and results."""

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SNAKEFILE = f"""
module replasticity:
    snakefile: "{ROOT}/workflow/Snakefile"


use rule * from replasticity exclude all


rule count_figures:
    default_target: True
    input:
        "results/figures/mine.png",
        "results/evaluations/mine.json",
    output:
        "results/count.txt",
    shell:
        "ls results/figures/*.png | wc -l > {{output}}"
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A workflow that adds an experiment and a rule of its own."""
    project = object.__new__(ProjectCopy)
    project.folder = tmp_path_factory.mktemp("other")
    (project.folder / "config/experiments").mkdir(parents=True)
    (project.folder / "config/config.yaml").write_text("scale: quick\nexperiments: [mine]\n")
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: My variant\nbased_on: zenke2015\nparameters:\n  tau_H_ms: {value: 200.0, source: my choice}\n"
        "figure:\n  module: zenke2015\n"
    )
    (project.folder / "Snakefile").write_text(SNAKEFILE)
    project.first = project.snakemake("--cores", "2", PYTHONPATH=str(ROOT / "src"))
    return project


def test_results_are_in_its_own_folder(other):
    assert (other.folder / "results/count.txt").read_text().strip() == "1"
    assert set(other.content("results/ensembles/*")) == {"results/ensembles/mine.nc"}


def test_second_call_does_nothing(other):
    again = other.snakemake("--cores", "2", PYTHONPATH=str(ROOT / "src"))
    assert "Nothing to be done" in again.stdout + again.stderr


def test_figures_of_the_package_are_made_there_as_well(other):
    config = ("--config", "experiments=[zenke2015]")
    # With the other simulator's seeds, which are not in its folder.
    planned = other.snakemake("-n", "results/evaluations/zenke2015.json", *config, PYTHONPATH=str(ROOT / "src"))
    assert "zenke_summary.nc" in planned.stdout + planned.stderr or "Judging" in planned.stdout + planned.stderr


def test_catalog_file_has_the_required_keys():
    content = YAML(typ="safe").load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    deployment = content["usage"]["software-stack-deployment"]
    assert set(content["usage"]) == {"mandatory-flags", "software-stack-deployment"}
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda", "report"}
    assert deployment["conda"] is True
    for needed in ("workflow/Snakefile", "config/README.md", "workflow/envs/replasticity.yml"):
        assert (ROOT / needed).is_file()
