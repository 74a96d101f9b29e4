"""Protocols: what the files of a study hold, and how they are found.

The file of a protocol, ``protocol.py`` or ``NAME.py``, has

- ``Parameters``, a subclass of `replasticity.definitions.parameters.Parameters`;
- ``RUN``, the contract of a run: name -> `Variable`; those with ``trace=True`` are kept for the first seeds in an
  ensemble, for the figures;
- ``sample_inputs(parameters, seed)``: all that is random. Without it nothing is, and every seed gives the same run;
  what another simulator's recording may replace is then given by ``prescribed_inputs(parameters)``;
- ``simulate(parameters, inputs)``: the run, deterministic; with an argument ``checkpoint=None`` it keeps its state in a
  `replasticity.pipeline.checkpoints.Checkpoint` now and then, if it is given one;
- and if it likes, ``SHORTEST``: changes of parameters that make a run which calls every compiled function in little
  time, where the quick scale takes longer, and ``SHORTEST_IN_PYTHON``: further changes for interpreted Python, which is
  a hundred times slower.

``statistics.py`` or ``NAME_statistics.py`` has functions under `replasticity.study.statistics.statistic`, and
``DIMENSIONS``, if these have any: dimension -> function of the parameters that gives its length. What several
protocols import stands in a ``NAME_statistics.py`` of its own, and no protocol is called NAME.

``peer.py`` or ``NAME_peer.py`` is there if another simulator has recorded the same: ``recorded_parameters``,
``replay``, and ``of_peer`` where its summaries differ in form (`Peer`). What is only names and bounds stands beside it
in ``peer.yaml``, which is its ``DATA`` (`replasticity.study.recordings`). ``peer_nest.py``, ``peer_brian2.py`` or
``NAME_peer_nest.py`` is there if another simulator can run the same: ``run(parameters, inputs)``, which is run in that
simulator's own environment (`replasticity.peers.live`); ``live`` in ``peer.yaml`` says how its variables are compared.

Models are imported inside ``simulate``, so that whoever only asks for parameters or statistics does not pay for numba.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from replasticity import studies
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.definitions.parameters import output_options
from replasticity.definitions.yaml_files import near
from replasticity.errors import MistakeError, UserError
from replasticity.storage import datasets, places
from replasticity.storage.contract import Arrays, Recorded, Variable
from replasticity.study import data, one_seed, recordings, statistics

if TYPE_CHECKING:
    import xarray as xr


#: Attribute of a summary that our commands have made of another simulator's runs: what in it has our names.
OUR_NAMES = "in_our_names"


@dataclass(frozen=True)
class Peer:
    """What a study knows of another simulator's recordings.

    Attributes
    ----------
    data : Recordings
        Names, tolerances and inputs, from ``peer.yaml``.
    module : ModuleType
        ``peer.py``.
    """

    data: recordings.Recordings
    module: ModuleType

    def recorded_parameters(self, recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
        """Return a recording's parameters in our names, not yet checked."""
        if OUR_NAMES in recording.attrs:
            return parameters
        return cast(dict[str, Any], self.module.recorded_parameters(recording, parameters))

    def replay(self, recording: "xr.Dataset", parameters: BaseParameters) -> Recorded:
        """Return what our simulation makes of a recording's inputs, in the recording's own names and units."""
        return cast(Recorded, self.module.replay(recording, parameters))

    def completed(self, run: Arrays, parameters: BaseParameters) -> Arrays:
        """Return another simulator's run with what ours computes of the state, for its statistics."""
        own = getattr(self.module, "completed", None)
        return run | cast(Arrays, own(run, parameters)) if own else run

    def of_peer(self, summary: "xr.Dataset", parameters: BaseParameters) -> "xr.Dataset":
        """Return a summary over seeds with statistics as ours, where it has courses over time or several conditions."""
        own = getattr(self.module, "of_peer", None)
        return cast("xr.Dataset", own(summary, parameters)) if own and OUR_NAMES not in summary.attrs else summary


@dataclass(frozen=True)
class Protocol:
    """A protocol of a study: the parts of its files, each loaded when it is asked for.

    Attributes
    ----------
    name : str
        Such as ``"zenke2015"`` or ``"clopath2010_network"``.
    module : str
        Full name of the module with parameters, inputs and simulation.
    """

    name: str
    module: str

    @cached_property
    def _simulation(self) -> ModuleType:
        return _imported(self.module)

    @property
    def statistics_module(self) -> str:
        """Full name of the module with the statistics."""
        return _beside(self.module, "statistics")

    @property
    def peer_module(self) -> str | None:
        """Full name of the module about recordings; None if there is none."""
        name = _beside(self.module, "peer")
        return name if _is_there(name) else None

    @cached_property
    def _statistics(self) -> ModuleType:
        return _imported(self.statistics_module)

    @cached_property
    def peer(self) -> Peer | None:
        """What the study knows of another simulator's recordings; None if there is nothing."""
        if self.peer_module is None:
            return None
        module = _imported(self.peer_module)
        return Peer(module.DATA, module)

    @property
    def live_peers(self) -> dict[str, Path]:
        """Simulators that can run the same beside ours: name -> file of the study, which is not run to find out."""
        *_, study, file = _beside(self.module, "peer").split(".")
        return {
            path.stem.removeprefix(f"{file}_"): path for path in sorted(places.studies()[study].glob(f"{file}_*.py"))
        }

    @cached_property
    def live(self) -> recordings.Live:
        """How the variables of those simulators are compared; errors as in `replasticity.study.recordings.read`."""
        *_, study, file = _beside(self.module, "peer").split(".")
        return recordings.read(str(places.studies()[study] / f"{file}.py")).live

    def declared_statistics(self) -> list[statistics.Statistic]:
        """Return its statistics in the order of their definition, each with the function that computes it."""
        return statistics.statistics_of(self._statistics)

    def require_peer(self) -> Peer:
        """Return what the study knows of another simulator's recordings.

        Raises
        ------
        UserError
            If it knows of none.
        """
        if self.peer is None:
            raise UserError(f"protocol '{self.name}' knows no recordings of another simulator")
        return self.peer

    @property
    def Parameters(self) -> type[BaseParameters]:
        """The class of its parameters."""
        return cast(type[BaseParameters], self._simulation.Parameters)

    @property
    def RUN(self) -> Mapping[str, Variable]:
        """Contract of a run: what the file of one experiment and seed holds."""
        return cast(Mapping[str, Variable], self._simulation.RUN)

    @cached_property
    def STATISTICS(self) -> Mapping[str, Variable]:
        """Contract of the statistics of one seed."""
        return statistics.contract_of(self._statistics)

    @property
    def TRACES(self) -> tuple[str, ...]:
        """Variables of a run that figures show; an ensemble keeps them for its first seeds."""
        return tuple(name for name, variable in self.RUN.items() if variable.trace)

    @property
    def OUTPUT_OPTIONS(self) -> tuple[str, ...]:
        """Parameters that say what is recorded, and change no statistic."""
        return output_options(self.Parameters)

    @property
    def SHORTEST(self) -> Mapping[str, Any]:
        """Changes of parameters for a run that calls every compiled function in little time."""
        return getattr(self._simulation, "SHORTEST", {})

    @property
    def SHORTEST_IN_PYTHON(self) -> Mapping[str, Any]:
        """Further changes of parameters for such a run without a compiler."""
        return getattr(self._simulation, "SHORTEST_IN_PYTHON", {})

    @property
    def is_deterministic(self) -> bool:
        """Whether nothing is random, so that every seed gives the same run: that all are equal does not prove it."""
        return not hasattr(self._simulation, "sample_inputs")

    def sample_inputs(self, parameters: BaseParameters, seed: int) -> Arrays:
        """Return the inputs of a run: all that is random, or prescribed and replaced by a recording.

        Parameters
        ----------
        parameters : Parameters
            An object of this protocol's class.
        seed : int
            Seed of the run.
        """
        return one_seed.sample_inputs(self._simulation, parameters, seed)

    def simulate(self, parameters: BaseParameters, inputs: Arrays) -> Arrays:
        """Return the run: deterministic, given its inputs.

        Parameters
        ----------
        parameters : Parameters
            An object of this protocol's class.
        inputs : dict of str to ndarray
            From `sample_inputs`, or from a recording.

        Returns
        -------
        dict of str to ndarray
            Variables of `RUN`, inputs excepted.

        Raises
        ------
        StateError
            If a state leaves the finite range, or the limits that its model states.
        """
        return cast(Arrays, self._simulation.simulate(parameters, inputs))

    def run_seed(self, parameters: BaseParameters, seed: int, checkpoint: Any = None) -> Arrays:
        """Return the run of one seed, with its inputs; see `replasticity.study.one_seed.simulate`."""
        return one_seed.simulate(self._simulation, parameters, seed, checkpoint)

    def sizes(self, parameters: BaseParameters) -> dict[str, int]:
        """Return the length of each dimension of `STATISTICS`, without a run.

        Raises
        ------
        MistakeError
            If ``DIMENSIONS`` of the file with the statistics lacks one.
        """
        lengths = getattr(self._statistics, "DIMENSIONS", {})
        for name, variable in self.STATISTICS.items():
            for dimension in variable.dimensions:
                if dimension not in lengths:
                    raise MistakeError(
                        f"{self.statistics_module}: {name} has the dimension '{dimension}', but DIMENSIONS has no "
                        "length of it, a function of the parameters"
                    )
        return {name: length(parameters) for name, length in lengths.items()}

    def summarise(self, parameters: BaseParameters, run: Arrays) -> Arrays:
        """Return the statistics of one run; NaN where one is not defined, as its declaration says.

        Parameters
        ----------
        parameters : Parameters
            An object of this protocol's class.
        run : dict of str to ndarray
            From `simulate`, with the inputs.
        """
        return statistics.summarise(self._statistics, parameters, run)


def _imported(module: str) -> ModuleType:
    """Return a module of a study; a mistake in it ends in one line that names it."""
    with datasets.content_of():
        return importlib.import_module(module)


def _beside(module: str, part: str) -> str:
    """Return the module with another part of a protocol: ``statistics`` beside ``protocol``, ``network_statistics``."""
    folder, _, name = module.rpartition(".")
    return f"{folder}.{part}" if name == "protocol" else f"{folder}.{name}_{part}"


def _found(part: str) -> dict[str, str]:
    """Return name -> module of all files ``part.py`` and ``NAME_part.py`` of the studies, sorted by name."""
    found: dict[str, str] = {}
    for study, folder in places.studies().items():
        for file in pkgutil.iter_modules([str(folder)]):
            if file.name == part or file.name.endswith(f"_{part}"):
                name = f"{study}_{file.name.removesuffix(part)}".rstrip("_")
                if name in found:
                    # Of a study A and a file b_c, and of a study A_b and a file c.
                    raise UserError(f"{study} and {found[name].split('.')[-2]}: both have a {part} called '{name}'")
                found[name] = f"{studies.__name__}.{study}.{file.name}"
    return dict(sorted(found.items()))


def _is_there(module: str) -> bool:
    """Return True if there is the file of a module of a study; nothing is run to find out."""
    *_, study, file = module.split(".")
    return (places.studies()[study] / f"{file}.py").is_file()


def _protocols() -> dict[str, Protocol]:
    return _protocols_in(tuple(studies.__path__))


@cache
def _protocols_in(_folders: tuple[str, ...]) -> dict[str, Protocol]:
    # What has statistics is a protocol, unless they only serve the statistics of several.
    found = {
        name: re.sub(r"\.statistics$", ".protocol", module.removesuffix("_statistics"))
        for name, module in _found("statistics").items()
    }
    return {name: Protocol(name, module) for name, module in found.items() if _is_there(module)}


def figures() -> dict[str, str]:
    """Return name -> module of all figures, sorted by name."""
    return _figures_in(tuple(studies.__path__))


@cache
def _figures_in(_folders: tuple[str, ...]) -> dict[str, str]:
    return _found("figure")


def measured(protocol: str, figure: str | None) -> list[data.Table]:
    """Return the tables of measured values that a protocol's statistics read, and a figure if there is one."""
    modules = [get(protocol).statistics_module, *([figures()[figure]] if figure is not None else [])]
    return data.tables_of(*map(_imported, modules))


def names() -> tuple[str, ...]:
    """Return the names of all protocols, sorted."""
    return tuple(_protocols())


def get(name: str) -> Protocol:
    """Return a protocol by its name, or by a former one.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    found = _protocols().get(present_name(name))
    if found is None:
        raise UserError(f"no protocol '{name}'{near(name, names())}; allowed: {', '.join(names())}")
    return found


#: Protocols and figures that had another name before there was a folder for each paper.
FORMER_NAMES = {
    "homeostatic_stdp": "zenke2015",
    "clopath_network": "clopath2010_network",
    "clopath_pairing": "clopath2010_pairing",
    "urbanczik_senn": "urbanczik2014",
    "urbanczik_amplitude": "urbanczik2014_amplitude",
    "distal_reward": "izhikevich2007_reward",
    "pavlovian_conditioning": "izhikevich2007_conditioning",
    "dopamine_cue": "dopamine_tutorial_cue",
    "dopamine_ten": "dopamine_tutorial_ten_neurons",
    "dopamine_timing": "dopamine_tutorial_timing",
    "epsp": "beats_epsp",
    "stdp_window": "beats_window",
    "stdp_tutorial_window": "beats_tutorial_window",
    "clopath2010": "clopath2010_network",
    "urbanczik2014_refractory": "urbanczik2014_amplitude",
    "izhikevich2007": "izhikevich2007_reward",
    "izhikevich2007_pavlov": "izhikevich2007_conditioning",
    "izhikevich2007_cue": "dopamine_tutorial_cue",
}


def present_name(name: str) -> str:
    """Return what a protocol or a figure is called now, which may have had a former name in a user's file."""
    return name if name in _protocols() or name in figures() else FORMER_NAMES.get(name, name)


def name_of_recording(recorded_protocol: str) -> str:
    """Return the name of the protocol that can replay a recording.

    Raises
    ------
    UserError
        If none can; the message names the recordings that can be replayed.
    """
    known = {
        recording: each.name for each in _protocols().values() if each.peer for recording in each.peer.data.recordings
    }
    for pattern, name in known.items():
        if fnmatchcase(recorded_protocol, pattern):
            return name
    raise UserError(f"attribute 'protocol' is '{recorded_protocol}'; allowed: {', '.join(sorted(known))}")
