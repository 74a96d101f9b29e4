"""How every kernel is compiled, and where the machine code is kept.

numba keeps compiled functions on disk, but does not notice that a function called from *another* file
has changed. So the cache folder carries a digest of all files with compiled code: after an edit the
old machine code can not be found. ``fastmath`` and ``parallel`` stay off: both change results.
"""

import hashlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numba

# numba looks for a BLAS when it loads its first function, and imports scipy.linalg for that: a fifth of a
# second in each process. No kernel needs one (summation order would depend on it), so it is told there is none.
if "scipy.linalg" not in sys.modules:
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    importlib.import_module("numba.np.arraymath")
    del sys.modules["scipy.linalg"]

PACKAGE = Path(__file__).parents[1]

_CHECKOUT = PACKAGE.parents[1]
#: Where machine code is kept, unless NUMBA_CACHE_DIR names another place: in the checkout, and for an
#: installed package in the working folder; never in the home directory.
DEFAULT_CACHE = (_CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()) / ".cache" / "numba"


def compiled_sources() -> list[Path]:
    """Return the files whose functions are compiled: all of ``kernels/`` and ``models/``, sorted."""
    return sorted(path for part in ("kernels", "models") for path in (PACKAGE / part).glob("*.py"))


def cache_folder() -> Path:
    """Return the folder of this version's machine code.

    Returns
    -------
    Path
        ``$NUMBA_CACHE_DIR/<digest>``, or ``.cache/numba/<digest>`` in the checkout.
    """
    digest = hashlib.sha256()
    for path in compiled_sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or DEFAULT_CACHE)
    return base.absolute() / digest.hexdigest()[:16]


def _can_write(folder: Path) -> bool:
    """Say whether machine code can be kept in the folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


_FOLDER = cache_folder()
#: False where the cache folder cannot be written: kernels are then compiled anew by each process.
CACHED = _can_write(_FOLDER)
if CACHED:
    numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]

# numba's types do not know the options that leave out wrappers.
_compiler: Any = numba.njit
_OPTIONS: dict[str, Any] = {"cache": CACHED, "error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}

#: The decorator of every kernel. ``error_model="numpy"``: a division by zero gives inf or nan, and no branch. No kernel
#: is called from C, so the code for that is left out.
njit = _compiler(**_OPTIONS)

#: The same for small functions of an inner loop. Without inlining each call counts references to all arrays of its
#: arguments up and down, which costs more than the few operations of such a function.
inline_njit = _compiler(**_OPTIONS, forceinline=True)

#: The same for functions that only compiled code calls. Unpacking a named tuple of dozens of arrays from Python takes
#: the compiler longer than most functions do.
inner_njit = _compiler(**_OPTIONS, no_cpython_wrapper=True)
