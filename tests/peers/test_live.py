"""Other simulators beside ours: what becomes of what a study's file returns, and of its mistakes.

Most of them are no simulators: plain Python files that are run by this very Python. The real ones are at the end.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.errors import MistakeError, PeerUnavailableError, UnsupportedError, UserError
from replasticity.peers import live
from replasticity.pipeline import provenance
from replasticity.study import protocols
from replasticity.study.recordings import Bound
from tests.peers.fakes import LIVE, RIGHT


def changed(line):
    """Return that code with a line before it returns what it has."""
    return RIGHT.replace("    return {", f"    {line}\n    return {{")


def compared():
    return {row.quantity: row for row in live.compare(live.shortened("zenke2015"), 3, "fake")}


def failing(error=UserError, **limits):
    """Return the line in which a run ends that fails, and the log that it names."""
    with pytest.raises(error) as raised:
        live.run(live.shortened("zenke2015"), 3, "fake", **limits)
    assert len(str(raised.value).splitlines()) == 1
    named = [Path(word) for word in str(raised.value).split() if word.endswith(".log")]
    return str(raised.value), "".join(log.read_text() for log in named)


def test_another_simulator_gets_our_parameters_and_inputs_and_its_run_has_our_names(fake):
    fake(RIGHT)
    theirs = live.run(live.shortened("zenke2015"), 3, "fake")
    said = {name: theirs.attrs[name] for name in ("simulator", "simulator_version", "experiment", "protocol", "seed")}
    assert said == {
        "simulator": "Fake",
        "simulator_version": np.__version__,
        "experiment": "zenke2015",
        "protocol": "zenke2015",
        "seed": 3,
    }
    assert json.loads(theirs.attrs["parameters"])["population_size"] == 30
    assert theirs["population_count"].dims == ("step",)
    assert theirs.sizes["step"] == 400
    assert theirs.sizes["population_spike"] == theirs["population_count"].sum() > 50
    assert "spikes of the population" in theirs["population_count"].attrs["long_name"]


def test_equal_variables_hold_and_a_spike_list_is_one_quantity(fake):
    fake(RIGHT)
    found = compared()
    assert set(found) == {"population_spike", "population_count"}
    assert (found["population_spike"].unmatched, found["population_spike"].holds) == (0, True)
    assert found["population_spike"].compared > 50
    assert (found["population_count"].compared, found["population_count"].absolute) == (400, 0.0)


def test_spikes_that_differ_are_counted_in_whatever_order_they_come(fake):
    fake(changed("step, cell = step[:0:-1] + (np.arange(len(step) - 1) == 5), cell[:0:-1]"))
    found = compared()
    # The first one is missing, and another one comes a step later.
    assert (found["population_spike"].unmatched, found["population_spike"].holds) == (3, False)


@pytest.mark.parametrize(("late_ms", "unmatched"), [(1e-9, 0), (0.1, 80)])
def test_a_time_of_a_spike_counts_in_steps(fake, monkeypatch, late_ms, unmatched):
    # Samples stand for spikes here: one each ms.
    live_data = LIVE.model_copy(update={"spikes": {"sample": ["time_ms"]}, "tolerances": []})
    monkeypatch.setitem(protocols.get("zenke2015").__dict__, "live", live_data)
    fake(f"import numpy as np\n\n\ndef run(parameters, inputs):\n    return {{'time_ms': np.arange(40) + {late_ms}}}\n")
    assert [(row.quantity, row.compared, row.unmatched) for row in compared().values()] == [("sample", 40, unmatched)]


@pytest.mark.parametrize(("deviation", "holds"), [(0.4, True), (0.6, False)])
def test_a_variable_may_differ_by_its_tolerance_and_no_more(fake, deviation, holds):
    fake(RIGHT.replace(".astype(float)", f" + {deviation} * (np.arange(steps) == 7)"))
    row = compared()["population_count"]
    assert row.absolute == pytest.approx(deviation)
    assert row.holds is holds


def test_a_variable_without_a_tolerance_has_to_be_equal(fake):
    fake(RIGHT.replace("    return {", '    return {\n        "weight_final_nS": 1e-300,'))
    assert compared()["weight_final_nS"].holds is False


def test_another_shape_and_what_is_missing_do_not_hold(fake):
    fake(RIGHT.replace(".astype(float)", "[1:]").replace('"population_spike_cell": cell,', ""))
    found = compared()
    assert (found["population_count"].holds, found["population_count"].note) == (False, "shape (400,) against (399,)")
    assert found["population_spike"].note == "'population_spike_cell' is not given"
    fake(RIGHT.replace("cell,\n", "cell[1:],\n").replace('"population_count"', '"weight_nS"'))
    found = compared()
    assert "of one length" in found["population_spike"].note
    assert (found["population_count"].holds, found["population_count"].note) == (False, "is not given")


def test_a_variable_that_no_run_has_is_a_mistake_of_the_file(fake):
    fake(RIGHT.replace('"population_count"', '"population_counts"'))
    line, _ = failing(MistakeError)
    assert "peer_fake.py: run() returns 'population_counts', no variable of a run; allowed: time_ms, " in line


def test_a_bound_for_what_no_run_has_is_a_mistake(fake, monkeypatch):
    fake(RIGHT)
    wrong = LIVE.model_copy(update={"tolerances": [Bound(variables=["weights"])]})
    monkeypatch.setitem(protocols.get("zenke2015").__dict__, "live", wrong)
    with pytest.raises(MistakeError, match="'zenke2015': live: a run has no variable 'weights'"):
        compared()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def run(parameters, inputs):\n    return {}['C_m']\n", "line 3: KeyError: 'C_m'"),
        ("def run(parameters, inputs):\n    raise ValueError('one\\ntwo')\n", "line 3: ValueError: one two"),
        ("def run(parameters):\n    return {}\n", "TypeError: run() takes 1 positional argument but 2 were given"),
        ("def walk(parameters, inputs):\n    return {}\n", "has no attribute 'run'"),
        ("def run(:\n", "SyntaxError: invalid syntax (peer_fake.py, line 2)"),
        ("def run(parameters, inputs):\n    return []\n", "run() returns list; expected a dict of name to array"),
        ("def run(parameters, inputs):\n    return {'H_Hz': 'high'}\n", "'H_Hz' of type <U4; expected numbers"),
        (
            "import no_simulator\n",
            "No module named 'no_simulator'; if the simulator is to blame, 'python -m replasticity peers ",
        ),
        ("import sys\nprint('SLI error', file=sys.stderr)\nsys.exit(4)\n", "Fake 0: SLI error; "),
        ("import os\nos.abort()\n", "ended by SIGABRT"),
        ("import os\nos._exit(0)\n", "it printed no error"),
    ],
)
def test_a_file_that_fails_ends_in_one_line_that_names_it_and_all_that_it_printed(fake, code, reason):
    environment = fake("print('NEST says much')\n" + code)
    line, log = failing()
    reason = reason.replace("Fake 0", environment.label)
    assert "peer_fake.py in Fake" in line
    assert reason in line
    assert "NEST says much" in log or "SyntaxError" in log or "abort" in code or "_exit" in code


def test_what_a_simulator_has_no_means_for_is_told_and_left_out_by_the_gate(fake, capsys):
    fake(changed("if parameters['rule'] == 'eq15': raise NotImplementedError('rule: no eq15')"))
    assert main(["conform", "zenke2015_eq15", "--short"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(f"peer_fake.py in Fake {np.__version__}: rule: no eq15")
    rules = [each.parameters["rule"] for each in live.gate("zenke2015")]
    assert rules == ["as_published"] * len(rules)
    assert len(rules) > 1
    fake("def run(parameters, inputs):\n    raise NotImplementedError('nothing')\n")
    with pytest.raises(UnsupportedError, match="nothing"):
        live.gate("zenke2015")


def test_a_run_that_takes_too_long_is_ended_with_what_it_started(fake, tmp_path):
    pid = tmp_path / "pid"
    fake(
        "import subprocess, pathlib, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    line, _ = failing(timeout_s=3.0)
    assert "not finished after 3 s" in line
    state = Path(f"/proc/{pid.read_text()}/stat")
    # Nobody may have waited for it yet.
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_nothing_of_ours_and_nothing_of_the_user_reaches_the_simulator(fake, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    facts = "sys.path[0], os.environ['HOME'], os.environ.get('PYTHONPATH'), os.getcwd()"
    fake(f"import os, sys\nraise ValueError([{facts}])")
    line, _ = failing()
    assert f"'{tmp_path / 'cache/peers/home'}', None, '" in line
    assert f"['{tmp_path}'" not in line
    assert str(Path.cwd()) + "'" not in line
    assert not list(tmp_path.glob("__pycache__"))


def test_conform_prints_what_differs_over_all_seeds_and_its_status_says_whether_anything_does(
    fake, tmp_path, capsys, monkeypatch
):
    fake(RIGHT)
    # The file lies in no study.
    monkeypatch.setattr(provenance, "conformance_digest", str.upper)
    command = ["conform", "zenke2015", "--short", "--seeds", "3-4"]
    assert main([*command, "--json", str(tmp_path / "c.json")]) == 0
    told = capsys.readouterr().out
    assert "agrees (seed 3-4, 0 of " in told
    [written] = json.loads((tmp_path / "c.json").read_text())
    assert (written["holds"], written["seeds"], written["parameters"]["population_size"]) == (True, [3, 4], 30)
    counts = {row["quantity"]: row["compared"] for row in written["quantities"]}
    assert counts["population_count"] == 800
    assert written["code_digest"] == "ZENKE2015"


def test_a_quantity_has_to_hold_in_every_seed_and_the_first_in_which_it_does_not_is_named(fake, capsys):
    resolved = experiments.resolve("zenke2015", "quick", LIVE.short | LIVE.parameters)
    inputs = protocols.get("zenke2015").sample_inputs(resolved.parameters, 4)
    count = len(inputs["population_spike_step"])
    fake(changed(f"step = step + (len(step) == {count})"))
    assert main(["conform", "zenke2015", "--short", "--seeds", "3-5"]) == 1
    told = capsys.readouterr().out
    assert "DOES NOT HOLD   seed 4" in told
    assert "DOES NOT AGREE (seed 3-5, " in told


def test_a_simulator_that_is_not_installed_is_one_line_that_says_how_to(fake, capsys):
    environment = fake(RIGHT)
    (environment.folder / "installed.json").unlink()
    assert main(["conform", "zenke2015"]) == 2
    assert (
        "was not installed to the end; 'python -m replasticity peers install fake' does it" in capsys.readouterr().err
    )
    assert main(["conform", "zenke2015", "--peer", "fake==0.1"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == "error: Fake 0.1 is not installed; 'python -m replasticity peers install fake --fake 0.1' does it"
    with pytest.raises(PeerUnavailableError):
        live.gate("zenke2015")


def test_a_broken_environment_is_one_line_that_says_what_mends_it(fake, capsys):
    environment = fake(RIGHT)
    environment.python.unlink()
    assert main(["conform", "zenke2015", "--short"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "is broken (No such file or directory); 'python -m replasticity peers install fake' makes it again" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peer", "neuron"], "no simulator 'neuron'; allowed: fake"),
        (["--peer", "fake==../x"], "fake: '../x' is no version"),
        (["--timeout", "0"], "--timeout 0: has to be more than 0 s"),
        (["--set", "tau_H_ms=-1"], "tau_H_ms"),
    ],
)
def test_what_conform_cannot_do_is_one_line(fake, capsys, arguments, message):
    fake(RIGHT)
    assert main(["conform", "zenke2015", *arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_protocol_that_no_other_simulator_can_run_is_told(in_project, monkeypatch, capsys):
    monkeypatch.setattr(protocols.Protocol, "live_peers", {})
    assert main(["conform", "zenke2015"]) == 2
    assert "no other simulator can run protocol" in capsys.readouterr().err
    assert live.gate("zenke2015") == []


def test_a_file_may_import_another_one_beside_it_which_hides_no_library(fake, tmp_path):
    (tmp_path / "peer_right.py").write_text(RIGHT)
    (tmp_path / "statistics.py").write_text("raise ValueError('of the study')\n")
    fake("import statistics\nfrom peer_right import run\n")
    assert all(row.holds for row in compared().values())
