"""Charts from drawn data: every kind of series, thinning that says so, and labels without matplotlib's markup."""

import base64
import json

import numpy as np
import pytest
import xarray as xr

from replasticity.reporting import panels
from replasticity.reporting.mathtext import as_html
from replasticity.reporting.thinning import kept_of_line, kept_of_points

AXES = {
    "title": "A title",
    "x_label": "time (s)",
    "y_label": r"$\Delta w_{ij}$",
    "x_scale": "linear",
    "y_scale": "linear",
    "x_limits": np.array([0.0, 10.0]),
    "y_limits": np.array([-1.0, 1.0]),
}


def series(kind, variables, dimension="point", **attributes):
    described = {"kind": kind, "label": "", "color": "#0072b2", "opacity": 1.0, "line_style": "-"} | attributes
    return xr.Dataset({name: (dimension, np.asarray(values)) for name, values in variables.items()}, attrs=described)


def panel_of(*drawn, **axes):
    """Return the only panel of a figure of some series, and its chart."""
    children = {f"series_{number:02}": xr.DataTree(each) for number, each in enumerate(drawn)}
    tree = xr.DataTree(children={"a": xr.DataTree(xr.Dataset(attrs=AXES | axes), children=children)})
    (panel,) = panels.panels(tree)
    return panel, json.loads(panel.chart)


def values(array):
    """Return the numbers of an array of a chart; Plotly keeps short ones that may be of any type as lists."""
    if isinstance(array, list):
        return np.array(array)
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])


def test_line_keeps_its_values_label_and_style():
    drawn = series("line", {"x": [0.0, 1.0, 2.0], "y": [0.5, np.nan, 0.25]}, label=r"$\tau_H$", line_style="--")
    panel, chart = panel_of(drawn)
    (trace,) = chart["data"]
    np.testing.assert_array_equal(values(trace["y"]), [0.5, np.nan, 0.25])
    assert (trace["name"], trace["line"]["dash"], trace["mode"]) == ("τ<sub>H</sub>", "dash", "lines")
    assert (panel.letter, panel.title, panel.thinned) == ("a", "A title", "")
    assert chart["layout"]["yaxis"]["title"]["text"] == "Δw<sub>ij</sub>"


@pytest.mark.parametrize(
    ("marker", "face", "symbol"),
    [
        ("o", "#0072b2", "circle"),
        ("o", "none", "circle-open"),
        ("s", "#ffffff", "square-open"),
        ("s", "#0072b2", "square"),
        (".", "#0072b2", "circle"),
        ("x", "none", "x-thin-open"),
        ("*", "none", "circle-open"),
    ],
)
def test_open_markers_stay_open(marker, face, symbol):
    _, chart = panel_of(series("points", {"x": [1.0], "y": [2.0]}, marker=marker, marker_face=face))
    assert chart["data"][0]["marker"]["symbol"] == symbol


def test_points_band_bars_and_lines_are_drawn():
    _, chart = panel_of(
        series("points", {"x": [1.0], "y": [2.0]}, marker="x", marker_face="#0072b2"),
        series("band", {"x": [0, 1, np.nan, 3, 4], "lower": [0, 1, np.nan, 3, 4], "upper": [2, 3, np.nan, 5, 6]}),
        series("bars", {"x": [1.0], "height": [2.0], "width": [0.5], "bottom": [1.0]}),
        series("segments", {"x0": [0.0], "y0": [1.0], "x1": [2.0], "y1": [3.0]}),
        series("vertical_lines", {"x": [4.0]}),
        series("horizontal_lines", {"y": [0.5]}),
    )
    points, band, bars, segments, vertical, horizontal = chart["data"]
    assert points["marker"]["symbol"] == "x-thin-open"
    nan = np.nan
    np.testing.assert_array_equal(values(band["x"]), [0, 1, 1, 0, 0, nan, 3, 4, 4, 3, 3, nan])
    np.testing.assert_array_equal(values(band["y"]), [2, 3, 1, 0, 2, nan, 5, 6, 4, 3, 5, nan])
    assert (values(bars["y"])[0], values(bars["base"])[0], values(bars["width"])[0]) == (2.0, 1.0, 0.5)
    np.testing.assert_array_equal(values(segments["x"]), [0, 2, nan])
    np.testing.assert_array_equal(values(segments["y"]), [1, 3, nan])
    np.testing.assert_array_equal(values(vertical["y"]), [-1, 1, nan])
    np.testing.assert_array_equal(values(horizontal["x"]), [0, 10, nan])


def test_image_has_its_edges_colours_and_values():
    image = xr.Dataset(
        {"value": (("y", "x"), [[0.0, 1.0, 2.0]]), "x_edges": ("e", [0.0, 1, 2, 3]), "y_edges": ("f", [0.0, 1])},
        attrs={"kind": "image", "label": "", "color_map": "viridis", "value_limits": [0.0, 4.0], "value_label": "w"},
    )
    _, chart = panel_of(image)
    (trace,) = chart["data"]
    assert (trace["type"], trace["zmin"], trace["zmax"], trace["showscale"]) == ("heatmap", 0.0, 4.0, True)
    assert trace["z"]["shape"] == "1, 3"
    assert trace["colorscale"][0] == [0.0, "#440154"]


def test_axes_keep_scale_direction_and_named_ticks():
    drawn = series("line", {"x": [1.0, 2.0], "y": [1.0, 2.0]})
    _, chart = panel_of(
        drawn, x_scale="log", x_limits=[1.0, 100.0], y_limits=[5.0, 0.0], y_ticks=[1.0], y_tick_labels=["a < b"]
    )
    assert chart["layout"]["xaxis"]["range"] == [0.0, 2.0]
    assert chart["layout"]["yaxis"]["range"] == [5.0, 0.0]
    assert chart["layout"]["yaxis"]["ticktext"] == ["a &lt; b"]


def drawn_panels(**panel_attributes):
    """Return the panels of a figure of which only names and texts are given."""
    children = {name: xr.DataTree(xr.Dataset(attrs=AXES | texts)) for name, texts in panel_attributes.items()}
    return [(panel.name, panel.letter, panel.title) for panel in panels.panels(xr.DataTree(children=children))]


def test_panels_have_the_titles_that_they_have_in_the_figure():
    assert drawn_panels(
        a={"title": "Rates", "column_title": "learning, 1 of 100\n(seed 1)"},
        a_column_2={"title": "", "column_title": "learning, 10 of 100\n(seed 1)"},
        b={"title": "Close up", "y_label": "w (mV)"},
        b_dopamine={"title": "", "y_label": r"dopamine $n$"},
        c={"title": r"$\Delta w$ alone", "y_label": "w (mV)"},
        d={"title": "10 s", "y_label": "from neuron"},
        d_2={"title": "100 s", "y_label": ""},
        e={"title": "Corrections", "x_label": "change of the rate", "y_label": "erratum"},
        e_2={"title": "", "x_label": "change of the weight", "y_label": "erratum"},
    ) == [
        ("a", "a", "Rates: learning, 1 of 100 (seed 1)"),
        ("a_column_2", "a", "Rates: learning, 10 of 100 (seed 1)"),
        ("b", "b", "Close up: w (mV)"),
        ("b_dopamine", "b", "Close up: dopamine n"),
        ("c", "c", "Δw alone"),
        ("d", "d", "10 s"),
        ("d_2", "d", "100 s"),
        ("e", "e", "Corrections: change of the rate"),
        ("e_2", "e", "Corrections: change of the weight"),
    ]


def test_panels_come_in_the_order_of_their_letters():
    names = [name for name, _, _ in drawn_panels(a={}, e={}, b={"title": "B"}, b_right={"y_label": "w"}, c={})]
    assert names == ["a", "b", "b_right", "c", "e"]


def test_long_labels_are_broken_and_have_room():
    def chart_with(*labels):
        return panel_of(*(series("line", {"x": [0.0], "y": [1.0]}, label=label) for label in labels))

    short, _ = chart_with("one", "two")
    panel, chart = chart_with("one", r"$U_M$ (last column: of the last presentation with drive)")
    assert [trace["name"] for trace in chart["data"]] == [
        "one",
        "U<sub>M</sub> (last column: of the last<br>presentation with drive)",
    ]
    # One row for both short labels; three rows for those of which one is long.
    assert panel.height_px - short.height_px == 2 * panels.LINE_OF_LEGEND_PX


def test_what_is_left_out_is_said():
    n = 10 * panels.MOST_POINTS
    rng = np.random.default_rng(1)
    line = series("line", {"x": np.arange(n), "y": rng.normal(size=n)})
    panel, chart = panel_of(line)
    kept = values(chart["data"][0]["y"])
    assert len(kept) <= panels.MOST_POINTS
    assert panel.thinned == f"{len(kept):,} of {n:,} points shown"
    assert {kept.min(), kept.max()} == {line["y"].values.min().astype("f4"), line["y"].values.max().astype("f4")}


def test_no_tag_can_begin_inside_the_data():
    assert "<" not in panels.embedded({"title": "</script><script>"})
    assert json.loads(panels.embedded({"title": "</script>"})) == {"title": "</script>"}


@pytest.mark.parametrize("n", [1, 7, 100, 1001])
def test_thinned_line_keeps_ends_extremes_and_gaps(n):
    rng = np.random.default_rng(n)
    y = rng.normal(size=n)
    y[n // 3 : n // 2] = np.nan
    kept = kept_of_line(y, 50)
    assert len(kept) <= max(50, 75)
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert np.nanmin(y[kept]) == np.nanmin(y)
    assert np.nanmax(y[kept]) == np.nanmax(y)
    assert np.isnan(y[kept]).any() == np.isnan(y).any()


def test_thinned_points_are_spread_evenly():
    assert kept_of_points(3, 5).tolist() == [0, 1, 2]
    assert kept_of_points(9, 5).tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("w (nS) & <more>", "w (nS) &amp; &lt;more&gt;"),
        (r"$\tau_H$ = 0.1 s", "τ<sub>H</sub> = 0.1 s"),
        (r"$\Delta w_{ji}$ (mV), $i < j$", "Δw<sub>ji</sub> (mV), i &lt; j"),
        (r"$\bar u_+$", "u\u0304<sub>+</sub>"),
        (r"$\bar{\bar u}$", "u\u033f"),
        (r"$A_\mathrm{vt}$", "A<sub>vt</sub>"),
        (r"$\varphi(V_W^*)$", "φ(V<sub>W</sub><sup>*</sup>)"),
        ("costs 5 $", "costs 5 $"),
        ("two\nlines", "two lines"),
    ],
)
def test_labels_lose_the_markup_of_formulas(label, expected):
    assert as_html(label) == expected
