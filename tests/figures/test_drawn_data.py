"""Drawn data: each kind of artist, nothing left out, equal bytes, and a moved point is seen."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from replasticity.errors import UserError
from replasticity.plotting import drawn_data, rendering
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


def test_what_is_not_known_is_an_error(axes):
    axes.quiver([1], [1], [2], [2])
    with pytest.raises(TypeError, match="panel 'a': Quiver cannot be saved"):
        series(axes)


def test_a_line_without_data_coordinates_is_an_error(axes):
    axes.plot([0, 1], [0, 1], transform=axes.transAxes)
    with pytest.raises(TypeError, match="no coordinate in the data"):
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
