"""Figure izhikevich2007_pavlov: the response to the rewarded stimulus over the hour (Izhikevich 2007)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.each_seed import draw_conditions, draw_each, seeds
from replasticity.plotting.rendering import parameters_of

#: Role -> label and colour of an experiment wherever several are shown.
_LABELS = {
    "main": ("reward after S1", look.BLUE),
    "random_reward": ("reward by chance", look.GREEN),
    "no_dopamine": ("without dopamine", look.VERMILION),
    "parallel_sum": ("parallel synapses add up", look.PURPLE),
}

_PARTS = ("first sixth of the run", "last sixth of the run")


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure: panels a to h, with the roles of `_LABELS` that there are."""
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 9.4), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]])
    panels["d"].sharey(panels["c"])
    seed = main["trace_seed"].values[0]
    for part, name in enumerate("ab"):
        draw_raster(panels[name], main, part)
        look.letter(panels[name], name, f"{('First', 'Last')[part]} presentation of S1, seed {seed}")
    for part, name in enumerate("cd"):
        draw_around(panels[name], main, part)
        look.letter(panels[name], name, f"Rate, {_PARTS[part]}, {seeds(main.sizes['trace_seed'])}")
        look.legend(panels[name], loc="upper right")
    draw_response_course(panels["e"], ensembles)
    look.letter(
        panels["e"], "e", f"Response to S1, {main['response_window_ms'].values[0]:.0f} ms after it: mean, each seed"
    )
    draw_gain(panels["f"], ensembles)
    look.letter(panels["f"], "f", "Last against first sixth: mean, each seed")
    draw_weights(panels["g"], main)
    look.letter(panels["g"], "g", f"Weights out of each stimulus's cells, seed {seed}")
    draw_weight_course(panels["h"], ensembles)
    look.letter(panels["h"], "h", "Weights out of S1's cells: mean, each seed")
    return figure


def _time_axis(axes: Axes, ensemble: xr.Dataset) -> None:
    axes.set_xlim(0, parameters_of(ensemble)["duration_s"] / 60)
    axes.set_xlabel("time (min)")


def draw_raster(axes: Axes, ensemble: xr.Dataset, part: int) -> None:
    """Draw all spikes around one presentation of S1, with every stimulus marked by its number."""
    parameters, first = parameters_of(ensemble), ensemble.isel(trace_seed=0, part=part)
    time_ms = first["around_ms"].values
    row, cell = np.nonzero(first["raster"].values)
    exc = cell < parameters["exc_cells"]
    for chosen, colour, label in ((exc, look.BLACK, "excitatory"), (~exc, look.VERMILION, "inhibitory")):
        axes.plot(time_ms[row[chosen]], cell[chosen], ".", ms=1.6, mew=0, color=colour, label=label, rasterized=True)
    cells = parameters["exc_cells"] + parameters["inh_cells"]
    for place in np.flatnonzero(first["raster_stimulus"].values):
        number = first["raster_stimulus"].values[place]
        colour = look.BLUE if number == 1 else look.GREY
        axes.vlines(time_ms[place], 0, 1.03 * cells, color=colour, lw=0.8, ls=":")
        axes.text(
            time_ms[place], 1.05 * cells, f"S{number}", color=colour, ha=_inwards(int(place), len(time_ms)), fontsize=7
        )
    axes.set(xlim=(time_ms[0], time_ms[-1]), ylim=(-5, 1.35 * cells), xlabel="time (ms) after S1", ylabel="cell")
    axes.set_yticks([0, parameters["exc_cells"], cells])
    axes.legend(loc="upper left", ncols=2, markerscale=4, handletextpad=0.2, borderaxespad=0.0, frameon=False)


def _inwards(place: int, places: int) -> Any:
    """Return the alignment of a text that keeps it inside the axes: centred, but not near the sides."""
    if place < 0.05 * places:
        return "left"
    return "right" if place > 0.95 * places else "center"


def draw_around(axes: Axes, ensemble: xr.Dataset, part: int) -> None:
    """Draw the mean excitatory rate around S1 and around the other stimuli: each seed, and the mean over them."""
    time_ms = ensemble["around_ms"].values
    shown = (time_ms >= -20) & (time_ms <= 80)
    others = f"S2 to S{parameters_of(ensemble)['stimuli']}"
    for rewarded, (label, colour) in enumerate((("S1", look.BLUE), (others, look.GREY))):
        rates_Hz = ensemble["around_rate_Hz"].values[:, part, rewarded][:, shown]
        if not np.isfinite(rates_Hz).all():
            continue
        if len(rates_Hz) > 1:
            draw_each(axes, time_ms[shown], rates_Hz, colour, f"{label}, each seed")
        axes.plot(time_ms[shown], rates_Hz.mean(axis=0), color=colour, lw=1.4, label=f"{label}, mean over seeds")
    axes.set(xlabel="time (ms) after the stimulus", ylabel="excitatory rate (Hz)", xlim=(-20, 80))


def _parts_min(ensemble: xr.Dataset) -> np.ndarray:
    """Return the middle of each part of a course [min]."""
    parts = ensemble.sizes["course_part"]
    middles_min: np.ndarray = (np.arange(parts) + 0.5) * parameters_of(ensemble)["duration_s"] / 60 / parts
    return middles_min


def _draw_seeds(axes: Axes, ensembles: Mapping[str, xr.Dataset], course: Any) -> None:
    """Draw a course of each experiment, each seed and the mean; `course` takes it from an ensemble."""
    axes.axhline(1, color=look.BLACK, lw=0.6, ls=":")
    courses = {
        label: (course(ensembles[role]), colour) for role, (label, colour) in _LABELS.items() if role in ensembles
    }
    draw_conditions(axes, _parts_min(ensembles["main"]), courses, np.mean, "o")
    _time_axis(axes, ensembles["main"])
    look.room_above(axes, 0.2 + 0.13 * len(courses))


def draw_response_course(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the response to S1 relative to the others over the hour."""
    _draw_seeds(axes, ensembles, lambda ensemble: ensemble["response_course"].values)
    axes.set_ylabel("S1 / mean of the others")


def draw_weight_course(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the weights of the synapses of S1's cells relative to the others' over the hour."""

    def ratio(ensemble: xr.Dataset) -> Any:
        weight_mV = ensemble["weight_course_mV"].values
        return weight_mV[..., 0] / weight_mV[..., 1]

    _draw_seeds(axes, ensembles, ratio)
    axes.set_ylabel("S1 / mean of the others")


def draw_gain(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the growth of the relative response in each window: each seed, and the mean."""
    windows_ms = ensembles["main"]["response_window_ms"].values
    axes.axhline(1, color=look.BLACK, lw=0.6, ls=":")
    present = [role for role in _LABELS if role in ensembles]
    means: list[Artist] = []
    for k, role in enumerate(present):
        label, colour = _LABELS[role]
        gain = ensembles[role]["response_gain"].values
        place = np.arange(len(windows_ms)) + 0.2 * (k - (len(present) - 1) / 2)
        axes.plot(
            np.tile(place, len(gain)),
            gain.ravel(),
            "o",
            ms=3,
            mew=0,
            alpha=0.6,
            color=colour,
            label=f"{label}, each seed",
        )
        means.append(
            axes.hlines(
                gain.mean(axis=0), place - 0.08, place + 0.08, color=colour, lw=1.5, label=f"{label} (n = {len(gain)})"
            )
        )
    axes.set_xticks(range(len(windows_ms)), [f"{window_ms:.0f} ms" for window_ms in windows_ms])
    axes.set(xlabel="window after the stimulus", ylabel="ratio of ratios, late / early")
    look.room_above(axes, 0.2 + 0.13 * len(present))
    look.legend(axes, loc="upper left", handles=means)


def draw_weights(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the mean weight of the synapses that leave the cells of each stimulus."""
    weight_mV = ensemble["group_weight_mV"].values[0]
    time_min = ensemble["sample_s"].values / 60
    axes.plot(time_min, weight_mV[:, 1:], color=look.GREY, lw=0.3, alpha=0.5)
    axes.plot([], [], color=look.GREY, lw=0.8, label=f"S2 to S{weight_mV.shape[1]}")
    axes.plot(time_min, weight_mV[:, 0], color=look.BLUE, lw=1.3, label="S1")
    axes.set_ylabel("mean weight (mV)")
    _time_axis(axes, ensemble)
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left", columns=2)
