"""Measures of numbers that are in groups: which each has, how much the groups explain, and how wide each is."""

from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.numerics.arrays import FloatArray, IntArray


def split(values: npt.NDArray[Any], group: IntArray, count: int) -> list[npt.NDArray[Any]]:
    """Return the values of groups 0 to count - 1, each in their order."""
    return np.split(values[np.argsort(group, kind="stable")], np.cumsum(np.bincount(group, minlength=count))[:-1])


def variance_explained(values: FloatArray, group: IntArray) -> float:
    """Return the share of the variance that lies between groups, adjusted for their number.

    It is 1 - (mean square within groups) / (mean square in all): 0 in expectation for groups by chance, NaN where it is
    not defined.
    """
    names, index = np.unique(group, return_inverse=True)
    free = len(values) - len(names)
    if free < 1 or np.ptp(values) == 0:
        return np.nan
    means = np.bincount(index, values) / np.bincount(index)
    return float(1 - (np.sum((values - means[index]) ** 2) / free) / np.var(values, ddof=1))


def ranges_of_groups(values: FloatArray, group: IntArray) -> FloatArray:
    """Return the highest minus the lowest value of each group, in one pass however many groups there are."""
    order = np.argsort(group, kind="stable")
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.maximum.reduceat(values[order], first) - np.minimum.reduceat(values[order], first)
