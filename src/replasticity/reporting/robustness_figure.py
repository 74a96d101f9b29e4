"""The figure of what was found about the claims of an experiment around its printed parameters; a row for each claim.

A row has the claim along its strongest parameters one at a time, the sets of parameters over the two strongest, and the
time step. Everything is drawn from the stored summary, but for the sets.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from replasticity.definitions.experiments import Claim, Resolved
from replasticity.plotting import drawn_data
from replasticity.plotting import rendering as look
from replasticity.robustness import designs
from replasticity.robustness.estimates import estimates, side_of
from replasticity.robustness.findings import Sample
from replasticity.robustness.summary import (
    Axis,
    ClaimFound,
    Effect,
    OneAtATime,
    Point,
    Refinement,
    Side,
    Summary,
)
from replasticity.storage import datasets, integrity
from replasticity.storage.integrity import CONTENT_DIGEST

#: At most so many parameters of a claim are shown; of each of many claims fewer, so that all fit on a page.
_MOST_PARAMETERS, _MOST_BARS, _FEWEST_PARAMETERS = 12, 40, 4
#: At most so many sets are shown; the first ones of a nested design are spread over all of the neighbourhood.
_MOST_SETS = 512
#: Lines of text are broken after so many characters, which the width of a page has room for.
_LINE_LENGTH, _MOST_LINES = 115, 3
#: Longer names are cut in their middle; beside a small panel they stand in two lines from so many characters on.
_LONGEST_NAME, _HALF_A_NAME = 28, 17
#: Heights in inches: of a line of text, of a bar, and of all else in a row; signs in a line of their explanation.
_LINE, _BAR, _AROUND, _SIGNS = 0.145, 0.15, 0.78, 4

_COLOURS = (look.BLUE, look.SKY)
_SIDES: dict[Side, tuple[str, str]] = {
    "holds": (look.BLUE, "o"),
    "does not hold": (look.VERMILION, "x"),
    "undefined": (look.GREY, "+"),
}
_ESTIMATES = {"mean_in_range": "mean of {}", "seeds_in_range": "share of seeds, {}", "exact_in_range": "{}"}


@dataclass(frozen=True)
class Sets:
    """Sets of parameters, and how the claims stand there.

    Attributes
    ----------
    within : float
        Distance from the printed values.
    values : mapping of str to ndarray of float64, shape (set,)
        Parameter -> its value; of a list, the factor on all of its values.
    sides : mapping of str to list of Side
        Claim -> its side in each set.
    """

    within: float
    values: Mapping[str, npt.NDArray[np.float64]]
    sides: Mapping[str, list[Side]]


def sets_of(sample: Sample, resolved: Resolved, claims: Sequence[Claim]) -> Sets:
    """Return the independent sets of a sample that the experiment takes, and how the claims stand there.

    Parameters
    ----------
    sample : Sample
        What was simulated within one distance, in rows.
    resolved : Resolved
        The experiment.
    claims : sequence of Claim
        The claims of the values, in their order.
    """
    points = np.array([each for part in sample.rows for each in part.changes], dtype=object)
    independent = points.reshape(-1, len(sample.axes) + 2)[:, : designs.AB][sample.accepted]
    values = sample.row_values[:, : designs.AB][sample.accepted]
    # A choice has no place on an axis.
    numbers = {name: np.atleast_1d(resolved.values[name]) for name in sample.axes}
    printed = {name: own for name, own in numbers.items() if own.dtype.kind in "if"}
    # All values of a list have the same factor; one that is 0 does not tell it.
    telling = {name: int(np.flatnonzero(own)[0]) for name, own in printed.items()}

    def moved(changes: Mapping[str, Any], name: str) -> float:
        value = changes.get(name, resolved.values[name])
        return float(value[telling[name]] / printed[name][telling[name]] if isinstance(value, list) else value)

    return Sets(
        sample.within,
        {name: np.array([moved(each, name) for each in independent]) for name in printed},
        {
            claim.id: [side_of(claim, each) for each in estimates(claim, values[..., place])]
            for place, claim in enumerate(claims)
        },
    )


def draw(summary: Summary, sets: Sequence[Sets] = ()) -> Figure:
    """Return the figure of a summary in the common style.

    Parameters
    ----------
    summary : Summary
        What was found.
    sets : sequence of Sets
        Those of the farthest distance are shown; without any there is no map.

    Returns
    -------
    matplotlib.figure.Figure
        A lettered panel for each claim, with its ``_map`` and its ``_steps`` beside it.
    """
    return look.in_our_style(lambda: _figure(summary, max(sets, key=lambda each: each.within, default=None)))


def write(summary: Summary, sets: Sequence[Sets], paths: Mapping[str, Path]) -> None:
    """Draw the figure and write it, and what it draws.

    Parameters
    ----------
    summary, sets
        As for `draw`.
    paths : mapping of str to Path
        Format, of `replasticity.plotting.rendering.FORMATS` or ``"nc"`` -> file.

    Raises
    ------
    UserError
        If a file cannot be written.
    """
    figure = draw(summary, sets)
    pictures = {suffix: path for suffix, path in paths.items() if suffix != drawn_data.SUFFIX}
    for path in pictures.values():
        look.save(figure, path)
    if drawn_data.SUFFIX in paths:
        digests = {suffix: integrity.of_file(path) for suffix, path in pictures.items()}
        datasets.write(collect(figure, summary, digests), paths[drawn_data.SUFFIX])


def collect(figure: Figure, summary: Summary, pictures: Mapping[str, str]) -> xr.DataTree:
    """Return what the figure draws, as `replasticity.plotting.drawn_data.collect` does of other figures."""
    drawing = drawn_data.collect(figure, f"{summary.experiment}_robustness", {"main": origin_of(summary)}, pictures)
    drawing.attrs["history"] = summary.command
    return drawing


def origin_of(summary: Summary) -> xr.Dataset:
    """Return what drawn data say of the ensemble that they are from, of a summary."""
    keys = {"experiment": summary.experiment, "parameters_digest": summary.parameters_digest}
    return xr.Dataset(coords={"seed": summary.seeds}, attrs=keys | {CONTENT_DIGEST: summary.content_digest})


class _Row(NamedTuple):
    """What a claim's row shows."""

    claim: ClaimFound
    bars: list[OneAtATime]
    text: str

    @property
    def height(self) -> float:
        """In inches."""
        return _AROUND + _LINE * (self.text.count("\n") + 1) + _BAR * max(len(self.bars), 6)


def _figure(summary: Summary, sets: Sets | None) -> Figure:
    most = min(_MOST_PARAMETERS, max(_FEWEST_PARAMETERS, _MOST_BARS // max(1, len(summary.claims))))
    rows = [_Row(claim, _strongest(claim, most), _text(claim)) for claim in summary.claims]
    handles = _handles(summary, sets)
    heights = [*(row.height for row in rows), 0.1 + _LINE * math.ceil(len(handles) / _SIGNS)]
    figure = Figure(figsize=(look.FULL_WIDTH, sum(heights)), layout=look.layout())
    *parts, foot = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for number, (part, row) in enumerate(zip(parts, rows, strict=True)):
        letter = chr(ord("a") + number)
        part.suptitle(row.text, x=0.01, ha="left", fontsize=8, parse_math=False)
        names = [each.parameter for each in _moved_together(row.claim, sets, summary)]
        panels = (
            {"": 1.8} | ({"_map": 1.0} if len(names) == 2 else {}) | ({"_steps": 1.0} if row.claim.refinement else {})
        )
        axes = part.subplots(1, len(panels), width_ratios=list(panels.values()), squeeze=False)[0]
        for suffix, each in zip(panels, axes, strict=True):
            if suffix == "":
                _draw_bars(each, row, summary, letter)
            else:
                each.set_label(f"{letter}{suffix}")
            if suffix == "_map" and sets is not None:
                _draw_map(each, row.claim, names, sets, summary)
            if suffix == "_steps" and row.claim.refinement is not None:
                _draw_steps(each, row.claim, row.claim.refinement)
    foot.legend(handles=handles, loc="center", ncols=_SIGNS, frameon=False, handlelength=1.5)
    return figure


def _text(claim: ClaimFound) -> str:
    """Return the claim and what was found, in lines that a page has room for."""
    lines = (
        textwrap.wrap(each, _LINE_LENGTH, max_lines=_MOST_LINES, placeholder=" …")
        for each in (claim.statement, f"\N{RIGHTWARDS ARROW} {claim.line}")
    )
    return "\n".join(line for part in lines for line in part)


def _strongest(claim: ClaimFound, most: int) -> list[OneAtATime]:
    """Return the parameters to show, the one that moves the estimate most first; those that turn it before others."""

    def reach(each: OneAtATime) -> float:
        estimates = _estimates(each.points)
        return max(estimates) - min(estimates) if estimates else 0.0

    chosen = sorted(claim.one_at_a_time, key=lambda each: (not _turns(each), -reach(each)))[:most]
    return sorted(chosen, key=lambda each: -reach(each))


def _turns(each: OneAtATime) -> bool:
    return bool(each.flips) or any(point.turned for point in each.points)


def _estimates(points: Sequence[Point]) -> list[float]:
    return [point.estimate for point in points if point.estimate is not None]


def _axes_of(summary: Summary, parameter: str) -> dict[float, Axis]:
    """Return distance -> a parameter's neighbourhood within it, the nearest first; empty for a choice."""
    found = {float(within): axis for within, axes in summary.axes.items() for axis in axes if axis.name == parameter}
    return {within: found[within] for within in sorted(found) if found[within].low is not None}


def _draw_bars(axes: Axes, row: _Row, summary: Summary, letter: str) -> None:
    """Draw the range of the estimate along each parameter within each distance, and where it is shown to turn."""
    claim, bars = row.claim, row.bars
    printed = claim.printed.estimate
    places = np.arange(len(bars))
    colours = dict(zip(sorted(map(float, summary.axes)), _COLOURS, strict=False))
    for within, colour in reversed(colours.items()):
        _draw_ranges(axes, [_within(each, _axes_of(summary, each.parameter).get(within)) for each in bars], colour)
    choices = [[] if _axes_of(summary, each.parameter) else list(each.points) for each in bars]
    _draw_ranges(axes, choices, look.PURPLE)
    turned = [
        (point.estimate, place)
        for place, each in zip(places, bars, strict=True)
        for point in each.points
        if point.turned
    ]
    if turned:
        axes.plot(*zip(*turned, strict=True), "D", color=look.VERMILION, ms=3, mec="white", mew=0.4, ls="")
    if printed is not None:
        axes.axvline(printed, color=look.BLACK, lw=0.8)
    axes.set_yticks(places, [_short(each.parameter) for each in bars])
    axes.set_ylim(max(len(bars), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    _shade(axes, claim, "x", [*(value for each in bars for value in _estimates(each.points)), printed])
    axes.set_xlabel(_quantity(claim))
    for place, each in zip(places, bars, strict=True):
        if note := _note(each):
            axes.annotate(
                note,
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=6,
                color=look.GREY,
                annotation_clip=False,
            )
    n = len(summary.seeds) if claim.settled is not None else 1
    of = (
        f"{len(bars)} of {len(claim.one_at_a_time)} parameters"
        if len(bars) < len(claim.one_at_a_time)
        else "Parameters"
    )
    look.letter(axes, letter, f"{of}, n = {n} seed{'s' * (n > 1)}")


def _within(each: OneAtATime, axis: Axis | None) -> list[Point]:
    """Return the points of a parameter inside one neighbourhood."""
    if axis is None or axis.low is None or axis.high is None:
        return []
    low, high = sorted((axis.low, axis.high))
    slack = 1e-9 * max(abs(low), abs(high))
    return [point for point in each.points if low - slack <= point.value <= high + slack]


def _draw_ranges(axes: Axes, of_bars: Sequence[Sequence[Point]], colour: str) -> None:
    """Draw a bar from the smallest estimate to the largest one of the points of each place."""
    ends = [(place, min(values), max(values)) for place, points in enumerate(of_bars) if (values := _estimates(points))]
    if ends:
        place, low, high = np.array(ends).T
        axes.barh(place, high - low, left=low, height=0.7, color=colour)


def _note(each: OneAtATime) -> str:
    """Return in few words where a claim turns along a parameter."""
    if each.flips:
        # Three digits, and no power of ten where a reader needs none.
        places = [f"{float(f'{(low + high) / 2:.3g}'):.10g}" for low, high in sorted(each.flips)]
        return f"flips at {', '.join(places[:2])}{', …' if len(places) > 2 else ''}"
    turned = [str(point.value) for point in each.points if point.turned]
    return f"not with {turned[0]}{', …' if len(turned) > 1 else ''}" if turned else ""


def _short(name: str) -> str:
    """Return a name that is not too long for the side of a panel."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _in_lines(text: str) -> str:
    """Return a text that is not too long for the side of a small panel, broken near its middle."""
    if len(text) <= _HALF_A_NAME:
        return text
    breaks = [place for place in range(1, len(text)) if text[place - 1] in "_ "] or [len(text) // 2]
    place = min(breaks, key=lambda each: abs(each - len(text) / 2))
    return f"{text[:place].rstrip()}\n{text[place:]}"


def _quantity(claim: ClaimFound) -> str:
    units = "" if claim.units == "1" or claim.test == "seeds_in_range" else f" ({claim.units})"
    return f"{_ESTIMATES[claim.test].format(_short(claim.statistic))}{units}"


def _shade(axes: Axes, claim: ClaimFound, along: str, values: Sequence[float | None]) -> None:
    """Fit an axis to values and the bound that is nearest to them, and shade where the claim does not hold."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    bounds = [bound for bound in (claim.lower, claim.upper) if bound is not None]
    middle = claim.printed.estimate if claim.printed.estimate is not None else (known or bounds)[0]
    known.append(min(bounds, key=lambda bound: abs(bound - middle)))
    room = 0.06 * (max(known) - min(known)) or 0.1 * abs(known[0]) or 1.0
    low, high = min(known) - room, max(known) + room
    (axes.set_xlim if along == "x" else axes.set_ylim)(low, high)
    span, line = (axes.axvspan, axes.axvline) if along == "x" else (axes.axhspan, axes.axhline)
    for start, end, bound in ((low, claim.lower, claim.lower), (claim.upper, high, claim.upper)):
        if start is not None and end is not None and start < end and bound is not None:
            span(start, end, color=look.GREY, alpha=0.15, lw=0, zorder=0)
            line(bound, color=look.BLACK, lw=0.8, ls="--")


def _moved_together(claim: ClaimFound, sets: Sets | None, summary: Summary) -> list[Effect]:
    """Return the two parameters with the strongest effects in the neighbourhood that sets are from, if there are."""
    if sets is None or claim.id not in sets.sides:
        return []
    effects = [effect for each in claim.neighbourhoods if each.within == sets.within for effect in each.effects]
    is_number = [each.parameter in sets.values and sets.within in _axes_of(summary, each.parameter) for each in effects]
    return [effect for effect, is_one in zip(effects, is_number, strict=True) if is_one][:2]


def _draw_map(axes: Axes, claim: ClaimFound, names: Sequence[str], sets: Sets, summary: Summary) -> None:
    """Draw sets over two parameters, by the side on which the claim is there, and the printed values."""
    x, y = (np.asarray(sets.values[name])[:_MOST_SETS] for name in names)
    sides = np.array(sets.sides[claim.id], object)[: len(x)]
    for side, (colour, marker) in _SIDES.items():
        here = sides == side
        if here.any():
            axes.plot(
                x[here], y[here], marker, color=colour, ms=2 if marker == "o" else 3, mew=0 if marker == "o" else 0.7
            )
    moved = [_axes_of(summary, name)[sets.within] for name in names]
    is_list = [isinstance(axis.printed, list) for axis in moved]
    at = [1.0 if factor else float(axis.printed) for axis, factor in zip(moved, is_list, strict=True)]
    axes.plot(*([place] for place in at), "*", color=look.ORANGE, mec=look.BLACK, mew=0.5, ms=8)
    labels = [
        _in_lines(f"factor on {_short(name)}" if factor else _short(name))
        for name, factor in zip(names, is_list, strict=True)
    ]
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(labels[0], fontsize=7)
    axes.set_ylabel(labels[1], fontsize=7)
    axes.set_title(f"{len(x)} sets within {100 * sets.within:g} %", loc="left", x=0.0, pad=5, fontsize=7)


def _draw_steps(axes: Axes, claim: ClaimFound, refinement: Refinement) -> None:
    """Draw the estimate at each time step, and its limit at a step of 0."""
    known = [point for point in refinement.points if point.estimate is not None]
    steps = np.array([float(point.value) for point in known])
    estimates = np.array(_estimates(known))
    intervals = [point.interval or (math.nan, math.nan) for point in known]
    values: list[float | None] = [*estimates, *np.ravel(intervals)]
    if refinement.limit is not None and len(known) > 1:
        # The line runs through the limit and the middle of the points that it was fitted to: where nothing is random,
        # the two finest.
        fitted = np.argsort(steps)[: len(steps) if refinement.limit_interval else 2]
        middle, mean = steps[fitted].mean(), estimates[fitted].mean()
        slope = (mean - refinement.limit) / middle
        axes.plot(
            [0, steps.max()], [refinement.limit, refinement.limit + slope * steps.max()], "--", color=look.GREY, lw=0.8
        )
        _draw_points(axes, [0.0], [refinement.limit], [refinement.limit_interval], look.ORANGE, "s")
        values += [refinement.limit, *(refinement.limit_interval or ())]
    _draw_points(axes, steps, estimates, [point.interval for point in known], look.BLUE, "o")
    _shade(axes, claim, "y", values)
    axes.locator_params(axis="x", nbins=3)
    axes.set_xlabel("time step (ms)", fontsize=7)
    axes.set_ylabel(_in_lines(_quantity(claim)), fontsize=7)
    title = "Time step: a grid effect" if refinement.grid_effect else "Time step"
    axes.set_title(title, loc="left", x=0.0, pad=5, fontsize=7)


def _draw_points(
    axes: Axes, x: Any, y: Any, intervals: Sequence[tuple[float, float] | None], colour: str, marker: str
) -> None:
    """Draw estimates with their intervals where they have one."""
    known = [(place, *interval) for place, interval in zip(x, intervals, strict=True) if interval is not None]
    if known:
        axes.vlines(*np.array(known).T, color=colour, lw=0.8)
    axes.plot(x, y, marker, color=colour, ms=3.5, ls="")


def _handles(summary: Summary, sets: Sets | None) -> list[Any]:
    """Return what the signs of all rows mean."""

    def sign(marker: str, colour: str, label: str, **more: Any) -> Line2D:
        return Line2D([], [], ls="", marker=marker, color=colour, label=label, **{"ms": 4, **more})

    handles: list[Any] = [
        Patch(color=colour, label=f"range within {100 * within:g} %")
        for within, colour in zip(sorted(map(float, summary.axes)), _COLOURS, strict=False)
    ]
    claims = summary.claims
    if any(not _axes_of(summary, each.parameter) for claim in claims for each in claim.one_at_a_time):
        handles.append(Patch(color=look.PURPLE, label="range over all choices"))
    handles += [
        Patch(color=look.GREY, alpha=0.15, label="the claim does not hold"),
        Line2D([], [], color=look.BLACK, lw=0.8, ls="--", label="bound of the claim"),
        Line2D([], [], color=look.BLACK, lw=0.8, label="printed parameters"),
    ]
    if any(point.turned for claim in claims for each in claim.one_at_a_time for point in each.points):
        handles.append(sign("D", look.VERMILION, "turned"))
    if sets is not None:
        seen = {side for sides in sets.sides.values() for side in sides[:_MOST_SETS]}
        handles += [sign(marker, colour, f"set: {side}") for side, (colour, marker) in _SIDES.items() if side in seen]
        handles.append(sign("*", look.ORANGE, "printed set", mec=look.BLACK, mew=0.5, ms=8))
    if any(claim.refinement is not None and claim.refinement.limit is not None for claim in claims):
        handles.append(sign("s", look.ORANGE, "limit at a step of 0"))
    return handles
