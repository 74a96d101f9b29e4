"""Says which errata of NEST are there, as JSON: runs in NEST's environment, without replasticity and pytest."""

import json

import nest
import numpy as np

#: A neuron at rest, whose traces of the potential are at rest as well.
REST = dict.fromkeys(("V_m", "E_L", "theta_minus", "u_bar_plus", "u_bar_minus", "u_bar_bar"), -70.6)


def fresh():
    nest.ResetKernel()
    nest.resolution = 0.1
    nest.rng_seed = 5


def relayed(times_ms):
    """Return a relay that spikes 0.1 ms after these times: plastic synapses need one behind a generator."""
    generator, relay = nest.Create("spike_generator", params={"spike_times": times_ms}), nest.Create("parrot_neuron")
    nest.Connect(generator, relay, syn_spec={"delay": 0.1})
    return relay


def depression(time_ms, **changes):
    """Return by how much a presynaptic spike depresses a synapse onto a silent neuron."""
    fresh()
    neuron, relay = nest.Create("aeif_psc_delta_clopath", params=REST | changes), relayed([time_ms])
    nest.Connect(relay, neuron, syn_spec={"synapse_model": "clopath_synapse", "weight": 1.0, "delay": 0.1})
    nest.Simulate(time_ms + 10.0)
    return 1.0 - nest.GetConnections(relay, neuron).weight


def recorded(neuron, name, duration_ms):
    multimeter = nest.Create("multimeter", params={"record_from": [name], "interval": 0.1})
    nest.Connect(multimeter, neuron)
    nest.Simulate(duration_ms)
    return np.array(multimeter.events[name])


def potential(tolerance):
    """Return the potential around one input, solved with a tolerance."""
    fresh()
    neuron = nest.Create("aeif_psc_delta_clopath", params={"V_m": -46.0, "gsl_error_tol": tolerance})
    generator = nest.Create("spike_generator", params={"spike_times": [0.5]})
    nest.Connect(generator, neuron, syn_spec={"delay": 0.1})
    return recorded(neuron, "V_m", 3.0)


def urbanczik_weights(eta, presentations, dendrite, **synapse):
    """Return the weight of one synapse each 10 ms."""
    fresh()
    parameters = {"soma": {"V_m": -50.0, "I_e": 2000.0}, "dendritic": dendrite}
    neuron, relay = nest.Create("pp_cond_exp_mc_urbanczik", params=parameters), relayed(5.0 + 10.0 * np.arange(100))
    receptor = nest.GetDefaults("pp_cond_exp_mc_urbanczik")["receptor_types"]["dendritic_exc"]
    plastic = {"synapse_model": "urbanczik_synapse", "receptor_type": receptor, "delay": 0.1, "eta": eta}
    nest.Connect(relay, neuron, syn_spec=plastic | synapse)
    weights = []
    for _ in range(presentations):
        nest.Simulate(10.0)
        weights.append(nest.GetConnections(relay, neuron).weight)
    return np.array(weights)


def history_starts_at_zero():
    # The traces come 5 ms late: at rest nothing depresses, but before that it does.
    return depression(2.0) > 1e-3 > 1e-6 > depression(30.0)


def homeostasis_reversed():
    quiet, busy = (depression(30.0, A_LTD_const=False, theta_minus=-80.0, u_bar_bar=mV) for mV in (-70.0, -50.0))
    return quiet > busy


def solver_dependence():
    return np.abs(potential(1e-6) - potential(1e-9)).max() > 1e-3


def hodgkin_huxley_start():
    fresh()
    return recorded(nest.Create("hh_psc_alpha_clopath"), "u_bar_plus", 2.0)[0] > -10.0


def integral_runs_on():
    # So small that they do not act on the neuron. The weight rises above the bound, and comes back.
    free, bounded = (urbanczik_weights(1e-8, 100, {}, weight=1e-6, Wmax=Wmax) for Wmax in (1.0, 6e-6))
    assert np.flatnonzero(free > 6e-6)[0] < np.flatnonzero(free < 5.5e-6)[-1]
    return np.allclose(bounded, np.minimum(free, 6e-6), rtol=1e-9, atol=0.0)


def zero_is_inhibitory():
    # The synapse is an excitatory one: the time constant of the others is none of its business.
    one, other = (urbanczik_weights(1e-8, 20, {"tau_syn_in": tau}, weight=0.0, Wmax=1.0) for tau in (3.0, 30.0))
    return not np.array_equal(one, other)


def equal_time_constants():
    weights = urbanczik_weights(1e-8, 20, {"C_m": 300.0, "g_L": 30.0, "tau_syn_ex": 10.0}, weight=1e-6, Wmax=1.0)
    return np.isnan(weights).any()


PROBES = {
    "history-starts-at-zero": history_starts_at_zero,
    "homeostasis-reversed": homeostasis_reversed,
    "solver-dependence": solver_dependence,
    "hodgkin-huxley-start": hodgkin_huxley_start,
    "integral-runs-on": integral_runs_on,
    "zero-is-inhibitory": zero_is_inhibitory,
    "equal-time-constants": equal_time_constants,
}

if __name__ == "__main__":
    print(json.dumps({name: bool(probe()) for name, probe in PROBES.items()}))
