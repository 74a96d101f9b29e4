"""The mutants fit the present source: the data of ``run.py`` cannot rot."""

import ast

import pytest

from tests.conftest import ROOT
from tests.mutants import run

MODULES, MUTANTS = run.load()


def test_ids_are_unique_and_listed_in_the_report():
    ids = [mutant.id for mutant in MUTANTS]
    assert len(set(ids)) == len(ids)
    assert list(run.rows(run.REPORT.read_text())) == ids


def test_every_survivor_is_explained_and_no_caught_mutant_is():
    caught_by = run.rows(run.REPORT.read_text())
    for mutant in MUTANTS:
        assert caught_by[mutant.id].startswith(run.SURVIVED) == bool(mutant.survives), mutant.id


def test_the_report_is_what_the_script_writes():
    report = run.REPORT.read_text()
    assert run.render(MUTANTS, run.rows(report)) == report


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_fits_the_source(mutant):
    source = (ROOT / mutant.path).read_text()
    mutated = mutant.applied_to(source)
    # More than a comment changes.
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))
    assert mutant.file in MODULES


@pytest.mark.parametrize("file", MODULES)
def test_the_tests_of_a_module_exist(file):
    assert any(mutant.file == file for mutant in MUTANTS)
    for test in MODULES[file].tests:
        assert (ROOT / test.partition("::")[0]).is_file(), test
    for experiment in MODULES[file].check:
        assert (ROOT / f"config/experiments/{experiment}.yaml").is_file(), experiment
