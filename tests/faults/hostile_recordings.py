"""Recordings with hostile but legal parameters and inputs, each replayed in a process of its own: how does it end?

Started as ``python -m tests.faults.hostile_recordings RECORDING COUNT SEED`` with ``NUMBA_BOUNDSCHECK=1``; see
`tests.faults.random_parameters`, whose output it has.
"""

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from replasticity.peers import replays
from tests.faults.fuzzing import places
from tests.faults.random_parameters import in_a_process, other_number

#: A replay may take so long on a processor [s]. Where all cells fire as fast as they can and bounds are checked, the
#: longest recording takes about a third of it.
LONGEST_S = 240


def change_parameters(file: netCDF4.Dataset, random: np.random.Generator) -> dict[str, Any]:
    """Change one to three numbers of the recorded parameters, and return them by their path."""
    parameters = json.loads(file.parameters)
    numbers = {}
    for path in places(parameters):
        value = parameters
        for key in path:
            value = value[key]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            numbers[path] = value
    chosen = random.choice(len(numbers), size=min(len(numbers), int(random.integers(1, 4))), replace=False)
    changes = {}
    # Recorded names carry no units: any number may be put in the place of any other.
    others = {f"{number}_any": float(value) for number, value in enumerate(numbers.values())}
    for number in chosen.tolist():
        path, value = list(numbers.items())[number]
        other = other_number(f"{number}_any", float(value), others, random)
        parent = parameters
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = changes[str(path)] = round(other) if isinstance(value, int) and abs(other) < 1e9 else other
    file.parameters = json.dumps(parameters)
    return changes


def change_values(file: netCDF4.Dataset, random: np.random.Generator) -> dict[str, Any]:
    """Change one recorded number: it becomes another one of the same variable, one too many, or doubled."""
    names = [name for name, each in file.variables.items() if each.size and np.dtype(each.dtype).kind in "if"]
    variable = file[str(random.choice(names))]
    values = variable[...]
    place = tuple(int(random.integers(size)) for size in values.shape)
    others = values.flat[random.integers(values.size)], values.max() + 1, 2 * values.max()
    other = others[random.integers(len(others))]
    variable[place or ...] = other
    return {f"{variable.name}{list(place)}": float(other)}


def main() -> None:
    """Print the outcome of the command line's replays."""
    recording, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    random = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    wrong = []
    # Compiled here, once, and not in each fork.
    replays.replay(recording)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / recording.name
        for _ in range(count):
            shutil.copyfile(recording, copy)
            with netCDF4.Dataset(copy, "a") as file:
                file.set_auto_maskandscale(False)
                change = change_parameters if random.random() < 0.75 else change_values
                changes = change(file, random)
            word = in_a_process(lambda: replays.replay(copy) and None, replays.REPLAY_RESOURCES.mem_mb, LONGEST_S)
            counts["run"] += 1
            counts[word if word in ("ok", "refused") else "wrong"] += 1
            if word not in ("ok", "refused"):
                wrong.append({"wrong": word, "recording": str(recording), "changes": changes})
    print(json.dumps({"counts": counts, "wrong": wrong}, indent=1))


if __name__ == "__main__":
    main()
