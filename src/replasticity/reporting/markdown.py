"""Text from files in a Markdown page, where it stays text."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

#: What can begin or end markup anywhere in a line, also HTML, GitHub's formulas and cells of tables.
_MARKUP = re.compile(r"[\\`*\[\]<>|&$~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

#: What is markup in code, too, or ends a cell.
_MARKUP_IN_CODE = re.compile(r"[`|\\]")

#: What is markup at the start of a line only: headings, lists, quotations, rules.
_AT_START = re.compile(r"^(#|[-+=]|[0-9]+(?=[.)]))")


def as_text(text: object) -> str:
    """Return Markdown that shows a text as it is, in one line, where a line has begun already: in a table's cell."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


def as_line(text: object) -> str:
    """Return Markdown that shows a text as it is, as a line of its own."""
    return _AT_START.sub(lambda start: start[0] + "\\" if start[0].isdigit() else f"\\{start[0]}", as_text(text))


def as_code(text: object) -> str:
    """Return Markdown that shows a name as code; what is markup there as well becomes an apostrophe."""
    name = _MARKUP_IN_CODE.sub("'", " ".join(str(text).split()))
    return f"`{name}`"


def address_of_doi(doi: str) -> str:
    """Return the address of a publication; nothing in it ends a link."""
    return f"https://doi.org/{quote(doi, safe='/:;.,-_~')}"


def table_lines(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table; its cells are Markdown already, numbers are put to the right."""
    rows = [list(row) for row in rows]
    columns = list(zip(*rows, strict=True))
    right = [bool(column) and all(isinstance(cell, int | float) for cell in column) for column in columns]
    marks = ["---:" if each else "---" for each in right] or ["---"] * len(heads)
    return [f"| {' | '.join(map(str, cells))} |" for cells in (heads, marks, *rows)]
