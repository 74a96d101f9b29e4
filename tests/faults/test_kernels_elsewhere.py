"""Kernels of a user's own package: the next process sees an edit anywhere in it, and compiles no other one again."""

import enum
import importlib
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import vectorize
from numba.extending import overload, register_jitable

from replasticity.numerics import compilation, dependencies
from replasticity.numerics.compilation import njit
from tests.conftest import ROOT
from tests.outside import LAB, edit, write

CALL = """
from lab.forgetting import course

print(course(10.0)[-1], len(course(10.0)), sum(course.stats.cache_hits.values()))
"""


@pytest.fixture
def lab(tmp_path):
    return write(LAB, tmp_path / "lab")


def call(lab):
    """Return what the kernel gives in a process of its own, and whether it was taken from the cache."""
    environment = {
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{lab.parent}",
        "NUMBA_CACHE_DIR": str(lab.parent / "cache"),
    }
    finished = subprocess.run(
        [sys.executable, "-c", CALL], env=os.environ | environment, cwd=lab.parent, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    last, length, hits = finished.stdout.split()
    return float(last), int(length), int(hits)


@pytest.mark.slow
def test_an_edit_in_any_file_is_seen_and_only_an_edit_compiles_again(lab):
    first = pytest.approx(0.9**19)
    assert call(lab) == (first, 20, 0)
    assert call(lab) == (first, 20, 1)
    # Touched, and another comment.
    for path in lab.glob("*.py"):
        path.write_text(path.read_text() + "\n# The same code.\n")
    assert call(lab) == (first, 20, 1)
    edit(lab / "steps.py", "1 - 1 / tau_ms", "1 - 2 / tau_ms")
    assert call(lab) == (pytest.approx(0.8**19), 20, 0)
    edit(lab / "constants.py", "20", "30")
    assert call(lab) == (pytest.approx(0.8**29), 30, 0)
    assert call(lab) == (pytest.approx(0.8**29), 30, 1)
    # What it was is still there.
    edit(lab / "constants.py", "30", "20")
    edit(lab / "steps.py", "1 - 2 / tau_ms", "1 - 1 / tau_ms")
    assert call(lab) == (first, 20, 1)


@pytest.mark.slow
def test_what_was_edited_after_its_import_is_not_kept_as_the_edited(lab):
    edit(lab / "steps.py", "from replasticity", "from pathlib import Path\n\nfrom replasticity")
    imported = (lab / "steps.py").read_text()
    # As in a notebook: the file is another one when the kernel is called.
    own = f"\nPath(__file__).write_text({imported.replace('1 - 1', '1 - 2')!r})\n"
    (lab / "steps.py").write_text(imported + own)
    assert call(lab) == (pytest.approx(0.9**19), 20, 0)
    assert call(lab) == (pytest.approx(0.8**19), 20, 0)


class Pair(NamedTuple):
    a: float
    b: float


class Kind(enum.Enum):
    ONE = 1


FROZEN = 1.0
TABLE = np.arange(3.0)
PAIR = Pair(1.0, 2.0)
RECORD = np.dtype([("a", "f8")])
DEEP = ModuleType("deep")
DEEP.inside = ModuleType("deep.inside")
DEEP.inside.value = 1
SIGNIFICANT = Kind.ONE


@njit
def inner(x):
    return x + FROZEN


@njit
def kernel(x):
    table, record = TABLE, np.zeros(1, RECORD)
    return inner(x) + table[0] + PAIR.a + record[0].a + DEEP.inside.value + math.sqrt(x) + (SIGNIFICANT == Kind.ONE)


def changed_code(monkeypatch):
    monkeypatch.setattr(inner, "py_func", lambda x: x - FROZEN)


def changed_options(monkeypatch):
    monkeypatch.setitem(inner.targetoptions, "fastmath", True)


def changed_value_inside_a_module(monkeypatch):
    monkeypatch.setattr(DEEP.inside, "value", 2)


def changed(name, value):
    def change(monkeypatch):
        monkeypatch.setitem(globals(), name, value)

    return pytest.param(change, id=f"{name}_{type(value).__name__}")


@pytest.mark.parametrize(
    "change",
    [
        changed_code,
        changed_options,
        changed_value_inside_a_module,
        changed("FROZEN", 2.0),
        # Equal, and compiled to something else.
        changed("FROZEN", 1),
        changed("FROZEN", True),
        changed("TABLE", np.arange(3.0)[::-1]),
        changed("TABLE", np.arange(3)),
        changed("TABLE", np.arange(3.0)[:, np.newaxis]),
        changed("PAIR", Pair(1.0, 3.0)),
        changed("PAIR", (1.0, 2.0)),
        changed("RECORD", np.dtype([("b", "f8")])),
        changed("inner", njit(lambda x: x)),
        changed("Kind", enum.Enum("Kind", {"ONE": 2})),
        changed("SIGNIFICANT", 1),
    ],
)
def test_whatever_a_kernel_uses_is_in_its_digest(monkeypatch, change):
    before = dependencies.digest(kernel.py_func)
    assert dependencies.digest(kernel.py_func) == before
    change(monkeypatch)
    assert dependencies.digest(kernel.py_func) != before


def test_what_a_kernel_does_not_use_is_not(monkeypatch):
    before = dependencies.digest(kernel.py_func)
    monkeypatch.setattr(DEEP, "other", 2, raising=False)
    monkeypatch.setitem(globals(), "OTHER", 2)
    assert dependencies.digest(kernel.py_func) == before


def test_kernels_made_by_one_function_with_different_values_are_told_apart():
    def made(value):
        def added(x, more=value):
            return x + value + more

        return added

    assert dependencies.digest(made(1)) == dependencies.digest(made(1))
    assert len({dependencies.digest(made(value)) for value in (1, 1.0, 2)}) == 3


def test_kernels_that_call_each_other_have_a_digest():
    names = {"njit": njit}
    exec("def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n > 0 and even(n - 1)", names)
    assert dependencies.digest(names["even"]) != dependencies.digest(names["odd"])


def test_what_is_registered_for_another_function_counts(monkeypatch):
    before = dependencies.digest(kernel.py_func)
    registered = dependencies.builtin_registry.functions
    monkeypatch.setattr(dependencies.builtin_registry, "functions", list(registered))

    def stood_for(x):
        raise NotImplementedError

    @overload(stood_for)
    def _overload(x):
        return lambda x: x

    overloaded = dependencies.digest(kernel.py_func)
    register_jitable(fastmath=True)(stood_for)
    assert len({before, overloaded, dependencies.digest(kernel.py_func)}) == 3


@vectorize(["f8(f8)"])
def half(x):
    return x / 2


def test_a_kernel_that_uses_what_has_no_digest_is_compiled_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation, "_FOLDER", tmp_path)

    @njit
    def halved(x):
        return half(x)

    @njit
    def plain(x):
        return 2 * x

    with pytest.raises(dependencies.UnknownDependencyError):
        dependencies.digest(halved.py_func)
    assert halved(4.0) == 2.0
    assert not list(tmp_path.rglob("*.nb?"))
    assert plain(4.0) == 8.0
    assert list(tmp_path.rglob("*.nbc"))


def test_not_more_than_some_versions_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation, "_FOLDER", tmp_path)
    monkeypatch.setattr(compilation, "_MOST_VERSIONS", 3)

    def made(value):
        @njit
        def added(x):
            return x + value

        return added

    assert [made(value)(1) for value in range(5)] == [1, 2, 3, 4, 5]
    assert len(list(tmp_path.rglob("*.nbc"))) == 3
    kept = [made(value) for value in range(5)]
    assert [kernel(1) for kernel in reversed(kept)] == [5, 4, 3, 2, 1]
    assert [sum(kernel.stats.cache_hits.values()) for kernel in kept] == [0, 0, 1, 1, 1]


def compiled_modules():
    for path in compilation.compiled_sources():
        parts = Path("replasticity", path.relative_to(compilation.PACKAGE)).with_suffix("").parts
        yield importlib.import_module(".".join(part for part in parts if part != "__init__"))


def test_each_kernel_of_ours_has_a_digest_that_is_the_same_in_all_processes():
    code = "from tests.faults.test_kernels_elsewhere import digests_of_ours; print(digests_of_ours())"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": "7"}
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    ours = digests_of_ours()
    assert len(ours) > 100
    assert finished.stdout.strip() == str(ours)


def digests_of_ours():
    found = {}
    for module in compiled_modules():
        for name, value in vars(module).items():
            if isinstance(value, numba.core.dispatcher.Dispatcher):
                found[f"{module.__name__}.{name}"] = dependencies.digest(value.py_func)[:12]
    return found
