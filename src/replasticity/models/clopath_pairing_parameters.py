"""Parameters of one plastic synapse on a neuron of either model that is forced to spike."""

from typing import Any

from pydantic import model_validator

from replasticity.definitions.parameters import Cost, Positive, quantity, under_prefix
from replasticity.definitions.ranges import Range
from replasticity.models.adaptive_exponential_parameters import AdaptiveExponentialNeuron, require_adaptive_exponential
from replasticity.models.clopath_parameters import (
    ENTRIES,
    STEP_SECONDS,
    PlasticSynapse,
    VoltageBasedPlasticity,
    require_bounds,
)
from replasticity.models.hodgkin_huxley_parameters import HodgkinHuxleyNeuron

#: The neuron models, in the order of the dimension ``neuron``: prefixes of their parameters.
NEURONS = ("adex", "hh")


class PlasticNeuron(VoltageBasedPlasticity):
    """What either neuron has. Amplitudes are of a weight of 1."""

    V_initial_mV: float = quantity("Potential at the start.", varied=Range(-80.0, -50.0))
    A_LTP_per_mV2: float = quantity(
        "Amplitude of potentiation.", symbol=r"A_\mathrm{LTP}", varied=Range(1e-6, 1e-2, log=True, special=(0.0, -1e-4))
    )
    A_LTD_per_mV: float = quantity(
        "Amplitude of depression.", symbol=r"A_\mathrm{LTD}", varied=Range(1e-6, 1e-2, log=True, special=(0.0, -1e-4))
    )


_Adex: Any = under_prefix("adex_", "Adaptive exponential", PlasticNeuron, AdaptiveExponentialNeuron)
_HH: Any = under_prefix("hh_", "Hodgkin-Huxley", PlasticNeuron, HodgkinHuxleyNeuron)


class ForcedNeurons(_HH, _Adex, PlasticSynapse):  # type: ignore[misc]
    """The synapse, and the two neurons with their plasticity and what forces them."""

    weight_initial: Positive = quantity(
        "Weight at the start, as a voltage jump in mV or a current in pA.", varied=Range(0.01, 20.0, log=True)
    )
    weight_min: float = quantity("Lower bound of the weight.", symbol=r"w_\mathrm{min}", varied=Range(0.0, 1.0))
    weight_max: float = quantity(
        "Upper bound of the weight.", symbol=r"w_\mathrm{max}", varied=Range(0.1, 100.0, log=True)
    )
    adex_tolerance: Positive = quantity(
        "Adaptive exponential: relative and absolute tolerance of the solver.",
        varied=Range(1e-9, 1e-3, log=True),
        kept="tolerance of the solver",
    )
    adex_forcing_weight_mV: float = quantity(
        "Adaptive exponential: weight of the generator that forces spikes.", varied=Range(-50.0, 150.0)
    )
    hh_forcing_weight_pA: float = quantity(
        "Hodgkin-Huxley: weight of the generator that forces spikes.", varied=Range(-500.0, 10000.0)
    )

    @model_validator(mode="after")
    def _neuron_and_weight_are_possible(self) -> "ForcedNeurons":
        require_adaptive_exponential(self, "adex_")
        require_bounds(self, "weight_initial", self.weight_initial, "weight_min", "weight_max")
        return self

    def cost_of(self, steps: list[float], given_spikes: int) -> Cost:
        """Return what pairings in both neurons need: states of the longest one, and the spikes of all.

        Parameters
        ----------
        steps : list of float
            Length of each pairing.
        given_spikes : int
            Spikes of the generators in all of them.
        """
        # At most a spike per clamp or per step, and one per maximum of the potential; kept as lists at first.
        spikes = sum(steps) * (1 / max(self.adex_t_clamp_ms / self.dt_ms, 1.0) + 0.5)
        numbers = (
            60 * max(steps)
            + 16 * spikes
            + 40 * given_spikes
            + 8 * (max(self.adex_delay_u_ms, self.hh_delay_u_ms) + self.delay_ms) / self.dt_ms
            + 3 * ENTRIES
        )
        return Cost(8 * numbers, len(NEURONS) * sum(steps) * STEP_SECONDS)
