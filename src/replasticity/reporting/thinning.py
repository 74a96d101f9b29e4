"""Fewer points where a screen cannot show them all, without hiding an extreme value."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def kept_of_line(y: Floats, most: int) -> npt.NDArray[np.int64]:
    """Return which points of a line to keep: the lowest and the highest one of each stretch of equal length.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        The line; NaN where it has a gap.
    most : int
        How many points to keep at most; at least 4.

    Returns
    -------
    ndarray of int64
        Increasing indices, with the first and the last point; all of them if there are no more than `most`.
    """
    n = len(y)
    if n <= most:
        return np.arange(n)
    stretches = np.array_split(np.arange(n), most // 2 - 1)
    kept = {0, n - 1}
    for stretch in stretches:
        values = y[stretch]
        if np.isnan(values).any():
            # A gap stays a gap.
            kept.add(int(stretch[np.isnan(values).argmax()]))
        if not np.isnan(values).all():
            kept |= {int(stretch[np.nanargmin(values)]), int(stretch[np.nanargmax(values)])}
    return np.array(sorted(kept))


def kept_of_points(n: int, most: int) -> npt.NDArray[np.int64]:
    """Return which of n points to keep: at most so many, evenly spread over their order."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).round().astype(np.int64)
