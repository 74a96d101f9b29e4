"""Verdicts: each outcome of each test, with numbers that scipy or a closed form confirms."""

import numpy as np
import pytest
from scipy import stats

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Claim
from replasticity.definitions.seeds import seed_list_of
from replasticity.judging.claims import (
    FORRT,
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Case,
    judge,
    seeds_needed,
)
from replasticity.study import protocols

VALUES = np.random.default_rng(5).normal(1.0, 0.1, 40)


def claim(test, lower=None, upper=None, share=None):
    return Claim(
        id="a",
        kind="ours",
        statement="a",
        source="a",
        statistic="a",
        test=test,
        share=0.5 if share is None and test == "seeds_in_range" else share,
        lower=lower,
        upper=upper,
        why_this_bound="a",
        refuted_if="a",
    )


def interval(confidence):
    return stats.ttest_1samp(VALUES, 0.0).confidence_interval(confidence)


def case(one, values, **known):
    """Return a claim with its values; only for `exact_in_range` nothing is random, unless told otherwise."""
    return Case(one, values, **{"deterministic": one.test == "exact_in_range"} | known)


def alone(one, values, **known):
    """Return the verdict on a claim that is the only one of its figure."""
    (verdict,) = judge([case(one, values, **known)])
    return verdict


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.9, 1.1, REPRODUCED),
        (0.9, None, REPRODUCED),
        (None, 1.1, REPRODUCED),
        (1.2, 1.3, NOT_REPRODUCED),
        (None, 0.9, NOT_REPRODUCED),
        # The mean is inside, its interval (a half width of 0.03) reaches across one of the bounds.
        (VALUES.mean() - 0.01, 1.3, UNDECIDED),
        (0.7, VALUES.mean() + 0.01, UNDECIDED),
        # The mean is outside, its interval reaches inside.
        (VALUES.mean() + 0.01, 1.3, UNDECIDED),
        (0.7, VALUES.mean() - 0.01, UNDECIDED),
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
    # Of one claim only one direction can be wrong, so each has 5 %: one end of a 90 % interval.
    assert alone(claim("mean_in_range", 0.0), VALUES).interval == tuple(interval(0.95))
    low, high = interval(0.90)
    for bound, verdict in (
        (low - 1e-9, REPRODUCED),
        (low + 1e-9, UNDECIDED),
        (high - 1e-9, UNDECIDED),
        (high + 1e-9, NOT_REPRODUCED),
    ):
        assert alone(claim("mean_in_range", bound), VALUES).verdict == verdict


def test_margin_is_the_distance_to_the_nearest_bound():
    result = alone(claim("mean_in_range", 0.9, 1.2), VALUES)
    assert result.margin == pytest.approx((VALUES.mean() - 0.9) / VALUES.std(ddof=1))
    assert alone(claim("mean_in_range", 1.2), VALUES).margin == pytest.approx(
        (VALUES.mean() - 1.2) / VALUES.std(ddof=1)
    )
    thirty_of_forty = np.where(np.arange(40) < 30, 1.0, -1.0)
    assert alone(claim("seeds_in_range", lower=0.0, share=0.8), thirty_of_forty).margin == pytest.approx(-0.05)
    assert alone(claim("exact_in_range", 0.0, 5.0), np.full(3, 4.0)).margin == 1.0
    assert alone(claim("exact_in_range", upper=3.0), np.full(3, 4.0)).margin == -1.0


def test_a_range_with_two_bounds_is_left_by_twice_the_smaller_p():
    below = stats.ttest_1samp(VALUES, 1.02, alternative="less").pvalue
    assert alone(claim("mean_in_range", 1.02, None), VALUES).p_against == pytest.approx(below)
    assert alone(claim("mean_in_range", 1.02, 2.0), VALUES).p_against == pytest.approx(2 * below)


def test_claims_of_one_figure_are_corrected_together():
    one = claim("seeds_in_range", lower=0.0)
    five = np.ones(5)
    assert alone(one, five).p_corrected == alone(one, five).p == 1 / 32
    first, second = judge([case(one, five), case(one, np.ones(40))])
    assert (first.p_corrected, second.p_corrected) == pytest.approx((2 / 32, 2 * 0.5**40))
    assert [first.verdict, second.verdict] == [NOT_TESTED, REPRODUCED]
    assert first.reason == (
        "even if it held in all of 5 seeds this would show nothing among the 2 tests of this figure; 6 seeds could"
    )


def test_too_few_seeds_are_not_tested_whatever_their_values():
    # With another verdict for three of five seeds, the verdict would depend on how many were simulated.
    one = claim("seeds_in_range", lower=0.0, share=0.9)
    for values in (np.ones(20), -np.ones(20)):
        assert alone(one, values).verdict == NOT_TESTED
    assert seeds_needed(0.9, 1) == 29
    assert [alone(one, np.ones(n)).verdict for n in (28, 29)] == [NOT_TESTED, REPRODUCED]


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("tests", [1, 2, 40])
def test_seeds_needed_is_the_smallest_number_that_can_show_a_share(share, tests):
    needed = seeds_needed(share, tests)
    assert tests * share**needed < 0.05 <= tests * share ** (needed - 1)


def test_the_same_numbers_under_two_names_count_once():
    one = claim("mean_in_range", lower=0.93)
    rounded = VALUES * (1 + 1e-12)
    assert [each.p_corrected for each in judge([case(one, VALUES), case(one, rounded)])] == pytest.approx(
        [alone(one, VALUES).p] * 2
    )
    # Other numbers, another bound, another share or another number of seeds are other tests.
    share = claim("seeds_in_range", lower=0.93)
    others = [
        case(one, VALUES[::-1].copy()),
        case(claim("mean_in_range", lower=0.6), VALUES),
        case(one, VALUES[:39]),
        case(share, VALUES),
        case(claim("seeds_in_range", lower=0.93, share=0.75), VALUES),
    ]
    assert judge([case(one, VALUES), *others])[0].p_corrected == pytest.approx(6 * alone(one, VALUES).p)


def test_correction_turns_a_weak_verdict_into_an_undecided_one():
    low, _ = interval(0.90)
    weak = case(claim("mean_in_range", low - 1e-9), VALUES)
    assert judge([weak])[0].verdict == REPRODUCED
    assert judge([weak, case(claim("mean_in_range", 1.0), VALUES)])[0].verdict == UNDECIDED


def test_confidence_is_the_highest_at_which_the_verdict_would_stand():
    result = alone(claim("mean_in_range", 0.93), VALUES)
    assert result.verdict == REPRODUCED
    assert result.confidence == 1 - result.p_corrected
    among_two, _ = judge([case(claim("mean_in_range", 0.93), VALUES), case(claim("mean_in_range", 0.0), VALUES)])
    assert among_two.confidence == pytest.approx(1 - 2 * result.p_corrected, abs=1e-12)
    # At this confidence the end of the one-sided interval is the bound itself.
    assert stats.ttest_1samp(VALUES, 0.0, alternative="greater").confidence_interval(
        result.confidence
    ).low == pytest.approx(0.93)
    result = alone(claim("mean_in_range", 1.2), VALUES)
    assert (result.verdict, result.confidence) == (NOT_REPRODUCED, 1 - result.p_against_corrected)
    assert alone(claim("mean_in_range", VALUES.mean()), VALUES).confidence is None
    assert alone(claim("exact_in_range", 0.0), np.ones(3)).confidence is None


def test_each_verdict_has_its_word_in_the_vocabulary_of_forrt():
    assert FORRT == {
        "reproduced": "validated",
        "not reproduced": "contradicted",
        "undecided": "inconclusive",
        "not tested": "not tested",
    }
    assert alone(claim("mean_in_range", 1.2), VALUES).forrt == "contradicted"


def test_seeds_on_which_a_bound_was_chosen_test_nothing():
    one = claim("mean_in_range", lower=0.5)
    result = alone(one, VALUES, seen=3)
    assert (result.verdict, result.p, result.p_corrected, result.confidence) == (NOT_TESTED, None, None, None)
    assert (
        result.reason == "3 of 40 seeds had been looked at when its bound was chosen: they describe, and test nothing"
    )
    # They still describe.
    assert result.estimate == alone(one, VALUES).estimate
    assert result.interval == alone(one, VALUES).interval
    assert alone(claim("exact_in_range", 0.0), np.ones(3), seen=3).verdict == REPRODUCED


def test_exact_claims_take_no_part_in_the_correction():
    weak = case(claim("seeds_in_range", lower=0.0), np.ones(5))
    exact = case(claim("exact_in_range", 0.0, 2.0), np.ones(5))
    assert [each.verdict for each in judge([exact, weak, exact])] == [REPRODUCED] * 3


def test_a_figure_has_a_wrong_verdict_no_more_often_than_stated():
    # 400 figures with 6 claims each. Every mean lies on its bound, where a claim holds and 'not reproduced' is wrong,
    # or, in every other claim, just below it, where 'reproduced' is. At the stated rate of 5 % more than 34 of 400 have
    # a probability of 1e-3. Without the correction it would be about 100.
    generator = np.random.default_rng(17)
    wrong = 0
    for _ in range(400):
        figure = [case(claim("mean_in_range", lower=0.0), generator.normal(size=12)) for _ in range(6)]
        wrong += any(
            each.verdict == (REPRODUCED if number % 2 else NOT_REPRODUCED) for number, each in enumerate(judge(figure))
        )
    assert 8 <= wrong <= 34


@pytest.mark.parametrize("seeds", [2, 3, 40])
@pytest.mark.parametrize("bounds", [(0.5, 1.5), (1.1, 1.5)])
@pytest.mark.parametrize("spread", [0.0, 1e-16, 3e-10])
def test_equal_random_seeds_say_nothing_about_a_mean(seeds, bounds, spread):
    # Equal up to rounding: without this, a spread of 1e-16 would have p = 0.
    result = alone(claim("mean_in_range", *bounds), 1.0 + spread * np.arange(seeds) / seeds)
    assert result.verdict == NOT_TESTED
    assert result.reason == f"all {seeds} seeds have the same value, so nothing is known of their spread"
    assert (result.interval, result.margin, result.n) == (None, None, seeds)
    assert result.estimate == pytest.approx(1.0)


def test_a_spread_within_the_resolution_is_none():
    values = np.array([0.0, 1e-8, 2e-8])
    assert alone(claim("mean_in_range", -1.0, 1.0), values, resolution=1e-7).verdict == NOT_TESTED
    assert alone(claim("mean_in_range", -1.0, 1.0), values, resolution=1e-9).verdict == REPRODUCED


def test_a_discrete_statistic_is_not_reproduced_because_seeds_tie():
    # A share of ten synapses that is 1 in three of four seeds, else 0.9; its mean, 0.975, is below the bound. Of three
    # seeds four in ten tie. Nominal: 5 % wrong verdicts; more than 70 of 1000 have a probability of 4e-3.
    generator = np.random.default_rng(2)
    wrong = 0
    for _ in range(1000):
        values = np.where(generator.random(3) < 0.75, 1.0, 0.9)
        wrong += alone(claim("mean_in_range", 0.99), values).verdict == REPRODUCED
    assert wrong <= 70


def test_a_test_that_ties_let_down_stays_in_the_family():
    weak = case(claim("seeds_in_range", lower=0.0), np.arange(5.0))
    tied = case(claim("mean_in_range", lower=0.0), np.ones(3))
    undefined = case(claim("seeds_in_range", lower=0.0), np.array([1.0, np.nan]))
    assert judge([weak])[0].p_corrected == 1 / 32
    assert judge([weak, tied])[0].p_corrected == 2 / 32
    assert judge([weak, undefined])[0].p_corrected == 2 / 32
    assert judge([weak, tied])[1].p == judge([weak, tied])[1].p_against == 1.0
    # What no values would have allowed is no test.
    assert judge([weak, case(claim("mean_in_range", lower=0.0), np.ones(1))])[0].p_corrected == 1 / 32


@pytest.mark.parametrize(
    ("share", "inside", "verdict"),
    [
        (0.5, 40, REPRODUCED),
        (0.5, 26, REPRODUCED),
        (0.5, 25, UNDECIDED),
        (0.5, 15, UNDECIDED),
        (0.5, 14, NOT_REPRODUCED),
        (0.8, 37, REPRODUCED),
        (0.8, 36, UNDECIDED),
        (0.8, 28, UNDECIDED),
        (0.8, 27, NOT_REPRODUCED),
    ],
)
def test_a_share_is_tested_on_both_sides(share, inside, verdict):
    values = np.where(np.arange(40) < inside, 1.0, -1.0)
    result = alone(claim("seeds_in_range", lower=0.0, share=share), values)
    assert result.verdict == verdict
    assert result.estimate == inside / 40
    assert result.p == pytest.approx(stats.binom.sf(inside - 1, 40, share))
    assert result.p_against == pytest.approx(stats.binom.cdf(inside, 40, share))


def test_one_seed_outside_does_not_turn_a_verdict():
    # 20 of 20 seeds, then seed 37 outside: before, the verdict fell with the number of seeds.
    one = claim("seeds_in_range", lower=0.0, share=0.75)
    values = np.where(np.arange(40) == 37, -1.0, 1.0)
    assert [alone(one, values[:n]).verdict for n in (20, 30, 40)] == [REPRODUCED] * 3


def test_a_mean_needs_two_seeds():
    assert alone(claim("mean_in_range", lower=0.0), np.ones(1)).verdict == NOT_TESTED


def test_undefined_statistics_are_not_testable():
    result = alone(claim("mean_in_range", lower=0.0), np.array([1.0, np.nan, 2.0]))
    assert result.verdict == NOT_TESTED
    assert result.reason == "the statistic is not defined in 1 of 3 seeds"
    result = alone(claim("mean_in_range", 0.0), np.array([1.0, np.nan, np.nan]), undefined="nothing responds")
    assert result.reason == "the statistic is not defined in 2 of 3 seeds: nothing responds"
    result = alone(claim("exact_in_range", 0.0), np.array([np.nan]), undefined="all rates are additive")
    assert (result.verdict, result.p) == (NOT_TESTED, None)
    assert result.reason == "the statistic is not defined in 1 of 1 seeds: all rates are additive"


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.9, REPRODUCED), (1.0, REPRODUCED), (1.1, REPRODUCED), (1.11, NOT_REPRODUCED)]
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_exact_values_are_judged_without_statistics(value, verdict, seeds):
    result = alone(claim("exact_in_range", 0.9, 1.1), np.full(seeds, value))
    assert (result.verdict, result.estimate, result.n) == (verdict, value, seeds)
    assert (result.interval, result.p, result.p_corrected) == (None, None, None)


def test_exact_values_that_differ_between_seeds_are_not_testable():
    result = alone(claim("exact_in_range", 0.9, 1.1), np.array([1.0, 1.0 + 1e-15]))
    assert result.verdict == NOT_TESTED
    assert "although nothing here should be random" in result.reason


@pytest.mark.parametrize("seeds", [1, 2, 40])
def test_equal_seeds_do_not_make_a_random_experiment_exact(seeds):
    result = alone(claim("exact_in_range", 0.9, 1.1), np.ones(seeds), deterministic=False)
    assert (result.verdict, result.estimate) == (NOT_TESTED, None)
    assert "by chance" in result.reason


@pytest.mark.parametrize("test", ["mean_in_range", "seeds_in_range"])
def test_seeds_of_a_deterministic_experiment_are_no_sample(test):
    # Forty copies of one value are not forty observations.
    result = alone(claim(test, 0.9, 1.1), np.ones(40), deterministic=True)
    assert (result.verdict, result.p) == (NOT_TESTED, None)
    assert "'exact_in_range'" in result.reason


@pytest.mark.parametrize("protocol", protocols.names())
def test_a_protocol_is_declared_deterministic_if_its_inputs_are(in_project, protocol):
    name = next(name for name in experiments.names() if experiments.load(name).protocol == protocol)
    resolved = experiments.resolve_shortest(name, experiments.load(name))
    first, second = (protocols.get(protocol).sample_inputs(resolved.parameters, seed) for seed in (1, 2))
    equal = all(np.array_equal(first[key], second[key]) for key in first)
    assert protocols.get(protocol).is_deterministic == equal


def test_each_claim_of_ours_has_a_test_that_its_protocol_allows(in_project):
    for name in experiments.names():
        experiment = experiments.load(name)
        deterministic = protocols.get(experiment.protocol).is_deterministic
        assert {each.test == "exact_in_range" for each in experiment.claims} <= {deterministic}, name


def test_no_claim_is_tested_on_seeds_that_its_bound_was_chosen_on(in_project):
    for name in experiments.names():
        experiment = experiments.load(name)
        if not experiment.claims or protocols.get(experiment.protocol).is_deterministic:
            continue
        assert experiment.seeds_seen, f"{name}: which seeds had been looked at?"
        for scale in experiments.SCALES:
            seeds = experiments.resolve(name, scale, experiment=experiment).seeds
            assert not set(seeds) & set(seed_list_of(experiment.seeds_seen)), name


def test_interval_covers_the_truth_as_often_as_it_says():
    # 2000 repetitions of 95 % intervals: between 93 % and 97 % cover (false-alarm rate below 1e-4).
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(2000):
        low, high = alone(claim("mean_in_range", lower=0.0), generator.normal(1.0, 0.3, 10)).interval
        covered += low <= 1.0 <= high
    assert 0.93 < covered / 2000 < 0.97
