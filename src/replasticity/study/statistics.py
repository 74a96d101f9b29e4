"""Statistics: numbers of one run, each declared where it is computed.

A function under `statistic` is the statistic of its name; one under `statistics` gives several that are computed
together. What they share is a function under `once_per_run`. All take a `Run` and the parameters.
"""

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import numpy.typing as npt

from replasticity.storage.contract import Arrays, Variable, build

P = ParamSpec("P")
R = TypeVar("R")


class Run(Mapping[str, npt.NDArray[Any]]):
    """The arrays of one run, by name: ``run.weight_nS`` is ``run["weight_nS"]``.

    Parameters
    ----------
    arrays : dict of str to ndarray
        From `Protocol.simulate`, or from a file.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]):
        self._arrays = arrays
        self._remembered: dict[Callable[..., Any], Any] = {}

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        try:
            return self._arrays[name]
        except KeyError:
            raise AttributeError(f"the run has no '{name}'") from None

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def remember(self, function: Callable[..., Any], parameters: Any) -> Any:
        """Return what a function of the run and the parameters gives, computed once."""
        if function not in self._remembered:
            self._remembered[function] = function(self, parameters)
        return self._remembered[function]


class Statistic:
    """One or several statistics, and the function that computes them.

    Attributes
    ----------
    declared : dict of str to Variable
        Name -> what the statistic is.
    """

    def __init__(self, function: Callable[..., Any], declared: Mapping[str, Variable]):
        self.declared = dict(declared)
        self.__doc__ = function.__doc__
        self._function = function

    def __call__(self, run: Run, parameters: Any) -> Any:
        """Return what the function gives; it is called once for a run."""
        return run.remember(self._function, parameters)

    def values(self, run: Run, parameters: Any) -> dict[str, Any]:
        """Return name -> value of each statistic."""
        result = self(run, parameters)
        if isinstance(result, Mapping):
            return dict(result)
        return dict(zip(self.declared, (result,) if len(self.declared) == 1 else result, strict=True))


def number(text: str, dims: tuple[str, ...] = (), dtype: str = "float64", **more: Any) -> Variable:
    """Return the declaration of a statistic: its meaning, its dimensions, and more fields of `Variable`."""
    return Variable(dims, text, dtype, **more)


def statistic(
    text: str, dims: tuple[str, ...] = (), dtype: str = "float64", **more: Any
) -> Callable[[Callable[..., Any]], Statistic]:
    """Declare the statistic that a function ``(run, parameters)`` computes, under the function's name.

    Parameters
    ----------
    text : str
        Its meaning in one line.
    dims : tuple of str
        Its dimensions; their lengths are in ``DIMENSIONS`` of the module.
    dtype : str
        numpy name of its type.
    **more
        `Variable.resolution`, `~Variable.undefined`, `~Variable.discrete`, `~Variable.margin`.
    """
    return lambda function: Statistic(function, {function.__name__: number(text, dims, dtype, **more)})


def statistics(**declared: Variable) -> Callable[[Callable[..., Any]], Statistic]:
    """Declare several statistics, each by `number`, that a function gives in this order, or by name as a mapping."""
    return lambda function: Statistic(function, declared)


def once_per_run(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function ``(run, parameters)`` that several statistics call be computed once for a run."""

    def remembered(*arguments: P.args, **_: P.kwargs) -> R:
        run, parameters = arguments
        result: R = run.remember(function, parameters)  # type: ignore[attr-defined]
        return result

    remembered.__doc__ = function.__doc__
    return remembered


def statistics_of(module: ModuleType) -> list[Statistic]:
    """Return the statistics of a module in the order of their definition; those that it imports come first."""
    return [each for each in vars(module).values() if isinstance(each, Statistic)]


def contract_of(module: ModuleType) -> dict[str, Variable]:
    """Return name -> declaration of all statistics of a module."""
    return {name: variable for each in statistics_of(module) for name, variable in each.declared.items()}


def summarise(module: ModuleType, parameters: Any, arrays: Arrays) -> Arrays:
    """Return all statistics of one run, as their declarations promise; errors as in `contract.build`."""
    run = Run(arrays)
    values: dict[str, Any] = {}
    for each in statistics_of(module):
        values |= each.values(run, parameters)
    return build(contract_of(module), values)
