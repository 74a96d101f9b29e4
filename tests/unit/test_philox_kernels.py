"""The counting random numbers against numpy's own generator and Python's whole numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from replasticity.numerics import philox

WORDS = st.integers(0, 2**64 - 1)


@njit
def multiply(a, b):
    return philox.multiply(a, b)


def numpy_stream(seed, stream, count):
    return np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64))).random(count)


# The first example waits for the compiler.
@settings(deadline=None)
@given(WORDS, WORDS)
def test_both_halves_of_a_product(a, b):
    assert multiply(np.uint64(a), np.uint64(b)) == divmod(a * b, 2**64)


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 0), (1, 2), (2**63 + 5, 2**64 - 1)])
@pytest.mark.parametrize(("position", "count"), [(0, 1000), (0, 3), (1, 2), (3, 0), (3, 1), (5, 10), (997, 1001)])
def test_stream_is_numpys_from_any_position(seed, stream, position, count):
    expected = numpy_stream(seed, stream, position + count)[position:]
    numbers = np.empty(count)
    philox.fill_uniform(numbers, position, np.uint64(seed), np.uint64(stream))
    np.testing.assert_array_equal(numbers, expected)
    single = [philox.uniform_number(position + k, np.uint64(seed), np.uint64(stream)) for k in range(count)]
    np.testing.assert_array_equal(single, expected)


def test_positions_beyond_32_bits():
    # An hour of noise has 3.6e9 numbers.
    position = 2**33 + 1
    bits = np.random.Philox(key=np.array([1, 0], dtype=np.uint64)).advance(position // 4)
    expected = np.random.Generator(bits).random(8)
    numbers = np.empty(7)
    philox.fill_uniform(numbers, position, np.uint64(1), np.uint64(0))
    np.testing.assert_array_equal(numbers, expected[1:])


def test_words_become_numbers_below_one():
    assert philox.to_unit_interval(np.uint64(2**64 - 1)) == 1 - 2.0**-53
    assert philox.to_unit_interval(np.uint64(2**11 - 1)) == 0.0
