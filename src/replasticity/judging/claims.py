"""Verdicts: a claim's statistic over seeds, tested against the claim's bounds on both sides.

Nothing here is written by hand per claim. The tests are those of `scipy.stats`; experiments without randomness
need none (`exact_in_range`). Whether an experiment is random is known from its protocol, never concluded from seeds
that happen to be equal: a few random seeds often are.

Each claim is tested in two directions, for it and against it; what neither shows is undecided. Whatever the truth is,
one of the two would be a wrong verdict and the other would not, so a claim can go wrong in one way only, and the
p-values of a figure are corrected for the number of its claims (Bonferroni, which asks nothing of how they depend on
each other; [1]_ has the partitioning of such tests). A test that the seeds' values do not allow counts with p = 1, so
that the number of tests does not depend on these values; the same numbers under two names count once.

References
----------
.. [1] Goeman, Solari and Stijnen (2010), Three-sided hypothesis testing: simultaneous testing of superiority,
   equivalence and inferiority, Statistics in Medicine 29:2117-2125.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from replasticity.comparison import RELATIVE_TOLERANCE, rounding
from replasticity.definitions.experiments import Claim

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95

#: A corrected p-value below this decides.
SIGNIFICANCE = 1 - CONFIDENCE

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided"
NOT_TESTED = "not tested"

#: Verdict -> what the FORRT replication vocabulary calls it.
FORRT = {
    REPRODUCED: "validated",
    NOT_REPRODUCED: "contradicted",
    UNDECIDED: "inconclusive",
    NOT_TESTED: "not tested",
}


@dataclass(frozen=True)
class Case:
    """A claim, and what is known of its statistic.

    Attributes
    ----------
    claim : Claim
        Test and bounds.
    values : ndarray of float64, shape (seeds,)
        The claim's statistic of each seed.
    deterministic : bool
        Whether nothing in the experiment is random (`replasticity.studies.is_deterministic`).
    resolution : float
        Values closer than this are equal.
    undefined : str
        When the statistic is not defined, in words, or "".
    seen : int
        How many of the seeds had been looked at when the claim's bounds were chosen.
    """

    claim: Claim
    values: FloatArray
    deterministic: bool
    resolution: float = 0.0
    undefined: str = ""
    seen: int = 0


@dataclass(frozen=True)
class Evidence:
    """What the seeds say about a claim, before all claims of the figure are looked at together.

    Attributes
    ----------
    estimate : float or None
        Mean of the statistic, share of seeds in the range, or the value that does not depend on the seed.
    interval : tuple of (float, float) or None
        95 % confidence interval of the estimate; None where nothing is random, or nothing is known of the spread.
    margin : float or None
        How far the estimate lies inside the nearest bound; negative outside. Mean: in standard deviations over seeds.
        Share: what it has more than the claimed share. Exact value: in the statistic's unit.
    p, p_against : float or None
        p-values; the smaller, the stronger the seeds speak for the claim, or against it. None without such a test.
    n : int
        Number of seeds with a defined statistic.
    share : float or None
        The claimed share, where the claim is about one: so many seeds may be too few to show it.
    reason : str
        Why the claim is not tested, or "".
    """

    estimate: float | None
    interval: tuple[float, float] | None
    margin: float | None
    p: float | None
    p_against: float | None
    n: int
    share: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim and what it rests on; see `Evidence`.

    Attributes
    ----------
    verdict : str
        "reproduced", "not reproduced", "undecided" or "not tested".
    forrt : str
        The same in FORRT's vocabulary: "validated", "contradicted", "inconclusive" or "not tested".
    confidence : float or None
        The highest confidence at which the verdict would still stand: 1 minus its corrected p-value. None where there
        is no verdict, or nothing is random.
    p_corrected, p_against_corrected : float or None
        The p-values, corrected for the number of claims of the figure.
    """

    verdict: str
    forrt: str
    confidence: float | None
    estimate: float | None
    interval: tuple[float, float] | None
    margin: float | None
    p: float | None
    p_corrected: float | None
    p_against: float | None
    p_against_corrected: float | None
    n: int
    reason: str


def judge(cases: Sequence[Case]) -> list[Verdict]:
    """Return the verdicts on all claims of one figure.

    Parameters
    ----------
    cases : sequence of Case
        Each claim with its statistic of each seed.

    Returns
    -------
    list of Verdict
        In the order of the claims.
    """
    weighed = [weigh(case) for case in cases]
    tests = count_distinct([case for case, each in zip(cases, weighed, strict=True) if each.p is not None])
    return [_verdict(each, tests) for each in weighed]


def count_distinct(cases: Sequence[Case]) -> int:
    """Return how many claims there are if those with the same test and the same numbers, up to rounding, are one."""
    distinct: list[Case] = []
    for case in cases:
        if not any(_is_same_test(case, other) for other in distinct):
            distinct.append(case)
    return len(distinct)


def _is_same_test(one: Case, other: Case) -> bool:
    def asked(case: Case) -> tuple[object, ...]:
        return case.claim.test, case.claim.lower, case.claim.upper, case.claim.share, len(case.values)

    return asked(one) == asked(other) and np.allclose(
        one.values, other.values, rtol=RELATIVE_TOLERANCE, atol=one.resolution, equal_nan=True
    )


def weigh(case: Case) -> Evidence:
    """Return what the seeds say about one claim: estimate with interval, margin and p-values."""
    claim, values = case.claim, case.values
    exact, n = claim.test == "exact_in_range", len(values)
    if case.deterministic and not exact:
        return _untested(n, "nothing here is random, so seeds are no sample; 'exact_in_range' is for such a value")
    if exact and not case.deterministic:
        return _untested(n, "seeds may agree by chance; 'exact_in_range' is for an experiment without randomness")
    defined = values[np.isfinite(values)]
    if len(defined) < n:
        why = f": {case.undefined}" if case.undefined else ""
        reason = f"the statistic is not defined in {n - len(defined)} of {n} seeds{why}"
        return _untested(len(defined), reason, let_down=not exact)
    evidence = _TESTS[claim.test](claim, defined, case.resolution)
    if case.seen and not exact:
        seen = f"{case.seen} of {n} seeds had been looked at when its bound was chosen: they describe, and test nothing"
        return replace(evidence, p=None, p_against=None, reason=evidence.reason or seen)
    return evidence


def _untested(n: int, reason: str, estimate: float | None = None, let_down: bool = False) -> Evidence:
    """Return that there is no verdict; a test that these values let down stays in the family, with p = 1."""
    p = 1.0 if let_down else None
    return Evidence(estimate, None, None, p, p, n, reason=reason)


def _bounds(claim: Claim) -> tuple[float, float]:
    return -math.inf if claim.lower is None else claim.lower, math.inf if claim.upper is None else claim.upper


def _mean_in_range(claim: Claim, values: FloatArray, resolution: float) -> Evidence:
    """Weigh by t-tests whether a mean is inside the range or outside it.

    For the claim: two one-sided tests (equivalence), the larger of both p-values. Against it: one-sided tests the
    other way round, the smaller p-value, twice if there are two bounds.
    """
    n = len(values)
    lower, upper = _bounds(claim)
    if n < 2:
        return _untested(n, "a mean needs at least 2 seeds")
    mean = float(values.mean())
    if np.ptp(values) <= rounding(values, resolution):
        return _untested(n, f"all {n} seeds have the same value, so nothing is known of their spread", mean, True)
    low, high = map(float, stats.ttest_1samp(values, 0.0).confidence_interval(CONFIDENCE))
    bounds = [(bound, inwards) for bound, inwards in ((lower, "greater"), (upper, "less")) if math.isfinite(bound)]
    outwards = {"greater": "less", "less": "greater"}
    p_inside, p_outside = (
        [float(stats.ttest_1samp(values, bound, alternative=way[side]).pvalue) for bound, side in bounds]
        for way in ({side: side for side in outwards}, outwards)
    )
    return Evidence(
        estimate=mean,
        interval=(low, high),
        margin=min(mean - lower, upper - mean) / float(values.std(ddof=1)),
        p=max(p_inside),
        p_against=min(1.0, len(bounds) * min(p_outside)),
        n=n,
    )


def _seeds_in_range(claim: Claim, values: FloatArray, resolution: float) -> Evidence:
    """Weigh by binomial tests whether the share of seeds in the range is the claimed one or more, or is less.

    The interval of the share is Clopper and Pearson's.
    """
    n, share = len(values), claim.share
    assert share is not None, "checked with the claim"
    lower, upper = _bounds(claim)
    inside = int(np.sum((lower <= values) & (values <= upper)))
    interval = stats.binomtest(inside, n).proportion_ci(CONFIDENCE)
    return Evidence(
        estimate=inside / n,
        interval=(float(interval.low), float(interval.high)),
        margin=inside / n - share,
        p=float(stats.binomtest(inside, n, share, alternative="greater").pvalue),
        p_against=float(stats.binomtest(inside, n, share, alternative="less").pvalue),
        n=n,
        share=share,
    )


def _exact_in_range(claim: Claim, values: FloatArray, resolution: float) -> Evidence:
    """Look at a quantity that does not depend on the seed: it is in the range or not, without statistics."""
    if np.ptp(values) > 0:
        return _untested(len(values), "the statistic differs between seeds, although nothing here should be random")
    value = float(values[0])
    lower, upper = _bounds(claim)
    return Evidence(value, None, min(value - lower, upper - value), None, None, len(values))


#: Name of a test in a claim -> the function that weighs by it.
_TESTS: dict[str, Callable[[Claim, FloatArray, float], Evidence]] = {
    "mean_in_range": _mean_in_range,
    "seeds_in_range": _seeds_in_range,
    "exact_in_range": _exact_in_range,
}


def _verdict(evidence: Evidence, tests: int) -> Verdict:
    """Return the verdict that some evidence allows in a figure with so many different tests."""
    corrected, against = (None if p is None else min(1.0, tests * p) for p in (evidence.p, evidence.p_against))
    reason, confidence = evidence.reason, None
    if not reason and evidence.share is not None and evidence.n < (needed := seeds_needed(evidence.share, tests)):
        reason = (
            f"even if it held in all of {evidence.n} seeds this would show nothing among the {tests} tests of this "
            f"figure; {needed} seeds could"
        )
    if reason:
        verdict = NOT_TESTED
    elif corrected is None or against is None:
        assert evidence.margin is not None, "an exact value has a margin"
        verdict = REPRODUCED if evidence.margin >= 0 else NOT_REPRODUCED
    elif corrected < SIGNIFICANCE:
        verdict, confidence = REPRODUCED, 1 - corrected
    elif against < SIGNIFICANCE:
        verdict, confidence = NOT_REPRODUCED, 1 - against
    else:
        verdict = UNDECIDED
    return Verdict(
        verdict=verdict,
        forrt=FORRT[verdict],
        confidence=confidence,
        estimate=evidence.estimate,
        interval=evidence.interval,
        margin=evidence.margin,
        p=evidence.p,
        p_corrected=corrected,
        p_against=evidence.p_against,
        p_against_corrected=against,
        n=evidence.n,
        reason=reason,
    )


def seeds_needed(share: float, tests: int) -> int:
    """Return the smallest number of seeds with which a share can be shown, if a figure has so many tests.

    Parameters
    ----------
    share : float
        The claimed share.
    tests : int
        Different tests in the figure.

    Returns
    -------
    int
        With so many seeds, all of them in the range, the corrected p-value is below 5 %.
    """
    return math.floor(math.log(SIGNIFICANCE / tests) / math.log(share)) + 1
