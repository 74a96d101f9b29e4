"""Where a claim stands at a set of parameters: its estimate over the seeds, and on which side of the bounds it is."""

from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.definitions.experiments import Claim
from replasticity.judging.claims import Case, weigh
from replasticity.robustness.summary import Point, Side

FloatArray = npt.NDArray[np.float64]


def bounds_of(claim: Claim) -> tuple[float | None, float | None]:
    """Return lower and upper bound of a claim's estimate; those of a share of seeds are the claimed one and none."""
    return (claim.lower, claim.upper) if claim.share is None else (claim.share, None)


def estimates(claim: Claim, values: FloatArray) -> FloatArray:
    """Return a claim's estimate at many sets of parameters: those of `replasticity.judging.claims.weigh`.

    Parameters
    ----------
    claim : Claim
        The claim.
    values : ndarray of float64, shape (..., seeds)
        Its statistic.

    Returns
    -------
    ndarray of float64, shape (...)
        The mean over the seeds, or the share of them in the range; NaN where one of them is undefined.
    """
    if claim.share is None:
        found = values.mean(axis=-1)
    else:
        lower = -np.inf if claim.lower is None else claim.lower
        upper = np.inf if claim.upper is None else claim.upper
        found = ((lower <= values) & (values <= upper)).mean(axis=-1)
    return np.where(np.isfinite(values).all(axis=-1), found, np.nan)


def side_of(claim: Claim, estimate: float) -> Side:
    """Return on which side an estimate is; of one that is NaN, "undefined"."""
    return "undefined" if np.isnan(estimate) else side_within(bounds_of(claim), estimate)


def side_within(bounds: tuple[float | None, float | None], estimate: float) -> Side:
    """Return on which side of the bounds of a claim's estimate a value is."""
    lower, upper = bounds
    inside = (lower is None or lower <= estimate) and (upper is None or estimate <= upper)
    return "holds" if inside else "does not hold"


def point_of(value: Any, case: Case, turned: bool = False) -> Point:
    """Return a claim at one value of a parameter.

    Parameters
    ----------
    value : Any
        The value.
    case : Case
        The claim with its statistic of each seed there.
    turned : bool
        Whether the seeds show that its side is another one than at the printed value.
    """
    estimate = float(estimates(case.claim, case.values))
    return Point(
        value=value,
        estimate=None if np.isnan(estimate) else estimate,
        interval=weigh(case).interval,
        side=side_of(case.claim, estimate),
        turned=turned,
    )
