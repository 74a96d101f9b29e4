"""Summaries as they are stored: read only as they were written, and told from those of other code or parameters."""

import json
from pathlib import Path

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.pipeline import provenance
from replasticity.robustness.estimates import bounds_of
from replasticity.robustness.summary import ClaimFound, Summary
from replasticity.storage import files, json_files, project


def digests(resolved: Resolved) -> dict[str, str]:
    """Return the digests that a summary rests on, by the names that it has for them."""
    code = provenance.statistics_digest(resolved.experiment.protocol)
    return {"parameters_digest": resolved.digest, "code_digest": code}


def read(path: Path, name: str, remedy: str = "") -> Summary:
    """Return the stored summary of an experiment.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The experiment whose summary it has to be.
    remedy : str, optional
        What to do about a broken file.

    Raises
    ------
    UserError
        If it is missing, no summary, of another experiment, or was changed.
    """
    remedy = remedy or f"delete it, or 'python -m replasticity robustness {name}' makes it again"
    content = json_files.read(path, "summary of robustness", remedy)
    json_files.require(content, Summary, path, "summary of robustness", remedy)
    json_files.require_unchanged(content, path, remedy)
    if content["experiment"] != name:
        raise UserError(f"{project.shown(path)}: is of experiment '{content['experiment']}', not '{name}'; {remedy}")
    return Summary.model_validate_json(path.read_bytes())


def is_of_now(summary: Summary) -> bool:
    """Return True if an experiment has the parameters and the code that a summary rests on."""
    if summary.experiment not in experiments.names() or summary.scale not in experiments.SCALES:
        return False
    now = digests(experiments.resolve(summary.experiment, summary.scale))
    return all(getattr(summary, name) == digest for name, digest in now.items())


def found_of(summary: Summary) -> dict[str, ClaimFound]:
    """Return what was found about those claims that the experiment still has as they were, by their ids."""
    claims = {claim.id: claim for claim in experiments.load(summary.experiment).claims}
    return {
        each.id: each
        for each in summary.claims
        if (claim := claims.get(each.id)) is not None
        and (claim.statement, claim.kind, claim.statistic) == (each.statement, each.kind, each.statistic)
        and (claim.test, bounds_of(claim)) == (each.test, (each.lower, each.upper))
    }


def write(summary: Summary) -> Path:
    """Write the summary of an experiment, and return its file."""
    path = project.robustness_file(summary.experiment)
    files.write_bytes((json.dumps(summary.model_dump(mode="json"), indent=1) + "\n").encode(), path)
    return path
