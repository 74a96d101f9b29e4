"""Parameters of homeostatic STDP at an inhibitory synapse, and of the population that sets its global factor."""

from typing import Literal

from pydantic import Field, model_validator

from replasticity.definitions.parameters import GridDuration, NonNegative, Positive, PositiveInt, TimeGrid, quantity


class PoissonPopulation(TimeGrid):
    """Poisson neurons of one rate that changes from epoch to epoch."""

    epoch_ms: GridDuration = quantity("Duration of one epoch of constant population rate.")
    rates_Hz: list[NonNegative] = quantity("Rate of each Poisson neuron in each epoch.", min_length=1)
    population_size: PositiveInt = quantity("Number of Poisson neurons.")

    @model_validator(mode="after")
    def _at_most_one_spike_per_step(self) -> "PoissonPopulation":
        if max(self.rates_Hz) * self.dt_ms / 1000 > 1:
            raise ValueError("rates_Hz: at most one spike per cell and step, so no rate above 1000 / dt_ms")
        return self


class HomeostaticSynapse(TimeGrid):
    """An inhibitory synapse whose STDP is scaled by the global factor G = H - target rate."""

    target_rate_Hz: NonNegative = quantity("Target rate: at this rate G is zero.", symbol=r"\gamma")
    tau_H_ms: Positive = quantity("Time constant of the secretory factor H.", symbol=r"\tau_H")
    tau_stdp_ms: Positive = quantity("Time constant of both traces.", symbol=r"\tau_\mathrm{STDP}")
    eta_nS_s: float = quantity("Learning rate: weight change per unit of G.", symbol=r"\eta")
    weight_initial_nS: float = quantity("Weight at the start.", symbol="w_0")
    rule: Literal["as_published", "eq15"] = Field(
        description="Which spike has the constant term: the postsynaptic (example script) or the presynaptic (Eq. 15)."
    )
