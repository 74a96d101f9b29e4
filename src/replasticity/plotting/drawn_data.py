"""What a figure draws, as data: read from the finished figure, saved beside it, and compared over time.

A file of drawn data is a tree of groups: one group per panel, and below it one per drawn series, ``series_01``,
``series_02``, ... in drawing order. A panel has the attributes ``title``, ``x_label``, ``y_label``, ``x_scale``,
``y_scale``, ``x_limits`` and ``y_limits``, where the ticks are named ``x_ticks`` and ``x_tick_labels``, and
``column_title`` in a column of panels that has a title of its own. What several panels share, such as the label at the
foot of a column, each of them has. A series has ``kind``, ``label`` (empty
without an entry in the legend), ``color`` and ``opacity``, and these variables:

=================== ==================================================================================
kind                variables
=================== ==================================================================================
line                ``x``, ``y`` (steps as the corners that are drawn); attribute ``line_style``, and
                    ``marker`` if the points are marked, both as matplotlib writes them, and with it
                    ``marker_face``, the colour inside it or ``none``
points              ``x``, ``y``; attributes ``marker`` and ``marker_face``
band                ``x``, ``lower``, ``upper``
bars                ``x`` (centre), ``height``, ``width``, ``bottom``
image               ``value`` over ``y`` and ``x`` (centres); ``y_edges``, ``x_edges``; attributes
                    ``value_label``, ``value_limits``, ``color_map``
segments            ``x0``, ``y0``, ``x1``, ``y1``
vertical_lines      ``x``: lines or ticks that mark a place on the x axis and have no height in the data
horizontal_lines    ``y``: the same for the y axis
=================== ==================================================================================

The file itself says what it was drawn from: ``drawn_from`` has experiment, parameters and seeds by role, ``ensembles``
the content digest of each ensemble, ``pictures`` the SHA-256 of the pictures of the same drawing.

All coordinates are those of the axes' labels. Texts and legends are left out; any other artist that this module does
not know is an error, so that nothing drawn is missing.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle, StepPatch
from matplotlib.spines import Spine
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from replasticity import __version__
from replasticity.errors import UserError
from replasticity.plotting import drawn_contract as _drawn_contract
from replasticity.plotting.panels import COLUMN_TITLE
from replasticity.storage.datasets import CONVENTIONS, json_attribute, open_tree
from replasticity.storage.integrity import CONTENT_DIGEST

#: Suffix of a file of drawn data.
SUFFIX = "nc"

#: What a file of drawn data says of itself in its attribute ``kind``.
KIND = "drawn data"

#: Series with more numbers than this are kept in single precision: finer than any printed point.
_SINGLE_PRECISION_FROM = 10_000

#: Two drawings are the same if nothing has moved by more than this share of the width or height of its panel.
TOLERANCE = 1e-6

#: Patches name their line styles in words, lines by signs.
_LINE_STYLES = {"solid": "-", "dashed": "--", "dashdot": "-.", "dotted": ":"}

#: Kinds of series.
KINDS = tuple(_drawn_contract.VARIABLES)

_TEXT_AND_FRAME = (Text, Legend, Spine, Axis)


def collect(
    figure: Figure, name: str, ensembles: Mapping[str, xr.Dataset], pictures: Mapping[str, str] = MappingProxyType({})
) -> xr.DataTree:
    """Return what a figure draws.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `replasticity.plotting.rendering.draw`.
    name : str
        Name of the figure.
    ensembles : mapping of str to Dataset
        Role -> ensemble that the figure was drawn from.
    pictures : mapping of str to str
        Format -> SHA-256 of each picture of it that has been written.

    Returns
    -------
    xarray.DataTree
        One child per panel, see the module.

    Raises
    ------
    TypeError
        If the figure has an artist that this module does not know.
    ValueError
        If a panel has neither a letter nor a label, or two panels have the same one.
    """
    scales_of_colours = {
        artist.colorbar.ax: artist.colorbar
        for axes in figure.axes
        for artist in (*axes.images, *axes.collections)
        if artist.colorbar is not None
    }
    panels: dict[str, xr.DataTree] = {}
    for axes in figure.axes:
        if axes in scales_of_colours:
            continue
        panel = axes.get_label()
        if not panel or panel in panels:
            raise ValueError(f"panel '{panel}': each panel needs a letter or a label of its own (Axes.set_label)")
        drawn = enumerate(_series_of(axes), 1)
        series = {f"series_{number:02}": xr.DataTree(dataset) for number, dataset in drawn}
        panels[str(panel)] = xr.DataTree(xr.Dataset(attrs=_describe_axes(axes)), children=series)
    origin = {
        role: {
            "experiment": ensemble.attrs["experiment"],
            "parameters_digest": ensemble.attrs["parameters_digest"],
            "seeds": ensemble["seed"].values.tolist(),
        }
        for role, ensemble in ensembles.items()
    }
    digests = {each.attrs["experiment"]: each.attrs.get(CONTENT_DIGEST, "") for each in ensembles.values()}
    attributes = {
        "Conventions": CONVENTIONS,
        "title": f"What figure {name} draws",
        "source": f"replasticity {__version__}",
        "history": f"python -m replasticity plot {name}",
        "kind": KIND,
        "figure": name,
        "drawn_from": json.dumps(origin),
        "ensembles": json.dumps(digests),
        "pictures": json.dumps(dict(pictures)),
    }
    return xr.DataTree(xr.Dataset(attrs=attributes), children=panels)


def shown(drawing: xr.DataTree, path: Path) -> list[str]:
    """Return the experiments that a drawing shows, the figure's own first; the scale may have left some out."""
    return list(json_attribute(drawing.attrs, "ensembles", path))


def _describe_axes(axes: Axes) -> dict[str, Any]:
    """Return the attributes of a panel."""
    attributes: dict[str, Any] = {"title": axes.get_title(loc="left")}
    if column_title := _column_title(axes):
        attributes["column_title"] = column_title
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        attributes |= {
            f"{name}_label": _label(axes, name),
            f"{name}_scale": axis.get_scale(),
            # As the axis runs: the first limit is larger where the axis is turned round.
            f"{name}_limits": np.array(axes.get_xlim() if name == "x" else axes.get_ylim(), np.float64),
        }
        # Ticks that the figure names itself: matplotlib looks their labels up by a function.
        formatter, places = axis.get_major_formatter(), axis.get_majorticklocs()
        if isinstance(formatter, FuncFormatter) and len(places):
            attributes |= {
                f"{name}_ticks": np.array(places, np.float64),
                f"{name}_tick_labels": formatter.format_ticks(list(places)),
            }
    return attributes


def _column_title(axes: Axes) -> str:
    """Return the title of the column of panels that a panel is in; empty if the column has none."""
    titles = (text.get_text() for panel in _column(axes) for text in panel.texts if text.get_label() == COLUMN_TITLE)
    return next(titles, "")


def _column(axes: Axes) -> list[Axes]:
    """Return the panels that stand in one column of one grid with a panel, itself among them."""
    place = axes.get_subplotspec()
    if place is None or axes.figure is None:
        return [axes]
    places = [(each, each.get_subplotspec()) for each in axes.figure.axes]
    return [
        each
        for each, its in places
        if its is not None and its.get_gridspec() is place.get_gridspec() and its.colspan == place.colspan
    ]


def _label(axes: Axes, name: str) -> str:
    """Return the label of an axis, which may stand at another panel that shares it."""
    shared = (axes.get_shared_x_axes() if name == "x" else axes.get_shared_y_axes()).get_siblings(axes)
    labels = [each.get_xlabel() if name == "x" else each.get_ylabel() for each in (axes, *shared)]
    return next(filter(None, labels), "")


def _series_of(axes: Axes) -> Iterator[xr.Dataset]:
    """Yield the drawn series of a panel in drawing order, without those that have no point."""
    bars = {patch: box for box in axes.containers if isinstance(box, BarContainer) for patch in box.patches}
    error_bars = {part: box for box in axes.containers if isinstance(box, ErrorbarContainer) for part in _parts(box)}
    for artist in sorted(axes.get_children(), key=lambda each: each.get_zorder()):
        if isinstance(artist, _TEXT_AND_FRAME) or artist is axes.patch or _draws_nothing(artist):
            continue
        if artist in bars:
            if artist is bars[artist].patches[0]:
                yield _bars(bars[artist])
        elif artist in error_bars:
            # The caps of an error bar say nothing that the bar does not say.
            if artist not in error_bars[artist].lines[1]:
                yield _series(axes, artist, _text(error_bars[artist].get_label()))
        else:
            dataset = _series(axes, artist, _text(artist.get_label()))
            if any(dataset.sizes.values()):
                yield dataset


def _draws_nothing(artist: Artist) -> bool:
    """Return True if an artist is a line without line and marks, as the error bars of bars have one."""
    return isinstance(artist, Line2D) and not _draws_line(artist) and not _is_marked(artist)


def _draws_line(line: Line2D) -> bool:
    return str(line.get_linestyle()).lower() not in ("none", " ", "")


def _is_marked(line: Line2D) -> bool:
    return str(line.get_marker()).lower() not in ("none", " ", "")


def _parts(container: ErrorbarContainer) -> list[Artist]:
    data_line, caps, bars = container.lines
    return [each for each in (data_line, *caps, *bars) if each is not None]


def _text(label: object) -> str:
    """Return the label as the legend has it; matplotlib marks artists without one by an underscore."""
    return "" if label is None or str(label).startswith("_") else str(label)


def _series(axes: Axes, artist: Artist, label: str) -> xr.Dataset:
    """Return the data of one artist."""
    if isinstance(artist, Line2D):
        return _line(axes, artist, label)
    if isinstance(artist, FillBetweenPolyCollection):
        return _band(artist, label)
    if isinstance(artist, LineCollection):
        return _segments(axes, artist, label)
    if isinstance(artist, StepPatch):
        return _stairs(artist, label)
    if isinstance(artist, QuadMesh | AxesImage):
        return _image(artist, label)
    raise TypeError(f"panel '{axes.get_label()}': {type(artist).__name__} cannot be saved as drawn data")


def _dataset(
    kind: str, label: str, colour: Any, opacity: float | None, dimension: str, values: Mapping[str, Any], **more: str
) -> xr.Dataset:
    """Return a series whose variables all have one dimension."""
    arrays = {name: np.ma.filled(np.ma.asarray(value, np.float64), np.nan) for name, value in values.items()}
    numbers = sum(array.size for array in arrays.values())
    dtype = np.float32 if numbers >= _SINGLE_PRECISION_FROM else np.float64
    attributes = {"kind": kind, "label": label, "color": to_hex(colour), "opacity": _opacity(colour, opacity), **more}
    return xr.Dataset(
        {name: (dimension, array.astype(dtype)) for name, array in arrays.items()},
        attrs=attributes,
    )


def _opacity(colour: Any, opacity: float | None) -> float:
    return float(to_rgba(colour)[3] if opacity is None else opacity)


def _measures_data(axes: Axes, artist: Artist) -> tuple[bool, bool]:
    """Say for both coordinates of an artist whether they are data, and not shares of the axes."""
    in_x, in_y = artist.get_transform().contains_branch_seperately(axes.transData)
    if not in_x and not in_y:
        raise TypeError(f"panel '{axes.get_label()}': a {type(artist).__name__} has no coordinate in the data")
    return bool(in_x), bool(in_y)


def _line(axes: Axes, line: Line2D, label: str) -> xr.Dataset:
    x, y = (np.atleast_1d(values) for values in line.get_data(orig=False))
    in_x, in_y = _measures_data(axes, line)
    colour, opacity = line.get_color(), line.get_alpha()
    if not in_y:
        return _dataset("vertical_lines", label, colour, opacity, "line", {"x": np.unique(x)})
    if not in_x:
        return _dataset("horizontal_lines", label, colour, opacity, "line", {"y": np.unique(y)})
    marks = {"marker": str(line.get_marker()), "marker_face": _face(line)} if _is_marked(line) else {}
    if not _draws_line(line):
        return _dataset("points", label, colour, opacity, "point", {"x": x, "y": y}, **marks)
    steps = str(line.get_drawstyle())
    if steps != "default" and len(x):
        x, y = STEP_LOOKUP_MAP[steps](x, y)
    return _dataset(
        "line", label, colour, opacity, "point", {"x": x, "y": y}, line_style=str(line.get_linestyle()), **marks
    )


def _face(line: Line2D) -> str:
    """Return the colour inside a line's markers; "none" if they are open."""
    face = line.get_markerfacecolor()
    return "none" if isinstance(face, str) and face.lower() == "none" else to_hex(face)


def _band(collection: FillBetweenPolyCollection, label: str) -> xr.Dataset:
    """Return the band between two curves; gaps in it are NaN."""
    x: list[npt.NDArray[np.float64]] = []
    lower: list[npt.NDArray[np.float64]] = []
    upper: list[npt.NDArray[np.float64]] = []
    for path in collection.get_paths():
        # A polygon: a corner, along one curve, a corner, back along the other curve, and the first corner again.
        corners = np.asarray(path.vertices)[:-1]
        points = len(corners) // 2 - 1
        there, back = corners[1 : points + 1], corners[points + 2 :][::-1]
        gap = [np.full((1, 2), np.nan)] if x else []
        x.append(np.concatenate([*gap, there])[:, 0])
        lower.append(np.concatenate([*gap, np.minimum(there, back)])[:, 1])
        upper.append(np.concatenate([*gap, np.maximum(there, back)])[:, 1])
    values = {
        name: np.concatenate(each or [np.empty(0)]) for name, each in (("x", x), ("lower", lower), ("upper", upper))
    }
    return _dataset("band", label, np.asarray(collection.get_facecolor())[0], None, "point", values)


def _segments(axes: Axes, collection: LineCollection, label: str) -> xr.Dataset:
    ends = np.array(collection.get_segments(), np.float64).reshape(-1, 2, 2)
    in_x, in_y = _measures_data(axes, collection)
    colour = np.asarray(collection.get_colors())[0]
    if not in_y:
        return _dataset("vertical_lines", label, colour, None, "line", {"x": ends[:, 0, 0]})
    if not in_x:
        return _dataset("horizontal_lines", label, colour, None, "line", {"y": ends[:, 0, 1]})
    values = {"x0": ends[:, 0, 0], "y0": ends[:, 0, 1], "x1": ends[:, 1, 0], "y1": ends[:, 1, 1]}
    return _dataset("segments", label, colour, None, "segment", values)


def _bars(container: BarContainer) -> xr.Dataset:
    boxes: list[Rectangle] = container.patches
    values = {
        "x": [box.get_x() + box.get_width() / 2 for box in boxes],
        "height": [box.get_height() for box in boxes],
        "width": [box.get_width() for box in boxes],
        "bottom": [box.get_y() for box in boxes],
    }
    return _dataset("bars", _text(container.get_label()), boxes[0].get_facecolor(), None, "bar", values)


def _stairs(patch: StepPatch, label: str) -> xr.Dataset:
    """Return filled stairs as bars, and others as the line that they are."""
    values, edges, baseline = patch.get_data()
    heights = np.asarray(values)
    if not patch.get_fill():
        x, y = np.repeat(edges, 2)[1:-1], np.repeat(heights, 2)
        style = _LINE_STYLES.get(str(patch.get_linestyle()), str(patch.get_linestyle()))
        return _dataset("line", label, patch.get_edgecolor(), None, "point", {"x": x, "y": y}, line_style=style)
    bottom = np.broadcast_to(np.asarray(baseline, np.float64), heights.shape)
    bars = {
        "x": (edges[1:] + edges[:-1]) / 2,
        "height": heights - bottom,
        "width": np.diff(edges),
        "bottom": bottom,
    }
    return _dataset("bars", label, patch.get_facecolor(), None, "bar", bars)


def _image(image: QuadMesh | AxesImage, label: str) -> xr.Dataset:
    value = np.ma.filled(np.ma.asarray(image.get_array(), np.float64), np.nan)
    if isinstance(image, QuadMesh):
        corners = np.asarray(image.get_coordinates())
        x_edges, y_edges = corners[0, :, 0], corners[:, 0, 1]
        value = value.reshape(len(y_edges) - 1, len(x_edges) - 1)
    else:
        left, right, bottom, top = image.get_extent()
        first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
        x_edges = np.linspace(left, right, value.shape[1] + 1)
        y_edges = np.linspace(first, last, value.shape[0] + 1)
    attributes = {
        "kind": "image",
        "label": label,
        "color_map": image.get_cmap().name,
        "value_limits": np.array(image.get_clim(), np.float64),
        "value_label": image.colorbar.ax.get_ylabel() if image.colorbar is not None else "",
    }
    return xr.Dataset(
        {"value": (("y", "x"), value), "x_edges": ("x_edge", x_edges), "y_edges": ("y_edge", y_edges)},
        coords={"x": (x_edges[1:] + x_edges[:-1]) / 2, "y": (y_edges[1:] + y_edges[:-1]) / 2},
        attrs=attributes,
    )


def same_origin(now: xr.DataTree, reference: xr.DataTree) -> bool:
    """Return True if two drawings show the same experiments, with the same parameters and seeds."""
    return bool(now.attrs["drawn_from"] == reference.attrs["drawn_from"])


def differences(now: xr.DataTree, reference: xr.DataTree) -> list[str]:
    """Return what two drawings of one figure do not have in common; nothing if they would look the same.

    Parameters
    ----------
    now, reference : xarray.DataTree
        From `collect` or `read`.

    Returns
    -------
    list of str
        One line for each panel or series that differs: other texts, or coordinates that have moved by more than
        `TOLERANCE` of the panel's width or height (on an axis that is not linear: of themselves).
    """
    found = [f"panel {name}: {_only(name in now)}" for name in sorted(set(now.children) ^ set(reference.children))]
    for name, panel in reference.children.items():
        if name in now.children:
            found += [f"panel {name}: {text}" for text in _panel_differences(now.children[name], panel)]
    return found


def _only(here: bool) -> str:
    return "is not in the reference" if here else "is in the reference only"


def _panel_differences(now: xr.DataTree, reference: xr.DataTree) -> Iterator[str]:
    for name in ("title", "column_title", "x_label", "y_label", "x_scale", "y_scale", "x_tick_labels", "y_tick_labels"):
        one, other = now.attrs.get(name), reference.attrs.get(name)
        if one != other:
            yield f"{name}: {one!r}, in the reference {other!r}"
    for name in sorted(set(now.children) ^ set(reference.children)):
        yield f"{name} {_only(name in now.children)}"
    for name, series in reference.children.items():
        if name not in now.children:
            continue
        found = now.children[name]
        if (found.attrs["kind"], found.attrs["label"]) != (series.attrs["kind"], series.attrs["label"]):
            yield f"{name}: {_named(found)}, in the reference {_named(series)}"
            continue
        for variable in map(str, series.variables):
            after, before = found.variables[variable].values, series.variables[variable].values
            unseen = _finest(reference, series, variable)
            if after.shape != before.shape:
                yield f"{name} ({_named(series)}): {variable} has {after.size} numbers, in the reference {before.size}"
            elif not np.allclose(after, before, rtol=TOLERANCE, atol=unseen, equal_nan=True):
                moved = np.nanmax(np.abs(after - before))
                yield f"{name} ({_named(series)}): {variable} has moved by up to {moved:.3g}"


def _named(series: xr.DataTree) -> str:
    return f"{series.attrs['kind']} '{series.attrs['label']}'"


def _finest(panel: xr.DataTree, series: xr.DataTree, variable: str) -> float:
    """Return the largest difference of a coordinate that nobody can see, beside the relative one."""
    if variable == "value":
        limits = series.attrs["value_limits"]
    else:
        axis = "x" if variable.startswith(("x", "width")) else "y"
        if panel.attrs[f"{axis}_scale"] != "linear":
            return 0.0
        limits = panel.attrs[f"{axis}_limits"]
    return TOLERANCE * float(np.ptp(limits))


def read(path: Path) -> xr.DataTree:
    """Return the drawn data of a file.

    Raises
    ------
    UserError
        If it is missing, unreadable, or no drawn data, or a panel or series lacks what all of its kind have.
    """
    tree = open_tree(path)
    if tree.attrs.get("kind") != KIND:
        raise UserError(f"{path}: attribute 'kind' is '{tree.attrs.get('kind')}', allowed here: '{KIND}'")
    try:
        _drawn_contract.check(tree)
    except ValueError as error:
        raise UserError(f"{path}: no valid drawn data: {error}") from error
    return tree
