"""The first state of a run that left its limits: noted by compiled loops, which then end, and raised after them.

An exception raised there could not say which neuron. ``not lowest <= value <= highest`` is one test for all that can be
wrong: no NaN passes it.
"""

import numpy as np

from replasticity.errors import StateError
from replasticity.numerics.compilation import inner_njit

#: What left its limits: number of the variable in the model's own list (-1: nothing), step, neuron or synapse, value.
FAILURE = np.dtype([("variable", np.int64), ("step", np.int64), ("place", np.int64), ("value", np.float64)])


def no_failure():
    """Return the record of a run in which nothing has left its limits, shape (1,)."""
    return np.array([(-1, 0, 0, 0.0)], FAILURE)


@inner_njit
def note_failure(failure, variable, step, place, value):
    """Write into the record (shape (1,)) what has left its limits, unless something has before."""
    if failure[0].variable < 0:
        failure[0].variable = variable
        failure[0].step = step
        failure[0].place = place
        failure[0].value = value


def raise_failure(failure, variables, dt_ms, place):
    """Raise a `StateError` if a run's record holds a failure.

    Parameters
    ----------
    failure : ndarray of `FAILURE`, shape (1,)
        The record.
    variables : sequence of (str, str)
        Name of each variable, with its unit, and what is allowed, such as ``("V_mV", "-1000 to 1000 mV")``.
    dt_ms : float
        Time step [ms].
    place : str
        What a place is: "neuron" or "synapse".

    Raises
    ------
    StateError
        If there is one; it names variable, time, place and what is allowed.
    """
    variable, step, index, value = failure[0].item()
    if variable >= 0:
        name, allowed = variables[variable]
        raise StateError(
            f"{name} of {place} {index} is {value:.6g} at {step * dt_ms:g} ms, allowed: {allowed}; "
            "with these parameters the run means nothing"
        )
