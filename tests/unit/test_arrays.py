"""Measures of arrays that are no paper's own."""

import math

import numpy as np
import pytest

from replasticity.numerics.arrays import averaging, correlation, joined, mid_rank, nearest, spread, straight_line


def test_straight_line_needs_two_different_points():
    assert straight_line(np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0])) == pytest.approx((2, 1, 1))
    assert all(map(math.isnan, straight_line(np.array([1.0, 1.0]), np.array([0.0, 1.0]))))
    assert all(map(math.isnan, straight_line(np.array([1.0]), np.array([0.0]))))


def test_points_that_rounding_tells_apart_make_no_line():
    x = 5.0 + np.array([0.0, 1.0, 2.0]) * 1e-15
    assert all(map(math.isnan, straight_line(x, np.array([1.0, 2.0, 4.0]))))
    assert all(map(math.isnan, straight_line(np.array([1.0, 2.0, 4.0]), x)))


def test_of_two_points_equally_near_the_first_is_nearest():
    grid = np.array([0.0, 1.0, 2.0])
    assert nearest(grid, np.array([-1.0, 0.5, 0.6, 1.6, 9.0])).tolist() == [0, 0, 1, 2, 2]


def test_joined_lists_know_where_their_elements_are_from():
    values, part = joined([np.array([3, 1]), np.zeros(0, np.int64), np.array([2])])
    assert (values.tolist(), part.tolist()) == ([3, 1, 2], [0, 0, 2])
    assert values.dtype == part.dtype == np.int64
    assert [each.tolist() for each in joined([])] == [[], []]


def test_correlation_along_the_last_axis():
    # By hand: (-1, 0, 1) with (1, 1, -2) is -3 over the root of 2 times 6.
    x = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    y = np.array([[1.0, 1.0, -2.0], [2.0, 4.0, 6.0], [1.0, 2.0, 4.0]])
    np.testing.assert_allclose(correlation(x, y), [-3 / np.sqrt(12), 1.0, np.nan], rtol=1e-14)


def test_values_that_rounding_tells_apart_do_not_vary():
    equal = -70.0 + np.array([0.0, 1.0, 2.0]) * 1e-14
    values = np.array([equal, [1.0, 1.0, 4.0], [0.0, 0.0, 0.0]])
    assert spread(values).tolist() == [0.0, pytest.approx(np.sqrt(2)), 0.0]
    assert np.isnan(correlation(values, np.array([1.0, 2.0, 4.0]))).tolist() == [True, False, True]


def test_equal_values_share_their_rank():
    others = np.array([[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert mid_rank(np.array([2.0, 0.0]), others).tolist() == [2.5, 2.5]


def test_means_over_groups_leave_out_members_beyond_the_values():
    matrix = averaging(np.array([[0, 2], [1, 3], [3, 4]]), 3)
    np.testing.assert_array_equal(matrix @ np.array([1.0, 10.0, 5.0]), [3.0, 10.0, np.nan])
