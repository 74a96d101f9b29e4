"""A walk in steps of equal length."""

import numpy as np

from replasticity.definitions.parameters import Cost, GridDuration, Positive, TimeGrid, quantity
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(TimeGrid):
    """Parameters of the protocol."""

    duration_ms: GridDuration = quantity("Duration of the run.")
    step_length: Positive = quantity("Length of a step.")

    def cost(self) -> Cost:
        """Return what a run needs: a step of the walk for each time step."""
        steps = self.duration_ms / self.dt_ms
        return Cost(memory_bytes=32 * steps, seconds=1e-8 * steps)


RUN = {
    "forward": Variable(("step",), "whether the walker steps forward", "int32"),
    "place": Variable(("step",), "place after each step", trace=True),
}

SHORTEST = {"duration_ms": 20.0}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return whether each step goes forward."""
    return build(RUN, {"forward": random.generator(seed, "walk").integers(0, 2, p.steps(p.duration_ms))})


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the places."""
    return build(RUN, {"place": p.step_length * np.cumsum(2.0 * inputs["forward"] - 1)})
