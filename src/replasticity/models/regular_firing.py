"""Cells that fire regularly on a time grid: the time loop (docs/models/pair_stdp.md#regular-firing).

Rounding is part of the model: the phase is a sum of rounded additions, and whether it exceeds 1 after m or
after m + 1 steps can hang on the last bit.
"""

import numpy as np

from replasticity.equations.regular_firing import advance_phase, reset_phase, spikes
from replasticity.numerics.compilation import njit


@njit
def simulate(phase_initial, phase_increment, keep_overshoot, spiked, phases):
    """Run the cells and fill the records.

    Parameters
    ----------
    phase_initial : ndarray of float64, shape (cells,)
        Phase before the first step [1].
    phase_increment : ndarray of float64, shape (cells,)
        Rate times time step of each cell [1].
    keep_overshoot : bool
        Whether a spike takes 1 from the phase, or sets it to 0.
    spiked : ndarray of bool, shape (steps, cells)
        Whether a cell spikes in a step; changed in place.
    phases : ndarray of float64, shape (early steps, cells)
        Phase at the start of each of the first steps [1]; changed in place.
    """
    phase = phase_initial.copy()
    for n in range(len(spiked)):
        # 1. Samples see the state that the previous step left.
        if n < len(phases):
            phases[n] = phase
        for cell in range(len(phase)):
            # 2. and 3. The phase grows; the cell spikes. 5. Its phase is reset: no synapse sees the phase.
            phase[cell] = advance_phase(phase[cell], phase_increment[cell])
            if spikes(phase[cell]):
                spiked[n, cell] = True
                phase[cell] = reset_phase(phase[cell], keep_overshoot)


@njit
def steps_to_spike(phase, phase_increment, longest):
    """Return how many steps a cell takes to its next spike, the step of the spike included.

    Parameters
    ----------
    phase : float
        Phase before the first step [1].
    phase_increment : float
        Rate times time step [1].
    longest : int
        Number of steps after which the search is given up.

    Returns
    -------
    int
        Number of steps; ``longest + 1`` for no spike.
    """
    for n in range(1, longest + 1):
        phase = advance_phase(phase, phase_increment)
        if spikes(phase):
            return n
    return longest + 1


def fire(*, rates_Hz, phase_initial, dt_s, step_count, recorded_steps, keep_overshoot):
    """Return the spikes of regularly firing cells.

    Parameters
    ----------
    rates_Hz : array_like of float, shape (cells,)
        Rate of each cell [Hz].
    phase_initial : array_like of float, shape (cells,)
        Phase of each cell before the first step [1].
    dt_s : float
        Time step [s].
    step_count : int
        Number of steps.
    recorded_steps : int
        Number of first steps in which the phases are kept.
    keep_overshoot : bool
        Whether a spike takes 1 from the phase, or sets it to 0.

    Returns
    -------
    list of ndarray of int64
        Steps in which each cell spikes.
    ndarray of float64, shape (recorded_steps, cells)
        Phases at the start of the first steps [1].
    """
    phase_initial, phase_increment = np.array(phase_initial, np.float64), dt_s * np.array(rates_Hz, np.float64)
    phases = np.zeros((recorded_steps, len(rates_Hz)))
    if keep_overshoot or recorded_steps > 0:
        spiked = np.zeros((step_count, len(rates_Hz)), np.bool_)
        simulate(phase_initial, phase_increment, keep_overshoot, spiked, phases)
        return [np.flatnonzero(of_cell) for of_cell in spiked.T], phases
    # A cell that is reset to 0 does the same after each spike, so its interval has to be counted only once.
    spike_steps = []
    # Plain numbers, with which compiled functions are called faster.
    for start, increment in zip(phase_initial.tolist(), phase_increment.tolist(), strict=True):
        first = steps_to_spike(start, increment, step_count) - 1
        spike_steps.append(np.arange(first, step_count, steps_to_spike(0.0, increment, step_count)))
    return spike_steps, phases
