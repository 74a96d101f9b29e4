"""What the jobs of the workflow have cost, from the files that Snakemake's ``benchmark:`` leaves."""

import ast
import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replasticity import project
from replasticity.errors import UserError

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
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        for row in rows:
            try:
                cost = JobCost(
                    job=str(job),
                    rule=job.parts[0],
                    wall_s=float(row["s"]),
                    cpu_s=_number(row["cpu_time"]),
                    memory_MB=_number(row["max_rss"]),
                    ended_s=path.stat().st_mtime,
                    resources=ast.literal_eval(row.get("resources", "{}")),
                )
            except (KeyError, TypeError, ValueError, SyntaxError) as error:
                raise UserError(f"{project.shown(path)}: no benchmark of Snakemake; delete it") from error
            yield cost


def _number(text: str) -> float:
    return math.nan if text in _NOT_MEASURED else float(text)
