"""Compare the runs of other Python versions, or of an older processor, with those of this Python here.

    python tools/compare_stacks.py python3.12 python3.13    # as commands or paths
    python tools/compare_stacks.py --older-processor

An experiment of each protocol, as short as the protocol allows (its ``SHORTEST``), is simulated by each, without a
common cache. Exit status 0: all runs have the same
bytes, or numbers that agree to `RELATIVE_TOLERANCE`.

An interpreter that lacks the pinned packages gets a virtual environment with them below .cache/stacks, which stays;
`--prepare` does no more than that.
The older processor has neither AVX nor fused multiplication and addition: numba compiles for a generic one, and numpy
and the C library are told to do without.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from replasticity.definitions import experiments
from replasticity.study import protocols

ROOT = Path(__file__).parents[1]

#: Numbers of two stacks may differ by this much: the tolerance of the regression check.
RELATIVE_TOLERANCE = 1e-9

OLDER_PROCESSOR = {
    "NUMBA_CPU_NAME": "generic",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F",
}


def main() -> int:
    """Simulate with every stack and print how the runs compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--older-processor", action="store_true")
    parser.add_argument("--prepare", action="store_true", help="make the virtual environments only")
    parser.add_argument("--experiments", nargs="+", help="default: one of each protocol")
    options = parser.parse_args()
    if not options.pythons and not options.older_processor:
        parser.error("name an interpreter, or --older-processor")
    if options.prepare:
        for python in options.pythons:
            print(prepared(python), flush=True)
        return 0
    agree = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here = Path(sys.executable)
        others: dict[str, tuple[Path, dict[str, str]]] = {each: (prepared(each), {}) for each in options.pythons}
        if options.older_processor:
            others["older processor"] = here, OLDER_PROCESSOR
        for experiment in options.experiments or one_of_each_protocol():
            ours = simulate(here, folder / "here", experiment, {})
            for index, (title, (python, environment)) in enumerate(others.items()):
                outcome, holds = compare(ours, simulate(python, folder / str(index), experiment, environment))
                print(f"{title}: {experiment}: {outcome}", flush=True)
                agree &= holds
    return 0 if agree else 1


def one_of_each_protocol() -> list[str]:
    """Return an experiment of each protocol that has one."""
    return [own[0] for protocol in protocols.names() if (own := experiments.of_protocol(protocol))]


def shortest(experiment: str) -> list[str]:
    """Return the arguments that make an experiment as short as its protocol allows."""
    changes = experiments.resolve_shortest(experiment, experiments.load(experiment)).changes
    return [part for name, value in changes.items() for part in ("--set", f"{name}={json.dumps(value)}")]


def has_packages(python: Path | str) -> bool:
    """Say whether an interpreter starts, is new enough, and has what a simulation imports."""
    imports = "import sys, numba, xarray, netCDF4, pydantic, ruamel.yaml; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", imports], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def prepared(python: str) -> Path:
    """Return an interpreter with the pinned packages: the one given, or a virtual environment made from it."""
    if has_packages(python):
        return Path(python)
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    folder = ROOT / ".cache" / "stacks" / version
    made = folder / "bin" / "python"
    if not has_packages(made):
        subprocess.run([python, "-m", "venv", folder], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
        subprocess.run([made, *install, ROOT / "requirements.lock"], check=True)
    return made


def simulate(python: Path, folder: Path, experiment: str, environment: dict[str, str]) -> Path:
    """Simulate seed 1 of an experiment into a folder, with machine code of its own, and return the run's file."""
    own = {"PYTHONPATH": str(ROOT / "src"), "NUMBA_CACHE_DIR": str(folder / "cache")} | environment
    run = folder / f"{experiment}.nc"
    arguments = ["simulate", experiment, "--scale", "quick", *shortest(experiment), "-o", run]
    subprocess.run([python, "-m", "replasticity", *arguments], cwd=ROOT, env=os.environ | own, check=True)
    return run


def compare(here: Path, there: Path) -> tuple[str, bool]:
    """Return in words how two runs compare, and whether they agree."""
    if here.read_bytes() == there.read_bytes():
        return "same bytes", True
    with xr.open_dataset(here, decode_times=False) as ours, xr.open_dataset(there, decode_times=False) as theirs:
        if ours.identical(theirs):
            return "same content in other bytes", True
        if {name: each.shape for name, each in ours.variables.items()} != {
            name: each.shape for name, each in theirs.variables.items()
        }:
            return "DIFFERS: other numbers of events", False
        largest = max(deviation(ours[name].values, theirs[name].values) for name in ours.variables)
    holds = bool(largest <= RELATIVE_TOLERANCE)
    return f"{'agrees' if holds else 'DIFFERS'}: relative deviation at most {largest:.1e}", holds


def deviation(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference, relative to the largest value of the variable."""
    with np.errstate(invalid="ignore"):
        difference = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0.0, np.abs(ours - theirs))
    scale = np.nanmax(np.abs(ours), initial=0.0) or 1.0
    return float(np.where(np.isnan(difference), np.inf, difference).max(initial=0.0) / scale)


if __name__ == "__main__":
    sys.exit(main())
