"""Base class and field types of a protocol's parameters.

Parameters are checked strictly: an unknown name, a wrong type or a value out of range is an error, and a
checked object cannot be changed. Units are in the names (see `replasticity.units`).
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Largest seed and largest count: what fits into the integers of a netCDF file and of the compiled code.
LARGEST_INT = 2**31 - 1

#: A run has at most this many time steps. The longest experiment has fewer than a fiftieth of them.
MOST_STEPS = 10**9

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST_INT)]
NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST_INT)]


class Checked(BaseModel):
    """Base of everything that is read from YAML: strict types, no unknown keys, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Parameters(Checked):
    """Base of the parameters of a protocol. Each protocol module has a subclass of this name."""

    @model_validator(mode="after")
    def _times_have_a_countable_number_of_steps(self) -> "Parameters":
        dt_ms = getattr(self, "dt_ms", 1.0)
        for name in type(self).model_fields:
            # A time constant may be as long as one likes: it is a rate, not a number of steps.
            if name.endswith("_ms") and "tau_" not in name and _largest(getattr(self, name)) / dt_ms > MOST_STEPS:
                raise ValueError(f"{name}: at most {MOST_STEPS:g} steps of {dt_ms:g} ms")
        return self


def _largest(times_ms: Any) -> float:
    """Return the largest absolute value of a number, or of a list of numbers or of lists."""
    if isinstance(times_ms, (list, tuple)):
        return max(map(_largest, times_ms), default=0.0)
    return abs(float(times_ms))
