"""How a driver gets its job and hands back what it has measured. Runs in the peers' environment: numpy only.

A job is an ``.npz`` file: the experiment's parameters as JSON, so that no driver knows a value of its own, and the
arrays that our simulation draws. What a driver does not find there its simulator draws by itself.
"""

import json
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np


class Job:
    """The job of this process, from the command line: DRIVER.py JOB.npz OUTPUT.npz [MODE].

    Attributes
    ----------
    parameters : SimpleNamespace
        The experiment's parameters.
    arrays : dict of str to ndarray
        Our inputs, in our names.
    seed : int
        Seed of what the simulator draws.
    mode : str
        How the simulator is run, if there is a choice.
    folder : str
        Where machine code may be kept from one process to the next.
    """

    def __init__(self) -> None:
        job_file, self._output_file, *mode = sys.argv[1:]
        with np.load(job_file) as stored:
            self.arrays = {name: stored[name] for name in stored.files}
        self.parameters = SimpleNamespace(**json.loads(str(self.arrays.pop("parameters"))))
        self.seed = int(self.arrays.pop("seed"))
        self.mode = mode[0] if mode else ""
        self.folder = str(self.arrays.pop("folder"))
        self._mark = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def end_of(self, phase: str, seconds: float | None = None) -> None:
        """Note how long a phase took: since the end of the one before, or as given [s]."""
        now = time.perf_counter()
        self._seconds[phase] = now - self._mark if seconds is None else seconds
        self._mark = now

    def finish(self, version: str, outputs: dict[str, Any]) -> None:
        """Write the outputs, and tell the phases on standard output."""
        np.savez(self._output_file, **outputs)
        print(json.dumps({"version": version, "seconds": self._seconds}))
