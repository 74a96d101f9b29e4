"""Measuring child processes, and what many measurements say: median, spread, ratios, growth exponents."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent

#: Each process computes on one thread, whatever libraries it loads.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class FailedError(Exception):
    """A measured process did not succeed."""


@dataclass(frozen=True)
class Process:
    """What a finished process has cost.

    Attributes
    ----------
    wall_s, cpu_s : float
        Time from start to end, and processor time of it and its own children [s].
    peak_MB : float
        Highest resident memory of the process, or of one of its children if that is more [MB].
    output : str
        What it wrote to standard output.
    """

    wall_s: float
    cpu_s: float
    peak_MB: float
    output: str

    def last_json(self) -> Any:
        """Return the last line of the output, read as JSON."""
        return json.loads(self.output.strip().splitlines()[-1])


def run(command: Sequence[str | Path], folder: Path = ROOT, environment: dict[str, str] | None = None) -> Process:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str or Path
        Program and arguments.
    folder : Path
        Working folder.
    environment : dict of str to str, optional
        Variables in addition to those of this process.

    Returns
    -------
    Process
        Its cost and output.

    Raises
    ------
    FailedError
        If it does not exit with 0; the message ends with what it said last.
    """
    with tempfile.NamedTemporaryFile() as cost:
        # Without site-packages and user settings the launcher is small and quick.
        launcher = [sys.executable, "-I", "-S", HERE / "launcher.py", cost.name]
        finished = subprocess.run(
            [*map(str, launcher), *map(str, command)],
            cwd=folder,
            env=os.environ | ONE_THREAD | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode:
            said = "\n".join(finished.stdout.strip().splitlines()[-15:])
            raise FailedError(f"{' '.join(map(str, command))}: exit status {finished.returncode}\n{said}")
        return Process(**json.load(cost), output=finished.stdout)


def replasticity(*arguments: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> Process:
    """Run ``python -m replasticity`` with the sources of a checkout."""
    sources = {"PYTHONPATH": str(folder / "src")}
    return run([sys.executable, "-m", "replasticity", *arguments], folder, sources | (environment or {}))


def alternate(candidates: dict[str, Callable[[], dict[str, float]]], repeats: int) -> dict[str, dict[str, list[float]]]:
    """Measure several candidates again and again, in alternating order, so that a drift of the machine hits all.

    Parameters
    ----------
    candidates : dict of str to callable
        Name -> a function that measures it once and returns quantity -> value.
    repeats : int
        Measurements that count. One more comes first, to fill caches.

    Returns
    -------
    dict of str to dict of str to list of float
        Candidate -> quantity -> values.
    """
    measured: dict[str, dict[str, list[float]]] = {name: {} for name in candidates}
    for repetition in range(repeats + 1):
        order = list(candidates) if repetition % 2 else list(reversed(candidates))
        for name in order:
            values = candidates[name]()
            for quantity, value in values.items() if repetition else ():
                measured[name].setdefault(quantity, []).append(value)
    return measured


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copy_of_project(folder: Path) -> Path:
    """Return a copy of the files that git knows, as they are now, without results and caches."""
    target = folder / "project"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def verdict(is_met: bool) -> str:
    """Say whether an aim is met."""
    return "met" if is_met else "**missed**"


def spread(values: Sequence[float]) -> str:
    """Return median and range, such as ``1.30 (1.28 to 1.41)``."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{number(middle)} ({number(low)} to {number(high)})"


def number(value: float) -> str:
    """Return a number with three significant digits, without an exponent where it is read easily."""
    if value == 0 or not np.isfinite(value):
        return str(value)
    if 1e-4 <= abs(value) < 1e6:
        decimals = max(0, 2 - int(np.floor(np.log10(abs(value)))))
        return f"{value:,.{decimals}f}"
    return f"{value:.2e}"


def ratio(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of two medians, and its lowest and highest value over the pairs of repetitions."""
    pairs = [a / b for a, b in zip(above, below, strict=True)]
    return statistics.median(above) / statistics.median(below), min(pairs), max(pairs)


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the exponent of cost = constant * size ** exponent, fitted by least squares on logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def steepest_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the largest exponent between neighbouring sizes: a fixed cost does not hide growth there."""
    return float(np.max(np.diff(np.log(costs)) / np.diff(np.log(sizes))))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
