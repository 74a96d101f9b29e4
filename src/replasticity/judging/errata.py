"""What an erratum changes: as published against corrected, seed by seed."""

from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from replasticity.comparison import rounding
from replasticity.definitions.experiments import MeasuredEffect
from replasticity.judging.claims import CONFIDENCE
from replasticity.units import unit_of


def measure(effect: MeasuredEffect, published: xr.Dataset, corrected: xr.Dataset) -> dict[str, Any]:
    """Return by how much a statistic differs between two ensembles in the seeds that both have.

    Where both forms draw the same inputs from a seed, as they mostly do, what is special about the seed drops out of
    the difference.

    Parameters
    ----------
    effect : MeasuredEffect
        The statistic.
    published, corrected : xarray.Dataset
        Ensembles of the experiment with the erratum, and of the corrected one.

    Returns
    -------
    dict
        JSON-ready: ``units``, ``mean_difference`` (corrected - published) with its 95 % t ``interval``, ``effect_size``
        (the mean difference in standard deviations of the differences), ``p`` of a paired t-test (`scipy.stats`),
        ``n`` pairs, and how many more were left out, ``undefined``, because the statistic is not defined in one of
        both. Where all differences are equal up to rounding, or with one pair, nothing is known of their spread:
        there is no interval, effect size or p.
    """
    values = [ensemble[effect.statistic].isel(effect.at) for ensemble in (published, corrected)]
    before, after = (each.astype(np.float64) for each in xr.align(*values, join="inner"))
    pairs = np.stack([before.values, after.values])
    defined = np.isfinite(pairs).all(axis=0)
    pairs = pairs[:, defined]
    difference = pairs[1] - pairs[0]
    result: dict[str, Any] = {
        "units": unit_of(effect.statistic),
        "mean_difference": float(difference.mean()) if len(difference) else None,
        "interval": None,
        "effect_size": None,
        "p": None,
        "n": len(difference),
        "undefined": int(np.sum(~defined)),
    }
    resolution = float(before.attrs.get("resolution", 0.0))
    if len(difference) > 1 and np.ptp(difference) > rounding(pairs, resolution):
        # A paired t-test is a t-test of the differences.
        test = stats.ttest_1samp(difference, 0.0)
        low, high = test.confidence_interval(CONFIDENCE)
        result |= {
            "interval": (float(low), float(high)),
            "effect_size": float(difference.mean() / difference.std(ddof=1)),
            "p": float(test.pvalue),
        }
    return result
