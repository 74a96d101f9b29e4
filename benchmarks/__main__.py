"""The command: python -m benchmarks [PART...]. Without a part all of them, but for the slow ``--cold`` pipelines."""

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks import measuring
from replasticity.reporting import origin

#: Part -> module and heading, in the order of RESULTS.md.
PARTS = {
    "peers": ("side_by_side", "Side by side with NEST and Brian2"),
    "limits": ("limits", "Against the machine's limits"),
    "pipeline": ("pipeline", "The pipeline's own cost"),
    "growth": ("growth", "Growth"),
    "compile": ("first_call", "The first call"),
}
NUMBERS = measuring.HERE / "results.json"
RESULTS = measuring.HERE / "RESULTS.md"
LIBRARIES = ("numpy", "numba", "llvmlite", "xarray", "netCDF4", "pydantic", "snakemake")


def surroundings() -> dict[str, Any]:
    """Return the machine and the versions with which a part is measured."""
    return {
        "machine": f"{origin.processor()}, {platform.machine()}, {measuring.cores()} cores, {platform.system()}",
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    }


def render(results: dict[str, Any]) -> str:
    """Return RESULTS.md: a section for each part that has been measured."""
    sections = [
        "# Benchmarks",
        "Written by `make bench`; the numbers are in [results.json](results.json). Medians, with the range of the "
        "repetitions in brackets. Every process computes on one thread.",
    ]
    described = ""
    for part, (module, heading) in PARTS.items():
        if part not in results:
            continue
        measured = results[part]
        around = measured["surroundings"]
        libraries = ", ".join(f"{name} {number}" for name, number in around["versions"].items())
        here = f"Measured on {around['machine']}; {libraries}."
        said = [here] if here != described else []
        described = here
        sections += [f"## {heading}", *said, import_module(f"benchmarks.{module}").report(measured)]
    return "\n\n".join(sections) + "\n"


def main() -> None:
    """Measure the parts asked for, keep their numbers, and write the report anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions that count; default: 5")
    parser.add_argument("--most-seeds", type=int, default=10_000, help="where the curve over seeds ends")
    parser.add_argument(
        "--cold",
        nargs="*",
        choices=["standard", "full"],
        default=[],
        metavar="SCALE",
        help="with 'pipeline': time all figures of these scales with empty caches too",
    )
    parser.add_argument("--report", action="store_true", help="measure nothing, write RESULTS.md from results.json")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; allowed: {', '.join(PARTS)}")
    results = json.loads(NUMBERS.read_text()) if NUMBERS.is_file() else {}
    try:
        for part in () if options.report else options.parts or PARTS:
            measured = import_module(f"benchmarks.{PARTS[part][0]}").measure(options)
            results[part] = {"surroundings": surroundings()} | measured
            NUMBERS.write_text(json.dumps(results, indent=1) + "\n")
            print(render({part: results[part]}), flush=True)
    except measuring.FailedError as error:
        sys.exit(f"error: {error}")
    finally:
        # Also if a part fails or is interrupted: those before it are kept.
        RESULTS.write_text(render(results))
        print(f"written: {os.path.relpath(RESULTS)}")


if __name__ == "__main__":
    main()
