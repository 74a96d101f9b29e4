"""Equations of a neuron that fires regularly: its phase x grows at the rate f, and it spikes when x exceeds 1.

=========  ================  ===================================================================
symbol     name              meaning
=========  ================  ===================================================================
x          phase             phase of the neuron: 0 after a spike, 1 at the next [1]
f dt       phase_increment   growth of the phase in one step [1]
=========  ================  ===================================================================

Source: docs/models/pair_stdp.md#regular-firing.
"""

from replasticity.numerics.compilation import njit


@njit
def advance_phase(phase, phase_increment):
    """Return the phase one step later: dx/dt = f by forward Euler (docs/models/pair_stdp.md#firing-phase).

    The increment is rounded before it is added: the rounding decides in which step a neuron spikes.
    """
    return phase_increment + phase


@njit
def spikes(phase):
    """Return True if a neuron spikes: x > 1, strictly (docs/models/pair_stdp.md#firing-spike)."""
    return phase > 1.0


@njit
def reset_phase(phase, keep_overshoot):
    """Return the phase after a spike: x - 1, which keeps the mean rate, or 0, which lengthens intervals to whole steps.

    Source: docs/models/pair_stdp.md#firing-reset.
    """
    if keep_overshoot:
        return phase - 1.0
    return 0.0
