"""The panels of a figure as charts that zoom and show values, made from the drawn data beside the figure.

What a figure draws is kept as data (see `replasticity.plotting.drawn_data`), so nothing here knows a model or a figure.
"""

import html
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr
from matplotlib.colors import to_hex

from replasticity.plotting.panels import letter_of
from replasticity.reporting.mathtext import as_html
from replasticity.reporting.thinning import Floats, kept_of_line, kept_of_points

#: A series keeps at most so many points: about two per pixel of a chart's width.
MOST_POINTS = 2000

_DASHES = {"--": "dash", ":": "dot", "-.": "dashdot"}
_SYMBOLS = {
    "o": "circle",
    ".": "circle",
    ",": "circle",
    "x": "x-thin-open",
    "+": "cross-thin-open",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "d": "diamond-tall",
    "|": "line-ns-open",
    "_": "line-ew-open",
}
_MARKER_SIZE, _DOT_SIZE = 5, 3
_LINE_WIDTH = 1.4
_HEIGHT_PX = 340
#: What a line of the legend takes.
LINE_OF_LEGEND_PX = 18
#: Labels are broken into lines of so many characters, and two of them stand side by side if none has more than half.
_LABEL_LENGTH = 40


@dataclass(frozen=True)
class Panel:
    """One panel of a figure.

    Attributes
    ----------
    name : str
        Its name in the drawn data, such as "a" or "a_column_2".
    letter : str
        The letter that it has in the figure, or that the panel has to which it belongs.
    title : str
        Its title in the figure, as HTML; panels under one letter differ by column or quantity.
    chart : str
        Plotly's JSON of the chart.
    height_px : int
        Its height, with room for its legend.
    thinned : str
        What was left out of it, in words; empty if nothing was.
    """

    name: str
    letter: str
    title: str
    chart: str
    height_px: int
    thinned: str


def panels(drawn: xr.DataTree) -> Iterator[Panel]:
    """Yield the panels of a figure.

    Parameters
    ----------
    drawn : xarray.DataTree
        Drawn data, from `replasticity.plotting.drawn_data.read`.

    Yields
    ------
    Panel
        One per panel, in the order of their letters.
    """
    for name, panel in sorted(drawn.children.items(), key=lambda each: letter_of(each[0])):
        figure = go.Figure(layout=_layout(panel.attrs))
        drawn_points = shown_points = 0
        for series in panel.children.values():
            trace, drawn_here, shown_here = _TRACES[series.attrs["kind"]](series.to_dataset(), panel.attrs)
            label = _broken(as_html(series.attrs.get("label", "")))
            trace.update(name=label, opacity=float(series.attrs.get("opacity", 1.0)))
            if trace.type != "image":
                trace.update(showlegend=bool(label))
            figure.add_trace(trace)
            drawn_points += drawn_here
            shown_points += shown_here
        thinned = f"{shown_points:,} of {drawn_points:,} points shown" if shown_points < drawn_points else ""
        height_px = _HEIGHT_PX + LINE_OF_LEGEND_PX * _lines_of_legend([trace.name for trace in figure.data])
        title = as_html(_title(name, drawn))
        yield Panel(str(name), letter_of(name), title, chart_json(figure), height_px, thinned)


def _broken(label: str) -> str:
    """Return a label, as HTML without a break, in lines that a phone has room for."""
    lines = [""]
    for word in label.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _length(longer) > _LABEL_LENGTH:
            lines.append(word)
        else:
            lines[-1] = longer
    return "<br>".join(lines)


def _length(label: str) -> int:
    """Return how many characters of some HTML are seen."""
    return len(html.unescape(re.sub("<[^>]*>", "", label)))


def _lines_of_legend(labels: Iterable[str]) -> int:
    lines = [label.split("<br>") for label in labels if label]
    if all(_length(part) <= _LABEL_LENGTH / 2 for parts in lines for part in parts):
        return math.ceil(len(lines) / 2)
    return sum(map(len, lines))


def _title(name: str, drawn: xr.DataTree) -> str:
    """Return the title of a panel as a reader of the figure would say it."""
    together = {other: panel.attrs for other, panel in drawn.children.items() if letter_of(other) == letter_of(name)}
    first = next((attributes["title"] for attributes in together.values() if attributes["title"]), "")
    titles = {other: str(attributes["title"] or first) for other, attributes in together.items()}
    alike = [together[other] for other, title in titles.items() if title == titles[name]]
    part = "" if len(alike) == 1 else _what_differs(together[name], alike)
    return ": ".join(filter(None, (titles[name], part)))


def _what_differs(panel: Mapping[Any, Any], alike: list[dict[Any, Any]]) -> str:
    """Return what tells a panel from others of the same title: its column, or the quantity on one of its axes."""
    for key in ("column_title", "y_label", "x_label"):
        texts = [attributes.get(key, "") for attributes in alike]
        if panel.get(key) and len(set(texts)) == len(texts):
            return str(panel[key])
    return ""


def chart_json(figure: go.Figure) -> str:
    """Return a chart as JSON that may stand inside a page's ``script`` element."""
    return embedded(json.loads(figure.to_json()))


def embedded(content: Any) -> str:
    """Return anything as JSON that may stand inside a page's ``script`` element: no tag can begin in it."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def compact(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return values in single precision: seven digits are more than a chart shows, and the page stays small."""
    return np.asarray(values, np.float32)


def _layout(panel: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the axes of a panel."""
    layout: dict[str, Any] = {"template": None}
    for name in ("x", "y"):
        is_logarithmic = panel[f"{name}_scale"] == "log"
        limits = np.asarray(panel[f"{name}_limits"], np.float64)
        axis: dict[str, Any] = {
            "title": {"text": as_html(panel[f"{name}_label"]), "font": {"size": 12}},
            "type": "log" if is_logarithmic else "linear",
            "range": (np.log10(limits) if is_logarithmic else limits).tolist(),
        }
        if f"{name}_ticks" in panel:
            axis |= {
                "tickmode": "array",
                "tickvals": np.atleast_1d(panel[f"{name}_ticks"]).tolist(),
                "ticktext": [as_html(str(text)) for text in np.atleast_1d(panel[f"{name}_tick_labels"])],
            }
        layout[f"{name}axis"] = axis
    return layout


# One function per kind of series: the trace, how many points were drawn, and how many it has.
_Trace = tuple[Any, int, int]


def _line(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    x, y = series["x"].values, series["y"].values
    # A line that runs back and forth (a path, not a course) has no stretches of x.
    runs_on = bool(np.all(np.diff(x[np.isfinite(x)]) >= 0))
    kept = kept_of_line(y, MOST_POINTS) if runs_on else kept_of_points(len(y), 5 * MOST_POINTS)
    style = {"color": series.attrs["color"], "width": _LINE_WIDTH, "dash": _DASHES.get(series.attrs["line_style"])}
    has_marks = "marker" in series.attrs
    trace = go.Scatter(
        x=compact(x[kept]), y=compact(y[kept]), mode="lines+markers" if has_marks else "lines", line=style
    )
    if has_marks:
        trace.marker = _marks(series)
    return trace, len(y), len(kept)


def _points(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    kept = kept_of_points(series.sizes["point"], 2 * MOST_POINTS)
    x, y = (compact(series[name].values[kept]) for name in ("x", "y"))
    marks = _marks(series) | _own_colours(series, kept)
    if "size" in series:
        # matplotlib states the area of a mark, plotly its width.
        marks["size"] = compact(np.sqrt(series["size"].values[kept]))
    return go.Scatter(x=x, y=y, mode="markers", marker=marks), series.sizes["point"], len(kept)


def _own_colours(series: xr.Dataset, kept: npt.NDArray[Any] | slice = slice(None)) -> dict[str, Any]:
    """Return the colours of marks that have colours, or values, of their own; nothing for others."""
    if "value" in series:
        low, high, values = _mapped(series)
        return {"color": compact(values[kept]), "cmin": low, "cmax": high, "colorscale": _colour_scale(series)}
    if "red" in series:
        each = np.column_stack([series[name].values[kept] for name in ("red", "green", "blue", "alpha")])
        return {"color": [f"rgba({255 * r:.0f},{255 * g:.0f},{255 * b:.0f},{a:.3g})" for r, g, b, a in each]}
    return {}


def _mapped(series: xr.Dataset) -> tuple[float, float, Floats]:
    """Return limits and values as a linear scale of colours shows them: logarithms, where the scale has them."""
    limits, values = np.asarray(series.attrs["value_limits"], np.float64), series["value"].values
    if series.attrs.get("value_scale") == "log" and limits.min() > 0:
        with np.errstate(divide="ignore", invalid="ignore"):
            values, limits = np.log10(values), np.log10(limits)
        values = np.where(np.isfinite(values), values, np.nan)
    return float(limits[0]), float(limits[1]), values


def _colour_scale(series: xr.Dataset) -> list[list[Any]]:
    """Return plotly's form of the colours that values have."""
    if "color_map_colors" in series.attrs:
        colours = json.loads(series.attrs["color_map_colors"])
        # Each colour from one edge to the next.
        edges = np.linspace(0, 1, len(colours) + 1)
        return [[float(edge), each] for k, each in enumerate(colours) for edge in edges[k : k + 2]]
    positions = np.linspace(0, 1, 17)
    colors = mpl.colormaps[series.attrs["color_map"]](positions)
    return [[float(position), to_hex(color)] for position, color in zip(positions, colors, strict=True)]


def _marks(series: xr.Dataset) -> dict[str, Any]:
    marker = str(series.attrs["marker"])
    color = series.attrs["color"]
    size = _DOT_SIZE if marker in {".", ","} else _MARKER_SIZE
    symbol = _SYMBOLS.get(marker, "circle")
    # The open symbols consist of their outline only. What is white inside lies on white.
    if series.attrs["marker_face"] in {"none", "#ffffff"} and not symbol.endswith("-open"):
        symbol = f"{symbol}-open"
    return {"color": color, "size": size, "symbol": symbol, "line": {"color": color, "width": 1}}


def _band(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    """Return a band as one closed outline per stretch without a gap."""
    outline: dict[str, list[Floats]] = {"x": [], "y": []}
    gaps = np.flatnonzero(np.isnan(series["x"].values))
    for part in np.split(np.arange(series.sizes["point"]), gaps):
        inside = part[np.isfinite(series["x"].values[part])]
        if not len(inside):
            continue
        kept = inside[kept_of_line(series["upper"].values[inside], MOST_POINTS)]
        x, lower, upper = (series[name].values[kept] for name in ("x", "lower", "upper"))
        gap = [np.array([np.nan])]
        outline["x"] += [x, x[::-1], x[:1], *gap]
        outline["y"] += [upper, lower[::-1], upper[:1], *gap]
    trace = go.Scatter(
        **{name: compact(np.concatenate(values)) for name, values in outline.items()},
        mode="lines",
        fill="toself",
        fillcolor=series.attrs["color"],
        line={"width": 0, "color": series.attrs["color"]},
        hoveron="points",
    )
    return trace, 0, 0


def _sideways_band(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    names = {"y": "x", "left": "lower", "right": "upper"}
    trace, *counts = _band(series.rename({name: names[name] for name in names}), panel)
    trace.update(x=trace.y, y=trace.x)
    return trace, *counts


def _bars(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    trace = go.Bar(
        x=compact(series["x"].values),
        y=compact(series["height"].values),
        base=compact(series["bottom"].values),
        width=compact(series["width"].values),
        marker={"color": series.attrs["color"], "line": {"width": 0}} | _own_colours(series),
    )
    return trace, 0, 0


def _image(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    low, high, values = _mapped(series)
    is_logarithmic = series.attrs.get("value_scale") == "log"
    title = as_html(f"log10 {series.attrs['value_label']}" if is_logarithmic else series.attrs["value_label"])
    trace = go.Heatmap(
        x=compact(series["x_edges"].values),
        y=compact(series["y_edges"].values),
        z=compact(values),
        zmin=low,
        zmax=high,
        colorscale=_colour_scale(series),
        showscale=bool(series.attrs["value_label"]),
        colorbar={"title": {"text": title, "side": "right"}, "thickness": 12},
    )
    return trace, 0, 0


def _picture(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    """Return a picture; plotly wants it with its first row at y0."""
    colours = np.clip(series["value"].values, 0, 1)
    opaque = np.ones((*colours.shape[:2], 1))
    rgba = np.concatenate([colours, opaque], axis=2)[:, :, :4] * [255, 255, 255, 1]
    steps = {f"d{name}": float(np.diff(series[f"{name}_edges"].values[:2])[0]) for name in ("x", "y")}
    starts = {f"{name}0": float(series[name].values[0]) for name in ("x", "y")}
    return go.Image(z=rgba.tolist(), colormodel="rgba", **starts, **steps), 0, 0


def _mesh(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    """Return a mesh that is no grid as one mark for each value, in its middle."""
    x, y, value = (series[name].values for name in ("x_corners", "y_corners", "value"))
    if value.shape[:2] != x.shape:
        x, y = ((each[:-1, :-1] + each[:-1, 1:] + each[1:, :-1] + each[1:, 1:]) / 4 for each in (x, y))
    marks: dict[str, Any] = {"symbol": "square"}
    if value.ndim == 2:
        low, high, values = _mapped(series)
        marks |= {"color": compact(values.ravel()), "cmin": low, "cmax": high, "colorscale": _colour_scale(series)}
    return go.Scatter(x=compact(x.ravel()), y=compact(y.ravel()), mode="markers", marker=marks), 0, 0


def _rectangles(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    return _boxes(series, *(series[name].values for name in ("x0", "y0", "x1", "y1")))


def _vertical_spans(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    x0, x1 = series["x0"].values, series["x1"].values
    low, high = np.sort(np.asarray(panel["y_limits"], np.float64))
    return _boxes(series, x0, np.full(len(x0), low), x1, np.full(len(x0), high))


def _horizontal_spans(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    y0, y1 = series["y0"].values, series["y1"].values
    low, high = np.sort(np.asarray(panel["x_limits"], np.float64))
    return _boxes(series, np.full(len(y0), low), y0, np.full(len(y0), high), y1)


def _boxes(series: xr.Dataset, x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> _Trace:
    gap = np.full(len(x0), np.nan)
    x, y = np.column_stack([x0, x1, x1, x0, x0, gap]).ravel(), np.column_stack([y0, y0, y1, y1, y0, gap]).ravel()
    return _area(series, x, y), 0, 0


def _area(series: xr.Dataset, x: Floats, y: Floats) -> go.Scatter:
    """Return closed outlines, with gaps between them, as one area."""
    is_filled = series.attrs.get("filled", "yes") == "yes"
    line = {"width": 0 if is_filled else _LINE_WIDTH, "color": series.attrs["color"]}
    fill = {"fill": "toself", "fillcolor": series.attrs["color"]} if is_filled else {}
    return go.Scatter(x=compact(x), y=compact(y), mode="lines", line=line, **fill)


def _polygons(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    return _area(series, series["x"].values, series["y"].values), 0, 0


def _contours(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    """Return contours as their corners in the colours of their levels, which one line cannot have."""
    marks = {"size": _DOT_SIZE} | _own_colours(series)
    return go.Scatter(x=compact(series["x"].values), y=compact(series["y"].values), mode="markers", marker=marks), 0, 0


def _arrows(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    """Return arrows as marks that point where they do."""
    angle = 90 - np.degrees(np.arctan2(series["v"].values, series["u"].values))
    marks = {"color": series.attrs["color"], "symbol": "arrow", "angle": compact(angle), "size": 8}
    marks |= _own_colours(series)
    return go.Scatter(x=compact(series["x"].values), y=compact(series["y"].values), mode="markers", marker=marks), 0, 0


def _texts(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    texts = [as_html(text) for text in json.loads(series.attrs["texts"])]
    font = {"color": series.attrs["color"], "size": 10}
    return (
        go.Scatter(
            x=compact(series["x"].values), y=compact(series["y"].values), mode="text", text=texts, textfont=font
        ),
        0,
        0,
    )


def _segments(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    ends = [series[name].values for name in ("x0", "y0", "x1", "y1")]
    return _strokes(series, *ends)


def _vertical_lines(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    x = series["x"].values
    low, high = np.sort(np.asarray(panel["y_limits"], np.float64))
    return _strokes(series, x, np.full(len(x), low), x, np.full(len(x), high))


def _horizontal_lines(series: xr.Dataset, panel: Mapping[Any, Any]) -> _Trace:
    y = series["y"].values
    low, high = np.sort(np.asarray(panel["x_limits"], np.float64))
    return _strokes(series, np.full(len(y), low), y, np.full(len(y), high), y)


def _strokes(series: xr.Dataset, x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> _Trace:
    """Return separate straight lines as one trace with gaps."""
    kept = kept_of_points(len(x0), MOST_POINTS)
    gap = np.full(len(kept), np.nan)
    x, y = (np.column_stack([start[kept], end[kept], gap]).ravel() for start, end in ((x0, x1), (y0, y1)))
    style = {"color": series.attrs["color"], "width": 1, "dash": _DASHES.get(series.attrs.get("line_style", "-"))}
    return go.Scatter(x=compact(x), y=compact(y), mode="lines", line=style), len(x0), len(kept)


_TRACES: dict[str, Callable[[xr.Dataset, Mapping[Any, Any]], _Trace]] = {
    "line": _line,
    "points": _points,
    "band": _band,
    "sideways_band": _sideways_band,
    "rectangles": _rectangles,
    "vertical_spans": _vertical_spans,
    "horizontal_spans": _horizontal_spans,
    "polygons": _polygons,
    "contours": _contours,
    "arrows": _arrows,
    "texts": _texts,
    "picture": _picture,
    "mesh": _mesh,
    "bars": _bars,
    "image": _image,
    "segments": _segments,
    "vertical_lines": _vertical_lines,
    "horizontal_lines": _horizontal_lines,
}
