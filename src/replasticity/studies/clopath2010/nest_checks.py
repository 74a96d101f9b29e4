"""What the two protocols of voltage-based plasticity share: the checks that NEST makes of neurons and synapses."""

import math
import sys

from replasticity.definitions.parameters import Parameters

#: Time of a grid step on a fast machine, for sixteen adaptive exponential neurons or one Hodgkin-Huxley neuron [s].
STEP_SECONDS = 6e-7

#: `replasticity.models.clopath.ENTRIES`, which costs the import of numba.
ENTRIES = 2048

#: The exponent of the upstroke stays below this: at the peak a margin of 1e20 to the largest number is left.
LARGEST_EXPONENT = math.log(sys.float_info.max / 1e20)


def require_whole_microseconds(parameters: Parameters) -> None:
    """Raise a ValueError unless the grid step is a whole number of microseconds: the unit of the reference's times."""
    microseconds = getattr(parameters, "dt_ms") * 1000  # noqa: B009
    if round(microseconds) < 1 or not math.isclose(microseconds, round(microseconds), rel_tol=1e-9):
        raise ValueError("dt_ms: has to be a whole number of microseconds")


def require_adaptive_exponential(parameters: Parameters, prefix: str = "") -> None:
    """Raise a ValueError if NEST would refuse the adaptive exponential neuron.

    Parameters
    ----------
    parameters : Parameters
        With the parameters of the neuron.
    prefix : str
        What their names begin with.

    Raises
    ------
    ValueError
        If the neuron would not come down from its peak, or the upstroke overflow (NEST,
        models/aeif_psc_delta_clopath.cpp, set).
    """

    def of(name: str) -> float:
        return float(getattr(parameters, prefix + name))

    Delta_T_mV, V_peak_mV, V_T_rest_mV = of("Delta_T_mV"), of("V_peak_mV"), of("V_T_rest_mV")
    if of("V_reset_mV") >= V_peak_mV:
        raise ValueError(f"{prefix}V_reset_mV: has to be below {prefix}V_peak_mV ({V_peak_mV:g} mV)")
    if of("V_T_max_mV") < V_T_rest_mV:
        raise ValueError(f"{prefix}V_T_max_mV: has to be at least {prefix}V_T_rest_mV ({V_T_rest_mV:g} mV)")
    if V_peak_mV < V_T_rest_mV:
        raise ValueError(f"{prefix}V_peak_mV: has to be at least {prefix}V_T_rest_mV ({V_T_rest_mV:g} mV)")
    if 0 < Delta_T_mV <= (V_peak_mV - V_T_rest_mV) / LARGEST_EXPONENT:
        raise ValueError(
            f"{prefix}Delta_T_mV: has to be 0, or above ({prefix}V_peak_mV - {prefix}V_T_rest_mV) / "
            f"{LARGEST_EXPONENT:.5g} ({(V_peak_mV - V_T_rest_mV) / LARGEST_EXPONENT:.5g} mV): the upstroke overflows"
        )


def require_bounds(parameters: Parameters, name: str, weight: float, minimum: str, maximum: str) -> None:
    """Raise a ValueError if NEST would refuse a plastic weight with these bounds, or the bounds leave no weight.

    Parameters
    ----------
    parameters : Parameters
        With both bounds.
    name : str
        Name of the initial weight.
    weight : float
        Initial weight.
    minimum, maximum : str
        Names of the bounds.

    Raises
    ------
    ValueError
        If a weight and a bound differ in sign (NEST, models/clopath_synapse.h, set_status; zero goes with positive
        weights, but not as the upper bound), or the lower bound is above the upper one.
    """
    lowest, highest = getattr(parameters, minimum), getattr(parameters, maximum)
    if lowest > highest:
        raise ValueError(f"{minimum}: has to be at most {maximum} ({highest:g})")
    if (weight >= 0) != (lowest >= 0):
        raise ValueError(f"{minimum}: has to have the sign of {name} ({weight:g})")
    if (weight >= 0) != (highest > 0):
        raise ValueError(f"{maximum}: has to have the sign of {name} ({weight:g})")
