"""How panels are named, in figures and in the data that they draw."""

#: Label of a text that is the title of a column of panels.
COLUMN_TITLE = "column title"


def letter_of(panel: str) -> str:
    """Return the letter of a panel in the figure; axes within or beside it are called after it, as "a_column_2"."""
    return panel.partition("_")[0]
