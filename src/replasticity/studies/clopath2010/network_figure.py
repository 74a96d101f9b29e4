"""Figure clopath2010: does voltage-based STDP make bidirectional connections? (Clopath et al. 2010)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from scipy import stats

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import mean_and_band
from replasticity.plotting.rendering import parameters_of

FloatArray = npt.NDArray[np.float64]

#: Roles of the same experiment at several durations, shortest first.
_DURATIONS = ("main", "long", "longest")

#: Role of a corrected experiment -> what is corrected in it.
_CORRECTIONS = {
    "inhibition": "inhibition inhibits",
    "adaptation": "b = 80.5 pA",
    "history": "history starts at rest",
    "start": "neurons start at rest",
    "solver": "finer solver",
    "corrected": "all but the solver",
}

#: Statistics whose change by the corrections is shown: name, label, factor.
_EFFECTS = (
    ("reciprocity", "correlation of $w_{ij}$ with $w_{ji}$", 1.0),
    ("dw_mean_mV", "mean weight change (µV)", 1000.0),
    ("exc_rate_Hz", "excitatory rate (Hz)", 1.0),
)

#: With fewer seeds their mean has no interval worth drawing: the seeds themselves are shown.
_FEWEST_FOR_INTERVAL = 5


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return panels a to j (without corrected experiments a to i) of the network's ensembles.

    ``main``, and as far as given the longer runs ``long`` and ``longest``, ``start``, and those in which errata are
    corrected, one by one and together.
    """
    main = ensembles["main"]
    durations = [ensembles[role] for role in _DURATIONS if role in ensembles]
    corrections = {label: ensembles[role] for role, label in _CORRECTIONS.items() if role in ensembles}
    figure = Figure(figsize=(look.FULL_WIDTH, 9.7 if corrections else 8.2), layout=look.layout())
    heights = [1.7, 1.9, 2.4, *([1.5] if corrections else []), 2.2]
    subfigures: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    rows = iter(subfigures)

    axes = _one_and_several(next(rows), len(durations))
    draw_matrix_as_published(axes[0], main, "a")
    draw_matrices(axes[1:], durations, "b")
    axes = _one_and_several(next(rows), len(durations))
    draw_pairs(axes[0], main, "c")
    draw_fields(axes[1:], durations, "d")
    axes = next(rows).subplots(1, 3)
    draw_similarity(axes[0], ensembles.get("long", main), "e")
    draw_course(axes[1], durations, ensembles.get("start"), "f")
    draw_strong_pairs(axes[2], durations, "g")
    if corrections:
        draw_corrections(next(rows).subplots(1, len(_EFFECTS), sharey=True), main, corrections, "h")
    panels = next(rows).subplot_mosaic([["inputs", "spike"], ["neurons", "spike"]], height_ratios=[2.2, 1])
    draw_raster(panels["inputs"], panels["neurons"], main, "i" if corrections else "h")
    draw_spike(panels["spike"], main, "j" if corrections else "i")
    return figure


def _one_and_several(row: Any, count: int) -> Sequence[Axes]:
    """Return axes of a row: one wider than the others, which stand below those of other rows."""
    axes: Sequence[Axes] = row.subplots(1, 1 + count, width_ratios=[1.25] + count * [1.0])
    return axes


def _duration(ensemble: xr.Dataset) -> str:
    return f"{parameters_of(ensemble)['duration_ms'] / 1000:g} s"


def _first_seed(ensemble: xr.Dataset) -> str:
    return f"seed {ensemble['seed'].values[0]}"


def _count(ensemble: xr.Dataset) -> str:
    n = ensemble.sizes["seed"]
    return f"n = {n} seed{'s' if n > 1 else ''}"


def _mean_and_half_width(values: FloatArray) -> tuple[float, float]:
    """Return mean and half width of its 95 % t interval over seeds."""
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def _once(axes: Axes, label: str) -> str:
    """Return a label for the legend, or none if something in the panel has it already."""
    return "" if label in axes.get_legend_handles_labels()[1] else label


def _changes_mV(ensemble: xr.Dataset) -> FloatArray:
    """Return final minus initial weights of all seeds; 0 where there is no synapse, as in the published script."""
    final_mV: FloatArray = ensemble["exc_exc_weight_final_mV"].values
    others = ~np.eye(final_mV.shape[1], dtype=bool)
    initial_mV: FloatArray = parameters_of(ensemble)["weight_exc_exc_mV"] * others
    return final_mV - initial_mV


def _name_neurons(axes: Axes, count: int, step: int) -> None:
    """Name the neurons on both axes, each or some of them, from 1."""
    numbers = range(0, count, step)
    axes.set_xticks(numbers, [str(k + 1) for k in numbers])
    axes.set_yticks(numbers, [str(k + 1) for k in numbers])
    axes.tick_params(length=0)
    axes.set_xlabel("to neuron")


def _scale_of_colours(images: Sequence[ScalarMappable], axes: Sequence[Axes], label: str) -> None:
    """Draw one scale of colours beside axes whose images share it."""
    bar = axes[0].figure.colorbar(images[-1], ax=axes, shrink=0.85, pad=0.03, aspect=15)
    bar.set_label(label)
    bar.outline.set_linewidth(0.5)
    for image in images:
        # So that the drawn data of each have it.
        image.colorbar = bar


def draw_matrix_as_published(axes: Axes, ensemble: xr.Dataset, letter: str) -> None:
    """Draw the change of the weights of one seed as the published script does: colours over what there is."""
    change_mV = _changes_mV(ensemble)[0]
    image = axes.imshow(change_mV, cmap="viridis")
    _name_neurons(axes, len(change_mV), 1)
    axes.tick_params(labelsize=6)
    axes.set_ylabel("from neuron")
    _scale_of_colours([image], [axes], "weight change (mV)")
    look.letter(axes, letter, f"{_duration(ensemble)}, {_first_seed(ensemble)}, as published")


def draw_matrices(panels: Sequence[Axes], ensembles: Sequence[xr.Dataset], letter: str) -> None:
    """Draw the weights of the first seed after each duration, colours over the range that weights may have."""
    parameters = parameters_of(ensembles[0])
    images = []
    for axes, ensemble in zip(panels, ensembles, strict=True):
        weight_mV = ensemble["exc_exc_weight_final_mV"].values[0]
        shown = np.where(np.eye(len(weight_mV), dtype=bool), np.nan, weight_mV)
        axes.set_facecolor("#CCCCCC")
        limits = {"vmin": parameters["weight_min_mV"], "vmax": parameters["weight_max_exc_mV"]}
        images.append(axes.imshow(shown, cmap="viridis", **limits))
        _name_neurons(axes, len(weight_mV), 3)
        axes.set_ylabel("from neuron" if axes is panels[0] else "")
    _name_columns(panels, ensembles, letter)
    _scale_of_colours(images, panels, "weight (mV)")


def draw_fields(panels: Sequence[Axes], ensembles: Sequence[xr.Dataset], letter: str) -> None:
    """Draw the input weights of the first seed after each duration, as means over the inputs of each centre."""
    fields_mV = [ensemble["input_weight_by_centre_mV"].values[0] for ensemble in ensembles]
    low_mV, high_mV = min(map(np.min, fields_mV)), max(map(np.max, fields_mV))
    images = []
    for axes, ensemble, field_mV in zip(panels, ensembles, fields_mV, strict=True):
        images.append(axes.imshow(field_mV, cmap="viridis", vmin=low_mV, vmax=high_mV))
        _name_neurons(axes, field_mV.shape[1], 3)
        centres = parameters_of(ensemble)["centres"]
        axes.set_yticks(range(0, len(centres), 3), [str(centre) for centre in centres[::3]])
        axes.set_ylabel("input channel" if axes is panels[0] else "")
    _name_columns(panels, ensembles, letter)
    _scale_of_colours(images, panels, "input weight (mV)")


def _name_columns(panels: Sequence[Axes], ensembles: Sequence[xr.Dataset], letter: str) -> None:
    """Write the letter of panels that stand together, and above each which run it shows."""
    for number, (axes, ensemble) in enumerate(zip(panels, ensembles, strict=True), 1):
        title = f"{_duration(ensemble)}, {_first_seed(ensemble)}"
        if number == 1:
            look.letter(axes, letter, title)
        else:
            axes.set_label(f"{letter}_{number}")
            axes.set_title(title, loc="left", x=0.0, pad=5)


def draw_pairs(axes: Axes, ensemble: xr.Dataset, letter: str) -> None:
    """Draw the change of w_ij against that of w_ji for all pairs of all seeds."""
    change_uV = 1000 * _changes_mV(ensemble)
    upper = np.triu_indices(change_uV.shape[1], 1)
    one, other = change_uV[:, *upper], change_uV.transpose(0, 2, 1)[:, *upper]
    _draw_first_and_others(axes, ensemble, one, other)
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    axes.plot([low, high], [low, high], color=look.GREY, lw=0.6, zorder=0)
    axes.set_xlabel(r"$\Delta w_{ij}$ (µV)")
    axes.set_ylabel(r"$\Delta w_{ji}$ (µV), $i < j$")
    look.room_above(axes, 0.2)
    look.legend(axes, loc="upper left")
    r = ensemble["reciprocity"].values
    look.letter(axes, letter, f"{_duration(ensemble)}, mean r = {r.mean():.2f}")


def _draw_first_and_others(axes: Axes, ensemble: xr.Dataset, x: FloatArray, y: FloatArray) -> None:
    """Draw points of all seeds, those of the first one on top."""
    if len(x) > 1:
        label = f"{len(x) - 1} other seed{'s' if len(x) > 2 else ''}"
        axes.plot(x[1:].ravel(), y[1:].ravel(), "o", ms=1.5, mew=0, alpha=0.4, color=look.SKY, label=label)
    axes.plot(x[0], y[0], "o", ms=2.5, mew=0, color=look.BLUE, label=_first_seed(ensemble))


def draw_similarity(axes: Axes, ensemble: xr.Dataset, letter: str) -> None:
    """Draw what both weights of a pair have gained on average against how alike the inputs of its neurons are."""
    change_mV = _changes_mV(ensemble)
    one, other = np.triu_indices(change_mV.shape[1], 1)
    gain_uV = 500 * (change_mV[:, one, other] + change_mV[:, other, one])
    fields_mV = ensemble["input_weight_by_centre_mV"].values
    similarity = np.stack([np.corrcoef(field_mV.T)[one, other] for field_mV in fields_mV])
    _draw_first_and_others(axes, ensemble, similarity, gain_uV)
    axes.set_xlabel("correlation of two neurons' inputs")
    axes.set_ylabel("mean change of a pair (µV)")
    look.room_above(axes, 0.25)
    look.legend(axes, loc="upper left")
    r = ensemble["similarity_effect"].values
    look.letter(axes, letter, f"{_duration(ensemble)}, mean r = {r.mean():.2f}")


def draw_course(axes: Axes, ensembles: Sequence[xr.Dataset], rested: xr.Dataset | None, letter: str) -> None:
    """Draw the correlation of w_ij with w_ji over time, as published and started at rest, and of shuffled weights."""
    colours = (look.BLUE, look.SKY, look.GREEN)
    courses = [(ensemble, colour, _duration(ensemble)) for ensemble, colour in zip(ensembles, colours, strict=False)]
    if rested is not None:
        courses.append((rested, look.ORANGE, f"{_duration(rested)}, from rest"))
    for ensemble, colour, label in courses:
        r = ensemble["reciprocity_course"].values
        # Before the first spike of a presynaptic neuron no weight has been read, and all are still equal.
        defined = np.isfinite(r).all(axis=0)
        time_s, r = ensemble["course_time_ms"].values[defined] / 1000, r[:, defined]
        if len(r) < _FEWEST_FOR_INTERVAL:
            lines = axes.plot(time_s, r.T, color=colour, lw=0.4, alpha=0.6)
            lines[0].set_label(_once(axes, "each seed"))
        else:
            _, low, high = mean_and_band(r)
            axes.fill_between(time_s, low, high, color=colour, alpha=0.25, lw=0)
        axes.plot(time_s, r.mean(axis=0), "o-", ms=2.5, color=colour, label=label)
    null = np.concatenate([ensemble["reciprocity_null"].values for ensemble in ensembles])
    axes.axhline(null.mean(), color=look.GREY, lw=0.8, ls="--", label="95 % of shuffled")
    axes.set_xscale("log")
    axes.set_xlabel("simulated time (s)")
    axes.set_ylabel("correlation of $w_{ij}$, $w_{ji}$")
    look.room_above(axes, 0.5)
    look.legend(axes, loc="upper left", columns=2)
    counts = ", ".join(str(ensemble.sizes["seed"]) for ensemble in ensembles)
    look.letter(axes, letter, f"Reciprocity, n = {counts}")


def draw_strong_pairs(axes: Axes, ensembles: Sequence[xr.Dataset], letter: str) -> None:
    """Draw how many pairs have two strong connections or one, and how many independence predicts."""
    for x, ensemble in enumerate(ensembles):
        two, one = ensemble["strong_two_way"].values, ensemble["strong_one_way"].values
        expected = ensemble["strong_two_way_expected"].values
        neurons = parameters_of(ensemble)["exc_count"]
        pairs = neurons * (neurons - 1) / 2
        share = np.sqrt(expected / pairs)
        for offset, observed, predicted, colour, label in (
            (-0.2, two, expected, look.BLUE, "two-way"),
            (0.2, one, 2 * pairs * share * (1 - share), look.SKY, "one-way"),
        ):
            axes.bar(x + offset, observed.mean(), 0.36, color=colour, label=None if x else label)
            if len(observed) < _FEWEST_FOR_INTERVAL:
                at = np.full(len(observed), x + offset)
                axes.plot(at, observed, "o", ms=2, color=look.BLACK, label=_once(axes, "each seed"))
            else:
                mean, half = _mean_and_half_width(observed)
                axes.errorbar(x + offset, mean, half, color=look.BLACK, lw=0.8, capsize=2, ls="none")
            axes.plot(
                [x + offset - 0.18, x + offset + 0.18],
                [predicted.mean()] * 2,
                color=look.VERMILION,
                lw=1.5,
                label=None if x or offset < 0 else "by chance",
            )
    axes.set_xticks(
        range(len(ensembles)), [f"{_duration(ensemble)}\nn = {ensemble.sizes['seed']}" for ensemble in ensembles]
    )
    axes.set_xlabel("simulated time, n seeds")
    axes.set_ylabel(f"pairs of {pairs:.0f}, mean, 95 %")
    look.room_above(axes, 0.4)
    look.legend(axes, loc="upper left", columns=2)
    look.letter(axes, letter, "Strong: above mean + 1 sd")


def draw_corrections(
    panels: Sequence[Axes], main: xr.Dataset, corrections: Mapping[str, xr.Dataset], letter: str
) -> None:
    """Draw what each correction changes, the same seeds with and without it, in the unit of each quantity."""
    for number, (axes, (name, label, factor)) in enumerate(zip(panels, _EFFECTS, strict=True), 1):
        for y, corrected in enumerate(corrections.values()):
            _, mine, theirs = np.intersect1d(main["seed"].values, corrected["seed"].values, return_indices=True)
            change = factor * (corrected[name].values[theirs] - main[name].values[mine])
            if len(change) < _FEWEST_FOR_INTERVAL:
                axes.plot(change, np.full(len(change), y), "o", ms=2.5, mew=0, alpha=0.7, color=look.BLUE)
            else:
                mean, half = _mean_and_half_width(change)
                axes.errorbar(mean, y, xerr=half, fmt="s", ms=3, capsize=2, color=look.BLUE)
        axes.axvline(0, color=look.GREY, lw=0.6, zorder=0)
        axes.set_xlabel(f"change of the\n{label}")
        axes.locator_params(axis="x", nbins=4)
        axes.tick_params(axis="y", length=0)
        if number > 1:
            axes.set_label(f"{letter}_{number}")
            axes.tick_params(axis="y", labelleft=False)
            axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(corrections)), list(corrections))
    panels[0].set_ylim(len(corrections) - 0.5, -0.5)
    few = main.sizes["seed"] < _FEWEST_FOR_INTERVAL
    shown = "each seed" if few else "mean and 95 %"
    look.letter(panels[0], letter, f"{_duration(main)}, what is corrected: {shown}, {_count(main)}")


def draw_raster(inputs: Axes, neurons: Axes, ensemble: xr.Dataset, letter: str) -> None:
    """Draw a second of activity: the spikes of the inputs with the moving profile, and of the excitatory neurons."""
    time_s = ensemble["raster_time_ms"].values / 1000
    inputs.sharex(neurons)
    at, channel = np.nonzero(ensemble["raster_input_count"].values[0])
    inputs.plot(time_s[at], channel, ".", ms=1.5, mew=0, color=look.BLUE, rasterized=True)
    inputs.set_ylabel("input channel")
    inputs.tick_params(labelbottom=False)
    inputs.set_ylim(0, ensemble.sizes["input"])
    at, neuron = np.nonzero(ensemble["raster_exc_count"].values[0])
    neurons.plot(time_s[at], neuron + 1, "|", ms=4, color=look.BLACK)
    neurons.set_ylim(0.3, ensemble.sizes["exc"] + 0.7)
    neurons.set_yticks([1, ensemble.sizes["exc"]])
    neurons.set_ylabel("neuron")
    neurons.set_xlabel("time (s)")
    if len(time_s):
        neurons.set_xlim(time_s[0], time_s[-1] + (time_s[1] - time_s[0]))
    neurons.set_label(f"{letter}_neurons")
    look.letter(inputs, letter, f"Inputs and excitatory spikes, seed {ensemble['trace_seed'].values[0]}")


def draw_spike(axes: Axes, ensemble: xr.Dataset, letter: str) -> None:
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
    parameters = parameters_of(ensemble)
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
    look.letter(axes, letter, f"Potentials around one spike, seed {ensemble['trace_seed'].values[seed]}")
