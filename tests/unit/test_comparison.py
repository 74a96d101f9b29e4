import numpy as np
import pytest

from replasticity.comparison import Tolerance, compare, compare_spikes


def test_either_bound_suffices():
    theirs = np.array([0.0, 1000.0])
    tolerance = Tolerance(absolute=1e-6, relative=1e-3)
    assert compare("x", np.array([1e-7, 1000.9]), theirs, tolerance).holds
    assert not compare("x", np.array([2e-6, 1000.0]), theirs, tolerance).holds
    assert not compare("x", np.array([0.0, 1001.1]), theirs, tolerance).holds


def test_largest_deviations_are_reported():
    row = compare("x", np.array([1.0, 2.5]), np.array([1.0, 2.0]), Tolerance(absolute=1))
    assert (row.compared, row.absolute, row.relative, row.unmatched) == (2, 0.5, 0.25, None)


def test_without_bounds_only_equality_holds():
    assert compare("x", np.array([1, 2]), np.array([1, 2]), Tolerance()).holds
    assert not compare("x", np.array([1, 3]), np.array([1, 2]), Tolerance()).holds


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_equal_only_themselves(wrong):
    tolerance = Tolerance(absolute=1e300, relative=1e300)
    assert compare("x", np.array([wrong]), np.array([wrong]), tolerance).holds
    assert not compare("x", np.array([wrong]), np.array([1.0]), tolerance).holds
    assert not compare("x", np.array([1.0]), np.array([np.nan]), tolerance).holds


def test_other_shapes_do_not_hold():
    row = compare("x", np.zeros(3), np.zeros(4), Tolerance(absolute=1))
    assert not row.holds
    assert row.note == "shape (3,) against (4,)"


def test_spikes_match_one_to_one():
    assert compare_spikes("s", [(1, 0), (5, 2)], [(5, 2), (1, 0)]).holds
    row = compare_spikes("s", [(1, 0), (1, 0), (5, 2)], [(1, 0), (6, 2)])
    assert (row.compared, row.unmatched, row.holds) == (2, 3, False)
