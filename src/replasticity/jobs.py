"""Simulate jobs: several seeds share one process, each seed keeps a file of its own.

Starting Python and loading the libraries takes longer than a short simulation, so a job simulates as many
seeds as fit into ``job_seconds`` of the configuration. What it made is in its record,
``results/runs/EXPERIMENT/seeds-1-40.json``: the SHA-256 of each file. The record is what Snakemake tracks, and
what tells a run that was damaged afterwards.
"""

import hashlib
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from replasticity import datasets, project, protocols, simulation
from replasticity.configuration import Configuration, name_of_seeds, seed_ranges
from replasticity.errors import UserError
from replasticity.experiments import Resolved

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
    expected_s = resolved.experiment.resources.seconds_per_run * len(seeds)
    return max(10, math.ceil(10 * expected_s / 60))


def fit_an_argument(seeds: Sequence[int]) -> bool:
    """Return True if seeds can be written into a command line; others are read from a file, ``--seeds @FILE``."""
    return len(seed_ranges(list(seeds))) <= _LONGEST_ARGUMENT


def write_seeds(seeds: Sequence[int], path: Path) -> None:
    """Write the file for ``--seeds @FILE``."""
    datasets.write_bytes(f"{seed_ranges(list(seeds))}\n".encode(), path)


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
    _forget_records_of(resolved.name, seeds)
    for seed in seeds:
        path = project.run_file(resolved.name, seed)
        if _is_made(resolved, seed, path):
            print(f"{project.shown(path)}: is there already", file=sys.stderr)
        else:
            simulate_one(resolved, seed, path)
    made = {str(seed): _digest(project.run_file(resolved.name, seed)) for seed in seeds}
    datasets.write_bytes((json.dumps({"sha256": made}, indent=1) + "\n").encode(), record)


def simulate_one(resolved: Resolved, seed: int, output: Path) -> None:
    """Simulate one seed and write its run; errors as in `simulate`."""
    datasets.check_writable(output)
    checkpoint_file = output.with_name(f".{output.name}.checkpoint")
    simulation.write_run(resolved, seed, output, checkpoint_file)
    checkpoint_file.unlink(missing_ok=True)


def _is_made(resolved: Resolved, seed: int, path: Path) -> bool:
    """Say whether a file holds exactly the run that a simulation would write there."""
    try:
        run = datasets.read(path, "run")
        datasets.require(run, protocols.get(resolved.experiment.protocol).RUN, path)
    except UserError:
        return False
    # As plain values: arrays, which only a damaged file has, do not compare to one truth value.
    attributes = {name: np.asarray(value).tolist() for name, value in run.attrs.items()}
    return attributes == simulation.run_attributes(resolved, seed)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _records(experiment: str) -> dict[Path, dict[int, str]]:
    """Return what each record of an experiment says: seed -> SHA-256. A broken record says nothing.

    A record may vanish at any moment: a job that outlived a killed Snakemake may be at work as well.
    """
    records = {}
    for path in sorted(project.record_file(experiment, "*").parent.glob("seeds-*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            records[path] = {int(seed): str(digest) for seed, digest in content["sha256"].items()}
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError, AttributeError):
            records[path] = {}
    return records


def _forget_records_of(experiment: str, seeds: Iterable[int]) -> None:
    """Remove the records that speak of these seeds, whose files are about to change."""
    for path, made in _records(experiment).items():
        if not made or not made.keys().isdisjoint(seeds):
            path.unlink(missing_ok=True)


def check_records(experiment: str, seeds: Iterable[int]) -> None:
    """Check that the runs are those that simulate jobs have written.

    A run that no record names, because it was simulated by hand, is fine. Where one is missing or changed, its
    job's record is removed, so that the next call of Snakemake makes the run anew and keeps the others.

    Raises
    ------
    UserError
        If a run is missing, or changed after it was written. The message names it.
    """
    for record, made in _records(experiment).items():
        for seed in sorted(made.keys() & set(seeds)):
            path = project.run_file(experiment, seed)
            if not path.is_file():
                record.unlink(missing_ok=True)
                raise UserError(f"{project.shown(path)}: no such file; call Snakemake again, which makes it anew")
            if _digest(path) != made[seed]:
                aside = path.with_name(f"{path.name}.changed")
                path.replace(aside)
                record.unlink(missing_ok=True)
                raise UserError(
                    f"{project.shown(path)}: was changed or damaged after it was simulated; it is now {aside.name}; "
                    "call Snakemake again, which makes it anew"
                )


def state_of_runs(resolved: Resolved) -> str:
    """Return a digest of sizes and times of an experiment's run files: a change is the reason to gather them anew."""
    state: list[tuple[int, int | None, int | None]] = []
    for seed in resolved.seeds:
        try:
            status = project.run_file(resolved.name, seed).stat()
        except OSError:
            state.append((seed, None, None))
        else:
            state.append((seed, status.st_size, status.st_mtime_ns))
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
