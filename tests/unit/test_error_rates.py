"""The table of error rates in the documentation: recomputed, and compared with the verdicts on simulated figures."""

import numpy as np
import pytest

from replasticity.definitions.experiments import Claim
from replasticity.judging.claims import NOT_REPRODUCED, NOT_TESTED, REPRODUCED, Case, judge
from tests.conftest import ROOT

FIGURES = 400


@pytest.fixture
def error_rates(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import error_rates

    return error_rates


def claim(test, share=None):
    text = dict.fromkeys(("id", "statement", "source", "statistic", "why_this_bound", "refuted_if"), "a")
    return Claim(**text, kind="ours", test=test, share=share, lower=0.0)


def simulated(one, draw, seeds, claims):
    """Return how often the first claim of a figure is reproduced, and is not."""
    generator = np.random.default_rng([seeds, claims])
    verdicts = [
        judge([Case(one, draw(generator, seeds), deterministic=False) for _ in range(claims)])[0].verdict
        for _ in range(FIGURES // (4 if claims > 1 else 1))
    ]
    assert NOT_TESTED not in verdicts
    return [np.mean([each == verdict for each in verdicts]) for verdict in (REPRODUCED, NOT_REPRODUCED)], len(verdicts)


def assert_rates(rates, expected, number):
    # A rate is further than five standard errors (and three verdicts) from its probability with a chance below 1e-5.
    for rate, probability in zip(rates, expected, strict=True):
        assert abs(rate - probability) < 5 * np.sqrt(probability * (1 - probability) / number) + 3 / number


def test_the_documentation_has_the_tables_as_computed(error_rates):
    text = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    for table in error_rates.tables():
        assert table in text


@pytest.mark.slow
@pytest.mark.parametrize("claims", [1, 20])
@pytest.mark.parametrize("truth", [0.5, 0.75, 0.95])
def test_shares_are_judged_as_often_rightly_as_the_table_says(error_rates, truth, claims):
    def draw(generator, seeds):
        return np.where(generator.random(seeds) < truth, 1.0, -1.0)

    rates, number = simulated(claim("seeds_in_range", error_rates.CLAIMED_SHARE), draw, 40, claims)
    assert_rates(rates, error_rates.of_share(truth, 40, claims), number)


@pytest.mark.slow
@pytest.mark.parametrize("claims", [1, 20])
@pytest.mark.parametrize("truth", [-0.5, 0.0, 0.5, 1.0])
def test_means_are_judged_as_often_rightly_as_the_table_says(error_rates, truth, claims):
    rates, number = simulated(
        claim("mean_in_range"), lambda generator, seeds: generator.normal(truth, 1.0, seeds), 10, claims
    )
    assert_rates(rates, error_rates.of_mean(truth, 10, claims), number)


def test_a_wrong_verdict_is_as_rare_as_stated(error_rates):
    for seeds, claims in error_rates.COLUMNS:
        for truth in error_rates.TRUE_MARGINS:
            wrong = error_rates.of_mean(truth, seeds, claims)[1 if truth >= 0 else 0]
            assert wrong * claims <= 0.05 + 1e-12
        for truth in error_rates.TRUE_SHARES:
            if (rates := error_rates.of_share(truth, seeds, claims)) is not None:
                assert rates[1 if truth >= error_rates.CLAIMED_SHARE else 0] * claims <= 0.05
