"""Figure urbanczik2014: soma and dendrite while they learn and when they recall, learning curve and weights.

After the published example of Urbanczik and Senn (2014), drawn presentation by presentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.equations.urbanczik_senn_formulas import (
    dendritic_prediction,
    escape_rate_Hz,
    log_slope,
    matching_potential,
)
from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import FEWEST_SEEDS_OF_A_BAND, seeds_of
from replasticity.plotting.rendering import parameters_of

FloatArray = npt.NDArray[np.float64]

#: "Early" is this presentation of the learning window, counted from 1.
EARLY = 10

#: One line in so many of the synapses is drawn.
EVERY_SYNAPSE = 10

#: Bands show this range over seeds [%].
BAND = (10, 90)

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Column:
    """One presentation of one ensemble, drawn from top to bottom."""

    title: str
    ensemble: xr.Dataset
    presentation: int
    driven: bool

    @property
    def p(self) -> SimpleNamespace:
        """The parameters, as attributes."""
        return SimpleNamespace(**parameters_of(self.ensemble))


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``urbanczik2014``: ``main``, and if given ``recall``, ``matched`` and ``unitless``.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to f with a column per presentation, and panels g to j.
    """
    main = ensembles["main"]
    columns = shown_presentations(ensembles)
    figure = Figure(figsize=(look.FULL_WIDTH, 11.4), layout=look.layout())
    parts = figure.subfigures(2, 1, height_ratios=[1.75, 1], squeeze=False)
    above, below = parts[:, 0]
    rows = (
        (draw_potentials, "a", "Potentials"),
        (draw_conductances, "b", "Somatic conductances"),
        (draw_currents, "c", "Dendritic currents"),
        (draw_rates, "d", "Rates"),
        (draw_learning_signal, "e", "Learning signal"),
        (draw_weight_of_error, "f", "Its weight"),
    )
    panels = above.subplots(
        len(rows), len(columns), sharex=True, sharey="row", squeeze=False, height_ratios=[1.3, 1, 1, 1, 1, 1]
    )
    for row, (draw_panel, letter, title) in enumerate(rows):
        for number, (axes, column) in enumerate(zip(panels[row], columns, strict=True), 1):
            draw_panel(axes, column)
            axes.label_outer()
            axes.set_label(f"{letter}_column_{number}")
        look.letter(panels[row, 0], letter, title)
        _legend_beside_title(panels[row, 0])
    for axes, column in zip(panels[0], columns, strict=True):
        look.column_title(axes, column.title)
    for axes in panels[-1]:
        axes.set_xlabel("time (ms)")
        axes.set_xlim(0, parameters_of(main)["pattern_ms"])

    (learning, recall), (weights, distribution) = below.subplots(2, 2)
    n = seeds_of(main)
    draw_learning_curve(learning, ensembles)
    look.letter(learning, "g", f"Difference from the imposed potential, {n}")
    draw_recall(recall, ensembles)
    look.letter(recall, "h", f"Error of the recalled signal, {n}")
    draw_weights(weights, main)
    look.letter(weights, "i", f"Every {EVERY_SYNAPSE}th of {main.sizes['synapse']} weights, {_seed(main)}")
    draw_distribution(distribution, main)
    look.letter(distribution, "j", f"Weights at the end, {main.sizes['synapse']} synapses, {n}")
    return figure


def _seed(ensemble: xr.Dataset) -> str:
    return f"seed {ensemble['trace_seed'].values[0]}"


def _window(ensemble: xr.Dataset) -> tuple[int, int]:
    """Return the first presentation of the learning window and the first one after it."""
    parameters = parameters_of(ensemble)
    first = parameters["presentations_before"]
    return first, first + parameters["presentations_learning"]


def shown_presentations(ensembles: Mapping[str, xr.Dataset]) -> list[Column]:
    """Return the columns: first, early and last presentation with drive, and the first after it if there is one."""
    main = ensembles["main"]
    first, end = _window(main)
    count = end - first
    seed = _seed(main)
    chosen = sorted({1, min(EARLY, count), count})
    columns = [Column(f"learning, {k} of {count}\n({seed})", main, first + k - 1, driven=True) for k in chosen]
    for role, note in (("recall", "no plasticity"), ("main", "plasticity on")):
        if role in ensembles and parameters_of(ensembles[role])["presentations_after"] > 0:
            ensemble = ensembles[role]
            title = f"recall: no drive,\n{note} ({_seed(ensemble)})"
            return [*columns, Column(title, ensemble, _window(ensemble)[1], driven=False)]
    return columns


def _trace(column: Column, name: str, presentation: int | None = None) -> FloatArray:
    """Return the first seed's samples of one presentation."""
    ensemble, pattern_ms = column.ensemble, column.p.pattern_ms
    start_ms = (column.presentation if presentation is None else presentation) * pattern_ms
    time_ms = ensemble["time_ms"].values
    # Half a microsecond is far below any time step, and far above rounding.
    inside = (time_ms > start_ms + 5e-4) & (time_ms < start_ms + pattern_ms + 5e-4)
    values: FloatArray = ensemble[name].values[..., inside]
    return values if name == "time_ms" else values[0]


def _time_ms(column: Column) -> FloatArray:
    """Return the samples' times since the presentation's start [ms]."""
    start_ms: float = column.presentation * column.p.pattern_ms
    return _trace(column, "time_ms") - start_ms


def _prediction_mV(column: Column) -> FloatArray:
    """Return V_W* [mV]."""
    return dendritic_prediction(_trace(column, "V_mV"), column.p)


def _imposed_mV(column: Column) -> FloatArray:
    """Return U_M [mV] of the column's presentation, or of the last one with drive."""
    presentation = column.presentation if column.driven else _window(column.ensemble)[1] - 1
    g_E_nS, g_I_nS = (_trace(column, name, presentation) for name in ("g_E_nS", "g_I_nS"))
    return matching_potential(g_E_nS, g_I_nS, column.p)


def _note(axes: Axes, text: str) -> None:
    """Say at the bottom of a panel what is drawn."""
    axes.annotate(
        text,
        xy=(0.02, 0.03),
        xycoords="axes fraction",
        ha="left",
        va="bottom",
        fontsize=7,
        color=look.GREY,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _legend_beside_title(axes: Axes) -> None:
    """Put the legend on the line of the panel's title, which is free of anything else up to the last column."""
    box = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.95, 1.0),
        borderaxespad=0.0,
        borderpad=0.25,
        ncols=5,
        frameon=False,
        handlelength=1.5,
        columnspacing=1.2,
    )
    # Otherwise the layout would widen the first column until the legend fits.
    box.set_in_layout(False)


def draw_potentials(axes: Axes, column: Column) -> None:
    """Draw U, V_W, V_W* and U_M."""
    time_ms = _time_ms(column)
    axes.plot(time_ms, _trace(column, "V_mV"), color=look.SKY, lw=0.8, label="$V_W$")
    axes.plot(time_ms, _prediction_mV(column), color=look.BLUE, label="$V_W^*$")
    axes.plot(time_ms, _trace(column, "U_mV"), color=look.ORANGE, label="$U$")
    label = "$U_M$ (last column: of the last presentation with drive)"
    axes.plot(time_ms, _imposed_mV(column), color=look.BLACK, lw=0.8, ls="--", label=label)
    axes.set_ylabel("potential (mV)")


def draw_conductances(axes: Axes, column: Column) -> None:
    """Draw the conductances at the soma."""
    axes.plot(_time_ms(column), _trace(column, "g_E_nS"), color=look.VERMILION, label="$g_E$")
    axes.plot(_time_ms(column), _trace(column, "g_I_nS"), color=look.GREEN, label="$g_I$")
    axes.set_ylabel("$g$ (nS)")


def draw_currents(axes: Axes, column: Column) -> None:
    """Draw the currents into the dendrite."""
    axes.plot(_time_ms(column), _trace(column, "I_E_pA") / 1000, color=look.PURPLE, label="$I_E$")
    if column.p.weight_min_pA >= 0:
        label = "$I_I$ (always 0: no weight is negative)"
        axes.plot(_time_ms(column), np.zeros(len(_time_ms(column))), color=look.GREEN, lw=0.8, label=label)
    axes.set_ylabel("$I$ (nA)")


def draw_rates(axes: Axes, column: Column) -> None:
    """Draw the rates that U and V_W* stand for, and the spikes."""
    time_ms = _time_ms(column)
    axes.plot(
        time_ms, escape_rate_Hz(_trace(column, "V_mV"), column.p), color=look.SKY, lw=0.8, label=r"$\varphi(V_W)$"
    )
    axes.plot(time_ms, escape_rate_Hz(_prediction_mV(column), column.p), color=look.BLUE, label=r"$\varphi(V_W^*)$")
    axes.plot(time_ms, escape_rate_Hz(_trace(column, "U_mV"), column.p), color=look.ORANGE, label=r"$\varphi(U)$")
    spikes_ms = time_ms[_trace(column, "spike_count") > 0]
    top_Hz = 1000 * column.p.rate_max_per_ms
    axes.plot(spikes_ms, np.full(len(spikes_ms), 1.1 * top_Hz), "|", color=look.BLACK, ms=6, label="somatic spikes")
    axes.set_ylim(-0.03 * top_Hz, 1.2 * top_Hz)
    axes.set_ylabel("rate (Hz)")


def draw_learning_signal(axes: Axes, column: Column) -> None:
    """Draw by how much the rate of the soma exceeds the predicted one."""
    error_Hz = escape_rate_Hz(_trace(column, "U_mV"), column.p) - escape_rate_Hz(_prediction_mV(column), column.p)
    axes.axhline(0, color=look.GREY, lw=0.6, zorder=0)
    label = rf"$\varphi(U)$ {_MINUS} $\varphi(V_W^*)$"
    axes.plot(_time_ms(column), error_Hz, color=look.VERMILION, label=label)
    axes.set_ylabel("error (Hz)")


def draw_weight_of_error(axes: Axes, column: Column) -> None:
    """Draw the factor of the error in the rule: h = 15 phi' / phi."""
    h = log_slope(_prediction_mV(column), column.p)
    axes.plot(_time_ms(column), h, color=look.GREEN, label="$h(V_W^*)$")
    axes.set_ylabel("$h$ (1)")
    axes.set_ylim(0, 1.05 * 15 * column.p.beta_per_mV)


def _median_and_band(axes: Axes, x: FloatArray, values: FloatArray, colour: str, label: str) -> None:
    """Draw the median over seeds (axis 0) with the band; with fewer than five seeds, the seeds instead of the band."""
    axes.plot(x, np.median(values, axis=0), color=colour, label=label)
    if 1 < len(values) < FEWEST_SEEDS_OF_A_BAND:
        axes.plot(x, values.T, color=colour, lw=0.4)
    elif len(values) > 1:
        low, high = np.percentile(values, BAND, axis=0)
        axes.fill_between(x, low, high, color=colour, alpha=0.25, lw=0)


def draw_learning_curve(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the RMS of U - U_M and of V_W* - U_M against the presentation, for both learning rates."""
    for role in ("main", "matched"):
        if role not in ensembles:
            continue
        ensemble = ensembles[role]
        first, end = _window(ensemble)
        presentation = np.arange(1.0, end - first + 1)
        eta = rf"$\eta$ = {parameters_of(ensemble)['eta_pA_mV_per_ms']:g}"
        for name, colour, symbol in (
            ("rms_prediction_mV", look.BLUE, "$V_W^*$"),
            ("rms_U_mV", look.ORANGE, "$U$"),
        ):
            label = f"{symbol} {_MINUS} $U_M$, {eta}"
            values = ensemble[name].values[:, first:end]
            if role == "main":
                _median_and_band(axes, presentation, values, colour, label)
            else:
                axes.plot(presentation, np.median(values, axis=0), color=colour, lw=1.2, ls=":", label=label)
    if "unitless" in ensembles:
        ensemble = ensembles["unitless"]
        first, end = _window(ensemble)
        some = np.arange(first, end, max(1, (end - first) // 10))
        eta = rf"$\eta$ = {parameters_of(ensemble)['eta_pA_mV_per_ms']:g}"
        for name in ("rms_prediction_mV", "rms_U_mV"):
            median = np.median(ensemble[name].values[:, some], axis=0)
            axes.plot(some - first + 1, median, "x", color=look.BLACK, ms=3.5, mew=0.7)
        axes.plot([], [], "x", color=look.BLACK, ms=3.5, mew=0.7, label=f"{eta}, publication's units")
    seeds = ensembles["main"].sizes["seed"]
    if seeds > 1:
        # In the legend, since the data leave no other room for it.
        width, label = (
            (4, f"{BAND[0]}\N{EN DASH}{BAND[1]} % of seeds") if seeds >= FEWEST_SEEDS_OF_A_BAND else (0.4, "seeds")
        )
        axes.plot([], [], color=look.GREY, lw=width, alpha=0.5, label=f"median; {label}")
    axes.set_xlabel("presentation with drive")
    axes.set_ylabel("RMS difference (mV)")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    look.room_above(axes, 0.8)
    look.legend(axes, loc="upper right", columns=2)


def draw_recall(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the RMS of U - U_M (of the last presentation with drive) in the presentations without drive."""
    main = ensembles["main"]
    ticks: dict[float, str] = {}
    before, _ = _window(main)
    x: FloatArray = np.arange(-before, 0, dtype=np.float64)
    if before:
        values = main["rms_U_recall_mV"].values[:, :before]
        _points(axes, x, values, look.GREY, "before learning")
        ticks |= {place: f"{k}" for k, place in enumerate(x, 1)}
    for role, colour, label, shift in (
        ("main", look.VERMILION, "after it, plasticity on", 0.12),
        ("recall", look.BLUE, "after it, no plasticity", -0.12),
    ):
        if role not in ensembles:
            continue
        end = _window(ensembles[role])[1]
        values = ensembles[role]["rms_U_recall_mV"].values[:, end:]
        x = np.arange(1, values.shape[1] + 1, dtype=np.float64)
        if len(x):
            _points(axes, x + shift, values, colour, label)
            ticks |= {place: f"{place:g}" for place in x}
    axes.axvline(0, color=look.GREY, lw=0.8, ls="--")
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel("presentation without drive, before | after learning")
    axes.set_ylabel("RMS difference (mV)")
    axes.set_ylim(bottom=0)
    if ticks:
        look.legend(axes, loc="upper right")
    if main.sizes["seed"] >= FEWEST_SEEDS_OF_A_BAND:
        _note(axes, f"points: median; bars: {BAND[0]}\N{EN DASH}{BAND[1]} % of seeds")
    elif main.sizes["seed"] > 1:
        _note(axes, "points: median; black: seeds")


def _points(axes: Axes, x: FloatArray, values: FloatArray, colour: str, label: str) -> None:
    """Draw medians over seeds (axis 0) as points, and the band as bars; with fewer than five seeds, the seeds."""
    median = np.median(values, axis=0)
    if len(values) < FEWEST_SEEDS_OF_A_BAND:
        axes.plot(x, median, "o", ms=3, color=colour, label=label)
        if len(values) > 1:
            axes.plot(x, values.T, "o", ms=1.2, mew=0, color=look.BLACK, zorder=3)
        return
    low, high = np.percentile(values, BAND, axis=0)
    axes.errorbar(x, median, yerr=[median - low, high - median], fmt="o", ms=3, lw=0.8, color=colour, label=label)


def draw_weights(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the weights of some synapses of the first seed against time."""
    p = parameters_of(ensemble)
    weight_pA = ensemble["weight_pA"].values[0][:, ::EVERY_SYNAPSE]
    time_s = np.arange(len(weight_pA) + 1) * p["pattern_ms"] / 1000
    start = np.full((1, weight_pA.shape[1]), p["weight_initial_pA"])
    axes.plot(time_s, np.vstack([start, weight_pA]), lw=0.7, color=look.BLUE, alpha=0.7)
    for place in _window(ensemble):
        axes.axvline(place * p["pattern_ms"] / 1000, color=look.GREY, lw=0.8, ls="--")
    axes.plot([], [], color=look.GREY, lw=0.8, ls="--", label="drive on, drive off")
    axes.set_xlabel("time (s)")
    axes.set_ylabel("weight (pA)")
    axes.margins(x=0.02)
    look.room_above(axes, 0.15)
    look.legend(axes, loc="upper left")


def draw_distribution(axes: Axes, ensemble: xr.Dataset) -> None:
    """Draw the final weights of all seeds: those at the lower bound apart from the others."""
    p = parameters_of(ensemble)
    weight_pA = ensemble["weight_final_pA"].values
    at_bound = weight_pA == p["weight_min_pA"]
    above = weight_pA[~at_bound]
    width_pA = 20.0
    top_pA = max(weight_pA.max(), p["weight_initial_pA"]) + width_pA
    edges = np.arange(p["weight_min_pA"], top_pA + width_pA, width_pA)
    share = np.histogram(above, edges)[0] / weight_pA.size
    axes.stairs(100 * share, edges, fill=True, color=look.SKY, label=f"others, bins of {width_pA:g} pA")
    per_seed = 100 * at_bound.mean(axis=1)
    spread = f" \N{PLUS-MINUS SIGN} {per_seed.std(ddof=1):.1f}" if len(per_seed) > 1 else ""
    apart_pA = p["weight_min_pA"] - 2.5 * width_pA
    axes.bar(
        apart_pA,
        per_seed.mean(),
        width=width_pA,
        color=look.VERMILION,
        label=f"exactly {p['weight_min_pA']:g}: {per_seed.mean():.1f}{spread} %",
    )
    start = "at the start; stays without spikes"
    axes.axvline(p["weight_initial_pA"], color=look.BLACK, lw=0.8, ls="--", label=start)
    ticks = [tick for tick in axes.get_xticks() if edges[0] <= tick <= edges[-1]]
    axes.set_xticks([apart_pA, *ticks], [f"= {p['weight_min_pA']:g}", *(f"{tick:g}" for tick in ticks)])
    axes.set_xlabel("weight (pA)")
    axes.set_ylabel("share of synapses (%)")
    look.legend(axes, loc="upper right")
