"""Tables for the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from replasticity.analysis.regression import RELATIVE_TOLERANCE, Check
from replasticity.comparison import Deviation

_COLOURS = {
    "holds": "green",
    "reproduced": "green",
    "DOES NOT HOLD": "bold red",
    "not reproduced": "bold red",
    "reproduced in part": "yellow",
    "not testable here": "yellow",
    "not compared": "yellow",
}


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; known verdicts are coloured where the terminal can."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    console = Console()
    # A pipe or a log has no width: lines are then as long as they need to be.
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def number(value: float | None, digits: int = 5) -> str:
    """Return a number with some significant digits, or a dash."""
    return "-" if value is None else f"{value:.{digits}g}"


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


def show_check(check: Check) -> None:
    """Print the outcome of the regression check of one experiment: one line, and a table of what moved."""
    seeds = f"{check.same_seeds} same seeds, {check.other_seeds} other seeds, {check.numbers} numbers per seed"
    print(f"{check.experiment}: {'agrees with its reference' if check.passes else 'MOVED'} ({seeds})")
    for change in check.changed_parameters:
        print(f"  parameter {change}")
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
        print(f"figure {figure}: not compared, because no figure is committed that shows the same runs")
        return
    print(f"figure {figure}: {'MOVED' if differences else 'draws the same data as the committed one'}")
    for difference in differences:
        print(f"  {difference}")


def claim_row(claim: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    """Return id, estimate, interval, bounds, p and n of a judged claim as text."""
    interval = claim["interval"]
    what = {"mean_in_range": "mean", "seeds_in_range": "every seed", "exact_in_range": "exact value"}[claim["test"]]
    # Exact values may have to agree in many digits.
    digits = 9 if what == "exact value" else 5
    lower, upper, estimate = (number(claim[key], digits) for key in ("lower", "upper", "estimate"))
    bounds = {
        (True, True): f"{lower} to {upper}",
        (True, False): f"at least {lower}",
        (False, True): f"at most {upper}",
    }[(claim["lower"] is not None, claim["upper"] is not None)]
    return (
        claim["statement"],
        f"{estimate} of seeds" if what == "every seed" else estimate,
        "-" if interval is None else f"{number(interval[0])} to {number(interval[1])}",
        f"{what} {bounds}",
        "-" if claim["p"] is None else f"{claim['p']:.1e}",
        str(claim["n"]),
    )


def peer_sentence(peer: dict[str, Any] | None) -> str:
    """Return in words how the seeds agree with another simulator's; empty without one."""
    if peer is None:
        return ""
    if not peer["comparable"]:
        return f"Not comparable with {peer['simulator']}: other {', '.join(peer['different_parameters'])}."
    if peer["agrees"]:
        return (
            f"Distributed like {peer['seeds']} seeds of {peer['simulator']}: {peer['tests']} two-sample tests, "
            f"smallest corrected p = {peer['smallest_p']:.2g}."
        )
    labels = ", ".join(row["label"] for row in peer["different"])
    return f"DIFFERS from {peer['seeds']} seeds of {peer['simulator']} in {labels}."


def show_claims(evaluation: dict[str, Any]) -> None:
    """Print the verdict on each claim of an experiment."""
    show(
        f"{evaluation['experiment']}: {evaluation['title']}",
        ("verdict", "claim", "estimate", "95 % interval", "bound", "p", "n"),
        ((claim["verdict"], *claim_row(claim)) for claim in evaluation["claims"]),
    )
    if sentence := peer_sentence(evaluation["peer"]):
        print(sentence)
