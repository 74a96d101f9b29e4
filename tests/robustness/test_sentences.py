"""The sentence about a claim says what was measured, and nothing of what was not."""

import pytest

from replasticity.robustness import sentences
from replasticity.robustness.summary import ClaimFound, Neighbourhood, OneAtATime, Point, Refinement, Settled

PRINTED = {"tau_ms": 20.0, "neurons": 100, "rates_Hz": [5.0, 10.0], "mode": "exact", "dt_ms": 0.1, "A": -2.0}


def point(value, side="holds", turned=False):
    return Point(value=value, estimate=0.5, interval=(0.4, 0.6), side=side, turned=turned)


def along(parameter, values, turned=(), flips=()):
    points = [point(each, "does not hold" if each in turned else "holds", each in turned) for each in values]
    return OneAtATime(parameter=parameter, points=points, flips=list(flips))


def within(distance, same, interval, sets=100):
    return Neighbourhood(
        within=distance,
        sets=sets,
        refused=0,
        undefined=0,
        same=same,
        same_interval=interval,
        noise=None,
        effects=[],
    )


def refinement(sides=("holds", "holds"), turned=(), limit=None, grid_effect=False):
    steps = [0.1, 0.05, 0.025][: len(sides)]
    points = [point(step, side, step in turned) for step, side in zip(steps, sides, strict=True)]
    return Refinement(points=points, limit=limit, limit_interval=None, grid_effect=grid_effect, refused={})


def line(side="holds", **found):
    nothing = {"one_at_a_time": [], "neighbourhoods": [], "refinement": None, "sizes": [], "settled": None}
    claim = {"id": "a", "kind": "ours", "statement": "s", "statistic": "x", "units": "1", "test": "mean_in_range"}
    bounds = {"lower": 0.0, "upper": 1.0}
    return sentences.line(
        ClaimFound(**claim, **bounds, printed=point(None, side), **(nothing | found), line=""), PRINTED
    )


def test_of_nothing_measured_nothing_is_said():
    assert line() == ""
    assert line(neighbourhoods=[within(0.1, None, None, sets=0)]) == ""
    assert line(refinement=refinement(sides=("holds",))) == ""


def test_all_of_it():
    found = line(
        neighbourhoods=[within(0.1, 0.94, (0.912, 0.967)), within(0.5, 0.6, (0.5, 0.7))],
        one_at_a_time=[along("tau_ms", [10.0, 15.0, 20.0, 30.0], turned=(10.0,), flips=[(14.1, 14.3)])],
        refinement=refinement(limit=0.5),
        sizes=[along("neurons", [25, 100, 200])],
        settled=Settled(seeds=9, of=50, verdict="reproduced"),
    )
    assert found == (
        "holds for 94 % [91, 97] of parameter sets within 10 % and 60 % [50, 70] within 50 %; turned by tau_ms below "
        "14.2; no flip was seen down to dt_ms = 0.05, nor in the limit; no flip was seen along 1 size; settled with "
        "9 seeds"
    )


@pytest.mark.parametrize(
    ("side", "begin"),
    [("holds", "holds for"), ("does not hold", "does not hold for"), ("undefined", "is undefined for")],
)
def test_the_share_is_that_of_how_the_claim_stands_at_the_printed_values(side, begin):
    shares = [within(0.1, 0.5, (0.4, 0.6))]
    assert line(side, neighbourhoods=shares) == f"{begin} 50 % [40, 60] of parameter sets within 10 %"


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100"), (0.999, ">99"), (0.994, "99"), (0.0, "0"), (0.001, "<1"), (0.006, "1")]
)
def test_only_all_is_a_hundred_percent_and_only_none_is_0(share, text):
    assert line(neighbourhoods=[within(0.1, share, (0.5, 0.5))]).startswith(f"holds for {text} % [50, 50] of")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (along("tau_ms", [10.0, 20.0, 40.0], (10.0,), [(14.1, 14.3)]), "tau_ms below 14.2"),
        (along("tau_ms", [10.0, 20.0, 40.0], (40.0,), [(30.0, 30.2)]), "tau_ms above 30.1"),
        (
            along("tau_ms", [10.0, 20.0, 40.0], (10.0, 40.0), [(14.1, 14.3), (30.0, 30.2)]),
            "tau_ms below 14.2 and above 30.1",
        ),
        # It comes back farther away.
        (along("tau_ms", [5.0, 10.0, 20.0], (10.0,), [(7.0, 7.1), (14.1, 14.3)]), "tau_ms between 7.05 and 14.2"),
        (along("tau_ms", [20.0, 30.0, 50.0], (30.0,), [(22.0, 22.2), (41.9, 42.1)]), "tau_ms between 22.1 and 42"),
        # The estimate has crossed over nearer by, which shows nothing.
        (
            along("tau_ms", [5.0, 10.0, 15.0, 20.0], (5.0,), [(8.0, 8.2), (12.0, 12.2), (17.0, 17.2)]),
            "tau_ms below 8.1",
        ),
        # Negative values have the same order.
        (along("A", [-4.0, -2.0, -1.0], (-1.0,), [(-1.51, -1.49)]), "A above -1.5"),
        # Between whole numbers there is none.
        (along("neurons", [50, 100, 200], (50,), [(70.0, 71.0)]), "neurons below 71"),
        (along("neurons", [50, 100, 200], (200,), [(150.0, 151.0)]), "neurons above 150"),
        (along("rates_Hz", [0.5, 1.0, 2.0], (2.0,), [(1.51, 1.53)]), "a factor on rates_Hz above 1.52"),
        (along("mode", ["exact", "slices", "none"], ("slices", "none")), "mode = slices or none"),
        (along("tau_ms", [10.0, 20.0], (10.0,), [(25.0, 25.1)]), "tau_ms at 10"),
    ],
)
def test_where_a_parameter_turns_a_claim(found, text):
    assert line(one_at_a_time=[found]) == f"turned by {text}"


def test_further_parameters_are_counted():
    turning = along("mode", ["exact", "none"], ("none",))
    for count, end in ((2, "mode = none and mode = none"), (4, "mode = none, mode = none, mode = none and 1 other")):
        assert line(one_at_a_time=[turning] * count) == f"turned by {end}"


def test_without_a_flip_it_says_along_what():
    found = [along("tau_ms", [10.0, 20.0]), along("mode", ["exact", "none"])]
    assert line(one_at_a_time=found) == "no flip was seen along 2 parameters"
    crossing = [along("tau_ms", [10.0, 20.0], flips=[(14.0, 14.1)])]
    assert line(one_at_a_time=crossing) == "no flip was shown with these seeds along 1 parameter"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"limit": 1.5, "grid_effect": True}, "a grid effect of dt_ms: 0.5 at 0.1, 1.5 at 0"),
        ({"limit": 1.5}, "no flip was seen down to dt_ms = 0.05, the limit is open"),
        ({}, "no flip was seen down to dt_ms = 0.05"),
        (
            {"sides": ("holds", "does not hold", "does not hold"), "turned": (0.05, 0.025)},
            "turned at dt_ms = 0.05 or 0.025",
        ),
        (
            {"sides": ("holds", "does not hold")},
            "no flip was shown with these seeds down to dt_ms = 0.05",
        ),
    ],
)
def test_time_steps(found, text):
    assert line(refinement=refinement(**found)) == text


def test_seeds():
    assert line(settled=Settled(seeds=1, of=12, verdict="reproduced")) == "settled with 1 seed"
    assert line(settled=Settled(seeds=None, of=12, verdict="undecided")) == "not settled with 12 seeds"


def test_the_nearest_flip_comes_first():
    far, near, none = (
        along("tau_ms", [10.0, 20.0], (10.0,), [(10.0, 10.2)]),
        along("neurons", [50, 100], (50,), [(90.0, 91.0)]),
        along("mode", ["exact", "none"]),
    )
    assert sorted([none, far, near], key=lambda each: sentences.distance(each, PRINTED)) == [near, far, none]
