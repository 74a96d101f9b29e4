"""JSON files of results: written with a digest of their content, and read only if that is what was written."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from replasticity.errors import UserError
from replasticity.storage import integrity, project
from replasticity.storage.integrity import CONTENT_DIGEST


class Stored(BaseModel):
    """Base of what is read from JSON: what its readers use has the right types. There may be more in it."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


def read(path: Path, kind: str, remedy: str) -> Any:
    """Return the content of a JSON file, not yet checked.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it has to be, in words, such as ``"evaluation"``.
    remedy : str
        What to do about a broken file.

    Raises
    ------
    UserError
        If it is missing, cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{project.shown(path)}: cannot be read: {error.strerror}") from error
    except (RecursionError, ValueError) as error:
        raise _invalid(path, kind, str(error), remedy) from error


def require(content: Any, model: type[Stored], path: Path, kind: str, remedy: str) -> None:
    """Raise a `UserError` that says in one line where content is not what its model says; see `read`."""
    try:
        model.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise _invalid(path, kind, f"{key}: {first['msg']}" if key else first["msg"], remedy) from error
    except (RecursionError, ValueError) as error:
        raise _invalid(path, kind, str(error), remedy) from error


def require_unchanged(content: dict[str, Any], path: Path, remedy: str) -> None:
    """Raise a `UserError` if a JSON object is not the one that `replasticity.storage.integrity.sealed` has made."""
    if content.get(CONTENT_DIGEST) != integrity.of_json(content):
        raise UserError(
            f"{project.shown(path)}: was changed or damaged after it was written: its content does not fit its digest; "
            f"{remedy}"
        )


def _invalid(path: Path, kind: str, why: str, remedy: str) -> UserError:
    return UserError(f"{project.shown(path)}: no valid {kind} ({why}); {remedy}")
