"""Numbers for hypothesis."""

from hypothesis import strategies as st

from replasticity.definitions.parameters import SMALLEST


def usable_floats(lowest, highest):
    """Return floats in a range, without those that are so small that no parameter may have them."""
    return st.floats(lowest, highest).filter(lambda number: number == 0 or abs(number) >= SMALLEST)
