"""The command line as a user meets it: what it prints, what it writes, and its exit status."""

import json
import os
import shutil
import subprocess
import sys

import netCDF4
import numpy as np
import pytest
import xarray as xr

from replasticity.cli import main
from replasticity.pipeline import simulation
from replasticity.storage import datasets
from tests.conftest import ROOT


@pytest.fixture
def project(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    return project_copy


def one_line(capsys):
    """Return the message of a refused command: one line on stderr, nothing else."""
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0]


def test_simulate_writes_a_documented_run(project):
    assert main(["simulate", "zenke2015", "--seed", "7"]) == 0
    run = datasets.read(project.folder / "results/runs/zenke2015/seed-7.nc", "run")
    assert run.attrs["seed"] == 7
    assert run.attrs["history"] == "python -m replasticity simulate zenke2015 --scale standard --seed 7"
    assert json.loads(run.attrs["parameters"])["tau_H_ms"] == 100.0
    assert run["population_count"].sum() > 20000


def test_changed_parameter_is_recorded(project):
    assert main(["simulate", "zenke2015", "--set", "tau_H_ms=200", "--set", "record_trains=true", "-o", "my.nc"]) == 0
    run = datasets.read(project.folder / "my.nc", "run")
    assert json.loads(run.attrs["parameters"])["tau_H_ms"] == 200.0
    assert json.loads(run.attrs["changed_parameters"]) == {"tau_H_ms": 200, "record_trains": True}
    assert "--set tau_H_ms=200 --set record_trains=true --seed 1" in run.attrs["history"]
    assert run.sizes["population_spike"] == run["population_count"].sum()


def test_plot_of_an_own_run(project, capsys):
    assert main(["simulate", "zenke2015", "--set", "tau_H_ms=200", "-o", "my.nc"]) == 0
    assert main(["plot", "zenke2015", "my.nc"]) == 0
    assert capsys.readouterr().out.split() == ["my.pdf", "my.svg", "my.png"]
    assert all((project.folder / name).stat().st_size > 10000 for name in ("my.pdf", "my.svg", "my.png"))
    assert main(["plot", "zenke2015", "my.nc", "-o", "only.svg"]) == 0
    assert "<svg" in (project.folder / "only.svg").read_text()
    assert main(["plot", "zenke2015", "my.nc", "--panel", "b"]) == 0
    assert capsys.readouterr().out.split()[1:] == ["my_b.pdf", "my_b.svg", "my_b.png"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--panel", "z"], "--panel z: this figure has no such panel; allowed: a, b, c, d"),
        (["--panel", "a", "-o", "a.nc"], "a.nc: format 'nc'; allowed: pdf, svg, png"),
    ],
)
def test_panel_that_cannot_be_drawn_is_told(project, capsys, arguments, text):
    assert main(["simulate", "zenke2015", "-o", "my.nc"]) == 0
    assert main(["plot", "zenke2015", "my.nc", *arguments]) == 2
    assert text in capsys.readouterr().err
    assert not list(project.folder.glob("*a.*"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["simulate", "zenke2051"], "no such experiment (did you mean 'zenke2015'?)"),
        (["simulate", "zenke2015", "--scale", "big"], "no scale 'big'; allowed: quick, standard, full"),
        (["simulate", "zenke2015", "--seed", "-1"], "--seed -1: has to be 0 or more"),
        (["simulate", "zenke2015", "--set", "tau_H_ms=1"], "give the changed run a name of its own with -o FILE"),
        (["simulate", "zenke2015", "--set", "tau_H_ms", "-o", "a.nc"], "has to be KEY=VALUE"),
        (["simulate", "zenke2015", "--set", "tau_H_ms=[1", "-o", "a.nc"], "--set tau_H_ms=[1: no valid YAML: line 1: "),
        (["simulate", "zenke2015", "--set", "tau_H_mV=1", "-o", "a.nc"], "--set: tau_H_mV: unknown key"),
        (["simulate", "zenke2015", "-o", "config"], "config: cannot write it: it is a folder"),
        (["simulate", "zenke2015", "-o", "Snakefile/a.nc"], "Snakefile/a.nc: cannot write it: "),
        (["aggregate", "zenke2015"], "results/runs/zenke2015/seed-1001.nc: no such file"),
        (["aggregate", "zenke2015", "--seeds", "1-x"], "--seeds 1-x: has to be such as 1-40 or 1,2,7"),
        (["evaluate", "zenke2015"], "results/ensembles/zenke2015.nc: no such file"),
        (["plot", "zenke2015"], "results/ensembles/zenke2015.nc: no such file"),
        (["plot", "zenke2015_eq15"], "has no figure of its own, that of 'zenke2015' shows it; allowed: "),
        (["plot", "zenke2015", "Snakefile"], "Snakefile: cannot be read as netCDF-4"),
        (["check", "zenke2015"], "results/ensembles/zenke2015.nc: no such file"),
        (["claims"], "nothing has been evaluated yet"),
        (["replay", "none.nc"], "none.nc: no such file"),
        (["info", "none.nc"], "none.nc: no such file"),
        (["gallery"], ".png: no such file; 'make figures' makes it"),
        (["compile", "none", "-o", "a.json"], "no protocol 'none'; allowed: "),
    ],
)
def test_refusal_is_one_line_and_status_2(project, capsys, arguments, text):
    before = set(project.folder.rglob("*"))
    assert main(arguments) == 2
    assert text in one_line(capsys)
    made = {path for path in project.folder.rglob("*") if path.is_file()} - before
    assert {path for path in made if ".cache" not in path.parts} == set()


def test_refused_write_damages_nothing(project, capsys):
    target = project.folder / "my.nc"
    target.write_bytes(b"precious")
    assert main(["simulate", "zenke2015", "--set", "tau_H_ms=-1", "-o", "my.nc"]) == 2
    assert "tau_H_ms: has to be greater than 0" in one_line(capsys)
    assert target.read_bytes() == b"precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk_is_one_line_and_damages_nothing(project, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        (disk / "seed-1001.nc").write_bytes(b"precious")
        finished = project.replasticity("simulate", "zenke2015", "-o", str(disk / "seed-1001.nc"), check=False)
        assert finished.returncode == 2
        assert finished.stderr == f"error: {disk}/seed-1001.nc: cannot write it: No space left on device\n"
        assert (disk / "seed-1001.nc").read_bytes() == b"precious"
        assert os.listdir(disk) == ["seed-1001.nc"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_unwritable_results_folder_is_refused_before_simulating(project):
    # As an ordinary user: root may write everywhere.
    folder = project.folder / "results"
    folder.mkdir()
    folder.chmod(0o555)
    code = (
        "import os, sys; from replasticity.cli import main;"
        "from replasticity.definitions import experiments; from replasticity.pipeline import simulation;"
        "simulation.simulate = lambda *a: sys.exit('simulated'); experiments.load('zenke2015');"
        "os.geteuid() or os.setuid(65534);"
        "sys.exit(main(['simulate', 'zenke2015', '-o', 'results/a.nc']))"
    )
    for parent in [project.folder, *project.folder.parents][:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(project.folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == "error: results/a.nc: cannot write it: its folder is read-only\n"
    assert finished.returncode == 2


def runs_of_seeds(project, *seeds):
    for seed in seeds:
        assert main(["simulate", "zenke2015", "--seed", str(seed)]) == 0
    return [project.folder / f"results/runs/zenke2015/seed-{seed}.nc" for seed in seeds]


def test_pipeline_by_hand(project, capsys):
    runs_of_seeds(project, 1001, 1002, 1003)
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1003"]) == 0
    assert main(["evaluate", "zenke2015"]) == 0
    assert main(["claims"]) == 0
    printed = capsys.readouterr().out
    assert "not tested" in printed
    assert "(linear-slope, slope_ratio)" in " ".join(printed.split())
    assert main(["claims", "--json"]) == 0
    (evaluation,) = json.loads(capsys.readouterr().out)
    assert evaluation["seeds"] == [1001, 1002, 1003]
    assert {claim["verdict"] for claim in evaluation["claims"]} == {"reproduced", "not tested"}
    assert (evaluation["peer"]["outcome"], evaluation["peer"]["power"]) == ("too few to tell", 0.0)
    assert main(["claims"]) == 0
    printed = capsys.readouterr().out
    assert "Too few seeds to tell whether equivalent to 40 seeds of Brian2 2.9.0: " in printed
    assert "Equivalent to" not in printed
    assert main(["check", "zenke2015"]) == 0
    assert "zenke2015: agrees with its reference (3 same seeds" in capsys.readouterr().out


def test_three_random_seeds_that_tie_are_no_certainty(project, capsys):
    # The share of synapses that rewards have raised: 1 in each of seeds 1 to 3, and 0.93 in the mean of 40.
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: t\nbased_on: dopamine_ten\nseeds_seen: ''\nclaims:\n- {id: tied, kind: ours, statement: s, source: s, "
        "statistic: share_raised, test: mean_in_range, lower: 0.99, why_this_bound: w, refuted_if: r}\n"
    )
    assert main(["simulate", "mine", "--seeds", "1-3"]) == 0
    assert main(["aggregate", "mine", "--seeds", "1-3"]) == 0
    assert main(["evaluate", "mine"]) == 0
    capsys.readouterr()
    assert main(["claims", "mine", "--json"]) == 0
    ((tied,),) = [evaluation["claims"] for evaluation in json.loads(capsys.readouterr().out)]
    assert (tied["verdict"], tied["estimate"], tied["n"]) == ("not tested", 1.0, 3)
    assert tied["reason"] == "all 3 seeds have the same value, so nothing is known of their spread"


def test_check_tells_what_moved(project, capsys):
    runs_of_seeds(project, 1001, 1002, 1003)
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1003"]) == 0
    path = project.folder / "results/ensembles/zenke2015.nc"
    ensemble = datasets.read(path, "ensemble")
    ensemble["dw_nS"].values[1, 3] *= 1.01
    datasets.write(ensemble, path)
    assert main(["check", "zenke2015"]) == 1
    printed = capsys.readouterr().out
    assert "zenke2015: MOVED" in printed
    assert "dw_nS[3]" in printed
    assert "same seeds" in printed


def test_check_lists_what_has_no_reference_yet(project, capsys):
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: mine\nbased_on: zenke2015\nparameters:\n  tau_H_ms: {value: 500.0, source: mine}\n"
    )
    for name in ("mine", "zenke2015"):
        assert main(["simulate", name, "--seeds", "1001-1002"]) == 0
        assert main(["aggregate", name, "--seeds", "1001-1002"]) == 0
    capsys.readouterr()
    assert main(["check", "mine", "zenke2015"]) == 0
    printed = capsys.readouterr()
    command = "python -m replasticity accept-reference mine --scale standard"
    assert f"mine: no reference yet; '{command}' makes it" in printed.out
    assert "zenke2015: agrees with its reference (2 same seeds" in printed.out
    assert printed.err == ""


def test_check_compares_the_others_where_files_are_broken(project, capsys):
    for name in ("zenke2015", "zenke2015_eq15", "zenke2015_paper"):
        assert main(["simulate", name, "--seeds", "1001-1002"]) == 0
        assert main(["aggregate", name, "--seeds", "1001-1002"]) == 0
    (project.folder / "results/ensembles/zenke2015.nc").write_bytes(b"no netCDF")
    (project.folder / "src/replasticity/studies/zenke2015/reference/zenke2015_eq15.json").write_text('{"seeds": [')
    capsys.readouterr()
    assert main(["check", "zenke2015", "zenke2015_eq15", "zenke2015_paper"]) == 2
    printed = capsys.readouterr()
    ensemble, reference = printed.err.splitlines()
    assert ensemble.startswith("error: ")
    assert "results/ensembles/zenke2015.nc: cannot be read as netCDF-4" in ensemble
    assert reference.startswith(
        "error: src/replasticity/studies/zenke2015/reference/zenke2015_eq15.json: no valid reference"
    )
    assert "zenke2015_paper: agrees with its reference (2 same seeds" in printed.out


@pytest.mark.parametrize(
    ("seeds", "status", "text"),
    [
        ("101,102", 1, "too few seeds to tell (0 same seeds, 2 other seeds, 46 numbers per seed): it takes at least 4"),
        ("1001,101", 0, "agrees with its reference (1 same seeds, 1 other seeds, 46 numbers per seed): the same seeds"),
        (
            "101-112",
            0,
            "no difference from its reference seen (0 same seeds, 12 other seeds, 46 numbers per seed): a difference "
            "of a mean by 1.9 standard deviations over seeds would have been seen\n",
        ),
    ],
)
def test_check_says_whether_other_seeds_can_tell(project, capsys, seeds, status, text):
    assert main(["simulate", "zenke2015", "--seeds", seeds]) == 0
    assert main(["aggregate", "zenke2015", "--seeds", seeds]) == 0
    assert main(["check", "zenke2015"]) == status
    assert f"zenke2015: {text}" in capsys.readouterr().out


def test_any_seed_tells_where_nothing_is_random(project, capsys):
    assert main(["simulate", "stdp_window", "--seed", "7"]) == 0
    assert main(["aggregate", "stdp_window", "--seeds", "7"]) == 0
    assert main(["check", "stdp_window"]) == 0
    assert "stdp_window: agrees with its reference (0 same seeds, 1 other seeds" in capsys.readouterr().out
    path = project.folder / "results/ensembles/stdp_window.nc"
    ensemble = datasets.read(path, "ensemble")
    ensemble["dw"].values[0, 3] += 1e-9
    datasets.write(ensemble, path)
    assert main(["check", "stdp_window"]) == 1
    printed = capsys.readouterr().out
    assert "stdp_window: MOVED" in printed
    assert "any seed" in printed


def test_only_accept_reference_changes_a_reference(project):
    reference = project.folder / "src/replasticity/studies/zenke2015/reference/zenke2015.json"
    before = reference.read_bytes()
    runs_of_seeds(project, 1001, 1002)
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1002"]) == 0
    assert main(["evaluate", "zenke2015"]) == 0
    assert main(["check", "zenke2015"]) == 0
    assert reference.read_bytes() == before
    assert main(["accept-reference", "zenke2015"]) == 0
    assert json.loads(reference.read_text())["seeds"] == [1001, 1002]


def test_reference_of_another_scale_is_made_beside_results(project):
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: mine\nbased_on: zenke2015\nscales:\n  quick: {seeds: 2, parameters: {tau_H_ms: 50.0}}\n"
        "  standard: {seeds: 3}\n  full: {seeds: 3}\n"
    )
    for command in (("simulate", "--seeds", "1001-1003"), ("aggregate",), ("evaluate",)):
        assert main([command[0], "mine", "--scale", "standard", *command[1:]]) == 0
    before = project.content("results/**/*.*")
    assert main(["accept-reference", "mine", "--scale", "quick"]) == 0
    reference = json.loads((project.folder / "config/reference/mine.quick.json").read_text())
    assert (reference["seeds"], reference["parameters"]["tau_H_ms"]) == ([1001, 1002], 50.0)
    after = project.content("results/**/*.*")
    beside = {"results/references", "results/compiled"}
    assert {path: each for path, each in after.items() if not any(path.startswith(name) for name in beside)} == before
    assert not (project.folder / "config/reference/mine.json").exists()
    # Verdicts on another ensemble are in nobody's way.
    assert main(["aggregate", "mine", "--scale", "standard", "--seeds", "1001-1002"]) == 0
    assert main(["accept-reference", "mine", "--scale", "standard"]) == 0
    assert json.loads((project.folder / "config/reference/mine.json").read_text())["seeds"] == [1001, 1002]


def test_reference_of_an_installed_study_is_refused(project, capsys, monkeypatch):
    monkeypatch.setattr("replasticity.storage.project.CLONE", None)
    # Beside the experiments of the package, as in site-packages.
    monkeypatch.setattr("replasticity.storage.project._PACKAGE", project.folder / "src/replasticity")
    assert main(["accept-reference", "zenke2015", "--scale", "standard"]) == 2
    assert "zenke2015: is a study of the installed package" in one_line(capsys)
    assert not (project.folder / "results").exists()


def test_reference_is_not_made_from_stale_results(project, capsys):
    runs_of_seeds(project, 1001, 1002)
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1002"]) == 0
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015.yaml",
        "tau_H_ms: {value: 100.0",
        "tau_H_ms: {value: 50.0",
    )
    assert main(["accept-reference", "zenke2015"]) == 2
    assert "made with other parameters" in one_line(capsys)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda path: path.write_bytes(b"rubbish"), "seed-1002.nc: cannot be read as netCDF-4"),
        (lambda path: path.write_bytes(path.read_bytes()[:20000]), "seed-1002.nc: cannot be read as netCDF-4"),
        (
            lambda path: path.write_bytes(path.with_name("seed-1001.nc").read_bytes()),
            "seed 1001 is in another file too",
        ),
        (lambda path: path.unlink(), "seed-1002.nc: no such file"),
        (lambda path: main(["simulate", "zenke2015_eq15", "-o", str(path)]), "experiment is 'zenke2015_eq15'"),
        (
            lambda path: main(["simulate", "zenke2015", "--seed", "1002", "--set", "tau_H_ms=50", "-o", str(path)]),
            "made with other parameters: tau_H_ms (50.0 in the file, 100.0 in the experiment)",
        ),
    ],
)
def test_aggregate_names_the_run_that_is_wrong(project, capsys, damage, text):
    damage(runs_of_seeds(project, 1001, 1002)[1])
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1002"]) == 2
    assert text in one_line(capsys)
    assert not (project.folder / "results/ensembles").exists()


def test_foreign_netcdf_is_refused(project, capsys):
    xr.Dataset({"a": ("x", np.arange(3))}).to_netcdf("foreign.nc")
    assert main(["plot", "zenke2015", "foreign.nc"]) == 2
    assert "not a file of replasticity" in one_line(capsys)
    assert main(["replay", "foreign.nc"]) == 2
    assert "attribute 'protocol' is ''; allowed: " in one_line(capsys)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda r: r.attrs.update(protocol="nobody"), "attribute 'protocol' is 'nobody'"),
        (lambda r: r.attrs.update(parameters="nonsense"), "attribute 'parameters' is no valid JSON"),
        (lambda r: r.attrs.update(parameters="{}"), "parameters: dt_ms: "),
        (lambda r: r.attrs.pop("parameters"), "has no attribute 'parameters'"),
        (lambda r: r.__delitem__("population_count"), "has no variable 'population_count'"),
    ],
)
def test_broken_recording_is_one_line(project, capsys, change, text):
    from tests.conftest import ROOT

    with xr.open_dataset(ROOT / "tests/peers/zenke/zenke_seed1.nc", decode_times=False) as recording:
        recording = recording.load()
    change(recording)
    recording.to_netcdf("broken.nc")
    assert main(["replay", "broken.nc"]) == 2
    assert text in one_line(capsys)


def test_shortened_recording_is_one_line(project, capsys):
    from tests.conftest import ROOT

    with xr.open_dataset(ROOT / "tests/peers/zenke/zenke_seed1.nc", decode_times=False) as recording:
        recording.load().isel(step=slice(0, 40000)).to_netcdf("broken.nc")
    assert main(["replay", "broken.nc"]) == 2
    assert "population_count: has 40000 steps, the parameters give 50000" in one_line(capsys)


def test_development_mode_shows_where_content_broke_the_code(project):
    shutil.copy(ROOT / "tests/peers/dopamine/dopa_timing.nc", project.folder / "recording.nc")
    project.edit(
        "src/replasticity/studies/dopamine_tutorial/timing_peer.py",
        "spike_ms, states = [], []",
        "[][7]",
    )
    command = ["replasticity", "replay", "recording.nc"]
    plain = project.run(*command, check=False)
    assert plain.returncode == 2
    assert plain.stderr.startswith("error: replasticity.studies.dopamine_tutorial.timing_peer, replay, line ")
    assert "'python -X dev -m replasticity ...' shows more" in plain.stderr
    assert len(plain.stderr.splitlines()) == 1
    developing = project.run(*command, check=False, PYTHONDEVMODE="1")
    assert developing.returncode == 1
    assert "studies/dopamine_tutorial/timing_peer.py" in developing.stderr
    assert "IndexError: list index out of range" in developing.stderr


def test_recording_without_points_is_told(project):
    recording = datasets.open_netcdf(ROOT / "tests/peers/dopamine/dopa_timing.nc")
    recording.isel(point=slice(0)).to_netcdf(project.folder / "no_points.nc")
    plain = project.run("replasticity", "replay", "no_points.nc", check=False)
    assert plain.returncode == 2
    assert plain.stderr == "error: no_points.nc: dimension 'point' has no entries\n"


def test_list_and_info(in_project, capsys):
    assert main(["list"]) == 0
    assert "zenke2015_paper" in capsys.readouterr().out
    assert main(["info", "zenke2015"]) == 0
    assert "example script: tau_stdp" in capsys.readouterr().out


def test_information_on_a_file_reads_none_of_its_variables(tmp_path):
    # 16 GB that were never written take no room on the disk; a process that loads them has not enough memory.
    with netCDF4.Dataset(tmp_path / "large.nc", "w") as file:
        file.title = "a large file"
        file.createDimension("time_ms", 2**31)
        file.createVariable("time_ms", "f8", ("time_ms",), zlib=True)
    code = (
        "import resource, sys; from replasticity.cli import main;"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30)); sys.exit(main(['info', sys.argv[1]]))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "large.nc"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert "a large file" in finished.stdout


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    commands = (
        "simulate aggregate evaluate plot check accept-reference replay claims list info gallery report compile schema"
    )
    assert all(command in printed for command in commands.split())


def test_a_reader_that_stops_early_is_no_error(in_project):
    finished = subprocess.run(
        f"{sys.executable} -m replasticity info zenke2015 | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""


#: Experiments of the protocol at the quick scale.
CLOPATH_NETWORKS = [
    "clopath2010",
    "clopath2010_100s",
    "clopath2010_100s_corrected",
    "clopath2010_adaptation_unit",
    "clopath2010_corrected",
    "clopath2010_fine_solver",
    "clopath2010_history_rest",
    "clopath2010_inhibition_sign",
    "clopath2010_initial_rest",
]


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        # The quick scale leaves out the network of 1000 s.
        ("clopath2010_network", CLOPATH_NETWORKS),
        # Those of another protocol with the same kernels too.
        ("beats_window", ["stdp_tutorial_window", "stdp_window"]),
    ],
)
def test_compiling_simulates_what_uses_the_same_kernels_at_the_quick_scale(project, monkeypatch, protocol, expected):
    simulated = []
    monkeypatch.setattr(simulation, "simulate", lambda resolved, seed: simulated.append((resolved.name, seed)))
    assert main(["compile", protocol, "-o", "compiled.json"]) == 0
    assert simulated == [(name, 1) for name in expected]
    assert json.loads((project.folder / "compiled.json").read_text())["compiled_for"] == expected


def test_compiling_shortens_no_run_that_would_not_be_allowed(project, monkeypatch):
    durations_s = []
    monkeypatch.setattr(
        simulation, "simulate", lambda resolved, seed: durations_s.append(resolved.parameters.duration_s)
    )
    project.edit(
        "src/replasticity/studies/izhikevich2007/experiments/izhikevich2007_pavlov.yaml",
        "sample_interval_s: {value: 10",
        "sample_interval_s: {value: 60",
    )
    assert main(["compile", "izhikevich2007_reward", "-o", "compiled.json"]) == 0
    assert 120 in durations_s


#: Simulates one quick seed of experiments and prints which functions had to be compiled.
COMPILED_BY_QUICK_RUNS = """
import sys

from numba.core import event

from replasticity.definitions import experiments
from replasticity.pipeline import simulation

with event.install_recorder("numba:compile") as recorder:
    for name in sys.argv[1:]:
        simulation.simulate(experiments.resolve(name, "quick"), seed=1)
print({each.data["dispatcher"].py_func.__qualname__ for _, each in recorder.buffer})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("clopath2010_network", CLOPATH_NETWORKS),
        ("izhikevich2007_reward", ["izhikevich2007", "izhikevich2007_pavlov", "izhikevich2007_pavlov_random_reward"]),
        ("dopamine_tutorial_cue", ["dopamine_ten", "dopamine_timing", "dopamine_timing_exact", "izhikevich2007_cue"]),
    ],
)
def test_after_compiling_nothing_is_left_to_compile(tmp_path, protocol, names):
    # Of each group of protocols one of which is compiled by shorter runs than the quick ones.
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def python(*arguments):
        command = [sys.executable, *arguments]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return finished.stdout.strip()

    python("-m", "replasticity", "compile", protocol, "-o", tmp_path / "compiled.json")
    assert python("-c", COMPILED_BY_QUICK_RUNS, *names) == "set()"


@pytest.mark.parametrize(("library", "extra"), [("plotly", "report"), ("jinja2", "report")])
def test_a_library_of_an_extra_that_is_missing_is_named_with_it(in_project, library, extra):
    program = (
        f"import sys; sys.modules['{library}'] = None; from replasticity.cli import main; sys.exit(main(['report']))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (2, "", 1)
    assert finished.stderr.startswith("error: a library cannot be loaded: ")
    assert f"""in a clone, and "pip install 'replasticity[{extra}]'" elsewhere""" in finished.stderr
