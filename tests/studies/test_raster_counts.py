"""Counts of spikes in bins: a neuron may spike in each step, however many of them a bin has."""

import numpy as np
import pytest

from replasticity.definitions.parameters import MOST_STEPS
from replasticity.peers import live
from replasticity.study import protocols


@pytest.mark.parametrize("protocol", protocols.names())
def test_counts_have_a_type_that_holds_a_spike_in_each_step(protocol):
    contracts = protocols.get(protocol).RUN | protocols.get(protocol).STATISTICS
    integers = {name: np.dtype(each.dtype) for name, each in contracts.items() if name.endswith("count")}
    assert [name for name, dtype in integers.items() if dtype.kind == "i" and np.iinfo(dtype).max < MOST_STEPS] == []


def test_a_neuron_spikes_in_each_step_of_a_bin():
    run = protocols.get("dopamine_tutorial_ten_neurons")
    values = live.shortened("dopamine_ten").values | {
        "dt_ms": 0.05,
        "E_L_mV": 1e5,
        "tau_m_ms": 1.0,
        "refractory_ms": 0.0,
    }
    found = run.run_seed(run.Parameters.model_validate(values), 1)
    assert found["raster_count"].max() == 200
