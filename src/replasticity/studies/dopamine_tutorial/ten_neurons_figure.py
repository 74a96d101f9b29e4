"""Figure dopamine_ten: ten neurons under reward and punishment."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import FEWEST_SEEDS_OF_A_BAND, draw_band, mean_and_band
from replasticity.plotting.rendering import parameters_of

_LABELS = {"main": ("events at slice ends", look.BLUE), "exact": ("exact event times", look.ORANGE)}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return panels a to h, e to h with ``exact`` if that is given."""
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 9.6), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "e"], ["b", "f"], ["c", "g"], ["d", "h"]], height_ratios=[1, 1.4, 1.4, 1])
    seed, count = f"seed {main['trace_seed'].values[0]}", main.sizes["seed"]
    draw_raster(panels["a"], main)
    draw_synapses(panels["b"], main, "weight_mV", "w, 0 to {:.3g} mV each")
    draw_synapses(panels["c"], main, "c", "c, range {:.3g} each")
    draw_dopamine(panels["d"], main)
    draw_courses(panels["e"], ensembles, "rate_time_ms", "rate_binned_Hz", "rate per neuron (Hz)")
    draw_courses(panels["f"], ensembles, "time_ms", "weight_mean_mV", "mean w (mV)")
    draw_epochs(panels["g"], ensembles)
    draw_final_weights(panels["h"], ensembles)
    spread = f"n = {count} seeds, {'mean and 95 %' if count >= FEWEST_SEEDS_OF_A_BAND else 'mean and seeds'}"
    for letter, title in {
        "a": f"Output spikes, {seed}",
        "b": f"Weight of each neuron's synapse, {seed}",
        "c": f"Eligibility trace of each synapse, {seed}",
        "d": f"Stored dopamine, {seed}",
        "e": f"Output rate, {spread}",
        "f": f"Mean weight, {spread}",
        "g": f"Rate in four epochs, {spread}",
        "h": f"Final weights of {main.sizes['neuron']} synapses, n = {count} seeds",
    }.items():
        look.letter(panels[letter], letter, title)
    return figure


def mark_dopamine(axes: Axes, ensemble: xr.Dataset, labelled: bool = False) -> None:
    """Mark when rewards and punishments act."""
    parameters = parameters_of(ensemble)
    delay_ms = parameters["relay_delay_ms"] + parameters["dopamine_delay_ms"]
    for name, colour in (("reward", look.GREEN), ("punishment", look.VERMILION)):
        for k, time_ms in enumerate(parameters[f"{name}_times_ms"]):
            label = name if labelled and k == 0 else None
            axes.axvline((time_ms + delay_ms) / 1000, color=colour, lw=0.8, ls=":", label=label, zorder=0)
    axes.set_xlim(0, parameters["duration_ms"] / 1000)
    axes.set_xlabel("time (s)")


def draw_raster(axes: Axes, main: xr.Dataset) -> None:
    """Draw the spikes of each neuron of the first seed, in bins of 10 ms."""
    time_bin, neuron = np.nonzero(main["raster_count"].values[0])
    axes.plot(main["raster_time_ms"].values[time_bin] / 1000, neuron + 1, "|", color=look.BLACK, ms=4, mew=0.4)
    mark_dopamine(axes, main, labelled=True)
    count = main.sizes["neuron"]
    axes.set_ylim(0.3, count + 0.7)
    axes.set_yticks(range(1, count + 1, 3))
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left", columns=2)
    axes.set_ylabel("neuron")


def draw_synapses(axes: Axes, main: xr.Dataset, name: str, quantity: str) -> None:
    """Draw a quantity of each synapse of the first seed, one above the other, all on one scale.

    The braces of its label, ``quantity``, take how much of it is between two neurons.
    """
    values = main[name].values[0]
    span = max(float(np.ptp(values)), 1e-12)
    for k in range(values.shape[1]):
        axes.axhline(k + 1, color=look.GREY, lw=0.4, zorder=0)
        colour = (look.BLUE, look.ORANGE)[k % 2]
        shown = k + 1 + 0.95 * values[:, k] / span
        axes.plot(main["time_ms"].values / 1000, shown, color=colour, lw=0.7, label=f"neuron {k + 1}")
    axes.set_yticks(range(1, values.shape[1] + 1))
    axes.set_ylabel(f"neuron ({quantity.format(span / 0.95)})")
    mark_dopamine(axes, main)


def draw_dopamine(axes: Axes, main: xr.Dataset) -> None:
    """Draw n as the mean over synapses, and how much the synapses differ."""
    n, time_s = main["n"].values[0], main["time_ms"].values / 1000
    axes.plot(time_s, n.mean(axis=1), color=look.PURPLE, label="dopamine n, mean of all synapses")
    spread = "largest \N{MINUS SIGN} smallest synapse, times 20"
    axes.plot(time_s, 20 * np.ptp(n, axis=1), color=look.BLACK, lw=0.8, label=spread)
    axes.set_ylabel("dopamine n")
    mark_dopamine(axes, main)
    look.room_above(axes, 0.35)
    look.legend(axes, loc="upper left")


def _shown(ensembles: Mapping[str, xr.Dataset]) -> list[tuple[str, xr.Dataset, str]]:
    return [(label, ensembles[role], colour) for role, (label, colour) in _LABELS.items() if role in ensembles]


def draw_courses(axes: Axes, ensembles: Mapping[str, xr.Dataset], time: str, name: str, label: str) -> None:
    """Draw the course of a statistic over time with its band over seeds."""
    for experiment, ensemble, colour in _shown(ensembles):
        draw_band(axes, ensemble[time].values / 1000, ensemble[name].values, colour, experiment)
    mark_dopamine(axes, ensembles["main"])
    axes.set_ylabel(label)
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")


def draw_epochs(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the rate in each epoch: all seeds, and the mean with its 95 % interval."""
    edges_s = np.array(parameters_of(ensembles["main"])["epoch_edges_ms"]) / 1000
    for k, (label, ensemble, colour) in enumerate(_shown(ensembles)):
        rate_Hz = ensemble["rate_Hz"].values
        place = np.arange(rate_Hz.shape[1]) + 0.25 * (k - 0.5 * (len(_shown(ensembles)) - 1))
        axes.plot(np.tile(place, (len(rate_Hz), 1)).ravel(), rate_Hz.ravel(), "o", ms=2, mew=0, alpha=0.4, color=colour)
        mean, low, high = mean_and_band(rate_Hz)
        if len(rate_Hz) < FEWEST_SEEDS_OF_A_BAND:
            low = high = mean
        axes.errorbar(place, mean, (mean - low, high - mean), fmt="_", color=look.BLACK, capsize=3, lw=1, ms=8)
        axes.plot([], [], "o", ms=3, color=colour, label=label)
    axes.set_xticks(range(len(edges_s) - 1), [f"{a:g}\N{EN DASH}{b:g} s" for a, b in pairwise(edges_s)])
    axes.set(xlabel="epoch", ylabel="rate per neuron (Hz)")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")


def draw_final_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the cumulative distribution of the final weights over synapses and seeds."""
    for label, ensemble, colour in _shown(ensembles):
        weight_mV = np.sort(ensemble["weight_final_mV"].values.ravel())
        share = np.arange(1, len(weight_mV) + 1) / len(weight_mV)
        zero = np.mean(weight_mV == 0.0)
        axes.step(weight_mV, share, where="post", color=colour, label=f"{label}: {zero:.0%} at exactly 0")
    initial_mV = parameters_of(ensembles["main"])["weight_initial_mV"]
    axes.axvline(initial_mV, color=look.GREY, lw=0.8, ls="--", label="initial")
    axes.set(xlabel="final w (mV)", ylabel="share of synapses")
    axes.set_ylim(0, 1.02)
    look.legend(axes, loc="lower right")
