"""Courses over time of several seeds: each of them as a thin line, with what is typical in front."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from replasticity.plotting import rendering as look

FloatArray = npt.NDArray[np.float64]


def draw_each(axes: Axes, x: npt.ArrayLike, values: FloatArray, colour: str, label: str) -> None:
    """Draw the courses of all seeds as one series of thin lines.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    x : array_like of float, shape (points,)
        Common to all seeds.
    values : ndarray of float, shape (seeds, points)
        Each seed's course.
    colour : str
        Colour of all of them.
    label : str
        Text in the legend.
    """
    gaps = np.full((len(values), 1), np.nan)
    y = np.concatenate([values, gaps], axis=1).ravel()
    axes.plot(np.tile(np.append(x, np.nan), len(values)), y, color=colour, lw=0.5, alpha=0.5, label=label)


def seeds(number: int) -> str:
    """Return a number of seeds in words."""
    return f"{number} seed{'s' * (number > 1)}"


def draw_conditions(
    axes: Axes, x: Any, courses: dict[str, tuple[FloatArray, str]], typical: Any, marker: str = ""
) -> None:
    """Draw the courses of several experiments, each seed, and in front what is typical of each, with a legend.

    There has to be room for the legend above the data: see `rendering.room_above`.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    x : array_like of float, shape (points,)
        Common to all of them.
    courses : mapping of str to (ndarray of float, str)
        What an experiment is called -> its seeds' courses, shape (seeds, points), and its colour.
    typical : callable
        Mean or median: takes ``axis``.
    marker : str
        Marks the points of what is typical.
    """
    in_front: list[Artist] = []
    for label, (values, colour) in courses.items():
        draw_each(axes, x, values, colour, f"{label}, each seed")
    for label, (values, colour) in courses.items():
        in_front += axes.plot(
            x, typical(values, axis=0), marker=marker, ms=3, color=colour, lw=1.4, label=f"{label} (n = {len(values)})"
        )
    look.legend(axes, loc="upper left", handles=in_front)
