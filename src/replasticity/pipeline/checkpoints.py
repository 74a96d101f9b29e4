"""Checkpoints: the state of a long run on disk, so that a killed run goes on instead of beginning again."""

import io
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.pipeline import progress
from replasticity.storage import project
from replasticity.storage.files import write_bytes

#: A killed run loses at most so many chunks.
INTERVAL_CHUNKS = 120


@dataclass(frozen=True)
class Checkpoint:
    """A file with the last saved state of one run.

    Attributes
    ----------
    path : Path
        The file. It is replaced as a whole, so a process killed while it saves leaves the state before.
    identity : str
        Digest of all that the run depends on. A file of another identity is passed over.
    """

    path: Path
    identity: str

    def save(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Write the state of the run: arrays by name. Raises a `UserError` if the disk does not take them."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, identity=np.array(self.identity), **dict(arrays))
        write_bytes(buffer.getvalue(), self.path)

    def load(self) -> dict[str, npt.NDArray[np.generic]] | None:
        """Return the saved state; None if there is none, or it is of another run or damaged."""
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as saved:
                arrays = {name: saved[name] for name in saved.files}
        except FileNotFoundError:
            return None
        except Exception:
            # A damaged file may make the libraries stumble over anything.
            arrays = {}
        if str(arrays.pop("identity", "")) != self.identity:
            print(f"{project.shown(self.path)}: of another run or damaged; beginning again", file=sys.stderr)
            return None
        print(f"{project.shown(self.path)}: going on from this checkpoint", file=sys.stderr)
        return arrays


def in_chunks(
    step_count: int,
    chunk_steps: int,
    what: str,
    *,
    checkpoint: Checkpoint | None,
    state: Mapping[str, npt.NDArray[Any]],
    record: dict[str, npt.NDArray[Any]],
) -> Iterator[tuple[int, int]]:
    """Yield the borders of chunks as `progress.in_chunks` does, those after the last checkpoint.

    Parameters
    ----------
    step_count, chunk_steps, what
        As in `progress.in_chunks`.
    checkpoint : Checkpoint, optional
        Where the run is kept.
    state : mapping of str to ndarray
        Arrays that the simulation changes in place; so does going on from a checkpoint.
    record : dict of str to ndarray
        What the caller keeps of each chunk; it may replace these arrays, and so does going on.
    """
    saved = (checkpoint.load() if checkpoint else None) or {"steps": np.array(0)}
    done = int(saved.pop("steps"))
    for key, array in saved.items():
        kind, _, name = key.partition(".")
        if kind == "state":
            state[name][...] = array
        else:
            record[name] = array
    for first, end in progress.in_chunks(step_count, chunk_steps, what, done):
        yield first, end
        if checkpoint and end % (INTERVAL_CHUNKS * chunk_steps) == 0 and end < step_count:
            kept = {f"state.{name}": array for name, array in state.items()}
            kept |= {f"record.{name}": array for name, array in record.items()}
            checkpoint.save({"steps": np.array(end), **kept})
