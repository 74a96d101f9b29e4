"""Poisson relays, which two protocols have."""

import numpy as np

from replasticity.models.dopamine_stdp_parameters import DopamineSynapse
from replasticity.numerics.arrays import IntArray


def poisson_relays(
    generator: np.random.Generator, rate_Hz: float, neurons: int, p: DopamineSynapse
) -> tuple[IntArray, IntArray]:
    """Return step and neuron of the spikes of Poisson relays: in each step and relay a Poisson number.

    The total is sampled first and then spread evenly, which has the same distribution.
    """
    relay = p.steps(p.relay_delay_ms)
    step_count = p.steps(p.duration_ms) - relay
    total = generator.poisson(rate_Hz * p.dt_ms / 1000 * step_count * neurons)
    places = np.sort(generator.integers(0, step_count * neurons, total))
    return places // neurons + 1 + relay, places % neurons
