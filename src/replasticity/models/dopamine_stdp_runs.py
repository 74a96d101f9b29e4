"""Runs of networks with dopamine-modulated STDP: from parameters to a network that is read as it advances."""

import math

import numpy as np

from replasticity.equations.integrate_and_fire import delta_population, exponential_population
from replasticity.models import dopamine_stdp as model


def synapse_constants(p):
    """Return the constants of the plastic synapses, a `DopamineStep`."""
    names = ("dt_ms", "tau_pre_ms", "tau_post_ms", "tau_c_ms", "tau_n_ms", "b", "A_plus", "A_minus")
    return model.discretise(
        **{name: getattr(p, name) for name in names}, delay_steps=p.steps(p.delay_ms), slice_steps=p.steps(p.slice_ms)
    )


def in_order(step, *others):
    """Return steps in order of time, and what belongs to them; equal steps stay in order."""
    order = np.argsort(step, kind="stable")
    return tuple(array[order] for array in (step, *others))


class Session:
    """A network that advances from one reading to the next; ``V_mV`` has the first neurons' first potentials."""

    def __init__(self, network, p, V_neurons=0, V_steps=0):
        self.network = network
        self.V_mV = np.zeros((V_neurons, V_steps))
        self._dt_ms, self._most_spikes = p.dt_ms, math.ceil(p.most_spikes())
        # Sources whose synapses the next trigger has to look at.
        self._waiting = np.zeros(len(network.plastic.first), np.int64)

    def advance(self, end):
        """Advance to a time [steps]; raise a `replasticity.errors.StateError` if a state leaves its limits."""
        self._reserve_history(end)
        model.advance(self.network, end, self._waiting, self.V_mV)
        model.check_states(self.network)
        model.raise_any_failure(self.network, self._dt_ms)

    def _reserve_history(self, end):
        missing = end - int(self.network.cursor[0]["now"])
        self.network = model.reserve_history(self.network, missing, self._most_spikes)

    def read(self):
        """Return the network with all plastic synapses up to date."""
        model.bring_up_to_date(self.network, self._waiting)
        return self.network

    def sample(self, times):
        """Advance from reading to reading, and return the state of all plastic synapses, shape (times, synapses)."""
        state = self.network.plastic.state
        readings = np.empty((len(times), len(state)), state.dtype)
        self._reserve_history(int(times[-1]))
        model.sample(self.network, times, self._waiting, self.V_mV, readings)
        model.raise_any_failure(self.network, self._dt_ms)
        return readings

    def spikes(self):
        """Return step and neuron of all spikes so far, in order of time."""
        count, history = int(self.network.cursor[0]["spikes"]), self.network.history
        return history.step[:count], history.neuron[:count].astype(np.int64)


def simulate_relayed(p, *, relayed, dopamine, weights, read, kicks=None, kick_mV=0.0, V_steps=0):
    """Run delta neurons that are driven by relays of the same number through one plastic synapse each.

    Parameters
    ----------
    p : DopamineSynapse and DeltaNeurons
        Parameters.
    relayed, kicks : pair of ndarray of int64, shape (spikes,)
        Step and neuron of each spike of the relays, and of each jump by ``kick_mV`` that is imposed on a neuron.
    dopamine : pair of ndarray, shape (arrivals,)
        Step of each arrival at all synapses, and what it adds to n.
    weights : ndarray of float64, shape (neurons,)
        Weights at the start.
    read : ndarray of int64, shape (times,)
        When the synapses are read [steps], increasing.
    V_steps : int
        For how many steps the potentials are kept.

    Returns
    -------
    tuple of (Session, ndarray of `SYNAPSE`, shape (times, neurons))
        The network at the end, and its synapses at each reading.
    """
    count = len(weights)
    neurons, nothing = np.arange(count, dtype=np.int32), np.zeros(0, np.int32)
    relay_step, relay = in_order(*relayed)
    kick_step, kicked = in_order(*kicks) if kicks else (nothing.astype(np.int64), nothing)
    names = ("dt_ms", "tau_m_ms", "E_L_mV", "V_reset_mV", "V_th_mV", "refractory_ms")
    population = delta_population(first=0, end=count, **{name: getattr(p, name) for name in names})
    constants = synapse_constants(p)
    network = model.network(
        populations=(population, population._replace(first=count)),
        V_initial_mV=np.full(count, p.E_L_mV),
        plastic=model.plastic_synapses(neurons + count, neurons, weights, source_count=2 * count, neuron_count=count),
        static=model.static_synapses(nothing, nothing, 0.0, delay_steps=1, neuron_count=count),
        external=model.External(kick_step, kicked.astype(np.int32), np.full(len(kick_step), kick_mV)),
        relay_spikes=model.RelaySpikes(relay_step, (relay + count).astype(np.int32)),
        dopamine=model.arrivals_of_dopamine(dopamine[0], dopamine[1], read[-1], constants),
        exact=p.events == "exact",
        every_slice=p.step_every_slice and p.events == "slice",
        step=constants,
    )
    session = Session(network, p, count, V_steps)
    return session, session.sample(read)


def network_at_start(p, inputs, weight_initial_pA):
    """Return the balanced network of the cue association at time 0.

    Parameters
    ----------
    p : BalancedNetwork
        Parameters, with those of the stimuli.
    inputs : dict of str to ndarray
        As `sample_inputs` gives them: synapses in order of their source, times of generators, steps of background
        relays.
    weight_initial_pA : ndarray of float64, shape (synapses,), or float
        Weights of the plastic synapses at the start [pA].

    Returns
    -------
    Network
        With its inputs.
    """
    relay, delay, neurons = p.steps(p.relay_delay_ms), p.steps(p.delay_ms), p.neuron_count
    members = inputs["subgroup_index"].astype(np.int64)[inputs["stimulus_subgroup"]]
    stimulus = np.repeat(p.steps(inputs["stimulus_ms"]) + relay + p.steps(p.stimulus_delay_ms), members.shape[1])
    background = inputs["background_step"].astype(np.int64)
    # Stimuli before background where both act in one step, as in the simulator.
    step, neuron, weight_pA = in_order(
        np.concatenate([stimulus, background + delay]),
        np.concatenate([members.ravel(), inputs["background_index"]]),
        np.repeat([p.stimulus_weight_pA, p.background_weight_pA], [len(stimulus), len(background)]),
    )
    constants = synapse_constants(p)
    dopamine = p.steps(inputs["dopamine_ms"]) + relay + p.steps(p.dopamine_delay_ms)
    return model.network(
        populations=tuple(
            exponential_population(dt_ms=p.dt_ms, first=first, end=end, **p.population(kind))
            for kind, first, end in (("exc", 0, p.exc_count), ("inh", p.exc_count, neurons))
        ),
        V_initial_mV=np.repeat([p.exc_V_initial_mV, p.inh_V_initial_mV], [p.exc_count, p.inh_count]),
        plastic=model.plastic_synapses(
            inputs["exc_pre"], inputs["exc_post"], weight_initial_pA, source_count=neurons, neuron_count=neurons
        ),
        static=model.static_synapses(
            inputs["inh_pre"] + np.int32(p.exc_count),
            inputs["inh_post"],
            p.weight_inh_pA,
            delay_steps=delay,
            neuron_count=neurons,
        ),
        external=model.External(step, neuron.astype(np.int32), weight_pA),
        relay_spikes=model.RelaySpikes(np.zeros(0, np.int64), np.zeros(0, np.int32)),
        dopamine=model.arrivals_of_dopamine(
            dopamine, np.full(len(dopamine), p.A_vt / p.tau_n_ms), p.steps(p.duration_ms), constants
        ),
        exact=p.events == "exact",
        every_slice=p.step_every_slice and p.events == "slice",
        step=constants,
    )


def read_groups(network, subgroups, weight_pA):
    """Return mean weight of all synapses, and of each subgroup mean weight, sum of c, mean of n and single weights.

    Of each member the first synapse that leaves it is shown, NaN where none does.
    """

    def sums(sources):
        moved_pA, c, n, count = model.sums_over_sources(network, sources, weight_pA)
        return weight_pA + moved_pA / max(count, 1), c, n / max(count, 1)

    first = network.plastic.first
    mean_pA, c_sum, n_mean = zip(*(sums(members) for members in subgroups), strict=True)
    single_pA = np.full(subgroups.shape, np.nan)
    has_one = first[subgroups + 1] > first[subgroups]
    single_pA[has_one] = network.plastic.state["weight"][first[subgroups[has_one]]]
    return {
        "weight_all_pA": sums(np.arange(len(first) - 1))[0],
        "weight_pA": mean_pA,
        "c_sum": c_sum,
        "n_mean": n_mean,
        "synapse_weight_pA": single_pA,
    }


def read_sources(network, count, weight_pA):
    """Return what has become of the plastic synapses at the end.

    Of each of the first ``count`` sources: the mean final weight of the synapses that leave it, NaN where none does,
    and their number. Of all: the smallest and the largest weight, and how many events there were.
    """
    leaving = np.diff(network.plastic.first)[:count]
    moved_pA = model.sums_of_each_source(network, weight_pA)[:count]
    weights_pA, cursor = network.plastic.state["weight"], network.cursor[0]
    return {
        "weight_final_pA": np.where(leaving > 0, weight_pA + moved_pA / np.maximum(leaving, 1), np.nan),
        "synapse_count": leaving,
        "weight_min_pA": weights_pA.min() if len(weights_pA) else np.nan,
        "weight_max_pA": weights_pA.max() if len(weights_pA) else np.nan,
        "event_count": int(cursor["pre_events"]) + int(cursor["post_events"]),
    }
