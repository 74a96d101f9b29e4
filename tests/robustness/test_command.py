"""The command: makes what is missing, goes on after an interrupt, and says in one line what it cannot do."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from replasticity.cli import main
from replasticity.pipeline import provenance
from replasticity.reporting import robustness_found
from replasticity.robustness import runs, stored
from replasticity.robustness.runs import Simulation
from replasticity.storage import project
from tests.conftest import ROOT, heed_interrupts

FEW = ("--scale", "quick", "--within", "10%", "--budget", "150", "--seeds", "2")


def test_lines_of_all_claims_are_shown_and_nothing_is_made_twice(folder, simulated, capsys):
    assert main(["robustness", "stdp_window", *FEW, "--json", "found.json"]) == 0
    said = capsys.readouterr().out
    summary = stored.read(project.robustness_file("stdp_window"), "stdp_window")
    assert len(summary.claims) == 2
    for claim in summary.claims:
        assert f"  {claim.id}: {claim.line}\n" in said
    assert "Parameters with the largest effects" in said
    (written,) = json.loads((folder / "found.json").read_text())
    assert written["claims"][0]["line"] == summary.claims[0].line
    # The figure is of this summary.
    assert said.splitlines()[-1] == "results/figures/robustness/stdp_window.png"
    assert robustness_found.picture_of(summary) == folder / "results/figures/robustness/stdp_window.png"
    assert len(simulated) == summary.runs > 0
    simulated.clear()
    assert main(["robustness", "stdp_window", *FEW]) == 0
    assert capsys.readouterr().out == said
    assert simulated == []


def test_a_larger_budget_makes_what_is_new_alone(folder, simulated):
    assert main(["robustness", "stdp_window", *FEW]) == 0
    before = {path: path.stat().st_mtime_ns for path in (project.results_folder() / "robustness").rglob("*.nc")}
    simulated.clear()
    assert main(["robustness", "stdp_window", *FEW, "--budget", "1000"]) == 0
    summary = stored.read(project.robustness_file("stdp_window"), "stdp_window")
    assert 0 < len(simulated) < summary.runs
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_steps_of_the_workflow_give_what_the_whole_command_gives(folder, simulated):
    assert main(["robustness", "stdp_window", *FEW]) == 0
    whole = project.robustness_file("stdp_window").read_bytes()
    project.robustness_file("stdp_window").unlink()
    count = len(list((project.results_folder() / "robustness").rglob("*.nc")))
    for path in (project.results_folder() / "robustness").rglob("*.nc"):
        path.unlink()
    assert main(["robustness", "stdp_window", *FEW, "--gather"]) == 2
    assert main(["robustness", "stdp_window", *FEW, "--parts", "1-3"]) == 0
    assert len(list((project.results_folder() / "robustness").rglob("*.nc"))) == 3
    assert main(["robustness", "stdp_window", *FEW, "--parts", f"4-{count}"]) == 0
    simulated.clear()
    assert main(["robustness", "stdp_window", *FEW, "--gather"]) == 0
    assert simulated == []
    assert project.robustness_file("stdp_window").read_bytes() == whole


def test_parts_over_processes_are_those_of_one_process(folder):
    assert main(["robustness", "stdp_window", *FEW]) == 0
    files = sorted((project.results_folder() / "robustness").rglob("*.nc"))
    before = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    assert main(["robustness", "stdp_window", *FEW, "--processes", "2"]) == 0
    assert {
        path: path.read_bytes() for path in sorted((project.results_folder() / "robustness").rglob("*.nc"))
    } == before
    assert psutil.Process().children(recursive=True) == []


def test_changed_parameters_leave_what_was_found(folder):
    assert main(["robustness", "stdp_window", *FEW]) == 0
    before = project.robustness_file("stdp_window").read_bytes()
    assert main(["robustness", "stdp_window", *FEW, "--set", "dA_pre=0.02", "--json", "changed.json"]) == 0
    assert project.robustness_file("stdp_window").read_bytes() == before
    (found,) = json.loads((folder / "changed.json").read_text())
    assert "--set dA_pre=0.02" in found["command"]


def test_one_broken_experiment_stops_no_other(folder, monkeypatch, capsys):
    digest = provenance.simulation_digest

    def broken(protocol):
        if protocol == "zenke2015":
            raise runs.MistakeError("zenke2015: a mistake in this code")
        return digest(protocol)

    monkeypatch.setattr(provenance, "simulation_digest", broken)
    assert main(["robustness", "zenke2015", "stdp_window", *FEW]) == 2
    said = capsys.readouterr()
    assert said.err == "error: zenke2015: a mistake in this code\n"
    assert "stdp_window: " in said.out
    assert project.robustness_file("stdp_window").is_file()
    assert not project.robustness_file("zenke2015").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nothing"], "nothing: no such experiment"),
        (["zenke2015", "--budget", "soon"], "--budget: has to be runs, such as 4000, or the time of a core, such as"),
        (
            ["zenke2015", "--within", "10"],
            "--within: has to be shares of the printed values below 100 %, such as 10%,50%",
        ),
        (["zenke2015", "--seeds", "0"], "--seeds 0: has to be a number from 1 to 100000"),
        (["zenke2015", "--processes", "0"], "--processes 0: has to be 1 or more"),
        (["zenke2015", "--parts", "3"], "--parts 3: has to be such as 1-17"),
        (["zenke2015", "--parts", "3-2"], "--parts 3-2: there are the parts 1-"),
        (["zenke2015", "--scale", "huge"], "scale: no scale 'huge'"),
        (["zenke2015", "--set", "tau_H_ms=-1"], "tau_H_ms: has to be greater than 0"),
        (
            ["zenke2015", "--gather"],
            "results/robustness/zenke2015/printed.nc: is not there, or not of these parameters",
        ),
    ],
)
def test_refusal_is_one_line_and_status_2(folder, capsys, arguments, text):
    assert main(["robustness", *arguments]) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.err.count("\n") == 1
    assert list((project.results_folder() / "robustness").rglob("*.nc")) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("robustness_budget: soon", "config/config.yaml: robustness_budget: has to be runs, such as 4000"),
        ("robustness_within: 10", "config/config.yaml: robustness_within: has to be a valid string"),
        ("robustness_seeds: 0", "config/config.yaml: robustness_seeds: has to be greater than 0"),
        (
            "robustness_experiments: [zenke]",
            "config/config.yaml: robustness_experiments: no experiment 'zenke' (did you",
        ),
    ],
)
def test_a_wrong_configuration_is_one_line_and_status_2(folder, capsys, line, text):
    (folder / "config/config.yaml").write_text(f"{line}\n")
    assert main(["robustness", "zenke2015"]) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.err.count("\n") == 1


def test_what_the_command_line_does_not_say_is_in_the_configuration(folder, monkeypatch):
    from replasticity.robustness import work

    asked = []
    monkeypatch.setattr(work, "make_together", lambda request, places: asked.append(request))
    settings = "scale: full\nrobustness_within: 20%\nrobustness_budget: 70\nrobustness_seeds: 3\n"
    (folder / "config/config.yaml").write_text(settings)
    assert main(["robustness", "zenke2015", "--parts", "1-1"]) == 0
    assert main(["robustness", "zenke2015", "--parts", "1-1", "--budget", "2h", "--within", "5%", "--seeds", "4"]) == 0
    assert [(each.scale, each.within, str(each.budget), each.seeds) for each in asked] == [
        ("full", (0.2,), "70", 3),
        ("full", (0.05,), "120min", 4),
    ]


def test_a_study_outside_needs_no_line_of_code(folder, monkeypatch, capsys):
    """Both templates, as `new` writes them."""
    for name, more in (("random2000", []), ("certain2000", ["--deterministic"])):
        assert main(["new", name, "--doi", "10.1000/182", *more, "--into", "mine"]) == 0
    monkeypatch.setenv("REPLASTICITY_PATH", str(folder / "mine"))
    capsys.readouterr()
    finished = subprocess.run(
        [sys.executable, "-m", "replasticity", "robustness", "random2000", "certain2000", *FEW],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    for name in ("random2000", "certain2000"):
        assert f"{name}: " in finished.stdout
        assert project.robustness_file(name).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_interrupted_and_called_again_it_goes_on(folder, processes):
    command = [sys.executable, "-m", "replasticity", "robustness", "zenke2015", *FEW, "--budget", "3000"]
    command += ["--processes", processes]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        while len(done := list((project.results_folder() / "robustness").rglob("*.nc"))) < 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == ""
    before = {path: path.stat().st_mtime_ns for path in done}
    assert subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert list(project.results_folder().rglob(".*")) == []


def test_a_full_disk_is_one_line(folder, monkeypatch, capsys):
    def full(self, part, found, path):
        raise runs.UserError(f"{path}: cannot write it: No space left on device")

    monkeypatch.setattr(Simulation, "_write", full)
    assert main(["robustness", "stdp_window", *FEW]) == 2
    assert capsys.readouterr().err.endswith("printed.nc: cannot write it: No space left on device\n")
