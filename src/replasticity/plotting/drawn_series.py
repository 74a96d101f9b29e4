"""What each artist of matplotlib draws, as the data of a series: see `replasticity.plotting.drawn_data`.

What has no numbers of its own is saved as what defines it: a patch by the corners of its outline, a contour by the
corners of its lines and their levels, an arrow by its place and direction, a mark by its size and colour.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.collections import (
    CircleCollection,
    Collection,
    FillBetweenPolyCollection,
    LineCollection,
    PathCollection,
    PolyQuadMesh,
    QuadMesh,
    RegularPolyCollection,
)
from matplotlib.colors import LogNorm, Normalize, to_hex, to_rgba, to_rgba_array
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage
from matplotlib.inset import InsetIndicator
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.offsetbox import OffsetBox
from matplotlib.patches import Patch, Rectangle, StepPatch
from matplotlib.path import Path as Outline
from matplotlib.quiver import Barbs, Quiver, QuiverKey
from matplotlib.spines import Spine
from matplotlib.table import Table
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Transform

from replasticity.plotting.panels import COLUMN_TITLE, letter_of

FloatArray = npt.NDArray[np.float64]

#: Series with more numbers than this are kept in single precision: finer than any printed point.
_SINGLE_PRECISION_FROM = 10_000

#: Patches name their line styles in words, lines by signs.
_LINE_STYLES = {"solid": "-", "dashed": "--", "dashdot": "-.", "dotted": ":"}

#: What has no data of its own; texts are a series of their own.
_TEXT_AND_FRAME = (Text, Legend, Spine, Axis, OffsetBox, Table, QuiverKey, InsetIndicator)

_GAP = np.full((1, 2), np.nan)


def series_of(axes: Axes) -> Iterator[xr.Dataset]:
    """Yield the drawn series of a panel in drawing order, without those that have no point; its texts are not in it."""
    bars = {patch: box for box in axes.containers if isinstance(box, BarContainer) for patch in box.patches}
    error_bars = {part: box for box in axes.containers if isinstance(box, ErrorbarContainer) for part in _parts(box)}
    for artist in sorted(axes.get_children(), key=lambda each: each.get_zorder()):
        if isinstance(artist, _TEXT_AND_FRAME) or artist is axes.patch or _draws_nothing(artist):
            continue
        if artist in axes.child_axes:
            # A panel of its own, or the ticks of a second scale.
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


def texts_of(axes: Axes) -> xr.Dataset | None:
    """Return what is written in a panel, and where, but for titles, labels, ticks and legends; None if nothing is."""
    boxes = [each for each in axes.get_children() if isinstance(each, OffsetBox | QuiverKey)]
    cells = [cell for table in axes.tables for cell in table.get_celld().values()]
    written = [
        *axes.texts,
        *(cell.get_text() for cell in cells),
        *(text for box in boxes for text in box.findobj(Text) if isinstance(text, Text)),
    ]
    letter = letter_of(str(axes.get_label()))
    shown = [
        text
        for text in written
        if text.get_visible()
        and text.get_text().strip()
        and text.get_label() != COLUMN_TITLE
        # The letter stands above the panel.
        and not (text.get_text() == letter and text.get_fontweight() == "bold")
    ]
    if not shown:
        return None
    place = np.array([_place_of(axes, text) for text in shown], np.float64)
    texts = json.dumps([text.get_text() for text in shown])
    colour = shown[0].get_color()
    return _dataset("texts", "", colour, None, "text", {"x": place[:, 0], "y": place[:, 1]}, texts=texts)


def _place_of(axes: Axes, text: Text) -> FloatArray:
    """Return where a text stands, or what it points to, in the coordinates of the axes' labels."""
    known = {"data": axes.transData, "axes fraction": axes.transAxes}
    if isinstance(text, Annotation):
        if isinstance(text.xycoords, str) and text.xycoords in known:
            return _in_data(axes, known[text.xycoords], text.xy)
        return _in_data(axes, None, text.get_window_extent().p0)
    return _in_data(axes, text.get_transform(), text.get_position())


def _in_data(axes: Axes, transform: Transform | None, places: npt.ArrayLike) -> FloatArray:
    """Return places, which a transform takes to the picture, in the coordinates of the axes' labels."""
    if transform == axes.transData:
        return np.asarray(places, np.float64)
    in_picture = places if transform is None else transform.transform(places)
    return np.asarray(axes.transData.inverted().transform(in_picture), np.float64)


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
    for kinds, read in _READERS:
        if isinstance(artist, kinds):
            return read(axes, artist, label)
    raise TypeError(f"panel '{axes.get_label()}': {type(artist).__name__} cannot be saved as drawn data")


def _dataset(
    kind: str, label: str, colour: Any, opacity: float | None, dimension: str, values: Mapping[str, Any], **more: Any
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


def _colours(colours: Any, number: int) -> dict[str, FloatArray]:
    """Return the colours of marks that have colours of their own; nothing where all have the same."""
    each = np.asarray(to_rgba_array(colours), np.float64)
    if len(each) < 2 or (each == each[0]).all():
        return {}
    each = np.resize(each, (number, 4))
    return {name: each[:, k] for k, name in enumerate(("red", "green", "blue", "alpha"))}


def _first(colours: Any) -> Any:
    """Return the first colour of some; transparent if there is none."""
    each = to_rgba_array(colours)
    return each[0] if len(each) else (0.0, 0.0, 0.0, 0.0)


def _measures_data(artist: Artist, axes: Axes) -> tuple[bool, bool]:
    """Return for both coordinates of an artist whether they are data; both count as data if neither is."""
    in_x, in_y = artist.get_transform().contains_branch_seperately(axes.transData)
    return (bool(in_x), bool(in_y)) if in_x or in_y else (True, True)


def _line(axes: Axes, line: Line2D, label: str) -> xr.Dataset:
    x, y = (np.atleast_1d(values) for values in line.get_data(orig=False))
    in_x, in_y = _measures_data(line, axes)
    colour, opacity = line.get_color(), line.get_alpha()
    if not in_y:
        return _dataset("vertical_lines", label, colour, opacity, "line", {"x": np.unique(x)})
    if not in_x:
        return _dataset("horizontal_lines", label, colour, opacity, "line", {"y": np.unique(y)})
    if not line.get_transform().contains_branch(axes.transData) and len(x):
        x, y = _in_data(axes, line.get_transform(), np.column_stack([x, y])).T
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


def _band(axes: Axes, collection: Any, label: str) -> xr.Dataset:
    """Return the band between two curves; gaps in it are NaN."""
    # The curves run along x, or along y.
    along, across = (0, 1) if collection.t_direction == "x" else (1, 0)
    parts: list[FloatArray] = []
    for path in collection.get_paths():
        # A polygon: a corner, along one curve, a corner, back along the other curve, and the first corner again.
        corners = np.asarray(path.vertices, np.float64)[:-1]
        points = len(corners) // 2 - 1
        there, back = corners[1 : points + 1], corners[points + 2 :][::-1]
        rows = np.column_stack([there[:, along], np.sort([there[:, across], back[:, across]], axis=0).T])
        # A corner of its own is where the curves cross, between two points.
        start, end = (corners[k][[along, across, across]][np.newaxis] for k in (0, points + 1))
        is_crossing = [
            not any((corner == curve[end]).all() for curve in (there, back))
            for corner, end in ((corners[0], 0), (corners[points + 1], -1))
        ]
        gap = [np.full((1, 3), np.nan)] if parts else []
        parts += [*gap, *([start] * is_crossing[0]), rows, *([end] * is_crossing[1])]
    values = np.concatenate(parts or [np.empty((0, 3))]).T
    names = ("x", "lower", "upper") if along == 0 else ("y", "left", "right")
    kind = "band" if along == 0 else "sideways_band"
    colour = np.asarray(collection.get_facecolor())[0]
    return _dataset(kind, label, colour, None, "point", dict(zip(names, values, strict=True)))


def _segments(axes: Axes, collection: LineCollection, label: str) -> xr.Dataset:
    lines = [np.asarray(each, np.float64) for each in collection.get_segments() if len(each)]
    in_x, in_y = _measures_data(collection, axes)
    if not any(collection.get_transform().contains_branch_seperately(axes.transData)):
        lines = [_in_data(axes, collection.get_transform(), line) for line in lines]
    collection.update_scalarmappable()
    colours, colour = collection.get_colors(), _first(collection.get_colors())
    if any(len(line) != 2 for line in lines):
        # Lines of many points each: one line with gaps.
        points = [np.concatenate([line, _GAP]) for line in lines]
        each_line = np.repeat(np.arange(len(lines)), [len(each) for each in points])
        x, y = np.concatenate(points)[:-1].T
        own = {name: values[each_line[:-1]] for name, values in _colours(colours, len(lines)).items()}
        style = _LINE_STYLES["solid"]
        return _dataset("line", label, colour, None, "point", {"x": x, "y": y} | own, line_style=style)
    ends = np.array(lines, np.float64).reshape(-1, 2, 2)
    own = _colours(colours, len(ends))
    if not in_y:
        return _dataset("vertical_lines", label, colour, None, "line", {"x": ends[:, 0, 0]} | own)
    if not in_x:
        return _dataset("horizontal_lines", label, colour, None, "line", {"y": ends[:, 0, 1]} | own)
    values = {"x0": ends[:, 0, 0], "y0": ends[:, 0, 1], "x1": ends[:, 1, 0], "y1": ends[:, 1, 1]}
    return _dataset("segments", label, colour, None, "segment", values | own)


def _bars(container: BarContainer) -> xr.Dataset:
    boxes: list[Rectangle] = container.patches
    values = {
        "x": [box.get_x() + box.get_width() / 2 for box in boxes],
        "height": [box.get_height() for box in boxes],
        "width": [box.get_width() for box in boxes],
        "bottom": [box.get_y() for box in boxes],
    }
    colours = [_colour_of(box) for box in boxes]
    own = _colours(colours, len(boxes))
    return _dataset("bars", _text(container.get_label()), colours[0], None, "bar", values | own)


def _colour_of(patch: Patch) -> Any:
    """Return the colour that a patch is seen by: that of its face, or of its edge if it has no face."""
    return patch.get_facecolor() if patch.get_fill() else patch.get_edgecolor()


def _stairs(axes: Axes, patch: StepPatch, label: str) -> xr.Dataset:
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


def _rectangle(axes: Axes, box: Rectangle, label: str) -> xr.Dataset:
    """Return a rectangle by two corners, and a span by its two ends on one axis."""
    in_x, in_y = _measures_data(box, axes)
    colour = _colour_of(box)
    (x0, y0), (x1, y1) = box.get_xy(), (box.get_x() + box.get_width(), box.get_y() + box.get_height())
    if not in_y:
        return _dataset("vertical_spans", label, colour, None, "span", {"x0": [x0], "x1": [x1]})
    if not in_x:
        return _dataset("horizontal_spans", label, colour, None, "span", {"y0": [y0], "y1": [y1]})
    if box.get_angle() or not box.get_transform().contains_branch(axes.transData):
        return _patch(axes, box, label)
    return _dataset("rectangles", label, colour, None, "rectangle", {"x0": [x0], "y0": [y0], "x1": [x1], "y1": [y1]})


def _patch(axes: Axes, patch: Patch, label: str) -> xr.Dataset:
    """Return the outline of any patch."""
    x, y = _corners(axes, patch.get_transform(), patch.get_path()).T
    filled = {"filled": "yes" if patch.get_fill() else "no"}
    return _dataset("polygons", label, _colour_of(patch), None, "point", {"x": x, "y": y}, **filled)


def _corners(axes: Axes, transform: Transform, path: Outline, offset: npt.ArrayLike = (0.0, 0.0)) -> FloatArray:
    """Return the corners of a path in the coordinates of the labels, shape (corners, 2); its parts end in NaN.

    Curves become straight lines that are as fine as in the picture, wherein `offset` is added.
    """
    drawn = transform.transform_path(path).cleaned(simplify=False, curves=False)
    vertices, codes = np.array(drawn.vertices, np.float64), np.asarray(drawn.codes)
    starts = np.flatnonzero(codes == Outline.MOVETO)
    parts: list[FloatArray] = []
    for first, end in zip(starts, [*starts[1:], len(codes)], strict=True):
        part, part_codes = vertices[first:end], codes[first:end]
        # What closes a part goes back to its first corner, whatever stands there.
        part[part_codes == Outline.CLOSEPOLY] = part[0]
        part = part[part_codes != Outline.STOP]
        if len(part) > 1:
            parts += [_in_data(axes, None, part + np.asarray(offset)), _GAP]
    return np.concatenate(parts or [np.empty((0, 2))])


def _values(collection: Collection, number: int) -> tuple[dict[str, FloatArray], dict[str, Any]]:
    """Return the value of each mark of a collection, and the attributes that give it a colour; nothing without any."""
    values = collection.get_array()
    if values is None or np.size(values) != number:
        return {}, {}
    return {"value": np.ma.filled(np.ma.asarray(values, np.float64), np.nan).ravel()}, _mapping(collection)


def _mapping(artist: Any) -> dict[str, Any]:
    """Return the attributes that say which colour a value has."""
    colours, norm = artist.get_cmap(), artist.norm
    mapping = {
        "color_map": colours.name,
        "value_limits": np.array(artist.get_clim(), np.float64),
        "value_label": artist.colorbar.ax.get_ylabel() if artist.colorbar is not None else "",
    }
    if type(norm) is not Normalize:
        mapping["value_scale"] = "log" if isinstance(norm, LogNorm) else type(norm).__name__
    if colours.name not in mpl.colormaps:
        mapping["color_map_colors"] = json.dumps([to_hex(colour) for colour in colours(np.arange(colours.N))])
    return mapping


def _points(axes: Axes, collection: Any, label: str) -> xr.Dataset:
    """Return marks of some size at places in the data, as `scatter` draws them."""
    places = np.ma.filled(np.ma.asarray(collection.get_offsets(), np.float64), np.nan).reshape(-1, 2)
    number = len(places)
    x, y = _in_data(axes, collection.get_offset_transform(), places).T if number else np.empty((2, 0))
    collection.update_scalarmappable()
    has_face = len(collection.get_facecolor()) > 0
    colours = collection.get_facecolor() if has_face else collection.get_edgecolor()
    sizes, (values, mapping) = np.asarray(collection.get_sizes(), np.float64), _values(collection, number)
    own = values or _colours(colours, number)
    size = {"size": np.resize(sizes, number)} if len(sizes) else {}
    face = to_hex(_first(colours)) if has_face else "none"
    marks = {"marker": _marker(collection), "marker_face": face}
    return _dataset("points", label, _first(colours), None, "point", {"x": x, "y": y} | size | own, **marks, **mapping)


def _marker(collection: Any) -> str:
    """Return the name of the marks of a collection; "custom" if they have another shape than matplotlib's own."""
    shape = collection.get_paths()[0].vertices if collection.get_paths() else None
    for name in MarkerStyle.markers:
        style = MarkerStyle(name)
        own = style.get_path().transformed(style.get_transform()).vertices
        if shape is not None and np.shape(own) == np.shape(shape) and np.allclose(own, shape):
            return str(name)
    return "custom"


def _polygons(axes: Axes, collection: Collection, label: str) -> xr.Dataset:
    """Return the outlines of a collection of any other shapes; gaps between them are NaN."""
    paths = list(collection.get_paths())
    offsets = np.ma.filled(np.ma.asarray(collection.get_offsets(), np.float64), np.nan).reshape(-1, 2)
    number = max(len(paths), len(offsets)) if paths else 0
    moved = collection.get_offset_transform().transform(offsets)
    transform = collection.get_transform()
    parts = [_corners(axes, transform, paths[k % len(paths)], moved[k % len(moved)]) for k in range(number)]
    of_part = np.repeat(np.arange(number), [len(part) for part in parts])
    x, y = np.concatenate(parts or [np.empty((0, 2))]).T
    collection.update_scalarmappable()
    faces = np.asarray(collection.get_facecolor())
    colours = faces if len(faces) else collection.get_edgecolor()
    values, mapping = _values(collection, number)
    own = {name: each[of_part] for name, each in (values or _colours(colours, number)).items()}
    filled = {"filled": "yes" if len(faces) else "no"}
    return _dataset("polygons", label, _first(colours), None, "point", {"x": x, "y": y} | own, **filled, **mapping)


def _contours(axes: Axes, contours: Any, label: str) -> xr.Dataset:
    """Return the lines of a contour plot, or the outlines of its areas, each with its level (of areas: the middle)."""
    levels = np.asarray(contours.layers if contours.filled else contours.levels, np.float64)
    parts = [_corners(axes, contours.get_transform(), path) for path in contours.get_paths()]
    x, y = np.concatenate(parts or [np.empty((0, 2))]).T
    level = np.repeat(levels, [len(part) for part in parts])
    filled = {"filled": "yes" if contours.filled else "no"}
    colours = contours.get_facecolor() if contours.filled else contours.get_edgecolor()
    values = {"x": x, "y": y, "value": level}
    return _dataset("contours", label, _first(colours), None, "point", values, **filled, **_mapping(contours))


def _arrows(axes: Axes, arrows: Any, label: str) -> xr.Dataset:
    """Return a field of arrows, or of wind barbs: where they are, and their components."""
    is_quiver = isinstance(arrows, Quiver)
    places, names = np.asarray(arrows.get_offsets(), np.float64), ("U", "V") if is_quiver else ("u", "v")
    u, v = (np.ma.filled(np.ma.asarray(getattr(arrows, name), np.float64), np.nan).ravel() for name in names)
    own, mapping = _values(arrows, len(u))
    values = {"x": places[:, 0], "y": places[:, 1], "u": u, "v": v} | (own or _colours(arrows.get_facecolor(), len(u)))
    return _dataset("arrows", label, _first(arrows.get_facecolor()), None, "arrow", values, **mapping)


def _image(axes: Axes, image: Any, label: str) -> xr.Dataset:
    """Return an image or a mesh: a value, or a colour, for each place."""
    value = np.ma.filled(np.ma.asarray(image.get_array(), np.float64), np.nan)
    attributes = {"kind": "image", "label": label, **_mapping(image)}
    if isinstance(image, AxesImage):
        left, right, bottom, top = image.get_extent()
        first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
        x_edges = np.linspace(left, right, value.shape[1] + 1)
        y_edges = np.linspace(first, last, value.shape[0] + 1)
    else:
        corners = np.asarray(image.get_coordinates(), np.float64)
        x_edges, y_edges = corners[0, :, 0], corners[:, 0, 1]
        # One value for each cell, or for each corner of them (shading="gouraud").
        has_cells = int(np.prod(value.shape[:2])) != len(x_edges) * len(y_edges)
        colours = (value.shape[-1],) if value.ndim == 3 else ()
        value = value.reshape(len(y_edges) - has_cells, len(x_edges) - has_cells, *colours)
        is_straight = (corners[:, :, 0] == x_edges).all() and (y_edges == corners[:, :, 1].T).all()
        if not has_cells or not is_straight:
            of_value = ("y", "x") if has_cells else ("y_corner", "x_corner")
            places = {"x_corners": corners[:, :, 0], "y_corners": corners[:, :, 1]}
            return xr.Dataset(
                {"value": ((*of_value, *["channel"] * len(colours)), value)}
                | {name: (("y_corner", "x_corner"), each) for name, each in places.items()},
                attrs=attributes | {"kind": "mesh"},
            )
    dimensions = ("y", "x", "channel") if value.ndim == 3 else ("y", "x")
    if value.ndim == 3:
        # Of whole numbers, 255 is the brightest.
        value = value / 255 if np.asarray(image.get_array()).dtype.kind in "iu" else value
        attributes["kind"] = "picture"
    return xr.Dataset(
        {"value": (dimensions, value), "x_edges": ("x_edge", x_edges), "y_edges": ("y_edge", y_edges)},
        coords={"x": (x_edges[1:] + x_edges[:-1]) / 2, "y": (y_edges[1:] + y_edges[:-1]) / 2},
        attrs=attributes,
    )


#: The first that an artist is one of reads it; the general ones come last.
_READERS: Sequence[tuple[Any, Callable[[Axes, Any, str], xr.Dataset]]] = (
    (Line2D, _line),
    (FillBetweenPolyCollection, _band),
    (LineCollection, _segments),
    (StepPatch, _stairs),
    (QuadMesh | PolyQuadMesh | AxesImage, _image),
    (ContourSet, _contours),
    (Quiver | Barbs, _arrows),
    (PathCollection | CircleCollection | RegularPolyCollection, _points),
    (Collection, _polygons),
    (Rectangle, _rectangle),
    (Patch, _patch),
)
