"""Figure zenke2015: what is drawn is what the data say, nothing overlaps, and the files are reproducible."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.pipeline import simulation
from replasticity.plotting import rendering
from replasticity.plotting.drawn_data import collect
from tests.figures.drawing import plot

SEEDS = range(1, 4)
ROLES = {
    "main": "zenke2015",
    "corrected": "zenke2015_eq15",
    "paper": "zenke2015_paper",
    "post_pre": "zenke2015_post_pre",
}


@pytest.fixture(scope="module")
def ensembles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for role, name in ROLES.items():
        resolved = experiments.resolve(name)
        files = [folder / f"{name}-{seed}.nc" for seed in SEEDS]
        for seed, file in zip(SEEDS, files, strict=True):
            simulation.write_run(resolved, seed, file)
        made[role] = simulation.aggregate(resolved, files)
    return made


@pytest.fixture(scope="module")
def figure(ensembles):
    return plot("zenke2015", ensembles)


def panel(figure, title):
    return next(axes for axes in figure.axes if title in axes.get_title(loc="left"))


def test_panels_are_lettered_titled_and_labelled_with_units(figure):
    letters = [text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1]
    assert sorted(letters) == ["a", "b", "c", "d", "e"]
    for axes in figure.axes:
        assert re.search(r"\((s|Hz|nS)\)$", axes.get_xlabel())
        assert re.search(r"\((s|Hz|nS)\)$", axes.get_ylabel())


def test_weight_change_panel_draws_the_statistics(figure, ensembles):
    axes = panel(figure, "Weight change against G, n = 3 seeds")
    pairings = next(line for line in axes.lines if line.get_label().startswith("pairings"))
    np.testing.assert_array_equal(pairings.get_xdata(), ensembles["main"]["G_sampled_Hz"].values.ravel())
    np.testing.assert_array_equal(pairings.get_ydata(), ensembles["main"]["dw_nS"].values.ravel())
    published = next(line for line in axes.lines if line.get_marker() == "x")
    np.testing.assert_array_equal(published.get_ydata(), -ensembles["main"]["dw_nS"].values.ravel())
    analytic = next(line for line in axes.lines if line.get_label().startswith("analytic"))
    slope = np.diff(analytic.get_ydata()) / np.diff(analytic.get_xdata())
    np.testing.assert_allclose(slope, 1 + np.exp(-1 / 20), rtol=1e-9)


@pytest.fixture(scope="module")
def with_six_seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("six")
    resolved = experiments.resolve("zenke2015")
    files = [folder / f"{seed}.nc" for seed in range(1, 7)]
    for seed, file in enumerate(files, 1):
        simulation.write_run(resolved, seed, file)
    return simulation.aggregate(resolved, files)


def bands(figure):
    """Return label -> height in points of print, where it is largest, of each band, by panel."""
    found = {}
    for axes in figure.axes:
        for band in axes.collections:
            if isinstance(band, FillBetweenPolyCollection):
                corners = axes.transData.transform(band.get_paths()[0].vertices)
                middle = corners[: len(corners) // 2, 0]
                heights = [np.ptp(corners[np.isclose(corners[:, 0], x), 1]) for x in middle]
                found[axes.get_label(), band.get_label()] = max(heights) * 72 / figure.dpi
    return found


def test_the_band_of_the_fit_is_where_it_can_be_seen(with_six_seeds):
    drawn = plot("zenke2015", {"main": with_six_seeds})
    found = bands(drawn)
    assert list(found) == [("d", "95 % band of the fit, example")]
    # At least three times the width of a line.
    assert min(found.values()) > 3


@pytest.mark.parametrize(("seeds", "bands_drawn"), [(1, 0), (4, 0), (5, 1)])
def test_a_few_seeds_have_no_band(with_six_seeds, seeds, bands_drawn):
    few = with_six_seeds.isel(seed=slice(seeds), trace_seed=slice(seeds))
    drawn = plot("zenke2015", {"main": few})
    labels = [label for axes in drawn.axes for label in axes.get_legend_handles_labels()[1]]
    assert len([label for label in labels if "band" in label]) == bands_drawn
    assert len(bands(drawn)) == bands_drawn


def test_each_line_of_each_plot_of_the_source_has_a_place(figure, ensembles):
    drawn = collect(figure, "zenke2015", ensembles)
    plots = experiments.load("zenke2015").figure.source_plots
    # Two axes of the first figure, and the second figure.
    assert [source.panel for source in plots] == ["a", "b", "c"]
    for source in plots:
        of_panel = drawn[source.panel]
        texts = [of_panel.attrs[key] for key in ("title", "x_label", "y_label")]
        texts += [series.attrs["label"] for series in of_panel.children.values()]
        for text in source.lines.values():
            assert any(text in each for each in texts), text


def test_the_corrected_sign_rises(figure):
    fit = next(line for line in panel(figure, "Weight change").lines if line.get_label().startswith("fit"))
    assert fit.get_ydata()[-1] > 0 > fit.get_ydata()[0]


def test_trace_panels_draw_the_first_seed_and_mark_the_pairings(figure, ensembles):
    for title, role in (("Global factor, $\\tau_H$ = 0.1 s", "main"), ("(paper)", "paper")):
        axes = panel(figure, title)
        traced = next(line for line in axes.lines if line.get_label() == "seed 1")
        drawn_ms = traced.get_xdata() * 1000
        expected = ensembles[role]["G_Hz"].sel(trace_seed=1).interp(time_ms=drawn_ms).values
        np.testing.assert_allclose(traced.get_ydata(), expected, atol=1e-9)
        marks = [
            line.get_xdata()[0] * 1000
            for line in axes.lines
            if line.get_linestyle() == ":" and len(line.get_xdata()) == 2
        ]
        assert (
            sorted(set(marks))
            == experiments.resolve("zenke2015_paper" if role == "paper" else "zenke2015").parameters.pre_times_ms
        )


def visible_texts(figure):
    texts = []
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
        if axes.get_legend():
            texts += axes.get_legend().get_texts()
    return [text for text in texts if text.get_text() and text.get_visible()]


def test_no_text_is_cut_or_overlaps_another(figure):
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in visible_texts(figure)]
    assert len(boxes) > 60
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    overlapping = [
        (one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if a.padded(-1).overlaps(b.padded(-1))
    ]
    assert overlapping == []


def test_no_text_is_smaller_than_a_journal_allows(figure):
    # 5 pt at printed size is what most journals ask for; the figure is drawn at the width of two columns.
    assert figure.get_figwidth() == pytest.approx(rendering.FULL_WIDTH)
    assert min(text.get_fontsize() for text in visible_texts(figure)) >= 6


@pytest.mark.parametrize("suffix", rendering.FORMATS)
def test_equal_data_give_equal_bytes(ensembles, tmp_path, suffix):
    for name in ("a", "b"):
        rendering.save(plot("zenke2015", ensembles), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_text_stays_text_and_no_date_is_written(figure, tmp_path):
    rendering.save(figure, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert "time (s)</text>" in svg
    assert "<dc:date>" not in svg
    rendering.save(figure, tmp_path / "a.pdf")
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()


def test_one_experiment_and_one_seed_are_enough(ensembles):
    alone = plot("zenke2015", {"main": ensembles["main"].isel(seed=[0], trace_seed=[0])})
    letters = [text.get_text() for axes in alone.axes for text in axes.texts if len(text.get_text()) == 1]
    assert sorted(letters) == ["a", "b", "c", "d"]
    assert panel(alone, "Weight change").get_title(loc="left").endswith("n = 1 seed")
    assert not [label for axes in alone.axes for label in axes.get_legend_handles_labels()[1] if "band" in label]


def test_other_formats_are_refused(figure, tmp_path):
    with pytest.raises(UserError, match="format 'bmp'; allowed: pdf, svg, png"):
        rendering.save(figure, tmp_path / "a.bmp")
