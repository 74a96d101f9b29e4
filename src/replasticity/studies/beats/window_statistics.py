"""Statistics."""

from replasticity.studies.beats.window import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
