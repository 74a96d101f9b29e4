"""Figure clopath2010_pairing: curves, measured values and agreement are those of the data."""

import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.plotting.drawn_data import collect
from tests.figures.drawing import plot

NAME = "clopath2010_pairing"


@pytest.fixture(scope="module")
def ensembles(small_ensembles):
    return small_ensembles(NAME)


@pytest.fixture(scope="module")
def panels(ensembles):
    return {axes.get_label(): axes for axes in plot(NAME, ensembles).axes}


def test_curves_are_the_weights_of_each_experiment(panels, ensembles):
    shown = {
        "a": (0, {"as printed": "main"}),
        "b": (
            0,
            {"b = 80.5 pA": "adaptation", "read 1 s later": "late_reading", "all errata, 15 blocks": "all_together"},
        ),
        "c": (1, {"as printed": "main", "starts settled": "settled"}),
    }
    for letter, (neuron, curves) in shown.items():
        drawn = {line.get_label(): line.get_ydata() for line in panels[letter].lines}
        for name, role in curves.items():
            percent = ensembles[role]["weight_percent"].values[0, neuron]
            np.testing.assert_array_equal(drawn[f"post before pre, {name}"], percent[:5])
            np.testing.assert_array_equal(drawn[f"pre before post, {name}"], percent[5:])


@pytest.mark.parametrize("letter", "abc")
def test_measured_values_are_drawn_with_their_errors(panels, letter):
    parameters = experiments.resolve(NAME).parameters
    bars = {container.get_label(): container for container in panels[letter].containers}
    for chosen, order in ((slice(5), "post before pre"), (slice(5, 10), "pre before post")):
        points, _, (errors,) = bars[f"{order}, measured"]
        np.testing.assert_array_equal(points.get_xdata(), [0.1, 10, 20, 40, 50])
        mean = 100 + np.array(parameters.measured_change_percent[chosen])
        np.testing.assert_allclose(points.get_ydata(), mean)
        half = [np.ptp(segment[:, 1]) / 2 for segment in errors.get_segments()]
        np.testing.assert_allclose(half, parameters.measured_sem_percent[chosen])


def test_legends_say_how_well_each_experiment_agrees(panels):
    texts = {letter: [text.get_text() for text in panels[letter].get_legend().get_texts()] for letter in "abc"}
    assert "as printed, $\\chi^2$ = 9.4" in texts["a"]
    assert "b = 80.5 pA, $\\chi^2$ = 24.4" in texts["b"]
    assert "starts settled, $\\chi^2$ = 78.1" in texts["c"]


def test_axis_says_that_the_change_is_extrapolated(panels, ensembles):
    assert panels["a"].get_ylabel() == (
        "weight after the pairs (% of start;\nchange simulated in one block, \N{MULTIPLICATION SIGN} 15)"
    )
    whole = ensembles["main"].copy()
    whole.attrs["parameters"] = json.dumps(json.loads(whole.attrs["parameters"]) | {"extrapolation": 1.0})
    figure = plot(NAME, {"main": whole})
    assert figure.axes[0].get_ylabel() == "weight after the pairs (% of start)"


def test_an_experiment_alone_has_no_panel_of_corrections(ensembles):
    figure = plot(NAME, {"main": ensembles["main"]})
    assert [axes.get_label() for axes in figure.axes] == list("abcdef")


def test_each_line_of_the_source_has_a_place(ensembles, panels):
    drawn = collect(plot(NAME, ensembles), NAME, ensembles)
    plots = experiments.load(NAME).figure.source_plots
    assert len(plots) == 1
    for source in plots:
        labels = [series.attrs["label"] for series in drawn[source.panel].children.values()]
        legend = [text.get_text() for text in panels[source.panel].get_legend().get_texts()]
        for text in source.lines.values():
            assert any(text in label for label in labels)
            assert text in legend
