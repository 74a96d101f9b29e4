"""Draw and run one experiment in this process, and tell what each phase takes: one_run.py EXPERIMENT [KEY=VALUE...].

The first run of a process loads the machine code, the following ones do not: at least one, and as many as fit into a
fifth of a second, or none with ``once=true``. Prints JSON: seconds of each phase, of ``draw`` and ``run`` the median of
the later ones; ``cpu``, the mean processor time of a later draw and run; the peak memory.
"""

import json
import resource
import statistics
import sys
import time
from typing import Any

from replasticity import experiments, protocols


def timed(function: Any, *arguments: Any) -> tuple[Any, float]:
    """Return what a function returns, and the time that it takes [s]."""
    begin = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - begin


def main() -> None:
    """Measure one experiment."""
    name, *assignments = sys.argv[1:]
    changes = {key: json.loads(value) for key, _, value in (each.partition("=") for each in assignments)}
    seed = changes.pop("seed", 1)
    once = changes.pop("once", False)
    resolved = experiments.resolve(name, changes.pop("scale", "standard"), changes)
    _, import_numba = timed(__import__, "numba")
    protocol = protocols.get(resolved.experiment.protocol)
    inputs, first_draw = timed(protocol.draw, resolved.parameters, seed)
    _, first_run = timed(protocol.run, resolved.parameters, inputs)
    draws, runs, begin_cpu = [first_draw], [first_run], 0.0
    if not once:
        draws, runs = [], []
        begin_cpu = time.process_time()
        while not runs or sum(runs) + sum(draws) < 0.2:
            inputs, seconds = timed(protocol.draw, resolved.parameters, seed)
            draws.append(seconds)
            runs.append(timed(protocol.run, resolved.parameters, inputs)[1])
    result = {
        "cpu": (time.process_time() - begin_cpu) / len(runs),
        "import_numba": import_numba,
        "first_draw": first_draw,
        "first_run": first_run,
        "draw": statistics.median(draws),
        "run": statistics.median(runs),
        "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
