"""Does the test suite notice faults? Plants those of ``mutants.yaml`` in a copy of the project and says what saw them.

    python tests/mutants/run.py                      # all mutants; writes tests/MUTANTS.md
    python tests/mutants/run.py --only clopath-trace # these only; the other rows of tests/MUTANTS.md stay

A mutant is caught by a fast test of its module that fails in an assertion, or else by the regression check of one of
the module's experiments at quick scale. A crash, a timeout or a warning does not count: such a fault shows itself
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
from dataclasses import dataclass, replace
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).with_name("mutants.yaml")
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


@dataclass(frozen=True)
class Module:
    """A source file: the fast tests and the experiments that are to notice its faults, the quickest first."""

    tests: tuple[str, ...]
    check: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    """A fault: in ``file`` the text ``before``, which occurs once, becomes ``after``.

    ``survives`` says why nothing notices it; empty if something does.
    """

    id: str
    file: str
    fault: str
    before: str
    after: str
    survives: str = ""

    @property
    def path(self) -> Path:
        """Its file, relative to the project."""
        return Path("src/replasticity") / self.file

    def applied_to(self, source: str) -> str:
        """Return a source text with the fault; ValueError unless ``before`` occurs exactly once."""
        if source.count(self.before) != 1:
            raise ValueError(f"{self.id}: 'before' occurs {source.count(self.before)} times in {self.file}, not once")
        return source.replace(self.before, self.after)


def load() -> tuple[dict[str, Module], list[Mutant]]:
    """Return the modules by file, and the mutants."""
    data = YAML(typ="safe", pure=True).load(DATA)
    modules = {file: Module(tuple(each["tests"]), tuple(each["check"])) for file, each in data["modules"].items()}
    return modules, [Mutant(**each) for each in data["mutants"]]


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

    def what_notices(self, module: Module) -> tuple[str, bool] | None:
        """Return the first test or check that fails in an assertion; else one that crashes; else None."""
        crashed = None
        for name, asserted in self.failures(module.tests, "-x"):
            if asserted:
                return name, True
            crashed = name, False
        # A crash hides what comes after it.
        for name, asserted in self.failures(module.tests) if crashed else ():
            if asserted:
                return name, True
        for experiment in module.check:
            failed = self.failing_check(experiment)
            if failed and failed[1]:
                return failed
            crashed = crashed or failed
        return crashed

    def try_mutant(self, mutant: Mutant, module: Module, caught_before: str) -> str:
        """Plant a mutant, and return what caught it, or `SURVIVED` and why.

        The test that caught it before is tried first.
        """
        path = self.folder / mutant.path
        original = ROOT / mutant.path
        path.write_text(mutant.applied_to(original.read_text()))
        cache = self.folder / ".cache" / "numba"
        kept = set(cache.glob("*"))
        try:
            noticed = self.what_notices(replace(module, tests=(*still_there(caught_before), *module.tests)))
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


def require_sound(copy: Copy, modules: Iterable[Module]) -> None:
    """Exit unless the project without a fault passes all tests and checks that are to notice the faults."""
    modules = list(modules)
    tests = dict.fromkeys(test for module in modules for test in module.tests)
    failed = [name for name, _ in copy.failures(tests)]
    for experiment in dict.fromkeys(experiment for module in modules for experiment in module.check):
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


def render(mutants: list[Mutant], caught_by: dict[str, str]) -> str:
    """Return the report: a table per module, survivors, and what caught each mutant."""
    files = list(dict.fromkeys(mutant.file for mutant in mutants))
    survivors = [mutant for mutant in mutants if caught_by[mutant.id].startswith(SURVIVED)]
    lines = [
        "# Mutants",
        "",
        "Deliberate small faults, planted one at a time in a copy of the project, and what noticed each: a fast test",
        "that fails in an assertion, or else the regression check at quick scale. Crashes and timeouts do not count.",
        "The faults are in [`mutants/mutants.yaml`](mutants/mutants.yaml); `tests/mutants/run.py` writes this file.",
        "",
        "| module | caught | total |",
        "| --- | ---: | ---: |",
    ]
    for file in files:
        ids = [mutant.id for mutant in mutants if mutant.file == file]
        lines.append(f"| `{file}` | {sum(not caught_by[one].startswith(SURVIVED) for one in ids)} | {len(ids)} |")
    lines += [f"| **all** | **{len(mutants) - len(survivors)}** | **{len(mutants)}** |", "", "## Survivors", ""]
    lines += [f"- `{one.id}`: {one.survives or 'not explained'}" for one in survivors] or ["None."]
    for file in files:
        lines += ["", f"## {file}", "", "| mutant | fault | caught by |", "| --- | --- | --- |"]
        for one in mutants:
            if one.file == file:
                caught = caught_by[one.id]
                caught = caught if caught.startswith((SURVIVED, "check")) else f"`{caught}`"
                lines.append(f"| `{one.id}` | {one.fault} | {caught} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="ID", help="default: all mutants")
    parser.add_argument("--jobs", type=int, default=1, help="copies that work at the same time; default: 1")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the project without a fault first")
    options = parser.parse_args()
    modules, mutants = load()
    caught_by = {one.id: f"{SURVIVED} (not tried)" for one in mutants}
    if REPORT.exists():
        caught_by |= {name: caught for name, caught in rows(REPORT.read_text()).items() if name in caught_by}
    if unknown := set(options.only or ()) - set(caught_by):
        sys.exit(f"{DATA.name} has no mutant {', '.join(sorted(unknown))}")
    chosen = [one for one in mutants if options.only is None or one.id in options.only]
    for one in chosen:
        one.applied_to((ROOT / one.path).read_text())

    with tempfile.TemporaryDirectory() as folder:
        copies: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        for k in range(options.jobs):
            copies.put(Copy(Path(folder) / f"copy{k}"))
        if not options.no_baseline:
            copy = copies.get()
            require_sound(copy, [modules[file] for file in dict.fromkeys(one.file for one in chosen)])
            copies.put(copy)

        def try_one(mutant: Mutant) -> None:
            copy = copies.get()
            try:
                caught_by[mutant.id] = copy.try_mutant(mutant, modules[mutant.file], caught_by[mutant.id])
            finally:
                copies.put(copy)
            print(f"{mutant.id}: {caught_by[mutant.id]}", flush=True)
            REPORT.write_text(render(mutants, caught_by))

        with ThreadPoolExecutor(options.jobs) as workers:
            list(workers.map(try_one, chosen))
    sys.exit(any(caught_by[one.id].startswith(SURVIVED) and not one.survives for one in chosen))


if __name__ == "__main__":
    main()
