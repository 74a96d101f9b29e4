"""Statistics."""

from replasticity.studies.dopamine_tutorial.cue import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
