"""Random legal parameters, each run in a process of its own: how does it end?

Started as ``python -m tests.faults.random_parameters PROTOCOL RUNS SEED`` with ``NUMBA_BOUNDSCHECK=1``: compiled code
then stops at an index outside its array. Kernels are compiled once; each run is a fork, so that neither a signal nor
the memory of one reaches the next. Prints a JSON object: how many sets ended how, and each outcome that is wrong.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import traceback
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import netCDF4
import numpy as np

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.pipeline import simulation
from replasticity.storage.contract import require_defined
from replasticity.study import protocols

#: A run may take so long on a processor, whatever its parameters are [s]; bounds are checked.
LONGEST_S = 30

#: Sets whose estimate is longer are left out: there are hundreds [s].
LONGEST_ESTIMATE_S = 0.03

#: What Python may take beside the arrays of a run: libraries that are imported late, buffers of netCDF [MB].
SLACK_MB = 60


#: Protocol -> changes of its shortest run: of a smaller network hundreds of runs are soon done.
SMALLER = {
    "dopamine_tutorial_cue": {
        "exc_count": 160,
        "inh_count": 40,
        "exc_indegree": 16,
        "inh_indegree": 4,
        "subgroup_size": 10,
        "weight_initial_pA": 900.0,
    },
    "izhikevich2007_conditioning": {"exc_cells": 160, "inh_cells": 40, "synapses_per_cell": 20, "stimulus_cells": 10},
    "izhikevich2007_reward": {"exc_cells": 160, "inh_cells": 40, "synapses_per_cell": 20},
}


class Outcome(NamedTuple):
    """How one run has ended: "ok", "refused", or what is wrong; and with which changes to which experiment."""

    wrong: str
    experiment: str
    changes: dict[str, Any]


def other_values(name: str, value: Any, values: dict[str, Any], annotation: Any, random: np.random.Generator) -> Any:
    """Return another value for a parameter: one that its type allows and its neighbours may not."""
    choices = list(_choices(annotation))
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return random.choice(choices).item()
    if isinstance(value, list):
        return _other_list(name, value, values, random)
    if isinstance(value, int) and int in _numeric_types(annotation):
        return int(random.choice([0, 1, 2, 3, 5, value // 2, value + 1, 2 * value]))
    return other_number(name, float(value), values, random)


def _choices(annotation: Any) -> Iterator[str]:
    """Yield the texts that a type allows."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for part in get_args(annotation):
        if get_origin(part) is not None:
            yield from _choices(part)


def _numeric_types(annotation: Any) -> set[Any]:
    """Return the plain types in an annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        return set().union(*map(_numeric_types, get_args(annotation)))
    return {annotation}


def _other_list(name: str, value: list[Any], values: dict[str, Any], random: np.random.Generator) -> list[Any]:
    kind = random.integers(5)
    if kind == 0 or not value:
        return value[: random.integers(len(value) + 1)]
    if kind == 1:
        return value + value[:1]
    if kind == 2:
        return value[::-1]
    changed = list(value)
    k = int(random.integers(len(value)))
    one = value[k]
    if isinstance(one, list):
        changed[k] = _other_list(name, one, values, random)
    elif not isinstance(one, (bool, str)):
        other = other_number(name, float(one), values, random)
        changed[k] = round(other) if isinstance(one, int) else other
    return changed


def other_number(name: str, value: float, values: dict[str, Any], random: np.random.Generator) -> float:
    """Return a number near or far, at a relation to another parameter of the same unit, or at the edge."""
    unit = name.rpartition("_")[2]
    same_unit = [
        other
        for key, other in values.items()
        if key.rpartition("_")[2] == unit and isinstance(other, float) and key != name
    ]
    kind = random.integers(8)
    if kind == 0 and same_unit:
        other = float(random.choice(same_unit))
    elif kind == 1 and same_unit:
        other = float(random.choice(same_unit)) * (1 + 10.0 ** random.uniform(-15, -3))
    elif kind == 2:
        other = value * 10.0 ** random.uniform(-8, 8)
    elif kind == 3:
        other = float(random.choice([0.0, -value, 1e-15, 1e15, 1e-9, 1e9, -1e6]))
    elif kind == 4:
        other = value + random.normal()
    else:
        other = value * 10.0 ** random.uniform(-0.5, 0.5)
    dt_ms = values.get("dt_ms", 0.0)
    if unit == "ms" and "tau_" not in name and dt_ms and random.random() < 0.8 and abs(other) < 1e6 * dt_ms:
        other = round(other / dt_ms) * dt_ms
    return other


def random_changes(resolved: Resolved, random: np.random.Generator) -> dict[str, Any]:
    """Return changes of one to four parameters, sometimes of half of them."""
    fields = type(resolved.parameters).model_fields
    values = resolved.values
    count = len(values) // 2 if random.random() < 0.1 else int(random.integers(1, 5))
    names = random.choice(sorted(values), size=count, replace=False).tolist()
    return {name: other_values(name, values[name], values, fields[name].annotation, random) for name in names}


def run_and_measure(resolved: Resolved, folder: Path) -> None:
    """Simulate, write, read back and summarise; raise an `AssertionError` if a file holds what it must not."""
    protocol = protocols.get(resolved.experiment.protocol)
    path = folder / "run.nc"
    simulation.write_run(resolved, 1, path)
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        arrays = {name: file[name][...] for name in file.variables}
    for name, array in arrays.items():
        if array.dtype.kind == "f":
            allowed = np.isnan(array) if protocol.RUN[name].undefined else np.zeros(array.shape, bool)
            assert (np.isfinite(array) | allowed).all(), f"{name} is not finite in the file"
    statistics = protocol.summarise(resolved.parameters, arrays)
    require_defined(protocol.STATISTICS, statistics)


def in_a_process(action: Callable[[], None], growth_mb: float, longest_s: int = LONGEST_S) -> str:
    """Return how an action ends in a fork of this process: "ok", "refused", or what is wrong with it."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # On the processor, not on the clock: the machine may be busy.
        signal.setitimer(signal.ITIMER_PROF, longest_s)
        try:
            action()
            word = "ok"
        except (UserError, FloatingPointError) as error:
            word = "refused" if "\n" not in str(error) else f"several lines: {error}"
            if isinstance(error.__cause__, IndexError):
                # What bounds checking has found, in the words for a file with senseless content.
                word = f"beyond an array: {error}"
        except BaseException:
            word = traceback.format_exc()[-2000:]
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1e3
        if grown_mb > growth_mb + SLACK_MB and word in ("ok", "refused"):
            word = f"took {grown_mb:.0f} MB, estimated {growth_mb:.0f} MB"
        os.write(write, word.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        word = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"no end within {longest_s} s" if number == signal.SIGPROF else f"signal {number}"
    return word


def outcomes(protocol: str, runs: int, seed: int) -> tuple[Counter[str], list[Outcome]]:
    """Return how many sets ended how, and what is wrong, for so many runs of legal parameters."""
    random = np.random.default_rng(seed)
    loaded = {name: experiments.load(name) for name in experiments.names()}
    shortest = [experiments.resolve_shortest(name, each) for name, each in loaded.items() if each.protocol == protocol]
    bases = [
        experiments.resolve(each.name, "quick", each.changes | SMALLER.get(protocol, {}), experiment=each.experiment)
        for each in shortest
    ]
    counts: Counter[str] = Counter()
    wrong: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        for base in bases:
            # Compiled here, once, and not in each fork.
            run_and_measure(base, Path(folder))
        while counts["run"] < runs:
            base = bases[random.integers(len(bases))]
            changes = random_changes(base, random)
            try:
                resolved = experiments.resolve(base.name, "quick", base.changes | changes, experiment=base.experiment)
            except UserError as error:
                counts["illegal"] += 1
                if "\n" in str(error) or "cannot be used" in str(error):
                    wrong.append(Outcome(f"refused without naming the key: {error}", base.name, changes))
                continue
            cost = resolved.parameters.cost()
            if cost.seconds > LONGEST_ESTIMATE_S or cost.memory_bytes / 1e6 > 500:
                counts["too long"] += 1
                continue
            counts["run"] += 1
            word = in_a_process(lambda: run_and_measure(resolved, Path(folder)), cost.memory_bytes / 1e6)  # noqa: B023
            counts[word if word in ("ok", "refused") else "wrong"] += 1
            if word not in ("ok", "refused"):
                wrong.append(Outcome(word, base.name, changes))
    return counts, wrong


def main() -> None:
    """Print the outcome of the command line's runs."""
    protocol, runs, seed = sys.argv[1:]
    counts, wrong = outcomes(protocol, int(runs), int(seed))
    print(json.dumps({"counts": counts, "wrong": [each._asdict() for each in wrong]}, indent=1))


if __name__ == "__main__":
    main()
