"""Figure clopath2010: does voltage-based STDP make bidirectional connections? (Clopath et al. 2010)."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from replasticity.figures import rendering as look

FloatArray = npt.NDArray[np.float64]

#: White ground that keeps lines from crossing a text.
_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}

#: Roles of the same experiment at several durations, shortest first.
_DURATIONS = ("main", "long", "longest")


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``clopath_network``: ``main``, and if given ``corrected``, ``long`` and ``longest``.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to h; f only with ``corrected``.
    """
    main = ensembles["main"]
    figure = Figure(figsize=(look.FULL_WIDTH, 8.8), layout=look.layout())
    rows: Any = figure.subfigures(3, 1, height_ratios=[0.85, 1, 1.1])
    axes = rows[0].subplots(1, 3, width_ratios=[1.15, 1.15, 1])
    draw_matrix_as_published(axes[0], main)
    draw_mean_matrix(axes[1], main)
    draw_pairs(axes[2], main)
    axes = rows[1].subplots(1, 3 if "corrected" in ensembles else 2)
    shown = {role: ensembles[role] for role in _DURATIONS if role in ensembles}
    draw_reciprocity(axes[0], shown)
    draw_strong_pairs(axes[1], shown)
    if "corrected" in ensembles:
        draw_correction(axes[2], main, ensembles["corrected"])
    panels = rows[2].subplot_mosaic([["inputs", "spike"], ["neurons", "spike"]], height_ratios=[2.2, 1])
    draw_raster(panels["inputs"], panels["neurons"], main)
    draw_spike(panels["spike"], main)
    return figure


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def _duration(ensemble: xr.Dataset) -> str:
    return f"{_parameters(ensemble)['duration_ms'] / 1000:g} s"


def _seeds(ensemble: xr.Dataset) -> str:
    n = ensemble.sizes["seed"]
    return f"n = {n} seed{'s' if n > 1 else ''}"


def _mean_and_half_width(values: FloatArray) -> tuple[float, float]:
    """Return mean and half width of its 95 % interval; 0 for one seed."""
    if len(values) < 2:
        return float(values.mean()), 0.0
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def _matrix(axes: Axes, weight_mV: FloatArray, low_mV: float, high_mV: float) -> None:
    """Draw a weight matrix with all neurons labelled; the diagonal, where no synapse is, stays grey."""
    count = len(weight_mV)
    shown = np.where(np.eye(count, dtype=bool), np.nan, weight_mV)
    axes.set_facecolor("#CCCCCC")
    image = axes.imshow(shown, cmap="viridis", vmin=low_mV, vmax=high_mV)
    axes.set_xticks(range(count), [str(k + 1) for k in range(count)])
    axes.set_yticks(range(count), [str(k + 1) for k in range(count)])
    axes.tick_params(length=0)
    axes.set_xlabel("to neuron")
    axes.set_ylabel("from neuron")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, pad=0.03)
    bar.set_label("weight (mV)")
    bar.outline.set_linewidth(0.5)


def draw_matrix_as_published(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the weights of one seed, colours from the smallest to the largest, as the published script does."""
    weight_mV = ensemble["exc_exc_weight_final_mV"].values[0]
    others = weight_mV[~np.eye(len(weight_mV), dtype=bool)]
    _matrix(axes, weight_mV, others.min(), others.max())
    look.letter(axes, "a", f"{_duration(ensemble)}, seed {ensemble['seed'].values[0]}, as published")


def draw_mean_matrix(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the mean weights over seeds, colours over the range that weights may have."""
    parameters = _parameters(ensemble)
    weight_mV = ensemble["exc_exc_weight_final_mV"].values.mean(axis=0)
    _matrix(axes, weight_mV, parameters["weight_min_mV"], parameters["weight_max_exc_mV"])
    look.letter(axes, "b", f"{_duration(ensemble)}, mean, {_seeds(ensemble)}")


def draw_pairs(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the change of w_ij against that of w_ji for all pairs of all seeds."""
    weight_mV = ensemble["exc_exc_weight_final_mV"].values - _parameters(ensemble)["weight_exc_exc_mV"]
    upper = np.triu_indices(weight_mV.shape[1], 1)
    one, other = weight_mV[:, *upper], weight_mV.transpose(0, 2, 1)[:, *upper]
    if len(one) > 1:
        axes.plot(
            one[1:].ravel(),
            other[1:].ravel(),
            "o",
            ms=2,
            mew=0,
            alpha=0.4,
            color=look.SKY,
            label=f"{len(one) - 1} other seeds",
        )
    axes.plot(one[0], other[0], "o", ms=3, mew=0, color=look.BLUE, label=f"seed {ensemble['seed'].values[0]}")
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    axes.plot([low, high], [low, high], color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel(r"$\Delta w_{ij}$ (mV)")
    axes.set_ylabel(r"$\Delta w_{ji}$ (mV), $i < j$")
    look.room_above(axes, 0.35)
    look.legend(axes, loc="upper left")
    r = ensemble["reciprocity"].values
    look.letter(axes, "c", f"{_duration(ensemble)}, mean r = {r.mean():.2f}")


def _jitter(count: int) -> npt.NDArray[np.floating]:
    """Return horizontal offsets that keep points of one column apart, the same in each rendering."""
    offsets: npt.NDArray[np.floating] = 0.16 * (np.arange(count) * 0.618034 % 1 - 0.5)
    return offsets


def draw_reciprocity(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the correlation of w_ij with w_ji of each seed beside what shuffled weights give."""
    for x, ensemble in enumerate(ensembles.values()):
        r, null = ensemble["reciprocity"].values, ensemble["reciprocity_null"].values
        axes.plot(
            x + 0.18 + _jitter(len(r)),
            null,
            "_",
            ms=4,
            mew=0.8,
            color=look.GREY,
            label=None if x else "95 % of shuffled weights",
        )
        axes.plot(
            x - 0.18 + _jitter(len(r)), r, "o", ms=2.5, mew=0, alpha=0.7, color=look.BLUE, label=None if x else "seeds"
        )
        mean, half = _mean_and_half_width(r)
        axes.errorbar(
            x - 0.36, mean, half, fmt="s", ms=3.5, capsize=2, color=look.ORANGE, label=None if x else "mean, 95 %"
        )
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    axes.set_xticks(range(len(ensembles)), [f"{_duration(one)}\nn = {one.sizes['seed']}" for one in ensembles.values()])
    axes.set_xlim(-0.6, len(ensembles) - 0.5)
    axes.set_xlabel("simulated time, n seeds")
    axes.set_ylabel("correlation of $w_{ij}$ with $w_{ji}$")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left")
    look.letter(axes, "d", "Reciprocity")


def draw_strong_pairs(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw how many pairs have two strong connections or one, and how many independence predicts."""
    for x, ensemble in enumerate(ensembles.values()):
        two, one = ensemble["strong_two_way"].values, ensemble["strong_one_way"].values
        expected = ensemble["strong_two_way_expected"].values
        cells = _parameters(ensemble)["exc_count"]
        pairs = cells * (cells - 1) / 2
        share = np.sqrt(expected / pairs)
        for offset, observed, predicted, colour, label in (
            (-0.2, two, expected, look.BLUE, "two-way"),
            (0.2, one, 2 * pairs * share * (1 - share), look.SKY, "one-way"),
        ):
            mean, half = _mean_and_half_width(observed)
            axes.bar(x + offset, mean, 0.36, color=colour, label=None if x else label)
            axes.errorbar(x + offset, mean, half, color=look.BLACK, lw=0.8, capsize=2, ls="none")
            axes.plot(
                [x + offset - 0.18, x + offset + 0.18],
                [predicted.mean()] * 2,
                color=look.VERMILION,
                lw=1.5,
                label=None if x or offset < 0 else "if independent",
            )
    axes.set_xticks(range(len(ensembles)), [f"{_duration(one)}\nn = {one.sizes['seed']}" for one in ensembles.values()])
    axes.set_xlabel("simulated time, n seeds")
    axes.set_ylabel(f"pairs (of {pairs:.0f}), mean and 95 %")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left")
    look.letter(axes, "e", "Strong: above mean + 1 sd")


def draw_correction(axes: Axes, main: xr.Dataset, corrected: xr.Dataset) -> None:
    """Draw what correcting the errata changes, seed by seed, in standard deviations of the published script."""
    shown = (
        ("reciprocity", "correlation", 1, 2, ""),
        ("dw_mean_mV", "mean $\\Delta w$", 1000, 1, " µV"),
        ("dw_max_mV", "largest $\\Delta w$", 1000, 1, " µV"),
        ("exc_rate_Hz", "excitatory rate", 1, 2, " Hz"),
    )
    common, of_main, of_corrected = np.intersect1d(main["seed"].values, corrected["seed"].values, return_indices=True)
    for y, (name, label, factor, digits, unit) in enumerate(shown):
        difference = corrected[name].values[of_corrected] - main[name].values[of_main]
        spread = main[name].values.std(ddof=1) if main.sizes["seed"] > 1 else 1.0
        mean, half = _mean_and_half_width(difference)
        axes.plot(
            difference / spread, y + 0.5 * _jitter(len(common)) - 0.2, "o", ms=2, mew=0, alpha=0.5, color=look.SKY
        )
        axes.errorbar(mean / spread, y, xerr=half / spread, fmt="s", ms=3.5, capsize=2, color=look.ORANGE)
        text = f"{label}: {factor * mean:+.{digits}f} ± {factor * half:.{digits}f}{unit}".replace("-", "\N{MINUS SIGN}")
        axes.annotate(text, (0.02, y + 0.18), xycoords=("axes fraction", "data"), va="bottom", fontsize=7, bbox=_WHITE)
    axes.axvline(0, color=look.GREY, lw=0.6, zorder=0)
    # Named for the drawn data; in the figure the names stand above their rows.
    axes.set_yticks(range(len(shown)), [label for _, label, *_ in shown])
    axes.tick_params(left=False, labelleft=False)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(shown) - 0.3)
    axes.set_xlabel("corrected \N{MINUS SIGN} published (sd)")
    look.letter(axes, "f", f"Errata corrected, {len(common)} seeds, 95 %")


def draw_raster(inputs: Axes, neurons: Axes, ensemble: xr.Dataset) -> None:
    """Draw a second of activity: the spikes of the inputs with the moving profile, and of the excitatory neurons."""
    time_s = ensemble["raster_time_ms"].values / 1000
    inputs.sharex(neurons)
    at, channel = np.nonzero(ensemble["raster_input_count"].values[0])
    inputs.plot(time_s[at], channel, ".", ms=1.5, mew=0, color=look.BLUE, rasterized=True)
    inputs.set_ylabel("input channel")
    inputs.tick_params(labelbottom=False)
    inputs.set_ylim(0, ensemble.sizes["input"])
    at, cell = np.nonzero(ensemble["raster_exc_count"].values[0])
    neurons.plot(time_s[at], cell + 1, "|", ms=4, color=look.BLACK)
    neurons.set_ylim(0.3, ensemble.sizes["exc"] + 0.7)
    neurons.set_yticks([1, ensemble.sizes["exc"]])
    neurons.set_ylabel("neuron")
    neurons.set_xlabel("time (s)")
    if len(time_s):
        for axes in (inputs, neurons):
            axes.set_xlim(time_s[0], time_s[-1] + (time_s[1] - time_s[0]))
    neurons.set_label("g_neurons")
    look.letter(inputs, "g", f"Inputs and excitatory spikes, seed {ensemble['trace_seed'].values[0]}")


def draw_spike(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the potential and its low-passed versions around one spike."""
    offset_ms = ensemble["spike_offset_ms"].values
    shown = np.flatnonzero(np.isfinite(ensemble["spike_V_mV"].values).all(axis=1))
    seed = shown[0] if len(shown) else 0
    for name, label, colour in (
        ("spike_V_mV", "V", look.BLACK),
        ("spike_u_plus_mV", r"$\bar u_+$", look.BLUE),
        ("spike_u_minus_mV", r"$\bar u_-$", look.ORANGE),
        ("spike_u_bar_mV", r"$\bar{\bar u}$", look.GREEN),
    ):
        axes.plot(offset_ms, ensemble[name].values[seed], color=colour, label=label, lw=0.8 if label == "V" else 1.2)
    parameters = _parameters(ensemble)
    for name, label in (("theta_plus_mV", r"$\theta_+$"), ("theta_minus_mV", r"$\theta_-$")):
        axes.axhline(parameters[name], color=look.GREY, lw=0.6, ls=":")
        axes.annotate(
            label,
            (1.01, parameters[name]),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7,
            color=look.GREY,
        )
    axes.set_xlabel("time since the spike (ms)")
    axes.set_ylabel("potential (mV)")
    axes.margins(x=0)
    look.legend(axes, loc="upper right")
    look.letter(axes, "h", f"Potentials around one spike, seed {ensemble['trace_seed'].values[seed]}")
