"""Statistics."""

from replasticity.studies.dopamine_tutorial.timing import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
