"""Where the files of a project are: configuration, results and the gallery."""

import os
import sys
from pathlib import Path

from replasticity.errors import UserError

_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parents[1]
#: A project has one of them.
_MARKS = (Path("config") / "config.yaml", Path("config") / "experiments")


def root() -> Path:
    """Return the project's folder: the nearest parent of the working folder with a configuration (`_MARKS`).

    Returns
    -------
    Path
        That folder, or else the checkout from which this package is installed.

    Raises
    ------
    UserError
        If there is neither.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, _CHECKOUT):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    marks = " nor ".join(map(str, _MARKS))
    raise UserError(f"{here}: neither {marks} here or above; run this inside a clone of replasticity")


def cache_folder(of: str) -> Path:
    """Return the folder in which a library keeps what it would have to find out again."""
    return root() / ".cache" / of


def data_file(name: str) -> Path:
    """Return a file that a YAML file names: that of the project, or else that of the checkout that is installed."""
    own = root() / name
    return own if own.exists() else _CHECKOUT / name


def run_file(experiment: str, seed: int) -> Path:
    """Return the file of one run."""
    return root() / "results" / "runs" / experiment / f"seed-{seed}.nc"


def record_file(experiment: str, seeds: str) -> Path:
    """Return the record of a simulate job, such as ``record_file("zenke2015", "1-40")``."""
    return run_file(experiment, 0).with_name(f"seeds-{seeds}.json")


def seeds_file(experiment: str, seeds: str) -> Path:
    """Return the file with a list of seeds that is too long for a command line, by the name of the seeds."""
    return root() / "results" / "seeds" / experiment / f"{seeds}.txt"


def ensemble_file(experiment: str) -> Path:
    """Return the file of an experiment's ensemble."""
    return root() / "results" / "ensembles" / f"{experiment}.nc"


def evaluation_file(experiment: str) -> Path:
    """Return the file of an experiment's verdicts."""
    return root() / "results" / "evaluations" / f"{experiment}.json"


def figure_file(figure: str, suffix: str) -> Path:
    """Return the file of a rendered figure, such as ``figure_file("zenke2015", "svg")``."""
    return root() / "results" / "figures" / f"{figure}.{suffix}"


def replay_files() -> list[Path]:
    """Return the files of all replays that have been made, sorted."""
    return sorted((root() / "results" / "replays").glob("*.json"))


def benchmarks_folder() -> Path:
    """Return the folder of what jobs cost: below it one folder per rule, or one file if the rule has one job."""
    return root() / "results" / "benchmarks"


def report_file() -> Path:
    """Return the file of the report."""
    return root() / "results" / "report.html"


def gallery_folder() -> Path:
    """Return the folder of the committed pictures."""
    return root() / "figures"


def put_this_python_first() -> None:
    """Let the jobs that this process starts find its own Python, also where its environment is not activated."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def shown(path: Path) -> str:
    """Return a path as a reader wants it: relative to the working folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
