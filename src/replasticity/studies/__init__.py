"""Studies: one folder per paper. See `replasticity.study` for the files of a study and what each of them holds.

A study outside this package (`replasticity.storage.places`) is imported under the same name as one of ours.
"""

from collections.abc import Iterator
from pathlib import Path

from replasticity.storage import places


class _Folders:
    """The folders that contain studies. They are looked up at each import: the working folder may be another one."""

    def __iter__(self) -> Iterator[str]:
        yield from map(str, (Path(__file__).parent, *places.outside()))


__path__ = _Folders()  # type: ignore[assignment]
