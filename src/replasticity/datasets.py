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
import mmap
import os
import re
import shutil
import socket
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from replasticity import integrity
from replasticity.errors import StateError, UnavailableError, UserError
from replasticity.integrity import CONTENT_DIGEST
from replasticity.units import unit_of

if TYPE_CHECKING:
    import xarray as xr

#: Inputs, a run or statistics in memory: name -> array. A contract says what each is.
Arrays = dict[str, npt.NDArray[Any]]

#: What a replay makes of a recording: name -> dimensions and values.
Recorded = dict[str, tuple[Any, Any]]

CONVENTIONS = "CF-1.12"

_PARTIAL = ".part"

#: Attributes that each file has, and what they hold.
REQUIRED_ATTRIBUTES = {
    "Conventions": "the CF version",
    "title": "what the file holds",
    "source": "program and versions that made it",
    "references": "publications of the model",
    "history": "the command that made it, without a time",
    "kind": "run or ensemble",
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


@dataclass(frozen=True)
class Variable:
    """What one variable of a file is.

    Attributes
    ----------
    dimensions : tuple of str
        Names of its dimensions; a dimension of the same name makes it a coordinate.
    long_name : str
        One line for a reader of ``ncdump -h``.
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
    """
    unknown = set(values) - set(contract)
    if unknown:
        raise KeyError(f"not in the contract: {sorted(unknown)}")
    arrays = {name: np.asarray(values[name], variable.dtype) for name, variable in contract.items() if name in values}
    sizes(contract, arrays)
    return arrays


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


def _attributes(name: str, variable: Variable) -> dict[str, Any]:
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
        name: (contract[name].dimensions, array, _attributes(name, contract[name])) for name, array in arrays.items()
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
    """Give a file for the netCDF library to write so many bytes to; see `_partial`."""
    # Not through memory: netCDF then writes the time of day into the file.
    with _partial(path) as partial:
        try:
            yield partial
        except RuntimeError as error:
            # The netCDF library says "HDF error" for whatever goes wrong below it.
            full = shutil.disk_usage(path.parent).free < size
            raise OSError(
                errno.ENOSPC if full else errno.EIO, os.strerror(errno.ENOSPC) if full else str(error)
            ) from error


def check_writable(path: Path) -> None:
    """Check, before hours of simulation, that a file can be made; errors as in `write`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot write it: {error.strerror or error}") from error
    _require_regular(path)
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: cannot write it: its folder is read-only")


def _require_regular(path: Path) -> None:
    """Raise a `UserError` if something other than a file has this name: a folder, a device, a pipe."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: cannot write it: it is {'a folder' if path.is_dir() else 'no regular file'}")


#: How files begin that this project makes under names that a user chooses, and what each of them holds.
_MARKS = (
    (b"\x89HDF", b"replasticity"),
    (b"%PDF", b"replasticity"),
    (b"\x89PNG", b"replasticity"),
    (b"<?xml", b"replasticity"),
    (b"<!doctype html", b"<title>replasticity"),
    (b"[", b'"quantities"'),
    (b"{", b'"compiled_for"'),
)


#: The name of a run: a file of this name that is no netCDF file is taken for a run that was damaged.
_RUN_NAME = re.compile(r"seed-\d+\.nc")


def _is_ours(path: Path) -> bool:
    """Return True if a file carries a mark of this project, or holds nothing, or is a damaged run."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return True
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if _RUN_NAME.fullmatch(path.name) and content[:4] not in (b"\x89HDF", b"CDF\x01", b"CDF\x02", b"CDF\x05"):
                return True
            return any(content[: len(start)] == start and content.find(mark) >= 0 for start, mark in _MARKS)


def check_output(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Check, before anything is computed, that writing to a name chosen by the user destroys nothing.

    Parameters
    ----------
    path : Path
        The file to write.
    inputs : iterable of Path
        Files that the same command reads.

    Raises
    ------
    UserError
        If the file cannot be written, is an input, or exists and was not made by this project.
    """
    check_writable(path)
    if not path.is_file():
        return
    if any(each.exists() and path.samefile(each) for each in inputs):
        raise UserError(f"{path}: this command reads it; give the output another name")
    try:
        is_ours = _is_ours(path)
    except OSError as error:
        raise UserError(f"{path}: cannot read what is there already: {error.strerror or error}") from error
    if not is_ours:
        raise UserError(f"{path}: exists, and replasticity has not made it; give another name, or delete it")


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes so that the file appears whole or not at all; errors as in `write`."""
    with _partial(path) as partial:
        partial.write_bytes(content)


@contextlib.contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Give a file beside the final one to write to; it gets the final name only when it is complete and on disk."""
    _require_regular(path)
    partial = path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}{_PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot write it: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            # Emptied first: the netCDF library may keep a file open that it could not write, and a full disk with it,
            # so that there would be no room for the message in the job's log.
            os.truncate(partial, 0)
            partial.unlink()


#: The name that `_partial` gives to a file of results: host and process tell who writes it.
_PARTIAL_NAME = re.compile(rf"\..+\.(nc|json|html|pdf|svg|png|checkpoint)\.(?P<host>.+)-(?P<process>\d+)\{_PARTIAL}")


def remove_partial_files(folder: Path) -> None:
    """Remove what killed processes have left half written, below a folder.

    What a living process of this host is writing stays. A process of another host that is still writing one of these
    files fails: call it when no job that matters is running there.
    """
    for path in folder.glob(f"**/.*{_PARTIAL}"):
        name = _PARTIAL_NAME.fullmatch(path.name)
        if name and not (name["host"] == socket.gethostname() and _is_alive(int(name["process"]))):
            with contextlib.suppress(OSError):
                path.unlink()


def _is_alive(process: int) -> bool:
    """Return True if there is a process of this number on this host."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return process > 0


def require_file(path: Path, hint: str) -> None:
    """Raise a `UserError` with a hint if there is no such file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; {hint}")


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
    UserError
        Instead of an exception in the block, unless it is the machine's (no memory, a file or a library that cannot be
        opened) or a solver's that finds no end. The cause is chained to it.
    """
    try:
        yield
    except (UserError, MemoryError, OSError, ImportError, FloatingPointError):
        raise
    except Exception as error:
        files = f" on {', '.join(map(str, paths))}" if paths else ""
        raise UserError(
            f"{_place(error)} fails{files} ({type(error).__name__}: {error}): a mistake in this code, or values "
            "that no contract bounds; 'python -X dev -m replasticity ...' shows more"
        ) from error


#: Where the code of figures, protocols and analyses is: what a failure is told of rather than of what it calls.
_TOLD = ("protocols", "figures", "analysis")


def _place(error: Exception) -> str:
    """Return the innermost place in a figure, a protocol or an analysis that an exception has come through."""
    places: list[tuple[str, str]] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(f"{__package__}.") and module != __name__:
            places.append((module, f"{module}, {frame.f_code.co_name}, line {line}"))
    told = [place for module, place in places if module.split(".")[1] in _TOLD]
    return (told or [place for _, place in places] or ["this command"])[-1]


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


def require_names(dataset: "xr.Dataset", names: Iterable[str], path: Path) -> None:
    """Raise a `UserError` that names the first variable that a recording lacks."""
    for name in names:
        if name not in dataset.variables:
            raise UserError(f"{path}: has no variable '{name}'")


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
