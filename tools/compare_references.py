"""Compare all committed references with those of an older commit, wherever they stood then, number by number.

``python tools/compare_references.py COMMIT`` prints how many numbers were compared and which differ by more than a
relative 1e-12; its status is 1 if any does. Digests, names and texts about their origin are not compared.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import xarray as xr

ROOT = Path(__file__).parents[1]
RELATIVE_TOLERANCE = 1e-12

#: Keys of a reference that say where its numbers come from.
ORIGIN = ("parameters_digest", "code_digest", "protocol")


def git(*arguments: str) -> bytes:
    """Return what a command of git prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def references(commit: str) -> dict[str, PurePath]:
    """Return file name -> path of all references in a commit."""
    paths = map(PurePath, git("ls-tree", "-r", "--name-only", commit).decode().splitlines())
    found = [
        path
        for path in paths
        if (path.suffix == ".json" and path.parent.name in ("reference", "references"))
        or (path.suffix == ".nc" and path.parent.name in ("reference", "figures"))
    ]
    return {path.name: path for path in found}


def values_of_json(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield key -> value of all numbers and texts in a reference."""
    if isinstance(content, dict):
        for name, each in content.items():
            if name not in ORIGIN:
                yield from values_of_json(each, f"{key}.{name}")
    elif isinstance(content, list):
        for index, each in enumerate(content):
            yield from values_of_json(each, f"{key}[{index}]")
    else:
        yield key, content


def values_of_drawing(content: bytes) -> Iterator[tuple[str, Any]]:
    """Yield key -> value of all that a figure draws: coordinates, and texts of panels and series."""
    with tempfile.NamedTemporaryFile(suffix=".nc") as file:
        file.write(content)
        file.flush()
        with xr.open_datatree(file.name, engine="netcdf4", decode_times=False) as tree:
            for node in tree.subtree:
                # The attributes of the whole file say where it comes from.
                if node.path != "/":
                    yield from ((f"{node.path}@{name}", value) for name, value in node.attrs.items())
                for name, variable in node.variables.items():
                    for index, value in enumerate(np.ravel(variable.values).tolist()):
                        yield f"{node.path}/{name}[{index}]", value


def same(one: Any, other: Any) -> bool:
    """Return True if two values are equal, numbers up to rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE) or (math.isnan(one) and math.isnan(other))
    return bool(np.array_equal(one, other))


def main() -> int:
    """Compare, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("--with", dest="later", default="HEAD", help="default: HEAD")
    options = parser.parse_args()
    before, after = references(options.commit), references(options.later)
    compared, moved = 0, sorted(f"{name}: only in one commit" for name in before.keys() ^ after.keys())
    for name in sorted(before.keys() & after.keys()):
        contents = git("show", f"{options.commit}:{before[name]}"), git("show", f"{options.later}:{after[name]}")
        if name.endswith(".json"):
            one, other = (dict(values_of_json(json.loads(content))) for content in contents)
        else:
            one, other = (dict(values_of_drawing(content)) for content in contents)
        compared += len(one)
        moved += [f"{name}{key}: only in one commit" for key in one.keys() ^ other.keys()]
        moved += [
            f"{name}{key}: {one[key]} -> {other[key]}"
            for key in one.keys() & other.keys()
            if not same(one[key], other[key])
        ]
    print(*moved, sep="\n", end="\n" if moved else "")
    print(f"{compared} values in {len(before)} files compared, {len(moved)} differ by more than {RELATIVE_TOLERANCE:g}")
    return 1 if moved else 0


if __name__ == "__main__":
    sys.exit(main())
