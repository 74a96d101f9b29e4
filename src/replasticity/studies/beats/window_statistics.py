"""The window: its sign on either side, and how far it is from its closed form."""

import numpy as np

from replasticity.equations.pair_stdp_formulas import change_by_one_pairing
from replasticity.study.statistics import number, statistic, statistics

DIMENSIONS = {"synapse": lambda p: len(p.differences_ms)}


@statistics(
    dw=number("weight change, final minus initial", ("synapse",), resolution=1e-12),
    dw_at_zero=number("weight change of a coincidence", resolution=1e-12, undefined="no pairing coincides"),
    closed_form_departure=number("largest departure of weight changes from the closed form", resolution=1e-12),
)
def changes(run, p):
    departure = np.abs(run.dw - change_by_one_pairing(run.difference_ms, p)).max()
    return run.dw, next(iter(run.dw[run.difference_ms == 0]), np.nan), departure


@statistic("smallest difference whose pairing potentiates", resolution=1e-9, undefined="no pairing potentiates")
def potentiating_from_ms(run, p):
    return min(run.difference_ms[run.dw > 0], default=np.nan)


@statistic("largest difference whose pairing depresses", resolution=1e-9, undefined="no pairing depresses")
def depressing_up_to_ms(run, p):
    return max(run.difference_ms[run.dw < 0], default=np.nan)
