"""Figure beats_map: the final weight over pre- and postsynaptic rate, and what it does and does not depend on."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from replasticity.figures import rendering as look

#: Role -> title of its map.
_TITLES = {
    "main": "Final weight",
    "subtract": "True mean rates",
    "balanced": "No excess",
}


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``beats_map``: ``main``, and if given ``subtract`` and ``balanced``.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        One map for each ensemble, the effect of the starting phase, and the weight against beat and mean rate.
    """
    main = ensembles["main"]
    roles = [role for role in _TITLES if role in ensembles]
    phases = main.sizes["start_phase"]
    count = len(roles) + (phases > 1) + 2
    rows = (count + 1) // 2
    figure = Figure(figsize=(look.FULL_WIDTH, 0.3 + 2.85 * rows), layout=look.layout())
    panels = [(letter, figure.add_subplot(rows, 2, k + 1)) for k, letter in enumerate("abcdef"[:count])]
    for role in roles:
        letter, axes = panels.pop(0)
        draw_map(axes, ensembles[role], *_final_weight(ensembles[role]))
        look.letter(axes, letter, _title(role, ensembles[role]))
    if phases > 1:
        letter, axes = panels.pop(0)
        draw_map(axes, main, *_range_over_phases(main))
        look.letter(axes, letter, f"Range of w over {phases} starting phases of the post cell")
    for by, name in (("beat", "Beat"), ("mean_rate", "Mean rate")):
        letter, axes = panels.pop(0)
        draw_against(axes, main, by)
        look.letter(axes, letter, f"{name}: {_explained(main, by)}")
    pairs, duration_s = main.sizes["pre_rate"] * main.sizes["post_rate"], _parameters(main)["duration_ms"] / 1000
    look.say_nothing_is_random(figure, f"{pairs} pairs of rates in each map, {duration_s:g} s each.")
    return figure


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def _title(role: str, ensemble: xr.Dataset) -> str:
    parameters = _parameters(ensemble)
    reset = {"zero": "x = 0", "subtract": "x \N{MINUS SIGN} 1"}[parameters["reset"]]
    return f"{_TITLES[role]} (reset {reset}, depression \N{MULTIPLICATION SIGN} {parameters['depression_ratio']:g})"


def _explained(ensemble: xr.Dataset, by: str) -> str:
    share = float(ensemble[f"variance_explained_by_{by}"].values[0])
    if not np.isfinite(share):
        return "too few pairs for an analysis of variance"
    return f"explains {share:.0%} of the variance of w"


def _final_weight(ensemble: xr.Dataset) -> tuple[np.ndarray, str, str, Normalize]:
    """Return the final weights of the first starting phase, and how to show them."""
    parameters = _parameters(ensemble)
    weight = ensemble["weight_final"].values[0, 0]
    clipped = parameters["clip_weight"]
    low, high = (0.0, float(parameters["weight_max"])) if clipped else (float(weight.min()), float(weight.max()))
    start = float(parameters["weight_initial"])
    norm = TwoSlopeNorm(start, low, high) if low < start < high else Normalize(low, high)
    return weight, "final w (white: initial w)" if low < start < high else "final w", "RdBu_r", norm


def _range_over_phases(ensemble: xr.Dataset) -> tuple[np.ndarray, str, str, Normalize]:
    """Return by how much the final weight moves with the starting phase, and how to show it."""
    spread = np.ptp(ensemble["weight_final"].values[0], axis=0)
    return spread, "highest \N{MINUS SIGN} lowest final w", "cividis", Normalize(0, max(float(spread.max()), 1e-12))


def edges(rates_Hz: np.ndarray) -> np.ndarray:
    """Return the borders of cells around sorted rates [Hz]: the midpoints, and as much beyond the ends."""
    if len(rates_Hz) == 1:
        return np.array([rates_Hz[0] - 0.5, rates_Hz[0] + 0.5])
    middle = (rates_Hz[1:] + rates_Hz[:-1]) / 2
    ends = 2 * rates_Hz[[0, -1]] - middle[[0, -1]]
    return np.concatenate([ends[:1], middle, ends[1:]])


def draw_map(axes: Axes, ensemble: xr.Dataset, values: np.ndarray, label: str, colours: str, norm: Normalize) -> None:
    """Draw a quantity of shape (pre rates, post rates) against the rates asked for."""
    parameters = _parameters(ensemble)
    pre_Hz, pre_order = np.unique(parameters["pre_rates_Hz"], return_index=True)
    post_Hz, post_order = np.unique(parameters["post_rates_Hz"], return_index=True)
    mesh = axes.pcolormesh(
        edges(pre_Hz),
        edges(post_Hz),
        values[np.ix_(pre_order, post_order)].T,
        cmap=colours,
        norm=norm,
        rasterized=True,
    )
    axes.figure.colorbar(mesh, ax=axes, label=label, shrink=0.95)
    axes.set_xlabel("presynaptic rate asked for (Hz)")
    axes.set_ylabel("postsynaptic rate (Hz)")


def draw_against(axes: Axes, ensemble: xr.Dataset, by: str) -> None:
    """Draw the final weight of each pair against the beat frequency or the geometric mean of the actual rates."""
    pre_Hz, post_Hz = np.meshgrid(
        ensemble["pre_rate_actual_Hz"].values[0], ensemble["post_rate_actual_Hz"].values[0], indexing="ij"
    )
    weight = ensemble["weight_final"].values[0, 0]
    x_Hz = np.abs(post_Hz - pre_Hz) if by == "beat" else np.sqrt(pre_Hz * post_Hz)
    size = 2.5 if weight.size > 500 else 6
    axes.plot(x_Hz.ravel(), weight.ravel(), ".", ms=size, mew=0, alpha=0.5, color=look.BLUE, rasterized=True)
    axes.axhline(_parameters(ensemble)["weight_initial"], color=look.GREY, lw=0.8, ls="--", label="initial weight")
    axes.set_xlabel("actual beat frequency (Hz)" if by == "beat" else "geometric mean of the actual rates (Hz)")
    axes.set_ylabel("final w")
    look.room_above(axes, 0.15)
    look.legend(axes, loc="upper right")
