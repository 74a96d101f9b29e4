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
does: a presynaptic spike is booked at the end of its slice (docs/models/dopamine_stdp.md#meaning). ``exact`` treats
each event at its own time.

However many arrivals of dopamine lie between two spikes at a synapse, its weight moves by few operations (`catch_up`).
The product c n decays with tau_cn = 1 / (1 / tau_c + 1 / tau_n), ``tau_both_ms`` in the code, and an arrival of the
amount j at the time a raises it by c(a) j, so from t0 to t1::

    integral of c n = tau_cn (c(t0) n(t0) - c(t1) n(t1) + sum over t0 < a <= t1 of c(a) j)
    integral of c b = tau_c b (c(t0) - c(t1))

Arrivals are the same for all synapses, and c(a) = c(t0) exp(-(a - t0) / tau_c). Two functions of time that all
synapses share (`dopamine_course`) therefore give the sum, and n::

    N(t) = sum over a <= t of j exp(-(t - a) / tau_n)        dopamine that has come
    Z(t) = sum over a > t of j exp(-(a - t) / tau_c)         dopamine to come, as c(t) will weigh it
    sum of c(a) j = c(t0) Z(t0) - c(t1) Z(t1)
    n(t1) = N(t1) + (n(t0) - N(t0)) exp(-(t1 - t0) / tau_n)

Both are bounded, so nothing overflows and nothing large cancels, however long the time. Z needs arrivals that are
still to come, but arrivals after t1 cancel, up to rounding.
"""

import math
from collections import namedtuple
from functools import cache

import numpy as np

from replasticity.numerics.compilation import inline_njit, njit

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

#: A time constant [ms], the step [ms], and factors of exp(-k dt / tau) for `decay`.
TimeConstant = namedtuple("TimeConstant", ["ms", "dt_ms", "factors"])

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

#: Arrivals of dopamine at all synapses, one per step at most: step, and what it adds to n. ``course``: array of
#: `COURSE`
#: for the steps from 0 to the last arrival; ``lowest``, ``highest``: extremes of the increments and 0;
#: ``most``: no sum of increments' absolute values, weighed as in Z, is larger.
Dopamine = namedtuple("Dopamine", ["step", "increment", "course", "lowest", "highest", "most"])

#: What all synapses share of one moment: N ("come") and Z ("to_come") of the module's equations.
COURSE = np.dtype([("come", np.float64), ("to_come", np.float64)])

#: All spikes of the neurons in order of time. ``previous``: the spike before of the same neuron, or -1; ``trace``:
#: postsynaptic trace right after the spike. ``last``: last spike of each neuron, or -1.
History = namedtuple("History", ["step", "neuron", "previous", "trace", "last"])

#: In place of an arrival where there is none.
NEVER = np.int64(2**62)

#: The exponential function was the dearest part of an event. A number of steps has 8 low, 12 middle and 12 high bits;
#: each part has its own table of factors, which begins here.
LOW, MIDDLE, HIGH = 0, 2**8, 2**8 + 2**12


@cache
def time_constant(tau_ms, dt_ms):
    """Return a `TimeConstant`."""
    low, many = np.arange(2**8), np.arange(2**12)
    steps = np.concatenate([low, many << 8, many << 20])
    return TimeConstant(ms=float(tau_ms), dt_ms=float(dt_ms), factors=np.exp(-(steps * dt_ms) / tau_ms))


@inline_njit
def decay(steps, tau):
    """Return exp(-steps dt / tau) for 0 <= steps < 2**32, as the product of the factors of its bits."""
    low, middle, high = steps & 0xFF, (steps >> 8) & 0xFFF, steps >> 20
    return tau.factors[LOW + low] * tau.factors[MIDDLE + middle] * tau.factors[HIGH + high]


def dopamine_course(step, increment, constants):
    """Return dopamine with its course: N and Z of the module's equations at each step up to the last arrival.

    Parameters
    ----------
    step : ndarray of int64, shape (arrivals,)
        Times of arrival [steps], strictly increasing and at least 0.
    increment : ndarray of float64, shape (arrivals,)
        What each adds to n.
    constants : DopamineStep
        Constants.

    Returns
    -------
    Dopamine
        Arrivals and course.
    """

    def kept(steps, tau):
        return np.exp(-(steps * tau.dt_ms) / tau.ms)

    tau_c, tau_n = constants.tau_c, constants.tau_n
    gap = np.diff(step, prepend=0)
    keep_n, keep_c = kept(gap, tau_n), kept(np.append(gap[1:], 0), tau_c)
    # come[k]: N right after arrival k - 1. to_come[k]: Z right before arrival k, most[k]: of the absolute values.
    come, to_come, most = np.zeros((3, len(step) + 1))
    for k in range(len(step)):
        come[k + 1] = come[k] * keep_n[k] + increment[k]
    for k in reversed(range(len(step))):
        to_come[k] = to_come[k + 1] * keep_c[k] + increment[k]
        most[k] = most[k + 1] * keep_c[k] + abs(increment[k])
    times = np.arange(step[-1] + 1 if len(step) else 1)
    passed = np.searchsorted(step, times, side="right")
    # Before the first arrival N is 0, and after the last one Z.
    course = np.empty(len(times), COURSE)
    course["come"] = come[passed] * kept(times - np.append(0, step)[passed], tau_n)
    course["to_come"] = to_come[passed] * kept(np.append(step, times[-1])[passed] - times, tau_c)
    return Dopamine(
        step,
        increment,
        course,
        float(np.min(increment, initial=0.0)),
        float(np.max(increment, initial=0.0)),
        most.max(),
    )


@inline_njit
def dopamine_at(dopamine, time, step):
    """Return N and Z of the module's equations at a time [steps]."""
    last = len(dopamine.course) - 1
    row = dopamine.course[min(time, last)]
    return row.come * decay(max(time - last, 0), step.tau_n), row.to_come


@inline_njit
def advance(synapse, start, duration, step):
    """Advance a synapse over a time without events, and cut its weight at 0 at the end.

    Source: docs/models/dopamine_stdp.md#advance.

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
    """Advance a synapse to ``end`` with the dopamine that arrives until then (docs/models/dopamine_stdp.md#through).

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
    """Return the postsynaptic trace at a time; a spike at that time does not count.

    Source: docs/models/dopamine_stdp.md#postsynaptic-trace.
    """
    spike = history.last[neuron]
    while spike >= 0 and history.step[spike] >= time:
        spike = history.previous[spike]
    if spike < 0:
        return 0.0
    return history.trace[spike] * decay(time - history.step[spike], step.tau_post)


@njit
def trigger(synapse, neuron, end, history, dopamine, next_dopamine, step):
    """Advance a synapse to the end of a slice, with postsynaptic spikes and dopamine.

    Source: docs/models/dopamine_stdp.md#trigger.

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
def repeat_since_last_spike(synapse, neuron, stamp, history, step):
    """Advance a synapse again from the first presynaptic spike of a slice to the second.

    Source: docs/models/dopamine_stdp.md#send.

    Parameters
    ----------
    synapse, neuron, stamp, history, step
        As in `send`; the clocks are between the two spikes afterwards.
    """
    start = synapse.update_clock
    arrival = next_arrival(history, neuron, synapse.spike_clock, step.delay)
    while arrival <= stamp:
        advance(synapse, start, arrival - start, step)
        advance(synapse, synapse.spike_clock, arrival - synapse.spike_clock, step)
        synapse.c += step.A_plus * synapse.x
        synapse.spike_clock = arrival
        start = arrival
        arrival = next_arrival(history, neuron, arrival, step.delay)
    since = stamp - synapse.spike_clock
    # Twice, with the same start: the generated code does so (docs/models/dopamine_stdp.md#erratum-advanced-twice).
    advance(synapse, synapse.spike_clock, since, step)
    advance(synapse, synapse.spike_clock, since, step)


@inline_njit
def send(synapse, neuron, stamp, history, step):
    """Book a presynaptic spike in the slice after its own, and return the weight that is transmitted.

    Source: docs/models/dopamine_stdp.md#send.

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
    if synapse.spike_clock < stamp:
        repeat_since_last_spike(synapse, neuron, stamp, history, step)
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
def is_cut_at_most_once(synapse, dopamine, step):
    """Say whether cutting the weight at 0 once, when it is needed, is the same as cutting it on the way.

    It is if the weight cannot reach 0 at all, or if c (n - b) keeps its sign: without a baseline, if the synapse's n
    and all arrivals are of one sign.
    """
    most = step.tau_both_ms * (abs(synapse.n) + dopamine.most) + abs(step.b) * step.tau_c.ms
    stays_above = synapse.weight >= abs(synapse.c) * most
    never_negative = (synapse.n >= 0.0) & (dopamine.lowest >= 0.0)
    never_positive = (synapse.n <= 0.0) & (dopamine.highest <= 0.0)
    return stays_above | ((step.b == 0.0) & (never_negative | never_positive))


@inline_njit
def catch_up(synapse, start, end, dopamine, step):
    """Advance a synapse that no spike has touched since its last update, with all dopamine until ``end``.

    In closed form (module's equations), for a synapse that `is_cut_at_most_once`; `catch_up_by_arrivals` is for all.
    The caller chooses between them: with a branch in here each event would pay for counting references to arguments.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place; both clocks are then at ``end``.
    start, end : int
        From where the state is advanced, and to where [steps]. The start may lie before the last update
        (docs/models/dopamine_stdp.md#set-back-clock); arrivals until the last update are in the state and do
        not act again.
    dopamine : Dopamine
        All arrivals.
    step : DopamineStep
        Constants.
    """
    update = synapse.update_clock
    come_before, to_come_before = dopamine_at(dopamine, update, step)
    come, to_come = dopamine_at(dopamine, end, step)
    c = synapse.c * decay(end - start, step.tau_c)
    n = synapse.n * decay(end - start, step.tau_n) + (come - come_before * decay(end - update, step.tau_n))
    weighed = synapse.c * decay(update - start, step.tau_c) * to_come_before - c * to_come
    moved = step.tau_both_ms * (synapse.c * synapse.n - c * n + weighed) - step.b * step.tau_c.ms * (synapse.c - c)
    synapse.weight = max(0.0, synapse.weight + moved)
    synapse.c = c
    synapse.n = n
    synapse.x *= decay(end - start, step.tau_pre)
    synapse.spike_clock = end
    synapse.update_clock = end


@inline_njit
def catch_up_by_arrivals(synapse, start, end, dopamine, arrived, exact, step):
    """Do what `catch_up` does, arrival by arrival, and cut the weight wherever it reaches 0 on the way.

    Parameters
    ----------
    synapse, start, end, dopamine, step
        As in `catch_up`.
    arrived : int
        A number of arrivals that includes all until ``end``.
    exact : bool
        Whether the weight is cut at each moment, or at the ends of slices.
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
