"""Statistics."""

from replasticity.studies.beats.map import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
