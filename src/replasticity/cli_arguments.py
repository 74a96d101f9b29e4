"""What several commands make of their arguments, and how they go on where one of several things fails."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replasticity import terminal
from replasticity.errors import UserError

if TYPE_CHECKING:
    from replasticity.definitions.experiments import Resolved


def add_scale(command: argparse.ArgumentParser) -> None:
    """Let a command be told the scale."""
    command.add_argument("--scale", help="quick, standard or full; default: that of config/config.yaml")


def add_changes(command: argparse.ArgumentParser) -> None:
    """Let a command be told changes of parameters."""
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one parameter; repeatable"
    )


def resolve(options: argparse.Namespace, name: str, changes: dict[str, Any] | None = None) -> "Resolved":
    """Return the experiment of that name at the scale that was asked for, or else at that of the configuration."""
    from replasticity.definitions import configuration, experiments

    scale = options.scale or configuration.read().scale
    return experiments.resolve(name, scale, changes)


def changes(assignments: list[str]) -> dict[str, Any]:
    """Return the parameters given as KEY=VALUE, values read as YAML."""
    from replasticity.definitions import yaml_files

    found = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key:
            raise UserError(f"--set {assignment}: has to be KEY=VALUE, such as tau_H_ms=200")
        found[key] = yaml_files.parse_yaml(text, f"--set {assignment}")
    return found


def seeds(text: str) -> list[int]:
    """Return seeds given as ``1-40`` or ``1,2,7``, or by the file that holds such a text, ``@FILE``."""
    from replasticity.definitions.seeds import distinct_seeds, seed_list_of

    try:
        given = Path(text[1:]).read_text(encoding="ascii").strip() if text.startswith("@") else text
        found = seed_list_of(given)
        distinct_seeds(found)
    except OSError as error:
        raise UserError(f"--seeds {text}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"--seeds {text}: {error}") from error
    return found


def status_of_all(checks: Iterable[Callable[[], bool]]) -> int:
    """Make several checks; return 0 if all hold, 1 if one does not, 2 if one could not be made.

    What one of them raises is printed: an experiment that is broken, or a simulator that is not installed, is no
    reason to leave out the others.
    """
    status = 0
    for holds in checks:
        try:
            status = max(status, 0 if holds() else 1)
        except (UserError, FloatingPointError) as error:
            if sys.flags.dev_mode:
                raise
            sys.stdout.flush()
            terminal.say_error(error)
            status = 2
    return status
