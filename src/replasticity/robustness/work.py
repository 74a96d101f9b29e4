"""What is asked about an experiment, the parts of the work on it, and what was found when all of them are there."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from replasticity.definitions import experiments
from replasticity.definitions.budgets import Budget, budget_of, within_of
from replasticity.definitions.configuration import Configuration
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.robustness import along, findings, plan
from replasticity.robustness.runs import Part, Simulation, Values, claims_of, seeds_of
from replasticity.robustness.space import Space
from replasticity.robustness.summary import Summary
from replasticity.storage import files, integrity, project
from replasticity.study import protocols

#: As many parts share a job of the workflow as are made in this time, or in a longer one that is configured [s].
LEAST_JOB_S = 60.0


@dataclass(frozen=True)
class Work:
    """The work on an experiment.

    Attributes
    ----------
    simulation : Simulation
        The experiment, with seeds and claims.
    spaces : mapping of float to Space
        Distance -> the parameters that are moved within it.
    parts : list of Part
        The parts.
    """

    simulation: Simulation
    spaces: Mapping[float, Space]
    parts: list[Part]


class Request(NamedTuple):
    """What is asked about an experiment: all that its parts follow from, as plain values that another process can read.

    Attributes
    ----------
    experiment, scale : str
        Its name and scale.
    changes : str
        Parameters with other values than the experiment's, as JSON.
    within : tuple of float
        Distances from the printed values, as shares of them, the nearest first.
    budget : Budget
        How much is simulated.
    seeds : int
        Seeds of each set of parameters.
    """

    experiment: str
    scale: str
    changes: str
    within: tuple[float, ...]
    budget: Budget
    seeds: int

    def resolved(self) -> Resolved:
        """Return the experiment; errors as in `experiments.resolve`."""
        return experiments.resolve(self.experiment, self.scale, json.loads(self.changes))

    def work(self) -> Work:
        """Return the work; it is planned once.

        Raises
        ------
        UserError
            If there is no such experiment, or it has no claims.
        """
        return _planned(self)

    @property
    def arguments(self) -> str:
        """Command-line arguments that ask for this."""
        within = ",".join(f"{100 * each:.10g}%" for each in self.within)
        return f"{self.resolved().arguments} --within {within} --budget {self.budget} --seeds {self.seeds}"


@lru_cache
def _planned(request: Request) -> Work:
    resolved = request.resolved()
    claims = claims_of(resolved)
    if not claims:
        raise UserError(f"{resolved.name}: has no claims, so there is nothing whose robustness could be asked for")
    simulation = Simulation(resolved, seeds_of(resolved, request.seeds), claims)
    spaces = plan.spaces_of(resolved, request.within)
    return Work(simulation, spaces, plan.plan(simulation, spaces, request.budget))


class Task(NamedTuple):
    """A part to make, in this process or another.

    Attributes
    ----------
    request : Request
        What is asked.
    place : int
        Place of the part in the work.
    """

    request: Request
    place: int

    def __str__(self) -> str:
        return f"{self.request.experiment}, {self.request.work().parts[self.place].name}"

    def result(self) -> int:
        """Make the part, and return the number of points that it began with; errors as in `Simulation.make`."""
        work = self.request.work()
        part = work.parts[self.place]
        work.simulation.make(part)
        return len(part.points)


def jobs(work: Work, job_seconds: float) -> dict[str, range]:
    """Return the places of the parts that share a job of the workflow, by the name of its record.

    Parameters
    ----------
    work : Work
        The work.
    job_seconds : float
        As many parts share a job as are made in this time [s], or in `LEAST_JOB_S`.

    Returns
    -------
    dict of str to range
        Such as ``{"1-17": range(0, 17)}``.
    """
    found: list[range] = []
    left = 0.0
    for place in range(len(work.parts)):
        seconds = seconds_of(work, [place])
        left -= seconds
        if left < 0 or not found:
            found.append(range(place, place))
            left = max(LEAST_JOB_S, job_seconds) - seconds
        found[-1] = range(found[-1].start, place + 1)
    return {_name(each): each for each in found}


def seconds_of(work: Work, places: Sequence[int]) -> float:
    """Return roughly how long some parts take [s]."""
    seconds = work.simulation.resolved.experiment.resources.seconds_per_run
    return seconds * sum(plan.runs_of(work.simulation, work.parts[place]) for place in places)


def runtime_min(work: Work, places: range) -> int:
    """Return the time limit of a job [min]: ten times what its runs take, and ten minutes at least."""
    return math.ceil(max(600.0, 10 * seconds_of(work, places)) / 60)


def make_together(request: Request, places: range) -> None:
    """Make the parts of a job of the workflow, and write its record: the SHA-256 and the size of each part's file.

    Raises
    ------
    UserError
        If there are no such parts; others as in `Simulation.make`.
    """
    work = request.work()
    if not 0 <= places.start < places.stop <= len(work.parts):
        raise UserError(f"--parts {_name(places)}: there are the parts 1-{len(work.parts)} for this budget")
    record = project.robustness_record_file(work.simulation.folder, _name(places))
    record.unlink(missing_ok=True)
    for place in places:
        Task(request, place).result()
    paths = {work.parts[place].name: work.simulation.file_of(work.parts[place]) for place in places}
    made = {
        "sha256": {name: integrity.of_file(path) for name, path in paths.items()},
        "bytes": {name: path.stat().st_size for name, path in paths.items()},
    }
    files.write_bytes((json.dumps(integrity.sealed(made), indent=1) + "\n").encode(), record)


def _name(places: range) -> str:
    return f"{places.start + 1}-{places.stop}"


def read(work: Work) -> dict[str, Values]:
    """Return part -> its values, from the files of all parts; errors as in `Simulation.read`."""
    return {part.name: work.simulation.read(part) for part in work.parts}


def samples_of(work: Work, values: Mapping[str, Values]) -> list[findings.Sample]:
    """Return what was simulated within each distance, all parameters moved together.

    Parameters
    ----------
    work : Work
        The work.
    values : mapping of str to Values
        Part -> its values.
    """

    def of_design(within: float, design: str) -> list[Values]:
        return [each for name, each in values.items() if name.startswith(f"within-{within:g}/{design}-")]

    return [
        findings.Sample(
            within, [axis.name for axis in space.axes], of_design(within, "sobol"), of_design(within, "morris")
        )
        for within, space in work.spaces.items()
    ]


def gather(request: Request) -> Summary:
    """Return what was found about an experiment's claims from the files of all parts, and write it.

    Changed parameters are found something about, too, but that is not what ``results`` says of the experiment.

    Raises
    ------
    UserError
        As in `Simulation.read`.
    """
    work = request.work()
    simulation, resolved = work.simulation, work.simulation.resolved
    values = read(work)
    samples = samples_of(work, values)
    protocol = protocols.get(resolved.experiment.protocol)
    measured = []
    for place, claim in enumerate(simulation.claims):
        found = along.found(simulation, work.spaces, values, place)
        resolution = protocol.STATISTICS[claim.statistic].resolution or 0.0
        near = [
            findings.neighbourhood(each, claim, place, found.printed.side, resolution) for each in samples if each.axes
        ]
        measured.append(replace(found, neighbourhoods=near))
    summary = findings.summary(
        resolved,
        measured,
        command=f"python -m replasticity robustness {request.arguments}",
        seeds=simulation.seeds,
        runs=len(simulation.seeds) * sum(each.refused.count("") for each in values.values()),
        axes={within: space.axes for within, space in work.spaces.items()},
        left_out=next(iter(work.spaces.values())).left_out,
    )
    if not resolved.changes:
        files.write_bytes(f"{summary.model_dump_json(indent=1)}\n".encode(), project.robustness_file(resolved.name))
    return summary


def configured(resolved: Resolved, configuration: Configuration) -> Request:
    """Return what the workflow asks about an experiment."""
    return Request(
        experiment=resolved.name,
        scale=resolved.scale,
        changes="{}",
        within=tuple(within_of(configuration.robustness_within)),
        budget=budget_of(str(configuration.robustness_budget)),
        seeds=configuration.robustness_seeds,
    )


def chosen(made: Mapping[str, Resolved], configuration: Configuration) -> list[str]:
    """Return the experiments about which the workflow asks: those of the configuration, or all that have claims.

    Raises
    ------
    UserError
        If one of the configuration is not made.
    """
    if configuration.robustness_experiments is None:
        return [name for name, each in made.items() if claims_of(each)]
    for name in configuration.robustness_experiments:
        if name not in made:
            raise UserError(
                f"robustness_experiments: '{name}' is left out at scale '{configuration.scale}' or by 'experiments'"
            )
    return configuration.robustness_experiments
