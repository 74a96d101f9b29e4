"""Random numbers: one generator per role, all from one seed.

A role is what the numbers are for ("population", "wiring", "noise"). Streams of different roles and seeds
are independent, so adding a role changes no other. They do not depend on the experiment: two experiments
with the same seed get the same numbers, which makes paired comparisons possible.
"""

import zlib

import numpy as np


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
