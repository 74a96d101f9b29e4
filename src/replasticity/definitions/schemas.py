"""JSON schemas of the YAML files, for editors; generated from the models that check them."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from replasticity.definitions import experiments
from replasticity.definitions.configuration import Configuration
from replasticity.errors import UserError
from replasticity.storage import project
from replasticity.study import protocols
from replasticity.study.data import Content


def all_schemas() -> dict[Path, str]:
    """Return file -> content of each schema: one for ``config.yaml``, one for tables of data, one per protocol.

    Raises
    ------
    UserError
        If Python has dropped the docstrings, which describe the keys.
    """
    if sys.flags.optimize > 1:
        raise UserError("PYTHONOPTIMIZE=2, or python -OO: the schemas need docstrings; allowed here: 0 or 1")
    folder = project.root() / "config" / "schema"
    models: dict[str, type[BaseModel]] = {"config": Configuration, "data": Content}
    models |= {name: experiments.experiment_model(name) for name in protocols.names()}
    return {
        folder / f"{name}.json": json.dumps(model.model_json_schema(), indent=1) + "\n"
        for name, model in models.items()
    }
