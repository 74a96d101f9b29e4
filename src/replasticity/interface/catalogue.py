"""What there is: experiments, and their parameters."""

from typing import Any

import pandas as pd

from replasticity.definitions import experiments as definitions
from replasticity.definitions.parameters import OnGrid, Parameters
from replasticity.interface.requests import plain, resolved_request
from replasticity.interface.tables import Table
from replasticity.study import protocols
from replasticity.units import unit_of


def experiments() -> pd.DataFrame:
    """Return all experiments, those of the studies and your own.

    Returns
    -------
    pandas.DataFrame
        Index ``name``; columns ``title``, ``study``, ``protocol``, and ``figure``: the experiment whose figure shows
        it, or None.

    Raises
    ------
    UserError
        If the file of an experiment is wrong.

    Examples
    --------
    >>> import replasticity as rp
    >>> table = rp.experiments()
    >>> table.loc["zenke2015_eq15", ["study", "protocol", "figure"]].tolist()
    ['zenke2015', 'zenke2015', 'zenke2015']
    """
    loaded = {name: definitions.load(name) for name in definitions.names()}
    rows = []
    for name, experiment in loaded.items():
        first = definitions.in_one_figure(name, loaded)[0]
        study = protocols.get(experiment.protocol).module.split(".")[-2]
        figure = first if loaded[first].figure is not None else None
        rows.append((name, experiment.title, study, experiment.protocol, figure))
    return Table(rows, columns=["name", "title", "study", "protocol", "figure"]).set_index("name")


def parameters(experiment: str, /, *, scale: str = "standard", **changes: Any) -> pd.DataFrame:
    r"""Return the parameters of an experiment.

    Parameters
    ----------
    experiment : str
        Its name, such as ``"zenke2015"``.
    scale : {"standard", "quick", "full"}
        Its size: ``"quick"`` may have shorter runs.
    **changes
        Parameters with other values, as `run` takes them.

    Returns
    -------
    pandas.DataFrame
        Index ``name``; columns ``value``, ``units`` (``"1"``: none), ``symbol`` (what the paper calls it, a formula in
        TeX), ``source`` of the value, ``bounds`` in words, ``description``.

    Raises
    ------
    UserError
        If there is no such experiment, or a value is not allowed.

    Examples
    --------
    >>> import replasticity as rp
    >>> rp.parameters("zenke2015").loc["tau_H_ms", ["value", "units", "symbol", "bounds"]].tolist()
    [100.0, 'ms', '$\\tau_H$', '> 0']
    """
    resolved = resolved_request(experiment, scale, changes)
    sources = {name: each["source"] for name, each in resolved.experiment.parameters.model_dump(mode="json").items()}
    of_scale = getattr(resolved.experiment.scales, scale).parameters
    sources |= dict.fromkeys(of_scale, f"scale '{scale}' of {experiment}")
    sources |= dict.fromkeys(plain(changes), "changed here")
    model = type(resolved.parameters)
    schema = model.model_json_schema()
    rows = []
    for name, value in resolved.values.items():
        extra: Any = model.model_fields[name].json_schema_extra or {}
        symbol = f"${extra['symbol']}$" if "symbol" in extra else ""
        bounds = ", ".join([*_bounds(schema["properties"][name]), *_grid(model, name)])
        row = (name, value, unit_of(name), symbol, sources[name], bounds, model.model_fields[name].description)
        rows.append(row)
    columns = ["name", "value", "units", "symbol", "source", "bounds", "description"]
    # Values have several types; as objects they stay what they are.
    return Table(rows, columns=columns).astype({"value": object}).set_index("name")


#: Key of a JSON schema -> in words.
_WORDS = {
    "exclusiveMinimum": "> {}",
    "minimum": ">= {}",
    "exclusiveMaximum": "< {}",
    "maximum": "<= {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
}


def _bounds(schema: dict[str, Any]) -> list[str]:
    """Return in words what a JSON schema allows."""
    if "enum" in schema:
        return [f"one of {', '.join(map(str, schema['enum']))}"]
    if "anyOf" in schema:
        return [" or ".join(filter(None, (", ".join(_bounds(each)) for each in schema["anyOf"])))]
    words = [text.format(f"{schema[key]:.10g}") for key, text in _WORDS.items() if key in schema]
    each = ", ".join(_bounds(schema["items"])) if "items" in schema else ""
    return [*words, f"each {each}"] if each else words


def _grid(model: type[Parameters], name: str) -> list[str]:
    marks = [mark for mark in model.model_fields[name].metadata if isinstance(mark, OnGrid)]
    return [f"a whole multiple of {mark.of}" for mark in marks]
