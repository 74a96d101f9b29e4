"""All that was simulated around an experiment's printed parameters -> what was found about its claims."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from replasticity.definitions.experiments import Claim, Resolved
from replasticity.judging.claims import CONFIDENCE
from replasticity.robustness import designs, indices, sentences, stored
from replasticity.robustness.estimates import bounds_of, estimates, side_of
from replasticity.robustness.indices import ElementaryEffects, SobolIndices
from replasticity.robustness.runs import Values
from replasticity.robustness.summary import (
    Axis,
    ClaimFound,
    Effect,
    Neighbourhood,
    OneAtATime,
    Point,
    Refinement,
    Settled,
    Side,
    Summary,
)
from replasticity.storage import integrity
from replasticity.units import unit_of

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """What was simulated within one distance of the printed values, all parameters moved together.

    Attributes
    ----------
    within : float
        The distance, as a share of each printed value.
    axes : sequence of str
        The parameters, in the order of the designs' coordinates.
    rows, trajectories : sequence of Values
        Of `designs.sobol_rows` and `designs.morris_trajectories`, in their order from the first on; or none.
    """

    within: float
    axes: Sequence[str]
    rows: Sequence[Values] = ()
    trajectories: Sequence[Values] = ()

    @cached_property
    def row_values(self) -> FloatArray:
        """The values in the rows, shape (rows, axes + 2, seeds, claims)."""
        return _joined(self.rows, len(self.axes) + 2)

    @cached_property
    def trajectory_values(self) -> FloatArray:
        """The values on the trajectories, shape (trajectories, axes + 1, seeds, claims)."""
        return _joined(self.trajectories, len(self.axes) + 1)

    @cached_property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Whether the experiment takes the independent sets: those of A and B, shape (rows, 2)."""
        refused = np.array([bool(each) for part in self.rows for each in part.refused])
        return ~refused.reshape(-1, len(self.axes) + 2)[:, : designs.AB]


def _joined(parts: Sequence[Values], points: int) -> FloatArray:
    values = np.concatenate([part.value for part in parts])
    return values.reshape(-1, points, *values.shape[1:])


def neighbourhood(sample: Sample, claim: Claim, place: int, printed: Side, resolution: float = 0.0) -> Neighbourhood:
    """Return what was found about a claim within one distance of the printed values.

    The share of sets is counted over those of A and B, which are independent of each other. As they are spread more
    evenly than random ones, its interval is rather too wide than too narrow.

    Parameters
    ----------
    sample : Sample
        What was simulated.
    claim : Claim
        The claim.
    place : int
        Its place among the claims of the values.
    printed : {"holds", "does not hold", "undefined"}
        How it stands at the printed values.
    resolution : float
        Values of its statistic closer than this are equal.
    """
    empty = Neighbourhood(
        within=sample.within,
        sets=0,
        refused=0,
        undefined=0,
        same=None,
        same_interval=None,
        noise=None,
        effects=effects(sample, place, resolution),
    )
    if not sample.rows:
        return empty
    values = sample.row_values[:, : designs.AB, :, place][sample.accepted]
    sides = [side_of(claim, each) for each in estimates(claim, values)]
    found: dict[str, Any] = {
        "sets": len(sides),
        "refused": int((~sample.accepted).sum()),
        "undefined": sides.count("undefined"),
        "noise": indices.noise_share(values),
    }
    if sides:
        same = stats.binomtest(sides.count(printed), len(sides))
        interval = same.proportion_ci(CONFIDENCE)
        found |= {"same": float(same.statistic), "same_interval": (float(interval.low), float(interval.high))}
    return empty.model_copy(update=found)


def effects(sample: Sample, place: int, resolution: float = 0.0) -> list[Effect]:
    """Return what each parameter does to a claim's statistic, meaned over the seeds; the strongest first.

    Parameters
    ----------
    sample : Sample
        What was simulated.
    place : int
        The claim's place among those of the values.
    resolution : float
        As in `neighbourhood`.
    """
    of_sobol: list[SobolIndices | None] = [None] * len(sample.axes)
    of_morris: list[ElementaryEffects | None] = [None] * len(sample.axes)
    if sample.rows:
        of_sobol = indices.sobol_indices(sample.row_values[..., place].mean(axis=-1), resolution)
    if sample.trajectories:
        values = sample.trajectory_values[..., place].mean(axis=-1)
        points = designs.morris_trajectories(len(sample.axes), 0, len(values) - 1)
        of_morris = indices.elementary_effects(points, values, resolution)
    found = [_effect(*each) for each in zip(sample.axes, of_sobol, of_morris, strict=True) if any(each[1:])]
    return sorted(found, key=lambda each: (-(each.total or 0.0), -(each.mu_star or 0.0)))


def _effect(name: str, sobol: SobolIndices | None, morris: ElementaryEffects | None) -> Effect:
    content: dict[str, Any] = dict.fromkeys(Effect.model_fields) | {"parameter": name}
    if sobol is not None:
        content |= {"first": sobol.first.value, "first_interval": sobol.first.interval}
        content |= {"total": sobol.total.value, "total_interval": sobol.total.interval}
    if morris is not None:
        content |= {"mu_star": morris.mu_star.value, "mu_star_interval": morris.mu_star.interval, "sigma": morris.sigma}
    return Effect(**content)


@dataclass(frozen=True)
class Measured:
    """What was measured about one claim; see `replasticity.robustness.summary.ClaimFound`."""

    claim: Claim
    printed: Point
    one_at_a_time: Sequence[OneAtATime] = ()
    neighbourhoods: Sequence[Neighbourhood] = ()
    refinement: Refinement | None = None
    sizes: Sequence[OneAtATime] = ()
    settled: Settled | None = None


def claim_found(resolved: Resolved, measured: Measured) -> ClaimFound:
    """Return what was found about a claim, with its sentence."""
    claim = measured.claim
    lower, upper = bounds_of(claim)
    found = ClaimFound(
        id=claim.id,
        kind=claim.kind,
        statement=claim.statement,
        statistic=claim.statistic,
        units=unit_of(claim.statistic),
        test=claim.test,
        lower=lower,
        upper=upper,
        printed=measured.printed,
        one_at_a_time=sorted(measured.one_at_a_time, key=lambda each: sentences.distance(each, resolved.values)),
        neighbourhoods=sorted(measured.neighbourhoods, key=lambda each: each.within),
        refinement=measured.refinement,
        sizes=list(measured.sizes),
        settled=measured.settled,
        line="",
    )
    return found.model_copy(update={"line": sentences.line(found, resolved.values)})


def summary(
    resolved: Resolved,
    measured: Sequence[Measured],
    *,
    command: str,
    seeds: Sequence[int],
    runs: int,
    axes: Mapping[float, Sequence[Axis]],
    left_out: Mapping[str, str],
) -> Summary:
    """Return what was found about an experiment's claims.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    measured : sequence of Measured
        What was measured about each claim.
    command : str
        What makes it again.
    seeds : sequence of int
        Seeds of each set of parameters.
    runs : int
        Runs that were simulated for it.
    axes : mapping of float to sequence of Axis
        Distance -> the parameters moved within it.
    left_out : mapping of str to str
        Parameter that is not moved -> why.
    """
    content: dict[str, Any] = {
        "experiment": resolved.name,
        "title": resolved.experiment.title,
        "scale": resolved.canonical_scale,
        "command": command,
        "seeds": list(seeds),
        "runs": runs,
        "axes": {f"{within:g}": [each.model_dump(mode="json") for each in own] for within, own in axes.items()},
        "left_out": dict(left_out),
        "claims": [claim_found(resolved, each).model_dump(mode="json") for each in measured],
        **stored.digests(resolved),
    }
    return Summary.model_validate_json(json.dumps(integrity.sealed(content)))
