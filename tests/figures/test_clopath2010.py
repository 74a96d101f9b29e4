"""Figure clopath2010: what is drawn is what the data say. In both figures no text is cut or overlaps another."""

import itertools

import numpy as np
import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.plotting.drawn_data import collect
from tests.figures.drawing import plot

NAME = "clopath2010"
OTHERS = ~np.eye(10, dtype=bool)


@pytest.fixture(scope="module")
def networks(small_ensembles):
    return small_ensembles(NAME)


@pytest.fixture(scope="module")
def panels(networks):
    return {axes.get_label(): axes for axes in plot(NAME, networks).axes}


@pytest.fixture(scope="module")
def six(networks):
    """Return the ensembles with six seeds: the three there are, and what would be three more."""

    def more(ensemble):
        statistics = ensemble.drop_dims("trace_seed")
        both = xr.concat([statistics, 1.1 * statistics.assign_coords(seed=ensemble["seed"] + 3)], "seed")
        return ensemble.drop_dims("seed").merge(both).assign_attrs(ensemble.attrs)

    return {role: more(ensemble) for role, ensemble in networks.items()}


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


@pytest.mark.parametrize("name", ["clopath2010", "clopath2010_pairing"])
def test_no_text_is_cut_or_overlaps_another(small_ensembles, name):
    figure = plot(name, small_ensembles(name))
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


def test_a_shows_the_change_as_the_script_does(panels, networks):
    # The script's matrix: weights minus 0.25 mV, and 0 on the diagonal; its scale spans what there is, the 0 too.
    weight_mV = networks["main"]["exc_exc_weight_final_mV"].values[0]
    (image,) = panels["a"].images
    shown = np.asarray(image.get_array())
    np.testing.assert_array_equal(shown[OTHERS], weight_mV[OTHERS] - 0.25)
    assert (shown[~OTHERS] == 0).all()
    assert image.get_clim() == (shown.min(), shown.max())
    assert image.colorbar.ax.get_ylabel() == "weight change (mV)"
    for axis in (panels["a"].xaxis, panels["a"].yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == [str(k) for k in range(1, 11)]


@pytest.mark.parametrize(("panel", "role"), [("b", "main"), ("b_2", "long"), ("b_3", "longest")])
def test_b_shows_the_first_seed_after_each_duration_on_the_range_of_weights(panels, networks, panel, role):
    (image,) = panels[panel].images
    shown = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_array_equal(shown[OTHERS], networks[role]["exc_exc_weight_final_mV"].values[0][OTHERS])
    assert np.isnan(shown[~OTHERS]).all()
    assert image.get_clim() == (0.0, 0.75)
    assert panels[panel].get_title(loc="left").endswith("seed 1")


@pytest.mark.parametrize(("panel", "role"), [("d", "main"), ("d_2", "long"), ("d_3", "longest")])
def test_d_shows_the_input_weights_on_one_scale(panels, networks, panel, role):
    (image,) = panels[panel].images
    np.testing.assert_array_equal(image.get_array(), networks[role]["input_weight_by_centre_mV"].values[0])
    assert image.get_clim() == panels["d"].images[0].get_clim()


def test_every_image_has_its_scale_in_the_drawn_data(networks):
    drawn = collect(plot(NAME, networks), NAME, networks)
    labels = {name: drawn[f"{name}/series_01"].attrs["value_label"] for name in ("b", "b_2", "b_3", "d", "d_2", "d_3")}
    assert set(labels.values()) == {"weight (mV)", "input weight (mV)"}


def test_e_is_the_correlation_that_the_statistic_gives(panels, networks):
    others, first = (line for line in panels["e"].lines if line.get_marker() == "o")
    r = networks["long"]["similarity_effect"].values
    assert np.corrcoef(first.get_xdata(), first.get_ydata())[0, 1] == pytest.approx(r[0])
    x, y = others.get_xdata().reshape(2, 45), others.get_ydata().reshape(2, 45)
    assert [np.corrcoef(*pair)[0, 1] for pair in zip(x, y, strict=True)] == pytest.approx(r[1:])


def test_f_draws_the_course_of_each_run_and_of_the_one_from_rest(panels, networks):
    lines = {line.get_label(): line for line in panels["f"].lines}
    for label, role in (("4 s", "main"), ("6 s", "long"), ("8 s", "longest"), ("4 s, from rest", "start")):
        r = networks[role]["reciprocity_course"]
        r = r.isel(course_time_ms=np.isfinite(r.values).all(axis=0))
        np.testing.assert_allclose(lines[label].get_xdata(), r["course_time_ms"] / 1000)
        np.testing.assert_allclose(lines[label].get_ydata(), r.mean("seed"))


def test_fewer_than_five_seeds_are_shown_themselves_without_interval(panels, six):
    assert panels["f"].collections[:] == []
    assert all(not panels[letter].containers or letter == "g" for letter in "fgh")
    assert [line.get_label() for line in panels["g"].lines].count("each seed") == 1
    enough = {axes.get_label(): axes for axes in plot(NAME, six).axes}
    assert len(enough["f"].collections) == 4
    assert "each seed" not in [line.get_label() for letter in "fg" for line in enough[letter].lines]


def test_h_shows_each_correction_alone_in_the_unit_of_each_quantity(panels, networks):
    roles = ("inhibition", "adaptation", "history", "start", "solver", "corrected")
    quantities = {"h": ("reciprocity", 1), "h_2": ("dw_mean_mV", 1000), "h_3": ("exc_rate_Hz", 1)}
    for panel, (name, factor) in quantities.items():
        points = [line for line in panels[panel].lines if line.get_marker() == "o"]
        for role, line in zip(roles, points, strict=True):
            difference = networks[role][name].values - networks["main"][name].values
            np.testing.assert_allclose(line.get_xdata(), factor * difference)
    assert "µV" in panels["h_2"].get_xlabel()
    assert "Hz" in panels["h_3"].get_xlabel()
    # No number and no label stands where the line at 0 runs.
    assert [text.get_text() for text in panels["h"].texts] == ["h"]


def test_the_plot_of_the_source_is_in_the_panel_that_the_table_names(networks):
    drawn = collect(plot(NAME, networks), NAME, networks)
    (source,) = experiments.load(NAME).figure.source_plots
    panel = drawn[source.panel]
    written = {panel.attrs["x_label"], panel.attrs["y_label"], panel["series_01"].attrs["value_label"]}
    assert set(source.lines.values()) == written


def test_one_experiment_and_one_seed_are_enough(networks):
    alone = plot(NAME, {"main": networks["main"].isel(seed=[0], trace_seed=[0])})
    assert letters(alone) == list("abcdefghi")
    assert letters(plot(NAME, networks)) == list("abcdefghij")
