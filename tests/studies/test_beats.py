"""Beats, their map, STDP windows and EPSP read-out: runs against the oracle, statistics, refusals."""

import math
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replasticity.definitions import experiments
from replasticity.equations.pair_stdp_formulas import change_by_one_pairing
from replasticity.errors import StateError
from replasticity.models import pair_stdp as pair_model
from replasticity.models import regular_firing
from replasticity.numerics.limits import no_failure
from replasticity.studies.beats import epsp_statistics
from replasticity.studies.beats.epsp import LOCKED
from replasticity.studies.beats.statistics import actual_rates_Hz
from replasticity.study import protocols
from replasticity.study.statistics import Run
from tests.oracles import beats as oracle
from tests.strategies import usable_floats

beats, beats_map, epsp, stdp_window, stdp_tutorial_window = map(
    protocols.get, ("beats", "beats_map", "beats_epsp", "beats_window", "beats_tutorial_window")
)

SYNAPSE = {
    "dt_ms": 0.1,
    "tau_pre_ms": 20.0,
    "tau_post_ms": 20.0,
    "dA_pre": 0.02,
    "depression_ratio": 1.05,
    "weight_max": 1.0,
    "weight_initial": 0.5,
    "clip_weight": True,
}

PARAMETERS = {
    beats: {
        "duration_ms": 200.0,
        "pre_rates_Hz": [200.0, 100.0],
        "post_rates_Hz": [250.0, 90.0],
        "reset": "zero",
        "phase_recorded_ms": 20.0,
        "dt_divisions": [2, 5],
    },
    beats_map: {
        "duration_ms": 200.0,
        "pre_rates_Hz": [50.0, 125.0, 210.0],
        "post_rates_Hz": [50.0, 220.0],
        "post_start_phases": [0.0, 0.3],
        "reset": "zero",
        "dt_divisions": [2, 5],
    },
    stdp_window: {"duration_ms": 100.0, "pre_time_ms": 40.0, "differences_ms": [-10.0, -0.1, 0.0, 0.1, 20.0]},
    stdp_tutorial_window: {"duration_ms": 31.0, "pairs": 20, "latest_spike_ms": 30.0},
    epsp: {
        "pairings": 5,
        "grid_rates_Hz": [1.0, 40.0],
        "grid_differences_ms": [-20.0, 0.0, 10.0],
        "gap_rates_Hz": [30.0, 100.0],
        "isolated_rate_Hz": 1.0,
        "first_pre_ms": 100.0,
        "E_L_mV": -70.0,
        "V_th_mV": -55.0,
        "I_const_mV": 0.0,
        "tau_m_ms": 10.0,
        "psp_scale_mV": 10.0,
        "delay_ms": 2.0,
        "test_spike_ms": 10.0,
        "readout_duration_ms": 50.0,
    },
}


def parameters(protocol, **changes):
    return protocol.Parameters(**(SYNAPSE | PARAMETERS[protocol] | changes))


def simulated(protocol, **changes):
    given = parameters(protocol, **changes)
    return given, protocol.simulate(given, protocol.sample_inputs(given, seed=1))


def oracle_synapse(pre, post, steps, given):
    return oracle.synapse(
        pre,
        post,
        steps,
        dt=given.dt_ms * 0.001,
        taupre=given.tau_pre_ms * 0.001,
        taupost=given.tau_post_ms * 0.001,
        dApre=given.dA_pre,
        ratio=given.depression_ratio,
        w0=given.weight_initial,
        w_max=given.weight_max,
        clip=given.clip_weight,
    )


def assert_events_equal(run, expected):
    """Compare the events of a run with the oracle's, given for each synapse."""
    rows = sorted((step, k, kind, moments) for k, events in enumerate(expected) for step, kind, moments in events)
    assert run["event_step"].tolist() == [row[0] for row in rows]
    assert run["event_synapse"].tolist() == [row[1] for row in rows]
    assert run["event_kind"].tolist() == [row[2] for row in rows]
    moments = np.array([row[3] for row in rows]).reshape(len(rows), 3, 4)
    for index, name in enumerate(("event_weight", "event_trace_pre", "event_trace_post")):
        np.testing.assert_allclose(run[name], moments[:, :, index], rtol=0, atol=1e-12)
    np.testing.assert_allclose(run["event_last_ms"], moments[:, :, 3] * 1e3, rtol=0, atol=1e-9)
    for bit, side in ((1, "pre"), (2, "post")):
        assert run[f"{side}_spike_step"].tolist() == [row[0] for row in rows if row[2] & bit]
        assert run[f"{side}_spike_cell"].tolist() == [row[1] for row in rows if row[2] & bit]


# Runs -------------------------------------------------------------------------------------------------

synapses = {
    "dt_ms": st.sampled_from([0.05, 0.1, 0.2]),
    "tau_pre_ms": st.floats(1.0, 60.0),
    "tau_post_ms": st.floats(1.0, 60.0),
    "dA_pre": usable_floats(-0.05, 0.3),
    "depression_ratio": usable_floats(0.0, 2.0),
    "weight_max": st.floats(0.5, 2.0),
    "clip_weight": st.booleans(),
}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    synapse=st.fixed_dictionaries(synapses),
    rates=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=4),
    reset=st.sampled_from(["zero", "subtract"]),
)
def test_beats_equal_the_oracle(synapse, rates, reset):
    pre_Hz, post_Hz = ([float(rate) for rate in side] for side in zip(*rates, strict=True))
    given, run = simulated(beats, **synapse, pre_rates_Hz=pre_Hz, post_rates_Hz=post_Hz, reset=reset)
    steps = round(200 / given.dt_ms)
    trains = [
        [oracle.regular_train(rate, given.dt_ms * 0.001, steps, reset) for rate in side] for side in (pre_Hz, post_Hz)
    ]
    made = [oracle_synapse(pre, post, steps, given) for (pre, _), (post, _) in zip(*trains, strict=True)]
    assert_events_equal(run, [events for _, events, _ in made])
    np.testing.assert_allclose(run["weight"], np.transpose([weight for weight, _, _ in made]), atol=1e-12)
    np.testing.assert_allclose(run["weight_final"], [final for _, _, final in made], atol=1e-12)
    for name, side in zip(("firing_phase_pre", "firing_phase_post"), trains, strict=True):
        recorded = round(20 / given.dt_ms)
        np.testing.assert_array_equal(run[name], np.transpose([phases[:recorded] for _, phases in side]))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    synapse=st.fixed_dictionaries(synapses),
    differences=st.lists(st.integers(-200, 199), min_size=1, max_size=6),
)
def test_window_equals_the_oracle(synapse, differences):
    dt_ms = synapse["dt_ms"]
    given, run = simulated(
        stdp_window,
        **synapse,
        pre_time_ms=200 * dt_ms,
        duration_ms=400 * dt_ms,
        differences_ms=[steps * dt_ms for steps in differences],
    )
    made = [oracle_synapse([200], [200 + steps], 400, given) for steps in differences]
    assert_events_equal(run, [events for _, events, _ in made])
    np.testing.assert_allclose(run["dw"], [final - 0.5 for _, _, final in made], atol=1e-12)
    np.testing.assert_allclose(run["difference_ms"], np.array(differences) * dt_ms, atol=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    synapse=st.fixed_dictionaries(synapses),
    pairs=st.integers(2, 40),
    latest_ms=st.one_of(st.floats(0.1, 60.0), st.integers(1, 60).map(float)),
)
def test_tutorial_equals_the_oracle(synapse, pairs, latest_ms):
    given, run = simulated(
        stdp_tutorial_window, **synapse, pairs=pairs, latest_spike_ms=latest_ms, duration_ms=62.0, weight_initial=0.0
    )
    spikes = oracle.tutorial_steps(pairs, latest_ms * 0.001, given.dt_ms * 0.001)
    made = [oracle_synapse([pre], [post], round(62 / given.dt_ms), given) for pre, post in spikes]
    assert_events_equal(run, [events for _, events, _ in made])
    expected_ms = [(post - pre) * given.dt_ms for pre, post in spikes]
    np.testing.assert_allclose(run["difference_ms"], expected_ms, atol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    synapse=st.fixed_dictionaries(synapses),
    rates=st.lists(st.floats(1.0, 300.0), min_size=1, max_size=3),
    differences=st.lists(usable_floats(-90.0, 40.0), min_size=1, max_size=3),
    gaps=st.lists(st.floats(5.0, 300.0), min_size=1, max_size=3),
    # At 15 mV the potential creeps up to the threshold: the last bit decides.
    I_const_mV=st.one_of(usable_floats(-5.0, 30.0), st.just(15.0)),
    tau_m_ms=st.floats(0.5, 30.0),
    psp_scale_mV=usable_floats(-5.0, 60.0),
    delay_ms=usable_floats(0.0, 5.0),
    test_spike_ms=usable_floats(0.0, 30.0),
)
def test_epsp_equals_the_oracle(
    synapse, rates, differences, gaps, I_const_mV, tau_m_ms, psp_scale_mV, delay_ms, test_spike_ms
):
    given, run = simulated(
        epsp,
        **synapse,
        grid_rates_Hz=rates,
        grid_differences_ms=differences,
        gap_rates_Hz=gaps,
        isolated_rate_Hz=4.0,
        I_const_mV=I_const_mV,
        tau_m_ms=tau_m_ms,
        psp_scale_mV=psp_scale_mV,
        delay_ms=delay_ms,
        test_spike_ms=test_spike_ms,
    )
    dt_ms = given.dt_ms
    first = round(100 / dt_ms)
    made = []
    for group, period, difference in oracle.pairing_conditions(rates, differences, gaps, 4.0, dt_ms):
        pre = [first + k * period for k in range(5)]
        post = [step + difference for step in pre]
        made.append((group, period, difference, oracle_synapse(pre, post, max(pre + post) + 1, given)))
    assert run["condition_group"].tolist() == [group for group, *_ in made]
    np.testing.assert_allclose(run["condition_period_ms"], [row[1] * dt_ms for row in made], atol=1e-9)
    np.testing.assert_allclose(run["condition_difference_ms"], [row[2] * dt_ms for row in made], atol=1e-9)
    assert_events_equal(run, [synapse[1] for *_, synapse in made])

    weights = [final for *_, (_, _, final) in made] + [0.5]
    np.testing.assert_allclose(run["readout_weight"], weights, atol=1e-12)
    spikes = []
    for k, weight in enumerate(run["readout_weight"]):
        v, v_end, fired = oracle.read_out(
            weight,
            dt=dt_ms * 0.001,
            steps=round(50 / dt_ms),
            test=test_spike_ms * 0.001,
            delay=delay_ms * 0.001,
            tau_m=tau_m_ms * 0.001,
            E_L=-70 * 0.001,
            V_th=-55 * 0.001,
            I_const=I_const_mV * 0.001,
            J=psp_scale_mV * 0.001,
        )
        np.testing.assert_allclose(run["readout_v_mV"][:, k], np.array(v) * 1e3, atol=1e-9)
        assert run["v_end_mV"][k] == pytest.approx(v_end * 1e3, abs=1e-9)
        assert run["epsp_peak_mV"][k] == pytest.approx(max(v) * 1e3 + 70, abs=1e-9)
        peak = next(n for n, each in enumerate(v) if each >= max(v) - 1e-12 * max(map(abs, v)))
        assert run["epsp_peak_time_ms"][k] == pytest.approx(peak * dt_ms, abs=1e-6)
        spikes += [(step, k) for step in fired]
    found = zip(run["readout_spike_step"].tolist(), run["readout_spike_cell"].tolist(), strict=True)
    assert sorted(found) == sorted(spikes)


@pytest.mark.parametrize(("delay_ms", "steps"), [(0.04, 0), (0.05, 1), (0.15, 1), (0.25, 3), (0.35, 4), (0.45, 5)])
def test_half_a_step_of_a_delay_is_a_whole_one(delay_ms, steps):
    # As Brian2 2.9.0 has it: 0.15 ms is a bit less than 1.5 steps of 0.1 ms, and 0.25 ms is 2.5 of them.
    _, run = simulated(epsp, delay_ms=delay_ms, test_spike_ms=1.0, tau_m_ms=10.0, dt_ms=0.1)
    assert run["epsp_peak_time_ms"][-1] == pytest.approx(1.1 + 0.1 * steps)


def test_rounding_does_not_move_the_peak_of_a_potential_that_has_settled():
    # v creeps up to its limit: the first sample that is there but for rounding.
    _, run = simulated(epsp, I_const_mV=5.0, psp_scale_mV=0.0, tau_m_ms=0.5, dt_ms=0.1)
    assert run["epsp_peak_time_ms"] == pytest.approx(np.full(len(run["readout_weight"]), 12.6), abs=0.5)


def test_read_out_cells_spike_where_the_epsp_crosses_the_threshold():
    # The branch that the recordings at hand do not reach.
    _, run = simulated(epsp, psp_scale_mV=60.0)
    assert len(run["readout_spike_step"]) > 0
    assert (run["readout_v_mV"].max(axis=0) > -55).any()


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_each_pair_of_the_map_is_a_pair_of_beats(reset):
    given, mapped = simulated(beats_map, reset=reset)
    for i, pre_Hz in enumerate(given.pre_rates_Hz):
        for j, post_Hz in enumerate(given.post_rates_Hz):
            _, run = simulated(beats, reset=reset, pre_rates_Hz=[pre_Hz], post_rates_Hz=[post_Hz])
            assert mapped["weight_final"][0, i, j] == run["weight_final"][0]
            assert mapped["event_count"][0, i, j] == len(run["event_step"])
            weight = np.append(run["event_weight"].ravel(), 0.5)
            assert mapped["weight_lowest"][0, i, j] == weight.min()
            assert mapped["weight_highest"][0, i, j] == weight.max()


def test_start_phases_of_the_map_equal_the_oracle():
    given, mapped = simulated(beats_map)
    pre, _ = oracle.regular_train(125.0, 1e-4, 2000, "zero")
    post, _ = oracle.regular_train(220.0, 1e-4, 2000, "zero", phase=0.3)
    assert mapped["weight_final"][1, 1, 1] == pytest.approx(oracle_synapse(pre, post, 2000, given)[2], abs=1e-12)


@pytest.mark.parametrize("protocol", PARAMETERS, ids=lambda protocol: protocol.name)
def test_runs_and_statistics_keep_their_contract_and_do_not_depend_on_the_seed(protocol):
    given = parameters(protocol)
    first, second = (protocol.simulate(given, protocol.sample_inputs(given, seed)) for seed in (1, 2))
    np.testing.assert_equal(first, second)
    assert set(first) == set(protocol.RUN)
    summary = protocol.summarise(given, first)
    assert set(summary) == set(protocol.STATISTICS)
    assert all(variable.resolution is not None for variable in protocol.STATISTICS.values())
    # An ensemble holds both.
    assert set(protocol.TRACES) <= set(protocol.RUN)
    assert not set(protocol.TRACES) & set(protocol.STATISTICS)


# Statistics -------------------------------------------------------------------------------------------


def summary(protocol, **changes):
    given, run = simulated(protocol, **changes)
    return protocol.summarise(given, run)


def test_actual_rates_and_beats():
    # 220 Hz fires every 46 steps of 0.1 ms (docs/models/pair_stdp.md#rounded-intervals).
    made = summary(beats, pre_rates_Hz=[200.0, 2.0], post_rates_Hz=[220.0, 200.0])
    assert made["pre_rate_actual_Hz"][0] == pytest.approx(200.0, rel=1e-12)
    assert made["post_rate_actual_Hz"][0] == pytest.approx(1e4 / 46, rel=1e-12)
    assert made["beat_actual_Hz"][0] == pytest.approx(1e4 / 46 - 200, rel=1e-10)
    assert made["beat_asked_Hz"].tolist() == [20.0, 198.0]
    # A cell with fewer than two spikes has no rate.
    assert math.isnan(made["beat_actual_Hz"][1])


def final_weight(pre, post, steps, given, dt_ms):
    return oracle_synapse(pre, post, steps, given.model_copy(update={"dt_ms": dt_ms}))[2]


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_weights_with_finer_time_steps_equal_the_oracle(reset):
    given, run = simulated(beats, reset=reset)
    _, mapped = simulated(beats_map, reset=reset, pre_rates_Hz=given.pre_rates_Hz, post_rates_Hz=given.post_rates_Hz)
    assert run["weight_finer"].shape == (2, 2)
    for index, division in enumerate(given.dt_divisions):
        dt_ms, steps = 0.1 / division, 2000 * division
        for k, rates_Hz in enumerate(zip(given.pre_rates_Hz, given.post_rates_Hz, strict=True)):
            for phase_index, phase in enumerate((0.0, 0.3)):
                pre, _ = oracle.regular_train(rates_Hz[0], dt_ms * 0.001, steps, reset)
                post, _ = oracle.regular_train(rates_Hz[1], dt_ms * 0.001, steps, reset, phase)
                expected = final_weight(pre, post, steps, given, dt_ms)
                assert mapped["weight_finer"][index, phase_index, k, k] == pytest.approx(expected, abs=1e-12)
                if phase == 0:
                    assert run["weight_finer"][index, k] == pytest.approx(expected, abs=1e-12)


def test_exact_times_leave_the_order_of_coincident_spikes_open():
    # 200 and 250 Hz: all times are whole milliseconds, so a grid of 1 ms is exact, and its order is the first one.
    given, run = simulated(beats)
    pre, post = np.arange(5, 201, 5), np.arange(4, 201, 4)
    expected = final_weight(pre, post, 201, given, 1.0)
    assert run["weight_no_grid"][0, 0] == pytest.approx(expected, abs=1e-9)
    # For the other order, postsynaptic spikes come a microsecond before their time.
    expected = final_weight(pre * 1000, post * 1000 - 1, 201_000, given, 0.001)
    assert run["weight_no_grid"][1, 0] == pytest.approx(expected, abs=1e-3)
    made = beats.summarise(given, run)
    assert made["range_over_orders"][0] == run["weight_no_grid"][0, 0] - run["weight_no_grid"][1, 0] > 0.1
    finals = [run["weight_final"][0], *run["weight_finer"][:, 0]]
    assert made["range_over_time_steps"][0] == max(finals) - min(finals)


exact_times = partial(regular_firing.exact_times, duration_s=0.2)


def test_exact_times():
    times = [train * 2.0**-40 for train in exact_times([200.0, 0.0, 4.0, 30.0], 0.0)]
    np.testing.assert_allclose(times[0], np.arange(1, 41) / 40, atol=1e-12)
    assert [len(train) for train in times] == [40, 0, 0, 6]
    # 30 and 200 Hz coincide every 100 ms, the last time at the end of the run; equal times are equal numbers.
    exact = exact_times([200.0, 30.0], 0.0)
    assert len(np.intersect1d(*exact)) == 2
    phased = exact_times([40.0], 0.5)[0] * 2.0**-40
    np.testing.assert_allclose(phased, (np.arange(1, 9) - 0.5) / 8, atol=1e-12)


def test_without_coincidences_the_order_does_not_matter_and_the_grid_hardly():
    # Half a period apart, equal rates never coincide.
    _, run = simulated(
        beats_map, pre_rates_Hz=[40.0], post_rates_Hz=[40.0], post_start_phases=[0.5], dt_divisions=[100]
    )
    first, other = run["weight_no_grid"][:, 0, 0, 0]
    assert first == pytest.approx(other, abs=1e-9)
    assert run["weight_finer"][0, 0, 0, 0] == pytest.approx(first, abs=1e-4)


def test_equal_rates_are_moved_by_their_order():
    _, run = simulated(beats_map, pre_rates_Hz=[50.0], post_rates_Hz=[50.0])
    assert run["weight_no_grid"][0, 0, 0, 0] > 0.5 > run["weight_no_grid"][1, 0, 0, 0]


def test_equal_trains_coincide_in_every_spike():
    given, run = simulated(beats, pre_rates_Hz=[100.0], post_rates_Hz=[100.0])
    made = beats.summarise(given, run)
    assert (
        made["coincidences"][0] == len(run["pre_spike_step"]) == len(run["post_spike_step"]) == len(run["event_step"])
    )
    assert made["weight_final"][0] > 0.5
    assert made["weight_lowest"][0] <= made["weight_mean"][0] <= made["weight_highest"][0]


@pytest.mark.parametrize("protocol", [stdp_window, stdp_tutorial_window])
def test_weight_changes_follow_the_closed_form(protocol):
    made = summary(protocol, tau_post_ms=33.0, weight_initial=0.7)
    assert made["closed_form_departure"].item() < 1e-15


def test_closed_form_of_the_window():
    given = parameters(stdp_window, tau_post_ms=40.0)
    changes = change_by_one_pairing(np.array([-20.0, 0.0, 20.0]), given)
    expected = [-0.02 * 0.5 * 1.05 * math.exp(-0.5), 0.02, 0.02 * math.exp(-1)]
    np.testing.assert_allclose(changes, expected, rtol=1e-14)


def test_clipping_departs_from_the_closed_form():
    made = summary(stdp_window, weight_initial=0.99)
    assert made["closed_form_departure"].item() == pytest.approx(0.01, abs=1e-12)


def test_window_changes_sign_between_minus_one_step_and_zero():
    made = summary(stdp_window)
    assert made["dw_at_zero"].item() == pytest.approx(0.02, abs=1e-15)
    assert made["potentiating_from_ms"].item() == 0.0
    assert made["depressing_up_to_ms"].item() == pytest.approx(-0.1)
    without = summary(stdp_window, differences_ms=[5.0])
    assert math.isnan(without["dw_at_zero"].item())
    assert math.isnan(without["depressing_up_to_ms"].item())


def test_first_weights_are_those_of_the_question():
    given = experiments.resolve("stdp_tutorial_window").parameters
    weight = stdp_tutorial_window.simulate(given, stdp_tutorial_window.sample_inputs(given, 1))["weight_final"]
    assert [f"{value:.8f}" for value in weight[:5]] == [
        "0.00082085",
        "0.00086726",
        "0.00091173",
        "0.00095847",
        "0.00100761",
    ]


def test_isolated_pairings_add_up_and_fast_ones_do_not():
    made = summary(epsp)
    np.testing.assert_allclose(made["additivity"][0], 1.0, atol=1e-12)
    assert abs(made["additivity"][1, 0] - 1) > epsp_statistics.ADDITIVE_WITHIN
    assert made["additive_up_to_Hz"][0] == 1.0
    assert made["additivity_fails_from_Hz"][0] == 40.0


def test_additive_range():
    def ranges(*additive):
        return epsp_statistics.additive_range_Hz([40.0, 1.0, 20.0], np.array(additive))

    assert ranges(False, True, True) == (20.0, 40.0)
    assert ranges(True, True, False) == (1.0, 20.0)
    none_fails, none_holds = ranges(True, True, True), ranges(False, False, False)
    assert none_fails[0] == 40.0
    assert math.isnan(none_fails[1])
    assert math.isnan(none_holds[0])
    assert none_holds[1] == 1.0


def test_epsp_peak_is_the_weight_times_the_jump():
    made = summary(epsp)
    assert made["epsp_departure_mV"].item() < 1e-12
    assert made["epsp_initial_mV"].item() == pytest.approx(5.0, abs=1e-12)
    np.testing.assert_allclose(made["epsp_locked_mV"], made["weight_locked"] * 10, atol=1e-12)
    np.testing.assert_allclose(made["epsp_grid_mV"], made["weight_grid"] * 10, atol=1e-12)


def test_gap_of_one_period_is_a_coincidence_with_the_next_spike():
    _, run = simulated(epsp)
    locked = np.flatnonzero(run["condition_group"] == LOCKED)
    for k in locked:
        kinds = run["event_kind"][run["event_synapse"] == k]
        assert kinds.tolist() == [1, 3, 3, 3, 3, 2]


def test_weight_after_each_pairing_and_coincidences_of_the_grid():
    given, run = simulated(epsp, grid_rates_Hz=[10.0, 50.0], grid_differences_ms=[-20.0, 0.0, 20.0])
    made = epsp.summarise(given, run)
    # 20 ms are one period at 50 Hz: all spikes but one of either cell coincide.
    assert made["coincidences_grid"].tolist() == [[0, 5, 0], [4, 5, 4]]
    for i, period in enumerate((1000, 200)):
        for j, difference in enumerate((-200, 0, 200)):
            pre = [1000 + k * period for k in range(5)]
            for pairing in range(5):
                last = pre[pairing] + max(0, difference)
                post = [step + difference for step in pre if step + difference <= last]
                expected = oracle_synapse([step for step in pre if step <= last], post, last + 1, given)[2]
                assert made["weight_by_pairing"][i, j, pairing] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(made["weight_by_pairing"][:, :, -1], made["weight_grid"])


def test_statistics_of_a_map():
    given, run = simulated(beats_map)
    weight = np.array([[[0.0, 0.4], [0.5, 1.0], [0.2, 0.6]], [[0.05, 0.4], [0.5, 0.7], [0.35, 0.6]]])
    run["weight_final"][:] = weight
    run["weight_finer"][:, 0] = [[[0.4, 0.4], [0.4, 0.4], [0.4, 0.6]], weight[0]]
    run["weight_no_grid"][0, 0], run["weight_no_grid"][1, 0] = 1.0, 0.0
    made = beats_map.summarise(given, run)
    assert made["share_depressed_finer"].tolist() == pytest.approx([5 / 6, 3 / 6])
    assert made["share_depressed_no_grid"].tolist() == [0.0, 1.0]
    assert (made["share_depressed_lowest"].item(), made["share_depressed_highest"].item()) == (0.0, 1.0)
    assert made["weight_mean"].item() == pytest.approx(0.45)
    assert made["share_depressed"].item() == pytest.approx(3 / 6)
    assert made["share_at_zero"].item() == made["share_at_maximum"].item() == pytest.approx(1 / 6)
    assert made["share_moved_by_start_phase"].item() == pytest.approx(2 / 6)
    assert made["largest_range_over_start_phases"].item() == pytest.approx(0.3)
    assert made["range_over_start_phases"].item() == pytest.approx(0.025)


def test_equal_beats_are_compared_with_each_other():
    # Beats of 0, 5 and 5 Hz: the range is 0 in the first class and 0.5 in the second.
    given, run = simulated(beats_map, pre_rates_Hz=[100.0], post_rates_Hz=[100.0, 95.0, 105.0], reset="subtract")
    run["weight_final"][0] = [[1.0, 0.3, 0.8]]
    assert beats_map.summarise(given, run)["range_at_equal_beat"].item() == pytest.approx(0.25)


def test_one_start_phase_has_no_range_and_silent_cells_no_beat():
    made = summary(beats_map, post_start_phases=[0.0], pre_rates_Hz=[0.0], post_rates_Hz=[1.0])
    for name in ("share_moved_by_start_phase", "range_over_start_phases", "range_at_equal_beat"):
        assert math.isnan(made[name].item())


# Refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "changes", "text"),
    [
        (beats, {"pre_rates_Hz": [200.0]}, "post_rates_Hz: one rate for each pair, but there are 2 for 1"),
        (beats, {"pre_rates_Hz": [200.0, 10001.0]}, "pre_rates_Hz: at most one spike per step"),
        (beats, {"pre_rates_Hz": []}, "at least 1 item"),
        (beats, {"duration_ms": 100.05}, "duration_ms: has to be a whole multiple of dt_ms"),
        (beats, {"duration_ms": 1e-320}, "duration_ms: has to be 0 or from 1e-15 to 1e\\+15"),
        (beats, {"duration_ms": 1e-12}, "duration_ms: has to be a whole multiple of dt_ms .*, at least 1"),
        (beats, {"dt_ms": 1e300}, "dt_ms: has to be 0 or from 1e-15 to 1e\\+15"),
        (beats, {"tau_pre_ms": 5e-324}, "tau_pre_ms: has to be 0 or from 1e-15 to 1e\\+15"),
        (beats, {"reset": "one"}, "'zero' or 'subtract'"),
        (beats, {"dt_divisions": [0]}, "greater than or equal to 1"),
        (beats_map, {"dt_divisions": [10_001]}, "less than or equal to 10000"),
        (beats_map, {"post_rates_Hz": [10001.0]}, "post_rates_Hz: at most one spike per step"),
        (beats_map, {"post_start_phases": [1.0]}, "less than 1"),
        (stdp_window, {"differences_ms": []}, "at least 1 item"),
        (stdp_window, {"differences_ms": [0.05]}, "differences_ms: has to be a whole multiple of dt_ms"),
        (stdp_window, {"pre_time_ms": 40.05}, "pre_time_ms: has to be a whole multiple of dt_ms"),
        (stdp_window, {"differences_ms": [-41.0]}, "no postsynaptic spike before the run's start"),
        (stdp_window, {"differences_ms": [60.0]}, "no spike after the run's end at 100 ms"),
        (stdp_tutorial_window, {"latest_spike_ms": 31.0}, "latest_spike_ms: has to be at least two steps before"),
        (stdp_tutorial_window, {"pairs": 1}, "greater than or equal to 2"),
        (stdp_tutorial_window, {"pairs": 10**400}, "less than or equal to 2147483647"),
        (epsp, {"grid_rates_Hz": [0.0]}, "greater than 0"),
        (epsp, {"grid_rates_Hz": [20000.0]}, "grid_rates_Hz: at most one spike per step"),
        (epsp, {"isolated_rate_Hz": 20000.0}, "isolated_rate_Hz: at most one spike per step"),
        (epsp, {"grid_differences_ms": [-100.1]}, "no postsynaptic spike before the run's start"),
        (epsp, {"tau_m_ms": 0.0}, "greater than 0"),
        (epsp, {"gap_rates_Hz": []}, "at least 1 item"),
        (
            epsp,
            {"readout_duration_ms": 0.01},
            "readout_duration_ms: has to be a whole multiple of dt_ms .*, at least 1",
        ),
        (epsp, {"isolated_rate_Hz": 1e-9}, "pairings: the last spike has to come within 1e\\+09 steps of 0.1 ms"),
        (epsp, {"gap_rates_Hz": [1.0, 1e-9]}, "pairings: the last spike has to come within 1e\\+09 steps of 0.1 ms"),
        # Steps are counted in 32 bits.
        (epsp, {"pairings": 2**31 - 1}, "pairings: the last spike has to come within 1e\\+09 steps of 0.1 ms"),
        (epsp, {"grid_rates_Hz": [1e-4], "pairings": 300}, "pairings: the last spike has to come within"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(protocol, changes, text):
    with pytest.raises(ValueError, match=text):
        parameters(protocol, **changes)


def test_a_recorded_run_may_end_before_prescribed_spikes():
    values = SYNAPSE | PARAMETERS[stdp_window] | {"differences_ms": [0.0, 70.0]}
    given = stdp_window.Parameters.model_validate(values, context={"recorded": True})
    run = stdp_window.simulate(given, stdp_window.sample_inputs(given, 1))
    assert run["event_kind"].tolist() == [3, 1]


def test_shared_modules_are_no_protocols():
    assert [name for name in protocols.names() if name.startswith("beats")] == [
        "beats",
        "beats_epsp",
        "beats_map",
        "beats_tutorial_window",
        "beats_window",
    ]


@pytest.mark.parametrize(("pre", "post", "direction"), [([10], [11], 1), ([11], [10], -1), ([], [], 0)])
def test_lowest_and_highest_weight_include_the_one_at_the_start(pre, post, direction):
    parameters = experiments.resolve("beats").parameters
    outcome = pair_model.empty_outcome(1)
    pair_model.simulate(
        pair_model.make_trains([pre]),
        pair_model.make_trains([post]),
        np.array([0]),
        np.array([0]),
        0.5,
        pair_model.discretise(parameters, 1e-4),
        outcome,
        pair_model.empty_events(0),
        no_failure(),
    )
    assert np.sign(outcome.weight_final[0] - 0.5) == direction
    assert sorted([0.5, outcome.weight_final[0]]) == [outcome.weight_lowest[0], outcome.weight_highest[0]]


# Limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "changes", "text"),
    [
        # Coincidences add 6e8 each, every 10 ms from 9.9 ms on: the second one leads beyond 1e9.
        (
            beats,
            {"clip_weight": False, "dA_pre": 6e8, "pre_rates_Hz": [0.0, 100.0], "post_rates_Hz": [0.0, 100.0]},
            "^weight of synapse 1 is .* at 19.9 ms, allowed: -1e\\+09 to 1e\\+09",
        ),
        (
            beats_map,
            {"clip_weight": False, "dA_pre": -2e9, "pre_rates_Hz": [0.0, 100.0], "post_rates_Hz": [100.0]},
            "^weight of synapse 1 is -2e\\+09 at 9.9 ms",
        ),
        # The test spike comes at 10 ms with a delay of 2 ms; 0.5 * 3e6 mV is more than a kilovolt.
        (
            epsp,
            {"psp_scale_mV": 3e6, "V_th_mV": 1e7, "dA_pre": 0.0},
            "^v_V of read-out neuron 0 is 1499.93 at 12 ms, allowed: -1000 to 1000 V",
        ),
        (epsp, {"E_L_mV": 2e6}, "^v_V of read-out neuron 0 is 2000 at 0 ms"),
    ],
)
def test_a_state_beyond_its_limits_ends_the_run_in_one_line(protocol, changes, text):
    with pytest.raises(StateError, match=text) as error:
        simulated(protocol, **changes)
    assert "\n" not in str(error.value)


def test_a_weight_within_its_bounds_never_leaves_the_limits():
    _, run = simulated(beats, dA_pre=1e15, weight_max=1e9)
    assert run["weight"].max() <= 1e9


def test_no_event_is_written_where_there_is_no_room():
    # Four events, room for two of them in front of other numbers.
    behind = pair_model.empty_events(4)
    for part in behind:
        part[...] = 7
    outcome = pair_model.empty_outcome(1)
    pair_model.simulate(
        pair_model.make_trains([[10, 30]]),
        pair_model.make_trains([[20, 40]]),
        np.array([0]),
        np.array([0]),
        0.5,
        pair_model.discretise(parameters(beats), 1e-4),
        outcome,
        pair_model.first_events(behind, 2),
        no_failure(),
    )
    assert outcome.event_count[0] == 4
    assert behind.step.tolist() == [10, 20, 7, 7]
    for part in behind:
        assert (part[2:] == 7).all()


GROWN = [
    (beats, {"duration_ms": 20000.0}),
    (beats, {"duration_ms": 20000.0, "reset": "subtract", "phase_recorded_ms": 20000.0}),
    (beats, {"pre_rates_Hz": [5.0] * 300, "post_rates_Hz": [7.0] * 300}),
    (beats_map, {"duration_ms": 20000.0, "reset": "subtract", "pre_rates_Hz": [9000.0] * 3}),
    (beats_map, {"pre_rates_Hz": [5.0] * 200, "post_rates_Hz": [7.0] * 200}),
    (beats, {"dt_divisions": [500], "reset": "subtract"}),
    (beats_map, {"dt_divisions": [500], "reset": "subtract"}),
    (beats_map, {"dt_divisions": list(range(1, 100))}),
    (stdp_window, {"differences_ms": [1.0] * 5000}),
    (stdp_tutorial_window, {"pairs": 5000}),
    (stdp_tutorial_window, {"duration_ms": 100000.0}),
    (epsp, {"pairings": 1000}),
    (epsp, {"readout_duration_ms": 2000.0, "V_th_mV": -80.0}),
]


@pytest.mark.parametrize(("protocol", "changes"), GROWN)
def test_the_estimated_memory_is_enough_and_no_wild_guess(protocol, changes):
    given = parameters(protocol, **changes)
    simulated(protocol)
    tracemalloc.start()
    try:
        run = protocol.simulate(given, protocol.sample_inputs(given, 1))
        protocol.summarise(given, run)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < given.cost().memory_bytes < 10 * peak


@pytest.mark.parametrize("protocol", PARAMETERS, ids=lambda protocol: protocol.name)
def test_the_estimate_of_absurd_parameters_is_a_number(protocol):
    # Whatever is legal: 1e9 steps, or as many synapses as integers go.
    absurd = {
        beats: {"duration_ms": 1e8, "pre_rates_Hz": [1e-15, 1e4], "post_rates_Hz": [0.0, 1e4]},
        beats_map: {"duration_ms": 1e8, "pre_rates_Hz": [0.0], "post_rates_Hz": [1e-15]},
        stdp_window: {"duration_ms": 1e8},
        stdp_tutorial_window: {"duration_ms": 1e8, "pairs": 2**31 - 1},
        epsp: {"pairings": 10**5, "readout_duration_ms": 1e8},
    }
    cost = parameters(protocol, **absurd[protocol]).cost()
    assert 0 < cost.memory_bytes < 1e15
    assert 0 < cost.seconds < 1e9


# Work that grows with the numbers alone ------------------------------------------------------------------


def test_each_cell_has_its_own_rate():
    rates_Hz = [100.0, 0.0, 50.0, 1.0, 200.0]
    given, run = simulated(beats, pre_rates_Hz=rates_Hz, post_rates_Hz=rates_Hz[::-1])
    for found, asked in zip(actual_rates_Hz(Run(run), given), (rates_Hz, rates_Hz[::-1]), strict=True):
        trains = [oracle.regular_train(rate, 1e-4, 2000, "zero")[0] for rate in asked]
        expected = [1e4 / np.diff(train).mean() if len(train) > 1 else math.nan for train in trains]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_isolated_pairing_lost_in_rounding_has_no_additivity():
    # exp(-714) is the smallest of numbers: a quotient by it would be infinite.
    given, run = simulated(epsp, tau_pre_ms=0.014, grid_differences_ms=[10.0])
    assert change_by_one_pairing(np.array([10.0]), given)[0] > 0
    assert np.isnan(epsp_statistics.isolated_change(run["condition_difference_ms"], run["weight_final"], given)[0])
    assert np.isnan(epsp.summarise(given, run)["additivity"]).all()
