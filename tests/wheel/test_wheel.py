"""The built archives: what they hold, and the wheel at work where there is no clone, without a network.

The wheel is installed into an environment of its own that sees the libraries of this one, and not this package.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, ProjectCopy, run_module

pytestmark = pytest.mark.slow

#: What a source archive is made from, beside what git ignores.
SOURCES = ("CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "Snakefile", ".gitignore", "pyproject.toml")
FOLDERS = ("config", "profiles", "src", "workflow")

STUDY = (
    r"\w+\.(py|yaml)|experiments/\w+\.yaml|data/\w+\.yaml|nestml/\w+\.(nestml|json)|reference/[\w.]+\.(json|nc)"
    r"|recordings/\w*summary\w*\.nc"
)
PACKAGE = (
    r"replasticity/([a-z_]+/)*\w+\.py",
    r"replasticity/py\.typed",
    r"replasticity/reporting/page\.(css|js|html\.j2)",
    rf"replasticity/(studies|templates)/\w+/({STUDY})",
)
BESIDE = (
    r"config/(config|cluster)\.yaml",
    r"profiles/(default|slurm|cluster-generic)/config\.yaml",
    r"workflow/Snakefile",
    r"workflow/rules/\w+\.smk",
    r"workflow/report/\w+\.rst",
    r"workflow/envs/replasticity(\.yml|\.post-deploy\.sh)",
)


def build(kind, source, folder):
    """Return the archive of a source tree."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    finished = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the tree, with what lies about in one that is worked in."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("results/runs/zenke2015/seed-1.nc", "src/replasticity/__pycache__/cli.pyc", "tests/test_any.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("nothing of this is in an archive")
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(source, tmp_path_factory):
    return build("sdist", source, tmp_path_factory.mktemp("sdist"))


def unexpected(names, *patterns):
    return [name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)]


def test_the_wheel_has_what_it_must_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = [f"replasticity/{pattern}" for pattern in BESIDE]
    inside.append(r"replasticity-[\d.]+\.dist-info/(\w+|entry_points\.txt|licenses/LICENSE)")
    assert unexpected(names, *PACKAGE, *inside) == []
    tree = {f"src/{name}" for name in names}
    needed = {
        str(path.relative_to(ROOT))
        for pattern in ("experiments/*.yaml", "nestml/*", "reference/*", "recordings/*", "*.py", "*.yaml")
        for path in ROOT.glob(f"src/replasticity/studies/*/{pattern}")
    }
    assert needed
    assert needed - tree == set()
    for folder in ("profiles", "workflow"):
        files = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {f"replasticity/{each}" for each in files if ".snakemake" not in each} - set(names) == set()


def test_the_source_archive_has_what_it_must_and_builds_the_same_wheel(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
        names = [name.partition("/")[2] for name in archive.getnames()]
    package = [f"src/{pattern}" for pattern in PACKAGE]
    assert unexpected(names, *package, *BESIDE, *map(re.escape, SOURCES), "PKG-INFO") == []
    (unpacked,) = tmp_path.iterdir()
    # Dates, and the folder that it is built in, are others.
    assert build("wheel", unpacked, tmp_path / "again").read_bytes() == wheel.read_bytes()


class Installed:
    """An environment with the wheel, and an empty folder to work in."""

    def __init__(self, folder: Path, wheel: Path):
        self.home, self.environment = folder / "home", folder / "environment"
        self.home.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.environment], check=True, timeout=120)
        self.python = self.environment / "bin/python"
        pip = [sys.executable, "-m", "pip", "--python", self.python, "--isolated", "install", "--quiet"]
        subprocess.run([*pip, "--no-index", "--no-deps", "--no-cache-dir", wheel], check=True, timeout=120)
        (packages,) = self.environment.glob("lib/python*/site-packages")
        self.package = packages / "replasticity"
        # Paths alone: no `.pth` file in them, such as that of an editable install, is obeyed.
        seen = [each for each in sys.path if Path(each).name in ("site-packages", "dist-packages")]
        (packages / "tested.pth").write_text("".join(f"{each}\n" for each in seen))

    def run(self, *command, folder, check=True):
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("REPLASTICITY", "NUMBA", "PYTHON"))
        }
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        own = {"HOME": str(self.home), "PATH": path, "XDG_CACHE_HOME": str(self.home / ".cache")}
        return run_module(*command, folder=folder, environment=kept | own, python=self.python, check=check)

    def replasticity(self, *arguments, **options):
        return self.run("replasticity", *arguments, **options)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


@pytest.fixture(scope="module")
def made(installed, tmp_path_factory):
    """A folder that was empty, after `figure` at the quick scale."""
    folder = tmp_path_factory.mktemp("figure")
    made = installed.replasticity("figure", "zenke2015", "--scale", "quick", folder=folder)
    return folder, made.stdout


def test_it_is_the_wheel_that_is_tested(installed, tmp_path):
    program = "import replasticity.storage.project as p; print(p.__file__, p.CLONE, p.root())"
    (tmp_path / "where.py").write_text(program)
    found = installed.run("where", folder=tmp_path).stdout.split()
    assert found == [str(installed.package / "storage/project.py"), "None", str(tmp_path)]
    script = installed.environment / "bin/replasticity"
    assert subprocess.run([script, "--version"], capture_output=True, timeout=60).returncode == 0


def test_what_needs_no_run_works_in_an_empty_folder(installed, tmp_path):
    listed = installed.replasticity("list", folder=tmp_path).stdout
    assert "zenke2015" in listed
    assert "tau_H_ms" in installed.replasticity("info", "zenke2015", folder=tmp_path).stdout
    claims = installed.replasticity("claims", folder=tmp_path, check=False)
    assert (claims.returncode, claims.stdout) == (2, "")
    assert re.fullmatch(r"error: results/evaluations: nothing has been evaluated yet; .* figure NAME'\n", claims.stderr)
    recording = ROOT / "tests/peers/zenke/zenke_seed1.nc"
    assert list(tmp_path.iterdir()) == []
    assert "holds" in installed.replasticity("replay", str(recording), folder=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []
    written = installed.replasticity("schema", folder=tmp_path).stdout.split()
    assert "config/schema/zenke2015.json" in written
    for name in ("config", "zenke2015"):
        file = f"config/schema/{name}.json"
        assert (tmp_path / file).read_bytes() == (ROOT / file).read_bytes()


def test_a_run_has_the_bytes_of_a_clones_and_is_drawn(installed, tmp_path):
    installed.replasticity("simulate", "zenke2015", "--seed", "1", folder=tmp_path)
    installed.replasticity("simulate", "zenke2015", "-o", "my.nc", folder=tmp_path)
    clone = object.__new__(ProjectCopy)
    clone.folder = tmp_path / "clone"
    (clone.folder / "config/experiments").mkdir(parents=True)
    clone.replasticity("simulate", "zenke2015", "--seed", "1", PYTHONPATH=str(ROOT / "src"))
    run = "results/runs/zenke2015/seed-1.nc"
    assert (tmp_path / run).read_bytes() == (clone.folder / run).read_bytes()
    drawn = installed.replasticity("plot", "zenke2015", "my.nc", folder=tmp_path).stdout
    assert drawn.split() == ["my.pdf", "my.svg", "my.png"]


def test_a_figure_is_made_with_its_verdicts(made):
    folder, said = made
    assert "reproduced" in said
    assert said.split()[-3:] == [f"results/figures/zenke2015.{suffix}" for suffix in ("pdf", "svg", "png")]
    assert (folder / "results/figures/zenke2015.png").stat().st_size > 10000
    assert {path.name for path in folder.iterdir()} == {"results"}


def test_the_home_folder_stays_empty_and_machine_code_is_with_the_package(installed, made):
    assert list(installed.home.iterdir()) == []
    assert list((installed.package / "__pycache__/numba").rglob("*.nbi"))


def test_where_the_package_is_read_only_machine_code_is_in_the_project(installed, tmp_path):
    # As root everything can be written: what the package asks is answered for it.
    program = (
        "import os; allowed = os.access\n"
        "os.access = lambda path, mode: 'site-packages' not in str(path) and allowed(path, mode)\n"
        "from replasticity.numerics import compilation; from replasticity.storage import project\n"
        "print(compilation.DEFAULT_CACHE, project.cache_folder('code'))\n"
    )
    (tmp_path / "where.py").write_text(program)
    found = installed.run("where", folder=tmp_path).stdout.split()
    assert found == [str(tmp_path / ".cache/numba"), str(tmp_path / ".cache/code")]


def test_a_new_project_makes_its_figures_by_the_packages_rules(installed, made, tmp_path):
    installed.replasticity("init", "mine", folder=tmp_path)
    project = tmp_path / "mine"
    (project / "config/experiments/mine.yaml.example").rename(project / "config/experiments/mine.yaml")
    variant = project / "config/experiments/mine.yaml"
    variant.write_text(
        re.sub(r"^# (?=title|based_on|parameters|  tau|figure|  module)", "", variant.read_text(), flags=re.M)
    )
    call = ("snakemake", "--cores", "2", "--config", "scale=quick", "experiments=[mine]")
    installed.run(*call, folder=project)
    assert (project / "results/figures/mine.svg").is_file()
    assert (project / "results/evaluations/mine.json").is_file()
    again = installed.run(*call, folder=project)
    assert "Nothing to be done" in again.stdout + again.stderr
    # With the other simulator's seeds, which are in the package.
    planned = installed.run(
        "snakemake", "-n", "results/evaluations/zenke2015.json", "--config", "scale=quick", folder=project
    )
    assert "Judging the claims of zenke2015\n" in planned.stdout + planned.stderr


def test_a_new_project_writes_over_nothing(installed, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/README.md").write_text("mine")
    before = hashlib.sha256((tmp_path / "studies/README.md").read_bytes())
    refused = installed.replasticity("init", folder=tmp_path, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert (
        refused.stderr == "error: studies/README.md: exists; a new project writes over nothing: name an empty folder\n"
    )
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["studies", "studies/README.md"]
    assert hashlib.sha256((tmp_path / "studies/README.md").read_bytes()).digest() == before.digest()
