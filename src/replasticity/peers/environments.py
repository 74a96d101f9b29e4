"""Environments of other simulators: one for each simulator and version, apart from ours, made by pip on demand."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from replasticity.errors import PeerUnavailableError, UserError
from replasticity.storage import files, places, project

#: Folder of the environments, instead of that of the project.
VARIABLE = "REPLASTICITY_PEERS"

#: What an environment needs beside its simulator: `replasticity.peers.driver` imports it.
FOR_THE_DRIVER = ("netCDF4",)

#: Written last, so that an environment without it was not finished.
_STAMP = "installed.json"


class Simulator(NamedTuple):
    """Another simulator, as pip installs it.

    Attributes
    ----------
    title : str
        As its users write it.
    distribution, module : str
        What pip installs, and what Python imports.
    version : str
        The one that agreement was shown with; of a program of the system, where there is none.
    others : tuple of str
        Requirements beside it.
    older : tuple of (str, tuple of str)
        Version, and the requirements beside those before it; the oldest first.
    compiler : str
        File beside this one that compiles what studies have for it in a folder of its name; empty if there is nothing.
    program, package : str
        For a simulator that is a program of the system, "" otherwise: its command, and the package that has it. pip
        then installs only what a study's file needs.
    """

    title: str
    distribution: str
    module: str
    version: str
    others: tuple[str, ...] = ()
    older: tuple[tuple[str, tuple[str, ...]], ...] = ()
    compiler: str = ""
    program: str = ""
    package: str = ""

    def beside(self, version: str) -> tuple[str, ...]:
        """Return the requirements beside one of its versions."""
        later = (others for before, others in self.older if _numbers(version) < _numbers(before))
        return next(later, self.others)


def _numbers(version: str) -> list[int]:
    return list(map(int, re.findall(r"\d+", version)))


SIMULATORS = {
    "nest": Simulator("NEST", "nest-simulator", "nest", "3.10.0"),
    # Brian2 2.9.0 does not load with a newer numpy, and versions before 2.7 not with numpy 2; its compiled modes need
    # setuptools.
    "brian2": Simulator(
        "Brian2", "brian2", "brian2", "2.9.0", ("numpy<2.4", "setuptools"), (("2.7", ("numpy<2", "setuptools")),)
    ),
    # NEST with what NESTML compiles from the studies' descriptions.
    "nestml": Simulator(
        "NESTML", "nestml", "pynestml", "9.0.0", ("nest-simulator==3.10.0",), compiler="nestml_module.py"
    ),
    "octave": Simulator("Octave", "", "", "7.3.0", ("numpy", "scipy"), program="octave-cli", package="octave"),
}


@dataclass(frozen=True)
class Environment:
    """A simulator's environment, which may be there or not.

    Attributes
    ----------
    name : str
        Key of `SIMULATORS`.
    version : str
        Version of the simulator.
    folder : Path
        Where it is, or would be.
    """

    name: str
    version: str
    folder: Path

    @property
    def simulator(self) -> Simulator:
        """The simulator."""
        return SIMULATORS[self.name]

    @property
    def label(self) -> str:
        """How tables call it, such as ``"NEST 3.10.0"``."""
        return f"{self.simulator.title} {self.version}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def requirements(self) -> list[str]:
        """What pip is asked to install."""
        pinned = [f"{self.simulator.distribution}=={self.version}"] if self.simulator.distribution else []
        return [*pinned, *self.simulator.beside(self.version), *FOR_THE_DRIVER]

    @property
    def is_complete(self) -> bool:
        """Whether its installation has come to an end, and had all that is asked for now."""
        stamp = self.folder / _STAMP
        is_installed = stamp.is_file() and stamp.read_text() == json.dumps(self.requirements)
        return is_installed and self.without_program() is None

    def without_program(self) -> str | None:
        """Return in one line that the system has no such program, or another version, and what helps; or None."""
        program = self.simulator.program
        version = _version_of(program) if program else self.version
        if version is None:
            return f"{self.label}: this system has no '{program}'; 'apt-get install {self.simulator.package}' helps"
        if version != self.version:
            return f"{self.label}: '{program}' of this system is {version}"
        return None

    @property
    def command(self) -> str:
        """The command that makes it, or makes it again."""
        is_usual = self.version == self.simulator.version or self.simulator.program
        version = "" if is_usual else f" --{self.name} {self.version}"
        return f"python -m replasticity peers install {self.name}{version}"

    def problem(self) -> str | None:
        """Return in one line why it cannot be used, and what helps; None if it can: its simulator is imported."""
        if missing := self.without_program():
            return missing
        if not self.is_complete:
            state = "was not installed to the end" if self.folder.exists() else "is not installed"
            return f"{self.label} {state}; '{self.command}' does it"
        modules = ", ".join(filter(None, (self.simulator.module, *FOR_THE_DRIVER)))
        try:
            finished = subprocess.run([self.python, "-I", "-c", f"import {modules}"], capture_output=True, text=True)
            said = finished.stderr.strip().splitlines()[-1:] if finished.returncode else None
        except OSError as error:
            said = [error.strerror or str(error)]
        return None if said is None else self.broken("".join(said))

    def broken(self, reason: str) -> str:
        """Return in one line that it is there and does not work."""
        return (
            f"{self.label}: its environment {project.shown(self.folder)} is broken ({reason}); '{self.command}' "
            "makes it again"
        )

    def library(self, study: Path) -> Path | None:
        """Return the folder with what is compiled of a study, there or not; None if nothing is.

        It is called by the digest of what is compiled, and of what compiles it.
        """
        sources = study / self.name
        if not self.simulator.compiler or not sources.is_dir():
            return None
        digest = hashlib.sha256()
        for path in (_beside(self.simulator.compiler), *sorted(sources.iterdir())):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return self.folder / "libraries" / digest.hexdigest()[:16]

    def variables(self, study: Path) -> dict[str, str]:
        """Return variables with which the simulator finds what is compiled of a study.

        Raises
        ------
        PeerUnavailableError
            If it is not compiled. The message says how to do it.
        """
        library = self.library(study)
        if library is None:
            return {}
        if not library.is_dir():
            raise PeerUnavailableError(
                f"what study {study.name} has for {self.label} is not compiled; '{self.command}' does it"
            )
        return {"LD_LIBRARY_PATH": str(library)}


def _beside(name: str) -> Path:
    return Path(__file__).with_name(name)


def folder(into: Path | None = None) -> Path:
    """Return the folder of all environments: the given one, that of the variable, or that of the project."""
    named = os.environ.get(VARIABLE)
    return into or (Path(named) if named else project.cache_folder("peers"))


def environment(peer: str, into: Path | None = None) -> Environment:
    """Return the environment of a simulator, which need not be there.

    Parameters
    ----------
    peer : str
        Name of the simulator, and its version if it is not the usual one: ``"brian2"`` or ``"brian2==2.8.0"``.
    into : Path, optional
        Folder of the environments.

    Raises
    ------
    UserError
        If there is no such simulator, or this is no version.
    """
    name, _, version = peer.partition("==")
    if name not in SIMULATORS:
        raise UserError(f"no simulator '{name}'; allowed: {', '.join(SIMULATORS)}")
    simulator = SIMULATORS[name]
    version = version or (simulator.program and _version_of(simulator.program)) or simulator.version
    # It becomes the name of a folder.
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+!_]*", version):
        raise UserError(f"{name}: '{version}' is no version; expected one such as {SIMULATORS[name].version}")
    return Environment(name, version, folder(into).absolute() / f"{name}-{version}")


def _version_of(program: str) -> str | None:
    """Return the version that a program of the system says it has; None without the program."""
    path = shutil.which(program)
    return _version_said_by(path) if path else None


@cache
def _version_said_by(path: str) -> str:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    found = re.search(r"\bversion (\d[0-9A-Za-z.+!_]*)", said)
    return found[1] if found else "0"


def installed(into: Path | None = None) -> list[Environment]:
    """Return the environments that are there, whole or not, sorted by simulator and version."""
    return [
        Environment(name, path.name.removeprefix(f"{name}-"), path.absolute())
        for name in SIMULATORS
        for path in sorted(folder(into).glob(f"{name}-*"))
        if path.is_dir()
    ]


def require(peer: str) -> Environment:
    """Return the environment of a simulator; whether the simulator can be imported shows when it is used.

    Raises
    ------
    PeerUnavailableError
        If it is not installed. The message says how to install it, and which versions there are.
    """
    wanted = environment(peer)
    if not wanted.is_complete:
        there = [
            f"{each.name}=={each.version}" for each in installed() if each.name == wanted.name and each.is_complete
        ]
        others = f"; there are {', '.join(there)}" if there else ""
        raise PeerUnavailableError(f"{wanted.problem()}{others}")
    return wanted


def install(peer: str, into: Path | None = None) -> bool:
    """Make the environment of a simulator, unless it is there and works; one that was interrupted is made again.

    Parameters
    ----------
    peer : str
        As in `environment`.
    into : Path, optional
        Folder of the environments.

    Returns
    -------
    bool
        Whether it was made now.

    Raises
    ------
    UserError
        If it cannot be made, or not compiled what studies have for it: the message has the last word of pip or the
        compiler, and names the file with all of them; or if the simulator is a program that the system has not.
    """
    wanted = environment(peer, into)
    if missing := wanted.without_program():
        raise UserError(missing)
    files.check_writable(_lock(wanted))
    with _alone(wanted):
        log = wanted.folder.with_name(f"{wanted.folder.name}.log")
        log.unlink(missing_ok=True)
        is_whole = wanted.problem() is None
        if not is_whole:
            _make(wanted, log)
        is_compiled = _compile_all(wanted, log)
        log.unlink(missing_ok=True)
    return is_compiled or not is_whole


def _make(wanted: Environment, log: Path) -> None:
    """Install a simulator, whatever there is of it already."""
    shutil.rmtree(wanted.folder, ignore_errors=True)
    _logged([sys.executable, "-m", "venv", wanted.folder], wanted, log)
    options = ["--disable-pip-version-check", "--no-input"]
    _logged([wanted.python, "-m", "pip", "install", *options, *wanted.requirements], wanted, log)
    files.write_bytes(json.dumps(wanted.requirements).encode(), wanted.folder / _STAMP)
    if problem := wanted.problem():
        (wanted.folder / _STAMP).unlink()
        raise UserError(problem)


def _compile_all(wanted: Environment, log: Path) -> bool:
    """Compile what studies have for a simulator, where that is not done; return whether anything was."""
    libraries = {study: wanted.library(study) for study in places.studies().values()}
    missing = {study: library for study, library in libraries.items() if library is not None and not library.is_dir()}
    for study, library in missing.items():
        compiler = _beside(wanted.simulator.compiler)
        _logged([wanted.python, "-I", compiler, study / wanted.name, f"{study.name}module", library], wanted, log)
    return bool(missing)


def _lock(wanted: Environment) -> Path:
    return wanted.folder.with_name(f".{wanted.folder.name}.lock")


@contextlib.contextmanager
def _alone(wanted: Environment) -> Iterator[None]:
    """Let one process at a time make an environment; another one waits and finds it made."""
    with _lock(wanted).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _logged(command: list[str | Path], wanted: Environment, log: Path) -> None:
    """Run a step of an installation, its output at the end of a log."""
    with log.open("a") as file:
        finished = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=without_python_variables())
    if finished.returncode != 0:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
        raise UserError(
            f"{wanted.label} cannot be installed: {errors[-1].removeprefix('ERROR:').strip()}; "
            f"{project.shown(log)} has all that was printed (without a network pip finds nothing)"
        )


def without_python_variables() -> dict[str, str]:
    """Return this process's variables without those that would bring its modules into another Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
