"""What the workflow makes with other simulators: with those that are installed, of the chosen experiments."""

from collections.abc import Collection
from typing import NamedTuple

from replasticity.definitions import experiments
from replasticity.errors import PeerUnavailableError
from replasticity.peers import environments, live


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


def require(found: dict[str, Run], chosen: Collection[str]) -> list[str]:
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
