"""A process that runs commands of the command line for a test, which outlives its crash and its hanging.

Started as ``python -m tests.faults.command_worker FOLDER``. Each line on standard input is a JSON list: the arguments
of one command. Each line on standard output is its outcome as JSON: ``status``, ``err`` (what it printed on standard
error) and ``traceback`` (empty unless an exception came through).
"""

import contextlib
import io
import json
import os
import resource
import select
import signal
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

from tests.conftest import ROOT

#: More than any command here needs: a corrupted length must not ask the machine for all it has.
MEMORY_BYTES = 6 * 2**30


class Worker:
    """The process, seen from the test. A process that died or hung is replaced by a new one."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, timeout_s: float = 60.0) -> dict[str, object]:
        """Return the outcome of a command; ``status`` is "hang" or "signal N" if it has none."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.command_worker", str(self.folder)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        process = self._process
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], timeout_s)
        line = process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.close(kill=not ready)
        return {"status": f"signal {-process.returncode}" if ready else "hang", "err": "", "traceback": ""}

    def close(self, kill: bool = False) -> None:
        """End the process."""
        if self._process is not None:
            if kill:
                self._process.send_signal(signal.SIGKILL)
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


def _outcome(arguments: list[str]) -> dict[str, object]:
    from replasticity.cli import main

    printed, err = io.StringIO(), io.StringIO()
    status, trace = None, ""
    # Senseless numbers may overflow: a warning of numpy is neither an error nor a line that matters here.
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            status = main(arguments)
        except BaseException:
            trace = traceback.format_exc()
    return {"status": status, "err": err.getvalue(), "traceback": trace}


def main() -> None:
    """Serve commands until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    # The netCDF library prints diagnostics of damaged files by itself.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.chdir(sys.argv[1])
    for line in sys.stdin:
        answers.write(json.dumps(_outcome(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
