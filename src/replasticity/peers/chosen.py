"""What the workflow makes with other simulators: with those that are installed, of the chosen experiments."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.seeds import seed_list
from replasticity.errors import PeerUnavailableError
from replasticity.peers import ensembles as peer_ensembles
from replasticity.peers import environments, live
from replasticity.study import protocols


class Run(NamedTuple):
    """An experiment in another simulator.

    Attributes
    ----------
    experiment : str
        Its name.
    peer : str
        Name of the simulator.
    """

    experiment: str
    peer: str

    @property
    def label(self) -> str:
        """The simulator and its version, such as ``"NEST 3.10.0"``."""
        return environments.environment(self.peer).label


class Ensemble(NamedTuple):
    """An experiment over seeds in another simulator.

    Attributes
    ----------
    experiment, peer : str
        Its name, and that of the simulator.
    digest : str
        Digest of its parameters.
    seeds : list of int
        The seeds.
    """

    experiment: str
    peer: str
    digest: str
    seeds: list[int]

    @property
    def label(self) -> str:
        """The simulator and its version."""
        return environments.environment(self.peer).label


def comparisons(chosen: Collection[str]) -> dict[str, Run]:
    """Return the comparisons of one short experiment per protocol and simulator, by ``PROTOCOL-PEER``.

    Parameters
    ----------
    chosen : collection of str
        Names of experiments. Of each protocol it is the first of them, those before that are based on no other.

    Returns
    -------
    dict of str to Run
        Empty if no simulator is installed that can run any of them.
    """
    found: dict[str, Run] = {}
    for protocol in sorted({experiments.load(name).protocol for name in chosen}):
        first = next(name for name in experiments.of_protocol(protocol) if name in chosen)
        found |= {f"{protocol}-{peer}": Run(first, peer) for peer in live.peers_of(protocol) if _is_installed(peer)}
    return found


def ensembles(chosen: Mapping[str, Resolved], seeds: Mapping[str, int | list[int]]) -> dict[str, Ensemble]:
    """Return the ensembles over seeds that ``live: ensembles`` of the studies names, by ``EXPERIMENT-PEER``.

    Parameters
    ----------
    chosen : mapping of str to Resolved
        The experiments.
    seeds : mapping of str to int or list of int
        Experiment -> other seeds than that file says.

    Returns
    -------
    dict of str to Ensemble
        Empty if no simulator is installed that can run any of them.
    """
    found: dict[str, Ensemble] = {}
    for name in chosen:
        resolved = experiments.resolve(name, "full", experiment=chosen[name].experiment)
        protocol = protocols.get(resolved.experiment.protocol)
        if protocol.live_peers and name in protocol.live.ensembles:
            wanted = seed_list(seeds[name], 1) if name in seeds else peer_ensembles.seeds_of(resolved)
            for peer in filter(_is_installed, protocol.live_peers):
                found[f"{name}-{peer}"] = Ensemble(name, peer, resolved.digest, wanted)
    return found


def require(found: Mapping[str, Run | Ensemble], chosen: Collection[str]) -> list[str]:
    """Return the keys of what is made with other simulators.

    Raises
    ------
    PeerUnavailableError
        If it is nothing. The message says what can be installed for the chosen experiments.
    """
    if not found:
        able = sorted({peer for name in chosen for peer in live.peers_of(experiments.load(name).protocol)})
        missing = [f"'{environments.environment(peer).command}'" for peer in able if not _is_installed(peer)]
        what = f"{' or '.join(missing)} installs one" if missing else "no study of them has a file for one"
        raise PeerUnavailableError(f"no other simulator runs any of the chosen experiments; {what}")
    return list(found)


def _is_installed(peer: str) -> bool:
    return environments.environment(peer).is_complete
