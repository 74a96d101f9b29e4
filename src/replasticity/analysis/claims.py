"""Verdicts: a claim's statistic over seeds, tested against the claim's bounds.

Nothing here is written by hand per claim. The tests are those of `scipy.stats`; experiments without randomness
need none (`exact_in_range`). Whether an experiment is random is known from its protocol, never concluded from seeds
that happen to be equal: a few random seeds often are.

All p-values of one figure are corrected together, by Holm's method: it bounds the chance of even one wrong verdict in
the figure, whatever the dependence between the claims, and a reader takes each verdict by itself. A test that the
seeds' values do not allow counts with p = 1, so that the number of tests does not depend on these values.
(`scipy.stats.false_discovery_control` bounds the share of wrong verdicts instead, and scipy has no Holm.)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from replasticity.comparison import rounding
from replasticity.experiments import Claim

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95

#: A corrected p-value below this decides.
SIGNIFICANCE = 1 - CONFIDENCE

REPRODUCED = "reproduced"
IN_PART = "reproduced in part"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable here"


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
        Whether nothing in the experiment is random (`replasticity.protocols.is_deterministic`).
    resolution : float
        Values closer than this are equal.
    undefined : str
        When the statistic is not defined, in words, or "".
    """

    claim: Claim
    values: FloatArray
    deterministic: bool
    resolution: float = 0.0
    undefined: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the seeds say about a claim, before all claims of the figure are looked at together.

    Attributes
    ----------
    estimate : float or None
        Mean of the statistic, share of seeds in the range, or the value that does not depend on the seed.
    interval : tuple of (float, float) or None
        95 % confidence interval of the estimate; None where nothing is random, or nothing is known of the spread.
    effect_size : float or None
        Mean: how far it lies inside the nearest bound, in standard deviations over seeds. Share: what it has more
        than one half (Cohen's g). None where nothing is random.
    p, p_against : float or None
        p-values; the smaller, the stronger the seeds speak for the claim, or against it. None without such a test.
    n : int
        Number of seeds with a defined statistic.
    inside : bool
        Whether the estimate is in the range; for a share: whether every seed is.
    reason : str
        Why the claim is not testable, or "".
    """

    estimate: float | None
    interval: tuple[float, float] | None
    effect_size: float | None
    p: float | None
    p_against: float | None
    n: int
    inside: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim and what it rests on; see `Evidence`.

    Attributes
    ----------
    verdict : str
        "reproduced", "reproduced in part", "not reproduced" or "not testable here".
    p_corrected, p_against_corrected : float or None
        The p-values after Holm's correction over all p-values of the figure.
    """

    verdict: str
    estimate: float | None
    interval: tuple[float, float] | None
    effect_size: float | None
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
    tested = [
        (k, name) for k, each in enumerate(weighed) for name in ("p", "p_against") if getattr(each, name) is not None
    ]
    corrected = dict(zip(tested, holm([getattr(weighed[k], name) for k, name in tested]), strict=True))
    return [
        _verdict(case.claim, evidence, corrected.get((k, "p")), corrected.get((k, "p_against")))
        for k, (case, evidence) in enumerate(zip(cases, weighed, strict=True))
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected by the step-down method of [1]_: at a level of these, the family keeps the level.

    Parameters
    ----------
    p_values : sequence of float
        p-values of all tests of the family.

    Returns
    -------
    list of float
        Corrected p-values in the same order, at most 1.

    References
    ----------
    .. [1] Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Stat. 6:65-70.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return [float(each) for each in corrected]


def weigh(case: Case) -> Evidence:
    """Return what the seeds say about one claim: estimate with interval, effect size and p-values."""
    claim, values = case.claim, case.values
    exact, n = claim.test == "exact_in_range", len(values)
    if case.deterministic and not exact:
        return _untestable(n, "nothing here is random, so seeds are no sample; 'exact_in_range' is for such a value")
    if exact and not case.deterministic:
        return _untestable(n, "seeds may agree by chance; 'exact_in_range' is for an experiment without randomness")
    defined = values[np.isfinite(values)]
    lower = -math.inf if claim.lower is None else claim.lower
    upper = math.inf if claim.upper is None else claim.upper
    if len(defined) < n:
        why = f": {case.undefined}" if case.undefined else ""
        reason = f"the statistic is not defined in {n - len(defined)} of {n} seeds{why}"
        return _untestable(len(defined), reason, tests={"mean_in_range": 2, "seeds_in_range": 1}.get(claim.test, 0))
    return _TESTS[claim.test](defined, lower, upper, case.resolution)


def _untestable(n: int, reason: str, estimate: float | None = None, tests: int = 0) -> Evidence:
    """Return that there is no verdict; ``tests`` says how many there are in the family that these values let down."""
    return Evidence(estimate, None, None, 1.0 if tests else None, 1.0 if tests > 1 else None, n, reason=reason)


def _mean_in_range(values: FloatArray, lower: float, upper: float, resolution: float) -> Evidence:
    """Weigh by t-tests whether a mean is inside the range or outside it.

    For the claim: two one-sided tests (equivalence), the larger of both p-values. Against it: one-sided tests the
    other way round, the smaller p-value, twice if there are two bounds.
    """
    n = len(values)
    if n < 2:
        return _untestable(n, "a mean needs at least 2 seeds")
    mean = float(values.mean())
    inside = lower <= mean <= upper
    if np.ptp(values) <= rounding(values, resolution):
        return _untestable(n, f"all {n} seeds have the same value, so nothing is known of their spread", mean, tests=2)
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
        effect_size=min(mean - lower, upper - mean) / float(values.std(ddof=1)),
        p=max(p_inside),
        p_against=min(1.0, len(bounds) * min(p_outside)),
        n=n,
        inside=inside,
    )


def _seeds_in_range(values: FloatArray, lower: float, upper: float, resolution: float) -> Evidence:
    """Weigh the share of seeds in the range by a sign test against one half; its interval is Clopper and Pearson's."""
    n = len(values)
    if n == 0 or stats.binomtest(n, n, 0.5, alternative="greater").pvalue > SIGNIFICANCE:
        return _untestable(n, "a sign test needs at least 5 seeds")
    inside = int(np.sum((lower <= values) & (values <= upper)))
    interval = stats.binomtest(inside, n).proportion_ci(CONFIDENCE)
    return Evidence(
        estimate=inside / n,
        interval=(float(interval.low), float(interval.high)),
        effect_size=inside / n - 0.5,
        p=float(stats.binomtest(inside, n, 0.5, alternative="greater").pvalue),
        p_against=None,
        n=n,
        inside=inside == n,
    )


def _exact_in_range(values: FloatArray, lower: float, upper: float, resolution: float) -> Evidence:
    """Look at a quantity that does not depend on the seed: it is in the range or not, without statistics."""
    if np.ptp(values) > 0:
        return _untestable(len(values), "the statistic differs between seeds, although nothing here should be random")
    value = float(values[0])
    return Evidence(value, None, None, None, None, len(values), lower <= value <= upper)


#: Name of a test in a claim -> the function that weighs by it.
_TESTS: dict[str, Callable[[FloatArray, float, float, float], Evidence]] = {
    "mean_in_range": _mean_in_range,
    "seeds_in_range": _seeds_in_range,
    "exact_in_range": _exact_in_range,
}


def _verdict(claim: Claim, evidence: Evidence, corrected: float | None, against: float | None) -> Verdict:
    verdict, reason = NOT_TESTABLE, evidence.reason
    speaks_for = corrected is not None and corrected < SIGNIFICANCE
    if not reason:
        if corrected is None:
            verdict = REPRODUCED if evidence.inside else NOT_REPRODUCED
        elif claim.test == "mean_in_range":
            speaks_against = against is not None and against < SIGNIFICANCE
            verdict = REPRODUCED if speaks_for else NOT_REPRODUCED if speaks_against else IN_PART
        elif evidence.inside and not speaks_for:
            reason = "every seed is in the range, but they are too few for so many tests in one figure"
        else:
            verdict = REPRODUCED if evidence.inside else IN_PART if speaks_for else NOT_REPRODUCED
    return Verdict(
        verdict=verdict,
        estimate=evidence.estimate,
        interval=evidence.interval,
        effect_size=evidence.effect_size,
        p=evidence.p,
        p_corrected=corrected,
        p_against=evidence.p_against,
        p_against_corrected=against,
        n=evidence.n,
        reason=reason,
    )
