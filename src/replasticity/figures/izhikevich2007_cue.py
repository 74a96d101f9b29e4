"""Figure izhikevich2007_cue: a balanced network in which one of two stimuli is rewarded."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from replasticity.figures import rendering as look
from replasticity.figures._over_seeds import draw_band, mean_and_band

#: Subgroups: name and colour.
_GROUPS = (("rewarded", look.GREEN), ("other stimulated", look.VERMILION))
_LABELS = {"main": ("slice ends", look.BLUE), "exact": ("exact event times", look.ORANGE)}


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``dopamine_cue``: ``main``, and if given ``exact`` and ``long``.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to h; i and j only with ``long``.
    """
    main = ensembles["main"]
    rows: Any = [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]
    if "long" in ensembles:
        rows.append(["i", "j"])
    figure = Figure(figsize=(look.FULL_WIDTH, 2.15 * len(rows)), layout=look.layout())
    panels = figure.subplot_mosaic(rows)
    seed, count = main["trace_seed"].values[0], main.sizes["seed"]
    draw_raster(panels["a"], main)
    look.letter(panels["a"], "a", f"Excitatory spikes and stimuli, seed {seed}")
    draw_potentials(panels["b"], main)
    look.letter(panels["b"], "b", f"Potentials of ten excitatory neurons, seed {seed}")
    draw_rate(panels["c"], main)
    look.letter(panels["c"], "c", f"Rate of all excitatory neurons, seed {seed}")
    draw_dopamine(panels["d"], main)
    look.letter(panels["d"], "d", f"Dopamine, mean over synapses, seed {seed}")
    draw_eligibility(panels["e"], main)
    look.letter(panels["e"], "e", f"Eligibility, sum over synapses, seed {seed}")
    draw_weights(panels["f"], main)
    look.letter(panels["f"], "f", f"Mean change of outgoing weights, seed {seed}")
    draw_gains(panels["g"], main)
    look.letter(panels["g"], "g", f"Gain of both subgroups, n = {count} seeds, 95 % bands")
    draw_difference(panels["h"], ensembles)
    look.letter(panels["h"], "h", f"Rewarded minus other, n = {count} seeds, sign tests")
    if "long" in ensembles:
        long = ensembles["long"]
        duration_s = _parameters(long)["duration_ms"] / 1000
        draw_gains(panels["i"], long)
        look.letter(panels["i"], "i", f"The same over {duration_s:g} s, n = {long.sizes['seed']} seeds")
        draw_responses(panels["j"], ensembles)
        look.letter(
            panels["j"], "j", f"Response, late \N{MINUS SIGN} early, n = {count} and {long.sizes['seed']} seeds, 95 %"
        )
    return figure


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def _time_s(ensemble: xr.Dataset) -> np.ndarray:
    time_s: np.ndarray = ensemble["time_ms"].values / 1000
    return time_s


def draw_raster(axes: Axes, main: xr.Dataset) -> None:
    """Draw the first second: spikes, and the stimuli of both subgroups."""
    time_ms = main["raster_time_ms"].values
    time_bin, neuron = np.nonzero(main["raster_count"].values[0])
    axes.plot(time_ms[time_bin], neuron, ".", color=look.BLACK, ms=1.2)
    top = main.sizes["exc"]
    for (label, colour), counts in zip(_GROUPS, main["stimulus_count"].values[0], strict=True):
        at_ms = time_ms[counts > 0]
        axes.plot(at_ms, np.full(len(at_ms), 1.04 * top), "v", color=colour, ms=4, label=f"stimulus, {label}")
    axes.set_ylim(0, 1.08 * top)
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left", columns=2)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("neuron")
    axes.margins(x=0.01)


def draw_potentials(axes: Axes, main: xr.Dataset) -> None:
    """Draw the potentials of ten neurons, one above the other."""
    V_mV, time_ms = main["V_mV"].values[0], main["V_time_ms"].values
    shift_mV = 20.0
    for k, trace in enumerate(V_mV):
        axes.plot(time_ms[::5], trace[::5] + k * shift_mV, color=look.BLUE, lw=0.5)
    axes.set_yticks([k * shift_mV - 65.0 for k in range(0, len(V_mV), 3)], [str(k + 1) for k in range(0, len(V_mV), 3)])
    axes.set_ylim(-80, len(V_mV) * shift_mV - 45)
    right = time_ms[-1] * 1.015
    axes.plot([right, right], [-72, -52], color=look.BLACK, lw=2, clip_on=False)
    axes.annotate("20 mV", (right, -62), xytext=(3, 0), textcoords="offset points", fontsize=7, va="center")
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("neuron")


def draw_rate(axes: Axes, main: xr.Dataset) -> None:
    """Draw the rate per neuron, divided by the number of all neurons."""
    axes.stairs(
        main["exc_rate_binned_Hz"].values[0],
        np.append(0.0, main["rate_time_ms"].values + main["rate_time_ms"].values[0]) / 1000,
        color=look.BLUE,
    )
    mean_Hz, printed_Hz = main["exc_rate_Hz"].values.mean(), main["exc_rate_as_printed_Hz"].values.mean()
    axes.axhline(
        mean_Hz,
        color=look.GREY,
        lw=0.8,
        ls="--",
        label=f"mean of all seeds {mean_Hz:.2f} Hz (as printed: {printed_Hz:.1f})",
    )
    axes.set_xlabel("time (s)")
    axes.set_ylabel("rate per neuron (Hz)")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")


def draw_dopamine(axes: Axes, main: xr.Dataset) -> None:
    """Draw the mean of n, and when dopamine was given."""
    axes.plot(_time_s(main), main["n_mean"].values[0, 0], color=look.PURPLE, label="n at the readings")
    given = main["dopamine_count"].values[0] > 0
    at_s = main["rate_time_ms"].values[given] / 1000
    axes.plot(at_s, np.zeros(len(at_s)), "^", color=look.BLACK, ms=3, label="dopamine spike", clip_on=False)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("n")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left", columns=2)


def draw_eligibility(axes: Axes, main: xr.Dataset) -> None:
    """Draw the sums of c over the synapses that leave each subgroup."""
    for k, (label, colour) in enumerate(_GROUPS):
        axes.plot(_time_s(main), main["c_sum"].values[0, k], color=colour, lw=0.8, label=label)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("sum of c")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left", columns=2)


def draw_weights(axes: Axes, main: xr.Dataset) -> None:
    """Draw the mean weights of one seed, as changes."""
    initial_pA = _parameters(main)["weight_initial_pA"]
    for k, (label, colour) in enumerate(_GROUPS):
        axes.plot(_time_s(main), main["weight_pA"].values[0, k] - initial_pA, color=colour, label=label)
    axes.plot(_time_s(main), main["weight_all_pA"].values[0] - initial_pA, color=look.BLACK, label="whole network")
    axes.set_xlabel("time (s)")
    axes.set_ylabel(f"w \N{MINUS SIGN} {initial_pA:g} pA (pA)")
    look.legend(axes, loc="upper left")


def draw_gains(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the gain of both subgroups over seeds, also in per cent of the initial weight."""
    initial_pA = _parameters(ensemble)["weight_initial_pA"]
    for k, (label, colour) in enumerate(_GROUPS):
        gain_pA = ensemble["gain_trace_pA"].values[:, k]
        percent = gain_pA[:, -1].mean() / initial_pA * 100
        draw_band(axes, _time_s(ensemble), gain_pA, colour, f"{label}: {percent:+.3f} % at the end")
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("gain (pA)")
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left")


def draw_difference(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the difference of both subgroups over seeds, with a sign test at the end."""
    for role, (label, colour) in _LABELS.items():
        if role not in ensembles:
            continue
        difference_pA = ensembles[role]["difference_trace_pA"].values
        positive, count = int(np.sum(difference_pA[:, -1] > 0)), len(difference_pA)
        p = stats.binomtest(positive, count).pvalue
        if role == "main":
            axes.plot(_time_s(ensembles[role]), difference_pA.T, color=look.SKY, lw=0.4, alpha=0.7)
        draw_band(
            axes,
            _time_s(ensembles[role]),
            difference_pA,
            colour,
            f"{label}: {positive} of {count} > 0, p = {p:.1g}",
        )
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("difference (pA)")
    look.room_above(axes, 0.3)
    look.legend(axes, loc="upper left")


def draw_responses(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how the responses change from the first to the second half of a run: seeds, mean and 95 % interval."""
    place = 0.0
    ticks = []
    for role in ("main", "long"):
        ensemble = ensembles[role]
        duration_s = _parameters(ensemble)["duration_ms"] / 1000
        for name, text in (("response_change", "subgroup"), ("network_response_change", "others")):
            for k, (_, colour) in enumerate(_GROUPS):
                values = ensemble[name].values[:, k]
                values = values[np.isfinite(values)]
                axes.plot(np.full(len(values), place + 0.3 * k), values, "o", ms=2.5, mew=0, alpha=0.5, color=colour)
                if len(values):
                    mean, low, high = mean_and_band(values)
                    axes.errorbar(
                        place + 0.3 * k, mean, [[mean - low], [high - mean]], fmt="_", color=look.BLACK, capsize=3, lw=1
                    )
            ticks.append((place + 0.15, f"{text}\n{duration_s:g} s"))
            place += 1.0
    for label, colour in _GROUPS:
        axes.plot([], [], "o", ms=3, color=colour, label=f"{label.split()[0]} stimulus")
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xticks([tick for tick, _ in ticks], [text for _, text in ticks])
    axes.set_ylabel("change of spikes per neuron\nand stimulus, within 20 ms")
    look.room_above(axes, 0.3)
    look.legend(axes, loc="upper left", columns=2)
