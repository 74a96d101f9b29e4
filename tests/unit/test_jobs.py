"""Several seeds in one job: what is kept, what is made again, and what the record tells."""

import json
import os

import netCDF4
import pytest

from replasticity.definitions import experiments
from replasticity.definitions.configuration import Configuration
from replasticity.definitions.seeds import name_of_seeds, seed_list_of, seed_ranges
from replasticity.errors import UserError
from replasticity.pipeline import jobs
from replasticity.storage import datasets, project
from tests.conftest import ROOT


@pytest.fixture
def resolved(monkeypatch, tmp_path):
    """The cheapest experiment, in an empty project of its own."""
    monkeypatch.chdir(ROOT)
    resolved = experiments.resolve("zenke2015", "quick")
    (tmp_path / "config/experiments").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return resolved


def run_bytes(resolved):
    return {path.name: path.read_bytes() for path in project.run_file(resolved.name, 0).parent.glob("seed-*.nc")}


@pytest.mark.parametrize(
    ("seconds_per_run", "job_seconds", "expected"),
    [
        (0.1, 0.35, ["1-3", "4-6", "7"]),
        (0.1, 100.0, ["1-7"]),
        (30.0, 5.0, ["1", "2", "3", "4", "5", "6", "7"]),
    ],
)
def test_seeds_share_a_job_as_long_as_they_fit_into_its_time(resolved, seconds_per_run, job_seconds, expected):
    resources = resolved.experiment.resources.model_copy(update={"seconds_per_run": seconds_per_run})
    experiment = resolved.experiment.model_copy(update={"resources": resources})
    resolved = resolved.model_copy(update={"experiment": experiment, "seeds": [3, 1, 2, 4, 5, 6, 7]})
    assert list(jobs.seeds_of_jobs(resolved, Configuration(job_seconds=job_seconds))) == expected


def test_every_seed_is_in_exactly_one_job(resolved):
    resolved = resolved.model_copy(update={"seeds": [9, 2, 3, 4, 100]})
    parts = jobs.seeds_of_jobs(resolved, Configuration(job_seconds=0.2))
    assert [seed for part in parts.values() for seed in part] == [2, 3, 4, 9, 100]
    assert [seed_list_of(name) for name in parts] == list(parts.values())


def test_runs_do_not_depend_on_the_seeds_that_share_their_job(resolved):
    jobs.simulate(resolved, [1, 2, 3])
    together = run_bytes(resolved)
    for seed in (3, 2):
        project.run_file(resolved.name, seed).unlink()
        jobs.simulate(resolved, [seed])
    assert run_bytes(resolved) == together


def test_job_goes_on_where_it_was_killed(resolved, capsys):
    jobs.simulate(resolved, [1, 2])
    expected = run_bytes(resolved)
    project.run_file(resolved.name, 2).unlink()
    first = project.run_file(resolved.name, 1).stat().st_mtime_ns
    jobs.simulate(resolved, [1, 2])
    assert project.run_file(resolved.name, 1).stat().st_mtime_ns == first
    assert run_bytes(resolved) == expected
    assert "seed-1.nc: is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage",
    [lambda path: path.write_bytes(path.read_bytes()[:5000]), lambda path: path.write_bytes(b"rubbish")],
    ids=["truncated", "rubbish"],
)
def test_damaged_run_is_named_and_only_it_is_made_anew(resolved, damage):
    jobs.simulate(resolved, [1, 2])
    expected = run_bytes(resolved)
    damage(project.run_file(resolved.name, 2))
    kept = project.run_file(resolved.name, 1).stat().st_mtime_ns
    with pytest.raises(UserError, match=r"seed-2\.nc: was changed or damaged after it was simulated"):
        jobs.check_records(resolved.name, [1, 2])
    assert not project.record_file(resolved.name, "1-2").exists()
    jobs.simulate(resolved, [1, 2])
    assert run_bytes(resolved) == expected
    assert project.run_file(resolved.name, 1).stat().st_mtime_ns == kept
    jobs.check_records(resolved.name, [1, 2])


def test_missing_run_is_named(resolved):
    jobs.simulate(resolved, [1, 2])
    project.run_file(resolved.name, 1).unlink()
    with pytest.raises(UserError, match=r"seed-1\.nc: no such file; call Snakemake again"):
        jobs.check_records(resolved.name, [1, 2])


def test_run_of_other_parameters_is_not_kept(resolved):
    other = experiments.Resolved(
        **dict(resolved) | {"parameters": resolved.parameters.model_copy(update={"tau_H_ms": 77.0})}
    )
    jobs.simulate(other, [1])
    jobs.simulate(resolved, [1])
    written = run_bytes(resolved)
    project.run_file(resolved.name, 1).unlink()
    jobs.simulate(resolved, [1])
    assert run_bytes(resolved) == written


def test_older_records_of_the_same_seeds_are_forgotten(resolved):
    jobs.simulate(resolved, [1, 2])
    jobs.simulate(resolved, [3])
    jobs.simulate(resolved, [2])
    folder = project.record_file(resolved.name, "1").parent
    assert {path.name for path in folder.glob("*.json")} == {"seeds-2.json", "seeds-3.json"}
    assert list(json.loads((folder / "seeds-3.json").read_text())["sha256"]) == ["3"]


def test_record_of_lost_runs_is_forgotten_without_reading_them(resolved, capsys):
    jobs.forget_records_of_lost_runs(resolved.name)
    jobs.simulate(resolved, [1001, 1002, 1003])
    record = project.record_file(resolved.name, "1001-1003")
    first, second, third = (project.run_file(resolved.name, seed) for seed in (1001, 1002, 1003))
    # Neither its time nor its content matters here: what is gathered is compared with the record.
    os.utime(second)
    change_value(third)
    jobs.forget_records_of_lost_runs(resolved.name)
    assert record.exists()
    first.unlink()
    third.write_bytes(b"")
    jobs.forget_records_of_lost_runs(resolved.name)
    assert not record.exists()
    assert "runs of seeds 1001,1003 are missing or cut" in capsys.readouterr().err


def test_run_is_kept_when_its_experiment_is_reworded(resolved):
    jobs.simulate(resolved, [1])
    expected = run_bytes(resolved)
    experiment = resolved.experiment.model_copy(update={"title": "Another title"})
    jobs.simulate(resolved.model_copy(update={"experiment": experiment}), [1])
    assert run_bytes(resolved) == expected


def change_value(path):
    """Change one number, in a file that stays sound netCDF, and keep its time."""
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with netCDF4.Dataset(path, "a") as run:
        run["G_Hz"][-1] += 1e-9
    os.utime(path, ns=times)


def change_attribute(path):
    with netCDF4.Dataset(path, "a") as run:
        run.parameters = run.parameters.replace("100.0", "200.0")


def change_seed(path):
    with netCDF4.Dataset(path, "a") as run:
        run.seed = 1


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def put_another_run(path):
    path.write_bytes(project.run_file("zenke2015", 1).read_bytes())


DAMAGES = (change_value, change_attribute, change_seed, cut, put_another_run)


@pytest.mark.parametrize("damage", DAMAGES)
def test_all_damaged_runs_are_named_at_once_and_none_is_blessed(resolved, damage):
    jobs.simulate(resolved, [1, 2, 3, 4])
    expected = run_bytes(resolved)
    for seed in (2, 4):
        damage(project.run_file(resolved.name, seed))
    kept = project.run_file(resolved.name, 3).stat().st_mtime_ns
    with pytest.raises(UserError) as error:
        jobs.check_records(resolved.name, [1, 2, 3, 4])
    for seed in (2, 4):
        assert f"seed-{seed}.nc: was changed or damaged after it was simulated; it is now" in str(error.value)
    assert "seed-3" not in str(error.value)
    jobs.simulate(resolved, [1, 2, 3, 4])
    assert run_bytes(resolved) == expected
    assert project.run_file(resolved.name, 3).stat().st_mtime_ns == kept
    jobs.check_records(resolved.name, [1, 2, 3, 4])


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("lose", [lambda path: path.unlink(), lambda path: path.write_text('{"sha256": {'), None])
def test_damaged_run_is_not_taken_for_made_when_seeds_are_added_or_the_record_is_lost(resolved, damage, lose):
    jobs.simulate(resolved, [1, 2, 3])
    expected = run_bytes(resolved)
    damage(project.run_file(resolved.name, 3))
    if lose is not None:
        lose(project.record_file(resolved.name, "1-3"))
    jobs.simulate(resolved, [1, 2, 3, 4])
    made = run_bytes(resolved)
    assert made.pop("seed-4.nc")
    assert made == expected


@pytest.mark.parametrize("damage", [change_value, change_attribute, cut])
def test_damaged_run_without_a_record_reaches_no_statistic(resolved, damage):
    jobs.simulate(resolved, [1, 2])
    project.record_file(resolved.name, "1-2").unlink()
    damage(project.run_file(resolved.name, 2))
    with pytest.raises(UserError, match=r"seed-2\.nc: "):
        jobs.gather(resolved, [1, 2])


def test_run_of_another_seed_is_not_gathered(resolved):
    jobs.simulate(resolved, [1, 2])
    project.record_file(resolved.name, "1-2").unlink()
    put_another_run(project.run_file(resolved.name, 2))
    with pytest.raises(UserError, match=r"seed-2\.nc: holds the run of another seed"):
        jobs.gather(resolved, [2])


def test_known_digest_of_a_run_is_compared_before_it_is_kept(resolved, capsys):
    # Sound in itself, but not what was simulated: only the record tells.
    jobs.simulate(resolved, [1, 2])
    expected = run_bytes(resolved)
    path = project.run_file(resolved.name, 2)
    run = datasets.read(path, "run")
    run["G_Hz"].values[-1] += 1.0
    datasets.write(run, path)
    jobs.simulate(resolved, [1, 2, 3])
    assert {name: made for name, made in run_bytes(resolved).items() if name in expected} == expected
    assert "seed-2.nc: is there already" not in capsys.readouterr().err


def test_ensemble_is_compared_with_the_runs_that_it_was_gathered_from(resolved):
    jobs.simulate(resolved, [1, 2])
    ensemble, path = jobs.gather(resolved, [1, 2]), project.ensemble_file(resolved.name)
    jobs.require_runs_of(ensemble, path)
    project.run_file(resolved.name, 2).unlink()
    with pytest.raises(UserError, match=r"seed-2\.nc: no such file; call Snakemake again"):
        jobs.require_runs_of(ensemble, path)
    run = datasets.read(project.run_file(resolved.name, 1), "run")
    run["G_Hz"].values[-1] += 1.0
    datasets.write(run.assign_attrs(seed=2), project.run_file(resolved.name, 2))
    with pytest.raises(UserError, match=r"zenke2015\.nc: was gathered from other runs than are in results/runs"):
        jobs.require_runs_of(ensemble, path)


def test_edited_record_says_nothing(resolved):
    jobs.simulate(resolved, [1])
    record = project.record_file(resolved.name, "1")
    content = json.loads(record.read_text())
    content["sha256"]["1"] = "0" * 64
    record.write_text(json.dumps(content))
    jobs.check_records(resolved.name, [1])


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "{}", '{"sha256": []}', '{"sha256": {"1": 2}, "bytes": {"a": 1}}', "[" * 100_000]
)
def test_broken_record_says_nothing(resolved, content):
    jobs.simulate(resolved, [1])
    project.record_file(resolved.name, "1").write_text(content)
    jobs.check_records(resolved.name, [1])
    jobs.forget_records_of_lost_runs(resolved.name)


@pytest.mark.parametrize("text", ["", "1-", "a", "1--3", "-1", "1;2"])
def test_no_seeds(text):
    with pytest.raises(ValueError, match="1-40"):
        seed_list_of(text)


def test_seed_ranges_are_read_back():
    seeds = [1, 2, 3, 7, 9, 10]
    assert seed_list_of(seed_ranges(seeds)) == seeds


def test_long_lists_of_seeds_have_short_names_of_their_own():
    odd = list(range(1, 200_000, 2))
    names = {name_of_seeds(seeds) for seeds in (odd, odd[:-2] + odd[-1:], odd[:100], odd[:101])}
    assert len(names) == 4
    assert all(len(name) <= 60 and set(name) <= set("0123456789abcdefto-,") for name in names)
    assert name_of_seeds(odd) == name_of_seeds(odd[::-1])
    assert name_of_seeds(odd).startswith("1-to-199999-")
    assert name_of_seeds([1, 2, 3, 7]) == "1-3,7"


def test_seeds_are_no_more_than_a_configuration_may_have():
    with pytest.raises(ValueError, match="at most 100000 seeds"):
        seed_list_of("1-60000,100001-160000")


@pytest.mark.parametrize("seconds", [1e-320, 1e-300, 0.0, 1e300])
def test_times_that_nothing_can_be_counted_by_are_refused(resolved, seconds):
    for model, key in ((Configuration, "job_seconds"), (experiments.Resources, "seconds_per_run")):
        with pytest.raises(UserError, match=rf"{key}: has to be (greater|less) than or equal to"):
            experiments.validate(model, {key: seconds}, "file.yaml")


@pytest.mark.parametrize(("per_run", "together"), [(0.001, 1e6), (1e6, 1e6), (1e6, 0.001), (0.001, 0.001)])
def test_extreme_times_give_countable_jobs(resolved, per_run, together):
    resources = experiments.Resources(seconds_per_run=per_run)
    experiment = resolved.experiment.model_copy(update={"resources": resources})
    resolved = resolved.model_copy(update={"experiment": experiment, "seeds": list(range(1, 1001))})
    parts = jobs.seeds_of_jobs(resolved, Configuration(job_seconds=together))
    assert sum(map(len, parts.values())) == 1000
    assert all(10 <= jobs.runtime_min(resolved, part) < 1e6 for part in parts.values())
