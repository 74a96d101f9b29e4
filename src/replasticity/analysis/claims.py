"""Verdicts: a claim's statistic over seeds, tested against the claim's bounds.

Nothing here is written by hand per claim. The tests are those of `scipy.stats`; experiments without randomness
need none (`exact_in_range`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from replasticity.experiments import Claim

CONFIDENCE = 0.95
REPRODUCED = "reproduced"
IN_PART = "reproduced in part"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable here"


@dataclass(frozen=True)
class Verdict:
    """What the seeds say about a claim.

    Attributes
    ----------
    verdict : str
        "reproduced", "reproduced in part", "not reproduced" or "not testable here".
    estimate : float or None
        Mean of the statistic, share of seeds in the range, or the value that all seeds share.
    interval : tuple of (float, float) or None
        95 % confidence interval of the estimate; None where nothing is random.
    p : float or None
        p-value; the smaller, the stronger the seeds speak for the claim. None where nothing is random.
    n : int
        Number of seeds with a defined statistic.
    reason : str
        Why it is not testable, or "".
    """

    verdict: str
    estimate: float | None
    interval: tuple[float, float] | None
    p: float | None
    n: int
    reason: str = ""


def judge(claim: Claim, values: npt.NDArray[np.float64]) -> Verdict:
    """Return the verdict on a claim.

    Parameters
    ----------
    claim : Claim
        Test and bounds.
    values : ndarray of float64, shape (seeds,)
        The claim's statistic of each seed.

    Returns
    -------
    Verdict
        Verdict with estimate, interval and p-value.
    """
    defined = values[np.isfinite(values)]
    lower = -math.inf if claim.lower is None else claim.lower
    upper = math.inf if claim.upper is None else claim.upper
    if len(defined) < len(values):
        reason = f"the statistic is not defined in {len(values) - len(defined)} of {len(values)} seeds"
        return Verdict(NOT_TESTABLE, None, None, None, len(defined), reason)
    return _TESTS[claim.test](defined, lower, upper)


def _mean_in_range(values: npt.NDArray[np.float64], lower: float, upper: float) -> Verdict:
    """Judge by the t interval of the mean: inside the range, outside it, or across a bound.

    The p-value is that of two one-sided t-tests (equivalence test): the larger of both.
    """
    if len(values) < 2:
        return Verdict(NOT_TESTABLE, None, None, None, len(values), "a mean needs at least 2 seeds")
    mean = float(values.mean())
    if np.ptp(values) == 0:
        low = high = mean
        p = None
    else:
        low, high = map(float, stats.ttest_1samp(values, 0.0).confidence_interval(CONFIDENCE))
        sides = ((lower, "greater"), (upper, "less"))
        p = max(
            float(stats.ttest_1samp(values, bound, alternative=side).pvalue)
            for bound, side in sides
            if math.isfinite(bound)
        )
    if lower <= low and high <= upper:
        verdict = REPRODUCED
    elif high < lower or upper < low:
        verdict = NOT_REPRODUCED
    else:
        verdict = IN_PART
    return Verdict(verdict, mean, (low, high), p, len(values))


def _seeds_in_range(values: npt.NDArray[np.float64], lower: float, upper: float) -> Verdict:
    """Judge by the share of seeds in the range, with a sign test against one half.

    Reproduced: every seed is in the range. In part: more seeds than chance would have it (the sign test). Not
    reproduced: no more than that. The interval of the share is Clopper and Pearson's.
    """
    n = len(values)
    if n == 0 or stats.binomtest(n, n, 0.5, alternative="greater").pvalue > 1 - CONFIDENCE:
        return Verdict(NOT_TESTABLE, None, None, None, n, "a sign test needs at least 5 seeds")
    inside = int(np.sum((lower <= values) & (values <= upper)))
    test = stats.binomtest(inside, n, 0.5, alternative="greater")
    interval = stats.binomtest(inside, n).proportion_ci(CONFIDENCE)
    low, high = float(interval.low), float(interval.high)
    if inside == n:
        verdict = REPRODUCED
    elif test.pvalue < 1 - CONFIDENCE:
        verdict = IN_PART
    else:
        verdict = NOT_REPRODUCED
    return Verdict(verdict, inside / n, (low, high), float(test.pvalue), n)


def _exact_in_range(values: npt.NDArray[np.float64], lower: float, upper: float) -> Verdict:
    """Judge a quantity that does not depend on the seed: it is in the range or not, without statistics."""
    if np.ptp(values) > 0:
        reason = "the statistic differs between seeds, so it is random: it needs another test"
        return Verdict(NOT_TESTABLE, None, None, None, len(values), reason)
    value = float(values[0])
    return Verdict(REPRODUCED if lower <= value <= upper else NOT_REPRODUCED, value, None, None, len(values))


#: Name of a test in a claim -> the function that judges by it.
_TESTS: dict[str, Callable[[npt.NDArray[np.float64], float, float], Verdict]] = {
    "mean_in_range": _mean_in_range,
    "seeds_in_range": _seeds_in_range,
    "exact_in_range": _exact_in_range,
}
