"""Figure dopamine_timing: the weight of one synapse against the time of the dopamine spike."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.figures import rendering as look

_COLOURS = (look.BLUE, look.VERMILION, look.GREEN, look.PURPLE)


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``dopamine_timing``: ``main``, and if given ``exact``.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to d.
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 5.4), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "b"], ["c", "d"]])
    draw_final_weight(panels["a"], ensembles)
    look.letter(panels["a"], "a", "Weight at the end")
    draw_weight(panels["b"], main)
    look.letter(panels["b"], "b", "Weight over time")
    draw_eligibility_and_dopamine(panels["c"], main)
    look.letter(panels["c"], "c", "Eligibility trace and dopamine")
    draw_deviation(panels["d"], ensembles)
    look.letter(panels["d"], "d", "Deviation from the closed form")
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
    axes.set_xlabel("time of the dopamine spike (s)")
    axes.set_ylabel("weight")
    look.legend(axes, loc="upper right")


def draw_weight(axes: Axes, main: xr.Dataset) -> None:
    """Draw w(t) of every second point."""
    time_s = main["time_ms"].values / 1000
    weight = main["weight"].values[0]
    for k in range(len(weight)):
        for point in range(0, weight.shape[1], 2):
            label = _amount(main["A_vt"].values[0, k]) if point == 0 else None
            axes.plot(time_s, weight[k, point], color=_COLOURS[k % len(_COLOURS)], lw=0.7, label=label)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("weight")
    look.room_above(axes, 0.15)
    look.legend(axes, loc="upper right", columns=2)


def draw_eligibility_and_dopamine(axes: Axes, main: xr.Dataset) -> None:
    """Draw c(t) and n(t), as shares of their largest values."""
    time_s = main["time_ms"].values / 1000
    c, n = main["c"].values[0, 0], main["n"].values[0, 0]
    axes.plot(time_s, c[0] / max(np.abs(c[0]).max(), 1e-300), color=look.GREEN, label=f"c (largest {c[0].max():.2f})")
    points = range(0, len(n), 4)
    for point in points:
        label = f"n, {len(points)} dopamine times (largest {n[0].max():.3f})" if point == 0 else None
        axes.plot(time_s, n[point] / max(np.abs(n).max(), 1e-300), color=look.ORANGE, lw=0.8, label=label)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("share of the largest value")
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper right")


def draw_deviation(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw |w - closed form| of each point, events at slice ends and exact."""
    for role, label, mark in (("main", "slice ends", "o"), ("exact", "exact", "x")):
        if role not in ensembles:
            continue
        one = ensembles[role].isel(seed=0)
        for k, A_vt in enumerate(one["A_vt"].values):
            deviation = np.abs(one["weight_final"].values[k] - one["weight_closed_form"].values[k])
            axes.semilogy(
                one["dopamine_ms"].values / 1000,
                np.maximum(deviation, 1e-17),
                mark,
                ms=3.5,
                mfc="none",
                color=_COLOURS[k % len(_COLOURS)],
                label=f"{label}, {_amount(A_vt)}",
            )
    axes.set_ylim(3e-18, 3e-6)
    axes.axhline(1e-9, color=look.GREY, lw=0.8, ls="--")
    axes.annotate("bound of the claim", (0.02, 1.3e-9), xycoords=("axes fraction", "data"), color=look.GREY, fontsize=7)
    axes.set_xlabel("time of the dopamine spike (s)")
    axes.set_ylabel("|deviation| of the weight")
    look.legend(axes, loc="upper right", columns=2)
