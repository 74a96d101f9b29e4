"""Statistics."""

from replasticity.studies.urbanczik2014.amplitude import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
