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
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``dopamine_ten``: ``main``, and if given ``exact``.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to h.
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 9.6), layout=look.layout())
    panels = figure.subplot_mosaic([["a", "e"], ["b", "f"], ["c", "g"], ["d", "h"]], height_ratios=[1, 1.4, 1.4, 1])
    seed, count = main["trace_seed"].values[0], main.sizes["seed"]
    draw_raster(panels["a"], main)
    look.letter(panels["a"], "a", f"Output spikes, seed {seed}")
    draw_synapses(panels["b"], main, "weight_mV", "w, 0 to {:.3g} mV each")
    look.letter(panels["b"], "b", f"Weight of each neuron's synapse, seed {seed}")
    draw_synapses(panels["c"], main, "c", "c, range {:.3g} each")
    look.letter(panels["c"], "c", f"Eligibility trace of each synapse, seed {seed}")
    draw_dopamine(panels["d"], main)
    look.letter(panels["d"], "d", f"Stored dopamine, seed {seed}")
    spread = "mean and 95 %" if count >= FEWEST_SEEDS_OF_A_BAND else "mean and seeds"
    draw_rate(panels["e"], ensembles)
    look.letter(panels["e"], "e", f"Output rate, n = {count} seeds, {spread}")
    draw_mean_weight(panels["f"], ensembles)
    look.letter(panels["f"], "f", f"Mean weight, n = {count} seeds, {spread}")
    draw_epochs(panels["g"], ensembles)
    look.letter(panels["g"], "g", f"Rate in four epochs, n = {count} seeds, {spread}")
    draw_final_weights(panels["h"], ensembles)
    look.letter(panels["h"], "h", f"Final weights of {main.sizes['neuron']} synapses, n = {count} seeds")
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

    Parameters
    ----------
    axes : Axes
        The panel.
    main : Dataset
        The ensemble.
    name : str
        Variable that is drawn.
    quantity : str
        Label; its braces take how much of the quantity is between two neurons.
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


def draw_rate(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the output rate in bins of 250 ms with its band over seeds."""
    for label, ensemble, colour in _shown(ensembles):
        draw_band(axes, ensemble["rate_time_ms"].values / 1000, ensemble["rate_binned_Hz"].values, colour, label)
    mark_dopamine(axes, ensembles["main"])
    axes.set_ylabel("rate per neuron (Hz)")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")


def draw_mean_weight(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the mean weight with its band over seeds."""
    for label, ensemble, colour in _shown(ensembles):
        draw_band(axes, ensemble["time_ms"].values / 1000, ensemble["weight_mean_mV"].values, colour, label)
    mark_dopamine(axes, ensembles["main"])
    axes.set_ylabel("mean w (mV)")
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
    axes.set_xlabel("epoch")
    axes.set_ylabel("rate per neuron (Hz)")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")


def draw_final_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the cumulative distribution of the final weights over synapses and seeds."""
    for label, ensemble, colour in _shown(ensembles):
        weight_mV = np.sort(ensemble["weight_final_mV"].values.ravel())
        share = np.arange(1, len(weight_mV) + 1) / len(weight_mV)
        zero = np.mean(weight_mV == 0.0)
        axes.step(weight_mV, share, where="post", color=colour, label=f"{label}: {zero:.0%} at exactly 0")
    axes.axvline(
        parameters_of(ensembles["main"])["weight_initial_mV"], color=look.GREY, lw=0.8, ls="--", label="initial"
    )
    axes.set_xlabel("final w (mV)")
    axes.set_ylabel("share of synapses")
    axes.set_ylim(0, 1.02)
    look.legend(axes, loc="lower right")
