"""Compare what jobs used with what their rules declare: python benchmarks/resources.py [FOLDER].

Reads every file of results/benchmarks (or FOLDER), where Snakemake writes the peak memory and the duration of each job
together with the memory and the time that it had asked for. Exit status 1 if a job used more than it had asked for.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from replasticity.pipeline import costs
from replasticity.storage import project


@dataclass(frozen=True)
class Usage:
    """What one job used and what it had asked for, of memory [MB] or time [min]."""

    job: str
    rule: str
    resource: str
    used: float
    declared: float


def usages(folder: Path) -> Iterator[Usage]:
    """Yield memory and time of each job that has left a benchmark file below the folder."""
    for job in costs.of_jobs(folder):
        if not math.isnan(job.memory_MB):
            yield Usage(job.job, job.rule, "mem_mb", job.memory_MB, job.resources["mem_mb"])
        yield Usage(job.job, job.rule, "runtime", job.wall_s / 60, job.resources["runtime"])


def exceeded(folder: Path) -> list[Usage]:
    """Return the usages that are larger than declared."""
    return [usage for usage in usages(folder) if usage.used > usage.declared]


def main() -> int:
    """Print a Markdown table of the job of each rule that came closest to what it had declared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=project.benchmarks_folder())
    folder = parser.parse_args().folder
    closest: dict[tuple[str, str], Usage] = {}
    for usage in usages(folder):
        key = (usage.rule, usage.resource)
        if key not in closest or usage.used / usage.declared > closest[key].used / closest[key].declared:
            closest[key] = usage
    if not closest:
        sys.exit(f"{folder}: no benchmark files; 'make figures' makes them")
    print("| rule | resource | declared | used | job |\n| --- | --- | --- | --- | --- |")
    for usage in closest.values():
        print(f"| {usage.rule} | {usage.resource} | {usage.declared:g} | {usage.used:.4g} | {usage.job} |")
    for usage in exceeded(folder):
        print(f"MORE THAN DECLARED: {usage}", file=sys.stderr)
    return 1 if exceeded(folder) else 0


if __name__ == "__main__":
    sys.exit(main())
