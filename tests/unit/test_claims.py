"""Verdicts: each outcome of each test, with numbers that scipy or a closed form confirms."""

import numpy as np
import pytest
from scipy import stats

from replasticity.analysis.claims import IN_PART, NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, holm, judge
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


def alone(one, values):
    """Return the verdict on a claim that is the only one of its figure."""
    (verdict,) = judge([(one, values)])
    return verdict


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.9, 1.1, REPRODUCED),
        (0.9, None, REPRODUCED),
        (None, 1.1, REPRODUCED),
        (1.2, 1.3, NOT_REPRODUCED),
        (None, 0.9, NOT_REPRODUCED),
        (VALUES.mean(), 1.3, IN_PART),
    ],
)
def test_mean_in_range(lower, upper, verdict):
    assert alone(claim("mean_in_range", lower, upper), VALUES).verdict == verdict


def test_mean_has_the_t_interval_and_the_equivalence_p():
    result = alone(claim("mean_in_range", 0.9, 1.1), VALUES)
    half = stats.t.ppf(0.975, 39) * VALUES.std(ddof=1) / np.sqrt(40)
    assert result.estimate == pytest.approx(VALUES.mean())
    assert result.interval == pytest.approx((VALUES.mean() - half, VALUES.mean() + half))
    t = [(VALUES.mean() - 0.9), (1.1 - VALUES.mean())] / (VALUES.std(ddof=1) / np.sqrt(40))
    assert result.p == pytest.approx(stats.t.sf(t, 39).max())


def test_the_interval_of_a_mean_decides_when_the_claim_is_alone():
    # Of one claim both one-sided tests are in the family, so each has half of 5 %: that of a 95 % interval.
    low, high = alone(claim("mean_in_range", 0.0), VALUES).interval
    for bound, verdict in (
        (low - 1e-9, REPRODUCED),
        (low + 1e-9, IN_PART),
        (high - 1e-9, IN_PART),
        (high + 1e-9, NOT_REPRODUCED),
    ):
        assert alone(claim("mean_in_range", bound), VALUES).verdict == verdict


def test_effect_sizes():
    result = alone(claim("mean_in_range", 0.9, 1.2), VALUES)
    assert result.effect_size == pytest.approx((VALUES.mean() - 0.9) / VALUES.std(ddof=1))
    assert alone(claim("mean_in_range", 1.2), VALUES).effect_size == pytest.approx(
        (VALUES.mean() - 1.2) / VALUES.std(ddof=1)
    )
    assert alone(claim("seeds_in_range", lower=0.0), np.where(np.arange(40) < 30, 1.0, -1.0)).effect_size == 0.25


def test_a_range_with_two_bounds_is_left_by_twice_the_smaller_p():
    below = stats.ttest_1samp(VALUES, 1.02, alternative="less").pvalue
    assert alone(claim("mean_in_range", 1.02, None), VALUES).p_against == pytest.approx(below)
    assert alone(claim("mean_in_range", 1.02, 2.0), VALUES).p_against == pytest.approx(2 * below)


def test_holm_corrects_as_its_inventor_says():
    # Holm (1979), worked through by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and never less than the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_claims_of_one_figure_are_corrected_together():
    one = claim("seeds_in_range", lower=0.0)
    five = np.ones(5)
    assert alone(one, five).p_corrected == alone(one, five).p == 1 / 32
    first, second = judge([(one, five), (one, np.ones(40))])
    assert (first.p_corrected, second.p_corrected) == pytest.approx((1 / 32, 2 * 0.5**40))
    both = judge([(one, five), (one, five)])
    assert [each.p_corrected for each in both] == [1 / 16, 1 / 16]
    assert [each.verdict for each in both] == [NOT_TESTABLE, NOT_TESTABLE]
    assert "too few for so many tests" in both[0].reason


def test_correction_turns_a_weak_verdict_into_one_in_part():
    low, _ = alone(claim("mean_in_range", 0.0), VALUES).interval
    weak = (claim("mean_in_range", low - 1e-9), VALUES)
    assert judge([weak])[0].verdict == REPRODUCED
    assert judge([weak, (claim("mean_in_range", 1.0), VALUES)])[0].verdict == IN_PART


def test_exact_claims_take_no_part_in_the_correction():
    weak = (claim("seeds_in_range", lower=0.0), np.ones(5))
    exact = (claim("exact_in_range", 0.0, 2.0), np.ones(5))
    assert [each.verdict for each in judge([exact, weak, exact])] == [REPRODUCED] * 3


def test_a_figure_has_a_wrong_verdict_no_more_often_than_stated():
    # 400 figures with 6 claims each, every mean exactly on its bound, so that every decision is wrong. At the stated
    # rate of 5 % more than 34 of 400 have a probability of 1e-3. Without the correction it would be about 190.
    generator = np.random.default_rng(17)
    wrong = 0
    for _ in range(400):
        figure = [(claim("mean_in_range", lower=0.0), generator.normal(size=12)) for _ in range(6)]
        wrong += any(each.verdict != IN_PART for each in judge(figure))
    assert wrong <= 34


def test_equal_values_are_judged_without_a_p_value():
    result = alone(claim("mean_in_range", 0.5, 1.5), np.ones(10))
    assert (result.verdict, result.estimate, result.interval, result.p) == (REPRODUCED, 1.0, (1.0, 1.0), None)
    assert alone(claim("mean_in_range", 1.1, 1.5), np.ones(10)).verdict == NOT_REPRODUCED


@pytest.mark.parametrize(
    ("inside", "verdict"), [(40, REPRODUCED), (39, IN_PART), (27, IN_PART), (25, NOT_REPRODUCED), (0, NOT_REPRODUCED)]
)
def test_seeds_in_range(inside, verdict):
    values = np.where(np.arange(40) < inside, 1.0, -1.0)
    result = alone(claim("seeds_in_range", lower=0.0), values)
    assert result.verdict == verdict
    assert result.estimate == inside / 40
    assert result.p == pytest.approx(stats.binom.sf(inside - 1, 40, 0.5))


def test_too_few_seeds_are_not_testable():
    assert alone(claim("seeds_in_range", lower=0.0), np.ones(4)).verdict == NOT_TESTABLE
    assert alone(claim("seeds_in_range", lower=0.0), np.ones(5)).verdict == REPRODUCED
    assert alone(claim("mean_in_range", lower=0.0), np.ones(1)).verdict == NOT_TESTABLE


def test_undefined_statistics_are_not_testable():
    result = alone(claim("mean_in_range", lower=0.0), np.array([1.0, np.nan, 2.0]))
    assert result.verdict == NOT_TESTABLE
    assert result.reason == "the statistic is not defined in 1 of 3 seeds"


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.9, REPRODUCED), (1.0, REPRODUCED), (1.1, REPRODUCED), (1.11, NOT_REPRODUCED)]
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_exact_values_are_judged_without_statistics(value, verdict, seeds):
    result = alone(claim("exact_in_range", 0.9, 1.1), np.full(seeds, value))
    assert (result.verdict, result.estimate, result.n) == (verdict, value, seeds)
    assert (result.interval, result.effect_size, result.p, result.p_corrected) == (None, None, None, None)


def test_exact_values_that_differ_between_seeds_are_not_testable():
    result = alone(claim("exact_in_range", 0.9, 1.1), np.array([1.0, 1.0 + 1e-15]))
    assert result.verdict == NOT_TESTABLE
    assert "random" in result.reason


def test_interval_covers_the_truth_as_often_as_it_says():
    # 2000 repetitions of 95 % intervals: between 93 % and 97 % cover (false-alarm rate below 1e-4).
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(2000):
        low, high = alone(claim("mean_in_range", lower=0.0), generator.normal(1.0, 0.3, 10)).interval
        covered += low <= 1.0 <= high
    assert 0.93 < covered / 2000 < 0.97
