"""Figure urbanczik2014: what is drawn is what the data say, and nothing overlaps."""

import itertools
import re

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.pipeline import simulation
from replasticity.plotting import rendering
from replasticity.plotting.drawn_data import collect
from replasticity.reporting.panels import panels as panels_of_report
from tests.figures.drawing import plot

SEEDS = range(1, 4)
ROLES = {"main": "", "recall": "_recall", "matched": "_matched", "unitless": "_unitless"}


def ensemble(name, folder, seeds=SEEDS, changes=None):
    resolved = experiments.resolve(name, changes=changes)
    files = [folder / f"{name}-{seed}.nc" for seed in seeds]
    for seed, file in zip(seeds, files, strict=True):
        simulation.write_run(resolved, seed, file)
    return simulation.aggregate(resolved, files)


@pytest.fixture(scope="module")
def ensembles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {role: ensemble(f"urbanczik2014{suffix}", folder) for role, suffix in ROLES.items()}


@pytest.fixture(scope="module")
def figure(ensembles):
    return plot("urbanczik2014", ensembles)


def panels(figure):
    """Return title -> axes of the lettered panels."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def line(axes, label):
    return next(each for each in axes.lines if each.get_label() == label)


def test_panels_are_lettered_and_labelled_with_units(figure):
    letters = [text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1]
    assert sorted(letters) == list("abcdefghij")
    assert len(figure.axes) == 6 * 4 + 4
    for axes in panels(figure).values():
        assert re.search(r"\((ms|s|Hz|mV|nS|nA|pA|%|1)\)$", axes.get_ylabel())
    assert [title for title in panels(figure) if "n = 3 seeds" in title or "seed 1" in title] == list(panels(figure))[
        6:
    ]


def test_panels_are_named_by_the_presentation_that_they_show(figure, ensembles):
    named = {panel.name: (panel.letter, panel.title) for panel in panels_of_report(collect(figure, "test", ensembles))}
    assert named["a"] == ("a", "Potentials: learning, 1 of 100 (seed 1)")
    assert named["a_column_2"] == ("a", "Potentials: learning, 10 of 100 (seed 1)")
    assert named["d_column_3"] == ("d", "Rates: learning, 100 of 100 (seed 1)")


def test_potentials_are_the_first_seeds(figure, ensembles):
    first_column = panels(figure)["Potentials"]
    main = ensembles["main"]
    samples = slice(2 * 200, 3 * 200)
    U = line(first_column, "$U$")
    np.testing.assert_allclose(U.get_xdata(), np.arange(1, 201))
    np.testing.assert_array_equal(U.get_ydata(), main["U_mV"].values[0, samples])
    prediction = line(first_column, "$V_W^*$").get_ydata()
    np.testing.assert_allclose(prediction, (-70 * 30 + main["V_mV"].values[0, samples] * 600) / 630)
    target = next(each for each in first_column.lines if each.get_label().startswith("$U_M$")).get_ydata()
    g_E, g_I = main["g_E_nS"].values[0, samples], main["g_I_nS"].values[0, samples]
    np.testing.assert_allclose(target, -75 * g_I / (g_E + g_I))


def test_learning_signal_and_its_weight_are_those_of_the_rule(figure, ensembles):
    main = ensembles["main"]
    samples = slice(2 * 200, 3 * 200)
    U, V = (main[name].values[0, samples] for name in ("U_mV", "V_mV"))
    V_star = (-70 * 30 + V * 600) / 630

    def phi(u):
        return 150 / (1 + 0.5 * np.exp((-55 - u) / 3))

    error = line(panels(figure)["Learning signal"], "$\\varphi(U)$ \N{MINUS SIGN} $\\varphi(V_W^*)$").get_ydata()
    np.testing.assert_allclose(error, phi(U) - phi(V_star), atol=1e-9)
    raw = line(panels(figure)["Rates"], r"$\varphi(V_W)$").get_ydata()
    np.testing.assert_allclose(raw, phi(V), atol=1e-9)
    # h = 15 phi' / phi, by a central difference.
    slope = (phi(V_star + 1e-4) - phi(V_star - 1e-4)) / 2e-4
    h = line(panels(figure)["Its weight"], "$h(V_W^*)$").get_ydata()
    np.testing.assert_allclose(h, 15 * slope / phi(V_star), rtol=1e-6)


def test_spikes_are_drawn_where_they_are(figure, ensembles):
    spikes = line(panels(figure)["Rates"], "somatic spikes")
    count = ensembles["main"]["spike_count"].values[0, 400:600]
    np.testing.assert_allclose(spikes.get_xdata(), np.flatnonzero(count) + 1)


def test_learning_curve_is_the_median_inside_the_window(figure, ensembles):
    axes = panels(figure)["Difference from the imposed potential, n = 3 seeds"]
    curve = next(each for each in axes.lines if each.get_label().startswith("$U$") and "0.17" in each.get_label())
    np.testing.assert_array_equal(curve.get_xdata(), np.arange(1, 101))
    np.testing.assert_array_equal(curve.get_ydata(), np.median(ensembles["main"]["rms_U_mV"].values[:, 2:102], axis=0))


def repeated(ensembles, seeds):
    """Return the ensembles with so many seeds: those that there are, again and again."""
    return {role: each.isel(seed=np.arange(seeds) % each.sizes["seed"]) for role, each in ensembles.items()}


def lettered(figure, letter):
    return next(axes for axes in figure.axes if letter in [text.get_text() for text in axes.texts])


@pytest.mark.parametrize(("seeds", "bands"), [(1, 0), (3, 0), (4, 0), (5, 2)])
def test_fewer_than_five_seeds_are_drawn_themselves_instead_of_a_band(ensembles, seeds, bands):
    many = repeated(ensembles, seeds)
    figure = plot("urbanczik2014", many)
    curve, recall = lettered(figure, "g"), lettered(figure, "h")
    assert len(curve.collections) == bands
    assert len(recall.containers) == (3 if bands else 0)
    thin = [each for each in curve.lines if each.get_linewidth() == 0.4 and len(each.get_xdata())]
    small = [each for each in recall.lines if each.get_markersize() == 1.2]
    if not 1 < seeds < 5:
        assert thin == small == []
        return
    inside = many["main"]["rms_prediction_mV"].values[:, 2:102]
    np.testing.assert_array_equal([each.get_ydata() for each in thin[:seeds]], inside)
    assert len(thin) == 2 * seeds
    assert len(small) == 3 * seeds


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_legend_of_the_learning_curve_is_above_the_data(ensembles, seeds):
    figure = plot("urbanczik2014", repeated(ensembles, seeds))
    figure.draw_without_rendering()
    axes = lettered(figure, "g")
    bottom = axes.transData.inverted().transform(axes.get_legend().get_window_extent())[0]
    left_of_legend = bottom[0]
    highest = max(
        np.max(each.get_ydata()[each.get_xdata() >= left_of_legend], initial=0.0)
        for each in axes.lines
        if len(each.get_xdata())
    )
    bands = [path.vertices for each in axes.collections for path in each.get_paths()]
    highest = max([highest, *(np.max(v[v[:, 0] >= left_of_legend, 1]) for v in bands)])
    assert highest < bottom[1]
    assert left_of_legend >= axes.get_xlim()[0]
    # Nor does anything else cover the data.
    assert [text.get_text() for text in axes.texts] == ["g"]


def test_final_weights_add_up(figure, ensembles):
    axes = panels(figure)["Weights at the end, 200 synapses, n = 3 seeds"]
    stairs = next(patch for patch in axes.patches if hasattr(patch, "get_data"))
    bar = next(patch for patch in axes.patches if hasattr(patch, "get_height"))
    assert stairs.get_data().values.sum() + bar.get_height() == pytest.approx(100)
    assert bar.get_height() == pytest.approx(100 * np.mean(ensembles["main"]["weight_final_pA"].values == 0))


def test_no_text_is_cut_or_overlaps_another(figure):
    figure.draw_without_rendering()
    texts = []
    for axes in figure.axes:
        texts += [axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            # Inner panels share their axis and have no tick labels.
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
            texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
        if axes.get_legend():
            texts += axes.get_legend().get_texts()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text() and text.get_visible()]
    assert len(boxes) > 90
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    overlapping = [
        (one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if a.padded(-1).overlaps(b.padded(-1))
    ]
    assert overlapping == []
    assert min(text.get_fontsize() for text in texts) >= 6


def test_one_experiment_and_one_seed_are_enough(ensembles):
    alone = plot("urbanczik2014", {"main": ensembles["main"].isel(seed=[0], trace_seed=[0])})
    assert len(alone.axes) == 6 * 4 + 4


def test_other_numbers_of_presentations_are_drawn(tmp_path):
    changes = {"presentations_before": 0, "presentations_learning": 3, "presentations_after": 0}
    short = plot("urbanczik2014", {"main": ensemble("urbanczik2014", tmp_path, [1], changes)})
    assert len(short.axes) == 6 * 2 + 4


def test_equal_data_give_equal_bytes(ensembles, tmp_path):
    for name in ("a", "b"):
        rendering.save(plot("urbanczik2014", ensembles), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
