"""Draw and run one experiment in this process, and tell what it takes: one_run.py EXPERIMENT [KEY=VALUE...].

VALUE is JSON; beside parameters, KEY may be ``seed``, ``scale`` and ``once``. The first pass of a process loads the
machine code. Later ones follow, at least one and as many as fit into a fifth of a second, and their medians count; with
``once=true`` the first pass counts.
"""

import importlib
import json
import resource
import statistics
import sys
import time
from typing import Any

from replasticity.definitions import experiments
from replasticity.study import protocols


def one_pass(protocol: Any, parameters: Any, seed: int) -> dict[str, float]:
    """Draw and run; return the time of both, and the processor time of both together [s]."""
    begin_cpu, begin = time.process_time(), time.perf_counter()
    inputs = protocol.sample_inputs(parameters, seed)
    drawn = time.perf_counter()
    protocol.simulate(parameters, inputs)
    end = time.perf_counter()
    return {"draw": drawn - begin, "run": end - drawn, "cpu": time.process_time() - begin_cpu}


def main() -> None:
    """Measure one experiment and print JSON."""
    name, *assignments = sys.argv[1:]
    changes = {key: json.loads(value) for key, _, value in (each.partition("=") for each in assignments)}
    seed, scale, once = (
        changes.pop(key, default) for key, default in (("seed", 1), ("scale", "standard"), ("once", 0))
    )
    resolved = experiments.resolve(name, scale, changes)
    protocol = protocols.get(resolved.experiment.protocol)
    # What is loaded in the first pass is then the protocol's own machine code only.
    importlib.import_module("numba")

    first = one_pass(protocol, resolved.parameters, seed)
    begin = time.perf_counter()
    passes = [first] if once else []
    while not passes or (not once and time.perf_counter() - begin < 0.2):
        passes.append(one_pass(protocol, resolved.parameters, seed))
    result = {key: statistics.median(each[key] for each in passes) for key in first}
    result["first_run"] = first["run"]
    result["peak_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps(result))


if __name__ == "__main__":
    main()
