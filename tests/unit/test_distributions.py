"""The comparison of two sets of seeds: its false-alarm rate and its power."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from replasticity.judging.distributions import (
    FALSE_ALARM_RATE,
    compare_distributions,
    could_differ,
    elements,
    mean_and_sd,
    seeds_needed,
    two_sample_p,
)


def statistics(values, resolution=1e-9):
    return {"x_ms": xr.DataArray(values, dims=("seed", "k"), name="x_ms", attrs={"resolution": resolution})}


@pytest.mark.parametrize("kind", ["normal", "exponential", "standard_t", "poisson"])
@pytest.mark.parametrize("seeds", [(40, 40), (10, 40), (3, 40)])
def test_false_alarm_rate_is_at_most_the_stated_one(kind, seeds):
    # 400 comparisons of 10 numbers without any difference. At the stated rate of 1 % more than 12 alarms have a
    # probability of 5e-4 in each of the twelve cases.
    generator = np.random.default_rng(3)
    parameters = {"standard_t": (4,), "poisson": (1.0,)}.get(kind, ())
    alarms = 0
    for _ in range(400):
        ours, theirs = (getattr(generator, kind)(*parameters, size=(n, 10)) for n in seeds)
        alarms += any(row.differs for row in compare_distributions(statistics(ours), {"x_ms": theirs}))
    assert FALSE_ALARM_RATE == 0.01
    assert alarms <= 12


@pytest.mark.parametrize(("shift", "factor"), [(1.5, 1.0), (0.0, 3.0)])
def test_a_shift_and_a_wider_spread_are_seen(shift, factor):
    generator = np.random.default_rng(4)
    ours, theirs = generator.normal(size=(2, 40, 10))
    ours[:, 3] = ours[:, 3] * factor + shift
    rows = compare_distributions(statistics(ours), {"x_ms": theirs})
    assert [row.label for row in rows if row.differs] == ["x_ms[3]"]


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 1.0), (0.0, 2.5)])
def test_p_is_twice_the_smaller_one_of_both_tests(mean, sd):
    generator = np.random.default_rng(8)
    ours, theirs = generator.normal(mean, sd, 30), generator.normal(0.0, 1.0, 40)
    location = stats.ks_2samp(ours, theirs).pvalue
    # Levene's test about the median is the F test on distances from it.
    spread = stats.f_oneway(abs(ours - np.median(ours)), abs(theirs - np.median(theirs))).pvalue
    assert two_sample_p(ours, theirs, 0.0) == pytest.approx(2 * min(location, spread))
    # One number of two: both p-values count twice.
    second = np.arange(30.0), np.arange(40.0)
    rows = compare_distributions(statistics(np.stack([ours, second[0]], 1)), {"x_ms": np.stack([theirs, second[1]], 1)})
    assert rows[0].p == pytest.approx(min(1.0, 4 * min(location, spread)))


@pytest.mark.parametrize("theirs", [2, 3, 5, 10, 40])
@pytest.mark.parametrize("numbers", [1, 46, 560])
def test_what_could_differ_is_what_sets_without_overlap_show(theirs, numbers):
    # Closed form: without overlap, Kolmogorov and Smirnov's p is two over the ways to choose our seeds; twice that.
    def p(ours):
        return 4 / math.comb(ours + theirs, ours) * numbers

    needed = seeds_needed(theirs, numbers)
    assert p(needed) < FALSE_ALARM_RATE <= p(needed - 1)
    assert could_differ(needed, theirs, numbers)
    assert not could_differ(needed - 1, theirs, numbers)
    generator = np.random.default_rng(1)
    for ours, differs in ((needed, True), (needed - 1, False)):
        apart = statistics(generator.random((ours, numbers)) + 2), {"x_ms": generator.random((theirs, numbers))}
        assert {row.differs for row in compare_distributions(*apart)} == {differs}


def test_no_number_of_seeds_is_enough_for_one_other_seed():
    assert seeds_needed(1, 22) is None
    assert not could_differ(1000, 1, 22)


def test_rounding_of_a_constant_is_no_difference():
    ours, theirs = np.full(40, 9.756), np.full(40, 9.756 + 1e-12)
    assert two_sample_p(ours, theirs, resolution=1e-9) == 1.0
    assert two_sample_p(ours, theirs, resolution=0.0) < 1e-9


def test_undefined_values_count_as_values():
    defined, undefined = np.random.default_rng(1).normal(size=40), np.full(40, np.nan)
    assert two_sample_p(undefined, undefined, 0.0) == 1.0
    assert two_sample_p(defined, undefined, 0.0) < 1e-9


def test_every_number_has_a_label():
    statistic = xr.DataArray(np.zeros((4, 2, 2)), dims=("seed", "a", "b"), name="y")
    assert [label for label, _ in elements(statistic)] == ["y[0, 0]", "y[0, 1]", "y[1, 0]", "y[1, 1]"]
    assert [label for label, _ in elements(xr.DataArray(np.zeros(4), dims="seed", name="y"))] == ["y"]


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="x_ms: shape"):
        compare_distributions(statistics(np.zeros((4, 2))), {"x_ms": np.zeros((4, 3))})


def test_mean_and_standard_deviation():
    assert mean_and_sd(np.array([1.0, 2.0, 6.0])) == pytest.approx((3.0, np.sqrt(7.0)))


def test_spread_of_one_seed_is_zero():
    assert mean_and_sd(np.array([3.0])) == (3.0, 0.0)
