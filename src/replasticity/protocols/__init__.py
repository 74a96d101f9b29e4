"""Protocols: one simulated experiment of one paper per module. A new module is found by its name.

A module whose name begins with an underscore is no protocol: it holds what several protocols share.

A protocol module has the parts of `Protocol`: a class of parameters, the contracts of its files, and the
functions draw, run, summarise and replay. Modules import their model inside `run`, so that whoever only
asks for parameters or statistics does not pay for numba.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from typing import Protocol as Interface

from replasticity.comparison import Tolerance
from replasticity.datasets import Arrays, Recorded, Variable
from replasticity.errors import UserError
from replasticity.parameters import Parameters as BaseParameters

if TYPE_CHECKING:
    import xarray as xr


class Protocol(Interface):
    """What each module of this package has.

    Attributes
    ----------
    Parameters : type
        Subclass of `replasticity.parameters.Parameters`.
    RUN : mapping of str to Variable
        Contract of a run: what the file of one experiment and seed holds.
    STATISTICS : mapping of str to Variable
        Contract of the statistics of one seed.
    OUTPUT_OPTIONS : tuple of str
        Parameters that say what is recorded, and change no statistic.
    TRACES : tuple of str
        Variables of a run that figures show; an ensemble keeps them for its first seeds.
    TOLERANCES : mapping of str to Tolerance
        Recorded variables that `replay` reproduces, with how far they may differ.
    SPIKES : tuple of str
        Recorded spike lists that `replay` reproduces: ``x`` stands for ``x_time`` [ms] and ``x_index``.
    RECORDED_INPUTS : tuple of str
        Recorded variables that a replay takes as given, and so does not compare.
    NEEDED_INPUTS : tuple of str
        Those of them without which there is no replay.
    RECORDINGS : tuple of str
        Values of the attribute ``protocol`` in recordings that `replay` can reproduce; ``*`` stands for anything.
    PEER_NAMES : mapping of str to str
        Statistic -> name of the variable in summaries of other simulators.

    Notes
    -----
    Two functions are optional. ``run_resumable(parameters, inputs, checkpoint)`` does what ``run`` does and keeps its
    state in a `replasticity.checkpoints.Checkpoint` now and then, for runs that take long. ``of_peer(summary,
    parameters)`` turns another simulator's summary into one that has our statistics, where the summary has
    courses over time or several conditions. So is ``SHORTEST``, a mapping of parameters to values: those of a run that
    calls every compiled function in little time, where the quick scale takes longer. Kernels are compiled by it.
    And ``DETERMINISTIC``: True where nothing is random, so that every seed gives the same run (`is_deterministic`).
    """

    Parameters: type[BaseParameters]
    RUN: Mapping[str, Variable]
    STATISTICS: Mapping[str, Variable]
    OUTPUT_OPTIONS: tuple[str, ...]
    TRACES: tuple[str, ...]
    TOLERANCES: Mapping[str, Tolerance]
    SPIKES: tuple[str, ...]
    RECORDED_INPUTS: tuple[str, ...]
    NEEDED_INPUTS: tuple[str, ...]
    RECORDINGS: tuple[str, ...]
    PEER_NAMES: Mapping[str, str]

    def draw(self, parameters: BaseParameters, seed: int) -> Arrays:
        """Return the inputs of a run: all that is random."""

    def run(self, parameters: BaseParameters, inputs: Arrays) -> Arrays:
        """Return the run: deterministic, given its inputs."""

    def summarise(self, parameters: BaseParameters, run: Arrays) -> Arrays:
        """Return the statistics of one run."""

    def recorded_parameters(self, recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
        """Return a recording's parameters in our names, not yet checked."""

    def replay(self, recording: "xr.Dataset", parameters: BaseParameters) -> Recorded:
        """Return what our simulation makes of a recording's inputs, in the recording's own names and units."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of all protocols, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if not name.startswith("_")))


def get(name: str) -> Protocol:
    """Return a protocol by name.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if name not in names():
        raise UserError(f"no protocol '{name}'; allowed: {', '.join(names())}")
    return cast(Protocol, importlib.import_module(f"{__name__}.{name}"))


def is_deterministic(name: str) -> bool:
    """Return True if nothing in a protocol is random, as it declares: that all seeds are equal does not prove it."""
    return bool(getattr(get(name), "DETERMINISTIC", False))


def name_of_recording(recorded_protocol: str) -> str:
    """Return the name of the protocol that can replay a recording.

    Raises
    ------
    UserError
        If none can; the message names the recordings that can be replayed.
    """
    known = {recording: name for name in names() for recording in get(name).RECORDINGS}
    for pattern, name in known.items():
        if fnmatchcase(recorded_protocol, pattern):
            return name
    raise UserError(f"attribute 'protocol' is '{recorded_protocol}'; allowed: {', '.join(sorted(known))}")


def of_recording(recorded_protocol: str) -> Protocol:
    """Return the protocol that can replay a recording; errors as in `name_of_recording`."""
    return get(name_of_recording(recorded_protocol))
