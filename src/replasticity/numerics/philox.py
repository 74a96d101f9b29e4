"""Random numbers by counting: numpy's Philox stream, number for number, at any position and inside compiled loops.

Philox4x64-10 [1]_ turns a counter and a key into four 64-bit words. Number q of a stream is a function of q,
so a loop that knows its step knows its random numbers: nothing has to be stored, whatever the duration, and a
run can go on from any step. The stream is that of ``numpy.random.Philox(key=...)`` at its default start.

==========  ===================================================================================
symbol      name
==========  ===================================================================================
x_0 .. x_3  words of the counter; the first block of numpy's stream has the counter (1, 0, 0, 0)
k_0, k_1    words of the key: here seed and stream
M, W        multipliers of a round, and the constants that are added to the key after it
==========  ===================================================================================

References
----------
.. [1] Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, section 3 and table 2.
"""

import numpy as np
from numba import types
from numba.extending import intrinsic

from replasticity.numerics.compilation import inline_njit, njit

M0 = np.uint64(0xD2E7470EE14C6C93)
M1 = np.uint64(0xCA5A826395121157)
W0 = np.uint64(0x9E3779B97F4A7C15)
W1 = np.uint64(0xBB67AE8584CAA73B)
ROUNDS = 10
#: Numbers that one value of the counter gives.
LANES = 4
#: A double has 53 bits: the highest ones of a word.
TO_UNIT_INTERVAL = 1.0 / 9007199254740992.0
_UNUSED_BITS = np.uint64(11)


@intrinsic
def multiply(typing_context, a, b):
    """Return the upper and the lower 64 bits of the product of two 64-bit words: one machine instruction for both."""
    words = types.UniTuple(types.uint64, 2)

    def generate(context, builder, signature, arguments):
        word = arguments[0].type
        wide = type(word)(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        halves = [builder.trunc(builder.lshr(product, wide(64)), word), builder.trunc(product, word)]
        return context.make_tuple(builder, signature.return_type, halves)

    return words(types.uint64, types.uint64), generate


@inline_njit
def philox_words(block, key0, key1):
    """Return the four words of one block of the stream (section 3.3 of [1]_ of the module).

    Parameters
    ----------
    block : uint64
        Number of the block, from 0.
    key0, key1 : uint64
        Words of the key.

    Returns
    -------
    tuple of uint64, length 4
        Words in the order in which numpy gives them out.
    """
    # numpy counts up before it makes a block.
    x0, x1, x2, x3 = block + np.uint64(1), np.uint64(0), np.uint64(0), np.uint64(0)
    for _ in range(ROUNDS):
        high0, low0 = multiply(M0, x0)  # type: ignore[call-arg, var-annotated]
        high1, low1 = multiply(M1, x2)
        x0, x1, x2, x3 = high1 ^ x1 ^ key0, low1, high0 ^ x3 ^ key1, low0
        key0 += W0
        key1 += W1
    return x0, x1, x2, x3


@inline_njit
def to_unit_interval(word):
    """Return a word as a double in [0, 1): its highest 53 bits."""
    return np.float64(word >> _UNUSED_BITS) * TO_UNIT_INTERVAL


@njit
def uniform_number(position, key0, key1):
    """Return one number of the stream, uniform on [0, 1).

    Parameters
    ----------
    position : int
        Which number, from 0.
    key0, key1 : uint64
        Words of the key.

    Returns
    -------
    float
        What ``Generator(Philox(key=[key0, key1])).random()`` gives at its call number `position`.
    """
    words = philox_words(np.uint64(position // LANES), key0, key1)
    return to_unit_interval(words[position % LANES])


@njit
def fill_uniform(numbers, position, key0, key1):
    """Fill an array with consecutive numbers of the stream, uniform on [0, 1).

    Parameters
    ----------
    numbers : ndarray of float64, shape (n,)
        Changed in place.
    position : int
        Which number of the stream comes first, from 0.
    key0, key1 : uint64
        Words of the key.
    """
    count = len(numbers)
    first = min(-position % LANES, count)
    for i in range(first):
        numbers[i] = uniform_number(position + i, key0, key1)
    end = first + (count - first) // LANES * LANES
    # All words are made before they become numbers, in the same place: of numbers, several are made at a time.
    whole_blocks = numbers[first:end]
    words = whole_blocks.view(np.uint64)
    first_block = (position + first) // LANES
    for k in range(len(words) // LANES):
        x0, x1, x2, x3 = philox_words(np.uint64(first_block + k), key0, key1)
        words[LANES * k] = x0
        words[LANES * k + 1] = x1
        words[LANES * k + 2] = x2
        words[LANES * k + 3] = x3
    for i in range(len(words)):
        whole_blocks[i] = to_unit_interval(words[i])
    for i in range(end, count):
        numbers[i] = uniform_number(position + i, key0, key1)
