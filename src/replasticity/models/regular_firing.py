"""Neurons that fire regularly, on a grid of time steps or without one. Source: docs/models/pair_stdp.md#regular-firing.

Rounding is part of the model: the phase is a sum of rounded additions, and whether it exceeds 1 after m or after m + 1
steps can hang on the last bit. Exact times leave open what a coincidence is, so they come in both orders.
"""

from collections import namedtuple

import numpy as np

from replasticity.equations.regular_firing import advance_phase, reset_phase, spikes
from replasticity.models.pair_stdp_parameters import seconds
from replasticity.numerics.compilation import njit

#: Steps in which the presynaptic and the postsynaptic neurons spike, and how long a step is.
BothSides = namedtuple("BothSides", ["pre_steps", "post_steps", "dt_s"])

#: Without a grid, times are counted in this share of the duration: far below any interval, far above rounding.
_FINEST = 2.0**-40

#: By so much an order of coincident spikes moves the postsynaptic ones: more than times are rounded by, both together.
_ASIDE = 2

#: Which spike of a coincidence is first -> how the postsynaptic ones are moved.
_ORDERS = {"presynaptic": _ASIDE, "postsynaptic": -_ASIDE}


@njit
def simulate(phase_initial, phase_increment, keep_overshoot, spiked, phases):
    """Run the neurons and fill the records.

    Parameters
    ----------
    phase_initial : ndarray of float64, shape (neurons,)
        Phase before the first step [1].
    phase_increment : ndarray of float64, shape (neurons,)
        Rate times time step of each neuron [1].
    keep_overshoot : bool
        Whether a spike takes 1 from the phase, or sets it to 0.
    spiked : ndarray of bool, shape (steps, neurons)
        Whether a neuron spikes in a step; changed in place.
    phases : ndarray of float64, shape (early steps, neurons)
        Phase at the start of each of the first steps [1]; changed in place.
    """
    phase = phase_initial.copy()
    for n in range(len(spiked)):
        # Samples see the state that the previous step left.
        if n < len(phases):
            phases[n] = phase
        for neuron in range(len(phase)):
            # The phase may be reset before the synapses' events: none of them sees it.
            phase[neuron] = advance_phase(phase[neuron], phase_increment[neuron])
            if spikes(phase[neuron]):
                spiked[n, neuron] = True
                phase[neuron] = reset_phase(phase[neuron], keep_overshoot)


@njit
def steps_to_spike(phase, phase_increment, longest):
    """Return how many steps a neuron takes to its next spike, that of the spike included; ``longest + 1`` for none."""
    for n in range(1, longest + 1):
        phase = advance_phase(phase, phase_increment)
        if spikes(phase):
            return n
    return longest + 1


def fire(*, rates_Hz, phase_initial, dt_s, step_count, recorded_steps, keep_overshoot):
    """Return the spikes of regularly firing neurons.

    Parameters
    ----------
    rates_Hz, phase_initial : array_like of float, shape (neurons,)
        Rate of each neuron [Hz], and its phase before the first step [1].
    dt_s : float
        Time step [s].
    step_count, recorded_steps : int
        Number of steps, and of the first ones in which the phases are kept.
    keep_overshoot : bool
        Whether a spike takes 1 from the phase, or sets it to 0.

    Returns
    -------
    list of ndarray of int64
        Steps in which each neuron spikes.
    ndarray of float64, shape (recorded_steps, neurons)
        Phases at the start of the first steps [1].
    """
    phase_initial, phase_increment = np.array(phase_initial, np.float64), dt_s * np.array(rates_Hz, np.float64)
    phases = np.zeros((recorded_steps, len(rates_Hz)))
    if keep_overshoot or recorded_steps > 0:
        spiked = np.zeros((step_count, len(rates_Hz)), np.bool_)
        simulate(phase_initial, phase_increment, keep_overshoot, spiked, phases)
        return [np.flatnonzero(of_neuron) for of_neuron in spiked.T], phases
    # A neuron that is reset to 0 does the same after each spike, so its interval has to be counted only once.
    spike_steps = []
    # Plain numbers, with which compiled functions are called faster.
    for start, increment in zip(phase_initial.tolist(), phase_increment.tolist(), strict=True):
        first = steps_to_spike(start, increment, step_count) - 1
        spike_steps.append(np.arange(first, step_count, steps_to_spike(0.0, increment, step_count)))
    return spike_steps, phases


def fire_on_grid(p, rates_Hz, phase=0.0, division=1, recorded_steps=0):
    """Return what `fire` gives for neurons that start at one phase, with a part of the time step of `RegularFiring`."""
    dt_ms = p.dt_ms / division
    return fire(
        rates_Hz=rates_Hz,
        phase_initial=np.full(len(rates_Hz), phase),
        dt_s=seconds(dt_ms),
        step_count=round(p.duration_ms / dt_ms),
        recorded_steps=recorded_steps,
        keep_overshoot=p.reset == "subtract",
    )


def finest_s(duration_s):
    """Return the unit in which times are counted without a grid [s]."""
    return duration_s * _FINEST


def exact_times(rates_Hz, phase, duration_s):
    """Return when neurons of one phase at the start spike without a grid: at (k - phase) / f, k = 1, 2, ...

    A spike at the very end of the run counts, as it does on a grid, where it falls into the last step.

    Returns
    -------
    list of ndarray of int64
        Times of each neuron, in units of `finest_s`.
    """
    times = []
    for rate_Hz in rates_Hz:
        phases = np.arange(1, np.floor(rate_Hz * duration_s + phase) + 2) - phase if rate_Hz else np.zeros(0)
        counted = np.rint(phases / rate_Hz / finest_s(duration_s)).astype(np.int64)
        times.append(counted[counted <= round(1 / _FINEST)])
    return times


def both_sides_on_grid(p, division=1, post_phases=(0.0,)):
    """Return the spikes of both sides of `RegularFiring` with a part of its time step.

    The postsynaptic neurons are there once for each phase at which they start; the presynaptic ones start at 0.
    """
    pre, _ = fire_on_grid(p, p.pre_rates_Hz, division=division)
    post = [train for phase in post_phases for train in fire_on_grid(p, p.post_rates_Hz, phase, division)[0]]
    return BothSides(pre, post, seconds(p.dt_ms / division))


def both_sides_without_grid(p, post_phases=(0.0,)):
    """Yield exact spikes of both sides so that of spikes which coincide the presynaptic is first, then the other."""
    duration_s = seconds(p.duration_ms)
    pre = exact_times(p.pre_rates_Hz, 0.0, duration_s)
    post = [times for phase in post_phases for times in exact_times(p.post_rates_Hz, phase, duration_s)]
    for aside in _ORDERS.values():
        yield BothSides(pre, [times + aside for times in post], finest_s(duration_s))
