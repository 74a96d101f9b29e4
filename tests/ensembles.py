"""Statistics of many seeds, simulated in this process and never written."""

import numpy as np

from replasticity.pipeline import simulation
from replasticity.storage import datasets
from replasticity.storage.contract import build
from replasticity.study import protocols


def statistics_in_memory(resolved, seeds, **attributes):
    """Return the dataset that `simulation.aggregate` would make of these seeds, without traces."""
    protocol = protocols.get(resolved.experiment.protocol)
    runs = [protocol.summarise(resolved.parameters, simulation.simulate(resolved, seed)) for seed in seeds]
    values = {name: np.stack([run[name] for run in runs]) for name in protocol.STATISTICS}
    contract = simulation.ensemble_contract(protocol)
    return datasets.as_dataset(contract, build(contract, {"seed": list(seeds)} | values), **attributes)
