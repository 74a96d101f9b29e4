"""Seeds over processes: the same results, an error that names its seed, and no process left behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

import replasticity as rp
from replasticity.definitions import experiments
from replasticity.interface import workers
from tests.conftest import ROOT, heed_interrupts


def tasks_of(seeds):
    resolved = experiments.resolve("zenke2015")
    return [workers.Task("zenke2015", "zenke2015", resolved.values, seed, summarised=False) for seed in seeds]


def children():
    return psutil.Process().children(recursive=True)


def test_results_over_processes_are_those_of_one_process(in_project):
    arguments = {"seeds": [5, 1, 4, 2, 3], "tau_H_ms": 300.0, "record_trains": True}
    assert rp.run("zenke2015", **arguments, processes=2).identical(rp.run("zenke2015", **arguments))
    swept = {"seeds": 2, "tau_H_ms": [50.0, 100.0], "rule": ["as_published", "eq15"]}
    assert rp.sweep("zenke2015", **swept, processes=3).identical(rp.sweep("zenke2015", **swept))
    assert children() == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failing_seed_is_named_and_stops_the_others(processes, in_project):
    # No generator takes a seed below 0.
    tasks = tasks_of([1, -7, *range(2, 1000)])
    done = []
    with pytest.raises(rp.UserError, match=r"zenke2015, seed -7: .*sample_inputs.* fails \(ValueError: "):
        workers.results_of(tasks, processes, done.append, lambda: None)
    assert len(done) < 900
    assert children() == []


def test_it_is_heard_that_processes_are_still_busy(in_project, monkeypatch):
    monkeypatch.setattr(workers, "_STILL_S", 0.01)
    heard = []
    workers.results_of(tasks_of([1, 2]), 2, lambda result: heard.append("done"), lambda: heard.append("still"))
    # Importing what they need takes longer.
    assert heard[0] == "still"
    assert heard.count("done") == 2


@pytest.mark.parametrize(
    ("program", "fate"),
    [
        ("os.kill(os.getpid(), 9)", "was ended by SIGKILL; too little memory may be the reason"),
        ("raise ImportError('no numba here')", "ended with status 1: ImportError: no numba here"),
        ("os._exit(3)", "ended with status 3: it said nothing"),
    ],
)
def test_a_process_that_dies_names_its_seed(program, fate, in_project, monkeypatch):
    monkeypatch.setattr(workers, "_PROGRAM", f"import os; {{path}}; {{descriptor}}; {program}")
    with pytest.raises(rp.UserError) as caught:
        workers.results_of(tasks_of([7]), 2, lambda result: None, lambda: None)
    assert str(caught.value) == f"zenke2015, seed 7: its process {fate}"
    assert children() == []


#: Simulates two long runs over two processes, and says so when an interrupt has come. As a script that somebody writes:
#: with what it executes at the top, and no `if __name__ == "__main__"`.
SCRIPT = """
import os
import replasticity as rp

print("once", flush=True)
try:
    rp.run("izhikevich2007", seeds=2, processes=2)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_leaves_no_process(number, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        [sys.executable, tmp_path / "script.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as script:
        process = psutil.Process(script.pid)
        # Until both have loaded all that a run needs.
        while len(busy := process.children(recursive=True)) < 2 or min(sum(each.cpu_times()[:2]) for each in busy) < 2:
            assert script.poll() is None
            time.sleep(0.05)
        script.send_signal(number)
        said = script.stdout.read()
        script.wait(timeout=60)
    assert said == ("once\ninterrupted\n" if number == signal.SIGINT else "once\n")
    _, alive = psutil.wait_procs(busy, timeout=60)
    assert alive == []
