"""Indices of functions whose indices are known."""

import numpy as np
import pytest
from scipy import stats

from replasticity.robustness import designs, indices


def ishigami(points):
    x = (2 * points - 1) * np.pi
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def known_indices():
    """Return the indices of Ishigami's function: first order, and total (Homma and Saltelli 1996)."""
    a, b = 7, 0.1
    alone = np.array([(1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, 0])
    together = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = alone.sum() + together
    return alone / variance, (alone + np.array([together, 0, together])) / variance


@pytest.fixture(scope="module")
def values():
    return ishigami(designs.sobol_rows(3, 0, 2047))


def test_indices_of_ishigamis_function_are_found(values):
    found = indices.sobol_indices(values)
    for name, known in zip(("first", "total"), known_indices(), strict=True):
        estimates = [getattr(each, name) for each in found]
        assert np.allclose([each.value for each in estimates], known, atol=0.03)
        # The numbers are fixed: of other designs one of the six intervals would miss in a quarter of all.
        assert all(each.interval[0] <= value <= each.interval[1] for each, value in zip(estimates, known, strict=True))
    assert [each.rows for each in found] == [2048] * 3


def test_intervals_contain_the_indices(monkeypatch):
    contained = []
    for seed in range(20):
        monkeypatch.setattr(designs, "_SEED", seed)
        found = indices.sobol_indices(ishigami(designs.sobol_rows(3, 0, 63)))
        for name, known in zip(("first", "total"), known_indices(), strict=True):
            intervals = np.array([getattr(each, name).interval for each in found])
            contained.append((intervals[:, 0] <= known) & (known <= intervals[:, 1]))
    # Of 120 intervals of 95 %, fewer than 107 contain their index in 0.3 % of all tries, were they independent.
    assert np.sum(contained) >= 107


def test_more_rows_narrow_the_intervals(values):
    few, many = (indices.sobol_indices(values[:rows]) for rows in (128, 2048))
    for one, other in zip(few, many, strict=True):
        assert np.ptp(other.total.interval) < np.ptp(one.total.interval) / 2


def test_indices_are_those_of_scipy(values):
    by_matrix = {"f_A": values[None, :, designs.A], "f_B": values[None, :, designs.B]}
    by_matrix["f_AB"] = values.T[designs.AB :, None]
    theirs = stats.sobol_indices(func=by_matrix, n=len(values))
    ours = indices.sobol_indices(values)
    # The one takes the mean over A and B from the values, the other that over AB too.
    assert np.allclose([each.first.value for each in ours], theirs.first_order, atol=2e-3)
    assert np.allclose([each.total.value for each in ours], theirs.total_order, rtol=1e-12)


def test_a_point_without_a_value_costs_its_rows_and_nothing_else(values):
    broken = values.copy()
    broken[0, designs.A] = broken[1, designs.B] = broken[2, designs.AB + 1] = np.nan
    found = indices.sobol_indices(broken)
    assert [each.rows for each in found] == [2046, 2045, 2046]
    assert found[0] == indices.sobol_indices(values[2:])[0]
    assert found[1] == indices.sobol_indices(values[3:])[1]


def test_nothing_is_said_of_a_constant_or_of_too_few_rows(values):
    assert indices.sobol_indices(np.ones((64, 5))) == [None] * 3
    assert indices.sobol_indices(values[:3]) == [None] * 3
    points = designs.morris_trajectories(2, 0, 2)
    assert indices.elementary_effects(points, points[..., 0]) == [None] * 2


def test_elementary_effects_of_a_linear_function_are_its_slopes():
    slopes = np.array([3.0, -2.0, 0.0, 0.5])
    points = designs.morris_trajectories(4, 0, 9)
    found = indices.elementary_effects(points, points @ slopes)
    assert np.allclose([each.mu_star.value for each in found], np.abs(slopes))
    assert np.allclose([each.mu_star.interval for each in found], np.abs(slopes)[:, None])
    assert np.allclose([each.sigma for each in found], 0)
    assert [each.steps for each in found] == [10] * 4


def test_elementary_effects_that_depend_on_others_spread():
    points = designs.morris_trajectories(3, 0, 99)
    found = indices.elementary_effects(points, points[..., 0] * points[..., 1] + points[..., 2])
    # The effect of the first is the second's level: 0, 1/3, 2/3 or 1, each as often; 100 of them give 0.037 around it.
    for each in found[:2]:
        assert each.mu_star.value == pytest.approx(0.5, abs=0.15)
        assert each.mu_star.interval[0] < 0.5 < each.mu_star.interval[1]
        assert each.sigma == pytest.approx(np.std([0, 1 / 3, 2 / 3, 1]), abs=0.1)
    assert found[2].sigma == pytest.approx(0)


def test_a_step_without_a_value_costs_no_other():
    points = designs.morris_trajectories(3, 0, 9)
    reached = points @ np.array([1.0, 2.0, 3.0])
    reached[4, 0] = np.nan
    found = indices.elementary_effects(points, reached)
    assert sorted(each.steps for each in found) == [9, 10, 10]
    assert np.allclose([each.mu_star.value for each in found], [1, 2, 3])


def test_the_share_of_noise_is_the_inverse_of_f():
    rng = np.random.default_rng(0)
    sets = rng.normal(size=(500, 1))
    together = 10 * rng.normal(size=(1, 12))
    # Means over 12 seeds: variance 1 of the sets, 4/12 of the seeds. The bounds are three standard deviations away.
    values = sets + together + 2 * rng.normal(size=(500, 12))
    assert indices.noise_share(values) == pytest.approx(0.25, abs=0.05)
    assert indices.noise_share(sets + together) == pytest.approx(0, abs=1e-12)
    assert indices.noise_share(rng.normal(size=(500, 12))) == pytest.approx(1, abs=0.2)


def test_a_share_of_noise_needs_sets_and_seeds():
    assert indices.noise_share(np.ones((5, 1))) is None
    assert indices.noise_share(np.ones((1, 5))) is None
    assert indices.noise_share(np.ones((5, 5)) + np.arange(25).reshape(5, 5) * 1e-16) is None
    assert indices.noise_share(np.array([[1.0, 2.0], [np.nan, 2.0]])) is None


def test_what_differs_by_less_than_its_resolution_has_no_effects():
    rounding = 1e-17 * np.random.default_rng(0).normal(size=(16, 4))
    assert indices.sobol_indices(rounding, 1e-15) == [None, None]
    assert None not in indices.sobol_indices(rounding, 0.0)
    points = designs.morris_trajectories(3, 0, 9)
    found = indices.elementary_effects(points, rounding[:10], 1e-15)
    assert [each.mu_star.value for each in found] == [0, 0, 0]
    assert min(each.mu_star.value for each in indices.elementary_effects(points, rounding[:10])) > 0
