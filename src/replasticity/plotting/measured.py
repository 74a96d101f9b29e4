"""Measured values in a figure: points with error bars, from a table of the study."""

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

if TYPE_CHECKING:
    from replasticity.study.data import Table

#: What the bars show, for a legend or a note.
BARS = "mean \N{PLUS-MINUS SIGN} s.e.m."


def draw(
    axes: Axes, table: "Table", x: str, y: str, colour: str, label: str, factor: float = 1.0, **style: Any
) -> None:
    """Draw a column of a table against another one, with the standard errors of its means.

    Parameters
    ----------
    axes : Axes
        Where.
    table : Table
        The table, or those of its rows that are to be shown.
    x, y : str
        Names of the columns.
    colour : str
        Colour of points and bars.
    label : str
        Name in the legend; what the bars show is put behind it.
    factor : float
        Values and errors are shown times this, such as 100 for percent.
    **style
        As `Axes.errorbar` takes it.
    """
    look: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 4, "elinewidth": 0.8, "capsize": 2} | style
    axes.errorbar(table[x], factor * table[y], factor * table.sem(y), color=colour, label=f"{label} ({BARS})", **look)
