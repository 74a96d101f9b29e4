"""Labels of figures as HTML: matplotlib's mathematical text has its own markup, which browsers do not know."""

import html
import re
import unicodedata

_MACRON = "\N{COMBINING MACRON}"
_DOUBLE_OVERLINE = "\N{COMBINING DOUBLE OVERLINE}"


def as_html(label: str) -> str:
    """Return a label of a figure as HTML.

    Parameters
    ----------
    label : str
        As matplotlib draws it: plain text with formulas between dollar signs. Of the formulas' markup, Greek letters,
        subscripts, superscripts, bars and upright text are known.

    Returns
    -------
    str
        Escaped text with the tags ``sub`` and ``sup`` only.
    """
    parts = label.split("$")
    if len(parts) % 2 == 0:
        return html.escape(label, quote=False)
    texts = (_formula(part) if number % 2 else html.escape(part, quote=False) for number, part in enumerate(parts))
    return "".join(texts).replace("\n", " ")


def _formula(text: str) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"\\mathrm\{([^{}]*)\}", r"{\1}", text)
    # Two macrons lie upon each other in many fonts.
    text = re.sub(r"\\bar\{\\bar (\w)\}", rf"\1{_DOUBLE_OVERLINE}", text)
    text = re.sub(r"\\bar ?(\w)", rf"\1{_MACRON}", text)
    text = re.sub(r"\\([A-Za-z]+) ?", _greek, text)
    for mark, tag in (("_", "sub"), ("^", "sup")):
        text = re.sub(rf"{re.escape(mark)}(?:\{{([^{{}}]*)\}}|(&\w+;|\S))", rf"<{tag}>\1\2</{tag}>", text)
    return re.sub(r"[{}]", "", text).replace("-", "\N{MINUS SIGN}")


def _greek(match: re.Match[str]) -> str:
    """Return a Greek letter by its name in a formula, or the name itself."""
    name = match[1].removeprefix("var")
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return name
