"""Other simulators' runs over seeds, and the summaries of their statistics with which equivalence is shown.

A seed's file has those of our statistics that ``summary`` in the study's ``peer.yaml`` names, computed of the other
simulator's run. Their seeds are not ours: a study's file for a simulator may have ``draw(parameters, seed)``, which
returns inputs that the simulator's own generators give; without it they are those that we sample.
"""

import ast
import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.seeds import seed_ranges
from replasticity.errors import MistakeError, UserError
from replasticity.peers import environments, live
from replasticity.peers.live import Job
from replasticity.storage import datasets, project
from replasticity.storage.contract import Arrays, Variable, build, require_defined
from replasticity.study import protocols, statistics
from replasticity.study.protocols import OUR_NAMES

if TYPE_CHECKING:
    import xarray as xr

#: What a seed's file says of its inputs.
DRAWN, SAMPLED = "drawn by the simulator's own generators", "sampled by replasticity"

#: Runs that one process of a simulator makes.
RUNS_PER_PROCESS = 10


def only_peer(resolved: Resolved) -> str:
    """Return the simulator that runs an experiment.

    Raises
    ------
    UserError
        If there is none, or there are several.
    """
    able = live.peers_of(resolved.experiment.protocol)
    if len(able) != 1:
        raise UserError(f"{resolved.name}: --peer says which simulator; there are: {', '.join(able) or 'none'}")
    return able[0]


def seeds_of(resolved: Resolved) -> list[int]:
    """Return the seeds that the summary of an experiment has: from 1, by ``live: ensembles`` of ``peer.yaml``.

    Raises
    ------
    UserError
        If that says nothing of the experiment.
    """
    counts = protocols.get(resolved.experiment.protocol).live.ensembles
    if resolved.name not in counts:
        raise UserError(f"{resolved.name}: 'live: ensembles' of its protocol's peer.yaml has no number of seeds")
    return list(range(1, counts[resolved.name] + 1))


def seed_file(resolved: Resolved, peer: str, seed: int) -> Path:
    """Return the file of a seed's statistics."""
    return project.peer_ensemble_file(resolved.name, environments.environment(peer).name, seed)


def run(resolved: Resolved, peer: str, seeds: Sequence[int], timeout_s: float) -> Iterator[Path]:
    """Make another simulator's runs of some seeds, and yield the file of the statistics of each.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    peer : str
        Name of the simulator, and its version if it is not the usual one.
    seeds : sequence of int
        The seeds.
    timeout_s : float
        Limit of each run [s].

    Raises
    ------
    UserError
        As in `live.run`; if the study has no summary; if a run has not what its statistics need.
    """
    _summary_of(resolved)
    changes = resolved.changes | protocols.get(resolved.experiment.protocol).live.ensemble_parameters
    keeping = experiments.resolve(
        resolved.name, resolved.scale, changes, experiment=resolved.experiment, changed_by="ensemble_parameters"
    )
    for first in range(0, len(seeds), RUNS_PER_PROCESS):
        some = seeds[first : first + RUNS_PER_PROCESS]
        jobs = [live.job(keeping, seed, peer) for seed in some]
        is_drawn = _has_draw(live.file_for(resolved, peer))
        if is_drawn:
            jobs = list(_drawn(jobs, peer, timeout_s))
        for job, theirs in zip(jobs, live.runs(jobs, peer, timeout_s), strict=True):
            if isinstance(theirs, UserError):
                raise theirs
            given = {str(name): variable.values for name, variable in theirs.variables.items()}
            values = _statistics(job.resolved, dict(job.inputs or {}) | given)
            path = seed_file(resolved, peer, job.seed)
            attributes = {
                "Conventions": datasets.CONVENTIONS,
                "title": f"{resolved.name}, seed {job.seed}, in {theirs.attrs['simulator']}",
                "kind": "peer",
                "simulator": theirs.attrs["simulator"],
                "simulator_version": theirs.attrs["simulator_version"],
                "experiment": resolved.name,
                "protocol": resolved.experiment.protocol,
                "seed": job.seed,
                "inputs": DRAWN if is_drawn else SAMPLED,
                "parameters": json.dumps(resolved.values),
                "parameters_digest": resolved.digest,
            }
            datasets.write_arrays(_contract(resolved), values, attributes, path)
            yield path


def _has_draw(file: Path) -> bool:
    """Return whether a study's file for a simulator has a function ``draw``; it is not run to find out."""
    return any(isinstance(each, ast.FunctionDef) and each.name == "draw" for each in ast.parse(file.read_text()).body)


def _drawn(jobs: Sequence[Job], peer: str, timeout_s: float) -> Iterator[Job]:
    """Yield jobs with the inputs that the simulator draws; what it does not draw stays ours."""
    without = [job._replace(inputs=None) for job in jobs]
    for job, drawn in zip(jobs, live.runs(without, peer, timeout_s), strict=True):
        if isinstance(drawn, UserError):
            raise drawn
        inputs, given = dict(job.inputs or {}), {str(name): each.values for name, each in drawn.variables.items()}
        if unknown := sorted(given.keys() - inputs.keys()):
            file = project.shown(live.file_for(job.resolved, peer))
            raise MistakeError(f"{file}: draw() returns '{unknown[0]}', no input; allowed: {', '.join(inputs)}")
        yield job._replace(inputs=inputs | {name: given[name].astype(inputs[name].dtype) for name in given})


def _summary_of(resolved: Resolved) -> dict[str, str]:
    """Return our statistics of a summary -> their names in it."""
    names = protocols.get(resolved.experiment.protocol).require_peer().data.summary
    if not names:
        raise UserError(f"{resolved.name}: 'summary' of its protocol's peer.yaml names no statistics")
    return names


def _contract(resolved: Resolved) -> dict[str, Variable]:
    declared = protocols.get(resolved.experiment.protocol).STATISTICS
    return {name: declared[name] for name in _summary_of(resolved)}


def _statistics(resolved: Resolved, run: Arrays) -> Arrays:
    """Return the statistics of a summary of one run, which may lack what others need."""
    protocol, contract = protocols.get(resolved.experiment.protocol), _contract(resolved)
    with datasets.content_of():
        view = statistics.Run(protocol.require_peer().completed(run, resolved.parameters))
    values: dict[str, Any] = {}
    for each in protocol.declared_statistics():
        if each.declared.keys() & contract.keys():
            try:
                with np.errstate(all="ignore"):
                    values |= each.values(view, resolved.parameters)
            except (AttributeError, KeyError) as error:
                names = ", ".join(each.declared.keys() & contract.keys())
                raise MistakeError(
                    f"{resolved.name}: {names}: {error.args[0]}, which the file for the simulator has to return"
                ) from error
    found = build(contract, {name: values[name] for name in contract})
    require_defined(contract, found, resolved.name)
    return found


def gather(resolved: Resolved, peer: str, seeds: Iterable[int], output: Path) -> int:
    """Write the summary of an ensemble that another simulator has run, as `experiments` read it; return its seeds.

    Parameters
    ----------
    resolved : Resolved
        The experiment at the scale of its runs.
    peer : str
        Name of the simulator.
    seeds : iterable of int
        The seeds; all that there are if there is none.
    output : Path
        The summary.

    Raises
    ------
    UserError
        If a seed has not been run, a file was changed, or they are of other parameters, versions or inputs.
    """
    folder = seed_file(resolved, peer, 0).parent
    wanted = [seed_file(resolved, peer, seed) for seed in sorted(seeds)] or sorted(
        folder.glob("seed-*.nc"), key=lambda path: int(path.stem.partition("-")[2])
    )
    if not wanted:
        raise UserError(
            f"{project.shown(folder)}: no runs; 'python -m replasticity peers run {resolved.name}' makes them"
        )
    parts, shared = [], dict[str, Any]()
    for path in wanted:
        part = _read(path)
        own = {name: str(part.attrs.get(name)) for name in _SHARED}
        if own["parameters_digest"] != resolved.digest:
            raise UserError(f"{project.shown(path)}: is of other parameters than {resolved.name} has at this scale")
        for name, value in (shared or own).items():
            if own[name] != value:
                raise UserError(f"{project.shown(path)}: {name} is {own[name]}, of the seeds before it {value}")
        shared = own
        parts.append(part)
    names = _summary_of(resolved)
    numbers = [int(part.attrs["seed"]) for part in parts]
    contract = {
        names[ours]: dataclasses.replace(each, dimensions=("seed", *each.dimensions))
        for ours, each in _contract(resolved).items()
    } | {"seed": Variable(("seed",), "seed of the run", "int64")}
    values = {theirs: np.stack([part[ours].values for part in parts]) for ours, theirs in names.items()}
    attributes = {name: value for name, value in shared.items() if name != "parameters_digest"} | {
        "Conventions": datasets.CONVENTIONS,
        "title": f"{resolved.name} in {shared['simulator']}",
        "seed": seed_ranges(numbers),
        OUR_NAMES: "parameters",
        "description": f"Statistics over seeds of {resolved.name}, made by 'python -m replasticity peers'; inputs: "
        f"{shared['inputs']}.",
    }
    datasets.write_arrays(contract, build(contract, values | {"seed": numbers}), attributes, output)
    return len(numbers)


def _read(path: Path) -> "xr.Dataset":
    part = datasets.open_netcdf(path)
    if part.attrs.get("kind") != "peer":
        raise UserError(f"{project.shown(path)}: holds no statistics of another simulator's run")
    datasets.require_unchanged(part, path)
    return part


#: Attributes that all seeds of a summary have in common.
_SHARED = (
    "simulator",
    "simulator_version",
    "experiment",
    "protocol",
    "inputs",
    "parameters",
    "parameters_digest",
)
