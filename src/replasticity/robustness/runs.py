"""Values of the claims' statistics at many points and seeds: simulated once, kept in a file for each part of the work.

A point is a set of changes of an experiment's parameters. Of its runs nothing but these values is kept. A file is made
again as far as it has to be: what it holds of the same parameters, seeds and code is taken from it, point by point.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.definitions.experiments import Claim, Resolved
from replasticity.definitions.parameters import Parameters
from replasticity.definitions.seeds import seed_list_of
from replasticity.definitions.yaml_files import validate
from replasticity.errors import MistakeError, StateError, UnavailableError, UserError
from replasticity.pipeline import provenance
from replasticity.storage import datasets, files, project
from replasticity.storage.contract import Variable, build, require_defined
from replasticity.study import protocols
from replasticity.study.statistics import Run, Statistic

FloatArray = npt.NDArray[np.float64]

#: Changes of parameters, as plain JSON values.
Changes = dict[str, Any]

#: The seeds of a neighbourhood begin so far behind those of the experiment: none of them was seen.
FAR = 100_000

#: What was found so far of a part that takes longer than this is written now and then [s].
CHECKPOINT_S = 60.0

#: Attribute ``kind`` of a part's file.
KIND = "robustness"

#: What a part's file holds.
CONTRACT = {
    "seed": Variable(("seed",), "seed of the runs", "int64"),
    "claim": Variable(("claim",), "identifier of the claim", "str"),
    "parameters": Variable(("point",), "changes of the experiment's parameters, as JSON", "str"),
    "refused": Variable(("point",), "why the point could not be simulated; empty: it was", "str"),
    "value": Variable(
        ("point", "seed", "claim"),
        "the claim's statistic",
        undefined="the statistic is not defined, or the point is refused",
    ),
}

#: Values of a point, shape (seeds, claims), and why it is refused, or "".
_Found = tuple[FloatArray, str]


@dataclass(frozen=True)
class Values:
    """The claims' statistics at some points.

    Attributes
    ----------
    changes : list of dict
        What each point changes of the experiment's parameters.
    value : ndarray of float64, shape (points, seeds, claims)
        NaN where a statistic is undefined, and at points that are refused.
    refused : list of str
        Why a point could not be simulated, or "".
    seeds : list of int
        The seeds.
    claims : list of str
        Identifiers of the claims.
    """

    changes: list[Changes]
    value: FloatArray
    refused: list[str]
    seeds: list[int]
    claims: list[str]


def _no_more(_values: Values) -> list[Changes]:
    return []


@dataclass(frozen=True)
class Part:
    """A part of the work on an experiment, whose values are in one file.

    Attributes
    ----------
    name : str
        Such as ``"printed"`` or ``"within-0.1/sobol-0-15"``: its file without suffix.
    points : list of dict
        The points; one at least.
    further : callable
        Values of all points so far -> more points, such as those that a bisection asks for; none at its end. Equal
        values have to give equal points.
    """

    name: str
    points: Sequence[Changes]
    further: Callable[[Values], list[Changes]] = field(default=_no_more)


def claims_of(resolved: Resolved) -> list[Claim]:
    """Return the claims that are looked at: those asked for, the published ones, or else all but recorded numbers."""
    claims, asked = resolved.experiment.claims, resolved.experiment.robustness.claims
    if asked is not None:
        return [each for each in claims if each.id in asked]
    published = [each for each in claims if each.kind == "published"]
    return published or [each for each in claims if each.kind != "regression"]


def seeds_of(resolved: Resolved, count: int) -> list[int]:
    """Return the seeds of each point: so many that nobody has looked at, or one where nothing is random."""
    experiment = resolved.experiment
    if protocols.get(experiment.protocol).is_deterministic:
        return [experiment.first_seed]
    seen = set(seed_list_of(experiment.seeds_seen)) if experiment.seeds_seen else set()
    first = experiment.first_seed + FAR
    return [seed for seed in range(first, first + count + len(seen)) if seed not in seen][:count]


@dataclass(frozen=True)
class Simulation:
    """How the values of an experiment's claims are had: what is the same at all points.

    Attributes
    ----------
    resolved : Resolved
        The experiment with its printed parameters.
    seeds : list of int
        Seeds of each point.
    claims : list of Claim
        The claims; no other statistics than theirs are computed.
    """

    resolved: Resolved
    seeds: list[int]
    claims: list[Claim]

    @property
    def folder(self) -> str:
        """Name of the folder with the files of its parts; changed parameters have one of their own."""
        changed = f"-{self.resolved.digest}" if self.resolved.changes else ""
        return f"{self.resolved.name}{changed}"

    @cached_property
    def _protocol(self) -> protocols.Protocol:
        return protocols.get(self.resolved.experiment.protocol)

    @cached_property
    def _contract(self) -> Mapping[str, Variable]:
        return {claim.statistic: self._protocol.STATISTICS[claim.statistic] for claim in self.claims}

    @cached_property
    def _statistics(self) -> list[Statistic]:
        return [each for each in self._protocol.declared_statistics() if each.declared.keys() & self._contract.keys()]

    @cached_property
    def _places(self) -> list[tuple[str, tuple[int, ...]]]:
        """Statistic of each claim, and the index of its value in it."""
        return [
            (claim.statistic, tuple(claim.at[each] for each in self._contract[claim.statistic].dimensions))
            for claim in self.claims
        ]

    def at(self, changes: Changes) -> tuple[FloatArray, str]:
        """Return the values at a point, shape (seeds, claims), and why it is refused, or "".

        Raises
        ------
        MistakeError
            If the study's code fails; the message says at which point.
        """
        nowhere = np.full((len(self.seeds), len(self.claims)), np.nan)
        try:
            parameters = self._checked(changes)
        except MistakeError:
            raise
        except UserError as error:
            return nowhere, str(error)
        try:
            with datasets.content_of():
                return np.array([self._of_seed(parameters, seed) for seed in self.seeds]).reshape(nowhere.shape), ""
        except (StateError, FloatingPointError) as error:
            return nowhere, str(error)
        except MistakeError as error:
            raise MistakeError(f"{self.resolved.name} with {json.dumps(changes)}: {error}") from error

    def _checked(self, changes: Changes) -> Parameters:
        """Return the parameters of a point, checked as those of an experiment are."""
        protocol = self._protocol
        parameters: Parameters = validate(protocol.Parameters, self.resolved.values | changes, "parameters")
        self.resolved.experiment.resources.require_affordable(parameters.cost())
        sizes = protocol.sizes(parameters) if any(claim.at for claim in self.claims) else {}
        for claim in self.claims:
            for dimension, index in claim.at.items():
                if index >= sizes[dimension]:
                    raise UserError(f"claims.{claim.id}.at.{dimension}: there are {sizes[dimension]} only")
        return parameters

    def relative_cost(self, changes: Changes) -> float:
        """Return how many times longer a run takes at a point than at the printed one; 0 where it is refused."""
        try:
            seconds = self._checked(changes).cost().seconds
        except MistakeError:
            raise
        except UserError:
            return 0.0
        printed = self.resolved.parameters.cost().seconds
        return seconds / printed if printed > 0 else 1.0

    def _of_seed(self, parameters: Parameters, seed: int) -> list[float]:
        run = Run(self._protocol.run_seed(parameters, seed))
        values: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            for each in self._statistics:
                values |= each.values(run, parameters)
        found = build(self._contract, {name: values[name] for name in self._contract})
        require_defined(self._contract, found, f"seed {seed}")
        return [found[name][index] for name, index in self._places]

    @property
    def _identity(self) -> dict[str, str]:
        """Attributes that tell from what the values at a point were made."""
        protocol = self.resolved.experiment.protocol
        return {
            "experiment": self.resolved.name,
            "parameters_digest": self.resolved.digest,
            "simulation_code_digest": provenance.simulation_digest(protocol),
            "statistics_code_digest": provenance.statistics_digest(protocol),
            "statistics": json.dumps([[each.statistic, each.at] for each in self.claims]),
            "seeds": json.dumps(self.seeds),
            **provenance.versions(),
        }

    def make(self, part: Part, done: Callable[[int], None] = lambda count: None) -> Values:
        """Simulate what a part's file does not hold yet, write it, and return the values of its points.

        Parameters
        ----------
        part : Part
            The part.
        done : callable
            Called with a number of points whenever so many more have their values.

        Raises
        ------
        MistakeError
            As in `at`. What was found until then is kept, as it is when the process is ended.
        UserError
            If the file cannot be written.
        """
        path = self.file_of(part)
        checkpoint = path.with_name(f".{path.name}.checkpoint")
        files.check_writable(path)
        stored = self._stored(path)
        known = self._stored(checkpoint) | stored
        last = time.monotonic()

        def at(changes: Changes) -> _Found:
            nonlocal last
            key = _key(changes)
            if key not in known:
                known[key] = self.at(changes)
                if time.monotonic() - last > CHECKPOINT_S:
                    self._write(part, known, checkpoint)
                    last = time.monotonic()
            done(1)
            return known[key]

        try:
            values = self._gathered(part, at)
        except BaseException:
            if len(known) > len(stored):
                self._write(part, known, checkpoint)
            raise
        wanted = {_key(changes): known[_key(changes)] for changes in values.changes}
        if list(wanted) != list(stored):
            self._write(part, wanted, path)
        checkpoint.unlink(missing_ok=True)
        return values

    def read(self, part: Part) -> Values:
        """Return the values of a part's points from its file.

        Raises
        ------
        UserError
            If it is missing, damaged, or of other parameters, seeds or code.
        """
        path = self.file_of(part)
        known = self._stored(path)

        def at(changes: Changes) -> _Found:
            if _key(changes) not in known:
                raise UserError(
                    f"{project.shown(path)}: is not there, or not of these parameters, seeds and code; "
                    f"'python -m replasticity robustness {self.resolved.arguments}' makes it"
                )
            return known[_key(changes)]

        return self._gathered(part, at)

    def _gathered(self, part: Part, at: Callable[[Changes], _Found]) -> Values:
        """Return the values of a part's points and of all further ones."""
        changes: list[Changes] = []
        found: list[_Found] = []
        wanted = list(part.points)
        while wanted:
            found += [at(each) for each in wanted]
            changes += wanted
            values = Values(
                changes=list(changes),
                value=np.array([value for value, _ in found]),
                refused=[refused for _, refused in found],
                seeds=self.seeds,
                claims=[claim.id for claim in self.claims],
            )
            wanted = part.further(values)
        return values

    def file_of(self, part: Part) -> Path:
        """Return the file of a part."""
        return project.robustness_part_file(self.folder, part.name)

    def _stored(self, path: Path) -> dict[str, _Found]:
        """Return the values that a file holds, by the point's changes; nothing of a file that is no use."""
        if not path.is_file():
            return {}
        try:
            content = datasets.read(path, KIND)
            datasets.require(content, CONTRACT, path)
        except (MistakeError, UnavailableError):
            raise
        except UserError as error:
            print(f"{error}; making it again", file=sys.stderr)
            return {}
        if any(content.attrs.get(name) != value for name, value in self._identity.items()):
            return {}
        # What is refused may be so no longer with other resources.
        same_resources = content.attrs.get("resources") == self._resources
        return {
            str(changes): (value, str(refused))
            for changes, value, refused in zip(
                content["parameters"].values, content["value"].values, content["refused"].values, strict=True
            )
            if same_resources or not refused
        }

    def _write(self, part: Part, found: Mapping[str, _Found], path: Path) -> None:
        identity = self._identity
        code = identity["simulation_code_digest"]
        command = f"python -m replasticity robustness {self.resolved.arguments}"
        attributes = provenance.attributes(self.resolved, KIND, command, code) | identity
        arrays = build(
            CONTRACT,
            {
                "seed": self.seeds,
                "claim": [claim.id for claim in self.claims],
                "parameters": list(found),
                "refused": [refused for _, refused in found.values()],
                "value": np.array([value for value, _ in found.values()]),
            },
        )
        datasets.write_arrays(CONTRACT, arrays, attributes | {"part": part.name, "resources": self._resources}, path)

    @property
    def _resources(self) -> str:
        return self.resolved.experiment.resources.model_dump_json()


def _key(changes: Changes) -> str:
    return json.dumps(changes, sort_keys=True)
