"""The parameters of an experiment that are moved about their printed values, and how far."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args, get_origin

import numpy as np
import numpy.typing as npt

from replasticity.definitions.experiments import Resolved
from replasticity.definitions.parameters import TimeGrid, grid_of, kept, on_grid, output_options, sizes
from replasticity.definitions.robustness import Moved, scaled
from replasticity.definitions.yaml_files import validate
from replasticity.errors import MistakeError, UserError
from replasticity.robustness.summary import Axis

FloatArray = npt.NDArray[np.float64]

#: An end that is refused is moved towards the printed value by so many halvings.
_HALVINGS = 30

#: Coordinates at which it is tried whether a parameter may have values between the ends, too: no round numbers.
_INSIDE = (0.0973, 0.2371, 0.3819, 0.5237, 0.6643, 0.7911, 0.9127)

#: The time step is refined to these parts of it where the experiment names none, and a size becomes so many times it.
_TIME_STEPS = (1.0, 1 / 2, 1 / 4, 1 / 10)
_SIZES = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Space:
    """What is moved, within some distance of the printed values.

    Attributes
    ----------
    resolved : Resolved
        The experiment with its printed parameters.
    axes : tuple of Axis
        Parameters that are moved together.
    choices : tuple of Axis
        Choices, which are moved one at a time only.
    left_out : dict of str to str
        Parameter that is not moved -> why.
    log : frozenset of str
        Parameters of which equal factors are equally likely; of others, equal differences.
    """

    resolved: Resolved
    axes: tuple[Axis, ...]
    choices: tuple[Axis, ...]
    left_out: dict[str, str]
    log: frozenset[str] = field(default=frozenset())

    @property
    def printed(self) -> FloatArray:
        """Coordinates of the printed values, shape (axes,)."""
        return np.array([self._coordinate(axis) for axis in self.axes])

    def changes(self, u: Sequence[float] | FloatArray) -> dict[str, Any]:
        """Return what a point of the unit cube changes of the experiment's parameters, as plain JSON values.

        Parameters
        ----------
        u : sequence of float, shape (axes,)
            Coordinates from 0 to 1. Of whole numbers, of times on a grid and of listed values each is equally likely.
        """
        moved = {
            axis.name: _parameter(axis, self._value(axis, float(coordinate)))
            for axis, coordinate in zip(self.axes, u, strict=True)
        }
        return changed(self.resolved, moved)

    def at(self, axis: Axis, value: Any) -> dict[str, Any]:
        """Return the changes where one parameter alone has a value; of a list, where it has been times this factor."""
        return changed(self.resolved, {axis.name: _parameter(axis, value)})

    def step(self, axis: Axis) -> float | None:
        """Return the distance between neighbouring values: of whole numbers, or times on a grid; None for others."""
        if axis.name not in self._steps:
            self._steps[axis.name] = _step(self.resolved, axis.name)
        return self._steps[axis.name]

    @cached_property
    def _steps(self) -> dict[str, float | None]:
        """Steps that were asked for: there may be thousands of points."""
        return {}

    def _ends(self, axis: Axis) -> tuple[float, float]:
        """Return what the coordinates 0 and 1 stand for: steps get equal shares of what lies between."""
        low, high = _bounds(axis)
        if axis.name in self.log:
            return math.log(abs(low)), math.log(abs(high))
        half = (self.step(axis) or 0.0) / 2
        return low - half, high + half

    def _value(self, axis: Axis, coordinate: float) -> Any:
        if axis.values:
            return axis.values[min(int(coordinate * len(axis.values)), len(axis.values) - 1)]
        first, last = self._ends(axis)
        number = first + coordinate * (last - first)
        low, high = _bounds(axis)
        if axis.name in self.log:
            number = math.copysign(math.exp(number), low)
        step = self.step(axis)
        # Few digits: a set of parameters is read by people.
        near = float(f"{number:.6g}") if step is None else float(f"{round(number / step) * step:.12g}")
        return min(max(near, low), high)

    def _coordinate(self, axis: Axis) -> float:
        if axis.values:
            return (axis.values.index(axis.printed) + 0.5) / len(axis.values)
        first, last = self._ends(axis)
        own = 1.0 if isinstance(axis.printed, list) else float(axis.printed)
        return ((math.log(abs(own)) if axis.name in self.log else own) - first) / (last - first)


def neighbourhood(resolved: Resolved, within: float) -> Space:
    """Return what is moved about the printed values of an experiment.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    within : float
        Distance, as a share of each printed value; ranges of the experiment's own are what they are.

    Raises
    ------
    MistakeError
        If the study's code fails.
    """
    model, robustness = type(resolved.parameters), resolved.experiment.robustness
    left_out: dict[str, str] = dict.fromkeys(output_options(model), "output option")
    left_out |= {name: "its steps are refined" for name in TimeGrid.model_fields if name in model.model_fields}
    left_out |= dict.fromkeys(sizes(model), "a size") | kept(model) | robustness.keep
    axes: list[Axis] = []
    choices: list[Axis] = []
    printed = resolved.values
    for name in printed:
        moved = robustness.vary.get(name)
        if moved is None and (why := left_out.get(name) or _why_left_out(resolved, name)):
            left_out[name] = why
            continue
        left_out.pop(name, None)
        values = _choices(resolved, name) if moved is None else moved.values
        axis = _choice(resolved, name, values) if values else _range(resolved, name, within, moved)
        if isinstance(axis, str):
            left_out[name] = axis
        elif moved is None and values:
            choices.append(axis)
        else:
            axes.append(axis)
    log = frozenset(name for name, moved in robustness.vary.items() if moved.log)
    in_order = {name: left_out[name] for name in printed if name in left_out}
    return Space(resolved, tuple(axes), tuple(choices), in_order, log)


def time_steps(resolved: Resolved) -> list[float]:
    """Return the time steps at which claims are looked at [ms], the printed one first; none where there is no step."""
    if "dt_ms" not in resolved.values:
        return []
    printed = float(resolved.values["dt_ms"])
    asked = resolved.experiment.robustness.time_steps_ms or [printed * part for part in _TIME_STEPS]
    return list(dict.fromkeys([printed, *(float(f"{each:.12g}") for each in asked)]))


def sizes_of(resolved: Resolved) -> dict[str, list[int]]:
    """Return the sizes at which claims are looked at, by parameter: the printed one is among them."""
    asked = resolved.experiment.robustness.sizes
    found: dict[str, list[int]] = {}
    for name in (*sizes(type(resolved.parameters)), *asked):
        printed = int(resolved.values[name])
        numbers = asked.get(name) or [max(1, round(printed * factor)) for factor in _SIZES]
        if printed and name not in resolved.experiment.robustness.keep:
            found[name] = sorted({printed, *numbers})
    return found


def changed(resolved: Resolved, values: dict[str, Any]) -> dict[str, Any]:
    """Return what has changed of an experiment's parameters, with these values and all times on their grids."""
    printed = resolved.values
    found = on_grid(printed | values, type(resolved.parameters))
    return {name: value for name, value in found.items() if value != printed[name]}


def refusal(resolved: Resolved, changes: dict[str, Any]) -> str:
    """Return why an experiment may not have its parameters changed so, in one line, or "".

    Raises
    ------
    MistakeError
        If the study's code fails.
    """
    where = "parameters"
    try:
        parameters = validate(type(resolved.parameters), resolved.values | changes, where)
        resolved.experiment.resources.require_affordable(parameters.cost())
    except MistakeError:
        raise
    except UserError as error:
        return str(error).removeprefix(f"{where}: ")
    return ""


def _why_left_out(resolved: Resolved, name: str) -> str:
    """Return why a parameter is not moved unless the experiment says where, or ""."""
    value = resolved.values[name]
    if _choices(resolved, name):
        return ""
    if not isinstance(value, list):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "no number"
        return "" if value else "is 0"
    numbers = _leaves(value)
    if not all(isinstance(each, int | float) for each in numbers):
        return "no numbers"
    if not any(numbers):
        return "is 0" if numbers else "is empty"
    if name.endswith("_ms"):
        return "a list of times"
    return "a list of whole numbers" if all(isinstance(each, int) for each in numbers) else ""


def _leaves(value: Any) -> list[Any]:
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list) else [value]


def _choices(resolved: Resolved, name: str) -> list[Any]:
    """Return all values that a choice may have; none for a parameter that is no choice."""
    annotation = type(resolved.parameters).model_fields[name].annotation
    if annotation is bool:
        return [False, True]
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def _choice(resolved: Resolved, name: str, values: Sequence[Any]) -> Axis | str:
    """Return the axis of a choice, with the values that are allowed alone, or why there is none."""
    printed = resolved.values[name]
    refused = {repr(value): refusal(resolved, changed(resolved, {name: value})) for value in values}
    allowed = [value for value in values if not refused[repr(value)]]
    cut = "; ".join(f"not {value}: {why}" for value, why in refused.items() if why)
    if len(allowed) < 2:
        return cut
    return Axis(name=name, printed=printed, low=None, high=None, values=allowed, cut=cut)


def _range(resolved: Resolved, name: str, within: float, moved: Moved | None) -> Axis | str:
    """Return the axis of a number or a list of numbers, or why there is none."""
    printed = resolved.values[name]
    own = 1.0 if isinstance(printed, list) else printed
    low, high = sorted(float(f"{own * (1 + share):.12g}") for share in (-within, within))
    if moved is not None:
        assert moved.low is not None
        assert moved.high is not None
        low, high = moved.low, moved.high
    step = _step(resolved, name)
    if step is not None:
        low, high = _to_steps(low, step, math.ceil), _to_steps(high, step, math.floor)
    axis = Axis(name=name, printed=printed, low=low, high=high, values=[], cut="")
    if low >= high:
        what = "whole number" if isinstance(printed, int) else "multiple of the time step"
        return f"no other {what} within {within:.0%}"

    def why(value: float) -> str:
        return refusal(resolved, changed(resolved, {name: _parameter(axis, value)}))

    reasons = {end: why(end) for end in (low, high)}
    low, high = (_furthest(own, end, why, step) if reasons[end] else end for end in (low, high))
    cut = "; ".join(dict.fromkeys(filter(None, reasons.values())))
    if low >= high:
        return cut
    axis = axis.model_copy(update={"low": low, "high": high, "cut": cut})
    space = Space(resolved, (axis,), (), {}, frozenset([name] if moved is not None and moved.log else []))
    between = (refusal(resolved, space.changes([each])) for each in _INSIDE)
    return next(filter(None, between), axis)


def _furthest(own: float, end: float, why: Callable[[float], str], step: float | None) -> float:
    """Return the value furthest from the printed one towards an end that is not refused."""
    allowed, refused = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (allowed + refused) / 2
        if why(own + middle * (end - own)):
            refused = middle
        else:
            allowed = middle
    found = own + allowed * (end - own)
    # Nearly always an end that is allowed itself, such as 1.
    if not why(rounded := float(f"{found:.6g}")):
        found = rounded
    return found if step is None else _to_steps(found, step, math.ceil if end < own else math.floor)


def _to_steps(value: float, step: float, to_whole: Callable[[float], int]) -> float:
    # A hair more or less than a step is that step.
    return float(f"{to_whole(round(value / step, 6)) * step:.12g}")


def _bounds(axis: Axis) -> tuple[float, float]:
    assert axis.low is not None
    assert axis.high is not None
    return axis.low, axis.high


def _step(resolved: Resolved, name: str) -> float | None:
    value, grid = resolved.values[name], grid_of(type(resolved.parameters), name)
    if isinstance(value, list):
        return None
    if grid is not None:
        return float(resolved.values[grid.of])
    return 1.0 if isinstance(value, int) else None


def _parameter(axis: Axis, value: Any) -> Any:
    """Return the parameter's value: of a list, all of its values times a factor."""
    if axis.values:
        return value
    if isinstance(axis.printed, list):
        return scaled(axis.printed, value)
    return round(value) if isinstance(axis.printed, int) else float(value)
