"""Pages of the reference that are made from the code, at each build, into ``docs/reference/generated``.

- ``experiments/STUDY.md``: of each study its protocols, with tables of parameters and of the variables in files of runs
  and of statistics, and of its experiments the values and their sources;
- ``yaml_keys.md``: each key of the YAML files, from the models that check them.

They come from what the program itself reads, so there is nothing that could differ from it.
"""

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from replasticity.definitions import experiments
from replasticity.definitions.configuration import Configuration
from replasticity.interface import catalogue
from replasticity.reporting.markdown import as_code, as_text
from replasticity.storage.contract import Variable
from replasticity.study import protocols
from replasticity.units import DIMENSIONLESS, unit_of

#: How a docstring names the description of a model.
_DESCRIPTION = re.compile(r"\b(docs/models/\w+)\.md(#[\w-]+)?")

_NOTE = "*Made from the code when this site was built.*"


def _write_pages(app: Sphinx) -> None:
    """Write all pages; what has not changed keeps its time, so that Sphinx does not read it again."""
    folder = Path(app.srcdir) / "docs" / "reference" / "generated"
    pages = {folder / f"experiments/{study}.md": text for study, text in _studies()}
    pages[folder / "yaml_keys.md"] = _yaml_keys()
    for path in set(folder.rglob("*.md")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table whose cells are Markdown already."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines) + "\n"


def _unit(name: str) -> str:
    unit = unit_of(name)
    return "" if unit == DIMENSIONLESS else as_text(unit)


# --- experiments ---


def _studies() -> Iterable[tuple[str, str]]:
    """Return study -> page."""
    listed = catalogue.experiments()
    for study, own in listed.groupby("study", sort=True):
        yield str(study), _study(str(study), own)


def _study(study: str, own: Any) -> str:
    module = import_module(f"replasticity.studies.{study}")
    title, _, rest = (inspect.getdoc(module) or study).partition("\n")
    parts = [f"# {study}", _NOTE, f"**{as_text(title)}**", _as_rst(rest)]
    parts += [_protocol(name, own.index[own.protocol == name][0]) for name in sorted(set(own.protocol))]
    parts.append("## Experiments")
    parts += [_experiment(name) for name in own.index]
    return "\n\n".join(parts) + "\n"


def _as_rst(docstring: str) -> str:
    """Return a docstring for a Markdown page: names between single backticks become code, descriptions links."""
    if not docstring.strip():
        return ""
    docstring = _DESCRIPTION.sub(r":doc:`\1 </\1>`", docstring)
    return f"```{{eval-rst}}\n.. default-role:: code\n\n{docstring.strip()}\n\n.. default-role:: autolink\n```"


def _protocol(name: str, experiment: str) -> str:
    protocol = protocols.get(name)
    random = "Nothing is random: every seed gives the same run." if protocol.is_deterministic else "Seeds differ."
    parts = [f"## Protocol {as_code(name)}", f"Module {as_code(protocol.module)}. {random}"]
    parts += [f"### Parameters of {name}", _parameters(experiment)]
    parts += [f"### A run of {name}", "`results/runs/EXPERIMENT/seed-N.nc`, and what `rp.run` gives.", _run(protocol)]
    parts += [
        f"### Statistics of {name}",
        "`results/ensembles/EXPERIMENT.nc`, with the dimension `seed` in front, and what `rp.summarise` gives.",
        _statistics(protocol.STATISTICS),
    ]
    return "\n\n".join(parts)


def _parameters(experiment: str) -> str:
    """Return what all experiments of a protocol have in common: its parameters without their values."""
    table = catalogue.parameters(experiment)
    rows = [
        (as_code(each.Index), _unit(each.Index), each.symbol, as_text(each.bounds), as_text(each.description))
        for each in table.itertuples()
    ]
    return _table(("name", "units", "symbol", "allowed", "meaning"), rows)


def _run(protocol: protocols.Protocol) -> str:
    rows = [
        (
            as_code(name),
            _unit(name),
            ", ".join(map(as_code, each.dimensions)),
            each.dtype,
            as_text(each.long_name) + _undefined(each),
            "yes" if each.trace else "",
        )
        for name, each in protocol.RUN.items()
    ]
    return _table(("name", "units", "dimensions", "type", "meaning", "in ensembles"), rows)


def _statistics(contract: Mapping[str, Variable]) -> str:
    rows = [
        (
            as_code(name),
            _unit(name),
            ", ".join(map(as_code, each.dimensions)),
            each.dtype,
            as_text(each.long_name) + _undefined(each),
        )
        for name, each in contract.items()
    ]
    return _table(("name", "units", "dimensions", "type", "meaning"), rows)


def _undefined(variable: Variable) -> str:
    return f" (NaN: {as_text(variable.undefined)})" if variable.undefined else ""


def _experiment(name: str) -> str:
    """Return the section of an experiment: values with sources, of a variant those that differ from its base."""
    experiment = experiments.load(name)
    table = catalogue.parameters(name, scale="full")
    parts = [f"### {name}", as_text(experiment.title)]
    shown = table
    if experiment.based_on:
        base = catalogue.parameters(experiment.based_on, scale="full")
        same = [json.dumps(table.value[key]) == json.dumps(base.value.get(key)) for key in table.index]
        shown = table[[not each for each in same]]
        parts.append(f"Based on [{experiment.based_on}](#{experiment.based_on}); values that differ:")
    rows = [
        (as_code(key), as_code(_short(value)), _unit(key), as_text(source))
        for key, value, source in zip(shown.index, shown.value, shown.source, strict=True)
    ]
    parts.append(_table(("parameter", "value", "units", "source"), rows) if rows else "none.")
    sizes = "; ".join(_size(scale, getattr(experiment.scales, scale)) for scale in experiments.SCALES)
    claims = f"{len(experiment.claims)} claims, {len(experiment.errata)} errata."
    return "\n\n".join([*parts, f"Seeds: {sizes}. {claims}"])


def _short(value: Any) -> str:
    """Return a value in one cell; of a long list the beginning and how many there are."""
    text = json.dumps(value)
    if isinstance(value, list) and len(text) > 80:
        return f"{text[:60]}... ({len(value)} of them)"
    return text


def _size(name: str, scale: experiments.Scale) -> str:
    """Return what a scale has: seeds, and parameters that differ."""
    count = scale.seeds if isinstance(scale.seeds, int) else len(scale.seeds)
    changed = [as_code(f"{key} = {_short(value)}") for key, value in scale.parameters.items()]
    return " with ".join([f"{name} {count}", *([", ".join(changed)] if changed else [])])


# --- keys of the YAML files ---


def _yaml_keys() -> str:
    parts = [
        "# Keys of the YAML files",
        _NOTE + " [Configuration](../../../config/README.md) says what they mean, and how they work together.",
        "## config.yaml",
        _keys(Configuration.model_json_schema()),
        "## NAME.yaml: an experiment",
        "The type of `parameters` depends on the protocol: see its table under [experiments](../experiments.md).",
    ]
    schema = experiments.Experiment.model_json_schema()
    parts.append(_keys(schema))
    for name, part in schema["$defs"].items():
        parts += [f"### {name}", *_described(part), _keys(part)]
    return "\n\n".join(parts) + "\n"


def _described(schema: Mapping[str, Any]) -> list[str]:
    return [_as_rst(schema["description"])] if "description" in schema else []


def _keys(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            as_code(key),
            _type(each),
            "needed" if key in required else as_code(json.dumps(each.get("default"))),
        )
        for key, each in schema["properties"].items()
    ]
    return _table(("key", "type, and what is allowed", "default"), rows)


#: Key of a JSON schema -> in words.
_LIMITS = {
    "exclusiveMinimum": "> {}",
    "minimum": ">= {}",
    "exclusiveMaximum": "< {}",
    "maximum": "<= {}",
    "minLength": "at least {} long",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "matches {}",
}
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list", "object": "mapping"}


def _type(schema: Mapping[str, Any]) -> str:
    """Return in Markdown what a JSON schema allows."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return "one of " + ", ".join(as_code(each) for each in schema["enum"])
    kind = schema.get("type", "anything")
    words = [_TYPES.get(kind, kind)]
    # A text that is needed may not be empty; nobody has to be told so.
    words += [text.format(as_code(schema[key])) for key, text in _LIMITS.items() if schema.get(key, 1) != 1]
    inner = schema.get("items", schema.get("additionalProperties"))
    if isinstance(inner, Mapping):
        words.append(f"each: {_type(inner)}")
    return ", ".join(words)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before any is read."""
    app.connect("builder-inited", _write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
