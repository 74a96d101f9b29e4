"""What a file of drawn data has to hold, checked when it is read: see `replasticity.plotting.drawn_data`."""

import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr

#: Kind of a series -> its variables, all along one dimension; those of an image see `_check_image`.
VARIABLES: dict[str, tuple[str, ...]] = {
    "line": ("x", "y"),
    "points": ("x", "y"),
    "band": ("x", "lower", "upper"),
    "bars": ("x", "height", "width", "bottom"),
    "segments": ("x0", "y0", "x1", "y1"),
    "vertical_lines": ("x",),
    "horizontal_lines": ("y",),
    "image": ("value", "x_edges", "y_edges", "x", "y"),
}

#: Texts that a series of a kind has beside those of every series.
_TEXTS = {"line": ("line_style",), "points": ("marker", "marker_face"), "image": ("color_map", "value_label")}


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
        for name in sorted(set(VARIABLES[kind]) ^ set(map(str, series.variables))):
            raise ValueError(f"{'has' if name in series.variables else 'lacks'} variable '{name}', as a {kind}")
        for own, variable in series.variables.items():
            if variable.dtype.kind not in "iuf":
                raise ValueError(f"variable '{own}' has to hold numbers")
        if kind == "image":
            _check_image(series)
        else:
            _check_marks(kind, series)
    except ValueError as error:
        raise ValueError(f"{where}{error}") from None


def _check_marks(kind: str, series: xr.Dataset) -> None:
    """Check a series that has one colour, and values along one dimension."""
    if not re.fullmatch("#[0-9a-f]{6}", str(series.attrs.get("color"))):
        raise ValueError("attribute 'color' has to be such as #0072b2")
    if not 0 <= _numbers(series.attrs, "opacity", 1)[0] <= 1:
        raise ValueError("attribute 'opacity' has to be from 0 to 1")
    dimensions = {series[name].dims for name in VARIABLES[kind]}
    if len(dimensions) != 1 or len(next(iter(dimensions))) != 1:
        raise ValueError("its variables have to have one dimension, the same for all")
    if kind == "band" and not np.isfinite(series["x"].values).any():
        raise ValueError("has no finite 'x'")


def _check_image(series: xr.Dataset) -> None:
    _numbers(series.attrs, "value_limits", 2)
    if series.attrs["color_map"] not in mpl.colormaps:
        raise ValueError(f"color map '{series.attrs['color_map']}' is unknown")
    expected = {"value": ("y", "x"), "x": ("x",), "y": ("y",), "x_edges": ("x_edge",), "y_edges": ("y_edge",)}
    for name, dimensions in expected.items():
        if series[name].dims != dimensions:
            raise ValueError(f"variable '{name}' has dimensions {series[name].dims}, expected {dimensions}")
    for axis in ("x", "y"):
        if series.sizes[f"{axis}_edge"] != series.sizes[axis] + 1:
            raise ValueError(f"'{axis}_edges' has to be one longer than '{axis}'")


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
