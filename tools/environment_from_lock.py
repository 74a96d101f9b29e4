"""Write environment.yml, the conda route, with exactly the versions of requirements.lock.

The packages come through pip inside the conda environment: the same wheels as in `make install`, so both
routes give the same bytes. (conda-forge builds of HDF5 or numpy would not.)
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

HEAD = """\
# The conda route to the versions of requirements.lock; made by `make lock`, compared by a test.
#   conda env create -f environment.yml
#   conda activate replasticity
#   pip install --no-deps --no-build-isolation -e .
name: replasticity
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def pinned(lock: str) -> list[str]:
    """Return the requirements of a lock file without their hashes, such as ``numpy==2.4.6``."""
    return [match.strip() for match in re.findall(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", lock, flags=re.MULTILINE)]


def environment(lock: str) -> str:
    """Return the content of environment.yml for a lock file."""
    return HEAD + "".join(f'      - "{requirement}"\n' for requirement in pinned(lock))


if __name__ == "__main__":
    lock_file = ROOT / "requirements.lock"
    (ROOT / "environment.yml").write_text(environment(lock_file.read_text()), encoding="utf-8")
