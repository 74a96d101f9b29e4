"""Figures clopath2010 and clopath2010_pairing: what is drawn is what the data say, and no text is cut or overlaps."""

import itertools

import numpy as np
import pytest

from replasticity import experiments, simulation
from replasticity.figures import rendering
from tests.figures.test_zenke2015 import panel


def ensemble(name, seeds, folder, **changes):
    resolved = experiments.resolve(name, "standard", changes)
    files = [folder / f"{name}-{seed}.nc" for seed in seeds]
    for seed, file in zip(seeds, files, strict=True):
        simulation.write_run(resolved, seed, file)
    return simulation.aggregate(resolved, files)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        "main": ensemble("clopath2010", [1, 2, 3, 4], folder, duration_ms=4000.0),
        "corrected": ensemble("clopath2010_corrected", [1, 2, 3], folder, duration_ms=4000.0),
        "long": ensemble("clopath2010_100s", [1, 2], folder, duration_ms=8000.0),
    }


@pytest.fixture(scope="module")
def pairings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        "main": ensemble("clopath2010_pairing", [1], folder),
        "shifted": ensemble("clopath2010_pairing_shifted", [1], folder),
    }


@pytest.fixture(scope="module", params=["clopath2010", "clopath2010_pairing"])
def figure(request, networks, pairings):
    return rendering.draw(request.param, networks if request.param == "clopath2010" else pairings, {})


def letters(figure):
    return sorted(text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1)


def visible_texts(figure):
    texts = []
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            inside = [tick for tick in axis.get_major_ticks() if min(limits) <= tick.get_loc() <= max(limits)]
            texts += [label for tick in inside for label in (tick.label1, tick.label2)]
        if axes.get_legend():
            texts += axes.get_legend().get_texts()
    return [text for text in texts if text.get_text() and text.get_visible()]


def test_no_text_is_cut_or_overlaps_another(figure):
    boxes = [(text.get_text(), text.get_window_extent()) for text in visible_texts(figure)]
    assert len(boxes) > 60
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    overlapping = [
        (one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if a.padded(-1).overlaps(b.padded(-1))
    ]
    assert overlapping == []
    assert min(text.get_fontsize() for text in visible_texts(figure)) >= 6


def test_matrices_show_the_weights_and_all_ten_labels(networks):
    drawn = rendering.draw("clopath2010", networks, {})
    assert letters(drawn) == list("abcdefgh")
    weight_mV = networks["main"]["exc_exc_weight_final_mV"].values
    others = ~np.eye(10, dtype=bool)
    for title, expected in (("seed 1, as published", weight_mV[0]), ("mean, n = 4 seeds", weight_mV.mean(axis=0))):
        axes = panel(drawn, title)
        shown = np.asarray(axes.images[0].get_array())
        np.testing.assert_array_equal(shown[others], expected[others])
        for axis in (axes.xaxis, axes.yaxis):
            assert [label.get_text() for label in axis.get_ticklabels()] == [str(k) for k in range(1, 11)]
    assert panel(drawn, "as published").images[0].get_clim() == (weight_mV[0][others].min(), weight_mV[0][others].max())
    assert panel(drawn, "mean, n = 4 seeds").images[0].get_clim() == (0.0, 0.75)


def test_reciprocity_panel_has_one_point_per_seed_and_duration(networks):
    axes = panel(rendering.draw("clopath2010", networks, {}), "Reciprocity")
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_ydata()) for line in points] == [4, 2]
    np.testing.assert_array_equal(points[0].get_ydata(), networks["main"]["reciprocity"].values)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4 s\nn = 4", "8 s\nn = 2"]


def test_correction_panel_pairs_equal_seeds(networks):
    axes = panel(rendering.draw("clopath2010", networks, {}), "Errata corrected, 3 seeds")
    rate = next(text.get_text() for text in axes.texts if text.get_text().startswith("excitatory rate"))
    difference = networks["corrected"]["exc_rate_Hz"].values - networks["main"]["exc_rate_Hz"].values[:3]
    assert f"{difference.mean():+.2f}".replace("-", "\N{MINUS SIGN}") in rate


def test_pairing_panels_draw_the_statistics(pairings):
    drawn = rendering.draw("clopath2010_pairing", pairings, {})
    assert letters(drawn) == list("abcdef")
    for neuron, title in enumerate(("Adaptive exponential neuron", "Hodgkin-Huxley neuron")):
        curves = [line.get_ydata() for line in panel(drawn, title).lines if line.get_marker() == "o"]
        percent = pairings["main"]["weight_percent"].values[0, neuron]
        np.testing.assert_array_equal(curves[0], percent[:5])
        np.testing.assert_array_equal(curves[1], percent[5:])
        assert len(curves) == 4


def test_one_experiment_and_one_seed_are_enough(networks, pairings):
    alone = rendering.draw("clopath2010", {"main": networks["main"].isel(seed=[0], trace_seed=[0])}, {})
    assert letters(alone) == list("abcdegh")
    assert letters(rendering.draw("clopath2010_pairing", {"main": pairings["main"]}, {})) == list("abcdef")


@pytest.mark.parametrize("suffix", rendering.FORMATS)
def test_equal_data_give_equal_bytes(networks, tmp_path, suffix):
    for name in ("a", "b"):
        rendering.save(rendering.draw("clopath2010", networks, {}), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
