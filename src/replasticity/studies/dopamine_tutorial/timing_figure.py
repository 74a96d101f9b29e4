"""Figure dopamine_timing: the weight of one synapse against the time of the dopamine spike."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look

_COLOURS = (look.BLUE, look.VERMILION, look.GREEN, look.PURPLE)


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return panels a to d, a with ``exact`` if that is given."""
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 5.4), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "b"], ["c", "d"]])
    draw_final_weight(panels["a"], ensembles)
    look.letter(panels["a"], "a", "Weight at the end")
    draw_courses(panels["b"], main, "weight", every=2, width=0.7)
    panels["b"].set(xlabel="time (s)", ylabel="weight")
    look.room_above(panels["b"], 0.15)
    look.legend(panels["b"], loc="upper right", columns=2)
    look.letter(panels["b"], "b", "Weight over time, every second dopamine time")
    draw_eligibility(panels["c"], main)
    look.letter(panels["c"], "c", "Eligibility trace")
    draw_courses(panels["d"], main, "n", every=4, width=0.8)
    panels["d"].set(xlabel="time (s)", ylabel="dopamine n")
    look.legend(panels["d"], loc="upper right")
    look.letter(panels["d"], "d", "Dopamine, every fourth time")
    look.say_nothing_is_random(figure)
    return figure


def _amount(value: float) -> str:
    return rf"$A_\mathrm{{vt}}$ = {value:+g}".replace("-", "\N{MINUS SIGN}")


def draw_final_weight(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the final weights against the dopamine time, with the closed form."""
    main = ensembles["main"].isel(seed=0)
    time_s = main["dopamine_ms"].values / 1000
    for k, A_vt in enumerate(main["A_vt"].values):
        colour = _COLOURS[k % len(_COLOURS)]
        axes.plot(time_s, main["weight_closed_form"].values[k], "-", color=colour, lw=0.8)
        axes.plot(time_s, main["weight_final"].values[k], "o", color=colour, ms=4, label=_amount(A_vt))
        if "exact" in ensembles:
            axes.plot(time_s, ensembles["exact"].isel(seed=0)["weight_final"].values[k], "x", color=look.BLACK, ms=3)
    axes.plot([], [], "-", color=look.GREY, lw=0.8, label="closed form, joined")
    if "exact" in ensembles:
        axes.plot([], [], "x", color=look.BLACK, ms=3, label="exact event times")
    axes.set(xlabel="time of the dopamine spike (s)", ylabel="weight")
    look.legend(axes, loc="upper right")


def draw_courses(axes: Axes, main: xr.Dataset, name: str, every: int, width: float) -> None:
    """Draw the course of a state of the synapse for some of the dopamine times."""
    time_s, courses = main["time_ms"].values / 1000, main[name].values[0]
    for k in range(len(courses)):
        for point in range(0, courses.shape[1], every):
            label = _amount(main["A_vt"].values[0, k]) if point == 0 else None
            axes.plot(time_s, courses[k, point], color=_COLOURS[k % len(_COLOURS)], lw=width, label=label)


def draw_eligibility(axes: Axes, main: xr.Dataset) -> None:
    """Draw c(t), which does not depend on dopamine, and when dopamine is given."""
    c = main["c"].values[0, 0, 0]
    axes.plot(main["time_ms"].values / 1000, c, color=look.GREEN, label="c")
    given_s = main["dopamine_ms"].values[0] / 1000
    axes.plot(given_s, np.zeros(len(given_s)), "^", color=look.ORANGE, ms=4, label="dopamine times", clip_on=False)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="time (s)", ylabel="eligibility trace c")
    look.legend(axes, loc="upper right")
