"""Statistics."""

from replasticity.studies.beats.tutorial_window import STATISTICS, sizes, summarise

__all__ = ["STATISTICS", "sizes", "summarise"]
