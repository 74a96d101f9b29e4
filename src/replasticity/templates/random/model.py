"""The paper's equations, step by step: your own model goes here."""

import numpy as np

from replasticity.numerics.compilation import njit


@njit
def course(spikes, decay, amplitude):
    """Return the weight after each step (`spikes` and it have shape (steps,)): it decays, and each spike adds to it."""
    weight = np.zeros(spikes.size)
    now = 0.0
    for step in range(spikes.size):
        now = now * decay + amplitude * spikes[step]
        weight[step] = now
    return weight
