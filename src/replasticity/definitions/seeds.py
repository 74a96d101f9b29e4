"""Seeds: how many there may be, and how they are written in files, on command lines and in files' names."""

import hashlib
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field

from replasticity.definitions.parameters import LARGEST_INT, NonNegativeInt

MOST_SEEDS = 100_000
SeedCount = Annotated[int, Field(ge=0, le=MOST_SEEDS)]
SeedNumbers = Annotated[list[NonNegativeInt], Field(max_length=MOST_SEEDS)]
#: A number of seeds (the first one of the experiment and those that follow) or their list.
Seeds = Annotated[int, Field(gt=0, le=MOST_SEEDS)] | SeedNumbers


def distinct_seeds(seeds: int | list[int]) -> int | list[int]:
    """Check that a list of seeds names none twice: the same run twice would fake a larger sample."""
    if isinstance(seeds, list):
        twice = sorted(seed for seed, count in Counter(seeds).items() if count > 1)
        if twice:
            raise ValueError(f"each seed once, but {twice[0]} is there more than once")
        if not seeds:
            raise ValueError("at least one seed")
    return seeds


def seed_list(seeds: int | list[int], first: int) -> list[int]:
    """Return seeds as a list: ``3`` means the first one and the two that follow."""
    return list(range(first, first + seeds)) if isinstance(seeds, int) else list(seeds)


def seed_ranges(seeds: list[int]) -> str:
    """Return seeds as the command line takes them: ``1001-1040`` or ``1,2,7``."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1][1:] = [seed]
        else:
            parts.append([seed])
    return ",".join("-".join(map(str, part)) for part in parts)


#: Seeds with a longer text than this are named by their first, their last and a digest. A file's name has at most 255
#: bytes, and what is added to it while it is written is part of it.
LONGEST_NAME_OF_SEEDS = 60


def name_of_seeds(seeds: list[int]) -> str:
    """Return what seeds are called in a file's name: as `seed_ranges`, or such as ``1-to-199-08a8628217e9``.

    Parameters
    ----------
    seeds : list of int
        Seeds, in any order.

    Returns
    -------
    str
        Digits, ``,``, ``-`` and lower-case letters.
    """
    text = seed_ranges(seeds)
    if len(text) <= LONGEST_NAME_OF_SEEDS:
        return text
    return f"{min(seeds)}-to-{max(seeds)}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def seed_list_of(text: str) -> list[int]:
    """Return the seeds that `seed_ranges` has written.

    Raises
    ------
    ValueError
        If the text is not such as ``1-40`` or ``1,2,7``.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError("has to be such as 1-40 or 1,2,7")
        if len(last or first) > len(str(LARGEST_INT)) or int(last or first) > LARGEST_INT:
            raise ValueError(f"seeds are at most {LARGEST_INT}")
        if len(seeds) + int(last or first) - int(first) >= MOST_SEEDS:
            raise ValueError(f"at most {MOST_SEEDS} seeds")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _seed_ranges_or_none(text: str) -> str:
    if text:
        seed_list_of(text)
    return text


#: Seeds written such as ``1-40`` or ``1,2,7``; empty for none.
SeedRanges = Annotated[str, AfterValidator(_seed_ranges_or_none)]
