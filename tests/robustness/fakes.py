"""Summaries like those that many runs would give, made up of straight lines in a moment."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Claim
from replasticity.reporting.robustness_figure import Sets
from replasticity.robustness import stored
from replasticity.robustness.summary import Summary
from replasticity.storage import integrity

DISTANCES = (0.1, 0.5)
FACTORS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)


class Line(NamedTuple):
    """How a claim's estimate depends on anything: a straight line from a printed value inside the bounds."""

    printed: float
    lower: float
    upper: float

    @classmethod
    def of(cls, claim):
        """Return the line of a claim; a bound that it does not have is far away."""
        lower, upper = (claim.lower, claim.upper) if claim.share is None else (claim.share, 1.0)
        width = upper - lower if None not in (lower, upper) else abs(upper if lower is None else lower) or 1.0
        lower, upper = (upper - 9 * width if lower is None else lower), (lower + 9 * width if upper is None else upper)
        return cls(min(lower + width / 2, upper - width / 2), lower, upper)

    @property
    def scale(self):
        """Return the distance from the printed estimate to the nearest bound."""
        return min(self.printed - self.lower, self.upper - self.printed)

    def at(self, x):
        """Return the estimate at so many distances to the nearest bound."""
        return self.printed + x * self.scale

    def point(self, value, x):
        """Return a point as a summary has it; undefined where `x` is None."""
        if x is None:
            return {"value": value, "estimate": None, "interval": None, "side": "undefined", "turned": False}
        estimate = self.at(x)
        side = "holds" if self.lower <= estimate <= self.upper else "does not hold"
        interval = _interval(estimate, 0.1 * self.scale)
        turned = interval[1] < self.lower or interval[0] > self.upper
        return {"value": value, "estimate": round(estimate, 6), "interval": interval, "side": side, "turned": turned}


LONG_NAMES = [f"{kind}_of_the_{what}_ms" for kind in ("tau_decay", "tau_rise", "delay") for what in (
    "homeostatic_trace", "membrane", "adaptation_current", "refractory_threshold", "dopamine", "eligibility_trace",
    "slow_trace", "fast_trace", "conductance", "global_factor",
)]  # fmt: skip


def _interval(value: float, half: float) -> list[float]:
    return [round(value - half, 6), round(value + half, 6)]


def _along(line: Line, name: str, printed: float, slope: float) -> dict[str, Any]:
    """Return a claim along a parameter whose double moves the estimate by so many distances to the bound."""
    points = [line.point(round(printed * factor, 6), slope * (factor - 1)) for factor in FACTORS]
    bounds = ((bound - line.printed) / line.scale for bound in (line.lower, line.upper))
    crossings = sorted(1 + bound / slope for bound in bounds) if slope else []
    flips = [_interval(printed * each, 0.001 * printed) for each in crossings if FACTORS[0] < each < FACTORS[-1]]
    return {"parameter": name, "points": points, "flips": flips}


def _effect(name: str, share: float, within: float) -> dict[str, Any]:
    return {
        "parameter": name,
        "first": round(share, 4),
        "first_interval": _interval(share, 0.03),
        "total": round(1.05 * share, 4),
        "total_interval": _interval(1.05 * share, 0.04),
        "mu_star": round(share * within, 4),
        "mu_star_interval": _interval(share * within, 0.01),
        "sigma": 0.01,
    }


def _claim(claim: Claim, printed: dict[str, float], random: np.random.Generator) -> dict[str, Any]:
    slopes = dict(zip(printed, random.normal(0, 2, len(printed)).tolist(), strict=True))
    shares = {name: slope**2 / sum(each**2 for each in slopes.values()) for name, slope in slopes.items()}
    strongest = sorted(shares, key=lambda name: -shares[name])
    line = Line.of(claim)
    along = [_along(line, name, value, slopes[name]) for name, value in printed.items()]
    methods = [line.point("euler", 0), line.point("exact", -1.5), line.point("midpoint", None)]
    choice = {"parameter": "solver", "points": methods, "flips": []}
    first = next((each for each in along if each["flips"]), None)
    turned = f"; turned by {first['parameter']} below {np.mean(first['flips'][0]):.3g}" if first else ""
    return {
        "id": claim.id,
        "kind": claim.kind,
        "statement": claim.statement,
        "statistic": claim.statistic,
        "units": "1",
        "test": claim.test,
        "lower": claim.lower if claim.share is None else claim.share,
        "upper": claim.upper if claim.share is None else None,
        "printed": line.point(None, 0),
        "one_at_a_time": [*sorted(along, key=lambda each: not each["flips"]), choice],
        "neighbourhoods": [
            {
                "within": within,
                "sets": 256,
                "refused": 3,
                "undefined": 2,
                "same": same,
                "same_interval": _interval(same, 0.03),
                "noise": 0.04,
                "effects": [_effect(name, shares[name], within) for name in strongest],
            }
            for within, same in zip(DISTANCES, (0.9375, 0.625), strict=True)
        ],
        "refinement": {
            "points": [line.point(dt, 3 * dt - 0.3) for dt in (0.1, 0.05, 0.025, 0.01)],
            "limit": line.at(-0.3),
            "limit_interval": _interval(line.at(-0.3), 0.1 * line.scale),
            "grid_effect": False,
            "refused": {},
        },
        "sizes": [_along(line, "population_size", 1000, 0.05)],
        "settled": {"seeds": 9, "of": 12, "verdict": "reproduced"},
        "line": f"holds for 93.8 % [90.8, 96.8] of parameter sets within 10 %{turned}; independent of dt_ms; "
        "settled with 9 seeds",
    }


def summary(
    name: str = "zenke2015",
    parameters: Sequence[str] = ("eta_nS_s", "tau_stdp_ms"),
    claims: Sequence[Claim] = (),
    **changes: Any,
) -> dict[str, Any]:
    """Return a summary as it is stored, sealed.

    Parameters
    ----------
    name : str
        An experiment.
    parameters : sequence of str
        Names of the parameters that are said to be moved.
    claims : sequence of Claim
        The claims; without any, the published ones of the experiment.
    **changes
        Keys of the summary that say something else.
    """
    resolved = experiments.resolve(name, "standard")
    random = np.random.default_rng(21)
    # What the experiment does not have is made up, too.
    made_up = np.round(random.uniform(1, 50, len(parameters)), 2).tolist()
    printed = {each: resolved.values.get(each, value) for each, value in zip(parameters, made_up, strict=True)}
    chosen = claims or [claim for claim in resolved.experiment.claims if claim.kind == "published"]
    content = {
        "experiment": name,
        "title": resolved.experiment.title,
        "scale": "standard",
        "command": f"python -m replasticity robustness {name} --within 10% --budget 10min",
        "seeds": list(range(101_001, 101_013)),
        "runs": 12_000,
        "axes": {
            str(within): [
                {"name": each, "printed": value, "low": round(value * (1 - within), 6),
                 "high": round(value * (1 + within), 6), "values": [], "cut": ""}
                for each, value in printed.items()
            ]
            for within in DISTANCES
        },
        "left_out": {"dt_ms": "has its own panel", "pre_times_ms": "a list of times"},
        "claims": [_claim(claim, printed, random) for claim in chosen],
        **stored.digests(resolved),
    }  # fmt: skip
    sealed = integrity.sealed(content | changes)
    Summary.model_validate(sealed, strict=False)
    return sealed


def large() -> dict[str, Any]:
    """Return a summary of 30 parameters with long names, and of 8 claims with long statements."""
    first = experiments.load("zenke2015").claims[0]
    statement = (
        "The weight of a plastic synapse grows in proportion to the time for which the population rate has been above "
        "its target, and shrinks in proportion to the time below it, over at least two orders of magnitude"
    )
    claims = [first.model_copy(update={"id": f"claim-{k}", "statement": f"{statement} ({k})"}) for k in range(8)]
    return summary(parameters=LONG_NAMES, claims=claims)


def sets(content: dict[str, Any], number: int = 256) -> Sets:
    """Return sets of parameters within the larger distance, and on which side each claim is there."""
    axes = content["axes"][str(DISTANCES[-1])]
    random = np.random.default_rng(22)
    values = {axis["name"]: random.uniform(*sorted((axis["low"], axis["high"])), number) for axis in axes}
    sides = {}
    for claim in content["claims"]:
        along = {each["parameter"]: [point["estimate"] for point in each["points"]] for each in claim["one_at_a_time"]}
        estimate = claim["printed"]["estimate"] + sum(
            (along[axis["name"]][-1] - along[axis["name"]][0]) * (values[axis["name"]] / axis["printed"] - 1)
            for axis in axes
        )
        lower, upper = (
            math.inf * sign if claim[key] is None else claim[key] for key, sign in (("lower", -1), ("upper", 1))
        )
        side = np.where((lower <= estimate) & (estimate <= upper), "holds", "does not hold").astype(object)
        side[:2] = "undefined"
        sides[claim["id"]] = side.tolist()
    return Sets(DISTANCES[-1], values, sides)
