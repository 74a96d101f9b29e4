"""Errata of a simulator that runs here are still there, or their files say since when they are not."""

import json
import subprocess
from pathlib import Path

import pytest

from replasticity.definitions import experiments
from replasticity.errors import PeerUnavailableError
from replasticity.peers import environments

PROBES = Path(__file__).parent / "upstream_nest.py"

#: What NEST computes; its examples and tests come without it. An erratum of a description is not among them.
COMPILED = ("nest/nest-simulator: models/", "nest/nest-simulator: nestkernel/")
ONLY_WORDS = {"logarithmic-derivative"}


def of_nest():
    """Return the errata of what NEST computes, with their experiments."""
    errata = [(name, each) for name in experiments.names() for each in experiments.load(name).errata if each.upstream]
    return {each.id: (name, each) for name, each in errata if each.upstream.where.startswith(COMPILED)}


@pytest.fixture(scope="module")
def present():
    """Return which errata the installed NEST has."""
    try:
        environment = environments.require("nest")
    except PeerUnavailableError as error:
        pytest.skip(str(error))
    command = [environment.python, "-I", "-B", PROBES]
    clean = environments.without_python_variables()
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=clean)
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("erratum", sorted(of_nest().keys() - ONLY_WORDS))
def test_an_erratum_of_nest_is_still_there(erratum, present):
    experiment, found = of_nest()[erratum]
    label = environments.environment("nest").label
    assert erratum in present, f"erratum {erratum} needs a probe in {PROBES.name}"
    if present[erratum]:
        assert found.upstream.state != "fixed", f"erratum {erratum} of {experiment} is in {label}"
    else:
        assert found.upstream.state == "fixed", f"erratum {erratum} is fixed in {label}: set fixed_in in {experiment}"


def test_an_erratum_that_is_fixed_says_in_which_version_of_what():
    errata = [(name, each) for name in experiments.names() for each in experiments.load(name).errata if each.upstream]
    fixed = {(name, each.id): each.upstream.fixed_in for name, each in errata if each.upstream.state == "fixed"}
    assert fixed == {("zenke2015", "exchanged-traces"): "Brian2 2.10.0"}


def test_all_errata_but_those_of_several_others_say_where_they_are_upstream():
    left = {each.id for name in experiments.names() for each in experiments.load(name).errata if each.upstream is None}
    assert left == {"all-together"}
