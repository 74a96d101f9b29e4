"""Compare what jobs used with what their rules declare: python benchmarks/resources.py [FOLDER].

Reads every file of results/benchmarks (or FOLDER), where Snakemake writes the peak memory and the duration of each job
together with the memory and the time that it had asked for. Exit status 1 if a job used more than it had asked for.
"""

import argparse
import ast
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


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
    for path in sorted(folder.glob("**/*.tsv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                declared = ast.literal_eval(row["resources"])
                job = str(path.relative_to(folder).with_suffix(""))
                # NA: the job was over before Snakemake looked at its memory for the first time.
                if row["max_rss"] not in ("NA", "-"):
                    yield Usage(job, row["rule_name"], "mem_mb", float(row["max_rss"]), declared["mem_mb"])
                yield Usage(job, row["rule_name"], "runtime", float(row["s"]) / 60, declared["runtime"])


def exceeded(folder: Path) -> list[Usage]:
    """Return the usages that are larger than declared."""
    return [usage for usage in usages(folder) if usage.used > usage.declared]


def main() -> int:
    """Print a Markdown table of the job of each rule that came closest to what it had declared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("results/benchmarks"))
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
