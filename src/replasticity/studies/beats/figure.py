"""Figure beats: spikes of two regularly firing cells, the weight between them, and what the time grid does to it."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.rendering import parameters_of

#: Pairs that get a row of their own; the final weights of all are shown below if there are more.
MOST_ROWS = 6

#: Panels of the time step in one row.
MOST_COLUMNS = 3

#: Role -> colour, and that of the mean over a beat.
_COLOURS = {"main": look.BLUE, "subtract": look.ORANGE}
_MEAN_COLOURS = {"main": look.BLACK, "subtract": look.VERMILION}

#: Which spike of a coincidence is first with exact times, as along the dimension `first` of `weight_no_grid`.
ORDERS = ("pre", "post")

_RATES = ("pre_rates_Hz", "post_rates_Hz")

#: Reset of the phase -> label.
RESETS = {"zero": "x = 0", "subtract": "x \N{MINUS SIGN} 1"}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``beats``: ``main``, and if given ``subtract`` with the same pairs.

    Returns
    -------
    matplotlib.figure.Figure
        For each pair the first spikes (panels a, c, e) and the weight (b, d, f), then the final weight against the time
        step (g, h, i); a last panel if not all pairs have a row.
    """
    main = ensembles["main"]
    pairs = main.sizes["synapse"]
    rows = min(pairs, MOST_ROWS)
    more = pairs > rows
    steps_rows = -(-rows // MOST_COLUMNS)
    heights = [1.9 * rows, 1.9 * steps_rows, *([1.9] if more else [])]
    figure = Figure(figsize=(look.FULL_WIDTH, 0.4 + sum(heights)), layout=look.layout())
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    limits = _weight_limits(ensembles)
    for pair, (spikes, weight) in enumerate(parts[0].subplots(rows, 2, width_ratios=[1, 1.1], squeeze=False)):
        draw_spikes(spikes, main, pair)
        look.letter(spikes, _panel(2 * pair), _beat_title(main, pair))
        draw_weight(weight, ensembles, pair)
        weight.set_ylim(limits)
        look.letter(weight, _panel(2 * pair + 1), "Weight of the synapse")
    for pair in range(rows):
        axes = parts[1].add_subplot(steps_rows, min(rows, MOST_COLUMNS), pair + 1)
        draw_time_steps(axes, ensembles, pair)
        axes.set_ylim(limits)
        if pair + 1 == min(rows, MOST_COLUMNS):
            _legend_beside(axes)
        look.letter(axes, _panel(2 * rows + pair), f"{_asked(main, pair)}: final w")
    if more:
        overview = parts[2].subplots()
        draw_final_weights(overview, ensembles)
        look.letter(overview, _panel(3 * rows), f"Final weight of all {pairs} pairs ({rows} of them above)")
    look.say_nothing_is_random(figure)
    return figure


def _reset(ensemble: xr.Dataset) -> str:
    return f"reset {RESETS[parameters_of(ensemble)['reset']]}"


def _panel(number: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[number]


def _weight_limits(ensembles: Mapping[str, xr.Dataset]) -> tuple[float, float]:
    """Return the ends of the axes of weights: the bounds of the weight, as in the source, if it has any."""
    parameters = parameters_of(ensembles["main"])
    if parameters["clip_weight"]:
        return 0.0, float(parameters["weight_max"])
    names = ("weight_lowest", "weight_highest", "weight_finer", "weight_no_grid")
    values = np.concatenate([ensemble[name].values.ravel() for ensemble in ensembles.values() for name in names])
    margin = 0.02 * np.ptp(values)
    return float(values.min() - margin), float(values.max() + margin)


def _with_same_pair(ensembles: Mapping[str, xr.Dataset], pair: int) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield role and ensemble of those that have the same rates at the place of a pair as the experiment itself."""
    asked = [parameters_of(ensembles["main"])[name][pair] for name in _RATES]
    for role, ensemble in ensembles.items():
        parameters = parameters_of(ensemble)
        if pair < ensemble.sizes["synapse"] and [parameters[name][pair] for name in _RATES] == asked:
            yield role, ensemble


def _statistic(ensemble: xr.Dataset, name: str, pair: int) -> float:
    return float(ensemble[name].values[0, pair])


def hertz(rate_Hz: float) -> str:
    """Return a rate with at most two decimals, as text; "no rate" for a cell without intervals."""
    return f"{round(rate_Hz, 2):g} Hz" if np.isfinite(rate_Hz) else "no rate"


def beat_text(beat_Hz: float) -> str:
    """Return a beat frequency as text; a cell with fewer than two spikes has none."""
    return f"beat {hertz(beat_Hz)}" if np.isfinite(beat_Hz) else "too few spikes"


def _asked(ensemble: xr.Dataset, pair: int) -> str:
    """Return the rates asked for."""
    pre_Hz, post_Hz = (parameters_of(ensemble)[name][pair] for name in _RATES)
    return f"{pre_Hz:g}/{hertz(post_Hz)}"


def _legend_beside(axes: Axes) -> None:
    """Put the legend beside axes whose ends are the bounds of the weight: there is no room in them."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.04), handlelength=1.2, borderaxespad=0.0, frameon=False)


def _beat_title(ensemble: xr.Dataset, pair: int) -> str:
    """Say which rates were asked for, and at what frequency the cells beat."""
    actual, expected = _statistic(ensemble, "beat_actual_Hz", pair), _statistic(ensemble, "beat_asked_Hz", pair)
    title = f"{_asked(ensemble, pair)}: {beat_text(actual)}"
    return title if hertz(actual) in ("no rate", hertz(expected)) else f"{title}, not {round(expected, 2):g}"


def window_ms(ensemble: xr.Dataset, pair: int) -> float:
    """Return how much of the run the spikes are shown for: three beats, and at least ten intervals."""
    parameters = parameters_of(ensemble)
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
    dt_ms, end_ms = parameters_of(ensemble)["dt_ms"], window_ms(ensemble, pair)
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
    for role, ensemble in _with_same_pair(ensembles, pair):
        weight = ensemble["weight"].values[0, :, pair]
        # A weight changes at few steps: these and the ends draw the same line.
        changes = np.flatnonzero(np.diff(weight, prepend=np.nan, append=np.nan) != 0)
        corners = np.append(changes[:-1], len(weight) - 1)
        label = (
            f"{_reset(ensemble)}, {beat_text(_statistic(ensemble, 'beat_actual_Hz', pair))}:\n"
            f"ends at {_statistic(ensemble, 'weight_final', pair):.3f}"
        )
        axes.step(
            ensemble["time_ms"].values[corners] / 1000,
            weight[corners],
            where="post",
            color=_COLOURS[role],
            lw=0.7,
            alpha=0.6,
            label=label,
            zorder=3 if role == "main" else 2,
        )
        time_s, mean = beat_average(ensemble, pair)
        if len(mean):
            label = f"{_reset(ensemble)}, mean over a beat"
            axes.plot(time_s, mean, color=_MEAN_COLOURS[role], lw=1.2, label=label, zorder=4, clip_on=False)
    axes.set_xlim(0, parameters_of(ensembles["main"])["duration_ms"] / 1000)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("w")
    _legend_beside(axes)


def beat_average(ensemble: xr.Dataset, pair: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean weight over one period of the beat against the middle of the period [s].

    Nothing is returned where there is no beat, or the run is shorter than one.
    """
    beat_Hz, dt_ms = _statistic(ensemble, "beat_actual_Hz", pair), parameters_of(ensemble)["dt_ms"]
    weight = ensemble["weight"].values[0, :, pair]
    steps = round(1000 / (beat_Hz * dt_ms)) if beat_Hz > 1e-9 else 0
    if not 0 < steps <= len(weight):
        return np.zeros(0), np.zeros(0)
    sums = np.cumsum(np.insert(weight, 0, 0.0))
    # A hundred points for each beat are a smooth line.
    first = np.arange(0, len(weight) - steps + 1, max(1, steps // 100))
    middle_s = (ensemble["time_ms"].values[first] + steps * dt_ms / 2) / 1000
    return middle_s, (sums[first + steps] - sums[first]) / steps


def draw_time_steps(axes: Axes, ensembles: Mapping[str, xr.Dataset], pair: int) -> None:
    """Draw the final weight of a pair against the time step, and with exact spike times in either order."""
    for role, ensemble in reversed(list(_with_same_pair(ensembles, pair))):
        parameters = parameters_of(ensemble)
        dt_ms = parameters["dt_ms"] / np.array([1, *parameters["dt_divisions"]])
        final = [_statistic(ensemble, "weight_final", pair), *ensemble["weight_finer"].values[0, :, pair]]
        # Open circles in front let equal weights be seen.
        looks = {"ms": 4, "mew": 0.7, "mfc": "none"} if role == "main" else {"ms": 2.5, "mew": 0}
        axes.plot(dt_ms, final, "o", color=_COLOURS[role], label=_reset(ensemble), clip_on=False, **looks)
    exact = ensembles["main"]["weight_no_grid"].values[0, :, pair]
    for weight, first, style in zip(exact, ORDERS, ("-", "--"), strict=True):
        label = f"exact times, coincidence:\n{first} spike first"
        axes.axhline(weight, color=look.GREY, lw=0.9, ls=style, label=label, zorder=1)
    axes.set_xscale("log")
    axes.set_xlabel("time step (ms)")
    axes.set_ylabel("final w")


def draw_final_weights(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the final weight of each pair."""
    for role, ensemble in ensembles.items():
        if ensemble.sizes["synapse"] == ensembles["main"].sizes["synapse"]:
            final = ensemble["weight_final"].values[0]
            numbers = np.arange(1, len(final) + 1)
            axes.plot(numbers, final, "o", ms=3, mew=0, color=_COLOURS[role], label=_reset(ensemble))
    axes.set_xlabel("pair")
    axes.set_ylabel("final w")
    look.room_above(axes, 0.3)
    look.legend(axes)
