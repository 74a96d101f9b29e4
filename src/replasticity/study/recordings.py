"""What is known of another simulator's recordings: names, tolerances and inputs, read from ``peer.yaml`` of a study."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from ruamel.yaml import YAML

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Checked, NonNegative
from replasticity.storage.contract import Arrays, Recorded

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
    defaults : dict of str to Any
        Our parameter -> its value where a recording is silent.
    summary : dict of str to str
        Our statistic -> its name in summaries over seeds.
    run : dict of str to dict of str to str
        Recorded dimension, or several with spaces between them -> recorded variables along it that our run has as they
        are -> our names.
    states : list of str
        Recorded variables of a neuron's state, in the order in which our run traces them.
    """

    recordings: Names = Field([])
    inputs: Inputs = Inputs()
    spikes: Names = Field([])
    tolerances: list[Bound] = Field([])
    parameters: dict[str, str] = Field({})
    defaults: dict[str, Any] = Field({})
    summary: dict[str, str] = Field({})
    run: dict[str, dict[str, str]] = Field({})
    states: Names = Field([])

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
    ValueError
        If a key is unknown, or a value is not allowed.
    """
    path = Path(file).with_suffix(".yaml")
    return Recordings.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
