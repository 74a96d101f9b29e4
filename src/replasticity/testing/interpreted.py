"""A run as Python understands its code, without a compiler: ``python -m replasticity.testing.interpreted``.

It is a process of its own, in which kernels never were compiled.
"""

import json
import signal
import sys
from pathlib import Path

import numpy as np

from replasticity import terminal
from replasticity.errors import UserError
from replasticity.numerics import compilation

for _decorator in ("njit", "inline_njit", "inner_njit"):
    setattr(compilation, _decorator, lambda function: function)

# After that: they are decorated when they are imported.
from replasticity.numerics import limits, philox, prefetch  # noqa: E402


def _replace_what_only_machine_code_has() -> None:
    vars(prefetch)["prefetch"] = lambda record: None
    vars(philox)["multiply"] = lambda a, b: tuple(np.uint64(each) for each in divmod(int(a) * int(b), 2**64))
    vars(limits)["no_failure"] = lambda: np.array([(-1, 0, 0, 0.0)], limits.FAILURE).view(np.recarray)


def main(experiment: str, changes: str, output: str, longest_s: str) -> int:
    """Write the run of seed 1 of an experiment at the quick scale, with changed parameters (JSON); return the status.

    What fails in a study's code is printed in one line, with status 2. After so long a time on the processor, which a
    busy machine does not lengthen, SIGPROF ends the process.
    """
    from replasticity.definitions import experiments
    from replasticity.pipeline import simulation
    from replasticity.storage import datasets

    signal.setitimer(signal.ITIMER_PROF, float(longest_s))
    _replace_what_only_machine_code_has()
    np.seterr(all="ignore")
    try:
        with datasets.content_of():
            run = simulation.simulate(experiments.resolve(experiment, "quick", json.loads(changes)), 1)
    except UserError as error:
        print(terminal.one_line(error), file=sys.stderr)
        return 2
    with Path(output).open("wb") as file:
        np.savez(file, **run)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
