"""Each gate notices what it is there for, and says in which file, and how to mend it."""

import itertools
import sys
from types import SimpleNamespace

import pytest

from replasticity import templates, testing
from replasticity.comparison import Deviation, Tolerance
from replasticity.errors import UserError
from replasticity.judging import regression
from replasticity.peers import live, replays
from replasticity.pipeline import provenance
from replasticity.storage import places
from tests.conftest import ROOT
from tests.outside import edit

GATES = {gate.name: gate for gate in testing.GATES}

#: What is kept by the name of a study, so each test has a study of its own name.
YEARS = itertools.count(1905)


def forget_what_was_read():
    for cached in (provenance._modules, provenance.code_digest, provenance._elsewhere, provenance.kernels_digest):
        cached.cache_clear()


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Return a function that writes a study of one kind into REPLASTICITY_PATH of this process."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(places.VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    forget_what_was_read()

    def write(kind="random"):
        return templates.write_study(f"walk{next(YEARS)}", "10.1038/072294b0", kind, tmp_path)

    yield write
    forget_what_was_read()


def outcome(study, gate):
    return testing.outcome_of(GATES[gate], testing.Study(study.name))


EXPERIMENT = "experiments/NAME.yaml"

#: File, what is there, what takes its place, the gate that notices, and what it says; WHERE is the study's folder.
BROKEN = [
    ("__init__.py", "doi:10.", "doi 10", "page", "WHERE/__init__.py: leads to no equations; name a page such as"),
    ("__init__.py", "Equation:", "equations.md:", "page", "WHERE/__init__.py: names equations.md, which is not there"),
    ("__init__.py", "Equation:", "\n" * 40, "page", " lines; at most 40"),
    (EXPERIMENT, "value: 100.0", "value: -1.0", "experiments", "parameters.tau_ms.value: has to be greater than 0"),
    (EXPERIMENT, "module: NAME", "module: beats", "experiments", "figure beats is of another study"),
    (EXPERIMENT, "20.0, source: ours", "20.0, source: TODO", "sources", "parameters.rate_Hz: source 'TODO' is none"),
    (
        EXPERIMENT,
        "source: Campbell's theorem",
        "source: the paper",
        "sources",
        "claims.mean-weight: source 'the paper' is no place; say where, such as",
    ),
    (EXPERIMENT, "scales:", 'seeds_seen: "1-1002"\nscales:', "claims", "seeds_seen: 1001-1002 had been looked at"),
    (EXPERIMENT, "scales:", 'seeds_seen: "1-9"\nfirst_seed: 5\nscales:', "claims", "seeds 5-9 had been looked at"),
    (EXPERIMENT, "mean_in_range", "exact_in_range", "claims", "test exact_in_range, but seeds differ; allowed here"),
    (
        EXPERIMENT,
        "mean_in_range",
        "seeds_in_range\n    share: 0.99",
        "claims",
        "40 seeds at scale full can never show a share of 0.99; it takes 299",
    ),
    ("protocol.py", '"Duration of the run."', '""', "quantities", "protocol.py: parameter duration_ms has no"),
    ("protocol.py", "rate_Hz", "rate_hz", "quantities", "rate_hz ends in no unit that is known (it would be '1'); did"),
    ("statistics.py", '"mean weight in each half of the run"', '""', "quantities", "statistics.py: weight_mean has no"),
    ("statistics.py", '"half"', '"dimension"', "names", "statistics.py: 'dimension' is a name of the interface"),
    ("protocol.py", ', "weight": weight}', "}", "run", "protocol.py: RUN has weight, but neither sample_inputs nor"),
    ("protocol.py", "build(RUN, {", "dict({", "run", "protocol.py: spikes is int64 with 1 dimensions; RUN says int32"),
    ("statistics.py", "weight, 2)", "weight, 3)", "statistics", "weight_mean has shape (3,), DIMENSIONS says (2,)"),
    ("statistics.py", "mean()", "mean() * np.nan", "statistics", "statistics.py: weight_mean[0] is nan; it has to be"),
    (
        "statistics.py",
        '{"half": lambda p: 2}',
        "{}",
        "statistics",
        "statistics: weight_mean has the dimension 'half', but DIMENSIONS has",
    ),
    (
        "protocol.py",
        'random.generator(seed, "spikes")',
        "np.random.default_rng()",
        "bytes",
        "two runs of one seed differ",
    ),
    ("protocol.py", "generator(seed", "generator(7", "bytes", "sample_inputs gives seeds 1 and 2 the same"),
    ("protocol.py", "import numpy as np", "import numpy as np\nfrom . import statistics", "digests", "imports its"),
    ("figure.py", '"b"', '"c"', "figure", "figure.py: drawn from 1 seed: panels are lettered a, c; look.letter"),
    (
        "figure.py",
        '    look.letter(left, "a", "First seed")\n',
        "",
        "figure",
        "figure.py: drawn from 1 seed: cannot be saved as",
    ),
    ("figure.py", '[:, 1], "o"', '[2, 1:], "o"', "figure", "figure, plot, line "),
]


@pytest.mark.parametrize("kind", ["random", "deterministic"])
def test_a_new_study_passes_all_gates_but_for_its_reference(new, kind):
    study = testing.Study(new(kind).name)
    statuses = {gate.name: testing.outcome_of(gate, study).status for gate in testing.GATES}
    others = {"recordings": testing.NOTHING, "peer": testing.NOTHING, "reference": "missing"}
    assert statuses == dict.fromkeys(GATES, testing.OK) | others
    assert sum(len(path.read_text().splitlines()) for path in study.folder.rglob("*.*")) <= 150


@pytest.mark.parametrize(("file", "old", "to", "gate", "said"), BROKEN, ids=[f"{b[3]}-{b[4][:40]}" for b in BROKEN])
def test_a_gate_says_what_is_wrong_and_where(new, file, old, to, gate, said):
    study = new()
    edit(study / file.replace("NAME", study.name), old.replace("NAME", study.name), to)
    if gate == "sources":
        edit(study / f"experiments/{study.name}.yaml", "kind: ours", "kind: published")
    broken = outcome(study, gate)
    assert broken.status == "FAILED"
    assert said.replace("WHERE", str(study)) in "\n".join(map(str, broken.findings))


def test_a_stray_file_is_named(new):
    study = new()
    (study / "helpers.py").write_text("")
    (study / "peer_nest.py").write_text("")
    (finding,) = outcome(study, "files").findings
    assert str(finding).startswith(f"{study}/helpers.py: not a file of a study; a reader expects protocol.py, model.py")


def test_a_mistake_in_a_study_is_said_of_its_line_and_the_other_gates_go_on(new):
    study = new()
    edit(study / "protocol.py", "    weight = course", "    {}['nothing']\n    weight = course")
    number = (study / "protocol.py").read_text().partition("{}['nothing']")[0].count("\n") + 1
    for gate in ("files", "page", "experiments", "sources", "claims", "quantities", "names", "digests"):
        assert outcome(study, gate).status == testing.OK
    for gate in ("run", "statistics", "bytes", "compiled", "figure"):
        (finding,) = outcome(study, gate).findings
        assert f"replasticity.studies.{study.name}.protocol, simulate, line {number} fails (KeyError: " in str(finding)


def test_compiled_code_that_does_something_else_than_python_is_noticed(new):
    study = new()
    edit(study / "model.py", "weight[step] = now", "weight[step] = now + (np.int8(127) + np.int8(1))")
    (finding,) = outcome(study, "compiled").findings
    assert str(finding).startswith(f"{study}/protocol.py: weight differs between compiled code and the same code in")


def test_a_mistake_that_ends_several_gates_is_one_failure(new):
    study = new()
    edit(study / f"experiments/{study.name}.yaml", "value: 100.0", "value: -1.0")
    other = study / "experiments/other.yaml"
    other.write_text("protocol: nothing\n")
    found = {outcome.gate.name: outcome for outcome in testing.verify(study.name)}
    assert [name for name, each in found.items() if each.status == "FAILED"] == ["experiments"]
    assert len(found["experiments"].findings) == 2
    ended = ["sources", "claims", "run", "statistics", "bytes", "compiled", "figure", "reference"]
    assert [name for name, each in found.items() if each.status == testing.NOT_LOOKED_AT] == ended


def test_code_that_takes_too_long_without_a_compiler_is_noticed(new, monkeypatch):
    study = new()
    monkeypatch.setattr("replasticity.testing.gates._LONGEST_INTERPRETED_S", 0.01)
    (finding,) = outcome(study, "compiled").findings
    assert str(finding).endswith("without a compiler; let SHORTEST, or SHORTEST_IN_PYTHON, shorten the run")


def write_reference(study, moved_by):
    looked_at = testing.Study(study.name)
    resolved = looked_at.references(study.name)[study / "reference" / f"{study.name}.json"]
    ensemble = looked_at.ensemble(resolved, [1001, 1002])
    ensemble["weight_mean"] += moved_by
    return regression.write_reference(resolved, ensemble)


def test_a_reference_is_missing_then_agrees_and_is_noticed_when_it_does_not(new):
    study = new()
    missing = outcome(study, "reference")
    assert missing.status == "missing"
    assert not missing.holds
    assert f"'python -m replasticity accept-reference {study.name} --scale standard'" in str(missing.findings[0])
    write_reference(study, 0.0)
    assert outcome(study, "reference").status == testing.OK
    write_reference(study, 1e-6)
    assert "seed 1001 gives other statistics now: weight_mean" in str(outcome(study, "reference").findings[0])
    edit(study / f"experiments/{study.name}.yaml", "value: 20.0", "value: 21.0")
    assert "of other parameters than the experiment has: rate_Hz" in str(outcome(study, "reference").findings[0])


def test_a_recording_that_does_not_replay_is_noticed(monkeypatch, in_project):
    wrong = Deviation("weight", 1, None, 1.0, 1.0, Tolerance(), False, "")
    monkeypatch.setattr(replays, "replay", lambda path: (None, [wrong]))
    found = testing.outcome_of(GATES["recordings"], testing.Study("zenke2015"))
    assert found.status == "FAILED"
    assert "zenke_seed1.nc: does not replay: weight; 'python -m replasticity replay " in "\n".join(
        map(str, found.findings)
    )


def test_a_simulator_beside_ours_that_does_not_agree_is_noticed(new, monkeypatch):
    study = new()
    assert outcome(study, "peer").status == testing.NOTHING
    (study / "peer_nest.py").write_text("")
    for holds in (True, False):
        conformance = SimpleNamespace(holds=holds, peer="NEST 3.10.0", experiment=study.name)
        monkeypatch.setattr(live, "gate", lambda protocol, found=conformance: [found])
        assert outcome(study, "peer").holds is holds
    (finding,) = outcome(study, "peer").findings
    assert str(finding).startswith(f"{study}/peer_nest.py: NEST 3.10.0 does not agree on {study.name}; 'python -m")


def test_a_study_that_is_not_there_is_refused_with_those_that_are(in_project):
    with pytest.raises(UserError, match=r"zenke2051: no such study \(did you mean 'zenke2015'\?\); allowed: "):
        testing.Study("zenke2051")
