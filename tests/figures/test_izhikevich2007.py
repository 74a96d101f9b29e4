"""Figures izhikevich2007 and izhikevich2007_pavlov: they draw what the data say, also with one role and one seed."""

import numpy as np
import pytest

from replasticity import experiments, simulation
from replasticity.figures import rendering

ROLES = {
    "izhikevich2007": ("no_dopamine", "parallel_sum"),
    "izhikevich2007_pavlov": ("no_dopamine", "random_reward"),
}


def ensemble(name, seeds, folder, **changes):
    resolved = experiments.resolve(name, "quick", {"duration_s": 60, **changes})
    files = [folder / f"{name}-{seed}.nc" for seed in seeds]
    for seed, file in zip(seeds, files, strict=True):
        simulation.write_run(resolved, seed, file)
    return simulation.aggregate(resolved, files)


@pytest.fixture(scope="module", params=ROLES)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    beside = {role: ensemble(f"{request.param}_{role}", [1], folder) for role in ROLES[request.param]}
    return request.param, {"main": ensemble(request.param, [1, 2], folder), **beside}


def letters(figure):
    return sorted(text.get_text() for axes in figure.axes for text in axes.texts if len(text.get_text()) == 1)


def test_all_panels_are_lettered_and_labelled(made):
    figure = rendering.draw(made[0], made[1], {})
    assert letters(figure) == list("abcdefgh")
    assert all(axes.get_ylabel() for axes in figure.axes)
    assert all(axes.get_title(loc="left") for axes in figure.axes if axes.get_xlabel())


def test_the_main_experiment_alone_and_a_single_seed_are_enough(made):
    name, ensembles = made
    alone = ensembles["main"].isel(seed=[0], trace_seed=[0])
    figure = rendering.draw(name, {"main": alone}, {})
    assert letters(figure) == list("abcdefgh")
    labels = [text for axes in figure.axes for text in axes.get_legend_handles_labels()[1]]
    assert not any("without dopamine" in label for label in labels)


def test_files_are_reproducible(made, tmp_path):
    for path in (tmp_path / "one.png", tmp_path / "two.png"):
        rendering.save(rendering.draw(made[0], made[1], {}), path)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def panel(figure, title):
    return next(axes for axes in figure.axes if title in axes.get_title(loc="left"))


@pytest.mark.parametrize("made", ["izhikevich2007"], indirect=True)
def test_chosen_synapse_and_histogram_are_those_of_the_first_seed(made):
    name, ensembles = made
    main, figure = ensembles["main"], rendering.draw(name, ensembles, {})
    weight = next(
        line for line in panel(figure, "Weight of the chosen synapse, n").lines if line.get_label() == "seed 1"
    )
    np.testing.assert_array_equal(weight.get_ydata(), main["chosen_weight_mV"].sel(trace_seed=1))
    stairs = panel(figure, "All excitatory weights").patches[0]
    np.testing.assert_array_equal(stairs.get_data().values, np.maximum(main["weight_histogram"].values[0, -1], 0.5))


def test_a_run_without_a_reward_can_be_drawn(tmp_path):
    none = ensemble("izhikevich2007", [1], tmp_path, coincidence_ms=0)
    figure = rendering.draw("izhikevich2007", {"main": none}, {})
    assert any("no reward" in text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize("made", ["izhikevich2007_pavlov"], indirect=True)
def test_relative_responses_are_the_means_over_seeds(made):
    name, ensembles = made
    main, figure = ensembles["main"], rendering.draw(name, ensembles, {})
    course = next(line for line in panel(figure, "Response to S1, 10 ms").lines if "(n = 2, range)" in line.get_label())
    np.testing.assert_array_equal(course.get_ydata(), main["response_course"].mean("seed", skipna=False))
