"""Equations of the adaptive exponential neuron with clamping and voltage traces (Clopath et al. 2010).

=============  ============  ==========================================================================
symbol         name          meaning
=============  ============  ==========================================================================
V              V_mV          membrane potential [mV]
w              w_pA          adaptation current [pA]
z              z_pA          current after a spike (depolarising afterpotential) [pA]
V_T            T_mV          moving threshold [mV]
u_bar_plus     u_plus_mV     low-passed potential that potentiation reads [mV]
u_bar_minus    u_minus_mV    low-passed potential that depression reads [mV]
u_bar_bar      u_bar_mV      slow low-pass of ``u_minus_mV``: mean depolarisation [mV]
=============  ============  ==========================================================================

Source: docs/models/voltage_based_stdp.md#neuron-equations. ``neuron`` is a
`replasticity.models.adaptive_exponential.NeuronStep`. pF, nS, mV, pA and ms are coherent.
"""

from replasticity.numerics.compilation import njit

#: Outside these the upstroke has carried the solver away (NEST, models/aeif_psc_delta_clopath.cpp, update). V has no
#: upper limit: it ends at the peak.
LOWEST_V_MV, LARGEST_W_PA = -1e3, 1e6


@njit
def is_bounded(V_mV, w_pA):
    """Return True if potential [mV] and adaptation [pA] after a solver step are within the model's limits, not NaN."""
    # Without a branch: many neurons are asked at once.
    return (V_mV >= LOWEST_V_MV) & (abs(w_pA) <= LARGEST_W_PA)


@njit
def effective_potential(V_mV, clamped, refractory, neuron):
    """Return the potential [mV] that all equations read (docs/models/voltage_based_stdp.md#effective-potential).

    Parameters
    ----------
    V_mV : float
        Membrane potential [mV].
    clamped, refractory : float
        Steps that are left of the clamp and of the refractory time.
    neuron : NeuronStep
        Constants.

    Returns
    -------
    float
        The clamp's potential, the reset potential, or V up to the peak [mV].
    """
    free_mV = min(V_mV, neuron.V_peak_mV)
    resting_mV = neuron.V_reset_mV if refractory > 0 else free_mV
    return neuron.V_clamp_mV if clamped > 0 else resting_mV


@njit
def upstroke_exponent(V_mV, T_mV, neuron):
    """Return (V - V_T) / Delta_T, the exponent of the upstroke (dimensionless)."""
    return (V_mV - T_mV) / neuron.Delta_T_mV


@njit
def membrane_slope(V_mV, w_pA, z_pA, upstroke, clamped, refractory, neuron):
    """Return dV/dt [mV/ms]: leak, exponential upstroke, adaptation, afterpotential and constant current.

    Parameters
    ----------
    V_mV : float
        Effective potential [mV].
    w_pA, z_pA : float
        Adaptation and afterpotential [pA].
    upstroke : float
        exp((V - V_T) / Delta_T), or 0 for a neuron without upstroke.
    clamped, refractory : float
        Steps that are left; with any left the potential stands still.
    neuron : NeuronStep
        Constants.

    Returns
    -------
    float
        Slope [mV/ms].
    """
    current_pA = (
        -neuron.g_L_nS * (V_mV - neuron.E_L_mV)
        + neuron.g_L_nS * neuron.Delta_T_mV * upstroke
        - w_pA
        + z_pA
        + neuron.I_e_pA
    )
    return 0.0 if clamped > 0 or refractory > 0 else current_pA / neuron.c_pF


@njit
def adaptation_slope(V_mV, w_pA, clamped, neuron):
    """Return dw/dt [pA/ms]; zero while the potential is clamped."""
    return 0.0 if clamped > 0 else (neuron.a_nS * (V_mV - neuron.E_L_mV) - w_pA) / neuron.tau_w_ms


@njit
def afterpotential_slope(z_pA, neuron):
    """Return dz/dt [pA/ms]: exponential decay."""
    return -z_pA / neuron.tau_z_ms


@njit
def threshold_slope(T_mV, neuron):
    """Return dV_T/dt [mV/ms]: relaxation to the resting threshold."""
    return -(T_mV - neuron.V_T_rest_mV) / neuron.tau_T_ms


@njit
def low_pass_slope(input_mV, low_pass_mV, tau_ms):
    """Return the slope [mV/ms] of a potential that follows another with a time constant [ms]."""
    return (input_mV - low_pass_mV) / tau_ms
