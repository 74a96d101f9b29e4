"""Tables of measured values: read strictly, with errors and sources, and what chi-square makes of them."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from replasticity.definitions import yaml_files
from replasticity.errors import MistakeError, UserError
from replasticity.pipeline import provenance
from replasticity.plotting import measured
from replasticity.study import data

TABLE = """
name: Weight change against frequency
source: {citation: Nobody (2026). Nothing, doi: 10.1000/nothing, place: Figure 1a}
read_off: {how: digitised, note: by hand}
verified: true
columns:
  lag_ms: {meaning: post minus pre, unit: ms, role: independent, values: [10.0, 10.0, -10.0]}
  rate_Hz: {meaning: frequency, unit: Hz, role: independent, values: [1.0, 20.0, 20.0]}
  dw: {meaning: change, unit: "1", role: dependent, values: [0.1, 0.2, -0.3], errors: {sem: [0.05, 0.1, 0.2]}}
  dv: {meaning: change, unit: mV, role: dependent, values: [1.0, 2.0, 3.0], errors: {sd: [2.0, 3.0, 6.0], n: [4, 9, 4]}}
  du: {meaning: change, unit: mV, role: dependent, values: [1.0, 2.0, 3.0], errors: {sd: [2.0, 3.0, 6.0]}}
"""


@pytest.fixture
def read(tmp_path):
    def read(text=TABLE):
        path = tmp_path / "data/table.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return data.read(str(tmp_path / "statistics.py"), "table")

    return read


def test_a_table_gives_values_and_standard_errors_of_rows(read):
    table = read()
    np.testing.assert_array_equal(table["dw"], [0.1, 0.2, -0.3])
    np.testing.assert_array_equal(table.sem("dv"), [1.0, 1.0, 3.0])
    fast = table.where(rate_Hz=20.0)
    assert len(fast) == 2
    np.testing.assert_array_equal(fast.sem("dw"), [0.1, 0.2])
    np.testing.assert_array_equal(fast.where(lag_ms=-10.0)["dw"], [-0.3])
    assert len(table.where(rate_Hz=3.0)) == 0


def test_chi_square_by_hand(read):
    # (0.2 - 0.1) / 0.05 = 2, (0.1 - 0.2) / 0.1 = -1, (0.3 + 0.3) / 0.2 = 3
    found = read().chi_square("dw", [0.2, 0.1, 0.3], fitted=1)
    assert found.total == pytest.approx(14.0)
    assert found.points == 3
    assert found.reduced == pytest.approx(7.0)
    assert read().where(rate_Hz=1.0).chi_square("dw", [0.2]).total == pytest.approx(4.0)
    assert np.isnan(data.chi_square([1.0], [1.0], [0.1], fitted=1).reduced)


def test_chi_square_asks_for_errors_and_equal_shapes(read):
    with pytest.raises(UserError, match="of one shape"):
        read().chi_square("dw", [1.0, 2.0])
    with pytest.raises(UserError, match="above 0"):
        data.chi_square([1.0], [1.0], [0.0])


def test_what_a_table_has_not_is_said_in_one_line(read):
    with pytest.raises(
        MistakeError, match=r"table.yaml: no column 'rate' \(did you mean 'rate_Hz'\?\); allowed: lag_ms"
    ):
        read()["rate"]
    with pytest.raises(MistakeError, match=r"table.yaml: columns.du.errors: 'sem', or 'sd' and 'n', are needed"):
        read().sem("du")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("verified: true", "verified: perhaps", "verified: has to be a valid boolean"),
        (
            "verified: true",
            "verifyed: true",
            r"verifyed: unknown key \(did you mean 'verified'\?\); allowed: name, source",
        ),
        ("role: dependent", "role: measured", "columns.dw.role: has to be 'independent' or 'dependent'"),
        ("how: digitised", "how: guessed", "read_off.how: has to be 'table', 'text' or 'digitised'"),
        ("unit: Hz, ", "", "columns.rate_Hz.unit: is missing"),
        (
            "{sem: [0.05, 0.1, 0.2]}",
            "{sem: [0.05, 0.1]}",
            r"columns.dw.errors.sem: has to have 3 entries.*\(it has 2\)",
        ),
        ("{sem: [0.05, 0.1, 0.2]}", "{se: [0.05, 0.1, 0.2]}", "columns.dw.errors.se: unknown key.*allowed: sd, sem, n"),
        ("[0.05, 0.1, 0.2]", "[0.05, 0.1, -0.2]", "columns.dw.errors.sem.2: has to be greater than or equal to 0"),
        ("values: [1.0, 20.0, 20.0]", "values: [1.0, 20.0]", r"columns.rate_Hz.values: has to have 3 entries"),
        ("[1.0, 20.0, 20.0]", "[1.0, .nan, 20.0]", "columns.rate_Hz.values.1: has to be"),
        ("doi: 10.1000/nothing", "doi: nothing", "source.doi: "),
        ("place: Figure 1a", "plate: Figure 1a", "source.plate: unknown key"),
        ("name: Weight", "name: [Weight", "no valid YAML: line"),
        ("role: dependent", "role: independent", "columns: at least one has to be 'dependent'"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_file_and_key(read, old, new, message):
    assert old in TABLE
    everywhere = new == "role: independent"
    with pytest.raises(UserError, match=f"table.yaml: {message}") as error:
        read(TABLE.replace(old, new, -1 if everywhere else 1))
    assert "\n" not in str(error.value)


def test_unverified_numbers_say_why_they_are_believed(read):
    with pytest.raises(UserError, match=r"'read_off\.note' is needed with 'verified: false'"):
        read(TABLE.replace("verified: true", "verified: false").replace(", note: by hand", ""))
    origin = read(TABLE.replace("verified: true", "verified: false")).origin
    assert origin == (
        "Weight change against frequency: Nobody (2026). Nothing, Figure 1a (digitised; not checked against the "
        "publication itself)"
    )
    assert "not checked" not in read().origin


def test_a_missing_table_is_told_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"data/other.yaml: no such file; expected a YAML file"):
        data.read(str(tmp_path / "figure.py"), "other")


def test_measured_values_are_drawn_with_their_standard_errors(read):
    axes = Figure().subplots()
    measured.draw(axes, read().where(rate_Hz=20.0), "lag_ms", "dw", "C0", "measured", factor=100)
    (bars,) = axes.containers
    np.testing.assert_allclose(bars[0].get_xydata(), [[10, 20], [-10, -30]])
    (segments,) = bars[2]
    np.testing.assert_allclose([each[:, 1] for each in segments.get_segments()], [[10, 30], [-50, -10]])
    assert bars.get_label() == "measured (mean ± s.e.m.)"


@pytest.fixture
def digest(tmp_path, read):
    """Return a digest of a module of a study with two tables, as `provenance` takes it."""
    read()
    (tmp_path / "data/other.yaml").write_text("a: 1\n")

    def digest(code):
        path = tmp_path / "statistics.py"
        path.write_text(code)
        return provenance._key("m", path), provenance._read("m", path).code

    return digest


IMPORT = "from replasticity.study import data\n"
CASES = [
    (IMPORT + 'T = data.read(__file__, "table")\n', {"table"}),
    ("from replasticity.study.data import read\n" + 'T = read(__file__, "table")\n', {"table"}),
    (IMPORT + 'T, U = (data.read(__file__, "table"), data.read(__file__, "other"))\n', {"table", "other"}),
    (IMPORT + 'for name in ("ta" + "ble",):\n    data.read(__file__, name)\n', {"table", "other"}),
    (IMPORT + 'T = data.read(file=__file__, name="table")\n', {"table", "other"}),
    ("from replasticity.study import recordings\nDATA = recordings.read(__file__)\n", set()),
    ("x = 1\n", set()),
]


@pytest.mark.parametrize(("code", "used"), CASES)
def test_a_module_has_the_digest_of_the_tables_that_it_reads(digest, tmp_path, code, used):
    for name in ("table", "other"):
        before = digest(code)
        path = tmp_path / f"data/{name}.yaml"
        path.write_text(path.read_text() + "# a comment\n")
        assert digest(code)[1] == before[1]
        path.write_text(path.read_text() + "added: 1\n")
        # What is kept of a module is looked up by the first.
        assert digest(code)[0] != before[0]
        assert (digest(code)[1] != before[1]) == (name in used)


def test_tables_of_a_module_are_found_once(read, monkeypatch):
    table = read()
    first, second = (type(sys)(name) for name in ("first", "second"))
    first.A, first.B, second.A = table, 1, table
    assert data.tables_of(first, second) == [table]


def test_the_schema_knows_every_key():
    schema = data.Content.model_json_schema()
    assert set(schema["properties"]) == set(yaml_files.parse_yaml(TABLE, ""))
