"""What a caller asks for: names, values, seeds and processes, checked like the YAML files and with the same words."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import field_validator

from replasticity.definitions import experiments, yaml_files
from replasticity.definitions.experiments import Experiment, Resolved
from replasticity.definitions.parameters import Checked, PositiveInt
from replasticity.definitions.seeds import Seeds, distinct_seeds, seed_list
from replasticity.errors import UserError


class _Request(Checked):
    seeds: Seeds | None = None
    processes: PositiveInt | None = None

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: int | list[int] | None) -> int | list[int] | None:
        return None if seeds is None else distinct_seeds(seeds)


def plain(value: Any) -> Any:
    """Return a value of a notebook, such as a number of numpy, as YAML would have given it."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(each) for each in value]
    return value


@contextlib.contextmanager
def _without_cause() -> Iterator[None]:
    """Let a `UserError` about what was asked for stand alone in a traceback: its line says all."""
    try:
        yield
    except UserError as error:
        raise error from None


def resolved_request(
    name: str, scale: str, changes: Mapping[str, Any], experiment: Experiment | None = None
) -> Resolved:
    """Return an experiment at one scale with changed parameters; errors name the experiment and the parameter."""
    if not isinstance(name, str):
        raise UserError(f"experiment: has to be a name, such as 'zenke2015' (it is of type {type(name).__name__})")
    with _without_cause():
        return experiments.resolve(name, scale, plain(changes), experiment=experiment, changed_by=name)


def seeds_and_processes(resolved: Resolved, seeds: Any, processes: Any) -> tuple[list[int], int]:
    """Return the seeds asked for, and over how many processes.

    Raises
    ------
    UserError
        If they are no seeds, or none are left at this scale.
    """
    if isinstance(seeds, str | bool | float):
        raise UserError(
            f"{resolved.name}: seeds: has to be a number of seeds, such as 5, or the seeds, such as range(5) or [1, 2] "
            f"(it is {seeds!r})"
        )
    asked = {"seeds": plain(seeds), "processes": plain(processes)}
    with _without_cause():
        request: _Request = yaml_files.validate(_Request, asked, resolved.name)
    if request.seeds is None and not resolved.seeds:
        raise UserError(f"{resolved.name}: is left out at scale '{resolved.scale}'; give it seeds")
    chosen = resolved.seeds if request.seeds is None else seed_list(request.seeds, resolved.experiment.first_seed)
    return chosen, request.processes or 1
