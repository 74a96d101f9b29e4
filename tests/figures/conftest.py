"""Small ensembles of each figure, simulated once for all tests that ask for them."""

import pytest

from replasticity.definitions import experiments
from replasticity.pipeline import simulation
from tests.figures.drawing import plot

#: Figure -> number of seeds, and changes that make all experiments of the figure short.
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


@pytest.fixture(scope="session")
def small_ensembles(tmp_path_factory):
    """Return a function: name of a figure -> role -> small ensemble."""
    made = {}

    def ensemble(name, seeds, changes):
        folder = tmp_path_factory.mktemp(name)
        resolved = experiments.resolve(name, "standard", changes)
        files = [folder / f"seed-{seed}.nc" for seed in range(1, seeds + 1)]
        for seed, file in enumerate(files, 1):
            simulation.write_run(resolved, seed, file)
        return simulation.aggregate(resolved, files)

    def small(figure):
        if figure not in made:
            seeds, changes = SMALL[figure]
            roles = {"main": figure, **experiments.load(figure).figure.beside}
            made[figure] = {
                role: ensemble(name, seeds, _known(name, changes | LONGER.get(name, {})))
                for role, name in roles.items()
            }
        return made[figure]

    return small


@pytest.fixture(scope="session", params=[name for name in experiments.names() if experiments.load(name).figure])
def drawn(request, small_ensembles):
    """Return name, ensembles and rendered figure of each figure of the project."""
    ensembles = small_ensembles(request.param)
    return request.param, ensembles, plot(request.param, ensembles)
