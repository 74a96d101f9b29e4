"""Numbers in groups: split, share of the variance, ranges."""

import math

import numpy as np
import pytest

from replasticity.numerics import groups


def test_each_group_has_its_values_in_their_order():
    values, group = np.array([5.0, 1.0, 4.0, 2.0]), np.array([2, 0, 2, 0])
    assert [each.tolist() for each in groups.split(values, group, 4)] == [[1.0, 2.0], [], [5.0, 4.0], []]


def test_variance_explained():
    values = np.array([1.0, 1.0, 3.0, 3.0])
    assert groups.variance_explained(values, np.array([7, 7, 9, 9])) == 1.0
    # Groups with equal means explain nothing: adjusted for their number the share is negative.
    assert groups.variance_explained(values, np.array([7, 9, 7, 9])) == pytest.approx(1 - (4 / 2) / (4 / 3))
    assert math.isnan(groups.variance_explained(values, np.arange(4)))
    assert math.isnan(groups.variance_explained(np.ones(4), np.array([7, 7, 9, 9])))


def test_variance_explained_by_chance_is_zero_on_average():
    # 400 draws of 100 numbers in 10 random groups; |z| < 4 (false-alarm rate 6e-5 for a fresh seed).
    generator = np.random.default_rng(3)
    shares = [groups.variance_explained(generator.normal(size=100), generator.integers(0, 10, 100)) for _ in range(400)]
    assert abs(np.mean(shares)) < 4 * np.std(shares) / math.sqrt(400)


def test_ranges_of_groups():
    generator = np.random.default_rng(11)
    values, group = generator.random(200), generator.integers(0, 20, 200)
    expected = [np.ptp(values[group == each]) for each in np.unique(group)]
    np.testing.assert_array_equal(groups.ranges_of_groups(values, group), expected)
    assert len(groups.ranges_of_groups(np.zeros(0), np.zeros(0, np.int64))) == 0
