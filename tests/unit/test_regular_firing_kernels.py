"""Regular firing: the equations, and the intervals in whole steps that rounding decides."""

import numpy as np
import pytest

from replasticity.equations.regular_firing import advance_phase, reset_phase, spikes
from replasticity.models.regular_firing import fire


def test_phase_advances_by_rate_times_step():
    assert advance_phase(0.25, 0.02) == 0.27


def test_threshold_is_strict():
    assert not spikes(1.0)
    assert spikes(np.nextafter(1.0, 2.0))


def test_reset_drops_or_keeps_the_overshoot():
    assert reset_phase(1.25, False) == 0.0
    assert reset_phase(1.25, True) == 0.25


def fired(rate_Hz, keep_overshoot, duration_s=5.0, phase=0.0):
    steps, _ = fire(
        rates_Hz=[rate_Hz],
        phase_initial=[phase],
        dt_s=1e-4,
        step_count=round(duration_s * 1e4),
        recorded_steps=0,
        keep_overshoot=keep_overshoot,
    )
    return steps[0]


@pytest.mark.parametrize(
    ("rate_Hz", "interval"), [(200, 50), (250, 40), (220, 46), (210, 48), (125, 81), (625, 17), (1000, 11)]
)
def test_intervals_in_whole_steps(rate_Hz, interval):
    # docs/models/pair_stdp.md#rounded-intervals: sums of rounded additions.
    steps = fired(rate_Hz, keep_overshoot=False)
    assert steps[0] == interval - 1
    assert set(np.diff(steps)) == {interval}


@pytest.mark.parametrize("rate_Hz", [7.0, 210.0, 220.0, 333.0, 999.0])
def test_subtracting_keeps_the_mean_rate(rate_Hz):
    # One spike more or less in 5 s.
    assert abs(len(fired(rate_Hz, keep_overshoot=True)) - 5 * rate_Hz) <= 1


@pytest.mark.parametrize("keep_overshoot", [True, False])
def test_start_phase_moves_the_first_spike_only(keep_overshoot):
    late, early = (fired(100.0, keep_overshoot, phase=phase) for phase in (0.0, 0.5))
    assert early[0] == late[0] // 2
    assert abs(early[0] + np.diff(late).mean() - early[1]) <= 1


def test_cells_reset_to_zero_fire_as_if_each_step_were_computed():
    # Where phases are recorded each step is computed; otherwise one interval of each cell.
    random = np.random.default_rng(1)
    rates_Hz = np.concatenate([[0.0, 9.0, 5000.0, 1e4], random.uniform(10.0, 1e4, 300)])
    phases = np.concatenate([[0.0, 0.5, 1.0, 1.5], random.uniform(0.0, 1.0, 300)])
    arguments = {"rates_Hz": rates_Hz, "phase_initial": phases, "dt_s": 1e-4, "step_count": 1000}
    expected, _ = fire(**arguments, recorded_steps=1, keep_overshoot=False)
    found, _ = fire(**arguments, recorded_steps=0, keep_overshoot=False)
    for cell, steps in enumerate(expected):
        np.testing.assert_array_equal(found[cell], steps)


def test_no_rate_gives_no_spike():
    assert len(fired(0.0, keep_overshoot=False)) == 0


def test_phases_are_sampled_before_the_step():
    _, phases = fire(
        rates_Hz=[100.0, 300.0],
        phase_initial=[0.0, 0.5],
        dt_s=1e-3,
        step_count=5,
        recorded_steps=3,
        keep_overshoot=False,
    )
    np.testing.assert_allclose(phases, [[0.0, 0.5], [0.1, 0.8], [0.2, 0.0]], rtol=1e-14)
