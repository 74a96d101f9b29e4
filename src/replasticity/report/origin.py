"""Where results come from: versions, machine, and what each rule of the workflow has cost."""

import csv
import importlib.metadata
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from replasticity import __version__, project

#: Libraries that results and pictures depend on.
_LIBRARIES = ("numpy", "numba", "scipy", "xarray", "netCDF4", "matplotlib", "plotly", "snakemake")


def versions() -> dict[str, str]:
    """Return name -> version of this package, Python and the libraries."""
    return {
        "replasticity": __version__,
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def machine() -> dict[str, str]:
    """Return what the machine is that makes the report."""
    return {"system": platform.platform(), "architecture": platform.machine(), "processor": _processor()}


def _processor() -> str:
    """Return the model of the processor; Python itself does not know it on Linux."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]}, {len(models)} logical cores" if models else platform.processor()


@dataclass(frozen=True)
class Cost:
    """What the jobs of one rule took together.

    Attributes
    ----------
    rule : str
        Name of the rule.
    jobs : int
        How many jobs have been measured.
    wall_s, cpu_s : float
        Their time on the clock and on processors, added up [s].
    largest_memory_MB : float
        Resident memory of the largest job [MB].
    """

    rule: str
    jobs: int
    wall_s: float
    cpu_s: float
    largest_memory_MB: float


#: The report's own cost would change with each report.
_NOT_LISTED = ("report",)


def costs() -> list[Cost]:
    """Return what the rules have cost, from the files that Snakemake's ``benchmark:`` has left; dearest first."""
    measured: dict[str, list[dict[str, str]]] = {}
    for path in project.benchmark_files():
        rule = path.relative_to(project.benchmarks_folder()).with_suffix("").parts[0]
        if rule not in _NOT_LISTED:
            measured.setdefault(rule, []).extend(_rows(path))
    listed = [
        Cost(
            rule=rule,
            jobs=len(rows),
            wall_s=sum(_number(row, "s") for row in rows),
            cpu_s=sum(_number(row, "cpu_time") for row in rows),
            largest_memory_MB=max(_number(row, "max_rss") for row in rows),
        )
        for rule, rows in measured.items()
        if rows
    ]
    return sorted(listed, key=lambda cost: (-cost.cpu_s, cost.rule))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _number(row: dict[str, str], column: str) -> float:
    """Return a measurement; Snakemake writes "-" or "NA" for a job too short to be measured."""
    try:
        return float(row[column])
    except (KeyError, TypeError, ValueError):
        return 0.0
