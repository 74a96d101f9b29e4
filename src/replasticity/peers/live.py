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
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import netCDF4
import numpy as np
import numpy.typing as npt

from replasticity.comparison import Deviation, Tolerance, compare_spikes
from replasticity.comparison import compare as compare_arrays
from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import (
    BothEndError,
    MistakeError,
    PeerUnavailableError,
    StateError,
    UnsupportedError,
    UserError,
)
from replasticity.peers import driver, environments, replays
from replasticity.storage import datasets, files, project
from replasticity.storage.contract import Arrays
from replasticity.study import protocols

if TYPE_CHECKING:
    import xarray as xr

#: A simulator's run of one seed is ended after this [s], unless another limit is asked for.
TIMEOUT_S = 600.0

#: The netCDF library is not safe in several threads.
_NETCDF = threading.Lock()


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


class Job(NamedTuple):
    """A run to make in another simulator.

    Attributes
    ----------
    resolved : Resolved
        The experiment, with the parameters of the run.
    seed : int
        Seed of the inputs.
    inputs : dict of str to ndarray, optional
        The inputs; None if the simulator is to draw them, with its own generators and this seed, and to run nothing.
    """

    resolved: Resolved
    seed: int
    inputs: Arrays | None


def job(resolved: Resolved, seed: int, peer: str) -> Job:
    """Return the run of an experiment and seed in another simulator, with the inputs that we sample.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale; its runs are made to keep what the comparison needs.
    seed : int
        Seed of the inputs.
    peer : str
        Name of the simulator, and its version if it is not the usual one.

    Raises
    ------
    UserError
        If the study has no file for this simulator, or the parameters are not allowed then.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    _file_for(protocol, peer)
    resolved = kept(resolved)
    return Job(resolved, seed, protocol.sample_inputs(resolved.parameters, seed))


def kept(resolved: Resolved) -> Resolved:
    """Return an experiment whose runs keep what a comparison needs: with the changes under ``live: parameters``."""
    changes = resolved.changes | protocols.get(resolved.experiment.protocol).live.parameters
    return experiments.resolve(
        resolved.name, resolved.scale, changes, experiment=resolved.experiment, changed_by="live"
    )


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
    StateError
        If it raises a ``FloatingPointError``: a state leaves the finite range, or the limits that our model states.
    UserError
        If the study has no file for this simulator; or if that fails, takes too long, or returns what is no variable
        of a run. The message names the file, has the last line of what it wrote to stderr, and says where all of it is.
    """
    [given] = runs([job(resolved, seed, peer)], peer, timeout_s)
    if isinstance(given, UserError):
        raise given
    return given


def runs(jobs: Sequence[Job], peer: str, timeout_s: float = TIMEOUT_S) -> list["xr.Dataset | UserError"]:
    """Return another simulator's runs of several jobs of one protocol, made in one process as long as that lives.

    Parameters
    ----------
    jobs : sequence of Job
        The runs to make, one or more.
    peer, timeout_s
        As in `run`; the time is that of each run.

    Returns
    -------
    list of xarray.Dataset or UserError
        For each job what `run` returns, or the error that it raises of this run alone.

    Raises
    ------
    PeerUnavailableError, UserError
        As in `run`, what concerns all jobs: a simulator that is not installed, a file that cannot be imported.
    """
    protocol = protocols.get(jobs[0].resolved.experiment.protocol)
    file = _file_for(protocol, peer)
    environment = environments.require(peer)
    found: list[xr.Dataset | UserError] = []
    with tempfile.TemporaryDirectory(prefix="replasticity-peer-") as temporary:
        folder = Path(temporary)
        for index, each in enumerate(jobs):
            with _NETCDF:
                _write_job(folder / f"job-{index}.nc", each)
        while len(found) < len(jobs):
            ended = _drive(environment, file, folder, range(len(found), len(jobs)), timeout_s)
            for each in jobs[len(found) :]:
                given = _result(folder, len(found), each, protocol, environment, file)
                if given is None:
                    # What ended the process concerns this run alone, unless none could begin.
                    given = UserError(
                        f"{_where(file, environment)}: {ended.reason}; {_told(folder, each, environment)}"
                    )
                    if ended.before_all:
                        raise given
                    found.append(given)
                    break
                found.append(given)
    return found


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
    [outcome] = compare_all([job(resolved, seed, peer)], peer, timeout_s)
    if isinstance(outcome, UserError):
        raise outcome
    return outcome


def compare_all(jobs: Sequence[Job], peer: str, timeout_s: float = TIMEOUT_S) -> list[list[Deviation] | UserError]:
    """Return how another simulator's runs of several jobs of one protocol compare with ours.

    Parameters
    ----------
    jobs, peer, timeout_s
        As in `runs`.

    Returns
    -------
    list of list of Deviation or UserError
        For each job what `compare` returns, or the error that it raises: of the other simulator's run, or of ours, of
        which a `StateError` then says that the simulator went on, or why it did not either.

    Raises
    ------
    PeerUnavailableError, UserError
        As in `runs`.
    """
    return [_compared(*each) for each in zip(jobs, runs(jobs, peer, timeout_s), strict=True)]


def _compared(job: Job, theirs: "xr.Dataset | UserError") -> list[Deviation] | UserError:
    protocol = protocols.get(job.resolved.experiment.protocol)
    inputs = dict(job.inputs or {})
    given: Arrays = {}
    if not isinstance(theirs, UserError):
        given = {str(name): variable.values for name, variable in theirs.variables.items()}
        inputs |= {name: given.pop(name) for name in protocol.live.draws if name in given}
    elif not isinstance(theirs, StateError):
        return theirs
    try:
        with datasets.content_of():
            ours = inputs | protocol.simulate(job.resolved.parameters, inputs)
    except StateError as error:
        both = isinstance(theirs, StateError) or not all(np.isfinite(each).all() for each in given.values())
        return BothEndError(f"{error}; so does the other simulator's") if both else error
    except UserError as error:
        return error
    if isinstance(theirs, StateError):
        return theirs
    return list(_deviations(ours, given, job.resolved))


def conform(resolved: Resolved, seeds: Sequence[int], peer: str, timeout_s: float = TIMEOUT_S) -> Conformance:
    """Return how another simulator's runs of several seeds compare with ours; parameters and errors as in `compare`."""
    jobs = [job(resolved, seed, peer) for seed in seeds]
    rows: dict[int, list[Deviation]] = {}
    for seed, outcome in zip(seeds, compare_all(jobs, peer, timeout_s), strict=True):
        if isinstance(outcome, UserError):
            raise outcome
        rows[seed] = outcome
    label = environments.environment(peer).label
    return Conformance(resolved.name, label, jobs[0].resolved.values, list(seeds), list(_over_seeds(rows)))


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
    distinct = list({each.digest: each for each in shortest}.values())
    found = []
    for peer in peers:
        jobs = [job(each, each.experiment.first_seed, peer) for each in distinct]
        outcomes = compare_all(jobs, peer, timeout_s)
        able = [each for each in outcomes if not isinstance(each, UnsupportedError)]
        for one, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, UserError):
                if isinstance(outcome, UnsupportedError) and able:
                    continue
                raise outcome
            label = environments.environment(peer).label
            found.append(Conformance(one.resolved.name, label, one.resolved.values, [one.seed], outcome))
    return found


def shortened(name: str) -> Resolved:
    """Return an experiment at the quick scale, with the changes under ``live: short`` of its study's ``peer.yaml``."""
    experiment = experiments.load(name)
    return experiments.resolve(name, "quick", protocols.get(experiment.protocol).live.short, experiment=experiment)


def file_for(resolved: Resolved, peer: str) -> Path:
    """Return the study's file for a simulator.

    Raises
    ------
    UserError
        If there is none.
    """
    return _file_for(protocols.get(resolved.experiment.protocol), peer)


def _file_for(protocol: protocols.Protocol, peer: str) -> Path:
    name = environments.environment(peer).name
    if name not in protocol.live_peers:
        can = ", ".join(protocol.live_peers) or "none"
        raise UserError(f"protocol '{protocol.name}' has no file for {name}; simulators that can run it: {can}")
    return protocol.live_peers[name]


def _where(file: Path, environment: environments.Environment) -> str:
    return f"{project.shown(file)} in {environment.label}"


def log_file(resolved: Resolved, seed: int, environment: environments.Environment) -> Path:
    """Return the file with all that a simulator printed that failed on a run; there is none of one that did not."""
    name = f"{resolved.name}-{resolved.digest[:8]}-seed-{seed}-{environment.folder.name}.log"
    return project.cache_folder("peers") / "logs" / name


def _told(folder: Path, job: Job, environment: environments.Environment) -> str:
    """Keep what a process has printed in which a run has failed; return where, in words."""
    log = log_file(job.resolved, job.seed, environment)
    printed, errors = ((folder / name).read_text(errors="replace") for name in ("out", "err"))
    files.write_bytes(f"{printed}\n{errors}".encode(), log)
    return f"{project.shown(log)} has all it printed"


def _write_job(path: Path, job: Job) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.setncattr("parameters", json.dumps(job.resolved.values))
        if job.inputs is None:
            file.setncattr("draw_seed", job.seed)
        for name, array in (job.inputs or {}).items():
            dimensions = [f"{name}_{axis}" for axis in range(array.ndim)]
            for dimension, length in zip(dimensions, array.shape, strict=True):
                file.createDimension(dimension, length)
            file.createVariable(name, array.dtype, dimensions, fill_value=False)[...] = array


def _result(
    folder: Path,
    index: int,
    job: Job,
    protocol: protocols.Protocol,
    environment: environments.Environment,
    file: Path,
) -> "xr.Dataset | UserError | None":
    """Return what has become of a job; None if its process has ended before."""
    if (folder / f"failed-{index}.json").is_file():
        failed = json.loads((folder / f"failed-{index}.json").read_text())
        reason = f"{_where(file, environment)}: {failed['reason']}"
        if failed["kind"] == driver.NO_MEANS:
            return UnsupportedError(reason)
        if failed["kind"] == driver.STATE:
            return StateError(reason)
        if failed["library"]:
            reason = f"{reason}; if the simulator is to blame, '{environment.command}' mends it"
        return UserError(f"{reason}; {_told(folder, job, environment)}")
    if not (folder / f"result-{index}.nc").is_file():
        return None
    with _NETCDF, netCDF4.Dataset(folder / f"result-{index}.nc") as result:
        result.set_auto_mask(False)
        version = str(result.simulator_version)
        arrays = {name: np.asarray(variable[...]) for name, variable in result.variables.items()}
    drawn = arrays if job.inputs is None else protocol.live.draws
    if unknown := [name for name in arrays if name not in protocol.RUN and name not in drawn]:
        allowed = ", ".join(protocol.RUN)
        return MistakeError(
            f"{project.shown(file)}: run() returns '{unknown[0]}', no variable of a run; allowed: {allowed}"
        )
    log_file(job.resolved, job.seed, environment).unlink(missing_ok=True)
    attributes = {
        "simulator": environment.simulator.title,
        "simulator_version": version,
        "experiment": job.resolved.name,
        "protocol": protocol.name,
        "seed": job.seed,
        "parameters": json.dumps(job.resolved.values),
    }
    return _dataset(protocol, arrays, attributes)


class _End(NamedTuple):
    """How a process has ended: in words, and whether that was before the first run."""

    reason: str
    before_all: bool


def _drive(
    environment: environments.Environment, file: Path, folder: Path, indices: Sequence[int], timeout_s: float
) -> "_End":
    """Run a study's file in a simulator's environment on jobs; return how its process has ended.

    Raises
    ------
    PeerUnavailableError
        If there is no interpreter.
    """
    arguments = [str(file.resolve()), environment.simulator.distribution, str(timeout_s), *map(str, indices)]
    home = project.cache_folder("peers") / "home"
    home.mkdir(parents=True, exist_ok=True)
    # Its own home: no preferences of the user's, and what the simulator keeps from run to run stays with the project.
    # One thread, as each of our runs has.
    variables = {"HOME": str(home), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        try:
            process = subprocess.Popen(
                [environment.python, "-I", "-B", driver.__file__, *arguments],
                cwd=folder,
                env=environments.without_python_variables() | variables | environment.variables(file.parent),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise PeerUnavailableError(environment.broken(error.strerror or str(error))) from error
        with _ended_with_its_children(process):
            # The process is not forgotten before its children are ended too.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    ended = process.returncode
    lines = [line for line in (folder / "err").read_text(errors="replace").splitlines() if line.strip()]
    reason = lines[-1] if lines else "it printed no error"
    if ended == -signal.SIGALRM:
        reason = f"not finished after {timeout_s:g} s"
    elif ended < 0:
        reason = f"ended by {signal.Signals(-ended).name}{f': {reason}' if lines else ''}"
    elif ended == driver.NO_LIBRARY:
        reason = f"{reason}; if the simulator is to blame, '{environment.command}' mends it"
    return _End(reason, ended in (driver.NO_LIBRARY, driver.NOT_LOADED))


@contextlib.contextmanager
def _ended_with_its_children(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process and all that it has started, whatever happened: it leads a session of its own."""
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _dataset(protocol: protocols.Protocol, arrays: Arrays, attributes: dict[str, Any]) -> "xr.Dataset":
    """Return arrays along the dimensions of our run, where they have their lengths; others have their own."""
    import xarray as xr

    lengths: dict[str, int] = {}
    variables = {}
    for name, array in arrays.items():
        declared = protocol.RUN.get(name)
        dimensions = declared.dimensions if declared else ()
        fits = len(dimensions) == array.ndim and all(
            lengths.get(dimension, length) == length for dimension, length in zip(dimensions, array.shape, strict=True)
        )
        if fits:
            lengths |= dict(zip(dimensions, array.shape, strict=True))
        else:
            dimensions = tuple(f"{name}_{axis}" for axis in range(array.ndim))
        variables[name] = (dimensions, array, datasets.attributes_of(name, declared) if declared else {})
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
