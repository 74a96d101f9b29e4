"""Drawn data: each kind of artist, nothing left out, equal bytes, and a moved point is seen."""

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnchoredText
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from replasticity.errors import UserError
from replasticity.plotting import drawn_data, rendering
from replasticity.reporting.panels import panels
from replasticity.storage.datasets import write
from tests.figures.drawing import plot


@pytest.fixture
def axes():
    figure = Figure()
    axes = figure.add_subplot()
    rendering.letter(axes, "a", "Title")
    return axes


def series(axes):
    tree = drawn_data.collect(axes.figure, "test", {})
    return [each.to_dataset() for each in tree["a"].children.values()]


def only(axes):
    (one,) = series(axes)
    return one


def test_a_panel_says_what_its_axes_are(axes):
    axes.plot([1, 10], [3, 4])
    axes.set(xlabel="time (ms)", ylabel="V (mV)", xscale="log", xlim=(1, 100), ylim=(5, -5))
    axes.set_yticks([0, 1], ["none", "one\nspike"])
    panel = drawn_data.collect(axes.figure, "test", {})["a"].attrs
    assert (panel["title"], panel["x_label"], panel["y_label"]) == ("Title", "time (ms)", "V (mV)")
    assert (panel["x_scale"], panel["y_scale"]) == ("log", "linear")
    assert panel["x_limits"].tolist() == [1, 100]
    assert panel["y_limits"].tolist() == [5, -5]
    assert panel["y_ticks"].tolist() == [0, 1]
    assert panel["y_tick_labels"] == ["none", "one\nspike"]
    assert "x_tick_labels" not in panel


def test_panels_of_a_grid_have_the_labels_and_titles_that_they_share():
    figure = Figure()
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    for name, each in zip("abcd", grid.flat, strict=True):
        each.set_label(name)
    grid[0, 0].set_ylabel("V (mV)")
    grid[1, 0].set(xlabel="time (ms)", ylabel="rate (Hz)")
    for each, title in zip(grid[0], ("learning, 1 of 100", "recall"), strict=True):
        rendering.column_title(each, title)
    right = grid[1, 1].twinx()
    right.set(label="d_right", ylabel="dopamine")
    panels = {name: each.attrs for name, each in drawn_data.collect(figure, "test", {}).children.items()}
    assert {each["x_label"] for each in panels.values()} == {"time (ms)"}
    assert {name: each["y_label"] for name, each in panels.items()} == {
        "a": "V (mV)",
        "b": "V (mV)",
        "c": "rate (Hz)",
        "d": "rate (Hz)",
        "d_right": "dopamine",
    }
    assert {name: each["column_title"] for name, each in panels.items()} == {
        "a": "learning, 1 of 100",
        "b": "recall",
        "c": "learning, 1 of 100",
        "d": "recall",
        "d_right": "recall",
    }


def test_a_panel_outside_of_any_column_has_no_title_of_one(axes):
    other = axes.figure.add_axes((0, 0, 0.1, 0.1), label="b")
    rendering.column_title(axes, "a column")
    panels = drawn_data.collect(axes.figure, "test", {})
    assert panels["a"].attrs["column_title"] == "a column"
    assert "column_title" not in panels[other.get_label()].attrs


def test_lines_and_points(axes):
    axes.plot([1, 2, 3], [4, np.nan, 6], "--", color="#0072B2", label="a line")
    axes.plot([1, 2], [5, 6], "o", alpha=0.5, color="#0072B2")
    axes.plot([1, 2], [5, 6], "s", mfc="none")
    line, points, open_points = series(axes)
    assert line.attrs == {"kind": "line", "label": "a line", "color": "#0072b2", "opacity": 1.0, "line_style": "--"}
    np.testing.assert_array_equal(line["y"], [4, np.nan, 6])
    assert (points.attrs["kind"], points.attrs["label"], points.attrs["opacity"]) == ("points", "", 0.5)
    assert (points.attrs["marker"], points.attrs["marker_face"]) == ("o", "#0072b2")
    assert (open_points.attrs["marker"], open_points.attrs["marker_face"]) == ("s", "none")


def test_steps_are_the_corners_that_are_drawn(axes):
    axes.step([0, 1, 2], [5, 6, 7], where="post")
    assert only(axes)["x"].values.tolist() == [0, 1, 1, 2, 2]
    assert only(axes)["y"].values.tolist() == [5, 5, 6, 6, 7]


def test_bands_have_their_edges_and_their_gaps(axes):
    x = np.arange(6.0)
    axes.fill_between(x, -x, x**2, where=[True, True, False, True, True, True], alpha=0.2)
    band = only(axes)
    assert (band.attrs["kind"], band.attrs["opacity"]) == ("band", 0.2)
    np.testing.assert_array_equal(band["x"], [0, 1, np.nan, 3, 4, 5])
    np.testing.assert_array_equal(band["lower"], [0, -1, np.nan, -3, -4, -5])
    np.testing.assert_array_equal(band["upper"], [0, 1, np.nan, 9, 16, 25])


def test_bars_and_filled_stairs(axes):
    axes.bar([1, 3], [5, 6], width=0.5, bottom=2, label="bars")
    axes.stairs([7, 8], [0, 1, 3], baseline=0.5, fill=True)
    bars, stairs = series(axes)
    assert bars.attrs["label"] == "bars"
    for each, expected in (
        (bars, {"x": [1, 3], "height": [5, 6], "width": [0.5, 0.5], "bottom": [2, 2]}),
        (stairs, {"x": [0.5, 2], "height": [6.5, 7.5], "width": [1, 2], "bottom": [0.5, 0.5]}),
    ):
        assert each.attrs["kind"] == "bars"
        assert {name: values.values.tolist() for name, values in each.items()} == expected


def test_empty_stairs_are_a_line(axes):
    axes.stairs([7, 8], [0, 1, 3], baseline=None, ls=":")
    assert only(axes).attrs["line_style"] == ":"
    assert only(axes)["x"].values.tolist() == [0, 1, 1, 3]
    assert only(axes)["y"].values.tolist() == [7, 7, 8, 8]


def test_error_bars_are_points_and_segments(axes):
    axes.errorbar([1, 2], [5, 6], [[0.5, 0.5], [1, 2]], fmt="s", capsize=3, label="mean")
    segments, points = series(axes)
    assert [each.attrs["kind"] for each in (segments, points)] == ["segments", "points"]
    assert segments.attrs["label"] == points.attrs["label"] == "mean"
    assert {name: values.values.tolist() for name, values in segments.items()} == {
        "x0": [1, 2],
        "y0": [4.5, 5.5],
        "x1": [1, 2],
        "y1": [6, 8],
    }


def test_reference_lines_and_ticks_have_one_coordinate(axes):
    axes.axvline(3)
    axes.axhline(4, label="bound")
    axes.vlines([1, 2, 2], 0.7, 0.8, transform=axes.get_xaxis_transform())
    vertical, horizontal, ticks = series(axes)
    kinds = [each.attrs["kind"] for each in (vertical, horizontal, ticks)]
    assert kinds == ["vertical_lines", "horizontal_lines", "vertical_lines"]
    assert ticks["x"].values.tolist() == [1, 2, 2]
    assert vertical["x"].values.tolist() == [3]
    assert horizontal["y"].values.tolist() == [4]


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_images_have_a_value_for_each_place(axes, origin):
    value = [[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]]
    axes.figure.colorbar(axes.imshow(value, origin=origin, vmin=0, vmax=9), label="weight (mV)")
    image = only(axes)
    assert image.attrs["value_label"] == "weight (mV)"
    assert image.attrs["value_limits"].tolist() == [0, 9]
    np.testing.assert_array_equal(image["value"].sel(x=[0, 1, 2], y=[0, 1]), value)
    assert image["x_edges"].values.tolist() == [-0.5, 0.5, 1.5, 2.5]


def test_meshes_have_the_edges_of_their_cells(axes):
    axes.pcolormesh([0, 1, 4], [10, 20, 40, 50], [[1, 2], [3, 4], [5, 6]])
    mesh = only(axes)
    assert mesh["value"].sel(x=2.5, y=30).item() == 4
    assert mesh["x_edges"].values.tolist() == [0, 1, 4]
    assert mesh["y_edges"].values.tolist() == [10, 20, 40, 50]


def test_series_come_in_the_order_of_drawing_and_legend_entries_alone_are_none(axes):
    axes.plot([], [], label="entry of the legend")
    axes.plot([1], [1], "o", label="front", zorder=5)
    axes.plot([1], [1], "o", label="back", zorder=1)
    assert [each.attrs["label"] for each in series(axes)] == ["back", "front"]


def test_error_bars_of_bars_bring_no_points_that_nobody_sees(axes):
    axes.bar([1, 2], [5, 6], yerr=[0.5, 1.0])
    assert [each.attrs["kind"] for each in series(axes)] == ["bars", "segments"]


def test_bands_along_y_and_where_curves_cross(axes):
    axes.fill_betweenx([0.0, 1.0, 2.0], [1, 2, 3], [4, 1, 5])
    axes.fill_between([0.0, 2.0, 4.0], [0, 2, 2], 1.0, where=[False, True, True], interpolate=True)
    sideways, crossing = series(axes)
    assert sideways.attrs["kind"] == "sideways_band"
    assert {name: values.values.tolist() for name, values in sideways.items()} == {
        "y": [0, 1, 2],
        "left": [1, 1, 3],
        "right": [4, 2, 5],
    }
    assert crossing["x"].values.tolist() == [1, 2, 4]
    assert crossing["lower"].values.tolist() == [1, 1, 1]
    assert crossing["upper"].values.tolist() == [1, 2, 2]


def test_spans_and_rectangles(axes):
    axes.axvspan(1, 2, color="#0072B2", alpha=0.25, label="stimulus")
    axes.axhspan(3, 4)
    axes.add_patch(Rectangle((1, 2), 3, 4))
    axes.add_patch(Rectangle((0, 0), 2, 1, angle=90))
    vertical, horizontal, box, turned = series(axes)
    assert (vertical.attrs["kind"], vertical.attrs["label"], vertical.attrs["opacity"]) == (
        "vertical_spans",
        "stimulus",
        0.25,
    )
    for each, kind, corners in (
        (vertical, "vertical_spans", {"x0": 1, "x1": 2}),
        (horizontal, "horizontal_spans", {"y0": 3, "y1": 4}),
        (box, "rectangles", {"x0": 1, "y0": 2, "x1": 4, "y1": 6}),
    ):
        assert each.attrs["kind"] == kind
        assert {name: values.item() for name, values in each.items()} == corners
    assert turned.attrs["kind"] == "polygons"
    np.testing.assert_allclose(turned["x"], [0, 0, -1, -1, 0, np.nan], atol=1e-9)
    np.testing.assert_allclose(turned["y"], [0, 2, 2, 0, 0, np.nan], atol=1e-9)


def test_bars_of_several_colours_and_lying_ones(axes):
    axes.bar([1, 2], [5, 6], color=["#000000", "#ffffff"])
    axes.barh([1, 2], [5, 6], height=0.5)
    axes.hist([0.5, 0.5, 1.5], bins=[0, 1, 2], histtype="step", color="#0072B2")
    coloured, lying, outline = series(axes)
    assert coloured["red"].values.tolist() == coloured["blue"].values.tolist() == [0, 1]
    assert coloured["alpha"].values.tolist() == [1, 1]
    assert lying["x"].values.tolist() == [2.5, 3]
    assert lying["width"].values.tolist() == [5, 6]
    assert "red" not in lying
    assert (outline.attrs["kind"], outline.attrs["filled"], outline.attrs["color"]) == ("polygons", "no", "#0072b2")
    np.testing.assert_allclose(outline["y"], [0, 2, 2, 1, 1, 0, np.nan], atol=1e-9)


def test_scattered_points_have_sizes_colours_and_values(axes):
    axes.scatter([1, 2], [3, np.nan], s=[4, 9], c=["#ff0000", "#0000ff80"], marker="s", label="cells")
    mapped = axes.scatter([1, 2], [3, 4], c=[0.5, 5], cmap="cividis", vmin=0, vmax=9)
    axes.figure.colorbar(mapped, label="rate (Hz)")
    axes.scatter([1, 2], [3, 4], facecolors="none", edgecolors="#0072B2")
    coloured, valued, open_points = series(axes)
    assert coloured.attrs["marker"] == "s"
    assert coloured.attrs["label"] == "cells"
    assert coloured["size"].values.tolist() == [4, 9]
    assert coloured["red"].values.tolist() == [1, 0]
    np.testing.assert_allclose(coloured["alpha"], [1, 128 / 255])
    np.testing.assert_array_equal(coloured["y"], [3, np.nan])
    assert valued["value"].values.tolist() == [0.5, 5]
    assert valued.attrs["color_map"] == "cividis"
    assert valued.attrs["value_label"] == "rate (Hz)"
    assert valued.attrs["value_limits"].tolist() == [0, 9]
    assert (open_points.attrs["marker_face"], open_points.attrs["color"]) == ("none", "#0072b2")


def test_meshes_that_are_no_grid_and_pictures(axes):
    x, y = np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0])
    axes.pcolormesh(x + y, y, [[1, 2]])
    axes.pcolormesh(x, y, [[1, 2, 3], [4, 5, 6]], shading="gouraud")
    axes.imshow(np.array([[[0, 51, 255], [255, 0, 0]]], np.uint8))
    picture, skew, smooth = series(axes)
    assert skew.attrs["kind"] == smooth.attrs["kind"] == "mesh"
    assert skew["x_corners"].values.tolist() == [[0, 1, 2], [1, 2, 3]]
    assert skew["value"].values.tolist() == [[1, 2]]
    assert smooth["value"].dims == ("y_corner", "x_corner")
    assert picture.attrs["kind"] == "picture"
    assert picture["value"].values.tolist() == [[[0, 0.2, 1], [1, 0, 0]]]


def test_contours_have_their_levels(axes):
    x = np.arange(3.0)
    axes.contour(x, x, np.tile(x, (3, 1)), levels=[0.5, 1.5])
    axes.contourf(x, x, np.tile(x, (3, 1)), levels=[0, 1, 2])
    lines, areas = sorted(series(axes), key=lambda each: each.attrs["filled"])
    for level in (0.5, 1.5):
        on_line = (lines["value"] == level) & np.isfinite(lines["x"])
        np.testing.assert_allclose(lines["x"].values[on_line], level)
        assert on_line.sum() == 3
    assert set(areas["value"].values) == {0.5, 1.5}
    assert areas.attrs["value_limits"].tolist() == [0, 2]
    assert np.isnan(areas["x"].values).sum() == 2


def test_arrows_have_places_and_components(axes):
    axes.quiver([1, 2], [3, 4], [5, 6], [7, 8])
    axes.barbs([1, 2], [3, 4], [5, 6], [7, 8])
    for each in series(axes):
        assert each.attrs["kind"] == "arrows"
        assert {name: values.values.tolist() for name, values in each.items()} == {
            "x": [1, 2],
            "y": [3, 4],
            "u": [5, 6],
            "v": [7, 8],
        }


def test_other_shapes_have_their_corners(axes):
    axes.set(xlim=(0, 10), ylim=(1, 100), yscale="log")
    axes.broken_barh([(1, 2), (5, 1)], (10, 10))
    axes.add_patch(Circle((5, 50), 2))
    axes.add_collection(LineCollection([[(1, 2), (3, 4), (5, 6)], [(7, 8), (9, 10)]]))
    lines, boxes, circle = sorted(series(axes), key=lambda each: each.sizes["point"])
    np.testing.assert_array_equal(lines["y"], [2, 4, 6, np.nan, 8, 10])
    np.testing.assert_allclose(boxes["x"], [1, 1, 3, 3, 1, np.nan, 5, 5, 6, 6, 5, np.nan], atol=1e-9)
    np.testing.assert_allclose(np.nanmax(boxes["y"]), 20)
    radius = np.hypot(circle["x"] - 5, circle["y"] - 50)
    np.testing.assert_allclose(radius[np.isfinite(radius)], 2, rtol=0.01)


def test_texts_are_kept_with_their_places(axes):
    axes.set(xlim=(0, 10), ylim=(0, 100))
    axes.text(2, 30, "threshold")
    axes.text(0.5, 0.5, "no spike", transform=axes.transAxes)
    axes.annotate("peak", xy=(4, 50), xytext=(10, 10), textcoords="offset points", arrowprops={"arrowstyle": "->"})
    axes.add_artist(AnchoredText("n = 5", loc="upper left"))
    texts = drawn_data.collect(axes.figure, "test", {})["a"]["texts"]
    assert json.loads(texts.attrs["texts"]) == ["threshold", "no spike", "peak", "n = 5"]
    np.testing.assert_allclose(texts["x"][:3], [2, 5, 4])
    np.testing.assert_allclose(texts["y"][:3], [30, 50, 50])


def test_what_stands_in_coordinates_of_the_panel_is_kept_in_those_of_its_labels(axes):
    axes.set(xlim=(0, 10), ylim=(0, 100))
    axes.plot([0, 1], [0, 0.5], transform=axes.transAxes)
    np.testing.assert_allclose(only(axes)["x"], [0, 10])
    np.testing.assert_allclose(only(axes)["y"], [0, 50])


def test_an_inset_is_a_panel_named_after_its_own(axes):
    axes.plot([0, 1], [0, 1])
    axes.inset_axes((0.5, 0.5, 0.4, 0.4)).plot([2, 3], [4, 5])
    axes.secondary_xaxis("top")
    panels = drawn_data.collect(axes.figure, "test", {})
    assert list(panels.children) == ["a", "a_inset"]
    assert panels["a_inset/series_01"]["y"].values.tolist() == [4, 5]


def _crossing():
    x = np.linspace(0.0, 1.0, 4)
    return x, np.array([[0.0, 1.0, 2.0, 3.0]] * 4)


def _stream(axes, k):
    x, value = _crossing()
    axes.streamplot(x, x, value + k, value.T + 1)


#: What users of matplotlib draw: name -> function of axes, and of a number that moves one thing in it.
ARTISTS = {
    "line": lambda axes, k: axes.plot([1, 2], [3, 4 + k], "--o"),
    "line in the panel's coordinates": lambda axes, k: axes.plot([0, 1], [0, 0.5 + k], transform=axes.transAxes),
    "step": lambda axes, k: axes.step([1, 2], [3, 4 + k]),
    "stem": lambda axes, k: axes.stem([1, 2], [3, 4 + k]),
    "fill_between": lambda axes, k: axes.fill_between([1, 2], [0, 1], [3, 4 + k]),
    "fill_betweenx": lambda axes, k: axes.fill_betweenx([1, 2], [0, 1], [3, 4 + k]),
    "fill": lambda axes, k: axes.fill([1, 2, 2], [3, 4 + k, 5]),
    "stackplot": lambda axes, k: axes.stackplot([1, 2], [3, 4 + k], [1, 1]),
    "axvspan": lambda axes, k: axes.axvspan(1, 2 + k),
    "axhspan": lambda axes, k: axes.axhspan(1, 2 + k),
    "axvline": lambda axes, k: axes.axvline(2 + k),
    "hlines": lambda axes, k: axes.hlines([1, 2 + k], 0, 1, colors=["red", "blue"]),
    "eventplot": lambda axes, k: axes.eventplot([[1, 2 + k], [3]]),
    "rectangle": lambda axes, k: axes.add_patch(Rectangle((1, 2), 3, 4 + k)),
    "circle": lambda axes, k: axes.add_patch(Circle((0.5, 0.5), 0.2 + k)),
    "arrow": lambda axes, k: axes.add_patch(FancyArrowPatch((0, 0), (0.5, 0.5 + k))),
    "bar": lambda axes, k: axes.bar([1, 2], [3, 4 + k], yerr=0.5, color=["red", "blue"]),
    "barh": lambda axes, k: axes.barh([1, 2], [3, 4 + k]),
    "broken_barh": lambda axes, k: axes.broken_barh([(1, 2 + k), (5, 1)], (0, 1)),
    "hist": lambda axes, k: axes.hist([0.5, 0.5, 1.5 + k], bins=3),
    "hist with steps": lambda axes, k: axes.hist([0.5, 0.5, 1.5 + k], bins=3, histtype="step"),
    "stairs": lambda axes, k: axes.stairs([1, 2 + k], [0, 1, 2], fill=True),
    "boxplot": lambda axes, k: axes.boxplot([1, 2, 3, 4 + k], patch_artist=True),
    "violinplot": lambda axes, k: axes.violinplot([1, 2, 3, 4 + k]),
    "pie": lambda axes, k: axes.pie([1, 2 + k]),
    "errorbar": lambda axes, k: axes.errorbar([1, 2], [3, 4], [0.5, 0.5 + k], capsize=2),
    "scatter": lambda axes, k: axes.scatter([1, 2], [3, 4 + k]),
    "scatter, sizes": lambda axes, k: axes.scatter([1, 2], [3, 4], s=[5, 6 + k]),
    "scatter, colours": lambda axes, k: axes.scatter([1, 2], [3, 4], color=[(0, 0, 0), (0.5, 0.5, 0.5 + k)]),
    "scatter, values": lambda axes, k: axes.scatter([1, 2], [3, 4], c=[5, 6 + k], vmin=0, vmax=10),
    "imshow": lambda axes, k: axes.imshow([[1, 2], [3, 4 + k]], vmin=0, vmax=10),
    "imshow, logarithmic": lambda axes, k: axes.imshow([[1, 2], [3, 4 + k]], norm=LogNorm(1, 10)),
    "imshow of colours": lambda axes, k: axes.imshow([[[0.1, 0.2, 0.3 + k]]]),
    "imshow, own colours": lambda axes, k: axes.imshow(
        [[1, 2 + k]], cmap=ListedColormap(["r", "b"], "own"), clim=(0, 3)
    ),
    "pcolormesh": lambda axes, k: axes.pcolormesh([[1, 2], [3, 4 + k]], vmin=0, vmax=10),
    "pcolormesh, gouraud": lambda axes, k: axes.pcolormesh([[1, 2], [3, 4 + k]], shading="gouraud", vmin=0, vmax=9),
    "pcolormesh, skew": lambda axes, k: axes.pcolormesh([[0, 1], [1, 2 + k]], [[0, 0], [1, 1]], [[1]], vmin=0, vmax=9),
    "pcolor": lambda axes, k: axes.pcolor([[1, 2], [3, 4 + k]], vmin=0, vmax=10),
    "hexbin": lambda axes, k: axes.hexbin([0, 1, 1], [0, 1, 1 + 0 * k], C=[1, 2, 3 + k], gridsize=3),
    "hist2d": lambda axes, k: axes.hist2d([0, 1, 1], [0, 1, 1], weights=[1, 1, 1 + k], bins=2),
    "contour": lambda axes, k: axes.contour(*_crossing()[:1] * 2, _crossing()[1], levels=[0.5 + k, 1.5]),
    "contourf": lambda axes, k: axes.contourf(*_crossing()[:1] * 2, _crossing()[1], levels=[0.5 + k, 1.5, 2.5]),
    "quiver": lambda axes, k: axes.quiver([1, 2], [3, 4], [5, 6], [7, 8 + k]),
    "barbs": lambda axes, k: axes.barbs([1, 2], [3, 4], [5, 6], [7, 8 + k]),
    "streamplot": _stream,
    "text": lambda axes, k: axes.text(0.5, 0.5 + k, "a text"),
    "words": lambda axes, k: axes.text(0.5, 0.5, f"a text {k}"),
    "annotate": lambda axes, k: axes.annotate("a text", (0.5, 0.5 + k), (0.1, 0.1), arrowprops={}),
    "table": lambda axes, k: axes.table([["a", f"b {k}"]]),
    "inset": lambda axes, k: axes.inset_axes((0.5, 0.5, 0.4, 0.4)).plot([1, 2], [3, 4 + k]),
}


@pytest.mark.parametrize("artist", ARTISTS)
def test_what_users_draw_is_stored_read_compared_and_charted(artist, tmp_path):
    def drawn(change):
        figure = Figure()
        axes = figure.add_subplot()
        rendering.letter(axes, "a", "Title")
        ARTISTS[artist](axes, change)
        figure.draw_without_rendering()
        return drawn_data.collect(figure, "test", {})

    now = drawn(0.0)
    write(now, tmp_path / "drawn.nc")
    stored = drawn_data.read(tmp_path / "drawn.nc")
    assert drawn_data.differences(now, stored) == []
    assert drawn_data.differences(stored, drawn(0.0)) == []
    assert sum(len(panel.children) for panel in stored.children.values()) > 0
    # What has moved is found, whatever drew it.
    assert drawn_data.differences(drawn(0.125), stored) != []
    (panel, *_) = panels(stored)
    assert json.loads(panel.chart)["data"] or artist == "inset"


def test_texts_that_a_reference_does_not_know_are_no_difference(axes):
    axes.plot([1, 2], [3, 4])
    reference = drawn_data.collect(axes.figure, "test", {})
    axes.text(1, 3, "a text")
    now = drawn_data.collect(axes.figure, "test", {})
    assert drawn_data.differences(now, reference) == []
    assert drawn_data.differences(reference, now) == ["panel a: texts is in the reference only"]


def test_lines_without_any_are_no_series(axes):
    axes.vlines([], 0, 1)
    axes.add_collection(LineCollection([np.empty((0, 2))]))
    axes.eventplot([[], [1]])
    assert len(series(axes)) == 1


def test_what_is_not_known_is_an_error(axes):
    class Unknown(Artist):
        pass

    axes.add_artist(Unknown())
    with pytest.raises(TypeError, match="panel 'a': Unknown cannot be saved"):
        series(axes)


def test_panels_need_names_of_their_own(axes):
    axes.figure.add_subplot(2, 2, 1)
    with pytest.raises(ValueError, match="needs a letter or a label"):
        series(axes)


def test_large_series_are_kept_in_single_precision(axes):
    axes.plot(np.arange(5000), np.zeros(5000), ".")
    axes.plot(np.arange(4999), np.zeros(4999), ".")
    assert [each["x"].dtype for each in series(axes)] == [np.float32, np.float64]


# What the figures of the project draw.


def test_every_panel_of_every_figure_has_data(drawn):
    name, ensembles, figure = drawn
    tree = drawn_data.collect(figure, name, ensembles)
    letters = [text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1]
    assert set(letters) <= set(tree.children)
    for panel in tree.children.values():
        assert panel.children, panel.name
        for each in panel.children.values():
            assert each.attrs["kind"] in drawn_data.KINDS
            assert any(np.isfinite(values).any() for values in each.data_vars.values())


def test_files_of_equal_drawings_have_equal_bytes_and_say_what_was_drawn(drawn, tmp_path):
    name, ensembles, figure = drawn
    for path in (tmp_path / "one.nc", tmp_path / "two.nc"):
        write(drawn_data.collect(figure, name, ensembles), path)
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()
    stored, now = drawn_data.read(tmp_path / "one.nc"), drawn_data.collect(figure, name, ensembles)
    assert drawn_data.differences(stored, now) == []
    assert drawn_data.same_origin(stored, now)


def test_a_fit_and_its_pairings_are_those_of_the_ensemble(small_ensembles):
    ensembles = small_ensembles("zenke2015")
    figure = plot("zenke2015", ensembles)
    panel = drawn_data.collect(figure, "zenke2015", ensembles)["c"]
    by_label = {each.attrs["label"]: each for each in panel.children.values()}
    pairings = by_label["pairings (after \N{MINUS SIGN} before)"]
    np.testing.assert_array_equal(pairings["x"], ensembles["main"]["G_sampled_Hz"].values.ravel())
    np.testing.assert_array_equal(pairings["y"], ensembles["main"]["dw_nS"].values.ravel())
    fit = next(each for label, each in by_label.items() if label.startswith("fit"))
    slope = np.diff(fit["y"]) / np.diff(fit["x"])
    np.testing.assert_allclose(slope, ensembles["main"]["slope_sampled_nS_per_Hz"].values.mean(), rtol=1e-9)


# The regression: two drawings are compared by their data.


def moved(ensembles, name, change):
    """Return what the comparison says when one statistic of the experiment has changed."""
    before = drawn_data.collect(plot(name, ensembles), name, ensembles)
    changed = ensembles["main"].copy(deep=True)
    change(changed)
    after = ensembles | {"main": changed}
    return drawn_data.differences(drawn_data.collect(plot(name, after), name, after), before)


def test_a_point_that_moves_is_found(small_ensembles):
    def change(ensemble):
        ensemble["dw_nS"][1, 2] += 0.001

    found = moved(small_ensembles("zenke2015"), "zenke2015", change)
    assert any(line.startswith("panel c: series") and "y has moved by up to 0.001" in line for line in found)
    assert not any(line.startswith(("panel a", "panel b", "panel d")) for line in found)


def test_a_pixel_that_moves_is_found(small_ensembles):
    def change(ensemble):
        ensemble["weight_final"][0, 0, 3, 4] += 0.01

    found = moved(small_ensembles("beats_map"), "beats_map", change)
    assert any("image" in line and "value has moved by up to 0.01" in line for line in found)


def test_what_nobody_can_see_has_not_moved(small_ensembles):
    def change(ensemble):
        ensemble["dw_nS"] *= 1 + 1e-12

    assert moved(small_ensembles("zenke2015"), "zenke2015", change) == []


def test_other_texts_panels_and_series_are_found(axes):
    def tree(change):
        figure = Figure()
        one = figure.add_subplot()
        rendering.letter(one, "a", "Title")
        one.plot([1, 2], [3, 4], label="line")
        change(one)
        return drawn_data.collect(figure, "test", {})

    reference = tree(lambda one: None)
    assert drawn_data.differences(tree(lambda one: one.set_label("b")), reference) == [
        "panel a: is in the reference only",
        "panel b: is not in the reference",
    ]
    assert drawn_data.differences(tree(lambda one: one.set_xlabel("time")), reference) == [
        "panel a: x_label: 'time', in the reference ''"
    ]
    assert drawn_data.differences(tree(lambda one: one.plot([1], [3], "o")), reference) == [
        "panel a: series_02 is not in the reference"
    ]
    assert drawn_data.differences(tree(lambda one: one.lines[0].set_label("other")), reference) == [
        "panel a: series_01: line 'other', in the reference line 'line'"
    ]
    assert drawn_data.differences(tree(lambda one: one.lines[0].set_data([1], [3])), reference) == [
        "panel a: series_01 (line 'line'): x has 1 numbers, in the reference 2",
        "panel a: series_01 (line 'line'): y has 1 numbers, in the reference 2",
    ]


def test_other_files_are_refused(tmp_path):
    write(xr.Dataset(attrs={"kind": "run"}), tmp_path / "run.nc")
    with pytest.raises(UserError, match="'kind' is 'run', allowed here: 'drawn data'"):
        drawn_data.read(tmp_path / "run.nc")
