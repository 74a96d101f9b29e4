"""What replays have shown, as ``replay --json`` has stored it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from replasticity.definitions.parameters import NonNegativeInt
from replasticity.errors import UserError
from replasticity.storage import integrity, json_files, project
from replasticity.storage.json_files import Stored


class _StoredTolerance(Stored):
    absolute: float
    relative: float


class StoredQuantity(Stored):
    """How a variable compares, as `replasticity.peers.replays.as_json` has it."""

    quantity: str
    compared: NonNegativeInt
    unmatched: NonNegativeInt | None
    absolute: float | None
    relative: float | None
    tolerance: _StoredTolerance
    holds: bool | None
    note: str
    bound: str


class _StoredSummary(Stored):
    recording: str
    recording_sha256: str
    protocol: str
    simulator: str
    simulator_version: str
    holds: bool
    quantities: list[StoredQuantity]


def read_summaries(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the summaries that files of ``results/replays`` hold, exactly as they were written.

    Parameters
    ----------
    paths : iterable of Path
        JSON files, each with a list of summaries.

    Raises
    ------
    UserError
        If a file holds something else, or was changed; if a recording has changed since, or is replayed twice.
    """
    remedy = "delete it and call Snakemake again"
    found: dict[Path, dict[str, Any]] = {}
    for path in paths:
        content = json_files.read(path, "replay", remedy)
        if not isinstance(content, list) or not content:
            raise UserError(f"{project.shown(path)}: no valid replay (has to be a list of at least one); {remedy}")
        for each in content:
            json_files.require(each, _StoredSummary, path, "replay", remedy)
            json_files.require_unchanged(each, path, remedy)
            recording = project.root() / each["recording"]
            if not recording.is_file() or integrity.of_file(recording) != each["recording_sha256"]:
                raise UserError(f"{project.shown(path)}: is of another {each['recording']} than is there now; {remedy}")
            if recording in found:
                raise UserError(f"{project.shown(path)}: {each['recording']} is in another file too; {remedy}")
            found[recording] = each
    return list(found.values())
