"""What no gate can know: closed forms, and that no other amplitudes of pairs fit better."""

import math

import numpy as np
import pytest

import replasticity as rp
from replasticity.studies.pfister2006.model import Rule, weights
from replasticity.studies.pfister2006.statistics import SJOSTROM
from replasticity.testing import study_tests

test_gates = study_tests("pfister2006")


def rule(nearest, **amplitudes):
    taus = {"tau_plus_ms": 16.8, "tau_x_ms": 101.0, "tau_minus_ms": 33.7, "tau_y_ms": 114.0, "dt_ms": 0.1}
    rest = {"nearest_spike": nearest, "weight_initial": 1.0, "weight_max": 100.0}
    return Rule(**dict.fromkeys(Rule._fields[:4], 0.0) | amplitudes | taus | rest)


@pytest.mark.parametrize("nearest", [True, False])
def test_triplets_have_their_closed_form(nearest):
    early = 0 if nearest else math.exp(-30 / 16.8)
    times = np.array([0, 200]), np.array([100, 300])  # in steps of 0.1 ms
    _, weight = weights(*times, rule(nearest, A3_plus=0.01))
    assert weight == pytest.approx(1 + 0.01 * (math.exp(-10 / 16.8) + early) * math.exp(-20 / 114), rel=1e-14)
    after, _ = weights(*times, rule(nearest, A3_minus=0.01))
    assert after[1] == pytest.approx(1 - 0.01 * math.exp(-10 / 33.7) * math.exp(-20 / 101), rel=1e-14)
    # Spikes at one time see earlier traces only.
    assert weights(times[0][:1], times[0][:1], rule(nearest, A2_plus=0.1, A2_minus=0.1))[1] == 1


def test_no_rule_of_pairs_fits_better_than_the_one_shown():
    only = {"frequencies_Hz": [0.1, 10.0, 20.0, 40.0, 50.0]}
    cases = (1e-3, 0.0), (0.0, 1e-3)
    runs = [rp.run("pfister2006_pair", A2_plus=plus, A2_minus=minus, **only) for plus, minus in cases]
    terms = np.transpose([rp.summarise(run)["dw"].values.ravel() / SJOSTROM.sem("dw") for run in runs])
    best, *_ = np.linalg.lstsq(1e3 * terms, SJOSTROM["dw"] / SJOSTROM.sem("dw"))
    shown = rp.parameters("pfister2006_pair")["value"]
    np.testing.assert_allclose(best, [shown["A2_plus"], shown["A2_minus"]], rtol=1e-4)
