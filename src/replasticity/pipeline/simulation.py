"""The steps from an experiment to its ensemble: simulate one seed; gather the statistics of all."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.definitions.experiments import Resolved
from replasticity.definitions.parameters import LARGEST_INT
from replasticity.errors import MistakeError, UserError
from replasticity.pipeline import provenance
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage import datasets, integrity, project
from replasticity.storage.contract import Arrays
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.study import protocols
from replasticity.study.ensembles import Gathering, ensemble_contract

if TYPE_CHECKING:
    import xarray as xr

#: Attribute of an ensemble: the digest of the runs that it was gathered from.
RUNS_DIGEST = "runs_digest"

#: Attribute of an ensemble: the digest of the code that simulated those runs.
SIMULATED_BY = "simulation_code_digest"


def simulate(resolved: Resolved, seed: int, checkpoint_file: Path | None = None) -> Arrays:
    """Return the run of one experiment and seed: sample the inputs, let time pass, keep both.

    With a file for checkpoints, a long run that was killed goes on where its last checkpoint was
    written, if the experiment, its parameters, the seed, the code and the libraries are the same.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    seed : int
        Seed of the run.
    checkpoint_file : Path, optional
        Where a long run keeps its state now and then. It stays until the caller, who has written the run, removes it.

    Returns
    -------
    dict of str to ndarray
        Variables of the protocol's ``RUN``, in its order.

    Raises
    ------
    StateError
        If a state leaves the finite range, or the limits that its model states.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    if checkpoint_file is None:
        return protocol.run_seed(resolved.parameters, seed)
    checkpoint = Checkpoint(checkpoint_file, provenance.run_identity(resolved, seed))
    return protocol.run_seed(resolved.parameters, seed, checkpoint)


def write_run(resolved: Resolved, seed: int, output: Path, checkpoint_file: Path | None = None) -> str:
    """Simulate one experiment and seed, write the run with its provenance, and return the digest of its content.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    run = simulate(resolved, seed, checkpoint_file)
    contract = protocols.get(resolved.experiment.protocol).RUN
    return datasets.write_arrays(contract, run, run_attributes(resolved, seed), output)


def run_attributes(resolved: Resolved, seed: int) -> dict[str, Any]:
    """Return the global attributes of a run: two runs with the same ones hold the same values."""
    command = f"python -m replasticity simulate {resolved.arguments} --seed {seed}"
    code = provenance.simulation_digest(resolved.experiment.protocol)
    return provenance.attributes(resolved, "run", command, code) | {"seed": seed}


def aggregate(resolved: Resolved, run_files: Sequence[Path]) -> "xr.Dataset":
    """Return the statistics of all seeds along the dimension ``seed``, and the traces of the first seeds.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    run_files : sequence of Path
        Files written from `simulate`.

    Returns
    -------
    xarray.Dataset
        Variables of the protocol's ``STATISTICS`` with the dimension ``seed`` in front, sorted by seed; its
        ``TRACES`` with the dimension ``trace_seed`` in front.

    Raises
    ------
    UserError
        If a file is missing, broken, or a run of another experiment, of other parameters, or of a seed that
        another file has too; if a statistic is infinite, or NaN where its contract knows no NaN.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    gathering = Gathering(protocol, resolved.parameters)
    digests: dict[int, str] = {}
    code = set()
    for path in run_files:
        run = datasets.read(path, "run")
        _check_origin(resolved, run, path)
        datasets.require(run, protocol.RUN, path)
        seed = _seed(run, path)
        if seed in digests:
            raise UserError(f"{project.shown(path)}: seed {seed} is in another file too; each seed once")
        with datasets.content_of(path):
            gathering.add(seed, {name: run[name].values for name in protocol.RUN if name in run}, path)
        code.add(run.attrs["code_digest"])
        digests[seed] = run.attrs[CONTENT_DIGEST]
    if not digests:
        raise UserError(f"{resolved.name}: no runs to aggregate")
    with datasets.content_of(*run_files):
        return as_ensemble(resolved, gathering, digests, code)


def as_ensemble(
    resolved: Resolved, gathering: Gathering, digests: Mapping[int, str], code: Iterable[str]
) -> "xr.Dataset":
    """Return gathered runs as an ensemble.

    Parameters
    ----------
    resolved : Resolved
        The experiment of all runs.
    gathering : Gathering
        The runs.
    digests : mapping of int to str
        Seed -> digest of its run's content.
    code : iterable of str
        Digests of the code that simulated them.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    command = f"python -m replasticity aggregate {resolved.arguments}"
    summarised_by = provenance.statistics_digest(resolved.experiment.protocol)
    attributes = provenance.attributes(resolved, "ensemble", command, summarised_by) | {
        SIMULATED_BY: " ".join(sorted(set(code))),
        RUNS_DIGEST: runs_digest(digests),
    }
    return datasets.as_dataset(ensemble_contract(protocol), gathering.arrays(), **attributes)


def runs_digest(digests: Mapping[int, str]) -> str:
    """Return one digest of many runs: seed -> digest of its run's content."""
    return integrity.of_json({str(seed): digest for seed, digest in digests.items()})


def _seed(run: "xr.Dataset", path: Path) -> int:
    """Return the seed of a run."""
    seed = run.attrs.get("seed")
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= LARGEST_INT:
        raise UserError(f"{project.shown(path)}: attribute 'seed' has to be a whole number from 0 to {LARGEST_INT}")
    return int(seed)


def read_ensemble(path: Path) -> "xr.Dataset":
    """Return the ensemble of a file after checking it against the contract of its protocol.

    Raises
    ------
    UserError
        If it is missing, broken, or no ensemble of a known protocol.
    """
    ensemble = datasets.read(path, "ensemble")
    try:
        protocol = protocols.get(ensemble.attrs["protocol"])
    except MistakeError:
        raise
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {error}") from None
    datasets.require(ensemble, ensemble_contract(protocol), path)
    return ensemble


def _check_origin(resolved: Resolved, run: "xr.Dataset", path: Path) -> None:
    """Check that a run is one of this experiment with these parameters."""
    for name, allowed in (("protocol", resolved.experiment.protocol), ("experiment", resolved.name)):
        if run.attrs[name] != allowed:
            raise UserError(f"{project.shown(path)}: {name} is '{run.attrs[name]}', expected '{allowed}'")
    if run.attrs["parameters_digest"] != resolved.digest:
        recorded = datasets.json_attribute(run.attrs, "parameters", path)
        changed = [
            f"{name} ({recorded.get(name)} in the file, {value} in the experiment)"
            for name, value in resolved.values.items()
            if recorded.get(name) != value
        ]
        raise UserError(f"{project.shown(path)}: made with other parameters: {', '.join(changed)}; simulate it again")
