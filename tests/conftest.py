"""Fixtures that several test folders use."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]

#: What a copy of the project needs to run: everything but results, caches and recordings of single runs.
COPIED = ("Snakefile", "workflow", "src", "config", "figures", "profiles", "environment.yml", "pyproject.toml")

# For the mutants: that an example fails is enough to know.
hypothesis.settings.register_profile("mutants", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])


#: The studies with all that belongs to them.
STUDIES = ROOT / "src/replasticity/studies"

#: A figure's experiment and those beside it: the cheapest ones.
ZENKE = ("zenke2015", "zenke2015_eq15", "zenke2015_paper")


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers():
    """Return one process more than xdist would start: the one that tests a cluster waits for it most of the time."""
    return (yield) + 1


#: The files that take longest, and folders with others; a cluster is waited for most of the time.
LONGEST_FIRST = (
    "cluster",
    "test_random_parameters.py",
    "test_workflow.py",
    "workflow",
    "faults",
    "wheel",
    "docs",
    "peers",
    "benchmarks",
    "testing",
    "making",
)


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no process waits for another one at the end (with --dist loadfile)."""
    folders = (*LONGEST_FIRST, "")
    items.sort(key=lambda item: next(k for k, folder in enumerate(folders) if folder in item.path.parts or not folder))


def heed_interrupts():
    """Let a new process heed SIGINT: what a shell has started in the background inherits that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_module(*arguments, folder, environment, python=sys.executable, check=True) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ...`` in a folder, with this environment and nothing else; it has to succeed if ``check``."""
    finished = subprocess.run(
        [str(python), "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    if check:
        assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished


class ProjectCopy:
    """A copy of the project in a folder of its own, with its own source code, results and cache."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)

    def run(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m ...`` in the copy, with the copy's source code."""
        inherited = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
        environment = inherited | {"PYTHONPATH": str(self.folder / "src")} | environment
        return run_module(*arguments, folder=self.folder, environment=environment, check=check)

    def replasticity(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        return self.run("replasticity", *arguments, **options)

    def snakemake(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        return self.run("snakemake", *arguments, **options)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that occurs in a file."""
        path = self.folder / name
        content = path.read_text()
        assert old in content, f"{name} does not contain {old!r}"
        path.write_text(content.replace(old, new))

    def experiment(self, name: str) -> Path:
        """Return the YAML file of an experiment of a study."""
        return next(self.folder.glob(f"src/replasticity/studies/*/experiments/{name}.yaml"))

    def keep_experiments(self, *names: str) -> None:
        """Remove all other experiments, and what is said of them in these: the rules are the same for all."""
        yaml = YAML()
        # As the files are written, so that tests may edit their text.
        yaml.preserve_quotes = True
        yaml.width = 10_000
        yaml.indent(mapping=2, sequence=4, offset=2)
        for path in self.folder.glob("src/replasticity/studies/*/experiments/*.yaml"):
            if path.stem not in names:
                path.unlink()
                continue
            content = yaml.load(path)
            beside = content.get("figure", {}).get("beside", {})
            gone = [role for role, name in beside.items() if name not in names]
            for role in gone:
                del beside[role]
            for erratum in content.get("errata", []):
                if erratum.get("measured_by", {}).get("corrected", names[0]) not in names:
                    del erratum["measured_by"]
            if gone:
                yaml.dump(content, path)

    def content(self, pattern: str) -> dict[str, bytes]:
        """Return path -> bytes of all files that match, paths relative to the copy."""
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.glob(pattern)}


@pytest.fixture
def project_copy(tmp_path):
    return ProjectCopy(tmp_path / "project")


@pytest.fixture
def in_project(monkeypatch):
    """Run the test in the project's folder, wherever pytest was started."""
    monkeypatch.chdir(ROOT)
    return ROOT
