"""What is looked up many times while experiments are read: which studies and files there are, and where.

Between two calls of a function a file or a folder may be new, so nothing of it is kept for longer than one call.
"""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

_KNOWN: ContextVar[dict[Hashable, object] | None] = ContextVar("known", default=None)


def at_once(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function see all that is `looked_up` as it was when it asked first."""

    @wraps(function)
    def called(*arguments: P.args, **keywords: P.kwargs) -> T:
        if _KNOWN.get() is not None:
            return function(*arguments, **keywords)
        token = _KNOWN.set({})
        try:
            return function(*arguments, **keywords)
        finally:
            _KNOWN.reset(token)

    return called


def looked_up(function: Callable[P, T]) -> Callable[P, T]:
    """Call a function once for its arguments during a call of one that sees all `at_once`; none changes its result."""

    @wraps(function)
    def called(*arguments: P.args, **keywords: P.kwargs) -> T:
        known = _KNOWN.get()
        if known is None:
            return function(*arguments, **keywords)
        key = (function, arguments, *sorted(keywords.items()))
        if key not in known:
            known[key] = function(*arguments, **keywords)
        return cast(T, known[key])

    return called
