"""What no gate can know: closed forms, and that no other amplitudes of pairs fit better."""

import math

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.studies.pfister2006.model import Rule, weights
from replasticity.studies.pfister2006.statistics import SJOSTROM
from replasticity.study import protocols


def rule(nearest, **amplitudes):
    zero = dict.fromkeys(("A2_plus", "A3_plus", "A2_minus", "A3_minus"), 0.0)
    return Rule(**zero | amplitudes, tau_plus_ms=16.8, tau_x_ms=101.0, tau_minus_ms=33.7, tau_y_ms=114.0,
                nearest_spike=nearest, weight_initial=1.0, weight_max=100.0, dt_ms=0.1)  # fmt: skip


@pytest.mark.parametrize("nearest", [True, False])
def test_triplets_have_their_closed_form(nearest):
    early = 0 if nearest else math.exp(-30 / 16.8)
    # pre at 0 and 20 ms, post at 10 and 30 ms
    times = np.array([0, 200]), np.array([100, 300])
    _, weight = weights(*times, rule(nearest, A3_plus=0.01))
    assert weight == pytest.approx(1 + 0.01 * (math.exp(-10 / 16.8) + early) * math.exp(-20 / 114), rel=1e-14)
    after, _ = weights(*times, rule(nearest, A3_minus=0.01))
    assert after[1] == pytest.approx(1 - 0.01 * math.exp(-10 / 33.7) * math.exp(-20 / 101), rel=1e-14)


def test_spikes_at_one_time_see_earlier_traces_only():
    after, weight = weights(np.array([0]), np.array([0]), rule(False, A2_plus=0.1, A2_minus=0.1))
    assert after[0] == weight == 1


def test_no_rule_of_pairs_fits_better_than_the_one_shown():
    def changes(**amplitudes):
        none = {"A2_plus": 0.0, "A2_minus": 0.0, "frequencies_Hz": [0.1, 10.0, 20.0, 40.0, 50.0]}
        p = experiments.resolve("pfister2006_pair", changes=none | amplitudes).parameters
        known = protocols.get("pfister2006")
        return known.summarise(p, known.run_seed(p, 1))["dw"].ravel() / SJOSTROM.sem("dw")

    terms = np.transpose([changes(A2_plus=1e-3), changes(A2_minus=1e-3)])
    best, *_ = np.linalg.lstsq(1e3 * terms, SJOSTROM["dw"] / SJOSTROM.sem("dw"))
    shown = experiments.resolve("pfister2006_pair").parameters
    np.testing.assert_allclose(best, [shown.A2_plus, shown.A2_minus], rtol=1e-4)
