"""What variables of files are: their declaration, and arrays that keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from replasticity.errors import StateError, UserError

if TYPE_CHECKING:
    import xarray as xr

#: Inputs, a run or statistics in memory: name -> array. A contract says what each is.
Arrays = dict[str, npt.NDArray[Any]]


#: What a replay makes of a recording: name -> dimensions and values.
Recorded = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Variable:
    """What one variable of a file is.

    Attributes
    ----------
    dimensions : tuple of str
        Names of its dimensions; a dimension of the same name makes it a coordinate.
    long_name : str
        One line for a reader of the file.
    dtype : str
        numpy name of the type.
    resolution : float or None
        For statistics: the smallest difference that means anything, in the variable's unit. Two values
        closer than this count as equal (rounding differs between machines).
    optional : bool
        Whether a file may lack it.
    discrete : bool
        For statistics: whether seeds may have one value by chance, such as a share or a weight at its bound. Integers
        always may.
    margin : float or None
        For statistics: two simulators agree whose means over seeds differ by less than this, in the variable's unit.
        Stated before they are compared; None: one standard deviation over seeds.
    trace : bool
        For variables of a run: whether an ensemble keeps it for its first seeds, because a figure shows it.
    undefined : str
        Where NaN stands for "not defined": when that is. Empty: a NaN is an error. An infinite value always is one.
    """

    dimensions: tuple[str, ...]
    long_name: str
    dtype: str = "float64"
    resolution: float | None = None
    optional: bool = False
    discrete: bool = False
    margin: float | None = None
    trace: bool = False
    undefined: str = ""

    @property
    def has_ties(self) -> bool:
        """Whether different seeds may have the same value by chance."""
        return self.discrete or not np.issubdtype(self.dtype, np.floating)


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a quotient, NaN where the denominator is 0: there the quantity is not defined."""
    over, under = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    quotient = np.full(over.shape, np.nan)
    np.divide(over, under, out=quotient, where=under != 0)
    return quotient


def mean(values: npt.NDArray[Any]) -> Any:
    """Return the mean along the first axis; NaN if there is nothing: there it is not defined."""
    return values.mean(axis=0) if len(values) else np.full(values.shape[1:], np.nan)


def build(contract: Mapping[str, Variable], values: Mapping[str, Any]) -> Arrays:
    """Return values as arrays of the types that their contract promises.

    Parameters
    ----------
    contract : mapping of str to Variable
        The contract.
    values : mapping of str to array_like
        Values for some or all of its variables.

    Returns
    -------
    dict of str to ndarray
        In the order of the contract.

    Raises
    ------
    KeyError
        If a value has no entry in the contract.
    ValueError
        If one has not as many dimensions as its contract says, or two disagree on the length of one.
    StateError
        If an integer is too large for its type.
    """
    unknown = set(values) - set(contract)
    if unknown:
        raise KeyError(f"not in the contract: {sorted(unknown)}")
    arrays = {name: _typed(name, values[name], each.dtype) for name, each in contract.items() if name in values}
    sizes(contract, arrays)
    return arrays


def zeros(contract: Mapping[str, Variable], lengths: Mapping[str, int]) -> Arrays:
    """Return zeros for those variables of a contract all of whose dimensions, if any, have a length given."""
    return {
        name: np.zeros([lengths[each] for each in variable.dimensions], variable.dtype)
        for name, variable in contract.items()
        if lengths.keys() >= set(variable.dimensions)
    }


def _typed(name: str, value: Any, dtype: str) -> npt.NDArray[Any]:
    """Return a value as an array of a type; raise a `StateError` that names an integer beyond that type's range."""
    array = np.asarray(value)
    integers = {array.dtype.kind, np.dtype(dtype).kind} <= {"i", "u"}
    if integers and array.size and not np.can_cast(array.dtype, dtype):
        allowed = np.iinfo(dtype)
        for place in (array.argmin(), array.argmax()):
            if not allowed.min <= array.flat[place] <= allowed.max:
                index = f"{[int(k) for k in np.unravel_index(place, array.shape)]}" if array.ndim else ""
                raise StateError(f"{name}{index} is {array.flat[place]}, allowed: {allowed.min} to {allowed.max}")
    return array.astype(dtype, copy=False)


def sizes(contract: Mapping[str, Variable], arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, int]:
    """Return the length of each dimension; errors as in `build`."""
    lengths: dict[str, int] = {}
    for name, array in arrays.items():
        dimensions = contract[name].dimensions
        if array.ndim != len(dimensions):
            raise ValueError(f"{name}: has {array.ndim} dimensions, its contract says {dimensions}")
        for dimension, length in zip(dimensions, array.shape, strict=True):
            if lengths.setdefault(dimension, length) != length:
                raise ValueError(f"{name}: has length {length} along '{dimension}', others have {lengths[dimension]}")
    return lengths


def require_defined(
    contract: Mapping[str, Variable], values: Mapping[str, npt.NDArray[Any]], where: Path | str = ""
) -> None:
    """Raise a `StateError` that names the first number that is infinite, or NaN where the contract knows no NaN.

    Parameters
    ----------
    contract : mapping of str to Variable
        The contract.
    values : mapping of str to ndarray
        Values of some or all of its variables.
    where : Path or str
        What the error names: the file, if there is one.

    Raises
    ------
    StateError
        If there is such a number; of several in a variable with a time the earliest is named.
    """
    for name, array in values.items():
        if array.dtype.kind != "f":
            continue
        variable = contract[name]
        wrong = ~np.isfinite(array)
        if variable.undefined:
            wrong &= ~np.isnan(array)
        if not wrong.any():
            continue
        indices = np.argwhere(wrong)
        times = [k for k, each in enumerate(variable.dimensions) if each.endswith("_ms") and each in values]
        index = indices[indices[:, times[0]].argmin() if times else 0].tolist()
        label = f"{name}[{', '.join(map(str, index))}]" if index else name
        when = "".join(f" at {values[variable.dimensions[k]][index[k]]:g} ms" for k in times[:1])
        file = f"{where}: " if where else ""
        raise StateError(f"{file}{label} is {array[tuple(index)]}{when}; it has to be a finite number")


def require_indices(recording: "xr.Dataset", sizes: Mapping[str, int]) -> None:
    """Raise a `UserError` that names the first variable with an index below 0, or not below its size.

    Compiled code looks at no index: one out of range would read or write anywhere.
    """
    for name, size in sizes.items():
        values = recording[name].values
        if not np.issubdtype(values.dtype, np.integer) or (
            values.size and not 0 <= values.min() <= values.max() < size
        ):
            raise UserError(f"variable '{name}' has to be an index from 0 to {size - 1}")
