"""The commands about other simulators that run beside ours."""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replasticity import cli_arguments, terminal
from replasticity.errors import UserError
from replasticity.peers import environments

if TYPE_CHECKING:
    from replasticity.definitions.experiments import Resolved


def add_commands(command: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    """Add these commands to the command line: `command` takes name, function and help of each."""
    added = command(
        "conform", conform, "run an experiment in another simulator as well, on the same inputs, and compare"
    )
    added.add_argument("experiment", help="its name, or a file that --random has written")
    added.add_argument(
        "--peer",
        action="append",
        metavar="NAME",
        help="a simulator, such as nest or brian2==2.8.0; repeatable; default: all for which the study has a file",
    )
    cli_arguments.add_changes(added)
    added.add_argument("--seeds", help="such as 1-5, 1,2,7 or @FILE; default: the first one of the experiment")
    added.add_argument("--short", action="store_true", help="with the changes that the study names for a quick look")
    added.add_argument(
        "--random",
        type=int,
        metavar="SETS",
        help="short runs with so many random sets of parameters, drawn from their ranges",
    )
    added.add_argument("--seed", type=int, help="with --random: seed of the drawing; default: 1")
    added.add_argument("--processes", type=int, metavar="N", help="with --random: runs at one time; default: 1")
    added.add_argument(
        "-o",
        "--output",
        type=Path,
        help="with --random: file of the first set that differs; default: in results/conform",
    )
    cli_arguments.add_scale(added)
    added.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="limit of each run in the other simulator; default: 600"
    )
    added.add_argument("--json", type=Path, metavar="FILE", help="write how each quantity compares, for machines")

    command(
        "conformance",
        conformance,
        "write docs/conformance.md from the files in docs/conformance, which conform --random --json has written",
    )

    added = command("peers", list_peers, "show which other simulators are installed, or install them")
    peers_commands = added.add_subparsers(title="commands", metavar="COMMAND")
    what = "show which other simulators are installed, and whether they work"
    peers_commands.add_parser("list", help=what, description=what)
    what = "install other simulators, each in an environment of its own (needs a network)"
    added = peers_commands.add_parser("install", help=what, description=what)
    added.set_defaults(run=install_peers)
    added.add_argument(
        "simulators", nargs="*", metavar="SIMULATOR", help=f"default: {' '.join(environments.SIMULATORS)}"
    )
    added.add_argument(
        "--into", type=Path, metavar="FOLDER", help=f"default: that of {environments.VARIABLE}, or .cache/peers"
    )
    for name, simulator in environments.SIMULATORS.items():
        added.add_argument(f"--{name}", metavar="VERSION", help=f"default: {simulator.version}")

    what = "run an experiment over seeds in another simulator, and keep the statistics of its summary"
    added = peers_commands.add_parser("run", help=what, description=what)
    added.set_defaults(run=run_peers)
    added.add_argument("experiment")
    added.add_argument("--peer", metavar="NAME", help="such as nest or brian2==2.8.0; default: the only one")
    added.add_argument("--seeds", help="such as 1-40, 1,2,7 or @FILE; default: as many as the study's peer.yaml says")
    added.add_argument("--scale", help="quick, standard or full; default: full")
    added.add_argument("--timeout", type=float, metavar="SECONDS", help="limit of each run; default: 7200")
    what = "put the seeds that 'run' has made together to a summary, as experiments name it under 'peer'"
    added = peers_commands.add_parser("gather", help=what, description=what)
    added.set_defaults(run=gather_peers)
    added.add_argument("experiment")
    added.add_argument("--peer", metavar="NAME", help="default: the only one")
    added.add_argument("--seeds", help="default: all that there are")
    added.add_argument("--scale", help="quick, standard or full; default: full")
    added.add_argument("-o", "--output", type=Path, help="default: results/peers/EXPERIMENT-PEER.nc")


def conform(options: argparse.Namespace) -> int:
    """Run an experiment in other simulators as well, and compare."""
    from replasticity.definitions import experiments
    from replasticity.peers import live
    from replasticity.pipeline import provenance
    from replasticity.storage import files, integrity
    from replasticity.study import protocols

    timeout_s = live.TIMEOUT_S if options.timeout is None else options.timeout
    if not timeout_s > 0:
        raise UserError(f"--timeout {timeout_s:g}: has to be more than 0 s")
    for output in filter(None, (options.json, options.output)):
        files.check_output(output)
    peers = list(options.peer or [])
    if Path(options.experiment).suffix in (".yaml", ".yml"):
        if options.short or options.scale or options.random is not None:
            raise UserError(f"{options.experiment}: says all of a run; --short, --scale and --random do not go with it")
        from replasticity.peers import random_sets

        resolved, peer, seed = random_sets.read_again(Path(options.experiment))
        if options.set:
            changes = resolved.changes | cli_arguments.changes(options.set)
            resolved = experiments.resolve(resolved.name, resolved.scale, changes, experiment=resolved.experiment)
        peers = peers or [peer]
        seeds = cli_arguments.seeds(options.seeds) if options.seeds else [seed]
    else:
        changes = cli_arguments.changes(options.set)
        if options.short or options.random is not None:
            short = live.shortened(options.experiment)
            options.scale = options.scale or short.scale
            changes = short.changes | changes
        resolved = cli_arguments.resolve(options, options.experiment, changes)
        seeds = cli_arguments.seeds(options.seeds) if options.seeds else [resolved.experiment.first_seed]
    protocol = resolved.experiment.protocol
    peers = peers or live.peers_of(protocol)
    if not peers:
        able = [name for name in protocols.names() if live.peers_of(name)]
        raise UserError(
            f"{resolved.name}: no other simulator can run protocol '{protocol}'; those that have a file for one: "
            f"{', '.join(able) or 'none'}"
        )
    with_random_sets = partial(_conform_random_sets, options, resolved)
    with_seeds = partial(_conform_seeds, resolved, seeds, timeout_s)
    summaries: list[dict[str, Any]] = []

    def holds(peer: str) -> bool:
        found, summary = (with_seeds if options.random is None else with_random_sets)(peer)
        summaries.append(summary)
        return found

    status = cli_arguments.status_of_all(partial(holds, peer) for peer in peers)
    if options.json is not None and summaries:
        code = {"code_digest": provenance.conformance_digest(protocol)}
        content = json.dumps([integrity.sealed(each | code) for each in summaries], indent=1) + "\n"
        files.write_bytes(content.encode(), options.json)
    return status


def _conform_seeds(resolved: "Resolved", seeds: list[int], timeout_s: float, peer: str) -> tuple[bool, dict[str, Any]]:
    """Compare some seeds of an experiment with another simulator's; return whether all hold, and what was found."""
    from replasticity.peers import live
    from replasticity.reporting import tables

    outcome = live.conform(resolved, seeds, peer, timeout_s)
    tables.show_replay(f"{resolved.name} in {outcome.peer}", outcome.deviations)
    terminal.say(tables.conformance_in_words(outcome) + "\n")
    return outcome.holds, outcome.summary()


def _conform_random_sets(options: argparse.Namespace, resolved: "Resolved", peer: str) -> tuple[bool, dict[str, Any]]:
    """Compare random sets of parameters with another simulator's runs; return whether all hold, and what was found."""
    from replasticity.interface.bars import progress_bar
    from replasticity.peers import random_sets
    from replasticity.reporting import tables
    from replasticity.storage import project

    processes = 1 if options.processes is None else options.processes
    for key, value in (("--random", options.random), ("--processes", processes)):
        if value < 1:
            raise UserError(f"{key} {value}: has to be 1 or more")
    seed = 1 if options.seed is None else options.seed
    if seed < 0:
        raise UserError(f"--seed {seed}: has to be 0 or more")
    timeout_s = random_sets.TIMEOUT_S if options.timeout is None else options.timeout
    if not random_sets.ranges(resolved.experiment.protocol):
        raise UserError(f"{resolved.name}: no parameter of protocol '{resolved.experiment.protocol}' has a range")
    with progress_bar(f"{resolved.name} in {peer}", options.random, None) as done:
        found = random_sets.search(resolved, peer, options.random, seed, processes, done, timeout_s)
    terminal.say(tables.random_sets_in_words(found))
    if found.first_difference is not None:
        least = random_sets.smaller(resolved, peer, found.first_difference, timeout_s)
        file = project.shown(random_sets.write_again(resolved, peer, least, options.output))
        terminal.say(f"  the first difference, made smaller: {least.note}")
        terminal.say(f"  'python -m replasticity conform {file}' runs it again")
    return found.holds, found.summary()


def conformance(options: argparse.Namespace) -> int:
    """Write the page about random sets of parameters in other simulators."""
    from replasticity.reporting import conformance_page
    from replasticity.storage import project

    terminal.say(project.shown(conformance_page.write(project.root())))
    return 0


def list_peers(options: argparse.Namespace) -> int:
    """Show which other simulators are installed."""
    from replasticity.reporting import tables
    from replasticity.storage import project

    known = {each.folder: each for each in map(environments.environment, environments.SIMULATORS)}
    known |= {each.folder: each for each in environments.installed()}
    problems = {each.folder: each.problem() for each in known.values()}
    tables.show(
        "Other simulators",
        ("simulator", "works", "folder"),
        ((each.label, "no" if problems[each.folder] else "yes", project.shown(each.folder)) for each in known.values()),
    )
    for problem in filter(None, problems.values()):
        terminal.say(problem)
    return 0


def install_peers(options: argparse.Namespace) -> int:
    """Install other simulators."""
    from replasticity.storage import project

    versions = {name: getattr(options, name) for name in environments.SIMULATORS}
    named = [*options.simulators, *(name for name, version in versions.items() if version)]
    chosen = list(dict.fromkeys(named)) or list(environments.SIMULATORS)
    peers = [f"{name}=={versions[name]}" if versions.get(name) else name for name in chosen]
    wanted = [environments.environment(peer, options.into) for peer in peers]
    for peer, each in zip(peers, wanted, strict=True):
        made = environments.install(peer, options.into)
        terminal.say(f"{each.label}: {'installed in' if made else 'is there already,'} {project.shown(each.folder)}")
    return 0


#: A simulator may take so long for one run of an ensemble [s].
_LONGEST_PEER_S = 7200.0


def run_peers(options: argparse.Namespace) -> int:
    """Run an experiment over seeds in another simulator."""
    from replasticity.peers import ensembles
    from replasticity.storage import project

    timeout_s = _LONGEST_PEER_S if options.timeout is None else options.timeout
    if not timeout_s > 0:
        raise UserError(f"--timeout {timeout_s:g}: has to be more than 0 s")
    resolved, peer = _in_a_peer(options)
    seeds = cli_arguments.seeds(options.seeds) if options.seeds else ensembles.seeds_of(resolved)
    for path in ensembles.run(resolved, peer, seeds, timeout_s):
        terminal.say(project.shown(path))
    return 0


def gather_peers(options: argparse.Namespace) -> int:
    """Put another simulator's seeds together."""
    from replasticity.peers import ensembles
    from replasticity.storage import files, project

    resolved, peer = _in_a_peer(options)
    output = options.output or project.peer_summary_file(resolved.name, environments.environment(peer).name)
    files.check_output(output)
    count = ensembles.gather(resolved, peer, cli_arguments.seeds(options.seeds) if options.seeds else [], output)
    terminal.say(f"{project.shown(output)}: {count} seeds")
    return 0


def _in_a_peer(options: argparse.Namespace) -> tuple["Resolved", str]:
    """Return the experiment, as published unless a scale is given, and the simulator."""
    from replasticity.definitions import experiments
    from replasticity.peers import ensembles

    resolved = experiments.resolve(options.experiment, options.scale or "full")
    return resolved, options.peer or ensembles.only_peer(resolved)
