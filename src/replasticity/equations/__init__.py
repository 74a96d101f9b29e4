"""Equations: small functions, one per numbered equation, compiled where time passes. Only numba and numpy are used."""
