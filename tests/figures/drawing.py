"""Drawing figures from ensembles in memory."""

from collections.abc import Mapping

import xarray as xr
from matplotlib.figure import Figure

from replasticity.definitions import experiments
from replasticity.plotting import rendering
from replasticity.study import protocols


def plot(name: str, ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure of an experiment."""
    return rendering.plot(protocols.figures()[experiments.load(name).figure.module], ensembles)
