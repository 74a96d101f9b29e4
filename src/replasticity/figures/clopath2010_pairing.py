"""Figure clopath2010_pairing: weight change against pairing frequency in two neuron models (Clopath et al. 2010)."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.figures import rendering as look

#: Neuron models, in the order of the dimension ``neuron``, and orders of the pair, in that of ``order``.
_NEURONS = ("Adaptive exponential", "Hodgkin-Huxley")
_ORDERS = (("post before pre", look.VERMILION), ("pre before post", look.BLUE))


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``clopath_pairing``: ``main``, and if given ``shifted`` (all pairs later).
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a and b (weights), c to f (potentials of the fastest pairings).
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 6.6), layout=look.layout())
    panels = figure.subplot_mosaic(
        [["a", "a", "b", "b"], ["c", "d", "e", "f"]], height_ratios=[1.35, 1], per_subplot_kw={"b": {}}
    )
    panels["b"].sharey(panels["a"])
    for neuron, name in enumerate("ab"):
        draw_weights(panels[name], ensembles, neuron)
        look.letter(panels[name], name, f"{_NEURONS[neuron]} neuron")
    for k, name in enumerate("cdef"):
        neuron, order = divmod(k, 2)
        draw_potentials(panels[name], main, neuron, order)
        look.letter(panels[name], name, _ORDERS[order][0])
        if order:
            panels[name].sharey(panels["ce"[neuron]])
            panels[name].set_ylabel("")
    # Room for the legends above the potentials; panels d and f share the range of c and e.
    for name in "ce":
        look.room_above(panels[name], 0.2)
        panels[name].legend(
            loc="upper left", ncols=2, frameon=False, handlelength=1.2, borderaxespad=0.2, columnspacing=1
        )
    look.say_nothing_is_random(figure)
    return figure


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def draw_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset], neuron: int) -> None:
    """Draw the normalised weight against frequency for both orders, and with all pairs later."""
    for role, size, face, line in (("main", 4, None, "-"), ("shifted", 7, "none", "none")):
        if role not in ensembles:
            continue
        parameters = _parameters(ensembles[role])
        rates_Hz, intervals_ms = np.array(parameters["rates_Hz"]), np.array(parameters["intervals_ms"])
        percent = ensembles[role]["weight_percent"].values[0, neuron]
        for chosen, (label, colour) in zip((intervals_ms < 0, intervals_ms >= 0), _ORDERS, strict=True):
            later = f", {parameters['shift_ms']:g} ms later" if role == "shifted" else ""
            axes.plot(
                rates_Hz[chosen],
                percent[chosen],
                color=colour,
                ls=line,
                marker="o",
                ms=size,
                mfc=face,
                label=label + later,
            )
    axes.axhline(100, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel("pairing frequency (Hz)")
    axes.set_ylabel(f"weight (% of start, change x {_parameters(ensembles['main'])['extrapolation']:g})")
    if neuron == 0:
        look.legend(axes, loc="upper left")


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
    rate_Hz = max(_parameters(ensemble)["rates_Hz"])
    axes.set_xlabel(f"time (ms), {rate_Hz:g} Hz")
    axes.set_ylabel(f"{_NEURONS[neuron]}:\npotential (mV)")
    axes.margins(x=0)
