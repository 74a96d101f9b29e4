"""The regression check: it passes on what has not changed, and names what has."""

import dataclasses
import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.judging import regression
from replasticity.pipeline import simulation
from replasticity.study import protocols
from tests.ensembles import statistics_in_memory

CHANGES = {"epoch_ms": 200.0, "pre_times_ms": [100.0, 500.0, 900.0], "post_times_ms": [101.0, 501.0, 901.0]}


@pytest.fixture
def project(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    return project_copy


def ensemble_of(resolved, seeds, folder):
    files = []
    for seed in seeds:
        files.append(folder / f"run-{seed}.nc")
        simulation.write_run(resolved, seed, files[-1])
    return simulation.aggregate(resolved, files)


@pytest.fixture
def short(project):
    return experiments.resolve("zenke2015", changes=CHANGES)


@pytest.fixture
def ensemble(short, tmp_path):
    return ensemble_of(short, range(1, 13), tmp_path)


def test_reference_holds_mean_sd_n_seeds_and_digests(short, ensemble):
    path = regression.write_reference(short, ensemble)
    assert path.name == "zenke2015.json"
    reference = json.loads(path.read_text())
    assert (reference["n"], reference["seeds"]) == (12, list(range(1, 13)))
    assert reference["parameters_digest"] == short.digest
    assert len(reference["code_digest"]) == 16
    entry = reference["statistics"]["dw_nS"]
    assert entry["units"] == "nS"
    np.testing.assert_allclose(entry["mean"], ensemble["dw_nS"].values.mean(axis=0))
    np.testing.assert_allclose(entry["sd"], ensemble["dw_nS"].values.std(axis=0, ddof=1))


def test_same_seeds_agree(short, ensemble):
    regression.write_reference(short, ensemble)
    check = regression.check(short, ensemble)
    assert check.passes
    assert (check.same_seeds, check.other_seeds, check.numbers) == (12, 0, 36)
    assert regression.check(short, ensemble.isel(seed=slice(3, 6))).passes


def test_other_seeds_raise_no_alarm_and_that_is_not_called_agreement(short, ensemble, tmp_path):
    # 36 numbers, corrected: false-alarm rate 1 % for fresh seeds.
    regression.write_reference(short, ensemble)
    check = regression.check(short, ensemble_of(short, range(101, 113), tmp_path))
    assert (check.same_seeds, check.other_seeds) == (0, 12)
    assert check.passes
    assert check.verdict == regression.NONE_SEEN


def test_of_old_and_new_seeds_each_is_compared_in_its_way(short, ensemble):
    regression.write_reference(short, ensemble.isel(seed=[11, *range(10)]))
    # Seeds 1 to 12 in their order: 11 is new, the others have other rows in the reference.
    check = regression.check(short, ensemble)
    assert (check.same_seeds, check.other_seeds) == (11, 1)
    assert check.passes
    other = ensemble.assign_coords(seed=[*range(101, 112), 12])
    other["G_post_Hz"].values[:11, 1] += 100.0
    check = regression.check(short, other)
    assert (check.same_seeds, check.other_seeds) == (1, 11)
    assert [(row.label, row.how) for row in check.moved] == [("G_post_Hz[1]", "other seeds")]


def test_a_relative_change_beyond_the_tolerance_moves(short, ensemble):
    regression.write_reference(short, ensemble)
    ensemble["G_post_Hz"].values[4, 2] *= 1 + 2e-9
    check = regression.check(short, ensemble)
    assert [(row.label, row.how) for row in check.moved] == [("G_post_Hz[2]", "same seeds")]
    assert not check.passes


def test_a_change_within_the_resolution_does_not_move(short, ensemble):
    regression.write_reference(short, ensemble)
    ensemble["intercept_post_nS"].values[:] += 1e-9
    assert regression.check(short, ensemble).passes


def test_an_undefined_number_moves(short, ensemble):
    regression.write_reference(short, ensemble)
    ensemble["dw_nS"].values[0, 0] = np.nan
    assert [row.label for row in regression.check(short, ensemble).moved] == ["dw_nS[0]"]


def renumbered(ensemble, count):
    """Return the first seeds of an ensemble under numbers that no reference has."""
    return ensemble.isel(seed=slice(count)).assign_coords(seed=range(1001, 1001 + count))


def test_few_other_seeds_are_too_few_to_tell(short, ensemble):
    # 36 numbers, 12 seeds: 4 / C(12 + n, n) x 36 is below 1 % from 6 seeds on.
    regression.write_reference(short, ensemble)
    for count, verdict in ((5, regression.TOO_FEW), (6, regression.NONE_SEEN)):
        check = regression.check(short, renumbered(ensemble, count))
        assert (check.same_seeds, check.other_seeds, check.needed, check.verdict) == (0, count, 6, verdict)
        assert check.passes == (verdict == regression.NONE_SEEN)
        assert (check.smallest_difference_sd is not None) == check.passes
    # However far off they are, five seeds show nothing, and six do.
    for count, verdict in ((5, regression.TOO_FEW), (6, regression.MOVED)):
        far = renumbered(ensemble, count)
        far["G_post_Hz"].values[:, 1] += 1000.0
        assert regression.check(short, far).verdict == verdict


def test_same_seeds_decide_where_the_other_ones_are_too_few(short, ensemble):
    regression.write_reference(short, ensemble.isel(seed=slice(10)))
    check = regression.check(short, ensemble)
    assert (check.same_seeds, check.other_seeds, check.verdict) == (10, 2, regression.AGREES)
    assert check.smallest_difference_sd is None
    ensemble["G_post_Hz"].values[3, 1] += 1e-6
    assert regression.check(short, ensemble).verdict == regression.MOVED


@pytest.mark.parametrize("same_seeds", [0, 3])
def test_what_does_not_depend_on_the_seed_is_the_same_with_any(short, ensemble, same_seeds):
    # The first pairing is in an epoch of rate 0: all seeds of the reference have the same weight change.
    regression.write_reference(short, ensemble)
    fresh = ensemble.isel(seed=slice(same_seeds + 1)).assign_coords(seed=[*range(1, same_seeds + 1), 1001])
    fresh["dw_nS"].values[-1, 0] += 1e-6
    check = regression.check(short, fresh)
    assert [(row.label, row.how) for row in check.moved] == [("dw_nS[0]", "any seed")]
    assert check.verdict == regression.MOVED


def test_what_seeds_share_by_chance_may_differ_in_another(short, ensemble, monkeypatch):
    regression.write_reference(short, ensemble)
    statistics = protocols.get("zenke2015").STATISTICS
    discrete = statistics | {"dw_nS": dataclasses.replace(statistics["dw_nS"], discrete=True)}
    monkeypatch.setitem(vars(protocols.get("zenke2015")), "STATISTICS", discrete)
    fresh = renumbered(ensemble, 8)
    fresh["dw_nS"].values[0, 0] += 1.0
    assert regression.check(short, fresh).verdict == regression.NONE_SEEN
    fresh["dw_nS"].values[:, 0] += 1.0
    assert regression.check(short, fresh).verdict == regression.MOVED


def test_where_nothing_is_random_one_other_seed_tells(project, tmp_path):
    resolved = experiments.resolve("stdp_window")
    regression.write_reference(resolved, ensemble_of(resolved, [1], tmp_path))
    fresh = ensemble_of(resolved, [7], tmp_path)
    assert regression.check(resolved, fresh).verdict == regression.AGREES
    fresh["dw"].values[0, 3] += 1e-9
    check = regression.check(resolved, fresh)
    assert [(row.label, row.how) for row in check.moved] == [("dw[3]", "any seed")]


def test_one_random_seed_is_no_reference_for_others(short, ensemble):
    # Not even for what would be the same with any seed: one seed does not say what that is.
    regression.write_reference(short, ensemble.isel(seed=[0]))
    check = regression.check(short, renumbered(ensemble, 12))
    assert (check.verdict, check.needed) == (regression.TOO_FEW, None)


def test_undefined_values_of_a_reference_have_to_be_declared(short, ensemble):
    path = regression.write_reference(short, ensemble)
    reference = json.loads(path.read_text())
    statistic = reference["statistics"]["dw_nS"]
    for values in (statistic["values"][2], statistic["mean"], statistic["sd"]):
        values[1] = float("nan")
    path.write_text(json.dumps(reference))
    with pytest.raises(UserError, match=r"zenke2015\.json: dw_nS\[2, 1\] is nan; it has to be a finite number"):
        regression.check(short, ensemble)


def test_other_seeds_of_another_model_move(short, ensemble, tmp_path):
    regression.write_reference(short, ensemble)
    other = experiments.resolve("zenke2015", changes=CHANGES | {"tau_H_ms": 20.0})
    check = regression.check(other, ensemble_of(other, range(101, 113), tmp_path))
    assert check.changed_parameters == ["tau_H_ms: 100.0 in the reference, 20.0 now"]
    assert {"G_sampled_Hz[1]", "G_sampled_Hz[2]"} <= {row.label for row in check.moved}
    assert all(row.how == "other seeds" and row.p < 0.01 and row.standard_errors > 3 for row in check.moved)


def test_missing_and_broken_references_are_told_in_one_line(short, ensemble):
    path = regression.reference_file(short)
    path.unlink()
    with pytest.raises(UserError, match=r"zenke2015\.json: no reference; 'python -m replasticity accept-reference"):
        regression.check(short, ensemble)
    path.write_text("{")
    with pytest.raises(UserError, match=r"zenke2015\.json: no valid reference"):
        regression.check(short, ensemble)


def edit(reference, *path, value):
    *above, key = path
    for step in above:
        reference = reference[step]
    reference[key] = value


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda r: r.update(experiment="zenke2015_eq15"), "is of experiment 'zenke2015_eq15', not 'zenke2015'"),
        (lambda r: edit(r, "parameters", "tau_H_ms", value=1.0), "its parameters do not fit their digest"),
        (lambda r: r["seeds"].pop(), "has another number of seeds than it says"),
        (lambda r: edit(r, "seeds", 0, value=2), "or one of them twice"),
        (
            lambda r: edit(r, "statistics", "dw_nS", "values", 0, 2, value=7.0),
            "dw_nS: its mean is not that of its values",
        ),
        (lambda r: edit(r, "statistics", "dw_nS", "sd", 2, value=1e9), "dw_nS: its sd is not that of its values"),
        (lambda r: r["statistics"]["dw_nS"]["values"].pop(), "dw_nS has values of 11 seeds, there are 12"),
        (lambda r: edit(r, "statistics", "dw_nS", "values", 0, value=[None]), "("),
        (lambda r: edit(r, "statistics", "dw_nS", "mean", value="a"), "dw_nS.mean has to hold numbers"),
        (lambda r: edit(r, "statistics", "dw_nS", value=None), "statistics.dw_nS: "),
        (lambda r: r.update(seeds=[1.5] * 12), "seeds.0: "),
        (lambda r: r.update(parameters=[]), "parameters: "),
        (lambda r: r.pop("statistics"), "statistics: "),
    ],
)
def test_reference_that_contradicts_itself_is_refused(short, ensemble, change, text):
    path = regression.write_reference(short, ensemble)
    reference = json.loads(path.read_text())
    change(reference)
    path.write_text(json.dumps(reference))
    with pytest.raises(UserError, match=r"zenke2015\.json: no valid reference \(") as error:
        regression.check(short, ensemble)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", ["null", "[]", "[{}]", "3", "NaN", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "\0"]
)
def test_other_json_is_no_reference(short, ensemble, content):
    regression.reference_file(short).write_text(content)
    with pytest.raises(UserError, match=r"zenke2015\.json: no valid reference \("):
        regression.check(short, ensemble)


def test_every_committed_reference_is_sound(in_project):
    found = set()
    for name in experiments.names():
        for scale in experiments.SCALES:
            resolved = experiments.resolve(name, scale)
            if regression.reference_file(resolved).is_file():
                regression.read_reference(resolved)
                found.add(regression.reference_file(resolved))
    assert found == set(in_project.glob("src/replasticity/studies/*/reference/*.json"))


def test_reference_with_other_statistics_is_refused(short, ensemble):
    path = regression.write_reference(short, ensemble)
    reference = json.loads(path.read_text())
    reference["statistics"]["old_nS"] = reference["statistics"].pop("dw_nS")
    path.write_text(json.dumps(reference))
    with pytest.raises(UserError, match="no statistic 'dw_nS'"):
        regression.check(short, ensemble)


def test_shortened_scale_has_a_reference_of_its_own(project):
    name, file = "zenke2015_paper", "src/replasticity/studies/zenke2015/experiments/zenke2015_paper.yaml"
    project.edit(file, "quick: {seeds: 3}", "quick: {seeds: 3, parameters: {tau_H_ms: 50.0}}")
    assert regression.reference_file(experiments.resolve(name, "quick")).name == f"{name}.quick.json"
    assert regression.reference_file(experiments.resolve(name, "full")).name == f"{name}.json"


@pytest.mark.slow
def test_fresh_seeds_are_called_changed_no_more_often_than_stated(monkeypatch):
    # 200 checks of the published example, each with a reference of 15 seeds and 10 fresh seeds of its own, so that the
    # checks are independent. At the stated rate of 1 % per experiment more than 7 alarms have a probability of 1e-3.
    repetitions, reference_seeds, fresh_seeds = 200, 15, 10
    resolved = experiments.resolve("zenke2015")
    together = reference_seeds + fresh_seeds
    digests = {"parameters_digest": resolved.digest, "code_digest": "of this process"}
    everything = statistics_in_memory(resolved, range(1001, 1001 + repetitions * together), **digests)
    alarms = 0
    for start in range(0, repetitions * together, together):
        reference = everything.isel(seed=slice(start, start + reference_seeds))
        fresh = everything.isel(seed=slice(start + reference_seeds, start + together))
        stored = regression.make_reference(resolved, reference)
        monkeypatch.setattr(regression, "read_reference", lambda _, stored=stored: stored)
        check = regression.check(resolved, fresh)
        assert (check.same_seeds, check.other_seeds) == (0, fresh_seeds)
        alarms += not check.passes
    assert alarms <= 7
