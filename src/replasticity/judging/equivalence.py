"""Do two simulators agree? Shown by equivalence, since that no difference was found shows nothing.

Where a seed has the same random numbers in both, the same seed has to give the same numbers. Otherwise the means over
the seeds are compared, number by number of every statistic. Agreement is claimed only if each mean is shown to differ
by less than a margin that was stated before: one standard deviation over seeds, or what the contract of the statistic
says (`replasticity.storage.contract.Variable.margin`). "Each" makes it an intersection-union test: every number at the
full level, and still at most that chance of a wrong claim (Berger RL, 1982, Technometrics 24:295-300).

Whether seeds can show that much is known before, from their number and the other simulator's seeds: a power of `POWER`
for all numbers together where nothing differs. Without it they are too few to tell. The errors of all numbers are added
up (Bonferroni), so numbers may depend on each other as they like.

Only means are compared in this way. Shape and spread are watched by a test for differences
(`replasticity.judging.distributions`), which can raise an alarm and shows no agreement.
"""

import bisect
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import optimize, stats

from replasticity.comparison import RELATIVE_TOLERANCE, rounding
from replasticity.judging.distributions import (
    FALSE_ALARM_RATE,
    MOST_SEEDS_NEEDED,
    compare_distributions,
    mean_and_sd,
    paired_elements,
    resolution_of,
    smallest_difference_sd,
)
from replasticity.storage.contract import Variable

#: Means that differ by less are equivalent [standard deviations over seeds], unless a contract states a margin.
MARGIN_SD = 1.0

#: Chance, at most, that a mean as far off as its margin is called equivalent.
LEVEL = 0.05

#: Chance, at least, that all means are shown equivalent where nothing differs; with less, seeds are too few to tell.
POWER = 0.8

#: Means this many standard errors apart differ beyond all doubt; the noncentral t-distribution is slow out there.
_MOST_STANDARD_ERRORS = 100.0

EQUIVALENT, IDENTICAL, DIFFERS = "equivalent", "identical", "differs"
UNDECIDED, TOO_FEW = "undecided", "too few to tell"


def largest_difference(
    ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64], margin: float | None = None
) -> float:
    """Return how far two means may be apart: the upper bound of their distance, at `LEVEL`, in margins.

    Below 1 the means are shown equivalent: this is two one-sided tests in the form of their interval.

    Parameters
    ----------
    ours, theirs : ndarray of float64, shape (seeds,)
        Values of one number. Those that are not defined (NaN) are left out.
    margin : float, optional
        The margin in the number's unit: by Welch's t-tests. Without it, it is `MARGIN_SD` pooled standard deviations:
        by the noncentral t-distribution of the pooled t statistic (Wellek S, 2010, Testing Statistical Hypotheses of
        Equivalence and Noninferiority, 2nd ed., section 6.1), exact for normal values of equal spread.

    Returns
    -------
    float
        Infinite where fewer than two seeds of a set have a value, and where the means are a world apart: neither set
        has any spread, or more than `_MOST_STANDARD_ERRORS` lie between them.
    """
    ours, theirs = _defined(ours), _defined(theirs)
    if min(len(ours), len(theirs)) < 2 or np.ptp(ours) == np.ptp(theirs) == 0:
        return math.inf
    (mean, sd), (other_mean, other_sd) = mean_and_sd(ours), mean_and_sd(theirs)
    distance, n, other_n = abs(mean - other_mean), len(ours), len(theirs)
    if margin is not None:
        squares = sd**2 / n, other_sd**2 / other_n
        degrees = sum(squares) ** 2 / (squares[0] ** 2 / (n - 1) + squares[1] ** 2 / (other_n - 1))
        return (distance + float(stats.t.ppf(1 - LEVEL, degrees)) * math.sqrt(sum(squares))) / margin
    pooled_sd = math.sqrt(((n - 1) * sd**2 + (other_n - 1) * other_sd**2) / (n + other_n - 2))
    t = distance / pooled_sd / _standard_error_sd(n, other_n)
    if t > _MOST_STANDARD_ERRORS:
        return math.inf
    degrees = n + other_n - 2

    def excess(noncentrality: float) -> float:
        return float(stats.nct.cdf(t, degrees, noncentrality)) - LEVEL

    # The quantile that is looked for lies 1.6 or so of these widths above t.
    farthest = t + 4 * math.sqrt(1 + t**2 / (2 * degrees))
    return float(optimize.brentq(excess, 0.0, farthest)) * _standard_error_sd(n, other_n) / MARGIN_SD


def _standard_error_sd(ours: int, theirs: int) -> float:
    """Return the standard error of a difference of means, in standard deviations over seeds."""
    return math.sqrt(1 / ours + 1 / theirs)


@lru_cache
def miss_probability(ours: int, theirs: int, margin_sd: float) -> float:
    """Return the probability that equal means are not shown equivalent.

    Parameters
    ----------
    ours, theirs : int
        Seeds of both sets.
    margin_sd : float
        The margin in standard deviations over seeds.
    """
    if min(ours, theirs) < 2:
        return 1.0
    degrees = ours + theirs - 2
    noncentrality = min(margin_sd / _standard_error_sd(ours, theirs), _MOST_STANDARD_ERRORS)
    critical = float(stats.nct.ppf(LEVEL, degrees, noncentrality))
    return 2 * float(stats.t.sf(max(critical, 0.0), degrees))


def power(ours: int, theirs: int, margins_sd: Sequence[float]) -> float:
    """Return the probability, at least, that all of several equal means are shown equivalent (union bound)."""
    return max(0.0, 1.0 - sum(miss_probability(ours, theirs, margin_sd) for margin_sd in margins_sd))


def seeds_needed(margins_sd: Sequence[float], theirs: int | None = None) -> int | None:
    """Return how many seeds have the power to show so many equal means equivalent; None: more than anybody makes.

    Parameters
    ----------
    margins_sd : sequence of float
        A margin for each mean, in standard deviations over seeds.
    theirs : int, optional
        Seeds of the other simulator. Without it, it gets as many as we have.
    """
    seeds = range(1, MOST_SEEDS_NEEDED + 1)
    place = bisect.bisect_left(seeds, True, key=lambda ours: power(ours, theirs or ours, margins_sd) >= POWER)
    return seeds[place] if place < len(seeds) else None


def compare_means(
    ours: Mapping[str, xr.DataArray], theirs: Mapping[str, npt.NDArray[np.float64]], contract: Mapping[str, Variable]
) -> dict[str, Any]:
    """Return whether two sets of seeds are equivalent.

    Parameters
    ----------
    ours : mapping of str to DataArray of shape (seed, ...)
        Statistics of an ensemble, with their attribute ``resolution``.
    theirs : mapping of str to ndarray of shape (seed, ...)
        The same statistics from another simulator, with other random numbers.
    contract : mapping of str to Variable
        May state margins.

    Returns
    -------
    dict
        JSON-ready: ``outcome``; ``numbers`` per seed, and how many of them all seeds share (``constant``);
        ``margin_sd``, and ``own_margins``, the statistics that state another; the ``power`` to show the means
        equivalent, ``power_needed``, and for that ``seeds_needed`` of each simulator or ``our_seeds_needed`` beside
        theirs (None: no number is enough); ``largest_difference``, the largest upper bound of a distance in margins
        (None: unknown), and ``largest_of``, the number that has it; ``not_shown``, the numbers not shown equivalent;
        and of the test for differences its ``false_alarm_rate``, ``smallest_p``, the ``different`` numbers, and the
        ``smallest_difference_sd`` that it would have seen.

    Raises
    ------
    ValueError
        If a statistic has another shape in the two sets.

    Notes
    -----
    A number that all seeds of both sets share is not tested. That is safe even where seeds may share it by chance:
    if the means were a margin of one standard deviation apart, n seeds each would be equal with a probability of
    (2/3)^n at most, and the power asks for n >= 9. For power count the numbers that vary over the other simulator's
    seeds: so it is known before ours are.
    """
    differences = compare_distributions(ours, theirs)
    margins_sd, bounds = [], {}
    for name, values in theirs.items():
        margin = contract[name].margin
        for label, mine, reference in paired_elements(ours[name], values):
            if not _constant(reference, resolution_of(ours[name])):
                margins_sd.append(MARGIN_SD if margin is None else margin / mean_and_sd(_defined(reference))[1])
            if not _constant(np.concatenate([mine, reference]), resolution_of(ours[name])):
                bounds[label] = largest_difference(mine, reference, margin)
    seeds, other_seeds = len(next(iter(ours.values()))), len(next(iter(theirs.values())))
    # A few seeds that share all numbers show nothing either.
    margins_sd = margins_sd or [MARGIN_SD]
    enough = power(seeds, other_seeds, margins_sd)
    different = [row for row in differences if row.differs]
    not_shown = [label for label, bound in bounds.items() if not bound < 1]
    largest_of = max(bounds, key=bounds.__getitem__, default=None)
    largest = bounds[largest_of] if largest_of is not None else 0.0
    if different:
        outcome = DIFFERS
    elif enough < POWER:
        outcome = TOO_FEW
    else:
        outcome = UNDECIDED if not_shown else EQUIVALENT
    return {
        "outcome": outcome,
        "numbers": len(differences),
        "constant": len(differences) - len(bounds),
        "margin_sd": MARGIN_SD,
        "own_margins": [name for name in theirs if contract[name].margin is not None],
        "power": enough,
        "power_needed": POWER,
        "seeds_needed": seeds_needed(margins_sd),
        "our_seeds_needed": seeds_needed(margins_sd, other_seeds),
        "largest_difference": largest if math.isfinite(largest) else None,
        "largest_of": largest_of,
        "not_shown": not_shown,
        "false_alarm_rate": FALSE_ALARM_RATE,
        "smallest_p": min(row.p for row in differences),
        "different": [row.label for row in different],
        "smallest_difference_sd": smallest_difference_sd(seeds, other_seeds, len(differences)),
    }


def _constant(values: npt.NDArray[np.float64], resolution: float) -> bool:
    """Return True if all values are equal up to rounding, or none is defined."""
    return bool(np.isnan(values).all()) or float(np.ptp(values)) <= rounding(values, resolution)


def _defined(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[np.isfinite(values)]


def compare_seeds(ours: Mapping[str, xr.DataArray], theirs: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Return whether the same seeds, with the same random numbers, give the same numbers.

    Parameters
    ----------
    ours : mapping of str to DataArray of shape (seed, ...)
        Statistics of an ensemble, with their attribute ``resolution``.
    theirs : mapping of str to ndarray of shape (seed, ...)
        The same statistics of the same seeds from another simulator.

    Returns
    -------
    dict
        JSON-ready: ``outcome``, in how many seeds all numbers are ``identical`` up to rounding, and the ``different``
        numbers.
    """
    different = []
    equal: npt.NDArray[np.bool_] = np.array(True)
    for name, values in theirs.items():
        tolerance = {"rtol": RELATIVE_TOLERANCE, "atol": resolution_of(ours[name])}
        for label, mine, reference in paired_elements(ours[name], values):
            same = np.isclose(mine, reference, **tolerance, equal_nan=True)
            equal = equal & same
            if not same.all():
                different.append(label)
    return {
        "outcome": DIFFERS if different else IDENTICAL,
        "identical": int(equal.sum()),
        "different": different,
    }
