"""Verdicts on claims, effects of errata, equivalence with other simulators, and the regression check."""
