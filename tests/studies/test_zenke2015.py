"""The protocol of homeostatic STDP: its draw, its run against the oracle, its statistics."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from replasticity.definitions import experiments
from replasticity.errors import StateError
from replasticity.models import homeostatic_stdp as model
from replasticity.models.homeostatic_stdp_parameters import epoch_of_step, spike_steps
from replasticity.numerics import random
from replasticity.numerics.limits import no_failure
from replasticity.studies.zenke2015 import protocol
from replasticity.study import protocols
from tests.oracles import homeostatic_stdp as oracle
from tests.strategies import usable_floats

STUDY = protocols.get("zenke2015")


def parameters(**changes):
    values = {
        "dt_ms": 0.1,
        "epoch_ms": 100.0,
        "rates_Hz": [0.0, 20.0, 50.0],
        "population_size": 50,
        "target_rate_Hz": 20.0,
        "tau_H_ms": 30.0,
        "tau_stdp_ms": 20.0,
        "eta_nS_s": 1.0,
        "weight_initial_nS": 2.0,
        "rule": "as_published",
        "pre_times_ms": [50.0, 150.0, 250.0],
        "post_times_ms": [51.0, 151.0, 251.0],
        "sample_interval_ms": 1.0,
        "every_step_ms": 20.0,
        "record_trains": False,
    }
    return protocol.Parameters(**(values | changes))


# Random numbers ---------------------------------------------------------------------------------------


def test_geometric_gaps_give_independent_trials():
    # 200 blocks of 1000 trials: the number of successes is binomial (chi-square test of its spread and a
    # two-sided test of its mean; fixed seed, false-alarm rate 2e-3 each if the seed were drawn anew).
    probability, trials, blocks = 0.03, 1000, 200
    generator = np.random.default_rng(20150)
    counts = np.array([len(random.bernoulli_successes(generator, trials, probability)) for _ in range(blocks)])
    variance = trials * probability * (1 - probability)
    z = (counts.mean() - trials * probability) / math.sqrt(variance / blocks)
    assert abs(z) < stats.norm.ppf(1 - 1e-3)
    spread = (counts.var(ddof=1) * (blocks - 1)) / variance
    assert stats.chi2.ppf(1e-3, blocks - 1) < spread < stats.chi2.ppf(1 - 1e-3, blocks - 1)


def test_geometric_gaps_reach_every_trial_alike():
    # Position of the successes: uniform over the trials (chi-square, false-alarm rate 1e-3 for a fresh seed).
    generator = np.random.default_rng(7)
    hits = np.zeros(20)
    for _ in range(4000):
        hits[random.bernoulli_successes(generator, 20, 0.2)] += 1
    assert stats.chisquare(hits).pvalue > 1e-3


@pytest.mark.parametrize(("probability", "expected"), [(0.0, []), (1.0, [0, 1, 2, 3])])
def test_trials_that_cannot_or_must_succeed(probability, expected):
    assert random.bernoulli_successes(np.random.default_rng(1), 4, probability).tolist() == expected


def test_gaps_beyond_the_last_trial_do_not_overflow():
    # Ten gaps of 1e19 trials have no sum in 64 bits.
    generator = np.random.default_rng(3)
    for probability in (1e-17, 1e-19, 1e-33):
        assert len(random.bernoulli_successes(generator, 10**9, probability)) == 0
    counts = protocol.sample_inputs(parameters(rates_Hz=[1e-12, 20.0, 1e-14]), seed=1)["population_count"]
    assert counts[:1000].sum() == counts[2000:].sum() == 0 < counts.sum()


def test_population_rate_in_each_epoch():
    # Spikes per epoch are binomial; |z| < 4.1 in three epochs: false-alarm rate 1e-4 for a fresh seed.
    given = parameters()
    counts = protocol.sample_inputs(given, seed=3)["population_count"].reshape(3, -1)
    assert counts[0].sum() == 0
    for rate_Hz, count in zip(given.rates_Hz[1:], counts[1:].sum(axis=1), strict=True):
        trials, probability = 1000 * 50, 1e-4 * rate_Hz
        z = (count - trials * probability) / math.sqrt(trials * probability * (1 - probability))
        assert abs(z) < 4.1


def test_trains_are_the_counts_spike_by_spike():
    with_trains = protocol.sample_inputs(parameters(record_trains=True), seed=3)
    counts = np.bincount(with_trains["population_spike_step"], minlength=3000)
    np.testing.assert_array_equal(counts, with_trains["population_count"])
    np.testing.assert_array_equal(counts, protocol.sample_inputs(parameters(), seed=3)["population_count"])
    cells = with_trains["population_spike_cell"]
    assert cells.min() >= 0
    assert cells.max() == 49
    pairs = list(zip(with_trains["population_spike_step"], cells, strict=True))
    assert len(set(pairs)) == len(pairs)


def test_seeds_differ_and_repeat():
    first, again, other = (protocol.sample_inputs(parameters(), seed)["population_count"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_border_step_belongs_to_the_new_epoch():
    epoch = epoch_of_step(parameters())
    np.testing.assert_array_equal(epoch, np.repeat([0, 1, 2], 1000))


def test_spike_step_is_the_one_that_contains_the_time():
    # A time inside a step, and a time less than a thousandth of a step below the next grid point.
    times_ms, steps = [0.0, 0.15, 0.2998, 0.39995, 12.3], [0, 1, 2, 4, 123]
    given = parameters(pre_times_ms=times_ms)
    assert spike_steps(given.pre_times_ms, given).tolist() == steps
    assert sorted(oracle.steps_of(times_ms, 0.1)) == steps


# The run ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rule=st.sampled_from(["as_published", "eq15"]),
    pre=st.lists(st.integers(0, 2999), unique=True, max_size=12),
    post=st.lists(st.integers(0, 2999), unique=True, max_size=12),
    coincident=st.lists(st.integers(0, 2999), unique=True, max_size=3),
    off_grid=usable_floats(0.0, 0.099),
    tau_H_ms=st.floats(1.0, 1000.0),
    tau_stdp_ms=st.floats(1.0, 100.0),
    eta_nS_s=usable_floats(-3.0, 3.0),
    target_rate_Hz=usable_floats(0.0, 60.0),
    seed=st.integers(0, 1000),
)
def test_run_equals_the_oracle(
    rule, pre, post, coincident, off_grid, tau_H_ms, tau_stdp_ms, eta_nS_s, target_rate_Hz, seed
):
    pre_ms, post_ms = (
        [step * 0.1 + (off_grid if step not in coincident else 0.0) for step in sorted({*steps, *coincident})]
        for steps in (pre, post)
    )
    given = parameters(
        rule=rule,
        pre_times_ms=pre_ms,
        post_times_ms=post_ms,
        tau_H_ms=tau_H_ms,
        tau_stdp_ms=tau_stdp_ms,
        eta_nS_s=eta_nS_s,
        target_rate_Hz=target_rate_Hz,
    )
    inputs = protocol.sample_inputs(given, seed)
    ours = protocol.simulate(given, inputs)
    H_Hz, weight_nS, events = oracle.simulate(
        inputs["population_count"].tolist(),
        dt_ms=0.1,
        tau_H_ms=tau_H_ms,
        population_size=50,
        gamma_Hz=target_rate_Hz,
        tau_stdp_ms=tau_stdp_ms,
        eta_nS_s=eta_nS_s,
        w0_nS=2.0,
        rule=rule,
        pre_times_ms=pre_ms,
        post_times_ms=post_ms,
        sample_every=10,
    )
    np.testing.assert_allclose(ours["H_Hz"], H_Hz, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours["weight_nS"], weight_nS, rtol=1e-9, atol=1e-9)
    assert ours["event_step"].tolist() == [step for step, _, _ in events]
    assert ours["event_kind"].tolist() == [kind for _, kind, _ in events]
    for k, (_, _, phases) in enumerate(events):
        for phase, expected in enumerate(phases):
            found = [ours[name][k, phase] for name in ("event_H_Hz", "event_weight_nS", "event_z_i", "event_z_j")]
            np.testing.assert_allclose(found, expected[:4], rtol=1e-9, atol=1e-9)
            assert ours["event_last_ms"][k, phase] == pytest.approx(expected[4] * 1e3, abs=1e-9)


def test_coincidence_counts_pre_before_post():
    # From rest: the presynaptic event adds nothing; the postsynaptic one sees its trace: eta G (1 + 1).
    given = parameters(pre_times_ms=[50.0], post_times_ms=[50.0])
    counts = {"population_count": np.zeros(3000, np.int32)}
    run = protocol.simulate(given, counts)
    np.testing.assert_allclose(run["event_weight_nS"][0], [2.0, 2.0, 2.0 - 20.0 * 2], rtol=1e-12)


def test_samples_see_the_state_before_the_step():
    # A population spike in step 500 is first seen in the sample of step 510.
    counts = np.zeros(3000, np.int32)
    counts[500] = 1
    run = protocol.simulate(parameters(), {"population_count": counts})
    assert run["time_ms"][[50, 51]] == pytest.approx([50.0, 51.0])
    assert run["H_Hz"][50] == 0.0
    assert run["H_Hz"][51] > 0.0
    assert run["H_every_step_Hz"].size == 200


# Statistics -------------------------------------------------------------------------------------------


def test_weight_change_is_after_minus_before():
    # Without population spikes G = -20 Hz at both events: dw = eta G (1 + exp(-1 ms / 20 ms)) < 0.
    counts = {"population_count": np.zeros(3000, np.int32)}
    given = parameters(pre_times_ms=[50.0], post_times_ms=[51.0])
    summary = STUDY.summarise(given, protocol.simulate(given, counts))
    expected = -20.0 * (1 + math.exp(-1 / 20))
    assert summary["dw_nS"].item() == pytest.approx(expected, rel=1e-9)
    assert summary["dw_as_published_nS"].item() == pytest.approx(-expected, rel=1e-9)
    assert summary["dw_highest_below_nS"].item() == pytest.approx(expected, rel=1e-9)
    assert math.isnan(summary["dw_lowest_above_nS"].item())
    assert math.isnan(summary["slope_sampled_nS_per_Hz"].item())


def test_fit_against_the_postsynaptic_G_is_exact_for_the_published_rule():
    given = experiments.resolve("zenke2015").parameters
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    assert summary["slope_post_nS_per_Hz"].item() == pytest.approx(1 + math.exp(-1 / 20), rel=1e-9)
    assert summary["intercept_post_nS"].item() == pytest.approx(0.0, abs=1e-9)
    assert summary["r2_post"].item() == pytest.approx(1.0, abs=1e-9)
    assert summary["slope_analytic_nS_per_Hz"].item() == pytest.approx(1.951229, abs=1e-6)


def test_with_the_postsynaptic_spike_first_the_sign_is_that_of_G_too():
    given = experiments.resolve("zenke2015_post_pre").parameters
    assert [post - pre for pre, post in zip(given.pre_times_ms, given.post_times_ms, strict=True)] == [-1.0] * 5
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    # The postsynaptic spike finds no trace, the presynaptic one what is left of it after 1 ms.
    expected = summary["G_post_Hz"] + math.exp(-1 / 20) * summary["G_pre_Hz"]
    np.testing.assert_allclose(summary["dw_nS"], expected, atol=1e-8)
    assert summary["dw_lowest_above_nS"] > 0 > summary["dw_highest_below_nS"]


def test_the_papers_time_constant_alone_leaves_G_below_zero():
    given = experiments.resolve("zenke2015_long_tau").parameters
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    # The rates 0, 2.5, 5, 7.5 Hz for 1 s each, and 10 Hz for half a second, through a filter of 10 s.
    rate_Hz = 0.0
    for now_Hz, seconds in ((0.0, 1.0), (2.5, 1.0), (5.0, 1.0), (7.5, 1.0), (10.0, 0.5)):
        rate_Hz = now_Hz + (rate_Hz - now_Hz) * math.exp(-seconds / 10)
    assert summary["G_sampled_Hz"][4] == pytest.approx(rate_Hz - 5, abs=0.1)
    assert summary["G_sampled_Hz"][4] < 0


def test_errata_with_parameters_have_an_experiment_each():
    measured = {
        erratum.id: erratum.measured_by.parameters
        for erratum in experiments.load("zenke2015").errata
        if erratum.measured_by
    }
    epochs = ["epoch_ms", "post_times_ms", "pre_times_ms"]
    assert measured == {
        "exchanged-traces": ["rule"],
        "short-tau-h": ["tau_H_ms"],
        "short-tau-h-and-epochs": [*epochs, "tau_H_ms"],
        "only-pre-post": ["post_times_ms", "pre_times_ms"],
        "all-together": [*epochs, "rule", "tau_H_ms"],
    }


def test_statistics_match_their_contract():
    given = parameters()
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    assert set(summary) == set(STUDY.STATISTICS)
    assert all(variable.resolution is not None for variable in STUDY.STATISTICS.values())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"rates_Hz": [20000.0]}, "rates_Hz: at most one spike per step"),
        ({"rates_Hz": []}, "at least 1 item"),
        ({"epoch_ms": 100.05}, "epoch_ms: has to be a whole multiple"),
        ({"epoch_ms": 1e-12}, "epoch_ms: has to be a whole multiple of dt_ms .*, at least 1"),
        ({"tau_H_ms": 5e-324}, "tau_H_ms: has to be 0 or from 1e-15 to 1e\\+15"),
        ({"sample_interval_ms": 0.15}, "sample_interval_ms: has to be a whole multiple"),
        ({"pre_times_ms": [50.0, 50.05]}, "pre_times_ms: at most one spike"),
        ({"post_times_ms": [300.0]}, "post_times_ms: no spike after the run's end at 300 ms"),
        ({"tau_H_ms": 0.0}, "greater than 0"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        parameters(**changes)


# Limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        # The first pair adds 1e9 * -20 * (1 + exp(-1 / 20)).
        ({"eta_nS_s": 1e9}, "^weight_nS of synapse 0 is -3.90246e\\+10 at 51 ms, allowed: -1e\\+09 to 1e\\+09 nS"),
        ({"weight_initial_nS": 2e9}, "^weight_nS of synapse 0 is 2e\\+09 at 0 ms"),
        # A spike adds 1 / (tau_H N): the first one comes in the second epoch.
        ({"tau_H_ms": 1e-9}, r"^H_Hz of synapse 0 is .*e\+\d+ at 1\d\d.* ms, allowed: 0 to 1e\+09 Hz"),
    ],
)
def test_a_state_beyond_its_limits_ends_the_run_in_one_line(changes, text):
    given = parameters(**changes)
    with pytest.raises(StateError, match=text) as error:
        protocol.simulate(given, {"population_count": np.repeat(np.array([0, 2, 2], np.int32), 1000)})
    assert "\n" not in str(error.value)


def test_no_event_or_sample_is_written_where_there_is_no_room():
    # Four events and ten samples, room for two and three of them in front of other numbers.
    whole = model.empty_record(step_count=1000, sample_every=100, every_step_count=0, event_count=4)
    for part in whole:
        part[...] = 7
    room = model.Record(
        *(
            part[:3] if name in ("H_Hz", "weight_nS") else part[:2]
            for name, part in zip(whole._fields, whole, strict=True)
        )
    )
    step = model.discretise(
        dt_s=1e-4,
        tau_H_s=0.1,
        population_size=50,
        target_Hz=5.0,
        tau_stdp_s=0.02,
        eta_nS_s=1.0,
        presynaptic_constant_term=True,
    )
    counts, pre, post = np.zeros(1000, np.int32), np.array([10, 30]), np.array([20, 40])
    model.simulate(counts, pre, post, 0.0, 100, step, room, no_failure())
    assert whole.event_step.tolist() == [10, 20, 7, 7]
    for part in whole:
        assert (part[3:] == 7).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"population_size": 5000, "rates_Hz": [1000.0], "pre_times_ms": [], "post_times_ms": []},
        {"population_size": 5000, "rates_Hz": [0.0, 1000.0, 0.0], "record_trains": True},
        {"epoch_ms": 10000.0, "sample_interval_ms": 0.1, "every_step_ms": 30000.0},
        {"epoch_ms": 100000.0},
    ],
)
def test_the_estimated_memory_is_enough_and_no_wild_guess(changes):
    given = parameters(**changes)
    protocol.simulate(parameters(), protocol.sample_inputs(parameters(), 1))
    tracemalloc.start()
    try:
        inputs = protocol.sample_inputs(given, 1)
        STUDY.summarise(given, protocol.simulate(given, inputs))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < given.cost().memory_bytes < 10 * peak


def test_the_estimate_of_absurd_parameters_is_a_number():
    cost = parameters(epoch_ms=1e8, rates_Hz=[1e4] * 100, population_size=2**31 - 1, record_trains=True).cost()
    assert 0 < cost.memory_bytes < math.inf
    assert 0 < cost.seconds < math.inf


# Few or no pairings, samples --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"post_times_ms": []}, {"pre_times_ms": []}, {"pre_times_ms": [], "post_times_ms": []}]
)
def test_without_pairings_nothing_of_them_is_defined(changes):
    given = parameters(**changes)
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    assert len(summary["dw_nS"]) == 0
    assert math.isnan(summary["slope_analytic_nS_per_Hz"].item())
    assert np.isfinite(summary["G_late_mean_Hz"]).all()


def test_an_epoch_without_late_samples_has_no_late_mean():
    # Samples at 0, 90, 180 and 270 ms; the second half of the first epoch begins at 50 ms.
    given = parameters(sample_interval_ms=90.0)
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    assert np.isfinite(summary["G_late_mean_Hz"]).all()
    given = parameters(sample_interval_ms=120.0)
    summary = STUDY.summarise(given, protocol.simulate(given, protocol.sample_inputs(given, seed=1)))
    assert (
        np.isnan(summary["G_late_mean_Hz"]).tolist() == np.isnan(summary["G_late_sd_Hz"]).tolist() == [True, True, True]
    )


def test_late_samples_are_those_of_the_second_half_of_their_epoch():
    given = parameters()
    run = protocol.simulate(given, protocol.sample_inputs(given, seed=1))
    late = [
        run["G_Hz"][(run["time_ms"] >= 100 * k + 50 - 1e-9) & (run["time_ms"] < 100 * (k + 1) - 1e-9)] for k in range(3)
    ]
    summary = STUDY.summarise(given, run)
    np.testing.assert_array_equal(summary["G_late_mean_Hz"], [each.mean() for each in late])
    np.testing.assert_array_equal(summary["G_late_sd_Hz"], [each.std() for each in late])


def test_the_nearest_sample_is_read():
    # Off the grid, between two samples, before the first and after the last one.
    pre_ms = [0.2, 100.5, 151.6, 230.4, 299.8]
    given = parameters(pre_times_ms=pre_ms, post_times_ms=pre_ms)
    run = protocol.simulate(given, protocol.sample_inputs(given, seed=1))
    found = STUDY.summarise(given, run)

    def nearest(moment_ms):
        return np.abs(run["time_ms"] - moment_ms).argmin()

    np.testing.assert_array_equal(found["G_sampled_Hz"], [run["G_Hz"][nearest(each)] for each in pre_ms])
    changes = [run["weight_nS"][nearest(each + 10)] - run["weight_nS"][nearest(each - 10)] for each in pre_ms]
    np.testing.assert_array_equal(found["dw_nS"], changes)
