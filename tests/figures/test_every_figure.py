"""What holds for every figure: readable in print, honest about n, text that stays text, and reproducible files."""

import json
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

from replasticity.plotting import rendering
from replasticity.plotting.drawn_data import collect
from replasticity.reporting.panels import panels
from tests.figures.conftest import SMALL
from tests.figures.drawing import plot


def texts(figure):
    """Return all texts that are shown."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def own_texts(axes):
    """Return what is written in a panel: title, labels, ticks, notes and legend."""
    return " ".join(text.get_text() for text in axes.findobj(Text))


def test_width_is_that_of_a_page(drawn):
    _, _, figure = drawn
    assert figure.get_figwidth() * 25.4 == pytest.approx(180)


def test_no_text_is_smaller_than_six_points_in_print(drawn):
    _, _, figure = drawn
    small = [text.get_text() for text in texts(figure) if text.get_fontsize() < 6]
    assert small == []


def test_panels_are_lettered_in_order_and_titled(drawn):
    name, ensembles, figure = drawn
    letters = [axes.get_label() for axes in figure.axes if len(axes.get_label()) == 1]
    assert sorted(letters) == list("abcdefghijklmnop"[: len(letters)])
    bold = [text.get_text() for axes in figure.axes for text in axes.texts if text.get_fontweight() == "bold"]
    assert set(letters) <= set(bold)
    assert all(axes.get_title(loc="left") for axes in figure.axes if axes.get_label() in letters)
    # Other axes belong to a lettered panel.
    assert {panel[0] for panel in collect(figure, name, ensembles).children} == set(letters)


def test_every_chart_of_the_report_has_a_name_of_its_own_and_says_what_its_axes_are(drawn):
    name, ensembles, figure = drawn
    drawn_panels = list(panels(collect(figure, name, ensembles)))
    titles = [(panel.letter, panel.title) for panel in drawn_panels]
    assert len(set(titles)) == len(titles)
    for panel in drawn_panels:
        layout = json.loads(panel.chart)["layout"]
        axes = [layout["xaxis"], layout["yaxis"]]
        assert all(axis["title"]["text"] or "ticktext" in axis for axis in axes), panel.name
        # A reader's words: no names of variables, and no markup of formulas.
        assert not re.search(r"\w_\w|\\|\$|\bnan\b", " ".join([panel.title, *(axis["title"]["text"] for axis in axes)]))


def test_every_panel_says_how_many_seeds_it_shows(drawn):
    _, _, figure = drawn
    # Without randomness the note below the figure says so.
    if figure.get_supxlabel() and "(n = 1)" in figure.get_supxlabel():
        return
    silent = []
    for axes in figure.axes:
        together = [axes, *axes.get_shared_x_axes().get_siblings(axes)]
        if len(axes.get_label()) == 1 and not re.search(r"n = \d|seed", " ".join(map(own_texts, together))):
            silent.append(axes.get_label())
    assert silent == []


def test_quantities_have_units(drawn):
    # Bare are numbers, shares, ratios and what the papers define without a unit.
    bare = (
        r"neuron|cell|dopamine above|channel|pair|w\b|weight|n\b|c\b|rank|synapses|ratio|S1 /|correlation|epoch|share|"
        r"deviation|time"
    )
    name, _, figure = drawn
    if name not in SMALL:
        pytest.skip("only who has written a figure knows what in it has no unit")
    for axes in figure.axes:
        for label in (axes.get_xlabel(), axes.get_ylabel()):
            assert not label or re.search(rf"\(.+\)|Delta|presentation|time, n seeds|{bare}", label), label


def test_colours_are_those_that_everybody_can_tell_apart(drawn):
    name, ensembles, figure = drawn
    okabe_ito = {"#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#666666"}
    uniform = {mpl.colors.to_hex(colour) for colour in mpl.colormaps["cividis"].colors}
    for panel in collect(figure, name, ensembles).children.values():
        for series in panel.children.values():
            if "color_map" in series.attrs:
                assert series.attrs["color_map"] in {"viridis", "cividis", "RdBu_r"}
            if "color" in series.attrs:
                assert series.attrs["color"] in okabe_ito | uniform


def test_svg_keeps_text_as_text_in_a_named_font_without_a_date(drawn, tmp_path):
    _, _, figure = drawn
    rendering.save(figure, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert "<dc:date>" not in svg
    assert "DejaVu Sans" in svg
    for axes in figure.axes:
        for text in (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()):
            # Formulas and broken lines are several pieces of text.
            if text and "$" not in text and "\n" not in text:
                escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                assert f">{escaped}</text>" in svg


def test_pdf_has_true_fonts_and_no_date(drawn, tmp_path):
    _, _, figure = drawn
    rendering.save(figure, tmp_path / "a.pdf")
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"CreationDate" not in pdf
    assert b"ModDate" not in pdf
    assert b"/Subtype /Type3" not in pdf
    assert b"DejaVuSans" in pdf


def test_panels_stand_on_round_numbers(drawn):
    # What the solver of the layout finds differs in its last bits from call to call, and so would the files.
    _, _, figure = drawn
    places = np.array(
        [axes.get_position(original=True).bounds for axes in figure.axes]
        + [part.bbox_relative.get_points().ravel() for part in figure.subfigs]
    )
    np.testing.assert_allclose(places, np.round(places, 6), rtol=0, atol=1e-12)


def test_each_panel_alone_is_as_large_as_in_the_figure_and_whole(drawn, tmp_path):
    _, _, figure = drawn
    letters = [axes.get_label() for axes in figure.axes if len(axes.get_label()) == 1]
    for axes in figure.axes:
        if len(axes.get_label()) == 1:
            rendering.save(figure, tmp_path / "panel.svg", axes.get_label())
            svg = (tmp_path / "panel.svg").read_text()
            width_pt, height_pt = map(float, re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups())
            box = axes.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
            assert 72 * box.width < width_pt < 72 * figure.get_figwidth() + 10
            assert 72 * box.height < height_pt < 72 * figure.get_figheight() + 10
            # The others are not in it, whether they stand beside it or below.
            whole = 72**2 * figure.get_figwidth() * figure.get_figheight()
            assert len(letters) == 1 or width_pt * height_pt < 0.75 * whole
            title = axes.get_title(loc="left")
            assert title.split("$")[0].split("\n")[0].split("&")[0] in svg


def test_equal_data_give_equal_files(drawn, tmp_path):
    name, ensembles, _ = drawn
    for path in (tmp_path / "a.svg", tmp_path / "b.svg"):
        rendering.save(plot(name, ensembles), path)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("title", ["cost: $5", "$\\input{x}$", "a $b$ $\\frac{$", "50 $ or 60 $"])
def test_text_that_is_no_formula_is_drawn_as_it_is(monkeypatch, tmp_path, title):
    from matplotlib.figure import Figure

    from replasticity.studies.zenke2015 import figure as zenke2015

    def with_title(ensembles):
        figure = Figure()
        figure.subplots().set_title(title)
        return figure

    monkeypatch.setattr(zenke2015, "plot", with_title)
    figure = plot("zenke2015", {})
    rendering.save(figure, tmp_path / "a.svg")
    assert title in (tmp_path / "a.svg").read_text()
