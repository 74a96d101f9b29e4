"""Verdicts kind by kind: published claims, our findings and regression values are never counted together."""

from collections.abc import Iterable
from typing import Any

from replasticity.definitions.experiments import KINDS, Kind
from replasticity.judging.claims import FORRT, NOT_TESTED, REPRODUCED

#: Kind -> what its claims are called, published ones first.
NAMES: dict[Kind, str] = {
    "published": "published claims",
    "ours": "our findings",
    "regression": "regression values",
}

#: Kind -> what it is, in a sentence.
MEANINGS: dict[Kind, str] = {
    "published": "What the paper, tutorial, thread or script says, and no more; each names the place.",
    "ours": "What we found, and controls of ours. No source claims it.",
    "regression": "Numbers that were recorded here and are to stay. They say nothing about a publication.",
}

#: A figure of which some published claims are reproduced, and some are not.
PARTIALLY_SUPPORTED = "partially supported"


def by_kind(claims: Iterable[dict[str, Any]]) -> dict[Kind, list[dict[str, Any]]]:
    """Return claims by their kind, published ones first; only kinds of which there are any."""
    listed = list(claims)
    kinds = {kind: [claim for claim in listed if claim["kind"] == kind] for kind in KINDS}
    return {kind: of_kind for kind, of_kind in kinds.items() if of_kind}


def count(claims: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return how often claims of one kind have each verdict.

    Raises
    ------
    ValueError
        If they are of several kinds: a sum over kinds means nothing.
    """
    listed = list(claims)
    if len({claim["kind"] for claim in listed}) > 1:
        raise ValueError("claims of different kinds are not counted together")
    return {verdict: sum(claim["verdict"] == verdict for claim in listed) for verdict in FORRT}


def outcome(claims: Iterable[dict[str, Any]]) -> str:
    """Return what FORRT's vocabulary says of a figure, from its published claims alone.

    Parameters
    ----------
    claims : iterable of mapping
        All claims of the figure, as evaluations store them.

    Returns
    -------
    str
        "validated" or "contradicted" if all published claims are; "partially supported" if some are validated and
        others are not; "not tested" without a published claim that is tested; otherwise "inconclusive".
    """
    found = {claim["forrt"] for claim in claims if claim["kind"] == "published"} or {FORRT[NOT_TESTED]}
    if len(found) == 1:
        return str(found.pop())
    return PARTIALLY_SUPPORTED if FORRT[REPRODUCED] in found else "inconclusive"
