"""How far a long simulation is: a bar where somebody looks, a line now and then in a log.

Nothing of this reaches a result. A simulation advances in chunks of model time and says so between them.
"""

import sys
import time
from collections.abc import Iterator

#: Nothing is shown in the first seconds, and in a log a line at most this often [s].
QUIET_S, LOG_EVERY_S = 2.0, 30.0


def in_chunks(step_count: int, chunk_steps: int, what: str, done_steps: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the borders of consecutive chunks and show how many are done.

    Parameters
    ----------
    step_count : int
        Steps of the whole run.
    chunk_steps : int
        Steps of a chunk; the last one may be shorter.
    what : str
        What is simulated.
    done_steps : int
        Steps that an earlier process has done: the first chunk begins there.

    Yields
    ------
    (int, int)
        First step of the chunk, and the step after its last.
    """
    started = last_line = time.monotonic()
    bar = None
    try:
        for first in range(done_steps, step_count, chunk_steps):
            end = min(first + chunk_steps, step_count)
            yield first, end
            now = time.monotonic()
            if not sys.stderr.isatty():
                if now - last_line >= LOG_EVERY_S:
                    print(f"{what}: {100 * end / step_count:.0f} % after {now - started:.0f} s", file=sys.stderr)
                    last_line = now
            elif bar is None and now - started >= QUIET_S:
                from rich.console import Console
                from rich.progress import Progress

                bar = Progress(console=Console(stderr=True), transient=True)
                bar.start()
                task = bar.add_task(what, total=step_count)
            if bar is not None:
                bar.update(task, completed=end)
    finally:
        if bar is not None:
            bar.stop()
