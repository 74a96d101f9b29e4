"""Random numbers: one generator per role, all from one seed.

A role is what the numbers are for ("population", "wiring", "noise"). Streams of different roles and seeds
are independent, so adding a role changes no other. They do not depend on the experiment: two experiments
with the same seed get the same numbers, which makes paired comparisons possible.
"""

import math
import zlib

import numpy as np
import numpy.typing as npt


def generator(seed: int, role: str) -> np.random.Generator:
    """Return the generator of one role of one seed.

    Parameters
    ----------
    seed : int
        Seed of the run, not negative.
    role : str
        What the numbers are for.

    Returns
    -------
    numpy.random.Generator
        PCG64, seeded by ``SeedSequence(seed, spawn_key=(crc32(role),))``.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(role.encode()),))))


def bernoulli_successes(generator: np.random.Generator, trials: int, probability: float) -> npt.NDArray[np.int64]:
    """Return which of many independent trials succeed, without a random number for each that fails.

    The gap from one success to the next is geometrically distributed, so the work is proportional to the
    successes. The result has exactly the distribution of one uniform number per trial.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness; advanced.
    trials : int
        Number of trials.
    probability : float
        Probability of success of each, in [0, 1].

    Returns
    -------
    ndarray of int64, shape (successes,)
        Numbers of the successful trials, increasing, in [0, trials).
    """
    successes = np.zeros(0, np.int64)
    if probability <= 0.0:
        return successes
    last = -1
    while last < trials:
        # Enough for all trials in nearly every case; the loop goes on if not.
        expected = (trials - last) * probability
        gaps = generator.geometric(probability, size=int(expected + 5 * math.sqrt(expected) + 10))
        # Gaps that lead beyond the last trial: their sum must not overflow.
        np.minimum(gaps, trials + 1, out=gaps)
        successes = np.concatenate([successes, last + np.cumsum(gaps)])
        last = int(successes[-1])
    return successes[: np.searchsorted(successes, trials)]


def poisson_spikes(
    generator: np.random.Generator, expected: float, first: int, end: int, sources: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return step and source of the spikes of Poisson trains of one rate, ordered by both.

    Independent Poisson counts in all steps are one Poisson total, each of it in any step: two in one step may happen.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness; advanced.
    expected : float
        Expected number of spikes in all.
    first, end : int
        The first step, and the first one that has no more spikes.
    sources : int
        Number of trains.
    """
    count = generator.poisson(expected)
    step = generator.integers(first, end, count)
    source = generator.integers(0, sources, count)
    order = np.lexsort((source, step))
    return step[order], source[order]


def fixed_indegree(
    generator: np.random.Generator, sources: int, targets: int, indegree: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return synapses with a fixed number per target, sources with replacement, in order of their source.

    Without sources there are none.
    """
    pre = generator.integers(0, max(sources, 1), targets * indegree * (sources > 0), dtype=np.int32)
    order = np.argsort(pre, kind="stable").astype(np.int32)
    return pre[order], order // np.int32(max(indegree, 1))
