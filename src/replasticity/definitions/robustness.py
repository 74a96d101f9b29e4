"""The ``robustness:`` key of an experiment: what is moved about the printed values, and how far."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from replasticity.definitions.parameters import (
    Checked,
    Parameters,
    Positive,
    PositiveInt,
    TimeGrid,
    on_grid,
    output_options,
)
from replasticity.definitions.yaml_files import Text, near, validate
from replasticity.errors import UserError


class Moved(Checked):
    """Where a parameter is moved: from `low` to `high`, or over `values`.

    Of a list of numbers, `low` and `high` are those of the factor on all of them. With `log`, equal factors are equally
    likely.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    values: Annotated[list[Any], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _is_a_range_or_a_list(self) -> "Moved":
        ends = self.low is not None, self.high is not None
        if all(ends) == (self.values is not None) or any(ends) != all(ends):
            raise ValueError("'low' and 'high' are needed, or 'values' alone")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError("'low' has to be less than 'high'")
            if self.log and not self.low * self.high > 0:
                raise ValueError("'log' needs a 'low' and a 'high' of one sign, neither 0")
        elif self.log:
            raise ValueError("'log' is for 'low' and 'high'")
        return self


class Robustness(Checked):
    """What is moved about the printed values where it is asked whether claims hold there too.

    All of it has defaults: see ``config/README.md``.
    """

    vary: dict[str, Moved] = Field({})
    keep: dict[str, Text] = Field({})
    claims: Annotated[list[str], Field(min_length=1)] | None = None
    time_steps_ms: Annotated[list[Positive], Field(min_length=1)] | None = None
    sizes: dict[str, Annotated[list[PositiveInt], Field(min_length=1)]] = Field({})


def scaled(value: Any, factor: float) -> Any:
    """Return a list of numbers, however deep, with all of them times a factor."""
    return [scaled(each, factor) for each in value] if isinstance(value, list) else value * factor


def require_movable(
    robustness: Robustness,
    values: dict[str, Any],
    parameters: type[Parameters],
    claims: Sequence[str],
    where: str,
) -> None:
    """Check that what is named is there, and that parameters may have the values that they are moved to.

    Parameters
    ----------
    robustness : Robustness
        What is moved.
    values : dict of str to value
        The experiment's parameters at one scale, as plain JSON values.
    parameters : type
        Their class.
    claims : sequence of str
        Ids of the experiment's claims.
    where : str
        The file and the key, for messages.

    Raises
    ------
    UserError
        If not; the message names the key and what is allowed.
    """
    others = (*TimeGrid.model_fields, *output_options(parameters))
    movable = [name for name in parameters.model_fields if name not in others]
    for key in ("vary", "keep", "sizes", "claims"):
        what, allowed = ("claim", list(claims)) if key == "claims" else ("parameter to move", movable)
        for name in getattr(robustness, key) or ():
            if name not in allowed:
                raise UserError(
                    f"{where}.{key}: no {what} '{name}'{near(name, allowed)}; allowed: {', '.join(allowed)}"
                )
    for name, moved in robustness.vary.items():
        key = f"{where}.vary.{name}"
        if name in robustness.keep:
            raise UserError(f"{key}: is under 'keep' as well")
        for value in _reached(moved, values[name], key):
            validate(parameters, on_grid(values | {name: value}, parameters), key)
    for name in robustness.sizes:
        if not isinstance(values[name], int) or isinstance(values[name], bool):
            raise UserError(f"{where}.sizes.{name}: has to be a whole number (it is {json.dumps(values[name])})")
        if name in robustness.vary:
            raise UserError(f"{where}.sizes.{name}: is under 'vary' as well")


def _reached(moved: Moved, printed: Any, key: str) -> list[Any]:
    """Return the values at the ends, or all that are listed; check that the experiment's own is among them."""
    if moved.values is not None:
        if printed not in moved.values:
            raise UserError(f"{key}.values: have to contain the experiment's own, {json.dumps(printed)}")
        return moved.values
    assert moved.low is not None
    assert moved.high is not None
    own = 1.0 if isinstance(printed, list) else printed
    if isinstance(own, bool) or not isinstance(own, int | float):
        raise UserError(f"{key}: is no number ({json.dumps(printed)}), so 'values' are needed")
    if not moved.low <= own <= moved.high:
        what = "the factor 1" if isinstance(printed, list) else f"the experiment's own, {own:g}"
        raise UserError(f"{key}: 'low' to 'high' has to contain {what}")
    ends = moved.low, moved.high
    if isinstance(printed, list):
        return [scaled(printed, end) for end in ends]
    return [int(end) if isinstance(printed, int) else end for end in ends]
