"""What a file of drawn data has to hold, checked when it is read: see `replasticity.plotting.drawn_data`."""

import json
import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr

#: Kind of a series -> its variables, all along one dimension; those of `_GRIDS` see there.
VARIABLES: dict[str, tuple[str, ...]] = {
    "line": ("x", "y"),
    "points": ("x", "y"),
    "band": ("x", "lower", "upper"),
    "sideways_band": ("y", "left", "right"),
    "bars": ("x", "height", "width", "bottom"),
    "rectangles": ("x0", "y0", "x1", "y1"),
    "vertical_spans": ("x0", "x1"),
    "horizontal_spans": ("y0", "y1"),
    "polygons": ("x", "y"),
    "contours": ("x", "y", "value"),
    "arrows": ("x", "y", "u", "v"),
    "texts": ("x", "y"),
    "segments": ("x0", "y0", "x1", "y1"),
    "vertical_lines": ("x",),
    "horizontal_lines": ("y",),
    "image": ("value", "x_edges", "y_edges", "x", "y"),
    "picture": ("value", "x_edges", "y_edges", "x", "y"),
    "mesh": ("value", "x_corners", "y_corners"),
}

#: What each mark of a series may have for itself.
_OF_MARKS = {"size", "value", "red", "green", "blue", "alpha"}

#: Texts that a series of a kind has beside those of every series.
_TEXTS = {
    "line": ("line_style",),
    "points": ("marker", "marker_face"),
    "polygons": ("filled",),
    "contours": ("filled",),
    "texts": ("texts",),
}

_EDGES = {"x": ("x",), "y": ("y",), "x_edges": ("x_edge",), "y_edges": ("y_edge",)}
_CORNERS = {"x_corners": ("y_corner", "x_corner"), "y_corners": ("y_corner", "x_corner")}
#: Kinds with more than one dimension -> the dimensions of their variables, in one of several ways.
_GRIDS: dict[str, tuple[dict[str, tuple[str, ...]], ...]] = {
    "image": (_EDGES | {"value": ("y", "x")},),
    "picture": (_EDGES | {"value": ("y", "x", "channel")},),
    "mesh": tuple(
        _CORNERS | {"value": (*places, *channel)}
        for places in (("y", "x"), ("y_corner", "x_corner"))
        for channel in ((), ("channel",))
    ),
}


def check(tree: xr.DataTree) -> None:
    """Raise a `ValueError` that says what a tree of drawn data lacks or has in another form."""
    _require_texts(tree.attrs, "drawn_from")
    for letter, panel in tree.children.items():
        try:
            _check_panel(panel.attrs)
            for name, series in panel.children.items():
                _check_series(f"{name}: ", series.to_dataset(inherit=False))
        except ValueError as error:
            raise ValueError(f"panel {letter}: {error}") from None


def _check_panel(attributes: Mapping[Any, Any]) -> None:
    _require_texts(attributes, "title", "x_label", "y_label", "x_scale", "y_scale")
    if "column_title" in attributes:
        _require_texts(attributes, "column_title")
    for axis in ("x", "y"):
        limits = _numbers(attributes, f"{axis}_limits", 2)
        if attributes[f"{axis}_scale"] == "log" and limits.min() <= 0:
            raise ValueError(f"attribute '{axis}_limits' has to be above 0 on a logarithmic axis")
        if f"{axis}_ticks" in attributes or f"{axis}_tick_labels" in attributes:
            labels = np.atleast_1d(attributes.get(f"{axis}_tick_labels", ()))
            _numbers(attributes, f"{axis}_ticks", labels.size)
            if labels.dtype.kind not in "UO":
                raise ValueError(f"attribute '{axis}_tick_labels' has to be a list of texts")


def _check_series(where: str, series: xr.Dataset) -> None:
    try:
        _require_texts(series.attrs, "kind", "label")
        kind = series.attrs["kind"]
        if kind not in VARIABLES:
            raise ValueError(f"kind '{kind}'; allowed: {', '.join(VARIABLES)}")
        _require_texts(series.attrs, *_TEXTS.get(kind, ()))
        if "marker" in series.attrs:
            _require_texts(series.attrs, "marker", "marker_face")
        more = set() if kind in _GRIDS else _OF_MARKS - set(VARIABLES[kind])
        for name in sorted(set(VARIABLES[kind]) ^ (set(map(str, series.variables)) - more)):
            raise ValueError(f"{'has' if name in series.variables else 'lacks'} variable '{name}', as a {kind}")
        for own, variable in series.variables.items():
            if variable.dtype.kind not in "iuf":
                raise ValueError(f"variable '{own}' has to hold numbers")
        if kind in _GRIDS:
            _check_grid(kind, series)
        else:
            _check_marks(kind, series)
        if "value" in series.variables:
            _check_colours(series.attrs)
    except ValueError as error:
        raise ValueError(f"{where}{error}") from None


def _check_marks(kind: str, series: xr.Dataset) -> None:
    """Check a series that has a colour, and values along one dimension."""
    if not re.fullmatch("#[0-9a-f]{6}", str(series.attrs.get("color"))):
        raise ValueError("attribute 'color' has to be such as #0072b2")
    if not 0 <= _numbers(series.attrs, "opacity", 1)[0] <= 1:
        raise ValueError("attribute 'opacity' has to be from 0 to 1")
    dimensions = {variable.dims for variable in series.variables.values()}
    if len(dimensions) != 1 or len(next(iter(dimensions))) != 1:
        raise ValueError("its variables have to have one dimension, the same for all")
    if kind in ("band", "sideways_band") and not np.isfinite(series[VARIABLES[kind][0]].values).any():
        raise ValueError(f"has no finite '{VARIABLES[kind][0]}'")
    if channels := {"red", "green", "blue", "alpha"} & set(map(str, series.variables)):
        values = [series[name].values for name in channels]
        if len(channels) < 4 or not all(((each >= 0) & (each <= 1)).all() for each in values):
            raise ValueError("'red', 'green', 'blue' and 'alpha' have to be there together, from 0 to 1")
    if "size" in series.variables and not (series["size"].values >= 0).all():
        raise ValueError("'size' has to be 0 or more")
    if kind == "texts":
        _texts(series.attrs, "texts", series.sizes[next(iter(dimensions))[0]])


def _check_grid(kind: str, series: xr.Dataset) -> None:
    found = {name: series[name].dims for name in VARIABLES[kind]}
    if found not in _GRIDS[kind]:
        name = next((name for name in found if found[name] != _GRIDS[kind][0][name]), "value")
        expected = " or ".join(dict.fromkeys(str(each[name]) for each in _GRIDS[kind]))
        raise ValueError(f"variable '{name}' has dimensions {found[name]}, expected {expected}")
    if kind == "mesh":
        if "x" in series.dims and any(series.sizes[f"{axis}_corner"] != series.sizes[axis] + 1 for axis in ("x", "y")):
            raise ValueError("it has to have one corner more than cells along each axis")
    else:
        for axis in ("x", "y"):
            if series.sizes[f"{axis}_edge"] != series.sizes[axis] + 1:
                raise ValueError(f"'{axis}_edges' has to be one longer than '{axis}'")
    if series.sizes.get("channel", 3) not in (3, 4):
        raise ValueError("it has to have 3 or 4 channels of colour")


def _check_colours(attributes: Mapping[Any, Any]) -> None:
    """Check what gives a value its colour."""
    _numbers(attributes, "value_limits", 2)
    _require_texts(attributes, "color_map", "value_label")
    if "value_scale" in attributes:
        _require_texts(attributes, "value_scale")
    if "color_map_colors" in attributes:
        if not all(re.fullmatch("#[0-9a-f]{6}", each) for each in _texts(attributes, "color_map_colors")):
            raise ValueError("attribute 'color_map_colors' has to be a list of colours such as #0072b2")
    elif attributes["color_map"] not in mpl.colormaps:
        raise ValueError(f"color map '{attributes['color_map']}' is unknown")


def _texts(attributes: Mapping[Any, Any], name: str, count: int | None = None) -> list[str]:
    """Return the texts of an attribute that is a list in JSON, of so many if a number is given."""
    try:
        texts = json.loads(attributes[name])
    except (KeyError, RecursionError, TypeError, ValueError):
        texts = None
    is_list = isinstance(texts, list) and bool(texts) and all(isinstance(each, str) for each in texts)
    if not is_list or count not in (None, len(texts)):
        raise ValueError(f"attribute '{name}' has to be a list in JSON of {'' if count is None else f'{count} '}texts")
    return list(texts)


def _require_texts(attributes: Mapping[Any, Any], *names: str) -> None:
    for name in names:
        if not isinstance(attributes.get(name), str):
            raise ValueError(f"has no attribute '{name}', or it is no text")


def _numbers(attributes: Mapping[Any, Any], name: str, count: int) -> np.ndarray:
    """Return so many finite numbers of an attribute."""
    values = np.atleast_1d(attributes.get(name, ()))
    if values.dtype.kind not in "iuf" or values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(f"attribute '{name}' has to be {count} finite number{'s' * (count != 1)}")
    return values
