"""The examples in the docstrings of the Python interface do what they say."""

import doctest
import importlib

import pytest

import replasticity as rp


@pytest.mark.parametrize("module", ["", *sorted(set(rp._MODULES.values()) - {"errors"})])
def test_examples_of_a_module(module, in_project):
    found = importlib.import_module(f"replasticity.{module or 'interface'}")
    outcome = doctest.testmod(found, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0
    assert outcome.attempted > 0


def test_every_function_has_an_example():
    finder = doctest.DocTestFinder(recurse=False)
    for name in rp.__all__:
        if name != "UserError":
            assert any(example.examples for example in finder.find(getattr(rp, name), name)), name
