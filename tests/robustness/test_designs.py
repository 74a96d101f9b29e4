"""Designs: more of one adds to what is there, and each is what its analysis takes it for."""

import numpy as np
import pytest

from replasticity.robustness import designs
from replasticity.robustness.designs import AB, A, B


@pytest.mark.parametrize("axes", [1, 3, 25])
@pytest.mark.parametrize("design", [designs.morris_trajectories, designs.sobol_rows])
def test_more_of_a_design_changes_none_of_it(design, axes):
    all_at_once = design(axes, 0, 63)
    for first, last in ((0, 31), (32, 63), (5, 5)):
        assert np.array_equal(all_at_once[first : last + 1], design(axes, first, last))


@pytest.mark.parametrize("design", [designs.morris_trajectories, designs.sobol_rows])
def test_points_are_in_the_unit_cube_and_none_is_there_twice(design):
    points = design(4, 0, 63)
    assert points.shape[1:] == ((5, 4) if design is designs.morris_trajectories else (6, 4))
    assert points.min() >= 0
    assert points.max() <= 1
    assert len(np.unique(points.reshape(64, -1), axis=0)) == 64


def test_a_trajectory_moves_each_coordinate_once():
    steps = np.diff(designs.morris_trajectories(6, 0, 20), axis=1)
    assert np.array_equal((steps != 0).sum(axis=1), np.ones((21, 6)))
    assert np.allclose(np.abs(steps[steps != 0]), 2 / 3)


def test_a_row_mixes_one_coordinate_of_b_into_a():
    rows = designs.sobol_rows(3, 0, 15)
    for axis in range(3):
        others = [each for each in range(3) if each != axis]
        assert np.array_equal(rows[:, AB + axis, axis], rows[:, B, axis])
        assert np.array_equal(rows[:, AB + axis][:, others], rows[:, A][:, others])
    assert not np.isclose(rows[:, A], rows[:, B]).any()


def test_rows_are_balanced():
    both = designs.sobol_rows(5, 0, 63)[:, [A, B]].reshape(64, -1)
    # A sequence has one point in each of 64 slices of each axis; random numbers leave a third of the slices empty.
    assert np.array_equal(np.sort((both * 64).astype(int), axis=0), np.tile(np.arange(64)[:, None], 10))
