"""How every kernel is compiled, and where the machine code is kept.

The same source has to give the same numbers, whatever the state of the machine code on disk and of numba's settings:

- numba does not notice that a function called from *another* file has changed, a number that it froze, or that it was
  told to compile otherwise. So machine code is kept under a digest of all that decides what it is: the folder under
  one of this package and of the compiler, and in it each function under one of all that it uses, in whatever module
  (`replasticity.numerics.dependencies`). Where that cannot be told, nothing is kept.
- numba trusts what it finds there. Here each file begins with the SHA-256 of the rest. A file that was damaged or is
  not ours is never unpickled: its function is compiled again. Where nothing can be kept, this is done in memory.
- Settings of numba from outside are set aside (`ALLOWED_SETTINGS`).

``fastmath`` and ``parallel`` stay off: both change results.
"""

import contextlib
import hashlib
import importlib
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

#: What a user may set beside NUMBA_CACHE_DIR: machine code for any processor of this architecture, and a check of every
#: index. Both have machine code of their own. Setting -> values.
ALLOWED_SETTINGS = {"NUMBA_CPU_NAME": ("generic",), "NUMBA_CPU_FEATURES": ("",), "NUMBA_BOUNDSCHECK": ("0", "1")}

#: What holds instead of a user's values, also of those in numba's file in the working folder.
_OWN_SETTINGS = {"NUMBA_DISABLE_JIT": "0"}
if "numba" not in sys.modules:
    # No kernel runs on several threads; a number that makes no sense keeps numba from being imported.
    _OWN_SETTINGS["NUMBA_NUM_THREADS"] = "1"


def _set_aside_numba_settings() -> None:
    """Remove all other settings of numba from the environment, which it reads when imported and at each compilation."""
    expected = {"NUMBA_CACHE_DIR": None, "NUMBA_NUM_THREADS": None} | ALLOWED_SETTINGS
    ignored = []
    for name in sorted(name for name in os.environ if name.startswith("NUMBA_")):
        allowed = expected.get(name, ())
        if allowed is not None and os.environ[name] not in (*allowed, _OWN_SETTINGS.get(name)):
            ignored.append(name)
            del os.environ[name]
    os.environ.update(_OWN_SETTINGS)
    if ignored:
        print(f"{', '.join(ignored)}: ignored, so that results do not depend on numba's settings", file=sys.stderr)


_set_aside_numba_settings()

import llvmlite  # type: ignore[import-untyped]  # noqa: E402
import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba.core.caching import (  # noqa: E402
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    UserProvidedCacheLocator,
)

from replasticity.numerics import dependencies  # noqa: E402
from replasticity.storage import project  # noqa: E402

# Nor do settings in the working folder count. Where numba was imported earlier, it reads its settings again.
numba.core.config._config_fname = os.devnull
numba.core.config.reload_config()

PACKAGE = Path(__file__).parents[1]

#: Where machine code is kept, unless NUMBA_CACHE_DIR names another place: in the clone that this package lies in, or
#: else where an installed package keeps such things.
DEFAULT_CACHE = project.CLONE / ".cache" / "numba" if project.CLONE else project.cache_folder("numba")

#: The file that marks a folder as one of ours. Nothing without it is ever removed.
_MARK_FILE = "replasticity.txt"


def compiled_sources() -> list[Path]:
    """Return the files whose functions are compiled: ``numerics/``, ``equations/`` and ``models/``, sorted."""
    return sorted(path for part in ("equations", "models", "numerics") for path in (PACKAGE / part).rglob("*.py"))


def compiler() -> str:
    """Return what compiles, apart from the type of processor, which numba itself tells apart: versions and settings."""
    versions = {"numba": numba.__version__, "llvmlite": llvmlite.__version__, "numpy": np.__version__}
    python = f"{sys.implementation.name} {sys.version.split()[0]}"
    bounds = "" if numba.config.BOUNDSCHECK is None else f", bounds check {numba.config.BOUNDSCHECK}"  # type: ignore[attr-defined]
    return ", ".join([python, *(f"{name} {version}" for name, version in versions.items())]) + bounds


def cache_folder() -> Path:
    """Return the folder of the machine code of this source, this installation and this compiler.

    Returns
    -------
    Path
        ``$NUMBA_CACHE_DIR/<digest>``, or ``<digest>`` in `DEFAULT_CACHE`.
    """
    digest = hashlib.sha256(f"{PACKAGE}\0{compiler()}\0".encode())
    for path in compiled_sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or DEFAULT_CACHE)
    return base.absolute() / digest.hexdigest()[:16]


_FOLDER = cache_folder()


def _mark(folder: Path) -> bytes:
    """Return what marks a folder as machine code of this installation and compiler, of some version of the source."""
    return f"Machine code {folder.name} of replasticity in {PACKAGE}, compiled by {compiler()}.\n".encode()


def forget_older_code() -> None:
    """Remove machine code of other versions of the source, kept by this installation for the same compiler.

    A process that still runs the other version compiles again what it has not loaded yet.
    """
    try:
        others = [path for path in _FOLDER.parent.iterdir() if path != _FOLDER]
    except OSError:
        return
    for folder in others:
        mark = folder / _MARK_FILE
        with contextlib.suppress(OSError):
            if not folder.is_symlink() and not mark.is_symlink() and mark.read_bytes() == _mark(folder):
                shutil.rmtree(folder, ignore_errors=True)


class _Locator(UserProvidedCacheLocator):
    """Where the machine code of a function is kept: a folder that is made when there is something to keep."""

    def __init__(self, py_func: Callable[..., Any], py_file: str):
        super().__init__(py_func, py_file)
        self._cache_path = str(_FOLDER / self.get_suitable_cache_subpath(py_file))

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> "_Locator":
        return cls(py_func, py_file)

    def get_source_stamp(self) -> str:
        # The file of a function is not what counts: it may have been touched, or edited since it was imported.
        return ""

    def ensure_cache_path(self) -> None:
        os.makedirs(self._cache_path, exist_ok=True)
        mark = _FOLDER / _MARK_FILE
        if not mark.exists():
            mark.write_bytes(_mark(_FOLDER))


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012  (numba's name and type)


#: Machine code of so many versions of a function for the same types is kept: one may be made with several values.
_MOST_VERSIONS = 20


class _CheckedFiles(IndexDataCacheFile):
    """Index and machine code of a function: files that begin with the SHA-256 of the rest."""

    def load(self, key: Any) -> Any:
        # Processes that fill the cache at once may number their files alike: what a file holds, it says itself.
        found = super().load(key)
        return found[1] if found is not None and found[0] == (self._index_name, key) else None

    def save(self, key: Any, data: Any) -> None:
        overloads = self._load_index()
        older = [each for each in overloads if each[:-1] == key[:-1] and each != key][: -_MOST_VERSIONS + 1]
        if older:
            self._save_index({each: name for each, name in overloads.items() if each not in older})
        super().save(key, ((self._index_name, key), data))

    def _load_index(self) -> Any:
        found = self._read(self._index_path)
        return found[1] if found is not None and found[0] == self._source_stamp else {}

    def _save_index(self, overloads: Any) -> None:
        self._write(self._index_path, (self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _read(self, path: str) -> Any:
        """Return what a file holds; None if there is none, or it is not as it was written."""
        try:
            content = Path(path).read_bytes()
        except OSError:
            return None
        size = hashlib.sha256().digest_size
        if hashlib.sha256(memoryview(content)[size:]).digest() != content[:size]:
            return None
        return pickle.loads(memoryview(content)[size:])

    def _write(self, path: str, content: Any) -> None:
        pickled = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(pickled).digest() + pickled)


@cache
def _do_without_blas() -> None:
    """Tell numba that there is no BLAS, for which it imports scipy.linalg: a tenth of a second in each process.

    numba looks for one when its first function is compiled or loaded. No kernel needs one, and the order of sums would
    depend on it.
    """
    if "scipy.linalg" not in sys.modules:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            del sys.modules["scipy.linalg"]


class _CheckedCache(FunctionCache):
    """numba's cache of a function's machine code, whose failures cost time only."""

    _impl_class = _Implementation
    _has_reported = False

    def __init__(self, py_func: Callable[..., Any]):
        super().__init__(py_func)
        files = self._cache_file
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, files._source_stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        _do_without_blas()
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            # Whole, and still not to be used here: of another build of a library, for instance. Or none is kept.
            return None

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple(), dependencies.digest(self._py_func)

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except dependencies.UnknownDependencyError:
            return
        except OSError as error:
            if not _CheckedCache._has_reported:
                _CheckedCache._has_reported = True
                reason = f"machine code cannot be kept there ({error.strerror or error})"
                print(f"{_FOLDER}: {reason}; kernels are compiled in memory", file=sys.stderr)


# numba's types do not know the options that leave out wrappers.
_compiler: Any = numba.njit


def _kernel(**options: bool) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a function at its first call, or takes the machine code that is kept."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = _compiler(error_model="numpy", nogil=True, no_cfunc_wrapper=True, **options)(function)
        # numba has no other way to give it a cache.
        dispatcher._cache = _CheckedCache(function)
        return dispatcher

    return decorate


#: The decorator of every kernel. ``error_model="numpy"``: a division by zero gives inf or nan, and no branch. No kernel
#: is called from C, so the code for that is left out.
njit = _kernel()

#: The same for small functions of an inner loop. Without inlining each call counts references to all arrays of its
#: arguments up and down, which costs more than the few operations of such a function.
inline_njit = _kernel(forceinline=True)

#: The same for functions that only compiled code calls. Unpacking a named tuple of dozens of arrays from Python takes
#: the compiler longer than most functions do.
inner_njit = _kernel(no_cpython_wrapper=True)
