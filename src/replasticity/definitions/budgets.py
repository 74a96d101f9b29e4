"""How much is simulated about an experiment, and how far from its printed parameters: as text, checked."""

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from replasticity.definitions.parameters import PositiveInt

#: The largest budget: runs, or core-minutes.
_MOST = 1e9

_BUDGET = re.compile(r"(\d+(?:\.\d+)?) *(runs|s|min|h)?")
_MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0}
_SHARE = re.compile(r" *(\d+(?:\.\d+)?) *% *")


class Budget(NamedTuple):
    """How much is simulated.

    Attributes
    ----------
    amount : float
        A number of runs, or of core-minutes.
    in_minutes : bool
        Whether it is core-minutes.
    """

    amount: float
    in_minutes: bool

    def runs(self, seconds_per_run: float) -> float:
        """Return how many runs these are, each of which takes so long."""
        return self.amount * 60 / seconds_per_run if self.in_minutes else self.amount

    def __str__(self) -> str:
        return f"{self.amount:.10g}{'min' if self.in_minutes else ''}"


def budget_of(text: str) -> Budget:
    """Return a budget given as ``10min``, ``2h`` or ``90s`` of a core's time, or as ``4000`` runs.

    Raises
    ------
    ValueError
        If the text is something else, or nothing would be simulated.
    """
    found = _BUDGET.fullmatch(text.strip())
    if not found or not 0 < float(found[1]) <= _MOST:
        raise ValueError(f"has to be runs, such as 4000, or the time of a core, such as 10min or 2h (it is {text})")
    in_minutes = found[2] in _MINUTES
    return Budget(float(found[1]) * _MINUTES.get(found[2], 1.0), in_minutes)


def within_of(text: str) -> list[float]:
    """Return distances given such as ``10%,50%``, the nearest first.

    Raises
    ------
    ValueError
        If the text is something else, or names one twice.
    """
    found = [_SHARE.fullmatch(part) for part in text.split(",")]
    shares = sorted(float(each[1]) / 100 for each in found if each)
    if len(shares) < len(found) or len(set(shares)) < len(shares) or not all(0 < each < 1 for each in shares):
        raise ValueError(f"has to be shares of the printed values below 100 %, such as 10%,50% (it is {text})")
    return shares


def _checked_budget(text: str | int) -> str:
    budget_of(str(text))
    return str(text)


def _checked_within(text: str) -> str:
    within_of(text)
    return text


#: A budget and distances as text.
BudgetText = Annotated[str | PositiveInt, AfterValidator(_checked_budget)]
WithinText = Annotated[str, AfterValidator(_checked_within)]
