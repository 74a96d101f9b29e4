"""Parameters of the adaptive exponential neuron with a moving threshold and an afterpotential current."""

import math
import sys

from pydantic import model_validator

from replasticity.definitions.parameters import GridTime, MicrosecondGrid, NonNegative, Parameters, Positive, quantity
from replasticity.definitions.ranges import Range

#: The exponent of the upstroke stays below this: at the peak a margin of 1e20 to the largest number is left.
LARGEST_EXPONENT = math.log(sys.float_info.max / 1e20)


class AdaptiveExponentialNeuron(MicrosecondGrid):
    """The neuron, without its low-passed potentials, which belong to plasticity."""

    c_pF: Positive = quantity("Membrane capacitance.", symbol="C", varied=Range(50.0, 500.0, log=True))
    g_L_nS: Positive = quantity("Leak conductance.", symbol="g_L", varied=Range(5.0, 100.0, log=True))
    E_L_mV: float = quantity(
        "Leak reversal potential; start of the low-passed potentials.", symbol="E_L", varied=Range(-80.0, -55.0)
    )
    Delta_T_mV: NonNegative = quantity(
        "Slope factor; 0: no upstroke, and a spike at the moving threshold.",
        symbol=r"\Delta_T",
        varied=Range(0.3, 5.0, special=(0.0,)),
    )
    V_peak_mV: float = quantity("Potential at which a spike is detected.", varied=Range(-45.0, 40.0))
    V_reset_mV: float = quantity(
        "Potential after the clamp and during the refractory time.", varied=Range(-80.0, -45.0)
    )
    V_clamp_mV: float = quantity("Potential during a spike.", varied=Range(-60.0, 60.0))
    t_ref_ms: GridTime = quantity("Refractory time after the clamp.", varied=Range(0.0, 10.0))
    t_clamp_ms: GridTime = quantity("How long the potential is clamped after a spike.", varied=Range(0.0, 5.0))
    a_nS: float = quantity("Subthreshold adaptation.", symbol="a", varied=Range(-5.0, 20.0, special=(0.0,)))
    b_pA: float = quantity("Spike-triggered adaptation.", symbol="b", varied=Range(-50.0, 200.0, special=(0.0,)))
    tau_w_ms: Positive = quantity(
        "Time constant of the adaptation current.", symbol=r"\tau_{w_\mathrm{ad}}", varied=Range(5.0, 500.0, log=True)
    )
    I_sp_pA: float = quantity(
        "Afterpotential current right after a spike.",
        symbol=r"I_\mathrm{sp}",
        varied=Range(-200.0, 800.0, special=(0.0,)),
    )
    tau_z_ms: Positive = quantity(
        "Time constant of the afterpotential current.", symbol=r"\tau_z", varied=Range(1.0, 200.0, log=True)
    )
    V_T_rest_mV: float = quantity("Resting value of the moving threshold.", symbol=r"V_{T_\mathrm{rest}}")
    V_T_max_mV: float = quantity(
        "Moving threshold right after a spike.", symbol=r"V_{T_\mathrm{max}}", varied=Range(-50.4, 60.0)
    )
    tau_T_ms: Positive = quantity(
        "Time constant of the moving threshold.", symbol=r"\tau_{V_T}", varied=Range(1.0, 200.0, log=True)
    )
    I_e_pA: float = quantity("Constant current.", varied=Range(-500.0, 1500.0, special=(0.0,)))

    @model_validator(mode="after")
    def _neuron_comes_down_from_its_peak(self) -> "AdaptiveExponentialNeuron":
        require_adaptive_exponential(self)
        return self


def require_adaptive_exponential(parameters: Parameters, prefix: str = "") -> None:
    """Raise a ValueError if the neuron would not come down from its peak, or the upstroke overflow.

    NEST, models/aeif_psc_delta_clopath.cpp, set, has all of it but the clamp's part. ``prefix`` is what the names of
    the parameters begin with.
    """

    def of(name: str) -> float:
        return float(getattr(parameters, prefix + name))

    Delta_T_mV, V_peak_mV, V_T_rest_mV = of("Delta_T_mV"), of("V_peak_mV"), of("V_T_rest_mV")
    if of("V_reset_mV") >= V_peak_mV:
        raise ValueError(f"{prefix}V_reset_mV: has to be below {prefix}V_peak_mV ({V_peak_mV:g} mV)")
    if of("V_T_max_mV") < V_T_rest_mV:
        raise ValueError(f"{prefix}V_T_max_mV: has to be at least {prefix}V_T_rest_mV ({V_T_rest_mV:g} mV)")
    # A spike without a clamp ends at V_clamp. Where that is a spike again, each of the solver's steps is one.
    peak = "V_peak_mV" if Delta_T_mV > 0 else "V_T_max_mV"
    if of("t_clamp_ms") == 0 and of("V_clamp_mV") >= of(peak):
        raise ValueError(
            f"{prefix}V_clamp_mV: has to be below {prefix}{peak} ({of(peak):g} mV) where {prefix}t_clamp_ms is 0"
        )
    if V_peak_mV < V_T_rest_mV:
        raise ValueError(f"{prefix}V_peak_mV: has to be at least {prefix}V_T_rest_mV ({V_T_rest_mV:g} mV)")
    smallest_mV = (V_peak_mV - V_T_rest_mV) / LARGEST_EXPONENT
    if 0 < Delta_T_mV <= smallest_mV:
        raise ValueError(
            f"{prefix}Delta_T_mV: has to be 0, or above ({prefix}V_peak_mV - {prefix}V_T_rest_mV) / "
            f"{LARGEST_EXPONENT:.5g} ({smallest_mV:.5g} mV): the upstroke overflows"
        )
