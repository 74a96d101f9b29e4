"""Compare two commits: python benchmarks/compare.py A B [--experiment NAME ...] [--repeats N].

Both are checked out into a temporary folder, their caches are filled, and they are measured in turn: A B A B. Printed
are the ratios B over A of a warm run, of the whole ``simulate`` process and of its memory: above one, B is slower.
Times are processor time, which other work on the machine disturbs least.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import measuring

QUANTITIES = {"draw and run": "simulate_s", "whole process": "process_s", "memory": "peak_MB"}


@contextmanager
def checkouts(commits: list[str]) -> Iterator[list[Path]]:
    """Give a folder with the files of each commit, and remove them at the end."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", measuring.ROOT, *arguments], check=True, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / str(number) for number in range(len(commits))]
        try:
            for folder, commit in zip(folders, commits, strict=True):
                git("worktree", "add", "--quiet", "--detach", str(folder), commit)
            yield folders
        finally:
            for folder in folders:
                if folder.exists():
                    git("worktree", "remove", "--force", str(folder))


def once(folder: Path, experiment: str, scale: str) -> dict[str, float]:
    """Measure one experiment with the sources of a folder, whose own script knows how to call them."""
    command = [sys.executable, folder / "benchmarks/one_run.py", experiment, f'scale="{scale}"']
    phases = measuring.run(command, folder, {"PYTHONPATH": str(folder / "src")}).last_json()
    output = folder / "benchmark.nc"
    process = measuring.replasticity("simulate", experiment, "--scale", scale, "-o", output, folder=folder)
    return {
        "simulate_s": phases["cpu"],
        "process_s": process.cpu_s,
        "peak_MB": process.peak_MB,
    }


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs=2, metavar="COMMIT")
    parser.add_argument("--experiment", nargs="+", default=["zenke2015", "clopath2010", "urbanczik2014", "beats"])
    parser.add_argument("--scale", default="standard")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    a, b = options.commits
    rows = []
    try:
        with checkouts(options.commits) as folders:
            for experiment in options.experiment:
                candidates = {str(folder): partial(once, folder, experiment, options.scale) for folder in folders}
                of_a, of_b = measuring.alternate(candidates, options.repeats).values()
                for label, key in QUANTITIES.items():
                    middle, low, high = measuring.ratio(of_b[key], of_a[key])
                    unit = "MB" if key == "peak_MB" else "s"
                    sides = [f"{measuring.spread(side[key])} {unit}" for side in (of_a, of_b)]
                    rows.append([experiment, label, *sides, f"{middle:.3f} ({low:.3f} to {high:.3f})"])
    except (measuring.FailedError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
    print(measuring.table(["experiment", "of", a, b, f"{b} / {a}"], rows))


if __name__ == "__main__":
    main()
