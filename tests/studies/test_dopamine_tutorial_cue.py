"""The protocols of the cue-association network and of the ten neurons: inputs, run and statistics."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from replasticity.definitions import experiments
from replasticity.equations.integrate_and_fire import advance_exponential_neurons, exponential_population
from replasticity.errors import StateError, UserError
from replasticity.models import dopamine_stdp as model
from replasticity.models.dopamine_stdp_parameters import DopamineSynapse
from replasticity.models.dopamine_stdp_runs import Session, network_at_start
from replasticity.numerics import random
from replasticity.peers import replays
from replasticity.storage import datasets
from replasticity.storage.contract import require_defined
from replasticity.studies.dopamine_tutorial import cue, shared, ten_neurons_statistics
from replasticity.studies.dopamine_tutorial import ten_neurons as ten
from replasticity.study import protocols

CUE, TEN, TIMING = (protocols.get(f"dopamine_tutorial_{name}") for name in ("cue", "ten_neurons", "timing"))

SMALL = {
    "duration_ms": 600.0,
    "exc_count": 40,
    "inh_count": 10,
    "exc_indegree": 12,
    "inh_indegree": 4,
    "subgroup_size": 8,
    "weight_initial_pA": 900.0,
    "background_rate_Hz": 30.0,
    "stimulus_rate_Hz": 20.0,
}


@pytest.fixture
def resolve(in_project):
    def resolved(name, **changes):
        return experiments.resolve(name, "standard", changes).parameters

    return resolved


def simulated(protocol, parameters, seed=1):
    inputs = protocol.sample_inputs(parameters, seed)
    run = protocol.simulate(parameters, inputs)
    return inputs | run


# Random numbers ---------------------------------------------------------------------------------------


def test_poisson_trains_have_a_poisson_number_of_spikes_per_step_and_cell():
    # Index of dispersion over 60000 places, and evenness over cells (false-alarm rate 1e-3 each for a fresh seed).
    p = SimpleNamespace(dt_ms=0.1, duration_ms=300.0, relay_delay_ms=0.0)
    p.steps = lambda time_ms: DopamineSynapse.steps(p, time_ms)
    stamp, cell = shared.poisson_relays(np.random.default_rng(5), 2000.0, 20, p)
    counts = np.zeros((3000, 20), np.int64)
    np.add.at(counts, (stamp - 1, cell), 1)
    assert stamp.min() >= 1
    assert stamp.max() <= 3000
    assert counts.max() >= 2
    assert abs(counts.sum() - 12000) < 3.3 * math.sqrt(12000)
    dispersion = ((counts - 0.2) ** 2 / 0.2).sum()
    assert stats.chi2.ppf(5e-4, counts.size) * 0.98 < dispersion < stats.chi2.ppf(1 - 5e-4, counts.size) * 1.02
    assert stats.chisquare(counts.sum(axis=0)).pvalue > 1e-3
    assert (np.diff(stamp) >= 0).all()


def test_wiring_has_a_fixed_indegree_and_even_sources():
    pre, post = random.fixed_indegree(np.random.default_rng(3), 50, 80, 40)
    assert (np.bincount(post, minlength=80) == 40).all()
    assert (np.diff(pre) >= 0).all()
    # Sources with replacement: chi-square test, false-alarm rate 1e-3 for a fresh seed.
    assert stats.chisquare(np.bincount(pre, minlength=50)).pvalue > 1e-3


def test_without_inhibitory_neurons_nothing_inhibits(resolve):
    changes = SMALL | {"inh_count": 0}
    inputs = cue.sample_inputs(resolve("izhikevich2007_cue", **changes), 1)
    assert len(inputs["inh_pre"]) == len(inputs["inh_post"]) == 0
    found, without = (
        simulated(cue, resolve("izhikevich2007_cue", **(changes | {"inh_indegree": indegree}))) for indegree in (20, 0)
    )
    np.testing.assert_array_equal(found["exc_spike_ms"], without["exc_spike_ms"])
    assert len(found["inh_spike_ms"]) == 0


def test_stimuli_and_dopamine_follow_the_specification(resolve):
    # So long a run would need more memory than its jobs declare; it is only drawn.
    parameters = resolve("izhikevich2007_cue").model_copy(update={"duration_ms": 1_000_000.0})
    stimulus_ms, subgroup, dopamine_ms = cue.sample_stimuli(np.random.default_rng(8), parameters)
    gaps_ms = np.diff(np.append(0.0, stimulus_ms))
    assert gaps_ms.min() == 10.0
    assert (gaps_ms == np.round(gaps_ms)).all()
    assert stimulus_ms[-2] < 1_000_000.0 <= stimulus_ms[-1]
    # Mean of max(10, Exp(200)) is 10 + 200 exp(-10 / 200); |z| < 3.3: false-alarm rate 1e-3 for a fresh seed.
    assert abs(gaps_ms.mean() - (10 + 200 * math.exp(-0.05))) < 3.3 * gaps_ms.std() / math.sqrt(len(gaps_ms))
    assert stats.binomtest(int(subgroup.sum()), len(subgroup)).pvalue > 1e-3
    rewarded_ms = stimulus_ms[subgroup == cue.REWARDED]
    assert len(dopamine_ms) == len(rewarded_ms)
    waits_ms = dopamine_ms[:, None] - rewarded_ms[None, :]
    assert ((waits_ms >= 10) & (waits_ms <= 29)).any(axis=1).all()


def test_seeds_differ_and_repeat(resolve):
    parameters = resolve("izhikevich2007_cue", **SMALL)
    first, again, other = (cue.sample_inputs(parameters, seed) for seed in (1, 1, 2))
    np.testing.assert_equal(first, again)
    assert not np.array_equal(first["exc_pre"], other["exc_pre"])


# The run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"b": 0.01, "A_plus": 20.0, "A_minus": 50.0, "A_vt": -100.0},
        # Two spikes of a neuron in one slice.
        {"exc_refractory_ms": 0.2, "stimulus_weight_pA": 60000.0, "delay_ms": 1.5},
    ],
    ids=["published", "weights that reach zero", "short refractory time"],
)
def test_untouched_synapses_need_not_be_stepped(resolve, changes):
    lazy, plain = (
        simulated(cue, resolve("izhikevich2007_cue", **(SMALL | changes), step_every_slice=every))
        for every in (False, True)
    )
    assert len(lazy["exc_spike_ms"]) > 100
    for name in ("exc_spike_ms", "exc_spike_index", "inh_spike_ms", "inh_spike_index"):
        np.testing.assert_array_equal(lazy[name], plain[name])
    for name in ("weight_pA", "weight_all_pA", "c_sum", "n_mean", "weight_final_pA", "weight_min_pA", "V_mV"):
        np.testing.assert_allclose(lazy[name], plain[name], rtol=1e-11, atol=1e-9, err_msg=name)
    if "A_plus" in changes:
        assert plain["weight_min_pA"] == 0.0


def test_exact_events_do_not_depend_on_the_slices(resolve):
    changes = SMALL | {"events": "exact", "chunk_ms": 100.0}
    coarse, fine = (simulated(cue, resolve("izhikevich2007_cue", **changes, slice_ms=ms)) for ms in (1.0, 0.1))
    np.testing.assert_array_equal(coarse["exc_spike_ms"], fine["exc_spike_ms"])
    np.testing.assert_allclose(coarse["weight_pA"], fine["weight_pA"], rtol=1e-12)


def test_large_network_spikes_as_if_all_neurons_were_advanced_at_once(resolve):
    # Three blocks of excitatory neurons, of which the last is not full, and one of inhibitory ones.
    sizes = {"exc_count": 2 * model.BLOCK + 100, "inh_count": 50, "exc_indegree": 0, "inh_indegree": 0}
    parameters = resolve(
        "izhikevich2007_cue", **(SMALL | sizes | {"duration_ms": 100.0, "background_weight_pA": 5000.0})
    )
    inputs = cue.sample_inputs(parameters, 1)
    session = Session(network_at_start(parameters, inputs, parameters.weight_initial_pA), parameters)
    populations, external = session.network.populations, session.network.external
    together = type(session.network.neurons)(*(values.copy() for values in session.network.neurons))
    exc_pA, inh_pA = np.zeros((2, 501, len(together.V_mV)))
    acting = external.step <= 500
    np.add.at(exc_pA, (external.step[acting], external.neuron[acting]), external.weight[acting])
    expected = []
    for step in range(1, 501):
        for population in populations:
            part = slice(population.first, population.end)
            state = [values[part] for values in together]
            advance_exponential_neurons(*state, exc_pA[step, part], inh_pA[step, part], population)
            spiking = np.flatnonzero((state[-1] == 0) & (state[0] >= population.V_th_mV))
            state[0][spiking], state[-1][spiking] = population.V_reset_mV, population.refractory
            expected += [(step, population.first + neuron) for neuron in spiking]

    session.advance(500)
    spikes = session.spikes()
    assert {neuron // model.BLOCK for _, neuron in expected} == {0, 1, 2}
    assert list(zip(*spikes, strict=True)) == expected
    np.testing.assert_array_equal(session.network.neurons.V_mV, together.V_mV)


@pytest.mark.parametrize(("relay_step", "still_at_rest"), [(109, 11), (110, 12)])
def test_background_acts_one_delay_after_its_relay(resolve, relay_step, still_at_rest):
    parameters = resolve(
        "izhikevich2007_cue",
        **(SMALL | {"exc_indegree": 0, "inh_indegree": 0, "duration_ms": 100.0, "background_weight_pA": 1000.0}),
    )
    one_spike = {
        "background_step": np.array([relay_step], np.int32),
        "background_index": np.array([0], np.int32),
        "stimulus_ms": np.zeros(0),
        "stimulus_subgroup": np.zeros(0, np.int32),
        "dopamine_ms": np.zeros(0),
    }
    V_mV = cue.simulate(parameters, cue.sample_inputs(parameters, 1) | one_spike)["V_mV"]
    # The current jumps ten steps later and moves the potential from the next step on: 120 or 121. Each tenth is kept.
    np.testing.assert_allclose(V_mV[0, :still_at_rest], -65.0, rtol=1e-14)
    assert V_mV[0, still_at_rest] > -65.0 + 0.01
    np.testing.assert_allclose(V_mV[1], -65.0, rtol=1e-14)


# Statistics -------------------------------------------------------------------------------------------


def test_statistics_match_their_contracts(resolve):
    for protocol, parameters in (
        (CUE, resolve("izhikevich2007_cue", **SMALL)),
        (TEN, resolve("dopamine_ten")),
    ):
        summary = protocol.summarise(parameters, simulated(protocol, parameters))
        assert set(summary) == set(protocol.STATISTICS)
        assert not set(protocol.STATISTICS) & set(protocol.TRACES)


def test_group_means_are_those_of_the_single_weights(resolve):
    parameters = resolve("izhikevich2007_cue", **SMALL, A_plus=20.0)
    run = simulated(cue, parameters)
    summary = CUE.summarise(parameters, run)
    count = run["synapse_count"]
    for group, name in ((0, "weight_rewarded_pA"), (1, "weight_other_pA")):
        members = run["subgroup_index"][group]
        expected = np.average(run["weight_final_pA"][members], weights=count[members])
        assert summary[name].item() == pytest.approx(expected, rel=1e-12)
    everyone = np.average(run["weight_final_pA"][count > 0], weights=count[count > 0])
    assert summary["weight_net_pA"].item() == pytest.approx(everyone, rel=1e-12)


def test_epochs_contain_their_end(resolve):
    parameters = resolve("dopamine_ten")
    run = simulated(ten, parameters)
    summary = TEN.summarise(parameters, run)
    expected = [
        np.sum((run["spike_ms"] > low + 1e-6) & (run["spike_ms"] <= high + 1e-6))
        for low, high in ((0, 2000), (2000, 5000), (5000, 8000), (8000, 12000))
    ]
    assert summary["spike_count"].sum(axis=1).tolist() == expected
    assert ten_neurons_statistics.comparison_times_ms(parameters) == [1980.0, 4980.0, 7980.0, 12000.0]


def test_punishment_is_in_force_from_the_chunk_that_holds_it(resolve):
    parameters = resolve("dopamine_ten")
    amount = ten.increments(np.array([79796, 79801, 20020]), parameters) * parameters.tau_n_ms
    assert amount.tolist() == [10.0, -10.0, 10.0]


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("izhikevich2007_cue", {"slice_ms": 2.0}, "slice_ms: is the smallest delay"),
        ("izhikevich2007_cue", {"delay_ms": 1.05}, "delay_ms: has to be a whole multiple"),
        ("izhikevich2007_cue", {"subgroup_size": 900}, "subgroup_size: at most exc_count"),
        ("izhikevich2007_cue", {"chunk_ms": 300.0}, "chunk_ms: duration_ms has to be a whole multiple"),
        ("dopamine_ten", {"reward_times_ms": [20000.0]}, "reward_times_ms: no time after the end"),
        ("dopamine_timing", {"sample_interval_ms": 0.7}, "sample_interval_ms: has to be a whole multiple of slice_ms"),
        ("dopamine_timing", {"slice_ms": 1e-12}, "slice_ms: has to be a whole multiple of dt_ms .0.1., at least 1"),
        ("dopamine_timing", {"V_reset_mV": -55.0}, "V_reset_mV: has to be less than V_th_mV"),
        ("dopamine_ten", {"V_reset_mV": -50.0}, "V_reset_mV: has to be less than V_th_mV"),
        ("dopamine_ten", {"refractory_ms": 1e6}, "refractory_ms: at most 1e.06 steps"),
        ("dopamine_ten", {"input_rate_Hz": 1e9}, "MB of memory, resources.mem_mb"),
        ("dopamine_ten", {"epoch_edges_ms": [2000.0, 0.0]}, "epoch_edges_ms: have to be in order"),
        ("dopamine_ten", {"relay_delay_ms": 12000.0}, "relay_delay_ms: has to be less than duration_ms"),
        ("izhikevich2007_cue", {"inh_V_reset_mV": -50.0}, "inh_V_reset_mV: has to be less than inh_V_th_mV"),
        ("izhikevich2007_cue", {"stimulus_delay_ms": 1e-10, "slice_ms": 0.1}, "stimulus_delay_ms: has to be a whole"),
        ("izhikevich2007_cue", {"stimulus_rate_Hz": 1e6}, "stimulus_rate_Hz: has to be less than or equal to 1000"),
        ("izhikevich2007_cue", {"exc_count": 1000000}, "MB of memory, resources.mem_mb"),
        ("izhikevich2007_cue", {"exc_count": 1}, "subgroup_size: at most exc_count"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(resolve, name, changes, text):
    with pytest.raises(Exception, match=text):
        resolve(name, **changes)


def test_responses_are_of_members_per_neuron_from_the_first_moment_at_which_a_stimulus_can_act(resolve):
    p = resolve("izhikevich2007_cue", **SMALL | {"duration_ms": 1200.0, "stimulus_rate_Hz": 40.0})
    run = simulated(CUE, p)
    members, first_ms = run["subgroup_index"][0], p.relay_delay_ms + p.stimulus_delay_ms
    acts = run["stimulus_ms"] + p.relay_delay_ms <= p.duration_ms
    late_ms = run["stimulus_ms"][(run["stimulus_subgroup"] == 0) & acts & (run["stimulus_ms"] >= p.duration_ms / 2)]
    spike_ms = run["exc_spike_ms"][np.isin(run["exc_spike_index"], members)]
    counts = [np.sum((spike_ms > t + first_ms) & (spike_ms <= t + first_ms + 20.0)) for t in late_ms]
    assert len(late_ms) > 1
    assert sum(counts) > 0
    assert CUE.summarise(p, run)["response_late"][0] == pytest.approx(np.mean(counts) / len(members))


# Hostile parameters -------------------------------------------------------------------------------------


def test_a_network_of_one_excitatory_neuron_works_to_the_end(resolve):
    parameters = resolve("izhikevich2007_cue", **SMALL | {"exc_count": 1, "subgroup_size": 1, "exc_indegree": 0})
    run = simulated(cue, parameters)
    require_defined(cue.RUN, run)
    require_defined(CUE.STATISTICS, CUE.summarise(parameters, run))
    assert np.isnan(run["weight_max_pA"])


def test_points_without_postsynaptic_spikes_work_to_the_end(resolve):
    parameters = resolve("dopamine_timing", post_times_ms=[], dopamine_times_ms=[4.0], duration_ms=100.0)
    statistics = TIMING.summarise(parameters, simulated(TIMING, parameters))
    require_defined(TIMING.STATISTICS, statistics)
    assert (statistics["weight_final"] == parameters.weight_initial).all()


def test_no_spike_is_written_beyond_the_history(resolve):
    # Without the check of parameters: a neuron that is reset above its threshold spikes more often than there is room.
    times = {"reward_times_ms": [], "punishment_times_ms": [], "epoch_edges_ms": [0.0, 3000.0]}
    legal = resolve("dopamine_ten", duration_ms=3000.0, weight_initial_mV=20.0, **times)
    parameters = legal.model_copy(update={"V_reset_mV": -50.0})
    with pytest.raises(StateError, match="number of spikes of all neurons"):
        ten.simulate(parameters, ten.sample_inputs(parameters, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_initial_mV": 1e9}, r"V_mV of neuron \d is 1e\+09 at [0-9.]+ ms, allowed: -1e\+06 to 1e\+06 mV"),
        ({"A_vt_reward": 1e15}, r"n of synapse 0 is [0-9.e+]+ at 90 ms, allowed: -1e\+12 to 1e\+12"),
    ],
)
def test_a_run_ends_where_a_state_leaves_its_limits(resolve, changes, message):
    times = {"reward_times_ms": [60.0], "punishment_times_ms": [], "epoch_edges_ms": [0.0, 300.0]}
    parameters = resolve("dopamine_ten", duration_ms=300.0, **times, **changes)
    with pytest.raises(StateError, match=message):
        ten.simulate(parameters, ten.sample_inputs(parameters, 1))


def current_to_potential(tau_ms, tau_m_ms=10.0):
    constants = {"c_pF": 300.0, "tau_inh_ms": 1.0, "E_L_mV": -65.0, "V_reset_mV": -70.0, "V_th_mV": -55.0}
    return exponential_population(
        dt_ms=0.1, first=0, end=1, tau_m_ms=tau_m_ms, tau_exc_ms=tau_ms, refractory_ms=2.0, **constants
    ).exc_mV_per_pA


@pytest.mark.parametrize("tau_m_ms", [10.0, 1e4, 1e8])
def test_nearly_equal_time_constants_are_continuous(tau_m_ms):
    equal = current_to_potential(tau_m_ms, tau_m_ms)
    for exponent in np.arange(-16, -2.9, 0.5):
        for sign in (-1, 1):
            apart = sign * 10.0**exponent
            # To first order the propagator grows by h / tau times half the relative distance.
            expected = equal * (1 + 0.05 / tau_m_ms * apart)
            found = current_to_potential(tau_m_ms * (1 + apart), tau_m_ms)
            assert found == pytest.approx(expected, rel=1e-11 + apart**2)


def test_the_published_formula_stands_away_from_equal_time_constants():
    difference = math.exp(-0.1 / 10.0) - math.exp(-0.1 / 1.0)
    assert current_to_potential(1.0) == 1.0 * 10.0 / (300.0 * (10.0 - 1.0)) * difference


def test_a_point_of_a_recording_that_is_not_allowed_is_refused_in_one_line(in_project, tmp_path):
    path = tmp_path / "points.nc"
    recording = datasets.open_netcdf(in_project / "tests/peers/dopamine/dopa_timing.nc")
    recording["min_delay"][3] = 1e-12
    recording.to_netcdf(path)
    with pytest.raises(UserError, match="point 3: slice_ms: has to be a whole multiple of dt_ms") as raised:
        replays.replay(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "variable", "largest"),
    [("dopa_cue_seed1", "snapshot_synapse", 79999), ("dopa_ten_seed1", "plastic_post", 9)],
)
def test_a_recorded_index_that_is_one_too_many_is_refused(in_project, tmp_path, name, variable, largest):
    path = tmp_path / "index.nc"
    recording = datasets.open_netcdf(in_project / f"tests/peers/dopamine/{name}.nc")
    recording[variable][0] = largest + 1
    recording.to_netcdf(path)
    with pytest.raises(UserError, match=f"variable '{variable}' has to be an index from 0 to {largest}$"):
        replays.replay(path)


def test_points_may_be_longer_than_the_recording_says_but_not_too_long(in_project, tmp_path):
    path = tmp_path / "points.nc"
    recording = datasets.open_netcdf(in_project / "tests/peers/dopamine/dopa_timing.nc")
    recording.attrs["duration_ms"] = 1.0
    recording.to_netcdf(path)
    assert replays.holds(replays.replay(path)[1])
    recording["sim_time"][1] = 5e7
    recording.to_netcdf(path)
    with pytest.raises(UserError, match="MB of memory, resources"):
        replays.replay(path)
