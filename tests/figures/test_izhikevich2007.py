"""Figures izhikevich2007 and izhikevich2007_pavlov: they draw what the data say, also with one role and one seed."""

from functools import cache

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.text import Text

from replasticity.definitions import experiments
from replasticity.judging.claims import seeds_needed
from replasticity.pipeline import simulation
from replasticity.plotting import rendering
from tests.figures.drawing import plot

ROLES = {
    "izhikevich2007": ("no_dopamine", "parallel_sum", "trace_20ms", "per_ms", "all_corrected"),
    "izhikevich2007_pavlov": ("no_dopamine", "random_reward", "parallel_sum"),
}
LETTERS = {"izhikevich2007": "abcdefghij", "izhikevich2007_pavlov": "abcdefgh"}


def ensemble(name, seeds, folder, **changes):
    resolved = experiments.resolve(name, "quick", {"duration_s": 60, **changes})
    files = [folder / f"{name}-{seed}.nc" for seed in seeds]
    for seed, file in zip(seeds, files, strict=True):
        simulation.write_run(resolved, seed, file)
    return simulation.aggregate(resolved, files)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Return a function: name of a figure -> its small ensembles, simulated once, and the figure drawn of them."""

    @cache
    def once(name):
        folder = tmp_path_factory.mktemp("runs")
        beside = {role: ensemble(f"{name}_{role}", [1], folder) for role in ROLES[name]}
        ensembles = {"main": ensemble(name, [1, 2], folder), **beside}
        return ensembles, plot(name, ensembles)

    return once


@pytest.fixture(params=ROLES)
def made(request, simulated):
    return request.param, simulated(request.param)[0]


@pytest.fixture
def figure(made, simulated):
    """Return the figure, for tests that only look at it."""
    return simulated(made[0])[1]


def letters(figure):
    return sorted(text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1)


def test_all_panels_are_lettered_and_labelled(made, figure):
    assert letters(figure) == list(LETTERS[made[0]])
    # Where experiments are listed, they name the axis.
    assert all(axes.get_ylabel() or axes.get_label() == "j" for axes in figure.axes)
    assert all(axes.get_title(loc="left") for axes in figure.axes if len(axes.get_label()) == 1)


def test_the_main_experiment_alone_and_a_single_seed_are_enough(made):
    name, ensembles = made
    alone = ensembles["main"].isel(seed=[0], trace_seed=[0])
    figure = plot(name, {"main": alone})
    assert letters(figure) == list(LETTERS[made[0]])
    labels = [text for axes in figure.axes for text in axes.get_legend_handles_labels()[1]]
    assert not any("without dopamine" in label for label in labels)


def test_files_are_reproducible(made, tmp_path):
    for path in (tmp_path / "one.png", tmp_path / "two.png"):
        rendering.save(plot(made[0], made[1]), path)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def panel(figure, title):
    return next(axes for axes in figure.axes if title in axes.get_title(loc="left"))


def line(axes, label):
    return next(each for each in axes.lines if each.get_label() == label)


def seeds_of(drawn, number=2):
    """Return the rows of a series that has a course of each seed, each with a gap behind it."""
    return drawn.get_ydata().reshape(number, -1)[:, :-1]


@pytest.mark.parametrize(
    ("made", "title", "label", "statistic"),
    [
        ("izhikevich2007", "Weight of the chosen synapse, 2", "each seed", "chosen_weight_course_mV"),
        ("izhikevich2007", "Its rank", "each seed", "chosen_rank_course"),
        ("izhikevich2007", "chosen synapse: median", "as published, each seed", "chosen_weight_course_mV"),
        ("izhikevich2007", "Near the bound", "as published, each seed", "high_synapses_course"),
        ("izhikevich2007_pavlov", "Response to S1, 10 ms", "reward after S1, each seed", "response_course"),
    ],
    indirect=["made"],
)
def test_all_seeds_are_shown(made, figure, title, label, statistic):
    drawn = line(panel(figure, title), label)
    np.testing.assert_array_equal(seeds_of(drawn), made[1]["main"][statistic].values)


@pytest.mark.parametrize("made", ["izhikevich2007"], indirect=True)
def test_eligibility_rewards_and_errata_show_all_seeds(made, figure):
    main = made[1]["main"]
    points = line(panel(figure, "Its eligibility"), "each seed, each minute")
    np.testing.assert_array_equal(points.get_ydata(), main["chosen_eligibility_course_mV"].values.ravel())
    pairs = seeds_of(line(panel(figure, "Rewards"), "as published, each seed"))
    np.testing.assert_array_equal(pairs, np.stack([main["rewards_early"], main["rewards_late"]], axis=1))
    errata = panel(figure, "bound at the end")
    np.testing.assert_array_equal(line(errata, "as published").get_xdata(), main["high_synapses_final"])
    assert len(errata.lines) == len(made[1])


def test_there_are_no_bands(figure):
    assert not any(isinstance(each, FillBetweenPolyCollection) for axes in figure.axes for each in axes.collections)


def test_each_line_of_the_sources_plots_stands_in_our_panel(made, figure):
    plots = experiments.load(made[0]).figure.source_plots
    assert len(plots) >= 5
    for source in plots:
        # Axes within a panel are called after it.
        axes = [each for each in figure.axes if each.get_label().split("_")[0] == source.panel]
        texts = [text.get_text() for each in axes for text in each.findobj(Text)]
        missing = {theirs: ours for theirs, ours in source.lines.items() if not any(ours in text for text in texts)}
        assert missing == {}, source.plot


@pytest.mark.parametrize("made", ["izhikevich2007"], indirect=True)
def test_close_up_shows_spikes_eligibility_dopamine_and_weight(made, figure):
    main = made[1]["main"]
    strips = {each.get_label(): each for each in figure.axes if each.get_label()[0] == "b"}
    for strip, trace in (("b", "eligibility_mV"), ("b_dopamine", "dopamine"), ("b_weight", "weight_mV")):
        np.testing.assert_array_equal(strips[strip].lines[0].get_ydata(), main[f"close_up_{trace}"].values[0])
    for ticks, cell in zip(strips["b"].collections, ("pre", "post"), strict=True):
        assert len(ticks.get_segments()) == np.nansum(main[f"close_up_{cell}"].values[0])


@pytest.mark.parametrize("name", ROLES)
def test_at_full_scale_every_share_can_be_shown(name):
    roles = [name, *experiments.load(name).figure.beside.values()]
    claims = [(claim, experiments.resolve(each, "full")) for each in roles for claim in experiments.load(each).claims]
    shares = [(claim.share, len(resolved.seeds)) for claim, resolved in claims if claim.share is not None]
    assert shares
    assert [n for share, n in shares if n < seeds_needed(share, len(claims))] == []


@pytest.mark.parametrize("made", ["izhikevich2007"], indirect=True)
def test_chosen_synapse_and_histogram_are_those_of_the_first_seed(made, figure):
    main = made[1]["main"]
    weight = line(panel(figure, "Weight of the chosen synapse, 2"), "seed 1")
    np.testing.assert_array_equal(weight.get_ydata(), main["chosen_weight_mV"].sel(trace_seed=1))
    stairs = panel(figure, "All excitatory weights").patches[0]
    np.testing.assert_array_equal(stairs.get_data().values, np.maximum(main["weight_histogram"].values[0, -1], 0.5))


def test_a_run_without_a_reward_can_be_drawn(tmp_path):
    none = ensemble("izhikevich2007", [1], tmp_path, coincidence_ms=0)
    figure = plot("izhikevich2007", {"main": none})
    assert any("no reward" in text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize("made", ["izhikevich2007_pavlov"], indirect=True)
def test_relative_responses_are_the_means_over_seeds(made, figure):
    main = made[1]["main"]
    course = line(panel(figure, "Response to S1, 10 ms"), "reward after S1 (n = 2)")
    np.testing.assert_array_equal(course.get_ydata(), main["response_course"].mean("seed", skipna=False))
