"""What was simulated around the printed parameters -> what was found."""

import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.robustness import designs, findings, stored
from replasticity.robustness.findings import Measured, Sample
from replasticity.robustness.runs import Values
from replasticity.robustness.summary import Axis, OneAtATime, Point, Settled
from tests.robustness.test_estimates import claim_of

#: Holds where the first coordinate is 0.25 or more: in three quarters of the cube.
CLAIM = claim_of("mean_in_range", lower=0.25)

AXES = ("strong", "weak", "none")


def values_at(points, refused=lambda point: False):
    """Return values of two claims and four seeds at points of the unit cube; the first claim is another one's."""
    value = points[..., 0] + 0.1 * points[..., 1]
    value = value[:, None] + 0.05 * np.array([-1.0, 1.0, -1.0, 1.0])
    reasons = ["refused" if refused(point) else "" for point in points]
    value[[bool(each) for each in reasons]] = np.nan
    value = np.stack([np.zeros_like(value), value], axis=-1)
    return Values([{} for _ in points], value, reasons, [1, 2, 3, 4], ["other", "a"])


def rows(first, last, **options):
    return values_at(designs.sobol_rows(3, first, last).reshape(-1, 3), **options)


def found_in(sample, printed="holds"):
    return findings.neighbourhood(sample, CLAIM, 1, printed)


@pytest.fixture(scope="module")
def sample():
    trajectories = values_at(designs.morris_trajectories(3, 0, 9).reshape(-1, 3))
    return Sample(0.1, AXES, [rows(0, 63), rows(64, 127)], [trajectories])


def test_share_of_sets_in_which_the_claim_stands_as_printed(sample):
    found = found_in(sample)
    assert (found.sets, found.refused, found.undefined) == (256, 0, 0)
    # 0.25 less a mean of 0.05 of the second coordinate; the sequence leaves less than 1 % of doubt.
    assert found.same == pytest.approx(0.8, abs=0.01)
    assert found.same_interval[0] < 0.8 < found.same_interval[1]
    assert found_in(sample, "does not hold").same == pytest.approx(1 - found.same)
    assert found_in(sample, "undefined").same == 0


def test_effects_are_there_the_strongest_first(sample):
    strong, weak, none = found_in(sample).effects
    assert [each.parameter for each in (strong, weak, none)] == list(AXES)
    # The variance is 1/12 and 0.01/12.
    assert strong.total == pytest.approx(1 / 1.01, abs=0.02)
    assert weak.total == pytest.approx(0.01 / 1.01, abs=0.002)
    assert none.total == 0
    assert [each.mu_star for each in (strong, weak, none)] == pytest.approx([1, 0.1, 0])
    # The other claim's value is constant, so it has no variance to share out.
    assert [(each.total, each.mu_star) for each in findings.effects(sample, 0)] == [(None, 0)] * 3


def test_refused_sets_are_counted_and_left_out():
    found = found_in(Sample(0.1, AXES, [rows(0, 127, refused=lambda point: point[0] > 0.75)]))
    assert found.refused == pytest.approx(64, abs=2)
    assert found.sets == 256 - found.refused
    assert found.undefined == 0
    assert found.same == pytest.approx(0.55 / 0.75, abs=0.02)
    assert all(each.mu_star is None for each in found.effects)


def test_an_undefined_set_does_not_stand_as_printed():
    part = rows(0, 31)
    part.value[designs.A, 0, 1] = np.nan
    found = found_in(Sample(0.1, AXES, [part]))
    assert (found.sets, found.undefined) == (64, 1)
    assert found_in(Sample(0.1, AXES, [part]), "undefined").same == 1 / 64


def test_trajectories_alone_say_nothing_of_the_share(sample):
    found = found_in(Sample(0.1, AXES, [], sample.trajectories))
    assert (found.sets, found.same, found.same_interval, found.noise) == (0, None, None, None)
    assert [each.parameter for each in found.effects] == list(AXES)
    assert all(each.total is None for each in found.effects)


def test_what_seeds_do_to_all_sets_alike_is_no_noise(sample):
    assert found_in(sample).noise == pytest.approx(0)


@pytest.fixture
def summary(sample, in_project):
    resolved = experiments.resolve("zenke2015", "full")
    claim = resolved.experiment.claims[0]
    printed = Point(value=None, estimate=0.5, interval=(0.4, 0.6), side="holds", turned=False)
    flat = OneAtATime(parameter="dt_ms", points=[printed.model_copy(update={"value": 0.1})], flips=[])
    crossing = flat.model_copy(update={"flips": [(0.05, 0.06)]})
    measured = Measured(
        claim,
        printed,
        one_at_a_time=[flat, crossing],
        neighbourhoods=[found_in(sample)],
        settled=Settled(seeds=9, of=50, verdict="reproduced"),
    )
    axis = Axis(name="dt_ms", printed=0.1, low=0.09, high=0.11, values=[], cut="")
    return findings.summary(
        resolved, [measured], command="make", seeds=[1, 2], runs=7, axes={0.1: [axis]}, left_out={"a": "is 0"}
    )


def test_a_summary_comes_back_as_it_was_written(summary, tmp_path, monkeypatch):
    monkeypatch.setattr("replasticity.storage.project.robustness_file", lambda name: tmp_path / f"{name}.json")
    path = stored.write(summary)
    again = stored.read(path, "zenke2015")
    assert again == summary
    assert stored.is_of_now(again)
    assert list(stored.found_of(again)) == [summary.claims[0].id]
    content = json.loads(path.read_text())
    content["claims"][0]["line"] = "holds everywhere"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="was changed or damaged"):
        stored.read(path, "zenke2015")


def test_a_summary_has_its_sentences_and_its_nearest_flip_first(summary):
    claim = summary.claims[0]
    assert list(summary.axes) == ["0.1"]
    assert [bool(each.flips) for each in claim.one_at_a_time] == [True, False]
    assert claim.line == (
        "holds for 80 % [75, 85] of parameter sets within 10 %; no flip was shown with these seeds along 2 parameters; "
        "settled with 9 seeds"
    )
