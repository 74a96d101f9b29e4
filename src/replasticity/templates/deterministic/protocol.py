"""What is simulated: parameters and run. Nothing is random: no `sample_inputs`. An edit here simulates again."""

import math

import numpy as np

from replasticity.definitions.parameters import Cost, GridDuration, Positive, TimeGrid, quantity
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(TimeGrid):
    """Units are the ends of the names; `symbol` is what the paper writes. The values are in the YAML file."""

    duration_ms: GridDuration = quantity("Duration of the run.")
    interval_ms: GridDuration = quantity("From one presynaptic spike to the next.", symbol="T")
    amplitude: Positive = quantity("What a spike adds to the weight.", symbol="A")
    tau_ms: Positive = quantity("Time constant of the weight's decay.", symbol=r"\tau")

    def cost(self) -> Cost:
        """Return what a run needs: here per time step 30 bytes and 1 ns."""
        steps = self.duration_ms / self.dt_ms
        return Cost(memory_bytes=30 * steps, seconds=1e-9 * steps)


# All that a run keeps. Figures see what has trace=True.
RUN = {
    "time_ms": Variable(("time_ms",), "end of each step", trace=True),
    "weight": Variable(("time_ms",), "weight after each step", trace=True),
}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run; `inputs` is empty, unless there is a `prescribed_inputs`."""
    # Here, so that who only asks for parameters does not wait for the compiler.
    from .model import course

    spikes = np.zeros(p.steps(p.duration_ms))
    spikes[:: p.steps(p.interval_ms)] = 1
    weight = course(spikes, math.exp(-p.dt_ms / p.tau_ms), p.amplitude)
    return build(RUN, {"time_ms": p.dt_ms * np.arange(1, weight.size + 1), "weight": weight})
