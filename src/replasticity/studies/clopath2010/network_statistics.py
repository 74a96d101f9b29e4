"""Statistics."""

from replasticity.studies.clopath2010.network import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
