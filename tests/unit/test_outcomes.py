"""Verdicts kind by kind, and what FORRT's vocabulary says of a figure."""

import pytest

from replasticity.judging import outcomes
from replasticity.judging.claims import FORRT


def claim(kind, verdict):
    return {"kind": kind, "verdict": verdict, "forrt": FORRT[verdict]}


REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_TESTED = (claim("published", verdict) for verdict in FORRT)


@pytest.mark.parametrize(
    ("published", "outcome"),
    [
        ([REPRODUCED, REPRODUCED], "validated"),
        ([NOT_REPRODUCED, NOT_REPRODUCED], "contradicted"),
        ([REPRODUCED, NOT_REPRODUCED], "partially supported"),
        ([REPRODUCED, UNDECIDED], "partially supported"),
        ([REPRODUCED, NOT_TESTED], "partially supported"),
        ([NOT_REPRODUCED, UNDECIDED], "inconclusive"),
        ([UNDECIDED, UNDECIDED], "inconclusive"),
        ([UNDECIDED, NOT_TESTED], "inconclusive"),
        ([NOT_TESTED], "not tested"),
        ([], "not tested"),
    ],
)
def test_outcome_of_a_figure_is_that_of_its_published_claims(published, outcome):
    others = [claim(kind, verdict) for kind in ("ours", "regression") for verdict in FORRT]
    assert outcomes.outcome([*others, *published]) == outcome


def test_kinds_are_listed_published_first_and_empty_ones_are_not():
    claims = [claim("regression", "reproduced"), claim("published", "undecided"), claim("regression", "undecided")]
    assert list(outcomes.by_kind(claims).items()) == [
        ("published", [claims[1]]),
        ("regression", [claims[0], claims[2]]),
    ]


def test_kinds_are_never_counted_together():
    assert outcomes.count([REPRODUCED, REPRODUCED, UNDECIDED]) == {
        "reproduced": 2,
        "not reproduced": 0,
        "undecided": 1,
        "not tested": 0,
    }
    with pytest.raises(ValueError, match="not counted together"):
        outcomes.count([REPRODUCED, claim("ours", "reproduced")])
