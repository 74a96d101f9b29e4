"""What a parameter is varied over: part of its declaration, for whoever draws parameters at random.

A range says what is sensible physically, and includes the corners: limits that are reached, delays of one step, zero.
It may be narrower than what validation allows, and relations between parameters are left to that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

#: How often a number is one of its corners (the ends of its range, and its special values), not one between.
CORNERS = 0.25


class Varied(Protocol):
    """What a parameter is varied over."""

    def draw(self, generator: "np.random.Generator", present: Any) -> Any:
        """Return a value, drawn; `present` is the one that the parameter has now."""


@dataclass(frozen=True)
class Range:
    """Numbers from one to another.

    Attributes
    ----------
    low, high : float
        The ends, which are drawn too.
    log : bool
        Whether it is a scale: equally likely in each factor of ten. Both ends have one sign then.
    special : tuple of float
        Further values that are drawn as often as the ends, such as 0 or a limit; they may lie outside.
    """

    low: float
    high: float
    log: bool = False
    special: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"a range from {self.low} to {self.high} has nothing in it")
        if self.log and not self.low * self.high > 0:
            raise ValueError(f"a scale from {self.low} to {self.high} needs ends of one sign, neither 0")

    def draw(self, generator: "np.random.Generator", present: Any) -> float | int:
        """Return a number: a whole one if the present one is."""
        corners = (self.low, self.high, *self.special)
        if generator.random() < CORNERS:
            corner = corners[generator.integers(len(corners))]
            return round(corner) if isinstance(present, int) else float(corner)
        if self.log:
            sign = math.copysign(1.0, self.low)
            lowest, highest = sorted((math.log(abs(self.low)), math.log(abs(self.high))))
            number = sign * math.exp(generator.uniform(lowest, highest))
        else:
            number = generator.uniform(self.low, self.high)
        if isinstance(present, int):
            return round(number)
        # Few digits: a set of parameters is read by people.
        return min(max(float(f"{number:.6g}"), self.low), self.high)


@dataclass(frozen=True, init=False)
class OneOf:
    """A few values, each as likely as the others."""

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        if not values:
            raise ValueError("no values to draw from")
        object.__setattr__(self, "values", values)

    def draw(self, generator: "np.random.Generator", present: Any) -> Any:
        """Return one of the values."""
        return self.values[generator.integers(len(self.values))]


@dataclass(frozen=True)
class ListOf:
    """Lists of values that are drawn one by one.

    Attributes
    ----------
    element : Range, OneOf or ListOf
        What each is drawn from.
    lengths : tuple of int, optional
        Shortest and longest length; None keeps the one that the list has.
    sort : bool
        Whether they are put in order, as times are.
    """

    element: Varied
    lengths: tuple[int, int] | None = (1, 5)
    sort: bool = False

    def draw(self, generator: "np.random.Generator", present: Sequence[Any]) -> list[Any]:
        """Return a list; now and then all of its values are equal."""
        if self.lengths is None:
            length, old = len(present), list(present)
        else:
            length = int(generator.integers(self.lengths[0], self.lengths[1], endpoint=True))
            # Their type tells whole numbers from others.
            old = [present[0] if present else 0.0] * length
        values = [self.element.draw(generator, each) for each in old]
        # Lists in a list may have to keep lengths of their own.
        if values and not isinstance(values[0], list) and generator.random() < CORNERS / 2:
            values = [values[0]] * length
        return sorted(values) if self.sort else values
