"""Copying one array into another inside a kernel."""

from replasticity.numerics.compilation import njit


@njit
def copy_into(target, source):
    """Copy an array into one of the same length, entry by entry.

    numba takes seconds to compile a slice assignment between arrays: it builds the text of an error message for shapes
    that do not fit.

    Parameters
    ----------
    target, source : ndarray, shape (entries,)
        The first is changed in place.
    """
    for k in range(len(target)):
        target[k] = source[k]
