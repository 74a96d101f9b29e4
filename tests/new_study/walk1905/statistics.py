"""Where the walk ends."""

from replasticity.study.statistics import statistic

DIMENSIONS = {}


@statistic("square of the distance at the end", resolution=1e-9)
def square_at_end(run, p):
    return run.place[-1] ** 2
