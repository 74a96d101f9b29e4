"""Figure beats: spikes of two regularly firing cells, and the weight between them, for each pair of rates."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.figures import rendering as look

#: Pairs that get a row of their own; the final weights of all are shown below if there are more.
MOST_ROWS = 6

#: Role -> colour.
_COLOURS = {"main": look.BLUE, "subtract": look.ORANGE}

#: Reset of the phase -> label.
_RESETS = {"zero": "x = 0", "subtract": "x \N{MINUS SIGN} 1"}


def draw(ensembles: Mapping[str, xr.Dataset], evaluations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``beats``: ``main``, and if given ``subtract`` with the same pairs.
    evaluations : mapping of str to dict
        Not shown in this figure.

    Returns
    -------
    matplotlib.figure.Figure
        For each pair the first spikes and the weight; a last panel if not all pairs have a row.
    """
    main = ensembles["main"]
    pairs = main.sizes["synapse"]
    rows = min(pairs, MOST_ROWS)
    more = pairs > rows
    figure = Figure(figsize=(look.FULL_WIDTH, 0.4 + 1.95 * (rows + more)), layout=look.layout())
    grid = figure.add_gridspec(rows + more, 2, width_ratios=[1, 1.25])
    highest = max(float(ensemble["weight_highest"].values.max()) for ensemble in ensembles.values())
    lowest = min(0.0, *(float(ensemble["weight_lowest"].values.min()) for ensemble in ensembles.values()))
    for pair in range(rows):
        spikes, weight = figure.add_subplot(grid[pair, 0]), figure.add_subplot(grid[pair, 1])
        draw_spikes(spikes, main, pair)
        look.letter(spikes, _panel(2 * pair), _beat_title(main, pair))
        draw_weight(weight, ensembles, pair)
        weight.set_ylim(lowest - 0.02 * (highest - lowest), highest)
        look.room_above(weight, 0.2 * len(weight.get_lines()))
        look.letter(weight, _panel(2 * pair + 1), "Weight of the synapse")
    if more:
        overview = figure.add_subplot(grid[rows, :])
        draw_final_weights(overview, ensembles)
        look.letter(overview, _panel(2 * rows), f"Final weight of all {pairs} pairs ({rows} of them above)")
    look.say_nothing_is_random(figure)
    return figure


def _panel(number: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[number]


def _parameters(ensemble: xr.Dataset) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def _statistic(ensemble: xr.Dataset, name: str, pair: int) -> float:
    return float(ensemble[name].values[0, pair])


def hertz(rate_Hz: float) -> str:
    """Return a rate with at most two decimals, as text; "no rate" for a cell without intervals."""
    return f"{round(rate_Hz, 2):g} Hz" if np.isfinite(rate_Hz) else "no rate"


def beat_text(beat_Hz: float) -> str:
    """Return a beat frequency as text; a cell with fewer than two spikes has none."""
    return f"beat {hertz(beat_Hz)}" if np.isfinite(beat_Hz) else "too few spikes"


def _beat_title(ensemble: xr.Dataset, pair: int) -> str:
    """Say which rates were asked for, and at what frequency the cells beat."""
    parameters = _parameters(ensemble)
    asked = f"{parameters['pre_rates_Hz'][pair]:g} and {hertz(parameters['post_rates_Hz'][pair])}"
    actual, expected = _statistic(ensemble, "beat_actual_Hz", pair), _statistic(ensemble, "beat_asked_Hz", pair)
    title = f"{asked}: {beat_text(actual)}"
    return title if hertz(actual) in ("no rate", hertz(expected)) else f"{title}, not {hertz(expected)}"


def window_ms(ensemble: xr.Dataset, pair: int) -> float:
    """Return how much of the run the spikes are shown for: three beats, and at least ten intervals."""
    parameters = _parameters(ensemble)
    rates_Hz = np.array([_statistic(ensemble, f"{side}_rate_actual_Hz", pair) for side in ("pre", "post")])
    beat_Hz = _statistic(ensemble, "beat_actual_Hz", pair)
    slowest_Hz = np.nanmin(rates_Hz) if np.isfinite(rates_Hz).any() else np.nan
    ten_intervals_ms = 1e4 / slowest_Hz
    three_beats_ms = 3e3 / beat_Hz if beat_Hz > 0 else ten_intervals_ms
    wanted_ms = max(ten_intervals_ms, min(three_beats_ms, 300.0))
    duration_ms = float(parameters["duration_ms"])
    return min(wanted_ms, duration_ms) if np.isfinite(wanted_ms) else duration_ms


def draw_spikes(axes: Axes, ensemble: xr.Dataset, pair: int) -> None:
    """Draw the first spikes of both cells of a pair, and mark the coincidences."""
    dt_ms, end_ms = _parameters(ensemble)["dt_ms"], window_ms(ensemble, pair)
    steps = {}
    for height, side, colour in ((1, "pre", look.BLACK), (0, "post", look.GREEN)):
        cell = ensemble[f"{side}_spike_cell"].values[0] == pair
        steps[side] = ensemble[f"{side}_spike_step"].values[0][cell]
        shown_ms = steps[side][steps[side] * dt_ms <= end_ms] * dt_ms
        axes.vlines(shown_ms, height - 0.38, height + 0.38, color=colour, lw=0.8)
    both_ms = np.intersect1d(steps["pre"], steps["post"]) * dt_ms
    both_ms = both_ms[both_ms <= end_ms]
    # An empty line that is not clipped has no bounds, and would upset the layout.
    if len(both_ms):
        axes.plot(both_ms, np.full(len(both_ms), 0.5), "d", ms=3.5, mew=0, color=look.VERMILION, clip_on=False)
    post, pre = (hertz(_statistic(ensemble, f"{side}_rate_actual_Hz", pair)) for side in ("post", "pre"))
    axes.set_yticks([0, 0.5, 1], [f"post\n{post}", "same step", f"pre\n{pre}"])
    axes.get_yticklabels()[1].set_color(look.VERMILION)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, end_ms)
    axes.set_ylim(-0.6, 1.6)
    axes.set_xlabel(f"time (ms), first {end_ms:.4g} ms")


def draw_weight(axes: Axes, ensembles: Mapping[str, xr.Dataset], pair: int) -> None:
    """Draw the weight of a pair, for each reset of the phase; the experiment itself in front."""
    for role, ensemble in ensembles.items():
        parameters = _parameters(ensemble)
        if pair >= ensemble.sizes["synapse"] or any(
            parameters[name][pair] != _parameters(ensembles["main"])[name][pair]
            for name in ("pre_rates_Hz", "post_rates_Hz")
        ):
            continue
        weight = ensemble["weight"].values[0, :, pair]
        # A weight changes at few steps: these and the ends draw the same line.
        changes = np.flatnonzero(np.diff(weight, prepend=np.nan, append=np.nan) != 0)
        corners = np.append(changes[:-1], len(weight) - 1)
        label = (
            f"reset {_RESETS[parameters['reset']]}, {beat_text(_statistic(ensemble, 'beat_actual_Hz', pair))}: "
            f"ends at {_statistic(ensemble, 'weight_final', pair):.3f}"
        )
        axes.step(
            ensemble["time_ms"].values[corners] / 1000,
            weight[corners],
            where="post",
            color=_COLOURS[role],
            lw=0.7,
            label=label,
            zorder=3 if role == "main" else 2,
        )
    axes.set_xlim(0, _parameters(ensembles["main"])["duration_ms"] / 1000)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("w")
    look.legend(axes, loc="upper right")


def draw_final_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the final weight of each pair."""
    for role, ensemble in ensembles.items():
        if ensemble.sizes["synapse"] == ensembles["main"].sizes["synapse"]:
            final = ensemble["weight_final"].values[0]
            label = f"reset {_RESETS[_parameters(ensemble)['reset']]}"
            axes.plot(np.arange(1, len(final) + 1), final, "o", ms=3, mew=0, color=_COLOURS[role], label=label)
    axes.set_xlabel("pair")
    axes.set_ylabel("final w")
    look.room_above(axes, 0.3)
    look.legend(axes)
