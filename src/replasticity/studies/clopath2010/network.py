"""The Clopath network: voltage-based plasticity under a moving input profile (Clopath et al. 2010).

Ten excitatory and three inhibitory neurons receive 500 Poisson inputs. Every 100 ms the profile of their rates
jumps to another centre. Source: docs/models/voltage_based_stdp.md.

Symbols of the paper are mapped to names in `replasticity.equations.adaptive_exponential` and
`replasticity.equations.clopath`. A stamp is a time in grid steps.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, NonNegativeInt, Positive, PositiveInt
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.errors import StateError
from replasticity.numerics import random
from replasticity.pipeline import progress
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio, require_indices
from replasticity.studies.clopath2010.nest_checks import (
    ENTRIES,
    STEP_SECONDS,
    require_adaptive_exponential,
    require_bounds,
    require_whole_microseconds,
)

if TYPE_CHECKING:
    import xarray as xr

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Bounds = Annotated[list[float], Field(min_length=2, max_length=2)]

#: Two weights count as grown if they have grown by more than this [mV].
GROWTH_THRESHOLDS_MV = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)

#: The course of the weights is kept after these shares of the duration.
COURSE_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

#: Shuffled weight matrices from which the null distribution of the reciprocity correlation comes.
SHUFFLES = 2000

#: The state around one spike is kept from this long before to this long after it [ms].
BEFORE_SPIKE_MS, AFTER_SPIKE_MS = 10.0, 60.0

#: An input channel has at most so many spikes per millisecond on average, and at most one per step.
MOST_INPUT_SPIKES_PER_MS = 20.0

#: What a bin of the raster counts to.
MOST_IN_BIN = 127

#: Bin of the raster [ms], and model time between two reports of progress [ms].
RASTER_BIN_MS = 1.0
CHUNK_MS = 1000.0


class Parameters(BaseParameters):
    """Parameters of the protocol. Their order is that of docs/models/voltage_based_stdp.md."""

    dt_ms: Positive = Field(description="Grid step.")
    duration_ms: Positive = Field(description="Duration of the run.")
    exc_count: PositiveInt = Field(description="Number of excitatory neurons.")
    inh_count: NonNegativeInt = Field(description="Number of inhibitory neurons.")
    input_count: PositiveInt = Field(description="Number of input channels.")
    interval_ms: Positive = Field(description="Time after which the input profile jumps.")
    centres: Annotated[list[int], Field(min_length=1)] = Field(
        description="Channels at which the profile can be centred; each is drawn with the same probability."
    )
    profile_rate_Hz: NonNegative = Field(description="Amplitude of the Gaussian rate profile, before the gain.")
    profile_gain: NonNegative = Field(description="Factor of the rate profile.")
    profile_sd: Positive = Field(description="Standard deviation of the rate profile, in channels.")
    V_initial_mean_mV: float = Field(description="Mean of the initial membrane potentials.")
    V_initial_sd_mV: NonNegative = Field(description="Standard deviation of the initial membrane potentials.")
    w_initial_pA: float = Field(description="Adaptation current at the start.")
    weight_input_exc_mV: Bounds = Field(description="Initial weights, input to excitatory: uniform between both.")
    weight_input_inh_mV: Bounds = Field(description="Weights, input to inhibitory: uniform between both.")
    weight_exc_exc_mV: float = Field(description="Initial weight, excitatory to excitatory.")
    weight_exc_inh_mV: float = Field(description="Weight, excitatory to inhibitory.")
    weight_inh_exc_mV: float = Field(description="Weight, inhibitory to excitatory.")
    indegree_exc_inh: NonNegativeInt = Field(description="Excitatory synapses of each inhibitory neuron.")
    outdegree_inh_exc: NonNegativeInt = Field(description="Synapses of each inhibitory neuron.")
    delay_ms: Positive = Field(description="Delay of all synapses but those between excitatory neurons.")
    delay_exc_exc_ms: Positive = Field(description="Delay of the synapses between excitatory neurons.")

    c_pF: Positive = Field(description="Membrane capacitance.")
    g_L_nS: Positive = Field(description="Leak conductance.")
    E_L_mV: float = Field(description="Leak reversal potential; start of the low-passed potentials.")
    Delta_T_mV: NonNegative = Field(description="Slope factor; 0: no upstroke, and a spike at the moving threshold.")
    V_peak_mV: float = Field(description="Potential at which a spike is detected.")
    V_reset_mV: float = Field(description="Potential after the clamp and during the refractory time.")
    V_clamp_mV: float = Field(description="Potential during a spike.")
    t_ref_ms: NonNegative = Field(description="Refractory time after the clamp.")
    t_clamp_ms: NonNegative = Field(description="How long the potential is clamped after a spike.")
    a_nS: float = Field(description="Subthreshold adaptation.")
    b_pA: float = Field(description="Spike-triggered adaptation.")
    tau_w_ms: Positive = Field(description="Time constant of the adaptation current.")
    I_sp_pA: float = Field(description="Afterpotential current right after a spike.")
    tau_z_ms: Positive = Field(description="Time constant of the afterpotential current.")
    V_T_rest_mV: float = Field(description="Resting value of the moving threshold.")
    V_T_max_mV: float = Field(description="Moving threshold right after a spike.")
    tau_T_ms: Positive = Field(description="Time constant of the moving threshold.")
    I_e_pA: float = Field(description="Constant current.")
    solver_tolerance: Positive = Field(description="Relative and absolute tolerance of the solver.")

    tau_plus_ms: Positive = Field(description="Time constant of u_bar_plus.")
    tau_minus_ms: Positive = Field(description="Time constant of u_bar_minus.")
    tau_bar_ms: Positive = Field(description="Time constant of u_bar_bar.")
    A_LTP_per_mV: float = Field(description="Amplitude of potentiation.")
    A_LTD: float = Field(description="Amplitude of depression.")
    constant_A_LTD: bool = Field(description="Whether the amplitude of depression ignores u_bar_bar.")
    u_ref2_mV2: Positive = Field(description="Reference of the voltage-dependent amplitude of depression.")
    theta_plus_mV: float = Field(description="Threshold of the potential for potentiation.")
    theta_minus_mV: float = Field(description="Threshold of the low-passed potentials.")
    delay_u_ms: NonNegative = Field(description="Delay of u_bar_plus and u_bar_minus before plasticity reads them.")
    history_start_mV: float = Field(description="What plasticity reads of them before that delay has passed.")
    tau_x_ms: Positive = Field(description="Time constant of the presynaptic trace.")
    weight_min_mV: float = Field(description="Lower bound of plastic weights.")
    weight_max_input_mV: float = Field(description="Upper bound of the weights from inputs.")
    weight_max_exc_mV: float = Field(description="Upper bound of the weights between excitatory neurons.")

    sample_interval_ms: Positive = Field(description="Interval at which the weights between neurons are kept.")
    raster_start_ms: NonNegative = Field(description="Start of the window in which all spikes are kept as a raster.")
    raster_ms: NonNegative = Field(description="Duration of that window.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        for name in ("weight_input_exc_mV", "weight_input_inh_mV"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: the first bound has to be the smaller one")
        if not all(0 <= centre < self.input_count for centre in self.centres):
            raise ValueError(f"centres: have to be channels, 0 to {self.input_count - 1}")
        require_whole_microseconds(self)
        self.require_whole_steps(
            *("duration_ms", "interval_ms", "sample_interval_ms", "delay_ms", "delay_exc_exc_ms"), least=1
        )
        self.require_whole_steps("raster_start_ms", "raster_ms", "t_ref_ms", "t_clamp_ms", "delay_u_ms")
        require_adaptive_exponential(self)
        for name, weights_mV, maximum in (
            ("weight_input_exc_mV", self.weight_input_exc_mV, "weight_max_input_mV"),
            ("weight_exc_exc_mV", [self.weight_exc_exc_mV], "weight_max_exc_mV"),
        ):
            for weight_mV in weights_mV:
                require_bounds(self, name, weight_mV, "weight_min_mV", maximum)
        if info.context and info.context.get("recorded"):
            # What follows concerns inputs that are drawn, and statistics.
            return self
        if self.exc_count < 2:
            raise ValueError("exc_count: has to be at least 2, for weights between excitatory neurons")
        most_Hz = 1000 * min(MOST_INPUT_SPIKES_PER_MS, 1 / self.dt_ms)
        if self.profile_gain * self.profile_rate_Hz > most_Hz:
            raise ValueError(f"profile_gain: times profile_rate_Hz it has to be at most {most_Hz:g} Hz")
        if self.raster_start_ms + self.raster_ms > self.duration_ms:
            raise ValueError(f"raster_ms: the window has to end before the run does ({self.duration_ms:g} ms)")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the estimate of `replasticity.definitions.parameters.Parameters.cost`."""
        steps, neurons = self.duration_ms / self.dt_ms, self.exc_count + self.inh_count
        synapses = (
            self.input_count * neurons
            + self.exc_count * self.exc_count
            + self.inh_count * (self.indegree_exc_inh + self.outdegree_inh_exc)
        )
        pairs = self.exc_count * (self.exc_count - 1) / 2
        # The channels' rates add up to the area of a Gaussian, or to all channels at the peak. Counts are Poisson.
        peak_per_ms = self.profile_gain * self.profile_rate_Hz / 1000
        per_ms = peak_per_ms * min(self.input_count, math.sqrt(2 * math.pi) * self.profile_sd + 1)
        expected = per_ms * (self.duration_ms + self.interval_ms)
        inputs = expected + 10 * math.sqrt(expected) + 100
        # What the time loop allows: a spike per clamp, or per step.
        spikes = neurons * (steps / max(self.t_clamp_ms / self.dt_ms, 1.0) + self.duration_ms / CHUNK_MS + 2)
        raster_steps, raster_bins = self.raster_ms / self.dt_ms, self.raster_ms / max(RASTER_BIN_MS, self.dt_ms)
        longest_steps = max(self.delay_ms, self.delay_exc_exc_ms) / self.dt_ms
        numbers = (
            12 * synapses
            + 16 * inputs
            + 8 * spikes
            + 4 * (self.duration_ms / self.sample_interval_ms + 1 + len(COURSE_SHARES)) * 2 * pairs
            + 7 * self.exc_count * raster_steps
            + 3 * raster_bins * (self.input_count + self.exc_count)
            + 6 * neurons * longest_steps
            + 3 * self.exc_count * (self.delay_u_ms / self.dt_ms + ENTRIES)
            + 16 * (self.duration_ms / self.interval_ms)
            + 40 * (BEFORE_SPIKE_MS + AFTER_SPIKE_MS) / self.dt_ms
            + 100 * neurons
            + (10 + 3 * len(self.centres)) * self.input_count
            + (4 * len(self.centres) + 2 * self.input_count) * self.exc_count
            + 7 * SHUFFLES * 2 * pairs
        )
        # Sixteen neurons take as long as one.
        seconds = steps * math.ceil(neurons / 16) * STEP_SECONDS + 1e-9 * expected * neurons
        return Cost(8 * numbers, seconds)


_SYNAPSES = {
    "input_exc": "input to excitatory (plastic)",
    "input_inh": "input to inhibitory (static)",
    "exc_exc": "excitatory to excitatory (plastic)",
    "exc_inh": "excitatory to inhibitory (static, repeated pairs are separate synapses)",
    "inh_exc": "inhibitory to excitatory (static, repeated pairs are separate synapses)",
}

_WIRING = {
    name: variable
    for synapses, meaning in _SYNAPSES.items()
    for name, variable in (
        (f"{synapses}_pre", Variable((synapses,), f"source, {meaning}", "int32")),
        (f"{synapses}_post", Variable((synapses,), f"target, {meaning}", "int32")),
        (f"{synapses}_weight_initial_mV", Variable((synapses,), f"initial weight, {meaning}")),
    )
}

_DRAWN: dict[str, Variable] = {
    "exc_V_initial_mV": Variable(("exc",), "initial membrane potential of the excitatory neurons"),
    "inh_V_initial_mV": Variable(("inh",), "initial membrane potential of the inhibitory neurons"),
    "profile_centre": Variable(("interval",), "centre channel of the rate profile in each interval", "int32"),
    **_WIRING,
}

#: What `sample_inputs` returns. The spikes of the inputs do not go into a run's file; the seed gives them again.
INPUTS: dict[str, Variable] = _DRAWN | {
    "input_spike_stamp": Variable(("input_spike",), "grid step at which a channel's spike is delivered", "int64"),
    "input_spike_channel": Variable(("input_spike",), "channel of each spike", "int32"),
}

_SHARES = ", ".join(f"{100 * share:g} %" for share in COURSE_SHARES)
_NO_SPIKE = "no excitatory neuron spikes in the raster's window, far enough from its ends"
_AROUND = "of the neuron with the first spike in the raster's window"
RUN: dict[str, Variable] = _DRAWN | {
    "time_ms": Variable(("time_ms",), "time of the samples of the weights"),
    "exc_exc_weight_mV": Variable(("time_ms", "exc_exc"), "weights between excitatory neurons, before that time"),
    "course_time_ms": Variable(("course_time_ms",), f"{_SHARES} of the duration"),
    "course_exc_exc_weight_mV": Variable(
        ("course_time_ms", "exc_exc"), "weights between excitatory neurons, before that time"
    ),
    "exc_exc_weight_final_mV": Variable(("exc_exc",), "weights between excitatory neurons at the end"),
    "input_exc_weight_final_mV": Variable(("input_exc",), "weights from inputs to excitatory neurons at the end"),
    "exc_spike_time_ms": Variable(("exc_spike",), "spikes of the excitatory neurons"),
    "exc_spike_index": Variable(("exc_spike",), "neuron of each of them", "int32"),
    "inh_spike_time_ms": Variable(("inh_spike",), "spikes of the inhibitory neurons"),
    "inh_spike_index": Variable(("inh_spike",), "neuron of each of them", "int32"),
    "raster_time_ms": Variable(("raster_time_ms",), "start of each bin of the raster"),
    "raster_input_count": Variable(("raster_time_ms", "input"), "spikes of each input channel per bin", "int8"),
    "raster_exc_count": Variable(("raster_time_ms", "exc"), "spikes of each excitatory neuron per bin", "int8"),
    "spike_offset_ms": Variable(("spike_offset_ms",), "time since the first excitatory spike in the raster's window"),
    "spike_V_mV": Variable(("spike_offset_ms",), f"membrane potential {_AROUND}", undefined=_NO_SPIKE),
    "spike_u_plus_mV": Variable(("spike_offset_ms",), f"u_bar_plus {_AROUND}", undefined=_NO_SPIKE),
    "spike_u_minus_mV": Variable(("spike_offset_ms",), f"u_bar_minus {_AROUND}", undefined=_NO_SPIKE),
    "spike_u_bar_mV": Variable(("spike_offset_ms",), f"u_bar_bar {_AROUND}", undefined=_NO_SPIKE),
}

_CHANGE = "change of the weights between excitatory neurons"
_STRONG = "more than one standard deviation above the mean"
_EQUAL = "all final weights are equal"
_BY_PROFILE = "each channel counted by its rate while the profile is at a centre"
STATISTICS: dict[str, Variable] = {
    "exc_exc_weight_final_mV": Variable(
        ("pre", "post"), "final weights between excitatory neurons, 0 where there is no synapse", resolution=1e-9
    ),
    "dw_mean_mV": Variable((), f"mean {_CHANGE}", resolution=1e-9),
    "dw_sd_mV": Variable((), f"standard deviation over synapses of the {_CHANGE}", resolution=1e-9),
    "dw_min_mV": Variable((), f"smallest {_CHANGE}", resolution=1e-9),
    "dw_max_mV": Variable((), f"largest {_CHANGE}", resolution=1e-9),
    "dw_mean_percent": Variable(
        (), f"mean {_CHANGE}, of the initial weight", resolution=1e-6, undefined="the initial weight is 0"
    ),
    "dw_max_percent": Variable(
        (), f"largest {_CHANGE}, of the initial weight", resolution=1e-6, undefined="the initial weight is 0"
    ),
    "reciprocity": Variable(
        (), "correlation of w_ij with w_ji over the pairs, both orders", resolution=1e-9, undefined=_EQUAL
    ),
    "reciprocity_null": Variable(
        (), "95 % quantile of that correlation with shuffled weights", resolution=1e-9, undefined=_EQUAL
    ),
    "reciprocity_excess": Variable(
        (), "correlation minus the quantile of shuffled weights", resolution=1e-9, undefined=_EQUAL
    ),
    "reciprocity_course": Variable(
        ("course_time_ms",),
        f"correlation of w_ij with w_ji after {_SHARES} of the duration",
        resolution=1e-9,
        undefined="all weights are still equal",
    ),
    "strong_two_way": Variable((), f"pairs with both weights {_STRONG}", resolution=1e-9, discrete=True),
    "strong_one_way": Variable((), f"pairs with exactly one weight {_STRONG}", resolution=1e-9, discrete=True),
    "strong_two_way_expected": Variable(
        (), f"pairs with both weights {_STRONG}, if independent", resolution=1e-9, discrete=True
    ),
    "strong_two_way_excess": Variable(
        (), f"pairs with both weights {_STRONG}, beyond independence", resolution=1e-9, discrete=True
    ),
    "strong_reciprocated": Variable(
        (),
        f"share of the weights {_STRONG} whose opposite direction is so, too",
        resolution=1e-9,
        discrete=True,
        undefined=f"no weight is {_STRONG}",
    ),
    "grown_two_way": Variable(("threshold",), "pairs whose two weights both grew by more than the threshold", "int32"),
    "grown_one_way": Variable(("threshold",), "pairs where exactly one weight grew by more", "int32"),
    "grown_two_way_expected": Variable(
        ("threshold",), "pairs with two grown weights if independent", resolution=1e-9, discrete=True
    ),
    "at_weight_max": Variable(
        (), "share of weights between excitatory neurons at the upper bound", resolution=1e-9, discrete=True
    ),
    "at_weight_min": Variable(
        (), "share of weights between excitatory neurons at the lower bound", resolution=1e-9, discrete=True
    ),
    "input_weight_initial_mean_mV": Variable((), "mean initial weight of the inputs", resolution=1e-9),
    "input_weight_mean_mV": Variable((), "mean final weight of the inputs", resolution=1e-9),
    "input_weight_sd_mV": Variable((), "standard deviation of the final weights of the inputs", resolution=1e-9),
    "input_weight_min_mV": Variable((), "smallest final weight of the inputs", resolution=1e-9, discrete=True),
    "input_weight_max_mV": Variable((), "largest final weight of the inputs", resolution=1e-9, discrete=True),
    "input_at_weight_max": Variable(
        (), "share of the inputs' weights at the upper bound", resolution=1e-9, discrete=True
    ),
    "input_at_weight_min": Variable(
        (), "share of the inputs' weights at the lower bound", resolution=1e-9, discrete=True
    ),
    "input_weight_by_centre_mV": Variable(
        ("centre", "post"), f"mean final weight of the inputs, {_BY_PROFILE}", resolution=1e-9
    ),
    "input_change_by_centre_mV": Variable(
        ("centre", "post"), f"mean change of the inputs' weights, {_BY_PROFILE}", resolution=1e-9
    ),
    "input_selectivity_ratio": Variable(
        (),
        f"standard deviation over centres of the inputs' mean weight, {_BY_PROFILE}: at the end to at the start",
        resolution=1e-9,
        undefined="at the start there is no such deviation",
    ),
    "similarity_effect": Variable(
        (),
        "correlation over pairs of the mean of both weights with how the two neurons' final input weights correlate",
        resolution=1e-9,
        undefined="all weights between neurons are equal, or the inputs' weights of some neuron are at all centres",
    ),
    "exc_rate_Hz": Variable((), "mean rate of the excitatory neurons", resolution=1e-9, discrete=True),
    "inh_rate_Hz": Variable((), "mean rate of the inhibitory neurons", resolution=1e-9, discrete=True),
    "centres_visited": Variable((), "number of different centres of the profile", "int32"),
}

OUTPUT_OPTIONS = ("sample_interval_ms", "raster_start_ms", "raster_ms")

SHORTEST = {"duration_ms": 1000.0, "raster_start_ms": 0.0, "raster_ms": 1000.0}

TRACES = (
    "course_time_ms",
    *("raster_time_ms", "raster_input_count", "raster_exc_count"),
    *("spike_offset_ms", "spike_V_mV", "spike_u_plus_mV", "spike_u_minus_mV", "spike_u_bar_mV"),
)

PEER_NAMES = {
    "exc_exc_weight_final_mV": "exc_exc_weight_final",
    "dw_mean_mV": "dw_mean",
    "dw_sd_mV": "dw_std",
    "dw_min_mV": "dw_min",
    "dw_max_mV": "dw_max",
    "reciprocity": "w_corr",
    "grown_two_way": "n_bidir",
    "grown_one_way": "n_unidir",
    "grown_two_way_expected": "n_bidir_independent",
    "at_weight_max": "frac_at_Wmax",
    "at_weight_min": "frac_at_Wmin",
    "input_weight_initial_mean_mV": "in_w_mean_initial",
    "input_weight_mean_mV": "in_w_mean",
    "input_weight_sd_mV": "in_w_std",
    "input_weight_min_mV": "in_w_min",
    "input_weight_max_mV": "in_w_max",
    "input_at_weight_max": "in_frac_at_Wmax",
    "input_at_weight_min": "in_frac_at_Wmin",
    "exc_rate_Hz": "exc_rate",
    "inh_rate_Hz": "inh_rate",
    "centres_visited": "n_distinct_mu",
}


def steps(time_ms: float, parameters: Parameters) -> int:
    """Return a duration in grid steps."""
    return round(time_ms / parameters.dt_ms)


def stamps(times_ms: FloatArray, parameters: Parameters) -> IntArray:
    """Return times as grid steps."""
    return np.rint(times_ms / parameters.dt_ms).astype(np.int64)


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return everything random: initial potentials and weights, wiring, centres, and the spikes of the inputs.

    Parameters
    ----------
    parameters : Parameters
        Sizes, ranges and rates.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        Variables of `INPUTS`.
    """
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

    intervals = math.ceil(parameters.duration_ms / parameters.interval_ms)
    centre = random.generator(seed, "profile centres").choice(parameters.centres, intervals)
    stamp, channel = draw_input_spikes(parameters, centre, random.generator(seed, "input spikes"))
    values |= {"profile_centre": centre, "input_spike_stamp": stamp, "input_spike_channel": channel}
    return build(INPUTS, values)


def rate_profile_Hz(parameters: Parameters, centre: int) -> FloatArray:
    """Return the rate of each channel while the profile has a centre (docs/models/voltage_based_stdp.md#input-rates).

    Parameters
    ----------
    parameters : Parameters
        Amplitude, gain and width of the profile.
    centre : int
        Channel.

    Returns
    -------
    ndarray of float64, shape (input_count,)
        Rates [Hz].
    """
    peak_Hz = parameters.profile_gain * parameters.profile_rate_Hz
    rate_Hz: FloatArray = peak_Hz * _profile(parameters, centre)
    return rate_Hz


def _profile(parameters: Parameters, centre: int) -> FloatArray:
    """Return the rate of each channel, as a share of the peak's, while the profile has a centre."""
    distance = np.arange(parameters.input_count) - centre
    profile: FloatArray = np.exp(-(distance**2) / (2 * parameters.profile_sd**2))
    return profile


def draw_input_spikes(
    parameters: Parameters, centre: IntArray, generator: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the spikes of the input channels: in each step and channel a Poisson number.

    The number of all spikes of an interval is Poisson distributed, and given that number each spike falls on a
    step with equal probability and on a channel in proportion to its rate. This has exactly the distribution of
    one Poisson number per step and channel, without a random number for each that is zero.

    Parameters
    ----------
    parameters : Parameters
        Rates and durations.
    centre : ndarray of int, shape (intervals,)
        Centre of the profile in each interval.
    generator : numpy.random.Generator
        Source of randomness; advanced.

    Returns
    -------
    stamp, channel : ndarray of int64, shape (spikes,)
        Ordered by stamp and then by channel. What is drawn for step ``n`` is delivered at stamp ``n + 2``: a step
        later to the channel, and a step later from there.
    """
    interval_steps = steps(parameters.interval_ms, parameters)
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
    stamp, channel = np.concatenate(step_of_spikes) + 2, np.concatenate(channel_of_spikes)
    # One number per spike sorts faster than two keys. What would be delivered at the end or later is left out.
    ordered = np.sort(stamp * parameters.input_count + channel)
    end = steps(parameters.duration_ms, parameters)
    return np.divmod(ordered[ordered < end * parameters.input_count], parameters.input_count)


@dataclass(frozen=True)
class Simulated:
    """What the time loop has produced, synapses in the order of the inputs.

    Attributes
    ----------
    spikes : ndarray of int64, shape (spikes, 2)
        Stamp and neuron; inhibitory neurons follow the excitatory ones.
    events : ndarray of float64, shape (events, 3)
        Stamp, synapse and weight [mV] of each transmission between excitatory neurons.
    exc_exc_weight_mV, input_exc_weight_mV : ndarray of float64, shape (stamps, synapses)
        Weights at the stamps asked for [mV].
    exc_exc_weight_final_mV, input_exc_weight_final_mV : ndarray of float64, shape (synapses,)
        Weights at the end [mV].
    trace : ndarray of float64, shape (7, traced, stamps)
        V [mV], w [pA], z [pA], V_T, u_bar_plus, u_bar_minus, u_bar_bar [mV] at the stamps asked for.
    """

    spikes: IntArray
    events: FloatArray
    exc_exc_weight_mV: FloatArray
    input_exc_weight_mV: FloatArray
    exc_exc_weight_final_mV: FloatArray
    input_exc_weight_final_mV: FloatArray
    trace: FloatArray


def simulate_network(
    parameters: Parameters,
    inputs: Arrays,
    *,
    exc_exc_stamp: IntArray,
    input_exc_stamp: IntArray,
    traced: IntArray,
    trace_stamp: IntArray,
    most_events: int = 0,
) -> Simulated:
    """Run the network.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        Variables of `INPUTS`, from `sample_inputs` or from a recording.
    exc_exc_stamp, input_exc_stamp : ndarray of int64
        Stamps at which weights are kept, ascending.
    traced, trace_stamp : ndarray of int64
        Neurons whose state is kept, and the stamps, ascending.
    most_events : int
        Transmissions between excitatory neurons that are kept at most; 0: none.

    Returns
    -------
    Simulated
        Spikes, weights and traces.

    Raises
    ------
    StateError
        If a neuron or a weight leaves its limits.
    """
    from replasticity.models import adaptive_exponential, clopath
    from replasticity.models import clopath_network as model
    from replasticity.numerics.limits import no_failure

    p = parameters
    neuron = adaptive_exponential.NeuronStep(
        **{
            name: float(getattr(p, name))
            for name in adaptive_exponential.NeuronStep._fields
            if name not in ("tolerance", "clamp_steps", "refractory_steps")
        },
        tolerance=float(p.solver_tolerance),
        clamp_steps=steps(p.t_clamp_ms, p),
        refractory_steps=steps(p.t_ref_ms, p),
    )
    rule = clopath.RuleStep(
        dt_ms=float(p.dt_ms),
        microseconds=round(p.dt_ms * 1000),
        history_steps=steps(p.delay_u_ms, p),
        A_LTP=float(p.A_LTP_per_mV),
        A_LTD=float(p.A_LTD),
        constant_A_LTD=p.constant_A_LTD,
        u_ref2_mV2=float(p.u_ref2_mV2),
        theta_plus_mV=float(p.theta_plus_mV),
        theta_minus_mV=float(p.theta_minus_mV),
        tau_x_ms=float(p.tau_x_ms),
    )
    exc_count, inh_count = len(inputs["exc_V_initial_mV"]), len(inputs["inh_V_initial_mV"])
    input_count = 1 + max(int(inputs[f"{name}_pre"].max(initial=-1)) for name in ("input_exc", "input_inh"))
    input_count = max(input_count, 1 + int(inputs["input_spike_channel"].max(initial=-1)))
    delay_steps, exc_exc_delay_steps = steps(p.delay_ms, p), steps(p.delay_exc_exc_ms, p)
    longest_steps = max(delay_steps, exc_exc_delay_steps)
    order = {name: np.argsort(inputs[f"{name}_pre"], kind="stable") for name in _SYNAPSES}

    def sorted_synapses(name: str) -> tuple[Any, Any, Any]:
        parts = ("pre", "post", "weight_initial_mV")
        pre, post, weight_mV = (inputs[f"{name}_{part}"][order[name]] for part in parts)
        # Neurons are numbered through, the inhibitory after the excitatory ones.
        return pre, post + (exc_count if name.endswith("_inh") else 0), weight_mV

    def plastic(name: str, source_count: int, delay: int, weight_max_mV: float) -> Any:
        bounds = float(p.weight_min_mV), float(weight_max_mV)
        return clopath.new_synapses(*sorted_synapses(name), source_count, delay, *bounds)

    def static(name: str, source_count: int) -> Any:
        return model.new_static_synapses(*sorted_synapses(name), source_count, delay_steps)

    V_initial_mV = np.concatenate([inputs["exc_V_initial_mV"], inputs["inh_V_initial_mV"]])
    network = model.Network(
        blocks=adaptive_exponential.new_blocks(V_initial_mV, float(p.w_initial_pA), neuron),
        history=clopath.new_history(exc_count, float(p.history_start_mV), longest_steps, rule),
        input_exc=plastic("input_exc", input_count, delay_steps, p.weight_max_input_mV),
        exc_exc=plastic("exc_exc", exc_count, exc_exc_delay_steps, p.weight_max_exc_mV),
        input_inh=static("input_inh", input_count),
        exc_inh=static("exc_inh", exc_count),
        inh_exc=static("inh_exc", inh_count),
        arriving_mV=np.zeros((longest_steps, exc_count + inh_count)),
    )
    record = model.empty_record(
        exc_exc_stamp=exc_exc_stamp,
        exc_exc_count=len(inputs["exc_exc_pre"]),
        input_exc_stamp=input_exc_stamp,
        input_exc_count=len(inputs["input_exc_pre"]),
        traced=traced,
        trace_stamp=trace_stamp,
        most_events=most_events,
    )
    by_stamp = np.lexsort((inputs["input_spike_channel"], inputs["input_spike_stamp"]))
    stamp = inputs["input_spike_stamp"][by_stamp].astype(np.int64)
    channel = inputs["input_spike_channel"][by_stamp].astype(np.int64)

    step_count = steps(p.duration_ms, p)
    spikes, events = [np.zeros((0, 2), np.int64)], [np.zeros((0, 3))]
    failure = no_failure()
    for first, end in progress.in_chunks(step_count, max(1, steps(CHUNK_MS, p)), "Clopath network"):
        new_spikes, new_events = model.simulate(
            network, first, end, stamp, channel, exc_count, inh_count, neuron, rule, record, failure
        )
        clopath.raise_outside(failure, adaptive_exponential.LIMITS, p.dt_ms)
        spikes.append(new_spikes)
        events.append(new_events)
    record.exc_exc_weight_mV[record.exc_exc_stamp == step_count] = network.exc_exc.weight
    record.input_exc_weight_mV[record.input_exc_stamp == step_count] = network.input_exc.weight

    all_events = np.concatenate(events)
    all_events[:, 1] = order["exc_exc"][all_events[:, 1].astype(np.int64)]
    back = {name: np.argsort(order[name]) for name in ("exc_exc", "input_exc")}
    return Simulated(
        spikes=np.concatenate(spikes),
        events=all_events,
        exc_exc_weight_mV=record.exc_exc_weight_mV[:, back["exc_exc"]],
        input_exc_weight_mV=record.input_exc_weight_mV[:, back["input_exc"]],
        exc_exc_weight_final_mV=network.exc_exc.weight[back["exc_exc"]],
        input_exc_weight_final_mV=network.input_exc.weight[back["input_exc"]],
        trace=record.trace,
    )


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of the network: weights, spikes, a raster, and the potentials around one spike.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    p = parameters
    step_count = steps(p.duration_ms, p)
    sample_steps = steps(p.sample_interval_ms, p)
    sample_stamp = np.arange(0, step_count + 1, sample_steps)
    course_stamp = np.maximum(np.round(np.array(COURSE_SHARES) * step_count).astype(np.int64), 1)
    kept_stamp = np.union1d(sample_stamp, course_stamp)
    first, end = steps(p.raster_start_ms, p), steps(p.raster_start_ms + p.raster_ms, p)
    trace_stamp = np.arange(first + 1, end + 1)
    simulated = simulate_network(
        p,
        inputs,
        exc_exc_stamp=kept_stamp,
        input_exc_stamp=np.zeros(0, np.int64),
        traced=np.arange(p.exc_count),
        trace_stamp=trace_stamp,
    )
    stamp, cell = simulated.spikes.T
    excitatory = cell < p.exc_count
    values = {
        "time_ms": sample_stamp * p.dt_ms,
        "exc_exc_weight_mV": simulated.exc_exc_weight_mV[np.searchsorted(kept_stamp, sample_stamp)],
        "course_time_ms": course_stamp * p.dt_ms,
        "course_exc_exc_weight_mV": simulated.exc_exc_weight_mV[np.searchsorted(kept_stamp, course_stamp)],
        "exc_exc_weight_final_mV": simulated.exc_exc_weight_final_mV,
        "input_exc_weight_final_mV": simulated.input_exc_weight_final_mV,
        "exc_spike_time_ms": stamp[excitatory] * p.dt_ms,
        "exc_spike_index": cell[excitatory],
        "inh_spike_time_ms": stamp[~excitatory] * p.dt_ms,
        "inh_spike_index": cell[~excitatory] - p.exc_count,
    }
    bin_steps = max(1, steps(RASTER_BIN_MS, p))
    bins = (end - first) // bin_steps

    def raster(name: str, stamp: IntArray, cell: IntArray, cells: int) -> IntArray:
        counts = np.zeros((bins, cells), np.int64)
        inside = (first <= stamp) & (stamp < first + bins * bin_steps)
        np.add.at(counts, ((stamp[inside] - first) // bin_steps, cell[inside]), 1)
        if counts.max(initial=0) > MOST_IN_BIN:
            most, one = np.unravel_index(counts.argmax(), counts.shape)
            raise StateError(
                f"raster: {counts[most, one]} spikes of {name} {one} in the bin at "
                f"{(first + most * bin_steps) * p.dt_ms:g} ms, allowed: {MOST_IN_BIN}"
            )
        return counts

    values["raster_time_ms"] = (first + np.arange(bins) * bin_steps) * p.dt_ms
    values["raster_input_count"] = raster(
        "channel", inputs["input_spike_stamp"], inputs["input_spike_channel"], p.input_count
    )
    values["raster_exc_count"] = raster("neuron", stamp[excitatory], cell[excitatory], p.exc_count)

    before, after = steps(BEFORE_SPIKE_MS, p), steps(AFTER_SPIKE_MS, p)
    around = np.full((simulated.trace.shape[0], before + after + 1), np.nan)
    shown = np.flatnonzero(excitatory & (stamp > first + before) & (stamp + after <= end))
    if len(shown):
        at = stamp[shown[0]] - (first + 1)
        around = simulated.trace[:, cell[shown[0]], at - before : at + after + 1]
    values["spike_offset_ms"] = np.arange(-before, after + 1) * p.dt_ms
    values["spike_V_mV"], *_, values["spike_u_plus_mV"], values["spike_u_minus_mV"], values["spike_u_bar_mV"] = around
    return build(RUN, values)


def weight_matrix(run: Arrays, weight_mV: FloatArray, exc_count: int, no_synapse: float = math.nan) -> FloatArray:
    """Return weights between excitatory neurons as a matrix, rows from, columns to."""
    matrix = np.full((exc_count, exc_count), no_synapse)
    matrix[run["exc_exc_pre"], run["exc_exc_post"]] = weight_mV
    return matrix


def correlation(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the correlation coefficient along the last axis; NaN where one of the two does not vary."""
    x, y = (side - side.mean(axis=-1, keepdims=True) for side in (x, y))
    with np.errstate(invalid="ignore"):
        result: FloatArray = (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    return result


def two_way(grown: npt.NDArray[np.bool_]) -> tuple[int, int, float]:
    """Return how many pairs have both, and exactly one, of two directions, and the first if independent.

    Parameters
    ----------
    grown : ndarray of bool, shape (2, pairs)
        The property in question, for one direction and the other.

    Returns
    -------
    tuple of (int, int, float)
        Pairs with both; pairs with exactly one; expected pairs with both: pairs times the squared share.
    """
    return int(grown.all(axis=0).sum()), int((grown[0] ^ grown[1]).sum()), grown.shape[1] * float(grown.mean()) ** 2


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "pre": parameters.exc_count,
        "post": parameters.exc_count,
        "threshold": len(GROWTH_THRESHOLDS_MV),
        "course_time_ms": len(COURSE_SHARES),
        "centre": len(parameters.centres),
    }


def both_directions(matrix: FloatArray) -> FloatArray:
    """Return the elements of a matrix pair by pair: on axis 0 one direction (row < column) and the other."""
    upper = np.triu_indices(len(matrix), 1)
    return np.stack([matrix[upper], matrix.T[upper]])


def reciprocity(pairs: FloatArray) -> float:
    """Return the correlation of one direction with the other, each pair in both orders."""
    return float(correlation(pairs.ravel(), pairs[::-1].ravel()))


def by_centre(parameters: Parameters, run: Arrays, weight_mV: FloatArray) -> FloatArray:
    """Return the mean weight of the inputs that are active while the profile is at a centre.

    Parameters
    ----------
    parameters : Parameters
        Centres and profile.
    run : mapping of str to ndarray
        With the wiring of the inputs.
    weight_mV : ndarray of float64, shape (input_exc,)
        Weight, or change of it, of each synapse [mV].

    Returns
    -------
    ndarray of float64, shape (centres, excitatory neurons)
        Means, each channel counted by its rate [mV].
    """
    profiles = np.stack([_profile(parameters, centre) for centre in parameters.centres])
    matrix_mV = np.zeros((parameters.input_count, parameters.exc_count))
    matrix_mV[run["input_exc_pre"], run["input_exc_post"]] = weight_mV
    # Not by the matrix product, whose order of adding up depends on the machine.
    means_mV: FloatArray = np.einsum("ci,ie->ce", profiles, matrix_mV) / profiles.sum(axis=1, keepdims=True)
    return means_mV


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`, with the inputs.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where a quantity is not defined.
    """
    p = parameters
    final_mV = run["exc_exc_weight_final_mV"]
    dw_mV = final_mV - run["exc_exc_weight_initial_mV"]
    change_mV = weight_matrix(run, dw_mV, p.exc_count)
    final_matrix_mV = weight_matrix(run, final_mV, p.exc_count)
    pair_change_mV, pair_mV = both_directions(change_mV), both_directions(final_matrix_mV)
    pairs = pair_mV.shape[1]
    final_reciprocity = reciprocity(pair_mV)
    course = [
        reciprocity(both_directions(weight_matrix(run, weight_mV, p.exc_count)))
        for weight_mV in run["course_exc_exc_weight_mV"]
    ]
    # The null distribution is a property of the run: the same shuffles for every seed.
    generator = random.generator(0, "shuffled weights")
    shuffled = generator.permuted(np.tile(pair_mV.ravel(), (SHUFFLES, 1)), axis=1)
    null = np.quantile(correlation(shuffled, np.roll(shuffled, pairs, axis=1)), 0.95)
    strong = two_way(pair_mV > final_mV.mean() + final_mV.std())
    grown = [two_way(pair_change_mV > threshold_mV) for threshold_mV in GROWTH_THRESHOLDS_MV]

    in_mV = run["input_exc_weight_final_mV"]
    in_first_mV = run["input_exc_weight_initial_mV"]
    first_field_mV = by_centre(p, run, in_first_mV)
    # Of equal weights the means differ by rounding alone.
    first_selectivity_mV = first_field_mV.std(axis=0).mean() if np.ptp(in_first_mV) else 0.0
    field_mV = by_centre(p, run, in_mV)
    one, other = np.triu_indices(p.exc_count, 1)
    similarity = correlation(field_mV.T[one], field_mV.T[other])
    duration_s = p.duration_ms / 1000
    return build(
        STATISTICS,
        {
            "exc_exc_weight_final_mV": weight_matrix(run, final_mV, p.exc_count, no_synapse=0.0),
            "dw_mean_mV": dw_mV.mean(),
            "dw_sd_mV": dw_mV.std(),
            "dw_min_mV": dw_mV.min(),
            "dw_max_mV": dw_mV.max(),
            "dw_mean_percent": ratio(100 * dw_mV.mean(), p.weight_exc_exc_mV),
            "dw_max_percent": ratio(100 * dw_mV.max(), p.weight_exc_exc_mV),
            "reciprocity": final_reciprocity,
            "reciprocity_null": null,
            "reciprocity_excess": final_reciprocity - null,
            "reciprocity_course": course,
            "strong_two_way": strong[0],
            "strong_one_way": strong[1],
            "strong_two_way_expected": strong[2],
            "strong_two_way_excess": strong[0] - strong[2],
            "strong_reciprocated": ratio(2 * strong[0], 2 * strong[0] + strong[1]),
            "grown_two_way": [one[0] for one in grown],
            "grown_one_way": [one[1] for one in grown],
            "grown_two_way_expected": [one[2] for one in grown],
            "at_weight_max": np.mean(final_mV >= p.weight_max_exc_mV),
            "at_weight_min": np.mean(final_mV <= p.weight_min_mV),
            "input_weight_initial_mean_mV": in_first_mV.mean(),
            "input_weight_mean_mV": in_mV.mean(),
            "input_weight_sd_mV": in_mV.std(),
            "input_weight_min_mV": in_mV.min(),
            "input_weight_max_mV": in_mV.max(),
            "input_at_weight_max": np.mean(in_mV >= p.weight_max_input_mV),
            "input_at_weight_min": np.mean(in_mV <= p.weight_min_mV),
            "input_weight_by_centre_mV": field_mV,
            "input_change_by_centre_mV": field_mV - first_field_mV,
            "input_selectivity_ratio": ratio(field_mV.std(axis=0).mean(), first_selectivity_mV),
            "similarity_effect": correlation(pair_mV.mean(axis=0), similarity),
            "exc_rate_Hz": len(run["exc_spike_index"]) / p.exc_count / duration_s,
            "inh_rate_Hz": len(run["inh_spike_index"]) / max(p.inh_count, 1) / duration_s,
            "centres_visited": len(np.unique(run["profile_centre"])),
        },
    )


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("clopath_small_network",)

#: Recorded name of a neuron parameter -> ours.
_NEURON_NAMES = {
    "C_m": "c_pF",
    "g_L": "g_L_nS",
    "E_L": "E_L_mV",
    "Delta_T": "Delta_T_mV",
    "V_peak": "V_peak_mV",
    "V_reset": "V_reset_mV",
    "V_clamp": "V_clamp_mV",
    "t_ref": "t_ref_ms",
    "t_clamp": "t_clamp_ms",
    "a": "a_nS",
    "b": "b_pA",
    "w": "w_initial_pA",
    "tau_w": "tau_w_ms",
    "I_sp": "I_sp_pA",
    "tau_z": "tau_z_ms",
    "V_th_rest": "V_T_rest_mV",
    "V_th_max": "V_T_max_mV",
    "tau_V_th": "tau_T_ms",
    "I_e": "I_e_pA",
    "gsl_error_tol": "solver_tolerance",
    "tau_u_bar_plus": "tau_plus_ms",
    "tau_u_bar_minus": "tau_minus_ms",
    "tau_u_bar_bar": "tau_bar_ms",
    "A_LTP": "A_LTP_per_mV",
    "A_LTD": "A_LTD",
    "A_LTD_const": "constant_A_LTD",
    "u_ref_squared": "u_ref2_mV2",
    "theta_plus": "theta_plus_mV",
    "theta_minus": "theta_minus_mV",
    "delay_u_bars": "delay_u_ms",
}

#: Recorded name of a parameter of the network -> ours.
_NETWORK_NAMES = {
    "delay": "delay_ms",
    "delay_exc_exc": "delay_exc_exc_ms",
    "pg_A": "profile_rate_Hz",
    "pg_gain": "profile_gain",
    "pg_sigma": "profile_sd",
    "sim_interval": "interval_ms",
    "Wmax_in_exc": "weight_max_input_mV",
    "Wmax_exc_exc": "weight_max_exc_mV",
    "tau_x": "tau_x_ms",
    "w_in_exc": "weight_input_exc_mV",
    "w_in_inh": "weight_input_inh_mV",
    "w_exc_exc": "weight_exc_exc_mV",
    "w_exc_inh": "weight_exc_inh_mV",
    "w_inh_exc": "weight_inh_exc_mV",
    "indegree_exc_inh": "indegree_exc_inh",
    "outdegree_inh_exc": "outdegree_inh_exc",
    "V_m_init_mean": "V_initial_mean_mV",
    "V_m_init_std": "V_initial_sd_mV",
}

_SIZE_NAMES = {
    "n_exc": "exc_count",
    "n_inh": "inh_count",
    "n_in": "input_count",
    "w_initial_adaptation": "w_initial_pA",
    "Wmin": "weight_min_mV",
}

#: What the simulator assumes where a recording is silent (docs/models/voltage_based_stdp.md#neuron-parameters).
_DEFAULTS: dict[str, Any] = {
    "exc_count": 10,
    "inh_count": 3,
    "input_count": 500,
    "w_initial_pA": 0.0,
    "weight_min_mV": 0.0,
    "history_start_mV": 0.0,
    "c_pF": 281.0,
    "g_L_nS": 30.0,
    "E_L_mV": -70.6,
    "Delta_T_mV": 2.0,
    "I_e_pA": 0.0,
    "V_peak_mV": 33.0,
    "V_reset_mV": -60.0,
    "V_clamp_mV": 33.0,
    "t_ref_ms": 0.0,
    "t_clamp_ms": 2.0,
    "a_nS": 4.0,
    "b_pA": 80.5,
    "tau_w_ms": 144.0,
    "I_sp_pA": 400.0,
    "tau_z_ms": 40.0,
    "V_T_rest_mV": -50.4,
    "V_T_max_mV": 30.4,
    "tau_T_ms": 50.0,
    "solver_tolerance": 1e-6,
    "tau_plus_ms": 7.0,
    "tau_minus_ms": 10.0,
    "tau_bar_ms": 500.0,
    "theta_plus_mV": -45.3,
    "theta_minus_mV": -70.6,
    "A_LTP_per_mV": 8e-5,
    "A_LTD": 14e-5,
    "constant_A_LTD": True,
    "u_ref2_mV2": 60.0,
    "delay_u_ms": 5.0,
}

_WEIGHT, _POTENTIAL = Tolerance(absolute=1e-12), Tolerance(absolute=1e-5)

#: Recorded name of a traced variable -> its row in the trace.
_TRACED = {"V_m": 0, "w": 1, "z": 2, "V_th": 3, "u_bar_plus": 4, "u_bar_minus": 5, "u_bar_bar": 6}

TOLERANCES: dict[str, Tolerance] = {
    "exc_exc_weight_final": _WEIGHT,
    "in_exc_weight_final": _WEIGHT,
    "exc_exc_weight": _WEIGHT,
    "in_exc_weight": _WEIGHT,
    "exc_exc_event_time": Tolerance(absolute=1e-6),
    "exc_exc_event_pre": Tolerance(),
    "exc_exc_event_post": Tolerance(),
    "exc_exc_event_weight": _WEIGHT,
    **{f"{part}_{name}": _POTENTIAL for name in _TRACED for part in ("fine", "coarse")},
}

SPIKES = ("exc_spike", "inh_spike")

#: Recorded synapses -> ours.
_RECORDED_SYNAPSES = {"in_exc": "input_exc", "in_inh": "input_inh"} | {
    name: name for name in ("exc_exc", "exc_inh", "inh_exc")
}

_TIMES = ("exc_exc_time", "in_exc_time", "trace_fine_time", "trace_coarse_time")

RECORDED_INPUTS = (
    *("exc_V_m_initial", "inh_V_m_initial", "pg_mu", "in_spike_time", "in_spike_index", "traced_exc"),
    *(f"{name}_{part}" for name in _RECORDED_SYNAPSES for part in ("pre", "post", "weight_initial")),
    *_TIMES,
)

NEEDED_INPUTS = (
    *("exc_V_m_initial", "in_spike_time", "in_spike_index"),
    *(f"{name}_{part}" for name in ("in_exc", "exc_exc") for part in ("pre", "post", "weight_initial")),
)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = dict(_DEFAULTS)
    for recorded, names in (
        (parameters, _SIZE_NAMES),
        (parameters.get("neuron", {}), _NEURON_NAMES),
        (parameters.get("network", {}), _NETWORK_NAMES),
    ):
        values |= {ours: recorded[theirs] for theirs, ours in names.items() if theirs in recorded}
    values["dt_ms"] = float(recording.attrs.get("resolution_ms", 0.1))
    values["duration_ms"] = float(recording.attrs.get("duration_ms", math.nan))
    # The centres are every fiftieth channel. A replay does not read them.
    values["centres"] = list(range(25, int(values["input_count"]), 50)) or [0]
    return values | {"sample_interval_ms": values["duration_ms"], "raster_start_ms": 0.0, "raster_ms": 0.0}


def recorded_inputs(recording: "xr.Dataset", parameters: Parameters) -> Arrays:
    """Return a recording's inputs as `sample_inputs` would return them; synapses that are not recorded do not exist."""

    def recorded(name: str) -> Any:
        return recording[name].values if name in recording else np.zeros(0)

    values: dict[str, Any] = {
        "exc_V_initial_mV": recorded("exc_V_m_initial"),
        "inh_V_initial_mV": recorded("inh_V_m_initial"),
        "input_spike_stamp": stamps(recorded("in_spike_time"), parameters),
        "input_spike_channel": recorded("in_spike_index"),
    }
    for theirs, ours in _RECORDED_SYNAPSES.items():
        for part, our_part in (("pre", "pre"), ("post", "post"), ("weight_initial", "weight_initial_mV")):
            values[f"{ours}_{our_part}"] = recorded(f"{theirs}_{part}")
    return build(INPUTS, values)


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's wiring, initial state and input spikes.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording with the variables of `NEEDED_INPUTS`.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    from replasticity.models.clopath import MOST_EVENTS

    inputs = recorded_inputs(recording, parameters)
    counts = {
        "input": parameters.input_count,
        "exc": len(inputs["exc_V_initial_mV"]),
        "inh": len(inputs["inh_V_initial_mV"]),
    }
    for recorded, ours in _RECORDED_SYNAPSES.items():
        source, target = (counts[population] for population in ours.split("_"))
        ends = {f"{recorded}_pre": source, f"{recorded}_post": target}
        require_indices(recording, {name: count for name, count in ends.items() if name in recording})
    cells = {"in_spike_index": counts["input"], "traced_exc": counts["exc"]}
    require_indices(recording, {name: count for name, count in cells.items() if name in recording})
    at = {
        name: stamps(recording[name].values, parameters) if name in recording else np.zeros(0, np.int64)
        for name in _TIMES
    }
    trace_stamp = np.union1d(at["trace_fine_time"], at["trace_coarse_time"])
    traced = recording["traced_exc"].values if "traced_exc" in recording else np.zeros(0, np.int64)
    simulated = simulate_network(
        parameters,
        inputs,
        exc_exc_stamp=at["exc_exc_time"],
        input_exc_stamp=at["in_exc_time"],
        traced=traced,
        trace_stamp=trace_stamp,
        most_events=MOST_EVENTS,
    )
    variables: dict[str, tuple[Any, Any]] = {
        "exc_exc_weight_final": ("exc_exc", simulated.exc_exc_weight_final_mV),
        "in_exc_weight_final": ("in_exc", simulated.input_exc_weight_final_mV),
        "exc_exc_weight": (("exc_exc_time", "exc_exc"), simulated.exc_exc_weight_mV),
        "in_exc_weight": (("in_exc_time", "in_exc"), simulated.input_exc_weight_mV),
    }
    stamp, cell = simulated.spikes.T
    exc_count = counts["exc"]
    for name, chosen, first in (("exc", cell < exc_count, 0), ("inh", cell >= exc_count, exc_count)):
        variables[f"{name}_spike_time"] = (f"{name}_spike", stamp[chosen] * parameters.dt_ms)
        variables[f"{name}_spike_index"] = (f"{name}_spike", cell[chosen] - first)

    event_stamp, synapse = simulated.events[:, :2].T.astype(np.int64)
    pre, post = inputs["exc_exc_pre"][synapse], inputs["exc_exc_post"][synapse]
    variables["exc_exc_event_time"] = ("exc_exc_event", event_stamp * parameters.dt_ms)
    variables["exc_exc_event_pre"] = ("exc_exc_event", pre)
    variables["exc_exc_event_post"] = ("exc_exc_event", post)
    variables["exc_exc_event_weight"] = ("exc_exc_event", simulated.events[:, 2])

    for part in ("fine", "coarse"):
        samples = np.searchsorted(trace_stamp, at[f"trace_{part}_time"])
        for name, row in _TRACED.items():
            if f"{part}_{name}" in recording:
                variables[f"{part}_{name}"] = (("traced", f"trace_{part}"), simulated.trace[row][:, samples])
    return variables
