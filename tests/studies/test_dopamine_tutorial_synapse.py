"""The dopamine-modulated synapse against its oracles: published events at slice ends, and exact events."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replasticity.models.dopamine_stdp_runs import simulate_relayed
from replasticity.study import protocols
from tests.oracles import dopamine_stdp as oracle
from tests.strategies import usable_floats

protocol = protocols.get("dopamine_tutorial_timing")

STEPS = 120

STAMPS = st.lists(st.integers(1, STEPS - 1), max_size=8)
CHANGES = st.fixed_dictionaries(
    {
        "b": st.sampled_from([0.0, 0.02, -0.05]),
        "A_minus": usable_floats(-1.0, 3.0),
        "tau_c_ms": st.floats(1.0, 50.0),
        "tau_n_ms": st.floats(1.0, 50.0),
        "tau_pre_ms": st.floats(1.0, 20.0),
        "tau_post_ms": st.floats(1.0, 20.0),
        "weight_initial": usable_floats(0.0, 0.5),
    }
)


def parameters(**changes):
    values = {
        "dt_ms": 0.1,
        "duration_ms": STEPS / 10,
        "events": "slice",
        "slice_ms": 0.5,
        "step_every_slice": False,
        "tau_pre_ms": 10.0,
        "tau_post_ms": 20.0,
        "tau_c_ms": 30.0,
        "tau_n_ms": 10.0,
        "b": 0.0,
        "A_plus": 1.0,
        "A_minus": 1.5,
        "delay_ms": 0.5,
        "relay_delay_ms": 1.0,
        "dopamine_delay_ms": 1.0,
        "weight_initial": 0.1,
        "A_vt": [1.0],
        "pre_times_ms": [1.0],
        "post_times_ms": [3.0],
        "dopamine_times_ms": [4.0],
        "kick_mV": 9999.0,
        "sample_interval_ms": 0.5,
        "tau_m_ms": 10.0,
        "E_L_mV": -70.0,
        "V_reset_mV": -70.0,
        "V_th_mV": -20.0,
        "refractory_ms": 0.0,
    }
    return protocol.Parameters.model_validate(values | changes, context={"recorded": True})


def plain(given_parameters):
    p = given_parameters
    return SimpleNamespace(
        dt=p.dt_ms,
        m=round(p.slice_ms / p.dt_ms),
        D=round(p.delay_ms / p.dt_ms),
        tau_pre=p.tau_pre_ms,
        tau_post=p.tau_post_ms,
        tau_c=p.tau_c_ms,
        tau_n=p.tau_n_ms,
        b=p.b,
        A_plus=p.A_plus,
        A_minus=p.A_minus,
        w=p.weight_initial,
    )


Readings = namedtuple("Readings", ["weight", "c", "n", "x"])


def simulated(p, pre, post, dopamine, read):
    """Run one synapse with the given stamps; a neuron without refractory time spikes wherever it is kicked."""
    pre, post = np.array(pre, np.int64), np.array(post, np.int64)
    session, states = simulate_relayed(
        p,
        relayed=(pre, np.zeros_like(pre)),
        kicks=(post, np.zeros_like(post)),
        kick_mV=9999.0,
        dopamine=(
            np.array([arrival for arrival, _ in dopamine], np.int64),
            np.array([increment for _, increment in dopamine]),
        ),
        weights=np.array([p.weight_initial]),
        read=np.array(read),
    )
    assert session.spikes()[0].tolist() == [stamp for stamp in post if stamp <= max(read)]
    return Readings(*(states[name] for name in Readings._fields))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    pre=STAMPS,
    post=STAMPS,
    arrivals=st.lists(st.tuples(st.integers(1, STEPS - 1), st.floats(-0.3, 0.3)), max_size=5, unique_by=lambda x: x[0]),
    m=st.integers(1, 8),
    longer=st.integers(0, 6),
    every=st.booleans(),
    read=st.sets(st.integers(1, STEPS), min_size=1, max_size=5),
    changes=CHANGES,
)
def test_events_at_slice_ends_equal_the_oracle(pre, post, arrivals, m, longer, every, read, changes):
    p = parameters(slice_ms=m / 10, delay_ms=(m + longer) / 10, step_every_slice=every, **changes)
    pre, post, arrivals = sorted(pre), sorted(set(post)), sorted(arrivals)
    readings = simulated(p, pre, post, arrivals, sorted(read))
    for k, end in enumerate(sorted(read)):
        expected, _ = oracle.at_slice_ends(pre, post, arrivals, end, plain(p))
        found = [values[k, 0] for values in readings]
        np.testing.assert_allclose(found, [expected.w, expected.c, expected.n, expected.x], rtol=1e-9, atol=1e-11)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    pre=STAMPS,
    post=STAMPS,
    arrivals=st.lists(st.tuples(st.integers(1, STEPS - 1), st.floats(-0.3, 0.3)), max_size=5, unique_by=lambda x: x[0]),
    m=st.integers(1, 8),
    longer=st.integers(0, 6),
    early=st.integers(1, STEPS - 1),
    changes=CHANGES,
)
def test_exact_events_equal_integration_in_small_steps_whenever_they_are_read(
    pre, post, arrivals, m, longer, early, changes
):
    p = parameters(events="exact", slice_ms=m / 10, delay_ms=(m + longer) / 10, **changes)
    pre, post, arrivals = sorted(pre), sorted(set(post)), sorted(arrivals)
    read = [early, STEPS]
    readings = simulated(p, pre, post, arrivals, read)
    for k, end in enumerate(read):
        expected, _ = oracle.by_brute_force(pre, post, arrivals, end, plain(p), parts=40)
        found = [values[k, 0] for values in readings]
        # The midpoint rule with steps of 2.5 us: an error of about (h / tau)^2 / 6 of what is integrated.
        np.testing.assert_allclose(found, [expected.w, expected.c, expected.n, expected.x], rtol=2e-4, atol=2e-5)


def test_weight_that_is_held_at_zero_rises_as_soon_as_it_may():
    # b between two values of n: the weight falls to 0, and rises again within one stretch without events.
    p = parameters(events="exact", b=0.05, weight_initial=0.01, A_minus=0.0, tau_n_ms=3.0, tau_c_ms=50.0)
    # c < 0 by depression: n > b lowers the weight, later n < b raises it.
    p = p.model_copy(update={"A_minus": 2.0, "A_plus": 0.0})
    found = simulated(p, [20], [10], [(25, 0.3)], [STEPS])
    expected, _ = oracle.by_brute_force([20], [10], [(25, 0.3)], STEPS, plain(p), parts=200)
    assert expected.w > 0.05
    assert found.weight[0, 0] == pytest.approx(expected.w, abs=1e-5)


def test_both_treatments_of_events_agree_where_all_spikes_lie_on_slice_ends():
    pre, post, arrivals = [5, 30, 60], [20, 45, 80], [(35, 0.1), (90, -0.05)]
    slices, exact = (simulated(parameters(events=name), pre, post, arrivals, [STEPS]) for name in ("slice", "exact"))
    for one, other in zip(slices, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_pair_inside_a_slice_is_lost_with_events_at_slice_ends():
    # Presynaptic spike at 12, postsynaptic spike at the synapse at 14, slice from 10 to 15.
    slices, exact = (simulated(parameters(events=name), [12], [9], [], [20]) for name in ("slice", "exact"))
    assert slices.c[0, 0] == 0.0
    assert exact.c[0, 0] > 0.9


def test_several_arrivals_of_dopamine_in_one_step_act_as_one():
    once = simulated(parameters(), [5], [10], [(30, 0.2)], [STEPS])
    twice = simulated(parameters(), [5], [10], [(30, 0.2), (30, 0.2)], [STEPS])
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_array_equal(one, other)


def test_published_points_follow_the_closed_form():
    p = parameters(
        duration_ms=1000.0,
        weight_initial=2.0,
        tau_c_ms=300.0,
        tau_n_ms=70.0,
        A_vt=[1.0, -1.0],
        dopamine_times_ms=[2.0, 40.0, 300.0],
    )
    summary = protocol.summarise(p, protocol.simulate(p, protocol.sample_inputs(p, 1)))
    assert set(summary) == set(protocol.STATISTICS)
    assert summary["deviation"].item() < 1e-12
    assert summary["asymmetry"].item() < 1e-12
