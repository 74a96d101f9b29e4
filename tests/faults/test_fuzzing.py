"""Malformed YAML and corrupted netCDF files: every command ends in one line or in success.

Never in a traceback, a crash of a library, a hang, or a file in another place than the one asked for. Examples are
derived from the code of the tests (``derandomize``), so each run tries the same ones.
"""

import contextlib
import copy
import json
import shutil
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.conftest import ROOT, ProjectCopy
from tests.faults.command_worker import Worker

pytestmark = pytest.mark.slow

def fuzz(examples):
    """Try so many examples, the same each time; a failing one is reported as it was found."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a few results of two experiments, to corrupt."""
    project = ProjectCopy(tmp_path_factory.mktemp("fuzzing") / "project")
    worker = Worker(project.folder)
    for seed in ("1", "2"):
        assert worker.run("simulate", "zenke2015", "--seed", seed, timeout_s=300)["status"] == 0
    assert worker.run("simulate", "dopamine_timing", timeout_s=300)["status"] == 0
    for name, seeds in (("zenke2015", "1,2"), ("dopamine_timing", "1")):
        assert worker.run("aggregate", name, "--seeds", seeds)["status"] == 0
        assert worker.run("evaluate", name)["status"] == 0
    worker.close()
    return project


@pytest.fixture(scope="module")
def worker(project):
    worker = Worker(project.folder)
    yield worker
    worker.close()


def files(folder):
    """Return what is in a folder and above it: nothing may appear beside the project either."""
    return {path for path in folder.parent.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def check_outcome(worker, *arguments, allowed=()):
    """Run a command and check how it ends; the files it may make are removed afterwards."""
    before = files(worker.folder)
    outcome = worker.run(*arguments)
    made = files(worker.folder) - before
    assert outcome["traceback"] == ""
    assert outcome["status"] in (0, 1, 2), outcome
    if outcome["status"] == 2:
        lines = [line for line in outcome["err"].splitlines() if not line.startswith("replay")]
        assert len(lines) == 1, outcome["err"]
        assert lines[0].startswith("error: ")
        assert not made, made
    assert made <= {worker.folder / name for name in allowed}
    for path in made:
        path.unlink()
    return outcome


# --- YAML -------------------------------------------------------------------------------------------------------------

def plain(name):
    """Return the content of an experiment's file; texts are shortened, as their length costs parsing time only."""
    content = YAML(typ="safe", pure=True).load((ROOT / "config/experiments" / f"{name}.yaml").read_text())
    for key in ("references", "claims", "errata"):
        content[key] = content.get(key, [])[:1]
    return json.loads(json.dumps(content))


BASES = ("zenke2015", "dopamine_timing", "stdp_window", "izhikevich2007_pavlov", "clopath2010_pairing")
CONTENTS = {name: plain(name) for name in BASES}


def places(content, path=()):
    """Return the paths of all entries inside mappings and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found = []
    for key, value in items:
        found += [(*path, key), *places(value, (*path, key))]
    return found


PLACES = {name: places(content) for name, content in CONTENTS.items()}

SENSELESS = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 1.5, 1e15, -1e15, 1e300, 5e-324, -0.0),
        *(float("nan"), float("inf"), -float("inf"), "", " ", "1", "1 ms", "100 mV", "1e3", "NaN", "x" * 100_000),
        *([], [[]], [0.0], [1.0, "a"], [None], [-1], [2**70], [1, 1], [1e300, 1e300], {}, {"value": 1}, {"a": {"b": []}}),
        *("../../../etc/passwd", "/etc/passwd", "..", "a/b", "a\0b", "a\nb", "\u202e\u0000", "é中😀", "__init__", "rendering"),
        *("zenke2015", "fuzzed", "homeostatic_stdp", "_dopamine", "os", "quick", "0x10", "2001-01-01", "~", "=", "<<"),
    ]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated_contents(draw):
    """Return an experiment's content after one to three changes: a key gone, renamed or added, another value."""
    name = draw(st.sampled_from(BASES))
    content = copy.deepcopy(CONTENTS[name])
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(PLACES[name]))
        parent = content
        with contextlib.suppress(KeyError, IndexError, TypeError):
            for step in above:
                parent = parent[step]
            change = draw(st.sampled_from(["value", "value", "value", "delete", "rename", "add"]))
            if change == "value":
                parent[key] = draw(SENSELESS)
            elif change == "delete":
                del parent[key]
            elif change == "rename":
                parent[draw(st.sampled_from([f"{key}s", str(key).upper(), "based_on", "<<"]))] = parent.pop(key)
            else:
                parent[draw(st.text(max_size=10))] = draw(SENSELESS)
    return content


def to_yaml(content):
    """Return YAML: JSON is YAML, but for the numbers that JSON has not."""
    return json.dumps(content).replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")


SNIPPETS = st.sampled_from(
    [
        *("!!python/object/apply:os.system ['touch evaluated']", "!!python/name:os.system", "!!binary aGk=", "!foo bar"),
        *("&a [*a]", "*undefined", "<<: *a", "? [1, 2]\n: 3\n", "? {a: b}\n: c\n", "%YAML 9.9\n---\n", "---\n---\n", "...\n"),
        *("\t", "\0", "\x07", "\ufeff", "\ud7ff", "é", "😀", ": : :", "- - - -", "'", '"', "|", ">", "#", "@", "`", "%", "{", "}"),
        *("[" * 5000, "{a: " * 2000, "- " * 3000, "0x" + "f" * 5000, "9" * 5000, "1e99999", "0b2", "2001-99-99", "1:99:99"),
        *("!!set {a, b}", "!!omap [a: 1]", "!!timestamp 2001-13-45", "!!int abc", "!!float x", "!!bool maybe", "!!null x"),
    ]
)


@st.composite
def mutated_texts(draw):
    """Return the bytes of an experiment's file after changes of the text: cut, overwritten, snippets put in."""
    text = to_yaml(CONTENTS[draw(st.sampled_from(BASES))]).encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(["cut", "bytes", "snippet", "alone", "double"]))
        if change == "cut":
            text = text[:start]
        elif change == "bytes":
            text = text[:start] + draw(st.binary(min_size=1, max_size=8)) + text[start + 1 :]
        elif change == "snippet":
            text = text[:start] + draw(SNIPPETS).encode() + text[start:]
        elif change == "alone":
            text = draw(SNIPPETS).encode()
        else:
            text = text[:start] + text
    return text


FUZZED = "config/experiments/fuzzed.yaml"


def check_experiment(worker, content):
    (worker.folder / FUZZED).write_bytes(content)
    try:
        check_outcome(worker, "info", "fuzzed")
    finally:
        (worker.folder / FUZZED).unlink()


@fuzz(700)
@given(mutated_contents())
def test_mutated_experiment(worker, content):
    check_experiment(worker, to_yaml(content).encode())


@fuzz(300)
@given(mutated_texts())
def test_mutated_text_of_an_experiment(worker, content):
    check_experiment(worker, content)
