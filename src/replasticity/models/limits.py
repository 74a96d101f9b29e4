"""Until all studies import it from `replasticity.numerics.limits`."""

from replasticity.numerics.limits import raise_failure

__all__ = ["raise_failure"]
