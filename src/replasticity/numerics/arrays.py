"""Arrays of numbers: their types, and measures of samples that are no paper's own."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def joined(parts: Sequence[npt.ArrayLike]) -> tuple[npt.NDArray[Any], IntArray]:
    """Return lists one after another, and the number of the list that each element is from."""
    counts = np.array([np.size(part) for part in parts], np.int64)
    return np.concatenate(parts) if len(parts) else np.zeros(0), np.repeat(np.arange(len(parts)), counts)


def nearest(grid: FloatArray, values: FloatArray) -> IntArray:
    """Return where in an ascending grid the point nearest to each value is, the first of two equally near."""
    later = np.clip(np.searchsorted(grid, values), 0, len(grid) - 1)
    earlier = np.maximum(later - 1, 0)
    is_earlier = np.abs(grid[earlier] - values) <= np.abs(grid[later] - values)
    return np.where(is_earlier, earlier, later)


def varies(values: FloatArray) -> BoolArray:
    """Return whether values differ along the last axis by more than rounding."""
    return np.ptp(values, axis=-1) > 1e-12 * np.abs(values).max(axis=-1)


def spread(values: FloatArray) -> FloatArray:
    """Return the standard deviation along the last axis, 0 where rounding alone makes values differ."""
    return np.where(varies(values), values.std(axis=-1), 0.0)


def straight_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return slope, intercept and R^2 of the least-squares line of y on x.

    They are NaN where all x or all y are equal, or there is one point only.
    """
    if len(x) < 2 or not (varies(x) and varies(y)):
        return math.nan, math.nan, math.nan
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - (slope * x + intercept)
    return float(slope), float(intercept), float(1 - residual @ residual / np.sum((y - y.mean()) ** 2))


def correlation(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the correlation coefficient along the last axis; NaN where one of the two does not vary."""
    both_vary = varies(x) & varies(y)
    x, y = (side - side.mean(axis=-1, keepdims=True) for side in (x, y))
    with np.errstate(invalid="ignore"):
        coefficient = (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    return np.where(both_vary, coefficient, np.nan)


def mid_rank(value: FloatArray | np.float64, others: FloatArray) -> FloatArray:
    """Return the rank of a value among others (first axis), 1 for the largest; equal values share their mean rank.

    Of values at a bound, the best of their ranks for all would call each the largest.
    """
    return 1 + np.sum(others > value, axis=0) + np.sum(others == value, axis=0) / 2


def averaging(groups: IntArray, size: int) -> FloatArray:
    """Return the matrix that turns ``size`` values into means over groups; NaN for a group without members.

    ``groups`` has the numbers of each group's members; those from ``size`` on do not count.
    """
    weights = np.zeros((len(groups), max(size, groups.max() + 1)))
    np.put_along_axis(weights, groups, 1.0, axis=1)
    weights = weights[:, :size]
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True)
