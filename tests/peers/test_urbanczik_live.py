"""NEST beside ours in the Urbanczik-Senn example: shared random numbers, and what NEST gives no result for."""

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.errors import UnsupportedError
from replasticity.peers import environments, live
from replasticity.study import protocols

pytestmark = pytest.mark.skipif(not environments.environment("nest").is_complete, reason="NEST is not installed")

EXAMPLE = "urbanczik2014"


@pytest.fixture(autouse=True)
def _in_project(in_project):
    """The experiments are read from the project's folder."""


def resolved(name=EXAMPLE, **changes):
    short = protocols.get(experiments.load(name).protocol).live.short
    return experiments.resolve(name, "quick", short | changes)


def found(of, seed=1):
    return {row.quantity: row for row in live.compare(of, seed, "nest")}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"refractory_ms": 0.1, "rate_max_per_ms": 5.0},
        {"weight_initial_pA": 0.0, "weight_min_pA": -50.0, "tau_I_d_ms": 7.0},
        {"weight_max_pA": 95.0, "weight_min_pA": 85.0},
        {"dt_ms": 0.2, "sample_interval_ms": 0.2, "synapse_delay_ms": 0.2, "drive_delay_ms": 3.2, "drive_factor": 2.0},
        {"synapse_delay_ms": 2.5, "relay_delay_ms": 3.0, "plastic_after": False},
        {"input_count": 1},
        {"input_rate_Hz": 0.0, "drive_factor": 0.0},
        {"rate_max_per_ms": 0.0},
    ],
    ids=lambda changes: ",".join(changes) or "example",
)
def test_both_decide_on_the_same_spikes_by_the_same_random_numbers(changes):
    rows = found(resolved(**changes))
    assert [row for row in rows.values() if not row.holds] == []
    assert rows["soma_spike"].compared > 0 or {"rate_max_per_ms", "drive_factor"} & set(changes)


def test_a_rate_that_is_wrong_by_a_tenth_makes_other_spikes(monkeypatch):
    # What is said of shared numbers: docs/models/dendritic_prediction.md#shared-random-numbers.
    protocol = protocols.get(EXAMPLE)
    of = resolved(rate_max_per_ms=1.0, refractory_ms=0.1)
    wrong = resolved(rate_max_per_ms=1.1, refractory_ms=0.1).parameters
    simulate = type(protocol).simulate
    monkeypatch.setattr(type(protocol), "simulate", lambda self, parameters, inputs: simulate(self, wrong, inputs))
    assert found(of)["soma_spike"].unmatched > 0


def test_the_amplitude_agrees_in_both_units():
    for units in ({}, {"potential_zero_mV": -70.0, "potential_unit_mV": 15.0, "capacitance_unit_pF": 300.0}):
        rows = found(resolved("urbanczik2014_refractory", **units))
        assert {"amplitude", "gain", "prediction_mV", "weight_final_pA"} <= set(rows)
        assert [row for row in rows.values() if not row.holds] == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"tau_E_d_ms": 10.0}, "equal-time-constants"),
        ({"tau_E_s_ms": 40.0}, "amplified-rounding"),
        (
            {"weight_initial_pA": 0.1, "weight_min_pA": -50.0, "eta_pA_mV_per_ms": 3.0, "plastic_after": False},
            "sign-of-the-bound",
        ),
    ],
)
def test_what_nest_gives_no_result_for_is_refused_by_name(changes, name):
    with pytest.raises(UnsupportedError, match=f": {name}: "):
        found(resolved(**changes))


def test_near_equal_time_constants_agree_and_our_limit_is_the_same():
    # Source: docs/models/dendritic_prediction.md#equal-time-constants.
    near = resolved(tau_E_d_ms=10.001)
    assert [row for row in found(near).values() if not row.holds] == []
    protocol = protocols.get(EXAMPLE)
    inputs = protocol.sample_inputs(near.parameters, 1)
    runs = [protocol.simulate(resolved(tau_E_d_ms=tau_ms).parameters, inputs) for tau_ms in (10.0, 10.001)]
    np.testing.assert_allclose(runs[0]["weight_pA"], runs[1]["weight_pA"], rtol=1e-3)
