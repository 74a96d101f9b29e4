"""Simulate jobs: several seeds share one process, each seed keeps a file of its own.

Starting Python and loading the libraries takes longer than a short simulation, so a job simulates as many
seeds as fit into ``job_seconds`` of the configuration. What it made is in its record,
``results/runs/EXPERIMENT/seeds-1-40.json``: the SHA-256 and the size of each file. The record is the declared output
of the rule, and tells a run that was damaged or replaced afterwards. The runs are not declared: Snakemake would delete
those that a killed job has made, and a larger scale could not share them. So a record is there only as long as its runs
are (`forget_records_of_lost_runs`). Where it is lost, the digest that each run holds of its own content tells as much.
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from replasticity.definitions.configuration import Configuration
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.seeds import name_of_seeds, seed_ranges
from replasticity.errors import MistakeError, UnavailableError, UserError
from replasticity.pipeline import simulation
from replasticity.storage import datasets, files, integrity, project
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.study import protocols

if TYPE_CHECKING:
    import xarray as xr

#: What else may be called seeds-SOMETHING.json is not ours.
_RECORD_NAME = re.compile(r"seeds-\d[0-9a-z.,_-]*\.json")

#: A command line holds seeds whose text is no longer than this; Linux allows 131,072 bytes with all that is around it.
_LONGEST_ARGUMENT = 10_000


def seeds_of_jobs(resolved: Resolved, configuration: Configuration) -> dict[str, list[int]]:
    """Return the seeds of each simulate job of an experiment, by their name in the job's files."""
    seeds = sorted(resolved.seeds)
    together = max(1, math.floor(configuration.job_seconds / resolved.experiment.resources.seconds_per_run))
    parts = [seeds[first : first + together] for first in range(0, len(seeds), together)]
    return {name_of_seeds(part): part for part in parts}


def runtime_min(resolved: Resolved, seeds: Sequence[int]) -> int:
    """Return the time limit of a job [min]: ten times what its runs take, and ten minutes at least."""
    resources = resolved.experiment.resources
    return math.ceil(max(resources.most_seconds, 10 * resources.seconds_per_run * len(seeds)) / 60)


def fit_an_argument(seeds: Sequence[int]) -> bool:
    """Return True if seeds can be written into a command line; others are read from a file, ``--seeds @FILE``."""
    return len(seed_ranges(list(seeds))) <= _LONGEST_ARGUMENT


def write_seeds(seeds: Sequence[int], path: Path) -> None:
    """Write the file for ``--seeds @FILE``."""
    files.write_bytes(f"{seed_ranges(list(seeds))}\n".encode(), path)


def simulate(resolved: Resolved, seeds: Sequence[int]) -> None:
    """Simulate those seeds whose run is not there yet, and write the record of all of them.

    A run that is whole and was made by the same code from the same parameters is kept, so that a job that was
    killed goes on where it was.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    seeds : sequence of int
        Seeds of the job.

    Raises
    ------
    UserError
        If a file cannot be written.
    """
    record = project.record_file(resolved.name, name_of_seeds(list(seeds)))
    known = _known(_records(resolved.name))
    _forget_records_of(resolved.name, seeds)
    for seed in seeds:
        path = project.run_file(resolved.name, seed)
        if _is_made(resolved, seed, path, known.get(seed)):
            print(f"{project.shown(path)}: is there already", file=sys.stderr)
        else:
            simulate_one(resolved, seed, path)
    paths = {str(seed): project.run_file(resolved.name, seed) for seed in seeds}
    made = {
        "sha256": {seed: integrity.of_file(path) for seed, path in paths.items()},
        "bytes": {seed: path.stat().st_size for seed, path in paths.items()},
    }
    files.write_bytes((json.dumps(integrity.sealed(made), indent=1) + "\n").encode(), record)


def simulate_one(resolved: Resolved, seed: int, output: Path) -> None:
    """Simulate one seed and write its run; errors as in `simulate`."""
    files.check_writable(output)
    checkpoint_file = output.with_name(f".{output.name}.checkpoint")
    with datasets.content_of():
        simulation.write_run(resolved, seed, output, checkpoint_file)
    checkpoint_file.unlink(missing_ok=True)


def is_recorded(resolved: Resolved, seeds: Sequence[int], is_of_now: bool) -> bool:
    """Return True if there is a record of exactly these seeds, and all files are the runs that would be made.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    seeds : sequence of int
        Seeds of a job.
    is_of_now : bool
        Whether the record is known to be of these parameters and this code: the bytes of its files are enough then.
    """
    record = _records(resolved.name).get(project.record_file(resolved.name, name_of_seeds(list(seeds))))
    if record is None or record.digests.keys() != set(seeds):
        return False
    paths = {seed: project.run_file(resolved.name, seed) for seed in seeds}
    if is_of_now:
        return all(path.is_file() and integrity.of_file(path) == record.digests[seed] for seed, path in paths.items())
    return all(_is_made(resolved, seed, path, record.digests[seed]) for seed, path in paths.items())


def _is_made(resolved: Resolved, seed: int, path: Path, known_digest: str | None) -> bool:
    """Return True if a file holds exactly the run that a simulation would write there."""
    if not path.is_file():
        return False
    try:
        run = datasets.read(path, "run")
        datasets.require(run, protocols.get(resolved.experiment.protocol).RUN, path)
    except (MistakeError, UnavailableError):
        raise
    except UserError as error:
        print(f"{error}; simulating it again", file=sys.stderr)
        return False
    # Not its title or its references, whose wording changes no number. As plain values: arrays, which only a damaged
    # file has, do not compare to one truth value.
    expected = {name: simulation.run_attributes(resolved, seed)[name] for name in _IDENTITY}
    found = {name: np.asarray(run.attrs.get(name)).tolist() for name in _IDENTITY}
    return found == expected and known_digest in (None, integrity.of_file(path))


#: Attributes of a run that tell it from all others.
_IDENTITY = (
    "experiment",
    "seed",
    "parameters_digest",
    "code_digest",
    "replasticity_version",
    "numpy_version",
    "numba_version",
)


@dataclass(frozen=True)
class _Record:
    """What the record of a job says: seed -> SHA-256 and size of its run's file."""

    digests: dict[int, str]
    sizes: dict[int, int]


def _records(experiment: str) -> dict[Path, _Record]:
    """Return what each record of an experiment says. A broken or changed record says nothing.

    A record may vanish at any moment: a job that outlived a killed Snakemake may be at work as well.
    """
    records = {}
    for path in sorted(project.record_file(experiment, "*").parent.glob("seeds-*.json")):
        if not _RECORD_NAME.fullmatch(path.name):
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content[CONTENT_DIGEST] != integrity.of_json(content):
                raise ValueError("was changed")
            records[path] = _Record(
                digests={int(seed): str(digest) for seed, digest in content["sha256"].items()},
                sizes={int(seed): int(size) for seed, size in content["bytes"].items()},
            )
        except FileNotFoundError:
            continue
        except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError):
            records[path] = _Record({}, {})
    return records


def _known(records: dict[Path, _Record]) -> dict[int, str]:
    """Return seed -> SHA-256 of all records."""
    return {seed: digest for record in records.values() for seed, digest in record.digests.items()}


def _forget_records_of(experiment: str, seeds: Iterable[int]) -> None:
    """Remove the records that speak of these seeds, whose files are about to change, and those that say nothing."""
    for path, record in _records(experiment).items():
        if not record.digests or not record.digests.keys().isdisjoint(seeds):
            path.unlink(missing_ok=True)


def forget_records_of_lost_runs(experiment: str) -> None:
    """Remove the records that name a run which is missing or cut, and those that are broken, before Snakemake plans."""
    for path, record in _records(experiment).items():
        lost = [seed for seed, size in record.sizes.items() if not _has_size(project.run_file(experiment, seed), size)]
        if lost:
            print(f"{project.shown(path)}: runs of seeds {seed_ranges(lost)} are missing or cut", file=sys.stderr)
        if lost or not record.sizes:
            path.unlink(missing_ok=True)


def forget_records_of_lost_parts(experiment: str) -> None:
    """Remove records that name a part which is missing or cut, and broken ones, before Snakemake plans."""
    for record in sorted(project.robustness_record_file(experiment, "*").parent.glob("parts-*.json")):
        try:
            sizes = json.loads(record.read_bytes())["bytes"]
            whole = all(_has_size(project.robustness_part_file(experiment, each), size) for each, size in sizes.items())
        except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError):
            whole = False
        if not whole:
            print(f"{project.shown(record)}: some of its parts are missing or cut", file=sys.stderr)
            record.unlink(missing_ok=True)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def check_records(experiment: str, seeds: Iterable[int]) -> None:
    """Check that the runs are those that simulate jobs have written.

    All of them are looked at before anything is touched. Where a run is missing or changed, its job's record is
    removed, so that the next call of Snakemake makes the run again and keeps the others. A run that no record names,
    because it was simulated by hand or the record was lost, has its own digest to tell.

    Raises
    ------
    UserError
        If runs are missing, or changed after they were written. The message names all of them.
    """
    known = _known(_records(experiment))
    problems: list[str] = []
    damaged, missing = [], []
    for seed in sorted(set(seeds)):
        path = project.run_file(experiment, seed)
        try:
            if not path.is_file():
                missing.append(seed)
            elif seed not in known:
                datasets.read(path, "run")
            elif integrity.of_file(path) != known[seed]:
                damaged.append(seed)
        except UserError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{project.shown(path)}: cannot be read: {error.strerror}")
    problems += [_set_aside(project.run_file(experiment, seed)) for seed in damaged]
    if missing:
        others = f" (nor those of seeds {seed_ranges(missing[1:])})" if missing[1:] else ""
        problems.append(f"{project.shown(project.run_file(experiment, missing[0]))}: no such file{others}")
    if problems:
        # A record that says nothing as well: the runs of its job are made or found sound by the next call.
        _forget_records_of(experiment, [*damaged, *missing])
    if damaged or missing:
        problems.append(f"call Snakemake again, which makes {'it' if len(problems) == 1 else 'them'} again")
    if problems:
        raise UserError("; ".join(problems))


def _set_aside(path: Path) -> str:
    """Give a damaged run another name, so that it is made again and can be looked at; return what to say of it."""
    text = f"{project.shown(path)}: was changed or damaged after it was simulated"
    aside = path.with_name(f"{path.name}.changed")
    try:
        path.replace(aside)
    except OSError as error:
        return f"{text}, and cannot be renamed: {error.strerror}"
    return f"{text}; it is now {aside.name}"


def gather(resolved: Resolved, seeds: Sequence[int]) -> "xr.Dataset":
    """Return the ensemble of the runs in ``results/runs`` after checking them.

    Raises
    ------
    UserError
        As in `check_records` and `simulation.aggregate`, or if a file holds the run of another seed than its name says.
    """
    check_records(resolved.name, seeds)
    ensemble = simulation.aggregate(resolved, [project.run_file(resolved.name, seed) for seed in seeds])
    found = ensemble["seed"].values.tolist()
    if found != sorted(seeds):
        path = project.run_file(resolved.name, min(set(seeds) - set(found)))
        raise UserError(f"{project.shown(path)}: holds the run of another seed; delete it and call Snakemake again")
    return ensemble


def require_runs_of(ensemble: "xr.Dataset", path: Path) -> None:
    """Check that an ensemble was gathered from the runs that are in ``results/runs``, and that these are sound.

    Raises
    ------
    UserError
        As in `check_records`, or if the ensemble was gathered from other runs.
    """
    name, seeds = ensemble.attrs["experiment"], ensemble["seed"].values.tolist()
    check_records(name, seeds)
    runs = {seed: project.run_file(name, seed) for seed in seeds}
    present = {seed: str(datasets.open_attributes(path).get(CONTENT_DIGEST)) for seed, path in runs.items()}
    if ensemble.attrs.get(simulation.RUNS_DIGEST) != simulation.runs_digest(present):
        raise UserError(
            f"{project.shown(path)}: was gathered from other runs than are in results/runs; "
            "delete it and call Snakemake again"
        )
