"""Comparing one array with another, and saying by how much they differ."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Equal code gives equal numbers, up to this much of their size: rounding differs between machines.
RELATIVE_TOLERANCE = 1e-9


def rounding(values: npt.NDArray[np.float64], resolution: float) -> float:
    """Return how far apart values may lie that count as equal: `RELATIVE_TOLERANCE` of the largest, or a resolution.

    Parameters
    ----------
    values : ndarray of float64
        Values; at least one.
    resolution : float
        The smallest difference that means anything, in their unit.
    """
    return max(resolution, RELATIVE_TOLERANCE * float(np.abs(values).max()))


@dataclass(frozen=True)
class Tolerance:
    """How far a quantity may differ: an absolute and a relative bound, of which either suffices.

    ``Tolerance()`` asks for equality.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def __str__(self) -> str:
        bounds = [f"{kind} {bound:g}" for kind, bound in (("abs", self.absolute), ("rel", self.relative)) if bound > 0]
        return " or ".join(bounds) or "identical"


@dataclass(frozen=True)
class Deviation:
    """How one quantity compares.

    Attributes
    ----------
    quantity : str
        Name of the variable.
    compared : int
        Number of values compared.
    unmatched : int or None
        For spikes: how many of either side have no partner.
    absolute, relative : float
        Largest absolute deviation, and largest deviation relative to the expected value where that is not 0.
    tolerance : Tolerance
        The bounds.
    holds : bool or None
        The verdict; None if there was nothing to compare with.
    note : str
        Why the arrays could not be compared, or "".
    """

    quantity: str
    compared: int
    unmatched: int | None
    absolute: float
    relative: float
    tolerance: Tolerance
    holds: bool | None
    note: str = ""


def compare(
    quantity: str,
    ours: npt.NDArray[np.float64],
    theirs: npt.NDArray[np.float64],
    tolerance: Tolerance,
) -> Deviation:
    """Return how an array compares with the expected one, element by element.

    Parameters
    ----------
    quantity : str
        Name for the report.
    ours, theirs : ndarray
        The result and what is expected, of equal shape. NaN equals NaN only.
    tolerance : Tolerance
        The bounds.

    Returns
    -------
    Deviation
        The largest deviations and the verdict; arrays of different shape do not hold.
    """
    if ours.shape != theirs.shape:
        note = f"shape {ours.shape} against {theirs.shape}"
        return Deviation(quantity, 0, None, np.inf, np.inf, tolerance, False, note)
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(all="ignore"):
        difference = np.where(same, 0.0, np.abs(ours - theirs))
        difference[np.isnan(difference)] = np.inf
        relative = np.where(same | (theirs == 0), 0.0, difference / np.abs(theirs))
    within = (difference <= tolerance.absolute) | (difference <= tolerance.relative * np.abs(theirs))
    return Deviation(
        quantity,
        int(theirs.size),
        None,
        float(difference.max(initial=0.0)),
        float(relative.max(initial=0.0)),
        tolerance,
        bool(within.all()),
    )


def compare_spikes(
    quantity: str,
    ours: Iterable[tuple[int, int]],
    theirs: Iterable[tuple[int, int]],
) -> Deviation:
    """Return how two lists of spikes compare.

    Parameters
    ----------
    quantity : str
        Name for the report.
    ours, theirs : iterable of (int, int)
        Step and neuron of each spike, in any order.

    Returns
    -------
    Deviation
        ``unmatched`` counts the spikes of either side that the other side does not have; none may be left.
    """
    expected = Counter(theirs)
    found = Counter(ours)
    unmatched = (found - expected).total() + (expected - found).total()
    return Deviation(quantity, expected.total(), unmatched, 0.0, 0.0, Tolerance(), unmatched == 0)
