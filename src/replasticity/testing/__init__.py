"""The gates that every study passes, wherever it lies: for `replasticity verify NAME`, and for pytest.

A test file of three lines in a study's folder gives one test for each gate:

    from replasticity.testing import study_tests

    test_pfister2006 = study_tests("pfister2006")

It is a function and no plugin of pytest, which would be imported at each start of pytest in that environment, and whose
tests a reader would look for in vain. What the gates are is in `replasticity.testing.gates`.
"""

from replasticity.testing.gates import GATES, Gate
from replasticity.testing.outcomes import NOT_LOOKED_AT, NOTHING, OK, Outcome, outcome_of, study_tests, verify
from replasticity.testing.subjects import Finding, Study

__all__ = [
    "GATES",
    "NOTHING",
    "NOT_LOOKED_AT",
    "OK",
    "Finding",
    "Gate",
    "Outcome",
    "Study",
    "outcome_of",
    "study_tests",
    "verify",
]
