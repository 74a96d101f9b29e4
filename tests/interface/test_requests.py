"""What the Python interface takes and refuses: one line that names what is wrong and what is allowed."""

import html
import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import replasticity as rp
from replasticity.definitions import experiments
from replasticity.interface import runs as run_module
from replasticity.interface import stacking
from replasticity.interface.requests import plain
from replasticity.pipeline import simulation
from replasticity.study import protocols


@pytest.fixture(scope="module")
def runs():
    return rp.run("zenke2015", seeds=range(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rp.run("zenke201"), "zenke201: no such experiment (did you mean 'zenke2015'?); allowed: beats, "),
        (lambda: rp.parameters("x"), "x: no such experiment; allowed: beats, "),
        (
            lambda: rp.run("zenke2015", tau_H_s=1),
            "zenke2015: tau_H_s: unknown key (did you mean 'tau_H_ms'?); allowed: ",
        ),
        (lambda: rp.sweep("zenke2015", tau_H=[1, 2]), "zenke2015: tau_H: unknown key (did you mean 'tau_H_ms'?)"),
        (lambda: rp.run("zenke2015", tau_H_ms="1 s"), 'zenke2015: tau_H_ms: has to be a valid number (it is "1 s")'),
        (lambda: rp.sweep("zenke2015", tau_H_ms=[9, 0]), "zenke2015: tau_H_ms: has to be greater than 0 (it is 0)"),
        (lambda: rp.run("zenke2015", epoch_ms=1e7), "zenke2015: a run with these parameters needs about"),
        (
            lambda: rp.run("zenke2015", seeds=[-1]),
            "zenke2015: seeds.0: has to be greater than or equal to 0 (it is -1)",
        ),
        (lambda: rp.run("zenke2015", "1-3"), "zenke2015: seeds: has to be a number of seeds, such as 5, or the seeds"),
        (lambda: rp.run("zenke2015", 1.5), "or the seeds, such as range(5) or [1, 2] (it is 1.5)"),
        (lambda: rp.run("zenke2015", seeds=[1, 1]), "zenke2015: seeds: each seed once, but 1 is there more than once"),
        (lambda: rp.run("zenke2015", seeds=[]), "zenke2015: seeds: at least one seed"),
        (lambda: rp.run("zenke2015", 1, processes=0), "zenke2015: processes: has to be greater than 0 (it is 0)"),
        (lambda: rp.run(["zenke2015"]), "experiment: has to be a name, such as 'zenke2015' (it is of type list)"),
        (lambda: rp.run("zenke2015", rates_Hz=5.0), "zenke2015: rates_Hz: has to be a list, such as [5.0] (it is 5.0)"),
        (lambda: rp.run("zenke2015", scale="standart"), "no scale 'standart' (did you mean 'standard'?); allowed: "),
        (lambda: rp.run("zenke2015", scale="huge"), "scale: no scale 'huge'; allowed: quick, standard, full"),
        (lambda: rp.run("clopath2010_1000s", scale="quick"), "clopath2010_1000s: is left out at scale 'quick'"),
        (lambda: rp.sweep("zenke2015", tau_H_ms=[]), "zenke2015: tau_H_ms: at least one value to sweep"),
        (lambda: rp.sweep("zenke2015", tau_H_ms=[5, 5.0]), "zenke2015: tau_H_ms: each value once"),
        (
            lambda: rp.judge(None),
            "NoneType is no dataset; allowed here: a dataset of kind 'runs' (from replasticity.run)",
        ),
        (
            lambda: rp.summarise(xr.Dataset(attrs={"kind": "run"})),
            "attribute 'kind' is 'run'; allowed here: a dataset of",
        ),
        (lambda: rp.replay("no.nc"), "no.nc: no such file; expected a netCDF file"),
    ],
)
def test_a_wrong_request_ends_in_one_line(call, message, in_project):
    with pytest.raises(rp.UserError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_datasets_that_do_not_fit_end_in_one_line(runs):
    with pytest.raises(rp.UserError, match=r"have lost the dimension 'seed'; choose with a list"):
        rp.summarise(runs.sel(seed=1))
    with pytest.raises(rp.UserError, match="zenke2015: is given more than once"):
        rp.plot(runs, runs)
    beside = rp.run("zenke2015_eq15", seeds=1)
    with pytest.raises(
        rp.UserError,
        match="zenke2015_eq15: this experiment has no figure of its own, that of 'zenke2015' shows",
    ):
        rp.plot(beside)
    with pytest.raises(rp.UserError, match="beats: the figure of 'zenke2015' does not show it; allowed: zenke2015, "):
        rp.plot(runs, rp.run("beats", seeds=1))
    edited = runs.assign_attrs(parameters_digest="of another file")
    with pytest.raises(rp.UserError, match="zenke2015: its YAML file has other parameters than these runs"):
        rp.summarise(edited)


def test_values_of_numpy_are_taken_as_numbers_and_lists(in_project):
    assert plain({"a": np.int64(3), "b": np.linspace(0, 1, 2), "c": (1, 2), "d": range(2), "e": "text"}) == {
        "a": 3,
        "b": [0.0, 1.0],
        "c": [1, 2],
        "d": [0, 1],
        "e": "text",
    }
    made = rp.run("zenke2015", seeds=np.arange(2), population_size=np.int64(500), rates_Hz=np.full(5, 4.0))
    changed = {"population_size": 500, "rates_Hz": [4.0] * 5}
    assert made.seed.values.tolist() == [0, 1]
    assert json.loads(made.attrs["changed_parameters"]) == changed


@pytest.mark.parametrize("processes", [1, 2])
def test_runs_that_do_not_fit_into_memory_are_refused_after_the_first_one(processes, in_project, monkeypatch):
    # A run has 0.3 MB.
    monkeypatch.setattr(run_module, "_memory_bytes", lambda: 10**8)
    assert rp.run("zenke2015", 20, processes=processes).sizes["seed"] == 20
    with pytest.raises(rp.UserError) as caught:
        rp.run("zenke2015", 50_000, processes=processes)
    message = str(caught.value)
    assert message.startswith("zenke2015: 50000 runs or combinations need about ")
    assert "replasticity.sweep keeps the statistics of a run only" in message
    assert "\n" not in message


def test_the_history_of_many_seeds_is_short(runs):
    assert "seeds=range(0, 3)" in runs.attrs["history"]
    assert "seeds=[0, 2, 5]" in rp.run("zenke2015", [0, 2, 5]).attrs["history"]


def test_a_number_of_seeds_begins_with_the_first_one_of_the_experiment(in_project):
    assert rp.run("zenke2015", 2).seed.values.tolist() == [1001, 1002]
    assert rp.run("zenke2015", scale="quick").seed.values.tolist() == [1001, 1002, 1003]


def test_tables_are_pandas_frames_that_a_notebook_shows(in_project):
    table = rp.experiments()
    assert isinstance(table, pd.DataFrame)
    assert list(table.index) == experiments.names()
    assert table.loc["zenke2015_paper"].to_dict() == {
        "title": experiments.load("zenke2015_paper").title,
        "study": "zenke2015",
        "protocol": "zenke2015",
        "figure": "zenke2015",
    }
    assert "<td>$\\tau_H$</td>" in rp.parameters("zenke2015")._repr_html_()


def test_a_notebook_shows_tables_whole(runs):
    def cells(table):
        return re.findall(r"<td>(?:<div>)?(.*?)(?:</div>)?</td>", table._repr_html_())

    every = rp.experiments()
    shown = cells(every)
    assert shown[:: len(every.columns) + 1] == list(every.index)
    assert {html.escape(title, quote=False) for title in every.title} <= set(shown)
    # A part of a table, too.
    verdicts = rp.judge(runs)[["statement", "p", "interval", "at"]].iloc[:2]
    verdicts["p"] = [1e-12, math.nan]
    verdicts["at"] = [{"epoch": 3}, {}]
    first, second = cells(verdicts)[:5], cells(verdicts)[5:]
    assert first[:3] == [verdicts.index[0], html.escape(verdicts.statement.iloc[0], quote=False), "1e-12"]
    assert first[4] == "epoch 3"
    assert (second[2], second[4]) == ("", "")
    # An index without a name stays the row's number.
    assert "<th>0</th>" in verdicts.reset_index(drop=True)._repr_html_()


def test_parameters_are_those_of_the_yaml(in_project):
    table = rp.parameters("zenke2015", tau_H_ms=7)
    resolved = experiments.resolve("zenke2015", changes={"tau_H_ms": 7})
    assert dict(table.value) == resolved.values
    assert table.loc["tau_H_ms", "source"] == "changed here"
    assert table.loc["epoch_ms"].drop(["description", "source"]).tolist() == [
        1000.0,
        "ms",
        "",
        "> 0, a whole multiple of dt_ms",
    ]
    assert table.loc["rates_Hz", "bounds"] == "at least 1 of them, each >= 0"
    assert table.loc["rule", "bounds"] == "one of as_published, eq15"
    assert table.loc["population_size", "bounds"] == "> 0, <= 2147483647"
    for name, each in experiments.load("zenke2015").parameters:
        assert name == "tau_H_ms" or table.loc[name, "source"] == each.source
    shortened = rp.parameters("clopath2010_100s", scale="quick").source
    assert shortened["duration_ms"] == "scale 'quick' of clopath2010_100s"


def test_lists_of_different_lengths_are_filled_up_and_come_back_as_they_were(in_project, tmp_path):
    changes = {"duration_ms": 1000.0}
    resolved = experiments.resolve("izhikevich2007_cue", "standard", changes)
    contract = protocols.get(resolved.experiment.protocol).RUN
    runs = rp.run("izhikevich2007_cue", seeds=[5, 3], **changes)
    lengths = runs["length"].sel(dimension="exc_spike").values
    assert lengths[0] != lengths[1]
    assert runs.sizes["exc_spike"] == lengths.max()
    shorter = int(lengths.argmin())
    assert np.isnan(runs.exc_spike_ms.values[shorter, lengths.min() :]).all()
    assert (runs.exc_spike_index.values[shorter, lengths.min() :] == -1).all()
    assert runs.exc_spike_index.attrs["fill"] == -1
    # A file of one's own keeps all of it.
    runs.to_netcdf(tmp_path / "mine.nc")
    for dataset in (runs, xr.load_dataset(tmp_path / "mine.nc")):
        for seed, arrays in stacking.parts_of(contract, dataset):
            expected = simulation.simulate(resolved, seed)
            assert list(arrays) == list(expected)
            assert all(arrays[name].dtype == each.dtype for name, each in expected.items())
            assert all(arrays[name].tobytes() == each.tobytes() for name, each in expected.items())
    assert rp.summarise(runs).seed.values.tolist() == [3, 5]


def test_a_sweep_has_the_statistics_of_each_combination(in_project):
    found = rp.sweep(
        "zenke2015",
        seeds=[4, 2],
        tau_H_ms=[50, 200.0],
        rates_Hz=[[2.0] * 5, [3.0] * 6],
        eta_nS_s=0.5,
        post_times_ms=[501.0, 601.0],
    )
    assert dict(found.sizes) | {"dimension": 0} == {
        "tau_H_ms": 2,
        "rates_Hz": 2,
        "seed": 2,
        "pairing": 2,
        "epoch": 6,
        "dimension": 0,
    }
    assert found.rates_Hz.values.tolist() == [json.dumps([2.0] * 5), json.dumps([3.0] * 6)]
    assert found.tau_H_ms.attrs["units"] == "ms"
    changed = {"eta_nS_s": 0.5, "post_times_ms": [501.0, 601.0]}
    assert json.loads(found.attrs["changed_parameters"]) == changed
    assert not {"tau_H_ms", "rates_Hz"} & set(json.loads(found.attrs["parameters"]))
    for k, tau_H_ms in enumerate([50, 200]):
        for j, rates_Hz in enumerate([[2.0] * 5, [3.0] * 6]):
            alone = rp.summarise(rp.run("zenke2015", [2, 4], tau_H_ms=tau_H_ms, rates_Hz=rates_Hz, **changed))
            point = found.isel(tau_H_ms=k, rates_Hz=j).sel(seed=[2, 4])
            for name in protocols.get("zenke2015").STATISTICS:
                own = point[name].isel(epoch=slice(len(rates_Hz))) if "epoch" in point[name].dims else point[name]
                np.testing.assert_array_equal(own.values, alone[name].values)
    assert found["length"].sel(dimension="epoch").isel(seed=0, tau_H_ms=0).values.tolist() == [5, 6]
    assert np.isnan(found.G_late_mean_Hz.isel(rates_Hz=0, epoch=5)).all()


def test_a_parameter_that_shares_its_name_with_a_statistic_is_swept_under_another(in_project):
    values = rp.parameters("dopamine_timing").value["A_vt"]
    swept = [values, [2 * each for each in values]]
    found = rp.sweep("dopamine_timing", seeds=1, A_vt=swept)
    assert found.swept_A_vt.values.tolist() == [json.dumps(each) for each in swept]
    assert found.A_vt.dims[:2] == ("swept_A_vt", "seed")
    for place, each in enumerate(swept):
        alone = rp.summarise(rp.run("dopamine_timing", seeds=1, A_vt=each))
        np.testing.assert_array_equal(found.A_vt.isel(swept_A_vt=place), alone.A_vt)


def test_several_experiments_are_given_one_by_one_or_as_a_list_or_a_mapping(runs):
    beside = rp.run("zenke2015_eq15", seeds=2)
    figures = [
        rp.plot(runs, beside),
        rp.plot([runs, rp.summarise(beside)]),
        rp.plot({"zenke2015": runs, "zenke2015_eq15": beside}),
    ]
    drawn = [[line.get_xydata().tolist() for axes in each.axes for line in axes.lines] for each in figures]
    assert json.dumps(drawn[0]) == json.dumps(drawn[1]) == json.dumps(drawn[2])
    assert json.dumps(drawn[0]) != json.dumps(
        [line.get_xydata().tolist() for a in rp.plot(runs).axes for line in a.lines]
    )
    assert rp.judge([runs, beside]).attrs["judged_with"] == ["zenke2015_eq15"]
    with pytest.raises(rp.UserError, match="beats: the dataset under this key is of experiment 'zenke2015'"):
        rp.plot({"beats": runs})
    with pytest.raises(rp.UserError, match="at least one dataset; allowed here: "):
        rp.judge([])
    with pytest.raises(rp.UserError, match="str is no dataset; allowed here: "):
        rp.plot("zenke2015")


def test_simulating_and_judging_write_nothing_into_the_home_folder(tmp_path):
    (tmp_path / "home").mkdir()
    program = "import replasticity as rp; rp.judge(rp.run('zenke2015', seeds=2, processes=2))"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "MPL", "NUMBA_CACHE"))}
    environment = kept | {"HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_figure_leaves_matplotlib_as_it_was_and_is_not_closed(runs):
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 17.0}):
        settings, fonts = dict(mpl.rcParams), list(font_manager.fontManager.ttflist)
        figure = rp.plot(rp.summarise(runs))
        assert dict(mpl.rcParams) == settings
        assert font_manager.fontManager.ttflist == fonts
    assert isinstance(figure, Figure)
    assert figure.axes[0].xaxis.label.get_fontsize() == 8


#: Prints the modules that importing the package adds, and whether its names come when they are asked for.
LAZY = """
import sys
before = set(sys.modules)
import replasticity
print(*sorted(set(sys.modules) - before))
assert set(replasticity.__all__) <= set(dir(replasticity))
print(replasticity.UserError.__module__)
print(replasticity.run.__module__)
"""


def test_importing_the_package_loads_nothing_else():
    finished = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines() == ["replasticity", "replasticity.errors", "replasticity.interface.runs"]


def test_public_names_hide_no_module(in_project):
    import pkgutil

    assert not set(rp.__all__) & {each.name for each in pkgutil.iter_modules(rp.__path__)}
    assert set(rp.__all__) == set(rp._MODULES)
    with pytest.raises(AttributeError, match="has no attribute 'simulate'; public names: UserError, experiments, "):
        rp.simulate  # noqa: B018
