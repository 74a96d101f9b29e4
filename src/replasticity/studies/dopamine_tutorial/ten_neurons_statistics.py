"""Statistics."""

from replasticity.studies.dopamine_tutorial.ten_neurons import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
