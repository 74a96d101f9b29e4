"""A paper's data as data: the tables in ``data/`` of a study, with units, errors and sources, as HEPData has them.

A statistic or a figure reads the table ``data/sjostrom2001.yaml`` of its study by

    SJOSTROM = data.read(__file__, "sjostrom2001")

The name is written out in this call, so that an edit of the table makes again what reads it, and nothing else.
"""

import math
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.definitions.parameters import Checked, NonNegative, PositiveInt
from replasticity.definitions.yaml_files import Doi, Text, near, read_yaml, validate
from replasticity.errors import MistakeError, UserError
from replasticity.storage import project

FloatArray = npt.NDArray[np.float64]

#: Folder of a study with its tables.
FOLDER = "data"


class Source(Checked):
    """Where the numbers were published: the publication, and the figure, table or sentence in it."""

    citation: Text
    doi: Doi | None = None
    place: Text


class ReadOff(Checked):
    """How the numbers came out of the publication: from a printed table or its text, or digitised from a figure.

    `note` says by whom, or where a copy was found.
    """

    how: Literal["table", "text", "digitised"]
    note: Text | None = None


class Errors(Checked):
    """Errors of the values of a column, one each: standard deviation, standard error of the mean, sample size."""

    sd: list[NonNegative] | None = None
    sem: list[NonNegative] | None = None
    n: list[PositiveInt] | None = None


class Column(Checked):
    """A quantity: what was set (`independent`) or measured (`dependent`) in each row of the table."""

    meaning: Text
    unit: Text
    role: Literal["independent", "dependent"]
    values: Annotated[list[float], Field(min_length=1)]
    errors: Errors = Errors()


class Content(Checked):
    """One file of a ``data`` folder. See ``config/README.md`` for each key in plain words.

    With `verified: false` nobody has compared the numbers with the publication itself; `read_off.note` then says why
    they are believed.
    """

    name: Text
    source: Source
    read_off: ReadOff
    verified: bool
    columns: Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Column], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_why_it_is_believed(self) -> "Content":
        if not self.verified and self.read_off.note is None:
            raise ValueError("'read_off.note' is needed with 'verified: false': where the numbers were found")
        return self

    @model_validator(mode="after")
    def _rows_are_complete(self) -> "Content":
        rows = len(next(iter(self.columns.values())).values)
        for name, column in self.columns.items():
            lengths = {"values": len(column.values)}
            lengths |= {f"errors.{label}": len(each) for label, each in column.errors if each is not None}
            for key, length in lengths.items():
                if length != rows:
                    raise ValueError(
                        f"columns.{name}.{key}: has to have {rows} entries as the others (it has {length})"
                    )
        if all(column.role == "independent" for column in self.columns.values()):
            raise ValueError("columns: at least one has to be 'dependent'")
        return self


class ChiSquare(NamedTuple):
    """How far values lie from measured ones, in units of the errors.

    Attributes
    ----------
    total : float
        Sum over the points of ((value - measured) / error)^2.
    points : int
        Number of points.
    fitted : int
        Number of parameters that were fitted to these points.
    """

    total: float
    points: int
    fitted: int

    @property
    def reduced(self) -> float:
        """`total` for each degree of freedom; NaN if none is left."""
        freedom = self.points - self.fitted
        return self.total / freedom if freedom > 0 else math.nan


def chi_square(values: npt.ArrayLike, measured: npt.ArrayLike, error: npt.ArrayLike, fitted: int = 0) -> ChiSquare:
    """Return chi-square of values against measured ones.

    Parameters
    ----------
    values, measured, error : array_like
        Arrays of one shape: the values, the measured ones, and the standard error of each of these.
    fitted : int
        Number of parameters that were fitted to these points.

    Raises
    ------
    UserError
        If the shapes differ, or an error is not above 0.
    """
    shapes = {np.shape(each) for each in (values, measured, error)}
    if len(shapes) > 1:
        raise UserError(f"chi-square: values, measured and error of one shape; they have {sorted(shapes)}")
    if not np.all(np.asarray(error) > 0):
        raise UserError("chi-square: errors have to be above 0")
    deviation = (np.asarray(values) - np.asarray(measured)) / np.asarray(error)
    return ChiSquare(float(np.sum(deviation**2)), deviation.size, fitted)


class Table:
    """A table of a study: ``table["dw"]`` has the values of a column, `sem` their errors.

    Parameters
    ----------
    content : Content
        What the file says.
    where : str
        The file, for messages.
    rows : ndarray of int, optional
        Its rows, all if not given.
    """

    def __init__(self, content: Content, where: str, rows: npt.NDArray[np.int64] | None = None):
        self.content = content
        self._where = where
        self._rows = np.arange(len(next(iter(content.columns.values())).values)) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, name: str) -> FloatArray:
        return np.array(self.column(name).values)[self._rows]

    def column(self, name: str) -> Column:
        """Return what the file says of a column, with the values of all rows.

        Raises
        ------
        MistakeError
            If there is none of that name.
        """
        columns = self.content.columns
        if name not in columns:
            raise MistakeError(
                f"{self._where}: no column '{name}'{near(name, list(columns))}; allowed: {', '.join(columns)}"
            )
        return columns[name]

    def sem(self, name: str) -> FloatArray:
        """Return the standard error of each mean in a column: as given, or by standard deviation and sample size.

        Raises
        ------
        MistakeError
            If the file gives neither.
        """
        errors = self.column(name).errors
        if errors.sem is not None:
            return np.array(errors.sem)[self._rows]
        if errors.sd is not None and errors.n is not None:
            return (np.array(errors.sd) / np.sqrt(errors.n))[self._rows]
        raise MistakeError(f"{self._where}: columns.{name}.errors: 'sem', or 'sd' and 'n', are needed for this")

    def where(self, **values: float) -> "Table":
        """Return the rows in which columns have these values, to a relative 1e-9; there may be none."""
        chosen = np.ones(len(self), dtype=bool)
        for name, value in values.items():
            chosen &= np.isclose(self[name], value, rtol=1e-9, atol=0)
        return Table(self.content, self._where, self._rows[chosen])

    def chi_square(self, name: str, values: npt.ArrayLike, fitted: int = 0) -> ChiSquare:
        """Return chi-square of values, one for each row, against a column with its standard errors.

        Errors are as in `chi_square` and `sem`.
        """
        return chi_square(values, self[name], self.sem(name), fitted)

    @property
    def origin(self) -> str:
        """Where the numbers come from, in one line: publication, place, how they were read off, and if unverified."""
        source, read_off = self.content.source, self.content.read_off
        how = {"table": "from a table", "text": "from the text", "digitised": "digitised"}[read_off.how]
        checked = "" if self.content.verified else "; not checked against the publication itself"
        return f"{self.content.name}: {source.citation}, {source.place} ({how}{checked})"


def path_of(file: str | Path, name: str) -> Path:
    """Return the file of a table, given a Python file of the study and the table's name."""
    return Path(file).parent / FOLDER / f"{name}.yaml"


def read(file: str, name: str) -> Table:
    """Return a table of a study.

    Parameters
    ----------
    file : str
        ``__file__`` of a module of the study.
    name : str
        Name of the table, written out: ``"sjostrom2001"`` for ``data/sjostrom2001.yaml``.

    Raises
    ------
    UserError
        If it is missing or no YAML, or anything in it is not allowed. The message names the file and the key.
    """
    path = path_of(file, name)
    return Table(validate(Content, read_yaml(path), path), project.shown(path))


def tables_of(*modules: ModuleType) -> list[Table]:
    """Return the tables that modules have read, each once, in the order in which they are found."""
    found = {each._where: each for module in modules for each in vars(module).values() if isinstance(each, Table)}
    return list(found.values())
