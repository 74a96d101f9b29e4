"""YAML files that people write: safe reading, strict checking, and a line that says what is wrong.

Nothing in a file is evaluated. Every error names the file, the key and what is allowed.
"""

import contextlib
import copy
import difflib
import json
import re
import types
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from replasticity import terminal
from replasticity.errors import UserError
from replasticity.storage import project


def plain_text(text: str) -> str:
    """Return a text in one line: line breaks become spaces; other characters that a terminal obeys are refused."""
    folded = re.sub(r"\s*[\n\t]\s*", " ", text.replace("\r\n", "\n")).strip()
    for character in folded:
        if terminal.is_obeyed(character):
            raise ValueError(f"no control characters, but there is {terminal.visible(character)}")
    return folded


Text = Annotated[str, AfterValidator(plain_text), Field(min_length=1)]
#: As doi.org has it, such as 10.1038/nn.2479.
Doi = Annotated[str, Field(pattern=r"^10\.[0-9.]+/[!-~]+$")]


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file, read safely.

    Raises
    ------
    UserError
        If it is missing, is no YAML, has a key twice, or is no mapping.
    """
    if not path.is_file():
        raise UserError(f"{project.shown(path)}: no such file; expected a YAML file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{project.shown(path)}: cannot be read as YAML: {error}") from error
    content = parse_yaml(text, project.shown(path))
    if not isinstance(content, dict):
        raise UserError(f"{project.shown(path)}: has to be a mapping of keys to values")
    return content


def parse_yaml(text: str, where: str) -> Any:
    """Return the content of a YAML text. Nothing in it is evaluated: it gives numbers, texts, lists and mappings.

    Parameters
    ----------
    text : str
        The text.
    where : str
        What an error names: a file or an option.

    Returns
    -------
    Any
        Its content.

    Raises
    ------
    UserError
        If it is no YAML, asks for another type, has a key twice, or is larger than any configuration.
    """
    if len(text) > _MOST_CHARACTERS:
        raise UserError(f"{where}: has {len(text)} characters; at most {_MOST_CHARACTERS}")
    try:
        content = copy.deepcopy(_loaded(text))
        entries = _count_entries(content)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError(f"{where}: no valid YAML: {line}{error.problem}") from error
    except (YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Not all that its parser stumbles over comes as a YAMLError.
        raise UserError(f"{where}: cannot be read as YAML: {error}") from error
    if entries > _MOST_ENTRIES:
        raise UserError(f"{where}: its aliases make more than {_MOST_ENTRIES} entries of it")
    return content


@lru_cache(maxsize=100)
def _loaded(text: str) -> Any:
    """Return the content of a YAML text; kept, since experiments name one another and loading is slow."""
    # The parser in C takes a fifth of the time of that in Python. But it overruns the stack where a text nests tens of
    # thousands deep, follows no directive, and says less well what is wrong.
    if sum(map(text.count, "[{-?")) < _MOST_NESTED and not text.startswith("%"):
        with contextlib.suppress(Exception):
            return YAML(typ="safe").load(text)
    return YAML(typ="safe", pure=True).load(text)


#: A text with fewer characters that can open a list or a mapping is read by the parser in C.
_MOST_NESTED = 2_000


#: A YAML text has at most so many characters, and so many entries when its aliases are written out. Experiments have
#: a hundredth of them; a text of a few lines can have billions.
_MOST_CHARACTERS = 1_000_000
_MOST_ENTRIES = 100_000


def _count_entries(content: Any) -> int:
    """Return the number of entries with aliases written out; it stops counting above the limit."""
    count = 0
    waiting = [content]
    while waiting and count <= _MOST_ENTRIES:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return count


def validate(model: type[BaseModel], content: Any, path: Path | str, context: Any = None) -> Any:
    """Return the content as a checked object, or raise a `UserError` of one line."""
    try:
        # Through JSON, so that a YAML list may fill a tuple while types stay strict.
        return model.model_validate_json(json.dumps(content, default=str), context=context)
    except ValidationError as error:
        raise UserError(f"{_shown(path)}: {_one_line(model, error)}") from error
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A key that is no text, or numbers so far out of range that checking them fails.
        raise UserError(f"{_shown(path)}: has a key or a number that cannot be used: {error}") from error


def _shown(path: Path | str) -> str:
    return project.shown(path) if isinstance(path, Path) else path


def _one_line(model: type[BaseModel], error: ValidationError) -> str:
    """Say in one line which key is wrong and what is allowed."""
    # A mistyped key is unknown, and the right one is missing: the unknown one says what to mend. Where a value may
    # be of several types, the error deepest inside belongs to the type that was meant.
    errors = sorted(error.errors(), key=lambda each: (each["type"] != "extra_forbidden", -len(each["loc"])))
    first = errors[0]
    key = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("list[", "constrained")))
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(model, first["loc"][:-1])
        text = f"unknown key{near(str(first['loc'][-1]), allowed)}; allowed: {', '.join(allowed)}"
    elif first["type"] == "missing":
        text = "is missing"
    else:
        text = first["msg"].removeprefix("Value error, ").replace("Input should be", "has to be")
        if first["type"] in ("list_type", "tuple_type"):
            text = f"has to be a list{_as_a_list(first['input'])}"
        if not isinstance(first["input"], dict):
            text += f" (it is {json.dumps(first['input'], default=str)[:60]})"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{key}: {text}{more}" if key else f"{text}{more}"


def _as_a_list(value: Any) -> str:
    """Return a number or a text as a list, as part of a message; nothing for what is neither."""
    return f", such as {json.dumps([value])[:60]}" if isinstance(value, (bool, int, float, str)) else ""


def near(name: str, allowed: Sequence[str]) -> str:
    """Return the allowed name that may be meant, as the end of a message; empty if none is near."""
    found = difflib.get_close_matches(name, allowed, n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys that a model allows at a location inside it."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        while get_origin(current) in (Union, types.UnionType, list, dict, Annotated):
            arguments = [item for item in get_args(current) if item is not type(None)]
            current = arguments[0] if get_origin(current) is Annotated else arguments[-1]
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []
