"""Arrays of many runs as arrays with leading dimensions, such as ``seed``; and back, exactly.

What has another length in each run, such as a list of spikes, is filled up at its end: the "incomplete multidimensional
array" of the CF conventions. So ``seed`` is a dimension of everything, and ``runs.weight_nS.mean("seed")`` works, which
it would not with a tree of one dataset per seed. Spikes of different seeds are about as many, so little is wasted. How
long each run's own part is stands in one more variable, `LENGTH`, for whatever dimension.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from replasticity.errors import UserError
from replasticity.storage import datasets
from replasticity.storage.contract import Arrays, Variable, build, sizes
from replasticity.storage.integrity import CONTENT_DIGEST

#: The variable that says how long each run is along each dimension.
LENGTH = "length"

#: Attribute of a variable that may be filled up: what it is filled with. Not CF's ``_FillValue``, for which xarray
#: would turn indices into floating-point numbers when it reads such a file.
FILL = "fill"


def stacked(
    contract: Mapping[str, Variable],
    parts: Sequence[Arrays],
    leading: Mapping[str, Sequence[Any]],
    declared: Mapping[str, Variable],
    attributes: Mapping[str, Any],
) -> xr.Dataset:
    """Return the arrays of many runs as one dataset.

    Parameters
    ----------
    contract : mapping of str to Variable
        What the arrays are.
    parts : sequence of dict of str to ndarray
        Those of each run: the last leading dimension varies fastest.
    leading : mapping of str to sequence
        Leading dimension -> its coordinate.
    declared : mapping of str to Variable
        What these coordinates are.
    attributes : mapping of str to Any
        Global attributes.

    Returns
    -------
    xarray.Dataset
        Axes, such as the time, that all runs share have no leading dimension.

    Raises
    ------
    UserError
        If runs do not share an axis.
    """
    lengths = [sizes(contract, part) for part in parts]
    longest = {name: max(each[name] for each in lengths) for name in lengths[0]}
    shape, found, known = [len(each) for each in leading.values()], dict[str, Any](leading), dict(declared)
    for name in parts[0]:
        variable, values = contract[name], [part[name] for part in parts]
        if _is_axis(name, variable):
            if not all(np.array_equal(values[0], each) for each in values):
                raise UserError(f"'{name}' is an axis that differs from run to run; simulate them in several calls")
            found[name], known[name] = values[0], variable
            continue
        whole = np.full((len(parts), *(longest[each] for each in variable.dimensions)), _fill(variable), variable.dtype)
        for place, own in enumerate(values):
            own_part: Any = (place, *map(slice, own.shape))
            whole[own_part] = own
        found[name] = whole.reshape(*shape, *whole.shape[1:])
        known[name] = Variable((*leading, *variable.dimensions), variable.long_name, variable.dtype)
    own_lengths = np.array([[each[name] for name in longest] for each in lengths], np.int64)
    found["dimension"], found[LENGTH] = np.array(list(longest), np.str_), own_lengths.reshape(*shape, len(longest))
    known["dimension"] = Variable(("dimension",), "dimension of a run", found["dimension"].dtype.str)
    known[LENGTH] = Variable((*leading, "dimension"), "length of a run along a dimension; beyond it is fill", "int64")
    dataset = datasets.as_dataset(known, build(known, found), **attributes)
    # The digest is that of a file.
    del dataset.attrs[CONTENT_DIGEST]
    for name in parts[0]:
        if contract[name].dimensions and not _is_axis(name, contract[name]):
            dataset[name].attrs[FILL] = _fill(contract[name])
    return dataset


def parts_of(contract: Mapping[str, Variable], dataset: xr.Dataset) -> Iterator[tuple[int, Arrays]]:
    """Yield each seed and the arrays of its run, as they were before they were stacked."""
    names = [name for name in contract if name in dataset.variables]
    for place, seed in enumerate(dataset["seed"].values.tolist()):
        own = dataset[LENGTH].isel(seed=place)
        length = dict(zip(dataset["dimension"].values.tolist(), own.values.tolist(), strict=True))
        values = {}
        for name in names:
            dimensions, array = contract[name].dimensions, dataset[name].values
            if not _is_axis(name, contract[name]):
                array = array[place][tuple(slice(length[each]) for each in dimensions)]
            values[name] = array
        yield seed, build(contract, values)


def _is_axis(name: str, variable: Variable) -> bool:
    return variable.dimensions == (name,)


def _fill(variable: Variable) -> float | int:
    """Return what stands where a run has nothing: NaN, or -1, which is no step, index, kind or count."""
    return math.nan if np.dtype(variable.dtype).kind == "f" else -1
