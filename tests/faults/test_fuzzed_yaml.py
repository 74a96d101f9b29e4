"""Malformed YAML files: every command ends in one line or in success.

Never in a traceback, a crash of a library, a hang, or a file in another place than the one asked for. Examples are
derived from the code of the tests (``derandomize``), so each run tries the same ones.
"""

import ast
import contextlib
import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.conftest import ROOT, STUDIES
from tests.faults.fuzzing import SENSELESS, check_outcome, fuzz, places

pytestmark = pytest.mark.slow


def plain(name):
    """Return the content of an experiment's file; texts are shortened, as their length costs parsing time only."""
    content = YAML(typ="safe", pure=True).load(next(STUDIES.glob(f"*/experiments/{name}.yaml")).read_text())
    for key in ("references", "claims", "errata"):
        content[key] = content.get(key, [])[:1]
    return json.loads(json.dumps(content))


BASES = ("zenke2015", "dopamine_timing", "stdp_window", "izhikevich2007_pavlov", "clopath2010_pairing")
CONTENTS = {name: plain(name) for name in BASES}
PLACES = {name: places(content) for name, content in CONTENTS.items()}

#: The smallest of them. What is left of them as an experiment is simulated, too, which takes a tenth of a second.
SMALL = ("zenke2015", "stdp_window")


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
    return name, content


def to_yaml(content):
    """Return YAML: JSON is YAML, but for the numbers that JSON has not."""
    return json.dumps(content).replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")


# fmt: off
SNIPPETS = st.sampled_from(
    [
        "!!python/object/apply:os.system ['touch evaluated']", "!!python/name:os.system", "!!binary aGk=", "!foo bar",
        "&a [*a]", "*undefined", "<<: *a", "? [1, 2]\n: 3\n", "? {a: b}\n: c\n", "%YAML 9.9\n---\n", "---\n---\n",
        "...\n", "\t", "\0", "\x07", "\ufeff", "\ud7ff", "é", "😀", ": : :", "- - - -", "'", '"', "|", ">", "#", "@",
        "`", "%", "{", "}", "[" * 5000, "{a: " * 2000, "- " * 3000, "0x" + "f" * 5000, "9" * 5000, "1e99999", "0b2",
        "2001-99-99", "1:99:99", "!!set {a, b}", "!!omap [a: 1]", "!!timestamp 2001-13-45", "!!int abc", "!!float x",
        "!!bool maybe", "!!null x",
    ]
)
# fmt: on


@st.composite
def mutated_texts(draw):
    """Return the bytes of an experiment's file after changes of the text: cut, overwritten, snippets put in."""
    text = to_yaml(CONTENTS[draw(st.sampled_from(SMALL))]).encode()
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
    """Write an experiment's file and read it; return the outcome."""
    (worker.folder / FUZZED).write_bytes(content)
    try:
        return check_outcome(worker, "info", "fuzzed")
    finally:
        (worker.folder / FUZZED).unlink()


def numbers(content):
    """Return all finite numbers in an experiment's parameters."""
    parameters = content.get("parameters") if isinstance(content, dict) else None
    values = (parameters, *(entry for path in places(parameters) for entry in [value_at(parameters, path)]))
    return [abs(each) for each in values if isinstance(each, int | float) and math.isfinite(each)]


def value_at(content, path):
    for step in path:
        content = content[step]
    return content


def is_as_small(content, original):
    """Say whether a run takes no more steps or memory than the original's, as far as its numbers tell."""
    lowest = min(each for each in numbers(original) if each > 0)
    return all(each == 0 or lowest <= each <= max(numbers(original)) for each in numbers(content))


@fuzz(150)
@given(mutated_contents())
def test_mutated_experiment(worker, mutated):
    name, content = mutated
    text = to_yaml(content).encode()
    if check_experiment(worker, text)["status"] == 0 and name in SMALL and is_as_small(content, CONTENTS[name]):
        (worker.folder / FUZZED).write_bytes(text)
        try:
            check_outcome(worker, "simulate", "fuzzed", "--scale", "quick", "-o", "out.nc", makes=["out.nc"])
        finally:
            (worker.folder / FUZZED).unlink()


@fuzz(100)
@given(mutated_texts())
def test_mutated_text_of_an_experiment(worker, content):
    check_experiment(worker, content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!!python/object/apply:os.system ['touch evaluated']\n", "no valid YAML"),
        ("title: !!python/object/apply:os.system ['touch evaluated']\n", "no valid YAML"),
        ("based_on: fuzzed\n", "based_on: 'fuzzed' is based on this file itself"),
        ("based_on: ../../README\n", "based_on: no experiment '../../README'"),
        ("based_on: zenke2015\ntitle: t\nprotocol: ../cli\n", "protocol: no protocol '../cli'"),
        ("based_on: zenke2015\ntitle: t\nprotocol: _dopamine\n", "protocol: no protocol '_dopamine'"),
        ("based_on: zenke2015\ntitle: t\nfigure: {module: ../cli}\n", "figure.module: String should match pattern"),
        (
            "based_on: zenke2015\ntitle: t\nfigure: {module: rendering}\n",
            "figure.module: no figure 'rendering'",
        ),
        ("based_on: zenke2015\ntitle: t\nfigure: {module: zenke2015, beside: {a: ../b}}\n", "figure.beside.a: "),
        ("based_on: zenke2015\ntitle: t\npeer: {simulator: s, summary: ../a.nc}\n", "inside the project"),
        ("based_on: zenke2015\ntitle: t\npeer: {simulator: s, summary: /etc/passwd}\n", "inside the project"),
        ("based_on: zenke2015\ntitle: t\nscales: {quick: {seeds: 1000000000}}\n", "scales."),
    ],
)
def test_nothing_is_evaluated_and_no_name_leads_elsewhere(worker, text, message):
    (worker.folder / FUZZED).write_text(text)
    try:
        outcome = check_outcome(worker, "info", "fuzzed")
    finally:
        (worker.folder / FUZZED).unlink()
    assert outcome["status"] == 2
    assert message in outcome["err"]


def test_aliases_that_grow_are_refused(worker):
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 12))
    (worker.folder / FUZZED).write_text("l0: &l0 [a, a]\n" + levels)
    try:
        assert "its aliases make more than" in check_outcome(worker, "info", "fuzzed")["err"]
    finally:
        (worker.folder / FUZZED).unlink()


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_text_that_nests_deeply_is_refused(worker, opening):
    # The parser in C would overrun the stack and take the process with it.
    (worker.folder / FUZZED).write_text(opening * 100_000)
    try:
        assert check_outcome(worker, "info", "fuzzed")["status"] == 2
    finally:
        (worker.folder / FUZZED).unlink()


def test_name_of_a_file_that_is_no_name(worker):
    path = worker.folder / "config/experiments/my-own.yaml"
    path.write_text("based_on: zenke2015\ntitle: t\n")
    try:
        assert "letters, digits and '_' only" in check_outcome(worker, "info", "zenke2015")["err"]
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epoch_ms", value) for value in ("1e15", "1e300", "0", "-1", ".nan", ".inf", "[1]", "1 s")),
        *(("dt_ms", value) for value in ("1e-12", "5e-324", "1e300")),
        *(("population_size", value) for value in ("2147483648", "1e3", "10000000000000000000000000")),
        *(("pre_times_ms", value) for value in ("[1e300]", "[.nan]", "[-1.0]", "{}", "&a [*a]")),
        ("sample_interval_ms", "1e18"),
        ("rates_Hz", "[]"),
    ],
)
def test_absurd_number_is_refused_before_simulating(worker, name, value):
    outcome = check_outcome(worker, "simulate", "zenke2015", "--set", f"{name}={value}", "-o", "out.nc")
    assert outcome["status"] == 2
    assert name in outcome["err"] or "--set" in outcome["err"]


@pytest.mark.parametrize(
    "seeds", ["1-", "-1", "a", "1--2", "1,", "1,1", "3-1", "1-99999999999", "1-1000000", "9" * 5000, "²", "1e3"]
)
@pytest.mark.parametrize("command", ["simulate", "aggregate"])
def test_malformed_seeds(worker, command, seeds):
    assert check_outcome(worker, command, "zenke2015", f"--seeds={seeds}")["status"] == 2


def test_more_memory_than_there_is_ends_in_one_line(worker):
    arguments = ("--set", "population_size=2000000000", "--set", "record_trains=true", "-o", "out.nc")
    assert (
        "MB of memory, resources.mem_mb of its experiment allows"
        in check_outcome(worker, "simulate", "zenke2015", *arguments)["err"]
    )


@fuzz(25)
@given(SENSELESS)
def test_malformed_configuration(worker, value):
    config = worker.folder / "config/config.yaml"
    original = config.read_bytes()
    for content in ({"scale": value}, {"experiments": value}, {"seeds": value}, {"seeds": {"zenke2015": value}}, value):
        config.write_text(to_yaml(content))
        try:
            check_outcome(worker, "check", "zenke2015")
        finally:
            config.write_bytes(original)


def test_source_evaluates_nothing():
    for path in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(path.read_text())
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        # numba keeps machine code as pickles: read after their SHA-256 (test_numba_cache.py).
        pickles = set() if path.name == "compilation.py" else {"pickle", "pickle.load", "pickle.loads"}
        assert not called & ({"eval", "exec", "compile", "os.system", "yaml.load"} | pickles), path
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & ({"dill", "shelve", "marshal", "yaml"} | pickles), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "YAML":
                assert "typ='safe'" in ast.unparse(node), path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", path
