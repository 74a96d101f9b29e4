"""Izhikevich's network as a program in GNU Octave, on our random numbers, at the corners of its parameters."""

import pytest

from replasticity.definitions import experiments
from replasticity.errors import BothEndError, PeerUnavailableError
from replasticity.peers import environments, live

pytestmark = pytest.mark.slow

CORNERS = {
    "one excitatory cell": {"exc_cells": 1, "inh_cells": 1, "synapses_per_cell": 30, "parallel_synapses_add": True},
    "many synapses between two cells": {"exc_cells": 2, "inh_cells": 3, "synapses_per_cell": 40, "w_inh_mV": 0.0},
    "reward in the step of its reason": {"reward_delay_min_ms": 0, "reward_delay_span_ms": 0.0},
    "no coincidence counts": {"coincidence_ms": 0},
    "coincidence of seconds": {"coincidence_ms": 5000, "noise_amplitude_mV": 14.0},
    "above the peak at first": {"v_init_mV": 40.0, "weight_update_period_ms": 1},
    "last synapse": {"chosen_pre": 79, "chosen_slot": 19, "close_up_reward": 2},
    "nothing fires": {"noise_amplitude_mV": 0.0},
}


@pytest.fixture(scope="module", autouse=True)
def octave():
    """Skip these where there is no Octave."""
    try:
        environments.require("octave")
    except PeerUnavailableError as error:
        pytest.skip(str(error))


def jobs(changes):
    short = live.shortened("izhikevich2007")
    resolved = [experiments.resolve(short.name, short.scale, short.changes | each) for each in changes]
    return [live.job(each, seed, "octave") for seed, each in enumerate(resolved)]


def test_the_program_gives_the_same_bits_at_the_corners():
    for name, compared in zip(CORNERS, live.compare_all(jobs(CORNERS.values()), "octave"), strict=True):
        assert not isinstance(compared, Exception), f"{name}: {compared}"
        assert {row.quantity for row in compared if not row.holds} == set(), name
        assert {row.quantity for row in compared if row.absolute > 0} <= {"mean_weight_mV"}, name


def test_both_end_where_the_network_runs_away_and_where_a_state_leaves_its_limits():
    changes = [
        {"v_peak_mV": -40.0, "c_mV": -41.0, "d_exc_mV": 0.0, "d_inh_mV": 0.0},
        {"w_exc_init_mV": 50.0, "w_max_mV": 50.0},
        {"a_exc_per_ms": 5.0, "a_inh_per_ms": 5.0},
    ]
    ends = live.compare_all(jobs(changes), "octave")
    assert [type(each) for each in ends] == [BothEndError] * 3
    for end, why in zip(ends, ("mean rate of all neurons is ", "v_mV of neuron ", "v_mV of neuron "), strict=True):
        assert why in str(end)
