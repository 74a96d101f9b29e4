"""What the jobs of the workflow have cost, from the files that Snakemake's ``benchmark:`` leaves."""

import ast
import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replasticity.errors import UserError
from replasticity.storage import project

#: What Snakemake writes of a job that ended before it was looked at for the first time.
_NOT_MEASURED = ("NA", "-")


@dataclass(frozen=True)
class JobCost:
    """What one job has cost.

    Attributes
    ----------
    job : str
        Path of its file below the folder of all, without suffix, such as ``simulate/zenke2015/seeds-1-40``.
    rule : str
        Name of its rule, the first part of that path.
    wall_s : float
        Time on the clock [s].
    cpu_s, memory_MB : float
        Time on processors [s] and largest resident memory [MB]; NaN if the job was too short to be measured.
    ended_s : float
        When the job ended, as its file was written then [s since 1970].
    resources : dict of str to object
        What the job had asked for, such as ``mem_mb``; empty if the file does not say.
    """

    job: str
    rule: str
    wall_s: float
    cpu_s: float
    memory_MB: float
    ended_s: float
    resources: dict[str, Any]


def of_jobs(folder: Path) -> Iterator[JobCost]:
    """Yield the cost of each measured job.

    Parameters
    ----------
    folder : Path
        ``results/benchmarks``, or one like it.

    Raises
    ------
    UserError
        If a file is no benchmark of Snakemake. The message names it.
    """
    for path in sorted(folder.glob("**/*.tsv")):
        job = path.relative_to(folder).with_suffix("")
        try:
            with path.open(encoding="utf-8", newline="") as file:
                jobs = [_job_cost(job, row, path.stat().st_mtime) for row in csv.DictReader(file, delimiter="\t")]
        except (
            csv.Error,
            LookupError,
            MemoryError,
            OSError,
            RecursionError,
            SyntaxError,
            TypeError,
            ValueError,
        ) as error:
            # Python's own parser raises some of these for a nested text.
            raise UserError(f"{project.shown(path)}: no benchmark of Snakemake; delete it") from error
        yield from jobs


def _job_cost(job: Path, row: dict[str, str], ended_s: float) -> JobCost:
    """Return the cost that a row tells; raise whatever a row of something else makes Python stumble over."""
    resources = ast.literal_eval(row.get("resources", "{}"))
    if not isinstance(resources, dict):
        raise TypeError("'resources' has to be a dictionary")
    wall_s = _amount(row["s"])
    if math.isnan(wall_s):
        raise ValueError("'s' has to be a number")
    return JobCost(
        job=str(job),
        rule=job.parts[0],
        wall_s=wall_s,
        cpu_s=_amount(row["cpu_time"]),
        memory_MB=_amount(row["max_rss"]),
        ended_s=ended_s,
        resources=resources,
    )


#: No job takes so many seconds or megabytes; more would not even add up.
_LARGEST_AMOUNT = 1e12


def _amount(text: str) -> float:
    """Return an amount of time or memory; NaN if it has not been measured."""
    if text in _NOT_MEASURED:
        return math.nan
    amount = float(text)
    if not 0 <= amount <= _LARGEST_AMOUNT:
        raise ValueError(f"has to be from 0 to {_LARGEST_AMOUNT:g}")
    return amount
