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
points              ``x``, ``y``; attributes ``marker`` and ``marker_face``; ``size`` [points^2] of
                    those of `scatter`
band                ``x``, ``lower``, ``upper``
sideways_band       ``y``, ``left``, ``right``
bars                ``x`` (centre), ``height``, ``width``, ``bottom``
rectangles          ``x0``, ``y0``, ``x1``, ``y1``: two corners
vertical_spans      ``x0``, ``x1``: from the bottom of the panel to its top
horizontal_spans    ``y0``, ``y1``: the same from left to right
polygons            ``x``, ``y``: the corners of any other shapes; attribute ``filled``
image               ``value`` over ``y`` and ``x`` (centres); ``y_edges``, ``x_edges``; attributes
                    ``value_label``, ``value_limits``, ``color_map``
picture             the same with a ``channel`` for red, green, blue and opacity of each place
mesh                ``value`` of each cell, or corner, of a mesh that is no grid; ``x_corners``,
                    ``y_corners``
contours            ``x``, ``y``, ``value`` (the level, of areas the middle); attribute ``filled``
arrows              ``x``, ``y``, ``u``, ``v``: places and components
segments            ``x0``, ``y0``, ``x1``, ``y1``
vertical_lines      ``x``: lines or ticks that mark a place on the x axis and have no height in the data
horizontal_lines    ``y``: the same for the y axis
texts               ``x``, ``y``; attribute ``texts``, a list in JSON
=================== ==================================================================================

Marks of one series that have colours of their own have ``red``, ``green``, ``blue`` and ``alpha`` as well, from 0 to 1,
or a ``value`` with the attributes of an image. A colour map without a name that matplotlib knows has its colours in
``color_map_colors``, and a scale of colours that is not linear its name in ``value_scale``. Parts of one series that
are drawn apart have NaN between them. What is written in a panel, apart from title, labels, ticks and legend, is the
group ``texts``, with where it stands or points to.

The file itself says what it was drawn from: ``drawn_from`` has experiment, parameters and seeds by role, ``ensembles``
the content digest of each ensemble, ``pictures`` the SHA-256 of the pictures of the same drawing.

All coordinates are those of the axes' labels. Legends are left out. `replasticity.plotting.drawn_series` reads the
artists; one that it does not know is an error, so that nothing drawn is missing.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from replasticity import __version__
from replasticity.errors import UserError
from replasticity.plotting import drawn_contract as _drawn_contract
from replasticity.plotting.drawn_series import series_of, texts_of
from replasticity.plotting.panels import COLUMN_TITLE
from replasticity.storage.datasets import CONVENTIONS, json_attribute, open_tree
from replasticity.storage.integrity import CONTENT_DIGEST

#: Suffix of a file of drawn data.
SUFFIX = "nc"

#: What a file of drawn data says of itself in its attribute ``kind``.
KIND = "drawn data"

#: Two drawings are the same if nothing has moved by more than this share of the width or height of its panel.
TOLERANCE = 1e-6

#: What marks have that are no places.
_OF_MARKS = ("size", "u", "v", "value", "red", "green", "blue", "alpha")

#: Kinds of series.
KINDS = tuple(_drawn_contract.VARIABLES)

#: Name of the group with what is written in a panel.
_TEXTS = "texts"

#: What a child of another panel's axes is called if it has no label.
_INSET = "inset_axes"


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
    every = [each for axes in figure.axes for each in (axes, *_insets(axes))]
    scales_of_colours = {
        artist.colorbar.ax: artist.colorbar
        for axes in every
        for artist in (*axes.images, *axes.collections)
        if artist.colorbar is not None
    }
    panels: dict[str, xr.DataTree] = {}
    for axes in every:
        if axes in scales_of_colours:
            continue
        panel = axes.get_label()
        if not panel or panel in panels:
            raise ValueError(f"panel '{panel}': each panel needs a letter or a label of its own (Axes.set_label)")
        drawn = enumerate(series_of(axes), 1)
        series = {f"series_{number:02}": xr.DataTree(dataset) for number, dataset in drawn}
        if (texts := texts_of(axes)) is not None:
            series[_TEXTS] = xr.DataTree(texts)
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


def _insets(axes: Axes) -> list[Axes]:
    """Return the axes that stand in others, named after their panel if they have no label of their own."""
    insets = [each for each in axes.child_axes if isinstance(each, Axes)]
    for number, each in enumerate(insets, 1):
        if each.get_label() in ("", _INSET):
            each.set_label(f"{axes.get_label()}_inset{f'_{number}' if number > 1 else ''}")
    return [one for each in insets for one in (each, *_insets(each))]


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
    # References of an older kind have no texts: of those nothing is known.
    known = set(now.children) - ({_TEXTS} - set(reference.children))
    for name in sorted(known ^ set(reference.children)):
        yield f"{name} {_only(name in now.children)}"
    for name, series in reference.children.items():
        if name not in now.children:
            continue
        found = now.children[name]
        if (found.attrs["kind"], found.attrs["label"]) != (series.attrs["kind"], series.attrs["label"]):
            yield f"{name}: {_named(found)}, in the reference {_named(series)}"
            continue
        if (one := found.attrs.get("texts")) != (other := series.attrs.get("texts")):
            yield f"{name}: {one}, in the reference {other}"
            continue
        for variable in sorted(set(map(str, found.variables)) ^ set(map(str, series.variables))):
            yield f"{name} ({_named(series)}): {variable} {_only(variable in found.variables)}"
        for variable in [str(each) for each in series.variables if each in found.variables]:
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
    if variable == "value" and "value_limits" in series.attrs:
        limits = series.attrs["value_limits"]
    elif variable in _OF_MARKS:
        # Colours are shares of one; for sizes and arrows the relative difference has to do.
        return 0.0 if variable in ("size", "u", "v") else TOLERANCE
    else:
        axis = "x" if variable.startswith(("x", "width", "left", "right")) else "y"
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
