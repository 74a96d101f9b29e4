"""The documentation site builds without a warning, is whole, has each experiment; a mistake in a page is noticed."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from replasticity.definitions import experiments
from tests.conftest import ROOT

EXTENSIONS = ROOT / "docs/_ext"


def checker():
    spec = importlib.util.spec_from_file_location("check_site", EXTENSIONS / "check_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(source, configuration, output, *options):
    """Build as `make docs` does."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", *options]
    command += ["-c", str(configuration), "-d", str(output / "doctrees"), str(source), str(output / "html")]
    return subprocess.run(command, cwd=source, capture_output=True, text=True)


class Texts(HTMLParser):
    """The text of a page."""

    def __init__(self, page):
        super().__init__()
        self.parts = []
        self.feed(page)

    def handle_data(self, data):
        self.parts.append(data)

    def __str__(self):
        return "".join(self.parts)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, ROOT / "docs", folder, "-j", "2")
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
def test_make_docs_calls_the_same():
    recipe = (ROOT / "Makefile").read_text().partition("\ndocs:")[2].partition("\n\n")[0]
    assert "sphinx --fail-on-warning --keep-going --quiet" in recipe
    assert "-c docs" in recipe


@pytest.mark.slow
def test_site_has_no_dead_link_no_lost_page_and_loads_nothing_over_the_network(site):
    assert checker().findings(site, "docs/index.html") == []
    assert len(list(site.rglob("*.html"))) > 40


@pytest.mark.slow
def test_every_experiment_with_its_values_is_in_the_reference(site, in_project):
    pages = "".join(str(Texts(path.read_text())) for path in site.glob("docs/reference/generated/experiments/*.html"))
    anchors = {
        anchor
        for path in site.glob("docs/reference/generated/experiments/*.html")
        for anchor in re.findall(r'id="([^"]+)"', path.read_text())
    }
    for name in experiments.names():
        experiment = experiments.load(name)
        assert re.sub(r"[^a-z0-9]+", "-", name.lower()) in anchors
        assert " ".join(experiment.title.split()) in pages
        if experiment.based_on is None:
            for source in experiment.parameters.model_dump(mode="json").values():
                assert " ".join(source["source"].split()) in pages


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "printed"),
    [
        ("tutorials/notebook", "tau_H_s: unknown key"),
        ("tutorials/reproduce_a_figure", "40 of 40 seeds"),
        ("tutorials/change_a_parameter", "has to be greater than 0"),
        ("tutorials/add_a_study", "13 ok, 1 missing"),
        ("how_to/replay", "zenke_seed1.nc: holds"),
    ],
)
def test_code_of_the_pages_ran(site, page, printed):
    assert printed in str(Texts((site / f"docs/{page}.html").read_text()))


PAGE = "# A page\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nothing wrong: [here](#a-page).\n", None),
        ("[nowhere](other.md)\n", "other.md"),
        ("[no such heading](#other)\n", "other"),
        ('<a href="#other">raw</a>\n', "leads to no anchor"),
        ('<img src="https://example.org/picture.png" alt="far">\n', "over the network"),
        ('<img src="index.html">\n', "without a text"),
        ("```{commands}\nfalse\ntrue\n```\n", "exit status 1"),
        ("```{commands}\ncd /nowhere || true\n```\n", None),
        ("```{py:function} missing\n```\n\n{py:func}`mising`\n", "mising"),
    ],
)
def test_a_mistake_in_a_page_ends_the_build(tmp_path, text, expected):
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n"
        "extensions = ['myst_parser', 'check_site', 'commands', 'repository_links']\n"
        "nitpicky = True\nmyst_heading_anchors = 3\nhtml_theme = 'basic'\n"
    )
    (source / "index.md").write_text(PAGE + text)
    done = build(source, source, tmp_path)
    if expected is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode != 0
        assert expected in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("code", "status"), [("1 + 1", 0), ("1 / 0", 2)])
def test_a_cell_that_raises_ends_the_build(tmp_path, code, status):
    source = tmp_path / "source"
    source.mkdir()
    as_the_site = "\n".join(re.findall(r"^nb_.*$", (ROOT / "docs/conf.py").read_text(), flags=re.MULTILINE))
    (source / "conf.py").write_text(f"extensions = ['myst_nb']\nhtml_theme = 'basic'\n{as_the_site}\n")
    head = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n"
    (source / "index.md").write_text(f"{head}{PAGE}```{{code-cell}} ipython3\n{code}\n```\n")
    done = build(source, source, tmp_path)
    assert done.returncode == status, done.stderr
    assert ("ExecutionError" in done.stderr) == (status != 0)
