"""`replasticity new` and `replasticity verify` as a user meets them, in an empty folder outside the clone."""

import os
import re

import pytest

from replasticity.cli import main
from replasticity.storage import places
from tests.conftest import ROOT, run_module
from tests.outside import edit

DOI = ("--doi", "10.1523/JNEUROSCI.1425-06.2006")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """The working folder: an empty one, with a cache of compiled code that other tests fill, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(places.VARIABLE, raising=False)
    return tmp_path


def run(folder, *command, **environment):
    ours = {"PYTHONPATH": str(ROOT / "src")}
    return run_module(*command, folder=folder, environment=os.environ | ours | environment, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [(), ("--deterministic",)], ids=["random", "deterministic"])
def test_what_new_prints_works_as_it_stands(empty, kind):
    made = run(empty, "replasticity", "new", "pfister2006", *DOI, *kind)
    assert made.returncode == 0, made.stderr
    first, setting, *commands = made.stdout.splitlines()
    assert first.startswith("studies/pfister2006: a study that runs")
    variable, _, value = setting.strip().removeprefix("export ").partition("=")
    assert (variable, value) == (places.VARIABLE, str(empty / "studies"))
    # What is made belongs to a project: to this clone, if there is no other one.
    (empty / "config/experiments").mkdir(parents=True)
    assert len(commands) == 2
    finished = [run(empty, *line.split()[2:]) for line in commands]
    assert [each.returncode for each in finished] == [0, 1], finished[-1].stdout + finished[-1].stderr
    assert (empty / "results/figures/pfister2006.svg").is_file()
    # Green but for what only its author can say: that the results are as they should be.
    lines = finished[-1].stdout.splitlines()
    assert lines[-1] == "pfister2006: 13 ok, 1 missing"
    assert [line.split()[:2] for line in lines[:-3]] == [
        ["ok", name]
        for name in (
            *("files", "page", "experiments", "sources", "claims", "quantities", "names", "run", "statistics"),
            *("bytes", "compiled", "digests", "figure"),
        )
    ] + [["-", "recordings"], ["-", "peer"]]
    assert lines[-3].startswith("missing reference")


@pytest.mark.slow
def test_a_projects_study_becomes_green_and_a_mistake_in_it_is_told(empty):
    (empty / "config").mkdir()
    (empty / "config/config.yaml").write_text("scale: quick\n")
    made = run(empty, "replasticity", "new", "walk1905", *DOI)
    assert "export" not in made.stdout
    # What verify says of the reference that is missing.
    missing = run(empty, "replasticity", "verify", "walk1905").stdout
    (remedy,) = re.findall(r"as they should be: 'python -m (.*)'", missing)
    finished = run(empty, *remedy.split())
    assert finished.returncode == 0, finished.stderr
    green = run(empty, "replasticity", "verify", "walk1905")
    assert green.returncode == 0, green.stdout
    assert green.stdout.splitlines()[-1] == "walk1905: 14 ok"
    # One test for each gate, by the three lines of its test file.
    tested = run(empty, "pytest", "-q", "-p", "no:cacheprovider", "studies", "-k", "files or page or digests or peer")
    assert "3 passed, 1 skipped" in tested.stdout, tested.stdout
    edit(empty / "studies/walk1905/statistics.py", "    return [", "    return run.nothing or [")
    broken = run(empty, "replasticity", "verify", "walk1905")
    assert broken.returncode == 1
    place = "replasticity.studies.walk1905.statistics, weight_mean, line 14 fails (AttributeError: "
    assert broken.stdout.count(place) == 1
    assert broken.stdout.count("not looked at: what is wrong above ends it, too") == 2
    assert broken.stdout.splitlines()[-1] == "walk1905: 11 ok, 1 FAILED, 2 not looked at"
    failing = run(empty, "pytest", "-q", "-p", "no:cacheprovider", "studies", "-k", "statistics or run")
    assert place in failing.stdout
    assert "1 failed, 1 passed" in failing.stdout


def refused(capsys, *arguments):
    assert main([*arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("name", ["Pfister2006", "pfister", "2006", "pfister06", "../pfister2006", "pfister2006.py"])
def test_a_name_that_is_not_author_and_year_is_refused(empty, capsys, name):
    line = refused(capsys, "new", name, *DOI)
    assert line == f"error: {name}: has to be author and year, such as pfister2006: lower-case letters and four digits"
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    "doi", ["", "nn.2479", "10.1038", "https://example.org/10.1038/nn.2479", '10.1038/"nn', "10.1/\\x"]
)
def test_what_is_no_doi_is_refused(empty, capsys, doi):
    assert refused(capsys, "new", "walk1905", "--doi", doi) == f"error: --doi {doi}: a doi is as in 10.1038/nn.2479"
    assert list(empty.iterdir()) == []


def test_a_link_to_a_doi_is_one(empty):
    assert main(["new", "walk1905", "--doi", "https://doi.org/10.1038/072294b0", "--into", "mine"]) == 0
    assert 'doi: "10.1038/072294b0"' in (empty / "mine/walk1905/experiments/walk1905.yaml").read_text()
    assert "doi:10.1038/072294b0." in (empty / "mine/walk1905/__init__.py").read_text()
    assert [path.name for path in (empty / "mine").iterdir()] == ["walk1905"]


def test_a_study_that_is_there_already_is_refused_with_both_places(empty, capsys):
    line = refused(capsys, "new", "zenke2015", *DOI)
    ours = ROOT / "src/replasticity/studies/zenke2015"
    assert line == f"error: studies/zenke2015: there is a study of this name already, {ours}"
    line = refused(capsys, "new", "izhikevich2007", *DOI)
    assert "there is a study of this name already" in line
    assert list(empty.iterdir()) == []


def test_a_name_of_an_experiment_and_a_folder_that_is_there_are_refused(empty, capsys, monkeypatch):
    (empty / "config/experiments").mkdir(parents=True)
    (empty / "config/experiments/walk1905.yaml").write_text("based_on: zenke2015\n")
    line = refused(capsys, "new", "walk1905", *DOI)
    there = "config/experiments/walk1905.yaml"
    assert line == f"error: studies/walk1905: there is an experiment of this name already, {there}"
    (empty / "studies/pfister2006").mkdir(parents=True)
    line = refused(capsys, "new", "pfister2006", *DOI)
    assert line == "error: studies/pfister2006: exists already; --into names another folder"
    assert list((empty / "studies/pfister2006").iterdir()) == []


def test_where_a_study_is_expected(empty, capsys, monkeypatch):
    (empty / "one").mkdir()
    (empty / "two").mkdir()
    monkeypatch.setenv(places.VARIABLE, str(empty / "one"))
    assert main(["new", "walk1905", *DOI]) == 0
    assert capsys.readouterr().out.startswith("one/walk1905: ")
    monkeypatch.setenv(places.VARIABLE, f"{empty / 'one'}:{empty / 'two'}")
    line = refused(capsys, "new", "walk1906", *DOI)
    assert line == "error: REPLASTICITY_PATH: names several folders; --into says which: one, two"
    line = refused(capsys, "new", "walk1906", *DOI, "--into", "one/walk1905")
    assert line == "error: one/walk1905: is a study itself; --into names a folder that contains studies"
    (empty / "file").write_text("")
    line = refused(capsys, "new", "walk1906", *DOI, "--into", "file")
    assert line == "error: file/walk1906: cannot write it: File exists"


def test_nothing_half_written_stays(empty, capsys, monkeypatch):
    monkeypatch.setattr("pathlib.Path.rename", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    line = refused(capsys, "new", "walk1905", *DOI)
    assert line == "error: studies/walk1905: cannot write it: No space left on device"
    assert list((empty / "studies").iterdir()) == []


def test_verify_refuses_what_is_no_study(empty, capsys):
    line = refused(capsys, "verify", "zenke2051")
    assert line.startswith("error: zenke2051: no such study (did you mean 'zenke2015'?); allowed: beats, ")
