"""Figure beats_map: the final weight over pre- and postsynaptic rate, and what it does and does not depend on."""

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.rendering import parameters_of
from replasticity.studies.beats.figure import ORDERS, RESETS

#: Role -> title of its map.
_TITLES = {
    "main": "Final weight",
    "subtract": "Overshoot kept",
    "balanced": "No excess",
}

#: Panels in one row.
_COLUMNS = 3

_COLOURS = {"main": look.BLUE, "subtract": look.ORANGE, "balanced": look.GREEN}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``beats_map``: ``main``, and if given ``subtract`` and ``balanced``.

    Returns
    -------
    matplotlib.figure.Figure
        One map for each ensemble; that of the experiment with its finest time step and with exact spike times; the
        effect of the starting phase; the weight against beat and mean rate; and what the time step does to all maps.
    """
    main = ensembles["main"]
    parameters = parameters_of(main)
    roles = [role for role in _TITLES if role in ensembles]
    phases, divisions = main.sizes["start_phase"], parameters["dt_divisions"]
    # Title -> what draws the panel.
    panels: list[tuple[str, Callable[[Axes], None]]] = []

    def add_map(title: str, ensemble: xr.Dataset, weight: np.ndarray) -> None:
        panels.append((title, lambda axes: draw_map(axes, ensemble, *_final_weight(ensemble, weight))))

    for role in roles:
        add_map(_title(role, ensembles[role]), ensembles[role], ensembles[role]["weight_final"].values[0, 0])
    if divisions:
        finest = int(np.argmax(divisions))
        finest_ms = parameters["dt_ms"] / divisions[finest]
        add_map(f"As a, time step {finest_ms:g} ms", main, main["weight_finer"].values[0, finest, 0])
    for first, weight in zip(ORDERS, main["weight_no_grid"].values[0, :, 0], strict=True):
        add_map(f"As a, exact times,\ncoincidence: {first} first", main, weight)
    if phases > 1:
        panels.append(
            (
                f"As a, {phases} starting phases\nof the post cell",
                lambda axes: draw_map(axes, main, *_range_over_phases(main)),
            )
        )
    panels += [
        (f"Beat: {_explained(main, 'beat')}", lambda axes: draw_against(axes, main, "beat")),
        (f"Mean rate: {_explained(main, 'mean_rate')}", lambda axes: draw_against(axes, main, "mean_rate")),
    ]
    chosen = {role: ensembles[role] for role in roles}
    if divisions:
        panels += [
            ("Pairs that fall", lambda axes: draw_time_steps(axes, chosen, "share_depressed")),
            ("Beat, by time step", lambda axes: draw_time_steps(axes, chosen, "variance_explained_by_beat")),
        ]
    rows = -(-len(panels) // _COLUMNS)
    figure = Figure(figsize=(look.FULL_WIDTH, 0.3 + 2.2 * rows), layout=look.layout())
    # Each row has widths of its own: the scales of colours and the legend of one are not those of another.
    parts = figure.subfigures(rows, 1, squeeze=False)[:, 0]
    for k, (title, draw_panel) in enumerate(panels):
        row, column = divmod(k, _COLUMNS)
        axes = parts[row].add_subplot(1, min(_COLUMNS, len(panels) - row * _COLUMNS), column + 1)
        draw_panel(axes)
        look.letter(axes, "abcdefghijkl"[k], title)
    if divisions:
        # The last two panels have one legend.
        axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1.0), borderaxespad=0.0, handlelength=2.2, frameon=False)
    pairs, duration_s = main.sizes["pre_rate"] * main.sizes["post_rate"], parameters["duration_ms"] / 1000
    look.say_nothing_is_random(figure, f"{pairs} pairs of rates in each map, {duration_s:g} s each.")
    return figure


def _title(role: str, ensemble: xr.Dataset) -> str:
    return f"{_TITLES[role]} ({parameters_of(ensemble)['dt_ms']:g} ms),\n{_model(ensemble)}"


def _model(ensemble: xr.Dataset) -> str:
    """Say which reset and which excess of depression an ensemble has."""
    return f"{RESETS[parameters_of(ensemble)['reset']]}, {_ratio(ensemble)}"


def _ratio(ensemble: xr.Dataset) -> str:
    return f"depression \N{MULTIPLICATION SIGN} {parameters_of(ensemble)['depression_ratio']:g}"


def _explained(ensemble: xr.Dataset, by: str) -> str:
    share = float(ensemble[f"variance_explained_by_{by}"].values[0])
    if not np.isfinite(share):
        return "too few pairs\nto explain a variance"
    return f"{share:.0%}\nof the variance of w"


def _final_weight(ensemble: xr.Dataset, weight: np.ndarray) -> tuple[np.ndarray, str, str, Normalize]:
    """Return final weights, and how to show them."""
    parameters = parameters_of(ensemble)
    clipped = parameters["clip_weight"]
    low, high = (0.0, float(parameters["weight_max"])) if clipped else (float(weight.min()), float(weight.max()))
    start = float(parameters["weight_initial"])
    norm = TwoSlopeNorm(start, low, high) if low < start < high else Normalize(low, high)
    return weight, "final w (white: initial)" if low < start < high else "final w", "RdBu_r", norm


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
    parameters = parameters_of(ensemble)
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
    axes.set_xlabel("pre rate asked for (Hz)")
    axes.set_ylabel("post rate asked for (Hz)")


def draw_against(axes: Axes, ensemble: xr.Dataset, by: str) -> None:
    """Draw the final weight of each pair against the beat frequency or the geometric mean of the actual rates."""
    pre_Hz, post_Hz = np.meshgrid(
        ensemble["pre_rate_actual_Hz"].values[0], ensemble["post_rate_actual_Hz"].values[0], indexing="ij"
    )
    weight = ensemble["weight_final"].values[0, 0]
    x_Hz = np.abs(post_Hz - pre_Hz) if by == "beat" else np.sqrt(pre_Hz * post_Hz)
    size = 2.5 if weight.size > 500 else 6
    axes.plot(x_Hz.ravel(), weight.ravel(), ".", ms=size, mew=0, alpha=0.5, color=look.BLUE, rasterized=True)
    axes.axhline(parameters_of(ensemble)["weight_initial"], color=look.GREY, lw=0.8, ls="--", label="initial weight")
    axes.set_xlabel("beat frequency (Hz)" if by == "beat" else "geometric mean of rates (Hz)")
    axes.set_ylabel("final w")
    look.room_above(axes, 0.15)
    look.legend(axes, loc="upper right")


def draw_time_steps(axes: Axes, ensembles: Mapping[str, xr.Dataset], name: str) -> None:
    """Draw a statistic of each map against the time step, and with exact spike times in either order."""
    for role, ensemble in ensembles.items():
        parameters = parameters_of(ensemble)
        dt_ms = parameters["dt_ms"] / np.array([1, *parameters["dt_divisions"]])
        order = np.argsort(dt_ms)
        values = np.array([ensemble[name].values[0], *ensemble[f"{name}_finer"].values[0]])
        label = _model(ensemble)
        axes.plot(dt_ms[order], values[order], "o-", ms=3, mew=0, lw=0.9, color=_COLOURS[role], label=label)
        # Without a grid both resets are the same.
        if parameters["reset"] == "zero":
            exact = ensemble[f"{name}_no_grid"].values[0]
            for value, first, style in zip(exact, ORDERS, ("-.", "--"), strict=True):
                label = f"exact times, {first} first,\n{_ratio(ensemble)}"
                # The experiment's own lines are broader: others may lie on them.
                axes.axhline(
                    value, color=_COLOURS[role], lw=1.8 if role == "main" else 0.9, ls=style, label=label, zorder=1
                )
    # Where no value is defined, no line gives the limits.
    axes.set_xlim(dt_ms.min() / 1.3, dt_ms.max() * 1.3)
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("time step (ms)")
    axes.set_ylabel({"share_depressed": "share of pairs"}.get(name, "share of variance"))
