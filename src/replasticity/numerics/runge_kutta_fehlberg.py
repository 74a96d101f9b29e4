"""One adaptive step of the Runge-Kutta-Fehlberg method, orders 4 and 5 (Fehlberg 1969), for any model.

The sequence of step sizes is part of the Clopath network: other steps give other spike times
(docs/models/voltage_based_stdp.md#sensitivity). So sums run from left to right in the order of the stages
(docs/models/voltage_based_stdp.md#solver-rounding).

The tableau is data. Each function below applies a row of it to one variable ``y`` over a step of ``h_ms`` [ms], with
the slopes ``k1`` to ``k6`` at the six stages [unit of the variable per ms].
"""

from replasticity.numerics.compilation import njit

#: Weights of the slopes: at the stages after the first, at 1/4, 3/8, 12/13, 1 and 1/2 of the step; in the solution of
#: fifth order, and in its difference from that of fourth order (without the second slope, whose weight is 0 in both).
STAGE_2 = (1.0 / 4.0,)
STAGE_3 = (3.0 / 32.0, 9.0 / 32.0)
STAGE_4 = (1932.0 / 2197.0, -7200.0 / 2197.0, 7296.0 / 2197.0)
STAGE_5 = (8341.0 / 4104.0, -32832.0 / 4104.0, 29440.0 / 4104.0, -845.0 / 4104.0)
STAGE_6 = (-6080.0 / 20520.0, 41040.0 / 20520.0, -28352.0 / 20520.0, 9295.0 / 20520.0, -5643.0 / 20520.0)
FIFTH_ORDER = (
    902880.0 / 7618050.0,
    3953664.0 / 7618050.0,
    3855735.0 / 7618050.0,
    -1371249.0 / 7618050.0,
    277020.0 / 7618050.0,
)
ERROR = (1.0 / 360.0, -128.0 / 4275.0, -2197.0 / 75240.0, 1.0 / 50.0, 2.0 / 55.0)

#: A step is repeated above the first bound of the error ratio, and the next one is longer below the second.
REPEAT_ABOVE, GROW_BELOW = 1.1, 0.5
#: Bounds of the change of the step size, and the share of the estimated optimum that is taken.
LARGEST_SHRINKING, LARGEST_GROWTH, SAFETY = 0.2, 5.0, 0.9

#: A time step is crossed in one step of the solver nearly always. A run may take so many for each of its time steps,
#: and so many more in all. Where it needs more, a rate is so high that the run would not end.
STEPS_PER_INTERVAL, STEPS_MORE = 100, 10_000


@njit
def stage_2(y, h_ms, k1):
    """Return the variable at the second stage."""
    (a1,) = STAGE_2
    return y + h_ms * (a1 * k1)


@njit
def stage_3(y, h_ms, k1, k2):
    """Return the variable at the third stage."""
    a1, a2 = STAGE_3
    return y + h_ms * (a1 * k1 + a2 * k2)


@njit
def stage_4(y, h_ms, k1, k2, k3):
    """Return the variable at the fourth stage."""
    a1, a2, a3 = STAGE_4
    return y + h_ms * (a1 * k1 + a2 * k2 + a3 * k3)


@njit
def stage_5(y, h_ms, k1, k2, k3, k4):
    """Return the variable at the fifth stage."""
    a1, a2, a3, a4 = STAGE_5
    return y + h_ms * (a1 * k1 + a2 * k2 + a3 * k3 + a4 * k4)


@njit
def stage_6(y, h_ms, k1, k2, k3, k4, k5):
    """Return the variable at the sixth stage."""
    a1, a2, a3, a4, a5 = STAGE_6
    return y + h_ms * (a1 * k1 + a2 * k2 + a3 * k3 + a4 * k4 + a5 * k5)


@njit
def fifth_order(y, h_ms, k1, k3, k4, k5, k6):
    """Return the variable after the step, by the formula of fifth order."""
    b1, b3, b4, b5, b6 = FIFTH_ORDER
    return y + h_ms * (b1 * k1 + b3 * k3 + b4 * k4 + b5 * k5 + b6 * k6)


@njit
def error_estimate(h_ms, k1, k3, k4, k5, k6):
    """Return the difference between the formulas of fifth and fourth order."""
    e1, e3, e4, e5, e6 = ERROR
    return h_ms * (e1 * k1 + e3 * k3 + e4 * k4 + e5 * k5 + e6 * k6)


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
