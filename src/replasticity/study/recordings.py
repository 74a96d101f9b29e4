"""What is known of another simulator's recordings: names, tolerances and inputs, read from ``peer.yaml`` of a study."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Checked, NonNegative
from replasticity.errors import MistakeError, UserError
from replasticity.storage import project
from replasticity.storage.contract import Arrays, Recorded

if TYPE_CHECKING:
    import xarray as xr

M = TypeVar("M", bound=BaseModel)
Names = list[str]


class Bound(Checked):
    """How far recorded variables may differ from ours; either bound suffices, and without both they have to be equal.

    A ``*`` in a name stands for anything.
    """

    variables: Annotated[Names, Field(min_length=1)]
    absolute: NonNegative = 0.0
    relative: NonNegative = 0.0

    @property
    def tolerance(self) -> Tolerance:
        """Both bounds."""
        return Tolerance(self.absolute, self.relative)


class Inputs(Checked):
    """Recorded variables that a replay takes as given: without the `needed` ones there is no replay."""

    needed: Names = Field([])
    others: Names = Field([])


class Live(Checked):
    """What a simulator that runs beside ours is compared by; all names are those of our run.

    Attributes
    ----------
    parameters : dict of str to Any
        Changes of our parameters without which a run does not keep what the simulator needs, such as spike trains.
    short : dict of str to Any
        Changes of our parameters that make a comparison which takes seconds.
    spikes : dict of str to list of str
        Name of a spike list -> its variables, such as ``[spike_step, spike_neuron]``: one value of each is a spike. A
        time (``..._ms``) counts in steps.
    tolerances : list of Bound
        How far other variables may differ, equal if they are not named. One that is named in full has to be given.
    draws : list of str
        Inputs that the simulator draws by itself and gives with its run: ours takes these instead of its own.
    fixed : list of str
        Parameters that have a range and that random sets leave as they are all the same.
    ensembles : dict of str to int
        Experiment -> seeds that the simulator's summary has: as many as equivalence needs.
    ensemble_parameters : dict of str to Any
        Changes of our parameters without which those runs do not keep what their statistics need.
    """

    parameters: dict[str, Any] = Field({})
    short: dict[str, Any] = Field({})
    spikes: dict[str, Annotated[Names, Field(min_length=1)]] = Field({})
    tolerances: list[Bound] = Field([])
    draws: Names = Field([])
    fixed: Names = Field([])
    ensembles: dict[str, Annotated[int, Field(gt=0)]] = Field({})
    ensemble_parameters: dict[str, Any] = Field({})

    def tolerance(self, name: str) -> Tolerance:
        """Return how far a variable may differ: the first bound that names it."""
        bounds = (bound.tolerance for bound in self.tolerances if _matches(name, bound.variables))
        return next(bounds, Tolerance())

    @property
    def required(self) -> list[str]:
        """Variables that are named in full, those of spike lists apart."""
        return [name for bound in self.tolerances for name in bound.variables if "*" not in name]


class Recordings(Checked):
    """Content of ``peer.yaml``.

    Attributes
    ----------
    recordings : list of str
        Values of the attribute ``protocol`` in recordings that can be replayed; ``*`` stands for anything.
    inputs : Inputs
        What a replay takes as given, and so does not compare.
    spikes : list of str
        Spike lists that a replay gives: ``x`` stands for ``x_time`` [ms] and ``x_index``.
    tolerances : list of Bound
        Variables that a replay gives.
    parameters : dict of str to str
        Our parameter -> where a recording has it: a path with dots through its nested parameters.
    parts : dict of str to str
        Our parameter -> recorded variable with its value in each part of the recording, where parts have own ones.
    defaults : dict of str to Any
        Our parameter -> its value where a recording is silent.
    summary : dict of str to str
        Our statistic -> its name in summaries over seeds.
    run : dict of str to dict of str to str
        Recorded dimension, or several with spaces between them -> recorded variables along it that our run has as they
        are -> our names.
    states : list of str
        Recorded variables of a neuron's state, in the order in which our run traces them.
    live : Live
        About simulators that run beside ours, and no recording.
    """

    recordings: Names = Field([])
    inputs: Inputs = Inputs()
    spikes: Names = Field([])
    tolerances: list[Bound] = Field([])
    parameters: dict[str, str] = Field({})
    parts: dict[str, str] = Field({})
    defaults: dict[str, Any] = Field({})
    summary: dict[str, str] = Field({})
    run: dict[str, dict[str, str]] = Field({})
    states: Names = Field([])
    live: Live = Live()

    def is_input(self, name: str) -> bool:
        """Return True if a recorded variable is taken as given and not compared: forced spikes, with a bound, are."""
        bounded = (pattern for bound in self.tolerances for pattern in bound.variables)
        inputs = (*self.inputs.needed, *self.inputs.others)
        return _matches(name, inputs) and not _matches(name, bounded)

    def compared(self, names: list[str]) -> Iterator[tuple[str, Tolerance]]:
        """Yield those of a recording's variables that a replay gives, each with how far it may differ."""
        left = [name for name in names if not self.is_input(name)]
        for bound in self.tolerances:
            for name in [each for each in left if _matches(each, bound.variables)]:
                yield name, bound.tolerance
                left.remove(name)

    def in_our_names(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that a recording has, in our names, and the defaults of those that it has not."""
        values = dict(self.defaults)
        for ours, path in self.parameters.items():
            found: Any = recorded
            for name in path.split("."):
                found = found.get(name) if isinstance(found, Mapping) else None
            if found is not None:
                values[ours] = found
        return values

    def renamed(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters of a recording, those under a name of its own in ours."""
        ours = {theirs: name for name, theirs in self.parameters.items()}
        return self.defaults | {ours.get(name, name): value for name, value in recorded.items()}

    def of_part(self, recording: "xr.Dataset", part: int) -> dict[str, float]:
        """Return the parameters that a part of a recording has of its own, in our names."""
        recorded = {ours: theirs for ours, theirs in self.parts.items() if theirs in recording}
        return {ours: float(recording[theirs].values[part]) for ours, theirs in recorded.items()}

    def of_run(self, run: Arrays) -> Recorded:
        """Return what a recording has of a run as it is, in the recording's names."""
        return {
            theirs: (along.split(), run[ours]) for along, names in self.run.items() for theirs, ours in names.items()
        }


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def read(file: str) -> Recordings:
    """Return what stands beside a Python file, ``peer.yaml`` beside ``peer.py``.

    Raises
    ------
    MistakeError
        If it is missing or no YAML, a key is unknown, or a value is not allowed.
    """
    path = Path(file).with_suffix(".yaml")
    shown = project.shown(path)
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return Recordings.model_validate(content)
    except ValidationError as error:
        raise MistakeError(f"{shown}: {_first_of(error)}") from error
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise MistakeError(f"{shown}: cannot be read as YAML: {error}") from error


def values(recording: "xr.Dataset", name: str) -> npt.NDArray[Any]:
    """Return a recorded variable; what is not recorded is empty."""
    found: npt.NDArray[Any] = recording[name].values if name in recording else np.zeros(0, np.int64)
    return found


def resolution_ms(recording: "xr.Dataset") -> float:
    """Return the time step of a recording."""
    return float(recording.attrs.get("resolution_ms", 0.1))


def steps(recording: "xr.Dataset", name: str, dt_ms: float) -> npt.NDArray[np.int64]:
    """Return recorded times as whole numbers of steps."""
    return np.rint(values(recording, name) / dt_ms).astype(np.int64)


def spike_list(name: str, time_ms: npt.NDArray[Any], index: npt.NDArray[Any]) -> Recorded:
    """Return a spike list of a replay, under the name that it has in `Recordings.spikes`."""
    return {f"{name}_time": (name, time_ms), f"{name}_index": (name, index)}


def as_recorded(recording: "xr.Dataset", arrays: Arrays) -> Recorded:
    """Return those arrays that a recording has, along its dimensions; one of another length than there has its own."""
    variables: Recorded = {}
    for name, array in arrays.items():
        if name in recording:
            fits = recording[name].shape == array.shape
            dimensions = recording[name].dims if fits else tuple(f"{name}_{axis}" for axis in range(array.ndim))
            variables[name] = (dimensions, array)
    return variables


def checked(model: type[M], values: Mapping[str, Any], what: str) -> M:
    """Return parameters of a part of a recording; raise a `UserError` that names it and the first that is wrong."""
    try:
        return model.model_validate(values, context={"recorded": True})
    except ValidationError as error:
        raise UserError(f"{what}: {_first_of(error)}") from error


def _first_of(error: ValidationError) -> str:
    """Return the first mistake that a model has found: the key and what is allowed."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    return f"{name}{': ' if name else ''}{message}"
