"""Homeostatic STDP driven by the rate of a population (Zenke et al. 2015): constants and time loop.

The order of events inside a step is that of the published example in a fresh Brian2 session
(docs/models/homeostatic_stdp.md#order-in-a-step).

Limits: H is at most `LARGEST_RATE_HZ`, and the size of the weight at most `LARGEST_WEIGHT_NS`. Brian2, the original
simulator, has none; the bounds are ours. No population fires a billion times a second, no synapse conducts a siemens.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.homeostatic_stdp import (
    Synapse,
    add_population_spikes,
    decay_secretory_factor,
    decay_traces,
    spike_with_constant_term,
    spike_with_trace_term,
)
from replasticity.models.homeostatic_stdp_parameters import emitted_steps, seconds
from replasticity.numerics.compilation import inner_njit, njit
from replasticity.numerics.limits import no_failure, note_failure, raise_failure

#: Per-step constants. ``presynaptic_constant_term``: the presynaptic spike has the "+1" (Eq. 15).
HomeostaticStep = namedtuple(
    "HomeostaticStep",
    [
        "dt_s",
        "H_decay",
        "H_increment_Hz",
        "target_Hz",
        "tau_stdp_s",
        "eta_nS_s",
        "presynaptic_constant_term",
    ],
)

#: What the time loop writes. Phases of an event: before, between pre and post, after (axis 1, size 3).
Record = namedtuple(
    "Record",
    [
        "H_Hz",
        "weight_nS",
        "H_every_step_Hz",
        "event_step",
        "event_kind",
        "event_H_Hz",
        "event_weight_nS",
        "event_z_i",
        "event_z_j",
        "event_last_s",
    ],
)

#: Largest secretory factor [Hz], and largest size of the weight [nS].
LARGEST_RATE_HZ = 1e9
LARGEST_WEIGHT_NS = 1e9

#: What can leave its limits, for `replasticity.numerics.limits.raise_failure`.
LIMITS = (
    ("H_Hz", f"0 to {LARGEST_RATE_HZ:g} Hz"),
    ("weight_nS", f"-{LARGEST_WEIGHT_NS:g} to {LARGEST_WEIGHT_NS:g} nS"),
)

PRE, POST = 1, 2
BEFORE, BETWEEN, AFTER = 0, 1, 2


def discretise(*, dt_s, tau_H_s, population_size, target_Hz, tau_stdp_s, eta_nS_s, presynaptic_constant_term):
    """Return the per-step constants.

    Parameters
    ----------
    dt_s, tau_H_s, tau_stdp_s : float
        Time step and time constants [s].
    population_size : int
        Number of Poisson neurons.
    target_Hz : float
        Target rate gamma [Hz].
    eta_nS_s : float
        Learning rate [nS s].
    presynaptic_constant_term : bool
        True for Eq. 15, False for the published example.

    Returns
    -------
    HomeostaticStep
        Constants of one step.
    """
    return HomeostaticStep(
        dt_s=dt_s,
        H_decay=math.exp(-dt_s / tau_H_s),
        H_increment_Hz=1.0 / (tau_H_s * population_size),
        target_Hz=target_Hz,
        tau_stdp_s=tau_stdp_s,
        eta_nS_s=eta_nS_s,
        presynaptic_constant_term=presynaptic_constant_term,
    )


def empty_record(*, step_count, sample_every, every_step_count, event_count):
    """Return the arrays that `simulate` fills, all zero.

    Parameters
    ----------
    step_count : int
        Steps of the run.
    sample_every : int
        Steps from one sample to the next.
    every_step_count : int
        Number of initial steps in which H is kept at each step.
    event_count : int
        Number of steps with a pre- or postsynaptic spike.

    Returns
    -------
    Record
        float64 arrays of shapes (samples,), (every_step_count,) and (event_count, 3), and int32 arrays of
        shape (event_count,).
    """
    samples = math.ceil(step_count / sample_every)
    return Record(
        H_Hz=np.zeros(samples),
        weight_nS=np.zeros(samples),
        H_every_step_Hz=np.zeros(every_step_count),
        event_step=np.zeros(event_count, np.int32),
        event_kind=np.zeros(event_count, np.int32),
        event_H_Hz=np.zeros((event_count, 3)),
        event_weight_nS=np.zeros((event_count, 3)),
        event_z_i=np.zeros((event_count, 3)),
        event_z_j=np.zeros((event_count, 3)),
        event_last_s=np.zeros((event_count, 3)),
    )


@njit
def record_event(record, event, phase, H_Hz, synapse):
    """Write the state of one phase of an event into the record."""
    record.event_H_Hz[event, phase] = H_Hz
    record.event_weight_nS[event, phase] = synapse.weight_nS
    record.event_z_i[event, phase] = synapse.z_i
    record.event_z_j[event, phase] = synapse.z_j
    record.event_last_s[event, phase] = synapse.last_event_s


@inner_njit
def is_within_limits(H_Hz, weight_nS, n, failure):
    """Return True if a state is within the limits of this module; note in which step n it is not."""
    if not 0.0 <= H_Hz <= LARGEST_RATE_HZ:
        note_failure(failure, 0, n, 0, H_Hz)
        return False
    if not abs(weight_nS) <= LARGEST_WEIGHT_NS:
        note_failure(failure, 1, n, 0, weight_nS)
        return False
    return True


@njit
def simulate(population_count, pre_steps, post_steps, weight_initial_nS, sample_every, step, record, failure):
    """Run the model and fill the record.

    Stops at the first sample or event at which a state is no number, or beyond the limits of this module.

    Parameters
    ----------
    population_count : ndarray of int32, shape (steps,)
        Spikes of the whole population in each step.
    pre_steps, post_steps : ndarray of int64
        Steps with a presynaptic and with a postsynaptic spike, strictly increasing.
    weight_initial_nS : float
        Weight before the first step [nS].
    sample_every : int
        Steps from one sample to the next.
    step : HomeostaticStep
        Constants from `discretise`.
    record : Record
        Arrays from `empty_record`; changed in place.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        From `replasticity.numerics.limits.no_failure`; changed in place.

    Returns
    -------
    tuple of (float, Synapse)
        H [Hz] and the synapse after the last step.
    """
    H_Hz = 0.0
    synapse = Synapse(weight_initial_nS, 0.0, 0.0, 0.0)
    next_pre = next_post = event = sample = 0
    for n in range(len(population_count)):
        # 1. Samples see the state that the previous step left.
        if n < len(record.H_every_step_Hz):
            record.H_every_step_Hz[n] = H_Hz
        if n == sample * sample_every and sample < len(record.H_Hz):
            record.H_Hz[sample] = H_Hz
            record.weight_nS[sample] = synapse.weight_nS
            sample += 1
            if not is_within_limits(H_Hz, synapse.weight_nS, n, failure):
                break

        # 2. The secretory factor decays; 3. the spikes of this step.
        H_Hz = decay_secretory_factor(H_Hz, step)
        pre_spikes = next_pre < len(pre_steps) and pre_steps[next_pre] == n
        post_spikes = next_post < len(post_steps) and post_steps[next_post] == n
        recorded = (pre_spikes or post_spikes) and event < len(record.event_step)
        if recorded:
            record.event_step[event] = n
            record.event_kind[event] = PRE * pre_spikes + POST * post_spikes
            record_event(record, event, BEFORE, H_Hz, synapse)

        # 4a. The presynaptic spike reads an H without this step's population spikes.
        time_s = n * step.dt_s
        if pre_spikes:
            next_pre += 1
            synapse = decay_traces(synapse, time_s, step)
            G_Hz = H_Hz - step.target_Hz
            if step.presynaptic_constant_term:
                synapse = spike_with_constant_term(synapse, G_Hz, step)
            else:
                synapse = spike_with_trace_term(synapse, G_Hz, step)

        # 4b. The population's spikes.
        H_Hz = add_population_spikes(H_Hz, population_count[n], step)
        if recorded:
            record_event(record, event, BETWEEN, H_Hz, synapse)

        # 4c. The postsynaptic spike reads an H with them.
        if post_spikes:
            next_post += 1
            synapse = decay_traces(synapse, time_s, step)
            G_Hz = H_Hz - step.target_Hz
            if step.presynaptic_constant_term:
                synapse = spike_with_trace_term(synapse, G_Hz, step)
            else:
                synapse = spike_with_constant_term(synapse, G_Hz, step)

        if recorded:
            record_event(record, event, AFTER, H_Hz, synapse)
            event += 1
            if not is_within_limits(H_Hz, synapse.weight_nS, n, failure):
                break
    return H_Hz, synapse


def simulate_synapse(p, population_count):
    """Run one synapse in a population whose spikes are given.

    Parameters
    ----------
    p : SampledPairings
        Parameters.
    population_count : ndarray of int, shape (steps,)
        Spikes of the population in each step.

    Returns
    -------
    record : Record
        Samples and events.
    weight_nS : float
        Weight after the last step [nS].

    Raises
    ------
    StateError
        If a state leaves the limits of this module.
    """
    step = discretise(
        dt_s=seconds(p.dt_ms),
        tau_H_s=seconds(p.tau_H_ms),
        population_size=p.population_size,
        target_Hz=float(p.target_rate_Hz),
        tau_stdp_s=seconds(p.tau_stdp_ms),
        eta_nS_s=float(p.eta_nS_s),
        presynaptic_constant_term=p.rule == "eq15",
    )
    pre, post = emitted_steps(p)
    sample_every = p.steps(p.sample_interval_ms)
    record = empty_record(
        step_count=p.step_count,
        sample_every=sample_every,
        every_step_count=min(p.steps(p.every_step_ms), p.step_count),
        event_count=len(np.union1d(pre, post)),
    )
    failure = no_failure()
    weight_nS = float(p.weight_initial_nS)
    _, synapse = simulate(population_count, pre, post, weight_nS, sample_every, step, record, failure)
    raise_failure(failure, LIMITS, p.dt_ms, "synapse")
    return record, synapse.weight_nS
