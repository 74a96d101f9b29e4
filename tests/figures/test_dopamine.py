"""Figures of dopamine-modulated STDP: with all experiments, with one seed, and with the main experiment alone."""

import pytest
from matplotlib.collections import PolyCollection

from replasticity.definitions import experiments
from replasticity.pipeline import simulation
from tests.figures.drawing import plot

#: Experiment shown -> role -> experiment and changes that make it short.
SHORT = {
    "dopamine_timing": {"main": {"duration_ms": 500.0}, "exact": {"duration_ms": 500.0}},
    "dopamine_ten": {"main": {}, "exact": {}},
    "izhikevich2007_cue": {
        "main": {"duration_ms": 1500.0},
        "exact": {"duration_ms": 1500.0},
        "long": {"duration_ms": 2000.0},
    },
}


@pytest.fixture(params=SHORT)
def shown(request, in_project, tmp_path):
    """Return a figure's name and its ensembles of two seeds."""
    figure = experiments.load(request.param).figure
    ensembles = {}
    for role, changes in SHORT[request.param].items():
        name = request.param if role == "main" else figure.beside[role]
        resolved = experiments.resolve(name, "standard", changes)
        files = []
        for seed in (1, 2):
            files.append(tmp_path / f"{role}-{seed}.nc")
            simulation.write_run(resolved, seed, files[-1])
        ensembles[role] = simulation.aggregate(resolved, files)
    return request.param, ensembles


def test_every_panel_has_a_letter_a_title_and_labels(shown):
    module, ensembles = shown
    drawn = plot(module, ensembles)
    assert len(drawn.axes) == {"dopamine_timing": 4, "dopamine_ten": 8, "izhikevich2007_cue": 11}[module]
    letters = [axes.texts[0].get_text() if axes.texts else "" for axes in drawn.axes]
    assert len(set(letters)) >= len(drawn.axes) - 1
    for axes in drawn.axes:
        assert axes.get_title(loc="left")
        assert axes.get_ylabel()


def test_each_line_of_the_tutorials_plots_can_be_pointed_at(shown):
    module, ensembles = shown
    panels = {axes.get_label(): axes for axes in plot(module, ensembles).axes}
    plots = experiments.load(module).figure.source_plots
    # Counted in the tutorial: the traces of one neuron, the raster and the weights have axes one above the other.
    assert len(plots) == {"dopamine_timing": 1, "dopamine_ten": 4, "izhikevich2007_cue": 8}[module]
    for source in plots:
        axes = panels[source.panel]
        legend = axes.get_legend()
        texts = [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        texts += [text.get_text() for text in legend.get_texts()] if legend else []
        assert all(any(ours in text for text in texts) for ours in source.lines.values()), (source.plot, texts)


def test_bands_need_five_seeds(shown):
    module, ensembles = shown
    drawn = plot(module, ensembles)
    assert not any(isinstance(each, PolyCollection) for axes in drawn.axes for each in axes.collections)
    assert not any("95 %" in axes.get_title(loc="left") for axes in drawn.axes)


def test_nothing_leaves_the_page(shown):
    module, ensembles = shown
    drawn = plot(module, ensembles)
    page = drawn.bbox
    for axes in drawn.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1
        assert box.y1 <= page.y1 + 1


def test_the_main_experiment_and_one_seed_are_enough(shown):
    module, ensembles = shown
    alone = {"main": ensembles["main"].isel(seed=[0], trace_seed=[0])}
    drawn = plot(module, alone)
    assert len(drawn.axes) == {"dopamine_timing": 4, "dopamine_ten": 8, "izhikevich2007_cue": 9}[module]
