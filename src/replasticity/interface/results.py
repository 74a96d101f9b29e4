"""From statistics to what they show: `judge`, `plot` and `replay`."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.interface.runs import RUNS, STATISTICS, require_kind, summarise
from replasticity.interface.tables import Table
from replasticity.storage import datasets
from replasticity.study import protocols

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: Of one experiment, or of several of one figure.
Given = xr.Dataset | Mapping[str, xr.Dataset] | Iterable[xr.Dataset]


def judge(statistics: Given, *beside: xr.Dataset) -> pd.DataFrame:
    """Return the verdict on each claim of an experiment.

    Parameters
    ----------
    statistics : xarray.Dataset, or a list or a mapping of them
        From `summarise`; from `run` as well, and then summarised first. Of several, the first one's claims are judged,
        and the others are beside it; keys of a mapping are names of experiments.
    *beside : xarray.Dataset
        Those of other experiments of the same figure: the claims of all are corrected together, and errata whose
        correction is among them are measured.

    Returns
    -------
    pandas.DataFrame
        Index ``id``; columns ``verdict``, ``kind``, ``statement``, ``estimate``, ``interval``, and all else that
        ``results/evaluations`` holds of a claim. What it holds beside claims, such as ``errata`` and the comparison
        with another simulator, ``peer``, is in ``attrs``; ``shortened`` among them says in words how the parameters
        differ from those of the full scale, whose claims these are, and is empty where they do not.

    Raises
    ------
    UserError
        If it is given something else.

    Examples
    --------
    >>> import replasticity as rp
    >>> verdicts = rp.judge(rp.run("zenke2015", seeds=40))
    >>> verdicts.verdict.unique().tolist()
    ['reproduced']
    """
    from replasticity.judging import evaluation
    from replasticity.judging.claims import Verdict

    ensembles = _by_experiment(statistics, beside)
    first = next(iter(ensembles.values()))
    resolved = experiments.resolve_recorded(first.attrs, Path("statistics"))
    with datasets.content_of():
        found = evaluation.evaluate(resolved, ensembles)
    claims = found.pop("claims")
    first_columns = ["id", "verdict", "kind", "statement", "estimate", "interval"]
    known = [*experiments.Claim.model_fields, *(field.name for field in dataclasses.fields(Verdict))]
    columns = list(dict.fromkeys([*first_columns, *known]))
    table = Table([[claim[name] for name in columns] for claim in claims], columns=columns).set_index("id")
    table.attrs = found | {"shortened": experiments.shortened_in_words(resolved.name, resolved.values)}
    return table


def plot(statistics: Given, *beside: xr.Dataset) -> "Figure":
    """Draw the figure of an experiment.

    Parameters
    ----------
    statistics : xarray.Dataset, or a list or a mapping of them
        From `summarise` or `run`: of the experiment whose figure it is. Of several, that is the first one, and the
        others are beside it; keys of a mapping are names of experiments.
    *beside : xarray.Dataset
        Those of experiments that the figure shows beside it; see ``figure`` in `replasticity.experiments`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which a notebook shows. `save` writes the file that the workflow makes of it; the figure's method
        ``savefig`` takes your own settings of matplotlib (``dpi``, fonts of an SVG) instead. Importing matplotlib is
        what makes it keep its list of fonts, in its own folder (``MPLCONFIGDIR``).

    Raises
    ------
    UserError
        If the experiment has no figure of its own, or it does not show another one that is given.

    Examples
    --------
    >>> import replasticity as rp
    >>> figure = rp.plot(rp.run("zenke2015", seeds=5), rp.run("zenke2015_eq15", seeds=5))
    >>> sorted(axes.get_label() for axes in figure.axes)
    ['a', 'b', 'c', 'd']
    """
    from replasticity.plotting import rendering

    ensembles = _by_experiment(statistics, beside)
    name = next(iter(ensembles))
    figure = experiments.drawn_figure(name)
    role_of = {name: "main"} | {other: role for role, other in figure.beside.items()}
    for other in ensembles:
        if other not in role_of:
            raise UserError(f"{other}: the figure of '{name}' does not show it; allowed: {', '.join(role_of)}")
    with datasets.content_of():
        roles = {role_of[other]: ensemble for other, ensemble in ensembles.items()}
        return rendering.plot(protocols.figures()[figure.module], roles)


def save(figure: "Figure", path: str | os.PathLike[str], *, panel: str | None = None) -> None:
    """Write a figure as the workflow writes it: equal statistics give equal bytes, whatever your matplotlib is set to.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `plot`; what you have added to it is in the file.
    path : path
        File to write, whole or not at all; its ending is the format: ``.pdf``, ``.svg`` or ``.png``.
    panel : str, optional
        Letter of a panel, such as ``"c"``, which then is the whole picture.

    Raises
    ------
    UserError
        If the format is another, there is no such panel, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import replasticity as rp
    >>> figure = rp.plot(rp.run("zenke2015", seeds=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rp.save(figure, Path(folder, "zenke2015.png"))
    ...     Path(folder, "zenke2015.png").stat().st_size > 10_000
    True
    """
    from replasticity.plotting import rendering

    rendering.save(figure, Path(path), panel)


def replay(recording: str | os.PathLike[str]) -> pd.DataFrame:
    """Run our simulation on the inputs that another simulator has recorded, and compare.

    Parameters
    ----------
    recording : path
        netCDF file of a recording, such as those in ``tests/peers``.

    Returns
    -------
    pandas.DataFrame
        Index ``quantity``; columns ``holds`` (None: not compared), ``compared`` values, ``unmatched`` spikes, the
        largest ``absolute`` and ``relative`` deviation, ``tolerance`` and ``note``. ``attrs["holds"]`` says whether all
        hold.

    Raises
    ------
    UserError
        If the file is no recording that can be replayed.

    Examples
    --------
    >>> import replasticity as rp
    >>> deviations = rp.replay("tests/peers/zenke/zenke_seed1.nc")
    >>> deviations.attrs["holds"]
    True
    """
    from replasticity.peers import replays

    _, deviations = replays.replay(Path(recording))
    # As objects None does not become NaN, nor a count beside it a floating-point number.
    table = Table([vars(each) | {"tolerance": str(each.tolerance)} for each in deviations], dtype=object)
    table = table.astype({"absolute": float, "relative": float}).set_index("quantity")
    table.attrs = {"holds": replays.holds(deviations)}
    return table[["holds", "compared", "unmatched", "absolute", "relative", "tolerance", "note"]]


def _by_experiment(given: Given, beside: Iterable[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return name -> statistics, those that come first in front; runs are summarised."""
    found: dict[str, xr.Dataset] = {}
    for key, dataset in [*_with_keys(given), *((None, each) for each in beside)]:
        require_kind(dataset, RUNS, STATISTICS)
        name = str(dataset.attrs["experiment"])
        if key not in (None, name):
            raise UserError(f"{key}: the dataset under this key is of experiment '{name}'")
        if name in found:
            raise UserError(f"{name}: is given more than once")
        found[name] = summarise(dataset) if dataset.attrs["kind"] == RUNS else dataset
    return found


def _with_keys(given: Given) -> list[tuple[str | None, xr.Dataset]]:
    """Return what is given, each with its key in a mapping; what is neither dataset nor collection stays one."""
    if isinstance(given, xr.Dataset) or not isinstance(given, Iterable):
        return [(None, given)]
    collection: Any = given
    pairs = list(collection.items()) if isinstance(given, Mapping) else [(None, each) for each in collection]
    if not pairs:
        raise UserError("at least one dataset; allowed here: those of replasticity.run or replasticity.summarise")
    return pairs
