"""What runs of dopamine-modulated STDP keep so that each plot of the tutorial can be drawn."""

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.study import protocols

CUE, TEN = (protocols.get(f"dopamine_tutorial_{name}") for name in ("cue", "ten_neurons"))


def done(protocol, name, changes, seed=3):
    parameters = experiments.resolve(name, "standard", changes).parameters
    inputs = protocol.sample_inputs(parameters, seed)
    kept = {key: value for key, value in inputs.items() if key in protocol.RUN}
    return parameters, protocol.simulate(parameters, inputs) | kept


@pytest.fixture(scope="module")
def cue_run():
    return done(CUE, "izhikevich2007_cue", {"duration_ms": 1200.0})


def test_the_raster_holds_each_spike_of_the_whole_run(cue_run):
    _, run = cue_run
    assert run["raster_count"].sum() == len(run["exc_spike_ms"])
    assert run["raster_time_ms"][[0, -1]].tolist() == [5.0, 1195.0]
    time_bin, neuron = np.nonzero(run["raster_count"])
    last = np.flatnonzero(run["exc_spike_index"] == neuron[-1])[-1]
    assert abs(run["exc_spike_ms"][last] - run["raster_time_ms"][time_bin[-1]]) <= 5.0


def test_potentials_are_sampled_each_millisecond_to_the_end(cue_run):
    _, run = cue_run
    np.testing.assert_allclose(run["V_time_ms"], np.arange(1, 1201))
    assert run["V_mV"].shape == (10, 1200)


def test_single_weights_are_those_of_synapses_that_leave_the_members(cue_run):
    parameters, run = cue_run
    weight_pA = run["synapse_weight_pA"]
    assert weight_pA.shape == (2, parameters.subgroup_size, 12)
    assert np.ptp(weight_pA[:, :, -1]) > 0
    least, most = run["weight_min_pA"], run["weight_max_pA"]
    assert np.all((weight_pA[:, :, -1] >= least) & (weight_pA[:, :, -1] <= most))


def test_single_weights_are_not_defined_where_no_synapse_leaves_a_member():
    _, run = done(CUE, "izhikevich2007_cue", {"duration_ms": 200.0, "exc_indegree": 0})
    assert np.isnan(run["synapse_weight_pA"]).all()


def test_dopamine_differs_between_subgroups_with_events_at_slice_ends_alone():
    found = [
        CUE.summarise(*done(CUE, name, {"duration_ms": 2000.0}))["dopamine_difference_percent"]
        for name in ("izhikevich2007_cue", "izhikevich2007_cue_exact")
    ]
    assert found[0] > 0.01
    assert found[1] < 1e-9


def test_dopamine_differs_between_ten_synapses_with_events_at_slice_ends_alone():
    found = [
        TEN.summarise(*done(TEN, name, {}))["dopamine_spread_percent"]
        for name in ("dopamine_ten", "dopamine_ten_exact")
    ]
    assert found[0] > 0.01
    assert found[1] < 1e-9
