"""Equations of voltage-based plasticity (Clopath et al. 2010, Eqs. 2 to 4; docs/models/voltage_based_stdp.md).

=============  ==================  ========================================================================
symbol         name                meaning
=============  ==================  ========================================================================
w              weight              weight of one synapse [mV in the network; dimensionless in the pairing]
x_bar          x_per_ms            presynaptic trace: each spike adds 1 / tau_x [1/ms]
u              V_mV                postsynaptic potential after reset and clamping [mV]
u_bar_plus     u_plus_mV           low-passed potential that potentiation reads, delayed [mV]
u_bar_minus    u_minus_mV          low-passed potential that depression reads, delayed [mV]
u_bar_bar      u_bar_mV            mean depolarisation, not delayed [mV]
A_LTP          A_LTP               amplitude of potentiation [weight / mV^2]
A_LTD          A_LTD               amplitude of depression [weight / mV]
=============  ==================  ========================================================================

``rule`` is a `replasticity.models.clopath.RuleStep`.
"""

import math

from replasticity.numerics.compilation import njit


@njit
def potentiates(V_mV, u_plus_mV, rule):
    """Say whether a step potentiates: potential and delayed low-passed potential [mV] above their thresholds."""
    return V_mV > rule.theta_plus_mV and u_plus_mV > rule.theta_minus_mV


@njit
def potentiation(V_mV, u_plus_mV, rule):
    """Return the potentiation of one step per unit of the presynaptic trace.

    Source: docs/models/voltage_based_stdp.md#potentiation.

    Parameters
    ----------
    V_mV : float
        Potential at the end of the step, above theta_plus [mV].
    u_plus_mV : float
        Delayed low-passed potential, above theta_minus [mV].
    rule : RuleStep
        Constants.

    Returns
    -------
    float
        A_LTP (V - theta_plus) (u_plus - theta_minus) dt [weight ms].
    """
    return rule.A_LTP * (V_mV - rule.theta_plus_mV) * (u_plus_mV - rule.theta_minus_mV) * rule.dt_ms


@njit
def depression(u_minus_mV, u_bar_mV, rule):
    """Return the depression by a presynaptic spike at the end of this step.

    Source: docs/models/voltage_based_stdp.md#depression.

    Parameters
    ----------
    u_minus_mV : float
        Delayed low-passed potential [mV].
    u_bar_mV : float
        Mean depolarisation [mV]; not used with a constant amplitude.
    rule : RuleStep
        Constants.

    Returns
    -------
    float
        A_LTD f (u_minus - theta_minus) [weight], with f = 1 or u_bar^2 / u_ref^2; 0 below theta_minus.
    """
    excess_mV = u_minus_mV - rule.theta_minus_mV
    constant = rule.A_LTD * excess_mV
    scaled = rule.A_LTD * u_bar_mV * u_bar_mV * excess_mV / rule.u_ref2_mV2
    return (constant if rule.constant_A_LTD else scaled) if excess_mV > 0 else 0.0


@njit
def decayed_trace(x_per_ms, since_ms, rule):
    """Return the presynaptic trace some time after the last spike (docs/models/voltage_based_stdp.md#synapse-trace).

    Parameters
    ----------
    x_per_ms : float
        Trace right after that spike [1/ms].
    since_ms : float
        Time of the spike minus the present time, negative or 0 [ms].
    rule : RuleStep
        Constants.

    Returns
    -------
    float
        Trace [1/ms].
    """
    return x_per_ms * math.exp(since_ms / rule.tau_x_ms)


@njit
def potentiate(weight, step_potentiation, x_per_ms, weight_max):
    """Return the weight after the potentiation of one step (docs/models/voltage_based_stdp.md#synapse-potentiation).

    Parameters
    ----------
    weight : float
        Weight before.
    step_potentiation : float
        From `potentiation` [weight ms].
    x_per_ms : float
        Presynaptic trace in that step [1/ms].
    weight_max : float
        Upper bound.

    Returns
    -------
    float
        Weight, at most ``weight_max``.
    """
    return min(weight_max, weight + step_potentiation * x_per_ms)


@njit
def depress(weight, step_depression, weight_min):
    """Return the weight after the depression by one presynaptic spike.

    Source: docs/models/voltage_based_stdp.md#synapse-depression.
    """
    return max(weight_min, weight - step_depression)


@njit
def add_to_trace(x_per_ms, rule):
    """Return the presynaptic trace [1/ms] after a spike: 1 / tau_x more, an area of one.

    Source: docs/models/voltage_based_stdp.md#synapse-trace.
    """
    return x_per_ms + 1.0 / rule.tau_x_ms
