"""Small ensembles of each figure, simulated once for all tests that ask for them."""

import pytest

from replasticity.definitions import experiments
from replasticity.pipeline import simulation
from replasticity.study import protocols
from tests.figures.drawing import plot

#: Figure -> number of seeds, and changes that make all experiments of the figure short, where tests look at what is in
#: it. Of any other figure there are few seeds, as short as its protocols allow.
SMALL = {
    "beats": (1, {}),
    "beats_map": (1, {}),
    "clopath2010": (3, {"duration_ms": 4000.0}),
    "clopath2010_pairing": (1, {}),
    "dopamine_ten": (2, {}),
    "dopamine_timing": (1, {"duration_ms": 500.0}),
    "epsp": (1, {}),
    "izhikevich2007": (2, {"duration_s": 60}),
    "izhikevich2007_cue": (2, {"duration_ms": 1500.0}),
    "izhikevich2007_pavlov": (2, {"duration_s": 60}),
    "urbanczik2014": (2, {}),
    "urbanczik2014_refractory": (
        3,
        {"presentations_learning": 10, "shown_presentations": [1, 10], "averaged_presentations": 2},
    ),
    "zenke2015": (3, {}),
}

#: Experiment -> changes of its own: where a figure shows several durations, they stay apart.
LONGER = {"clopath2010_100s": {"duration_ms": 6000.0}, "clopath2010_1000s": {"duration_ms": 8000.0}}


def _known(name, changes):
    """Return the changes of parameters that the experiment has: those beside it may be of another protocol."""
    parameters = type(experiments.load(name).parameters).model_fields
    return {key: value for key, value in changes.items() if key in parameters}


def _small(figure, name):
    """Return an experiment of a figure as it is simulated for tests, and how many seeds of it."""
    experiment = experiments.load(name)
    if figure not in SMALL:
        seeds = 1 if protocols.get(experiment.protocol).is_deterministic else 3
        return experiments.resolve_shortest(name, experiment), seeds
    seeds, changes = SMALL[figure]
    return experiments.resolve(name, "standard", _known(name, changes | LONGER.get(name, {}))), seeds


@pytest.fixture(scope="session")
def small_ensembles(tmp_path_factory):
    """Return a function: name of a figure -> role -> small ensemble."""
    made = {}

    def ensemble(resolved, seeds):
        folder = tmp_path_factory.mktemp(resolved.name)
        files = [folder / f"seed-{seed}.nc" for seed in range(1, seeds + 1)]
        for seed, file in enumerate(files, 1):
            simulation.write_run(resolved, seed, file)
        return simulation.aggregate(resolved, files)

    def small(figure):
        if figure not in made:
            roles = {"main": figure, **experiments.load(figure).figure.beside}
            made[figure] = {role: ensemble(*_small(figure, name)) for role, name in roles.items()}
        return made[figure]

    return small


@pytest.fixture(scope="session", params=[name for name in experiments.names() if experiments.load(name).figure])
def drawn(request, small_ensembles):
    """Return name, ensembles and rendered figure of each figure of the project."""
    ensembles = small_ensembles(request.param)
    return request.param, ensembles, plot(request.param, ensembles)
