"""What a user's settings, environment and terminal may not change: the bytes of figures, and that commands work."""

import shutil

import pytest

from tests.conftest import ProjectCopy

STYLE = """\
figure.dpi: 300
savefig.bbox: tight
axes.grid: True
lines.marker: o
axes.facecolor: black
font.family: serif
axes.prop_cycle: cycler("color", ["r", "g"])
axes.unicode_minus: False
savefig.transparent: True
pdf.compression: 0
svg.fonttype: path
path.simplify: False
image.cmap: jet
"""
RUN = "results/runs/zenke2015/seed-1001"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run, its ensemble and its evaluation, and what is drawn of it where nothing is set."""
    project = ProjectCopy(tmp_path_factory.mktemp("made") / "project")
    project.keep_experiments("zenke2015_paper", "zenke2015", "zenke2015_eq15")
    for name in ("zenke2015_paper", "zenke2015", "zenke2015_eq15"):
        project.replasticity("simulate", name, "--scale", "quick", "--seeds", "1001-1003")
        project.replasticity("aggregate", name, "--scale", "quick")
    project.replasticity("evaluate", "zenke2015")
    project.expected = drawn(project)
    return project


def drawn(project, **environment):
    """Draw a run and return the bytes of the figure in each format."""
    project.replasticity("plot", "zenke2015", f"{RUN}.nc", **environment)
    return {suffix: (project.folder / f"{RUN}.{suffix}").read_bytes() for suffix in ("pdf", "svg", "png")}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (STYLE.encode(), "folder"),
        (STYLE.encode(), "MATPLOTLIBRC"),
        (STYLE.encode(), "MPLCONFIGDIR"),
        (b"text.usetex: True\n", "folder"),
        (b"backend: nonsense\naxes.grid: \xff\xfe\n", "folder"),
        (b"axes.prop_cycle: broken(\n", "folder"),
    ],
    ids=["style", "style-named", "style-of-user", "latex", "undecodable", "broken"],
)
def test_matplotlibrc_changes_no_byte(made, tmp_path, content, place):
    folder = made.folder if place == "folder" else tmp_path
    (folder / "matplotlibrc").write_bytes(content)
    environment = {} if place == "folder" else {place: str(folder)}
    try:
        assert drawn(made, **environment) == made.expected
    finally:
        (folder / "matplotlibrc").unlink()


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "nonsense"},
        {"MPLBACKEND": "TkAgg"},
        {"SOURCE_DATE_EPOCH": "abc"},
        {"SOURCE_DATE_EPOCH": "9" * 30},
        {"SOURCE_DATE_EPOCH": "-1"},
        {"SOURCE_DATE_EPOCH": "0"},
        {"PYTHONOPTIMIZE": "2"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=lambda environment: "-".join(f"{key}={value[:5]}" for key, value in environment.items()),
)
def test_environment_changes_no_byte(made, environment):
    assert drawn(made, **environment) == made.expected


@pytest.mark.slow
def test_commands_work_without_docstrings_and_asserts(made, tmp_path):
    project = object.__new__(ProjectCopy)
    project.folder = tmp_path / "project"
    shutil.copytree(made.folder, project.folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = project.content("results/*/**/*.nc") | project.content("results/evaluations/*")
    for path in (project.folder / "results/runs/zenke2015").glob("*"):
        path.unlink()
    project.replasticity("simulate", "zenke2015", "--scale", "quick", "--seeds", "1001-1003", PYTHONOPTIMIZE="2")
    project.replasticity("aggregate", "zenke2015", "--scale", "quick", PYTHONOPTIMIZE="2")
    project.replasticity("evaluate", "zenke2015", PYTHONOPTIMIZE="2")
    assert project.content("results/*/**/*.nc") | project.content("results/evaluations/*") == before
    for command in (["--help"], ["list"], ["claims"]):
        assert project.replasticity(*command, PYTHONOPTIMIZE="2").stdout == project.replasticity(*command).stdout
    refused = project.replasticity("schema", PYTHONOPTIMIZE="2", check=False)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    project.snakemake("-n", "--cores", "1", PYTHONOPTIMIZE="2")


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["latin-1", "ascii"],
)
def test_terminals_without_our_characters_get_others(made, environment):
    encoding = environment.get("PYTHONIOENCODING", "ascii")
    for command in (["claims"], ["list"], ["info", "zenke2015"]):
        printed = made.replasticity(*command, **environment).stdout
        assert printed.encode(encoding)
        assert "+--" in printed
    assert "corrected - published" in made.replasticity("claims", **environment).stdout
    refused = made.replasticity(
        "info", "n\N{MINUS SIGN}\N{GREEK SMALL LETTER TAU}\N{SNOWMAN}", check=False, **environment
    )
    assert refused.stderr.startswith("error: n")
    assert len(refused.stderr.splitlines()) == 1
