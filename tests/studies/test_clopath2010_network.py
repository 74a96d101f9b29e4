"""The protocol of the Clopath network: its inputs, its run against the oracle, its statistics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from replasticity.definitions import experiments
from replasticity.errors import StateError
from replasticity.models import clopath
from replasticity.models.clopath_network_parameters import rate_profile_Hz
from replasticity.studies.clopath2010 import network, network_statistics
from replasticity.study import protocols
from tests.oracles import clopath as oracle

protocol = protocols.get("clopath2010_network")


def parameters(**changes):
    values = experiments.resolve("clopath2010").values
    small = {
        "duration_ms": 60.0,
        "exc_count": 3,
        "inh_count": 2,
        "input_count": 6,
        "centres": [1, 4],
        "interval_ms": 20.0,
        "profile_sd": 1.5,
        "profile_rate_Hz": 150.0,
        "weight_input_exc_mV": [4.0, 12.0],
        "weight_input_inh_mV": [4.0, 12.0],
        "weight_max_input_mV": 20.0,
        "indegree_exc_inh": 4,
        "outdegree_inh_exc": 3,
        "sample_interval_ms": 20.0,
        "raster_start_ms": 0.0,
        "raster_ms": 0.0,
    }
    return protocol.Parameters(**(values | small | changes))


def simulate(given, inputs, **options):
    return network.simulate_network(given, inputs, **({"most_events": 10**6} | options))


# Random numbers ---------------------------------------------------------------------------------------


def test_rate_profile():
    rate_Hz = rate_profile_Hz(experiments.resolve("clopath2010").parameters, 125)
    assert rate_Hz[125] == pytest.approx(52.5)
    assert rate_Hz[115] == rate_Hz[135] == pytest.approx(52.5 * math.exp(-0.5))


def test_input_spikes_are_poisson_in_channel_and_step():
    # One centre, so that all intervals are alike. Counts per channel against their rates, steps within the interval,
    # and the spread of counts per step: chi-square tests with false-alarm rate 1e-3 each for a fresh seed.
    given = parameters(duration_ms=40000.0, centres=[2])
    sampled = protocol.sample_inputs(given, seed=5)
    stamp, channel = sampled["input_spike_step"], sampled["input_spike_channel"]
    expected = rate_profile_Hz(given, 2) * 40.0
    counts = np.bincount(channel, minlength=6)
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), 6) > 1e-3
    assert stats.chisquare(np.bincount(stamp % 200, minlength=200)).pvalue > 1e-3
    per_step = np.bincount(stamp, minlength=400000)[2:]
    mean = expected.sum() / 400000
    spread = (per_step.var() / mean - 1) / math.sqrt(2 / 400000)
    assert abs(spread) < stats.norm.ppf(1 - 5e-4)
    # Two spikes of a channel in a step do occur: rate * dt / 2 of them.
    doubles = len(stamp) - len(set(zip(stamp.tolist(), channel.tolist(), strict=True)))
    assert doubles == pytest.approx(0.5 * (expected**2).sum() / 400000, rel=0.3)


def test_a_new_centre_first_shows_two_steps_after_the_jump():
    given = parameters(duration_ms=4000.0, profile_sd=0.1, profile_rate_Hz=2000.0)
    sampled = protocol.sample_inputs(given, seed=1)
    stamp, channel = sampled["input_spike_step"], sampled["input_spike_channel"]
    centre = sampled["profile_centre"]
    assert set(centre) == {1, 4}
    np.testing.assert_array_equal(channel, centre[(stamp - 2) // 200])
    assert stamp.min() >= 2
    assert stamp.max() < 40000
    first_of_interval = {(int(one) - 2) % 200 for one in stamp}
    assert {0, 199} <= first_of_interval


def test_each_input_has_a_stream_of_its_own(monkeypatch):
    roles = []
    original = network.random.generator
    monkeypatch.setattr(network.random, "generator", lambda seed, role: roles.append(role) or original(seed, role))
    protocol.sample_inputs(parameters(), seed=1)
    assert len(roles) == len(set(roles)) > 3


def test_spikes_are_ordered_by_stamp_and_channel():
    sampled = protocol.sample_inputs(parameters(duration_ms=2000.0), seed=2)
    key = sampled["input_spike_step"] * 6 + sampled["input_spike_channel"]
    assert (np.diff(key) >= 0).all()


def test_wiring_of_the_published_network():
    given = experiments.resolve("clopath2010").parameters
    sampled = protocol.sample_inputs(given, seed=1)
    assert {name: len(sampled[f"{name}_pre"]) for name in network.SYNAPSES} == {
        "input_exc": 5000,
        "input_inh": 1500,
        "exc_exc": 90,
        "exc_inh": 24,
        "inh_exc": 18,
    }
    assert (sampled["exc_exc_pre"] != sampled["exc_exc_post"]).all()
    np.testing.assert_array_equal(np.bincount(sampled["exc_inh_post"]), [8, 8, 8])
    np.testing.assert_array_equal(np.bincount(sampled["inh_exc_pre"]), [6, 6, 6])
    for name in network.SYNAPSES:
        assert (np.diff(sampled[f"{name}_pre"]) >= 0).all()
    for name, (low, high) in (("input_exc", (0.5, 2.0)), ("input_inh", (0.0, 0.5))):
        weight_mV = sampled[f"{name}_weight_initial_mV"]
        assert stats.kstest(weight_mV, "uniform", (low, high - low)).pvalue > 1e-3


def test_initial_potentials_over_seeds_are_normal():
    # 60 seeds of 13 potentials; false-alarm rate 1e-3 for fresh seeds.
    given = experiments.resolve("clopath2010", changes={"duration_ms": 2000.0}).parameters
    V_mV = np.concatenate(
        [
            np.concatenate([sampled["exc_V_initial_mV"], sampled["inh_V_initial_mV"]])
            for sampled in (protocol.sample_inputs(given, seed) for seed in range(60))
        ]
    )
    assert stats.kstest(V_mV, "norm", (-60, 25)).pvalue > 1e-3


def test_seeds_differ_and_repeat():
    first, again, other = (protocol.sample_inputs(parameters(), seed) for seed in (1, 1, 2))
    np.testing.assert_equal(first, again)
    assert not np.array_equal(first["exc_V_initial_mV"], other["exc_V_initial_mV"])
    assert not np.array_equal(first["input_spike_step"], other["input_spike_step"])


# The run against the oracle ---------------------------------------------------------------------------


def oracle_parameters(given):
    def steps(ms):
        return round(ms / given.dt_ms)

    return {
        "w_initial": given.w_initial_pA,
        "C": given.c_pF,
        "g_L": given.g_L_nS,
        "E_L": given.E_L_mV,
        "Delta_T": given.Delta_T_mV,
        "V_peak": given.V_peak_mV,
        "V_reset": given.V_reset_mV,
        "V_clamp": given.V_clamp_mV,
        "N_ref": steps(given.t_ref_ms),
        "N_clamp": steps(given.t_clamp_ms),
        "a": given.a_nS,
        "b": given.b_pA,
        "tau_w": given.tau_w_ms,
        "I_sp": given.I_sp_pA,
        "tau_z": given.tau_z_ms,
        "V_T_rest": given.V_T_rest_mV,
        "V_T_max": given.V_T_max_mV,
        "tau_T": given.tau_T_ms,
        "I_e": given.I_e_pA,
        "tolerance": given.solver_tolerance,
        "tau_plus": given.tau_plus_ms,
        "tau_minus": given.tau_minus_ms,
        "tau_bar": given.tau_bar_ms,
        "A_LTP": given.A_LTP_per_mV,
        "A_LTD": given.A_LTD,
        "constant": given.constant_A_LTD,
        "u_ref2": given.u_ref2_mV2,
        "theta_plus": given.theta_plus_mV,
        "theta_minus": given.theta_minus_mV,
        "D": steps(given.delay_u_ms),
        "history_start": given.history_start_mV,
        "tau_x": given.tau_x_ms,
        "w_min": given.weight_min_mV,
        "w_max_input": given.weight_max_input_mV,
        "w_max_exc": given.weight_max_exc_mV,
        "d": steps(given.delay_ms),
        "d_exc": steps(given.delay_exc_exc_ms),
    }


def assert_equals_the_oracle(given, seed):
    """Compare spikes, transmitted and final weights and all potentials, to the last bit; return how many spikes."""
    inputs = protocol.sample_inputs(given, seed)
    step_count = given.steps(given.duration_ms)
    neurons = given.exc_count + given.inh_count
    ours = simulate(given, inputs, traced=np.arange(neurons), trace_step=np.arange(1, step_count + 1))
    synapses = {
        name: list(
            zip(
                *(inputs[f"{name}_{part}"].tolist() for part in ("pre", "post", "weight_initial_mV")),
                strict=True,
            )
        )
        for name in network.SYNAPSES
    }
    spikes, events, weights, V = oracle.simulate_network(
        oracle_parameters(given),
        given.dt_ms,
        step_count,
        inputs["exc_V_initial_mV"].tolist(),
        inputs["inh_V_initial_mV"].tolist(),
        synapses,
        list(zip(inputs["input_spike_step"].tolist(), inputs["input_spike_channel"].tolist(), strict=True)),
    )
    assert [tuple(spike) for spike in ours.spikes.tolist()] == spikes
    np.testing.assert_array_equal(ours.events, np.array(events).reshape(-1, 3))
    np.testing.assert_array_equal(ours.input_exc_weight_final_mV, weights["input_exc"])
    np.testing.assert_array_equal(ours.exc_exc_weight_final_mV, weights["exc_exc"])
    np.testing.assert_array_equal(ours.trace[0].T, V)
    return len(spikes)


def test_published_rule_equals_the_oracle():
    assert assert_equals_the_oracle(parameters(), seed=1) > 5


@pytest.mark.parametrize(
    "changes",
    [
        {"delay_ms": 0.3, "delay_exc_exc_ms": 1.2},
        {"delay_ms": 1.0, "delay_exc_exc_ms": 0.1, "t_ref_ms": 3.0},
        {"t_clamp_ms": 0.1},
        {"t_clamp_ms": 0.0, "V_clamp_mV": -58.0},
        {"Delta_T_mV": 0.0, "t_ref_ms": 1.0},
        {"constant_A_LTD": True, "A_LTD": 1e-3, "weight_min_mV": 0.2},
        {"weight_max_exc_mV": 0.2, "A_LTP_per_mV": 1e-3},
        {"A_LTP_per_mV": 1e-2, "weight_max_exc_mV": 0.26, "weight_max_input_mV": 9.0},
        {"A_LTP_per_mV": 0.0, "weight_max_input_mV": 9.0},
        {"history_start_mV": -70.6, "weight_inh_exc_mV": -3.0, "b_pA": 80.5},
        {"delay_u_ms": 0.0},
        {"delay_u_ms": 0.1, "tau_x_ms": 2.0},
        # So short a trace that most of the history no longer changes a bit of a weight.
        {"tau_x_ms": 0.3, "A_LTP_per_mV": 1e-2},
        {"tau_x_ms": 0.3, "A_LTP_per_mV": -1e-2},
        {"dt_ms": 0.2, "delay_ms": 0.2, "delay_exc_exc_ms": 0.4},
        {"exc_count": 14, "inh_count": 4, "duration_ms": 20.0},
        {"exc_count": 17, "inh_count": 0, "duration_ms": 20.0},
        {"solver_tolerance": 1e-9},
        {"I_e_pA": 700.0, "w_initial_pA": 30.0},
    ],
    ids=str,
)
def test_changed_parameters_equal_the_oracle(changes):
    assert assert_equals_the_oracle(parameters(**changes), seed=2) > 2


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    delay=st.integers(1, 12),
    delay_exc=st.integers(1, 12),
    clamp=st.integers(0, 25),
    refractory=st.integers(0, 25),
    history=st.integers(0, 60),
    peak=st.floats(-40.0, 33.0),
    reset=st.floats(-75.0, -50.0),
    tolerance=st.floats(-9.0, -2.0),
    scale=st.floats(-1.0, 3.0),
)
def test_any_parameters_equal_the_oracle(
    seed, delay, delay_exc, clamp, refractory, history, peak, reset, tolerance, scale
):
    changes = {
        "duration_ms": 40.0,
        "delay_ms": delay * 0.1,
        "delay_exc_exc_ms": delay_exc * 0.1,
        "t_clamp_ms": clamp * 0.1,
        # Without a clamp, the clamp's potential is where the neuron goes on from.
        "V_clamp_mV": 33.0 if clamp else -58.0,
        "t_ref_ms": refractory * 0.1,
        "delay_u_ms": history * 0.1,
        "V_peak_mV": round(peak, 6),
        "V_reset_mV": reset,
        "solver_tolerance": 10.0**tolerance,
        "A_LTP_per_mV": 8e-6 * 10**scale,
        "A_LTD": 14e-6 * 10**scale,
    }
    assert_equals_the_oracle(parameters(**changes), seed)


@pytest.mark.parametrize("delay_exc_exc_ms", [0.1, 2.5])
def test_a_full_history_changes_no_bit(monkeypatch, delay_exc_exc_ms):
    # So short that it is full again and again; synapses that had read part of it must go on where they were.
    given = parameters(duration_ms=200.0, A_LTP_per_mV=1e-4, delay_exc_exc_ms=delay_exc_exc_ms)
    inputs = protocol.sample_inputs(given, seed=3)
    long = simulate(given, inputs)
    monkeypatch.setattr(clopath, "ENTRIES", 5)
    short = simulate(given, inputs)
    assert len(long.spikes) > 10
    np.testing.assert_array_equal(short.spikes, long.spikes)
    np.testing.assert_array_equal(short.events, long.events)
    np.testing.assert_array_equal(short.input_exc_weight_final_mV, long.input_exc_weight_final_mV)


def test_a_weight_read_at_a_stamp_includes_the_spikes_before_it_only():
    given = parameters()
    simulated = simulate(given, protocol.sample_inputs(given, seed=4), exc_exc_step=np.arange(601))
    read_mV = simulated.exc_exc_weight_mV
    changes = 0
    for stamp, synapse, transmitted_mV in simulated.events:
        n, s = int(stamp), int(synapse)
        if n < 600:
            assert read_mV[n + 1, s] == transmitted_mV
            earlier = simulated.events[(simulated.events[:, 1] == s) & (simulated.events[:, 0] < n)]
            assert read_mV[n, s] == (earlier[-1, 2] if len(earlier) else given.weight_exc_exc_mV)
            changes += read_mV[n + 1, s] != read_mV[n, s]
    assert changes > 10


def test_chunks_of_model_time_change_no_bit(monkeypatch):
    given = parameters()
    inputs = protocol.sample_inputs(given, seed=4)
    whole = simulate(given, inputs, exc_exc_step=np.arange(0, 601, 7))
    monkeypatch.setattr(network, "CHUNK_MS", 0.7)
    parts = simulate(given, inputs, exc_exc_step=np.arange(0, 601, 7))
    np.testing.assert_array_equal(parts.spikes, whole.spikes)
    np.testing.assert_array_equal(parts.events, whole.events)
    np.testing.assert_array_equal(parts.exc_exc_weight_mV, whole.exc_exc_weight_mV)
    assert np.isfinite(whole.exc_exc_weight_mV).all()


@pytest.mark.parametrize("delay", [1, 4])
def test_a_weight_of_2_mV_moves_the_potential_by_2_mV(delay):
    # Through a plastic and a static synapse alike, seen ``delay`` steps after the spike's stamp.
    given = parameters(
        exc_count=2,
        inh_count=1,
        input_count=1,
        centres=[0],
        duration_ms=5.0,
        V_initial_mean_mV=-70.6,
        V_initial_sd_mV=0.0,
        history_start_mV=-70.6,
        delay_ms=delay * 0.1,
        weight_input_exc_mV=[2.0, 2.0],
        weight_input_inh_mV=[2.0, 2.0],
        A_LTD=0.0,
    )
    without = protocol.sample_inputs(given, seed=1)
    V_mV = []
    for spikes in ([20], []):
        with_spikes = {
            "input_spike_step": np.array(spikes, np.int64),
            "input_spike_channel": np.zeros(len(spikes), np.int64),
        }
        simulated = simulate(given, without | with_spikes, traced=np.arange(3), trace_step=np.arange(1, 51))
        V_mV.append(simulated.trace[0])
    at = 20 + delay - 1
    np.testing.assert_array_equal(V_mV[0][:, :at], V_mV[1][:, :at])
    np.testing.assert_allclose((V_mV[0] - V_mV[1])[:, at], 2.0, rtol=1e-5)


# Statistics -------------------------------------------------------------------------------------------


def a_run(weights_mV, given):
    """Return a run with these final weights between excitatory neurons (a matrix)."""
    inputs = protocol.sample_inputs(given, seed=1)
    weight_mV = weights_mV[inputs["exc_exc_pre"], inputs["exc_exc_post"]]
    return inputs | protocol.simulate(given, inputs) | {"exc_exc_weight_final_mV": weight_mV}


def test_reciprocity_of_a_symmetric_and_an_antisymmetric_matrix():
    given = parameters(exc_count=6)
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 0.01, (6, 6))
    symmetric = protocol.summarise(given, a_run(0.25 + noise + noise.T, given))
    assert symmetric["reciprocity"].item() == pytest.approx(1.0)
    assert symmetric["reciprocity_excess"].item() > 0
    antisymmetric = protocol.summarise(given, a_run(0.25 + noise - noise.T, given))
    assert antisymmetric["reciprocity"].item() == pytest.approx(-1.0)
    assert antisymmetric["reciprocity_excess"].item() < 0


def test_null_distribution_has_the_spread_of_independent_pairs():
    # For 45 independent pairs the 95 % quantile is close to 1.645 / sqrt(45), less 1/89: shuffling 90 weights leaves no
    # weight with itself.
    given = parameters(exc_count=10)
    weights_mV = np.random.default_rng(4).normal(0.25, 0.01, (10, 10))
    null = protocol.summarise(given, a_run(weights_mV, given))["reciprocity_null"].item()
    assert null == pytest.approx(1.645 / math.sqrt(45) - 1 / 89, rel=0.1)


def test_counts_of_strong_and_grown_pairs():
    given = parameters(exc_count=4)
    weights_mV = np.full((4, 4), 0.25)
    weights_mV[0, 1] = weights_mV[1, 0] = 0.40
    weights_mV[2, 3] = 0.33
    found = protocol.summarise(given, a_run(weights_mV, given))
    thresholds = list(network_statistics.GROWTH_THRESHOLDS_MV)
    assert found["grown_two_way"][thresholds.index(0.05)] == 1
    assert found["grown_one_way"][thresholds.index(0.05)] == 1
    assert found["grown_one_way"][thresholds.index(0.1)] == 0
    assert found["grown_two_way_expected"][thresholds.index(0.05)] == pytest.approx(6 * (3 / 12) ** 2)
    assert found["strong_two_way"].item() == 1
    assert found["dw_max_mV"].item() == pytest.approx(0.15)
    assert found["dw_max_percent"].item() == pytest.approx(60.0)
    assert found["dw_mean_mV"].item() == pytest.approx((2 * 0.15 + 0.08) / 12)


def test_share_of_strong_weights_whose_opposite_is_strong():
    given = parameters(exc_count=4)
    weights_mV = np.full((4, 4), 0.25)
    weights_mV[0, 1] = weights_mV[1, 0] = weights_mV[2, 3] = 0.40
    assert protocol.summarise(given, a_run(weights_mV, given))["strong_reciprocated"].item() == pytest.approx(2 / 3)
    equal = protocol.summarise(given, a_run(np.full((4, 4), 0.25), given))
    assert np.isnan(equal["strong_reciprocated"])


def test_course_of_the_reciprocity_ends_in_the_reciprocity():
    given = parameters(duration_ms=400.0)
    inputs = protocol.sample_inputs(given, seed=1)
    run = protocol.simulate(given, inputs)
    np.testing.assert_allclose(run["course_time_ms"], [4.0, 8.0, 20.0, 40.0, 80.0, 200.0, 400.0])
    every_ms = protocol.simulate(given.model_copy(update={"sample_interval_ms": 4.0}), inputs)
    np.testing.assert_array_equal(
        run["course_exc_exc_weight_mV"], every_ms["exc_exc_weight_mV"][[1, 2, 5, 10, 20, 50, 100]]
    )
    found = protocol.summarise(given, inputs | run)
    assert found["reciprocity_course"][-1] == found["reciprocity"]
    # No neuron has spiked twice: nothing has been read yet.
    assert (run["course_exc_exc_weight_mV"][0] == 0.25).all() == np.isnan(found["reciprocity_course"][0])


def test_samples_do_not_depend_on_the_course_beside_them():
    given = parameters(duration_ms=70.0, sample_interval_ms=30.0)
    inputs = protocol.sample_inputs(given, seed=1)
    run = protocol.simulate(given, inputs)
    assert run["time_ms"].tolist() == [0.0, 30.0, 60.0]
    at = simulate(given, inputs, exc_exc_step=np.array([0, 300, 600])).exc_exc_weight_mV
    np.testing.assert_array_equal(run["exc_exc_weight_mV"], at)


def test_input_weights_by_centre_are_means_by_rate():
    given = parameters(profile_sd=0.1)
    inputs = protocol.sample_inputs(given, seed=1)
    # So narrow a profile is one channel: rows are the channels 1 and 4.
    matrix_mV = np.arange(18.0).reshape(6, 3)
    weight_mV = matrix_mV[inputs["input_exc_pre"], inputs["input_exc_post"]]
    np.testing.assert_allclose(network_statistics.by_centre(given, inputs, weight_mV), matrix_mV[[1, 4]])
    wide = network_statistics.by_centre(parameters(profile_sd=1.5), inputs, weight_mV)
    rate_Hz = rate_profile_Hz(parameters(profile_sd=1.5), 4)
    np.testing.assert_allclose(wide[1], (rate_Hz[:, None] * matrix_mV).sum(axis=0) / rate_Hz.sum())
    # Its rate may be 0: weights are there all the same.
    silent = parameters(profile_sd=0.1, profile_rate_Hz=0.0)
    np.testing.assert_allclose(network_statistics.by_centre(silent, inputs, weight_mV), matrix_mV[[1, 4]])


def test_selectivity_and_similarity_of_inputs():
    given = parameters(exc_count=3, profile_sd=0.1, centres=[0, 2, 4])
    inputs = protocol.sample_inputs(given, seed=1)
    final_mV = np.full((6, 3), 5.0)
    # Neurons 0 and 1 have the same preference, neuron 2 has the opposite one.
    final_mV[[0, 2, 4]] = np.array([[5.0, 6.0, 9.0], [7.0, 8.0, 7.0], [9.0, 10.0, 5.0]])
    first_mV = 6.0 + 0.5 * (final_mV - 6.0)
    weights_mV = np.full((3, 3), 0.25)
    weights_mV[0, 1] = 0.4
    of = (inputs["input_exc_pre"], inputs["input_exc_post"])
    run = a_run(weights_mV, given) | {
        "input_exc_weight_initial_mV": first_mV[of],
        "input_exc_weight_final_mV": final_mV[of],
    }
    found = protocol.summarise(given, run)
    assert found["input_selectivity_ratio"].item() == pytest.approx(2.0)
    np.testing.assert_allclose(found["input_change_by_centre_mV"], (final_mV - first_mV)[[0, 2, 4]])
    assert found["similarity_effect"].item() == pytest.approx(1.0)
    equal = protocol.summarise(given, run | {"input_exc_weight_initial_mV": np.full(18, 0.7)})
    assert np.isnan(equal["input_selectivity_ratio"])


# The published start -----------------------------------------------------------------------------------


def reciprocity_after_a_second(seeds, **changes):
    given = experiments.resolve("clopath2010", changes=protocol.SHORTEST | changes).parameters
    found = []
    for seed in seeds:
        inputs = protocol.sample_inputs(given, seed)
        found.append(protocol.summarise(given, inputs | protocol.simulate(given, inputs))["reciprocity"].item())
    return np.array(found)


def test_the_first_second_is_a_kick_that_either_correction_removes():
    # The same seeds, so that they are not independent: their differences are what is tested.
    seeds = range(1, 13)
    published = reciprocity_after_a_second(seeds)
    rest = {"V_initial_mean_mV": -70.6, "V_initial_sd_mV": 0.0}
    for changes in (rest, {"history_start_mV": -70.6}):
        difference = published - reciprocity_after_a_second(seeds, **changes)
        assert difference.mean() > 0.2
        assert difference.mean() > 3 * stats.sem(difference)
    # Without initial spikes the history's start is never read.
    at_rest = reciprocity_after_a_second(seeds, **rest)
    both = reciprocity_after_a_second(seeds, **rest, history_start_mV=-70.6)
    np.testing.assert_allclose(both, at_rest, atol=0.1)


def test_all_together_corrects_what_the_errata_correct_one_by_one():
    errata = {one.id: one.measured_by for one in experiments.load("clopath2010").errata if one.measured_by}
    together = errata.pop("all-together")
    # The solver is no erratum of the script's: NEST's order of input and integration is what spikes are compared by.
    del errata["solver-dependence"]
    one_by_one = [name for effect in errata.values() for name in effect.parameters]
    assert sorted(one_by_one) == sorted(together.parameters)
    corrected = experiments.resolve(together.corrected).values
    for effect in errata.values():
        alone = experiments.resolve(effect.corrected).values
        assert {name: alone[name] for name in effect.parameters} == {
            name: corrected[name] for name in effect.parameters
        }


def test_rest_is_the_state_that_neurons_keep_without_input():
    corrected = experiments.resolve("clopath2010_corrected").values
    given = protocol.Parameters(**(corrected | protocol.SHORTEST | {"profile_rate_Hz": 0.0}))
    simulated = simulate(
        given, protocol.sample_inputs(given, seed=1), traced=np.arange(13), trace_step=np.arange(1, 10001, 100)
    )
    assert len(simulated.spikes) == 0
    np.testing.assert_allclose(simulated.trace[0], -70.6, atol=1e-3)


def test_statistics_match_their_contract():
    given = parameters(raster_ms=60.0)
    inputs = protocol.sample_inputs(given, seed=1)
    run = protocol.simulate(given, inputs)
    assert set(run) | set(network.INPUTS) & set(protocol.RUN) == set(protocol.RUN)
    assert set(network.INPUTS) - set(protocol.RUN) == {"input_spike_step", "input_spike_channel"}
    summary = protocol.summarise(given, inputs | run)
    assert set(summary) == set(protocol.STATISTICS)


def test_raster_and_spike_window():
    given = parameters(duration_ms=400.0, raster_start_ms=100.0, raster_ms=300.0)
    inputs = protocol.sample_inputs(given, seed=1)
    run = protocol.simulate(given, inputs)
    stamp = inputs["input_spike_step"]
    assert run["raster_input_count"].sum() == ((stamp >= 1000) & (stamp < 4000)).sum()
    V = run["spike_V_mV"]
    at = run["spike_offset_ms"]
    assert np.isfinite(V).all()
    # Clamped from the spike on for 2 ms; below the peak before it.
    assert (V[np.isclose(at, 0.0) | np.isclose(at, 1.9)] == 33.0).all()
    assert V[np.isclose(at, -0.1)] < 20.0


#: What NEST refuses (models/aeif_psc_delta_clopath.cpp and models/clopath_synapse.h), steps that are none, and counts
#: that later parts could not use.
ILLEGAL = [
    ({"V_reset_mV": 20.0}, r"V_reset_mV: has to be below V_peak_mV \(20 mV\)"),
    ({"V_T_max_mV": -51.0}, "V_T_max_mV: has to be at least V_T_rest_mV"),
    ({"V_peak_mV": -55.0}, "V_peak_mV: has to be at least V_T_rest_mV"),
    ({"Delta_T_mV": 0.106}, r"Delta_T_mV: has to be 0, or above .* \(0.10607 mV\)"),
    ({"weight_min_mV": 5.0, "weight_max_input_mV": 4.0}, "weight_min_mV: has to be at most weight_max_input_mV"),
    ({"weight_min_mV": -1.0}, "weight_min_mV: has to have the sign of weight_input_exc_mV"),
    ({"weight_exc_exc_mV": -0.1}, "weight_min_mV: has to have the sign of weight_exc_exc_mV"),
    ({"weight_max_exc_mV": 0.0}, "weight_max_exc_mV: has to have the sign of weight_exc_exc_mV"),
    ({"weight_input_exc_mV": [-1.0, 2.0]}, "weight_min_mV: has to have the sign of weight_input_exc_mV"),
    ({"delay_ms": 1e-14}, r"delay_ms: has to be a whole multiple of dt_ms \(0.1\), at least 1"),
    ({"delay_exc_exc_ms": 0.04}, "delay_exc_exc_ms: has to be a whole multiple"),
    ({"interval_ms": 1e-12}, "interval_ms: has to be a whole multiple"),
    ({"sample_interval_ms": 1e-12}, "sample_interval_ms: has to be a whole multiple"),
    ({"duration_ms": 1e-12}, "duration_ms: has to be a whole multiple"),
    ({"dt_ms": 1e-12}, "has to be a whole number of microseconds|at most 1e[+]09 steps"),
    ({"exc_count": 1}, "exc_count: has to be at least 2"),
    ({"profile_rate_Hz": 1e5}, "profile_gain: times profile_rate_Hz it has to be at most 10000 Hz"),
]


@pytest.mark.parametrize(("changes", "text"), ILLEGAL, ids=str)
def test_what_nest_refuses_and_what_cannot_be_simulated_is_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        parameters(**changes)


def test_relations_hold_for_recordings_too():
    values = parameters().model_dump()
    for changes in ({"V_reset_mV": 20.0}, {"delay_ms": 0.04}, {"weight_min_mV": 30.0}):
        with pytest.raises(ValueError, match="has to be"):
            protocol.Parameters.model_validate(values | changes, context={"recorded": True})
    # What only the inputs and the statistics need.
    protocol.Parameters.model_validate(values | {"exc_count": 1}, context={"recorded": True})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"Delta_T_mV": 0.3, "V_initial_mean_mV": -49.0, "duration_ms": 20.0}, "w_pA of neuron .* allowed: -1e.06 to"),
        ({"I_e_pA": -1e6}, "V_mV of neuron 0 is -1.* at .* ms, allowed: -1000 mV or more"),
        ({"tau_z_ms": 1e-9, "V_initial_mean_mV": 30.0}, "the solver's step in ms of neuron"),
        ({"A_LTD": -1e14}, "weight of synapse .* allowed: -1e.15 to 1e.15"),
        (
            {"t_clamp_ms": 0.0, "V_clamp_mV": 19.9, "I_e_pA": 2e4},
            "number of spikes of neuron .* one per neuron and time",
        ),
    ],
    ids=str,
)
def test_a_state_outside_its_limits_ends_the_run(changes, text):
    given = parameters(**changes)
    with pytest.raises(StateError, match=text) as caught:
        protocol.simulate(given, protocol.sample_inputs(given, seed=1))
    assert "\n" not in str(caught.value)


def test_a_replay_keeps_no_more_transmissions_than_there_is_room_for():
    given = parameters()
    inputs = protocol.sample_inputs(given, seed=1)
    assert len(simulate(given, inputs).events) > 10
    with pytest.raises(StateError, match="number of transmissions"):
        simulate(given, inputs, most_events=10)
    assert len(simulate(given, inputs, most_events=0).events) == 0


def test_the_smallest_run_works_to_its_end():
    given = parameters(
        duration_ms=0.1,
        exc_count=2,
        inh_count=0,
        input_count=1,
        centres=[0],
        weight_exc_exc_mV=0.0,
        sample_interval_ms=0.1,
        interval_ms=0.1,
    )
    inputs = protocol.sample_inputs(given, seed=1)
    found = protocol.summarise(given, inputs | protocol.simulate(given, inputs))
    assert set(found) == set(protocol.STATISTICS)
    assert not any(np.isinf(value).any() for value in found.values())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"weight_input_exc_mV": [2.0, 1.0]}, "weight_input_exc_mV: the first bound has to be the smaller one"),
        ({"centres": [6]}, "centres: have to be channels, 0 to 5"),
        ({"t_clamp_ms": 0.25}, "t_clamp_ms: has to be a whole multiple of dt_ms"),
        ({"t_clamp_ms": 0.0}, r"V_clamp_mV: has to be below V_peak_mV \(20 mV\) where t_clamp_ms is 0"),
        ({"t_clamp_ms": 0.0, "Delta_T_mV": 0.0}, r"V_clamp_mV: has to be below V_T_max_mV \(30.4 mV\) where t_clamp"),
        ({"raster_ms": 61.0}, "raster_ms: the window has to end before the run does"),
        ({"dt_ms": 0.00015}, "dt_ms\n.*has to be a whole number of microseconds"),
        ({"tau_x_ms": 0.0}, "greater than 0"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        parameters(**changes)
