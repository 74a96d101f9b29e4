"""What is measured on one run. An edit here summarises again."""

import numpy as np

from replasticity.study.statistics import statistic

# Dimension of a statistic -> function of the parameters that gives its length.
DIMENSIONS = {"half": lambda p: 2}


@statistic("largest weight in each half of the run", dims=("half",), resolution=1e-9)
def weight_peak(run, p):
    """Return it for one seed."""
    return [half.max() for half in np.array_split(run.weight, 2)]
