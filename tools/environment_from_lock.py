"""Write the conda environments with exactly the versions of requirements.lock: one to run, one to develop.

The packages come through pip inside the conda environment: the same wheels as in `make install`, so both
routes give the same bytes. (conda-forge builds of HDF5 or numpy would not.)
"""

import importlib.metadata
import re
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

RUNNING, DEVELOPING = ROOT / "workflow/envs/replasticity.yml", ROOT / "environment.yml"

#: How jobs reach a cluster is not needed by the package, but by whoever runs it there.
EXECUTORS = ("snakemake-executor-plugin-cluster-generic", "snakemake-executor-plugin-slurm")

_HEAD = """\
# {purpose}, in the versions of requirements.lock; made by `make lock`, compared by a test.
{commands}
name: {name}
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""

_HEADS = {
    RUNNING: _HEAD.format(
        purpose="What a job needs",
        commands="""\
# `snakemake --sdm conda` makes it, and replasticity.post-deploy.sh then installs this package. By hand:
#   conda env create -f workflow/envs/replasticity.yml
#   conda activate replasticity
#   pip install --no-deps -e .""",
        name="replasticity",
    ),
    DEVELOPING: _HEAD.format(
        purpose="What tests and checks need as well",
        commands="""\
#   conda env create -f environment.yml
#   conda activate replasticity-dev
#   pip install --no-deps --no-build-isolation -e .""",
        name="replasticity-dev",
    ),
}


def pinned(lock: str) -> list[str]:
    """Return the requirements of a lock file without their hashes, such as ``numpy==2.4.6``."""
    return [match.strip() for match in re.findall(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", lock, flags=re.MULTILINE)]


#: Systems that the environments are for.
_SYSTEMS = (
    {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"},
    {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"},
    {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"},
)


def _applies(requirement: Requirement) -> bool:
    """Return True if a requirement is no extra, and one of the environments' Python on some system."""
    here = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}
    marker = requirement.marker
    return marker is None or any(marker.evaluate(here | system) for system in _SYSTEMS)


def to_run(pins: list[str]) -> list[str]:
    """Return the pins of what this package imports, of the executors, and of all that those need."""
    by_name = {canonicalize_name(Requirement(pin).name): pin for pin in pins}
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = (table["optional-dependencies"][extra] for extra in ("workflow", "report", "robustness"))
    found, waiting = set[str](), [*table["dependencies"], *chain.from_iterable(extras), *EXECUTORS]
    while waiting:
        name = canonicalize_name(Requirement(waiting.pop()).name)
        if name in found or name not in by_name:
            continue
        found.add(name)
        # What only another system needs is pinned, and not installed here.
        try:
            needed = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            needed = []
        waiting += [each for each in needed if _applies(Requirement(each))]
    return [pin for name, pin in by_name.items() if name in found]


def environments(lock: str) -> dict[Path, str]:
    """Return file -> content of both environments for a lock file."""
    pins = pinned(lock)
    listed = {RUNNING: to_run(pins), DEVELOPING: pins}
    return {
        path: _HEADS[path] + "".join(f'      - "{requirement}"\n' for requirement in requirements)
        for path, requirements in listed.items()
    }


if __name__ == "__main__":
    for path, content in environments((ROOT / "requirements.lock").read_text(encoding="utf-8")).items():
        path.write_text(content, encoding="utf-8")
