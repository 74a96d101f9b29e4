"""What is simulated for a budget: parts of the work in an order that a larger budget goes on with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from replasticity.definitions.budgets import Budget
from replasticity.definitions.experiments import Resolved
from replasticity.robustness import along, designs
from replasticity.robustness.runs import Changes, Part, Simulation
from replasticity.robustness.space import Space, neighbourhood

#: Morris trajectories within each distance, and so many of them are a part.
TRAJECTORIES, TRAJECTORIES_OF_A_PART = 10, 5

#: Rows of a Sobol' design: the fewest that are simulated, and the most; and the most of a part.
FEWEST_ROWS, MOST_ROWS, ROWS_OF_A_PART = 16, 2**12, 32


def spaces_of(resolved: Resolved, within: Sequence[float]) -> dict[float, Space]:
    """Return distance -> the parameters that are moved within it."""
    return {each: neighbourhood(resolved, each) for each in within}


def plan(simulation: Simulation, spaces: Mapping[float, Space], budget: Budget) -> list[Part]:
    """Return the parts that a budget allows: those of a smaller budget, and more.

    The printed parameters, one parameter at a time, time steps and sizes come first; then Morris trajectories, and
    Sobol' designs whose number of rows is doubled, for each distance in turn. What a bisection asks for is not known
    before and not counted.

    Parameters
    ----------
    simulation : Simulation
        The experiment, with seeds and claims.
    spaces : mapping of float to Space
        From `spaces_of`.
    budget : Budget
        How much is simulated. The printed parameters are so in any case.
    """
    left = budget.runs(simulation.resolved.experiment.resources.seconds_per_run)
    parts: list[Part] = []
    for together in _steps(simulation, spaces):
        left -= sum(runs_of(simulation, part) for part in together)
        if parts and left < 0:
            break
        parts += together
    return parts


def runs_of(simulation: Simulation, part: Part) -> float:
    """Return how many runs a part needs; one that takes longer than the printed one, as with a time step, is several.

    Within a neighbourhood all count as one.
    """
    is_near = isinstance(part.points, _Block)
    return len(simulation.seeds) * (len(part.points) if is_near else sum(map(simulation.relative_cost, part.points)))


def _steps(simulation: Simulation, spaces: Mapping[float, Space]) -> Iterator[list[Part]]:
    """Yield the parts, those together that are of no use without each other."""
    yield [Part("printed", [{}])]
    for part in along.parts(simulation, spaces):
        yield [part]
    moved = {within: space for within, space in spaces.items() if space.axes}
    for within, space in moved.items():
        yield _blocks(space, within, "morris", range(0, TRAJECTORIES, TRAJECTORIES_OF_A_PART), TRAJECTORIES_OF_A_PART)
    rows = 0
    while moved and rows < MOST_ROWS:
        more = max(FEWEST_ROWS, rows)
        for within, space in moved.items():
            length = min(more, ROWS_OF_A_PART)
            yield _blocks(space, within, "sobol", range(rows, rows + more, length), length)
        rows += more


def _blocks(space: Space, within: float, design: str, firsts: range, length: int) -> list[Part]:
    return [
        Part(f"within-{within:g}/{design}-{first}-{first + length - 1}", _Block(space, design, first, length))
        for first in firsts
    ]


#: Design -> its points, and how many one trajectory or row has beside one for each axis.
_DESIGNS = {"morris": (designs.morris_trajectories, 1), "sobol": (designs.sobol_rows, 2)}


@dataclass(frozen=True)
class _Block(Sequence[Changes]):
    """Points of a design, made when they are asked for: there may be a million in a plan."""

    space: Space
    design: str
    first: int
    length: int

    def __len__(self) -> int:
        return self.length * (len(self.space.axes) + _DESIGNS[self.design][1])

    def __getitem__(self, place: Any) -> Any:
        return self._points[place]

    @cached_property
    def _points(self) -> list[Changes]:
        axes = len(self.space.axes)
        found = _DESIGNS[self.design][0](axes, self.first, self.first + self.length - 1)
        return [self.space.changes(point) for point in found.reshape(-1, axes)]
