"""Single seeds: the traces of each, and where its statistics lie among those of all seeds."""

import html
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from replasticity.report.panels import chart_json, compact
from replasticity.report.thinning import kept_of_line, kept_of_points

#: A trace keeps at most so many points per seed.
MOST_POINTS = 400
#: Of a trace of many cells or synapses, at most so many are shown.
MOST_LINES = 4
#: Of an array of statistics, at most so many numbers are shown.
MOST_NUMBERS = 12


@dataclass(frozen=True)
class Explorer:
    """All seeds of an experiment.

    Attributes
    ----------
    experiment, title : str
        The experiment.
    seeds : list of int
        All seeds.
    trace_seeds : list of int
        Those whose traces are kept.
    charts : list of (str, str, str)
        Name, title and Plotly's JSON of a chart per traced variable. Each line has ``meta``: its seed.
    statistics : list of Statistic
        One per number and seed.
    left_out : list of str
        Names of the arrays that are not shown, or not in full.
    """

    experiment: str
    title: str
    seeds: list[int]
    trace_seeds: list[int]
    charts: list[tuple[str, str, str]]
    statistics: list["Statistic"]
    left_out: list[str]

    @property
    def numbers(self) -> dict[str, Any]:
        """What the page's script needs to show one seed among all, JSON-ready."""
        return {
            "seeds": self.seeds,
            "traceSeeds": self.trace_seeds,
            "statistics": [
                {"values": statistic.values, "standardised": statistic.standardised} for statistic in self.statistics
            ],
        }


@dataclass(frozen=True)
class Statistic:
    """One number of each seed.

    Attributes
    ----------
    label : str
        Name of the statistic, with the index where it is an array.
    long_name, unit : str
        What it is.
    values : list of float or None
        One per seed; None where it is not defined.
    """

    label: str
    long_name: str
    unit: str
    values: list[float | None]

    @property
    def _defined(self) -> list[float]:
        return [value for value in self.values if value is not None]

    @property
    def mean(self) -> float:
        """Mean over the seeds in which it is defined; NaN without any."""
        return math.fsum(self._defined) / len(self._defined) if self._defined else math.nan

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; NaN for fewer than two."""
        return float(np.std(self._defined, ddof=1)) if len(self._defined) > 1 else math.nan

    @property
    def standardised(self) -> list[float | None]:
        """Each seed's distance from the mean in standard deviations; 0 where all seeds agree."""
        scale = self.sd if self.sd > 0 else math.inf
        return [None if value is None else (value - self.mean) / scale for value in self.values]


def explore(ensemble: xr.Dataset, title: str) -> Explorer:
    """Return the seeds of an ensemble.

    Parameters
    ----------
    ensemble : xarray.Dataset
        From `replasticity.simulation.read_ensemble`.
    title : str
        Title of the experiment.

    Returns
    -------
    Explorer
        What the page shows of them.
    """
    traced = [ensemble[name] for name in ensemble.data_vars if "trace_seed" in ensemble[name].dims]
    charts = [(str(trace.name), _long_name(trace), chart_json(_chart(trace))) for trace in traced if _axis(trace)]
    statistics, cut = [], [str(trace.name) for trace in traced if not _axis(trace)]
    for name in ensemble.data_vars:
        array = ensemble[name]
        if "seed" not in array.dims:
            continue
        if math.prod(array.shape[1:]) > MOST_NUMBERS:
            cut.append(str(name))
        else:
            statistics += list(_statistics(array))
    return Explorer(
        experiment=str(ensemble.attrs["experiment"]),
        title=title,
        seeds=ensemble["seed"].values.tolist(),
        trace_seeds=ensemble["trace_seed"].values.tolist(),
        charts=charts,
        statistics=statistics,
        left_out=cut,
    )


def _long_name(array: xr.DataArray) -> str:
    return str(array.attrs["long_name"])


def _statistics(array: xr.DataArray) -> Iterator[Statistic]:
    """Yield the numbers of a statistic, one for each index."""
    numbers = array.values.astype(float).reshape(array.sizes["seed"], -1).T.tolist()
    for index, values in zip(np.ndindex(array.shape[1:]), numbers, strict=True):
        yield Statistic(
            label=f"{array.name}{json.dumps(index) if index else ''}".replace(" ", ""),
            long_name=_long_name(array),
            unit=_unit(array),
            values=[value if math.isfinite(value) else None for value in values],
        )


def _unit(array: xr.DataArray) -> str:
    unit = str(array.attrs["units"])
    return "" if unit == "1" else unit


def _axis(trace: xr.DataArray) -> str:
    """Return the dimension of a trace that is its axis: the longest one with a coordinate; empty if there is none."""
    with_coordinate = [str(name) for name in trace.dims if name in trace.coords and name != "trace_seed"]
    return max(with_coordinate, key=lambda name: trace.sizes[name], default="")


def _chart(trace: xr.DataArray) -> go.Figure:
    """Return the traces of all seeds against their axis; the page's script brings the chosen seed to the front."""
    axis = trace[_axis(trace)]
    figure = go.Figure(
        layout={
            "template": None,
            # Plotly knows tags in texts.
            "xaxis": {"title": {"text": html.escape(str(axis.name))}},
            "yaxis": {"title": {"text": html.escape(str(trace.name))}},
            "showlegend": False,
        }
    )
    is_raster = trace.dtype == np.int8 and trace.ndim == 3
    for seed, of_seed in zip(trace["trace_seed"].values.tolist(), trace, strict=True):
        lines = of_seed.transpose(..., axis.name).values.astype(float).reshape(-1, axis.size)
        drawn = _raster(lines, axis.values) if is_raster else _lines(lines, axis.values)
        for each in drawn:
            figure.add_trace(each.update(meta=seed))
    if is_raster:
        figure.update_yaxes(title_text="cell")
    return figure


def _lines(lines: np.ndarray, x: np.ndarray) -> Iterator[go.Scatter]:
    for line in lines[:MOST_LINES]:
        kept = kept_of_line(line, MOST_POINTS)
        yield go.Scatter(x=compact(x[kept]), y=compact(line[kept]), mode="lines", line={"width": 1.2})


def _raster(lines: np.ndarray, x: np.ndarray) -> Iterator[go.Scatter]:
    """Yield one point per cell and bin with a spike."""
    cells, bins = np.nonzero(lines)
    kept = kept_of_points(len(cells), 2 * MOST_POINTS)
    yield go.Scatter(x=compact(x[bins[kept]]), y=compact(cells[kept]), mode="markers", marker={"size": 2})


def standing_chart(statistics: list[Statistic]) -> str:
    """Return Plotly's JSON of a chart of all statistics: every seed, and a mark for the chosen one.

    Parameters
    ----------
    statistics : list of Statistic
        In the order from top to bottom.

    Returns
    -------
    str
        Trace 0 has all seeds; trace 1, one point per statistic, is filled by the page's script.
    """
    labels = [html.escape(statistic.label) for statistic in statistics]
    everyone = [(label, z) for label, each in zip(labels, statistics, strict=True) for z in each.standardised]
    shown = [(label, z) for label, z in everyone if z is not None]
    figure = go.Figure(
        [
            go.Scatter(
                x=compact([z for _, z in shown]),
                y=[label for label, _ in shown],
                mode="markers",
                name="all seeds",
                marker={"size": 8, "symbol": "line-ns-open", "line": {"width": 1}},
                hoverinfo="skip",
            ),
            go.Scatter(x=[None] * len(labels), y=labels, mode="markers", marker={"size": 9, "symbol": "diamond"}),
        ],
        layout={
            "template": None,
            "height": 110 + 22 * len(labels),
            "showlegend": False,
            "xaxis": {"title": {"text": "standard deviations from the mean over seeds"}, "zeroline": True},
            "yaxis": {"automargin": True, "autorange": "reversed"},
        },
    )
    return chart_json(figure)
