"""What other simulators have shown beside ours, as the workflow has stored it with ``conform --json``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.peers import live
from replasticity.pipeline import provenance
from replasticity.reporting.replayed import StoredQuantity
from replasticity.storage import json_files, project
from replasticity.storage.json_files import Stored
from replasticity.study import protocols


class _StoredComparison(Stored):
    experiment: str
    parameters: dict[str, Any]
    peer: str
    seeds: list[int]
    holds: bool
    quantities: list[StoredQuantity]
    code_digest: str


class Conformed(NamedTuple):
    """What files of ``results/conform`` say.

    Attributes
    ----------
    comparisons : list of dict
        Those of the present code and parameters, each as it was written, with its ``protocol``.
    outdated : list of str
        The other files, as a reader wants them.
    """

    comparisons: list[dict[str, Any]]
    outdated: list[str]


def files_of(chosen: Iterable[str]) -> list[Path]:
    """Return the files of comparisons that there are for some protocols, sorted."""
    wanted = set(chosen)
    return [path for path in project.conformance_files() if path.stem.partition("-")[0] in wanted]


def read(chosen: Iterable[str]) -> Conformed:
    """Return what the workflow has found for some protocols beside other simulators.

    Nothing makes these files again by itself, since they need those simulators: one of other code or parameters than
    are there now is no mistake, and says nothing.

    Parameters
    ----------
    chosen : iterable of str
        The protocols.

    Raises
    ------
    UserError
        If a file holds something else, or was changed.
    """
    remedy = "delete it, or 'snakemake conform' makes it again"
    found = Conformed([], [])
    for path in files_of(chosen):
        content = json_files.read(path, "comparison", remedy)
        if not isinstance(content, list) or len(content) != 1:
            raise UserError(f"{project.shown(path)}: no valid comparison (has to be a list of one); {remedy}")
        each = content[0]
        json_files.require(each, _StoredComparison, path, "comparison", remedy)
        json_files.require_unchanged(each, path, remedy)
        if _is_of_now(each):
            found.comparisons.append(each | {"protocol": experiments.load(each["experiment"]).protocol})
        else:
            found.outdated.append(project.shown(path))
    return found


def _is_of_now(comparison: dict[str, Any]) -> bool:
    if comparison["experiment"] not in experiments.names():
        return False
    protocol = experiments.load(comparison["experiment"]).protocol
    return bool(
        protocols.get(protocol).live_peers
        and comparison["code_digest"] == provenance.conformance_digest(protocol)
        and comparison["parameters"] == live.kept(live.shortened(comparison["experiment"])).values
    )


def command(comparison: dict[str, Any]) -> str:
    """Return the command that compares again."""
    peer = comparison["peer"].partition(" ")[0].lower()
    return f"python -m replasticity conform {comparison['experiment']} --short --peer {peer}"
