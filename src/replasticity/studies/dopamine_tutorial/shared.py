"""What the protocols share."""

import math

import numpy as np

from replasticity.models.dopamine_stdp_parameters import DopamineSynapse
from replasticity.numerics.arrays import FloatArray, IntArray

#: State of a synapse in recordings -> ours.
RECORDED_STATES = {"w": "weight", "c": "c", "n": "n", "pre_tr": "x"}


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


def bins(width_ms: float, duration_ms: float, dt_ms: float) -> tuple[FloatArray, FloatArray]:
    """Return the middles of bins from 0 on, and their borders: a spike at the border of two belongs to the first."""
    borders_ms = np.arange(math.ceil(duration_ms / width_ms) + 1, dtype=np.float64) * width_ms
    return borders_ms[:-1] + width_ms / 2, borders_ms + dt_ms / 2


def counts(spike_ms: FloatArray, neuron: IntArray, borders_ms: FloatArray, neurons: int) -> FloatArray:
    """Return how many spikes each neuron has in each bin, shape (bins, neurons)."""
    return np.histogram2d(spike_ms, neuron, (borders_ms, np.arange(neurons + 1) - 0.5))[0]
