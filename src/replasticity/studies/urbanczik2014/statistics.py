"""Statistics."""

from replasticity.studies.urbanczik2014.protocol import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
