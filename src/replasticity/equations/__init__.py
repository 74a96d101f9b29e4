"""Equations: small compiled functions, one per numbered equation. They import numba and numpy only."""

# First, so that numba is imported with the settings that are ours.
import replasticity.numerics.compilation  # noqa: F401
