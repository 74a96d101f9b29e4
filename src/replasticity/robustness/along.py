"""Claims along one parameter at a time, over time steps, over sizes and over the number of seeds.

A claim is called turned at a point where the seeds show it on one side of its bounds at the printed parameters, and on
the other at that point. The first is tested at 5 %, the second at 5 % over all points at which it is asked. Where a
claim is on one side at all of them, one of the two has to go wrong: in 10 % of all experiments at most, in 5 % unless
the claim is at its bounds at the printed parameters and far from them elsewhere (tests/robustness/test_along.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from replasticity.definitions.experiments import Resolved
from replasticity.judging.claims import CONFIDENCE, SIGNIFICANCE, Case, judge, weigh
from replasticity.judging.evaluation import case_of
from replasticity.robustness.estimates import bounds_of, estimates, point_of, side_of
from replasticity.robustness.findings import Measured
from replasticity.robustness.runs import Changes, Part, Simulation, Values
from replasticity.robustness.space import Space, changed, sizes_of, time_steps
from replasticity.robustness.summary import Axis, Interval, OneAtATime, Point, Refinement, Settled, Side

FloatArray = npt.NDArray[np.float64]

#: A flip is found to this share of the printed value, or by so many halvings of the distance between two points.
_NARROW, _HALVINGS = 0.01, 12

#: The parts with the printed parameters and with time steps.
PRINTED, STEPS = "printed", "steps"


@dataclass(frozen=True)
class Path:
    """A parameter that is moved alone.

    Attributes
    ----------
    kind : {"one", "size"}
        What its part's name begins with.
    space : Space
        What the parameter is moved in.
    axis : Axis
        The parameter.
    values : list
        Its values, without the printed one; of a list, factors on it.
    """

    kind: str
    space: Space
    axis: Axis
    values: list[Any]

    @property
    def part(self) -> str:
        """Name of its part."""
        return f"{self.kind}-{self.axis.name}"

    @property
    def printed(self) -> Any:
        """The printed value; of a list, the factor 1."""
        return 1.0 if isinstance(self.axis.printed, list) and not self.axis.values else self.axis.printed

    @property
    def points(self) -> list[Changes]:
        """The changes of its values."""
        return [self.space.at(self.axis, value) for value in self.values]

    def value_of(self, changes: Changes) -> Any:
        """Return the value that a point of the path has."""
        value = changes.get(self.axis.name, self.axis.printed)
        if self.axis.values or not isinstance(value, list):
            return value
        old, new = np.array(_flat(self.axis.printed)), np.array(_flat(value))
        largest = int(np.argmax(np.abs(old)))
        return float(f"{new[largest] / old[largest]:.12g}")


def _flat(value: Any) -> list[float]:
    return [leaf for each in value for leaf in _flat(each)] if isinstance(value, list) else [value]


def paths(resolved: Resolved, spaces: Mapping[float, Space]) -> list[Path]:
    """Return the parameters that are moved alone, and the sizes after them.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    spaces : mapping of float to Space
        Distance -> what is moved within it.
    """
    found: dict[str, Path] = {}
    for space in spaces.values():
        for axis in (*space.axes, *space.choices):
            before = found[axis.name].values if axis.name in found else []
            values = [each for each in (axis.values or (axis.low, axis.high)) if each not in before]
            path = Path("one", space, axis, [*before, *values])
            found[axis.name] = replace(path, values=[each for each in path.values if each != path.printed])
    space = next(iter(spaces.values()))
    for name, sizes in sizes_of(resolved).items():
        printed = resolved.values[name]
        axis = Axis(name=name, printed=printed, low=min(sizes), high=max(sizes), values=[], cut="")
        found[f"size {name}"] = Path("size", space, axis, [each for each in sizes if each != printed])
    return [path for path in found.values() if path.values]


def parts(simulation: Simulation, spaces: Mapping[float, Space]) -> Iterator[Part]:
    """Yield the parts for one parameter at a time, then for time steps, then for sizes.

    The printed parameters are a part of their own, ``printed``. Where a claim is turned, further points narrow down
    where its estimate changes sides.

    Parameters
    ----------
    simulation : Simulation
        The experiment, with seeds and claims.
    spaces : mapping of float to Space
        Distance -> what is moved within it.
    """
    resolved = simulation.resolved
    found, asked = paths(resolved, spaces), _asked(resolved, spaces)
    # Made by whoever is the first to need it.
    printed = cache(lambda: simulation.make(Part(PRINTED, [{}])))

    def of(path: Path) -> Part:
        return Part(path.part, path.points, lambda values: _further(simulation, path, printed(), values, asked))

    yield from (of(path) for path in found if path.kind == "one")
    if finer := time_steps(resolved)[1:]:
        yield Part(STEPS, [changed(resolved, {"dt_ms": each}) for each in finer])
    yield from (of(path) for path in found if path.kind == "size")


def _asked(resolved: Resolved, spaces: Mapping[float, Space]) -> int:
    """Return at how many points it is asked whether a claim is turned; those of bisections follow from one of these."""
    return sum(len(path.values) for path in paths(resolved, spaces)) + len(time_steps(resolved)[1:])


def _further(simulation: Simulation, path: Path, printed: Values, values: Values, asked: int) -> list[Changes]:
    """Return the points between those at which the estimate of a claim that is turned changes sides."""
    if path.axis.values:
        return []
    refused = [path.value_of(each) for each, why in zip(values.changes, values.refused, strict=True) if why]
    wanted: list[Any] = []
    for place in range(len(simulation.claims)):
        points = _points(simulation, path, printed, values, place, asked)
        if any(point.turned for point in points):
            wanted += [each for each in halfway(points, refused, path) if each not in wanted]
    return [path.space.at(path.axis, value) for value in wanted]


def halfway(points: Sequence[Point], refused: Sequence[Any], path: Path) -> list[Any]:
    """Return the values in the middle between neighbouring points of different sides, where these are not near enough.

    Parameters
    ----------
    points : sequence of Point
        Points along a parameter, in order; the printed one is among them.
    refused : sequence
        Values at which nothing could be simulated.
    path : Path
        The parameter.

    Returns
    -------
    list
        None where neighbours are 1 % of the printed value apart, have been halved 12 times, or have no other whole
        number or time on the grid between them; or where a value between them was refused.
    """
    step = path.space.step(path.axis)
    planned = sorted({path.printed, *path.values})
    found: list[Any] = []
    for one, other in pairwise(points):
        low, high = one.value, other.value
        first = max(each for each in planned if each <= low)
        last = min(each for each in planned if each >= high)
        near = max(_NARROW * abs(path.printed), (last - first) / 2**_HALVINGS, (step or 0.0) * 1.5)
        if one.side == other.side or high - low <= near or any(low < each < high for each in refused):
            continue
        middle = (low + high) / 2
        middle = middle if step is None else low + round((middle - low) / step) * step
        found.append(round(middle) if isinstance(path.printed, int) else float(f"{middle:.12g}"))
    return found


def found(simulation: Simulation, spaces: Mapping[float, Space], values: Mapping[str, Values], place: int) -> Measured:
    """Return what was found about a claim along parameters, time steps, sizes and seeds.

    Parameters
    ----------
    simulation : Simulation
        The experiment, with seeds and claims.
    spaces : mapping of float to Space
        Distance -> what is moved within it.
    values : mapping of str to Values
        The parts that there are, by their names; that with the printed parameters is one of them.
    place : int
        The claim's place among those of the simulation.
    """
    resolved, printed = simulation.resolved, values[PRINTED]
    asked = _asked(resolved, spaces)
    own = _case(simulation, printed.value[0], place)
    lines: dict[str, list[OneAtATime]] = {"one": [], "size": []}
    for path in paths(resolved, spaces):
        if path.part in values:
            points = _points(simulation, path, printed, values[path.part], place, asked)
            between = [] if path.axis.values else flips(points)
            lines[path.kind].append(OneAtATime(parameter=path.axis.name, points=points, flips=between))
    refined = None
    if STEPS in values:
        cases = {
            changes["dt_ms"]: why or _case(simulation, each, place)
            for changes, each, why in zip(
                values[STEPS].changes, values[STEPS].value, values[STEPS].refused, strict=True
            )
        }
        refined = refinement({resolved.values["dt_ms"]: own} | cases, asked)
    return Measured(
        claim=own.claim,
        printed=point_of("printed", own),
        one_at_a_time=lines["one"],
        refinement=refined,
        sizes=lines["size"],
        settled=settled(own),
    )


def _case(simulation: Simulation, values: FloatArray, place: int) -> Case:
    return case_of(simulation.claims[place], simulation.resolved.experiment, values[:, place], simulation.seeds)


def _points(simulation: Simulation, path: Path, printed: Values, values: Values, place: int, asked: int) -> list[Point]:
    """Return a claim along a parameter, in order, with its printed value; without what was refused."""
    own = _case(simulation, printed.value[0], place)
    at = {
        path.value_of(changes): _case(simulation, each, place)
        for changes, each, why in zip(values.changes, values.value, values.refused, strict=True)
        if not why
    }
    known = {path.printed: point_of(path.printed, own)} | {
        value: point_of(value, case, turned(own, case, asked)) for value, case in at.items()
    }
    order = [each for each in path.axis.values if each in known] if path.axis.values else sorted(known)
    return [known[value] for value in order]


def flips(points: Sequence[Point]) -> list[Interval]:
    """Return the brackets between whose ends a claim's estimate changes sides, of points in order."""
    return [(one.value, other.value) for one, other in pairwise(points) if one.side != other.side]


def turned(printed: Case, case: Case, asked: int) -> bool:
    """Return True if the seeds show that a claim is on another side of its bounds than at the printed parameters.

    Parameters
    ----------
    printed, case : Case
        The claim with its statistic at the printed parameters, and at others.
    asked : int
        At so many points this is asked of the claim.
    """
    side = _side(printed)
    if printed.deterministic:
        return _side(case) != side
    if side == "undefined":
        return False
    return _is_shown(case, "does not hold" if side == "holds" else "holds", asked) and _is_shown(printed, side, 1)


def _side(case: Case) -> Side:
    return side_of(case.claim, float(estimates(case.claim, case.values)))


def _is_shown(case: Case, side: Side, asked: int) -> bool:
    evidence = weigh(case)
    p = evidence.p if side == "holds" else evidence.p_against
    return p is not None and p * asked < SIGNIFICANCE


def refinement(steps: Mapping[float, Case | str], asked: int) -> Refinement:
    """Return a claim over time steps.

    The limit at a step of 0 is that of a line. Where something is random, each seed has a line through all steps, and
    the interval is that of the mean of their limits: whatever noise the steps of a seed share is in it. Where nothing
    is, the line goes through the two finest steps.

    Parameters
    ----------
    steps : mapping of float to Case or str
        Step -> the claim with its statistic there, or why it could not be simulated; the printed step first.
    asked : int
        As in `turned`.
    """
    cases = {step: case for step, case in steps.items() if isinstance(case, Case)}
    own = next(iter(cases.values()))
    side = _side(own)
    limit, interval = _limit({step: case for step, case in cases.items() if _side(case) != "undefined"})
    if own.deterministic:
        grid_effect = limit is not None and side_of(own.claim, limit) != side
    else:
        grid_effect = interval is not None and _is_shown(own, side, 1) and _lies_beyond(own, side, interval)
    return Refinement(
        points=[point_of(step, case, case is not own and turned(own, case, asked)) for step, case in cases.items()],
        limit=limit,
        limit_interval=interval,
        grid_effect=grid_effect,
        refused={f"{step:g}": why for step, why in steps.items() if isinstance(why, str)},
    )


def _lies_beyond(case: Case, side: Side, interval: Interval) -> bool:
    """Return True if an interval lies wholly on another side of a claim's bounds."""
    (lower, upper), (low, high) = bounds_of(case.claim), interval
    if side == "holds":
        return (lower is not None and high < lower) or (upper is not None and low > upper)
    return all(side_of(case.claim, end) == "holds" for end in interval)


def _limit(cases: Mapping[float, Case]) -> tuple[float | None, Interval | None]:
    """Return the estimate at a step of 0 and its interval, if there are two steps, and something is random."""
    if len(cases) < 2:
        return None, None
    steps = sorted(cases)
    case = cases[steps[0]]
    # Of each seed, what the estimate is the mean of: the statistic, or whether it is in the range.
    values = np.array([estimates(case.claim, cases[step].values[:, np.newaxis]) for step in steps])
    if case.deterministic:
        return float(stats.linregress(steps[:2], values[:2, 0]).intercept), None
    _, limits = np.polyfit(steps, values, 1)
    interval = None
    if np.ptp(limits) > 0:
        low, high = map(float, stats.ttest_1samp(limits, 0.0).confidence_interval(CONFIDENCE))
        interval = (low, high)
    return float(limits.mean()), interval


def settled(case: Case) -> Settled | None:
    """Return with how many seeds the verdict on a claim, judged alone, is what it is with all and stays so.

    Parameters
    ----------
    case : Case
        The claim with its statistic of each seed.

    Returns
    -------
    Settled or None
        None where nothing is random.
    """
    if case.deterministic:
        return None
    count = len(case.values)
    verdicts = [judge([replace(case, values=case.values[:n])])[0].verdict for n in range(1, count + 1)]
    last = next((n for n in range(count, 0, -1) if verdicts[n - 1] != verdicts[-1]), 0)
    return Settled(seeds=last + 1 if last + 1 < count else None, of=count, verdict=verdicts[-1])
