"""Parameters of voltage-based plasticity: of the potentials that it reads, of the rule, and of its synapses."""

from typing import Any

from replasticity.definitions.parameters import (
    GridDuration,
    GridTime,
    MicrosecondGrid,
    Parameters,
    Positive,
    quantity,
)
from replasticity.definitions.ranges import OneOf, Range

#: Past steps with potentiation that a neuron keeps at least.
ENTRIES = 2048

#: Time of a grid step on a fast machine, for sixteen adaptive exponential neurons or one Hodgkin-Huxley neuron [s].
STEP_SECONDS = 6e-7

#: The potentials that plasticity reads, in the order in which they are kept.
POTENTIALS = {"V": "membrane potential", "u_plus": "u_bar_plus", "u_minus": "u_bar_minus", "u_bar": "u_bar_bar"}


class VoltageBasedPlasticity(MicrosecondGrid):
    """The low-passed potentials of a neuron, and how plasticity reads them. Amplitudes have the weight's unit."""

    tau_plus_ms: Positive = quantity(
        "Time constant of u_bar_plus.", symbol=r"\tau_+", varied=Range(1.0, 200.0, log=True)
    )
    tau_minus_ms: Positive = quantity(
        "Time constant of u_bar_minus.", symbol=r"\tau_-", varied=Range(1.0, 200.0, log=True)
    )
    tau_bar_ms: Positive = quantity(
        "Time constant of u_bar_bar.", symbol=r"\tau_{\bar{\bar u}}", varied=Range(5.0, 2000.0, log=True)
    )
    constant_A_LTD: bool = quantity("Whether the amplitude of depression ignores u_bar_bar.", varied=OneOf(True, False))
    u_ref2_mV2: Positive = quantity(
        "Reference of the voltage-dependent amplitude of depression.",
        symbol=r"u_\mathrm{ref}^2",
        varied=Range(10.0, 10000.0, log=True),
    )
    theta_plus_mV: float = quantity(
        "Threshold of the potential for potentiation.", symbol=r"\theta_+", varied=Range(-80.0, 0.0)
    )
    theta_minus_mV: float = quantity(
        "Threshold of the low-passed potentials.", symbol=r"\theta_-", varied=Range(-90.0, 0.0)
    )
    delay_u_ms: GridTime = quantity(
        "Delay of u_bar_plus and u_bar_minus before plasticity reads them.", varied=Range(0.0, 10.0)
    )


class PlasticSynapse(MicrosecondGrid):
    """What all plastic synapses of a simulation have in common."""

    tau_x_ms: Positive = quantity(
        "Time constant of the presynaptic trace.", symbol=r"\tau_x", varied=Range(1.0, 100.0, log=True)
    )
    delay_ms: GridDuration = quantity("Delay of the synapses.", symbol="d", varied=Range(0.1, 5.0))


def require_bounds(parameters: Parameters, name: str, weight: float, minimum: str, maximum: str) -> None:
    """Raise a ValueError if NEST would refuse a plastic weight with these bounds, or the bounds leave no weight.

    A weight and its bounds have one sign (NEST, models/clopath_synapse.h, set_status); zero goes with positive weights,
    but not as the upper bound. `name` is that of the weight, `minimum` and `maximum` those of its bounds.
    """
    lowest, highest = getattr(parameters, minimum), getattr(parameters, maximum)
    if lowest > highest:
        raise ValueError(f"{minimum}: has to be at most {maximum} ({highest:g})")
    if (weight >= 0) != (lowest >= 0):
        raise ValueError(f"{minimum}: has to have the sign of {name} ({weight:g})")
    if (weight >= 0) != (highest > 0):
        raise ValueError(f"{maximum}: has to have the sign of {name} ({weight:g})")


def constants_of(kind: Any, parameters: Any, prefix: str = "", **given: Any) -> Any:
    """Return a namedtuple of constants: those given, the others from the parameters of their names under a prefix."""
    for name in kind._fields:
        if name not in given:
            value = getattr(parameters, prefix + name)
            given[name] = value if isinstance(value, bool) else float(value)
    return kind(**given)
