"""Ensembles: the statistics of all seeds, and the traces of the first ones.

Edited: every ensemble is gathered again. What reads and writes files stands elsewhere.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from replasticity.storage.contract import Arrays, Variable, build, require_defined

if TYPE_CHECKING:
    from replasticity.definitions.parameters import Parameters
    from replasticity.study.protocols import Protocol

#: An ensemble keeps the traces of this many seeds: enough to show the spread, whatever the number of seeds.
TRACE_SEEDS = 5


class Gathering:
    """The runs of one experiment, summarised one after the other.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    parameters : Parameters
        Those of all runs.

    Attributes
    ----------
    statistics : dict of int to dict
        Seed -> its statistics.
    """

    def __init__(self, protocol: "Protocol", parameters: "Parameters"):
        self._protocol, self._parameters = protocol, parameters
        self.statistics: dict[int, Arrays] = {}
        self._traces: dict[int, Arrays] = {}

    def add(self, seed: int, run: Arrays, where: Path | str = "") -> None:
        """Summarise the run of a seed.

        Raises
        ------
        StateError
            If a statistic is infinite, or NaN where its contract knows no NaN; it names `where`, the file.
        """
        with np.errstate(all="ignore"):
            self.statistics[seed] = self._protocol.summarise(self._parameters, run)
        require_defined(self._protocol.STATISTICS, self.statistics[seed], where)
        if len(self._traces) < TRACE_SEEDS:
            self._traces[seed] = {name: run[name] for name in self._protocol.TRACES}

    def arrays(self) -> Arrays:
        """Return the ensemble: statistics with the dimension ``seed`` in front, traces with ``trace_seed``."""
        seeds, trace_seeds = sorted(self.statistics), sorted(self._traces)
        values = {name: np.stack([self.statistics[seed][name] for seed in seeds]) for name in self._protocol.STATISTICS}
        for name in self._protocol.TRACES:
            each = [self._traces[seed][name] for seed in trace_seeds]
            values[name] = each[0] if _is_coordinate(self._protocol, name) else np.stack(each)
        return build(ensemble_contract(self._protocol), {"seed": seeds, "trace_seed": trace_seeds} | values)


def _is_coordinate(protocol: "Protocol", name: str) -> bool:
    """Return True if a trace is an axis, such as the time, that all seeds share."""
    return protocol.RUN[name].dimensions == (name,)


def ensemble_contract(protocol: "Protocol") -> dict[str, Variable]:
    """Return what an ensemble of a protocol holds: statistics of all seeds, traces of the first ones."""
    contract = {
        "seed": Variable(("seed",), "seed of the run", "int64"),
        "trace_seed": Variable(("trace_seed",), "seed of the traces", "int64"),
    }
    for name, variable in protocol.STATISTICS.items():
        contract[name] = dataclasses.replace(variable, dimensions=("seed", *variable.dimensions))
    for name in protocol.TRACES:
        variable = protocol.RUN[name]
        dimensions = variable.dimensions if _is_coordinate(protocol, name) else ("trace_seed", *variable.dimensions)
        contract[name] = dataclasses.replace(variable, dimensions=dimensions)
    return contract
