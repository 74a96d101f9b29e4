"""Figures beats, beats_map and epsp: what is drawn is what the data say, and every text can be read."""

import itertools

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.pipeline import simulation
from replasticity.plotting import rendering
from tests.figures.drawing import plot
from tests.figures.test_zenke2015 import panel, visible_texts

FIGURES = ("beats", "beats_map", "epsp")

#: Changed parameters that a user may come up with: figures still have to be readable.
UNUSUAL = {
    "one pair": ("beats", {"pre_rates_Hz": [100.0], "post_rates_Hz": [104.0]}),
    "silent and slow cells": ("beats", {"pre_rates_Hz": [0.0, 1.0, 3.0], "post_rates_Hz": [10.0, 2.0, 3.0]}),
    "nine pairs": ("beats", {"pre_rates_Hz": [50.0] * 9, "post_rates_Hz": [float(50 + k) for k in range(9)]}),
    "no bounds": ("beats", {"clip_weight": False}),
    "one time step": ("beats", {"dt_divisions": []}),
    "shorter than a beat": ("beats", {"duration_ms": 15.0}),
    "one time step of the map": ("beats_map", {"dt_divisions": [], "pre_rates_Hz": [100.0, 20.0]}),
    "one start phase": ("beats_map", {"post_start_phases": [0.0], "pre_rates_Hz": [100.0, 20.0]}),
    "one pair of the map": ("beats_map", {"pre_rates_Hz": [100.0], "post_rates_Hz": [104.0]}),
    "start at a bound": ("beats_map", {"weight_initial": 1.0, "pre_rates_Hz": [100.0]}),
    "one condition": ("epsp", {"grid_rates_Hz": [20.0], "grid_differences_ms": [5.0], "gap_rates_Hz": [40.0]}),
    "spiking read-out": ("epsp", {"I_const_mV": 14.0, "psp_scale_mV": 20.0}),
}


def ensemble(name, folder, **changes):
    resolved = experiments.resolve(name, changes=changes)
    file = folder / f"{name}-{len(list(folder.iterdir()))}.nc"
    simulation.write_run(resolved, 1, file)
    return simulation.aggregate(resolved, [file])


@pytest.fixture(scope="module")
def ensembles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: {
            role: ensemble(other, folder)
            for role, other in {"main": name, **experiments.load(name).figure.beside}.items()
        }
        for name in FIGURES
    }


@pytest.fixture(scope="module")
def figures(ensembles):
    return {name: plot(name, ensembles[name]) for name in FIGURES}


def assert_readable(figure):
    """Check that no text is cut, covers another, or is too small."""
    figure.draw_without_rendering()
    texts = [*visible_texts(figure), figure._supxlabel]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
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


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_readable_and_says_that_nothing_is_random(figures, name):
    assert_readable(figures[name])
    assert "n = 1" in figures[name].get_supxlabel()
    assert figures[name].get_figwidth() == pytest.approx(rendering.FULL_WIDTH)


@pytest.mark.parametrize("name", FIGURES)
def test_every_panel_has_a_letter_a_title_and_labels(figures, name):
    panels = [axes for axes in figures[name].axes if axes.get_title(loc="left")]
    letters = [text.get_text() for axes in panels for text in axes.texts if len(text.get_text()) == 1]
    assert letters == list({"beats": "abcdefghi", "beats_map": "abcdefghijk", "epsp": "abcdef"}[name])
    for axes in panels:
        assert axes.get_xlabel()
        assert axes.get_ylabel() or [label.get_text() for label in axes.get_yticklabels()]


@pytest.mark.parametrize("name", FIGURES)
def test_the_experiment_alone_is_enough(ensembles, name):
    assert_readable(plot(name, {"main": ensembles[name]["main"]}))


@pytest.mark.parametrize("case", UNUSUAL)
def test_changed_parameters_give_a_readable_figure(case, tmp_path):
    name, changes = UNUSUAL[case]
    assert_readable(plot(name, {"main": ensemble(name, tmp_path, **changes)}))


@pytest.mark.parametrize("suffix", rendering.FORMATS)
@pytest.mark.parametrize("name", FIGURES)
def test_equal_data_give_equal_bytes(ensembles, tmp_path, name, suffix):
    for copy in ("a", "b"):
        rendering.save(plot(name, ensembles[name]), tmp_path / f"{copy}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_beats_are_named_by_their_true_frequencies(figures):
    titles = [axes.get_title(loc="left") for axes in figures["beats"].axes[:6:2]]
    assert titles == [
        "200/250 Hz: beat 50 Hz",
        "200/220 Hz: beat 17.39 Hz, not 20",
        "200/210 Hz: beat 8.33 Hz, not 10",
    ]
    legends = [text.get_text() for axes in figures["beats"].axes[1:6:2] for text in axes.get_legend().get_texts()]
    assert "reset x = 0, beat 17.39 Hz:\nends at 0.000" in legends
    assert "reset x \N{MINUS SIGN} 1, beat 20.01 Hz:\nends at 0.098" in legends


def test_weights_have_the_axis_of_the_source_and_a_mean_over_a_beat(figures, ensembles):
    main = ensembles["beats"]["main"]
    for pair, axes in enumerate(figures["beats"].axes[1:6:2]):
        assert axes.get_ylim() == (0.0, 1.0)
        line = next(line for line in axes.lines if line.get_label() == "reset x = 0, mean over a beat")
        # 50, 17.39 and 8.33 Hz: the time of 200, 575 and 1200 steps.
        steps, weight = [200, 575, 1200][pair], main["weight"].values[0, :, pair]
        x_s, mean = line.get_data()
        for k in (0, len(x_s) // 2, len(x_s) - 1):
            first = round(x_s[k] * 1e4 - steps / 2)
            assert mean[k] == pytest.approx(weight[first : first + steps].mean(), abs=1e-12)


@pytest.mark.parametrize("role", ["main", "subtract"])
def test_final_weights_are_drawn_for_each_time_step_and_for_exact_times(figures, ensembles, role):
    made, label = ensembles["beats"][role], {"main": "x = 0", "subtract": "x \N{MINUS SIGN} 1"}[role]
    for pair, axes in enumerate(figures["beats"].axes[6:9]):
        x_ms, y = next(line for line in axes.lines if line.get_label() == f"reset {label}").get_data()
        np.testing.assert_allclose(x_ms, [0.1 / k for k in range(1, 51)])
        expected = [made["weight_final"].values[0, pair], *made["weight_finer"].values[0, :, pair]]
        np.testing.assert_array_equal(y, expected)
        exact = [line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("exact times")]
        np.testing.assert_array_equal(exact, ensembles["beats"]["main"]["weight_no_grid"].values[0, :, pair])
    # What the issue found at 0.1, 0.05, 0.02 and 0.01 ms.
    found = {"main": [0.524, 0.0, 0.524, 0.017], "subtract": [0.524, 0.334, 0.524, 0.414]}[role]
    first = [made["weight_final"].values[0, 0], *made["weight_finer"].values[0, [0, 3, 8], 0]]
    np.testing.assert_allclose(first, found, atol=5e-4)


def test_drawn_weight_is_that_of_every_step(figures, ensembles):
    main = ensembles["beats"]["main"]
    weight, time_s = main["weight"].values[0, :, 1], main["time_ms"].values / 1000
    drawn = next(line for line in figures["beats"].axes[3].lines if "x = 0" in line.get_label())
    corner = np.searchsorted(drawn.get_xdata(), time_s, side="right") - 1
    np.testing.assert_array_equal(drawn.get_ydata()[corner], weight)


def test_drawn_spikes_are_those_of_the_pair(figures):
    # 172.5 ms: three beats of 17.39 Hz; pre every 50 steps, post every 46 steps, first spikes in steps 49 and 45.
    axes = figures["beats"].axes[2]
    pre, post = (np.array([segment[0][0] for segment in lines.get_segments()]) for lines in axes.collections)
    np.testing.assert_allclose(pre, np.arange(4.9, 172.5, 5.0))
    np.testing.assert_allclose(post, np.arange(4.5, 172.5, 4.6))
    coincident = next(line for line in axes.lines if line.get_marker() == "d")
    np.testing.assert_allclose(coincident.get_xdata(), np.intersect1d(pre.round(6), post.round(6)))


def test_map_shows_the_final_weights(figures, ensembles):
    main = ensembles["beats_map"]["main"]
    drawn = panel(figures["beats_map"], "Final weight").collections[0].get_array()
    # Rows are postsynaptic rates.
    np.testing.assert_array_equal(drawn, main["weight_final"].values[0, 0].T)


def test_maps_on_the_finest_grid_and_without_one(figures, ensembles):
    main = ensembles["beats_map"]["main"]
    for title, weight in (
        ("0.002 ms", main["weight_finer"].values[0, -1, 0]),
        ("pre first", main["weight_no_grid"].values[0, 0, 0]),
        ("post first", main["weight_no_grid"].values[0, 1, 0]),
    ):
        np.testing.assert_array_equal(panel(figures["beats_map"], title).collections[0].get_array(), weight.T)


def test_shares_are_drawn_for_each_time_step(figures, ensembles):
    axes = panel(figures["beats_map"], "Pairs that fall")
    for role, label in (
        ("main", "x = 0, depression \N{MULTIPLICATION SIGN} 1.05"),
        ("subtract", "x \N{MINUS SIGN} 1, depression \N{MULTIPLICATION SIGN} 1.05"),
        ("balanced", "x = 0, depression \N{MULTIPLICATION SIGN} 1"),
    ):
        made = ensembles["beats_map"][role]
        x_ms, y = next(line for line in axes.lines if line.get_label() == label).get_data()
        np.testing.assert_allclose(x_ms, [0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
        expected = [made["share_depressed"].values[0], *made["share_depressed_finer"].values[0]]
        np.testing.assert_array_equal(y, expected[::-1])
    exact = [line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("exact times")]
    assert len(exact) == 4
    np.testing.assert_array_equal(exact[2:], ensembles["beats_map"]["balanced"]["share_depressed_no_grid"].values[0])


def test_map_sorts_rates(tmp_path):
    made = ensemble("beats_map", tmp_path, pre_rates_Hz=[100.0, 20.0], post_rates_Hz=[150.0, 30.0, 60.0])
    drawn = panel(plot("beats_map", {"main": made}), "Final weight").collections[0].get_array()
    np.testing.assert_array_equal(drawn, made["weight_final"].values[0, 0][::-1][:, [1, 2, 0]].T)


def test_window_panel_draws_simulation_and_closed_form(figures, ensembles):
    axes = panel(figures["epsp"], "STDP window")
    drawn = next(line for line in axes.lines if line.get_label() == "simulated")
    np.testing.assert_array_equal(drawn.get_ydata(), ensembles["epsp"]["window"]["dw"].values[0])
    form = next(line for line in axes.lines if line.get_label() == "closed form")
    np.testing.assert_allclose(form.get_ydata(), 0.01 * np.exp(-form.get_xdata() / 20), rtol=1e-12)


def test_additive_line_is_met_by_isolated_pairings(figures, ensembles):
    axes = panel(figures["epsp"], "by difference")
    additive = [line for line in axes.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    main = ensembles["epsp"]["main"]
    differences_ms = np.array(experiments.resolve("epsp").parameters.grid_differences_ms)
    for line, side in zip(additive, (differences_ms < 0, differences_ms >= 0), strict=True):
        x, y = line.get_data()
        expected = np.interp(differences_ms[side], x, y)
        np.testing.assert_allclose(main["epsp_grid_mV"].values[0, 0, side], expected, atol=1e-3)


@pytest.mark.parametrize("title", ["by rate", "by difference"])
def test_coincidences_are_marked_where_the_next_spike_meets_the_other(figures, title):
    axes = panel(figures["epsp"], title)
    marked = next(line for line in axes.lines if line.get_label() == "pre and post in one step")
    assert marked.get_marker() == "D"
    x = sorted(set(marked.get_xdata()))
    # By rate: a difference of 0 at all rates, 20 ms at 50 Hz. By difference: 0, and 20 ms to either side.
    assert x == (experiments.resolve("epsp").parameters.grid_rates_Hz if title == "by rate" else [-20.0, 0.0, 20.0])


def test_sum_of_changes_is_drawn_beside_the_weight_after_each_pairing(figures, ensembles):
    axes = panel(figures["epsp"], "Sum of changes, +20 ms")
    fast = next(line for line in axes.lines if line.get_label() == "40 Hz")
    expected = ensembles["epsp"]["main"]["weight_by_pairing"].values[0, 9, 12] - 0.5
    np.testing.assert_array_equal(fast.get_ydata(), [0.0, *expected])
    added = next(line for line in axes.lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(added.get_ydata(), np.arange(31) * 0.01 * np.exp(-1), rtol=1e-12)
