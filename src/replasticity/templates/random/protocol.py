"""What is simulated: parameters, inputs, run. An edit here simulates again."""

import math

import numpy as np

from replasticity.definitions.parameters import Cost, GridDuration, Positive, TimeGrid, quantity
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(TimeGrid):
    """Units are the ends of the names; `symbol` is what the paper writes. The values are in the YAML file."""

    duration_ms: GridDuration = quantity("Duration of the run.")
    rate_Hz: Positive = quantity("Rate of the presynaptic spikes.", symbol="r")
    amplitude: Positive = quantity("What a spike adds to the weight.", symbol="A")
    tau_ms: Positive = quantity("Time constant of the weight's decay.", symbol=r"\tau")

    def cost(self) -> Cost:
        """Return what a run needs: here per time step 20 bytes and 1 ns."""
        steps = self.duration_ms / self.dt_ms
        return Cost(memory_bytes=20 * steps, seconds=1e-9 * steps)


# All that a run keeps. Figures see what has trace=True, of the first five seeds.
RUN = {
    "time_ms": Variable(("time_ms",), "end of each step", trace=True),
    "spikes": Variable(("time_ms",), "presynaptic spikes in each step", "int32"),
    "weight": Variable(("time_ms",), "weight after each step", trace=True),
}


def sample_inputs(p: Parameters, seed: int) -> Arrays:
    """Return all that is random."""
    generator = random.generator(seed, "spikes")
    return build(RUN, {"spikes": generator.poisson(p.rate_Hz * p.dt_ms / 1000, p.steps(p.duration_ms))})


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run, in which nothing is random any more."""
    # Here, so that who only asks for parameters does not wait for the compiler.
    from .model import course

    weight = course(inputs["spikes"], math.exp(-p.dt_ms / p.tau_ms), p.amplitude)
    return build(RUN, {"time_ms": p.dt_ms * np.arange(1, weight.size + 1), "weight": weight})
