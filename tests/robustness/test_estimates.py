"""Where a claim stands at a set of parameters."""

import numpy as np
import pytest

from replasticity.definitions.experiments import Claim
from replasticity.judging.claims import Case, weigh
from replasticity.robustness import estimates

TEXTS = {"id": "a", "kind": "ours", "statement": "s", "source": "s", "statistic": "x", "why_this_bound": "w"}


def claim_of(test, **bounds):
    return Claim(**TEXTS, refuted_if="r", test=test, **bounds)


MEAN = claim_of("mean_in_range", lower=1.0, upper=2.0)
SHARE = claim_of("seeds_in_range", lower=1.0, share=0.8)
EXACT = claim_of("exact_in_range", upper=2.0)


@pytest.mark.parametrize("claim", [MEAN, SHARE, EXACT])
def test_estimates_are_those_of_the_verdict(claim):
    rng = np.random.default_rng(0)
    exact = claim is EXACT
    values = rng.normal(1.5, 1, (20, 1 if exact else 12))
    values[3, 0] = np.nan
    values[4, -1] = np.inf
    for found, own in zip(estimates.estimates(claim, values), values, strict=True):
        theirs = weigh(Case(claim, own, deterministic=exact)).estimate
        assert np.isnan(found) if theirs is None else found == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("claim", "estimate", "side"),
    [
        (MEAN, 1.0, "holds"),
        (MEAN, 2.0, "holds"),
        (MEAN, 0.999, "does not hold"),
        (MEAN, 2.001, "does not hold"),
        (MEAN, np.nan, "undefined"),
        # Of a share of seeds the bounds are not those of the statistic.
        (SHARE, 0.8, "holds"),
        (SHARE, 0.79, "does not hold"),
        (EXACT, -1e9, "holds"),
    ],
)
def test_side(claim, estimate, side):
    assert estimates.side_of(claim, estimate) == side


def test_a_point_says_what_the_seeds_say():
    values = np.array([1.2, 1.4, 1.6])
    point = estimates.point_of(7, Case(MEAN, values, deterministic=False), turned=True)
    assert (point.value, point.side, point.turned) == (7, "holds", True)
    assert point.estimate == pytest.approx(1.4)
    assert point.interval[0] < 1.2 < 1.6 < point.interval[1]
    values[0] = np.nan
    point = estimates.point_of(7, Case(MEAN, values, deterministic=False))
    assert (point.estimate, point.interval, point.side, point.turned) == (None, None, "undefined", False)
