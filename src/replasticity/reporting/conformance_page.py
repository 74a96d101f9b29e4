"""The page ``docs/conformance.md``: random sets of parameters in other simulators and in ours.

It is made of files that ``conform --random`` has written with ``--json``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from replasticity.errors import UserError
from replasticity.peers import environments
from replasticity.reporting.markdown import as_code, as_text, table_lines
from replasticity.storage import files, json_files, project

#: Folder of the files, from the root of the project.
FOLDER = Path("docs") / "conformance"

#: The page.
PAGE = Path("docs") / "conformance.md"

_REMEDY = "make it again: 'python -m replasticity conform EXPERIMENT --random 1000 --json FILE'"


class Reason(json_files.Stored):
    """Why some sets could not be compared."""

    kind: str
    reason: str
    sets: int


class Outcome(json_files.Stored):
    """What one simulator has shown over random sets: see `replasticity.peers.random_sets.Found.summary`."""

    experiment: str
    protocol: str
    peer: str
    sets: int
    seed: int
    agrees: int
    differs: int
    no_means: int
    neither: int
    holds: bool
    varied: list[str]
    largest: dict[str, float]
    reasons: list[Reason]
    differences: list[Any]
    code_digest: str
    content_digest: Annotated[str, Field(min_length=1)]


def read(paths: Iterable[Path]) -> list[Outcome]:
    """Return what files say, sorted by protocol and simulator.

    Raises
    ------
    UserError
        If a file is damaged, or has something else in it.
    """
    found = []
    for path in paths:
        content = json_files.read(path, "a file of 'conform --random'", _REMEDY)
        for each in content if isinstance(content, list) else [content]:
            json_files.require(each, Outcome, path, "a file of 'conform --random'", _REMEDY)
            json_files.require_unchanged(each, path, _REMEDY)
            found.append(Outcome.model_validate(each))
    return sorted(found, key=lambda each: (each.protocol, each.peer, each.experiment))


def write(root: Path) -> Path:
    """Write the page of the files in a project's folder; return it.

    Raises
    ------
    UserError
        If there are none, or `read` finds something wrong.
    """
    paths = sorted((root / FOLDER).glob("*.json"))
    if not paths:
        raise UserError(f"{project.shown(root / FOLDER)}: no files of 'conform --random'")
    files.write_bytes(page(read(paths)).encode(), root / PAGE)
    return root / PAGE


def page(outcomes: Sequence[Outcome]) -> str:
    """Return the page as Markdown."""
    lines = [
        "# Random parameters, side by side",
        "",
        "Made by `python -m replasticity conformance` from `docs/conformance/*.json`. Each line is one command such as",
        "",
        f"    {_command(outcomes[0])}",
        "",
        "Parameters are drawn from the ranges of their declarations. The same parameters and inputs go through the",
        "other simulator and through ours, and all variables are compared by the tolerances in the study's `peer.yaml`",
        "([how](how_to/conform.md)). A set *agrees* or *differs*; or the simulator has *no means* for it, or refuses",
        "it; or *neither* run comes to its end, because a state leaves the limits that our model states.",
        "",
        *table_lines(
            ("protocol", "simulator", "sets", "agree", "no means", "neither", "differ"),
            (
                (
                    as_code(each.protocol),
                    as_text(each.peer),
                    *(each.sets, each.agrees, each.no_means, each.neither, each.differs),
                )
                for each in outcomes
            ),
        ),
        "",
    ]
    return "\n".join(
        [*lines, *_versions(outcomes), *(line for each in outcomes if _is_usual(each) for line in _details(each))]
    )


def _is_usual(outcome: Outcome) -> bool:
    """Return True if the simulator's version is the one that is used if none is asked for."""
    name, _, version = outcome.peer.partition(" ")
    simulator = environments.SIMULATORS.get(name.lower())
    return simulator is None or simulator.version in (version, "")


def _command(outcome: Outcome) -> str:
    name, _, version = outcome.peer.partition(" ")
    peer = name.lower() if _is_usual(outcome) else f"{name.lower()}=={version}"
    sets = f"--random {outcome.sets} --seed {outcome.seed}"
    return f"python -m replasticity conform {outcome.experiment} {sets} --peer {peer}"


def _versions(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the lines of a table over the versions of simulators of which there are several."""
    simulators: dict[str, list[str]] = {}
    for each in outcomes:
        name, _, version = each.peer.partition(" ")
        if version not in simulators.setdefault(name, []):
            simulators[name].append(version)
    lines = []
    for name, versions in simulators.items():
        if len(versions) < 2:
            continue
        ordered = sorted(versions, key=lambda text: [int(part) for part in text.split(".") if part.isdigit()])
        rows = []
        for protocol in dict.fromkeys(each.protocol for each in outcomes):
            of = {each.peer: each for each in outcomes if each.protocol == protocol}
            shown = [of.get(f"{name} {version}") for version in ordered]
            if any(shown):
                rows.append([as_code(protocol), *(_in_a_cell(each) for each in shown)])
        lines += [
            f"## Versions of {as_text(name)}",
            "",
            "Sets that agree, of those that the simulator has the means for.",
            "",
            *table_lines(("protocol", *ordered), rows),
            "",
        ]
    return lines


def _in_a_cell(outcome: Outcome | None) -> str:
    return f"{outcome.agrees} of {outcome.agrees + outcome.differs}" if outcome else ""


def _details(outcome: Outcome) -> list[str]:
    lines = [
        f"## {as_code(outcome.protocol)} in {as_text(outcome.peer)}",
        "",
        f"    {_command(outcome)}",
        "",
        f"{len(outcome.varied)} parameters are varied: {', '.join(map(as_code, outcome.varied))}.",
        "",
        *table_lines(
            ("quantity", "largest deviation in a set that agrees"),
            ((as_code(name), f"{value:.3g}") for name, value in outcome.largest.items()),
        ),
        "",
    ]
    if outcome.reasons:
        rows = ((each.kind, each.sets, as_text(each.reason)) for each in outcome.reasons)
        lines += [*table_lines(("outcome", "sets", "reason"), rows), ""]
    return lines
