"""Parameters of the network of excitatory and inhibitory neurons with voltage-based plasticity."""

import math
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.definitions.parameters import (
    Cost,
    GridDuration,
    NonNegative,
    NonNegativeInt,
    Positive,
    PositiveInt,
    is_recorded,
    quantity,
)
from replasticity.definitions.ranges import ListOf, Range
from replasticity.models.adaptive_exponential_parameters import AdaptiveExponentialNeuron
from replasticity.models.clopath_parameters import (
    ENTRIES,
    STEP_SECONDS,
    PlasticSynapse,
    VoltageBasedPlasticity,
    require_bounds,
)
from replasticity.numerics import random
from replasticity.numerics.arrays import FloatArray, IntArray

#: An input channel has at most so many spikes per millisecond on average, and at most one per step.
MOST_INPUT_SPIKES_PER_MS = 20.0

Bounds = Annotated[list[float], Field(min_length=2, max_length=2)]


class ClopathNetwork(AdaptiveExponentialNeuron, VoltageBasedPlasticity, PlasticSynapse):
    """Sizes, initial state, wiring and weights; a weight is the jump of the potential at a spike."""

    duration_ms: GridDuration = quantity("Duration of the run.")
    exc_count: PositiveInt = quantity("Number of excitatory neurons.", varied=Range(2, 40), size=True)
    inh_count: NonNegativeInt = quantity("Number of inhibitory neurons.", varied=Range(0, 6), size=True)
    input_count: PositiveInt = quantity("Number of input channels.", varied=Range(480, 600), size=True)
    V_initial_mean_mV: float = quantity("Mean of the initial membrane potentials.", varied=Range(-80.0, -40.0))
    V_initial_sd_mV: NonNegative = quantity(
        "Standard deviation of the initial membrane potentials.", varied=Range(0.0, 30.0)
    )
    w_initial_pA: float = quantity(
        "Adaptation current at the start.", symbol=r"w_\mathrm{ad}", varied=Range(-100.0, 200.0, special=(0.0,))
    )
    weight_input_exc_mV: Bounds = quantity(
        "Initial weights, input to excitatory: uniform between both.",
        varied=ListOf(Range(0.0, 6.0), lengths=None, sort=True),
    )
    weight_input_inh_mV: Bounds = quantity(
        "Weights, input to inhibitory: uniform between both.", varied=ListOf(Range(-2.0, 6.0), lengths=None, sort=True)
    )
    weight_exc_exc_mV: float = quantity("Initial weight, excitatory to excitatory.", varied=Range(0.0, 5.0))
    weight_exc_inh_mV: float = quantity("Weight, excitatory to inhibitory.", varied=Range(-5.0, 10.0, special=(0.0,)))
    weight_inh_exc_mV: float = quantity("Weight, inhibitory to excitatory.", varied=Range(-10.0, 5.0, special=(0.0,)))
    indegree_exc_inh: NonNegativeInt = quantity("Excitatory synapses of each inhibitory neuron.", varied=Range(0, 20))
    outdegree_inh_exc: NonNegativeInt = quantity("Synapses of each inhibitory neuron.", varied=Range(0, 20))
    delay_ms: GridDuration = quantity("Delay of all synapses but those between excitatory neurons.")
    delay_exc_exc_ms: GridDuration = quantity(
        "Delay of the synapses between excitatory neurons.", varied=Range(0.1, 5.0)
    )
    solver_tolerance: Positive = quantity(
        "Relative and absolute tolerance of the solver.",
        varied=Range(1e-9, 1e-3, log=True),
        kept="tolerance of the solver",
    )
    A_LTP_per_mV: float = quantity(
        "Amplitude of potentiation.", symbol=r"A_\mathrm{LTP}", varied=Range(1e-7, 1e-3, log=True, special=(0.0, -1e-5))
    )
    A_LTD: float = quantity(
        "Amplitude of depression.", symbol=r"A_\mathrm{LTD}", varied=Range(1e-7, 1e-3, log=True, special=(0.0, -1e-5))
    )
    history_start_mV: float = quantity(
        "What plasticity reads of u_bar_plus and u_bar_minus before delay_u_ms has passed."
    )
    weight_min_mV: float = quantity("Lower bound of plastic weights.", symbol=r"w_\mathrm{min}", varied=Range(0.0, 1.0))
    weight_max_input_mV: float = quantity(
        "Upper bound of the weights from inputs.", symbol=r"w_\mathrm{max}", varied=Range(0.5, 10.0, log=True)
    )
    weight_max_exc_mV: float = quantity(
        "Upper bound of the weights between excitatory neurons.", varied=Range(0.1, 10.0, log=True)
    )

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


class MovingProfile(ClopathNetwork):
    """The network under a Gaussian profile of input rates that jumps from one centre to another."""

    interval_ms: GridDuration = quantity("Time after which the input profile jumps.", varied=Range(5.0, 200.0))
    centres: Annotated[list[int], Field(min_length=1)] = quantity(
        "Channels at which the profile can be centred; each is chosen with the same probability.",
        varied=ListOf(Range(0, 499), lengths=(1, 10)),
    )
    profile_rate_Hz: NonNegative = quantity(
        "Amplitude of the Gaussian rate profile, before the gain.", varied=Range(0.0, 200.0)
    )
    profile_gain: NonNegative = quantity("Factor of the rate profile.", varied=Range(0.0, 5.0))
    profile_sd: Positive = quantity(
        "Standard deviation of the rate profile, in channels.", varied=Range(0.5, 100.0, log=True)
    )

    @model_validator(mode="after")
    def _profile_fits(self, info: ValidationInfo) -> "MovingProfile":
        if not all(0 <= centre < self.input_count for centre in self.centres):
            raise ValueError(f"centres: have to be channels, 0 to {self.input_count - 1}")
        # What follows concerns inputs that are sampled.
        recorded = is_recorded(info)
        most_Hz = 1000 * min(MOST_INPUT_SPIKES_PER_MS, 1 / self.dt_ms)
        if not recorded and self.profile_gain * self.profile_rate_Hz > most_Hz:
            raise ValueError(f"profile_gain: times profile_rate_Hz it has to be at most {most_Hz:g} Hz")
        return self

    def cost_with(self, kept_numbers: float, chunks: float) -> Cost:
        """Return what a run needs: synapses, neurons with their history, inputs and spikes, and what else is kept.

        Parameters
        ----------
        kept_numbers : float
            Numbers that are kept besides.
        chunks : float
            Parts in which the network is simulated.
        """
        steps, neurons = self.duration_ms / self.dt_ms, self.exc_count + self.inh_count
        synapses = (
            self.input_count * neurons
            + self.exc_count * self.exc_count
            + self.inh_count * (self.indegree_exc_inh + self.outdegree_inh_exc)
        )
        # The channels' rates add up to the area of a Gaussian, or to all channels at the peak. Counts are Poisson.
        peak_per_ms = self.profile_gain * self.profile_rate_Hz / 1000
        per_ms = peak_per_ms * min(self.input_count, math.sqrt(2 * math.pi) * self.profile_sd + 1)
        expected = per_ms * (self.duration_ms + self.interval_ms)
        inputs = expected + 10 * math.sqrt(expected) + 100
        # What the time loop allows: a spike per clamp, or per step.
        spikes = neurons * (steps / max(self.t_clamp_ms / self.dt_ms, 1.0) + chunks + 2)
        longest_steps = max(self.delay_ms, self.delay_exc_exc_ms) / self.dt_ms
        numbers = (
            12 * synapses
            + 16 * inputs
            + 8 * spikes
            + kept_numbers
            + 6 * neurons * longest_steps
            + 3 * self.exc_count * (self.delay_u_ms / self.dt_ms + ENTRIES)
            + 16 * (self.duration_ms / self.interval_ms)
            + 100 * neurons
        )
        # Sixteen neurons take as long as one.
        seconds = steps * math.ceil(neurons / 16) * STEP_SECONDS + 1e-9 * expected * neurons
        return Cost(8 * numbers, seconds)


def sample_network(parameters: ClopathNetwork, seed: int) -> dict[str, Any]:
    """Return initial potentials, and of each projection sources, targets and initial weights."""
    exc, inh, inputs = parameters.exc_count, parameters.inh_count, parameters.input_count
    values: dict[str, Any] = {}
    generator = random.generator(seed, "initial potential")
    V_initial_mV = generator.normal(parameters.V_initial_mean_mV, parameters.V_initial_sd_mV, exc + inh)
    values["exc_V_initial_mV"], values["inh_V_initial_mV"] = np.split(V_initial_mV, [exc])

    def add_synapses(name: str, pre: IntArray, post: IntArray, weight_mV: Any) -> None:
        # By source, and the copies of a pair next to each other.
        order = np.lexsort((post, pre))
        values[f"{name}_pre"], values[f"{name}_post"] = pre[order], post[order]
        values[f"{name}_weight_initial_mV"] = np.broadcast_to(weight_mV, pre.shape)

    generator = random.generator(seed, "input weights")
    for name, targets, bounds_mV in (
        ("input_exc", exc, parameters.weight_input_exc_mV),
        ("input_inh", inh, parameters.weight_input_inh_mV),
    ):
        pre, post = np.divmod(np.arange(inputs * targets), max(targets, 1))
        low_mV, high_mV = bounds_mV
        add_synapses(name, pre, post, generator.uniform(low_mV, high_mV, len(pre)))

    pre, post = np.divmod(np.arange(exc * exc), exc)
    others = pre != post
    add_synapses("exc_exc", pre[others], post[others], parameters.weight_exc_exc_mV)

    generator = random.generator(seed, "wiring")
    inhibitory = np.repeat(np.arange(inh), parameters.indegree_exc_inh)
    add_synapses("exc_inh", generator.integers(exc, size=len(inhibitory)), inhibitory, parameters.weight_exc_inh_mV)
    inhibitory = np.repeat(np.arange(inh), parameters.outdegree_inh_exc)
    add_synapses("inh_exc", inhibitory, generator.integers(exc, size=len(inhibitory)), parameters.weight_inh_exc_mV)
    return values


def rate_profile_Hz(parameters: MovingProfile, centre: int) -> FloatArray:
    """Return the rate of each channel while the profile has a centre [Hz]."""
    peak_Hz = parameters.profile_gain * parameters.profile_rate_Hz
    return peak_Hz * profile(parameters, centre)


def profile(parameters: MovingProfile, centre: int) -> FloatArray:
    """Return the rate of each channel, as a share of the peak's, while the profile has a centre."""
    distance = np.arange(parameters.input_count) - centre
    return np.exp(-(distance**2) / (2 * parameters.profile_sd**2))


def sample_input_spikes(
    parameters: MovingProfile, centre: IntArray, generator: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return times and channels of the inputs' spikes, ordered by both: in each step and channel a Poisson number.

    Times are in steps.

    The number of all spikes of an interval is Poisson distributed, and given that number each spike falls on a
    step with equal probability and on a channel in proportion to its rate. This has exactly the distribution of
    one Poisson number per step and channel, without a random number for each that is zero.
    What belongs to step ``n`` is delivered at time ``n + 2``: a step later to the channel,
    and a step later from there.
    """
    interval_steps = parameters.steps(parameters.interval_ms)
    channel_of_spikes, step_of_spikes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for one in np.unique(centre):
        rate_Hz = rate_profile_Hz(parameters, one)
        intervals = np.flatnonzero(centre == one)
        expected = rate_Hz.sum() * parameters.interval_ms / 1000
        counts = generator.poisson(expected, len(intervals))
        cumulated = np.cumsum(rate_Hz) / rate_Hz.sum() if expected else rate_Hz
        channel_of_spikes.append(np.searchsorted(cumulated, generator.random(counts.sum()), side="right"))
        within = generator.integers(interval_steps, size=counts.sum())
        step_of_spikes.append(np.repeat(intervals, counts) * interval_steps + within)
    step, channel = np.concatenate(step_of_spikes) + 2, np.concatenate(channel_of_spikes)
    # One number per spike sorts faster than two keys. What would be delivered at the end or later is left out.
    ordered = np.sort(step * parameters.input_count + channel)
    end = parameters.steps(parameters.duration_ms)
    return np.divmod(ordered[ordered < end * parameters.input_count], parameters.input_count)
