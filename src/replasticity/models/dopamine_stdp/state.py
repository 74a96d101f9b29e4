"""The state of a network, and how it is set up."""

from collections import namedtuple

import numpy as np

from replasticity.equations.dopamine_stdp import SYNAPSE, DopamineStep, dopamine_course
from replasticity.equations.integrate_and_fire import Neurons
from replasticity.models.dopamine_stdp.spikes import History
from replasticity.numerics.compilation import njit
from replasticity.numerics.exponentials import time_constant
from replasticity.numerics.limits import no_failure

#: Plastic synapses in order of their source. ``state``: array of `SYNAPSE`; synapses ``first[s]`` to ``first[s + 1]``
#: leave source s; ``incoming[k]`` for k from ``first_incoming[i]`` to ``first_incoming[i + 1]`` reach neuron i.
Plastic = namedtuple("Plastic", ["state", "target", "first", "incoming", "first_incoming"])

#: Static synapses of the neurons, in order of their source, all of one weight.
Static = namedtuple("Static", ["target", "first", "weight", "delay"])

#: Input from outside, in order of the step in which it acts.
External = namedtuple("External", ["step", "neuron", "weight"])

#: Spikes of the relays in order of time.
RelaySpikes = namedtuple("RelaySpikes", ["step", "source"])

#: Weights under way, shape (steps ahead, neurons): positive ones, and absolute values of negative ones.
Inputs = namedtuple("Inputs", ["exc", "inh"])

#: How far the run is: one record. Pointers count what has been dealt with.
CURSOR = np.dtype(
    [(name, np.int64) for name in ("now", "spikes", "delivered", "arrived", "external", "relayed")]
    + [(name, np.int64) for name in ("dopamine", "pre_events", "post_events", "read")]
)

Network = namedtuple(
    "Network",
    "populations neurons inputs plastic static external relay_spikes dopamine history cursor exact every_slice "
    "step failure",
)


def discretise(*, dt_ms, tau_pre_ms, tau_post_ms, tau_c_ms, tau_n_ms, b, A_plus, A_minus, delay_steps, slice_steps):
    """Return the constants of the plastic synapses.

    Parameters
    ----------
    dt_ms : float
        Step [ms].
    tau_pre_ms, tau_post_ms, tau_c_ms, tau_n_ms : float
        Time constants of both traces, of the eligibility trace and of dopamine [ms].
    b, A_plus, A_minus : float
        Baseline of dopamine, amplitudes.
    delay_steps, slice_steps : int
        Delay of the synapses and length of a slice [steps].

    Returns
    -------
    DopamineStep
        Constants.
    """
    return DopamineStep(
        tau_pre=time_constant(tau_pre_ms, dt_ms),
        tau_post=time_constant(tau_post_ms, dt_ms),
        tau_c=time_constant(tau_c_ms, dt_ms),
        tau_n=time_constant(tau_n_ms, dt_ms),
        tau_both_ms=tau_c_ms * tau_n_ms / (tau_c_ms + tau_n_ms),
        b=b,
        A_plus=A_plus,
        A_minus=A_minus,
        delay=delay_steps,
        slice=slice_steps,
    )


def arrivals_of_dopamine(step, increment, end, constants):
    """Return the dopamine that arrives until the end of a run, in order of time.

    Several arrivals in one step act as one (docs/models/dopamine_stdp.md#dopamine-in-one-step).
    """
    step, index = np.unique(np.asarray(step, np.int64), return_index=True)
    count = np.searchsorted(step, end, side="right")
    return dopamine_course(step[:count], np.asarray(increment, np.float64)[index][:count], constants)


def _first_of_each(sorted_index, count):
    # Of the same type as the index, which would otherwise be copied into a larger one.
    return np.searchsorted(sorted_index, np.arange(count + 1, dtype=sorted_index.dtype)).astype(np.int64)


def plastic_synapses(source, target, weight, *, source_count, neuron_count):
    """Return plastic synapses at rest.

    Parameters
    ----------
    source, target : ndarray of int32, shape (synapses,)
        Sources, in increasing order, and target neurons.
    weight : ndarray of float64, shape (synapses,), or float
        Weights at the start.
    source_count, neuron_count : int
        Numbers of sources and of neurons.

    Returns
    -------
    Plastic
        The synapses.
    """
    state = np.zeros(len(source), SYNAPSE).view(np.recarray)
    state["weight"] = weight
    target = np.ascontiguousarray(target, np.int32)
    incoming, first_incoming = sort_by_target(target, neuron_count)
    return Plastic(
        state=state,
        target=target,
        first=_first_of_each(source, source_count),
        incoming=incoming,
        first_incoming=first_incoming,
    )


@njit
def sort_by_target(target, neuron_count):
    """Return the synapses in order of their target, and where those of each target begin (a counting sort)."""
    first = np.zeros(neuron_count + 1, np.int64)
    for k in range(len(target)):
        first[target[k] + 1] += 1
    for neuron in range(neuron_count):
        first[neuron + 1] += first[neuron]
    place = first.copy()
    incoming = np.empty(len(target), np.int32)
    for k in range(len(target)):
        incoming[place[target[k]]] = k
        place[target[k]] += 1
    return incoming, first


def static_synapses(source, target, weight, *, delay_steps, neuron_count):
    """Return static synapses of the neurons; sources in increasing order, parameters as in `plastic_synapses`."""
    return Static(
        target=np.ascontiguousarray(target, np.int32),
        first=_first_of_each(source, neuron_count),
        weight=float(weight),
        delay=delay_steps,
    )


def network(
    *,
    populations,
    V_initial_mV,
    plastic,
    static,
    external,
    relay_spikes,
    dopamine,
    exact,
    every_slice,
    step,
):
    """Return a network at time 0.

    Parameters
    ----------
    populations : pair of Population
        Constants of the neurons; the second may be empty. Always two: each number of them is compiled apart.
    V_initial_mV : ndarray of float64, shape (neurons,)
        Potentials at the start [mV].
    plastic, static, external, relay_spikes, dopamine : Plastic, Static, External, RelaySpikes, Dopamine
        Synapses and what comes from outside.
    exact : bool
        Whether plasticity treats events at their own times; if not, at the ends of slices.
    every_slice : bool
        Whether all plastic synapses are stepped in every slice.
    step : DopamineStep
        Constants.

    Returns
    -------
    Network
        Call `reserve_history` before it advances.
    """
    count = len(V_initial_mV)
    ahead = max(step.delay, static.delay) + step.slice + 1
    return Network(
        populations=tuple(populations),
        neurons=Neurons(V_initial_mV.copy(), np.zeros(count), np.zeros(count), np.zeros(count, np.int64)),
        inputs=Inputs(np.zeros((ahead, count)), np.zeros((ahead, count))),
        plastic=plastic,
        static=static,
        external=external,
        relay_spikes=relay_spikes,
        dopamine=dopamine,
        history=History(
            step=np.zeros(0, np.int64),
            neuron=np.zeros(0, np.int32),
            previous=np.zeros(0, np.int64),
            trace=np.zeros(0),
            last=np.full(count, -1, np.int64),
        ),
        cursor=np.zeros(1, CURSOR).view(np.recarray),
        exact=exact,
        every_slice=every_slice,
        step=step,
        failure=no_failure(),
    )


def most_spikes(neuron_counts, refractory_steps, steps):
    """Return how many spikes populations can emit in so many steps, if the reset lies below the threshold."""
    return sum(
        count * (steps // (refractory + 1) + 1)
        for count, refractory in zip(neuron_counts, refractory_steps, strict=True)
    )


def reserve_history(network, steps, most_in_all):
    """Return the network with memory for all spikes that it can emit in the next steps, up to a number for the run."""
    spikes = int(network.cursor[0]["spikes"])
    coming = most_spikes(
        [population.end - population.first for population in network.populations],
        [population.refractory for population in network.populations],
        steps,
    )
    most = min(spikes + coming, most_in_all)
    history = network.history
    if len(history.step) >= most:
        return network

    def longer(array):
        copy = np.zeros(most, array.dtype)
        copy[:spikes] = array[:spikes]
        return copy

    grown = {name: longer(getattr(history, name)) for name in ("step", "neuron", "previous", "trace")}
    return network._replace(history=history._replace(**grown))
