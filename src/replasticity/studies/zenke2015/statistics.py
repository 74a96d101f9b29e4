"""Statistics."""

from replasticity.studies.zenke2015.protocol import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
