"""Measures of arrays that are no paper's own; straight lines and nearest samples are tested with `zenke2015`."""

import numpy as np

from replasticity.numerics.arrays import correlation, joined


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
