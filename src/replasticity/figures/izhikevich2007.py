"""Figure izhikevich2007: the rewarded synapse over the hour, and how alone it is (Izhikevich 2007, Fig. 1)."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from replasticity.figures import rendering as look

#: Role -> label and colour of an experiment wherever several are shown.
_LABELS = {
    "main": ("as published", look.BLUE),
    "parallel_sum": ("parallel synapses add up", look.GREEN),
    "no_dopamine": ("without dopamine", look.VERMILION),
}

#: A weight counts as high from this share of the bound on.
_HIGH_SHARE = 0.975


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``distal_reward``: ``main``, and if given ``parallel_sum`` and ``no_dopamine``.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to h.
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 9.4), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]])
    seed, number = main["trace_seed"].values[0], main.sizes["seed"]
    draw_raster(panels["a"], main)
    look.letter(panels["a"], "a", f"Spikes in the last second, seed {seed}")
    draw_close_up(panels["b"], main)
    look.letter(panels["b"], "b", f"One reward close up, seed {seed}")
    draw_chosen_weight(panels["c"], main)
    look.letter(panels["c"], "c", f"Weight of the chosen synapse, n = {number} seed{'s' * (number > 1)}")
    draw_eligibility(panels["d"], main)
    look.letter(panels["d"], "d", f"Its eligibility at each second, seed {seed}")
    draw_rank(panels["e"], main)
    look.letter(panels["e"], "e", f"Its rank by weight, n = {number} seed{'s' * (number > 1)}")
    draw_histogram(panels["f"], main)
    look.letter(panels["f"], "f", f"All excitatory weights at the end, seed {seed}")
    draw_conditions(panels["g"], ensembles)
    look.letter(panels["g"], "g", "Weight of the chosen synapse, controls")
    draw_company(panels["h"], ensembles)
    look.letter(panels["h"], "h", "Synapses near the bound")
    return figure


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def _minutes(ensemble: xr.Dataset) -> np.ndarray:
    """Return the time of each point of a course [min]."""
    return np.arange(1, ensemble.sizes["minute"] + 1)


def _time_axis(axes: Axes, ensemble: xr.Dataset) -> None:
    axes.set_xlim(0, _parameters(ensemble)["duration_s"] / 60)
    axes.set_xlabel("time (min)")


def _reward_times_min(ensemble: xr.Dataset) -> np.ndarray:
    """Return when the first seed got rewards, to the second [min]."""
    given = np.diff(ensemble["rewards"].values[0], prepend=0)
    return np.repeat(ensemble["time_s"].values, given) / 60


def _draw_rewards(axes: Axes, ensemble: xr.Dataset, bottom: float, height: float) -> None:
    """Draw a tick per reward along the axes; `bottom` and `height` are shares of the axes' height."""
    times_min = _reward_times_min(ensemble)
    axes.vlines(
        times_min,
        bottom,
        bottom + height,
        transform=axes.get_xaxis_transform(),
        color=look.ORANGE,
        lw=0.5,
        label=f"{len(times_min)} rewards",
    )


def draw_raster(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw all spikes of the last second, excitatory and inhibitory cells apart."""
    parameters = _parameters(ensemble)
    step, cell = np.nonzero(ensemble["raster"].values[0])
    exc = cell < parameters["exc_cells"]
    for chosen, colour, label in ((exc, look.BLACK, "excitatory"), (~exc, look.VERMILION, "inhibitory")):
        axes.plot(step[chosen], cell[chosen], ".", ms=1.6, mew=0, color=colour, label=label, rasterized=True)
    axes.set(xlim=(0, 1000), ylim=(-5, 1.22 * parameters["exc_cells"] + 1.2 * parameters["inh_cells"]))
    axes.set_yticks([0, parameters["exc_cells"], parameters["exc_cells"] + parameters["inh_cells"]])
    axes.set(xlabel=f"time (ms) after {parameters['duration_s'] - 1} s", ylabel="cell")
    box = axes.legend(loc="upper left", ncols=2, markerscale=4, handletextpad=0.2, borderaxespad=0.1, frameon=False)
    box.set_zorder(3)


def draw_close_up(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw spikes of the chosen pair, eligibility and dopamine around one coincidence and its reward."""
    first = ensemble.isel(trace_seed=0)
    time_s = first["close_up_ms"].values / 1000
    if not np.isfinite(first["close_up_coincidence_s"].item()):
        axes.text(0.5, 0.5, "no reward in this run", transform=axes.transAxes, ha="center")
        axes.set_axis_off()
        return
    axes.plot(time_s, first["close_up_eligibility_mV"].values, color=look.BLUE, lw=0.9)
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel(f"time (s) after the coincidence at {first['close_up_coincidence_s'].item():.1f} s")
    axes.set_ylabel("eligibility (mV)", color=look.BLUE)
    # Room for the names of the spike trains.
    axes.set_xlim(time_s[0] - 0.7, time_s[-1])
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.45 * (top - bottom))
    for height, name, label in ((0.90, "pre", "pre"), (0.80, "post", "post")):
        spikes_s = time_s[first[f"close_up_{name}"].values > 0]
        axes.vlines(spikes_s, height, height + 0.08, transform=axes.get_xaxis_transform(), color=look.BLACK, lw=0.8)
        axes.annotate(
            label,
            xy=(0, height + 0.04),
            xycoords="axes fraction",
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    right = axes.twinx()
    right.set_label("b_dopamine")
    right.plot(time_s, first["close_up_dopamine"].values, color=look.ORANGE, lw=0.9)
    right.set_ylabel("dopamine above baseline", color=look.ORANGE)
    right.spines["right"].set_visible(True)
    low, high = right.get_ylim()
    right.set_ylim(low, high + 0.45 * (high - low))


def _draw_course(axes: Axes, ensemble: xr.Dataset, name: str, colour: str, label: str, scale: float = 1.0) -> None:
    """Draw the median over seeds of a course, with a band from the lowest to the highest seed."""
    values = ensemble[name].values * scale
    time_min = _minutes(ensemble)
    if len(values) > 1:
        axes.fill_between(time_min, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, lw=0)
    axes.plot(time_min, np.median(values, axis=0), color=colour, label=f"{label} (n = {len(values)})")


def _draw_band(axes: Axes, ensemble: xr.Dataset, name: str) -> None:
    """Draw range and quartiles over the seeds of a course."""
    values, time_min = ensemble[name].values, _minutes(ensemble)
    if len(values) < 2:
        return
    low, lower, median, upper, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], axis=0)
    axes.fill_between(time_min, low, high, color=look.SKY, alpha=0.25, lw=0, label="all seeds")
    axes.fill_between(time_min, lower, upper, color=look.SKY, alpha=0.6, lw=0, label="middle half")
    axes.plot(time_min, median, color=look.GREY, lw=0.8, ls="--", label="median")


def draw_chosen_weight(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the weight of the chosen synapse over the hour: one seed bold, all seeds as a band, and the rewards."""
    _draw_band(axes, ensemble, "chosen_weight_course_mV")
    axes.plot(
        ensemble["time_s"].values / 60,
        ensemble["chosen_weight_mV"].values[0],
        color=look.BLUE,
        lw=1.2,
        label=f"seed {ensemble['trace_seed'].values[0]}",
    )
    w_max_mV = _parameters(ensemble)["w_max_mV"]
    axes.axhline(w_max_mV, color=look.BLACK, lw=0.6, ls=":")
    axes.set_ylim(-0.05 * w_max_mV, 1.5 * w_max_mV)
    axes.set_yticks(np.linspace(0, w_max_mV, 5))
    _draw_rewards(axes, ensemble, 0.70, 0.05)
    axes.set_ylabel("weight (mV)")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left", columns=3)


def draw_eligibility(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the eligibility of the chosen synapse at the end of each second, and the rewards."""
    axes.plot(
        ensemble["time_s"].values / 60,
        ensemble["chosen_eligibility_mV"].values[0],
        color=look.BLUE,
        lw=0.4,
        label="eligibility",
    )
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    look.room_above(axes, 0.25)
    _draw_rewards(axes, ensemble, 0.80, 0.05)
    axes.set_ylabel("eligibility (mV)")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left", columns=2)


def draw_rank(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the rank of the chosen synapse among all excitatory ones, on a logarithmic axis, best on top."""
    parameters = _parameters(ensemble)
    synapses = parameters["exc_cells"] * parameters["synapses_per_cell"]
    _draw_band(axes, ensemble, "chosen_rank_course")
    axes.plot(
        ensemble["sample_s"].values / 60,
        ensemble["chosen_rank"].values[0],
        color=look.BLUE,
        lw=1.0,
        label=f"seed {ensemble['trace_seed'].values[0]}",
    )
    axes.set_yscale("log")
    axes.set_ylim(1.5 * synapses, 0.02)
    axes.set_yticks([10.0**k for k in range(int(np.log10(synapses)) + 1)])
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.minorticks_off()
    axes.set_ylabel(f"rank among {synapses:,}")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left", columns=2)


def draw_histogram(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the histogram of all excitatory weights at the end, with the chosen synapse marked."""
    w_max_mV = _parameters(ensemble)["w_max_mV"]
    counts = ensemble["weight_histogram"].values[0, -1]
    edges_mV = np.linspace(0, w_max_mV, len(counts) + 1)
    # A half stands for an empty bin on the logarithmic axis.
    axes.stairs(np.maximum(counts, 0.5), edges_mV, baseline=0.5, fill=True, color=look.SKY)
    axes.set_yscale("log")
    axes.set_ylim(0.5, 30 * counts.max())
    chosen_mV = ensemble["chosen_weight_mV"].values[0, -1]
    here = counts[min(int(chosen_mV / w_max_mV * len(counts)), len(counts) - 1)]
    axes.annotate(
        f"chosen synapse:\n{chosen_mV:.2f} mV",
        xy=(chosen_mV, max(here, 1)),
        xytext=(0.76, 0.95),
        textcoords="axes fraction",
        ha="center",
        va="top",
        fontsize=7,
        color=look.VERMILION,
        arrowprops={"arrowstyle": "->", "color": look.VERMILION, "lw": 1.0},
    )
    axes.set_xlabel(f"weight (mV); bins of {edges_mV[1]:g} mV")
    axes.set_ylabel("synapses")


def draw_conditions(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the course of the chosen weight in all experiments: median and range over the seeds."""
    main = ensembles["main"]
    for role, (label, colour) in _LABELS.items():
        if role in ensembles:
            _draw_course(axes, ensembles[role], "chosen_weight_course_mV", colour, label)
    w_max_mV = _parameters(main)["w_max_mV"]
    axes.set_ylim(-0.05 * w_max_mV, 1.55 * w_max_mV)
    axes.set_yticks(np.linspace(0, w_max_mV, 5))
    axes.set_ylabel("weight (mV), median, range")
    _time_axis(axes, main)
    look.legend(axes, loc="upper left")


def draw_company(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how many excitatory synapses are near the bound, for the first seeds of all experiments."""
    main = ensembles["main"]
    for role, (label, colour) in _LABELS.items():
        if role not in ensembles:
            continue
        ensemble = ensembles[role]
        counts = ensemble["weight_histogram"].values
        high = counts[:, :, round(_HIGH_SHARE * counts.shape[2]) :].sum(axis=2)
        for k, trace in enumerate(high):
            text = f"{label} ({len(high)} seed{'s' * (len(high) > 1)})" if k == 0 else None
            axes.plot(ensemble["sample_s"].values / 60, trace, color=colour, lw=0.8, label=text)
    axes.axhline(1, color=look.BLACK, lw=0.6, ls=":")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, 1e6)
    axes.set_yticks([0, 1, 10, 100, 1000, 10000], ["0", "1", "10", "100", "1,000", "10,000"])
    axes.minorticks_off()
    axes.set_ylabel(f"synapses at {_HIGH_SHARE * _parameters(main)['w_max_mV']:g} mV or above")
    _time_axis(axes, main)
    look.legend(axes, loc="upper left")
