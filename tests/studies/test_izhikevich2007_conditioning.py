"""Pavlovian conditioning: its draw, its responses against the spikes, its statistics."""

import numpy as np
import pytest
from scipy import stats

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.models.distal_reward_network import Network
from replasticity.studies.izhikevich2007 import shared
from replasticity.studies.izhikevich2007.conditioning import AFTER_MS
from replasticity.study import protocols

protocol = protocols.get("izhikevich2007_conditioning")

SMALL = {
    "duration_s": 24,
    "exc_cells": 80,
    "inh_cells": 20,
    "synapses_per_cell": 25,
    "stimuli": 6,
    "stimulus_cells": 10,
    "sample_interval_s": 2,
}


@pytest.fixture(scope="module")
def small():
    return experiments.resolve("izhikevich2007_pavlov", "full", SMALL).parameters


@pytest.fixture(scope="module")
def inputs(small):
    return protocol.sample_inputs(small, 1)


@pytest.fixture(scope="module")
def run(small, inputs):
    return protocol.simulate(small, inputs)


@pytest.fixture(scope="module")
def spikes(small, inputs):
    """Return all spikes of the same run as an array over steps (from 1) and cells."""
    network = Network(
        small,
        1,
        inputs["target"],
        stimuli={
            "step": inputs["stimulus_ms"].astype(np.int64),
            "group": inputs["stimulus_group"].astype(np.int64),
            "reward_delay_ms": inputs["stimulus_reward_delay_ms"].astype(np.int64),
            "cells": inputs["group_cell"],
        },
        stimulus_mV=small.stimulus_mV,
    )
    raster = np.zeros((24001, 100), np.int8)
    for _ in shared.seconds(network, {}, small, "", None):
        raster[network.spikes()] = 1
    return raster


# Draw -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hour():
    return protocol.sample_inputs(experiments.resolve("izhikevich2007_pavlov", "full").parameters, 5)


def test_intervals_are_uniform(hour):
    # Chi-square over 201 values, false-alarm rate 1e-3 for a fresh seed.
    interval_ms = np.diff(hour["stimulus_ms"], prepend=0)
    assert (interval_ms.min(), interval_ms.max()) == (100, 300)
    assert stats.chisquare(np.bincount(interval_ms.astype(int) - 100)).pvalue > 1e-3
    assert hour["stimulus_ms"][-1] <= 3_600_000 < hour["stimulus_ms"][-1] + 300


def test_stimuli_are_equally_likely(hour):
    # Chi-square over 100 stimuli, false-alarm rate 1e-3 for a fresh seed.
    assert stats.chisquare(np.bincount(hour["stimulus_group"], minlength=100)).pvalue > 1e-3


def test_each_stimulus_has_different_cells_of_both_kinds(hour):
    cells = hour["group_cell"]
    assert cells.shape == (100, 50)
    assert all(len(set(row)) == 50 for row in cells)
    # 5000 places over 1000 cells; chi-square, false-alarm rate 1e-3 for a fresh seed.
    assert stats.chisquare(np.bincount(cells.ravel(), minlength=1000)).pvalue > 1e-3
    assert (cells >= 800).any()


def test_reward_follows_the_first_stimulus_only_and_within_a_second(hour):
    delay_ms = hour["stimulus_reward_delay_ms"]
    np.testing.assert_array_equal(delay_ms > 0, hour["stimulus_group"] == 0)
    assert stats.kstest(delay_ms[delay_ms > 0], stats.uniform(0, 1000).cdf).pvalue > 1e-3
    assert delay_ms.max() <= 1000


def test_chance_rewards_come_as_often_after_any_stimulus(hour):
    chance = protocol.sample_inputs(experiments.resolve("izhikevich2007_pavlov_random_reward", "full").parameters, 5)
    np.testing.assert_array_equal(chance["stimulus_ms"], hour["stimulus_ms"])
    rewarded = chance["stimulus_reward_delay_ms"] > 0
    # About 180 of 18,000; |z| < 4: false-alarm rate 1e-4 for a fresh seed.
    assert abs(rewarded.sum() - 0.01 * len(rewarded)) < 4 * np.sqrt(0.01 * len(rewarded))
    assert len(set(chance["stimulus_group"][rewarded])) > 50


# Records ----------------------------------------------------------------------------------------------


def test_responses_count_excitatory_spikes_after_the_stimulus(run, inputs, spikes):
    exc = spikes[:, :80].sum(axis=1, dtype=int)
    stimulus_ms = inputs["stimulus_ms"].astype(int)
    whole = stimulus_ms + AFTER_MS <= 24000
    for column, window_ms in enumerate((10, 20, 50)):
        expected = [exc[at + 1 : at + 1 + window_ms].sum() for at in stimulus_ms[whole]]
        np.testing.assert_array_equal(run["response"][whole, column], expected)
    assert (run["response"][~whole] == -1).all()
    assert whole.sum() > 100


def test_a_stimulus_makes_its_cells_spike(run, inputs, spikes):
    cells, groups = inputs["group_cell"], inputs["stimulus_group"]
    at = inputs["stimulus_ms"].astype(int)
    own = np.mean([spikes[t + 1 : t + 4, cells[g]].sum() for t, g in zip(at, groups, strict=True) if t < 23990])
    assert own > 5


@pytest.mark.parametrize("part", [0, 1])
def test_mean_rate_around_stimuli(part, run, inputs, spikes):
    exc = spikes[:, :80].sum(axis=1, dtype=int)
    stimulus_ms, group = inputs["stimulus_ms"].astype(int), inputs["stimulus_group"]
    wanted = (stimulus_ms <= 4000) if part == 0 else (stimulus_ms > 20000) & (stimulus_ms <= 23600)
    for column, chosen in enumerate((group == 0, group != 0)):
        rows = [exc[at - 200 : at + 400] for at in stimulus_ms[wanted & chosen & (stimulus_ms > 200)]]
        np.testing.assert_allclose(run["around_rate_Hz"][part, column], np.mean(rows, axis=0) / 80 * 1000, rtol=1e-12)


def test_rasters_show_the_first_and_the_last_presentation(run, inputs, spikes):
    stimulus_ms, group = inputs["stimulus_ms"].astype(int), inputs["stimulus_group"]
    shown = stimulus_ms[(group == 0) & (stimulus_ms > 200) & (stimulus_ms <= 23600)]
    for part, at in enumerate(shown[[0, -1]]):
        np.testing.assert_array_equal(run["raster"][part], spikes[at - 200 : at + 400])
        marks = np.zeros(600, int)
        near = (stimulus_ms >= at - 200) & (stimulus_ms < at + 400)
        marks[stimulus_ms[near] - at + 200] = group[near] + 1
        np.testing.assert_array_equal(run["raster_stimulus"][part], marks)


def test_weights_of_a_stimulus_are_those_of_its_excitatory_cells(run, inputs):
    weight_mV = run["weight_final_mV"][: 80 * 25].reshape(80, 25).mean(axis=1)
    for group, cells in enumerate(inputs["group_cell"]):
        expected = weight_mV[cells[cells < 80]].mean()
        assert run["group_weight_mV"][-1, group] == pytest.approx(expected, rel=1e-12)


def test_rewards_are_given_when_due(run, inputs):
    delay_ms = inputs["stimulus_reward_delay_ms"]
    due_ms = np.unique((inputs["stimulus_ms"] + delay_ms)[delay_ms > 0])
    np.testing.assert_array_equal(run["rewards"], [(due_ms <= 1000 * s).sum() for s in range(1, 25)])


# Statistics -------------------------------------------------------------------------------------------


def test_statistics_compare_s1_with_the_others(small, run):
    stimulus_ms = 1000.0 * np.arange(1, 25) - 500
    group = np.tile([0, 1, 2, 3], 6)
    # The response of S1 doubles in the last sixth, against others of 10.
    response = np.where(group == 0, np.where(stimulus_ms > 20000, 40, 20), 10)
    weight_mV = np.tile([3.0, 1.0, 2.0, 4.0, 1.0, 2.0], (12, 1))
    made_up = run | {
        "stimulus_ms": stimulus_ms,
        "stimulus_group": group,
        "response": np.stack([response, 2 * response, 3 * response], axis=1),
        "group_weight_mV": weight_mV,
    }
    got = protocol.summarise(small, made_up)
    np.testing.assert_allclose(got["response_ratio_early"], 2)
    np.testing.assert_allclose(got["response_ratio_late"], 4)
    np.testing.assert_allclose(got["response_gain"], 2)
    np.testing.assert_array_equal(got["response_rank_late"], 1)
    np.testing.assert_allclose(got["response_course"], [2, np.nan] * 5 + [4, np.nan])
    assert got["weight_ratio_final"] == pytest.approx(1.5)
    assert got["weight_rank_final"] == 2
    assert got["presentations"] == 6


def test_stimuli_that_are_as_strong_share_their_rank(small, run):
    stimulus_ms = 1000.0 * np.arange(1, 25) - 500
    # In the last sixth come S1 twice, and S2 and S3 with the same response; S2's cells have weights as large.
    tied = run | {
        "stimulus_ms": stimulus_ms,
        "stimulus_group": np.tile([0, 1, 0, 2], 6),
        "response": np.full((24, 3), 7),
        "group_weight_mV": np.tile([3.0, 3.0, 2.0, 4.0, 1.0, 2.0], (12, 1)),
    }
    got = protocol.summarise(small, tied)
    np.testing.assert_array_equal(got["response_rank_late"], 2)
    assert got["weight_rank_final"] == 2.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stimulus_cells": 1001}, "stimulus_cells: has to be at most the number of cells"),
        ({"interval_max_ms": 50}, "interval_max_ms: has to be at least interval_min_ms"),
        ({"response_windows_ms": [10, 200]}, "response_windows_ms: has to end before the next stimulus"),
        ({"rewarded": "second"}, "rewarded: has to be 'first_stimulus' or 'any_stimulus'"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        experiments.resolve("izhikevich2007_pavlov", "full", changes)
