"""Text from files on a terminal."""

import io
import sys

import pytest

from replasticity import terminal
from replasticity.reporting import tables


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("a\rb\x08c\x7f\x9b2J", r"a\rb\x08c\x7f\x9b2J"),
        ("\u202eevil\u2066\u200b\ufeff\u2028", r"\u202eevil\u2066\u200b\ufeff\u2028"),
        ("half \ud800", r"half \ud800"),
        ("two\nlines\tτ 😀 ü", "two\nlines\tτ 😀 ü"),
        ("dos\r\n", "dos\n"),
    ],
)
def test_nothing_acts_on_a_terminal(text, shown):
    assert terminal.visible(text) == shown


def test_one_line_has_no_break():
    assert terminal.one_line("a\n b\u2028c\x1b") == r"a b c\x1b"


def test_markup_of_rich_is_text_in_tables(capsys):
    tables.show(
        "[b]title[/i] :smile:",
        ("column",),
        [("[Hz] in a column that is wide enough",), ("[/x] \x1b[2J",), ("[red]x[/green]",)],
    )
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("[b]title[/i] :smile:", "[Hz]", r"[/x] \x1b[2J", "[red]x[/green]"))
    assert "\x1b" not in printed


def test_characters_that_a_terminal_lacks_become_plain_ones(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    terminal.use_what_there_is()
    print("1 \N{MINUS SIGN} 2, τ, Ω, …, é, ő, ☃, \ud800", flush=True)
    assert written.getvalue().decode("latin-1") == "1 - 2, tau, omega, ..., é, o, ?, ?\n"
