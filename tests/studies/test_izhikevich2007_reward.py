"""The protocol of the distal reward: its draw, its records against the spikes, its statistics, its parameters."""

import json

import numpy as np
import pytest
from scipy import stats

from replasticity.definitions import experiments
from replasticity.errors import StateError, UserError
from replasticity.models.distal_reward_network import Network
from replasticity.storage import datasets
from replasticity.storage.contract import build, require_defined
from replasticity.studies.izhikevich2007 import shared
from replasticity.study import protocols

protocol = protocols.get("izhikevich2007_reward")

#: A small, lively network: many rewards in a few seconds.
SMALL = {
    "duration_s": 12,
    "exc_cells": 80,
    "inh_cells": 20,
    "synapses_per_cell": 25,
    "noise_amplitude_mV": 26.0,
    "coincidence_ms": 60,
    "reward_delay_min_ms": 100,
    "reward_delay_span_ms": 200.0,
    "sample_interval_s": 2,
}


@pytest.fixture(scope="module")
def small():
    return experiments.resolve("izhikevich2007", "full", SMALL).parameters


@pytest.fixture(scope="module")
def run(small):
    return protocol.simulate(small, protocol.sample_inputs(small, 1))


@pytest.fixture(scope="module")
def replayed(small):
    """Return spikes and traces of each step of the same run."""
    network = Network(small, 1, protocol.sample_inputs(small, 1)["target"], rewarded=small)
    seconds = []
    for _ in shared.seconds(network, {}, small, "", None):
        chunk = network.chunk
        seconds.append([*network.spikes(), chunk.chosen_weight_mV.copy(), chunk.chosen_eligibility_mV.copy()])
    step, cell, weight_mV, eligibility_mV = (np.concatenate(column) for column in zip(*seconds, strict=True))
    return {"step": step, "cell": cell, "weight_mV": weight_mV, "eligibility_mV": eligibility_mV, "network": network}


# Draw -------------------------------------------------------------------------------------------------


def test_targets_are_uniform_over_the_allowed_cells():
    # Chi-square over all cells, false-alarm rate 1e-3 each for a fresh seed.
    given = experiments.resolve("izhikevich2007").parameters
    target = protocol.sample_inputs(given, 11)["target"]
    assert stats.chisquare(np.bincount(target[:80000], minlength=1000)).pvalue > 1e-3
    assert stats.chisquare(np.bincount(target[80000:], minlength=800)).pvalue > 1e-3
    assert target[80000:].max() == 799


def test_seeds_differ_and_repeat(small):
    first, again, other = (protocol.sample_inputs(small, seed)["target"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


# Records ----------------------------------------------------------------------------------------------


def test_rates_count_the_spikes(run, replayed, small):
    second = (replayed["step"] - 1) // 1000
    exc = replayed["cell"] < small.exc_cells
    np.testing.assert_allclose(run["rate_exc_Hz"], np.bincount(second[exc], minlength=12) / 80, rtol=1e-14)
    np.testing.assert_allclose(run["rate_inh_Hz"], np.bincount(second[~exc], minlength=12) / 20, rtol=1e-14)


def test_chosen_synapse_at_the_end_of_each_second(run, replayed):
    np.testing.assert_array_equal(run["chosen_weight_mV"], replayed["weight_mV"][999::1000])
    np.testing.assert_array_equal(run["chosen_eligibility_mV"], replayed["eligibility_mV"][999::1000])


def test_rewards_given_are_those_scheduled_up_to_then(run):
    due_ms = np.unique(run["reward_time_ms"])
    counted = [(due_ms <= 1000 * s).sum() for s in run["time_s"]]
    np.testing.assert_array_equal(run["rewards"], counted)
    assert counted[-1] > 5
    delay_ms = run["reward_time_ms"] - run["coincidence_time_ms"]
    assert delay_ms.min() > 100
    assert delay_ms.max() <= 300


def test_samples_describe_the_final_weights(run, small):
    weight_mV = run["weight_final_mV"][: small.exc_synapses]
    assert run["stronger_synapses"][-1] == (weight_mV > weight_mV[0]).sum()
    # The mean of the ranks of all that are as strong.
    assert run["chosen_rank"][-1] == stats.rankdata(-weight_mV)[0]
    assert run["mean_weight_mV"][-1] == weight_mV.mean()
    others_mV = np.sort(np.delete(weight_mV, 0))[::-1]
    np.testing.assert_array_equal(run["upper_weight_mV"][-1], others_mV[[0, 1, 19, 199]])
    np.testing.assert_array_equal(run["weight_histogram"][-1], np.histogram(weight_mV, 80, (0, 4))[0])


def test_synapses_at_a_bound_share_their_rank(small):
    # So strong a depression that most weights lie at zero, and the chosen one with them.
    sunk = protocol.simulate(small.model_copy(update={"ltd_factor": 50.0}), protocol.sample_inputs(small, 1))
    weight_mV = sunk["weight_final_mV"][: small.exc_synapses]
    tied = (weight_mV == weight_mV[0]).sum()
    assert tied > 100
    assert sunk["chosen_rank"][-1] == stats.rankdata(-weight_mV)[0]
    assert sunk["chosen_rank"][-1] == 1 + sunk["stronger_synapses"][-1] + (tied - 1) / 2


@pytest.mark.parametrize("slot", [0, 24])
def test_the_neighbour_is_the_excitatory_synapse_beside_the_chosen_one(slot, small):
    given = small.model_copy(update={"chosen_pre": 79, "chosen_slot": slot})
    beside = given.chosen_synapse + (1 if slot == 0 else -1)
    got = protocol.simulate(given, protocol.sample_inputs(given, 1))
    assert got["neighbour_weight_mV"][-1] == got["weight_final_mV"][beside]
    assert len(set(got["neighbour_weight_mV"])) > 5


def test_raster_is_the_last_second(run, replayed):
    step, cell = np.nonzero(run["raster"])
    last = replayed["step"] > 11000
    assert list(zip(step + 11001, cell, strict=True)) == list(
        zip(replayed["step"][last], replayed["cell"][last], strict=True)
    )


@pytest.mark.parametrize("number", [0, 3])
def test_close_up_shows_the_steps_around_a_coincidence(number, small, replayed):
    shown = protocol.simulate(small.model_copy(update={"close_up_reward": number}), protocol.sample_inputs(small, 1))
    coincidence_ms = int(shown["coincidence_time_ms"][number])
    assert shown["close_up_coincidence_s"].item() * 1000 == coincidence_ms
    at_ms = coincidence_ms + shown["close_up_ms"].astype(int)
    inside = (at_ms >= 1) & (at_ms <= 12000)
    for name in ("weight_mV", "eligibility_mV"):
        np.testing.assert_array_equal(shown[f"close_up_{name}"][inside], replayed[name][at_ms[inside] - 1])
        assert np.isnan(shown[f"close_up_{name}"][~inside]).all()
    step = replayed["network"].step
    for name, cell in (("pre", step.chosen_pre), ("post", step.chosen_post)):
        spikes = replayed["step"][replayed["cell"] == cell]
        np.testing.assert_array_equal(
            at_ms[inside][shown[f"close_up_{name}"][inside] > 0], np.intersect1d(spikes, at_ms)
        )
    # The presynaptic cell spiked before, and the postsynaptic one spikes at the coincidence.
    from_coincidence_ms = shown["close_up_ms"]
    assert shown["close_up_post"][from_coincidence_ms == 0] == 1
    assert np.nansum(shown["close_up_pre"][(from_coincidence_ms >= -59) & (from_coincidence_ms < 0)]) >= 1


# Statistics -------------------------------------------------------------------------------------------


def test_statistics_of_a_made_up_run(small):
    given = small.model_copy(
        update={"duration_s": 120, "sample_interval_s": 60, "exc_cells": 800, "synapses_per_cell": 100}
    )
    weight_mV = np.linspace(0, 4, 120)
    histogram = np.zeros((2, 80), int)
    histogram[1, 77:] = 5, 2, 1
    run = build(
        protocol.RUN,
        {
            "chosen_weight_mV": weight_mV,
            "chosen_rank": [79000.5, 400.0],
            "stronger_synapses": [78000, 398],
            "chosen_eligibility_mV": np.linspace(-1, 1, 120),
            "upper_weight_mV": [[3.95, 1, 1, 1], [3.9, 3, 2, 1]],
            "rewards": np.where(np.arange(120) < 100, np.arange(120) // 10, np.arange(120) // 5 - 10),
            "weight_histogram": histogram,
            "mean_weight_mV": [1.0, 0.5],
            "rate_exc_Hz": np.full(120, 1.3),
            "rate_inh_Hz": np.full(120, 0.8),
        },
    )
    got = protocol.summarise(given, run)
    assert list(got) == list(protocol.STATISTICS)
    np.testing.assert_array_equal(got["chosen_weight_course_mV"], weight_mV[[59, 119]])
    np.testing.assert_array_equal(got["chosen_eligibility_course_mV"], np.linspace(-1, 1, 120)[[59, 119]])
    np.testing.assert_array_equal(got["chosen_rank_course"], [79000.5, 400])
    np.testing.assert_array_equal(got["stronger_synapses_course"], [78000, 398])
    np.testing.assert_array_equal(got["high_synapses_course"], [0, 3])
    expected = {
        "chosen_weight_final_mV": 4.0,
        "chosen_weight_highest_mV": 4.0,
        "chosen_weight_late_mV": weight_mV[60:].mean(),
        "chosen_high_s": 1 + np.argmax(weight_mV >= 3.9),
        "chosen_rank_final_percent": 0.5,
        "chosen_rank_late_percent": 0.5,
        "chosen_rank_best": 400,
        "high_synapses_final": 3,
        "other_weight_largest_mV": 3.95,
        "weight_percentile_99_mV": 2.0,
        "weight_percentile_90_mV": 1.0,
        "mean_weight_final_mV": 0.5,
        "rewards_given": 13,
        "rewards_early": 1,
        "rewards_late": 4,
        "rewards_gain": 3,
        "rate_exc_mean_Hz": 1.3,
        "rate_inh_mean_Hz": 0.8,
        "rate_exc_highest_Hz": 1.3,
    }
    for name, value in expected.items():
        assert got[name].item() == pytest.approx(value, rel=1e-12), name


def test_what_never_happens_has_no_time(small, run):
    silent = run | {"chosen_weight_mV": 0 * run["chosen_weight_mV"]}
    assert np.isnan(protocol.summarise(small, silent)["chosen_high_s"])


# Parameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chosen_pre": 800}, "chosen_pre: has to be an excitatory neuron, less than 800"),
        ({"chosen_slot": 100}, "chosen_slot: has to be less than synapses_per_cell"),
        ({"duration_s": 15}, "duration_s: has to be a whole multiple of sample_interval_s"),
        ({"w_max_mV": 0.0}, "w_max_mV: has to be greater than 0"),
        ({"c_mV": 30.0}, "c_mV: has to be less than v_peak_mV"),
        ({"trace_decay": 1.01}, "trace_decay: has to be less than or equal to 1"),
        ({"eligibility_decay": 1.01}, "eligibility_decay: has to be less than or equal to 1"),
        ({"dopamine_decay": 1.01}, "dopamine_decay: has to be less than or equal to 1"),
        ({"exc_cells": 1, "synapses_per_cell": 1}, "exc_cells: the chosen synapse is compared"),
        ({"duration_s": 2, "sample_interval_s": 1}, "duration_s: at least 6"),
        ({"exc_cells": 1000000}, "MB of memory, resources.mem_mb"),
        ({"reward_delay_span_ms": 1e9}, "MB of memory, resources.mem_mb"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        experiments.resolve("izhikevich2007", "full", changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # A step too long for its stiff equation, and an input that no membrane has.
        ({"a_exc_per_ms": -50.0}, r"[uv]_mV of neuron \d+ is [-0-9.e+inf]+ at \d+ ms, allowed: -1e\+06 to 1e\+06 mV"),
        ({"noise_amplitude_mV": 1e12}, r"v_mV of neuron \d+ is [0-9.e+]+ at \d+ ms, allowed: -1e\+06 to 1e\+06 mV"),
        ({"c_mV": 29.0}, "mean rate of all neurons is"),
    ],
)
def test_a_run_that_leaves_its_limits_ends_in_one_line(changes, message):
    parameters = experiments.resolve("izhikevich2007", "full", SMALL | changes).parameters
    with pytest.raises(StateError, match=message) as raised:
        protocol.simulate(parameters, protocol.sample_inputs(parameters, 1))
    assert "\n" not in str(raised.value)


def test_two_synapses_are_enough(in_project):
    changes = {"exc_cells": 1, "inh_cells": 1, "synapses_per_cell": 2, "duration_s": 10}
    parameters = experiments.resolve("izhikevich2007", "full", changes).parameters
    run = protocol.simulate(parameters, protocol.sample_inputs(parameters, 1))
    require_defined(protocol.RUN, run)
    require_defined(protocol.STATISTICS, protocol.summarise(parameters, run))


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("no_dopamine", {"dopamine_increment"}),
        ("parallel_sum", {"parallel_synapses_add"}),
        ("trace_20ms", {"trace_decay"}),
        ("per_ms", {"dopamine_baseline", "dopamine_increment"}),
        ("all_corrected", {"parallel_synapses_add", "trace_decay", "dopamine_baseline", "dopamine_increment"}),
    ],
)
def test_conditions_differ_from_the_published_in_what_they_are_called_after(name, changed):
    base, other = (experiments.resolve(each, "full").values for each in ("izhikevich2007", f"izhikevich2007_{name}"))
    assert {key for key in base if base[key] != other[key]} == changed


def test_each_measured_erratum_is_alone_and_all_are_measured_together():
    measured = {each.id: each.measured_by for each in experiments.load("izhikevich2007").errata if each.measured_by}
    alone = [set(each.parameters) for key, each in measured.items() if key != "all-together"]
    assert set(measured["all-together"].parameters) == set.union(*alone)
    assert sum(map(len, alone)) == len(set.union(*alone))


def test_a_step_of_20_ms_and_an_update_of_10_ms_are_what_the_errata_say():
    base = experiments.resolve("izhikevich2007", "full").values
    together = experiments.resolve("izhikevich2007_all_corrected", "full").values
    assert together["trace_decay"] == pytest.approx(np.exp(-1 / 20), rel=1e-15)
    for name in ("dopamine_baseline", "dopamine_increment"):
        assert together[name] == base["weight_update_period_ms"] * base[name]


def test_rewards_more_often_compares_the_end_with_the_start():
    claim = next(each for each in experiments.load("izhikevich2007").claims if each.id == "rewards-more-often")
    assert (claim.statistic, claim.test, claim.lower, claim.upper) == ("rewards_gain", "mean_in_range", 0.0, None)


def test_yaml_has_the_parameters_of_the_recordings(in_project):
    resolved = experiments.resolve("izhikevich2007", "full")
    summary = protocol.peer.of_peer(
        datasets.open_netcdf(experiments.summary_file(resolved.name, resolved.experiment.peer)),
        resolved.parameters,
    )
    theirs = protocol.peer.recorded_parameters(summary, json.loads(summary.attrs["parameters"]))
    assert {name: resolved.values[name] for name in theirs} == theirs
    assert set(theirs) == set(resolved.values)
