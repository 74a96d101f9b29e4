"""Agreement with another simulator: its error rates, its power, and every outcome."""

import dataclasses
import math
import re

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from replasticity.judging import equivalence
from replasticity.judging.distributions import FALSE_ALARM_RATE, smallest_difference_sd, two_sample_p
from replasticity.judging.equivalence import compare_means, compare_seeds, largest_difference, power, seeds_needed
from replasticity.storage.contract import Variable
from tests.conftest import ROOT

CONTRACT = {"x_ms": Variable(("k",), "a statistic")}
RARE = 0.5 - math.sqrt(1 / 20)

#: Two distributions whose means are exactly one standard deviation apart: root of the mean of both variances.
AT_THE_MARGIN = {
    "normal": (lambda g, n: g.normal(1.0, 1.0, n), lambda g, n: g.normal(0.0, 1.0, n)),
    "Poisson": (lambda g, n: g.poisson((5 + math.sqrt(17)) / 4, n), lambda g, n: g.poisson(1.0, n)),
    "exponential": (lambda g, n: g.exponential(1.0, n) + 1.0, lambda g, n: g.exponential(1.0, n)),
    "lognormal": (
        lambda g, n: g.lognormal(0.0, 1.0, n) + math.sqrt(math.e * (math.e - 1)),
        lambda g, n: g.lognormal(0.0, 1.0, n),
    ),
    "yes-or-no": (lambda g, n: g.random(n) < 1 - RARE, lambda g, n: g.random(n) < RARE),
}


def statistics(values, resolution=1e-9):
    return {"x_ms": xr.DataArray(values, dims=("seed", "k"), name="x_ms", attrs={"resolution": resolution})}


def compare(ours, theirs, margin=None):
    contract = {"x_ms": dataclasses.replace(CONTRACT["x_ms"], margin=margin)}
    return compare_means(statistics(ours), {"x_ms": theirs}, contract)


def noncentral_t_cdf(t, degrees, noncentrality):
    """By its definition: a normal value over the root of a chi-square one."""

    def integrand(x):
        return stats.norm.cdf(t * math.sqrt(x / degrees) - noncentrality) * stats.chi2.pdf(x, degrees)

    return integrate.quad(integrand, 0, degrees + 12 * math.sqrt(2 * degrees) + 50, epsabs=1e-12, limit=500)[0]


# One mean ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "percent"), [("normal", 5), ("Poisson", 4), ("exponential", 7), ("lognormal", 9), ("yes-or-no", 9)]
)
def test_false_equivalence_at_the_edge_of_the_margin_is_as_rare_as_stated(kind, percent):
    # 2000 pairs of 40 seeds: a rate that is 2 % above the stated one, which is rounded to 1 %, has a probability of
    # less than 0.002 in each of the five cases.
    generator = np.random.default_rng(5)
    ours, theirs = AT_THE_MARGIN[kind]
    pairs = ((ours(generator, 40).astype(float), theirs(generator, 40).astype(float)) for _ in range(2000))
    rate = np.mean([largest_difference(*pair) < 1 for pair in pairs])
    assert percent / 100 - 0.02 < rate < percent / 100 + 0.02
    text = " ".join((ROOT / "config/README.md").read_text().split())
    (stated,) = re.findall(r"a mean is called equivalent in (.*?)\. So", text)
    assert re.search(rf"{percent} % for [^%]*{kind}", stated)


@pytest.mark.parametrize("seeds", [(40, 40), (25, 60)])
def test_false_equivalence_at_a_margin_in_units_is_at_most_its_level(seeds):
    # Welch: spreads may differ. 2000 pairs; a rate above 6.5 % has a probability of 0.002.
    generator = np.random.default_rng(6)
    ours, theirs = generator.normal(10.6, 1.0, (2000, seeds[0])), generator.normal(10.0, 0.5, (2000, seeds[1]))
    assert np.mean([largest_difference(*pair, 0.6) < 1 for pair in zip(ours, theirs, strict=True)]) < 0.065


@pytest.mark.parametrize("seeds", [(2, 3), (10, 40), (40, 40)])
@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
def test_bound_is_the_noncentrality_that_makes_a_smaller_t_as_rare_as_the_level(seeds, shift):
    generator = np.random.default_rng(7)
    ours, theirs = (generator.normal(0.0, 1.0, n) for n in seeds)
    ours += theirs.mean() - ours.mean() + shift
    t, degrees = abs(stats.ttest_ind(ours, theirs).statistic), sum(seeds) - 2
    noncentrality = largest_difference(ours, theirs) / math.sqrt(1 / seeds[0] + 1 / seeds[1])
    assert noncentral_t_cdf(t, degrees, noncentrality) == pytest.approx(0.05, abs=1e-7)


def test_bound_with_a_margin_in_units_is_the_end_of_welchs_interval():
    generator = np.random.default_rng(8)
    ours, theirs = generator.normal(0.0, 1.0, 20), generator.normal(0.4, 3.0, 30)
    interval = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.9)
    assert largest_difference(ours, theirs, 2.0) == pytest.approx(max(-interval.low, interval.high) / 2.0)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [([1.0, np.nan, np.nan], [1.0, 2.0, 3.0]), ([1.0, 1.0], [2.0, 2.0]), ([1e9, 1e9 + 1], [0.0, 1.0])],
)
def test_no_bound_is_known_of_one_value_nor_of_worlds_apart(ours, theirs):
    assert largest_difference(np.array(ours), np.array(theirs)) == math.inf


def test_seeds_that_are_not_defined_are_left_out_of_the_mean():
    ours, theirs = np.random.default_rng(9).normal(size=(2, 30))
    padded = np.concatenate([ours, [np.nan, np.nan]])
    assert largest_difference(padded, theirs) == largest_difference(ours, theirs)


# Power -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seeds", "means"), [((20, 20), 1), ((40, 25), 1), ((45, 45), 20)])
def test_power_is_at_most_how_often_equal_means_are_shown_equivalent(seeds, means):
    generator = np.random.default_rng(10)
    number = 2000 // means
    ours, theirs = (generator.normal(size=(number, means, n)) for n in seeds)
    shown = [
        all(largest_difference(*pair) < 1 for pair in zip(*sets, strict=True))
        for sets in zip(ours, theirs, strict=True)
    ]
    bound = power(*seeds, [1.0] * means)
    # Four standard errors; for one mean the bound is the power itself.
    tolerance = 4 * math.sqrt(bound * (1 - bound) / number)
    assert np.mean(shown) > bound - tolerance
    if means == 1:
        assert np.mean(shown) < bound + tolerance


def test_the_documentation_has_the_seeds_as_computed():
    lines = (ROOT / "config/README.md").read_text().splitlines()
    means, seeds = (
        next(line for line in lines if line.startswith(f"  | {row} ")).split("|")[2:-1] for row in ("means", "seeds")
    )
    assert [seeds_needed([1.0] * int(count)) for count in means] == [int(count) for count in seeds]


def test_fewer_seeds_than_needed_have_not_the_power():
    for margins_sd in ([1.0], [1.0] * 41, [0.5, 2.0]):
        needed = seeds_needed(margins_sd)
        assert power(needed, needed, margins_sd) >= 0.8 > power(needed - 1, needed - 1, margins_sd)
        ours = seeds_needed(margins_sd, needed + 10)
        assert power(ours, needed + 10, margins_sd) >= 0.8 > power(ours - 1, needed + 10, margins_sd)
    assert seeds_needed([1.0] * 138, 3) is None
    assert seeds_needed([0.01]) is None
    assert power(1, 1000, [1.0]) == 0.0


@pytest.mark.parametrize(("seeds", "numbers"), [((40, 30), 20), ((10, 10), 138)])
def test_normal_sets_that_far_apart_are_told_apart_more_often_than_not(seeds, numbers):
    # Rates of 0.77 and 0.64, to 0.02 each.
    generator = np.random.default_rng(11)
    apart = smallest_difference_sd(*seeds, numbers)
    found = [
        two_sample_p(generator.normal(apart, 1, seeds[0]), generator.normal(0, 1, seeds[1]), 0.0) * numbers
        < FALSE_ALARM_RATE
        for _ in range(400)
    ]
    assert 0.5 < np.mean(found) < 0.85


def test_no_difference_is_seen_by_too_few_seeds():
    assert smallest_difference_sd(5, 3, 138) is None


# Outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart_sd", [0.0, 1000.0])
def test_five_seeds_against_three_never_agree(apart_sd):
    # The demonstrated error: 138 numbers, 1000 standard deviations apart, and no difference could be found.
    generator = np.random.default_rng(12)
    found = compare(generator.normal(apart_sd, 1.0, (5, 138)), generator.normal(0.0, 1.0, (3, 138)))
    assert (found["outcome"], found["power"], found["smallest_difference_sd"]) == ("too few to tell", 0.0, None)
    assert (found["seeds_needed"], found["our_seeds_needed"]) == (50, None)
    assert found["largest_difference"] is None or found["largest_difference"] > 1


def test_equal_means_are_equivalent():
    ours, theirs = np.random.default_rng(13).normal(size=(2, 45, 20))
    ours[:, 7] = theirs[:, 7] = 3.0
    ours[:, 8] = theirs[:, 8] = np.nan
    found = compare(ours, theirs)
    assert (found["outcome"], found["numbers"], found["constant"]) == ("equivalent", 20, 2)
    assert found["power"] == power(45, 45, [1.0] * 18) > 0.8
    k = int(re.fullmatch(r"x_ms\[(\d+)\]", found["largest_of"])[1])
    assert found["largest_difference"] == largest_difference(ours[:, k], theirs[:, k]) < 1
    assert (found["not_shown"], found["different"], found["own_margins"]) == ([], [], [])


def test_a_mean_that_is_not_shown_equivalent_is_undecided_and_named():
    # 0.8 sd, exactly: not shown to be less than 1, and too little for an alarm.
    ours, theirs = np.random.default_rng(14).normal(size=(2, 45, 20))
    pooled_sd = math.sqrt((ours[:, 3].var(ddof=1) + theirs[:, 3].var(ddof=1)) / 2)
    ours[:, 3] += theirs[:, 3].mean() - ours[:, 3].mean() + 0.8 * pooled_sd
    found = compare(ours, theirs)
    assert (found["outcome"], found["not_shown"], found["largest_of"]) == ("undecided", ["x_ms[3]"], "x_ms[3]")
    assert 1 < found["largest_difference"] < 1.3
    # Equivalent means of fewer seeds than the power asks for remain untold.
    assert compare(theirs[:30] + 0.0, theirs[15:])["outcome"] == "too few to tell"


@pytest.mark.parametrize(("shift", "factor"), [(2.5, 1.0), (0.0, 8.0)])
def test_a_difference_is_told_however_few_seeds_there_are(shift, factor):
    ours, theirs = np.random.default_rng(15).normal(size=(2, 30, 20))
    ours[:, 3] = ours[:, 3] * factor + shift
    found = compare(ours, theirs)
    assert (found["outcome"], found["different"]) == ("differs", ["x_ms[3]"])
    assert found["smallest_p"] < found["false_alarm_rate"] == 0.01


def test_a_constant_is_the_same_in_both_or_compared():
    ours, theirs = np.random.default_rng(16).normal(size=(2, 45, 3))
    ours[:, 1], theirs[:, 1] = 1.0, 1.0 + 1e-12
    assert compare(ours, theirs)["outcome"] == "equivalent"
    theirs[:, 1] = 1.0 + 1e-6
    found = compare(ours, theirs)
    assert (found["outcome"], found["different"], found["constant"]) == ("differs", ["x_ms[1]"], 0)
    # Constant in one set only, and rarely another value in the other: compared like any other number.
    theirs[:, 1] = 1.0
    theirs[:3, 1] = 2.0
    found = compare(ours, theirs)
    assert (found["outcome"], found["constant"]) == ("equivalent", 0)
    assert found["largest_difference"] >= largest_difference(ours[:, 1], theirs[:, 1]) > 0.5


def test_a_contract_may_state_a_margin():
    ours, theirs = np.random.default_rng(17).normal(0.0, 2.0, size=(2, 45, 3))
    found = compare(ours, theirs, margin=2.0)
    assert (found["outcome"], found["own_margins"]) == ("equivalent", ["x_ms"])
    # Its power depends on the other simulator's spread, which is known beforehand.
    assert found["power"] == power(45, 45, [2.0 / sd for sd in theirs.std(axis=0, ddof=1)])
    assert compare(ours, theirs, margin=0.5)["outcome"] == "too few to tell"


@pytest.mark.parametrize(("seeds", "outcome"), [(1, "too few to tell"), (17, "too few to tell"), (18, "equivalent")])
def test_a_few_seeds_that_share_all_numbers_show_nothing(seeds, outcome):
    # They may do so by chance; with as many as one mean needs that is out of the question.
    found = compare(np.full((seeds, 3), 1.5), np.full((seeds, 3), 1.5))
    assert (found["outcome"], found["constant"], found["largest_difference"]) == (outcome, 3, 0.0)


def test_power_is_known_before_our_seeds_are():
    generator = np.random.default_rng(19)
    theirs = generator.normal(size=(45, 20))
    theirs[:, :3] = 1.0
    varying, constant = generator.normal(size=(40, 20)), np.ones((40, 20))
    assert compare(varying, theirs)["power"] == compare(constant, theirs)["power"] == power(40, 45, [1.0] * 17)


# The same random numbers -------------------------------------------------------------------------------


def test_same_seeds_are_identical_or_differ():
    values = np.random.default_rng(18).normal(size=(4, 3))
    values[2, 1] = np.nan
    assert compare_seeds(statistics(values), {"x_ms": values * (1 + 1e-12)}) == {
        "outcome": "identical",
        "identical": 4,
        "different": [],
    }
    other = values.copy()
    other[1, 0] += 1e-6
    other[3, 2] += 1e-6
    assert compare_seeds(statistics(values), {"x_ms": other}) == {
        "outcome": "differs",
        "identical": 2,
        "different": ["x_ms[0]", "x_ms[2]"],
    }


@pytest.mark.parametrize("compared", [compare_seeds, lambda *sets: compare_means(*sets, CONTRACT)])
def test_other_shapes_are_refused(compared):
    with pytest.raises(ValueError, match="x_ms: shape"):
        compared(statistics(np.zeros((4, 2))), {"x_ms": np.zeros((4, 3))})


def test_level_margin_and_power_are_those_of_the_documentation():
    assert (equivalence.LEVEL, equivalence.MARGIN_SD, equivalence.POWER) == (0.05, 1.0, 0.8)
