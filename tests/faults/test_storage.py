"""Full and read-only disks, and results damaged by hand, in a workflow: told in one line, and only that redone."""

import contextlib
import os
import re
import shutil
import subprocess
import time

import netCDF4
import pytest
import xarray as xr

from tests.conftest import ROOT, ZENKE, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CALL = ("--cores", "1", "--config", "scale=quick", "experiments=[zenke2015_paper]")
RESULTS = "results/*/**/*.nc"
RUN = "results/runs/zenke2015_paper/seed-1002.nc"
ENSEMBLE = "results/ensembles/zenke2015_paper.nc"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One small experiment, made once."""
    project = ProjectCopy(tmp_path_factory.mktemp("finished") / "project")
    project.keep_experiments(*ZENKE)
    project.snakemake(*CALL)
    return project


@pytest.fixture
def project(finished, tmp_path):
    copy = object.__new__(ProjectCopy)
    copy.folder = tmp_path / "project"
    shutil.copytree(finished.folder, copy.folder)
    return copy


@contextlib.contextmanager
def mounted(folder, *options):
    """Mount something over a folder, as root in a place that allows it; skip the test elsewhere."""
    if os.geteuid() != 0 or subprocess.run(["mount", *options, folder], capture_output=True).returncode != 0:
        pytest.skip("mounting a small or a read-only file system needs root and a machine that allows it")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fails_with(project, text, *targets):
    finished = project.snakemake(*targets, *CALL, check=False)
    printed = finished.stdout + finished.stderr
    assert finished.returncode != 0
    # Long lines of a log are wrapped where they are shown, also inside a path.
    assert "".join(text.split()) in "".join(printed.split()), printed
    assert "Traceback" not in printed


def test_full_disk_is_told_and_what_was_made_is_kept(finished, project):
    expected = project.content(RESULTS)
    shutil.rmtree(project.folder / "results")
    (project.folder / "results").mkdir()
    run_size = len(expected[RUN])
    # Room for the first run, and for half of the second.
    with mounted(project.folder / "results", "-t", "tmpfs", "-o", f"size={run_size * 3 // 2}", "tmpfs"):
        fails_with(project, "seed-1002.nc: cannot write it: No space left on device")
        first = project.folder / "results/runs/zenke2015_paper/seed-1001.nc"
        assert [path.name for path in first.parent.iterdir()] == ["seed-1001.nc"]
        made = first.stat().st_mtime_ns
        subprocess.run(["mount", "-o", "remount,size=100m", project.folder / "results"], check=True)
        project.snakemake(*CALL)
        assert first.stat().st_mtime_ns == made
        assert project.content(RESULTS) == expected


def test_read_only_results_folder_is_refused_before_the_first_job(project):
    folder = project.folder / "results"
    shutil.rmtree(folder)
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "ro", "tmpfs"):
        fails_with(project, "results/any file: cannot write it: its folder is read-only")


def test_read_only_result_is_named(project):
    folder = project.folder / "results"
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015_paper.yaml",
        "tau_H_ms: {value: 10000.0",
        "tau_H_ms: {value: 9000.0",
    )
    with mounted(folder, "--bind", "-o", "ro", folder):
        fails_with(project, "Write-protected output files")


def overwrite(path):
    path.write_bytes(b"rubbish")


def truncate(path):
    path.write_bytes(path.read_bytes()[:5000])


def make_older_version(path):
    dataset = xr.load_dataset(path, decode_times=False)
    dataset.attrs["replasticity_version"] = "0.0"
    dataset.to_netcdf(path)


def make_other_format(path):
    xr.load_dataset(path, decode_times=False).to_netcdf(path, format="NETCDF3_64BIT", engine="scipy")


@pytest.mark.parametrize("damage", [overwrite, make_older_version, make_other_format])
def test_damaged_run_of_another_size_is_made_again_alone(project, damage):
    expected = project.content(RESULTS)
    damage(project.folder / RUN)
    kept = {name: (project.folder / name).stat().st_mtime_ns for name in expected if "runs" in name and name != RUN}
    project.snakemake(*CALL)
    assert project.content(RESULTS) == expected
    assert kept == {name: (project.folder / name).stat().st_mtime_ns for name in kept}


def change_values(path):
    """Change numbers in a file that stays sound netCDF, and keep its time, so that Snakemake sees nothing."""
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with netCDF4.Dataset(path, "a") as run:
        run["G_Hz"][:] = run["G_Hz"][:] * 1.5
    os.utime(path, ns=times)


def flip_bit(path):
    """Damage a file that keeps its size."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def runs(*seeds):
    return [f"results/runs/zenke2015_paper/seed-{seed}.nc" for seed in seeds]


def times(project, pattern="results/*/**/*.*"):
    paths = [path for path in project.folder.glob(pattern) if path.suffix in {".nc", ".json"}]
    return {path: path.stat().st_mtime_ns for path in paths}


def test_all_damaged_runs_are_named_and_made_again_and_nothing_is_gathered_twice(project):
    expected = project.content(RESULTS)
    for name in runs(1001, 1003):
        flip_bit(project.folder / name)
    kept = (project.folder / RUN).stat().st_mtime_ns
    ensemble = project.folder / ENSEMBLE
    ensemble.unlink()
    fails_with(project, "seed-1001.nc: was changed or damaged after it was simulated; it is now seed-1001.nc.changed")
    project.snakemake(*CALL)
    assert project.content(RESULTS) == expected
    assert (project.folder / RUN).stat().st_mtime_ns == kept
    before = times(project)
    project.snakemake(*CALL)
    assert times(project) == before


def test_deleted_run_is_made_again_and_nothing_is_gathered_twice(project):
    expected = project.content(RESULTS)
    (project.folder / RUN).unlink()
    project.snakemake(*CALL)
    assert project.content(RESULTS) == expected
    before = times(project)
    project.snakemake(*CALL)
    assert times(project) == before


def test_run_damaged_in_secret_is_not_taken_over_when_seeds_are_added(project):
    expected = project.content("results/runs/*/*.nc")
    change_values(project.folder / RUN)
    project.snakemake(*CALL, "seeds={zenke2015_paper: 4}")
    made = project.content("results/runs/*/*.nc")
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize("lose", [lambda path: path.unlink(), lambda path: path.write_text('{"sha256": {"1001"')])
def test_run_damaged_in_secret_is_not_taken_over_when_its_record_is_lost(project, lose):
    expected = project.content(RESULTS)
    change_values(project.folder / RUN)
    lose(project.folder / "results/runs/zenke2015_paper/seeds-1001-1003.json")
    project.snakemake(*CALL)
    assert project.content(RESULTS) == expected


def test_check_finds_a_run_damaged_in_secret(project):
    expected = project.content(RESULTS)
    times = (project.folder / RUN).stat()
    flip_bit(project.folder / RUN)
    os.utime(project.folder / RUN, ns=(times.st_atime_ns, times.st_mtime_ns))
    fails_with(project, "seed-1002.nc: was changed or damaged after it was simulated; it is now", "check")
    finished = project.snakemake("check", *CALL)
    assert "zenke2015_paper: agrees with its reference" in finished.stdout
    assert project.content(RESULTS) == expected


def test_results_dated_in_the_future_recover_as_the_documentation_says(project):
    tomorrow = time.time() + 86_400
    for path in project.folder.glob("results/**/*.*"):
        os.utime(path, (tomorrow, tomorrow))
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015_paper.yaml",
        "tau_H_ms: {value: 10000.0",
        "tau_H_ms: {value: 9000.0",
    )
    fails_with(project, "This could indicate a clock skew problem")
    page = (ROOT / "docs/how_to/troubleshooting.md").read_text()
    (command,) = re.findall(r"`(find results .*?)`", page)
    subprocess.run(command, shell=True, cwd=project.folder, check=True)
    project.snakemake(*CALL)
    before = times(project)
    project.snakemake(*CALL)
    assert times(project) == before


@pytest.mark.parametrize("damage", [overwrite, truncate])
def test_damaged_ensemble_is_named_and_no_run_is_redone(project, damage):
    expected = project.content(RESULTS)
    ensemble = project.folder / ENSEMBLE
    kept = {name: (project.folder / name).stat().st_mtime_ns for name in expected if name != ENSEMBLE}
    damage(ensemble)
    fails_with(project, "zenke2015_paper.nc: cannot be read as netCDF-4")
    fails_with(project, "delete it and call Snakemake again, which makes it again")
    ensemble.unlink()
    project.snakemake(*CALL)
    assert project.content(RESULTS) == expected
    assert kept == {name: (project.folder / name).stat().st_mtime_ns for name in kept}
