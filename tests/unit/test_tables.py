"""Numbers as tables show them."""

import math

import pytest

from replasticity import tables


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
    "seeds": 5,
    "our_seeds": 10,
    "tests": 147,
    "smallest_p": 1.0,
    "could_differ": True,
    "seeds_needed": 21,
    "agrees": True,
    "different": [],
}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "Distributed like 5 seeds of NEST: 147 two-sample tests, smallest corrected p = 1."),
        ({"agrees": False, "different": [{"label": "rate_Hz[1]"}]}, "DIFFERS from 5 seeds of NEST in rate_Hz[1]."),
        (
            {"agrees": False, "could_differ": False},
            "Too few seeds to tell whether they are distributed like 5 seeds of NEST: "
            "10 of ours could not differ in 147 two-sample tests; it takes at least 21 seeds.",
        ),
        (
            {"agrees": False, "could_differ": False, "seeds": 1, "seeds_needed": None},
            "Too few seeds to tell whether they are distributed like 1 seeds of NEST: "
            "10 of ours could not differ in 147 two-sample tests; not even 1000 seeds would be enough.",
        ),
    ],
)
def test_peer_is_said_to_agree_only_where_it_could_have_differed(changed, sentence):
    assert tables.peer_sentence(PEER | changed) == sentence
