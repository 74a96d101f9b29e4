"""What each gate says of a study: `verify` for the command line, `study_tests` for pytest."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from replasticity import terminal
from replasticity.errors import UserError
from replasticity.storage import datasets
from replasticity.testing.gates import GATES, Gate
from replasticity.testing.subjects import Finding, NothingToCheckError, Study

OK = "ok"
NOTHING = "-"
MISSING = "missing"
FAILED = "FAILED"
NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True)
class Outcome:
    """What a gate says of a study.

    Attributes
    ----------
    gate : Gate
        The gate.
    status : str
        `OK`, `NOTHING` (there is nothing to check), `MISSING` (something has still to be made), `FAILED`, or
        `NOT_LOOKED_AT` (what has ended a gate before it ends this one).
    findings : tuple of Finding
        What is wrong, or missing.
    note : str
        What there is not, where there is nothing to check.
    is_ended : bool
        Whether its only finding has ended it, so that it says nothing of what the gate looks at.
    """

    gate: Gate
    status: str
    findings: tuple[Finding, ...] = ()
    note: str = ""
    is_ended: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong or missing."""
        return self.status in (OK, NOTHING)


def outcome_of(gate: Gate, study: Study) -> Outcome:
    """Return what a gate says of a study; a failure of the study's code is a finding that names the line.

    In Python's development mode, ``python -X dev``, it ends with a traceback instead.
    """
    try:
        with datasets.content_of():
            findings = tuple(gate.check(study))
    except NothingToCheckError as error:
        return Outcome(gate, NOTHING, note=str(error))
    except Exception as error:
        # What is not a mistake that is told in a line may still be one of the study, such as a missing library.
        known = isinstance(error, UserError | FloatingPointError)
        mistake = error if known else datasets.mistake_in_a_study(error)
        if mistake is None or sys.flags.dev_mode:
            raise
        return Outcome(gate, FAILED, (Finding("", terminal.one_line(mistake)),), is_ended=True)
    if not findings:
        return Outcome(gate, OK)
    return Outcome(gate, MISSING if all(each.is_missing for each in findings) else FAILED, findings)


def verify(name: str) -> Iterator[Outcome]:
    """Yield what each gate says of a study, as soon as it is known.

    Parameters
    ----------
    name : str
        Name of the study.

    Yields
    ------
    Outcome
        Of each gate, in the order of `GATES`.

    Raises
    ------
    UserError
        If there is no such study.
    """
    study, said = Study(name), set[str]()
    for gate in GATES:
        outcome = outcome_of(gate, study)
        lines = {terminal.one_line(finding) for finding in outcome.findings}
        yield Outcome(gate, NOT_LOOKED_AT) if outcome.is_ended and lines <= said else outcome
        said |= lines


@cache
def _study(name: str) -> Study:
    return Study(name)


def check(name: str, gate: Gate) -> None:
    """Let a test of pytest fail with what a gate finds wrong or missing; where there is nothing to check, skip it."""
    import pytest

    outcome = outcome_of(gate, _study(name))
    if outcome.status == NOTHING:
        pytest.skip(outcome.note)
    if not outcome.holds:
        pytest.fail("\n".join(map(str, outcome.findings)), pytrace=False)


def study_tests(name: str) -> Callable[..., Any]:
    """Return a test for pytest, with one case for each gate: ``test_NAME = study_tests("NAME")``.

    Parameters
    ----------
    name : str
        Name of the study.

    Returns
    -------
    callable
        The test. It fails with what is wrong, in which file, and how to mend it.
    """
    import pytest

    @pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
    def test_study(gate: Gate) -> None:
        check(name, gate)

    return test_study
