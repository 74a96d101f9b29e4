"""Single seeds: which traces are shown, and where statistics lie."""

import json

import numpy as np
import pytest
import xarray as xr

from replasticity.reporting import explorer


def array(dimensions, values, name, units="1"):
    return xr.Variable(dimensions, np.asarray(values), {"units": units, "long_name": f"what {name} is"})


@pytest.fixture
def ensemble():
    time = np.arange(2000.0)
    course = np.stack([np.sin(time / 50) + seed for seed in range(2)])
    spikes = np.zeros((2, 2000, 3), np.int8)
    spikes[0, 10, 2] = spikes[1, 20, 1] = 1
    return xr.Dataset(
        {
            "weight_nS": array(("trace_seed", "time_ms"), course, "weight", "nS"),
            "raster": array(("trace_seed", "time_ms", "cell"), spikes, "raster"),
            "w": array(("trace_seed", "time_ms", "synapse"), np.stack([course, -course], axis=-1), "w"),
            "no_axis": array(("trace_seed", "thing"), np.zeros((2, 4)), "thing"),
            "slope": array(("seed",), [1.0, 2.0, 3.0, np.nan], "slope"),
            "pair": array(("seed", "which"), [[1.0, 5.0]] * 4, "pair"),
            "large": array(("seed", "which_large"), np.zeros((4, 100)), "large"),
        },
        coords={
            "seed": [1, 2, 3, 7],
            "trace_seed": [1, 2],
            "time_ms": array(("time_ms",), time, "time", "ms"),
        },
        attrs={"experiment": "tiny", "protocol": "zenke2015"},
    )


def test_traces_with_an_axis_are_charts_of_all_their_seeds(ensemble):
    explored = explorer.explore(ensemble, "A title")
    charts = {name: json.loads(chart) for name, _, chart in explored.charts}
    assert list(charts) == ["weight_nS", "raster", "w"]
    lines = [(trace["meta"], trace["legendgroup"]) for trace in charts["w"]["data"]]
    assert lines == [(1, "synapse 0"), (1, "synapse 1"), (2, "synapse 0"), (2, "synapse 1")]
    assert [trace["meta"] for trace in charts["weight_nS"]["data"]] == [1, 2]
    assert charts["weight_nS"]["data"][0]["x"]["dtype"] == "f4"
    assert [trace["mode"] for trace in charts["raster"]["data"]] == ["markers", "markers"]
    assert (explored.seeds, explored.trace_seeds) == ([1, 2, 3, 7], [1, 2])


def test_what_is_left_out_is_named(ensemble):
    assert explorer.explore(ensemble, "A title").left_out == ["no_axis", "large"]


def test_statistics_are_standardised_over_the_seeds(ensemble):
    explored = explorer.explore(ensemble, "A title")
    statistics = {statistic.label: statistic for statistic in explored.statistics}
    assert list(statistics) == ["slope", "pair[0]", "pair[1]"]
    assert statistics["slope"].values == [1.0, 2.0, 3.0, None]
    assert statistics["slope"].standardised == [-1.0, 0.0, 1.0, None]
    assert statistics["pair[1]"].standardised == [0.0] * 4
    # JSON without NaN, which browsers refuse.
    json.dumps(explored.numbers, allow_nan=False)


def test_standing_chart_has_every_seed_and_a_place_for_the_chosen_one(ensemble):
    chart = json.loads(explorer.standing_chart(explorer.explore(ensemble, "A title").statistics))
    everyone, chosen = chart["data"]
    assert len(everyone["y"]) == 3 + 4 + 4
    assert chosen["y"] == ["slope", "pair[0]", "pair[1]"]


def test_axes_are_named_by_quantity_and_unit(ensemble):
    charts = {name: json.loads(chart)["layout"] for name, _, chart in explorer.explore(ensemble, "A title").charts}
    assert charts["weight_nS"]["xaxis"]["title"]["text"] == "what time is (ms)"
    assert charts["weight_nS"]["yaxis"]["title"]["text"] == "what weight is (nS)"
    assert charts["raster"]["yaxis"]["title"]["text"] == "neuron"


@pytest.mark.parametrize(
    ("long_name", "units", "title"),
    [
        ("time of the samples: state at the end of the step", "ms", "time of the samples (ms)"),
        ("fitted slope", "nS Hz-1", "fitted slope (nS/Hz)"),
        ("slope", "mV-1", "slope (1/mV)"),
        ("share of synapses (of all)", "percent", "share of synapses (%)"),
        ("a < b; more", "1", "a &lt; b"),
        (
            "membrane potential of the neuron with the first spike",
            "mV",
            "membrane potential of the neuron<br>with the first spike (mV)",
        ),
    ],
)
def test_title_of_an_axis_is_short_and_has_the_unit_as_one_writes_it(long_name, units, title):
    trace = xr.DataArray(np.zeros(1), attrs={"long_name": long_name, "units": units})
    assert explorer._axis_title(trace, 34) == title


def test_one_seed_has_no_spread_and_one_without_randomness_says_so(ensemble):
    alone = explorer.explore(ensemble.isel(seed=[0], trace_seed=[0]), "A title")
    assert [statistic.sd for statistic in alone.statistics] == [None] * 3
    assert alone.statistics[0].standardised == [0.0]
    assert not alone.deterministic
    undefined = explorer.Statistic(label="", long_name="", unit="", values=[None, None])
    assert (undefined.mean, undefined.sd, undefined.standardised) == (None, None, [None, None])
    ensemble.attrs["protocol"] = "beats"
    assert explorer.explore(ensemble, "A title").numbers["deterministic"] is True


def test_names_are_no_tags_in_charts():
    name = '<a href="javascript:alert(1)">x</a>'
    hostile = explorer.Statistic(label=name, long_name="", unit="", values=[1.0, 2.0])
    chart = json.loads(explorer.standing_chart([hostile]))
    assert all("<" not in label for trace in chart["data"] for label in trace["y"])
    assert "&lt;a href" in chart["data"][1]["y"][0]
