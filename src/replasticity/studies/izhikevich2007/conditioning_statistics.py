"""Statistics."""

from replasticity.studies.izhikevich2007.conditioning import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
