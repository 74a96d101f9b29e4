"""Corrupted JSON, drawn data and costs: every command that reads one ends in one line or in success.

Half of the examples get a digest that fits what was made of them, as if they had been written by us: then the reader
has to notice by itself that the content makes no sense. Without it, whatever was changed is refused.
"""

import contextlib
import copy
import json
import shutil

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from replasticity.storage import integrity
from tests.conftest import ROOT, ZENKE
from tests.faults.fuzzing import SENSELESS, check_outcome, files, fuzz, places

pytestmark = pytest.mark.slow

EVALUATION = "results/evaluations/zenke2015.json"
REPLAY = "results/replays/zenke_seed1.json"
REFERENCE = "src/replasticity/studies/zenke2015/reference/zenke2015.json"
RECORD = "results/runs/zenke2015/seeds-1001-1002.json"
BENCHMARK = "results/benchmarks/simulate/zenke2015/seed-1001.tsv"
DRAWING = "results/figures/zenke2015.nc"
COMMITTED_DRAWING = "src/replasticity/studies/zenke2015/reference/zenke2015.nc"

CLAIMS = (("claims",), ())
CHECK = (("check", "zenke2015"), ())
REPORT = (("report", "zenke2015", "-o", "out.html"), ("out.html",))
GALLERY = (
    ("gallery", "zenke2015", "--force"),
    ("figures/README.md", *(f"figures/zenke2015.{suffix}" for suffix in ("pdf", "svg", "png")), COMMITTED_DRAWING),
)
AGGREGATE = (("aggregate", "zenke2015", "--seeds", "1001,1002", "-o", "out.nc"), ("out.nc",))

#: File -> the commands that read it, and what each may make. The report takes longest, so it comes up least often.
READERS = {
    EVALUATION: [CLAIMS, CHECK, GALLERY, REPORT],
    REPLAY: [REPORT],
    REFERENCE: [CHECK],
    RECORD: [AGGREGATE],
}
CASES = [(name, *reader) for name, readers in READERS.items() for reader in readers]
DRAWN_CASES = [(DRAWING, *CHECK), (DRAWING, *GALLERY), (DRAWING, *REPORT), (COMMITTED_DRAWING, *CHECK)]


@pytest.fixture(scope="module")
def check_file(worker):
    """Make what the commands read; return a function that spoils a file of it for one command."""
    folder = worker.folder
    commands = [("simulate", "zenke2015", "--seeds", "1001,1002"), ("aggregate", "zenke2015", "--seeds", "1001,1002")]
    for name in ZENKE[1:]:
        commands += [("simulate", name, "--seeds", "1001"), ("aggregate", name, "--seeds", "1001")]
    commands += [("evaluate", name) for name in ZENKE]
    recording = ROOT / "tests/peers/zenke/zenke_seed1.nc"
    commands += [("plot", "zenke2015"), ("replay", str(recording), "--json", REPLAY)]
    for command in commands:
        outcome = worker.run(*command, timeout_s=300)
        assert outcome["status"] == 0, outcome
    (folder / BENCHMARK).parent.mkdir(parents=True)
    (folder / BENCHMARK).write_text(
        "s\th:m:s\tmax_rss\tcpu_time\tresources\n2.5\t0:00:02\t150.0\t2.0\t{'mem_mb': 600}\n"
    )
    shutil.copy(folder / DRAWING, folder / COMMITTED_DRAWING)
    before = {path: path.read_bytes() for path in files(folder)}

    def restore():
        for path in files(folder).keys() - before.keys():
            path.unlink()
        for path, content in before.items():
            if not path.is_file() or path.read_bytes() != content:
                # A new file: the HDF5 library of the worker may still hold a lock on the one that it stumbled over.
                path.unlink(missing_ok=True)
                path.write_bytes(content)

    for _, command, makes in (*CASES, *DRAWN_CASES):
        check_outcome(worker, *command, makes=makes)
        restore()

    def check(case, corrupt):
        name, command, makes = case
        try:
            corrupt(folder / name)
            return check_outcome(worker, *command, makes=makes)
        finally:
            if (folder / name).is_dir():
                (folder / name).rmdir()
            restore()

    return check


def seal(content):
    """Return content with the digest that it would have been written with."""
    if isinstance(content, list):
        return [seal(each) for each in content]
    return integrity.sealed(content) if isinstance(content, dict) else content


def same(one, other):
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@fuzz(50)
@given(st.sampled_from(CASES), st.data())
def test_senseless_json(check_file, case, data):
    changed, sealed = False, False

    def corrupt(path):
        nonlocal changed, sealed
        before = json.loads(path.read_text())
        content = json.loads(path.read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            found = places(content)
            if not found:
                break
            *above, key = data.draw(st.sampled_from(found))
            parent = content
            for step in above:
                parent = parent[step]
            change = data.draw(st.sampled_from(["value", "value", "value", "delete", "rename", "add", "all"]))
            if change == "value":
                parent[key] = copy.deepcopy(data.draw(SENSELESS))
            elif change == "delete":
                del parent[key]
            elif change == "rename" and isinstance(parent, dict):
                parent[f"{key}s"] = parent.pop(key)
            elif change == "add" and isinstance(parent, dict):
                parent[data.draw(st.text(max_size=10))] = copy.deepcopy(data.draw(SENSELESS))
            elif change == "all":
                content = copy.deepcopy(data.draw(SENSELESS))
        changed = not same(content, before)
        # A record with a digest of its own accuses sound runs: these are then set aside, as they have to be.
        sealed = data.draw(st.booleans()) and case[0] != RECORD
        path.write_text(json.dumps(seal(content) if sealed else content))

    outcome = check_file(case, corrupt)
    if changed and not sealed and case[0] in (EVALUATION, REPLAY):
        assert outcome["status"] == 2


# fmt: off
TEXTS = st.sampled_from(
    [
        "", "null", "true", "0", '""', "[]", "{}", "[{}]", "[null]", "[[]]", "NaN", "-Infinity", "1e999999", "9" * 5000,
        '{"a": NaN}', "[" * 100_000, '{"a":' * 100_000, '{"a": 1, "a": 2}', '"\\ud800"', "\ufeff{}", "\0", "{",
        '{"seeds": [1]}', "'a'", "title: text\n", "[1, 2", '{"experiment": "zenke2015"}',
    ]
)
# fmt: on


@fuzz(30)
@given(st.sampled_from([*CASES, (BENCHMARK, *REPORT)]), st.data())
def test_damaged_text(check_file, case, data):
    def corrupt(path):
        content = bytearray(path.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["flip", "cut", "block", "append", "other", "double"]))
        if change == "flip":
            content[position] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "cut":
            del content[position:]
        elif change == "block":
            content[position : position + 64] = data.draw(st.binary(min_size=64, max_size=64))
        elif change == "append":
            content += data.draw(st.binary(min_size=1, max_size=100))
        elif change == "double":
            content *= 2
        else:
            content[:] = data.draw(TEXTS).encode("utf-8", "surrogatepass")
        path.write_bytes(content)

    check_file(case, corrupt)


def as_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1][0]} {case[0]}")
def test_folder_in_its_place(check_file, case):
    check_file(case, as_folder)


# fmt: off
ATTRIBUTES = (
    "kind", "figure", "drawn_from", "ensembles", "pictures", "title", "label", "color", "opacity", "marker", "x_scale",
    "x_limits", "y_limits", "x_ticks", "x_tick_labels", "value_limits", "color_map", "line_style", "marker_face",
)
VALUES = st.sampled_from(
    [
        "", "a\nb", "{}", "[]", "null", "{", "[" * 5000, "drawn data", "zenke2015", "line", "image", "bars", "band",
        "log", "#00000", "#zzzzzz", "$\\frac{$", "<b>", "é😀", '{"a": 1}', '{"../../x": "1"}', '{"zenke2015": null}', 0,
        -1, 2, 1e300, float("nan"), float("inf"), [1.0, 2.0], [0.0, float("nan")], [-1.0, 1.0], ["a", "b"],
    ]
)
# fmt: on


def spoil_attribute(data, node, file):
    owner = data.draw(st.sampled_from([file, node, node, *node.variables.values()]))
    present = sorted(set(owner.ncattrs()) - {"content_digest"})
    if present and data.draw(st.integers(0, 3)) == 0:
        owner.delncattr(data.draw(st.sampled_from(present)))
    else:
        owner.setncattr(data.draw(st.sampled_from([*present, *ATTRIBUTES])), data.draw(VALUES))


def spoil_values(data, node, file):
    variable = data.draw(st.sampled_from(sorted(node.variables.values(), key=lambda each: each.name)))
    place = ... if data.draw(st.booleans()) else 0
    values = [np.nan, np.inf, -np.inf, 1e300, -1e9, 0.0, 7.0]
    # A variable that was put there before may hold texts or integers only.
    if variable.dtype is str:
        values = ["", "x"]
    elif variable.dtype.kind == "i":
        values = [-(10**9), 0, 7]
    variable[place] = data.draw(st.sampled_from(values))


def spoil_name(data, node, file):
    node.renameVariable(
        data.draw(st.sampled_from(sorted(node.variables))), data.draw(st.sampled_from(["a", "x", "y", "x0", "value"]))
    )


def spoil_kind(data, node, file):
    node.kind = data.draw(
        st.sampled_from(["line", "points", "band", "bars", "segments", "vertical_lines", "image", "?"])
    )


def spoil_variable(data, node, file):
    """Add a variable of another length or type, or a group."""
    node.createDimension("other", data.draw(st.integers(1, 3)))
    name = data.draw(st.sampled_from(["x", "y", "lower", "x_edges", "new"]))
    node.createVariable(name, data.draw(st.sampled_from(["f8", "i4", str])), ("other",))


def spoil_groups(data, node, file):
    file.createGroup(data.draw(st.sampled_from(["z", "a/series_99", "new/series_01"])))


SPOILERS = (spoil_attribute, spoil_attribute, spoil_values, spoil_name, spoil_kind, spoil_variable, spoil_groups)


def digest_of(path):
    with xr.open_datatree(path, engine="netcdf4", decode_times=False) as tree:
        return integrity.of_dataset(tree.load())


@fuzz(40)
@given(st.sampled_from(DRAWN_CASES), st.data())
def test_senseless_drawn_data(check_file, case, data):
    changed, sealed = False, False

    def corrupt(path):
        nonlocal changed, sealed
        before = digest_of(path)
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            nodes = [node for panel in file.groups.values() for node in (panel, *panel.groups.values())]
            for _ in range(data.draw(st.integers(1, 2))):
                # The library refuses some changes, and there is not everything in each group.
                with contextlib.suppress(AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
                    data.draw(st.sampled_from(SPOILERS))(data, data.draw(st.sampled_from(nodes)), file)
        try:
            after = digest_of(path)
        except Exception:
            # What cannot even be read has no digest.
            return
        changed, sealed = after != before, data.draw(st.booleans())
        if sealed:
            with netCDF4.Dataset(path, "a") as file:
                file.content_digest = after

    outcome = check_file(case, corrupt)
    if changed and not sealed and case[0] == DRAWING:
        assert outcome["status"] == 2


@fuzz(40)
@given(st.sampled_from(DRAWN_CASES), st.data())
def test_damaged_bytes_of_drawn_data(check_file, case, data):
    def corrupt(path):
        content = bytearray(path.read_bytes())
        position = data.draw(st.integers(0, 4000) | st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["flip", "flip", "cut", "other"]))
        if change == "flip":
            content[position] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "cut":
            del content[position:]
        else:
            content[:] = data.draw(st.sampled_from([b"", b"CDF\x01", b"\x89HDF\r\n\x1a\n", b"text\n", b"\0" * 4096]))
        path.write_bytes(content)

    check_file(case, corrupt)
