"""Files that a user asks Snakemake for: what to say where no rule can make them."""

import difflib
import os
import re
from collections.abc import Callable, Collection, Mapping

from replasticity.definitions import configuration, experiments
from replasticity.definitions.configuration import Configuration
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError

_OF_A_FIGURE = re.compile(r"results/figures/(.+)\.(pdf|svg|png|nc)")
_OF_AN_EXPERIMENT = re.compile(r"results/(?:ensembles/(.+)\.nc|evaluations/(.+)\.json|(?:runs|seeds)/([^/]+)/.+)")
_OF_A_JOB = re.compile(r"results/runs/[^/]+/seeds-(.+)\.json")
_OF_A_REPLAY = re.compile(r"results/replays/(.+)\.json")
_OF_A_COMPARISON = re.compile(r"results/conform/(.+)\.json")
_OF_ROBUSTNESS = re.compile(r"results/robustness/([^/]+)(?:\.json|/parts-(.+)\.json|/.+\.nc)")
_OF_A_RUN = re.compile(r"results/runs/[^/]+/seed-.+\.nc")


def check(
    target: str,
    made: Mapping[str, Resolved],
    settings: Configuration,
    jobs_of: Callable[[str], Collection[str]],
    recordings: Callable[[], Collection[str]],
    comparisons: Callable[[], Collection[str]],
    robustness_jobs_of: Callable[[str], Collection[str]],
) -> None:
    """Check that a file is one that the workflow makes, as far as its name tells.

    Parameters
    ----------
    target : str
        A word of the command line; what is no file of a known folder is fine.
    made : mapping of str to Resolved
        The experiments that the configuration makes.
    settings : Configuration
        That configuration.
    jobs_of : callable
        Name of an experiment -> names of its simulate jobs.
    recordings : callable
        Names of the recordings that are replayed.
    comparisons : callable
        Names of the comparisons with other simulators.
    robustness_jobs_of : callable
        Name of an experiment -> names of the jobs that simulate around its printed parameters.

    Raises
    ------
    UserError
        If it names a figure, an experiment, a job or a recording that there is not. The message names those that
        there are, and those that the configuration leaves out.
    """
    path = os.path.relpath(target) if os.path.isabs(target) else os.path.normpath(target)
    if found := _OF_A_FIGURE.fullmatch(path):
        having = sorted(name for name, each in made.items() if each.experiment.figure is not None)
        _check_name(target, "figure", found[1], having, _left_out(made, settings))
    elif found := _OF_AN_EXPERIMENT.fullmatch(path):
        name = next(filter(None, found.groups()))
        _check_name(target, "experiment", name, sorted(made), _left_out(made, settings))
        if _OF_A_RUN.fullmatch(path):
            raise UserError(f"{target}: single runs are no targets; allowed: results/ensembles/{name}.nc")
        if job := _OF_A_JOB.fullmatch(path):
            _check_name(target, "job", job[1], jobs_of(name), "")
    elif found := _OF_A_REPLAY.fullmatch(path):
        _check_name(target, "recording", found[1], recordings(), "")
    elif found := _OF_A_COMPARISON.fullmatch(path):
        _check_name(target, "comparison", found[1], comparisons(), "")
    elif found := _OF_ROBUSTNESS.fullmatch(path):
        _check_name(target, "experiment", found[1], sorted(made), _left_out(made, settings))
        if path.endswith(".nc"):
            raise UserError(f"{target}: single parts are no targets; allowed: results/robustness/{found[1]}.json")
        if found[2]:
            _check_name(target, "job", found[2], robustness_jobs_of(found[1]), "")


def _check_name(target: str, kind: str, name: str, allowed: Collection[str], left_out: str) -> None:
    if name in allowed:
        return
    near = difflib.get_close_matches(name, list(allowed), n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    some = ", ".join(list(allowed)[:_MOST_NAMES]) + (", ..." if len(allowed) > _MOST_NAMES else "")
    raise UserError(f"{target}: no {kind} '{name}' is made{hint}; allowed: {some or 'none'}{left_out}")


#: A message names at most so many: an experiment may have thousands of jobs.
_MOST_NAMES = 100


def _left_out(made: Mapping[str, Resolved], settings: Configuration) -> str:
    """Return in words which experiments there are that the configuration does not make."""
    missing = [name for name in experiments.names() if name not in made]
    by_scale = [name for name in missing if not configuration.resolve(settings, name).seeds]
    by_choice = [name for name in missing if name not in by_scale]
    parts = (
        (f"left out at scale '{settings.scale}'", by_scale),
        ("not among 'experiments' of the configuration", by_choice),
    )
    return "".join(f"; {reason}: {', '.join(names)}" for reason, names in parts if names)
