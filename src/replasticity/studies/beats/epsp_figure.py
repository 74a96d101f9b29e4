"""Figure epsp: the STDP window, the EPSP after pairings, the question's gap of one period, and its sum of changes."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.equations.pair_stdp_formulas import change_by_one_pairing
from replasticity.plotting import rendering as look
from replasticity.plotting.rendering import parameters_of

#: Most lines in a panel.
MOST_LINES = 7


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        ``main`` of protocol ``beats_epsp``, and if given ``window`` (``stdp_window``) and ``tutorial``
        (``stdp_tutorial_window``).

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to f; the first one only with ``window`` or ``tutorial``.
    """
    main = ensembles["main"]
    parameters = parameters_of(main)
    longest_gap_ms = max(parameters["grid_differences_ms"])
    figure = Figure(figsize=(look.FULL_WIDTH, 7.6), layout=look.layout())
    axes = [figure.add_subplot(3, 2, k + 1) for k in range(6 if {"window", "tutorial"} & set(ensembles) else 5)]
    titles = [
        "EPSP of one test spike",
        f"EPSP after {parameters['pairings']} pairings, by rate",
        f"EPSP after {parameters['pairings']} pairings, by difference",
        "A gap of one period",
        f"Sum of changes, {_signed_ms(longest_gap_ms)}",
    ]
    if len(axes) == 6:
        draw_window(axes[0], ensembles)
        titles.insert(0, "STDP window: change by one pairing")
    draw_epsp(axes[-5], main)
    draw_against_rate(axes[-4], main)
    draw_against_difference(axes[-3], main)
    draw_gap(axes[-2], main)
    draw_by_pairing(axes[-1], main, longest_gap_ms)
    for panel, letter, title in zip(axes, "abcdef", titles, strict=False):
        look.letter(panel, letter, title)
    look.say_nothing_is_random(figure)
    return figure


def few(values: Sequence[float]) -> list[int]:
    """Return the indices of at most `MOST_LINES` values, evenly chosen among the sorted ones, ends included."""
    order = np.argsort(values, kind="stable")
    return [int(k) for k in order[np.unique(np.linspace(0, len(order) - 1, MOST_LINES).round().astype(int))]]


def _colours(count: int) -> list[Any]:
    return list(mpl.colormaps["cividis"](np.linspace(0, 0.92, count)))


def _change_by_one_pairing(difference_ms: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    return change_by_one_pairing(difference_ms, SimpleNamespace(**parameters))


def draw_window(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the weight change by one pairing against the spike-time difference, with the closed form."""
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.axvline(0, color=look.GREY, lw=0.6, zorder=0)
    if "window" in ensembles:
        window = ensembles["window"]
        parameters, difference_ms = parameters_of(window), window["difference_ms"].values[0]
        for side in (np.linspace(difference_ms.min(), -1e-6, 200), np.linspace(0, difference_ms.max(), 200)):
            label = "closed form" if side[0] >= 0 else None
            axes.plot(side, _change_by_one_pairing(side, parameters), color=look.ORANGE, label=label)
        axes.plot(difference_ms, window["dw"].values[0], "o", ms=3, mew=0, color=look.BLUE, label="simulated")
    if "tutorial" in ensembles:
        tutorial = ensembles["tutorial"]
        difference_ms = tutorial["difference_ms"].values[0]
        change = tutorial["weight_final"].values[0] - parameters_of(tutorial)["weight_initial"]
        label = "tutorial's pairs" if len(change) > 5 else None
        axes.plot(difference_ms, change, "|", ms=4, mew=0.6, color=look.BLACK, label=label)
        # The question's list begins with the five pairs whose differences are longest.
        middle = len(change[:5]) // 2
        axes.plot(difference_ms[:5], change[:5], "s", ms=4, mew=0.7, mfc="none", color=look.VERMILION)
        axes.annotate(
            "question's\nfive weights",
            xy=(difference_ms[middle], change[middle]),
            xytext=(0, 22),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=look.VERMILION,
            arrowprops={"arrowstyle": "-", "color": look.VERMILION, "lw": 0.6},
        )
    axes.set_xlabel("post \N{MINUS SIGN} pre spike time (ms)")
    axes.set_ylabel(r"$\Delta$w")
    look.legend(axes, loc="upper left")


def draw_epsp(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the membrane potential of the read-out for the initial, the lowest and the highest weight."""
    parameters = parameters_of(ensemble)
    time_ms, v_mV = ensemble["readout_time_ms"].values, ensemble["readout_v_mV"].values[0]
    weight = ensemble["readout_weight"].values[0]
    for cell, name, colour in (
        (int(weight[:-1].argmax()), "highest", look.VERMILION),
        (len(weight) - 1, "initial", look.BLACK),
        (int(weight[:-1].argmin()), "lowest", look.BLUE),
    ):
        peak_mV = ensemble["epsp_peak_mV"].values[0, cell]
        label = f"{name} w = {weight[cell]:.3f}: {peak_mV:.2f} mV"
        axes.plot(time_ms, v_mV[:, cell], color=colour, label=label)
    axes.plot(parameters["test_spike_ms"], v_mV.min(), "^", ms=4, mew=0, color=look.GREY, label="test spike")
    arrival_ms = parameters["test_spike_ms"] + parameters["delay_ms"]
    # A single sample is at 0.
    axes.set_xlim(0, min(time_ms[-1], arrival_ms + 5 * parameters["tau_m_ms"]) or None)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("v (mV)")
    look.legend(axes, loc="best")


def _expected_mV(difference_ms: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the EPSP that the sum of isolated pairings would make, within the weight's bounds."""
    weight = parameters["weight_initial"] + parameters["pairings"] * _change_by_one_pairing(difference_ms, parameters)
    if parameters["clip_weight"]:
        weight = np.clip(weight, 0, parameters["weight_max"])
    epsp_mV: np.ndarray = weight * parameters["psp_scale_mV"]
    return epsp_mV


def _signed_ms(difference_ms: float) -> str:
    """Return a difference of spike times as text."""
    sign = "\N{MINUS SIGN}" if difference_ms < 0 else "+" if difference_ms > 0 else ""
    return f"{sign}{abs(difference_ms):g} ms"


def _mark_coincidences(axes: Axes, x: np.ndarray, epsp_mV: np.ndarray, together: np.ndarray) -> None:
    """Mark the conditions in which spikes of both cells fall into one step."""
    if together.any():
        label = "pre and post in one step"
        axes.plot(x[together], epsp_mV[together], "D", ms=4.5, mew=0.8, mfc="none", color=look.BLACK, label=label)


def draw_against_rate(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the EPSP against the repetition rate, one line for each difference, and where additivity ends."""
    parameters = parameters_of(ensemble)
    rates_Hz, differences_ms = np.array(parameters["grid_rates_Hz"]), parameters["grid_differences_ms"]
    order = np.argsort(rates_Hz)
    epsp_mV = ensemble["epsp_grid_mV"].values[0]
    chosen = few(differences_ms)
    for k, colour in zip(chosen, _colours(len(chosen)), strict=True):
        label = _signed_ms(differences_ms[k])
        axes.plot(rates_Hz[order], epsp_mV[order, k], "o-", ms=2.5, mew=0, color=colour, lw=0.8, label=label)
    ends_Hz = ensemble["additive_up_to_Hz"].values[0]
    for k in chosen:
        at = np.flatnonzero(rates_Hz == ends_Hz[k])
        if len(at) and np.isfinite(ensemble["additivity_fails_from_Hz"].values[0, k]):
            axes.plot(ends_Hz[k], epsp_mV[at[0], k], "o", ms=6, mew=0.8, mfc="none", color=look.VERMILION)
    together = ensemble["coincidences_grid"].values[0][:, chosen] > 0
    _mark_coincidences(axes, np.broadcast_to(rates_Hz[:, None], together.shape), epsp_mV[:, chosen], together)
    axes.set_xlabel("repetition rate (Hz)\ncircles: last rate at which pairings add up within 10 %")
    axes.set_ylabel("EPSP peak (mV)")
    look.room_above(axes, 0.42)
    look.legend(axes, columns=3)


def draw_against_difference(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the EPSP against the spike-time difference, one line for each rate, and the sum of isolated pairings."""
    parameters = parameters_of(ensemble)
    rates_Hz, differences_ms = parameters["grid_rates_Hz"], np.array(parameters["grid_differences_ms"])
    order = np.argsort(differences_ms)
    epsp_mV = ensemble["epsp_grid_mV"].values[0]
    chosen = few(rates_Hz)
    for k, colour in zip(chosen, _colours(len(chosen)), strict=True):
        # The window jumps at 0: no line across.
        for side in (order[differences_ms[order] < 0], order[differences_ms[order] >= 0]):
            axes.plot(differences_ms[side], epsp_mV[k, side], "o-", ms=2.5, mew=0, lw=0.8, color=colour)
        axes.plot([], [], "o-", ms=2.5, mew=0, lw=0.8, color=colour, label=f"{rates_Hz[k]:g} Hz")
    together = ensemble["coincidences_grid"].values[0][chosen] > 0
    _mark_coincidences(axes, np.broadcast_to(differences_ms, together.shape), epsp_mV[chosen], together)
    fine_ms = np.linspace(differences_ms.min(), differences_ms.max(), 801)
    for side in (fine_ms[fine_ms < 0], fine_ms[fine_ms >= 0]):
        axes.plot(side, _expected_mV(side, parameters), color=look.VERMILION, ls="--", lw=1.0)
    axes.plot([], [], color=look.VERMILION, ls="--", lw=1.0, label="additive")
    axes.set_xlabel("post \N{MINUS SIGN} pre spike time (ms)")
    axes.set_ylabel("EPSP peak (mV)")
    look.room_above(axes, 0.42)
    look.legend(axes, columns=3)


def draw_gap(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the EPSP where the gap is one period: isolated pairings, and pairings repeated at the same rate."""
    parameters = parameters_of(ensemble)
    rates_Hz = np.array(parameters["gap_rates_Hz"])
    order = np.argsort(rates_Hz)
    slow = f"{parameters['isolated_rate_Hz']:g} Hz"
    for name, label, colour in (
        ("locked", "repeated at f, as asked: coincidences", look.VERMILION),
        ("isolated", f"repeated at {slow}: isolated", look.BLUE),
    ):
        axes.plot(
            rates_Hz[order],
            ensemble[f"epsp_{name}_mV"].values[0][order],
            "o-",
            ms=3,
            mew=0,
            color=colour,
            label=label,
        )
    axes.axhline(ensemble["epsp_initial_mV"].values[0], color=look.GREY, lw=0.8, ls="--", label="initial weight")
    axes.set_xscale("log")
    axes.set_xticks(rates_Hz, [f"{rate:g}" for rate in rates_Hz])
    axes.minorticks_off()
    axes.set_xlabel("f (Hz); gap between pre and post 1/f")
    axes.set_ylabel("EPSP peak (mV)")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left")


def draw_by_pairing(axes: Axes, ensemble: xr.Dataset, difference_ms: float) -> None:
    """Draw the weight change after each pairing of one difference, by rate, and as many times the change by one."""
    parameters = parameters_of(ensemble)
    rates_Hz, column = parameters["grid_rates_Hz"], parameters["grid_differences_ms"].index(difference_ms)
    change = ensemble["weight_by_pairing"].values[0, :, column] - parameters["weight_initial"]
    pairing = np.arange(parameters["pairings"] + 1)
    chosen = few(rates_Hz)
    for k, colour in zip(chosen, _colours(len(chosen)), strict=True):
        axes.plot(pairing, [0.0, *change[k]], "o-", ms=2, mew=0, lw=0.8, color=colour, label=f"{rates_Hz[k]:g} Hz")
    one = float(_change_by_one_pairing(np.array(difference_ms), parameters))
    label = "number \N{MULTIPLICATION SIGN} change by one"
    axes.plot(pairing, pairing * one, color=look.VERMILION, ls="--", lw=1.0, label=label)
    axes.set_xlabel("number of pairings")
    axes.set_ylabel(r"$\Delta$w")
    look.room_above(axes, 0.42)
    look.legend(axes, columns=3)
