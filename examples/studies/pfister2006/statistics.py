"""Weight changes, and how far they lie from the measured ones."""

from itertools import product

import numpy as np

from replasticity.study import data
from replasticity.study.statistics import statistic

SJOSTROM = data.read(__file__, "sjostrom2001")

DIMENSIONS = {"lag": lambda p: len(p.lags_ms), "frequency": lambda p: len(p.frequencies_Hz)}


@statistic("weight change by all pairs", ("lag", "frequency"), resolution=1e-9)
def dw(run, p):
    return run.weight_final[:-1].reshape(len(p.lags_ms), len(p.frequencies_Hz)) - p.weight_initial


@statistic("chi-square against Sjöström et al. 2001", resolution=1e-6, undefined="a measured pairing is not simulated")
def chi_square(run, p):
    changes = dict(zip(product(p.lags_ms, p.frequencies_Hz), dw(run, p).flat, strict=True))
    measured = zip(SJOSTROM["lag_ms"], SJOSTROM["frequency_Hz"], strict=True)
    return SJOSTROM.chi_square("dw", [changes.get(each, np.nan) for each in measured]).total
