"""Tables that a notebook shows whole."""

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

#: A cell with more characters is as wide as a line that is read easily; there are many columns beside it.
_SHORT = 30

# More specific than the styles of notebooks, which align what is in cells on the right.
_STYLE = """<style>
table.replasticity td, table.replasticity th { text-align: left; vertical-align: top; padding: 0.2em 0.6em; }
table.replasticity td:first-child { font-weight: bold; }
table.replasticity div { min-width: 12em; max-width: 32em; }
</style>"""


class Table(pd.DataFrame):  # type: ignore[misc]  # pandas has no types
    """A `pandas.DataFrame` that a notebook shows with whole sentences, all rows, and its index as the first column."""

    @property
    def _constructor(self) -> Any:
        # So that a part of the table is one as well.
        return Table

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(self if self.index.name is None else self.reset_index()).map(_cell)
        with pd.option_context("display.max_colwidth", None):
            table = shown.to_html(
                index=self.index.name is None, escape=False, border=0, classes="replasticity", justify="left"
            )
        return f'<div style="overflow-x: auto">\n{_STYLE}\n{table}\n</div>'


def _cell(value: Any) -> str:
    text = html.escape(_text(value), quote=False)
    return f"<div>{text}</div>" if len(text) > _SHORT else text


def _text(value: Any) -> str:
    """Return what a reader sees of a value: no name of a type, no quotes, nothing where there is nothing."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)
