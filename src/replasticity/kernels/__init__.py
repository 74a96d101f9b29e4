"""Equations: small compiled functions, one per numbered equation. They import numba and numpy only."""
