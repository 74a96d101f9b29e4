"""Corrupted netCDF files: every command that reads one ends in one line or in success.

Never in a traceback, a crash of compiled code or a library, a hang, or a file in another place than the one asked for.
Examples are derived from the code of the tests (``derandomize``), so each run tries the same ones.
"""

import contextlib
import json

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from replasticity.storage import integrity
from tests.conftest import ROOT
from tests.faults.fuzzing import SENSELESS, check_outcome, files, fuzz, places

pytestmark = pytest.mark.slow

#: Recording -> None, or how many milliseconds of it are kept so that a replay takes a tenth of a second, and how many
#: entries of some of its dimensions. There is one of each protocol that can be replayed.
RECORDINGS = {
    "beats/beats.nc": None,
    "beats/epsp.nc": None,
    "beats/stdp_window_0.02.nc": None,
    "beats/stdp_tutorial_window.nc": None,
    "clopath/network_seed2.nc": (300.0, {}),
    "clopath/spike_pairing.nc": None,
    "dopamine/dopa_cue_seed2.nc": (300.0, {}),
    "dopamine/dopa_ten_seed2.nc": (600.0, {"chunk": 20}),
    "dopamine/dopa_timing.nc": (1000.0, {"point": 2}),
    "izhikevich/izhikevich_seed2.nc": (1000.0, {"second": 1, "step": 1000}),
    "urbanczik/single_synapse.nc": None,
    "urbanczik/learning_seed2.nc": None,
    "zenke/zenke_seed1.nc": None,
}


def excerpt(name):
    """Return the first part of a recording."""
    with xr.open_dataset(ROOT / "tests/peers" / name, decode_times=False) as recording:
        recording.load()
    if RECORDINGS[name] is None:
        return recording
    duration_ms, sizes = RECORDINGS[name]
    recording = recording.isel({dimension: slice(size) for dimension, size in sizes.items()})
    for times in [str(each) for each in recording.variables if str(each).endswith("_time") and each != "sim_time"]:
        if recording[times].ndim == 1:
            dimension = recording[times].dims[0]
            recording = recording.isel({dimension: np.flatnonzero(recording[times].values <= duration_ms)})
    parameters = json.loads(recording.attrs["parameters"])
    if "sim_time" in parameters:
        recording.attrs["parameters"] = json.dumps(parameters | {"sim_time": duration_ms})
    return recording.assign_attrs(duration_ms=duration_ms)


def recorded(name):
    return f"recordings/{name.replace('/', '_')}"


#: File -> the commands that read it ({} is the file), and what each may make.
READERS = {
    **{recorded(name): [(("replay", "{}"), ())] for name in RECORDINGS},
    "results/runs/zenke2015/seed-1001.nc": [
        (("aggregate", "zenke2015", "--seeds", "1001,1002", "-o", "out.nc"), ("out.nc",)),
        (("plot", "zenke2015", "{}", "-o", "out.svg"), ("out.svg",)),
        (
            ("simulate", "zenke2015", "--scale", "quick", "--seeds", "1001"),
            ("results/runs/zenke2015/seed-1001.nc", "results/runs/zenke2015/seeds-1001.json"),
        ),
    ],
    "results/runs/dopamine_timing/seed-1001.nc": [
        (("aggregate", "dopamine_timing", "--seeds", "1001", "-o", "out.nc"), ("out.nc",)),
        (("info", "{}"), ()),
    ],
    "results/ensembles/zenke2015.nc": [
        (("evaluate", "zenke2015"), ("results/evaluations/zenke2015.json",)),
        (("check", "zenke2015"), ()),
        (("plot", "zenke2015", "-o", "out.svg"), ("out.svg",)),
    ],
    "results/ensembles/dopamine_timing.nc": [
        (("evaluate", "dopamine_timing"), ("results/evaluations/dopamine_timing.json",)),
        (("plot", "dopamine_timing", "{}", "-o", "out.svg"), ("out.svg",)),
    ],
    "src/replasticity/studies/zenke2015/recordings/zenke_summary.nc": [
        (("evaluate", "zenke2015"), ("results/evaluations/zenke2015.json",)),
    ],
}
CASES = [(name, *reader) for name, readers in READERS.items() for reader in readers]


@pytest.fixture(scope="module")
def check_file(worker):
    """Make what the commands read; return a function that spoils a file of it for one command."""
    folder = worker.folder
    (folder / "recordings").mkdir()
    for name in RECORDINGS:
        if RECORDINGS[name] is None:
            (folder / recorded(name)).write_bytes((ROOT / "tests/peers" / name).read_bytes())
        else:
            excerpt(name).to_netcdf(folder / recorded(name))
    made = {"zenke2015": "1001,1002", "zenke2015_eq15": "1001", "zenke2015_paper": "1001", "dopamine_timing": "1001"}
    for name, seeds in made.items():
        for seed in seeds.split(","):
            outcome = worker.run("simulate", name, "--scale", "quick", "--seed", seed, timeout_s=300)
            assert outcome["status"] == 0, outcome
        assert worker.run("aggregate", name, "--seeds", seeds)["status"] == 0
    for name in made:
        assert worker.run("evaluate", name)["status"] == 0
    before = {path: path.read_bytes() for path in files(folder)}

    def restore(name, makes):
        for path in files(folder).keys() - before.keys():
            path.unlink()
        for path in {folder / each for each in (name, *makes)} & before.keys():
            # A new file: the HDF5 library of the worker may still hold a lock on the one that it stumbled over.
            path.unlink(missing_ok=True)
            path.write_bytes(before[path])

    # Each command works with the sound file; otherwise a corrupt one would say nothing.
    for name, command, makes in CASES:
        outcome = worker.run(*(part.format(name) for part in command), timeout_s=300)
        assert outcome["status"] in (0, 1), outcome
        restore(name, makes)

    def check(case, corrupt):
        name, command, makes = case
        path = folder / name
        try:
            corrupt(path)
            return check_outcome(worker, *(part.format(name) for part in command), makes=makes)
        finally:
            if path.is_dir():
                path.rmdir()
            restore(name, makes)

    return check


@fuzz(100)
@given(st.sampled_from(CASES), st.data())
def test_damaged_bytes(check_file, case, data):
    def corrupt(path):
        content = bytearray(path.read_bytes())
        change = data.draw(st.sampled_from(["flip", "flip", "flip", "block", "cut", "append", "other"]))
        # Structure is at the front and between the variables: small offsets come up more often than large ones.
        position = data.draw(st.integers(0, 4000) | st.integers(0, len(content) - 1))
        if change == "flip":
            for offset in data.draw(st.lists(st.integers(0, 2000), min_size=1, max_size=8)):
                content[min(position + offset, len(content) - 1)] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "block":
            content[position : position + 64] = data.draw(st.binary(min_size=64, max_size=64))
        elif change == "cut":
            del content[position:]
        elif change == "append":
            content += data.draw(st.binary(min_size=1, max_size=100))
        else:
            content[:] = data.draw(
                st.sampled_from([b"", b"CDF\x01", b"\x89HDF\r\n\x1a\n", b"title: text\n", b"\0" * 4096])
            )
        path.write_bytes(content)

    check_file(case, corrupt)


# fmt: off
ATTRIBUTES = (
    "kind", "experiment", "protocol", "parameters", "parameters_digest", "changed_parameters", "code_digest", "seed",
    "resolution_ms", "duration_ms", "title", "units", "long_name", "_FillValue", "scale_factor", "coordinates",
)
VALUES = st.sampled_from(
    [
        "", "../../x", "/etc/passwd", "a\nb", "{}", "[]", "null", "{", "[" * 5000, "run", "ensemble", "zenke",
        "zenke2015", '{"dt_ms": 1e300}', '{"a": NaN}', "__import__('os').system('touch evaluated')", "é😀",
        "x" * 70_000, 0, -1, 2**62, 1e300, float("nan"), float("inf"), 1e-300, [1, 2, 3], [1.0, float("nan")],
        ["a", "b"],
    ]
)
NUMBERS = st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e9, 1e9, 0, -1, -2, 2**31 - 1, 1000, 10, 7])
# fmt: on


def spoil_attribute(data, file, variable):
    owner = data.draw(st.sampled_from([file, file, variable]))
    present = sorted(owner.ncattrs())
    if present and data.draw(st.integers(0, 3)) == 0:
        owner.delncattr(data.draw(st.sampled_from(present)))
    else:
        owner.setncattr(data.draw(st.sampled_from([*present, *ATTRIBUTES])), data.draw(VALUES))


def spoil_parameter(data, file, variable):
    parameters = json.loads(file.getncattr("parameters"))
    *above, key = data.draw(st.sampled_from(places(parameters)))
    parent = parameters
    for step in above:
        parent = parent[step]
    parent[key] = data.draw(SENSELESS)
    file.setncattr("parameters", json.dumps(parameters))


def spoil_values(data, file, variable):
    """Overwrite one value or all."""
    value = data.draw(NUMBERS)
    if variable.dtype.kind in "iu":
        limits = np.iinfo(variable.dtype)
        value = int(np.clip(np.nan_to_num(value), limits.min, limits.max))
    place = ... if data.draw(st.booleans()) else (data.draw(st.sampled_from([0, -1])),) * variable.ndim
    with np.errstate(all="ignore"):
        variable[place] = np.asarray(value).astype(variable.dtype)


def spoil_length(data, file, variable):
    """Put a variable of another length, type or number of dimensions in its place."""
    values = np.atleast_1d(variable[...])
    change = data.draw(st.sampled_from(["shorter", "longer", "empty", "float", "int", "text", "flat"]))
    if change in ("shorter", "longer", "empty"):
        count = {"shorter": len(values) // 2, "longer": len(values) + 3, "empty": 0}[change]
        values = np.resize(values, (count, *values.shape[1:]))
    elif change == "flat":
        values = values.ravel()
    elif change == "text":
        values = np.array(["a"] * len(values), object)
    else:
        with np.errstate(invalid="ignore"):
            values = np.nan_to_num(values).astype({"float": np.float64, "int": np.int32}[change])
    name = variable.name
    attributes = {key: variable.getncattr(key) for key in variable.ncattrs() if key != "_FillValue"}
    file.renameVariable(name, f"old_{name}")
    dimensions = [f"new_{name}_{axis}" for axis in range(values.ndim)]
    for dimension, size in zip(dimensions, values.shape, strict=True):
        # A size of 0 would mean an unlimited dimension.
        file.createDimension(dimension, size)
    written = file.createVariable(name, str if values.dtype == object else values.dtype, dimensions)
    written.setncatts(attributes)
    written[...] = values


def spoil_name(data, file, variable):
    file.renameVariable(variable.name, data.draw(st.sampled_from(["other", "seed", "time_ms", "x"])))


SPOILERS = (spoil_attribute, spoil_parameter, spoil_values, spoil_values, spoil_length, spoil_name)


@fuzz(100)
@given(st.sampled_from(CASES), st.data())
def test_senseless_content(check_file, case, data):
    def corrupt(path):
        # In place, by the netCDF library: a sound file that holds nonsense.
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            for _ in range(data.draw(st.integers(1, 2))):
                variable = file[data.draw(st.sampled_from(sorted(file.variables)))]
                # The library refuses some changes, and there is not everything in each file.
                with contextlib.suppress(AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
                    data.draw(st.sampled_from(SPOILERS))(data, file, variable)
        if case[0].startswith("results/"):
            # As if it had been written by us: otherwise the digest alone would tell, and nothing behind it be tried.
            seal(path)

    check_file(case, corrupt)


def seal(path):
    """Give a file the digest that fits its content, if it can be read."""
    with contextlib.suppress(Exception):
        digest = integrity.of_dataset(xr.load_dataset(path, engine="netcdf4", decode_times=False))
        with netCDF4.Dataset(path, "a") as file:
            file.content_digest = digest


@pytest.mark.parametrize(
    ("recording", "variable", "message"),
    [
        ("clopath/network_seed2.nc", "traced_exc", "variable 'traced_exc' has to be an index from 0 to 9"),
        ("clopath/network_seed2.nc", "in_spike_index", "variable 'in_spike_index' has to be an index from 0 to 499"),
        ("clopath/network_seed2.nc", "in_inh_post", "variable 'in_inh_post' has to be an index from 0 to 2"),
        ("dopamine/dopa_cue_seed2.nc", "exc_post", "variable 'exc_post' has to be an index from 0 to 999"),
        ("dopamine/dopa_ten_seed2.nc", "pre_spike_index", "variable 'pre_spike_index' has to be an index from 0 to 9"),
    ],
)
def test_index_out_of_range_never_reaches_compiled_code(check_file, recording, variable, message):
    def corrupt(path):
        with netCDF4.Dataset(path, "a") as file:
            file[variable][-1] = 1_000_000

    outcome = check_file((recorded(recording), ("replay", "{}"), ()), corrupt)
    assert outcome["status"] == 2
    assert message in outcome["err"]


@pytest.mark.parametrize(
    ("recording", "neuron", "conductance"),
    [
        ("urbanczik/single_synapse.nc", ("neuron",), "g_sp"),
        ("clopath/network_seed2.nc", ("neuron",), "g_L"),
    ],
)
def test_solver_that_would_never_end_is_refused(check_file, recording, neuron, conductance):
    def corrupt(path):
        with netCDF4.Dataset(path, "a") as file:
            parameters = json.loads(file.parameters)
            owner = parameters
            for part in neuron:
                owner = owner[part]
            owner[conductance] = 2.0**49
            file.parameters = json.dumps(parameters)

    outcome = check_file((recorded(recording), ("replay", "{}"), ()), corrupt)
    assert outcome["status"] == 2
    assert "the solver's step in ms of neuron 0 is" in outcome["err"]


def classic(path):
    """Write a netCDF 3 file in its place."""
    path.unlink()
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.kind = "run"
        file.createDimension("time_ms", 3)
        file.createVariable("time_ms", "f8", ("time_ms",))[:] = [0.0, 1.0, 2.0]


def empty_netcdf(path):
    path.unlink()
    netCDF4.Dataset(path, "w").close()


def other_groups(path):
    """Write a netCDF 4 file with a group, a compound type, a text and an unlimited dimension in its place."""
    path.unlink()
    with netCDF4.Dataset(path, "w") as file:
        file.createGroup("inner").createDimension("x", 2)
        pair = file.createCompoundType(np.dtype([("a", "f8"), ("b", "i4")]), "pair")
        file.createDimension("seed", None)
        file.createVariable("seed", pair, ("seed",))
        file.createVariable("label", str, ("seed",))[0:2] = np.array(["a", "b"], object)


def reshaped(path):
    """Leave half of every dimension."""
    with xr.open_dataset(path, decode_cf=False) as file:
        halved = file.load().isel({name: slice((size + 1) // 2) for name, size in file.sizes.items()})
    path.unlink()
    halved.to_netcdf(path)
    seal(path)


def as_text(path):
    path.write_text("# not netCDF\n")


def as_folder(path):
    path.unlink()
    path.mkdir()


def as_nothing(path):
    path.unlink()


@pytest.mark.parametrize("corrupt", [classic, empty_netcdf, other_groups, reshaped, as_text, as_folder, as_nothing])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1][0]} {case[0]}")
def test_another_file_in_its_place(check_file, case, corrupt):
    check_file(case, corrupt)
