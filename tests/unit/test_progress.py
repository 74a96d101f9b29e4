"""Progress of long simulations: chunks cover the run, and what is shown goes to stderr only."""

import io
import sys

import pytest

from replasticity.pipeline import progress


@pytest.mark.parametrize(
    ("steps", "chunk", "expected"), [(10, 4, [(0, 4), (4, 8), (8, 10)]), (4, 4, [(0, 4)]), (3, 9, [(0, 3)]), (0, 4, [])]
)
def test_chunks_cover_the_run(steps, chunk, expected):
    assert list(progress.in_chunks(steps, chunk, "run")) == expected


class Clock:
    """A clock that advances by ten seconds whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 10.0
        return self.now


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(progress, "time", Clock())
    assert len(list(progress.in_chunks(100, 10, "network"))) == 10
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "network: 30 % after 30 s"
    assert len(lines) == 3


def test_a_short_run_says_nothing(capsys):
    list(progress.in_chunks(100, 10, "network"))
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress, "time", Clock())
    monkeypatch.setattr(sys, "stderr", terminal)
    list(progress.in_chunks(100, 10, "network"))
    assert "network" in terminal.getvalue()
