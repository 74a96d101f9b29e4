"""Work one after the other or over processes: the same results, in the order that was asked for.

A process is a fresh Python that imports this package and nothing of the caller: a script needs no
``if __name__ == "__main__"``, and a notebook's cells are not run again. `concurrent.futures` and `multiprocessing.Pool`
import the caller's main module, and cannot say which seed a process was busy with when it died.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol, TypeVar

from replasticity.definitions import yaml_files
from replasticity.errors import UserError
from replasticity.storage import datasets
from replasticity.storage.contract import Arrays
from replasticity.study import protocols
from replasticity.study.ensembles import Gathering

#: How long other processes are waited for before somebody hears that they are still busy [s].
_STILL_S = 1.0


R = TypeVar("R")
Made = TypeVar("Made", covariant=True)


class Work(Protocol[Made]):
    """Something to make, in this process or another, which it is sent to: it can be pickled, and so can its result."""

    def result(self) -> Made:
        """Return what is made; an error says what it was about."""

    def __str__(self) -> str:
        """Return what it is called where its process dies."""


class Task(NamedTuple):
    """A run to make.

    Attributes
    ----------
    label : str
        What an error calls it, beside the seed.
    protocol : str
        Name of the protocol.
    values : dict
        All parameters as plain values.
    seed : int
        Seed of the run.
    summarised : bool
        Whether its statistics are wanted, not the run itself.
    """

    label: str
    protocol: str
    values: dict[str, Any]
    seed: int
    summarised: bool

    def __str__(self) -> str:
        return f"{self.label}, seed {self.seed}"

    def result(self) -> Arrays:
        """Return the run, or its statistics.

        Raises
        ------
        UserError, FloatingPointError
            If the run fails; the message begins with the task and its seed.
        """
        protocol = protocols.get(self.protocol)
        parameters = yaml_files.validate(protocol.Parameters, self.values, self.label)
        try:
            with datasets.content_of():
                run = protocol.run_seed(parameters, self.seed)
                if not self.summarised:
                    return run
                gathering = Gathering(protocol, parameters)
                gathering.add(self.seed, run)
                return gathering.statistics[self.seed]
        except (UserError, FloatingPointError) as error:
            raise type(error)(f"{self}: {error}") from error


def results_of(
    tasks: Sequence[Work[R]], processes: int, done: Callable[[R], None], still: Callable[[], None]
) -> list[R]:
    """Return the results of tasks, in their order.

    Parameters
    ----------
    tasks : sequence of Work
        What is to make.
    processes : int
        With 1, they are made here, one after the other.
    done : callable
        Called with each result, when it is there; what it raises stops the others.
    still : callable
        Called now and then while other processes are busy.

    Raises
    ------
    UserError, FloatingPointError
        If one fails; the others are stopped. An interrupt stops all as well: no process is left.
    """
    results: dict[int, R] = {}
    if processes == 1:
        for place, task in enumerate(tasks):
            results[place] = task.result()
            done(results[place])
        return [results[place] for place in range(len(tasks))]
    waiting = iter(range(len(tasks)))
    workers: list[_Worker] = []
    busy: dict[Any, tuple[_Worker, int]] = {}

    def give_work(worker: _Worker) -> None:
        if (place := next(waiting, None)) is not None:
            busy[worker.connection] = worker, place
            worker.give(tasks[place])

    try:
        for _ in range(min(processes, len(tasks))):
            workers.append(_Worker())
            give_work(workers[-1])
        while busy:
            ready = wait(list(busy), _STILL_S)
            if not ready:
                still()
            for connection in ready:
                worker, place = busy.pop(connection)
                results[place] = worker.result_of(tasks[place])
                done(results[place])
                give_work(worker)
    finally:
        for worker in workers:
            worker.end()
    return [results[place] for place in range(len(tasks))]


#: What a process executes. It finds modules where this process does, such as beside a notebook.
_PROGRAM = "import sys; sys.path[:] = {path!r}; from replasticity.interface.workers import serve; serve({descriptor})"


class _Worker:
    """A process that makes one thing after the other, from this side."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            program = _PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                # Never written to: it closes when this process ends, however it ends.
                stdin=subprocess.PIPE,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                # An interrupt of the terminal is for this process, which then ends the others.
                start_new_session=True,
                # Seeds are simulated in parallel, not the few products of small matrices.
                env={"OPENBLAS_NUM_THREADS": "1"} | os.environ,
            )

    def give(self, task: Work[Any]) -> None:
        """Let the process begin with a task; where it has died, `result_of` will find out."""
        with contextlib.suppress(OSError):
            self.connection.send(task)

    def result_of(self, task: Work[R]) -> R:
        """Return what the process has made of its task, or raise what it has raised."""
        try:
            outcome: R | Exception = self.connection.recv()
        except (EOFError, OSError):
            raise UserError(f"{task}: its process {self._fate()}") from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _fate(self) -> str:
        """Return in words how the process has ended."""
        status = self._process.wait()
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}; too little memory may be the reason"
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        return f"ended with status {status}: {next(filter(None, reversed(lines)), 'it said nothing')}"

    def end(self) -> None:
        """End the process, whatever it does, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for each in (self._process.stdin, self._said, self.connection):
            if each is not None:
                each.close()


def serve(descriptor: int) -> None:
    """Make what comes through a connection until it is closed: what a process does, from its side."""
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    with Connection(descriptor) as connection:
        while True:
            try:
                task = connection.recv()
            except EOFError:
                return
            try:
                outcome = task.result()
            except Exception as error:
                outcome = error
            connection.send(outcome)


def _end_with_the_caller() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
