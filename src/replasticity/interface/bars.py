"""How many seeds are done: a bar in a terminal or a notebook, a line now and then in a log."""

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from replasticity.pipeline.progress import LOG_EVERY_S, QUIET_S

if TYPE_CHECKING:
    from rich.console import Console


@contextlib.contextmanager
def progress_bar(what: str, total: int, shown: bool | None) -> Iterator[Callable[[int], None]]:
    """Give a function to call with the number of seeds that have been done since the last call, which may be 0.

    Parameters
    ----------
    what : str
        What is simulated.
    total : int
        Number of seeds.
    shown : bool or None
        Whether anything is shown; None: where it takes longer than `QUIET_S`.
    """
    started, done = time.monotonic(), 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if shown or (shown is None and time.monotonic() - started >= QUIET_S):
            show(done)

    with contextlib.ExitStack() as stack:
        show = _display(what, total, stack)
        # A bar that is wanted is there from the beginning: the first seed may take an hour.
        advance(0)
        yield advance


def _display(what: str, total: int, stack: contextlib.ExitStack) -> Callable[[int], None]:
    """Return a function that shows how many are done; what it opens at its first call closes with the stack."""
    opened: list[Callable[[int], None]] = []

    def show(done: int) -> None:
        if not opened:
            # Costs time that short runs do not have.
            from rich.console import Console

            # This very stream: what is written to `sys.stderr` while there is a bar goes through the console.
            console = Console(file=sys.stderr)
            if console.is_jupyter:
                opened.append(_in_a_notebook(total))
            elif console.is_terminal:
                opened.append(stack.enter_context(_in_a_terminal(console, what, total)))
            else:
                opened.append(_in_a_log(what, total))
        opened[0](done)

    return show


def _in_a_notebook(total: int) -> Callable[[int], None]:
    # rich would need ipywidgets for this; IPython is there.
    from IPython.display import ProgressBar

    bar = ProgressBar(total)
    bar.display()

    def show(done: int) -> None:
        bar.progress = done

    return show


@contextlib.contextmanager
def _in_a_terminal(console: "Console", what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console, transient=True, redirect_stderr=False) as bar,
        contextlib.redirect_stderr(_Above(console)),
    ):
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Above(io.TextIOBase):
    """Standard error above a bar. It is no terminal, so a long run says in lines how far it is, and opens no bar."""

    def __init__(self, console: "Console"):
        self._console = console

    def write(self, text: str) -> int:
        if text.strip():
            self._console.print(text.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
        return len(text)


def _in_a_log(what: str, total: int) -> Callable[[int], None]:
    started = last_line = time.monotonic()

    def show(done: int) -> None:
        nonlocal last_line
        now = time.monotonic()
        if now - last_line >= LOG_EVERY_S:
            print(f"{what}: {done} of {total} after {now - started:.0f} s", file=sys.stderr)
            last_line = now

    return show
