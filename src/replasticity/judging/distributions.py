"""Are two sets of seeds distributed differently? One test per number of every statistic.

This raises an alarm. That there is none shows no agreement: see `replasticity.judging.equivalence`.
"""

import bisect
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

#: Chance of at least one false alarm among all tests of one experiment, if nothing has changed.
FALSE_ALARM_RATE = 0.01

#: Both sets need this many seeds for the test of spread.
MIN_SEEDS_FOR_SPREAD = 10


@dataclass(frozen=True)
class Difference:
    """How one number of a statistic is distributed over two sets of seeds.

    Attributes
    ----------
    label : str
        Statistic and index, such as ``"dw_nS[3]"``.
    ours, theirs : tuple of (float, float)
        Mean and standard deviation over the seeds.
    p : float
        p-value of `two_sample_p`, times the number of numbers compared (Bonferroni), at most 1.
    """

    label: str
    ours: tuple[float, float]
    theirs: tuple[float, float]
    p: float

    @property
    def differs(self) -> bool:
        """Whether the two sets differ at the stated false-alarm rate."""
        return self.p < FALSE_ALARM_RATE


def elements(statistic: xr.DataArray) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Yield label and values over seeds of each number of a statistic of shape (seed, ...)."""
    values = statistic.values.reshape(len(statistic), -1)
    for k, index in enumerate(np.ndindex(statistic.shape[1:])):
        place = f"[{', '.join(map(str, index))}]" if index else ""
        yield f"{statistic.name}{place}", values[:, k].astype(np.float64)


def paired_elements(
    statistic: xr.DataArray, values: npt.NDArray[np.float64]
) -> Iterator[tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Yield label, values over our seeds and values over other seeds of each number of a statistic.

    Raises
    ------
    ValueError
        If it has another shape in the two sets.
    """
    if statistic.shape[1:] != values.shape[1:]:
        raise ValueError(f"{statistic.name}: shape {statistic.shape[1:]} per seed against {values.shape[1:]}")
    other = xr.DataArray(values, dims=statistic.dims, name=statistic.name)
    for (label, mine), (_, reference) in zip(elements(statistic), elements(other), strict=True):
        yield label, mine, reference


def resolution_of(statistic: xr.DataArray) -> float:
    """Return the smallest difference of a statistic that means anything."""
    return float(statistic.attrs.get("resolution", 0.0))


def mean_and_sd(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1) over seeds; the latter is 0 for one seed."""
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0


def two_sample_p(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64], resolution: float) -> float:
    """Return the p-value of the hypothesis that two sets of values have one distribution.

    Two tests, and twice the smaller of their p-values: Kolmogorov and Smirnov's, which sees differences of
    location and shape, and Brown and Forsythe's (Levene's about the median), which sees differences of spread.

    Parameters
    ----------
    ours, theirs : ndarray of float64, shape (seeds,)
        Values of one number; the two sets may differ in size. NaN, "not defined" where its contract knows it, counts
        as a value larger than all others in the first test and is left out of the second, so that it matters how often
        a statistic is not defined.
    resolution : float
        Values that lie this close to the common median count as equal to it, so that rounding does not tell
        apart two sets of what should be one constant.

    Returns
    -------
    float
        p-value, at most 1.
    """
    pooled = np.concatenate([ours, theirs])
    centre = np.median(pooled[np.isfinite(pooled)]) if np.isfinite(pooled).any() else 0.0
    sides = []
    for side in (ours, theirs):
        merged = np.where(np.isclose(side, centre, rtol=0.0, atol=resolution), centre, side)
        sides.append(np.where(np.isnan(merged), np.inf, merged))
    with warnings.catch_warnings():
        # Rounding may lead the exact p-value a little beyond 1; scipy then says so, and takes the asymptotic one.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful", RuntimeWarning)
        p = float(stats.ks_2samp(*sides).pvalue)
    finite = [side[np.isfinite(side)] for side in sides]
    # Without spread, or with a handful of seeds, there is nothing to test or the test is not to be trusted.
    if min(map(len, finite)) >= MIN_SEEDS_FOR_SPREAD and any(np.ptp(side) > 0 for side in finite):
        p = min(p, float(stats.levene(*finite, center="median").pvalue))
    return min(1.0, 2 * p)


#: Nobody is asked to make more seeds than this.
MOST_SEEDS_NEEDED = 1000

#: `smallest_difference_sd` looks in steps of this and no further than that [standard deviations over seeds].
_STEP_SD, _FARTHEST_SD = 0.01, 10.0


def could_differ(ours: int, theirs: int, numbers: int) -> bool:
    """Return True if so many seeds can show a difference at all: if two sets without any overlap differ.

    Parameters
    ----------
    ours, theirs : int
        Seeds of both sets.
    numbers : int
        Numbers that are compared, for the correction.
    """
    # Two equal spreads: nothing but their place tells the sets apart.
    p = two_sample_p(np.linspace(0.0, 1.0, ours), np.linspace(2.0, 3.0, theirs), 0.0)
    return p * numbers < FALSE_ALARM_RATE


@lru_cache
def smallest_difference_sd(ours: int, theirs: int, numbers: int) -> float | None:
    """Return the smallest difference of one mean that so many seeds see more often than not.

    Parameters
    ----------
    ours, theirs : int
        Seeds of both sets.
    numbers : int
        Numbers that are compared, for the correction.

    Returns
    -------
    float or None
        In standard deviations over seeds: how far two typical sets of normal values (their expected quantiles) have to
        be apart to be seen as different. None if no difference, however large, is seen.
    """
    mine, reference = (stats.norm.ppf((np.arange(seeds) + 0.5) / seeds) for seeds in (ours, theirs))
    steps = range(1, round(_FARTHEST_SD / _STEP_SD) + 1)
    place = bisect.bisect_left(
        steps,
        True,
        key=lambda step: two_sample_p(mine + step * _STEP_SD, reference, 0.0) * numbers < FALSE_ALARM_RATE,
    )
    return steps[place] * _STEP_SD if place < len(steps) else None


def seeds_needed(theirs: int, numbers: int) -> int | None:
    """Return the smallest number of our seeds that could differ from so many others; None if no number does."""
    seeds = range(1, MOST_SEEDS_NEEDED + 1)
    place = bisect.bisect_left(seeds, True, key=lambda ours: could_differ(ours, theirs, numbers))
    return seeds[place] if place < len(seeds) else None


def compare_distributions(
    ours: Mapping[str, xr.DataArray], theirs: Mapping[str, npt.NDArray[np.float64]]
) -> list[Difference]:
    """Return how each number of each statistic compares.

    Parameters
    ----------
    ours : mapping of str to DataArray of shape (seed, ...)
        Statistics of an ensemble, with their attribute ``resolution``.
    theirs : mapping of str to ndarray of shape (seed, ...)
        The same statistics over other seeds.

    Returns
    -------
    list of Difference
        One per number, p-values corrected for how many there are.

    Raises
    ------
    ValueError
        If a statistic has another shape in the two sets.
    """
    rows = [
        (label, mine, reference, two_sample_p(mine, reference, resolution_of(ours[name])))
        for name, values in theirs.items()
        for label, mine, reference in paired_elements(ours[name], values)
    ]
    return [
        Difference(label, mean_and_sd(mine), mean_and_sd(reference), min(1.0, p * len(rows)))
        for label, mine, reference, p in rows
    ]
