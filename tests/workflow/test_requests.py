"""What Snakemake is asked for: one reader of the configuration, names that are made, and long lists of seeds."""

import re

import pytest

from replasticity.definitions import experiments
from tests.conftest import ZENKE, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIG = "config/config.yaml"

#: Of these the quick scale leaves one out.
CLOPATH = ("clopath2010", *experiments.load("clopath2010").figure.beside.values())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("requests") / "project")
    project.keep_experiments(*ZENKE, *CLOPATH)
    # An editor that is at work leaves such a link.
    (project.folder / "config/experiments/.#zenke2015.yaml").symlink_to("me@host.1234:1700000000")
    return project


@pytest.fixture
def configured(project):
    """Return a function that writes config.yaml; the old one comes back."""
    path = project.folder / CONFIG
    before = path.read_text()
    yield path.write_text
    path.write_text(before)


def refused(project, *arguments):
    """Return the message of a Snakemake that refuses to begin."""
    finished = project.snakemake("-n", "--cores", "1", *arguments, check=False)
    # A dry run prints on the standard output.
    printed = finished.stdout + finished.stderr
    assert finished.returncode == 1, printed
    assert "Traceback" not in printed
    (message,) = re.findall(r'WorkflowError in file ".*", line \d+:\n(.*)\n', printed)
    return message


@pytest.mark.parametrize(
    "content",
    [
        "scale: quick\nexperiments: [zenke2015]\nscale: full\n",
        "scale: quick\nexperiments: [zenke2015]\nseeds: {zenke2015: 3, zenke2015: 200}\n",
        "scale: quick\nseeds: {zenke2015: 1:30}\n",
        "scale: quick\njob_seconds: 1e-320\n",
        "scale: yes\n",
    ],
    ids=["twice", "twice-inside", "sexagesimal", "tiny", "bool"],
)
def test_a_configuration_is_refused_alike_by_snakemake_and_by_commands(project, configured, content):
    configured(content)
    by_command = project.replasticity("check", check=False).stderr.splitlines()
    assert by_command == [f"error: {refused(project)}"]
    assert by_command[0].startswith(f"error: {CONFIG}: ")


def jobs(finished):
    """Return the seeds of the simulate jobs of a dry run."""
    return re.findall(r"Simulating (\w+), seeds (\S+)", finished.stdout + finished.stderr)


def test_numbers_are_those_of_yaml_1_2_from_wherever_they_come(project, configured, tmp_path):
    target = "results/ensembles/zenke2015.nc"
    configured("scale: quick\nseeds: {zenke2015: 010}\njob_seconds: 1e3\n")
    assert jobs(project.snakemake("-n", "--cores", "1", target)) == [("zenke2015", "1001-1010")]
    configured("scale: full\n")
    (tmp_path / "other.yaml").write_text("scale: quick\nseeds: {zenke2015: 010}\njob_seconds: 1e3\n")
    by_file = project.snakemake("-n", "--cores", "1", "--configfile", str(tmp_path / "other.yaml"), "--", target)
    assert jobs(by_file) == [("zenke2015", "1001-1010")]
    words = ("scale=quick", "seeds={zenke2015: 010}", "job_seconds=1e3")
    assert jobs(project.snakemake("-n", "--cores", "1", target, "--config", *words)) == [("zenke2015", "1001-1010")]
    message = refused(project, target, "--config", "seeds={zenke2015: 3, zenke2015: 200}")
    assert message.startswith("--config seeds: no valid YAML: ")
    # A profile gives texts as the command line does; its own numbers are read by Snakemake.
    profile = tmp_path / "profile/config.yaml"
    profile.parent.mkdir()
    profile.write_text("config:\n  scale: quick\n  seeds: '{zenke2015: 010}'\n  job_seconds: 1000\n")
    assert jobs(project.snakemake("-n", "--cores", "1", "--profile", str(profile.parent), "--", target)) == [
        ("zenke2015", "1001-1010")
    ]


def test_a_result_that_is_not_made_is_refused_with_what_is(project):
    quick = ("--config", "scale=quick")
    message = refused(project, "results/figures/Zenke2015.png", *quick)
    assert "no figure 'Zenke2015' is made (did you mean 'zenke2015'?); allowed: clopath2010, zenke2015" in message
    message = refused(project, "results/ensembles/clopath2010_1000s.nc", *quick)
    assert "no experiment 'clopath2010_1000s' is made" in message
    assert "; left out at scale 'quick': clopath2010_1000s" in message
    assert "allowed: 1001-1003" in refused(project, "results/runs/zenke2015/seeds-1001-1007.json", *quick)


def test_many_scattered_seeds_are_simulated_and_gathered(project, configured):
    seeds = list(range(1, 400, 2)) + list(range(1_000_001, 2_000_000, 500))
    configured(f"scale: quick\njob_seconds: 1000\nseeds: {{zenke2015: {seeds[:200]}, zenke2015_eq15: {seeds}}}\n")
    target = "results/ensembles/zenke2015.nc"
    project.snakemake("--cores", "2", target)
    (record,) = project.content("results/runs/zenke2015/*.json")
    assert re.fullmatch(r"results/runs/zenke2015/seeds-1-to-399-[0-9a-f]{12}\.json", record)
    (log,) = project.content("results/logs/simulate/zenke2015/*")
    assert log == record.replace("runs", "logs/simulate").replace(".json", ".log")
    # Nothing is made a second time.
    again = project.snakemake("--cores", "2", target)
    assert "Nothing to be done" in again.stdout + again.stderr
    # More than fits into a command line, in part: as far as its list.
    (name,) = (each for _, each in jobs(project.snakemake("-n", "--cores", "1", "results/ensembles/zenke2015_eq15.nc")))
    project.snakemake("--cores", "1", f"results/seeds/zenke2015_eq15/{name}.txt")
    text = (project.folder / f"results/seeds/zenke2015_eq15/{name}.txt").read_text()
    assert len(text) > 10_000
    many = project.replasticity(
        "aggregate", "zenke2015_eq15", "--seeds", f"@results/seeds/zenke2015_eq15/{name}.txt", check=False
    )
    assert many.stderr.startswith("error: ")
    assert "zenke2015_eq15/seed-1.nc: no such file" in many.stderr


def test_page_of_snakemake_has_no_error_of_docutils(project):
    call = ("--cores", "2", "--config", "scale=quick", "experiments=[zenke2015]")
    project.snakemake(*call)
    for target in ([], ["results/report.html"]):
        if target:
            project.snakemake(*target, *call)
        told = project.snakemake(*target, "--report", "page.html", *call)
        page = (project.folder / "page.html").read_text()
        for text in (told.stdout, told.stderr, page):
            assert not re.search(r"system-message|\((?:ERROR|WARNING|SEVERE)/\d\)", text)
        (introduction,) = re.findall(r"workflow_desc = (.*);", page)
        assert "<strong>quick</strong>" in introduction
        assert ("showResultInfo" in introduction) == bool(target)
