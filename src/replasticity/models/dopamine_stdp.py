"""A network with dopamine-modulated STDP: leaky integrate-and-fire neurons, relays, plastic and static synapses.

Time is cut into slices as long as the smallest delay. In each slice spikes of the slice before are delivered, the
neurons advance, and the plastic synapses learn of the postsynaptic spikes and the dopamine that have arrived
(docs/models/dopamine_stdp.md#slices). A plastic synapse that no spike touches is not stepped: its state is brought
up to date, in closed form, when the next spike or a reader needs it (``every_slice`` steps all of them, as the
simulator does).

Sources are numbered: first the neurons, then the relays. All times are in steps; a spike stamped n was emitted in the
step that ends at n.

States stay within limits that no neuron and no synapse comes near (`V_LIMIT_mV`, `SYNAPSE_LIMIT`; ours, since the
published simulator has none), and no more spikes are emitted than `make_room` has made room for. A run that leaves them
ends there, with a note in ``Network.failure`` of what did so.
"""

from collections import namedtuple

import numpy as np

from replasticity.equations.dopamine_stdp import (
    SYNAPSE,
    DopamineStep,
    History,
    catch_up,
    catch_up_by_arrivals,
    decay,
    dopamine_course,
    first_after,
    is_cut_at_most_once,
    send,
    time_constant,
    trace_at,
    trigger,
)
from replasticity.equations.integrate_and_fire import Neurons, advance_delta_neurons, advance_exponential_neurons
from replasticity.models.limits import raise_failure
from replasticity.numerics.compilation import inner_njit, njit
from replasticity.numerics.copying import copy_into
from replasticity.numerics.limits import no_failure, note_failure
from replasticity.numerics.prefetch import AHEAD, prefetch

#: So many neurons at most are advanced at once. Where one reaches its threshold, only they are searched for it: in a
#: large network nearly every step has a spike somewhere.
BLOCK = 1024

#: Largest size of a potential [mV]; and of weight, c and n of a plastic synapse.
V_LIMIT_mV = 1e6
SYNAPSE_LIMIT = 1e12

#: What can leave its limits, for `replasticity.models.limits.raise_failure`; and the place of each in this list.
NEURON_LIMITS = (
    ("V_mV", f"{-V_LIMIT_mV:g} to {V_LIMIT_mV:g} mV"),
    ("the number of spikes of all neurons, at that", "fewer, which is 80 Hz on average in a long run"),
)
SYNAPSE_LIMITS = tuple((name, f"{-SYNAPSE_LIMIT:g} to {SYNAPSE_LIMIT:g}") for name in ("weight", "c", "n"))
LIMITS = NEURON_LIMITS + SYNAPSE_LIMITS
POTENTIAL, SPIKES, WEIGHT, ELIGIBILITY, DOPAMINE = range(len(LIMITS))

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
    [
        ("now", np.int64),
        ("spikes", np.int64),
        ("delivered", np.int64),
        ("arrived", np.int64),
        ("external", np.int64),
        ("relayed", np.int64),
        ("dopamine", np.int64),
        ("sent", np.int64),
        ("received", np.int64),
        ("read", np.int64),
    ]
)

Network = namedtuple(
    "Network",
    [
        "populations",
        "neurons",
        "inputs",
        "plastic",
        "static",
        "external",
        "relay_spikes",
        "dopamine",
        "history",
        "cursor",
        "exact",
        "every_slice",
        "step",
        "failure",
    ],
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
    state = np.zeros(len(source), SYNAPSE)
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
        Constants of the neurons; the second may be empty. Always two, since each number of them would be compiled anew.
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
        Call `make_room` before it advances.
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
        cursor=np.zeros(1, CURSOR),
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


def make_room(network, steps, most_in_all):
    """Return the network with room for all spikes that it can emit in the next steps, up to a number for the run."""
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


@inner_njit
def advance_populations(network, end, V_mV):
    """Advance all neurons step by step to ``end``, note the spikes, and record the potentials of the first neurons.

    All steps of a slice in one call: to hand over the many arrays of a network takes longer than a step of few neurons.
    """
    neurons, inputs, cursor = network.neurons, network.inputs, network.cursor[0]
    for now in range(cursor.now + 1, end + 1):
        row = now % len(inputs.exc)
        for population in network.populations:
            for first in range(population.first, population.end, BLOCK):
                end_of_block = min(first + BLOCK, population.end)
                part = slice(first, end_of_block)
                if population.has_currents:
                    reaches = advance_exponential_neurons(
                        neurons.V_mV[part],
                        neurons.I_exc_pA[part],
                        neurons.I_inh_pA[part],
                        neurons.refractory[part],
                        inputs.exc[row, part],
                        inputs.inh[row, part],
                        population,
                    )
                else:
                    reaches = advance_delta_neurons(
                        neurons.V_mV[part], neurons.refractory[part], inputs.exc[row, part], population
                    )
                if reaches:
                    reset_neurons(
                        neurons,
                        first,
                        end_of_block,
                        population,
                        now,
                        network.history,
                        cursor,
                        network.step,
                        network.failure,
                    )
        if now <= V_mV.shape[1]:
            copy_into(V_mV[:, now - 1], neurons.V_mV[: len(V_mV)])
    cursor.now = end


@inner_njit
def reset_neurons(neurons, first, end, population, now, history, cursor, step, failure):
    """Reset the neurons from ``first`` to before ``end`` that reach their threshold, and note their spikes."""
    for i in range(first, end):
        if neurons.refractory[i] == 0 and neurons.V_mV[i] >= population.V_th_mV:
            if neurons.V_mV[i] > V_LIMIT_mV:
                note_failure(failure, POTENTIAL, now, i, neurons.V_mV[i])
            if cursor.spikes >= len(history.step):
                note_failure(failure, SPIKES, now, i, cursor.spikes)
                return
            neurons.V_mV[i] = population.V_reset_mV
            neurons.refractory[i] = population.refractory
            note_spike(history, cursor.spikes, i, now, step)
            cursor.spikes += 1


@inner_njit
def note_spike(history, spike, neuron, stamp, step):
    """Write a spike of a neuron into the history, with its postsynaptic trace."""
    previous = history.last[neuron]
    trace = 1.0
    if previous >= 0:
        trace += history.trace[previous] * decay(stamp - history.step[previous], step.tau_post)
    history.step[spike] = stamp
    history.neuron[spike] = neuron
    history.previous[spike] = previous
    history.trace[spike] = trace
    history.last[neuron] = spike


@inner_njit
def add_external(network, end):
    """Put the input from outside that acts until the end of this slice into the bins."""
    external, cursor = network.external, network.cursor[0]
    rows = len(network.inputs.exc)
    while cursor.external < len(external.step) and external.step[cursor.external] <= end:
        k = cursor.external
        network.inputs.exc[external.step[k] % rows, external.neuron[k]] += external.weight[k]
        cursor.external += 1


@inner_njit
def send_static(network, source, stamp):
    """Put a neuron's spike into the bins of its static synapses."""
    static = network.static
    row = (stamp + static.delay) % len(network.inputs.exc)
    for k in range(static.first[source], static.first[source + 1]):
        if static.weight < 0.0:
            network.inputs.inh[row, static.target[k]] -= static.weight
        else:
            network.inputs.exc[row, static.target[k]] += static.weight


# Events at slice ends (the published simulator) -----------------------------------------------------
#
# Loops over synapses take what they need out of the network before they begin: inside they would count references.


@inner_njit
def send_in_slice(network, source, stamp, first_in_slice):
    """Deliver a spike of the slice that has just ended, and say whether a clock was left inside that slice."""
    plastic, history, dopamine, step = network.plastic, network.history, network.dopamine, network.step
    row = (stamp + step.delay) % len(network.inputs.exc)
    now, arrived = network.cursor[0].now, network.cursor[0].dopamine
    left_behind = False
    for k in range(plastic.first[source], plastic.first[source + 1]):
        synapse, target = plastic.state[k], plastic.target[k]
        if first_in_slice and synapse.update_clock < now:
            if is_cut_at_most_once(synapse, dopamine, step):
                catch_up(synapse, synapse.spike_clock, now, dopamine, step)
            else:
                catch_up_by_arrivals(synapse, synapse.spike_clock, now, dopamine, arrived, False, step)
        network.inputs.exc[row, target] += send(synapse, target, stamp, history, step)
        left_behind |= synapse.update_clock < now
    network.cursor[0].sent += plastic.first[source + 1] - plastic.first[source]
    return left_behind


@njit
def order_of(sources):
    """Return the order of the spikes of a slice by source; those of one source stay in order (an insertion sort).

    A slice has few spikes, already sorted within each step. A general sort takes the compiler seconds.
    """
    order = np.empty(len(sources), np.int64)
    for k in range(len(sources)):
        place = k
        while place > 0 and sources[order[place - 1]] > sources[k]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    return order


@inner_njit
def deliver(network, behind):
    """Deliver all spikes of the slice that has just ended (docs/models/dopamine_stdp.md#deliver).

    Parameters
    ----------
    network : Network
        Changed in place.
    behind : ndarray of int64, shape (sources,)
        Receives the sources whose synapses the coming trigger has to look at one by one.

    Returns
    -------
    int
        Number of those sources.
    """
    cursor, history, relays = network.cursor[0], network.history, network.relay_spikes
    found = 0
    last = -1
    first, end = cursor.delivered, cursor.spikes
    # By neuron, and for one neuron by time.
    for k in order_of(history.neuron[first:end]):
        source, stamp = history.neuron[first + k], history.step[first + k]
        found = send_and_list(network, source, stamp, source != last, behind, found)
        send_static(network, source, stamp)
        last = source
    cursor.delivered = end
    first = cursor.relayed
    while cursor.relayed < len(relays.step) and relays.step[cursor.relayed] <= cursor.now:
        cursor.relayed += 1
    for k in order_of(relays.source[first : cursor.relayed]):
        source = relays.source[first + k]
        found = send_and_list(network, source, relays.step[first + k], source != last, behind, found)
        last = source
    return found


@inner_njit
def send_and_list(network, source, stamp, first_in_slice, behind, found):
    """Deliver a spike, and list its source if the coming trigger has to look at its synapses; return their number."""
    if send_in_slice(network, source, stamp, first_in_slice) and (found == 0 or behind[found - 1] != source):
        behind[found] = source
        found += 1
    return found


@inner_njit
def trigger_sources(network, sources, end):
    """Step all synapses of some sources to the end of the slice."""
    plastic, step = network.plastic, network.step
    next_dopamine = first_after(network.dopamine, end - step.slice, network.cursor[0].dopamine)
    for source in sources:
        for k in range(plastic.first[source], plastic.first[source + 1]):
            trigger(plastic.state[k], plastic.target[k], end, network.history, network.dopamine, next_dopamine, step)


@inner_njit
def receive_in_slice(network, end):
    """Let the postsynaptic spikes act that reach the synapses in the slice that ends now.

    Source: docs/models/dopamine_stdp.md#trigger.
    """
    plastic, history, dopamine = network.plastic, network.history, network.dopamine
    step, cursor = network.step, network.cursor[0]
    while cursor.arrived < cursor.spikes and history.step[cursor.arrived] + step.delay <= end:
        arrival = history.step[cursor.arrived] + step.delay
        neuron = history.neuron[cursor.arrived]
        first, last = plastic.first_incoming[neuron], plastic.first_incoming[neuron + 1] - 1
        for j in range(first, last + 1):
            prefetch(plastic.state[plastic.incoming[min(j + AHEAD, last)]])
            synapse = plastic.state[plastic.incoming[j]]
            if synapse.update_clock >= arrival:
                continue
            # In the slice right after a presynaptic spike its set-back clock is forgotten.
            forgotten = arrival - synapse.update_clock <= step.slice
            start = synapse.update_clock if forgotten else synapse.spike_clock
            if is_cut_at_most_once(synapse, dopamine, step):
                catch_up(synapse, start, arrival, dopamine, step)
            else:
                catch_up_by_arrivals(synapse, start, arrival, dopamine, cursor.dopamine, False, step)
            synapse.c += step.A_plus * synapse.x
        cursor.received += plastic.first_incoming[neuron + 1] - plastic.first_incoming[neuron]
        cursor.arrived += 1


# Events at their own times --------------------------------------------------------------------------


@inner_njit
def receive_and_send_exactly(network, end):
    """Let all events of the slice that ends now act on the plastic synapses, in order of time.

    At equal times: dopamine, postsynaptic spikes, presynaptic spikes; the latter two are not paired with each other.
    """
    plastic, history, relays = network.plastic, network.history, network.relay_spikes
    dopamine, step, cursor = network.dopamine, network.step, network.cursor[0]
    for now in range(end - step.slice + 1, end + 1):
        while cursor.arrived < cursor.spikes and history.step[cursor.arrived] + step.delay == now:
            neuron = history.neuron[cursor.arrived]
            first, last = plastic.first_incoming[neuron], plastic.first_incoming[neuron + 1] - 1
            for j in range(first, last + 1):
                prefetch(plastic.state[plastic.incoming[min(j + AHEAD, last)]])
                synapse = plastic.state[plastic.incoming[j]]
                if is_cut_at_most_once(synapse, dopamine, step):
                    catch_up(synapse, synapse.update_clock, now, dopamine, step)
                else:
                    catch_up_by_arrivals(synapse, synapse.update_clock, now, dopamine, cursor.dopamine, True, step)
                synapse.c += step.A_plus * synapse.x
            cursor.received += plastic.first_incoming[neuron + 1] - plastic.first_incoming[neuron]
            cursor.arrived += 1
        while cursor.delivered < cursor.spikes and history.step[cursor.delivered] == now:
            send_exactly(network, history.neuron[cursor.delivered], now)
            send_static(network, history.neuron[cursor.delivered], now)
            cursor.delivered += 1
        while cursor.relayed < len(relays.step) and relays.step[cursor.relayed] == now:
            send_exactly(network, relays.source[cursor.relayed], now)
            cursor.relayed += 1


@inner_njit
def send_exactly(network, source, now):
    """Book a presynaptic spike at its own time, and put the weights of that time into the bins."""
    plastic, history, step = network.plastic, network.history, network.step
    dopamine, arrived = network.dopamine, network.cursor[0].dopamine
    row = (now + step.delay) % len(network.inputs.exc)
    for k in range(plastic.first[source], plastic.first[source + 1]):
        synapse, target = plastic.state[k], plastic.target[k]
        if is_cut_at_most_once(synapse, dopamine, step):
            catch_up(synapse, synapse.update_clock, now, dopamine, step)
        else:
            catch_up_by_arrivals(synapse, synapse.update_clock, now, dopamine, arrived, True, step)
        synapse.x += 1.0
        synapse.c -= step.A_minus * trace_at(history, target, now - step.delay, step)
        network.inputs.exc[row, target] += synapse.weight
    network.cursor[0].sent += plastic.first[source + 1] - plastic.first[source]


# The time loop --------------------------------------------------------------------------------------


@njit
def advance(network, end, behind, V_mV):
    """Advance the network.

    A reader in the middle of a slice sees what was delivered at its start, and not what is booked at its end.

    Parameters
    ----------
    network : Network
        Changed in place.
    end : int
        Time to which it advances [steps].
    behind : ndarray of int64, shape (sources + 1,)
        Sources whose synapses the coming trigger has to look at one by one, kept from call to call; the last
        entry is their number.
    V_mV : ndarray of float64, shape (recorded neurons, recorded steps)
        Receives the potentials of the first neurons at the end of each step [mV].
    """
    cursor, step = network.cursor[0], network.step
    relay_step, external_step, spike_step = network.relay_spikes.step, network.external.step, network.history.step
    every_source = np.arange(len(network.plastic.first) - 1)
    while cursor.now < end and network.failure[0].variable < 0:
        # In a small network there is mostly nothing to do, and handing over its many arrays takes longer than to ask.
        slice_end = (cursor.now // step.slice + 1) * step.slice
        if cursor.now % step.slice == 0:
            if not network.exact:
                is_relayed = cursor.relayed < len(relay_step) and relay_step[cursor.relayed] <= cursor.now
                behind[-1] = deliver(network, behind) if cursor.delivered < cursor.spikes or is_relayed else 0
            if cursor.external < len(external_step) and external_step[cursor.external] <= slice_end:
                add_external(network, slice_end)
        advance_populations(network, min(slice_end, end), V_mV)
        if cursor.now == slice_end:
            dopamine = network.dopamine
            while cursor.dopamine < len(dopamine.step) and dopamine.step[cursor.dopamine] <= slice_end:
                cursor.dopamine += 1
            if network.exact:
                receive_and_send_exactly(network, slice_end)
            else:
                sources = every_source if network.every_slice else behind[: behind[-1]]
                if len(sources) > 0:
                    trigger_sources(network, sources, slice_end)
                if cursor.arrived < cursor.spikes and spike_step[cursor.arrived] + step.delay <= slice_end:
                    receive_in_slice(network, slice_end)


@njit
def bring_up_to_date(network, behind):
    """Bring all plastic synapses to the end of the last slice, for a reader.

    Inside a slice the synapses of the sources in ``behind`` wait for the trigger as `deliver` has left them.
    """
    step, cursor, dopamine = network.step, network.cursor[0], network.dopamine
    state, first = network.plastic.state, network.plastic.first
    end = cursor.now // step.slice * step.slice
    if network.every_slice or end <= cursor.read:
        return
    waits = np.zeros(len(first) - 1, np.bool_)
    if end < cursor.now:
        for source in behind[: behind[-1]]:
            waits[source] = True
    for source in range(len(first) - 1):
        if waits[source]:
            continue
        for k in range(first[source], first[source + 1]):
            synapse = state[k]
            if synapse.update_clock < end:
                if is_cut_at_most_once(synapse, dopamine, step):
                    catch_up(synapse, synapse.spike_clock, end, dopamine, step)
                else:
                    catch_up_by_arrivals(
                        synapse, synapse.spike_clock, end, dopamine, cursor.dopamine, network.exact, step
                    )
    cursor.read = end


@njit
def check_states(network):
    """Note the first neuron or plastic synapse whose state has left the limits."""
    failure, now = network.failure, network.cursor[0].now
    for i in range(len(network.neurons.V_mV)):
        V_mV = network.neurons.V_mV[i]
        if not abs(V_mV) <= V_LIMIT_mV:
            note_failure(failure, POTENTIAL, now, i, V_mV)
    state = network.plastic.state
    for k in range(len(state)):
        synapse = state[k]
        in_limits = abs(synapse.weight) <= SYNAPSE_LIMIT
        in_limits &= abs(synapse.c) <= SYNAPSE_LIMIT
        in_limits &= abs(synapse.n) <= SYNAPSE_LIMIT
        # One branch for all three: there are many synapses.
        if in_limits:
            continue
        if not abs(synapse.weight) <= SYNAPSE_LIMIT:
            note_failure(failure, WEIGHT, now, k, synapse.weight)
        if not abs(synapse.c) <= SYNAPSE_LIMIT:
            note_failure(failure, ELIGIBILITY, now, k, synapse.c)
        if not abs(synapse.n) <= SYNAPSE_LIMIT:
            note_failure(failure, DOPAMINE, now, k, synapse.n)


def raise_any_failure(network, dt_ms):
    """Raise a `replasticity.errors.StateError` if a state has left its limits."""
    place = "neuron" if network.failure[0]["variable"] < len(NEURON_LIMITS) else "synapse"
    raise_failure(network.failure, LIMITS, dt_ms, place)


@njit
def sample(network, times, behind, V_mV, readings):
    """Advance the network from reading to reading, and keep the state of all plastic synapses at each.

    In compiled code, since handing a network over from Python costs more than a small one takes between two readings.

    Parameters
    ----------
    network, behind, V_mV
        As in `advance`.
    times : ndarray of int64, shape (times,)
        When the synapses are read [steps], increasing.
    readings : ndarray of `SYNAPSE`, shape (times, synapses)
        Receives their state.
    """
    for k in range(len(times)):
        advance(network, times[k], behind, V_mV)
        bring_up_to_date(network, behind)
        copy_into(readings[k], network.plastic.state)
        check_states(network)
        if network.failure[0].variable >= 0:
            return


@njit
def sums_of_each_source(network, reference):
    """Return the sum of weight minus a reference over the plastic synapses of each source."""
    plastic = network.plastic
    sums = np.zeros(len(plastic.first) - 1)
    for source in range(len(sums)):
        for k in range(plastic.first[source], plastic.first[source + 1]):
            sums[source] += plastic.state[k].weight - reference
    return sums


@njit
def sums_over_sources(network, sources, reference):
    """Return sums over all plastic synapses of some sources: weight minus a reference, c, n; and their number."""
    plastic = network.plastic
    weight = c = n = 0.0
    count = 0
    for source in sources:
        for k in range(plastic.first[source], plastic.first[source + 1]):
            synapse = plastic.state[k]
            weight += synapse.weight - reference
            c += synapse.c
            n += synapse.n
            count += 1
    return weight, c, n, count
