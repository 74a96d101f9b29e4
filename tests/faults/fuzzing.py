"""What the tests with malformed files share: how a command may end, and values that make no sense."""

import os
from collections.abc import Collection
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.faults.command_worker import Worker


def fuzz(examples):
    """Try so many examples, the same each time; a failing one is reported as it was found."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        # Each example starts a command: a failing one is shown as it is, not made smaller.
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return file -> size and time of its last change: of a folder, and of all that appears beside it."""
    found = {}
    for name, folders, names in os.walk(folder.parent):
        # Machine code and fonts are kept there.
        folders[:] = [each for each in folders if each != ".cache"]
        for path in (Path(name, each) for each in names):
            status = path.lstat()
            found[path] = status.st_size, status.st_mtime_ns
    return found


def check_outcome(worker: Worker, *arguments: str, makes: Collection[str] = ()) -> dict[str, object]:
    """Run a command and check how it ends: with success, or one line and no file made or changed.

    ``makes`` names the files that a success may make or change, relative to the project, beside the marks of what was
    made without Snakemake. They are removed afterwards.
    """
    before = files(worker.folder)
    outcome = worker.run(*arguments)
    after = files(worker.folder)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert outcome["traceback"] == ""
    assert outcome["status"] in (0, 1, 2), outcome
    if outcome["status"] == 2:
        # A replay that takes long says how far it is.
        lines = [line for line in outcome["err"].splitlines() if " % after " not in line]
        assert len(lines) == 1, outcome["err"]
        assert lines[0].startswith("error: ")
        assert not changed, changed
    marks = {path for path in changed if path.is_relative_to(worker.folder / "results/direct")}
    assert changed - marks <= {worker.folder / name for name in makes}, changed
    for path in changed:
        path.unlink(missing_ok=True)
    return outcome


def places(content, path=()):
    """Return the paths of all entries inside mappings and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found = []
    for key, value in items:
        found += [(*path, key), *places(value, (*path, key))]
    return found


# fmt: off
SENSELESS = st.sampled_from(
    [
        None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 1.5, 1e15, -1e15, 1e300, 5e-324, -0.0,
        float("nan"), float("inf"), -float("inf"), "", " ", "1", "1 ms", "100 mV", "1e3", "NaN", "x" * 100_000,
        [], [[]], [0.0], [1.0, "a"], [None], [-1], [2**70], [1, 1], [1e300, 1e300], {}, {"value": 1}, {"a": {"b": []}},
        "../../../etc/passwd", "/etc/passwd", "..", "a/b", "a\0b", "a\nb", "\u202e\u0000", "é中😀", "__init__",
        "rendering", "zenke2015", "fuzzed", "clopath2010_network", "shared", "os", "quick", "0x10", "2001-01-01", "~",
        "=", "<<",
    ]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
# fmt: on
