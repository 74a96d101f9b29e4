"""Evaluations and references as they are stored: what their readers rely on, checked before anything is shown of them.

The digests in an evaluation say what it rests on: ``ensembles`` has the content digest of each ensemble that was
judged, ``content_digest`` that of the evaluation itself. A reference is committed, and read by people: it is checked by
what it says twice.
"""

import dataclasses
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, create_model, model_validator

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Claim, Erratum, Resolved
from replasticity.definitions.parameters import NonNegativeInt, PositiveInt
from replasticity.errors import UserError
from replasticity.judging.claims import FORRT, Verdict
from replasticity.storage import json_files, project
from replasticity.storage.json_files import Stored

_Seeds = Annotated[list[NonNegativeInt], Field(min_length=1)]


class _JudgedClaim(Claim):
    """A claim with its verdict: the fields of `replasticity.judging.claims.Verdict` beside its own."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _is_a_verdict(self) -> "_JudgedClaim":
        stored: Any = self
        if stored.verdict not in FORRT:
            raise ValueError(f"no verdict '{stored.verdict}'")
        if stored.p_against is not None and stored.p is None:
            raise ValueError("'p_against' without 'p'")
        if self.test == "seeds_in_range" and stored.estimate is not None and not 0 <= stored.estimate <= 1:
            raise ValueError("a share of seeds is from 0 to 1")
        return self


_OF_VERDICT: dict[str, Any] = {
    field.name: (typing.get_type_hints(Verdict)[field.name], ...) for field in dataclasses.fields(Verdict)
} | {"n": (NonNegativeInt, ...)}


class _MeasuredDifference(Stored):
    """See `replasticity.judging.errata.measure`."""

    units: str
    mean_difference: float | None
    interval: tuple[float, float] | None
    effect_size: float | None
    p: float | None
    n: NonNegativeInt
    undefined: NonNegativeInt


class _MeasuredErratum(Erratum):
    """An erratum with its measured effect."""

    model_config = ConfigDict(extra="allow")

    measured: _MeasuredDifference | None

    @model_validator(mode="after")
    def _is_measured_by_something(self) -> "_MeasuredErratum":
        if self.measured is not None and self.measured_by is None:
            raise ValueError("'measured' without 'measured_by'")
        return self


class _NotComparable(Stored):
    """See `replasticity.judging.evaluation.compare_with_peer`; so of the two that follow."""

    simulator: str
    comparable: Literal[False]
    different_parameters: list[str]


class _ComparedSeeds(Stored):
    simulator: str
    comparable: Literal[True]
    common: PositiveInt
    outcome: Literal["identical", "differs"]
    identical: NonNegativeInt
    different: list[str]


class _ComparedMeans(Stored):
    simulator: str
    comparable: Literal[True]
    our_seeds: NonNegativeInt
    seeds: NonNegativeInt
    same_streams: bool
    common: Literal[0]
    outcome: Literal["equivalent", "differs", "undecided", "too few to tell"]
    numbers: NonNegativeInt
    constant: NonNegativeInt
    margin_sd: float
    own_margins: list[str]
    power: float
    power_needed: float
    seeds_needed: PositiveInt | None
    our_seeds_needed: PositiveInt | None
    largest_difference: float | None
    largest_of: str | None
    not_shown: list[str]
    smallest_p: float
    different: list[str]
    smallest_difference_sd: float | None


class _Evaluation(Stored):
    """See `replasticity.judging.evaluation.evaluate`."""

    experiment: str
    title: str
    seeds: _Seeds
    parameters: dict[str, Any]
    parameters_digest: str
    code_digest: str
    judged_with: list[str]
    ensembles: dict[str, str]
    claims: list[create_model("_StoredClaim", __base__=_JudgedClaim, **_OF_VERDICT)]  # type: ignore[valid-type]
    errata: list[_MeasuredErratum]
    peer: _NotComparable | _ComparedSeeds | _ComparedMeans | None


def read_evaluation(path: Path, name: str) -> dict[str, Any]:
    """Return the stored evaluation of an experiment, exactly as it was written.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The experiment whose evaluation it has to be.

    Raises
    ------
    UserError
        If it is no evaluation, of another experiment, or was changed.
    """
    remedy = "delete it and call Snakemake again"
    content: Any = json_files.read(path, "evaluation", remedy)
    json_files.require(content, _Evaluation, path, "evaluation", remedy)
    json_files.require_unchanged(content, path, remedy)
    evaluation: dict[str, Any] = content
    if evaluation["experiment"] != name:
        raise UserError(f"{project.shown(path)}: is of experiment '{evaluation['experiment']}', not '{name}'; {remedy}")
    return evaluation


class _ReferenceStatistic(Stored):
    units: str
    mean: Any
    sd: Any
    values: list[Any]


class _Reference(Stored):
    """See `replasticity.judging.regression.make_reference`."""

    experiment: str
    n: NonNegativeInt
    seeds: _Seeds
    parameters: dict[str, Any]
    parameters_digest: str
    code_digest: str
    statistics: dict[str, _ReferenceStatistic]


def read_reference(path: Path, resolved: Resolved) -> dict[str, Any]:
    """Return the stored reference of an experiment after comparing all that it says twice.

    Parameters
    ----------
    path : Path
        The file.
    resolved : Resolved
        The experiment whose reference it has to be.

    Raises
    ------
    UserError
        If it is no reference, of another experiment, or contradicts itself.
    """
    remedy = "restore it from git"
    content: Any = json_files.read(path, "reference", remedy)
    json_files.require(content, _Reference, path, "reference", remedy)
    try:
        _check_consistency(content, resolved)
    except ValueError as error:
        raise UserError(f"{project.shown(path)}: no valid reference ({error}); {remedy}") from error
    reference: dict[str, Any] = content
    return reference


def _check_consistency(reference: dict[str, Any], resolved: Resolved) -> None:
    """Check what a reference says twice; raise a `ValueError` where it contradicts itself."""
    if reference["experiment"] != resolved.name:
        raise ValueError(f"is of experiment '{reference['experiment']}', not '{resolved.name}'")
    digest = experiments.parameters_digest(resolved.experiment.protocol, reference["parameters"])
    if reference["parameters_digest"] != digest:
        raise ValueError("its parameters do not fit their digest")
    seeds = reference["seeds"]
    if not len(seeds) == len(set(seeds)) == reference["n"]:
        raise ValueError("has another number of seeds than it says, or one of them twice")
    for name, statistic in reference["statistics"].items():
        mean, sd, values = (_numbers(statistic[key], f"{name}.{key}") for key in ("mean", "sd", "values"))
        if len(values) != len(seeds):
            raise ValueError(f"{name} has values of {len(values)} seeds, there are {len(seeds)}")
        ddof = 1 if len(seeds) > 1 else 0
        for key, stored, expected in (("mean", mean, values.mean(axis=0)), ("sd", sd, values.std(axis=0, ddof=ddof))):
            # Adding up in another order changes the last digits only.
            finest = 1e-9 * float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
            if stored.shape != expected.shape or not np.allclose(stored, expected, 1e-9, finest, equal_nan=True):
                raise ValueError(f"{name}: its {key} is not that of its values")


def _numbers(nested: Any, key: str) -> npt.NDArray[np.float64]:
    """Return numbers of any dimensions; raise a `ValueError` if they are none."""
    array = np.asarray(nested)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{key} has to hold numbers")
    return array.astype(np.float64)
