"""Where the files of a project are: configuration, results and the gallery."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from replasticity.storage import lookups

_PACKAGE = Path(__file__).parents[1]
#: The clone that holds this package; an installed one, which has the workflow inside, lies in none.
CLONE = None if (_PACKAGE / "workflow").is_dir() else _PACKAGE.parents[1]
#: A project has one of them.
_MARKS = (Path("config") / "config.yaml", Path("config") / "experiments")


@lookups.looked_up
def configured() -> Path | None:
    """Return the nearest of the working folder and its parents with a configuration (`_MARKS`), or else the clone."""
    here = Path.cwd()
    candidates = (here, *here.parents, *([CLONE] if CLONE else []))
    return next((folder for folder in candidates if any((folder / mark).exists() for mark in _MARKS)), None)


def root() -> Path:
    """Return the project's folder: the `configured` one, or else the working folder, which needs no configuration."""
    return configured() or Path.cwd()


def packaged(name: str) -> Path:
    """Return one of the folders that stand on top of a clone and inside an installed package.

    Parameters
    ----------
    name : {"config", "profiles", "workflow"}
        Name of the folder. Of ``config`` an installed package has the files without experiments and schemas.
    """
    return (CLONE or _PACKAGE) / name


def is_installed(path: Path) -> bool:
    """Return True if a path lies inside an installed package, whose files are not the user's to write."""
    return CLONE is None and path.resolve().is_relative_to(_PACKAGE.resolve())


def workflow_file() -> str:
    """Return the Snakefile for ``module: snakefile:`` in another one."""
    return str(packaged("workflow") / "Snakefile")


def cache_folder(of: str) -> Path:
    """Return the folder in which a library keeps what it would have to find out again.

    It is that of the project. For an installed package it is beside what Python itself has compiled of it, for all
    projects, unless nothing can be written there.
    """
    if CLONE is None and os.access(_PACKAGE, os.W_OK):
        return _PACKAGE / "__pycache__" / of
    return root() / ".cache" / of


#: Experiment or figure -> the folder of its results, where that is not ``results``.
_MOVED: dict[str, Path] = {}


@contextlib.contextmanager
def results_kept_in(folder: Path | None, *names: str) -> Iterator[None]:
    """Let runs, ensembles, verdicts and figures of experiments be below another folder; None: in ``results``."""
    if folder is not None:
        _MOVED.update(dict.fromkeys(names, folder))
    try:
        yield
    finally:
        for name in names:
            _MOVED.pop(name, None)


def results_folder(of: str = "") -> Path:
    """Return the folder of all results, or that of the results of an experiment or a figure."""
    return _MOVED.get(of) or root() / "results"


def run_file(experiment: str, seed: int) -> Path:
    """Return the file of one run."""
    return results_folder(experiment) / "runs" / experiment / f"seed-{seed}.nc"


def record_file(experiment: str, seeds: str) -> Path:
    """Return the record of a simulate job, such as ``record_file("zenke2015", "1-40")``."""
    return run_file(experiment, 0).with_name(f"seeds-{seeds}.json")


def seeds_file(experiment: str, seeds: str) -> Path:
    """Return the file with a list of seeds that is too long for a command line, by the name of the seeds."""
    return results_folder() / "seeds" / experiment / f"{seeds}.txt"


def ensemble_file(experiment: str) -> Path:
    """Return the file of an experiment's ensemble."""
    return results_folder(experiment) / "ensembles" / f"{experiment}.nc"


def evaluation_file(experiment: str) -> Path:
    """Return the file of an experiment's verdicts."""
    return results_folder(experiment) / "evaluations" / f"{experiment}.json"


def figure_file(figure: str, suffix: str) -> Path:
    """Return the file of a rendered figure, such as ``figure_file("zenke2015", "svg")``."""
    return results_folder(figure) / "figures" / f"{figure}.{suffix}"


def replay_files() -> list[Path]:
    """Return the files of all replays that have been made, sorted."""
    return sorted((results_folder() / "replays").glob("*.json"))


def conformance_files() -> list[Path]:
    """Return the files of all comparisons beside other simulators that the workflow has made, sorted."""
    return sorted((results_folder() / "conform").glob("*.json"))


def peer_ensemble_file(experiment: str, peer: str, seed: int) -> Path:
    """Return the file of the statistics of one seed that another simulator has run."""
    return results_folder() / "peers" / f"{experiment}-{peer}" / f"seed-{seed}.nc"


def peer_summary_file(experiment: str, peer: str) -> Path:
    """Return the file of the statistics of all seeds that another simulator has run."""
    return results_folder() / "peers" / f"{experiment}-{peer}.nc"


def robustness_file(experiment: str) -> Path:
    """Return the file with what was found about an experiment's claims around its printed parameters."""
    return results_folder() / "robustness" / f"{experiment}.json"


def robustness_files(experiments: Iterable[str]) -> list[Path]:
    """Return those of the files with what was found about some experiments that are there, sorted."""
    return sorted(path for name in experiments if (path := robustness_file(name)).is_file())


def robustness_figure(experiment: str, suffix: str) -> Path:
    """Return the file of the figure of what was found, such as ``robustness_figure("zenke2015", "svg")``."""
    return results_folder() / "figures" / "robustness" / f"{experiment}.{suffix}"


def robustness_part_file(experiment: str, part: str) -> Path:
    """Return the file of a part of that, such as ``robustness_part_file("zenke2015", "within-0.1/sobol-0-15")``."""
    return results_folder() / "robustness" / experiment / f"{part}.nc"


def robustness_record_file(experiment: str, parts: str) -> Path:
    """Return the record of a job that makes some of these parts, by their places, such as ``"1-17"``."""
    return results_folder() / "robustness" / experiment / f"parts-{parts}.json"


def benchmarks_folder() -> Path:
    """Return the folder of what jobs cost: below it one folder per rule, or one file if the rule has one job."""
    return results_folder() / "benchmarks"


def report_file() -> Path:
    """Return the file of the report."""
    return results_folder() / "report.html"


def gallery_folder() -> Path:
    """Return the folder of the committed pictures."""
    return root() / "figures"


def put_this_python_first() -> None:
    """Let the jobs that this process starts find its own Python, also where its environment is not activated."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def shown(path: Path) -> str:
    """Return a path as a reader wants it: relative to the working folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
