"""Do two sets of seeds come from the same distribution? One test per number of every statistic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

#: Chance of at least one false alarm among all tests of one experiment, if nothing has changed.
FALSE_ALARM_RATE = 0.01


@dataclass(frozen=True)
class Agreement:
    """How one number of a statistic is distributed over two sets of seeds.

    Attributes
    ----------
    label : str
        Statistic and index, such as ``"dw_nS[3]"``.
    ours, theirs : tuple of (float, float)
        Mean and standard deviation over the seeds.
    p : float
        p-value of the two-sample Kolmogorov-Smirnov test, times the number of tests (Bonferroni), at most 1.
    """

    label: str
    ours: tuple[float, float]
    theirs: tuple[float, float]
    p: float

    @property
    def agrees(self) -> bool:
        """Whether the two sets are indistinguishable at the stated false-alarm rate."""
        return self.p >= FALSE_ALARM_RATE


def elements(statistic: xr.DataArray) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Yield label and values over seeds of each number of a statistic of shape (seed, ...)."""
    values = statistic.values.reshape(len(statistic), -1)
    for k, index in enumerate(np.ndindex(statistic.shape[1:])):
        place = f"[{', '.join(map(str, index))}]" if index else ""
        yield f"{statistic.name}{place}", values[:, k].astype(np.float64)


def mean_and_sd(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1) over seeds; the latter is 0 for one seed."""
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0


def two_sample_p(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64], resolution: float) -> float:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test.

    Parameters
    ----------
    ours, theirs : ndarray of float64, shape (seeds,)
        Values of one number; the two sets may differ in size. NaN counts as a value larger than all others.
    resolution : float
        Values that lie this close to the common median count as equal to it, so that rounding does not tell
        apart two sets of what should be one constant.

    Returns
    -------
    float
        p-value.
    """
    ours, theirs = (np.where(np.isnan(side), np.inf, side) for side in (ours, theirs))
    centre = np.median(np.concatenate([ours, theirs]))
    ours, theirs = (np.where(np.abs(side - centre) <= resolution, centre, side) for side in (ours, theirs))
    return float(stats.ks_2samp(ours, theirs).pvalue)


def compare_distributions(
    ours: Mapping[str, xr.DataArray], theirs: Mapping[str, npt.NDArray[np.float64]]
) -> list[Agreement]:
    """Return how each number of each statistic compares.

    Parameters
    ----------
    ours : mapping of str to DataArray of shape (seed, ...)
        Statistics of an ensemble, with their attribute ``resolution``.
    theirs : mapping of str to ndarray of shape (seed, ...)
        The same statistics over other seeds.

    Returns
    -------
    list of Agreement
        One per number, p-values corrected for how many there are.

    Raises
    ------
    ValueError
        If a statistic has another shape in the two sets.
    """
    rows = []
    for name, values in theirs.items():
        statistic = ours[name]
        if statistic.shape[1:] != values.shape[1:]:
            raise ValueError(f"{name}: shape {statistic.shape[1:]} per seed against {values.shape[1:]}")
        other = xr.DataArray(values, dims=statistic.dims, name=name)
        resolution = float(statistic.attrs.get("resolution", 0.0))
        for (label, mine), (_, reference) in zip(elements(statistic), elements(other), strict=True):
            rows.append((label, mine, reference, two_sample_p(mine, reference, resolution)))
    return [
        Agreement(label, mean_and_sd(mine), mean_and_sd(reference), min(1.0, p * len(rows)))
        for label, mine, reference, p in rows
    ]
