"""The study in examples/studies/pfister2006: all that a stranger's study gets, and NEST beside it if it is there."""

import json
import re
import shutil
import sys

import netCDF4
import pytest

from replasticity.definitions import experiments
from replasticity.peers import environments, live, replays
from replasticity.pipeline import provenance
from replasticity.storage import places
from replasticity.study import protocols
from tests.conftest import ROOT
from tests.outside import Project, edit, write

STUDIES = ROOT / "examples/studies"
NAME = "pfister2006"
BESIDE = ("full", "pair", "nearest", "nearest_full")
NAMES = [NAME, *(f"{NAME}_{role}" for role in BESIDE)]

CALLS = (("simulate", "--seeds", "1001"), ("aggregate",), ("evaluate",))
MANY = """
import json
import sys

from replasticity import cli

sys.exit(max(cli.main(arguments) for arguments in json.loads(sys.argv[1])))
"""


@pytest.fixture
def here(monkeypatch):
    """The study in this process."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(places.VARIABLE, str(STUDIES))
    yield
    for module in [each for each in sys.modules if each.startswith(f"replasticity.studies.{NAME}")]:
        del sys.modules[module]


def test_its_claims_have_no_number_of_the_experiment_in_python():
    for path in (STUDIES / NAME).glob("*.py"):
        for measured in ("0.29", "0.41", "0.34", "0.53", "0.56", "0.75"):
            assert not re.search(rf"\b{re.escape(measured)}\b", path.read_text()), path


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose studies are copies, all made once."""
    project = Project(tmp_path_factory.mktemp("pfister"))
    write({"config/config.yaml": "scale: quick\n"}, project.folder)
    studies = project.folder / "elsewhere"
    shutil.copytree(STUDIES / NAME, studies / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    project.study, project.environment = studies / NAME, {places.VARIABLE: str(studies)}
    # In one process: most of a command's time is its start.
    write({"many.py": MANY}, project.library)
    calls = [[command, name, *more] for command, *more in CALLS for name in NAMES]
    project.run("many", json.dumps(calls), **project.environment)
    return project


@pytest.mark.slow
def test_it_is_listed_judged_drawn_and_compared_with_its_reference(project):
    assert all(name in project.replasticity("list", **project.environment).stdout for name in NAMES)
    judged = json.loads(project.replasticity("claims", "--json", *NAMES, **project.environment).stdout)
    verdicts = {each["experiment"]: {claim["verdict"] for claim in each["claims"]} for each in judged}
    assert verdicts == {name: {"reproduced"} for name in NAMES}
    project.replasticity("plot", NAME, **project.environment)
    with netCDF4.Dataset(project.folder / f"results/figures/{NAME}.nc") as drawn:
        assert drawn.groups or drawn.variables
    checked = project.replasticity("check", *NAMES, check=False, **project.environment)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("agrees with its reference") == len(NAMES)


def test_an_edit_of_the_measured_values_summarises_and_draws_again_and_no_more(here, tmp_path, monkeypatch):
    shutil.copytree(STUDIES / NAME, tmp_path / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv(places.VARIABLE, str(tmp_path))

    def digests():
        provenance._modules.cache_clear()
        provenance.code_digest.cache_clear()
        return provenance.simulation_digest(NAME), provenance.statistics_digest(NAME), provenance.figure_digest(NAME)

    before = digests()
    edit(tmp_path / NAME / "data/sjostrom2001.yaml", "-0.04, 0.14", "-0.05, 0.14")
    changed = [one != other for one, other in zip(before, digests(), strict=True)]
    provenance._modules.cache_clear()
    provenance.code_digest.cache_clear()
    assert changed == [False, True, True]


def test_where_its_measured_values_come_from_is_told_once(here):
    (table,) = protocols.measured(NAME, NAME)
    assert "Neuron 32:1149-1164" in table.origin
    assert "not checked against the publication itself" in table.origin


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, f"{NAME}_full", f"{NAME}_pair"])
def test_nest_gives_the_same_weights_where_spikes_come_together_and_weights_are_bounded(here, name):
    if problem := environments.environment("nest").problem():
        pytest.skip(problem)
    changes = {"dt_ms": 1.0, "irregular_spikes": 2000, "irregular_rate_Hz": 60.0, "weight_max": 1.5}
    resolved = experiments.resolve(name, changes=changes | {"frequencies_Hz": [50.0]})
    deviations = live.compare(resolved, 1, "nest")
    assert {"spikes", "weight_after_pre"} & {row.quantity for row in deviations}
    assert replays.holds(deviations), deviations
