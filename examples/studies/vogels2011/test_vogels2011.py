"""The network against plain loops, with a trace at each synapse as in Brian2."""

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.study import protocols
from replasticity.testing import study_tests

NAME = "vogels2011"


def plain_loops(p, source, target):
    """Return step and neuron of each spike, and the plastic weights: in mV, nS, pF, pA and ms."""
    exciting, plastic = source < p.exc_neurons, (source >= p.exc_neurons) & (target < p.exc_neurons)
    w = np.where(exciting, p.w_exc_nS, np.where(plastic, p.w_initial_nS, p.w_inh_inh_nS))
    pre, post, (g_exc, g_inh), v = 0.0 * w, 0.0 * w, np.zeros((2, p.neurons)), np.full(p.neurons, p.V_initial_mV)
    last, spikes = np.full(p.neurons, -(10**9)), []
    for n in range(p.steps(sum(p.phases_ms))):
        eta = p.eta_nS if n >= p.steps(p.phases_ms[0]) else 0.0
        active = n - last >= p.steps(p.refractory_ms)
        current = p.I_pA - p.g_leak_nS * (v - p.E_leak_mV) - g_exc * v - g_inh * (v - p.E_inh_mV)
        v = np.where(active, v + p.dt_ms * current / p.C_pF, v)
        g_exc, g_inh = g_exc * (1 - p.dt_ms / p.tau_exc_ms), g_inh * (1 - p.dt_ms / p.tau_inh_ms)
        pre, post = pre * np.exp(-p.dt_ms / p.tau_stdp_ms), post * np.exp(-p.dt_ms / p.tau_stdp_ms)
        fired = active & (v > p.threshold_mV)
        sends, hears = fired[source], fired[target] & plastic
        pre += sends
        depressed = w + eta * (post - 2 * p.target_rate_Hz * p.tau_stdp_ms / 1000)
        w = np.where(sends & plastic, np.clip(depressed, 0, p.w_max_nS), w)
        for g, which in ((g_exc, sends & exciting), (g_inh, sends & ~exciting)):
            np.add.at(g, target[which], w[which])
        post += hears
        w = np.where(hears, np.clip(w + eta * pre, 0, p.w_max_nS), w)
        v[fired], last[fired] = p.E_leak_mV, n
        spikes += [(n, i) for i in np.flatnonzero(fired)]
    return np.array(spikes).T, w[plastic]


@pytest.mark.parametrize(("target_rate_Hz", "bound_nS"), [(3.0, 1.05), (130.0, None), (500.0, 0.0)])
def test_the_network_does_what_plain_loops_do(target_rate_Hz, bound_nS):
    short = experiments.resolve_shortest(NAME, experiments.load(NAME)).changes
    more = {"phases_ms": [20.0, 180.0], "w_initial_nS": 1.0, "w_max_nS": 1.05, "w_exc_nS": 3.0}
    p = experiments.resolve(NAME, "quick", short | more | {"target_rate_Hz": target_rate_Hz}).parameters
    run = protocols.get(NAME).run_seed(p, 1)
    spikes, weight_nS = plain_loops(p, np.repeat(np.arange(p.neurons), run["outdegree"]), run["target"])
    np.testing.assert_array_equal([run["spike_step"], run["spike_neuron"]], spikes)
    np.testing.assert_allclose(run["plastic_weight_nS"], weight_nS, rtol=0, atol=1e-12)
    assert len(spikes[0]) > 500
    assert (weight_nS == bound_nS).any() == (bound_nS is not None)


test_vogels2011 = study_tests(NAME)
