"""Ask the processor for a record before it is needed.

Postsynaptic spikes find their synapses all over an array that is larger than any cache. The processor waits for each
of them, about a hundred nanoseconds, unless it is told early which ones come next.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

#: So many records ahead of the loop: enough to hide the wait, and few enough to stay in the first cache.
AHEAD = 16

_FOR_WRITING, _KEEP_IN_ALL_CACHES, _DATA = 1, 3, 1


def _type_and_code(typing_context, record):
    """Return the signature and the generator of code, as numba asks for them."""

    def generate(context, builder, signature, arguments):
        byte, number = ir.IntType(8), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte.as_pointer()], kind)
        first = builder.bitcast(arguments[0], byte.as_pointer())
        last = builder.gep(first, [number(record.size - 1)])
        for place in (first, last):
            builder.call(function, [place, number(_FOR_WRITING), number(_KEEP_IN_ALL_CACHES), number(_DATA)])
        return context.get_dummy_value()

    return types.none(record), generate


#: ``prefetch(record)`` loads the first and the last byte of a record into the cache; nothing is read or can fail.
prefetch: Any = intrinsic(_type_and_code)
