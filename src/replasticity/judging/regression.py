"""The regression check: an ensemble against the reference statistics committed with its study.

Seeds that both have must give the same numbers. What does not depend on the seed must be the same with any seed:
everything where nothing is random, and numbers that all seeds of the reference share although they cannot do so by
chance. All else about other seeds is an alarm, raised where they are distributed differently. That it stays silent
shows no agreement; and where few other seeds could not have raised it, the seeds that both have decide, and without
them there are too few seeds to tell.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from replasticity.comparison import RELATIVE_TOLERANCE, rounding
from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.judging import stored
from replasticity.judging.distributions import (
    Difference,
    compare_distributions,
    mean_and_sd,
    paired_elements,
    resolution_of,
    seeds_needed,
    smallest_difference_sd,
)
from replasticity.storage import files, project
from replasticity.storage.contract import Variable, require_defined
from replasticity.study import protocols

#: So many random seeds that share a number do not do so by chance, unless it is discrete.
MIN_SEEDS_FOR_CONSTANT = 10

AGREES = "agrees with its reference"
MOVED = "MOVED"
NONE_SEEN = "no difference from its reference seen"
TOO_FEW = "too few seeds to tell"


@dataclass(frozen=True)
class Moved:
    """A number of a statistic that is not what the reference says.

    Attributes
    ----------
    label : str
        Statistic and index.
    how : str
        "same seeds", "any seed" (what does not depend on it) or "other seeds".
    reference, now : tuple of (float, float)
        Mean and standard deviation over the seeds.
    deviation : float
        Largest difference of a seed. Other seeds: difference of the means.
    standard_errors : float
        Difference of the means in standard errors of that difference.
    p : float
        Other seeds: corrected p-value. Otherwise 0, since equal code gives equal numbers.
    """

    label: str
    how: str
    reference: tuple[float, float]
    now: tuple[float, float]
    deviation: float
    standard_errors: float
    p: float


@dataclass(frozen=True)
class Check:
    """The outcome of the check of one experiment.

    Attributes
    ----------
    experiment : str
        Its name.
    same_seeds, other_seeds, reference_seeds : int
        Seeds that the reference has too, that it has not, and all that it has.
    numbers : int
        Numbers per seed.
    smallest_difference_sd : float or None
        Difference of a mean that the other seeds would have shown more often than not, in standard deviations over
        seeds: 0 where nothing is random, None if there are none or too few.
    needed : int or None
        How many other seeds it takes to show one; None if no number is enough.
    changed_parameters : list of str
        Parameters that are not those of the reference.
    moved : list of Moved
        What is not as the reference says.
    """

    experiment: str
    same_seeds: int
    other_seeds: int
    reference_seeds: int
    numbers: int
    smallest_difference_sd: float | None
    needed: int | None
    changed_parameters: list[str]
    moved: list[Moved]

    @property
    def verdict(self) -> str:
        """`AGREES`, `MOVED`, `NONE_SEEN` or `TOO_FEW`; seeds that both have are enough to tell."""
        if self.moved or self.changed_parameters:
            return MOVED
        if self.same_seeds or self.smallest_difference_sd == 0:
            return AGREES
        return TOO_FEW if self.smallest_difference_sd is None else NONE_SEEN

    @property
    def passes(self) -> bool:
        """Whether nothing has moved, and something could have."""
        return self.verdict in (AGREES, NONE_SEEN)


def reference_file(resolved: Resolved) -> Path:
    """Return the file of an experiment's reference: one per experiment, and one more per shortened scale."""
    return experiments.reference_file(resolved.name, "json", resolved.canonical_scale)


def require_own(resolved: Resolved) -> None:
    """Raise a `UserError` if an experiment is one of an installed package, whose reference comes with it."""
    path = reference_file(resolved)
    if project.is_installed(path):
        raise UserError(
            f"{resolved.name}: is a study of the installed package, whose reference comes with it; "
            "in a clone accept-reference renews it"
        )


def make_reference(resolved: Resolved, ensemble: xr.Dataset) -> dict[str, Any]:
    """Return the reference of an ensemble, ready for JSON: mean, sd, n, seeds, digests, and each seed's values."""
    names = list(protocols.get(resolved.experiment.protocol).STATISTICS)
    return {
        "experiment": resolved.name,
        "n": ensemble.sizes["seed"],
        "seeds": ensemble["seed"].values.tolist(),
        "parameters": resolved.values,
        "parameters_digest": ensemble.attrs["parameters_digest"],
        "code_digest": ensemble.attrs["code_digest"],
        "statistics": {
            name: {
                "units": ensemble[name].attrs["units"],
                "mean": ensemble[name].values.mean(axis=0).tolist(),
                "sd": ensemble[name].values.std(axis=0, ddof=1 if ensemble.sizes["seed"] > 1 else 0).tolist(),
                "values": ensemble[name].values.tolist(),
            }
            for name in names
        },
    }


def write_reference(resolved: Resolved, ensemble: xr.Dataset) -> Path:
    """Write the reference of an ensemble and return its file; errors as in `require_own`."""
    require_own(resolved)
    path = reference_file(resolved)
    files.write_bytes(_readable_json(make_reference(resolved, ensemble)).encode(), path)
    return path


def _readable_json(reference: dict[str, Any]) -> str:
    """Return JSON with one line per entry and statistic field: short enough to read, fine enough for a diff."""
    statistics = ",\n".join(
        f'  "{name}": {{\n' + ",\n".join(f'   "{key}": {json.dumps(value)}' for key, value in entry.items()) + "\n  }"
        for name, entry in reference["statistics"].items()
    )
    head = "".join(f' "{key}": {json.dumps(value)},\n' for key, value in reference.items() if key != "statistics")
    return f'{{\n{head} "statistics": {{\n{statistics}\n }}\n}}\n'


def read_reference(resolved: Resolved) -> dict[str, Any]:
    """Return the stored reference of an experiment.

    Raises
    ------
    UserError
        If there is none, or it is no reference of this experiment.
    """
    path = reference_file(resolved)
    if not path.is_file():
        raise UserError(
            f"{project.shown(path)}: no reference; "
            f"'python -m replasticity accept-reference {resolved.name} --scale {resolved.scale}' makes it"
        )
    return stored.read_reference(path, resolved)


def check(resolved: Resolved, ensemble: xr.Dataset) -> Check:
    """Return how an ensemble compares with its reference.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    ensemble : xarray.Dataset
        From `replasticity.pipeline.simulation.aggregate`.

    Returns
    -------
    Check
        What moved, by how much, and how unlikely that is.

    Raises
    ------
    UserError
        If there is no reference, or it holds other statistics.
    """
    reference = read_reference(resolved)
    path = project.shown(reference_file(resolved))
    expected = {name: np.asarray(entry["values"], np.float64) for name, entry in reference["statistics"].items()}
    contract = protocols.get(resolved.experiment.protocol).STATISTICS
    deterministic = protocols.get(resolved.experiment.protocol).is_deterministic
    names = list(contract)
    for name in sorted(set(names) ^ set(expected)):
        where = "the reference has" if name in names else "the protocol has"
        raise UserError(f"{path}: {where} no statistic '{name}'; accept-reference renews it")
    for name in names:
        if ensemble[name].shape[1:] != expected[name].shape[1:]:
            raise UserError(f"{path}: {name} has another shape per seed; accept-reference renews it")
    require_defined(contract, expected, path)

    now_seeds, reference_seeds = ensemble["seed"].values.tolist(), reference["seeds"]
    shared = [seed for seed in now_seeds if seed in reference_seeds]
    others = [seed for seed in now_seeds if seed not in reference_seeds]
    numbers = sum(int(np.prod(values.shape[1:])) for values in expected.values())
    moved: list[Moved] = []
    if shared:
        rows = [reference_seeds.index(seed) for seed in shared]
        for name in names:
            moved += _moved_with_same_seeds(ensemble[name].sel(seed=shared), expected[name][rows])
    if others:
        new = {name: ensemble[name].sel(seed=others) for name in names}
        with_any_seed = [
            row
            for name in names
            for row in _moved_with_any_seed(new[name], expected[name], contract[name], deterministic)
        ]
        reported = {row.label for row in with_any_seed}
        differences = [] if deterministic else compare_distributions(new, expected)
        moved += with_any_seed + [
            _moved_with_other_seeds(difference, len(others), len(reference_seeds))
            for difference in differences
            if difference.differs and difference.label not in reported
        ]
    smallest_sd = smallest_difference_sd(len(others), len(reference_seeds), numbers) if others else None
    return Check(
        experiment=resolved.name,
        same_seeds=len(shared),
        other_seeds=len(others),
        reference_seeds=len(reference_seeds),
        numbers=numbers,
        smallest_difference_sd=0.0 if deterministic else smallest_sd,
        needed=seeds_needed(len(reference_seeds), numbers),
        changed_parameters=[
            f"{name}: {reference['parameters'].get(name)} in the reference, {value} now"
            for name, value in resolved.values.items()
            if reference["parameters"].get(name) != value
        ],
        moved=moved,
    )


def _moved_with_same_seeds(statistic: xr.DataArray, expected: npt.NDArray[np.float64]) -> list[Moved]:
    tolerance = {"rtol": RELATIVE_TOLERANCE, "atol": resolution_of(statistic)}
    # NaN equals NaN: the statistic is not defined with this seed, as before.
    return [
        _moved_exactly(label, "same seeds", now, before, before)
        for label, now, before in paired_elements(statistic, expected)
        if not np.allclose(now, before, **tolerance, equal_nan=True)
    ]


def _moved_with_any_seed(
    statistic: xr.DataArray, expected: npt.NDArray[np.float64], variable: Variable, deterministic: bool
) -> list[Moved]:
    """Return what has moved of the numbers that do not depend on the seed, with seeds that the reference does not have.

    They are all where nothing is random. Where something is, they are those that many seeds of the reference share, and
    cannot share by chance. Rounding may put a seed as far from those of the reference as these are apart.
    """
    moved = []
    for label, now, before in paired_elements(statistic, expected):
        tolerance = rounding(before, resolution_of(statistic))
        shared = (
            len(before) >= MIN_SEEDS_FOR_CONSTANT
            and not variable.has_ties
            and bool(np.isfinite(before).all())
            and float(np.ptp(before)) <= tolerance
        )
        same = (before.min() - tolerance <= now) & (now <= before.max() + tolerance)
        # NaN equals NaN where no seed of the reference defines the statistic.
        same |= np.isnan(now) & np.isnan(before).all()
        if (deterministic or shared) and not same.all():
            moved.append(_moved_exactly(label, "any seed", now, before, np.full(len(now), before[0])))
    return moved


def _moved_exactly(
    label: str,
    how: str,
    now: npt.NDArray[np.float64],
    before: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
) -> Moved:
    difference = np.abs(now - expected)
    largest = math.inf if np.isnan(difference).any() else float(difference.max())
    return _moved(label, how, mean_and_sd(before), mean_and_sd(now), largest, 0.0, len(now), len(before))


def _moved_with_other_seeds(difference: Difference, n_now: int, n_reference: int) -> Moved:
    before, now = difference.theirs, difference.ours
    return _moved(
        difference.label, "other seeds", before, now, abs(now[0] - before[0]), difference.p, n_now, n_reference
    )


def _moved(
    label: str,
    how: str,
    reference: tuple[float, float],
    now: tuple[float, float],
    deviation: float,
    p: float,
    n_now: int,
    n_reference: int,
) -> Moved:
    standard_error = math.sqrt(reference[1] ** 2 / n_reference + now[1] ** 2 / n_now)
    difference = abs(now[0] - reference[0])
    return Moved(label, how, reference, now, deviation, difference / standard_error if standard_error else math.inf, p)
