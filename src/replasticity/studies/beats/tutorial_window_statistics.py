"""The tutorial's weights, and how far they are from the closed form of the window."""

import numpy as np

from replasticity.equations.pair_stdp_formulas import change_by_one_pairing
from replasticity.study.statistics import statistic

DIMENSIONS = {"synapse": lambda p: p.pairs}


@statistic("weight after the last step", ("synapse",), resolution=1e-12)
def weight_final(run, p):
    return run.weight_final


@statistic(
    "largest departure of weight changes from the closed form",
    resolution=1e-12,
    undefined="a spike is requested after the end",
)
def closed_form_departure(run, p):
    return np.abs(run.weight_final - p.weight_initial - change_by_one_pairing(run.difference_ms, p)).max()
