"""What is moved about the printed values: how far, in which steps, and what is left out, with its reason."""

import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.robustness import Robustness
from replasticity.errors import UserError
from replasticity.robustness.space import neighbourhood, refusal, sizes_of, time_steps

#: A random test takes this seed.
SEED = 21


def resolved(name: str, robustness: dict | None = None) -> Resolved:
    found = experiments.resolve(name)
    checked = Robustness.model_validate(robustness or {})
    return found.model_copy(update={"experiment": found.experiment.model_copy(update={"robustness": checked})})


def axis_of(space, name):
    return next(axis for axis in (*space.axes, *space.choices) if axis.name == name)


def ends(space, name):
    axis = axis_of(space, name)
    return axis.low, axis.high


@pytest.mark.parametrize("name", [name for name in experiments.names() if experiments.load(name).based_on is None])
def test_all_parameters_are_moved_or_left_out_for_a_reason_and_the_corners_of_each_are_allowed(in_project, name):
    space = neighbourhood(resolved(name), 0.1)
    moved = [axis.name for axis in (*space.axes, *space.choices)]
    assert sorted([*moved, *space.left_out]) == sorted(space.resolved.values)
    assert all(space.left_out.values())
    assert space.axes
    for axis in space.axes:
        for value in (axis.low, axis.high):
            changes = space.at(axis, value)
            assert set(changes) <= {axis.name}
            assert refusal(space.resolved, changes) == ""
    # At the coordinates of the printed values, all parameters are the printed ones but for rounding.
    for parameter, value in space.changes(space.printed).items():
        np.testing.assert_allclose(value, space.resolved.values[parameter], rtol=1e-5)


def test_numbers_are_moved_by_a_share_of_their_value(in_project):
    space = neighbourhood(resolved("clopath2010"), 0.5)
    assert ends(space, "tau_x_ms") == (7.5, 22.5)
    # Negative ones, too, and what is not random at a point is at its ends.
    assert ends(space, "V_initial_mean_mV") == (-90.0, -30.0)
    lowest, highest = space.changes(np.zeros(len(space.axes))), space.changes(np.ones(len(space.axes)))
    assert (lowest["tau_x_ms"], highest["tau_x_ms"]) == (7.5, 22.5)
    assert (lowest["V_initial_mean_mV"], highest["V_initial_mean_mV"]) == (-90.0, -30.0)
    # A list by one factor.
    assert lowest["weight_input_exc_mV"] == [0.25, 1.0]


def test_whole_numbers_and_times_on_the_grid_are_equally_likely(in_project):
    space = neighbourhood(resolved("clopath2010"), 0.5)
    assert ends(space, "indegree_exc_inh") == (4, 12)
    assert ends(space, "t_clamp_ms") == (1.0, 3.0)
    rows = np.random.default_rng(SEED).random((2100, len(space.axes)))
    found = [space.resolved.values | space.changes(row) for row in rows]
    for name, count in (("indegree_exc_inh", 9), ("t_clamp_ms", 21)):
        values, counts = np.unique([each[name] for each in found], return_counts=True)
        assert len(values) == count
        # A count that is further from its mean than four standard deviations: once in 500 seeds, for 30 counts.
        share = 1 / count
        assert abs(counts - 2100 * share).max() < 4 * np.sqrt(2100 * share * (1 - share))
    assert all(isinstance(each["indegree_exc_inh"], int) for each in found)
    assert {each["t_clamp_ms"] for each in found} == {round(0.1 * step, 1) for step in range(10, 31)}


def test_an_end_that_is_refused_is_moved_towards_the_printed_value(in_project):
    axis = axis_of(neighbourhood(resolved("izhikevich2007"), 0.1), "trace_decay")
    assert (axis.low, axis.high) == (0.95 * 0.9, 1.0)
    assert axis.cut.startswith("trace_decay: has to be less than or equal to 1")
    # A whole number of steps, and no end that needs other parameters to move with it.
    space = neighbourhood(resolved("zenke2015"), 0.1)
    assert ends(space, "epoch_ms") == (900.3, 1100.0)
    assert refusal(space.resolved, {"epoch_ms": 900.2}) == "post_times_ms: no spike after the run's end at 4501 ms"


def test_what_may_have_no_values_between_is_left_out(in_project):
    expected = {
        "duration_ms": "chunk_ms: duration_ms has to be a whole multiple of it",
        "slice_ms": "the smallest delay of the network",
        "exc_count": "a size",
        "b": "is 0",
    }
    left_out = neighbourhood(resolved("izhikevich2007_cue"), 0.1).left_out
    assert {name: left_out.get(name) for name in expected} == expected


def test_an_experiment_says_what_is_moved(in_project):
    vary = {
        "tau_stdp_ms": {"low": 5.0, "high": 80.0, "log": True},
        "population_size": {"low": 500, "high": 2000},
        "weight_initial_nS": {"low": -1.0, "high": 3.0},
        "rates_Hz": {"low": 0.5, "high": 2.0},
        "rule": {"values": ["as_published", "eq15"]},
    }
    space = neighbourhood(resolved("zenke2015", {"vary": vary, "keep": {"epoch_ms": "as it is"}}), 0.1)
    assert space.left_out["epoch_ms"] == "as it is"
    assert [axis.name for axis in space.choices] == []
    assert ends(space, "tau_stdp_ms") == (5.0, 80.0)
    assert ends(space, "rates_Hz") == (0.5, 2.0)
    middle = space.changes([0.5] * len(space.axes))
    assert "tau_stdp_ms" not in middle, "20 is in the middle of the scale"
    assert middle["population_size"] == 1250
    assert middle["weight_initial_nS"] == 1.0
    assert middle["rates_Hz"] == [0.0, 3.125, 6.25, 9.375, 12.5]
    rules = [space.changes([u] * len(space.axes)).get("rule", "as_published") for u in (0.0, 0.49, 0.51, 1.0)]
    assert rules == ["as_published", "as_published", "eq15", "eq15"]


def test_time_steps_and_sizes(in_project):
    zenke = resolved("zenke2015")
    assert time_steps(zenke) == [0.1, 0.05, 0.025, 0.01]
    assert sizes_of(zenke) == {"population_size": [250, 500, 1000, 2000]}
    assert time_steps(resolved("izhikevich2007")) == []
    own = resolved("zenke2015", {"time_steps_ms": [0.2], "sizes": {"population_size": [10]}})
    assert time_steps(own) == [0.1, 0.2]
    assert sizes_of(own) == {"population_size": [10, 1000]}
    assert sizes_of(resolved("zenke2015", {"keep": {"population_size": "as it is"}})) == {}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"vray": {}}, "robustness.vray: unknown key (did you mean 'vary'?); allowed: vary, keep, claims, "),
        (
            {"vary": {"tau_h_ms": {"low": 1, "high": 200}}},
            "robustness.vary: no parameter to move 'tau_h_ms' (did you mean 'tau_H_ms'?); allowed: epoch_ms, ",
        ),
        ({"vary": {"dt_ms": {"low": 0.1, "high": 0.2}}}, "robustness.vary: no parameter to move 'dt_ms'"),
        (
            {"vary": {"tau_H_ms": {"low": 1}}},
            "robustness.vary.tau_H_ms: 'low' and 'high' are needed, or 'values' alone",
        ),
        ({"vary": {"tau_H_ms": {"low": 9, "high": 8}}}, "robustness.vary.tau_H_ms: 'low' has to be less than 'high'"),
        (
            {"vary": {"tau_H_ms": {"low": 0, "high": 200, "log": True}}},
            "robustness.vary.tau_H_ms: 'log' needs a 'low' and a 'high' of one sign, neither 0",
        ),
        (
            {"vary": {"tau_H_ms": {"low": -1, "high": 200}}},
            "robustness.vary.tau_H_ms: tau_H_ms: has to be greater than 0 (it is -1",
        ),
        (
            {"vary": {"tau_H_ms": {"low": 150, "high": 200}}},
            "robustness.vary.tau_H_ms: 'low' to 'high' has to contain the experiment's own, 100",
        ),
        (
            {"vary": {"rates_Hz": {"low": 2, "high": 3}}},
            "robustness.vary.rates_Hz: 'low' to 'high' has to contain the factor 1",
        ),
        (
            {"vary": {"rule": {"low": 0, "high": 1}}},
            "robustness.vary.rule: is no number (\"as_published\"), so 'values' are needed",
        ),
        (
            {"vary": {"rule": {"values": ["as_published", "eq51"]}}},
            "robustness.vary.rule: rule: has to be 'as_published' or 'eq15'",
        ),
        (
            {"vary": {"tau_H_ms": {"values": [50, 200]}}},
            "robustness.vary.tau_H_ms.values: have to contain the experiment's own, 100.0",
        ),
        (
            {"vary": {"tau_H_ms": {"low": 50, "high": 200}}, "keep": {"tau_H_ms": "no"}},
            "robustness.vary.tau_H_ms: is under 'keep' as well",
        ),
        ({"keep": {"tau_H_ms": ""}}, "robustness.keep.tau_H_ms: "),
        ({"claims": ["linear-slopes"]}, "robustness.claims: no claim 'linear-slopes' (did you mean 'linear-slope'?)"),
        ({"sizes": {"tau_H_ms": [3]}}, "robustness.sizes.tau_H_ms: has to be a whole number (it is 100.0)"),
        ({"sizes": {"population_size": [0]}}, "robustness.sizes.population_size.0: has to be greater than 0 (it is 0)"),
        ({"time_steps_ms": [0.0]}, "robustness.time_steps_ms.0: has to be greater than 0"),
    ],
)
def test_a_mistake_is_told_in_one_line(project_copy, monkeypatch, given, text):
    monkeypatch.chdir(project_copy.folder)
    file = project_copy.folder / "config/experiments/mine.yaml"
    own = {"title": "mine", "based_on": "zenke2015", "robustness": given}
    file.write_text(json.dumps(own))
    with pytest.raises(UserError) as error:
        experiments.load("mine")
    assert str(error.value).startswith(f"config/experiments/mine.yaml: {text}")
    assert "\n" not in str(error.value)


def test_robustness_is_not_inherited(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    folder = project_copy.folder / "config/experiments"
    (folder / "mine.yaml").write_text("title: mine\nbased_on: zenke2015\nrobustness: {keep: {epoch_ms: no reason}}\n")
    (folder / "other.yaml").write_text("title: other\nbased_on: mine\n")
    assert experiments.load("mine").robustness.keep == {"epoch_ms": "no reason"}
    assert experiments.load("other").robustness.keep == {}
