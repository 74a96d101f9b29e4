"""Other simulators beside ours: the same experiment, seed and inputs in both, compared variable by variable.

A study's ``peer_nest.py`` or ``peer_brian2.py`` has ``run(parameters, inputs)``, which builds the experiment on that
simulator's public interface and returns variables under the names of our run. It runs in an environment of the
simulator's own (`replasticity.peers.environments`), in which replasticity is not installed.
"""

import contextlib
import json
import math
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netCDF4
import numpy as np
import numpy.typing as npt

from replasticity.comparison import Deviation, Tolerance, compare_spikes
from replasticity.comparison import compare as compare_arrays
from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import MistakeError, PeerUnavailableError, UnsupportedError, UserError
from replasticity.peers import driver, environments, replays
from replasticity.storage import datasets, files, project
from replasticity.storage.contract import Arrays
from replasticity.study import protocols

if TYPE_CHECKING:
    import xarray as xr

#: A simulator's run of one seed is ended after this [s], unless another limit is asked for.
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Conformance:
    """How another simulator's runs compare with ours.

    Attributes
    ----------
    experiment : str
        Name of the experiment.
    peer : str
        Simulator and version, such as ``"NEST 3.10.0"``.
    parameters : dict of str to Any
        Parameters of both, as plain JSON values.
    seeds : list of int
        Seeds that were compared.
    deviations : list of Deviation
        One entry per quantity, the largest deviations over the seeds.
    """

    experiment: str
    peer: str
    parameters: dict[str, Any]
    seeds: list[int]
    deviations: list[Deviation]

    @property
    def holds(self) -> bool:
        """Whether every quantity agrees in every seed, and there is any."""
        return replays.holds(self.deviations)

    def summary(self) -> dict[str, Any]:
        """Return what was found, JSON-ready; ``quantities`` as in `replays.summary`."""
        return {
            "experiment": self.experiment,
            "parameters": self.parameters,
            "peer": self.peer,
            "seeds": self.seeds,
            "holds": self.holds,
            "quantities": [replays.as_json(row) for row in self.deviations],
        }


def peers_of(protocol: str) -> list[str]:
    """Return the simulators that can run a protocol beside us, sorted.

    Raises
    ------
    UserError
        If there is no such protocol.
    """
    return sorted(protocols.get(protocol).live_peers)


def run(resolved: Resolved, seed: int, peer: str, timeout_s: float = TIMEOUT_S) -> "xr.Dataset":
    """Return another simulator's run of an experiment and seed, given our parameters and the inputs that we sample.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale.
    seed : int
        Seed of the inputs; what the simulator draws by itself, if anything, is up to the study's file.
    peer : str
        Name of the simulator, and its version if it is not the usual one: ``"nest"``, ``"brian2==2.8.0"``.
    timeout_s : float
        The simulator is ended after this time [s].

    Returns
    -------
    xarray.Dataset
        Variables under the names, dimensions and units of our run, with the attributes ``simulator``,
        ``simulator_version``, ``experiment``, ``protocol``, ``seed`` and ``parameters`` (JSON).

    Raises
    ------
    PeerUnavailableError
        If the simulator is not installed, or its environment is broken.
    UnsupportedError
        If the study's file raises a ``NotImplementedError``: the simulator has no means for these parameters.
    UserError
        If the study has no file for this simulator; or if that fails, takes too long, or returns what is no variable
        of a run. The message names the file, has the last line of what it wrote to stderr, and says where all of it is.
    """
    resolved = _as_run_in(resolved, peer)
    protocol = protocols.get(resolved.experiment.protocol)
    return _run(resolved, seed, protocol.sample_inputs(resolved.parameters, seed), peer, timeout_s)


def compare(resolved: Resolved, seed: int, peer: str, timeout_s: float = TIMEOUT_S) -> list[Deviation]:
    """Return how another simulator's run compares with ours on the same inputs.

    Parameters
    ----------
    resolved, seed, peer, timeout_s
        As in `run`.

    Returns
    -------
    list of Deviation
        Of each spike list the spikes that differ, and of each other variable that the simulator gives the largest
        deviation, by the tolerances under ``live`` in the study's ``peer.yaml``. What that file asks for and the
        simulator does not give has an entry that does not hold.

    Raises
    ------
    UserError
        As in `run`, or from our own simulation.
    MistakeError
        If ``peer.yaml`` names what is no variable of a run.
    """
    resolved = _as_run_in(resolved, peer)
    protocol = protocols.get(resolved.experiment.protocol)
    inputs = protocol.sample_inputs(resolved.parameters, seed)
    theirs = _run(resolved, seed, inputs, peer, timeout_s)
    ours = inputs | protocol.simulate(resolved.parameters, inputs)
    given = {str(name): variable.values for name, variable in theirs.variables.items()}
    return list(_deviations(ours, given, resolved))


def conform(resolved: Resolved, seeds: Sequence[int], peer: str, timeout_s: float = TIMEOUT_S) -> Conformance:
    """Return how another simulator's runs of several seeds compare with ours; parameters and errors as in `compare`."""
    resolved = _as_run_in(resolved, peer)
    rows = {seed: compare(resolved, seed, peer, timeout_s) for seed in seeds}
    label = environments.environment(peer).label
    return Conformance(resolved.name, label, resolved.values, list(seeds), list(_over_seeds(rows)))


def gate(protocol: str, timeout_s: float = TIMEOUT_S) -> list[Conformance]:
    """Return whether the simulators of a protocol agree with us on each of its experiments, made short.

    Parameters
    ----------
    protocol : str
        Name of the protocol.
    timeout_s : float
        Limit of each simulator's run [s].

    Returns
    -------
    list of Conformance
        One for each simulator and experiment that differs, at the quick scale with the changes under ``live: short`` of
        ``peer.yaml``, for the experiment's first seed; those apart that a simulator has no means for, unless it has
        none for any. Empty if no other simulator can run the protocol.

    Raises
    ------
    PeerUnavailableError
        If one of the simulators is not installed.
    UserError
        As in `compare`.
    """
    peers = peers_of(protocol)
    for peer in peers:
        environments.require(peer)
    shortest = map(shortened, experiments.of_protocol(protocol) if peers else [])
    # Made short, some experiments are the same.
    distinct = {each.digest: each for each in shortest}.values()
    found = []
    for peer in peers:
        refused = None
        for each in distinct:
            try:
                found.append(conform(each, [each.experiment.first_seed], peer, timeout_s))
            except UnsupportedError as error:
                refused = error
        if refused and not any(each.peer == environments.environment(peer).label for each in found):
            raise refused
    return found


def shortened(name: str) -> Resolved:
    """Return an experiment at the quick scale, with the changes under ``live: short`` of its study's ``peer.yaml``."""
    experiment = experiments.load(name)
    return experiments.resolve(name, "quick", protocols.get(experiment.protocol).live.short, experiment=experiment)


def _as_run_in(resolved: Resolved, peer: str) -> Resolved:
    """Return an experiment whose runs keep what a simulator needs; errors as in `run`."""
    _file_for(protocols.get(resolved.experiment.protocol), peer)
    changes = protocols.get(resolved.experiment.protocol).live.parameters
    return experiments.resolve(
        resolved.name, resolved.scale, resolved.changes | changes, experiment=resolved.experiment, changed_by="live"
    )


def _run(resolved: Resolved, seed: int, inputs: Arrays, peer: str, timeout_s: float) -> "xr.Dataset":
    protocol = protocols.get(resolved.experiment.protocol)
    file = _file_for(protocol, peer)
    environment = environments.require(peer)
    log = log_file(resolved, seed, environment)
    with tempfile.TemporaryDirectory(prefix="replasticity-peer-") as temporary:
        folder = Path(temporary)
        _write_job(folder / "job.nc", resolved.values, inputs)
        _drive(environment, file, folder, log, timeout_s)
        with netCDF4.Dataset(folder / "result.nc") as result:
            result.set_auto_mask(False)
            version = str(result.simulator_version) or environment.version
            arrays = {name: np.asarray(variable[...]) for name, variable in result.variables.items()}
    log.unlink(missing_ok=True)
    if unknown := [name for name in arrays if name not in protocol.RUN]:
        allowed = ", ".join(protocol.RUN)
        raise MistakeError(
            f"{project.shown(file)}: run() returns '{unknown[0]}', no variable of a run; allowed: {allowed}"
        )
    attributes = {
        "simulator": environment.simulator.title,
        "simulator_version": version,
        "experiment": resolved.name,
        "protocol": protocol.name,
        "seed": seed,
        "parameters": json.dumps(resolved.values),
    }
    return _dataset(protocol, arrays, attributes)


def _file_for(protocol: protocols.Protocol, peer: str) -> Path:
    name = environments.environment(peer).name
    if name not in protocol.live_peers:
        can = ", ".join(protocol.live_peers) or "none"
        raise UserError(f"protocol '{protocol.name}' has no file for {name}; simulators that can run it: {can}")
    return protocol.live_peers[name]


def log_file(resolved: Resolved, seed: int, environment: environments.Environment) -> Path:
    """Return the file with all that a simulator printed that failed on a run; there is none of one that did not."""
    name = f"{resolved.name}-{resolved.digest[:8]}-seed-{seed}-{environment.folder.name}.log"
    return project.cache_folder("peers") / "logs" / name


def _write_job(path: Path, parameters: Mapping[str, Any], inputs: Arrays) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.setncattr("parameters", json.dumps(parameters))
        for name, array in inputs.items():
            dimensions = [f"{name}_{axis}" for axis in range(array.ndim)]
            for dimension, length in zip(dimensions, array.shape, strict=True):
                file.createDimension(dimension, length)
            file.createVariable(name, array.dtype, dimensions, fill_value=False)[...] = array


def _drive(environment: environments.Environment, file: Path, folder: Path, log: Path, timeout_s: float) -> None:
    """Run a study's file in a simulator's environment; raise a `UserError` in one line if that gives no result."""
    arguments = [str(file.resolve()), "job.nc", "result.nc", environment.simulator.distribution]
    home = project.cache_folder("peers") / "home"
    home.mkdir(parents=True, exist_ok=True)
    # Its own home: no preferences of the user's, and what the simulator keeps from run to run stays with the project.
    # One thread, as each of our runs has.
    variables = {"HOME": str(home), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended: int | None = None
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        try:
            process = subprocess.Popen(
                [environment.python, "-I", "-B", driver.__file__, *arguments],
                cwd=folder,
                env=environments.without_python_variables() | variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise PeerUnavailableError(environment.broken(error.strerror or str(error))) from error
        with _ended_with_its_children(process), contextlib.suppress(subprocess.TimeoutExpired):
            ended = process.wait(timeout_s)
    if ended == 0 and (folder / "result.nc").is_file():
        return
    printed, errors = ((folder / name).read_text(errors="replace") for name in ("out", "err"))
    lines = [line for line in errors.splitlines() if line.strip()]
    reason = lines[-1] if lines else "it printed no error"
    if ended == driver.UNSUPPORTED:
        raise UnsupportedError(f"{project.shown(file)} in {environment.label}: {reason}")
    files.write_bytes(f"{printed}\n{errors}".encode(), log)
    if ended is None:
        reason = f"not finished after {timeout_s:g} s"
    elif ended < 0:
        reason = f"ended by {signal.Signals(-ended).name}{f': {lines[-1]}' if lines else ''}"
    elif ended == driver.NO_LIBRARY:
        reason = f"{reason}; if the simulator is to blame, '{environment.command}' mends it"
    raise UserError(f"{project.shown(file)} in {environment.label}: {reason}; {project.shown(log)} has all it printed")


@contextlib.contextmanager
def _ended_with_its_children(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process that is still running afterwards, whatever happened: it leads a session of its own."""
    try:
        yield
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _dataset(protocol: protocols.Protocol, arrays: Arrays, attributes: dict[str, Any]) -> "xr.Dataset":
    """Return arrays along the dimensions of our run, where they have their lengths; others have their own."""
    import xarray as xr

    lengths: dict[str, int] = {}
    variables = {}
    for name, array in arrays.items():
        dimensions = protocol.RUN[name].dimensions
        fits = len(dimensions) == array.ndim and all(
            lengths.get(dimension, length) == length for dimension, length in zip(dimensions, array.shape, strict=True)
        )
        if fits:
            lengths |= dict(zip(dimensions, array.shape, strict=True))
        else:
            dimensions = tuple(f"{name}_{axis}" for axis in range(array.ndim))
        variables[name] = (dimensions, array, datasets.attributes_of(name, protocol.RUN[name]))
    return xr.Dataset(variables, attrs=attributes)


def _deviations(ours: Arrays, theirs: Arrays, resolved: Resolved) -> Iterator[Deviation]:
    protocol = protocols.get(resolved.experiment.protocol)
    live = protocol.live
    _check_names(protocol)
    left = dict(theirs)
    for name, columns in live.spikes.items():
        missing = [each for each in columns if each not in theirs]
        if missing:
            yield _not_given(name, f"'{missing[0]}' is not given")
            continue
        lists = [[_of_spikes(each, side[each], resolved.parameters) for each in columns] for side in (ours, theirs)]
        for column in columns:
            left.pop(column, None)
        sizes = [{column.shape for column in side} for side in lists]
        if any(len(each) > 1 or len(next(iter(each))) != 1 for each in sizes):
            yield _not_given(name, "the variables of a spike are not one list each, of one length")
            continue
        mine, other = (zip(*(column.tolist() for column in side), strict=True) for side in lists)
        yield compare_spikes(name, mine, other)
    for name, values in left.items():
        if name in ours:
            yield compare_arrays(name, np.asarray(ours[name]), values, live.tolerance(name))
        else:
            yield _not_given(name, "our run does not keep it")
    for name in live.required:
        if name not in theirs:
            yield _not_given(name, "is not given")


def _check_names(protocol: protocols.Protocol) -> None:
    """Raise a `MistakeError` if ``peer.yaml`` names a variable that no run has."""
    named = [*(name for columns in protocol.live.spikes.values() for name in columns), *protocol.live.required]
    if unknown := [name for name in named if name not in protocol.RUN]:
        raise MistakeError(f"peer.yaml of protocol '{protocol.name}': live: a run has no variable '{unknown[0]}'")


def _of_spikes(name: str, values: npt.NDArray[Any], parameters: Any) -> npt.NDArray[Any]:
    """Return one property of each spike: its time in steps, any other as it is."""
    return np.rint(values / parameters.dt_ms).astype(np.int64) if name.endswith("_ms") else values


def _not_given(name: str, note: str) -> Deviation:
    return Deviation(name, 0, None, math.inf, math.inf, Tolerance(), False, note)


def _over_seeds(of_seeds: Mapping[int, list[Deviation]]) -> Iterator[Deviation]:
    """Yield for each quantity the largest deviations over seeds, and the first seed in which it does not hold."""
    names = dict.fromkeys(row.quantity for rows in of_seeds.values() for row in rows)
    for name in names:
        rows = {seed: row for seed, rows in of_seeds.items() for row in rows if row.quantity == name}
        unmatched = [row.unmatched for row in rows.values() if row.unmatched is not None]
        failing = [(seed, row) for seed, row in rows.items() if not row.holds]
        yield Deviation(
            name,
            sum(row.compared for row in rows.values()),
            sum(unmatched) if unmatched else None,
            max(row.absolute for row in rows.values()),
            max(row.relative for row in rows.values()),
            next(iter(rows.values())).tolerance,
            not failing,
            ": ".join(filter(None, (f"seed {failing[0][0]}", failing[0][1].note))) if failing else "",
        )
