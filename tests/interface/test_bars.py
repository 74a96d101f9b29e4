"""Progress: a bar where somebody looks, lines in a log, and nothing where it is over at once."""

import contextlib
import io
import sys
import types

import pytest

from replasticity.interface import bars


@pytest.fixture
def clock(monkeypatch):
    """Return a list with the time that the bars see [s]."""
    now = [0.0]
    monkeypatch.setattr(bars, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    return now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Return a function that shows the progress of some work on a terminal, and returns what it was given."""
    monkeypatch.setenv("TERM", "xterm")

    def show(work, total, shown=None):
        with contextlib.redirect_stderr(Terminal()) as terminal:
            with contextlib.suppress(KeyboardInterrupt), bars.progress_bar("zenke2015", total, shown) as advance:
                work(advance, terminal)
            assert sys.stderr is terminal
        return terminal.getvalue()

    return show


def test_nothing_is_shown_of_what_is_over_at_once(clock, on_terminal):
    def work(advance, terminal):
        advance(1)
        advance(1)

    assert on_terminal(work, 2) == ""
    assert "2/2" in on_terminal(work, 2, shown=True)


def test_a_bar_that_is_wanted_is_there_before_the_first_seed_is_done(clock, on_terminal):
    assert "0/2" in on_terminal(lambda advance, terminal: None, 2, shown=True)
    assert on_terminal(lambda advance, terminal: None, 2) == ""


def test_nothing_is_shown_where_it_is_not_wanted(clock, on_terminal):
    def work(advance, terminal):
        clock[0] += 1000.0
        advance(1)

    assert on_terminal(work, 2, shown=False) == ""
    assert "1/2" in on_terminal(work, 2)


def test_a_terminal_has_a_bar_and_what_a_run_says_stands_above(clock, on_terminal):
    def work(advance, terminal):
        advance(1)
        clock[0] = 3.0
        advance(1)
        assert sys.stderr is not terminal
        # So that a long run says in lines how far it is, and does not draw into the bar.
        assert not sys.stderr.isatty()
        print("[seed 3]: 50 % after 30 s", file=sys.stderr)

    shown = on_terminal(work, 3)
    assert "zenke2015" in shown
    assert "2/3" in shown
    assert "[seed 3]: 50 % after 30 s\n" in shown


def test_the_terminal_is_as_it_was_after_an_interrupt(clock, on_terminal):
    def work(advance, terminal):
        advance(1)
        raise KeyboardInterrupt

    shown = on_terminal(work, 3, shown=True)
    # The cursor is shown again.
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_a_log_has_a_line_now_and_then(clock, capsys):
    with bars.progress_bar("zenke2015", 100, None) as advance:
        for _ in range(100):
            clock[0] += 1.0
            advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "zenke2015: 32 of 100 after 30 s",
        "zenke2015: 62 of 100 after 60 s",
        "zenke2015: 92 of 100 after 90 s",
    ]


def test_a_notebook_has_a_bar_of_its_own(clock, monkeypatch, capsys):
    made = []

    class ProgressBar:
        def __init__(self, total):
            self.total, self.shown, self.progress = total, False, 0
            made.append(self)

        def display(self):
            self.shown = True

    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    module = types.ModuleType("IPython.display")
    module.ProgressBar = ProgressBar
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    with bars.progress_bar("zenke2015", 3, shown=True) as advance:
        advance(1)
        advance(1)
    (bar,) = made
    assert (bar.total, bar.shown, bar.progress) == (3, True, 2)
    assert capsys.readouterr().err == ""
