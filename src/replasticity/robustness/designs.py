"""Sets of parameters as points of the unit cube, so that more of them add to those that are there and change none.

Each design is an array whose first axis counts what it consists of, trajectories or rows, and whose second axis says
which point of one it is. Number `k` of either is the same however many are asked for: a trajectory has a random stream
of its own, and a row its place in one scrambled sequence.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Begins all random streams of the designs; other designs would be as good.
_SEED = 21

#: Places of `A`, `B` and the first of `AB` among the points of a row of `sobol_rows`.
A, B, AB = 0, 1, 2


def morris_trajectories(axes: int, first: int, last: int) -> FloatArray:
    """Return trajectories of a Morris design on four levels.

    Parameters
    ----------
    axes : int
        Dimensions of the unit cube, at least 1.
    first, last : int
        The first trajectory and the last; they are counted from 0.

    Returns
    -------
    ndarray of float64, shape (last - first + 1, axes + 1, axes)
        Each point of a trajectory differs from the one before in one coordinate, by 2/3.

    References
    ----------
    .. [1] Morris (1991), Factorial sampling plans for preliminary computational experiments, Technometrics 33:161-174.
    """
    # Whatever needs no design does without this import, which takes a second.
    from SALib.sample import morris

    problem = problem_of(axes)
    return np.stack(
        [morris.sample(problem, 1, seed=np.random.default_rng([_SEED, each])) for each in range(first, last + 1)]
    )


def sobol_rows(axes: int, first: int, last: int) -> FloatArray:
    """Return rows of the matrices A, B and AB, from which Sobol' indices are estimated.

    Parameters
    ----------
    axes : int
        Dimensions of the unit cube, at least 1.
    first, last : int
        The first row and the last; they are counted from 0. The rows from 0 on are balanced if their number is a power
        of two.

    Returns
    -------
    ndarray of float64, shape (last - first + 1, axes + 2, axes)
        Of each row the point of A, the one of B, and for each axis that of A with the coordinate of B there: places
        `A`, `B` and from `AB` on. The points of A and B are independent of each other.

    References
    ----------
    .. [1] Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer Physics Communications
       181:259-270.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(2 * axes, rng=_SEED)
    if first:
        sequence.fast_forward(first)
    both = sequence.random(last - first + 1).reshape(-1, 2, axes)
    mixed = np.where(np.eye(axes, dtype=bool), both[:, [B]], both[:, [A]])
    return np.concatenate([both, mixed], axis=1)


def problem_of(axes: int) -> dict[str, object]:
    """Return the unit cube as SALib describes it."""
    return {"num_vars": axes, "names": [str(axis) for axis in range(axes)], "bounds": [[0.0, 1.0]] * axes}
