"""Leaky integrate-and-fire neurons with delta-shaped and with exponential currents, solved exactly on a grid.

=========  ==================  ====================================================================
symbol     name                meaning
=========  ==================  ====================================================================
V          V_mV                membrane potential [mV]
I_e, I_i   I_exc_pA, I_inh_pA  synaptic currents; both positive, the second one hyperpolarises [pA]
R          refractory          steps for which the potential is still held [steps]
X          input               sum of the weights that arrive in this step [mV or pA]
=========  ==================  ====================================================================

Source: docs/models/dopamine_stdp.md#neurons.
"""

import math
from collections import namedtuple

from replasticity.numerics.compilation import njit

#: Time constants tau and tau_m count as nearly equal where h |1 / tau - 1 / tau_m| is less: the published formula
#: has lost three digits there.
NEARLY_EQUAL = 1e-3

#: State of all neurons, arrays of shape (neurons,).
Neurons = namedtuple("Neurons", ["V_mV", "I_exc_pA", "I_inh_pA", "refractory"])

#: Constants of one population: neurons ``first`` to ``end``. ``drive_mV``: what the leak adds in a step.
Population = namedtuple(
    "Population",
    [
        "first",
        "end",
        "has_currents",
        "keep_V",
        "drive_mV",
        "keep_exc",
        "keep_inh",
        "exc_mV_per_pA",
        "inh_mV_per_pA",
        "V_th_mV",
        "V_reset_mV",
        "refractory",
    ],
)


def refractory_steps(refractory_ms, dt_ms):
    """Return for how many steps the potential is held: counted down in floating point, as the simulator does."""
    steps = 0
    while refractory_ms > 0:
        refractory_ms -= dt_ms
        steps += 1
    return steps


def delta_population(*, dt_ms, first, end, tau_m_ms, E_L_mV, V_reset_mV, V_th_mV, refractory_ms):
    """Return the constants of neurons whose potential jumps with each input.

    Parameters
    ----------
    dt_ms : float
        Step [ms].
    first, end : int
        Its neurons.
    tau_m_ms, refractory_ms : float
        Time constant of the membrane, refractory time [ms].
    E_L_mV, V_reset_mV, V_th_mV : float
        Resting potential, reset, threshold [mV].

    Returns
    -------
    Population
        Constants of one step.
    """
    keep_V = math.exp(-dt_ms / tau_m_ms)
    return Population(
        first=first,
        end=end,
        has_currents=False,
        keep_V=keep_V,
        drive_mV=-E_L_mV * keep_V + E_L_mV,
        keep_exc=0.0,
        keep_inh=0.0,
        exc_mV_per_pA=0.0,
        inh_mV_per_pA=0.0,
        V_th_mV=V_th_mV,
        V_reset_mV=V_reset_mV,
        refractory=refractory_steps(refractory_ms, dt_ms),
    )


def exponential_population(
    *, dt_ms, first, end, c_pF, tau_m_ms, tau_exc_ms, tau_inh_ms, E_L_mV, V_reset_mV, V_th_mV, refractory_ms
):
    """Return the constants of neurons with exponentially decaying currents; parameters as in `delta_population`.

    ``c_pF`` is the capacitance [pF], ``tau_exc_ms`` and ``tau_inh_ms`` are the currents' time constants [ms].
    """

    def mV_per_pA(tau_ms):
        # h (1 / tau - 1 / tau_m). The published formula is a quotient of differences: its digits go as this becomes 0.
        apart = dt_ms * (tau_m_ms - tau_ms) / (tau_ms * tau_m_ms)
        if abs(apart) < NEARLY_EQUAL:
            mean_decay = -math.expm1(-apart) / apart if apart else 1.0
            return dt_ms / c_pF * math.exp(-dt_ms / tau_m_ms) * mean_decay
        difference = math.exp(-dt_ms / tau_m_ms) - math.exp(-dt_ms / tau_ms)
        return tau_ms * tau_m_ms / (c_pF * (tau_m_ms - tau_ms)) * difference

    same = delta_population(
        dt_ms=dt_ms,
        first=first,
        end=end,
        tau_m_ms=tau_m_ms,
        E_L_mV=E_L_mV,
        V_reset_mV=V_reset_mV,
        V_th_mV=V_th_mV,
        refractory_ms=refractory_ms,
    )
    return same._replace(
        has_currents=True,
        keep_exc=math.exp(-dt_ms / tau_exc_ms),
        keep_inh=math.exp(-dt_ms / tau_inh_ms),
        exc_mV_per_pA=mV_per_pA(tau_exc_ms),
        inh_mV_per_pA=-mV_per_pA(tau_inh_ms),
    )


@njit
def advance_delta_neurons(V_mV, refractory, input_mV, population):
    """Advance neurons without currents by one step; the input of a refractory neuron is lost.

    Parameters
    ----------
    V_mV : ndarray of float64, shape (neurons,)
        Potentials [mV]; changed in place, like all arrays.
    refractory : ndarray of int64, shape (neurons,)
        Steps for which the potential is held.
    input_mV : ndarray of float64, shape (neurons,)
        Sum of the arriving weights [mV]; empty afterwards.
    population : Population
        Constants.

    Returns
    -------
    bool
        Whether any neuron reaches its threshold.
    """
    reaches = False
    for i in range(len(V_mV)):
        held = refractory[i] > 0
        moved_mV = population.drive_mV + V_mV[i] * population.keep_V + input_mV[i]
        now_mV = V_mV[i] if held else moved_mV
        remaining = refractory[i] - 1 if held else 0
        V_mV[i] = now_mV
        refractory[i] = remaining
        input_mV[i] = 0.0
        # Not read from the arrays, where the processor would wait for what it has just written.
        reaches |= (remaining == 0) & (now_mV >= population.V_th_mV)
    return reaches


@njit
def advance_exponential_neurons(V_mV, I_exc_pA, I_inh_pA, refractory, exc_pA, inh_pA, population):
    """Advance neurons with currents by one step: the potential by the old currents, then the currents.

    Parameters
    ----------
    V_mV, I_exc_pA, I_inh_pA : ndarray of float64, shape (neurons,)
        Potentials [mV] and currents [pA]; changed in place, like all arrays.
    refractory : ndarray of int64, shape (neurons,)
        Steps for which the potential is held.
    exc_pA, inh_pA : ndarray of float64, shape (neurons,)
        Sums of arriving positive weights, and of the absolute values of negative ones [pA]; empty afterwards.
    population : Population
        Constants.

    Returns
    -------
    bool
        Whether any neuron reaches its threshold.
    """
    reaches = False
    for i in range(len(V_mV)):
        held = refractory[i] > 0
        moved_mV = (
            population.drive_mV
            + I_exc_pA[i] * population.exc_mV_per_pA
            + I_inh_pA[i] * population.inh_mV_per_pA
            + V_mV[i] * population.keep_V
        )
        now_mV = V_mV[i] if held else moved_mV
        remaining = refractory[i] - 1 if held else 0
        V_mV[i] = now_mV
        refractory[i] = remaining
        I_exc_pA[i] = I_exc_pA[i] * population.keep_exc + exc_pA[i]
        I_inh_pA[i] = I_inh_pA[i] * population.keep_inh + inh_pA[i]
        exc_pA[i] = 0.0
        inh_pA[i] = 0.0
        # Not read from the arrays, where the processor would wait for what it has just written.
        reaches |= (remaining == 0) & (now_mV >= population.V_th_mV)
    return reaches
