"""A study that is looked at, and what is found wrong with it. What several gates need is made once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Experiment, Resolved
from replasticity.errors import UserError
from replasticity.pipeline import simulation
from replasticity.storage import integrity, places, project
from replasticity.storage.contract import Arrays
from replasticity.study import protocols
from replasticity.study.ensembles import Gathering
from replasticity.study.protocols import Protocol

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Finding:
    """Something that is not as it has to be.

    Attributes
    ----------
    where : Path or str
        The file, or what else it concerns.
    wrong : str
        What is wrong.
    remedy : str
        How to mend it.
    is_missing : bool
        Whether nothing is wrong, but something still has to be made.
    """

    where: Path | str
    wrong: str
    remedy: str = ""
    is_missing: bool = False

    def __str__(self) -> str:
        where = project.shown(self.where) if isinstance(self.where, Path) else self.where
        said = ": ".join(filter(None, (where, self.wrong)))
        return f"{said}; {self.remedy}" if self.remedy else said


class NothingToCheckError(UserError):
    """A study has nothing that a gate could look at; the message says what it does not have."""


class Study:
    """A study, by its name.

    Parameters
    ----------
    name : str
        Name of its folder, such as ``"zenke2015"``.

    Raises
    ------
    UserError
        If there is none of that name, or a place that should have studies has none.

    Attributes
    ----------
    name : str
        Its name.
    folder : Path
        Where it lies.
    """

    def __init__(self, name: str):
        found = places.studies()
        if name not in found:
            near = difflib.get_close_matches(name, found, n=1)
            meant = f" (did you mean '{near[0]}'?)" if near else ""
            raise UserError(f"{name}: no such study{meant}; allowed: {', '.join(sorted(found))}")
        self.name, self.folder = name, found[name]
        self._loaded: dict[str, Experiment] = {}
        self._runs: dict[tuple[str, str, int], Arrays] = {}

    @property
    def is_ours(self) -> bool:
        """Whether it is one of this package's."""
        return self.folder.parent.resolve() not in places.outside()

    def file(self, name: str) -> Path:
        """Return a file in the study's folder."""
        return self.folder / name

    @cached_property
    def protocols(self) -> dict[str, Protocol]:
        """Name -> protocol of the study."""
        known = {name: protocols.get(name) for name in protocols.names()}
        return {name: each for name, each in known.items() if self.has(each.module)}

    def has(self, module: str) -> bool:
        """Return True if a module is one of the study's files."""
        return module.split(".")[-2] == self.name

    @cached_property
    def experiments(self) -> tuple[str, ...]:
        """Names of its experiments, sorted."""
        files = self.folder.glob("experiments/*.yaml")
        return tuple(sorted(path.stem for path in files if not path.name.startswith(".")))

    def experiment(self, name: str) -> Experiment:
        """Return an experiment; errors as in `experiments.load`."""
        if name not in self._loaded:
            self._loaded[name] = experiments.load(name)
        return self._loaded[name]

    def file_of(self, experiment: str) -> Path:
        """Return the YAML file of one of its experiments."""
        return self.folder / "experiments" / f"{experiment}.yaml"

    def of_protocol(self, protocol: str) -> list[str]:
        """Return the experiments of a protocol, those first that are based on no other."""
        own = {name: each for name in self.experiments if (each := self.experiment(name)).protocol == protocol}
        return sorted(own, key=lambda name: (own[name].based_on is not None, name))

    def shortest(self, name: str) -> Resolved:
        """Return an experiment, as short as a run can be."""
        return experiments.resolve_shortest(name, self.experiment(name))

    def each_shortest(self) -> Iterable[tuple[Protocol, Resolved]]:
        """Yield each protocol with its first experiment, as short as a run can be.

        Raises
        ------
        NothingToCheckError
            If no protocol has an experiment.
        """
        found = [(each, own[0]) for name, each in self.protocols.items() if (own := self.of_protocol(name))]
        if not found:
            raise NothingToCheckError("the study has no protocol with an experiment")
        for protocol, name in found:
            yield protocol, self.shortest(name)

    def references(self, name: str) -> dict[Path, Resolved]:
        """Return the files of an experiment's references, each with the experiment at the smallest scale it is of."""
        from replasticity.judging import regression

        found: dict[Path, Resolved] = {}
        for scale in ("quick", "standard"):
            resolved = experiments.resolve(name, scale, experiment=self.experiment(name))
            if resolved.seeds:
                found.setdefault(regression.reference_file(resolved), resolved)
        return found

    def run(self, resolved: Resolved, seed: int) -> Arrays:
        """Return the run of a seed, simulated once."""
        key = resolved.name, resolved.digest, seed
        if key not in self._runs:
            self._runs[key] = simulation.simulate(resolved, seed)
        return self._runs[key]

    def ensemble(self, resolved: Resolved, seeds: Iterable[int]) -> "xr.Dataset":
        """Return the ensemble of some seeds."""
        gathering = Gathering(protocols.get(resolved.experiment.protocol), resolved.parameters)
        digests = {}
        for seed in seeds:
            gathering.add(seed, self.run(resolved, seed))
            digests[seed] = integrity.of_json({"parameters": resolved.digest, "seed": seed})
        return simulation.as_ensemble(resolved, gathering, digests, ["not kept"])
