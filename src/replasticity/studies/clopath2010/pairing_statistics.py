"""Statistics."""

from replasticity.studies.clopath2010.pairing import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
