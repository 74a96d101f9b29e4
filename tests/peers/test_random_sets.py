"""Random sets of parameters: how they are drawn, what becomes of them, and how the first difference is made smaller."""

import json

import pytest

from replasticity import testing
from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.definitions.ranges import ListOf, OneOf, Range
from replasticity.errors import StateError
from replasticity.peers import live, random_sets
from replasticity.pipeline import provenance
from replasticity.study import protocols
from replasticity.testing.subjects import Study
from tests.peers.fakes import RIGHT

RANGES = {
    "dt_ms": OneOf(0.05, 0.1, 0.2),
    "rates_Hz": ListOf(Range(0, 200, special=(0.0,)), lengths=(1, 3)),
    "epoch_ms": Range(1, 30),
    "population_size": Range(1, 40),
    "tau_H_ms": Range(1, 1e4, log=True),
    "weight_initial_nS": Range(0, 10),
}


@pytest.fixture
def base(fake, monkeypatch):
    """Return zenke2015 made short, with these ranges alone; its file for another simulator lies in no study."""
    monkeypatch.setattr(random_sets, "ranges", lambda protocol: RANGES)
    monkeypatch.setattr(provenance, "conformance_digest", str.upper)
    fake(RIGHT)
    return live.shortened("zenke2015")


def differing_if(condition):
    """Return a simulator's file that counts one spike too many under a condition."""
    return RIGHT.replace(".astype(float)", f".astype(float) + ({condition})")


def test_a_set_depends_on_its_number_alone_and_all_of_it_is_allowed(base):
    sets = [random_sets.draw(base, 1, index) for index in range(60)]
    assert sets[7] == random_sets.draw(base, 1, 7)
    assert sets[7] != random_sets.draw(base, 2, 7)
    assert len({each.seed for each in sets}) == 60
    for each in sets:
        resolved = experiments.resolve("zenke2015", base.scale, each.changes)
        steps = resolved.values["epoch_ms"] / resolved.values["dt_ms"]
        assert steps == pytest.approx(round(steps))
        assert set(each.changes) <= RANGES.keys() | base.changes.keys()
    changed = [{name for name in each.changes if each.changes[name] != base.values[name]} for each in sets]
    assert {name for names in changed for name in names} == RANGES.keys()
    # Not only the ends of its range lie on the grid.
    assert len({each.changes["epoch_ms"] for each in sets}) > 5
    assert min(map(len, changed)) <= 1
    assert max(map(len, changed)) >= 5


def test_a_set_that_would_cost_too_much_is_not_drawn(base, monkeypatch):
    monkeypatch.setattr(random_sets, "MOST_SECONDS", 0.0)
    assert random_sets.draw(base, 1, 3).changes == base.changes


def test_each_set_has_an_outcome_in_its_order_whatever_becomes_of_others(base, fake, monkeypatch):
    fake(
        RIGHT.replace(
            "    steps = ",
            "    import os\n"
            "    size = parameters['population_size']\n"
            "    if size == 11: raise NotImplementedError('size: no 11; ever')\n"
            "    if size == 12: raise FloatingPointError('out of range')\n"
            "    if size == 13: os.abort()\n"
            "    if size == 14: raise ValueError('a bug')\n"
            "    if size == 15: import time; time.sleep(60)\n"
            "    steps = ",
        )
    )
    sizes = [10, 11, 12, 13, 14, 15, 16, 10]
    sets = [random_sets.RandomSet(i, i + 1, base.changes | {"population_size": size}) for i, size in enumerate(sizes)]
    monkeypatch.setattr(random_sets, "IN_ONE_PROCESS", 5)
    counted = []
    found = random_sets.compare(base, "fake", sets, 2, counted.append, timeout_s=3.0)
    kinds = ["agrees", "no means", "differs", "differs", "differs", "differs", "agrees", "agrees"]
    assert [each.of.index for each in found] == list(range(8))
    assert [each.kind for each in found] == kinds
    assert "out of range" in found[2].note
    assert "ended by SIGABRT" in found[3].note
    assert "a bug" in found[4].note
    assert "not finished after 3 s" in found[5].note
    assert sum(counted) == 8


@pytest.mark.parametrize(
    ("theirs", "kind"), [("raise FloatingPointError('too high')", "neither"), ("steps += 0", "differs")]
)
def test_a_run_that_we_end_agrees_with_nothing_and_with_one_that_the_other_ends_too(
    base, fake, monkeypatch, theirs, kind
):
    def ends(self, parameters, inputs):
        raise StateError("H: leaves its range at 3 ms")

    monkeypatch.setattr(protocols.Protocol, "simulate", ends)
    fake(RIGHT.replace("    step, cell", f"    {theirs}\n    step, cell"))
    [found] = random_sets.compare(base, "fake", [random_sets.RandomSet(0, 1, base.changes)])
    assert found.kind == kind
    assert "H: leaves its range" in found.note


def test_what_another_simulator_draws_replaces_our_inputs(base, fake, monkeypatch):
    drawn = "step, cell = step[:4] + 1, cell[:4]"
    fake(RIGHT.replace("    return {", f"    {drawn}\n    return {{"))
    known = protocols.get("zenke2015")
    # The count is made of spikes that we did not sample.
    names = ["population_spike_step", "population_spike_cell"]
    monkeypatch.setitem(known.__dict__, "live", known.live.model_copy(update={"draws": names, "spikes": {}}))
    [compared] = live.compare_all([live.job(base, 3, "fake")], "fake")
    assert [row.quantity for row in compared] == ["population_count"]


def test_the_first_difference_is_made_smaller_and_its_file_runs_again(base, fake, tmp_path, capsys):
    fake(differing_if("parameters['population_size'] > 20 and parameters['tau_H_ms'] != 10000.0"))
    file = tmp_path / "again.yaml"
    assert (
        main(["conform", "zenke2015", "--random", "12", "--seed", "4", "-o", str(file), "--json", str(tmp_path / "j")])
        == 1
    )
    told = capsys.readouterr().out
    assert "DOES NOT AGREE (12 random sets: " in told
    content = random_sets.read_yaml(file)
    own = {name: value for name, value in content["parameters"].items() if value != base.values[name]}
    assert own == {}
    # The experiment itself is one of those that differ: nothing but the changes for a short run is left.
    assert content["parameters"] == base.changes
    assert file.read_text().startswith("# population_count: 1 apart")

    assert main(["conform", str(file)]) == 1
    assert "population_count" in capsys.readouterr().out
    assert main(["conform", str(file), "--set", "population_size=20"]) == 0
    [written] = json.loads((tmp_path / "j").read_text())
    assert (written["sets"], written["holds"], written["seed"]) == (12, False, 4)
    assert written["agrees"] + written["differs"] == 12
    assert len(written["differences"]) == written["differs"] > 0


def test_what_a_difference_needs_is_kept(base, fake):
    fake(differing_if("parameters['population_size'] < 30 and len(parameters['rates_Hz']) > 2"))
    changes = base.changes | {
        "population_size": 3,
        "rates_Hz": [10.0, 20.0, 30.0],
        "epoch_ms": 3.0,
        "weight_initial_nS": 1.23456,
    }
    [found] = random_sets.compare(base, "fake", [random_sets.RandomSet(5, 9, changes)])
    assert found.kind == "differs"
    least = random_sets.smaller(base, "fake", found)
    assert (least.of.index, least.of.seed, least.kind) == (5, 9, "differs")
    own = {name: value for name, value in least.of.changes.items() if value != base.values[name]}
    assert own == {"population_size": 3, "rates_Hz": [10.0, 20.0, 30.0]}


def test_the_gate_leaves_out_a_protocol_that_no_simulator_can_run():
    unable = [name for name in protocols.names() if not live.peers_of(name)]
    assert [random_sets.gate(name) for name in unable] == [[]] * len(unable)


def test_a_reason_for_neither_has_no_numbers(base):
    def reason(note):
        return random_sets._reason(random_sets.Outcome(random_sets.RandomSet(0, 1, {}), "neither", note, {}))

    assert reason("the rate of n2 is 1.5e+02 Hz in the second that ends at 1 ms") == (
        "the rate of n2 is ... Hz in the second that ends"
    )
    assert reason("v of neuron 3 is -2e-06 at 7 ms, allowed: 1") == "v of neuron ... is ..."


def test_reasons_are_counted_once_each(base, fake, capsys, tmp_path):
    fake("def run(parameters, inputs):\n    raise NotImplementedError('nothing; set ' + str(parameters['epoch_ms']))\n")
    assert main(["conform", "zenke2015", "--random", "6", "--json", str(tmp_path / "j")]) == 1
    told = capsys.readouterr().out
    assert "could compare nothing (6 random sets: 6 no means)" in told
    [written] = json.loads((tmp_path / "j").read_text())
    [reason] = written["reasons"]
    assert (reason["kind"], reason["sets"]) == ("no means", 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--random", "0"], "--random 0: has to be 1 or more"),
        (["--random", "2", "--processes", "0"], "--processes 0: has to be 1 or more"),
        (["--random", "2", "--seed", "-1"], "--seed -1: has to be 0 or more"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(base, capsys, arguments, message):
    assert main(["conform", "zenke2015", *arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("experiment: zenke2015\npeer: fake\nseed: 1\nparameters: {tau_H: 3}\n", "again.yaml: parameters: tau_H"),
        ("experiment: zenke2015\nseed: 1\nparameters: {}\n", "again.yaml: peer"),
        ("experiment: no\npeer: fake\nseed: 1\nparameters: {}\n", "no"),
        ("- 1\n", "again.yaml"),
    ],
)
def test_a_file_that_cannot_be_run_again_is_one_line(base, tmp_path, capsys, text, message):
    (tmp_path / "again.yaml").write_text(text)
    assert main(["conform", str(tmp_path / "again.yaml")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_file_says_all_of_a_run(base, tmp_path, capsys):
    assert main(["conform", str(tmp_path / "again.yaml"), "--random", "3"]) == 2
    assert "says all of a run" in capsys.readouterr().err


def test_the_gate_of_a_study_tries_a_few_sets_and_tells_of_the_first_that_differs(base, fake, monkeypatch):
    monkeypatch.setattr(live, "gate", lambda protocol: [])
    study = Study("zenke2015")
    [gate] = [each for each in testing.GATES if each.name == "peer"]
    assert list(gate.check(study)) == []
    fake(differing_if("parameters['epoch_ms'] != 20.0"))
    [finding] = gate.check(study)
    assert "differs on random parameters of zenke2015" in finding.wrong
    assert "--random 10 --seed 1" in finding.remedy


def test_the_few_sets_start_from_an_experiment_for_which_the_simulator_has_means(base, fake, monkeypatch):
    fake(
        RIGHT.replace(
            "    steps = ", "    if parameters['rule'] != 'eq15': raise NotImplementedError('no')\n    steps = "
        )
    )
    monkeypatch.setattr(random_sets, "IN_GATE", 2)
    [found] = random_sets.gate("zenke2015")
    assert found.experiment == experiments.of_protocol("zenke2015")[1]
    assert found.counts["agrees"] == 2
