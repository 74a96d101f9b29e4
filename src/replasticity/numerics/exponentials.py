"""exp(-k dt / tau) for whole numbers of steps, from tables.

The exponential function was the most costly part of a synaptic event. A number of steps has 8 low, 12 middle and 12
high bits; the factor of each part is in a table of its own.
"""

from collections import namedtuple
from functools import cache

import numpy as np

from replasticity.numerics.compilation import inline_njit

#: A time constant [ms], the step [ms], and factors of exp(-k dt / tau) for `decay`.
TimeConstant = namedtuple("TimeConstant", ["ms", "dt_ms", "factors"])

#: Where the factors of each part begin.
LOW, MIDDLE, HIGH = 0, 2**8, 2**8 + 2**12


@cache
def time_constant(tau_ms, dt_ms):
    """Return a `TimeConstant`."""
    low, many = np.arange(2**8), np.arange(2**12)
    steps = np.concatenate([low, many << 8, many << 20])
    return TimeConstant(ms=float(tau_ms), dt_ms=float(dt_ms), factors=np.exp(-(steps * dt_ms) / tau_ms))


@inline_njit
def decay(steps, tau):
    """Return exp(-steps dt / tau) for 0 <= steps < 2**32, as the product of the factors of its bits."""
    low, middle, high = steps & 0xFF, (steps >> 8) & 0xFFF, steps >> 20
    return tau.factors[LOW + low] * tau.factors[MIDDLE + middle] * tau.factors[HIGH + high]
