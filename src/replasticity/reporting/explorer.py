"""Single seeds: the traces of each, and where its statistics lie among those of all seeds."""

import html
import json
import math
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from replasticity.reporting.panels import chart_json, compact
from replasticity.reporting.thinning import kept_of_line, kept_of_points
from replasticity.study import protocols
from replasticity.units import DIMENSIONLESS

#: A trace keeps at most so many points per seed.
MOST_POINTS = 400
#: Of a trace of many neurons or synapses, at most so many are shown.
MOST_LINES = 4
#: Titles of axes are broken into lines of at most so many characters: what a chart on a phone has room for.
_X_LINE_LENGTH, _Y_LINE_LENGTH = 38, 34
#: Dimension of a raster -> what its rows are.
_ROWS = {"exc": "excitatory neuron", "cell": "neuron", "input": "input channel"}
#: Of an array of statistics, at most so many numbers are shown.
MOST_NUMBERS = 12
#: What has a sign of its own, or none.
_UNITS = {DIMENSIONLESS: "", "percent": "%"}


@dataclass(frozen=True)
class Explorer:
    """All seeds of an experiment.

    Attributes
    ----------
    experiment, title : str
        The experiment.
    deterministic : bool
        Whether nothing in it is random.
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
    deterministic: bool
    seeds: list[int]
    trace_seeds: list[int]
    charts: list[tuple[str, str, str]]
    statistics: list["Statistic"]
    left_out: list[str]

    @property
    def numbers(self) -> dict[str, Any]:
        """What the page's script needs to show one seed among all, JSON-ready."""
        return {
            "deterministic": self.deterministic,
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
    def mean(self) -> float | None:
        """Mean over the seeds in which it is defined; None without any."""
        return math.fsum(self._defined) / len(self._defined) if self._defined else None

    @property
    def sd(self) -> float | None:
        """Standard deviation over seeds; None for fewer than two."""
        return float(np.std(self._defined, ddof=1)) if len(self._defined) > 1 else None

    @property
    def standardised(self) -> list[float | None]:
        """Each seed's distance from the mean in standard deviations; 0 where all seeds agree."""
        mean, scale = self.mean or 0.0, self.sd or math.inf
        return [None if value is None else (value - mean) / scale for value in self.values]


def explore(ensemble: xr.Dataset, title: str) -> Explorer:
    """Return the seeds of an ensemble.

    Parameters
    ----------
    ensemble : xarray.Dataset
        From `replasticity.pipeline.simulation.read_ensemble`.
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
        deterministic=protocols.get(ensemble.attrs["protocol"]).is_deterministic,
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
    """Return the unit as a reader writes it, such as "nS/Hz"; empty without one."""
    unit = str(array.attrs["units"])
    if unit in _UNITS:
        return _UNITS[unit]
    divided = re.sub(r" ?([A-Za-z]+)-1", r"/\1", unit)
    return f"1{divided}" if divided.startswith("/") else divided


def _axis_title(array: xr.DataArray, line_length: int) -> str:
    """Return quantity and unit of an axis, as HTML in lines of at most so many characters."""
    # What comes after such a mark explains more than an axis needs; it stands above the chart.
    quantity = re.split("[:;(]", _long_name(array))[0].strip()
    unit = _unit(array)
    lines = textwrap.wrap(f"{quantity} ({unit})" if unit else quantity, line_length)
    # Plotly knows tags in texts.
    return "<br>".join(html.escape(line) for line in lines)


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
            "xaxis": {"title": {"text": _axis_title(axis, _X_LINE_LENGTH), "font": {"size": 12}}},
            "yaxis": {"title": {"text": _axis_title(trace, _Y_LINE_LENGTH), "font": {"size": 12}}},
            "showlegend": False,
        }
    )
    rows = [str(name) for name in trace.dims if name not in ("trace_seed", axis.name)]
    is_raster = trace.dtype == np.int8 and bool(rows)
    places = np.ndindex(*(trace.sizes[name] for name in rows))
    names = [", ".join(f"{name} {index}" for name, index in zip(rows, place, strict=True)) for place in places]
    for seed, of_seed in zip(trace["trace_seed"].values.tolist(), trace, strict=True):
        lines = of_seed.transpose(*rows, axis.name).values.astype(float).reshape(-1, axis.size)
        drawn = _raster(lines, axis.values) if is_raster else _lines(lines, axis.values, names)
        for each in drawn:
            figure.add_trace(each.update(meta=seed))
    if is_raster:
        figure.update_yaxes(title_text=", ".join(_ROWS.get(name, name) for name in rows))
    return figure


def _lines(lines: np.ndarray, x: np.ndarray, names: list[str]) -> Iterator[go.Scatter]:
    """Yield the first lines; which neuron or synapse each is of, the script of the page finds in its legend group."""
    for line, name in zip(lines[:MOST_LINES], names[:MOST_LINES], strict=True):
        kept = kept_of_line(line, MOST_POINTS)
        yield go.Scatter(x=compact(x[kept]), y=compact(line[kept]), mode="lines", line={"width": 1.2}, legendgroup=name)


def _raster(lines: np.ndarray, x: np.ndarray) -> Iterator[go.Scatter]:
    """Yield one point per neuron and bin with a spike."""
    neurons, bins = np.nonzero(lines)
    kept = kept_of_points(len(neurons), 2 * MOST_POINTS)
    yield go.Scatter(x=compact(x[bins[kept]]), y=compact(neurons[kept]), mode="markers", marker={"size": 2})


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
