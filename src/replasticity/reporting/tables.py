"""Tables for the terminal."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from replasticity.comparison import RELATIVE_TOLERANCE, Deviation
from replasticity.definitions import experiments
from replasticity.definitions.seeds import seed_ranges
from replasticity.judging import outcomes, regression
from replasticity.judging.distributions import MOST_SEEDS_NEEDED
from replasticity.judging.equivalence import DIFFERS, EQUIVALENT, TOO_FEW, UNDECIDED
from replasticity.study import protocols
from replasticity.terminal import say, visible

if TYPE_CHECKING:
    from replasticity.peers.live import Conformance
    from replasticity.peers.random_sets import Found

_COLOURS = {
    "holds": "green",
    "reproduced": "green",
    "DOES NOT HOLD": "bold red",
    "not reproduced": "bold red",
    "undecided": "yellow",
    "not tested": "yellow",
    "not compared": "yellow",
}


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; known verdicts are coloured where the terminal can."""
    # As `Text`, in which rich looks for no markup of its own.
    table = Table(
        title=Text(visible(title), style="table.title"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell), style=_COLOURS.get(cell, "")) for cell in row))
    console = Console()
    # A pipe or a log has no width: lines are then as long as they need to be. COLUMNS does not say otherwise: readline
    # sets it to 80 for whatever an interactive Python, a notebook or pytest starts.
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def number(value: float | None, digits: int = 5) -> str:
    """Return a number with some significant digits, or a dash."""
    return "-" if value is None else f"{value:.{digits}g}"


def rounded(value: float | None, width: float | None) -> str:
    """Return a number as finely as it means something, or a dash.

    Parameters
    ----------
    value : float or None
        The number.
    width : float or None
        Width of the interval that it lies in, or that it is compared with: two digits of it are shown.

    Returns
    -------
    str
        The number; to five significant digits where no width is known.
    """
    if value is None or width is None or not 0 < width < math.inf or not math.isfinite(value):
        return number(value)
    decimals = 1 - math.floor(math.log10(width))
    # Rounding may leave a negative zero.
    return number(round(value, decimals) + 0.0, 12)


def show_replay(title: str, deviations: Sequence[Deviation]) -> None:
    """Print how a replay compares with its recording."""
    words = {True: "holds", False: "DOES NOT HOLD", None: "not compared"}
    show(
        title,
        (
            "quantity",
            "compared",
            "unmatched spikes",
            "largest abs. dev.",
            "largest rel. dev.",
            "tolerance",
            "verdict",
            "",
        ),
        (
            (
                row.quantity,
                str(row.compared),
                "-" if row.unmatched is None else str(row.unmatched),
                f"{row.absolute:.2e}",
                f"{row.relative:.2e}",
                str(row.tolerance),
                words[row.holds],
                row.note,
            )
            for row in deviations
        ),
    )


def conformance_in_words(conformance: "Conformance") -> str:
    """Return in a line whether another simulator agrees with us."""
    spikes = [row for row in conformance.deviations if row.unmatched is not None]
    counted = f", {sum(row.unmatched or 0 for row in spikes)} of {sum(row.compared for row in spikes)} spikes differ"
    seeds = seed_ranges(conformance.seeds)
    verdict = "agrees" if conformance.holds else "DOES NOT AGREE"
    return f"{conformance.experiment}: {conformance.peer} {verdict} (seed {seeds}{counted if spikes else ''})"


def random_sets_in_words(found: "Found") -> str:
    """Return in lines how another simulator compares with ours over random sets of parameters."""
    counts = found.counts
    verdict = "agrees" if found.holds else "DOES NOT AGREE" if counts["differs"] else "could compare nothing"
    parts = [f"{count} {kind}" for kind, count in counts.items() if count]
    lines = [f"{found.experiment}: {found.peer} {verdict} ({len(found.outcomes)} random sets: {', '.join(parts)})"]
    for reason in found.summary()["reasons"]:
        lines.append(f"  {reason['kind']} ({reason['sets']}): {reason['reason']}")
    lines += [f"  set {each.of.index}: {each.note}" for each in found.outcomes if each.kind == "differs"][
        :MOST_DIFFERENCES
    ]
    return "\n".join(lines)


#: So many of the sets that differ are told one by one.
MOST_DIFFERENCES = 5


def show_check(check: regression.Check) -> None:
    """Print the outcome of the regression check of one experiment: one line, and a table of what moved."""
    compared = f"{check.same_seeds} same seeds, {check.other_seeds} other seeds, {check.numbers} numbers per seed"
    rests_on = ""
    if check.verdict == regression.TOO_FEW:
        rests_on = f": {seeds_to_tell(check.needed, 'other seeds')} beside the {check.reference_seeds} of its reference"
    elif check.verdict == regression.NONE_SEEN:
        rests_on = f": {difference_seen(check.smallest_difference_sd)}"
    elif check.verdict == regression.AGREES and check.other_seeds and check.smallest_difference_sd is None:
        rests_on = ": the same seeds decide, the other ones are too few"
    say(f"{check.experiment}: {check.verdict} ({compared}){rests_on}")
    for change in check.changed_parameters:
        say(f"  parameter {change}")
    if check.moved:
        show(
            f"{check.experiment}: what moved (same seeds: by more than rtol {RELATIVE_TOLERANCE:g})",
            ("statistic", "compared over", "reference mean (sd)", "now mean (sd)", "deviation", "standard errors", "p"),
            (
                (
                    row.label,
                    row.how,
                    f"{row.reference[0]:.6g} ({row.reference[1]:.3g})",
                    f"{row.now[0]:.6g} ({row.now[1]:.3g})",
                    f"{row.deviation:.3g}",
                    f"{row.standard_errors:.3g}",
                    f"{row.p:.2g}",
                )
                for row in check.moved
            ),
        )


def show_drawing(figure: str, differences: list[str] | None) -> None:
    """Print how a figure's drawn data compare with the committed ones (None: they cannot be compared)."""
    if differences is None:
        say(f"figure {figure}: not compared, because no figure is committed that shows the same runs")
        return
    say(f"figure {figure}: {'MOVED' if differences else 'draws the same data as the committed one'}")
    for difference in differences:
        say(f"  {difference}")


#: Columns of a table of claims after verdict and claim: what `claim_numbers` returns.
CLAIM_COLUMNS = ("confidence", "estimate", "95 % interval", "bound", "margin", "p", "corrected p", "n")

#: What two of them are called where nothing is random.
EXACT_COLUMNS = {"estimate": "value", "margin": "distance to the bound"}

#: Columns of a table of measured errata: what `effect_numbers` returns.
EFFECT_COLUMNS = ("corrected \N{MINUS SIGN} published", "95 % interval", "effect size", "p", "n")


def claim_numbers(claim: dict[str, Any]) -> tuple[str, ...]:
    """Return the numbers of a judged claim as text, in the order of `CLAIM_COLUMNS`.

    Where nothing is random these are the value, its bound and its distance from that, and no number of seeds.
    """
    width = _width(claim["interval"]) or _width([claim["lower"], claim["upper"]])
    is_share = claim["test"] == "seeds_in_range"
    # The test that decides: for the claim, or where the seeds speak against it the opposite one.
    side, note = ("p_against", " against") if _speaks_against(claim) else ("p", "")
    return (
        confidence(claim["confidence"]),
        f"{round(claim['estimate'] * claim['n'])} of {claim['n']} seeds"
        if is_share and claim["estimate"] is not None
        else rounded(claim["estimate"], width),
        _interval(claim["interval"]),
        _bound(claim),
        _margin(claim, width),
        *(_p_value(claim[key], note) for key in (side, f"{side}_corrected")),
        "-" if claim["test"] == "exact_in_range" else str(claim["n"]),
    )


def claim_columns(claims: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the columns of a table of some judged claims, without those that would be empty.

    Returns
    -------
    dict of str to str
        Name in `CLAIM_COLUMNS` -> what the column is called; in that order.
    """
    listed = list(claims)
    names = EXACT_COLUMNS if all(claim["test"] == "exact_in_range" for claim in listed) else {}
    filled = zip(CLAIM_COLUMNS, zip(*map(claim_numbers, listed), strict=True), strict=True) if listed else ()
    return {column: names.get(column, column) for column, texts in filled if set(texts) != {"-"}}


def claim_row(claim: dict[str, Any], columns: Iterable[str]) -> list[str]:
    """Return the numbers of a judged claim that belong to some of `CLAIM_COLUMNS`, as text."""
    numbers = dict(zip(CLAIM_COLUMNS, claim_numbers(claim), strict=True))
    return [numbers[column] for column in columns]


def confidence(level: float | None) -> str:
    """Return the confidence in a verdict as text: never rounded up, and no more digits than mean something."""
    if level is None:
        return "-"
    return "> 99.9 %" if level > 0.999 else f"{math.floor(level * 1000) / 10:.1f} %"


def _bound(claim: dict[str, Any]) -> str:
    lower, upper = number(claim["lower"], 9), number(claim["upper"], 9)
    bounds = {
        (True, True): f"{lower} to {upper}",
        (True, False): f"at least {lower}",
        (False, True): f"at most {upper}",
    }[(claim["lower"] is not None, claim["upper"] is not None)]
    if claim["test"] == "seeds_in_range":
        return f"{bounds} in {number(100 * claim['share'], 3)} % of seeds or more"
    return f"{'mean' if claim['test'] == 'mean_in_range' else 'exact value'} {bounds}"


def _margin(claim: dict[str, Any], width: float | None) -> str:
    """Return how far the estimate lies inside the nearest bound, in what it is counted in."""
    margin = claim["margin"]
    if margin is None:
        return "-"
    if claim["test"] == "mean_in_range":
        return f"{number(margin, 3)} sd"
    if claim["test"] == "seeds_in_range":
        return f"{100 * margin:+.3g} % of seeds"
    return rounded(margin, width)


def _speaks_against(claim: dict[str, Any]) -> bool:
    return claim["p_against"] is not None and claim["p_against"] < claim["p"]


def _p_value(p: float | None, note: str = "") -> str:
    return "-" if p is None else f"{p:.1e}{note}"


def _width(interval: Sequence[float | None] | None) -> float | None:
    """Return upper minus lower end; None if one is missing."""
    lower, upper = interval or (None, None)
    return None if lower is None or upper is None else upper - lower


def _interval(interval: Sequence[float] | None) -> str:
    return "-" if interval is None else " to ".join(rounded(end, _width(interval)) for end in interval)


def upstream_in_words(erratum: dict[str, Any]) -> str:
    """Return what has become of an erratum upstream, and where; "-" where nothing is upstream."""
    upstream = erratum["upstream"]
    if upstream is None:
        return "-"
    version = f" in {upstream['fixed_in']}" if upstream["fixed_in"] else ""
    return f"{upstream['state']}{version}: {upstream['where']}"


def effect_numbers(erratum: dict[str, Any]) -> tuple[str, ...]:
    """Return the measured effect of an erratum as text, in the order of `EFFECT_COLUMNS`."""
    measured = erratum["measured"]
    difference = measured["mean_difference"]
    units = "" if measured["units"] == "1" or difference is None else f" {measured['units']}"
    sign = "+" if difference is not None and difference > 0 else ""
    return (
        f"{statistic_name(erratum['measured_by'])}: {sign}{rounded(difference, _width(measured['interval']))}{units}",
        _interval(measured["interval"]),
        number(measured["effect_size"], 3),
        _p_value(measured["p"]),
        f"{measured['n']} ({measured['undefined']} more not defined)" if measured["undefined"] else str(measured["n"]),
    )


def statistic_name(of: dict[str, Any]) -> str:
    """Return the statistic that a claim is tested by, or an erratum is measured by, with its index."""
    index = ", ".join(f"{dimension}={place}" for dimension, place in of["at"].items())
    return f"{of['statistic']}[{index}]" if index else str(of["statistic"])


def seeds_to_tell(needed: int | None, seeds: str) -> str:
    """Return in words how many seeds it takes to tell (None: no number is enough)."""
    return f"it takes at least {needed} {seeds}" if needed else f"not even {MOST_SEEDS_NEEDED} {seeds} would be enough"


def difference_seen(smallest_sd: float | None) -> str:
    """Return in words how large a difference of a mean would have been seen (None: none)."""
    if smallest_sd is None:
        return "no difference of a mean, however large, would have been seen"
    return f"a difference of a mean by {smallest_sd:.1f} standard deviations over seeds would have been seen"


def seeds_in_words(experiment: str, seeds: Sequence[int]) -> str:
    """Return in words which seeds an experiment was run with, or that nothing in it is random."""
    if protocols.get(experiments.load(experiment).protocol).is_deterministic:
        return "nothing is random, so one run is all there is"
    return f"{len(seeds)} seed{'s' * (len(seeds) > 1)}, {seed_ranges(list(seeds))}"


def peer_sentence(peer: dict[str, Any] | None) -> str:
    """Return in words whether the seeds agree with another simulator's; empty without one."""
    if peer is None:
        return ""
    name = peer["simulator"]
    if not peer["comparable"]:
        return f"Not comparable with {name}: other {', '.join(peer['different_parameters'])}."
    if not peer["common"]:
        return _means_sentence(peer)
    identical = f"identical in {peer['identical']} of {peer['common']} seeds with the same random numbers"
    if peer["outcome"] == DIFFERS:
        return f"DIFFERS from {name} in {_some(peer['different'])}: {identical}."
    return f"Compared with {name}: {identical}."


def _means_sentence(peer: dict[str, Any]) -> str:
    """Return in words what `replasticity.judging.equivalence.compare_means` says."""
    other = "other " if peer["same_streams"] else ""
    them = f"{peer['seeds']} {other}seed{'s' if peer['seeds'] > 1 else ''} of {peer['simulator']}"
    tested = peer["numbers"] - peer["constant"]
    margin = f"{peer['margin_sd']:g} standard deviation over seeds{' or its own margin' if peer['own_margins'] else ''}"
    largest = f"{number(peer['largest_difference'], 2)} of it, {peer['largest_of']}" if peer["largest_of"] else "0"
    shown = f"{tested - len(peer['not_shown'])} of {tested} means are shown to differ by less than {margin}"
    alone = peer["our_seeds_needed"]
    beside_theirs = f", or {alone} of ours beside these {peer['seeds']}" if alone else ""
    common = "; a seed in common would tell, its random numbers are the same" if peer["same_streams"] else ""
    words = {
        DIFFERS: f"DIFFERS from {them} in {_some(peer['different'])}: smallest corrected p = {peer['smallest_p']:.2g}.",
        EQUIVALENT: f"Equivalent to {them}: {shown} (at most {largest}), and {peer['constant']} more numbers are "
        "constant and equal.",
        UNDECIDED: f"Undecided whether equivalent to {them}: {shown}, not so {_some(peer['not_shown'])} "
        f"(perhaps {largest}).",
        TOO_FEW: f"Too few seeds to tell whether equivalent to {them}: where nothing differs, {peer['our_seeds']} of "
        f"ours show it with a probability that may be as low as {peer['power']:.3g}, and {peer['power_needed']:g} is "
        f"asked for; {seeds_to_tell(peer['seeds_needed'], 'seeds of each')}{beside_theirs}{common}. Each by itself, "
        f"{shown}.",
    }
    sentence = words[peer["outcome"]]
    if peer["outcome"] == DIFFERS:
        return sentence
    return f"{sentence} In a test for differences {difference_seen(peer['smallest_difference_sd'])}."


def _some(labels: Sequence[str], most: int = 5) -> str:
    """Return the first labels of a list, and how many there are beside them."""
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more


def show_claims(evaluation: dict[str, Any]) -> None:
    """Print the verdict on each claim of an experiment, kind by kind, and what its errata change."""
    # Whoever shows no claims needs none of what this imports.
    from replasticity.reporting import robustness_found

    shortened = experiments.shortened_in_words(evaluation["experiment"], evaluation["parameters"])
    for kind, claims in outcomes.by_kind(evaluation["claims"]).items():
        columns = claim_columns(claims)
        show(
            f"{evaluation['experiment']}: {evaluation['title']}: {outcomes.NAMES[kind]}"
            f"{f'; {shortened}' if shortened else ''}",
            ("verdict", "claim", *columns.values()),
            (
                (
                    claim["verdict"],
                    f"{claim['statement']} ({claim['id']}, {statistic_name(claim)})",
                    *claim_row(claim, columns),
                )
                for claim in claims
            ),
        )
    elsewhere = robustness_found.committed(evaluation["experiment"])
    for claim in evaluation["claims"]:
        if claim["reason"]:
            say(f"{claim['id']}: {claim['reason']}")
        if claim["id"] in elsewhere.lines:
            say(f"{claim['id']}, around the printed parameters: {elsewhere.lines[claim['id']]}")
    if elsewhere.origin:
        say(f"{elsewhere.origin}; again: {elsewhere.command}")
    if measured := [erratum for erratum in evaluation["errata"] if erratum["measured"] is not None]:
        show(
            f"{evaluation['experiment']}: measured effect of errata, the same seeds as published and corrected",
            ("erratum", "corrected by", *EFFECT_COLUMNS),
            ((one["id"], one["measured_by"]["corrected"], *effect_numbers(one)) for one in measured),
        )
    if sentence := peer_sentence(evaluation["peer"]):
        say(sentence)
