"""Events in time: counted in bins, and after other events."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.numerics.arrays import FloatArray, IntArray


def bins(width: float, duration: float, shift: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return the middles of bins from 0 on that cover a duration, and their borders.

    The borders are moved by ``shift``: with half a time step, a spike at the border of two bins belongs to the first.
    """
    borders = np.arange(math.ceil(duration / width) + 1, dtype=np.float64) * width
    return borders[:-1] + width / 2, borders + shift


def counts(time: npt.NDArray[Any], source: IntArray, borders: npt.NDArray[Any], sources: int) -> IntArray:
    """Return how many events each source has in each bin, shape (bins, sources)."""
    return np.histogram2d(time, source, (borders, np.arange(sources + 1) - 0.5))[0].astype(np.int64)


def counts_after(time: FloatArray, start: FloatArray, length: float) -> IntArray:
    """Return how many events come after each start, up to ``length`` later and including that; ``time`` ascends."""
    until = np.searchsorted(time, start + length, side="right")
    return until - np.searchsorted(time, start, side="right")


def sums_after(count: IntArray, start: IntArray, lengths: IntArray) -> IntArray:
    """Return sums of counts of each step, from 0 on, over steps 1 to each length after each start.

    After the last step nothing is counted. Shape (starts, lengths).
    """
    total = np.cumsum(count)
    until = np.minimum(start[:, None] + lengths, len(total) - 1)
    return total[until] - total[start][:, None]


def mean_around(count: IntArray, at: IntArray, around: IntArray) -> FloatArray:
    """Return the mean count at each offset ``around`` from some steps; NaN if there are no such steps.

    ``count`` is of each step, from 0 on, and has all of them.
    """
    with np.errstate(invalid="ignore"):
        return np.array([count[at + each].sum() for each in around]) / np.float64(len(at))
