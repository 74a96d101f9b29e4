"""What was found about a claim, in one sentence. Of what was not measured it says nothing."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from replasticity.robustness.estimates import side_within
from replasticity.robustness.summary import (
    ClaimFound,
    Interval,
    Neighbourhood,
    OneAtATime,
    Refinement,
    Settled,
    Side,
)

#: So many parameters are named; further ones are counted.
_NAMED = 3

_STANDS: dict[Side, str] = {"holds": "holds", "does not hold": "does not hold", "undefined": "is undefined"}


def line(found: ClaimFound, printed: Mapping[str, Any]) -> str:
    """Return what was found about a claim in one sentence.

    Parameters
    ----------
    found : ClaimFound
        What was found; its own line is passed over.
    printed : mapping of str to value
        The experiment's parameters.

    Returns
    -------
    str
        Its parts with semicolons between them; empty if nothing was measured.
    """
    parts = [
        _shares(found.neighbourhoods, found.printed.side),
        _flips(found.one_at_a_time, printed, "parameter"),
        _time_steps(found.refinement, found),
        _flips(found.sizes, printed, "size"),
        _seeds(found.settled),
    ]
    return "; ".join(filter(None, parts))


def distance(along: OneAtATime, printed: Mapping[str, Any]) -> float:
    """Return how far the nearest flip is from the printed value, as a share of it; infinite without a flip."""
    own = _own(along, printed)
    return min((abs(_middle(each) - own) / (abs(own) or 1.0) for each in along.flips), default=math.inf)


def _shares(neighbourhoods: Sequence[Neighbourhood], side: Side) -> str:
    shares = [
        f"{_percent(each.same)} % [{', '.join(map(_percent, each.same_interval))}]{{}} within {100 * each.within:g} %"
        for each in neighbourhoods
        if each.same is not None and each.same_interval is not None
    ]
    if not shares:
        return ""
    first, *others = shares
    return f"{_STANDS[side]} for {_listed([first.format(' of parameter sets'), *(each.format('') for each in others)])}"


def _flips(along: Sequence[OneAtATime], printed: Mapping[str, Any], kind: str) -> str:
    """Return which of the parameters, or of the sizes, turn the claim, and where."""
    turned = [_turned(each, printed) for each in along if any(point.turned for point in each.points)]
    if turned:
        more = len(turned) - _NAMED
        return f"turned by {_listed(turned[:_NAMED] + [_counted(more, 'other')] * (more > 0))}"
    return f"{_not_turned(any(each.flips for each in along))} along {_counted(len(along), kind)}" if along else ""


def _not_turned(changes_sides: bool) -> str:
    """Return that nothing turned a claim: an estimate may change sides by chance."""
    return "no flip was shown with these seeds" if changes_sides else "no flip was seen"


def _turned(along: OneAtATime, printed: Mapping[str, Any]) -> str:
    """Return where a parameter turns a claim."""
    own = _own(along, printed)
    name = along.parameter if own == printed[along.parameter] else f"a factor on {along.parameter}"
    turned = [point.value for point in along.points if point.turned]
    if not along.flips:
        return f"{name} = {' or '.join(map(_written, turned))}"
    nearest = [max((each for each in turned if each < own), default=None)]
    nearest.append(min((each for each in turned if each > own), default=None))
    return f"{name} {' and '.join(_region(each, own, along.flips) for each in nearest if each is not None)}"


def _region(turned: float, own: float, flips: Sequence[Interval]) -> str:
    """Return where a claim is turned around a value: from the flip towards the printed one to the one beyond it."""
    sign = 1 if turned < own else -1
    # As if it were below the printed value.
    brackets = sorted((min(sign * low, sign * high), max(sign * low, sign * high)) for low, high in flips)
    near = [each for each in brackets if sign * turned <= each[0] < sign * own]
    far = [each for each in brackets if each[1] <= sign * turned]

    def place(bracket: Interval, end: int) -> str:
        # Between two whole numbers there is none.
        return _written(sign * (bracket[end] if isinstance(own, int) else _middle(bracket)))

    if not near:
        return f"at {_written(turned)}"
    if not far:
        return f"{'below' if sign > 0 else 'above'} {place(near[0], 1)}"
    ends = place(far[-1], 0), place(near[0], 1)
    return "between {} and {}".format(*ends[::sign])


def _time_steps(refinement: Refinement | None, found: ClaimFound) -> str:
    if refinement is None or len(refinement.points) < 2:
        return ""
    first, *others = refinement.points
    limit = refinement.limit
    if refinement.grid_effect:
        return f"a grid effect of dt_ms: {_written(first.estimate)} at {_written(first.value)}, {_written(limit)} at 0"
    if turned := [_written(each.value) for each in others if each.turned]:
        return f"turned at dt_ms = {' or '.join(turned)}"
    none = _not_turned(any(each.side != first.side for each in others))
    text = f"{none} down to dt_ms = {_written(min(each.value for each in others))}"
    if limit is None:
        return text
    same = side_within((found.lower, found.upper), limit) == first.side
    return f"{text}{', nor in the limit' if same else ', the limit is open'}"


def _seeds(settled: Settled | None) -> str:
    if settled is None:
        return ""
    if settled.seeds is None:
        return f"not settled with {_counted(settled.of, 'seed')}"
    return f"settled with {_counted(settled.seeds, 'seed')}"


def _own(along: OneAtATime, printed: Mapping[str, Any]) -> Any:
    """Return the printed value on the scale of the points, which is 1 if they are factors on a list."""
    own = printed[along.parameter]
    return own if any(point.value == own for point in along.points) else 1.0


def _middle(bracket: Interval) -> float:
    return (bracket[0] + bracket[1]) / 2


def _percent(share: float) -> str:
    """Return a share in percent: only all is 100, and only none 0."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return ">99"
    return "<1" if rounded == 0 and share > 0 else f"{rounded}"


def _written(value: Any) -> str:
    """Return a value as in a YAML file; numbers with three digits."""
    if isinstance(value, float):
        return f"{float(f'{value:.3g}'):.10g}"
    return value if isinstance(value, str) else json.dumps(value)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _listed(texts: Sequence[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
