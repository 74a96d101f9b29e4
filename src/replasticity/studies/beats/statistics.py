"""Statistics."""

from replasticity.studies.beats.protocol import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
