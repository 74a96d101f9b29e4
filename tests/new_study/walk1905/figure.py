"""Figure walk1905: one row of panels, with artists that no figure of ours has."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import seeds_of


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure."""
    ensemble = ensembles["main"]
    place = ensemble["place"].values
    p = look.parameters_of(ensemble)
    time_ms = p["dt_ms"] * np.arange(1, place.shape[1] + 1)
    figure = Figure(figsize=(look.FULL_WIDTH, 2.4), layout=look.layout())
    left, right = figure.subplots(1, 2)
    look.letter(left, "a", f"Walks ({seeds_of(ensemble)})")
    left.axvspan(0, time_ms[-1] / 2, color=look.GREY, alpha=0.2)
    left.plot(time_ms, place.T, color=look.BLUE)
    left.text(0.1, 0.9, "first half", transform=left.transAxes)
    left.set(xlabel="time (ms)", ylabel="zigzag")
    look.letter(right, "b", f"Ends ({seeds_of(ensemble)})")
    ends = place[:, -1]
    right.scatter(np.arange(len(ends)), ends, s=10.0 + ends**2, color=look.ORANGE)
    right.set(xlabel="seed", ylabel="zigzag")
    return figure
