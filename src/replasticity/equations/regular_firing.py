"""Equations of a cell that fires regularly: its phase x grows at the rate f, and it spikes when x exceeds 1.

=========  ================  ===================================================================
symbol     name              meaning
=========  ================  ===================================================================
x          phase             phase of the cell: 0 after a spike, 1 at the next [1]
f dt       phase_increment   growth of the phase in one step [1]
=========  ================  ===================================================================

Source: docs/models/pair_stdp.md#regular-firing.
"""

from replasticity.numerics.compilation import njit


@njit
def advance_phase(phase, phase_increment):
    """Return the phase one step later: dx/dt = f by forward Euler, exact up to rounding.

    Parameters
    ----------
    phase : float
        Phase [1].
    phase_increment : float
        Rate times time step [1], rounded before it is added: the rounding decides in which step a cell spikes.

    Returns
    -------
    float
        Phase [1] (docs/models/pair_stdp.md#firing-phase).
    """
    return phase_increment + phase


@njit
def spikes(phase):
    """Say whether a cell spikes: x > 1, strictly (docs/models/pair_stdp.md#firing-spike)."""
    return phase > 1.0


@njit
def reset_phase(phase, keep_overshoot):
    """Return the phase of a cell that has just spiked.

    Parameters
    ----------
    phase : float
        Phase above 1 [1].
    keep_overshoot : bool
        True: x - 1, which keeps the mean rate. False: 0, which lengthens each interval to whole steps.

    Returns
    -------
    float
        Phase [1] (docs/models/pair_stdp.md#firing-reset).
    """
    if keep_overshoot:
        return phase - 1.0
    return 0.0
