"""The measured effect of an erratum: paired over seeds, as scipy's paired t-test has it."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from replasticity.definitions.experiments import MeasuredEffect
from replasticity.judging.errata import measure

EFFECT = MeasuredEffect(corrected="b", statistic="x_mV", at={"k": 1}, parameters=["rule"])


def ensemble(seeds, values):
    return xr.Dataset({"x_mV": (("seed", "k"), np.column_stack([np.zeros(len(values)), values]))}, {"seed": seeds})


def test_seeds_are_paired_and_only_common_ones_count():
    generator = np.random.default_rng(1)
    published, noise = generator.normal(0, 10, 12), generator.normal(0.5, 1, 12)
    before, after = ensemble(range(1, 13), published), ensemble(range(3, 15), np.roll(published + noise, -2))
    result = measure(EFFECT, before, after)
    difference = noise[2:]
    assert (result["n"], result["units"]) == (10, "mV")
    assert result["mean_difference"] == pytest.approx(difference.mean())
    assert result["effect_size"] == pytest.approx(difference.mean() / difference.std(ddof=1))
    test = stats.ttest_rel((published + noise)[2:], published[2:])
    assert result["p"] == pytest.approx(test.pvalue)
    assert result["interval"] == pytest.approx(tuple(test.confidence_interval(0.95)))


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_without_randomness_there_is_the_difference_alone(seeds):
    before, after = ensemble(seeds, np.full(len(seeds), 1.5)), ensemble(seeds, np.full(len(seeds), 1.25))
    result = measure(EFFECT, before, after)
    assert result == {
        "units": "mV",
        "mean_difference": -0.25,
        "interval": None,
        "effect_size": None,
        "p": None,
        "n": len(seeds),
        "undefined": 0,
    }


def test_a_spread_by_rounding_is_none():
    generator = np.random.default_rng(3)
    published = 1.5 + 0.01 * generator.normal(size=10)
    # The differences are 0.7, plus or minus the last bits of the values.
    corrected = published + 0.7
    assert np.ptp(corrected - published) > 0
    result = measure(EFFECT, ensemble(range(10), published), ensemble(range(10), corrected))
    assert (result["mean_difference"], result["p"], result["interval"]) == (pytest.approx(0.7), None, None)


def test_undefined_statistics_and_other_seeds_leave_nothing():
    before = ensemble([1, 2], np.array([1.0, np.nan]))
    result = measure(EFFECT, before, ensemble([1, 2], np.array([np.nan, 1.0])))
    assert (result["mean_difference"], result["n"], result["undefined"]) == (None, 0, 2)
    some = measure(EFFECT, before, ensemble([1, 2, 3], np.array([2.0, 3.0, 4.0])))
    assert (some["mean_difference"], some["n"], some["undefined"]) == (1.0, 1, 1)
    assert measure(EFFECT, before, ensemble([3, 4], np.ones(2)))["n"] == 0
