"""Verdicts: each outcome of each test, with numbers that scipy or a closed form confirms."""

import numpy as np
import pytest
from scipy import stats

from replasticity.analysis.claims import IN_PART, NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, Verdict, judge
from replasticity.experiments import Claim

VALUES = np.random.default_rng(5).normal(1.0, 0.1, 40)


def claim(test, lower=None, upper=None):
    return Claim(
        id="a",
        statement="a",
        source="a",
        statistic="a",
        test=test,
        lower=lower,
        upper=upper,
        why_this_bound="a",
        refuted_if="a",
    )


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.9, 1.1, REPRODUCED),
        (0.9, None, REPRODUCED),
        (None, 1.1, REPRODUCED),
        (1.2, 1.3, NOT_REPRODUCED),
        (None, 0.9, NOT_REPRODUCED),
        # The mean is inside, its interval (a half width of 0.03) reaches across one of the bounds.
        (VALUES.mean() - 0.01, 1.3, IN_PART),
        (0.7, VALUES.mean() + 0.01, IN_PART),
        # The mean is outside, its interval reaches inside.
        (VALUES.mean() + 0.01, 1.3, IN_PART),
        (0.7, VALUES.mean() - 0.01, IN_PART),
    ],
)
def test_mean_in_range(lower, upper, verdict):
    assert judge(claim("mean_in_range", lower, upper), VALUES).verdict == verdict


def test_mean_has_the_t_interval_and_the_equivalence_p():
    result = judge(claim("mean_in_range", 0.9, 1.1), VALUES)
    half = stats.t.ppf(0.975, 39) * VALUES.std(ddof=1) / np.sqrt(40)
    assert result.estimate == pytest.approx(VALUES.mean())
    assert result.interval == pytest.approx((VALUES.mean() - half, VALUES.mean() + half))
    t = [(VALUES.mean() - 0.9), (1.1 - VALUES.mean())] / (VALUES.std(ddof=1) / np.sqrt(40))
    assert result.p == pytest.approx(stats.t.sf(t, 39).max())


def test_equal_values_are_judged_without_a_p_value():
    result = judge(claim("mean_in_range", 0.5, 1.5), np.ones(10))
    assert (result.verdict, result.estimate, result.interval, result.p) == (REPRODUCED, 1.0, (1.0, 1.0), None)


@pytest.mark.parametrize(
    ("inside", "verdict"), [(40, REPRODUCED), (39, IN_PART), (27, IN_PART), (25, NOT_REPRODUCED), (0, NOT_REPRODUCED)]
)
def test_seeds_in_range(inside, verdict):
    values = np.where(np.arange(40) < inside, 1.0, -1.0)
    result = judge(claim("seeds_in_range", lower=0.0), values)
    assert result.verdict == verdict
    assert result.estimate == inside / 40
    assert result.p == pytest.approx(stats.binom.sf(inside - 1, 40, 0.5))


def test_too_few_seeds_are_not_testable():
    assert judge(claim("seeds_in_range", lower=0.0), np.ones(4)).verdict == NOT_TESTABLE
    assert judge(claim("seeds_in_range", lower=0.0), np.ones(5)).verdict == REPRODUCED
    assert judge(claim("mean_in_range", lower=0.0), np.ones(1)).verdict == NOT_TESTABLE


def test_undefined_statistics_are_not_testable():
    result = judge(claim("mean_in_range", lower=0.0), np.array([1.0, np.nan, 2.0]))
    assert result.verdict == NOT_TESTABLE
    assert result.reason == "the statistic is not defined in 1 of 3 seeds"


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.9, REPRODUCED), (1.0, REPRODUCED), (1.1, REPRODUCED), (1.11, NOT_REPRODUCED)]
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_exact_values_are_judged_without_statistics(value, verdict, seeds):
    result = judge(claim("exact_in_range", 0.9, 1.1), np.full(seeds, value))
    assert result == Verdict(verdict, value, None, None, seeds)


def test_exact_values_that_differ_between_seeds_are_not_testable():
    result = judge(claim("exact_in_range", 0.9, 1.1), np.array([1.0, 1.0 + 1e-15]))
    assert result.verdict == NOT_TESTABLE
    assert "random" in result.reason


def test_interval_covers_the_truth_as_often_as_it_says():
    # 2000 repetitions of 95 % intervals: between 93 % and 97 % cover (false-alarm rate below 1e-4).
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(2000):
        low, high = judge(claim("mean_in_range", lower=0.0), generator.normal(1.0, 0.3, 10)).interval
        covered += low <= 1.0 <= high
    assert 0.93 < covered / 2000 < 0.97
