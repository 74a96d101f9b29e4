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
dx/dt = -x / tau_pre have a closed form (`advance`). Events are `on_pre_spike`, `on_post_spike`, and an arrival of
dopamine, which adds to n.

However many arrivals of dopamine lie between two spikes at a synapse, its weight moves by few operations.
The product c n decays with tau_cn = 1 / (1 / tau_c + 1 / tau_n), ``tau_both_ms`` in the code, and an arrival of the
amount j at the time a raises it by c(a) j, so from t0 to t1::

    integral of c n = tau_cn (c(t0) n(t0) - c(t1) n(t1) + sum over t0 < a <= t1 of c(a) j)
    integral of c b = tau_c b (c(t0) - c(t1))

Arrivals are the same for all synapses, and c(a) = c(t0) exp(-(a - t0) / tau_c). Two functions of time that all
synapses share (`dopamine_course`) therefore give the sum, and n::

    N(t) = sum over a <= t of j exp(-(t - a) / tau_n)        past sum
    Z(t) = sum over a > t of j exp(-(a - t) / tau_c)         future sum, as c(t) will weigh it
    sum of c(a) j = c(t0) Z(t0) - c(t1) Z(t1)
    n(t1) = N(t1) + (n(t0) - N(t0)) exp(-(t1 - t0) / tau_n)

Both are bounded, so nothing overflows and nothing large cancels, however long the time. Z needs arrivals that are
still to come, but arrivals after t1 cancel, up to rounding.
"""

from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import inline_njit
from replasticity.numerics.exponentials import decay

#: One plastic synapse, together in memory because an event needs all of it.
SYNAPSE = np.dtype(
    [(name, np.float64) for name in ("weight", "n", "c", "x")]
    + [(name, np.int32) for name in ("spike_clock", "update_clock")]
)

#: Constants of all plastic synapses. ``tau_pre``, ``tau_post``, ``tau_c``, ``tau_n``: each a `TimeConstant`;
#: ``tau_both_ms``: 1 / (1 / tau_c + 1 / tau_n).
DopamineStep = namedtuple("DopamineStep", "tau_pre tau_post tau_c tau_n tau_both_ms b A_plus A_minus delay slice")

#: Arrivals of dopamine at all synapses, one per step at most: step, and what it adds to n. ``course``: array of
#: `COURSE` for the steps from 0 to the last arrival; ``lowest``, ``highest``: extremes of the increments and 0;
#: ``most``: no sum of increments' absolute values, weighed as in Z, is larger.
Dopamine = namedtuple("Dopamine", ["step", "increment", "course", "lowest", "highest", "most"])

#: What all synapses share of one moment: the past sum N and the future sum Z.
COURSE = np.dtype([("past", np.float64), ("future", np.float64)])


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
    decay_c, decay_n = decay(duration, step.tau_c), decay(duration, step.tau_n)
    dopamine_term = synapse.n * step.tau_both_ms * (1.0 - decay_c * decay_n)
    baseline_term = step.b * step.tau_c.ms * (1.0 - decay_c)
    synapse.weight = max(0.0, synapse.weight + synapse.c * (dopamine_term - baseline_term))
    synapse.c *= decay_c
    synapse.n *= decay_n
    synapse.x *= decay(duration, step.tau_pre)
    synapse.update_clock = start + duration


@inline_njit
def on_pre_spike(synapse, post_trace, step):
    """Let a presynaptic spike act, given the postsynaptic trace: x grows by 1, and c falls by A_minus y.

    Source: docs/models/dopamine_stdp.md#synapse-events.
    """
    synapse.x += 1.0
    synapse.c -= step.A_minus * post_trace


@inline_njit
def on_post_spike(synapse, step):
    """Let a postsynaptic spike act: c grows by A_plus x (docs/models/dopamine_stdp.md#synapse-events)."""
    synapse.c += step.A_plus * synapse.x


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

    def decayed(steps, tau):
        return np.exp(-(steps * tau.dt_ms) / tau.ms)

    tau_c, tau_n = constants.tau_c, constants.tau_n
    gap = np.diff(step, prepend=0)
    decay_n, decay_c = decayed(gap, tau_n), decayed(np.append(gap[1:], 0), tau_c)
    # past[k]: N right after arrival k - 1. future[k]: Z right before arrival k, most[k]: of the absolute values.
    past, future, most = np.zeros((3, len(step) + 1))
    for k in range(len(step)):
        past[k + 1] = past[k] * decay_n[k] + increment[k]
    for k in reversed(range(len(step))):
        future[k] = future[k + 1] * decay_c[k] + increment[k]
        most[k] = most[k + 1] * decay_c[k] + abs(increment[k])
    times = np.arange(step[-1] + 1 if len(step) else 1)
    arrived = np.searchsorted(step, times, side="right")
    # Before the first arrival N is 0, and after the last one Z.
    course = np.empty(len(times), COURSE).view(np.recarray)
    course["past"] = past[arrived] * decayed(times - np.append(0, step)[arrived], tau_n)
    course["future"] = future[arrived] * decayed(np.append(step, times[-1])[arrived] - times, tau_c)
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
    return row.past * decay(max(time - last, 0), step.tau_n), row.future
