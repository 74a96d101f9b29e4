"""The benchmarks' own arithmetic, texts and tools. No time is asserted, and no other simulator is needed."""

import ast
import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import (
    compare,
    first_call,
    growth,
    limit_rows,
    limits,
    measuring,
    network_growth,
    pipeline,
    side_by_side,
)
from replasticity.definitions import experiments
from replasticity.equations import homeostatic_stdp, pair_stdp
from replasticity.models import pair_stdp as pair_stdp_model
from replasticity.numerics import runge_kutta_fehlberg
from replasticity.pipeline import costs

ROOT = Path(__file__).parents[2]


# Measuring --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_growth_exponent_of_a_power_law(exponent):
    sizes = np.array([10.0, 100.0, 5000.0])
    assert measuring.growth_exponent(sizes, 3.0 * sizes**exponent) == pytest.approx(exponent, abs=1e-12)


def test_a_fixed_cost_hides_growth_from_the_fit_and_not_from_the_steepest_exponent():
    sizes = np.array([1.0, 10.0, 100.0, 1000.0])
    costs = 1e4 + sizes**2
    assert measuring.growth_exponent(sizes, costs) < 1.1
    assert measuring.steepest_exponent(sizes, costs) > 1.5


def test_ratio_is_that_of_the_medians_with_the_range_over_pairs():
    assert measuring.ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == (2.0, 2.0, 3.0)


def test_candidates_alternate_and_the_first_round_does_not_count():
    order = []

    def candidate(name):
        def measured():
            order.append(name)
            return {"s": float(len(order))}

        return measured

    values = measuring.alternate({"A": candidate("A"), "B": candidate("B")}, 2)
    assert "".join(order) == "BAABBA"
    assert values == {"A": {"s": [3.0, 6.0]}, "B": {"s": [4.0, 5.0]}}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.0"), (0.012345, "0.0123"), (1.2345, "1.23"), (1234.5, "1,234"), (1e-7, "1.00e-07"), (math.inf, "inf")],
)
def test_numbers_have_three_digits(value, shown):
    assert measuring.number(value) == shown


def test_a_process_is_measured_and_a_failing_one_tells_what_it_said():
    process = measuring.run([sys.executable, "-c", "print('{\"a\": 1}')"])
    assert process.last_json() == {"a": 1}
    assert process.peak_MB > 1
    assert process.wall_s > 0
    with pytest.raises(measuring.FailedError, match="exit status 3\nwhy"):
        measuring.run([sys.executable, "-c", "print('why'); raise SystemExit(3)"])


def test_memory_is_that_of_the_child_and_not_of_this_process():
    ballast = np.ones(40_000_000)
    small, large = (measuring.run([sys.executable, "-c", f"x = b'x' * {size}"]) for size in (1, 200_000_000))
    assert small.peak_MB < 100 < ballast.nbytes / 1e6
    assert 190 < large.peak_MB - small.peak_MB < 210


# Limits -----------------------------------------------------------------------------------------------


def _every_second(x, i):
    return 3.0 * x[2 * i + 1] / 7.0


def test_operations_are_counted_through_calls_and_without_indices_and_constants():
    assert limits.operations(_every_second) == limits.Operations(1, 1, 0)
    assert limits.operations(homeostatic_stdp.decay_secretory_factor) == limits.Operations(1, 0, 0)
    assert limits.operations(pair_stdp.clip_weight) == limits.Operations(0, 0, 0)
    # (t - last) / tau and two products; one exponential.
    assert limits.operations(homeostatic_stdp.decay_traces) == limits.Operations(3, 1, 1)
    # y + (1 / 4) h k1.
    assert limits.operations(runge_kutta_fehlberg.stage_2) == limits.Operations(3, 0, 0)


def test_operations_are_multiplied_by_how_often_a_function_is_needed():
    functions = {"equations.homeostatic_stdp.decay_traces": 2, "numerics.runge_kutta_fehlberg.stage_2": 0.5}
    assert limits.counted(functions) == limits.Operations(7.5, 2, 2)


@pytest.mark.parametrize("row", limit_rows.ROWS, ids=lambda row: row.name)
def test_every_row_names_functions_that_exist_and_parameters_that_fit(row):
    assert [each.name for each in limit_rows.ROWS].count(row.name) == 1
    for path in (row.timed, *row.functions):
        assert callable(limits._attribute(path)[2])
    for changes in (row.changes, row.without or {}):
        experiments.resolve(row.experiment, "standard", dict(changes))
    assert not (row.accesses and row.memory is None)


@pytest.mark.slow
@pytest.mark.parametrize("row", limit_rows.ROWS, ids=lambda row: row.name)
def test_what_a_row_counts_happens_in_its_run_and_less_often_in_the_other(row):
    _, done = limits.timed_run(row, row.changes)
    assert row.count(done) > 0
    assert row.memory is None or sum(array.nbytes for array in row.memory(done)) > 0
    if row.without is not None:
        _, other = limits.timed_run(row, row.without)
        assert row.count(other) < 0.01 * row.count(done)


def _row(**changes):
    """Return a row of the window: two events for each synapse."""
    window = {row.name: row for row in limit_rows.ROWS}["stdp_window, synaptic event"]
    return dataclasses.replace(window, **changes)


def test_a_timed_run_knows_the_calls_and_leaves_the_function_in_its_place():
    function = pair_stdp_model.simulate
    seconds, done = limits.timed_run(_row(), {"differences_ms": [1.0, 2.0, 3.0]})
    assert seconds > 0
    assert pair_stdp_model.simulate is function
    assert done.parameters.differences_ms == [1.0, 2.0, 3.0]
    assert len(done.result["dw"]) == 3
    assert len(done.calls) == 1
    assert done.first.outcome.event_count.tolist() == [2, 2, 2]
    assert _row().count(done) == 6


def test_the_function_is_in_its_place_after_a_run_that_fails(monkeypatch):
    function = pair_stdp_model.simulate
    monkeypatch.setattr(pair_stdp_model, "make_trains", None)
    with pytest.raises(TypeError):
        limits.timed_run(_row(), {})
    assert pair_stdp_model.simulate is function


def test_a_function_without_a_protocol_is_called_by_itself():
    row = {row.name: row for row in limit_rows.ROWS}["izhikevich2007, random number"]
    _, done = limits.timed_run(row, {})
    assert row.count(done) == len(done.first.numbers)
    assert 0.4 < done.first.numbers.mean() < 0.6


def test_what_the_run_without_events_takes_is_subtracted(monkeypatch):
    # The first run of each kind does not count; the shortest of the others does.
    seconds = {1: iter([1.0, 7.0, 5.0, 6.0]), 0: iter([0.5, 2.5, 2.0, 3.5])}

    def timed_run(row, changes):
        return next(seconds[changes["events"]]), limit_rows.Done(changes, [np.zeros(100)], {})

    monkeypatch.setattr(limits, "timed_run", timed_run)
    monkeypatch.setattr(limits, "memory", lambda size: {"size": size})
    row = _row(
        changes={"events": 1},
        without={"events": 0},
        count=lambda done: 1000 if done.parameters["events"] else 400,
        memory=lambda done: (done.first,),
    )
    measured = limits.measure_row(row, 3)
    assert measured["ns"] == pytest.approx((5.0 - 2.0) / 600 * 1e9)
    assert measured["count"] == 600
    assert measured["bytes"] == measured["memory"]["size"] == 800


def test_limits_of_a_row():
    can = {
        "operations_per_ns": 10.0,
        "division_ns": 0.5,
        "exponential_ns": 3.0,
        "integer_product_ns": 2.0,
        "dependent_operation_ns": 1.5,
        "dependent_exponential_ns": 8.0,
    }
    one = {
        "memory": {"GB_per_s": 20.0, "independent_ns": 4.0},
        "operations": {"simple": 30.0, "divisions": 2.0, "exponentials": 1.0},
    }
    row = _row(moved_bytes=40, accesses=0.5, integer_products=1, chain=(2, 1))
    assert limits.limits_ns(row, one, can) == {"moving": 2.0, "accesses": 2.0, "arithmetic": 7.0, "chain": 11.0}
    integers = limits.limits_ns(dataclasses.replace(row, integer_products=5, chain=None), one, can)
    assert integers["arithmetic"] == 10.0
    assert math.isnan(integers["chain"])


def test_memory_and_machine_are_measured():
    for size in (0, 2**16):
        assert min(limits.memory(size).values()) > 0
    # A chain waits for each of its accesses, which takes longer than to have several under way.
    far = limits.memory(2**25)
    assert far["dependent_ns"] > far["independent_ns"]


def test_the_cue_network_without_synapses_has_neither_events_nor_denormal_currents():
    row = {row.name: row for row in limit_rows.ROWS}["izhikevich2007_cue, neuron and step"]
    _, done = limits.timed_run(row, network_growth.WITHOUT_SYNAPSES)
    neurons = done.first.network.neurons
    assert limit_rows._dopamine_events(done) == 0
    assert done.first.network.cursor[0]["spikes"] > 0
    for current_pA in (neurons.I_exc_pA, neurons.I_inh_pA):
        assert np.all((current_pA == 0) | (current_pA > np.finfo(float).tiny))


def test_the_growing_network_has_events_only_if_it_is_connected():
    connected, alone = (network_growth.run_once(200, "slice", connected=each) for each in (True, False))
    assert connected.events > 0
    assert alone.events == 0
    assert alone.spikes > 0


# Peers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", sorted((ROOT / "benchmarks" / "peers").glob("*.py")), ids=lambda path: path.name)
def test_drivers_compile_and_know_the_parameters_that_they_read(driver):
    tree = ast.parse(driver.read_text())
    experiments = [peer for peer in side_by_side.PEERS if peer.driver == driver.name]
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p"
    }
    for peer in experiments:
        assert read
        assert read <= set(side_by_side.resolve(peer).values)


def test_every_driver_has_a_peer():
    used = {peer.driver for peer in side_by_side.PEERS} | {"exchange.py", "brian2_mode.py"}
    assert used == {path.name for path in side_by_side.DRIVERS.glob("*.py")}


@pytest.mark.parametrize("inputs_given", [False, True])
def test_a_job_holds_parameters_and_only_the_inputs_that_are_given(tmp_path, inputs_given):
    peer = side_by_side.PEERS[0]
    side_by_side.write_job(peer, 1, inputs_given, tmp_path / "code", tmp_path / "job.npz")
    with np.load(tmp_path / "job.npz") as job:
        assert json.loads(str(job["parameters"]))["tau_H_ms"] == side_by_side.resolve(peer).values["tau_H_ms"]
        assert ("population_spike_step" in job) == inputs_given
        assert ("population_spike_cell" in job) == inputs_given


def test_deviation_and_unmatched_spikes():
    assert side_by_side.deviation(np.array([1.0, 2.0]), np.array([1.5, 2.0])) == 0.5
    assert side_by_side.deviation(np.zeros(2), np.zeros(3)) == math.inf
    cells = np.array([0, 1])
    assert side_by_side.unmatched([np.array([5, 6]), cells], [np.array([5, 7]), cells]) == 2
    assert side_by_side.unmatched([np.array([5, 6]), cells], [np.array([6, 5]), cells[::-1]]) == 0


# The report -------------------------------------------------------------------------------------------


def _results():
    """Return numbers of all parts, as `measure` gives them."""
    quantities = {"simulate_s": [2.0, 3.0], "process_s": [4.0, 5.0], "peak_MB": [100.0, 100.0]}
    rows = [
        {
            "experiment": "zenke2015",
            "peer": "Brian2 (cpp_standalone)",
            "inputs_given": True,
            "aims": {"simulate_s": 2, "process_s": 2},
            "ours": quantities | {"simulate_s": [1.0, 1.0]},
            "theirs": quantities,
            "first_process_s": {"ours": 4.0, "theirs": 30.0},
            "agreement": {"weight [nS]": 1e-15},
        }
    ]
    alone = {"draw_s": [0.1], "run_s": [0.2]}
    curve = {"size": [1, 10, 100], "seconds": [1.0, 10.0, 100.0], "MB": [50.0, 50.0, 50.0]}
    memory = {"GB_per_s": 100.0, "dependent_ns": 5.0, "independent_ns": 2.0}
    # Multiples of all limits, for rows of any kind.
    one = {
        "ns": 1000.0,
        "count": 10,
        "bytes": 100,
        "memory": memory,
        "operations": {"simple": 1000.0, "divisions": 2.0, "exponentials": 100.0},
    }
    parts = {
        "peers": {
            "versions": ["NEST 0"],
            "rows": rows,
            "alone": {"izhikevich2007_cue": alone, "izhikevich2007": alone},
        },
        "limits": {
            "machine": {
                "memory": {"16 kB": memory, "256 MB": memory},
                "operations_per_ns": 10.0,
                "division_ns": 0.5,
                "dependent_operation_ns": 1.0,
                "exponential_ns": 4.0,
                "dependent_exponential_ns": 8.0,
                "integer_product_ns": 0.5,
            },
            "rows": {row.name: one for row in limit_rows.ROWS},
        },
        "pipeline": {
            "parts": {"draw": [0.1], "run": [0.2], "whole job": [0.8]},
            "plan_s": 1.0,
            "plan_MB": 1.0,
            "cold": {
                "full": {"whole_s": 1000.0, "rules": {"simulate": [2, 8.0]}, "fan_out_s": 5.0, "share_running": 0.8}
            },
        },
        "growth": {
            "duration": {"clopath2010": curve},
            "seeds": curve,
            "neurons": curve,
            "dense": "| neurons |\n| --- |\n| 1,000 |",
        },
        "compile": {"all_s": 70.0, "compiled_s": [[["beats", "beats_map"], 3.0]], "loaded_s": {"beats": [0.1, 0.2]}},
    }
    around = {"machine": "a machine", "versions": {"numpy": "0"}}
    return {part: {"surroundings": around} | measured for part, measured in json.loads(json.dumps(parts)).items()}


def test_the_report_has_all_parts_and_says_which_aims_are_met():
    text = command.render(_results())
    for _, heading in command.PARTS.values():
        assert f"## {heading}" in text
    assert text.count("Measured on a machine") == 1
    # The simulation is 2.5 times as fast as the peer's, the process only as fast.
    assert "2.50 (2.00 to 3.00); aim 2: met" in text
    assert "1.00 (1.00 to 1.00); aim 2: **missed**" in text
    assert "| 1.00 (1.00 to 1.00) | 7.50 |" in text
    assert "weight [nS]: 1e-15" in text
    # 100 + 1 + 400 ns of arithmetic; a chain of two operations.
    assert "| 501 (1e+03, 2 div, 100 exp) | 2.00 | 2.00 | 500 |" in text
    assert "(aim: 60 s, **missed**)" in text
    assert "takes 0.500 (0.500 to 0.500) s (aim: 0.6 s, met)" in text
    assert "scale full on 2 cores, with empty caches: 1,000 s (aim: 900 s, **missed**)" in text
    assert "80 % of both cores' time" in text


def test_every_table_of_the_report_has_equally_many_cells_in_each_row():
    for block in command.render(_results()).split("\n\n"):
        widths = {line.count(" | ") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1, block


def test_parts_that_are_not_measured_are_left_out():
    results = _results()
    del results["growth"]
    assert "## Growth" not in command.render(results)


def test_the_committed_report_is_that_of_the_committed_numbers():
    assert command.RESULTS.read_text() == command.render(json.loads(command.NUMBERS.read_text()))


def test_a_row_that_has_not_been_measured_changes_nothing_in_the_report(monkeypatch):
    monkeypatch.setattr(limits, "ROWS", (*limit_rows.ROWS, _row(what="new")))
    assert command.RESULTS.read_text() == command.render(json.loads(command.NUMBERS.read_text()))


def test_a_part_is_printed_and_stored_before_a_later_one_fails(tmp_path, capsys, monkeypatch):
    measured = _results()["peers"]
    for name in ("NUMBERS", "RESULTS"):
        monkeypatch.setattr(command, name, tmp_path / name)
    monkeypatch.setattr(side_by_side, "measure", lambda options: measured)
    monkeypatch.setattr(first_call, "measure", lambda options: measuring.run(["false"]))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "peers", "compile"])
    with pytest.raises(SystemExit, match="error: false: exit status 1"):
        command.main()
    stored = (tmp_path / "RESULTS").read_text()
    assert "2.50 (2.00 to 3.00); aim 2: met" in stored
    assert stored in capsys.readouterr().out
    assert list(json.loads((tmp_path / "NUMBERS").read_text())) == ["peers"]


def test_an_unknown_part_is_told(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "peer"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "no part peer; allowed: peers, limits, pipeline, growth, compile" in capsys.readouterr().err


# The pipeline -----------------------------------------------------------------------------------------


def test_utilisation_from_the_files_that_snakemake_leaves(tmp_path):
    head = "s\th:m:s\tmax_rss\tcpu_time\n"
    jobs = (("simulate/x/a", 4.0, 1004.0), ("simulate/x/b", 10.0, 1010.0), ("simulate/y/c", 2.0, 1006.0))
    for name, seconds, end in (*jobs, ("check", 99.0, 1100.0)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}{seconds}\t0:00:01\t-\t-\n")
        os.utime(path, (end, end))
    jobs = list(costs.of_jobs(tmp_path))
    # From 1000 s on for 4 s and for 10 s, and from 1004 s on for 2 s.
    assert pipeline.utilisation(jobs) == {"fan_out_s": 10.0, "share_running": 16 / 20}
    assert list(pipeline.of_rules(jobs).items()) == [("check", (1, 99.0)), ("simulate", (3, 16.0))]


def test_a_copy_of_the_project_has_no_results(tmp_path):
    folder = measuring.copy_of_project(tmp_path)
    assert (folder / "Snakefile").read_text() == (ROOT / "Snakefile").read_text()
    assert not (folder / "results").exists()
    assert not (folder / ".cache").exists()


def test_modules_of_the_parts_have_both_functions():
    for module in (side_by_side, limits, pipeline, growth, first_call):
        assert callable(module.measure)
        assert callable(module.report)


# Two commits ------------------------------------------------------------------------------------------


def _repository(folder):
    """Return a repository with this checkout's sources and configuration in one commit, changed in a second one."""
    project = measuring.copy_of_project(folder)

    def git(*arguments):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)

    git("init", "--quiet")
    for message in ("first", "second"):
        (project / "changed.txt").write_text(message)
        git("add", "--all")
        git("commit", "--quiet", "--message", message)
    return project


@pytest.mark.slow
def test_compare_measures_both_commits_and_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    project = _repository(tmp_path)
    monkeypatch.setattr(measuring, "ROOT", project)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
    arguments = ["HEAD~1", "HEAD", "--experiment", "beats", "--repeats", "1"]
    monkeypatch.setattr(sys, "argv", ["compare.py", *arguments])
    compare.main()
    head, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert head == "| experiment | of | HEAD~1 | HEAD | HEAD / HEAD~1 |"
    assert [row.split(" | ")[1] for row in rows] == ["draw and run", "whole process", "memory"]
    listed = subprocess.run(["git", "worktree", "list"], cwd=project, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


def test_compare_tells_an_unknown_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["compare.py", "no-such-commit", "HEAD"])
    with pytest.raises(SystemExit, match=r"error: .*no-such-commit"):
        compare.main()
