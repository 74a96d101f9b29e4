"""Mean and confidence band over seeds, as several figures draw them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

FloatArray = npt.NDArray[np.float64]

#: A band over fewer seeds would say more about the quantile of t than about the seeds.
FEWEST_SEEDS_OF_A_BAND = 5


def seeds_of(ensemble: xr.Dataset) -> str:
    """Return how many seeds an ensemble has, in words."""
    n = ensemble.sizes["seed"]
    return f"n = {n} seeds" if n > 1 else "1 seed"


def mean_and_band(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean and 95 % t interval over seeds (axis 0); with one seed the interval is the mean."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, mean, mean
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values, axis=0)
    return mean, mean - half, mean + half


def draw_band(axes: Axes, x: Any, values: FloatArray, colour: str, label: str, line: str = "-") -> None:
    """Draw the mean over seeds with its 95 % band; with fewer than five seeds, the seeds instead of the band."""
    mean, low, high = mean_and_band(values)
    if len(values) >= FEWEST_SEEDS_OF_A_BAND:
        axes.fill_between(x, low, high, color=colour, alpha=0.25, lw=0)
    elif len(values) > 1:
        axes.plot(x, values.T, line, color=colour, lw=0.4)
    axes.plot(x, mean, line, color=colour, label=label)
