"""The amplitude that is learned: its fixed point, and that it is of the same simulation as the published example."""

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.equations.urbanczik_senn_formulas import (
    dendritic_prediction,
    escape_rate_Hz,
    matching_potential,
)
from replasticity.errors import UserError
from replasticity.studies.urbanczik2014 import protocol as urbanczik_senn
from replasticity.studies.urbanczik2014.amplitude import fixed_point_mV
from replasticity.study import protocols

#: The protocol with its statistics.
AMPLITUDE = protocols.get("urbanczik2014_amplitude")

SHORT = {"presentations_learning": 6, "shown_presentations": [1, 4, 6], "averaged_presentations": 2}


def parameters(**changes):
    return experiments.resolve("urbanczik2014_refractory", changes=SHORT | changes).parameters


@pytest.fixture(autouse=True)
def _in_project(in_project):
    """The experiments are read from the project's folder."""


def simulated(given, seed=1):
    run = AMPLITUDE.simulate(given, AMPLITUDE.sample_inputs(given, seed))
    return run, AMPLITUDE.summarise(given, run)


@pytest.mark.parametrize("refractory_ms", [0.1, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("drive_factor", [1.0, 0.1, 20.0])
def test_spikes_come_as_often_as_predicted_at_the_fixed_point(refractory_ms, drive_factor):
    given = parameters(refractory_ms=refractory_ms)
    phase = np.linspace(0, 2 * np.pi, 50)
    g_E_nS, g_I_nS = drive_factor * (162 + 144 * np.sin(phase)), np.full(50, drive_factor * 540.0)
    V_star_mV = fixed_point_mV(given, g_E_nS, g_I_nS)
    # The soma's potential, from its own equation: no current flows.
    V_mV = (V_star_mV * (given.g_sp_nS + given.g_L_s_nS) - given.g_L_s_nS * given.E_L_s_mV) / given.g_sp_nS
    leak, coupled = given.g_L_s_nS, given.g_sp_nS
    U_mV = leak * given.E_L_s_mV + coupled * V_mV + g_E_nS * given.E_E_mV + g_I_nS * given.E_I_mV
    U_mV /= leak + coupled + g_E_nS + g_I_nS
    per_ms = escape_rate_Hz(U_mV, given) / 1000
    np.testing.assert_allclose(
        escape_rate_Hz(V_star_mV, given) / 1000, per_ms / (1 + refractory_ms * per_ms), rtol=1e-9
    )


@pytest.mark.parametrize("refractory_ms", [0.1, 3.0, 10.0])
def test_a_refractory_neuron_fires_as_often_as_the_fixed_point_says(refractory_ms):
    # At a constant potential, for 20 s. The number of spikes varies less than that of a Poisson process: more than five
    # of its standard deviations off have a probability below 1e-6.
    constant = {"drive_amplitude_E_nS": 0.0, "drive_offset_E_nS": 12.0, "input_rate_Hz": 0.0, "eta_pA_mV_per_ms": 0.0}
    given = parameters(presentations_learning=100, refractory_ms=refractory_ms, **constant)
    own = urbanczik_senn.Parameters(**{name: getattr(given, name) for name in urbanczik_senn.Parameters.model_fields})
    run = urbanczik_senn.simulate(own, urbanczik_senn.sample_inputs(own, 1))
    per_ms = escape_rate_Hz(run["U_mV"][-1], own) / 1000
    # The first presentation, in which the drive rises, is left out. The step in which a spike comes counts, too.
    expected = 99 * own.pattern_ms * per_ms / (1 + per_ms * (refractory_ms + own.dt_ms))
    assert per_ms > 0.05
    assert abs(run["soma_spike_count"][1:].sum() - expected) < 5 * np.sqrt(expected)


@pytest.mark.parametrize(("refractory_ms", "amplitude"), [(0.1, 0.960), (1.0, 0.819), (3.0, 0.709)])
def test_fixed_points_of_the_experiments_are_those_that_their_claims_name(refractory_ms, amplitude):
    _, statistics = simulated(parameters(refractory_ms=refractory_ms, presentations_learning=10))
    assert statistics["fixed_point_amplitude"] == pytest.approx(amplitude, abs=5e-4)


def test_without_drive_there_is_no_fixed_point():
    given = parameters(drive_amplitude_E_nS=0.0, drive_offset_E_nS=0.0, drive_amplitude_I_nS=0.0)
    run, statistics = simulated(given)
    assert np.isnan(run["fixed_point_mV"]).all()
    assert np.isnan(statistics["fixed_point_amplitude"])


def test_without_a_course_of_the_drive_there_is_no_amplitude():
    # The conductances have settled in the last presentation, but for rounding.
    run, _ = simulated(parameters(drive_amplitude_E_nS=0.0))
    assert np.isnan(run["amplitude"]).all()
    assert np.isnan(run["gain"]).all()


def test_the_simulation_is_that_of_the_published_example():
    given = parameters()
    own = urbanczik_senn.Parameters(**{name: getattr(given, name) for name in urbanczik_senn.Parameters.model_fields})
    run, statistics = simulated(given)
    published = urbanczik_senn.simulate(own, urbanczik_senn.sample_inputs(own, 1))
    V_star_mV = dendritic_prediction(published["V_mV"], own).reshape(6, -1)
    U_M_mV = matching_potential(published["g_E_nS"], published["g_I_nS"], own).reshape(6, -1)[-1]
    amplitude = V_star_mV.std(axis=1) / U_M_mV.std()
    np.testing.assert_allclose(run["amplitude"], amplitude[[0, 3, 5]], rtol=1e-12)
    np.testing.assert_allclose(statistics["amplitude_to_come"], amplitude[5] - amplitude[[0, 3, 5]], atol=1e-12)
    np.testing.assert_allclose(run["prediction_mV"], V_star_mV[-2:].mean(axis=0), rtol=1e-12)
    slopes = [np.polyfit(U_M_mV, each, 1)[0] for each in V_star_mV]
    np.testing.assert_allclose(run["gain"], np.array(slopes)[[0, 3, 5]], rtol=1e-9)
    np.testing.assert_array_equal(run["weight_final_pA"], published["weight_pA"][-1])


def test_a_longer_run_begins_like_a_shorter_one():
    # So presentation 100 of 3000 is the last one of the published example's window.
    short, _ = simulated(parameters(presentations_learning=4, shown_presentations=[4], averaged_presentations=1))
    long, _ = simulated(parameters())
    # The target is that of the last presentation, whose conductances have settled by then up to rounding.
    np.testing.assert_allclose(long["amplitude"][1], short["amplitude"][0], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shown_presentations": [1, 7]}, r"at most presentations_learning \(6\)"),
        ({"averaged_presentations": 7}, r"at most presentations_learning \(6\)"),
        ({"shown_presentations": [3, 3]}, "shown_presentations: have to rise"),
        ({"shown_presentations": []}, "shown_presentations"),
        ({"sample_interval_ms": 0.3}, "pattern_ms: has to be a whole multiple of sample_interval_ms"),
    ],
)
def test_presentations_that_are_not_there_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        parameters(**change)
