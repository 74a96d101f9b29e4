"""The first state of a run that left its limits: noted by compiled loops, which then end.

An exception raised there could not say which neuron. ``not lowest <= value <= highest`` is one test for all that can be
wrong: no NaN passes it.
"""

import numpy as np

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
