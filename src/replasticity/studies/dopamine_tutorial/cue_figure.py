"""Figure izhikevich2007_cue: a balanced network in which one of two stimuli is rewarded."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import FEWEST_SEEDS_OF_A_BAND, draw_band, mean_and_band
from replasticity.plotting.rendering import parameters_of

#: Subgroups: name and colour.
_GROUPS = (("rewarded", look.GREEN), ("other stimulated", look.VERMILION))
_LABELS = {"main": ("slice ends", look.BLUE), "exact": ("exact event times", look.ORANGE)}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return panels a to h and k of ``main``, h with ``exact`` if that is given; i and j only with ``long``."""
    main, long = ensembles["main"], ensembles.get("long")
    rows: Any = [["a", "a"], ["b", "b"], ["c", "c"], ["d", "e"], ["f", "k"], ["g", "h"]]
    heights = [1.4, 2.2, 0.8, 1, 1, 1]
    if long is not None:
        rows.append(["i", "j"])
        heights.append(1.15)
    figure = Figure(figsize=(look.FULL_WIDTH, 1.75 * sum(heights)), layout=look.layout())
    panels = figure.subplot_mosaic(rows, height_ratios=heights)
    seed, count = f"seed {main['trace_seed'].values[0]}", main.sizes["seed"]
    for letter, draw, title in (
        ("a", draw_raster, "Excitatory spikes in bins of 10 ms, stimuli and dopamine"),
        ("b", draw_potentials, "Potentials of ten excitatory neurons"),
        ("c", draw_rate, "Rate of all excitatory neurons in bins of 10 ms"),
        ("d", draw_dopamine, "Dopamine, mean over synapses"),
        ("e", draw_eligibility, "Eligibility, sum over synapses"),
        ("f", draw_weights, "Mean change of outgoing weights"),
        ("k", draw_single_weights, "Single weights, one per neuron"),
    ):
        draw(panels[letter], main)
        look.letter(panels[letter], letter, f"{title}, {seed}")
    draw_gains(panels["g"], main)
    look.letter(panels["g"], "g", f"Gain of both subgroups, n = {count} seeds{_spread(main)}")
    draw_difference(panels["h"], ensembles)
    look.letter(panels["h"], "h", f"Rewarded minus other, n = {count} seeds")
    if long is not None:
        duration_s = parameters_of(long)["duration_ms"] / 1000
        draw_gains(panels["i"], long)
        look.letter(panels["i"], "i", f"The same as g over {duration_s:g} s, n = {long.sizes['seed']} seeds")
        draw_responses(panels["j"], ensembles)
        look.letter(panels["j"], "j", f"Response, n = {count} and {long.sizes['seed']} seeds{_spread(long)}")
    return figure


def _spread(ensemble: xr.Dataset) -> str:
    """Return what a title says about intervals: they are shown where there are seeds enough."""
    return ", 95 %" if ensemble.sizes["seed"] >= FEWEST_SEEDS_OF_A_BAND else ""


def _time_s(ensemble: xr.Dataset) -> np.ndarray:
    time_s: np.ndarray = ensemble["time_ms"].values / 1000
    return time_s


def _mark_dopamine(axes: Axes, main: xr.Dataset) -> None:
    """Mark when dopamine was given, in bins of 100 ms."""
    given = main["dopamine_count"].values[0] > 0
    at_s = main["rate_time_ms"].values[given] / 1000
    # The layout takes an unclipped line without points for one at the corner of the page.
    clipped = len(at_s) == 0
    axes.plot(at_s, np.zeros(len(at_s)), "D", color=look.ORANGE, ms=2.5, label="dopamine spike", clip_on=clipped)


def draw_raster(axes: Axes, main: xr.Dataset) -> None:
    """Draw the spikes of all excitatory neurons, the stimuli of both subgroups, and dopamine."""
    time_s = main["raster_time_ms"].values / 1000
    time_bin, neuron = np.nonzero(main["raster_count"].values[0])
    axes.plot(time_s[time_bin], neuron, ".", color=look.BLACK, ms=0.8, mew=0)
    top = main.sizes["exc"]
    for (label, colour), counts in zip(_GROUPS, main["stimulus_count"].values[0], strict=True):
        at_s = time_s[counts > 0]
        axes.plot(at_s, np.full(len(at_s), 1.05 * top), "v", color=colour, ms=3, label=f"stimulus, {label}")
    axes.set_ylim(0, 1.1 * top)
    _mark_dopamine(axes, main)
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left", columns=3)
    axes.set(xlabel="time (s)", ylabel="neuron")
    axes.margins(x=0.01)


def draw_potentials(axes: Axes, main: xr.Dataset) -> None:
    """Draw the potentials of ten neurons, each in an own strip of 16 mV."""
    V_mV, time_s = main["V_mV"].values[0], main["V_time_ms"].values / 1000
    shift_mV, lowest_mV = 16.0, -71.0
    for k, trace in enumerate(V_mV):
        strip = (trace - lowest_mV) / shift_mV + k
        axes.plot(time_s, strip, color=(look.BLUE, look.SKY)[k % 2], lw=0.3, label=f"neuron {k + 1}")
    axes.set_yticks(np.arange(len(V_mV)) + 0.5, [str(k + 1) for k in range(len(V_mV))])
    axes.set_ylim(0, len(V_mV))
    axes.margins(x=0.01)
    axes.set(xlabel="time (s)", ylabel=f"neuron; V (mV),\nstrips of {shift_mV:g} mV")


def draw_rate(axes: Axes, main: xr.Dataset) -> None:
    """Draw the rate per neuron, divided by the number of all neurons."""
    time_ms = main["raster_time_ms"].values
    width_ms = 2 * time_ms[0]
    rate_Hz = main["raster_count"].values[0].sum(axis=1, dtype=np.int64) / main.sizes["exc"] / width_ms * 1000
    axes.stairs(rate_Hz, np.append(time_ms - time_ms[0], time_ms[-1] + time_ms[0]) / 1000, color=look.BLUE, lw=0.5)
    mean_Hz, printed_Hz = main["exc_rate_Hz"].values.mean(), main["exc_rate_as_printed_Hz"].values.mean()
    label = f"mean of all seeds {mean_Hz:.2f} Hz (as printed: {printed_Hz:.1f})"
    axes.axhline(mean_Hz, color=look.VERMILION, lw=0.8, ls="--", label=label)
    axes.margins(x=0.01)
    axes.set(xlabel="time (s)", ylabel="rate (Hz)")
    look.room_above(axes, 0.3)
    look.legend(axes, loc="upper left")


def draw_dopamine(axes: Axes, main: xr.Dataset) -> None:
    """Draw the mean of n of both subgroups, their difference, and when dopamine was given."""
    n = main["n_mean"].values[0]
    for k, (label, colour) in enumerate(_GROUPS):
        axes.plot(_time_s(main), n[k], ("-", "--")[k], color=colour, lw=1.0, label=label)
    difference = "rewarded \N{MINUS SIGN} other, times 200"
    axes.plot(_time_s(main), 200 * (n[0] - n[1]), color=look.BLACK, lw=0.6, label=difference)
    _mark_dopamine(axes, main)
    axes.set(xlabel="time (s)", ylabel="dopamine n")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left", columns=2)


def draw_single_weights(axes: Axes, main: xr.Dataset) -> None:
    """Draw the weight of one synapse of each member of both subgroups."""
    for k, (label, colour) in reversed(list(enumerate(_GROUPS))):
        weight_pA = main["synapse_weight_pA"].values[0, k]
        time_s = np.tile(_time_s(main), (len(weight_pA), 1))
        axes.plot(time_s.ravel(), weight_pA.ravel(), ".", color=colour, ms=1.5, mew=0, alpha=0.6)
        axes.plot([], [], ".", color=colour, ms=6, label=label)
    axes.set(xlabel="time (s)", ylabel="w (pA)")
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left", columns=2)


def draw_eligibility(axes: Axes, main: xr.Dataset) -> None:
    """Draw the sums of c over the synapses that leave each subgroup."""
    for k, (label, colour) in enumerate(_GROUPS):
        axes.plot(_time_s(main), main["c_sum"].values[0, k], color=colour, lw=0.8, label=label)
    _mark_dopamine(axes, main)
    axes.set(xlabel="time (s)", ylabel="sum of c")
    look.room_above(axes, 0.5)
    look.legend(axes, loc="upper left", columns=2)


def draw_weights(axes: Axes, main: xr.Dataset) -> None:
    """Draw the mean weights of one seed, as changes."""
    initial_pA = parameters_of(main)["weight_initial_pA"]
    for k, (label, colour) in enumerate(_GROUPS):
        axes.plot(_time_s(main), main["weight_pA"].values[0, k] - initial_pA, color=colour, label=label)
    axes.plot(_time_s(main), main["weight_all_pA"].values[0] - initial_pA, color=look.BLACK, label="whole network")
    axes.set(xlabel="time (s)", ylabel=f"w \N{MINUS SIGN} {initial_pA:g} pA (pA)")
    look.legend(axes, loc="upper left")


def draw_gains(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the gain of both subgroups over seeds, also in per cent of the initial weight."""
    initial_pA = parameters_of(ensemble)["weight_initial_pA"]
    for k, (label, colour) in enumerate(_GROUPS):
        gain_pA = ensemble["gain_trace_pA"].values[:, k]
        percent = gain_pA[:, -1].mean() / initial_pA * 100
        draw_band(axes, _time_s(ensemble), gain_pA, colour, f"{label}: {percent:+.3f} % at the end")
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set(xlabel="time (s)", ylabel="gain (pA)")
    look.room_above(axes, 0.45)
    look.legend(axes, loc="upper left")


def draw_difference(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the difference of both subgroups over seeds, and in how many it is positive at the end."""
    for role, (label, colour) in _LABELS.items():
        if role not in ensembles:
            continue
        difference_pA = ensembles[role]["difference_trace_pA"].values
        positive, count = int(np.sum(difference_pA[:, -1] > 0)), len(difference_pA)
        if role == "main":
            axes.plot(_time_s(ensembles[role]), difference_pA.T, color=look.SKY, lw=0.4, alpha=0.7)
        label = f"{label}: {positive} of {count} seeds > 0"
        draw_band(axes, _time_s(ensembles[role]), difference_pA, colour, label)
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set(xlabel="time (s)", ylabel="difference (pA)")
    look.room_above(axes, 0.5)
    look.legend(axes, loc="upper left")


def draw_responses(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how the responses change from the first to the second half of a run: seeds, mean and 95 % interval."""
    place = 0.0
    ticks = []
    for role in ("main", "long"):
        ensemble = ensembles[role]
        duration_s = parameters_of(ensemble)["duration_ms"] / 1000
        for name, text in (("response_change", "own group"), ("network_response_change", "others")):
            for k, (_, colour) in enumerate(_GROUPS):
                values = ensemble[name].values[:, k]
                values = values[np.isfinite(values)]
                axes.plot(np.full(len(values), place + 0.3 * k), values, "o", ms=2.5, mew=0, alpha=0.5, color=colour)
                if len(values) >= FEWEST_SEEDS_OF_A_BAND:
                    mean, low, high = mean_and_band(values)
                    half = [[mean - low], [high - mean]]
                    axes.errorbar(place + 0.3 * k, mean, half, fmt="_", color=look.BLACK, capsize=3, lw=1)
            ticks.append((place + 0.15, f"{text}\n{duration_s:g} s"))
            place += 1.0
    for label, colour in _GROUPS:
        axes.plot([], [], "o", ms=3, color=colour, label=f"{label.split()[0]} stimulus")
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xticks([tick for tick, _ in ticks], [text for _, text in ticks])
    axes.axvline(1.65, color=look.GREY, lw=0.6)
    axes.set_ylabel("late \N{MINUS SIGN} early (spikes)")
    look.room_above(axes, 0.3)
    look.legend(axes, loc="upper left", columns=2)
