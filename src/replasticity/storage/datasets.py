"""The netCDF contract: what a file must hold, atomic writing, and validation on reading.

Each file is CF-1.12 netCDF-4. Each variable has ``units`` (as its name's suffix says, see
`replasticity.units`) and ``long_name``. No file holds a wall-clock time, so that the same experiment and
seed give the same bytes.

A list without entries, such as the spikes of a silent population, has a dimension of length 0. netCDF calls that one
unlimited, which is its only way to say so; no other dimension is.

In memory a run is a mapping of names to arrays (`Arrays`), and what is read from files is xarray's. xarray is imported
where it is used: importing it takes longer than most simulations, and a simulate job only writes.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from replasticity.errors import MistakeError, UnavailableError, UserError
from replasticity.storage import integrity
from replasticity.storage.contract import Variable, sizes
from replasticity.storage.files import partial_file, require_file
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.units import unit_of

if TYPE_CHECKING:
    import xarray as xr


CONVENTIONS = "CF-1.12"


#: Attributes that each file has, and what they hold.
REQUIRED_ATTRIBUTES = {
    "Conventions": "the CF version",
    "title": "what the file holds",
    "source": "program and versions that made it",
    "references": "publications of the model",
    "history": "the command that made it, without a time",
    "kind": "run, ensemble or robustness",
    "experiment": "name of the experiment",
    "protocol": "name of the protocol",
    "parameters": "resolved parameters as JSON",
    "parameters_digest": "digest of the resolved parameters",
    "code_digest": "digest of the code that made the numbers",
    CONTENT_DIGEST: "digest of all that the file holds",
    "replasticity_version": "version of this package",
    "numpy_version": "version of numpy",
    "numba_version": "version of numba",
}


def attributes_of(name: str, variable: Variable) -> dict[str, Any]:
    """Return the attributes that a variable has in a file."""
    resolution = {} if variable.resolution is None else {"resolution": variable.resolution}
    return {"units": unit_of(name), "long_name": variable.long_name} | resolution


def as_dataset(
    contract: Mapping[str, Variable], arrays: Mapping[str, npt.NDArray[Any]], **attributes: Any
) -> "xr.Dataset":
    """Return arrays as a dataset whose variables carry their units and long names.

    Parameters
    ----------
    contract : mapping of str to Variable
        The contract.
    arrays : mapping of str to ndarray
        From `build`.
    **attributes
        Global attributes.

    Returns
    -------
    xarray.Dataset
        What `read` gives back of the same arrays, with the digest of its content.
    """
    import xarray as xr

    contents = _contents(contract, arrays)
    return xr.Dataset(contents, attrs=attributes | {CONTENT_DIGEST: integrity.of_variables(attributes, contents)})


def _contents(
    contract: Mapping[str, Variable], arrays: Mapping[str, npt.NDArray[Any]]
) -> dict[str, tuple[tuple[str, ...], npt.NDArray[Any], dict[str, Any]]]:
    """Return dimensions, values and attributes of arrays, as they are in a file."""
    return {
        name: (contract[name].dimensions, array, attributes_of(name, contract[name])) for name, array in arrays.items()
    }


def write_arrays(
    contract: Mapping[str, Variable],
    arrays: Mapping[str, npt.NDArray[Any]],
    attributes: Mapping[str, Any],
    path: Path,
) -> str:
    """Write arrays as a dataset, without the time that importing xarray takes.

    Parameters
    ----------
    contract : mapping of str to Variable
        The contract.
    arrays : mapping of str to ndarray
        From `build`.
    attributes : mapping of str to Any
        Global attributes.
    path : Path
        Final name; it appears whole or not at all, as in `write`.

    Returns
    -------
    str
        The digest of the content, which the file holds as well.

    Raises
    ------
    UserError
        If the folder cannot be written or the disk is full.
    """
    import netCDF4

    size = sum(array.nbytes for array in arrays.values())
    contents = _contents(contract, arrays)
    digest = integrity.of_variables(attributes, contents)
    with _library_writes(path, size) as partial, netCDF4.Dataset(partial, "w", format="NETCDF4") as file:
        file.setncatts({**attributes, CONTENT_DIGEST: digest})
        for dimension, length in sizes(contract, arrays).items():
            file.createDimension(dimension, length)
        for name, (dimensions, array, own) in contents.items():
            written = file.createVariable(name, array.dtype, dimensions, fill_value=False, **_compression(array.size))
            written.setncatts(own)
            written[...] = array
    return digest


def write(dataset: "xr.Dataset | xr.DataTree", path: Path) -> None:
    """Write a dataset, or a tree of them, with the digest of its content; the file appears whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset or xarray.DataTree
        What to write; large variables are compressed without loss.
    path : Path
        Final name. A file of that name stays as it was until the new one is complete.

    Raises
    ------
    UserError
        If the folder cannot be written or the disk is full.
    """
    import xarray as xr

    dataset = dataset.copy()
    dataset.attrs[CONTENT_DIGEST] = integrity.of_dataset(dataset)
    encoding: Any
    if isinstance(dataset, xr.DataTree):
        encoding = {node.path: _encodings(node.variables) for node in dataset.subtree}
    else:
        encoding = _encodings(dataset.variables)
    with _library_writes(path, dataset.nbytes) as partial:
        dataset.to_netcdf(partial, engine="netcdf4", format="NETCDF4", encoding=encoding)


def _encodings(variables: "Mapping[Any, xr.Variable]") -> dict[Any, dict[str, Any]]:
    return {name: {"_FillValue": None, **_compression(each.size)} for name, each in variables.items()}


def _compression(size: int) -> dict[str, Any]:
    """Return how a variable of so many numbers is compressed: without loss, and small ones not at all."""
    return {"zlib": True, "complevel": 2, "shuffle": True} if size > 256 else {}


@contextlib.contextmanager
def _library_writes(path: Path, size: int) -> Iterator[Path]:
    """Give a file for the netCDF library to write so many bytes to; see `partial_file`."""
    # Not through memory: netCDF then writes the time of day into the file.
    with partial_file(path) as partial:
        try:
            yield partial
        except RuntimeError as error:
            # The netCDF library says "HDF error" for whatever goes wrong below it.
            full = shutil.disk_usage(path.parent).free < size
            raise OSError(
                errno.ENOSPC if full else errno.EIO, os.strerror(errno.ENOSPC) if full else str(error)
            ) from error


def open_netcdf(path: Path) -> "xr.Dataset":
    """Return the content of any netCDF file, times not decoded.

    Raises
    ------
    UserError
        If there is no such file, or it is truncated or no netCDF.
    """
    import xarray as xr

    with _readable(path):
        return xr.load_dataset(path, engine="netcdf4", decode_times=False)


def open_attributes(path: Path) -> dict[Any, Any]:
    """Return the attributes of a netCDF file without reading its variables; errors as in `open_netcdf`."""
    import netCDF4

    # Not through xarray, which reads all coordinates.
    with _readable(path), netCDF4.Dataset(path) as file:
        return {name: file.getncattr(name) for name in file.ncattrs()}


def open_header(path: Path) -> list[tuple[str, str, str, str, str]]:
    """Return what each variable of a netCDF file is, without reading it; errors as in `open_netcdf`.

    Returns
    -------
    list of tuple
        Name (after the groups that it is in), dimensions with their lengths, type, units and meaning.
    """
    import netCDF4

    def of_group(group: Any, where: str) -> Iterator[tuple[str, str, str, str, str]]:
        for name, variable in group.variables.items():
            lengths = zip(variable.dimensions, variable.shape, strict=True)
            units, meaning = (str(getattr(variable, key, "")) for key in ("units", "long_name"))
            dimensions = ", ".join(f"{dimension} {length}" for dimension, length in lengths)
            yield where + name, dimensions, str(variable.dtype), units, meaning
        for name, inner in group.groups.items():
            yield from of_group(inner, f"{where}{name}/")

    with _readable(path), netCDF4.Dataset(path) as file:
        return list(of_group(file, ""))


def open_tree(path: Path) -> "xr.DataTree":
    """Return the content of a netCDF file with groups; errors as in `open_netcdf`."""
    import xarray as xr

    with _readable(path), xr.open_datatree(path, engine="netcdf4", decode_times=False) as tree:
        return tree.load()


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Tell of a file that is missing, in use, truncated or no netCDF in one line."""
    # Where the library itself is broken, no file is to blame.
    import netCDF4  # noqa: F401

    require_file(path, "expected a netCDF file")
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        _require_available(path, error)
        # A damaged file may make the library or xarray stumble over anything.
        raise UserError(f"{path}: cannot be read as netCDF-4 (truncated, or another format): {error}") from error


def _require_available(path: Path, cause: Exception) -> None:
    """Raise an `UnavailableError` if a file can be read by nobody now, or not by this process.

    The netCDF library says "HDF error" for all of this, and for a damaged file as well.
    """
    try:
        with path.open("rb") as file:
            file.read(1)
            if _is_locked(file):
                raise UnavailableError(f"{path}: is in use by another process; wait until it has ended") from cause
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be opened: {error.strerror or error}{_remedy(error)}") from cause


def _is_locked(file: BinaryIO) -> bool:
    """Return True if another process writes a file: the HDF5 library then keeps a lock on it."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A file system without locks.
        return False
    return False


def _remedy(error: OSError) -> str:
    """Return what helps against an error of the machine or its file system; empty if nothing is known to."""
    remedies = {
        errno.EACCES: "; its permissions do not let you read it",
        errno.EMFILE: "; 'ulimit -n' says how many this process may have open",
        errno.ENFILE: "; the machine has too many files open",
    }
    return remedies.get(error.errno or 0, "")


@contextlib.contextmanager
def content_of(*paths: Path) -> Iterator[None]:
    """Say in one line which code has failed, and on the content of which files.

    Files are checked against their contract before. It does not bound each value: a length that does not fit the
    parameters, or an infinite time, shows where it is used. Or the code has a mistake: both are named.

    Parameters
    ----------
    *paths : Path
        The files, if there are any.

    Raises
    ------
    MistakeError
        Instead of an exception in the block, unless it is the machine's (no memory, a file or a library that cannot be
        opened, but for what a study asks for itself) or a solver's that finds no end. The cause is chained to it.
    """
    try:
        yield
    except (UserError, MemoryError, FloatingPointError):
        raise
    except Exception as error:
        if isinstance(error, OSError | ImportError) and not _is_asked_for_by_a_study(error):
            raise
        raise MistakeError(_mistake(error, *paths)) from error


def mistake_in_a_study(error: Exception) -> MistakeError | None:
    """Return in one line what an exception says that a study's code has raised; None if it has not come through one."""
    return MistakeError(_mistake(error)) if any(map(_is_of_a_study, _places(error))) else None


def _mistake(error: Exception, *paths: Path) -> str:
    """Return in one line which code has failed, on which files, and how."""
    files = f" on {', '.join(map(str, paths))}" if paths else ""
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != _PACKAGE.name:
        reason = f"install the library that has '{error.name}' beside replasticity, or correct the name"
    elif isinstance(error, ImportError):
        reason = "a mistake in this code, or a library that is not installed"
    elif isinstance(error, SyntaxError):
        reason = "a mistake in this code"
    else:
        reason = "a mistake in this code, or values that no contract bounds"
    return (
        f"{_place(error)} fails{files} ({type(error).__name__}: {error}): {reason}; "
        "'python -X dev -m replasticity ...' shows more"
    )


class _Place(NamedTuple):
    """A line of this package's code, or of a study's."""

    module: str
    function: str
    line: int

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.module, self.function, f"line {self.line}")))


#: The code of studies and of judging, in this order: a failure is reported of it rather than of what it calls.
_OURS = ("studies", "judging")
_PACKAGE = Path(__file__).parents[1]


def _places(error: Exception) -> list[_Place]:
    """Return the places in this package and its studies that an exception has come through, the innermost one last."""
    places = [
        _Place(module, frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if (module := str(frame.f_globals.get("__name__"))).startswith(f"{_PACKAGE.name}.") and module != __name__
    ]
    if isinstance(error, SyntaxError) and error.filename:
        # Code that cannot be read has no frame of its own.
        path = Path(error.filename)
        is_ours = path.is_relative_to(_PACKAGE)
        name = ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts) if is_ours else error.filename
        places.append(_Place(name.removesuffix(".__init__"), "", error.lineno or 0))
    return places


def _is_of_a_study(place: _Place) -> bool:
    return place.module.startswith(f"{_PACKAGE.name}.studies.")


def _is_asked_for_by_a_study(error: Exception) -> bool:
    """Return True if a study itself has asked for what is not there: nothing of this package lies in between."""
    places = _places(error)
    return bool(places) and _is_of_a_study(places[-1])


def _place(error: Exception) -> str:
    """Return the innermost place in a study, or else in judging, that an exception has come through."""
    places = _places(error)
    for room in _OURS:
        if ours := [place for place in places if place.module.startswith(f"{_PACKAGE.name}.{room}.")]:
            return str(ours[-1])
    return str(places[-1]) if places else "this command"


def read(path: Path, kind: str) -> "xr.Dataset":
    """Return a file of this project after checking that it keeps the contract.

    Parameters
    ----------
    path : Path
        The file.
    kind : {"run", "ensemble"}
        What it has to be.

    Returns
    -------
    xarray.Dataset
        Its content, in memory.

    Raises
    ------
    UserError
        If it is missing, unreadable, foreign, of the other kind, breaks the contract, or was changed.
    """
    dataset = open_netcdf(path)
    for required in REQUIRED_ATTRIBUTES:
        if required not in dataset.attrs:
            raise UserError(f"{path}: not a file of replasticity: it has no attribute '{required}'")
        if not isinstance(dataset.attrs[required], str):
            raise UserError(f"{path}: attribute '{required}' has to be a text")
    if dataset.attrs["kind"] != kind:
        raise UserError(f"{path}: attribute 'kind' is '{dataset.attrs['kind']}', allowed here: '{kind}'")
    for name, variable in dataset.variables.items():
        for attribute in ("units", "long_name"):
            if attribute not in variable.attrs:
                raise UserError(f"{path}: variable '{name}' has no attribute '{attribute}'")
        if str(variable.attrs["units"]) != unit_of(str(name)):
            raise UserError(
                f"{path}: variable '{name}' has units '{variable.attrs['units']}', "
                f"its name promises '{unit_of(str(name))}'"
            )
    json_attribute(dataset.attrs, "parameters", path)
    require_unchanged(dataset, path)
    return dataset


def require_unchanged(dataset: "xr.Dataset | xr.DataTree", path: Path) -> None:
    """Raise a `UserError` if the content of a file is not the one that was written."""
    if dataset.attrs.get(CONTENT_DIGEST) != integrity.of_dataset(dataset):
        raise UserError(f"{path}: was changed or damaged after it was written: its content does not fit its digest")


def require(dataset: "xr.Dataset", variables: Mapping[str, Variable], path: Path) -> None:
    """Raise a `UserError` that names the first variable that a file lacks or has in another form."""
    for name, variable in variables.items():
        if name not in dataset.variables:
            if variable.optional:
                continue
            raise UserError(f"{path}: has no variable '{name}'")
        found = dataset[name]
        if found.dims != variable.dimensions:
            raise UserError(
                f"{path}: variable '{name}' has dimensions {found.dims}, its contract says {variable.dimensions}"
            )
        if found.dtype.kind != np.dtype(variable.dtype).kind:
            raise UserError(f"{path}: variable '{name}' has type {found.dtype}, its contract says {variable.dtype}")


def require_names(dataset: "xr.Dataset", names: Iterable[str], path: Path) -> None:
    """Raise a `UserError` that names the first variable that a recording lacks."""
    for name in names:
        if name not in dataset.variables:
            raise UserError(f"{path}: has no variable '{name}'")


def json_attribute(attributes: Mapping[Any, Any], name: str, path: Path) -> dict[str, Any]:
    """Return a global attribute that holds a JSON object.

    Raises
    ------
    UserError
        If it is missing or no JSON object.
    """
    try:
        value = json.loads(attributes[name])
    except KeyError:
        raise UserError(f"{path}: has no attribute '{name}'") from None
    except (RecursionError, TypeError, ValueError):
        raise UserError(f"{path}: attribute '{name}' is no valid JSON") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: attribute '{name}' has to be a JSON object")
    return value
