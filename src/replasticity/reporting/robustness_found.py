"""What was found about claims around the printed parameters, for the readers of results and of the gallery.

Nothing makes these files again by itself, since it takes many runs: one of other code or parameters than are there now
is no mistake, and says nothing.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.robustness import stored
from replasticity.robustness.summary import ClaimFound, OneAtATime, Point, Summary
from replasticity.storage import datasets, integrity, project

#: Suffix of a summary that is committed beside the references of its study.
SUFFIX = "robustness.json"

#: What the estimate of a claim is.
ESTIMATES = {"mean_in_range": "mean", "seeds_in_range": "share of seeds", "exact_in_range": "value"}


class Found(NamedTuple):
    """What summaries say.

    Attributes
    ----------
    summaries : dict of str to Summary
        Experiment -> summary of its present code and parameters.
    outdated : list of str
        The other files, as a reader wants them.
    """

    summaries: dict[str, Summary]
    outdated: list[str]


class Committed(NamedTuple):
    """What the committed summary of an experiment says.

    Attributes
    ----------
    lines : dict of str to str
        Claim -> what was found about it, in a sentence.
    origin : str
        How it was found, or why it is not told; empty if nothing is committed.
    command : str
        What finds it again.
    """

    lines: dict[str, str]
    origin: str
    command: str


def read(names: Iterable[str]) -> Found:
    """Return what was found in ``results`` about some experiments.

    Raises
    ------
    UserError
        If a file holds something else, or was changed.
    """
    found = Found({}, [])
    for path in project.robustness_files(names):
        summary = stored.read(path, path.stem)
        if stored.is_of_now(summary):
            found.summaries[path.stem] = summary
        else:
            found.outdated.append(project.shown(path))
    return found


def committed(name: str) -> Committed:
    """Return what is committed about the claims of an experiment.

    Raises
    ------
    UserError
        If the file holds something else, or was changed.
    """
    path = experiments.reference_file(name, SUFFIX)
    if not path.is_file():
        return Committed({}, "", "")
    summary = stored.read(path, name, remedy="restore it from git")
    if not stored.is_of_now(summary):
        return Committed(
            {}, f"{path.name} is of other code or parameters than are there now, and not told", summary.command
        )
    lines = {each.id: each.line for each in stored.found_of(summary).values()}
    return Committed(lines, f"{runs_in_words(summary)} of scale {summary.scale}", summary.command)


def picture_of(summary: Summary) -> Path | None:
    """Return the picture of the figure of a summary; None if there is none, or of another summary.

    Raises
    ------
    UserError
        If the picture, or what it draws, was changed.
    """
    from replasticity.plotting import drawn_data

    picture, path = (project.robustness_figure(summary.experiment, suffix) for suffix in ("png", drawn_data.SUFFIX))
    if not picture.is_file() or not path.is_file():
        return None
    drawing = drawn_data.read(path)
    datasets.require_unchanged(drawing, path)
    if datasets.json_attribute(drawing.attrs, "ensembles", path) != {summary.experiment: summary.content_digest}:
        return None
    if datasets.json_attribute(drawing.attrs, "pictures", path).get("png") != integrity.of_file(picture):
        raise UserError(
            f"{project.shown(picture)}: was changed, or is another drawing than {path.name}; delete it, or "
            f"'{summary.command}' makes it again"
        )
    return picture


def runs_in_words(summary: Summary) -> str:
    """Return how many runs a summary is from."""
    n = len(summary.seeds)
    return f"{summary.runs:,} runs, {f'{n} seeds' if n > 1 else '1 run'} of each set of parameters"


def numbers(summary: Summary) -> list[dict[str, Any]]:
    """Return what the page's script needs to show any claim along any parameter, JSON-ready.

    Parameters
    ----------
    summary : Summary
        What was found.

    Returns
    -------
    list of dict
        One per claim.
    """
    return [
        {
            "id": f"{summary.experiment}-{claim.id}",
            "estimate": ESTIMATES[claim.test],
            "quantity": claim.statistic
            + ("" if claim.units == "1" or claim.test == "seeds_in_range" else f" ({claim.units})"),
            "bounds": [bound for bound in (claim.lower, claim.upper) if bound is not None],
            "printed": claim.printed.estimate,
            "parameters": list(_parameters(claim, summary)),
        }
        for claim in stored.found_of(summary).values()
    ]


def _parameters(claim: ClaimFound, summary: Summary) -> Iterable[dict[str, Any]]:
    """Yield a claim along each parameter, the time step and each size, as the script shows it."""
    printed = experiments.resolve(summary.experiment, summary.scale).values
    for along in claim.one_at_a_time:
        value = printed.get(along.parameter)
        is_list = isinstance(value, list)
        yield _along(along, is_list) | {
            "printed": 1 if is_list else value,
            "notes": list(_effects(claim, along.parameter)),
        }
    for along in claim.sizes:
        yield _along(along, is_list=False) | {"printed": None, "notes": []}
    if claim.refinement is not None:
        steps = OneAtATime(parameter="time step (ms)", points=claim.refinement.points, flips=[])
        yield _along(steps, is_list=False) | {
            "printed": steps.points[0].value if steps.points else None,
            "notes": list(_limit(claim)),
        }


def _along(along: OneAtATime, is_list: bool) -> dict[str, Any]:
    return {
        "name": along.parameter,
        "axis": f"factor on {along.parameter}" if is_list else along.parameter,
        "points": [_point(point) for point in along.points],
        "flips": along.flips,
    }


def _point(point: Point) -> list[Any]:
    value = point.value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        value = json.dumps(value)
    return [value, point.estimate, *(point.interval or (None, None)), point.side, point.turned]


def _effects(claim: ClaimFound, parameter: str) -> Iterable[str]:
    """Yield what a parameter does where all are moved together, in a sentence for each distance."""
    for near in claim.neighbourhoods:
        for effect in near.effects:
            if effect.parameter != parameter:
                continue
            parts = [
                f"{what} {_with_interval(value, interval)}"
                for what, value, interval in (
                    ("Sobol' index of first order", effect.first, effect.first_interval),
                    ("total index", effect.total, effect.total_interval),
                    ("mean elementary effect (Morris)", effect.mu_star, effect.mu_star_interval),
                )
                if value is not None
            ]
            if parts:
                yield f"All parameters moved within {100 * near.within:g} %: {', '.join(parts)}."


def _limit(claim: ClaimFound) -> Iterable[str]:
    refinement = claim.refinement
    if refinement is not None and refinement.limit is not None:
        effect = (
            " It is on another side than the estimate at the printed step: a grid effect."
            if refinement.grid_effect
            else ""
        )
        yield f"Limit at a step of 0: {_with_interval(refinement.limit, refinement.limit_interval)}.{effect}"
    if refinement is not None:
        yield from (f"{step} ms could not be simulated: {why}." for step, why in refinement.refused.items())


def _with_interval(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.3g}" + ("" if interval is None else f" [{interval[0]:.3g}, {interval[1]:.3g}]")
