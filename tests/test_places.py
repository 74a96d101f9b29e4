"""Studies outside the package: wherever they lie, they are treated like ours."""

import importlib
import json
import sys

import pytest

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.peers import replays
from replasticity.pipeline import provenance
from replasticity.storage import places
from replasticity.study import protocols
from tests.conftest import ROOT
from tests.outside import STUDY, Project, edit, place, write


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["variable", "project", "entry point"])
def test_a_study_is_listed_simulated_judged_and_drawn_wherever_it_lies(project, where):
    study, environment = place(project, where)
    assert "forgetting" in project.replasticity("list", **environment).stdout
    project.replasticity("simulate", "forgetting", "--seeds", "1001", **environment)
    if where != "variable":
        # What follows is the same for all, and in a project Snakemake calls it (tests/workflow/test_outside.py).
        return
    for command in ("aggregate", "evaluate", "plot"):
        project.replasticity(command, "forgetting", **environment)
    (verdict,) = json.loads(project.replasticity("claims", "--json", "forgetting", **environment).stdout)
    assert [claim["verdict"] for claim in verdict["claims"]] == ["reproduced"]
    assert (project.folder / "results/figures/forgetting.svg").is_file()
    project.replasticity("accept-reference", "forgetting", **environment)
    assert (study / "reference/forgetting.json").is_file()
    assert "forgetting" in project.replasticity("check", "forgetting", **environment).stdout


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder in REPLASTICITY_PATH for this process."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(places.VARIABLE, str(folder))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return folder


def test_the_files_of_a_study_import_one_another_as_ours_do(here):
    write(STUDY, here / "elsewhere", "elsewhere")
    assert protocols.figures()["elsewhere"] == "replasticity.studies.elsewhere.figure"
    page = importlib.import_module("replasticity.studies.elsewhere")
    assert page.__file__ == str(here / "elsewhere/__init__.py")
    assert experiments.reference_file("elsewhere", "json") == here / "elsewhere/reference/elsewhere.json"
    assert "elsewhere" in protocols.names()


def test_nothing_of_a_study_is_run_while_it_is_looked_for(here):
    study = write(STUDY, here / "elsewhere", "elsewhere")
    for path in study.glob("*.py"):
        path.write_text("raise RuntimeError\n")
    assert "elsewhere" in protocols.names()
    assert "elsewhere" in protocols.figures()
    assert "elsewhere" in experiments.names()


@pytest.mark.parametrize("other", ["zenke2015", "elsewhere"])
def test_two_studies_of_one_name_are_refused(here, tmp_path, monkeypatch, other):
    first = write(STUDY, here / other, other)
    second = write(STUDY, tmp_path / "second" / other, other) if other == "elsewhere" else first
    monkeypatch.setenv(places.VARIABLE, f"{here}:{tmp_path / 'second'}" if second != first else str(here))
    before = first if second != first else f"src/replasticity/studies/{other}"
    with pytest.raises(UserError, match=f"^{second}: there is a study of this name already, {before}; give it another"):
        protocols.names()


def test_a_place_that_is_named_twice_is_one_place(here, monkeypatch):
    write(STUDY, here / "elsewhere", "elsewhere")
    monkeypatch.setenv(places.VARIABLE, f"{here}::{here.parent}/./mine:{ROOT / 'src/replasticity/studies'}")
    assert places.outside() == [here]
    assert "elsewhere" in protocols.names()


def test_protocols_of_two_studies_with_one_name_are_refused(here):
    write({name: STUDY[name] for name in ("__init__.py", "protocol.py", "statistics.py")}, here / "beats_map", "x")
    with pytest.raises(UserError, match="beats_map and beats: both have a statistics called 'beats_map'"):
        protocols.names()


def test_a_former_name_of_ours_may_be_the_name_of_a_study(here):
    write(STUDY, here / "epsp", "epsp")
    assert protocols.present_name("epsp") == "epsp"
    assert protocols.present_name("stdp_window") == "beats_window"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: folder.rmdir(), "REPLASTICITY_PATH: {}: no such folder; expected one that contains studies"),
        (lambda folder: write(STUDY, folder, "x"), "REPLASTICITY_PATH: {}: is a study itself; expected a folder"),
        (lambda folder: (folder / "x/experiments").mkdir(parents=True), "{}/x: a study, but it has no __init__.py"),
        (lambda folder: write(STUDY, folder / "a-b", "x"), "{}/a-b: a study's name has letters, digits and '_' only"),
    ],
)
def test_a_place_that_holds_no_study_is_told_in_one_line(here, change, message):
    change(here)
    with pytest.raises(UserError) as error:
        protocols.names()
    assert str(error.value).startswith(message.format(here))
    assert "\n" not in str(error.value)


def test_an_entry_point_that_leads_nowhere_is_told_in_one_line(project):
    place(project, "entry point")
    edit(project.library / "lab-1.dist-info/entry_points.txt", "lab_studies", "lab.gone")
    finished = project.replasticity("list", check=False)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: entry point 'mine' of lab: ")
    assert finished.stderr.endswith("lab.gone: no such folder; expected one that contains studies\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 +\n", "line 1 fails (SyntaxError"),
        ("\nTAU = 1 / 0\n", "<module>, line 2 fails (ZeroDiv"),
        ("import no_such_library\n", "'no_such_library'): install the library that has 'no_such_library' beside repl"),
    ],
)
def test_a_mistake_in_a_studys_file_is_said_of_its_line(here, text, said):
    (write(STUDY, here / "elsewhere", "elsewhere") / "protocol.py").write_text(text)
    with pytest.raises(UserError, match="elsewhere") as error:
        experiments.load("elsewhere")
    assert said in str(error.value)


def test_recordings_and_summaries_of_a_study_lie_in_its_folder(here):
    study = write(STUDY, here / "elsewhere", "elsewhere")
    (study / "recordings").mkdir()
    original = ROOT / "tests/peers/zenke/zenke_seed1.nc"
    (study / "recordings/mine.nc").write_bytes(original.read_bytes())
    assert replays.recordings({"zenke2015"})["mine"] == study / "recordings/mine.nc"
    (study / "recordings/zenke_seed1.nc").write_bytes(original.read_bytes())
    with pytest.raises(UserError, match=r"zenke_seed1\.nc: there is a recording of this name already"):
        replays.recordings({"zenke2015"})
    peer = experiments.Peer(simulator="x", summary="recordings/mine.nc")
    assert experiments.summary_file("elsewhere", peer) == study / "recordings/mine.nc"
    assert experiments.summary_file("zenke2015", peer) == ROOT / "recordings/mine.nc"


@pytest.fixture
def digests(here, tmp_path, monkeypatch):
    """The digests of a study and of the user's package, read again at each call."""
    project = Project(tmp_path)
    write(STUDY, here / "elsewhere", "elsewhere")
    monkeypatch.syspath_prepend(project.library)

    def measure():
        for cached in (provenance._modules, provenance.code_digest, provenance._elsewhere):
            cached.cache_clear()
        return {
            "simulation": provenance.simulation_digest("elsewhere"),
            "statistics": provenance.statistics_digest("elsewhere"),
            "figure": provenance.figure_digest("elsewhere"),
            "ours": provenance.simulation_digest("zenke2015"),
        }

    yield project.library / "lab", measure
    for cached in (provenance._modules, provenance.code_digest, provenance._elsewhere, provenance.kernels_digest):
        cached.cache_clear()


FROM_SIMULATION = {"simulation", "statistics"}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("protocol.py", FROM_SIMULATION),
        ("statistics.py", {"statistics"}),
        ("figure.py", {"figure"}),
        ("__init__.py", set()),
        ("lab/__init__.py", FROM_SIMULATION),
        ("lab/constants.py", FROM_SIMULATION),
        ("lab/steps.py", FROM_SIMULATION),
    ],
)
def test_digests_cover_a_study_and_what_its_user_wrote_elsewhere(here, digests, file, changed):
    lab, measure = digests
    before = measure()
    path = lab.parent / file if file.startswith("lab/") else here / "elsewhere" / file
    path.write_text(path.read_text() + "\n# A comment.\n")
    assert measure() == before
    path.write_text(path.read_text() + "\n_CHANGED = True\n")
    after = measure()
    assert {stage for stage in before if before[stage] != after[stage]} == changed


def test_of_a_library_its_version_counts(here, digests, tmp_path, monkeypatch):
    lab, measure = digests
    packages = tmp_path / "site-packages"
    version = {"METADATA": "Metadata-Version: 2.1\nName: lab-tools\nVersion: 1\n", "RECORD": "lab_tools.py,,\n"}
    write({"lab_tools.py": "VALUE = 1\n"}, packages)
    info = write(version, packages / "lab_tools-1.dist-info")
    monkeypatch.syspath_prepend(packages)
    edit(lab / "forgetting.py", "import numpy as np", "import lab_tools\nimport numpy as np")
    before = measure()
    edit(packages / "lab_tools.py", "1", "2")
    assert measure() == before
    edit(info / "METADATA", "Version: 1", "Version: 2")
    after = measure()
    assert {stage for stage in before if before[stage] != after[stage]} == FROM_SIMULATION


def test_a_file_that_is_no_python_is_told_with_its_line(digests):
    lab, measure = digests
    (lab / "steps.py").write_text("\n1 +\n")
    with pytest.raises(UserError, match=r"steps\.py, line 2 fails \(SyntaxError"):
        measure()
