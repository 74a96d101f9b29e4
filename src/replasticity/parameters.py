"""Base class and field types of a protocol's parameters.

Parameters are checked strictly: an unknown name, a wrong type or a value out of range is an error, and a
checked object cannot be changed. Units are in the names (see `replasticity.units`).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]


class Checked(BaseModel):
    """Base of everything that is read from YAML: strict types, no unknown keys, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Parameters(Checked):
    """Base of the parameters of a protocol. Each protocol module has a subclass of this name."""
