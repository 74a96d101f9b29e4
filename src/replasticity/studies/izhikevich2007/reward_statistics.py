"""Statistics."""

from replasticity.studies.izhikevich2007.reward import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
