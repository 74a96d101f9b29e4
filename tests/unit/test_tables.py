"""Numbers as tables show them."""

import math

import pytest

from replasticity.definitions import experiments
from replasticity.reporting import tables


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        (1.00048613, 0.0018, "1.0005"),
        (17.3913043, 0.4, "17.39"),
        (0.524297903, 0.001, "0.5243"),
        (50.0, 0.02, "50"),
        (1234.5, 300.0, "1230"),
        (3.21234e-12, 2.1e-13, "3.21e-12"),
        (-0.0001, 0.3, "0"),
        (0.925, 0.09, "0.925"),
        (17.3913043, None, "17.391"),
        (17.3913043, 0.0, "17.391"),
        (17.3913043, math.inf, "17.391"),
        (math.nan, 0.1, "nan"),
        (None, 0.1, "-"),
    ],
)
def test_numbers_are_shown_to_two_digits_of_the_width_they_lie_in(value, width, shown):
    assert tables.rounded(value, width) == shown


def test_claim_is_shown_as_finely_as_its_interval_and_its_bounds_in_full():
    claim = {
        "test": "mean_in_range",
        "lower": 0.98765432,
        "upper": None,
        "estimate": 1.00048613,
        "interval": [0.99963, 1.00139],
        "margin": 1.23456,
        "confidence": 1 - 2e-5,
        "p": 1e-5,
        "p_against": 0.9,
        "p_corrected": 2e-5,
        "p_against_corrected": 1.0,
        "n": 40,
    }
    assert tables.claim_numbers(claim) == (
        "> 99.9 %",
        "1.0005",
        "0.9996 to 1.0014",
        "mean at least 0.98765432",
        "1.23 sd",
        "1.0e-05",
        "2.0e-05",
        "40",
    )
    claim |= {"test": "exact_in_range", "lower": 19.8, "upper": 20.2, "estimate": 17.3913043, "interval": None}
    claim |= {"confidence": None, "margin": -2.4086957}
    assert tables.claim_numbers(claim)[:5] == ("-", "17.39", "-", "exact value 19.8 to 20.2", "-2.41")

    assert tables.claim_numbers(claim)[-1] == "-"


def test_columns_that_would_be_empty_are_left_out():
    exact = dict.fromkeys(("interval", "confidence", "p", "p_against", "p_corrected", "p_against_corrected", "upper"))
    exact |= {"test": "exact_in_range", "lower": 1.0, "estimate": 1.5, "margin": 0.5, "n": 1}
    assert list(tables.claim_columns([exact]).values()) == ["value", "bound", "distance to the bound"]
    assert tables.claim_row(exact, tables.claim_columns([exact])) == ["1.5", "exact value at least 1", "0.5"]
    mean = exact | {"test": "mean_in_range", "confidence": 0.99, "n": 40}
    assert list(tables.claim_columns([exact, mean]).values()) == ["confidence", "estimate", "bound", "margin", "n"]
    assert tables.claim_columns([]) == {}


def test_effect_has_a_sign_and_units():
    erratum = {
        "measured_by": {"statistic": "slope", "at": {"synapse": 0}},
        "measured": {
            "units": "Hz",
            "mean_difference": 0.5123,
            "interval": [0.4, 0.6],
            "effect_size": 2.0,
            "p": None,
            "n": 5,
            "undefined": 0,
        },
    }
    assert tables.effect_numbers(erratum)[:2] == ("slope[synapse=0]: +0.51 Hz", "0.4 to 0.6")
    assert tables.effect_numbers(erratum)[-1] == "5"
    erratum["measured"]["undefined"] = 2
    assert tables.effect_numbers(erratum)[-1] == "5 (2 more not defined)"
    erratum["measured"] |= {"mean_difference": None, "interval": None}
    assert tables.effect_numbers(erratum)[:2] == ("slope[synapse=0]: -", "-")


def test_share_of_seeds_is_told_as_their_number():
    claim = {"test": "seeds_in_range", "lower": 0.0, "upper": None, "estimate": 0.925, "interval": [0.796, 0.984]}
    claim |= {"margin": 0.175, "p": 0.01, "p_against": 0.9, "p_corrected": 0.02, "n": 40, "share": 0.75}
    assert tables.claim_numbers(claim | {"confidence": 0.98765})[:5] == (
        "98.7 %",
        "37 of 40 seeds",
        "0.8 to 0.98",
        "at least 0 in 75 % of seeds or more",
        "+17.5 % of seeds",
    )


PEER = {
    "simulator": "NEST",
    "comparable": True,
    "our_seeds": 40,
    "seeds": 45,
    "same_streams": False,
    "common": 0,
    "outcome": "equivalent",
    "numbers": 41,
    "constant": 10,
    "margin_sd": 1.0,
    "own_margins": [],
    "power": 0.87654,
    "power_needed": 0.8,
    "seeds_needed": 41,
    "our_seeds_needed": 38,
    "largest_difference": 0.8765,
    "largest_of": "G_Hz[3]",
    "not_shown": [],
    "smallest_p": 1.0,
    "different": [],
    "smallest_difference_sd": 1.28,
}
SEEN = " In a test for differences a difference of a mean by 1.3 standard deviations over seeds would have been seen."
TOO_FEW = {"outcome": "too few to tell", "power": 0.25649, "not_shown": ["G_Hz[3]"]}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {},
            "Equivalent to 45 seeds of NEST: 31 of 31 means are shown to differ by less than 1 standard deviation over "
            "seeds (at most 0.88 of it, G_Hz[3]), and 10 more numbers are constant and equal." + SEEN,
        ),
        (
            {"outcome": "differs", "different": [f"rate_Hz[{k}]" for k in range(7)], "smallest_p": 1.234e-5},
            "DIFFERS from 45 seeds of NEST in rate_Hz[0], rate_Hz[1], rate_Hz[2], rate_Hz[3], rate_Hz[4] and 2 more: "
            "smallest corrected p = 1.2e-05.",
        ),
        (
            {"outcome": "undecided", "not_shown": ["G_Hz[3]"], "largest_difference": 1.2, "own_margins": ["slope"]},
            "Undecided whether equivalent to 45 seeds of NEST: 30 of 31 means are shown to differ by less than "
            "1 standard deviation over seeds or its own margin, not so G_Hz[3] (perhaps 1.2 of it, G_Hz[3])." + SEEN,
        ),
        (
            TOO_FEW,
            "Too few seeds to tell whether equivalent to 45 seeds of NEST: where nothing differs, 40 of ours show "
            "it with a probability that may be as low as 0.256, and 0.8 is asked for; it takes at least 41 seeds of"
            " each, or 38 of ours beside these 45. Each by itself, 30 of 31 means are shown to differ by less than "
            "1 standard deviation over seeds." + SEEN,
        ),
        (
            TOO_FEW
            | {"seeds": 1, "power": 0.0, "same_streams": True, "seeds_needed": None, "our_seeds_needed": None}
            | {"smallest_difference_sd": None},
            "Too few seeds to tell whether equivalent to 1 other seed of NEST: where nothing differs, 40 of ours "
            "show it with a probability that may be as low as 0, and 0.8 is asked for; not even 1000 seeds of each "
            "would be enough; a seed in common would tell, its random numbers are the same. Each by itself, 30 of "
            "31 means are shown to differ by less than 1 standard deviation over seeds. In a test for differences "
            "no difference of a mean, however large, would have been seen.",
        ),
        (
            {"common": 10, "outcome": "identical", "identical": 10},
            "Compared with NEST: identical in 10 of 10 seeds with the same random numbers.",
        ),
        (
            {"common": 10, "outcome": "differs", "identical": 9, "different": ["rate_Hz"]},
            "DIFFERS from NEST in rate_Hz: identical in 9 of 10 seeds with the same random numbers.",
        ),
        (
            {"comparable": False, "different_parameters": ["tau_H_ms"]},
            "Not comparable with NEST: other tau_H_ms.",
        ),
    ],
)
def test_peer_is_said_to_agree_only_where_that_is_shown(changed, sentence):
    assert tables.peer_sentence(PEER | changed) == sentence


def test_a_table_in_a_pipe_is_wide_whatever_readline_has_set(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    tables.show("Title", ("word",), [("x" * 300,)])
    assert max(map(len, capsys.readouterr().out.splitlines())) == 200


@pytest.mark.parametrize(
    ("scale", "changes", "said"),
    [
        ("full", {}, ""),
        ("standard", {}, ""),
        ("quick", {}, "; scale quick: duration_s = 120 (full: 3600)"),
        ("quick", {"close_up_reward": 1}, "; scale quick: duration_s = 120 (full: 3600)"),
        ("quick", {"duration_s": 180}, "; changed parameters: duration_s = 180 (full: 3600)"),
    ],
)
def test_verdicts_on_a_shortened_run_say_so_in_their_title(in_project, monkeypatch, scale, changes, said):
    name = "izhikevich2007"
    resolved = experiments.resolve(name, scale, changes)
    claim = resolved.experiment.claims[0].model_dump(mode="json") | {"kind": "published", "reason": ""}
    titles = []
    monkeypatch.setattr(tables, "show", lambda title, *rest: titles.append(title))
    monkeypatch.setattr(tables, "claim_columns", lambda claims: {})
    monkeypatch.setattr(tables, "claim_row", lambda claim, columns: [])
    evaluation = {"experiment": name, "title": "Title", "parameters": resolved.values, "errata": [], "peer": None}
    tables.show_claims(evaluation | {"claims": [claim | {"verdict": "undecided"}]})
    assert titles == [f"{name}: Title: published claims{said}"]
