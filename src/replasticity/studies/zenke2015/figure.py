"""Figure zenke2015: G(t), w(t), and the weight change of a pairing against G (Zenke et al. 2015)."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import FEWEST_SEEDS_OF_A_BAND, mean_and_band
from replasticity.plotting.rendering import parameters_of

#: Role -> label and colour of an experiment wherever several are shown.
_LABELS = {
    "main": ("example", look.BLUE),
    "corrected": ("Eq. 15", look.ORANGE),
    "paper": (r"$\tau_H$ of the paper", look.GREEN),
    "post_pre": ("post before pre", look.PURPLE),
}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``zenke2015``: ``main``, and if given ``corrected`` and ``paper``.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to e; without ``paper`` a to d.
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 6.6), layout=look.layout())
    left, right = ("aabbdd", "ccceee") if "paper" in ensembles else ("ab", "ce")
    panels = figure.subplot_mosaic([list(row) for row in zip(left, right, strict=True)], width_ratios=[1.25, 1])
    panels["b"].sharex(panels["a"])
    draw_global_factor(panels["a"], main)
    look.legend(panels["a"], loc="upper left")
    look.letter(panels["a"], "a", f"Global factor, {_tau_H(main)}")
    draw_weight(panels["b"], main)
    look.legend(panels["b"], loc="center")
    look.letter(panels["b"], "b", f"Weight of the plastic synapse, {_seeds(main, 'trace_seed')}")
    last_letter = "e" if "paper" in ensembles else "d"
    draw_weight_change(panels["c"], main)
    look.letter(panels["c"], "c", f"Weight change against G, n = {_seeds(main)}")
    if "paper" in ensembles:
        draw_global_factor(panels["d"], ensembles["paper"])
        title = f"Global factor, {_tau_H(ensembles['paper'])} (paper), {_seeds(ensembles['paper'], 'trace_seed')}"
        look.letter(panels["d"], "d", title)
    draw_residuals(panels["e"], ensembles)
    look.letter(panels["e"], last_letter, "Departure from the analytic line")
    return figure


def _tau_H(ensemble: xr.Dataset) -> str:
    return rf"$\tau_H$ = {parameters_of(ensemble)['tau_H_ms'] / 1000:g} s"


def _traces(axes: Axes, ensemble: xr.Dataset, name: str) -> None:
    """Draw the first seed bold and the other seeds with traces thin, and mark the pairings."""
    time_s = ensemble["time_ms"].values / 1000
    traces = ensemble[name].values
    # A point per 1/2000 of the run is finer than the printed line.
    every = max(1, len(time_s) // 2000)
    for trace in traces[:0:-1]:
        axes.plot(time_s[::every], trace[::every], color=look.SKY, lw=0.5, alpha=0.7)
    if len(traces) > 1:
        axes.plot([], [], color=look.SKY, lw=0.8, label=f"{len(traces) - 1} more seeds")
    axes.plot(time_s[::every], traces[0][::every], color=look.BLUE, label=f"seed {ensemble['trace_seed'].values[0]}")
    for k, pre_ms in enumerate(parameters_of(ensemble)["pre_times_ms"]):
        axes.axvline(pre_ms / 1000, color=look.VERMILION, lw=0.8, ls=":", label=None if k else "pairing")
    axes.set_xlabel("time (s)")
    axes.margins(x=0.01)


def draw_global_factor(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw G(t) with the rate of each epoch as what it should reach."""
    parameters = parameters_of(ensemble)
    _traces(axes, ensemble, "G_Hz")
    edges_s = np.arange(len(parameters["rates_Hz"]) + 1) * parameters["epoch_ms"] / 1000
    axes.stairs(
        np.array(parameters["rates_Hz"]) - parameters["target_rate_Hz"],
        edges_s,
        baseline=None,
        color=look.BLACK,
        lw=0.8,
        ls="--",
        label="population rate \N{MINUS SIGN} target",
        zorder=3,
    )
    axes.set_ylabel("G (Hz)")


def draw_weight(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw w(t)."""
    _traces(axes, ensemble, "weight_nS")
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_ylabel("w (nS)")


def draw_weight_change(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw dw against G for all seeds: fitted line, analytic line, and the published sign."""
    G_Hz, dw_nS = ensemble["G_sampled_Hz"].values, ensemble["dw_nS"].values
    grid_Hz = _grid(G_Hz)
    mean = _fitted_lines(ensemble, grid_Hz).mean(axis=0)
    analytic = float(ensemble["slope_analytic_nS_per_Hz"].values[0])
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.axvline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.plot(
        G_Hz.ravel(),
        ensemble["dw_as_published_nS"].values.ravel(),
        "x",
        ms=3,
        mew=0.6,
        color=look.GREY,
        label="published script (before \N{MINUS SIGN} after)",
    )
    axes.plot(
        G_Hz.ravel(),
        dw_nS.ravel(),
        "o",
        ms=2.5,
        mew=0,
        alpha=0.6,
        color=look.BLUE,
        label="pairings (after \N{MINUS SIGN} before)",
        zorder=3,
    )
    # The band of the fit is narrower than the line here: it is in the panel of residuals.
    axes.plot(grid_Hz, mean, color=look.ORANGE, label=f"fit: {mean_slope(ensemble)}")
    axes.plot(grid_Hz, analytic * grid_Hz, color=look.BLACK, ls="--", lw=0.8, label=f"analytic: {_slope(analytic)}")
    axes.set_xlabel("G at the pairing (Hz)")
    axes.set_ylabel(r"$\Delta$w (nS)")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left")


def _grid(G_Hz: np.ndarray) -> np.ndarray:
    """Return points from the lowest to the highest G; none if there is no pairing."""
    return np.linspace(G_Hz.min(), G_Hz.max(), 50) if G_Hz.size else np.zeros(0)


def _slope(slope_nS_per_Hz: float, half_width: str = "", level: str = "") -> str:
    """Return a slope as text."""
    return f"{slope_nS_per_Hz:.4f}{half_width} nS/Hz{level}" if np.isfinite(slope_nS_per_Hz) else "not defined"


def _seeds(ensemble: xr.Dataset, dimension: str = "seed") -> str:
    n = ensemble.sizes[dimension]
    return f"{n} seed{'s' if n > 1 else ''}"


def mean_slope(ensemble: xr.Dataset) -> str:
    """Return the mean fitted slope with the half width of its 95 % interval, as text."""
    slopes = ensemble["slope_sampled_nS_per_Hz"].values
    if len(slopes) < 2:
        return _slope(slopes.mean())
    half = stats.t.ppf(0.975, len(slopes) - 1) * stats.sem(slopes)
    return _slope(slopes.mean(), f" \N{PLUS-MINUS SIGN} {half:.4f}", " (95 %)")


def _fitted_lines(ensemble: xr.Dataset, G_Hz: np.ndarray) -> np.ndarray:
    """Return the fitted line of each seed at some values of G, shape (seeds, values)."""
    slopes, intercepts = ensemble["slope_sampled_nS_per_Hz"].values, ensemble["intercept_sampled_nS"].values
    lines: np.ndarray = slopes[:, None] * G_Hz + intercepts[:, None]
    return lines


def draw_residuals(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw, for each experiment, dw minus the analytic line, with the band of the fitted line."""
    axes.axhline(0, color=look.BLACK, ls="--", lw=0.8, zorder=0)
    for role, (label, colour) in _LABELS.items():
        if role not in ensembles:
            continue
        ensemble = ensembles[role]
        G_Hz, dw_nS = ensemble["G_sampled_Hz"].values, ensemble["dw_nS"].values
        analytic = float(ensemble["slope_analytic_nS_per_Hz"].values[0])
        axes.plot(
            G_Hz.ravel(),
            (dw_nS - analytic * G_Hz).ravel(),
            "o",
            ms=2.5,
            mew=0,
            alpha=0.6,
            color=colour,
            label=f"{label} (n = {ensemble.sizes['seed']})",
        )
        if role == "main" and ensemble.sizes["seed"] >= FEWEST_SEEDS_OF_A_BAND:
            grid_Hz = _grid(G_Hz)
            _, low, high = mean_and_band(_fitted_lines(ensemble, grid_Hz))
            axes.fill_between(
                grid_Hz,
                low - analytic * grid_Hz,
                high - analytic * grid_Hz,
                color=look.BLACK,
                alpha=0.4,
                lw=0,
                zorder=3,
                label=f"95 % band of the fit, {label}",
            )
    axes.set_xlabel("G at the pairing (Hz)")
    axes.set_ylabel("$\\Delta$w \N{MINUS SIGN} analytic (nS)")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left")
