"""Statistics."""

from replasticity.studies.beats.epsp import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
