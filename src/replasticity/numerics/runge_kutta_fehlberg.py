"""One adaptive step of the Runge-Kutta-Fehlberg method, orders 4 and 5 (Fehlberg 1969), for one variable.

The sequence of step sizes is part of the Clopath network: other steps give other spike times
(docs/models/voltage_based_stdp.md#sensitivity). So sums run from left to right in the order of the stages
(docs/models/voltage_based_stdp.md#solver-rounding).

Each function takes ``h_ms``, the step size [ms], and ``k1`` to ``k6``, the slopes of the variable at the six
stages [unit of the variable per ms]. The nodes are 0, 1/4, 3/8, 12/13, 1 and 1/2 of the step.
"""

from replasticity.numerics.compilation import njit

#: A step is repeated above the first bound of the error ratio, and the next one is longer below the second.
REPEAT_ABOVE, GROW_BELOW = 1.1, 0.5
#: Bounds of the change of the step size, and the share of the estimated optimum that is taken.
LARGEST_SHRINKING, LARGEST_GROWTH, SAFETY = 0.2, 5.0, 0.9

#: A time step is crossed in one step of the solver nearly always. A run may take so many for each of its time steps,
#: and so many more in all. Where it needs more, a rate is so high that the run would not end.
STEPS_PER_INTERVAL, STEPS_MORE = 100, 10_000


@njit
def stage_2(y, h_ms, k1):
    """Return the variable at the second stage, a quarter of the step."""
    return y + (1.0 / 4.0) * h_ms * k1


@njit
def stage_3(y, h_ms, k1, k2):
    """Return the variable at the third stage, 3/8 of the step."""
    return y + h_ms * ((3.0 / 32.0) * k1 + (9.0 / 32.0) * k2)


@njit
def stage_4(y, h_ms, k1, k2, k3):
    """Return the variable at the fourth stage, 12/13 of the step."""
    return y + h_ms * ((1932.0 / 2197.0) * k1 + (-7200.0 / 2197.0) * k2 + (7296.0 / 2197.0) * k3)


@njit
def stage_5(y, h_ms, k1, k2, k3, k4):
    """Return the variable at the fifth stage, the whole step."""
    return y + h_ms * (
        (8341.0 / 4104.0) * k1 + (-32832.0 / 4104.0) * k2 + (29440.0 / 4104.0) * k3 + (-845.0 / 4104.0) * k4
    )


@njit
def stage_6(y, h_ms, k1, k2, k3, k4, k5):
    """Return the variable at the sixth stage, half the step."""
    return y + h_ms * (
        (-6080.0 / 20520.0) * k1
        + (41040.0 / 20520.0) * k2
        + (-28352.0 / 20520.0) * k3
        + (9295.0 / 20520.0) * k4
        + (-5643.0 / 20520.0) * k5
    )


@njit
def fifth_order(y, h_ms, k1, k3, k4, k5, k6):
    """Return the variable after the step, by the formula of fifth order."""
    return y + h_ms * (
        (902880.0 / 7618050.0) * k1
        + (3953664.0 / 7618050.0) * k3
        + (3855735.0 / 7618050.0) * k4
        + (-1371249.0 / 7618050.0) * k5
        + (277020.0 / 7618050.0) * k6
    )


@njit
def error_estimate(h_ms, k1, k3, k4, k5, k6):
    """Return the difference between the formulas of fifth and fourth order."""
    return h_ms * (
        (1.0 / 360.0) * k1 + (-128.0 / 4275.0) * k3 + (-2197.0 / 75240.0) * k4 + (1.0 / 50.0) * k5 + (2.0 / 55.0) * k6
    )


@njit
def shrunk_step(h_ms, ratio):
    """Return the step size for the repetition of a step whose error ratio is too large.

    Parameters
    ----------
    h_ms : float
        Size of the step [ms].
    ratio : float
        Largest error over its scale, above `REPEAT_ABOVE`.

    Returns
    -------
    float
        Step size [ms], at least a fifth of the present one.
    """
    return h_ms * max(LARGEST_SHRINKING, SAFETY / ratio ** (1.0 / 5.0))


@njit
def next_step(h_ms, ratio):
    """Return the size of the step after an accepted one.

    Parameters
    ----------
    h_ms : float
        Size of the accepted step [ms].
    ratio : float
        Largest error over its scale.

    Returns
    -------
    float
        Step size [ms]: the same, or up to five times as much where the error is below `GROW_BELOW`.
    """
    if ratio < GROW_BELOW:
        return h_ms * min(LARGEST_GROWTH, max(1.0, SAFETY / ratio ** (1.0 / 6.0)))
    return h_ms
