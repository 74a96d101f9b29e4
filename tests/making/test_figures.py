"""A figure without Snakemake: the workflow's files, each made only if it has to be, and nobody else's."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from replasticity.cli import main
from replasticity.making import figures, marks
from replasticity.storage import datasets, project
from tests.conftest import ROOT, heed_interrupts

FIGURE = ("figure", "mine", "--seeds", "1001-1003")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with a figure of two experiments: a variant, and another one beside it."""
    text = "title: {}\nbased_on: zenke2015\nparameters:\n  tau_H_ms: {{value: {}, source: mine}}\n"
    for name, tau_H_ms, more in (
        ("other", 300.0, ""),
        ("mine", 200.0, "figure: {module: zenke2015, beside: {paper: other}}\n"),
    ):
        path = tmp_path / f"config/experiments/{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(name, tau_H_ms) + more)
    (tmp_path / "config/config.yaml").write_text("scale: quick\nexperiments: [mine]\n")
    (tmp_path / "Snakefile").write_text(
        f"module replasticity:\n    snakefile: '{ROOT}/workflow/Snakefile'\nuse rule * from replasticity\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state(folder):
    """Return path -> date of all results, but for logs."""
    files = (path for path in (folder / "results").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files if "logs" not in path.parts}


def content(folder, *skipped):
    """Return path -> bytes of all results, but for those of some folders."""
    files = (path.relative_to(folder) for path in (folder / "results").rglob("*") if path.is_file())
    skipped = {"logs", "benchmarks", "direct", *skipped}
    return {str(path): (folder / path).read_bytes() for path in files if not skipped & set(path.parts)}


def snakemake(folder, *arguments):
    finished = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def edit(folder, old, new):
    path = folder / "config/experiments/mine.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.slow
def test_snakemake_and_figure_find_what_the_other_has_made(folder):
    assert main(["figure", "mine"]) == 0
    before = state(folder)
    assert "Nothing to be done" in snakemake(folder)
    # Then what Snakemake makes of another parameter, by Snakemake's own memory.
    edit(folder, "200.0", "250.0")
    snakemake(folder)
    assert state(folder)["results/figures/mine.svg"] > before["results/figures/mine.svg"]
    # What it has made is the same, and keeps its dates.
    by_snakemake, dates = content(folder), state(folder)
    assert main(["figure", "mine"]) == 0
    assert content(folder) == by_snakemake
    assert state(folder)["results/ensembles/other.nc"] == dates["results/ensembles/other.nc"]
    # And what `figure` makes where Snakemake remembers another parameter.
    edit(folder, "250.0", "260.0")
    assert main(["figure", "mine"]) == 0
    assert "Nothing to be done" in snakemake(folder)
    # What was made before an edit is not taken for what would be made now.
    edit(folder, "260.0", "270.0")
    planned = snakemake(folder, "-n")
    assert "Simulating mine, seeds 1001-1003" in planned
    assert "Simulating other" not in planned


@pytest.mark.slow
def test_snakemake_makes_again_what_single_commands_made_of_another_scale(folder):
    edit(
        folder,
        "figure:",
        "scales:\n  quick: {seeds: 2, parameters: {eta_nS_s: 0.5}}\n"
        "  standard: {seeds: 3}\n  full: {seeds: 3}\nfigure:",
    )
    (folder / "config/config.yaml").write_text("scale: standard\nexperiments: [mine]\nseeds: {other: 2}\n")
    target = "results/figures/mine.png"
    snakemake(folder, target)
    made = content(folder)
    assert not list(folder.glob("results/direct"))
    assert main(["simulate", "mine", "--scale", "quick", "--seeds", "1001-1002"]) == 0
    assert main(["aggregate", "mine", "--scale", "quick"]) == 0
    said = snakemake(folder, target)
    assert "Gathering the statistics of mine, seeds 1001-1003" in said
    assert "Drawing figure mine" in said
    assert content(folder) == made
    # A figure of fewer experiments, as well.
    assert main(["plot", "mine", "--with"]) == 0
    assert "Drawing figure mine" in snakemake(folder, target)
    assert content(folder) == made
    assert "Nothing to be done" in snakemake(folder, target)


def test_a_mark_that_has_made_snakemake_work_does_so_once(folder, monkeypatch):
    resolved = figures.experiments.resolve("mine", "quick")
    made = marks.evaluation(resolved, [resolved])
    (path,) = made.outputs
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    made.set_mark()
    changed = marks.evaluation(resolved, [])
    changed.outdate()
    assert path.stat().st_mtime == 1
    # Snakemake makes the same bytes again.
    path.write_text("{}")
    changed.outdate()
    assert path.stat().st_mtime > 1


@pytest.mark.parametrize("by_a_rule", [False, True])
def test_single_commands_leave_the_marks_of_whole_figures_unless_a_rule_calls_them(folder, monkeypatch, by_a_rule):
    if by_a_rule:
        # What it sets is gone after the test.
        monkeypatch.setenv("REPLASTICITY_CALLED_BY_A_RULE", "")
        marks.leave_to_snakemake()
    seeds = ("--scale", "quick", "--seeds", "1001-1002")
    for command in (("simulate", "mine", *seeds), ("aggregate", "mine", *seeds)):
        assert main(list(command)) == 0
    assert main(["evaluate", "mine", "--scale", "quick", "--with"]) == 0
    assert main(["plot", "mine", "--with"]) == 0
    assert main(["aggregate", "mine", *seeds[:2], "--seeds", "1001", "-o", "elsewhere.nc"]) == 0
    resolved = figures.experiments.resolve("mine", "quick", seeds=[1001, 1002])
    for made in (
        marks.record(resolved, [1001, 1002]),
        marks.ensemble(resolved),
        marks.evaluation(resolved, [resolved]),
        marks.figure(resolved, resolved.experiment.figure, ["mine"]),
    ):
        assert made.is_current() != by_a_rule


def test_plot_warns_of_different_scales(folder, capsys):
    for name, scale in (("mine", "quick"), ("other", "standard")):
        seeds = figures.experiments.resolve(name, scale).seeds
        seeds = f"{seeds[0]}-{seeds[-1]}"
        assert main(["simulate", name, "--scale", scale, "--seeds", seeds]) == 0
        assert main(["aggregate", name, "--scale", scale]) == 0
    capsys.readouterr()
    assert main(["plot", "mine", "-o", "one.svg"]) == 0
    warning = (
        "warning: the experiments of this figure are of different scales: mine is of 'quick', other is of 'standard'"
    )
    assert capsys.readouterr().err.splitlines() == [warning]
    # Of two seeds no scale is known, and all have these parameters.
    assert main(["aggregate", "mine", "--seeds", "1001-1002"]) == 0
    assert main(["plot", "mine", "-o", "one.svg"]) == 0
    assert capsys.readouterr().err == ""


def test_all_files_are_those_of_the_single_commands(folder, capsys):
    assert main([*FIGURE, "--scale", "standard"]) == 0
    said = capsys.readouterr().out
    made = content(folder, "compiled")
    shutil.rmtree(folder / "results")
    for name in ("mine", "other"):
        seeds = ("--scale", "standard", "--seeds", "1001-1003")
        assert main(["simulate", name, *seeds]) == 0
        assert main(["aggregate", name, *seeds]) == 0
    for name in ("mine", "other"):
        assert main(["evaluate", name, "--scale", "standard", "--with", "mine", "other"]) == 0
    assert main(["plot", "mine"]) == 0
    assert content(folder) == made
    capsys.readouterr()
    assert main(["claims", "mine", "other"]) == 0
    verdicts = capsys.readouterr().out
    assert verdicts in said
    assert "linear-slope" in verdicts
    assert said.removeprefix(verdicts).split() == [f"results/figures/mine.{suffix}" for suffix in ("pdf", "svg", "png")]


def test_only_what_has_to_be_is_made_again(folder):
    assert main([*FIGURE]) == 0
    first = state(folder)
    assert main([*FIGURE]) == 0
    assert state(folder) == first
    edit(folder, "200.0", "210.0")
    assert main([*FIGURE]) == 0
    second = state(folder)
    same = {name for name in first if second[name] == first[name]}
    assert {f"results/runs/other/seed-{seed}.nc" for seed in (1001, 1002, 1003)} < same
    assert "results/ensembles/other.nc" in same
    assert not {name for name in same if "mine" in name}
    (folder / "results/figures/mine.svg").write_text("something else")
    (folder / "results/runs/mine/seed-1002.nc").unlink()
    assert main([*FIGURE]) == 0
    third = state(folder)
    assert third["results/runs/mine/seed-1001.nc"] == second["results/runs/mine/seed-1001.nc"]
    # Made from the same bytes, and dated after them all the same.
    assert third["results/ensembles/mine.nc"] >= third["results/runs/mine/seeds-1001-1003.json"]
    assert third["results/evaluations/mine.json"] >= third["results/ensembles/mine.nc"]
    assert "</svg>" in (folder / "results/figures/mine.svg").read_text()


def test_a_changed_parameter_leaves_the_results_of_the_experiment(folder, capsys):
    assert main([*FIGURE]) == 0
    before = state(folder)
    capsys.readouterr()
    assert main([*FIGURE, "--set", "tau_H_ms=400", "--set", "eta_nS_s=0.5"]) == 0
    changed = "results/changed/mine/tau_H_ms=400,eta_nS_s=0.5"
    assert capsys.readouterr().out.split()[-1] == f"{changed}/figures/mine.png"
    assert {name: date for name, date in state(folder).items() if "changed" not in name} == before
    evaluation = json.loads((folder / changed / "evaluations/mine.json").read_text())
    assert evaluation["judged_with"] == ["other"]
    assert main([*FIGURE, "--set", "tau_H_ms=400", "--set", "eta_nS_s=0.5", "-o", "one.svg"]) == 0
    assert "</svg>" in (folder / "one.svg").read_text()


def test_a_changed_parameter_leaves_the_results_of_the_experiments_beside_it(folder, capsys):
    assert main([*FIGURE]) == 0
    before = state(folder)
    assert main(["figure", "mine", "--seeds", "1001-1002", "--set", "tau_H_ms=400"]) == 0
    changed = "results/changed/mine/tau_H_ms=400"
    assert {name: date for name, date in state(folder).items() if "changed" not in name} == before
    ensemble = datasets.read(folder / changed / "ensembles/other.nc", "ensemble")
    assert ensemble["seed"].values.tolist() == [1001, 1002]
    evaluation = json.loads((folder / changed / "evaluations/mine.json").read_text())
    assert evaluation["ensembles"]["other"] == ensemble.attrs["content_digest"]


def test_names_of_long_changes_are_short(folder):
    times = [float(each) for each in range(2000)]
    resolved = figures.experiments.resolve("mine", "quick", {"tau_H_ms": 5.0})
    long = resolved.model_copy(update={"changes": {"pairing_times_ms": times}})
    assert figures._folder_of_changed(resolved).name == "tau_H_ms=5.0"
    assert figures._folder_of_changed(long).name == resolved.digest
    assert figures._folder_of_changed(resolved.model_copy(update={"changes": {"x": "../.."}})).name == resolved.digest


def test_several_processes_write_the_same_bytes(folder):
    assert main([*FIGURE]) == 0
    alone = content(folder)
    shutil.rmtree(folder / "results/runs")
    assert main([*FIGURE, "--cores", "2"]) == 0
    assert content(folder) == alone


def test_what_fails_in_a_process_is_told_in_one_line(folder, capsys, monkeypatch):
    assert main([*FIGURE]) == 0
    edit(folder, "200.0", "220.0")
    path = folder / "results/runs/mine/seed-1001.nc"
    path.unlink()
    path.mkdir()
    shutil.rmtree(folder / "results/runs/other")
    capsys.readouterr()
    assert main([*FIGURE, "--cores", "2"]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last == f"error: mine, seeds 1001-1003: {path}: cannot write it: it is a folder"


@pytest.mark.parametrize("cores", ["1", "2"])
def test_an_interrupt_leaves_nothing_half_written(folder, cores):
    command = [sys.executable, "-m", "replasticity", "figure", "mine", "--seeds", "1-3000", "--cores", cores]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    ) as process:
        while not list(folder.glob("results/runs/*/seed-*.nc")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert not [name for name in state(folder) if ".part" in name]
    assert not list(folder.glob("results/ensembles/*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("figure", "other"), "other: this experiment has no figure of its own, that of 'mine' shows it; allowed: "),
        (("figure", "mine", "--cores", "0"), "--cores 0: has to be 1 or more"),
        (("figure", "mine", "--set", "tau_H_ms=-1"), "--set: tau_H_ms: has to be greater than 0"),
        (
            ("figure", "mine", "-o", "config/config.yaml"),
            "config/config.yaml: exists, and replasticity has",
        ),
        (("figure", "mine", "--seeds", "1,1"), "--seeds 1,1: "),
    ],
)
def test_what_is_not_allowed_is_told_before_anything_is_made(folder, capsys, arguments, said):
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {said}")
    assert captured.err.count("\n") == 1
    assert not [name for name in state(folder) if not name.startswith("results/direct")]


def test_results_are_where_they_were_after_a_figure_of_changes(folder):
    with project.results_kept_in(Path("elsewhere"), "mine"):
        assert project.run_file("mine", 1) == Path("elsewhere/runs/mine/seed-1.nc")
        assert project.run_file("other", 1) == folder / "results/runs/other/seed-1.nc"
    assert project.run_file("mine", 1) == folder / "results/runs/mine/seed-1.nc"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_told_in_one_line_and_leaves_whole_files(folder, capsys):
    results = folder / "results"
    results.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", results], check=False).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        assert main([*FIGURE]) == 2
        *_, last = capsys.readouterr().err.splitlines()
        assert re.fullmatch(rf"error: {results}/.*: cannot write it: No space left on device", last)
        assert not [name for name in state(folder) if ".part" in name]
        for path in results.glob("runs/*/seed-*.nc"):
            datasets.read(path, "run")
        subprocess.run(["mount", "-o", "remount,size=20m", results], check=True)
        assert main([*FIGURE]) == 0
    finally:
        subprocess.run(["umount", results], check=True)
