"""Text on a terminal: what comes from files is shown as text, in the characters that the terminal has."""

import codecs
import io
import sys
import unicodedata

#: Categories of characters that a terminal obeys instead of showing them: control characters, invisible ones that
#: change the direction of what follows, separators of lines and paragraphs, and halves of characters.
_OBEYED = ("Cc", "Cf", "Zl", "Zp", "Cs")

#: What stands for a character that a terminal does not have, and that has no plain letters in Unicode.
_PLAIN = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    }
)


def visible(text: object) -> str:
    r"""Return a text in which nothing acts on a terminal: an escape character becomes ``\x1b``.

    Parameters
    ----------
    text : object
        Text, or what is shown as text; line breaks and tabs stay.

    Returns
    -------
    str
        The text.
    """
    return "".join(_shown(character) for character in str(text).replace("\r\n", "\n"))


def is_obeyed(character: str) -> bool:
    """Return True for a character that a terminal obeys instead of showing it."""
    return unicodedata.category(character) in _OBEYED


def _shown(character: str) -> str:
    return character if character in "\n\t" or not is_obeyed(character) else character.encode("unicode_escape").decode()


def one_line(text: object) -> str:
    """Return a text in one line, in which nothing acts on a terminal."""
    return visible(" ".join(str(text).split()))


def say(text: object) -> None:
    """Print a text that may come from a file."""
    print(visible(text))


def say_error(error: object) -> None:
    """Tell of an error in one line: a name or a value from a file may hold a line break, or more."""
    print(f"error: {one_line(error)}", file=sys.stderr)


def use_what_there_is() -> None:
    """Let this process print any text: characters that its terminal or its pipe does not have become plain ones."""
    codecs.register_error(__name__, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=__name__)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return what is printed instead of characters that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = unicodedata.normalize("NFKD", error.object[error.start : error.end].translate(_PLAIN))
    return "".join(each if each.isascii() else _name(each) for each in missing), error.end


def _name(character: str) -> str:
    """Return the name of a Greek letter, nothing for a mark above a letter, and ``?`` for all else."""
    words = unicodedata.name(character, "?").split()
    return "" if unicodedata.combining(character) else words[-1].lower() if words[0] == "GREEK" else "?"
