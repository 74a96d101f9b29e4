"""Does the test suite notice faults? Plants those of ``mutants.yaml`` in a copy of the project and says what saw them.

    python tests/mutants/run.py                      # all mutants; writes tests/MUTANTS.md
    python tests/mutants/run.py --only clopath-trace # these only; the other rows of tests/MUTANTS.md stay

A mutant is caught by a fast test of its group that fails in an assertion, or else by the regression check of one of
the group's experiments at quick scale. A crash, a timeout or a warning does not count: such a fault shows itself
without any test.
"""

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

# As a script it finds its own folder only.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.mutants.planting import DATA, ROOT, Group, Mutant, Sources, load

REPORT = ROOT / "tests" / "MUTANTS.md"

#: Not copied: results, caches and environments.
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", ".snakemake", "results", "__pycache__", ".*_cache", ".hypothesis"
)
#: So that a mutant that never ends does not hold up the others.
TIMEOUT_S = 900

SURVIVED = "-"
_ASSERTION = re.compile(r"AssertionError|assert |Failed: DID NOT")
_ROW = re.compile(r"^\| `(?P<id>[\w-]+)` \| .* \| (?P<caught>.*) \|$", re.MULTILINE)


class Copy:
    """A copy of the project in which mutants are planted, one after the other."""

    def __init__(self, folder: Path):
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
        self.environment = {
            name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "PYTEST_ADDOPTS")
        } | {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    def failures(self, tests: Iterable[str], *options: str) -> Iterator[tuple[str, bool]]:
        """Run fast tests, and yield each that fails: its name, and whether it fails in an assertion."""
        report = self.folder / "junit.xml"
        report.unlink(missing_ok=True)
        quietly = ("-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", f"--junitxml={report}")
        self.python("pytest", "-m", "not slow", *quietly, *options, *tests)
        for case in ElementTree.parse(report).iter("testcase"):
            for outcome in (*case.findall("failure"), *case.findall("error")):
                name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"
                yield name, outcome.tag == "failure" and bool(_ASSERTION.match(outcome.get("message", "")))

    def failing_check(self, experiment: str) -> tuple[str, bool] | None:
        """Run the first seed of an experiment, and return what its regression check says against it.

        Returns
        -------
        tuple of (str, bool) or None
            Which check, and whether it found moved numbers or crashed; None if it passes. Seeds that the reference has
            must give the same numbers, so one seed tells as much as several.
        """
        quick = (experiment, "--scale", "quick")
        for command in (
            ("simulate", *quick, "--seed", "1001"),
            ("aggregate", *quick, "--seeds", "1001"),
            ("check", *quick),
        ):
            finished = self.python("replasticity", *command)
            if finished.returncode:
                moved = command[0] == "check" and finished.returncode == 1 and "Traceback" not in finished.stderr
                return f"check of {experiment}", moved
        return None

    def what_notices(self, group: Group) -> tuple[str, bool] | None:
        """Return the first test or check that fails in an assertion; else one that crashes; else None."""
        crashed = None
        for name, asserted in self.failures(group.tests, "-x"):
            if asserted:
                return name, True
            crashed = name, False
        # A crash hides what comes after it.
        for name, asserted in self.failures(group.tests) if crashed else ():
            if asserted:
                return name, True
        for experiment in group.check:
            failed = self.failing_check(experiment)
            if failed and failed[1]:
                return failed
            crashed = crashed or failed
        return crashed

    def try_mutant(self, planted: tuple[Path, str], group: Group, caught_before: str) -> str:
        """Plant a mutant, given the file and its text with the fault; return what caught it, or `SURVIVED` and why.

        The test that caught it before is tried first.
        """
        original, text = planted
        path = self.folder / original.relative_to(ROOT)
        path.write_text(text)
        cache = self.folder / ".cache" / "numba"
        kept = set(cache.glob("*"))
        try:
            noticed = self.what_notices(replace(group, tests=(*still_there(caught_before), *group.tests)))
        except subprocess.TimeoutExpired:
            return f"{SURVIVED} (never ends)"
        finally:
            # With its time of change: numba's machine code of the original stays valid.
            shutil.copy2(original, path)
            for folder in set(cache.glob("*")) - kept:
                shutil.rmtree(folder)
        if noticed is None:
            return SURVIVED
        name, asserted = noticed
        return name if asserted else f"{SURVIVED} (only a crash: {name})"


def require_sound(copy: Copy, groups: list[Group]) -> None:
    """Exit unless the project without a fault passes all tests and checks that are to notice the faults."""
    tests = dict.fromkeys(test for group in groups for test in group.tests)
    failed = [name for name, _ in copy.failures(tests)]
    for experiment in dict.fromkeys(experiment for group in groups for experiment in group.check):
        failed += [name for name, _ in filter(None, [copy.failing_check(experiment)])]
    if failed:
        sys.exit("fails without any fault: " + ", ".join(failed))


def still_there(test: str) -> tuple[str, ...]:
    """Return a test without its parameters if the present tests have it."""
    file, _, function = test.partition("[")[0].partition("::")
    path = ROOT / file
    return (f"{file}::{function}",) if path.is_file() and f"def {function}(" in path.read_text() else ()


def rows(report: str) -> dict[str, str]:
    """Return id -> what caught it, of all mutants of a report."""
    return {row["id"]: row["caught"].strip("`") for row in _ROW.finditer(report)}


def is_caught(caught_by: str) -> bool:
    """Return True if something caught a mutant."""
    return not caught_by.startswith(SURVIVED)


def share_caught(caught_by: Iterable[str]) -> float:
    """Return the share of the mutants that something caught."""
    caught = [is_caught(each) for each in caught_by]
    return sum(caught) / len(caught)


def render(groups: list[Group], caught_by: dict[str, str]) -> str:
    """Return the report: a table of the groups, survivors, and what caught each mutant."""
    mutants = [mutant for group in groups for mutant in group.mutants]
    survivors = [mutant for mutant in mutants if not is_caught(caught_by[mutant.id])]
    share = share_caught(caught_by[mutant.id] for mutant in mutants)
    lines = [
        "# Mutants",
        "",
        "Deliberate small faults, planted one at a time in a copy of the project, and what noticed each: a fast test",
        "that fails in an assertion, or else the regression check at quick scale. Crashes and timeouts do not count.",
        "The faults are in [`mutants/mutants.yaml`](mutants/mutants.yaml), each by the function and the code that it",
        "changes, wherever these stand; `tests/mutants/run.py` writes this file.",
        "",
        f"**{share:.1%}** of the mutants are caught: {len(mutants) - len(survivors)} of {len(mutants)}.",
        "",
        "| group | caught | total |",
        "| --- | ---: | ---: |",
    ]
    for group in groups:
        caught = sum(is_caught(caught_by[mutant.id]) for mutant in group.mutants)
        lines.append(f"| {group.name} | {caught} | {len(group.mutants)} |")
    lines += [f"| **all** | **{len(mutants) - len(survivors)}** | **{len(mutants)}** |", "", "## Survivors", ""]
    lines += [f"- `{one.id}`: {one.survives or 'not explained'}" for one in survivors] or ["None."]
    for group in groups:
        lines += ["", f"## {group.name}", "", "| mutant | fault | caught by |", "| --- | --- | --- |"]
        for one in group.mutants:
            caught_by_one = caught_by[one.id]
            code = is_caught(caught_by_one) and not caught_by_one.startswith("check")
            lines.append(f"| `{one.id}` | {one.fault} | {f'`{caught_by_one}`' if code else caught_by_one} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="ID", help="default: all mutants")
    parser.add_argument("--jobs", type=int, default=1, help="copies that work at the same time; default: 1")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the project without a fault first")
    options = parser.parse_args()
    groups = load()
    group_of = {mutant.id: group for group in groups for mutant in group.mutants}
    caught_by = dict.fromkeys(group_of, f"{SURVIVED} (not tried)")
    if REPORT.exists():
        caught_by |= {name: caught for name, caught in rows(REPORT.read_text()).items() if name in caught_by}
    if unknown := set(options.only or ()) - set(caught_by):
        sys.exit(f"{DATA.name} has no mutant {', '.join(sorted(unknown))}")
    chosen = [
        mutant for group in groups for mutant in group.mutants if options.only is None or mutant.id in options.only
    ]
    sources = Sources()
    planted = {mutant.id: sources.planted(mutant) for mutant in chosen}

    with tempfile.TemporaryDirectory() as folder:
        copies: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        for k in range(options.jobs):
            copies.put(Copy(Path(folder) / f"copy{k}"))
        if not options.no_baseline:
            copy = copies.get()
            require_sound(copy, [group for group in groups if any(mutant in chosen for mutant in group.mutants)])
            copies.put(copy)

        def try_one(mutant: Mutant) -> None:
            copy = copies.get()
            try:
                caught_by[mutant.id] = copy.try_mutant(planted[mutant.id], group_of[mutant.id], caught_by[mutant.id])
            finally:
                copies.put(copy)
            print(f"{mutant.id}: {caught_by[mutant.id]}", flush=True)
            REPORT.write_text(render(groups, caught_by))

        with ThreadPoolExecutor(options.jobs) as workers:
            list(workers.map(try_one, chosen))
    sys.exit(any(not is_caught(caught_by[one.id]) and not one.survives for one in chosen))


if __name__ == "__main__":
    main()
