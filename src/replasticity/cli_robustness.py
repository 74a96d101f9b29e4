"""The command that asks whether claims hold around the printed parameters."""

import argparse
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replasticity import cli_arguments, terminal
from replasticity.errors import UserError

if TYPE_CHECKING:
    from replasticity.robustness.summary import Summary
    from replasticity.robustness.work import Request, Work


#: So many parameters of each claim and distance are shown.
_STRONGEST = 5


def add_commands(command: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    """Add this command to the command line: `command` takes name, function and help of it."""
    added = command(
        "robustness", robustness, "look whether claims hold around the printed parameters; what is there is kept"
    )
    added.add_argument("experiments", nargs="+", metavar="EXPERIMENT")
    added.add_argument("--within", metavar="SHARES", help="how far parameters are moved, such as 10%%,50%%")
    added.add_argument("--budget", help="time of a core for each, such as 10min or 2h; or runs, such as 4000")
    added.add_argument("--seeds", type=int, metavar="N", help="seeds of each set of parameters")
    cli_arguments.add_changes(added)
    cli_arguments.add_scale(added)
    added.add_argument("--processes", type=int, default=1, metavar="N", help="so many parts at one time; default: 1")
    added.add_argument("--json", type=Path, metavar="FILE", help="write what was found, for machines")
    step = added.add_mutually_exclusive_group()
    step.add_argument("--parts", metavar="FIRST-LAST", help="make these parts of the work alone, such as 1-17")
    step.add_argument(
        "--gather", action="store_true", help="put the parts that are there together; nothing is simulated"
    )


def robustness(options: argparse.Namespace) -> int:
    """Look whether claims hold around the printed parameters."""
    from replasticity.storage import files, project

    if options.json is not None:
        files.check_output(options.json)
    if options.processes < 1:
        raise UserError(f"--processes {options.processes}: has to be 1 or more")
    # Of processes that were ended while they wrote.
    files.remove_partial_files(project.results_folder() / "robustness")
    found: list[Summary] = []

    def is_made(name: str) -> bool:
        found.extend(_of_experiment(options, _request(options, name)))
        return True

    status = cli_arguments.status_of_all(partial(is_made, name) for name in options.experiments)
    if options.json is not None and found:
        content = [json.loads(each.model_dump_json()) for each in found]
        files.write_bytes((json.dumps(content, indent=1) + "\n").encode(), options.json)
    return status


def _request(options: argparse.Namespace, name: str) -> "Request":
    """Return what is asked about an experiment; what the command line does not say is in the configuration."""
    from replasticity.definitions import budgets, configuration
    from replasticity.definitions.seeds import MOST_SEEDS
    from replasticity.robustness.work import Request

    configured = configuration.read()
    seeds = configured.robustness_seeds if options.seeds is None else options.seeds
    if not 1 <= seeds <= MOST_SEEDS:
        raise UserError(f"--seeds {seeds}: has to be a number from 1 to {MOST_SEEDS}")
    try:
        within = budgets.within_of(options.within or configured.robustness_within)
    except ValueError as error:
        raise UserError(f"--within: {error}") from error
    try:
        budget = budgets.budget_of(options.budget or str(configured.robustness_budget))
    except ValueError as error:
        raise UserError(f"--budget: {error}") from error
    changes = json.dumps(cli_arguments.changes(options.set), default=str)
    return Request(name, options.scale or configured.scale, changes, tuple(within), budget, seeds)


def _of_experiment(options: argparse.Namespace, request: "Request") -> "list[Summary]":
    """Make what is missing, show what was found, and return it."""
    from replasticity.robustness import work

    if options.parts is not None:
        work.make_together(request, _places(options.parts))
        return []
    if not options.gather:
        _make(request, options.processes)
    summary = work.gather(request)
    _show(summary)
    if not request.resolved().changes:
        _draw(request.work(), summary)
    return [summary]


def _places(text: str) -> range:
    """Return the places of parts given such as ``1-17``."""
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
    if not found:
        raise UserError(f"--parts {text}: has to be such as 1-17")
    return range(int(found[1]) - 1, int(found[2]))


def _make(request: "Request", processes: int) -> None:
    """Make the parts that are not there."""
    from replasticity.interface import workers
    from replasticity.interface.bars import progress_bar
    from replasticity.robustness.work import Task

    parts = request.work().parts
    # Whatever a bisection asks for comes on top.
    with progress_bar(f"{request.experiment}, sets", sum(len(part.points) for part in parts), None) as advance:
        if processes == 1:
            for part in parts:
                request.work().simulation.make(part, advance)
        else:
            tasks = [Task(request, place) for place in range(len(parts))]
            workers.results_of(tasks, processes, advance, lambda: advance(0))


def _draw(work: "Work", summary: "Summary") -> None:
    """Draw the figure of what was found, with the sets of parameters that were simulated."""
    from replasticity.plotting.environment import import_matplotlib
    from replasticity.robustness.work import read, samples_of
    from replasticity.storage import project

    import_matplotlib(project.cache_folder("matplotlib"))
    from replasticity.reporting import robustness_figure

    simulation = work.simulation
    sets = [
        robustness_figure.sets_of(each, simulation.resolved, simulation.claims)
        for each in samples_of(work, read(work))
        if each.rows
    ]
    suffixes = ("png", "pdf", "svg", "nc")
    paths = {suffix: project.robustness_figure(summary.experiment, suffix) for suffix in suffixes}
    robustness_figure.write(summary, sets, paths)
    terminal.say(project.shown(paths["png"]))


def _show(summary: "Summary") -> None:
    """Print the line of each claim, and the parameters with the largest effects."""
    from replasticity.reporting import tables

    terminal.say(f"{summary.experiment}: {summary.title}")
    for claim in summary.claims:
        terminal.say(f"  {claim.id}: {claim.line}")
    rows = [
        (
            claim.id,
            f"{100 * near.within:g} %",
            each.parameter,
            *map(tables.number, (each.first, each.total, each.mu_star)),
        )
        for claim in summary.claims
        for near in claim.neighbourhoods
        for each in near.effects[:_STRONGEST]
    ]
    if rows:
        columns = ("claim", "within", "parameter", "Sobol' first", "total", "Morris mu*")
        tables.show("Parameters with the largest effects", columns, rows)
