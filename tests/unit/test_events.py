"""Events in time: bins, and counts after other events."""

import numpy as np

from replasticity.numerics import events


def test_a_spike_at_the_border_of_two_bins_belongs_to_the_first():
    middles_ms, borders_ms = events.bins(10.0, 25.0, shift=0.05)
    np.testing.assert_allclose(middles_ms, [5, 15, 25])
    spike_ms, neuron = np.array([0.1, 10.0, 10.1, 20.0, 25.0]), np.array([0, 0, 1, 0, 2])
    found = events.counts(spike_ms, neuron, borders_ms, 3)
    np.testing.assert_array_equal(found, [[2, 0, 0], [1, 1, 0], [0, 0, 1]])
    # Whole numbers, which a contract refuses where its type is too small for them.
    assert found.dtype == np.int64


def test_events_after_a_start_are_later_than_it_and_at_most_the_length_later():
    found = events.counts_after(np.array([10.0, 12.0, 12.1, 32.0, 33.0]), np.array([12.0, 100.0]), 20.0)
    assert found.tolist() == [2, 0]


def test_sums_begin_in_the_step_after_the_start_and_end_with_the_run():
    found = events.sums_after(np.array([9, 9, 1, 2, 3]), np.array([1, 3]), np.array([1, 2, 5]))
    assert found.tolist() == [[1, 3, 6], [3, 3, 3]]


def test_mean_around_events_is_of_each_step():
    count = np.array([0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(events.mean_around(count, np.array([1, 4]), np.arange(-1, 2)), [1.5, 2.5, 3.5])
    assert np.isnan(events.mean_around(count, np.array([], int), np.arange(-1, 2))).all()
