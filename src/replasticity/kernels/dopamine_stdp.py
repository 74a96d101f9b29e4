"""Equations of dopamine-modulated STDP (Izhikevich 2007): eligibility trace times dopamine.

=========  ================  ======================================================================
symbol     name              meaning
=========  ================  ======================================================================
w          weight            weight; in the unit of the neuron that it drives (mV or pA)
n          n                 dopamine concentration, as the synapse stores it [1]
c          c                 eligibility trace [1]
x          x                 presynaptic trace [1]
y          trace             postsynaptic trace; belongs to the postsynaptic neuron [1]
b          b                 baseline that is subtracted from the dopamine [1]
D          delay             delay of the synapse, taken as dendritic [steps]
m          slice             smallest delay of the network: the length of a slice [steps]
a          spike_clock       time of the last spike that the synapse has processed [steps]
u          update_clock      time to which its state was last advanced [steps]
=========  ================  ======================================================================

All times are in steps. Between events the equations dw/dt = c (n - b), dc/dt = -c / tau_c, dn/dt = -n / tau_n and
dx/dt = -x / tau_pre have a closed form. Two semantics of events are here. ``slice`` is what the published simulator
does: a presynaptic spike is booked at the end of its slice (specification, sections 4 to 6). ``exact`` treats each
event at its own time.
"""

import math
from collections import namedtuple
from functools import cache

import numpy as np

from replasticity.kernels.compilation import inline_njit, njit

#: One plastic synapse, together in memory because an event needs all of it.
SYNAPSE = np.dtype(
    [
        ("weight", np.float64),
        ("n", np.float64),
        ("c", np.float64),
        ("x", np.float64),
        ("spike_clock", np.int32),
        ("update_clock", np.int32),
    ]
)

#: A time constant, the step, and exp(-k dt / tau) for k = 0, 1, ...: exponentials were the dearest part of an event.
TimeConstant = namedtuple("TimeConstant", ["ms", "dt_ms", "decays"])

#: Constants of all plastic synapses. ``tau_pre``, ``tau_post``, ``tau_c``, ``tau_n``: each a `TimeConstant`;
#: ``tau_both_ms``: 1 / (1 / tau_c + 1 / tau_n).
DopamineStep = namedtuple(
    "DopamineStep",
    [
        "tau_pre",
        "tau_post",
        "tau_c",
        "tau_n",
        "tau_both_ms",
        "b",
        "A_plus",
        "A_minus",
        "delay",
        "slice",
    ],
)

#: Arrivals of dopamine at all synapses, one per step at most: step, and what it adds to n.
Dopamine = namedtuple("Dopamine", ["step", "increment"])

#: All spikes of the neurons in order of time. ``previous``: the spike before of the same neuron, or -1; ``trace``:
#: postsynaptic trace right after the spike. ``last``: last spike of each neuron, or -1.
History = namedtuple("History", ["step", "neuron", "previous", "trace", "last"])

#: In place of an arrival where there is none.
NEVER = np.int64(2**62)


#: So many decays are looked up, longer ones computed; four tables fit in the processor's second cache.
TABULATED_STEPS = 2**13


@cache
def time_constant(tau_ms, dt_ms):
    """Return a `TimeConstant`; its table has the bits of the exponential function that `decay` uses beyond it."""
    decays = np.array([math.exp(-(steps * dt_ms) / tau_ms) for steps in range(TABULATED_STEPS)])
    return TimeConstant(ms=float(tau_ms), dt_ms=float(dt_ms), decays=decays)


@inline_njit
def decay(steps, tau):
    """Return exp(-steps dt / tau)."""
    if steps < len(tau.decays):
        return tau.decays[steps]
    return math.exp(-(steps * tau.dt_ms) / tau.ms)


@inline_njit
def advance(synapse, start, duration, step):
    """Advance a synapse over a time without events, and cut its weight at 0 at the end (ADVANCE, section 4).

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    start, duration : int
        Start and length [steps]; nothing happens unless the length is positive.
    step : DopamineStep
        Constants.
    """
    if duration <= 0:
        return
    keep_c, keep_n = decay(duration, step.tau_c), decay(duration, step.tau_n)
    dopamine_term = synapse.n * step.tau_both_ms * (1.0 - keep_c * keep_n)
    baseline_term = step.b * step.tau_c.ms * (1.0 - keep_c)
    synapse.weight = max(0.0, synapse.weight + synapse.c * (dopamine_term - baseline_term))
    synapse.c *= keep_c
    synapse.n *= keep_n
    synapse.x *= decay(duration, step.tau_pre)
    synapse.update_clock = start + duration


@njit
def advance_through(synapse, start, end, dopamine, next_dopamine, step):
    """Advance a synapse to ``end`` with the dopamine that arrives until then (THROUGH, section 4).

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    start, end : int
        From where the state is advanced, and to where [steps].
    dopamine : Dopamine
        All arrivals.
    next_dopamine : int
        First arrival that has not acted yet.
    step : DopamineStep
        Constants.

    Returns
    -------
    int
        First arrival that has not acted now.
    """
    while next_dopamine < len(dopamine.step) and dopamine.step[next_dopamine] <= end:
        arrival = dopamine.step[next_dopamine]
        advance(synapse, start, arrival - start, step)
        synapse.n += dopamine.increment[next_dopamine]
        start = arrival
        next_dopamine += 1
    advance(synapse, start, end - start, step)
    return next_dopamine


@inline_njit
def next_arrival(history, neuron, after, delay):
    """Return when the first postsynaptic spike that arrives after a time reaches a synapse [steps], or `NEVER`."""
    spike = history.last[neuron]
    found = NEVER
    while spike >= 0 and history.step[spike] + delay > after:
        found = history.step[spike] + delay
        spike = history.previous[spike]
    return found


@inline_njit
def trace_at(history, neuron, time, step):
    """Return the postsynaptic trace at a time; a spike at that time does not count (Y, section 4)."""
    spike = history.last[neuron]
    while spike >= 0 and history.step[spike] >= time:
        spike = history.previous[spike]
    if spike < 0:
        return 0.0
    return history.trace[spike] * decay(time - history.step[spike], step.tau_post)


@njit
def trigger(synapse, neuron, end, history, dopamine, next_dopamine, step):
    """Advance a synapse to the end of a slice, with postsynaptic spikes and dopamine (TRIGGER, section 5).

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    neuron : int
        Its postsynaptic neuron.
    end : int
        End of the slice [steps].
    history : History
        Spikes of the neurons.
    dopamine : Dopamine
        All arrivals.
    next_dopamine : int
        First arrival of this slice.
    step : DopamineStep
        Constants.
    """
    start = synapse.update_clock
    arrival = next_arrival(history, neuron, start, step.delay)
    while arrival <= end:
        next_dopamine = advance_through(synapse, start, arrival, dopamine, next_dopamine, step)
        synapse.c += step.A_plus * synapse.x
        synapse.spike_clock = arrival
        start = arrival
        arrival = next_arrival(history, neuron, arrival, step.delay)
    # From the spike clock, not from the update clock: a presynaptic spike has set it back.
    advance_through(synapse, synapse.spike_clock, end, dopamine, next_dopamine, step)
    synapse.spike_clock = end


@inline_njit
def send(synapse, neuron, stamp, history, step):
    """Book a presynaptic spike in the slice after its own, and return the weight that is transmitted (SEND, section 5).

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        State at the end of the spike's slice; changed in place. Its spike clock is set back to the spike.
    neuron : int
        Its postsynaptic neuron.
    stamp : int
        Time of the spike [steps].
    history : History
        Spikes of the neurons.
    step : DopamineStep
        Constants.

    Returns
    -------
    float
        Weight.
    """
    start = synapse.update_clock
    # Empty unless this is a second spike in one slice.
    arrival = next_arrival(history, neuron, synapse.spike_clock, step.delay)
    while arrival <= stamp:
        advance(synapse, start, arrival - start, step)
        advance(synapse, synapse.spike_clock, arrival - synapse.spike_clock, step)
        synapse.c += step.A_plus * synapse.x
        synapse.spike_clock = arrival
        start = arrival
        arrival = next_arrival(history, neuron, arrival, step.delay)
    since = stamp - synapse.spike_clock
    advance(synapse, synapse.spike_clock, since, step)
    # Twice, with the same start: the generated code does so (errata, 21).
    advance(synapse, synapse.spike_clock, since, step)
    synapse.x += 1.0
    synapse.c -= step.A_minus * trace_at(history, neuron, stamp - step.delay, step)
    synapse.spike_clock = stamp
    return synapse.weight


# Catching up: many slices without events in one step ------------------------------------------------


@inline_njit
def may_be_cut_on_the_way(synapse, duration, step):
    """Say whether the weight might reach 0 inside a time without events, and rise again.

    Without a baseline it cannot: c n keeps its sign, so the weight moves in one direction.
    """
    if step.b == 0.0:
        return False
    keep_c = decay(duration, step.tau_c)
    keep_both = keep_c * decay(duration, step.tau_n)
    moved = abs(synapse.n) * step.tau_both_ms * (1.0 - keep_both) + abs(step.b) * step.tau_c.ms * (1.0 - keep_c)
    return abs(synapse.c) * moved > synapse.weight


@inline_njit
def advance_over_slices(synapse, start, end, grid, step):
    """Advance a synapse over slices without events: in one step, or by slices where the cut at 0 needs it.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    start, end : int
        From where the state is advanced, and to where [steps].
    grid : int
        The weight is cut at the ends of slices after this time [steps].
    step : DopamineStep
        Constants.
    """
    if end - start <= 0:
        return
    if may_be_cut_on_the_way(synapse, end - start, step):
        cut = (grid // step.slice + 1) * step.slice
        while cut < end:
            advance(synapse, start, cut - start, step)
            start = cut
            cut += step.slice
    advance(synapse, start, end - start, step)


@inline_njit
def advance_exactly(synapse, start, duration, step):
    """Advance a synapse over a time without events, its weight held at 0 or above at each moment.

    The weight turns at most once, where n passes b; there the time is split, so that it moves in one direction in
    each part.
    """
    if duration <= 0:
        return
    if may_be_cut_on_the_way(synapse, duration, step) and synapse.n / step.b > 1.0:
        turn_ms = step.tau_n.ms * math.log(synapse.n / step.b)
        if turn_ms < duration * step.tau_n.dt_ms:
            dopamine_term = synapse.n * step.tau_both_ms * (1.0 - math.exp(-turn_ms / step.tau_both_ms))
            baseline_term = step.b * step.tau_c.ms * (1.0 - math.exp(-turn_ms / step.tau_c.ms))
            # Up to the turn the weight may have been below 0 by so much; that much it has more afterwards.
            synapse.weight += max(0.0, -(synapse.weight + synapse.c * (dopamine_term - baseline_term)))
    advance(synapse, start, duration, step)


@inline_njit
def first_after(dopamine, time, count):
    """Return the first arrival of dopamine after a time, looking back from the first ``count`` arrivals."""
    while count > 0 and dopamine.step[count - 1] > time:
        count -= 1
    return count


@inline_njit
def catch_up(synapse, start, end, dopamine, arrived, exact, step):
    """Advance a synapse that no spike has touched since its last update, with all dopamine until ``end``.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place; both clocks are then at ``end``.
    start, end : int
        From where the state is advanced, and to where [steps].
    dopamine : Dopamine
        All arrivals.
    arrived : int
        A number of arrivals that includes all until ``end``.
    exact : bool
        Whether the weight is cut at each moment, or at the ends of slices.
    step : DopamineStep
        Constants.
    """
    grid = synapse.update_clock
    for arrival in range(first_after(dopamine, grid, arrived), arrived):
        time = dopamine.step[arrival]
        if time > end:
            break
        if exact:
            advance_exactly(synapse, start, time - start, step)
        else:
            advance_over_slices(synapse, start, time, grid, step)
        synapse.n += dopamine.increment[arrival]
        start = grid = time
    if exact:
        advance_exactly(synapse, start, end - start, step)
    else:
        advance_over_slices(synapse, start, end, grid, step)
    synapse.spike_clock = end
    synapse.update_clock = end


#: What a time without spikes does to any synapse: c, n and x decay, n gains ``added``, and the weight gains
#: c (``gain`` n + ``drift``). ``reach`` bounds the part of the weight's way that does not depend on n, per unit of c.
Interval = namedtuple("Interval", ["keep_x", "keep_c", "keep_n", "added", "gain", "drift", "reach"])


@njit
def interval(start, end, dopamine, arrived, step):
    """Return what the time between two readings does to synapses without spikes: closed form of c times dopamine.

    Parameters
    ----------
    start, end : int
        The time [steps].
    dopamine : Dopamine
        All arrivals.
    arrived : int
        A number of arrivals that includes all until ``end``.
    step : DopamineStep
        Constants.

    Returns
    -------
    Interval
        Factors of the closed form.
    """
    keep_c, keep_n = decay(end - start, step.tau_c), decay(end - start, step.tau_n)
    baseline = step.b * step.tau_c.ms * (1.0 - keep_c)
    added, drift, reach = 0.0, -baseline, abs(baseline)
    for k in range(first_after(dopamine, start, arrived), arrived):
        if dopamine.step[k] > end:
            break
        before, after = dopamine.step[k] - start, end - dopamine.step[k]
        lasting = decay(after, step.tau_n)
        eligible = step.tau_both_ms * (1.0 - lasting * decay(after, step.tau_c))
        change = dopamine.increment[k] * decay(before, step.tau_c) * eligible
        added += dopamine.increment[k] * lasting
        drift += change
        reach += abs(change)
    gain = step.tau_both_ms * (1.0 - keep_c * keep_n)
    return Interval(decay(end - start, step.tau_pre), keep_c, keep_n, added, gain, drift, reach)


@inline_njit
def advance_by_interval(synapse, end, factors):
    """Advance a synapse to the end of an interval if its weight stays above 0 on the way; say whether it did.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        State at the start of the interval; changed in place.
    end : int
        End of the interval [steps].
    factors : Interval
        From `interval`.

    Returns
    -------
    bool
        False if the weight may reach 0; then nothing is changed.
    """
    if synapse.weight < abs(synapse.c) * (abs(synapse.n) * factors.gain + factors.reach):
        return False
    synapse.weight += synapse.c * (synapse.n * factors.gain + factors.drift)
    synapse.c *= factors.keep_c
    synapse.n = synapse.n * factors.keep_n + factors.added
    synapse.x *= factors.keep_x
    synapse.spike_clock = end
    synapse.update_clock = end
    return True
