"""Base class and field types of a protocol's parameters.

Parameters are checked strictly: an unknown name, a wrong type or a value out of range is an error, and a
checked object cannot be changed. Units are in the names (see `replasticity.units`).
"""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, create_model, model_validator

from replasticity.definitions.ranges import OneOf, Varied

Mark = TypeVar("Mark")

#: Largest seed and largest count: what fits into the integers of a netCDF file and of the compiled code.
LARGEST_INT = 2**31 - 1

#: A run has at most this many time steps. The longest experiment has fewer than a fiftieth of them.
MOST_STEPS = 10**9

#: A number other than 0 is at least so small and at most so large. Products of numbers beyond that overflow or vanish,
#: and no quantity of a neuron needs them: a time constant of the largest one is thirty thousand years.
SMALLEST, LARGEST = 1e-15, 1e15

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST_INT)]
NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST_INT)]


class VariedOver(NamedTuple):
    """Mark of a parameter that may be drawn at random."""

    range: Varied


class IsSize(NamedTuple):
    """Mark of a number of neurons, or of other things of one kind: how large the model is."""


class Kept(NamedTuple):
    """Mark of a parameter that is no quantity of the model, such as a recording interval."""

    why: str


def quantity(
    description: str,
    *,
    symbol: str = "",
    output_option: bool = False,
    varied: Varied | None = None,
    size: bool = False,
    kept: str = "",
    **bounds: Any,
) -> Any:
    """Return the declaration of a parameter; its unit is the suffix of its name.

    Parameters
    ----------
    description : str
        Its meaning in one line.
    symbol : str
        What the paper calls it, in TeX without dollar signs; empty if it has no symbol there.
    output_option : bool
        Whether it only says what is recorded, and changes no statistic.
    varied : Range, OneOf or ListOf, optional
        What it is drawn from where parameters are drawn at random; without it, it keeps its value there.
    size : bool
        Whether it is a number of neurons or the like, which may be changed alone: robustness has a panel of its own
        for these.
    kept : str
        Why robustness does not move it, if it is no quantity of the model: such as ``"recording interval"``.
    **bounds
        As `pydantic.Field` takes them: ``gt``, ``ge``, ``lt``, ``le``, ``min_length``.
    """
    extra: dict[str, Any] = {"symbol": symbol} if symbol else {}
    if output_option:
        extra["output_option"] = True
    declared = Field(description=description, json_schema_extra=extra or None, **bounds)
    # No part of the schema, and kept where a field is copied into other classes.
    if varied is not None:
        declared.metadata.append(VariedOver(varied))
    if size:
        declared.metadata.append(IsSize())
    if kept:
        declared.metadata.append(Kept(kept))
    return declared


def is_recorded(info: ValidationInfo) -> bool:
    """Return True if parameters come from another simulator's recording, where fewer relations have to hold."""
    return bool(info.context and info.context.get("recorded"))


class Checked(BaseModel):
    """Base of everything that is read from YAML: strict types, no unknown keys, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Cost(NamedTuple):
    """What a run needs, estimated from its parameters before it starts.

    Attributes
    ----------
    memory_bytes : float
        The most that all arrays of the run, its inputs and its statistics take at one time; not an underestimate.
    seconds : float
        The least time that it takes on a fast machine [s]: not an overestimate. Infinite if it would never end.
    """

    memory_bytes: float
    seconds: float


class OnGrid(NamedTuple):
    """Mark of a time, or a list of times, that has to be a whole multiple of another parameter: of the time step.

    Attributes
    ----------
    least : int
        Smallest number of steps allowed.
    of : str
        The parameter that is the step [ms].
    """

    least: int = 0
    of: str = "dt_ms"


#: Times that lie on the grid of time steps [ms].
GridTime = Annotated[float, Field(ge=0), OnGrid()]
#: A duration or an interval of one step or more [ms].
GridDuration = Annotated[float, Field(gt=0), OnGrid(least=1)]


class Parameters(Checked):
    """Base of the parameters of models and protocols. A protocol's are in a class of this name in its module."""

    @model_validator(mode="after")
    def _numbers_have_a_usable_size(self) -> "Parameters":
        for name in type(self).model_fields:
            for number in _numbers(getattr(self, name)):
                if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
                    raise ValueError(
                        f"{name}: has to be 0 or from {SMALLEST:g} to {LARGEST:g} in size (it is {number})"
                    )
        return self

    @model_validator(mode="after")
    def _times_have_a_countable_number_of_steps(self) -> "Parameters":
        dt_ms = getattr(self, "dt_ms", 1.0)
        for name in type(self).model_fields:
            # A time constant may be as long as one likes: it is a rate, not a number of steps.
            if "tau_" in name or not name.endswith("_ms"):
                continue
            if max(map(abs, _numbers(getattr(self, name))), default=0.0) / dt_ms > MOST_STEPS:
                raise ValueError(f"{name}: at most {MOST_STEPS:g} steps of {dt_ms:g} ms")
        return self

    @model_validator(mode="after")
    def _times_lie_on_the_grid(self) -> "Parameters":
        for name, field in type(self).model_fields.items():
            for mark in field.metadata:
                if isinstance(mark, OnGrid):
                    self.require_whole_steps(name, least=mark.least, of=mark.of)
        return self

    def cost(self) -> Cost:
        """Return what a run with these parameters needs at least.

        Called before anything is simulated, for any legal parameters: it has to work with floats that may be huge, and
        allocates nothing.
        """
        raise NotImplementedError(f"{type(self).__module__}: its parameters do not say what a run costs")

    def require_whole_steps(self, *names: str, least: int = 0, of: str = "dt_ms") -> None:
        """Raise a ValueError that names a time, or a list of times, which is no whole multiple of the time step.

        Parameters
        ----------
        *names : str
            Parameters [ms].
        least : int
            Smallest number of steps allowed.
        of : str
            The parameter that is the step [ms].

        Raises
        ------
        ValueError
            If a time is not `least` or more whole steps long (to 1e-9 of itself, or 1e-9 of a step).
        """
        step_ms = getattr(self, of)
        for name in names:
            for time_ms in _numbers(getattr(self, name)):
                steps = time_ms / step_ms
                if round(steps) < least or not math.isclose(steps, round(steps), rel_tol=1e-9, abs_tol=1e-9):
                    at_least = f", at least {least}" if least else ""
                    raise ValueError(f"{name}: has to be a whole multiple of {of} ({step_ms:g}){at_least}")


class TimeGrid(Parameters):
    """Parameters of what advances in time steps of one length."""

    dt_ms: Positive = quantity("Time step.")

    def steps(self, time_ms: float) -> int:
        """Return a duration in time steps."""
        return round(time_ms / self.dt_ms)

    def require_at_most_one_spike_per_step(self, *names: str) -> None:
        """Raise a ValueError that names a rate, or a list of rates [Hz], of more than one spike in a time step."""
        for name in names:
            if max(_numbers(getattr(self, name))) * self.dt_ms > 1000:
                raise ValueError(f"{name}: at most one spike per step, so no rate above 1000 / dt_ms")


class VariedTimeGrid(TimeGrid):
    """Parameters of what advances in time steps of any length, several of which are tried at random."""

    dt_ms: Positive = quantity("Time step.", varied=OneOf(0.05, 0.1, 0.2))


def _whole_microseconds(time_ms: float) -> float:
    microseconds = time_ms * 1000
    if round(microseconds) < 1 or not math.isclose(microseconds, round(microseconds), rel_tol=1e-9):
        raise ValueError("has to be a whole number of microseconds")
    return time_ms


class MicrosecondGrid(TimeGrid):
    """Parameters of what advances in time steps of whole microseconds: the unit of NEST's times."""

    dt_ms: Annotated[Positive, AfterValidator(_whole_microseconds)] = quantity(
        "Time step: a whole number of microseconds.", varied=OneOf(0.05, 0.1, 0.2)
    )


def under_prefix(prefix: str, whose: str, *models: type[Parameters]) -> Any:
    """Return a base class with the fields of models under a prefix, for parameters of several models; no validators.

    Parameters
    ----------
    prefix : str
        What their names begin with; the time step, which all share, is not among them.
    whose : str
        What their descriptions begin with: the model.
    *models : type
        Their classes.
    """
    fields: dict[str, Any] = {}
    for name, field in ((name, field) for model in models for name, field in model.model_fields.items()):
        if name not in TimeGrid.model_fields:
            text = f"{whose}: {str(field.description)[0].lower()}{str(field.description)[1:]}"
            extra: Any = field.json_schema_extra
            fields[prefix + name] = (field.rebuild_annotation(), Field(description=text, json_schema_extra=extra))
    return create_model(f"{whose.title().replace(' ', '').replace('-', '')}Parameters", __base__=Parameters, **fields)


def output_options(parameters: type[Parameters]) -> tuple[str, ...]:
    """Return the parameters that only say what is recorded."""
    extras = {name: field.json_schema_extra for name, field in parameters.model_fields.items()}
    return tuple(name for name, extra in extras.items() if isinstance(extra, dict) and extra.get("output_option"))


def sizes(parameters: type[Parameters]) -> tuple[str, ...]:
    """Return the parameters that are numbers of neurons or the like."""
    return tuple(name for name, field in parameters.model_fields.items() if IsSize() in field.metadata)


def kept(parameters: type[Parameters]) -> dict[str, str]:
    """Return the parameters that are no quantities of the model -> why, such as a recording interval."""
    return {name: mark.why for name, mark in _marked(parameters, Kept).items()}


def grid_of(parameters: type[Parameters], name: str) -> OnGrid | None:
    """Return the grid that a time, or a list of times, has to lie on; None for other parameters."""
    marks = parameters.model_fields[name].metadata
    return next((mark for mark in marks if isinstance(mark, OnGrid)), None)


def on_grid(values: Mapping[str, Any], parameters: type[Parameters]) -> dict[str, Any]:
    """Return parameters whose times are whole multiples of the step that they have to be multiples of.

    Parameters
    ----------
    values : mapping of str to value
        The parameters as plain JSON values.
    parameters : type
        Their class.
    """
    found = dict(values)
    for name in parameters.model_fields:
        grid = grid_of(parameters, name)
        if grid is not None and isinstance(found.get(grid.of), int | float):
            found[name] = _rounded(found[name], float(found[grid.of]), grid.least)
    return found


def _rounded(value: Any, step: float, least: int) -> Any:
    if isinstance(value, list):
        return [_rounded(each, step, least) for each in value]
    if not isinstance(value, int | float):
        return value
    # As written in decimals: 3 steps of 0.1 are 0.3.
    return float(f"{max(round(value / step), least) * step:.12g}")


def _numbers(value: Any) -> Iterator[float]:
    """Yield the numbers in a value that is a number, or a list of them, however deep; truth values are none."""
    if isinstance(value, (list, tuple)):
        for each in value:
            # Lists have thousands of them.
            if type(each) is float:
                yield each
            else:
                yield from _numbers(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def varied(parameters: type[Parameters]) -> dict[str, Varied]:
    """Return what the parameters are varied over that have a range, in the order of their declaration."""
    return {name: mark.range for name, mark in _marked(parameters, VariedOver).items()}


def _marked(parameters: type[Parameters], kind: type[Mark]) -> dict[str, Mark]:
    """Return the parameters that have a mark of some kind, in the order of their declaration."""
    return {
        name: mark
        for name, field in parameters.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, kind)
    }
