"""Each plot of the sources is in a figure of ours, and each of its lines can be pointed at there."""

from xml.etree import ElementTree

import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.storage import project
from tests.conftest import STUDIES

#: Our figures -> plots of the source, counted there. Axes whose lines are in several of our panels count in each; maps
#: and studies of ours have none.
PLOTS_OF_THE_SOURCES = {
    "beats": 3,
    "beats_map": 0,
    "clopath2010": 1,
    "clopath2010_pairing": 1,
    "dopamine_ten": 4,
    "dopamine_timing": 1,
    "epsp": 2,
    "izhikevich2007": 6,
    "izhikevich2007_cue": 8,
    "izhikevich2007_pavlov": 5,
    "urbanczik2014": 7,
    "urbanczik2014_refractory": 0,
    "zenke2015": 3,
}

FIGURES = [
    name
    for name, path in sorted((path.stem, path) for path in STUDIES.glob("*/experiments/*.yaml"))
    if "\nfigure:" in path.read_text()
]


def texts_of(panel):
    """Return all that is written in a panel and its legend and colour scales."""
    keys = ("title", "x_label", "y_label", "label", "value_label", "x_tick_labels", "y_tick_labels")
    for node in panel.subtree:
        for key in keys:
            yield str(node.attrs.get(key, ""))


def texts_of_picture(name):
    """Return all that is written in a committed figure."""
    picture = ElementTree.parse(project.gallery_folder() / f"{name}.svg")
    for element in picture.iter("{http://www.w3.org/2000/svg}text"):
        yield "".join(element.itertext())


@pytest.mark.parametrize("name", FIGURES)
def test_each_line_of_each_plot_of_the_source_is_in_the_drawn_figure(in_project, name):
    figure = experiments.load(name).figure
    with xr.open_datatree(experiments.reference_file(name, "nc")) as drawn:
        for source in figure.source_plots:
            assert source.panel in drawn.children, f"{source.plot}: no panel {source.panel}"
            # Texts beside the data and entries of a legend without a line are in the picture only.
            written = " | ".join((*texts_of(drawn[source.panel]), *texts_of_picture(name)))
            for line, ours in source.lines.items():
                assert ours in written, f"{source.plot}: {line}: '{ours}' is not in panel {source.panel}: {written}"


@pytest.mark.parametrize("name", PLOTS_OF_THE_SOURCES)
def test_each_plot_of_the_source_has_an_entry(in_project, name):
    plots = [each.plot for each in experiments.load(name).figure.source_plots]
    assert len(set(plots)) == PLOTS_OF_THE_SOURCES[name]


def test_a_plot_has_to_be_in_a_panel_and_to_have_lines(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    mine = project_copy.folder / "config/experiments/mine.yaml"
    text = (
        "title: t\nbased_on: zenke2015\nfigure: {module: zenke2015, source_plots: [{plot: a, PANELlines: {LINES}}]}\n"
    )
    mine.write_text(text.replace("PANEL", "").replace("LINES", "w: w"))
    with pytest.raises(UserError, match=r"mine\.yaml: figure\.source_plots\.0\.panel: is missing"):
        experiments.load("mine")
    mine.write_text(text.replace("PANEL", "panel: b, ").replace("LINES", ""))
    with pytest.raises(UserError, match=r"mine\.yaml: figure\.source_plots\.0\.lines: "):
        experiments.load("mine")
