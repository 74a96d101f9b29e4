"""The netCDF contract: writing whole or not at all, and one line for every broken file."""

import os
import re
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.errors import StateError, UserError
from replasticity.pipeline import simulation
from replasticity.storage import datasets, files
from replasticity.storage.contract import Variable, build
from replasticity.storage.datasets import REQUIRED_ATTRIBUTES
from replasticity.studies.zenke2015 import protocol as homeostatic_stdp
from replasticity.study import protocols
from replasticity.units import unit_of
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def run():
    resolved = experiments.resolve("zenke2015", changes={"epoch_ms": 20.0, "pre_times_ms": [], "post_times_ms": []})
    protocol = protocols.get(resolved.experiment.protocol)
    attributes = simulation.run_attributes(resolved, seed=1)
    return datasets.as_dataset(protocol.RUN, simulation.simulate(resolved, seed=1), **attributes)


def written(dataset, tmp_path):
    datasets.write(dataset, tmp_path / "file.nc")
    return tmp_path / "file.nc"


def test_written_run_reads_back_unchanged(run, tmp_path):
    xr.testing.assert_identical(datasets.read(written(run, tmp_path), "run"), run)


def write_without_xarray(run, path):
    arrays = {str(name): variable.values for name, variable in run.variables.items()}
    datasets.write_arrays(homeostatic_stdp.RUN, arrays, run.attrs, path)


#: Both ways of writing a run, from a dataset and from arrays.
WRITERS = (datasets.write, write_without_xarray)


@pytest.mark.parametrize("epoch_ms", [20.0, 200.0])
def test_run_written_without_xarray_reads_back_the_same(tmp_path, epoch_ms):
    # Without a pairing some dimensions have no length.
    changes = {"epoch_ms": epoch_ms, "pre_times_ms": [], "post_times_ms": []}
    resolved = experiments.resolve("zenke2015", changes=changes | {"record_trains": True})
    arrays, attributes = simulation.simulate(resolved, 3), simulation.run_attributes(resolved, 3)
    datasets.write_arrays(homeostatic_stdp.RUN, arrays, attributes, tmp_path / "file.nc")
    read = datasets.read(tmp_path / "file.nc", "run")
    xr.testing.assert_identical(read, datasets.as_dataset(homeostatic_stdp.RUN, arrays, **attributes))
    assert {name: read[name].dtype for name in read.variables} == {name: arrays[name].dtype for name in arrays}
    assert read.sizes["event"] == 0


@pytest.mark.parametrize("write", [datasets.write, lambda run, path: write_without_xarray(run, path)])
def test_only_a_dimension_without_length_is_unlimited(run, tmp_path, write):
    # The library makes an unlimited dimension of every length 0: read and written again, it stays of length 0.
    write(run, tmp_path / "file.nc")
    write(datasets.read(tmp_path / "file.nc", "run"), tmp_path / "again.nc")
    for name in ("file.nc", "again.nc"):
        with netCDF4.Dataset(tmp_path / name) as file:
            dimensions = {each.name: (len(each), each.isunlimited()) for each in file.dimensions.values()}
        assert dimensions["event"] == (0, True)
        assert all(unlimited == (length == 0) for length, unlimited in dimensions.values())
    xr.testing.assert_identical(datasets.read(tmp_path / "again.nc", "run"), run)


def change_value(path):
    with netCDF4.Dataset(path, "a") as file:
        file["H_Hz"][-1] += 1e-12


def change_type(path):
    with netCDF4.Dataset(path, "a") as file:
        file.seed = np.int32(file.seed)


def change_name(path):
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("population_count", "other_count")


def change_long_name(path):
    with netCDF4.Dataset(path, "a") as file:
        file["H_Hz"].long_name = "another quantity"


def change_parameters(path):
    with netCDF4.Dataset(path, "a") as file:
        file.parameters = file.parameters.replace("100.0", "200.0")


def add_variable(path):
    with netCDF4.Dataset(path, "a") as file:
        file.createVariable("new", "f8").setncatts({"units": "1", "long_name": "a new one"})


def scale_values(path):
    with netCDF4.Dataset(path, "a") as file:
        file["H_Hz"].scale_factor = 2.0


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    "change",
    [change_value, change_type, change_name, change_long_name, change_parameters, add_variable, scale_values],
)
def test_whatever_was_changed_after_writing_is_noticed(run, tmp_path, write, change):
    write(run, tmp_path / "file.nc")
    change(tmp_path / "file.nc")
    with pytest.raises(UserError, match=r"file\.nc: was changed or damaged after it was written"):
        datasets.read(tmp_path / "file.nc", "run")


def test_simulating_imports_no_library_that_it_does_not_need(tmp_path):
    # They take longer to import than most simulations take.
    code = (
        "import sys; from replasticity.cli import main;"
        "main(['simulate', 'zenke2015', '--scale', 'quick', '-o', sys.argv[1]]);"
        "print(sorted({'xarray', 'pandas', 'scipy.stats', 'matplotlib'} & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run.nc"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"
    assert datasets.read(tmp_path / "run.nc", "run").attrs["seed"] == 1001


def test_every_variable_has_unit_and_long_name(run):
    for name, variable in run.variables.items():
        assert variable.attrs["units"] == unit_of(name)
        assert len(variable.attrs["long_name"]) > 5
    assert set(REQUIRED_ATTRIBUTES) <= set(run.attrs)


@pytest.mark.parametrize("write", WRITERS)
def test_writing_again_later_gives_equal_bytes(run, tmp_path, write):
    first, second = tmp_path / "a.nc", tmp_path / "b.nc"
    write(run, first)
    time.sleep(1.1)  # HDF5 counts time in seconds.
    write(run, second)
    assert first.read_bytes() == second.read_bytes()


def test_no_file_holds_a_time_of_day(run):
    assert not any(word in str(run.attrs) for word in ("2025", "2026", "2027", "UTC"))


def test_building_refuses_what_is_not_in_the_contract():
    with pytest.raises(KeyError, match="not in the contract"):
        build({"a_ms": Variable((), "a")}, {"b_ms": 1.0})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"a_ms": np.zeros(3), "b_ms": np.zeros((2, 4))}, "b_ms: has length 4 along 'x', others have 3"),
        ({"a_ms": np.zeros((3, 1))}, "a_ms: has 2 dimensions"),
        ({"b_ms": 0.0}, "b_ms: has 0 dimensions"),
    ],
)
def test_building_refuses_shapes_that_do_not_fit(values, text):
    contract = {"a_ms": Variable(("x",), "a"), "b_ms": Variable(("y", "x"), "b")}
    with pytest.raises(ValueError, match=re.escape(text)):
        build(contract, values)


def test_building_refuses_integers_beyond_their_type():
    contract = {"count": Variable(("bin", "neuron"), "spikes", "int8")}
    assert build(contract, {"count": [[127, -128]]})["count"].tolist() == [[127, -128]]
    for beyond in (128, -129):
        with pytest.raises(StateError, match=rf"count\[1, 0\] is {beyond}, allowed: -128 to 127"):
            build(contract, {"count": np.array([[0, 1], [beyond, 2]])})


def test_building_gives_the_types_and_the_order_of_the_contract():
    contract = {"a": Variable((), "a", "int32"), "b": Variable(("b",), "b")}
    built = build(contract, {"b": [1, 2], "a": 3})
    assert list(built) == ["a", "b"]
    assert [array.dtype for array in built.values()] == [np.int32, np.float64]


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda run: run.attrs.pop("seed") and run.attrs.pop("kind"), "no attribute 'kind'"),
        (lambda run: run.attrs.update(kind="ensemble"), "attribute 'kind' is 'ensemble', allowed here: 'run'"),
        (lambda run: run.attrs.update(parameters="{"), "attribute 'parameters' is no valid JSON"),
        (lambda run: run.attrs.update(parameters="[1]"), "attribute 'parameters' has to be a JSON object"),
        (lambda run: run["H_Hz"].attrs.pop("units"), "variable 'H_Hz' has no attribute 'units'"),
        (lambda run: run["H_Hz"].attrs.pop("long_name"), "variable 'H_Hz' has no attribute 'long_name'"),
        (lambda run: run["H_Hz"].attrs.update(units="mV"), "has units 'mV', its name promises 'Hz'"),
    ],
)
def test_broken_contract_is_told_in_one_line(run, tmp_path, damage, text):
    damaged = run.copy(deep=True)
    damage(damaged)
    with pytest.raises(UserError) as error:
        datasets.read(written(damaged, tmp_path), "run")
    message = str(error.value)
    assert text in message
    assert "file.nc" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda run: run.drop_vars("weight_nS"), "has no variable 'weight_nS'"),
        (lambda run: run.assign(weight_nS=("event", run["event_H_Hz"].values[:, 0])), "has dimensions ('event',)"),
        (lambda run: run.assign(event_kind=run["event_kind"].astype(float)), "has type float64"),
    ],
)
def test_missing_or_changed_variable_is_named(run, tmp_path, damage, text):
    with pytest.raises(UserError) as error:
        datasets.require(damage(run), homeostatic_stdp.RUN, tmp_path / "file.nc")
    assert text in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no netCDF at all", b"CDF\x01rubbish", b"\x89HDF\r\n\x1a\nrubbish"])
def test_rubbish_is_told_in_one_line(tmp_path, content):
    (tmp_path / "file.nc").write_bytes(content)
    with pytest.raises(UserError, match=r"file\.nc: (cannot be read as netCDF-4|not a file of replasticity)"):
        datasets.read(tmp_path / "file.nc", "run")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_truncated_file_is_told_in_one_line(run, tmp_path, share):
    path = written(run, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError) as error:
        datasets.read(path, "run")
    assert "file.nc: cannot be read as netCDF-4" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"file\.nc: no such file"):
        datasets.read(tmp_path / "file.nc", "run")


@pytest.mark.parametrize("write", WRITERS)
def test_failed_write_leaves_the_old_file_and_no_other(run, tmp_path, monkeypatch, write):
    path = tmp_path / "file.nc"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"file\.nc: cannot write it: No space left on device"):
        write(run, path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.nc"]


def test_killed_writer_leaves_no_file_under_the_final_name(tmp_path):
    # The process dies between the last byte and the renaming: the worst moment.
    code = (
        "import os, signal, pathlib; from replasticity.storage import files;"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL);"
        "files.write_bytes(b'x' * 10**6, pathlib.Path('final.nc'))"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert finished.returncode == -9
    assert not (tmp_path / "final.nc").exists()
    files.write_bytes(b"y", tmp_path / "final.nc")
    assert (tmp_path / "final.nc").read_bytes() == b"y"


@pytest.mark.parametrize("write", WRITERS)
def test_large_variables_are_compressed_without_loss(run, tmp_path, write):
    write(run, tmp_path / "file.nc")
    with xr.open_dataset(tmp_path / "file.nc", decode_times=False) as read:
        assert read["population_count"].encoding["zlib"]
        np.testing.assert_array_equal(read["population_count"], run["population_count"])
