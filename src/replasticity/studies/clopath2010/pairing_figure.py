"""Figure clopath2010_pairing: weight change against pairing frequency in two neuron models (Clopath et al. 2010)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replasticity.plotting import rendering as look
from replasticity.plotting.rendering import parameters_of

#: Neuron models, in the order of the dimension ``neuron``, and orders of the pair, in that of ``order``.
_NEURONS = ("Adaptive exponential", "Hodgkin-Huxley")
_ORDERS = (("post before pre", look.VERMILION), ("pre before post", look.BLUE))

#: Role of an experiment -> how its curves are called and drawn.
_CURVES: dict[str, tuple[str, dict[str, Any]]] = {
    "main": ("as printed", {"ls": "-", "marker": "o", "ms": 3.5}),
    "adaptation": ("b = 80.5 pA", {"ls": "--", "marker": "s", "ms": 3}),
    "late_reading": ("read 1 s later", {"ls": ":", "marker": "^", "ms": 3.5}),
    "all_together": ("all errata, 15 blocks", {"ls": "-", "marker": "D", "ms": 3}),
    "settled": ("starts settled", {"ls": "--", "marker": "s", "ms": 3}),
}

_MEASURED: dict[str, Any] = {"ls": "none", "marker": "x", "ms": 4, "elinewidth": 0.7, "capsize": 2}

#: Panels of weights: neuron, title, and roles whose curves are drawn if their experiment is there.
_WEIGHTS = (
    (0, "Adaptive exponential", ("main",)),
    (0, "The same, corrected", ("adaptation", "late_reading", "all_together")),
    (1, "Hodgkin-Huxley", ("main", "settled")),
)


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return weights (a to c; without corrected experiments a and b), then potentials of the fastest pairings."""
    weights = [panel for panel in _WEIGHTS if any(role in ensembles for role in panel[2])]
    figure = Figure(figsize=(look.FULL_WIDTH, 6.6), layout=look.layout())
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.35, 1]).flat
    letters = iter("abcdefg")
    panels = upper.subplots(1, len(weights), sharey=True)
    for axes, (neuron, title, roles) in zip(panels, weights, strict=True):
        shown = {role: ensembles[role] for role in roles if role in ensembles}
        draw_weights(axes, shown, neuron)
        explain_weights(axes, shown, neuron, with_orders=axes is panels[0])
        look.letter(axes, next(letters), title)
    look.room_above(panels[0], 0.3)
    panels[0].set_ylabel(f"weight after the pairs (% of start{_extrapolated(ensembles['main'])})")
    panels = lower.subplots(1, 4, sharey=False)
    for k, axes in enumerate(panels):
        neuron, order = divmod(k, 2)
        draw_potentials(axes, ensembles["main"], neuron, order)
        look.letter(axes, next(letters), _ORDERS[order][0])
        if order:
            axes.sharey(panels[k - 1])
            axes.set_ylabel("")
    # Room for the legends above the potentials; the right one of each two shares the range of the left one.
    for axes in panels[::2]:
        look.room_above(axes, 0.2)
        axes.legend(loc="upper left", ncols=2, frameon=False, handlelength=1.2, borderaxespad=0.2, columnspacing=1)
    terms = ensembles["main"]["chi_square_terms"].values[0]
    look.say_nothing_is_random(figure, f"$\\chi^2$ over the {terms:g} pairings that were measured, too.")
    return figure


def _extrapolated(ensemble: xr.Dataset) -> str:
    """Return what the shown weight is, if it is not simply the simulated one, as text."""
    blocks = parameters_of(ensemble)["extrapolation"]
    return "" if blocks == 1 else f";\nchange simulated in one block, \N{MULTIPLICATION SIGN} {blocks:g}"


def _of_each_order(parameters: Mapping[str, Any], prefix: str = "") -> list[npt.NDArray[np.int64]]:
    """Return the pairings of each order, by frequency."""
    rates_Hz, intervals_ms = (np.array(parameters[prefix + name]) for name in ("rates_Hz", "intervals_ms"))
    by_rate = np.argsort(rates_Hz, kind="stable")
    return [by_rate[(intervals_ms[by_rate] < 0) == post_first] for post_first in (True, False)]


def draw_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset], neuron: int) -> None:
    """Draw the weight against frequency for both orders: measured, and of each experiment, with chi-square."""
    axes.axhline(100, color=look.GREY, lw=0.6, zorder=0)
    measured = parameters_of(next(iter(ensembles.values())))
    for chosen, (order, colour) in zip(_of_each_order(measured, "measured_"), _ORDERS, strict=True):
        axes.errorbar(
            np.array(measured["measured_rates_Hz"])[chosen],
            100 + np.array(measured["measured_change_percent"])[chosen],
            np.array(measured["measured_sem_percent"])[chosen],
            color=colour,
            label=f"{order}, measured",
            **_MEASURED,
        )
    for role, ensemble in ensembles.items():
        name, style = _CURVES[role]
        parameters = parameters_of(ensemble)
        percent = ensemble["weight_percent"].values[0, neuron]
        for chosen, (order, colour) in zip(_of_each_order(parameters), _ORDERS, strict=True):
            rates_Hz = np.array(parameters["rates_Hz"])[chosen]
            axes.plot(rates_Hz, percent[chosen], color=colour, label=f"{order}, {name}", **style)
    axes.set_xlabel("pairing frequency (Hz)")


def explain_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset], neuron: int, with_orders: bool) -> None:
    """Add the legend: orders by colour if asked for, and experiments by style, with their chi-square."""
    orders = [Line2D([], [], color=colour, lw=2.5, label=order) for order, colour in _ORDERS]
    measured = Line2D(
        [], [], color=look.GREY, marker="x", ms=4, ls="none", label="measured, mean \N{PLUS-MINUS SIGN} s.e.m."
    )
    curves = []
    for role, ensemble in ensembles.items():
        name, style = _CURVES[role]
        chi_square = ensemble["chi_square"].values[0, neuron]
        agreement = f", $\\chi^2$ = {chi_square:.1f}" if np.isfinite(chi_square) else ""
        curves.append(Line2D([], [], color=look.GREY, label=name + agreement, **style))
    axes.legend(
        handles=[*orders, measured, *curves] if with_orders else curves,
        loc="upper left",
        frameon=False,
        handlelength=2,
        borderaxespad=0.0,
        borderpad=0.2,
    )


def draw_potentials(axes: Axes, ensemble: xr.Dataset, neuron: int, order: int) -> None:
    """Draw the potential and its low-passed versions in the fastest pairing of one order."""
    time_ms = ensemble["time_ms"].values
    for name, label, colour in (
        ("example_V_mV", "V", look.BLACK),
        ("example_u_plus_mV", r"$\bar u_+$", look.BLUE),
        ("example_u_minus_mV", r"$\bar u_-$", look.ORANGE),
        ("example_u_bar_mV", r"$\bar{\bar u}$", look.GREEN),
    ):
        trace = ensemble[name].values[0, neuron, order]
        axes.plot(time_ms, trace, color=colour, label=label, lw=0.6 if label == "V" else 1.1)
    rate_Hz = max(parameters_of(ensemble)["rates_Hz"])
    axes.set_xlabel(f"time (ms), {rate_Hz:g} Hz")
    axes.set_ylabel(f"{_NEURONS[neuron]}:\npotential (mV)")
    axes.margins(x=0)
