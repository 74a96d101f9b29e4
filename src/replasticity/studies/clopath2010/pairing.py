"""Spike pairing: the weight of one plastic synapse against the pairing frequency (Clopath et al. 2010).

A presynaptic spike and a forced postsynaptic one follow each other by 10 ms, in either order and at several
frequencies, in an adaptive exponential and in a Hodgkin-Huxley neuron. Nothing is random: all seeds are the same.
Source: docs/models/voltage_based_stdp.md#pairing.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, Positive
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.errors import UserError
from replasticity.storage.contract import Arrays, Recorded, Variable, build, require_indices
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
Times = Annotated[list[NonNegative], Field(min_length=1)]

#: The neuron models, in the order of the dimension ``neuron``.
NEURONS = ("adex", "hh")

#: A run ends this long after the last spike of a generator [ms].
AFTER_LAST_MS = 10.0

#: The runs of a recording have at most so many steps together.
MOST_RECORDED_STEPS = 10_000_000

#: Low-passed potentials of the Hodgkin-Huxley neuron start here; so do the delay lines of both models [mV].
START_MV = 0.0


class Parameters(BaseParameters):
    """Parameters of the protocol: the pairings, the synapse, and the two neurons with their plasticity."""

    dt_ms: Positive = Field(description="Grid step.")
    rates_Hz: Annotated[list[Positive], Field(min_length=1)] = Field(description="Frequency of each pairing.")
    intervals_ms: list[float] = Field(
        description="Presynaptic to postsynaptic spike of each pairing; negative: post first."
    )
    pre_times_ms: list[Times] = Field(description="Presynaptic spikes of each pairing, before the relay's step.")
    post_times_ms: list[Times] = Field(description="Times at which the postsynaptic neuron is forced, of each pairing.")
    shift_ms: NonNegative = Field(description="Added to all these times.")
    weight_initial: Positive = Field(description="Weight at the start, as a voltage jump in mV or a current in pA.")
    weight_min: float = Field(description="Lower bound of the weight.")
    weight_max: float = Field(description="Upper bound of the weight.")
    tau_x_ms: Positive = Field(description="Time constant of the presynaptic trace.")
    delay_ms: Positive = Field(description="Delay of the plastic synapse.")
    extrapolation: Positive = Field(description="Number of blocks of pairs that the shown weight change stands for.")
    potentials_ms: Positive = Field(description="Initial part of the example pairings in which potentials are kept.")
    measured_rates_Hz: list[Positive] = Field(description="Measured pairings, to compare with: frequency of each.")
    measured_intervals_ms: list[float] = Field(
        description="Measured pairings: presynaptic to postsynaptic spike; negative: post first."
    )
    measured_change_percent: list[float] = Field(description="Measured pairings: mean weight change.")
    measured_sem_percent: list[Positive] = Field(description="Measured pairings: standard error of that mean.")

    adex_V_initial_mV: float = Field(description="Adaptive exponential: potential at the start.")
    adex_c_pF: Positive = Field(description="Adaptive exponential: membrane capacitance.")
    adex_g_L_nS: Positive = Field(description="Adaptive exponential: leak conductance.")
    adex_E_L_mV: float = Field(description="Adaptive exponential: leak reversal potential.")
    adex_Delta_T_mV: NonNegative = Field(description="Adaptive exponential: slope factor of the upstroke.")
    adex_V_peak_mV: float = Field(description="Adaptive exponential: potential at which a spike is detected.")
    adex_V_reset_mV: float = Field(description="Adaptive exponential: potential after the clamp.")
    adex_V_clamp_mV: float = Field(description="Adaptive exponential: potential during a spike.")
    adex_t_ref_ms: NonNegative = Field(description="Adaptive exponential: refractory time after the clamp.")
    adex_t_clamp_ms: NonNegative = Field(
        description="Adaptive exponential: how long the potential is clamped after a spike."
    )
    adex_a_nS: float = Field(description="Adaptive exponential: subthreshold adaptation.")
    adex_b_pA: float = Field(description="Adaptive exponential: spike-triggered adaptation.")
    adex_tau_w_ms: Positive = Field(description="Adaptive exponential: time constant of the adaptation current.")
    adex_I_sp_pA: float = Field(description="Adaptive exponential: afterpotential current right after a spike.")
    adex_tau_z_ms: Positive = Field(description="Adaptive exponential: time constant of the afterpotential current.")
    adex_V_T_rest_mV: float = Field(description="Adaptive exponential: resting value of the moving threshold.")
    adex_V_T_max_mV: float = Field(description="Adaptive exponential: moving threshold right after a spike.")
    adex_tau_T_ms: Positive = Field(description="Adaptive exponential: time constant of the moving threshold.")
    adex_I_e_pA: float = Field(description="Adaptive exponential: constant current.")
    adex_tolerance: Positive = Field(description="Adaptive exponential: relative and absolute tolerance of the solver.")
    adex_tau_plus_ms: Positive = Field(description="Adaptive exponential: time constant of u_bar_plus.")
    adex_tau_minus_ms: Positive = Field(description="Adaptive exponential: time constant of u_bar_minus.")
    adex_tau_bar_ms: Positive = Field(description="Adaptive exponential: time constant of u_bar_bar.")
    adex_A_LTP_per_mV2: float = Field(description="Adaptive exponential: amplitude of potentiation.")
    adex_A_LTD_per_mV: float = Field(description="Adaptive exponential: amplitude of depression.")
    adex_constant_A_LTD: bool = Field(
        description="Adaptive exponential: whether the amplitude of depression ignores u_bar_bar."
    )
    adex_u_ref2_mV2: Positive = Field(
        description="Adaptive exponential: reference of the voltage-dependent amplitude of depression."
    )
    adex_theta_plus_mV: float = Field(description="Adaptive exponential: threshold of the potential for potentiation.")
    adex_theta_minus_mV: float = Field(description="Adaptive exponential: threshold of the low-passed potentials.")
    adex_delay_u_ms: NonNegative = Field(
        description="Adaptive exponential: delay of u_bar_plus and u_bar_minus before plasticity reads them."
    )
    adex_forcing_weight_mV: float = Field(
        description="Adaptive exponential: weight of the generator that forces spikes."
    )

    hh_V_initial_mV: float = Field(description="Hodgkin-Huxley: potential at the start.")
    hh_c_pF: Positive = Field(description="Hodgkin-Huxley: membrane capacitance.")
    hh_g_Na_nS: NonNegative = Field(description="Hodgkin-Huxley: peak sodium conductance.")
    hh_g_K_nS: NonNegative = Field(description="Hodgkin-Huxley: peak potassium conductance.")
    hh_g_L_nS: NonNegative = Field(description="Hodgkin-Huxley: leak conductance.")
    hh_E_Na_mV: float = Field(description="Hodgkin-Huxley: sodium reversal potential.")
    hh_E_K_mV: float = Field(description="Hodgkin-Huxley: potassium reversal potential.")
    hh_E_L_mV: float = Field(description="Hodgkin-Huxley: leak reversal potential.")
    hh_I_e_pA: float = Field(description="Hodgkin-Huxley: constant current.")
    hh_tau_ex_ms: Positive = Field(description="Hodgkin-Huxley: time constant of excitatory currents.")
    hh_tau_in_ms: Positive = Field(description="Hodgkin-Huxley: time constant of inhibitory currents.")
    hh_t_ref_ms: NonNegative = Field(description="Hodgkin-Huxley: time after a spike in which no other is detected.")
    hh_tolerance: Positive = Field(description="Hodgkin-Huxley: absolute tolerance of the solver.")
    hh_tau_plus_ms: Positive = Field(description="Hodgkin-Huxley: time constant of u_bar_plus.")
    hh_tau_minus_ms: Positive = Field(description="Hodgkin-Huxley: time constant of u_bar_minus.")
    hh_tau_bar_ms: Positive = Field(description="Hodgkin-Huxley: time constant of u_bar_bar.")
    hh_A_LTP_per_mV2: float = Field(description="Hodgkin-Huxley: amplitude of potentiation.")
    hh_A_LTD_per_mV: float = Field(description="Hodgkin-Huxley: amplitude of depression.")
    hh_constant_A_LTD: bool = Field(
        description="Hodgkin-Huxley: whether the amplitude of depression ignores u_bar_bar."
    )
    hh_u_ref2_mV2: Positive = Field(
        description="Hodgkin-Huxley: reference of the voltage-dependent amplitude of depression."
    )
    hh_theta_plus_mV: float = Field(description="Hodgkin-Huxley: threshold of the potential for potentiation.")
    hh_theta_minus_mV: float = Field(description="Hodgkin-Huxley: threshold of the low-passed potentials.")
    hh_delay_u_ms: NonNegative = Field(
        description="Hodgkin-Huxley: delay of u_bar_plus and u_bar_minus before plasticity reads them."
    )
    hh_forcing_weight_pA: float = Field(description="Hodgkin-Huxley: weight of the generator that forces spikes.")

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        for name in ("intervals_ms", "pre_times_ms", "post_times_ms"):
            if len(getattr(self, name)) != len(self.rates_Hz):
                raise ValueError(f"{name}: one entry for each of the {len(self.rates_Hz)} rates_Hz")
        for name in ("measured_intervals_ms", "measured_change_percent", "measured_sem_percent"):
            if len(getattr(self, name)) != len(self.measured_rates_Hz):
                raise ValueError(f"{name}: one entry for each of the {len(self.measured_rates_Hz)} measured_rates_Hz")
        require_whole_microseconds(self)
        if self.dt_ms > AFTER_LAST_MS / 2:
            # The last presynaptic spike still has to reach the synapse: the relay takes a step.
            raise ValueError(f"dt_ms: has to be at most {AFTER_LAST_MS / 2:g} ms")
        self.require_whole_steps("delay_ms", "potentials_ms", least=1)
        self.require_whole_steps("adex_delay_u_ms", "adex_t_ref_ms", "adex_t_clamp_ms", "hh_delay_u_ms", "hh_t_ref_ms")
        # NEST, models/spike_generator.cpp: times are on the grid, and sorted.
        self.require_whole_steps("pre_times_ms", "post_times_ms", "shift_ms")
        for name in ("pre_times_ms", "post_times_ms"):
            if any(later < earlier for times_ms in getattr(self, name) for earlier, later in pairwise(times_ms)):
                raise ValueError(f"{name}: the times of each pairing have to be in ascending order")
        require_adaptive_exponential(self, "adex_")
        require_bounds(self, "weight_initial", self.weight_initial, "weight_min", "weight_max")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the estimate of `replasticity.definitions.parameters.Parameters.cost`."""
        steps = [
            (max(*pre_ms, *post_ms) + self.shift_ms + AFTER_LAST_MS) / self.dt_ms
            for pre_ms, post_ms in zip(self.pre_times_ms, self.post_times_ms, strict=True)
        ]
        # At most a spike per clamp or per step, and one per maximum of the potential; kept as lists at first.
        spikes = sum(steps) * (1 / max(self.adex_t_clamp_ms / self.dt_ms, 1.0) + 0.5)
        numbers = (
            60 * max(steps)
            + 16 * spikes
            + 40 * sum(map(len, self.pre_times_ms + self.post_times_ms))
            + 8 * (max(self.adex_delay_u_ms, self.hh_delay_u_ms) + self.delay_ms) / self.dt_ms
            + 3 * ENTRIES
        )
        return Cost(8 * numbers, len(NEURONS) * sum(steps) * STEP_SECONDS)


INPUTS: dict[str, Variable] = {
    "pre_time_ms": Variable(("pre",), "times of the presynaptic generator, before the relay's step"),
    "pre_pairing": Variable(("pre",), "pairing of each of them", "int32"),
    "post_time_ms": Variable(("post",), "times at which the postsynaptic neuron is forced"),
    "post_pairing": Variable(("post",), "pairing of each of them", "int32"),
}

_EXAMPLE = "in the fastest pairing of each order, as long as it is kept"
_NO_EXAMPLE = "after the end of that pairing, and where no pairing has this order"
RUN: dict[str, Variable] = INPUTS | {
    "transmitted_weight": Variable(("neuron", "pre"), "weight transmitted with each presynaptic spike"),
    "post_spike_time_ms": Variable(("post_spike",), "spikes of the neurons"),
    "post_spike_neuron": Variable(("post_spike",), "neuron model of each of them, 0 adaptive exponential", "int32"),
    "post_spike_pairing": Variable(("post_spike",), "pairing of each of them", "int32"),
    "example_pairing": Variable(
        ("order",), "fastest pairing with the postsynaptic, the presynaptic spike first", "int32"
    ),
    "time_ms": Variable(("time_ms",), "time of the potentials"),
    "example_V_mV": Variable(("neuron", "order", "time_ms"), f"membrane potential {_EXAMPLE}", undefined=_NO_EXAMPLE),
    "example_u_plus_mV": Variable(("neuron", "order", "time_ms"), f"u_bar_plus {_EXAMPLE}", undefined=_NO_EXAMPLE),
    "example_u_minus_mV": Variable(("neuron", "order", "time_ms"), f"u_bar_minus {_EXAMPLE}", undefined=_NO_EXAMPLE),
    "example_u_bar_mV": Variable(("neuron", "order", "time_ms"), f"u_bar_bar {_EXAMPLE}", undefined=_NO_EXAMPLE),
}

_NORMALISED = "weight after all pairs, of the initial one, extrapolated"
_NOT_SENT = "the last presynaptic spike arrives after the end"
STATISTICS: dict[str, Variable] = {
    "weight_last": Variable(
        ("neuron", "pairing"),
        "weight transmitted with the last presynaptic spike",
        resolution=1e-9,
        undefined=_NOT_SENT,
    ),
    "weight_percent": Variable(("neuron", "pairing"), _NORMALISED, resolution=1e-6, undefined=_NOT_SENT),
    "simulated_change_percent": Variable(
        ("neuron", "pairing"),
        "change of the weight in the simulated pairs alone, not extrapolated",
        resolution=1e-6,
        undefined=_NOT_SENT,
    ),
    "smallest_increase_percent": Variable(
        ("neuron", "order"),
        "smallest difference between one frequency and the next lower one",
        resolution=1e-6,
        undefined=f"there are no two frequencies to compare, or {_NOT_SENT}",
    ),
    "smallest_order_effect_percent": Variable(
        ("neuron",),
        "smallest difference, presynaptic first minus postsynaptic first, at equal frequency",
        resolution=1e-6,
        undefined=f"no frequency has both orders, or {_NOT_SENT}",
    ),
    "chi_square": Variable(
        ("neuron",),
        "sum over the pairings that were measured, too, of (simulated minus measured change)^2 / standard error^2",
        resolution=1e-6,
        undefined=f"none of the pairings was measured, or {_NOT_SENT}",
    ),
    "chi_square_terms": Variable((), "number of terms of that sum"),
}

OUTPUT_OPTIONS = ("potentials_ms",)

SHORTEST = {
    "rates_Hz": [50.0, 50.0],
    "intervals_ms": [-10.0, 10.0],
    "pre_times_ms": [[20.0, 40.0], [20.0, 40.0]],
    "post_times_ms": [[10.0, 30.0], [30.0, 50.0]],
}

TRACES = ("time_ms", "example_V_mV", "example_u_plus_mV", "example_u_minus_mV", "example_u_bar_mV")

PEER_NAMES: dict[str, str] = {}


def steps(time_ms: float, parameters: Parameters) -> int:
    """Return a duration in grid steps."""
    return round(time_ms / parameters.dt_ms)


def prescribed_inputs(parameters: Parameters) -> Arrays:
    """Return the times of the generators."""
    values: dict[str, Any] = {}
    for name, times_ms in (("pre", parameters.pre_times_ms), ("post", parameters.post_times_ms)):
        values[f"{name}_time_ms"] = np.concatenate(times_ms) + parameters.shift_ms
        values[f"{name}_pairing"] = np.repeat(np.arange(len(times_ms)), [len(one) for one in times_ms])
    return build(INPUTS, values)


def simulate_model(
    parameters: Parameters, model: str, pre_ms: FloatArray, post_ms: FloatArray, step_count: int
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Run one pairing in one neuron model.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    model : {"adex", "hh"}
        Neuron model.
    pre_ms, post_ms : ndarray of float64
        Times of the two generators, ascending [ms].
    step_count : int
        Steps of the run.

    Returns
    -------
    transmitted : ndarray of float64, shape (presynaptic spikes,)
        Weight transmitted with each; NaN for one that the run is too short for.
    spikes : ndarray of int64, shape (spikes,)
        Stamps of the neuron's spikes.
    trace : ndarray of float64, shape (4, steps)
        V, u_bar_plus, u_bar_minus and u_bar_bar after each step [mV].

    Raises
    ------
    StateError
        If the neuron or the weight leaves its limits.
    """
    from replasticity.models import adaptive_exponential, clopath, clopath_pairing, hodgkin_huxley
    from replasticity.numerics.limits import no_failure

    p = parameters

    def of_model(name: str) -> Any:
        value = getattr(p, f"{model}_{name}")
        return value if isinstance(value, bool) else float(value)

    def of_neuron(fields: Sequence[str]) -> dict[str, Any]:
        given = {"dt_ms": float(p.dt_ms), "refractory_steps": steps(of_model("t_ref_ms"), p)}
        if model == "adex":
            given["clamp_steps"] = steps(p.adex_t_clamp_ms, p)
        return given | {name: of_model(name) for name in fields if name not in given}

    rule = clopath.RuleStep(
        dt_ms=float(p.dt_ms),
        microseconds=round(p.dt_ms * 1000),
        history_steps=steps(of_model("delay_u_ms"), p),
        A_LTP=of_model("A_LTP_per_mV2"),
        A_LTD=of_model("A_LTD_per_mV"),
        constant_A_LTD=of_model("constant_A_LTD"),
        u_ref2_mV2=of_model("u_ref2_mV2"),
        theta_plus_mV=of_model("theta_plus_mV"),
        theta_minus_mV=of_model("theta_minus_mV"),
        tau_x_ms=float(p.tau_x_ms),
    )
    delay_steps = steps(p.delay_ms, p)
    history = clopath.new_history(1, START_MV, delay_steps, rule)
    zero = np.zeros(1, np.int64)
    synapses = clopath.new_synapses(
        zero, zero, np.array([float(p.weight_initial)]), 1, delay_steps, float(p.weight_min), float(p.weight_max)
    )
    # The relay adds a step.
    pre_stamp = np.rint(pre_ms / p.dt_ms).astype(np.int64) + 1
    post_stamp = np.rint(post_ms / p.dt_ms).astype(np.int64)
    transmitted, trace = np.full(len(pre_stamp), np.nan), np.zeros((4, step_count))
    failure = no_failure()
    if model == "adex":
        adex = adaptive_exponential.NeuronStep(**of_neuron(adaptive_exponential.NeuronStep._fields))
        block = adaptive_exponential.new_blocks([p.adex_V_initial_mV], 0.0, adex)[0]
        spikes = clopath_pairing.simulate_adaptive_exponential(
            *(block, synapses, history, pre_stamp, post_stamp, float(p.adex_forcing_weight_mV)),
            *(transmitted, trace, adex, rule, failure),
        )
        clopath.raise_outside(failure, adaptive_exponential.LIMITS, p.dt_ms)
    else:
        hh = hodgkin_huxley.NeuronStep(**of_neuron(hodgkin_huxley.NeuronStep._fields))
        neuron = hodgkin_huxley.new_neuron(p.hh_V_initial_mV, hh)
        spikes = clopath_pairing.simulate_hodgkin_huxley(
            *(neuron, synapses, history, pre_stamp, post_stamp, float(p.hh_forcing_weight_pA)),
            *(transmitted, trace, hh, rule, failure),
        )
        clopath.raise_outside(failure, hodgkin_huxley.LIMITS, p.dt_ms)
    return transmitted, np.array(spikes, np.int64), trace


def normalised_percent(parameters: Parameters, weight: Any) -> Any:
    """Return a weight as the published script plots it: its change extrapolated to all blocks of pairs [percent]."""
    initial = parameters.weight_initial
    return 100 * parameters.extrapolation * (weight - initial) / initial + 100


def example_pairings(rates_Hz: Sequence[float], intervals_ms: Sequence[float]) -> list[int]:
    """Return the fastest pairing with the postsynaptic and the one with the presynaptic spike first, -1 if none."""
    fastest = []
    for post_first in (True, False):
        of_order = [k for k, interval_ms in enumerate(intervals_ms) if (interval_ms < 0) == post_first]
        fastest.append(max(of_order, key=lambda k: rates_Hz[k], default=-1))
    return fastest


def measured_too(parameters: Parameters) -> tuple[IntArray, IntArray]:
    """Return the simulated pairings that were measured, and the measured ones that they are, in equal order."""
    p = parameters
    pairs = [
        (simulated, measured)
        for simulated, mine in enumerate(zip(p.rates_Hz, p.intervals_ms, strict=True))
        for measured, theirs in enumerate(zip(p.measured_rates_Hz, p.measured_intervals_ms, strict=True))
        if mine == theirs
    ]
    simulated, measured = np.array(pairs, np.int64).reshape(-1, 2).T
    return simulated, measured


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: transmitted weights and spikes of every pairing in both models, and example potentials.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `prescribed_inputs`.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    pre_ms, pre_pairing = inputs["pre_time_ms"], inputs["pre_pairing"]
    post_ms, post_pairing = inputs["post_time_ms"], inputs["post_pairing"]
    weight = np.full((len(NEURONS), len(pre_ms)), np.nan)
    spikes: dict[str, list[Any]] = {"time_ms": [], "neuron": [], "pairing": []}
    examples = example_pairings(parameters.rates_Hz, parameters.intervals_ms)
    traces: dict[tuple[int, int], FloatArray] = {}
    for row, model in enumerate(NEURONS):
        for pairing in range(len(parameters.rates_Hz)):
            pre, post = pre_ms[pre_pairing == pairing], post_ms[post_pairing == pairing]
            step_count = steps(max(pre.max(), post.max()) + AFTER_LAST_MS, parameters)
            transmitted, stamp, trace = simulate_model(parameters, model, pre, post, step_count)
            weight[row, pre_pairing == pairing] = transmitted
            spikes["time_ms"] += list(stamp * parameters.dt_ms)
            spikes["neuron"] += [row] * len(stamp)
            spikes["pairing"] += [pairing] * len(stamp)
            if pairing in examples:
                traces[row, examples.index(pairing)] = trace[:, : steps(parameters.potentials_ms, parameters)]
    length = max(trace.shape[1] for trace in traces.values())
    shown = np.full((4, len(NEURONS), len(examples), length), np.nan)
    for (row, order), trace in traces.items():
        shown[:, row, order, : trace.shape[1]] = trace
    return build(
        RUN,
        {
            "transmitted_weight": weight,
            **{f"post_spike_{name}": values for name, values in spikes.items()},
            "example_pairing": examples,
            "time_ms": np.arange(1, length + 1) * parameters.dt_ms,
            "example_V_mV": shown[0],
            "example_u_plus_mV": shown[1],
            "example_u_minus_mV": shown[2],
            "example_u_bar_mV": shown[3],
        },
    )


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"neuron": len(NEURONS), "pairing": len(parameters.rates_Hz), "order": 2}


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of the run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`, with the inputs.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where there is nothing to compare.
    """
    p = parameters
    pairing = run["pre_pairing"]
    last = [np.flatnonzero(pairing == k)[-1] for k in range(len(p.rates_Hz))]
    weight_last = run["transmitted_weight"][:, last]
    weight_percent = normalised_percent(p, weight_last)
    rates_Hz, intervals_ms = np.array(p.rates_Hz), np.array(p.intervals_ms)
    increase = np.full((len(NEURONS), 2), np.nan)
    for order, chosen in enumerate((intervals_ms < 0, intervals_ms >= 0)):
        by_rate = np.flatnonzero(chosen)[np.argsort(rates_Hz[chosen])]
        if len(by_rate) > 1:
            increase[:, order] = np.diff(weight_percent[:, by_rate], axis=1).min(axis=1)
    effects = [
        weight_percent[:, pre_first] - weight_percent[:, post_first]
        for post_first in np.flatnonzero(intervals_ms < 0)
        for pre_first in np.flatnonzero(intervals_ms >= 0)
        if rates_Hz[pre_first] == rates_Hz[post_first]
    ]
    simulated, measured = measured_too(p)
    deviation = weight_percent[:, simulated] - 100 - np.array(p.measured_change_percent)[measured]
    chi_square = np.sum((deviation / np.array(p.measured_sem_percent)[measured]) ** 2, axis=1)
    return build(
        STATISTICS,
        {
            "weight_last": weight_last,
            "weight_percent": weight_percent,
            "simulated_change_percent": 100 * (weight_last / p.weight_initial - 1),
            "smallest_increase_percent": increase,
            "smallest_order_effect_percent": np.min(effects, axis=0) if effects else np.full(len(NEURONS), np.nan),
            "chi_square": chi_square if len(simulated) else np.full(len(NEURONS), np.nan),
            "chi_square_terms": len(simulated),
        },
    )


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("clopath_spike_pairing",)

_RECORDED_MODELS = {"adex": "aeif_psc_delta_clopath", "hh": "hh_psc_alpha_clopath"}

_SHARED_NAMES = {
    "V_m_initial": "V_initial_mV",
    "C_m": "c_pF",
    "g_L": "g_L_nS",
    "E_L": "E_L_mV",
    "t_ref": "t_ref_ms",
    "I_e": "I_e_pA",
    "tau_u_bar_plus": "tau_plus_ms",
    "tau_u_bar_minus": "tau_minus_ms",
    "tau_u_bar_bar": "tau_bar_ms",
    "A_LTP": "A_LTP_per_mV2",
    "A_LTD": "A_LTD_per_mV",
    "A_LTD_const": "constant_A_LTD",
    "u_ref_squared": "u_ref2_mV2",
    "theta_plus": "theta_plus_mV",
    "theta_minus": "theta_minus_mV",
    "delay_u_bars": "delay_u_ms",
}

#: Model -> recorded name of its parameters -> ours.
_MODEL_NAMES = {
    "adex": _SHARED_NAMES
    | {
        "Delta_T": "Delta_T_mV",
        "V_peak": "V_peak_mV",
        "V_reset": "V_reset_mV",
        "V_clamp": "V_clamp_mV",
        "t_clamp": "t_clamp_ms",
        "a": "a_nS",
        "b": "b_pA",
        "tau_w": "tau_w_ms",
        "I_sp": "I_sp_pA",
        "tau_z": "tau_z_ms",
        "V_th_rest": "V_T_rest_mV",
        "V_th_max": "V_T_max_mV",
        "tau_V_th": "tau_T_ms",
        "gsl_error_tol": "tolerance",
        "post_input_weight": "forcing_weight_mV",
    },
    "hh": _SHARED_NAMES
    | {
        "g_Na": "g_Na_nS",
        "g_K": "g_K_nS",
        "E_Na": "E_Na_mV",
        "E_K": "E_K_mV",
        "tau_syn_ex": "tau_ex_ms",
        "tau_syn_in": "tau_in_ms",
        "post_input_weight": "forcing_weight_pA",
    },
}

_SYNAPSE_NAMES = {
    "weight": "weight_initial",
    "Wmin": "weight_min",
    "Wmax": "weight_max",
    "tau_x": "tau_x_ms",
    "delay": "delay_ms",
}

#: The Hodgkin-Huxley model of the simulator has no parameter for its tolerance; the published script has 15 blocks.
_FIXED = {"hh_tolerance": 1e-3, "extrapolation": 15.0}

_WEIGHT, _POTENTIAL, _TIME = Tolerance(absolute=1e-12), Tolerance(absolute=1e-5), Tolerance(absolute=1e-6)

#: Recorded model and order of an example -> recorded model, and whether the postsynaptic spike is first.
_EXAMPLES = {
    f"{name}_{order}": (model, order == "post_pre")
    for model, name in enumerate(("aeif", "hh"))
    for order in ("post_pre", "pre_post")
}

_TRACED = ("V_m", "u_bar_plus", "u_bar_minus", "u_bar_bar")

TOLERANCES: dict[str, Tolerance] = {
    "run_weight_last": _WEIGHT,
    "run_weight_normalized": Tolerance(relative=1e-7),
    "event_time": _TIME,
    "event_run": Tolerance(),
    "event_weight": _WEIGHT,
    "post_spike_time": _TIME,
    "post_spike_run": Tolerance(),
    **{f"{example}_{name}": _POTENTIAL for example in _EXAMPLES for name in _TRACED},
}

SPIKES: tuple[str, ...] = ()

RECORDED_INPUTS = (
    *("run_model", "run_protocol", "run_rate", "run_interval", "run_duration"),
    *("pre_gen_time", "pre_gen_run", "post_gen_time", "post_gen_run"),
    *(f"{example}_trace_time" for example in _EXAMPLES),
)

NEEDED_INPUTS = (*("run_model", "run_duration", "pre_gen_time", "pre_gen_run", "post_gen_time", "post_gen_run"),)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values: dict[str, Any] = dict(_FIXED)
    for model, theirs in _RECORDED_MODELS.items():
        recorded = parameters.get("models", {}).get(theirs, {})
        values |= {f"{model}_{ours}": recorded[name] for name, ours in _MODEL_NAMES[model].items() if name in recorded}
    synapse = parameters.get("synapse", {})
    values |= {ours: synapse[theirs] for theirs, ours in _SYNAPSE_NAMES.items() if theirs in synapse}
    values["dt_ms"] = float(recording.attrs.get("resolution_ms", 0.1))
    # A recording has its runs as data, each with its own model and times.
    return values | {
        "rates_Hz": [1.0],
        "intervals_ms": [0.0],
        "pre_times_ms": [[0.0]],
        "post_times_ms": [[0.0]],
        "shift_ms": 0.0,
        "potentials_ms": 1.0,
        "measured_rates_Hz": [],
        "measured_intervals_ms": [],
        "measured_change_percent": [],
        "measured_sem_percent": [],
    }


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's generators.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording with the variables of `NEEDED_INPUTS`.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our runs give them, under the recording's names and in its units.
    """

    def times_ms(name: str, one: int) -> FloatArray:
        times: FloatArray = np.sort(recording[f"{name}_gen_time"].values[recording[f"{name}_gen_run"].values == one])
        return times

    require_indices(recording, {"run_model": len(NEURONS)})
    recorded_steps = recording["run_duration"].values / parameters.dt_ms
    if not recorded_steps.sum() <= MOST_RECORDED_STEPS:
        raise UserError(f"run_duration: at most {MOST_RECORDED_STEPS:g} steps of {parameters.dt_ms:g} ms together")
    event: dict[str, list[Any]] = {"time": [], "run": [], "weight": []}
    spike: dict[str, list[Any]] = {"time": [], "run": []}
    last = np.full(recording.sizes["run"], np.nan)
    traces = []
    for one, (model, duration_ms) in enumerate(
        zip(recording["run_model"].values, recording["run_duration"].values, strict=True)
    ):
        pre_ms = times_ms("pre", one)
        transmitted, stamp, trace = simulate_model(
            parameters, NEURONS[model], pre_ms, times_ms("post", one), steps(duration_ms, parameters)
        )
        delivered = np.isfinite(transmitted)
        event["time"] += list(pre_ms[delivered] + parameters.dt_ms)
        event["run"] += [one] * int(delivered.sum())
        event["weight"] += list(transmitted[delivered])
        spike["time"] += list(stamp * parameters.dt_ms)
        spike["run"] += [one] * len(stamp)
        last[one] = transmitted[delivered][-1] if delivered.any() else np.nan
        traces.append(trace)
    variables: dict[str, tuple[str, Any]] = {
        "run_weight_last": ("run", last),
        "run_weight_normalized": ("run", normalised_percent(parameters, last)),
        **{f"event_{name}": ("event", np.array(values)) for name, values in event.items()},
        **{f"post_spike_{name}": ("post_spike", np.array(values)) for name, values in spike.items()},
    }
    for example, (model, post_first) in _EXAMPLES.items():
        if f"{example}_trace_time" in recording:
            at = np.rint(recording[f"{example}_trace_time"].values / parameters.dt_ms).astype(np.int64) - 1
            trace = traces[_example_run(recording, model, post_first)]
            if at.size and not 0 <= at.min() <= at.max() < trace.shape[1]:
                raise UserError(f"{example}_trace_time: times outside the run, which has {trace.shape[1]} steps")
            for row, name in enumerate(_TRACED):
                variables[f"{example}_{name}"] = (f"{example}_trace", trace[row, at])
    return variables


def _example_run(recording: "xr.Dataset", model: int, post_first: bool) -> int:
    """Return the run whose potentials are recorded: the fastest of the example with this model and order."""
    chosen = (recording["run_model"].values == model) & ((recording["run_interval"].values < 0) == post_first)
    if "run_protocol" in recording:
        chosen &= recording["run_protocol"].values == 0
    if not chosen.any():
        order = "postsynaptic" if post_first else "presynaptic"
        raise UserError(f"run_interval: no run of model {model} with the {order} spike first")
    return int(np.flatnonzero(chosen)[recording["run_rate"].values[chosen].argmax()])
