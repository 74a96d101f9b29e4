"""The mutants fit the present source: the data of ``run.py`` cannot rot."""

import ast

import pytest

from tests.conftest import ROOT
from tests.mutants import run
from tests.mutants.planting import Mutant, Sources, load

GROUPS = load()
MUTANTS = [mutant for group in GROUPS for mutant in group.mutants]


@pytest.fixture(scope="module")
def sources():
    return Sources()


def test_ids_are_unique_and_listed_in_the_report():
    ids = [mutant.id for mutant in MUTANTS]
    assert len(set(ids)) == len(ids)
    assert list(run.rows(run.REPORT.read_text())) == ids


def test_every_survivor_is_explained_and_no_caught_mutant_is():
    caught_by = run.rows(run.REPORT.read_text())
    for mutant in MUTANTS:
        assert run.is_caught(caught_by[mutant.id]) != bool(mutant.survives), mutant.id


def test_nearly_all_mutants_are_caught():
    assert run.share_caught(run.rows(run.REPORT.read_text()).values()) >= 0.95


def test_the_report_is_what_the_script_writes():
    report = run.REPORT.read_text()
    assert run.render(GROUPS, run.rows(report)) == report


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_fits_the_source(sources, mutant):
    path, mutated = sources.planted(mutant)
    compile(mutated, path, "exec")
    # Not only the layout changes.
    assert ast.dump(ast.parse(mutant.original)) != ast.dump(ast.parse(mutant.replacement))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_tests_of_a_group_exist(group):
    assert group.mutants
    for test in group.tests:
        file, _, function = test.partition("::")
        assert f"def {function}" in (ROOT / file).read_text(), test
    experiments = {path.stem for folder in ("config", "src") for path in (ROOT / folder).glob("**/experiments/*.yaml")}
    assert set(group.check) <= experiments


SOURCE = '''
"""Größen."""

LIMIT = 1.0  # a constant


class Rule:
    def weight(self, x, y):
        ä = "ä"; z = 2 * (  # the sum
            x
            + y
        )
        if z > LIMIT:
            z -= x + y
        elif z:
            z = 0
        else:
            z = 1
            return z
        return z


def weight(x):
    return 1 / (x + x)
'''


def planted(tmp_path, function, original, replacement, **options):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "rule.py").write_text(SOURCE)
    (tmp_path / "other.py").write_text("def weight(z):\n    return z + 1, [z + z], (z + 1) * z\n")
    return Sources(tmp_path).planted(Mutant("id", "fault", function, original, replacement, **options))


@pytest.mark.parametrize(
    ("function", "original", "replacement", "before", "after"),
    [
        # Layout and comments do not matter; what is put in keeps together.
        ("Rule.weight", "2*(x+y)", "x or y", "2 * (  # the sum\n            x\n            + y\n        )", "(x or y)"),
        ("weight", "x + x", "x - 1", "(x + x)", "((x - 1))"),
        ("LIMIT", "1.0", "2.0", "1.0", "(2.0)"),
        ("Rule.weight", "z -= x + y", "z = x\nz = y", "z -= x + y", "z = x\n            z = y"),
        ("Rule.weight", "z = 1\nreturn z", "return 1", "z = 1\n            return z", "return 1"),
    ],
)
def test_only_the_planted_place_changes(tmp_path, function, original, replacement, before, after):
    path, mutated = planted(tmp_path, function, original, replacement)
    assert path.name == "rule.py"
    assert SOURCE.count(before) == 1
    assert mutated == SOURCE.replace(before, after)


def test_one_of_several_occurrences_is_chosen(tmp_path):
    _, mutated = planted(tmp_path, "weight", "z + 1", "z", module="other", occurrence=2)
    assert mutated == "def weight(z):\n    return z + 1, [z + z], ((z)) * z\n"


def test_a_folder_tells_functions_of_one_name_apart(tmp_path):
    path, _ = planted(tmp_path, "weight", "x + x", "x", module="models")
    assert path.name == "rule.py"


@pytest.mark.parametrize(
    ("function", "original", "options", "message"),
    [
        ("weight", "z + 1", {}, "2 times"),
        ("weight", "z + 1", {"occurrence": 3}, "0 times"),
        ("weight", "x + x", {"module": "other"}, "0 times"),
        ("Rule.weight", "if z:\n    z = 0\nelse:\n    z = 1\n    return z", {}, "no function"),
        ("Rule.height", "x + y", {}, "It is in: Rule in rule.py, Rule.weight in rule.py$"),
    ],
)
def test_what_is_not_there_once_is_refused(tmp_path, function, original, options, message):
    with pytest.raises(LookupError, match=message):
        planted(tmp_path, function, original, "0", **options)
