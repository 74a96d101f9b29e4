"""Parameters of the network of excitatory and inhibitory neurons with voltage-based plasticity."""

from typing import Annotated

from pydantic import Field, model_validator

from replasticity.definitions.parameters import (
    GridDuration,
    NonNegative,
    NonNegativeInt,
    Positive,
    PositiveInt,
    quantity,
)
from replasticity.models.adaptive_exponential_parameters import AdaptiveExponentialNeuron
from replasticity.models.clopath_parameters import PlasticSynapse, VoltageBasedPlasticity, require_bounds

Bounds = Annotated[list[float], Field(min_length=2, max_length=2)]


class ClopathNetwork(AdaptiveExponentialNeuron, VoltageBasedPlasticity, PlasticSynapse):
    """Sizes, initial state, wiring and weights; a weight is the jump of the potential at a spike."""

    duration_ms: GridDuration = quantity("Duration of the run.")
    exc_count: PositiveInt = quantity("Number of excitatory neurons.")
    inh_count: NonNegativeInt = quantity("Number of inhibitory neurons.")
    input_count: PositiveInt = quantity("Number of input channels.")
    V_initial_mean_mV: float = quantity("Mean of the initial membrane potentials.")
    V_initial_sd_mV: NonNegative = quantity("Standard deviation of the initial membrane potentials.")
    w_initial_pA: float = quantity("Adaptation current at the start.", symbol=r"w_\mathrm{ad}")
    weight_input_exc_mV: Bounds = quantity("Initial weights, input to excitatory: uniform between both.")
    weight_input_inh_mV: Bounds = quantity("Weights, input to inhibitory: uniform between both.")
    weight_exc_exc_mV: float = quantity("Initial weight, excitatory to excitatory.")
    weight_exc_inh_mV: float = quantity("Weight, excitatory to inhibitory.")
    weight_inh_exc_mV: float = quantity("Weight, inhibitory to excitatory.")
    indegree_exc_inh: NonNegativeInt = quantity("Excitatory synapses of each inhibitory neuron.")
    outdegree_inh_exc: NonNegativeInt = quantity("Synapses of each inhibitory neuron.")
    delay_ms: GridDuration = quantity("Delay of all synapses but those between excitatory neurons.")
    delay_exc_exc_ms: GridDuration = quantity("Delay of the synapses between excitatory neurons.")
    solver_tolerance: Positive = quantity("Relative and absolute tolerance of the solver.")
    A_LTP_per_mV: float = quantity("Amplitude of potentiation.", symbol=r"A_\mathrm{LTP}")
    A_LTD: float = quantity("Amplitude of depression.", symbol=r"A_\mathrm{LTD}")
    history_start_mV: float = quantity(
        "What plasticity reads of u_bar_plus and u_bar_minus before delay_u_ms has passed."
    )
    weight_min_mV: float = quantity("Lower bound of plastic weights.", symbol=r"w_\mathrm{min}")
    weight_max_input_mV: float = quantity("Upper bound of the weights from inputs.", symbol=r"w_\mathrm{max}")
    weight_max_exc_mV: float = quantity("Upper bound of the weights between excitatory neurons.")

    @model_validator(mode="after")
    def _weights_fit_their_bounds(self) -> "ClopathNetwork":
        for name in ("weight_input_exc_mV", "weight_input_inh_mV"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: the first bound has to be the smaller one")
        for weight_mV in self.weight_input_exc_mV:
            require_bounds(self, "weight_input_exc_mV", weight_mV, "weight_min_mV", "weight_max_input_mV")
        require_bounds(self, "weight_exc_exc_mV", self.weight_exc_exc_mV, "weight_min_mV", "weight_max_exc_mV")
        return self
