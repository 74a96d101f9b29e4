"""Writing files so that they appear whole or not at all, and destroy nothing that is not ours."""

import contextlib
import mmap
import os
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from replasticity.errors import UserError

_PARTIAL = ".part"


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
    with partial_file(path) as partial:
        partial.write_bytes(content)


@contextlib.contextmanager
def partial_file(path: Path) -> Iterator[Path]:
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


#: The name that `partial_file` gives to a file of results: host and process tell who writes it.
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
