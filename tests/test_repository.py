"""The repository itself: pins, schemas, gallery and contracts agree with each other."""

import importlib.util
import json
import re
import subprocess
import tomllib
from itertools import chain

import pytest
from ruamel.yaml import YAML

from replasticity.definitions import experiments, schemas
from replasticity.judging import regression
from replasticity.reporting.markdown import as_code, as_text
from replasticity.storage import project
from tests.conftest import ROOT


def generator():
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools/environment_from_lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lock():
    return (ROOT / "requirements.lock").read_text()


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_direct_dependency_is_pinned_within_its_range(lock):
    from packaging.requirements import Requirement

    project_table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project_table["optional-dependencies"].values()
    direct = [Requirement(text) for text in chain(project_table["dependencies"], *extras)]
    pins = {}
    for pinned in generator().pinned(lock):
        requirement = Requirement(pinned)
        pins.setdefault(normal(requirement.name), []).append(str(requirement.specifier).removeprefix("=="))
    for requirement in direct:
        versions = pins[normal(requirement.name)]
        assert len(versions) == 1, f"{requirement.name}: one version on all supported Pythons, so that results agree"
        assert requirement.specifier.contains(versions[0]), requirement


def test_every_pin_has_a_hash_and_no_host(lock):
    for block in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in lock
    assert "index" not in lock


def test_conda_environments_have_exactly_the_locked_versions(lock):
    tool = generator()
    listed = {}
    for path, content in tool.environments(lock).items():
        assert path.read_text() == content, "run `make lock`"
        listed[path] = YAML(typ="safe").load(content)["dependencies"][-1]["pip"]
    assert listed[tool.DEVELOPING] == tool.pinned(lock)
    running = {pin.partition("==")[0] for pin in listed[tool.RUNNING]}
    assert {"numba", "snakemake", "snakemake-executor-plugin-slurm"} < running
    assert not running & {"pytest", "ruff", "mypy", "playwright", "hypothesis"}


def test_environment_python_is_supported():
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert python == ">=3.11"
    for path in (generator().RUNNING, generator().DEVELOPING):
        assert "python=3.11" in path.read_text()


def test_every_rule_names_the_environment_to_run():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for name in re.findall(r"conda:\n\s+\"(.*)\"", path.read_text()):
            assert (path.parent / name).resolve() == generator().RUNNING


def test_schemas_are_generated_from_the_models(in_project):
    for path, content in schemas.all_schemas().items():
        assert path.read_text() == content, f"{path}: run `python -m replasticity schema`"


def test_every_experiment_loads_and_has_a_reference(in_project):
    for name in experiments.names():
        for scale in experiments.SCALES:
            resolved = experiments.resolve(name, scale)
            if scale != "full" and resolved.seeds:
                reference = regression.read_reference(resolved)
                assert reference["parameters_digest"] == resolved.digest, f"{name}: accept-reference renews it"


def test_gallery_shows_every_figure_and_verdict(in_project):
    page = (project.gallery_folder() / "README.md").read_text()
    for name in experiments.names():
        experiment = experiments.load(name)
        if experiment.figure is not None:
            assert f"]({name}.png)" in page
            for suffix in ("png", "svg", "pdf"):
                assert (project.gallery_folder() / f"{name}.{suffix}").is_file()
            assert experiments.reference_file(name, "nc").is_file()
        for claim in experiment.claims:
            assert f"{as_text(claim.statement)} ({as_code(claim.id)}, " in page, f"{name}: run `make gallery`"


@pytest.mark.parametrize("page", ["README.md", "config/README.md", "docs/models/README.md", "figures/README.md"])
def test_links_of_a_page_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / page).read_text())
    assert links
    missing = [link for link in links if "://" not in link and not ((ROOT / page).parent / link).exists()]
    assert missing == []


def test_no_registry_host_or_path_of_a_machine_is_tracked():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    words = ["pypi" + ".org", "python" + "hosted", "npm" + "js", "deb." + "debian", "anaconda" + ".org"]
    for name in filter(None, tracked.split("\0")):
        path = ROOT / name
        if path.suffix in {".nc", ".png", ".pdf"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], name


def test_citation_is_complete():
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())
    dois = [reference["doi"] for reference in citation["references"]]
    assert len(set(dois)) == len(dois)
    assert all(reference["title"] and reference["authors"] for reference in citation["references"])


def test_changelog_and_package_have_one_version():
    from replasticity import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert json.dumps(__version__).strip('"') in (ROOT / "CITATION.cff").read_text()
