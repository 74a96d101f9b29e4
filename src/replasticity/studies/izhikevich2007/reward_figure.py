"""Figure izhikevich2007: the rewarded synapse over the hour, and how alone it is (Izhikevich 2007, Fig. 1)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from replasticity.plotting import rendering as look
from replasticity.plotting.each_seed import draw_conditions, draw_each, seeds
from replasticity.plotting.rendering import parameters_of
from replasticity.studies.izhikevich2007 import PART
from replasticity.studies.izhikevich2007.network_statistics import HIGH_SHARE

#: Role -> label and colour of an experiment wherever several are shown.
_LABELS = {
    "main": ("as published", look.BLUE),
    "parallel_sum": ("parallel synapses add up", look.GREEN),
    "trace_20ms": ("STDP traces of 20 ms", look.SKY),
    "per_ms": ("weights change per ms", look.PURPLE),
    "all_corrected": ("all three corrected", look.ORANGE),
    "no_dopamine": ("without dopamine", look.VERMILION),
}

#: Those whose courses are shown; the others would hide them.
_COURSES = ("main", "parallel_sum", "no_dopamine")

#: Ticks of numbers of synapses, besides 0.
_COUNTS = (1, 10, 100, 1000, 10000)


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure: panels a to j, with the roles of `_LABELS` that there are."""
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 10.6), layout=look.layout())
    close_up = [["b"], ["b_dopamine"], ["b_weight"]]
    rows: list[Any] = [["a", close_up], ["c", "d"], ["e", "f"], ["g", "h"], ["i", "j"]]
    panels = figure.subplot_mosaic(rows, height_ratios=[1.4, 1, 1, 1, 1])
    seed, all_seeds = f"seed {main['trace_seed'].values[0]}", seeds(main.sizes["seed"])
    draw_close_up([panels[name] for (name,) in close_up], main)
    look.letter(panels["b"], "b", f"One reward close up, {seed}")
    others: dict[str, tuple[Callable[[Axes, Any], None], Any, str]] = {
        "a": (draw_raster, main, f"Spikes in the last second, {seed}"),
        "c": (draw_chosen_weight, main, f"Weight of the chosen synapse, {all_seeds}"),
        "d": (draw_eligibility, main, f"Its eligibility, {all_seeds}"),
        "e": (draw_rank, main, f"Its rank by weight, ties in the mean, {all_seeds}"),
        "f": (draw_histogram, main, f"All excitatory weights at the end, {seed}"),
        "g": (draw_weights_of_conditions, ensembles, "Weight of the chosen synapse: median, each seed"),
        "h": (draw_company, ensembles, "Near the bound: median, each seed"),
        "i": (draw_rewards, ensembles, "Rewards: mean, each seed"),
        "j": (draw_errata, ensembles, "Synapses near the bound at the end"),
    }
    for letter, (draw, shown, title) in others.items():
        draw(panels[letter], shown)
        look.letter(panels[letter], letter, title)
    return figure


def _minutes(ensemble: xr.Dataset) -> np.ndarray:
    """Return the time of each point of a course [min]."""
    return np.arange(1, ensemble.sizes["minute"] + 1)


def _time_axis(axes: Axes, ensemble: xr.Dataset) -> None:
    axes.set_xlim(0, parameters_of(ensemble)["duration_s"] / 60)
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
    parameters = parameters_of(ensemble)
    step, cell = np.nonzero(ensemble["raster"].values[0])
    exc = cell < parameters["exc_cells"]
    for chosen, colour, label in ((exc, look.BLACK, "excitatory"), (~exc, look.VERMILION, "inhibitory")):
        axes.plot(step[chosen], cell[chosen], ".", ms=1.6, mew=0, color=colour, label=label, rasterized=True)
    axes.set(xlim=(0, 1000), ylim=(-5, 1.22 * parameters["exc_cells"] + 1.2 * parameters["inh_cells"]))
    axes.set_yticks([0, parameters["exc_cells"], parameters["exc_cells"] + parameters["inh_cells"]])
    axes.set(xlabel=f"time (ms) after {parameters['duration_s'] - 1} s", ylabel="cell")
    box = axes.legend(loc="upper left", ncols=2, markerscale=4, handletextpad=0.2, borderaxespad=0.1, frameon=False)
    box.set_zorder(3)


def draw_close_up(strips: Sequence[Axes], ensemble: xr.Dataset) -> None:
    """Draw the chosen pair's spikes and eligibility, dopamine, and weight around one coincidence and its reward."""
    first = ensemble.isel(trace_seed=0)
    time_s = first["close_up_ms"].values / 1000
    names = ("eligibility_mV", "dopamine", "weight_mV")
    for axes, name in zip(strips, names, strict=True):
        axes.set_label(f"b_{name.removesuffix('_mV')}")
        # Room for the names of the spike trains.
        axes.set_xlim(time_s[0] - 0.7, time_s[-1])
    for axes in strips[:-1]:
        axes.sharex(strips[-1])
        axes.tick_params(labelbottom=False)
    if not np.isfinite(first["close_up_coincidence_s"].item()):
        strips[0].text(0.5, 0.5, "no reward in this run", transform=strips[0].transAxes, ha="center")
        for axes in strips:
            axes.set_axis_off()
        return
    look_of = zip(
        strips,
        names,
        (look.BLUE, look.ORANGE, look.GREEN),
        ("eligibility\n(mV)", "dopamine\n(above base)", "weight\n(mV)"),
        strict=True,
    )
    for axes, name, colour, label in look_of:
        axes.plot(time_s, first[f"close_up_{name}"].values, color=colour, lw=0.9, label=label.replace("\n", " "))
        axes.set_ylabel(label, fontsize=6.5)
        axes.margins(y=0.1)
        axes.yaxis.set_major_locator(MaxNLocator(2))
    strips[-1].set_xlabel(f"time (s) after the coincidence at {first['close_up_coincidence_s'].item():.1f} s")
    _draw_pair(strips[0], first)


def _draw_pair(axes: Axes, first: xr.Dataset) -> None:
    """Draw the spikes of the chosen pair above the eligibility that they leave."""
    time_s = first["close_up_ms"].values / 1000
    look.room_above(axes, 0.8)
    for height, name in ((0.80, "pre"), (0.60, "post")):
        spikes_s = time_s[first[f"close_up_{name}"].values > 0]
        axes.vlines(
            spikes_s, height, height + 0.16, transform=axes.get_xaxis_transform(), color=look.BLACK, lw=0.8, label=name
        )
        axes.annotate(
            name,
            xy=(0, height + 0.08),
            xycoords="axes fraction",
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )


def _draw_all_and_first(axes: Axes, ensemble: xr.Dataset, course: str, trace: str, trace_s: str) -> None:
    """Draw a course of all seeds with their median, and the first seed as often as it was recorded."""
    values, time_min = ensemble[course].values, _minutes(ensemble)
    if len(values) > 1:
        draw_each(axes, time_min, values, look.SKY, "each seed")
        axes.plot(time_min, np.median(values, axis=0), color=look.GREY, lw=1.0, ls="--", label="median")
    first = f"seed {ensemble['trace_seed'].values[0]}"
    axes.plot(ensemble[trace_s].values / 60, ensemble[trace].values[0], color=look.BLUE, lw=1.0, label=first)


def draw_chosen_weight(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the weight of the chosen synapse over the hour in each seed, another synapse's, and the rewards."""
    axes.plot(
        ensemble["time_s"].values / 60,
        ensemble["neighbour_weight_mV"].values[0],
        color=look.VERMILION,
        lw=0.7,
        label="neighbour synapse",
    )
    _draw_all_and_first(axes, ensemble, "chosen_weight_course_mV", "chosen_weight_mV", "time_s")
    w_max_mV = parameters_of(ensemble)["w_max_mV"]
    axes.axhline(w_max_mV, color=look.BLACK, lw=0.6, ls=":")
    axes.set_ylim(-0.05 * w_max_mV, 1.95 * w_max_mV)
    axes.set_yticks(np.linspace(0, w_max_mV, 5))
    _draw_rewards(axes, ensemble, 0.55, 0.05)
    axes.set_ylabel("weight (mV)")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left", columns=2)


def draw_eligibility(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the eligibility of the chosen synapse, one seed's at each second and all at each minute, and the rewards."""
    values = ensemble["chosen_eligibility_course_mV"].values
    if len(values) > 1:
        minutes = np.tile(_minutes(ensemble), len(values))
        axes.plot(minutes, values.ravel(), ".", color=look.VERMILION, ms=3, mew=0, label="each seed, each minute")
    axes.plot(
        ensemble["time_s"].values / 60,
        ensemble["chosen_eligibility_mV"].values[0],
        color=look.BLUE,
        lw=0.4,
        label=f"seed {ensemble['trace_seed'].values[0]}, each second",
        zorder=1.5,
    )
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    look.room_above(axes, 0.9)
    _draw_rewards(axes, ensemble, 0.56, 0.05)
    axes.set_ylabel("eligibility (mV)")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left")


def draw_rank(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the rank of the chosen synapse among all excitatory ones, on a logarithmic axis, best on top."""
    parameters = parameters_of(ensemble)
    synapses = parameters["exc_cells"] * parameters["synapses_per_cell"]
    _draw_all_and_first(axes, ensemble, "chosen_rank_course", "chosen_rank", "sample_s")
    axes.set_yscale("log")
    axes.set_ylim(1.5 * synapses, 0.02)
    axes.set_yticks([10.0**k for k in range(int(np.log10(synapses)) + 1)])
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.minorticks_off()
    axes.set_ylabel(f"rank among {synapses:,}")
    _time_axis(axes, ensemble)
    look.legend(axes, loc="upper left", columns=3)


def draw_histogram(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the histogram of all excitatory weights at the end, with the chosen synapse marked."""
    w_max_mV = parameters_of(ensemble)["w_max_mV"]
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


def _courses(ensembles: Mapping[str, xr.Dataset], name: str) -> dict[str, tuple[np.ndarray, str]]:
    """Return a course of each experiment whose courses are shown, by its label, with its colour."""
    return {
        _LABELS[role][0]: (ensembles[role][name].values, _LABELS[role][1]) for role in _COURSES if role in ensembles
    }


def draw_weights_of_conditions(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the course of the chosen weight in the published form and in controls: each seed and the median."""
    main = ensembles["main"]
    courses = _courses(ensembles, "chosen_weight_course_mV")
    draw_conditions(axes, _minutes(main), courses, np.median)
    w_max_mV = parameters_of(main)["w_max_mV"]
    axes.set_ylim(-0.05 * w_max_mV, 1.7 * w_max_mV)
    axes.set_yticks(np.linspace(0, w_max_mV, 5))
    axes.set_ylabel("weight (mV)")
    _time_axis(axes, main)


def draw_company(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how many excitatory synapses are near the bound: each seed and the median."""
    main = ensembles["main"]
    draw_conditions(axes, _minutes(main), _courses(ensembles, "high_synapses_course"), np.median)
    axes.axhline(1, color=look.BLACK, lw=0.6, ls=":")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, 1e7)
    axes.set_yticks([0, *_COUNTS], ["0", *(f"{count:,}" for count in _COUNTS)])
    axes.minorticks_off()
    axes.set_ylabel(f"synapses at {HIGH_SHARE * parameters_of(main)['w_max_mV']:g} mV or above", fontsize=7, y=0.4)
    _time_axis(axes, main)


def draw_rewards(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how many rewards each seed got in the first and in the last part of the run."""
    shown = [role for role in _COURSES if role in ensembles]
    means: list[Artist] = []
    for k, role in enumerate(shown):
        pairs = ensembles[role][["rewards_early", "rewards_late"]].to_array().values.T
        label, colour = _LABELS[role]
        place = np.array([3 * k, 3 * k + 1])
        draw_each(axes, place, pairs, colour, f"{label}, each seed")
        means += axes.plot(
            place, pairs.mean(axis=0), "o-", ms=4, lw=1.4, color=colour, label=f"{label} (n = {len(pairs)})"
        )
    axes.set_xticks([3 * k + late for k in range(len(shown)) for late in (0, 1)], ["first", "last"] * len(shown))
    part_min = parameters_of(ensembles["main"])["duration_s"] / 60 / PART
    axes.set(xlabel="sixth of the run", ylabel=f"rewards in {part_min:.3g} min")
    axes.set_ylim(bottom=0)
    look.room_above(axes, 0.6)
    look.legend(axes, loc="upper left", handles=means)


def draw_errata(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how many synapses are near the bound at the end in each seed of all experiments."""
    shown = [role for role in _LABELS if role in ensembles]
    names = []
    for k, role in enumerate(shown):
        label, colour = _LABELS[role]
        counts = ensembles[role]["high_synapses_final"].values
        names.append(f"{label}\n(n = {len(counts)})")
        axes.plot(counts, np.full(len(counts), k), "o", ms=4, mew=0, alpha=0.6, color=colour, label=label)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(-0.3, 1e5)
    axes.set_xticks([0, *_COUNTS], ["0", *(f"{count:,}" for count in _COUNTS)])
    axes.minorticks_off()
    axes.set_yticks(range(len(shown)), names, fontsize=6)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel(f"synapses at {HIGH_SHARE * parameters_of(ensembles['main'])['w_max_mV']:g} mV or above")
