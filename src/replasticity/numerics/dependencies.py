"""What the machine code of a kernel depends on: its own code, that of all it calls, and the values that it freezes.

numba compiles what the names in a function stand for when it is compiled: other kernels, numbers and arrays, of
whatever module. So this is looked at as it is in memory: a file may have been edited since it was imported, and a
module may have read a number from elsewhere. Libraries count by their versions, which are in
`replasticity.numerics.compilation.compiler`.
"""

import dis
import enum
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from numba.core.typing.templates import builtin_registry

_LIBRARIES = {"llvmlite", "numba", "numpy", *sys.stdlib_module_names}

_EXTENDED_ARG, _LOAD_GLOBAL, _IMPORT_NAME = (dis.opmap[name] for name in ("EXTENDED_ARG", "LOAD_GLOBAL", "IMPORT_NAME"))


class UnknownDependencyError(Exception):
    """A kernel uses something of which there is no digest: its machine code cannot be kept."""


def digest(function: Callable[..., Any]) -> str:
    """Return a digest of all that the machine code of a function depends on, but for its arguments' types.

    Parameters
    ----------
    function : callable
        The function as Python sees it.

    Returns
    -------
    str
        Hexadecimal digits: the same in every process in which all of this is the same.

    Raises
    ------
    UnknownDependencyError
        If the function uses something of which there is no digest, such as a pointer.
    """
    seen: dict[Any, int] = {}
    whole = hashlib.sha256()
    # No name in a kernel leads to what someone has registered as the machine code of another function.
    for each in (function, *_foreign_overloads()):
        for part in _of_value(each, seen):
            whole.update(part.encode() + b"\0")
    return whole.hexdigest()


def _foreign_overloads() -> Iterator[Any]:
    """Yield what others than numba have registered by ``overload`` and its like, with options."""
    for template in (*builtin_registry.functions, *builtin_registry.attributes):
        overload = getattr(template, "_overload_func", None)
        # `register_jitable` hides a function in one of its own.
        hidden = [cell.cell_contents for cell in getattr(overload, "__closure__", None) or ()]
        if any(isinstance(each, FunctionType) and not _is_of_library(each) for each in (overload, *hidden)):
            yield overload, repr(getattr(template, "_jit_options", "")), hidden


def _is_of_library(value: Any) -> bool:
    """Return True if a value is part of a library, and not only made by means of one."""
    # What has no module is built in.
    module = getattr(value, "__module__", None) or "builtins"
    if str(module).partition(".")[0] not in _LIBRARIES:
        return False
    if isinstance(value, type | FunctionType | BuiltinFunctionType | np.ufunc):
        return True
    return getattr(sys.modules.get(module), getattr(value, "__name__", ""), None) is value


def _of_value(value: Any, seen: dict[Any, int], names: Iterable[str] = ()) -> Iterator[str]:
    """Yield texts that tell a value from all others; of a module what is used of it, by the given names."""
    kind = type(value)
    if kind in (type(None), bool, int, float, complex, str, bytes, type(Ellipsis)):
        yield f"{kind.__name__} {value!r}"
    elif isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        order = (value.flags.c_contiguous, value.flags.f_contiguous, value.flags.aligned)
        content = hashlib.sha256(value.tobytes()).hexdigest()
        yield f"{kind.__qualname__} {_of_dtype(value.dtype)} {value.shape} {order} {content}"
    elif isinstance(value, np.dtype):
        yield _of_dtype(value)
    elif isinstance(value, types.Type):
        yield f"type {value!r}"
    elif isinstance(value, enum.Enum):
        yield f"member {value.name}"
        yield from _of_value(kind, seen)
    elif isinstance(value, tuple | list):
        yield f"{kind.__module__}.{kind.__qualname__} {getattr(kind, '_fields', '')} {len(value)}"
        for each in value:
            yield from _of_value(each, seen)
    elif isinstance(value, frozenset):
        yield f"set {sorted(chr(0).join(_of_value(each, {})) for each in value)}"
    elif isinstance(value, CodeType):
        yield _of_code(value)
    else:
        # These may lead to one another in a circle.
        key = (id(value), tuple(names)) if kind is ModuleType else id(value)
        if key in seen:
            yield f"the same as {seen[key]}"
            return
        seen[key] = len(seen)
        yield from _of_object(value, seen, names)


def _of_dtype(dtype: "np.dtype[Any]") -> str:
    return f"dtype {dtype!r} {dtype.itemsize} {dtype.isalignedstruct}"


def _of_object(value: Any, seen: dict[Any, int], names: Iterable[str]) -> Iterator[str]:
    """Yield such texts of what has a definition."""
    if isinstance(value, Dispatcher):
        yield f"kernel {sorted(value.targetoptions.items())!r} {sorted(value.locals.items())!r}"
        yield from _of_value(value.py_func, seen)
    elif isinstance(value, _Intrinsic):
        yield "intrinsic"
        yield from _of_value(value._defn, seen)
    elif isinstance(value, ModuleType):
        yield f"module {value.__name__}"
        if value.__name__.partition(".")[0] not in _LIBRARIES:
            for name in sorted(set(names) & vars(value).keys()):
                yield name
                yield from _of_value(vars(value)[name], seen, names)
    elif _is_of_library(value):
        yield f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"
    elif isinstance(value, FunctionType):
        yield f"function {value.__qualname__}"
        yield from _of_function(value, seen)
    elif isinstance(value, type) and issubclass(value, enum.Enum):
        yield f"enumeration {value.__qualname__}"
        yield from _of_value([(each.name, each.value) for each in value], seen)
    elif isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
        yield f"tuple {value.__qualname__} {value._fields}"
    else:
        raise UnknownDependencyError(f"{type(value).__name__}: no digest of it")


def _of_function(function: FunctionType, seen: dict[Any, int]) -> Iterator[str]:
    code = function.__code__
    yield from _of_value(code, seen)
    yield from _of_value(function.__defaults__, seen)
    for name, default in (function.__kwdefaults__ or {}).items():
        yield name
        yield from _of_value(default, seen)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name
        yield from _of_value(cell.cell_contents, seen, code.co_names)
    for name in _global_names(code):
        if name in function.__globals__:
            yield name
            yield from _of_value(function.__globals__[name], seen, _all_names(code))


@cache
def _of_code(code: CodeType) -> str:
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    constants = list(_of_value(code.co_consts, {}))
    return f"code {code.co_code.hex()} {code.co_exceptiontable.hex()} {arguments} {names} {constants}"


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code, and that of functions inside it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


@cache
def _all_names(code: CodeType) -> tuple[str, ...]:
    return tuple(sorted({name for each in _codes(code) for name in each.co_names}))


@cache
def _global_names(code: CodeType) -> list[str]:
    """Return the names that a function looks up in its module; of all names in it attributes are the most."""
    found = set[str]()
    for each in _codes(code):
        above = 0
        for place in range(0, len(each.co_code), 2):
            operation, argument = each.co_code[place], each.co_code[place + 1] | above
            above = argument << 8 if operation == _EXTENDED_ARG else 0
            if operation == _LOAD_GLOBAL:
                # The last bit says whether the value is called.
                found.add(each.co_names[argument >> 1])
            elif operation == _IMPORT_NAME and each.co_names[argument].partition(".")[0] not in _LIBRARIES:
                raise UnknownDependencyError(f"{each.co_names[argument]}: imported inside a function")
    return sorted(found)
