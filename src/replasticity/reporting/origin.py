"""Where results come from: versions, machine, and what each rule of the workflow has cost."""

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replasticity import __version__
from replasticity.pipeline import costs
from replasticity.storage import project

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
    cores = f"{os.cpu_count()} logical cores"
    return {"system": platform.platform(), "architecture": platform.machine(), "processor": f"{processor()}, {cores}"}


def processor() -> str:
    """Return the model of the processor; Python itself does not know it on Linux."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


@dataclass(frozen=True)
class RuleCost:
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
        Resident memory of the largest job [MB]; NaN if all were too short to be measured.
    """

    rule: str
    jobs: int
    wall_s: float
    cpu_s: float
    largest_memory_MB: float


#: The report's own cost would change with each report.
_NOT_LISTED = ("report",)


def costs_of_rules() -> list[RuleCost]:
    """Return what the rules have cost, dearest first.

    Raises
    ------
    UserError
        If a file of ``results/benchmarks`` is none of Snakemake's.
    """
    measured: dict[str, list[costs.JobCost]] = {}
    for job in costs.of_jobs(project.benchmarks_folder()):
        if job.rule not in _NOT_LISTED:
            measured.setdefault(job.rule, []).append(job)
    listed = [
        RuleCost(
            rule=rule,
            jobs=len(jobs),
            wall_s=sum(job.wall_s for job in jobs),
            cpu_s=float(np.nansum([job.cpu_s for job in jobs])),
            largest_memory_MB=float(np.fmax.reduce([job.memory_MB for job in jobs])),
        )
        for rule, jobs in measured.items()
    ]
    return sorted(listed, key=lambda cost: (-cost.cpu_s, cost.rule))
