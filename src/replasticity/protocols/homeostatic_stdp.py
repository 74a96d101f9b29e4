"""Homeostatic STDP: pairings of pre- and postsynaptic spikes at five population rates (Zenke et al. 2015).

A population of Poisson neurons sets the global factor G; a single inhibitory synapse is probed by one pair
of spikes in the middle of each epoch. Source: docs/models/homeostatic_stdp.md.

Symbols of the paper are mapped to names in `replasticity.kernels.homeostatic_stdp`.
"""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo, model_validator

from replasticity import random
from replasticity.comparison import Tolerance
from replasticity.datasets import Arrays, Recorded, Variable, build, ratio
from replasticity.errors import UserError
from replasticity.parameters import Cost, NonNegative, Positive, PositiveInt
from replasticity.parameters import Parameters as BaseParameters

if TYPE_CHECKING:
    import xarray as xr

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: The weight before and after a pairing is read this long before and after the presynaptic spike [ms].
WEIGHT_READ_MS = 10.0

#: What a step and a spike of the population take on a fast machine, drawn and simulated [s].
_SECONDS_PER_STEP, _SECONDS_PER_SPIKE = 1e-9, 5e-9


class Parameters(BaseParameters):
    """Parameters of the protocol. Their order is that of docs/models/homeostatic_stdp.md#parameters."""

    dt_ms: Positive = Field(description="Time step.")
    epoch_ms: Positive = Field(description="Duration of one epoch of constant population rate.")
    rates_Hz: Annotated[list[NonNegative], Field(min_length=1)] = Field(
        description="Rate of each Poisson neuron in each epoch."
    )
    population_size: PositiveInt = Field(description="Number of Poisson neurons.")
    target_rate_Hz: NonNegative = Field(description="Target rate gamma: at this rate G is zero.")
    tau_H_ms: Positive = Field(description="Time constant of the secretory factor H.")
    tau_stdp_ms: Positive = Field(description="Time constant of both traces.")
    eta_nS_s: float = Field(description="Learning rate: weight change per unit of G.")
    weight_initial_nS: float = Field(description="Weight at the start.")
    rule: Literal["as_published", "eq15"] = Field(
        description="Which spike has the constant term: the postsynaptic (example script) or the presynaptic (Eq. 15)."
    )
    pre_times_ms: list[NonNegative] = Field(description="Presynaptic spike times.")
    post_times_ms: list[NonNegative] = Field(description="Postsynaptic spike times.")
    sample_interval_ms: Positive = Field(description="Interval of the samples of H, G and the weight.")
    every_step_ms: NonNegative = Field(description="Initial part of the run in which H is kept at each step.")
    record_trains: bool = Field(description="Whether each population spike is kept, not only their count per step.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        if max(self.rates_Hz) * self.dt_ms / 1000 > 1:
            raise ValueError("rates_Hz: at most one spike per cell and step, so no rate above 1000 / dt_ms")
        self.require_whole_steps("epoch_ms", "sample_interval_ms", least=1)
        recorded = bool(info.context and info.context.get("recorded"))
        for name in ("pre_times_ms", "post_times_ms"):
            steps = spike_steps(getattr(self, name), self)
            # Brian2 refuses them, too (brian2/input/spikegeneratorgroup.py, before_run).
            if len(set(steps)) < len(steps):
                raise ValueError(f"{name}: at most one spike of a cell in a step of {self.dt_ms:g} ms")
            # A recording may have prescribed spikes that its run was too short to emit.
            if not recorded and len(steps) and steps[-1] >= step_count(self):
                raise ValueError(f"{name}: no spike after the run's end at {duration_ms(self):g} ms")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the population's spikes while they are drawn, and what is kept over time."""
        epoch_steps = self.epoch_ms / self.dt_ms
        steps = epoch_steps * len(self.rates_Hz)
        # Six standard deviations and ten spikes more than expected, in each epoch.
        expected = [self.population_size * epoch_steps * rate_Hz * self.dt_ms / 1000 for rate_Hz in self.rates_Hz]
        spikes = [mean + 6 * math.sqrt(mean) + 10 for mean in expected]
        samples = steps / round(self.sample_interval_ms / self.dt_ms) + 1
        events = len(self.pre_times_ms) + len(self.post_times_ms)
        memory_bytes = (
            # Numbers of the trials, of one epoch and of all; then their steps and cells.
            4 * 8 * max(spikes)
            + (4 * 8 + (2 * 4 if self.record_trains else 0)) * sum(spikes)
            # Time and epoch of each step, with temporaries; the spikes in it.
            + (5 * 8 + 8 + 4) * steps
            + 8 * min(self.every_step_ms / self.dt_ms, steps)
            # Time, H, G and the weight; statistics ask for the epoch of each.
            + (4 + 6) * 8 * samples
            + (5 * 3 * 8 + 8 * 8) * events
        )
        return Cost(memory_bytes, steps * _SECONDS_PER_STEP + sum(expected) * _SECONDS_PER_SPIKE)


#: Phases of an event (docs/models/homeostatic_stdp.md#samples).
_PHASES = "before the step's spikes act; between the pre- and the postsynaptic event; after both"

RUN: dict[str, Variable] = {
    "time_ms": Variable(("time_ms",), "time of the samples: state at the very start of the step"),
    "H_Hz": Variable(("time_ms",), "secretory factor H: low-passed population rate"),
    "G_Hz": Variable(("time_ms",), "global factor G = H - target rate"),
    "weight_nS": Variable(("time_ms",), "weight of the plastic synapse"),
    "population_count": Variable(("step",), "spikes of the population in each step", "int32"),
    "H_every_step_Hz": Variable(("early_step",), "secretory factor H at the start of each step"),
    "event_step": Variable(("event",), "step with a pre- or postsynaptic spike", "int32"),
    "event_kind": Variable(("event",), "1 presynaptic, 2 postsynaptic, 3 both in one step", "int32"),
    "phase": Variable(("phase",), f"phase of an event: {_PHASES}", "int32"),
    "event_H_Hz": Variable(("event", "phase"), "secretory factor H at the event"),
    "event_weight_nS": Variable(("event", "phase"), "weight at the event"),
    "event_z_i": Variable(("event", "phase"), "trace z_i as stored at the last update"),
    "event_z_j": Variable(("event", "phase"), "trace z_j as stored at the last update"),
    "event_last_ms": Variable(("event", "phase"), "time of the last update of the traces"),
    "weight_final_nS": Variable((), "weight after the last step"),
    "population_spike_step": Variable(("population_spike",), "step of each population spike", "int32", optional=True),
    "population_spike_cell": Variable(("population_spike",), "neuron of each population spike", "int32", optional=True),
}

_AT_PRE_SAMPLE = "in the sample nearest to the presynaptic spike (the abscissa of the figure)"
_NO_LINE = "a line needs two pairings with different G and dw"
STATISTICS: dict[str, Variable] = {
    "G_sampled_Hz": Variable(("pairing",), f"G {_AT_PRE_SAMPLE}", resolution=1e-9),
    "G_pre_Hz": Variable(("pairing",), "G that the presynaptic event reads", resolution=1e-9),
    "G_post_Hz": Variable(("pairing",), "G that the postsynaptic event reads", resolution=1e-9),
    "dw_nS": Variable(("pairing",), "weight change, after minus before", resolution=1e-8),
    "dw_as_published_nS": Variable(("pairing",), "weight change with the published script's sign", resolution=1e-8),
    "G_late_mean_Hz": Variable(
        ("epoch",),
        "mean of G in the second half of each epoch",
        resolution=1e-9,
        undefined="no sample falls into that half",
    ),
    "G_late_sd_Hz": Variable(
        ("epoch",),
        "standard deviation of G in the second half of each epoch",
        resolution=1e-9,
        undefined="no sample falls into that half",
    ),
    "slope_sampled_nS_per_Hz": Variable(
        (), "least-squares slope of dw against the sampled G", resolution=1e-8, undefined=_NO_LINE
    ),
    "intercept_sampled_nS": Variable((), "intercept of dw against the sampled G", resolution=1e-8, undefined=_NO_LINE),
    "r2_sampled": Variable((), "R^2 of dw against the sampled G", resolution=1e-9, undefined=_NO_LINE),
    "slope_post_nS_per_Hz": Variable(
        (), "least-squares slope of dw against the postsynaptic G", resolution=1e-8, undefined=_NO_LINE
    ),
    "intercept_post_nS": Variable(
        (), "intercept of dw against the postsynaptic G", resolution=1e-8, undefined=_NO_LINE
    ),
    "r2_post": Variable((), "R^2 of dw against the postsynaptic G", resolution=1e-9, undefined=_NO_LINE),
    "slope_analytic_nS_per_Hz": Variable(
        (), "slope that the rule gives for one isolated pair", resolution=1e-9, undefined="there is no pairing"
    ),
    "slope_ratio": Variable(
        (),
        "fitted slope (sampled G) over analytic slope",
        resolution=1e-8,
        undefined=f"{_NO_LINE}, or the analytic slope is 0",
    ),
    "zero_crossing_Hz": Variable(
        (),
        "G at which the fitted line (sampled G) crosses dw = 0",
        resolution=1e-8,
        undefined=f"{_NO_LINE}, or its slope is 0",
    ),
    "dw_lowest_above_nS": Variable(
        (),
        "smallest dw among epochs with a rate above target",
        resolution=1e-8,
        undefined="no pairing is in an epoch above target",
    ),
    "dw_highest_below_nS": Variable(
        (),
        "largest dw among epochs with a rate below target",
        resolution=1e-8,
        undefined="no pairing is in an epoch below target",
    ),
}

OUTPUT_OPTIONS = ("every_step_ms", "record_trains")

TRACES = ("time_ms", "G_Hz", "weight_nS")

PEER_NAMES = {
    "G_sampled_Hz": "G_monitor",
    "G_pre_Hz": "G_pre",
    "G_post_Hz": "G_post",
    "dw_nS": "dw",
    "dw_as_published_nS": "dw_example_script",
    "G_late_mean_Hz": "G_late_mean",
    "G_late_sd_Hz": "G_late_std",
    "slope_sampled_nS_per_Hz": "slope_monitor",
    "intercept_sampled_nS": "intercept_monitor",
    "r2_sampled": "r2_monitor",
    "slope_post_nS_per_Hz": "slope_post",
    "intercept_post_nS": "intercept_post",
    "r2_post": "r2_post",
}


def step_count(parameters: Parameters) -> int:
    """Return the number of steps of the run."""
    return len(parameters.rates_Hz) * round(parameters.epoch_ms / parameters.dt_ms)


def duration_ms(parameters: Parameters) -> float:
    """Return the duration of the run [ms]."""
    return len(parameters.rates_Hz) * parameters.epoch_ms


def seconds(time_ms: float) -> float:
    """Return a time in seconds, rounded as the reference simulator rounds it."""
    return time_ms * 0.001


def spike_steps(times_ms: list[float], parameters: Parameters) -> IntArray:
    """Return the steps in which prescribed spikes are emitted, sorted.

    A time inside a step belongs to that step, and a time up to a thousandth of a step below a grid point
    belongs to the grid point (docs/models/homeostatic_stdp.md#prescribed-spikes).

    Parameters
    ----------
    times_ms : list of float
        Spike times [ms].
    parameters : Parameters
        Gives the time step.

    Returns
    -------
    ndarray of int64, shape (spikes,)
        Steps, as many as times.
    """
    dt_s = seconds(parameters.dt_ms)
    times_s = np.array(times_ms) * 0.001
    return np.sort(np.floor((times_s + 1e-3 * dt_s) / dt_s).astype(np.int64))


def epoch_of_step(parameters: Parameters) -> IntArray:
    """Return the epoch of each step (docs/models/homeostatic_stdp.md#epoch-of-a-step).

    Returns
    -------
    ndarray of int64, shape (steps,)
        Index into ``rates_Hz``; a step on the border belongs to the new epoch.
    """
    dt_s, epoch_s = seconds(parameters.dt_ms), seconds(parameters.epoch_ms)
    # The reference simulator looks its timed array up on a grid K times finer than an epoch.
    fineness = 2.0 ** math.ceil(math.log2(8 * epoch_s / dt_s))
    time_s = np.arange(step_count(parameters)) * dt_s
    epoch = np.floor((time_s / (epoch_s / fineness) + 0.5) / fineness).astype(np.int64)
    clipped: IntArray = np.clip(epoch, 0, len(parameters.rates_Hz) - 1)
    return clipped


def draw(parameters: Parameters, seed: int) -> Arrays:
    """Return the spikes of the Poisson neurons: in each step each spikes with probability dt * rate.

    Parameters
    ----------
    parameters : Parameters
        Rates, sizes and durations.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        ``population_count`` (step) and, if asked for, the single spikes.
    """
    generator = random.generator(seed, "population")
    epoch = epoch_of_step(parameters)
    cells = parameters.population_size
    spikes = [np.zeros(0, np.int64)]
    for index, rate_Hz in enumerate(parameters.rates_Hz):
        first, end = np.searchsorted(epoch, [index, index + 1])
        trials = bernoulli_successes(generator, (end - first) * cells, seconds(parameters.dt_ms) * rate_Hz)
        spikes.append(trials + first * cells)
    # Trial number k is cell k % cells in step k // cells.
    step, cell = np.divmod(np.concatenate(spikes), cells)
    values: dict[str, Any] = {"population_count": np.bincount(step, minlength=len(epoch))}
    if parameters.record_trains:
        values |= {"population_spike_step": step, "population_spike_cell": cell}
    return build(RUN, values)


def bernoulli_successes(generator: np.random.Generator, trials: int, probability: float) -> IntArray:
    """Return which of many independent trials succeed, without a random number for each that fails.

    The gap from one success to the next is geometrically distributed, so the work is proportional to the
    successes. The result has exactly the distribution of one uniform number per trial.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness; advanced.
    trials : int
        Number of trials.
    probability : float
        Probability of success of each, in [0, 1].

    Returns
    -------
    ndarray of int64, shape (successes,)
        Numbers of the successful trials, increasing, in [0, trials).
    """
    successes = np.zeros(0, np.int64)
    if probability <= 0.0:
        return successes
    last = -1
    while last < trials:
        # Enough for all trials in nearly every case; the loop goes on if not.
        expected = (trials - last) * probability
        gaps = generator.geometric(probability, size=int(expected + 5 * math.sqrt(expected) + 10))
        # Gaps that lead beyond the last trial: their sum must not overflow.
        np.minimum(gaps, trials + 1, out=gaps)
        successes = np.concatenate([successes, last + np.cumsum(gaps)])
        last = int(successes[-1])
    return successes[: np.searchsorted(successes, trials)]


def run(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of one synapse: samples, each event in three phases, and the final weight.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `draw`, or from a recording: ``population_count`` of shape (steps,).

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    from replasticity.kernels.limits import no_failure
    from replasticity.models import homeostatic_stdp as model
    from replasticity.models.limits import raise_failure

    dt_s = seconds(parameters.dt_ms)
    step = model.discretise(
        dt_s=dt_s,
        tau_H_s=seconds(parameters.tau_H_ms),
        population_size=parameters.population_size,
        target_Hz=float(parameters.target_rate_Hz),
        tau_stdp_s=seconds(parameters.tau_stdp_ms),
        eta_nS_s=float(parameters.eta_nS_s),
        presynaptic_constant_term=parameters.rule == "eq15",
    )
    steps = step_count(parameters)
    sample_every = round(parameters.sample_interval_ms / parameters.dt_ms)
    emitted = {
        cell: spikes[spikes < steps]
        for cell, spikes in (
            ("pre", spike_steps(parameters.pre_times_ms, parameters)),
            ("post", spike_steps(parameters.post_times_ms, parameters)),
        )
    }
    record = model.empty_record(
        step_count=steps,
        sample_every=sample_every,
        every_step_count=min(round(parameters.every_step_ms / parameters.dt_ms), steps),
        event_count=len(np.union1d(emitted["pre"], emitted["post"])),
    )
    failure = no_failure()
    _, synapse = model.simulate(
        inputs["population_count"],
        emitted["pre"],
        emitted["post"],
        float(parameters.weight_initial_nS),
        sample_every,
        step,
        record,
        failure,
    )
    raise_failure(failure, model.LIMITS, parameters.dt_ms, "synapse")
    return build(
        RUN,
        {
            "time_ms": np.arange(len(record.H_Hz)) * (sample_every * dt_s) * 1e3,
            "H_Hz": record.H_Hz,
            "G_Hz": record.H_Hz - step.target_Hz,
            "weight_nS": record.weight_nS,
            "H_every_step_Hz": record.H_every_step_Hz,
            "event_step": record.event_step,
            "event_kind": record.event_kind,
            "phase": np.arange(3),
            "event_H_Hz": record.event_H_Hz,
            "event_weight_nS": record.event_weight_nS,
            "event_z_i": record.event_z_i,
            "event_z_j": record.event_z_j,
            "event_last_ms": record.event_last_s * 1e3,
            "weight_final_nS": synapse.weight_nS,
        },
    )


def pairings(parameters: Parameters, run: Arrays) -> dict[str, FloatArray]:
    """Return G and the weight change at each pairing (docs/models/homeostatic_stdp.md#pairing-table).

    The k-th presynaptic and the k-th postsynaptic spike are a pair.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `run`.

    Returns
    -------
    dict of str to ndarray of float64, shape (pairings,)
        ``G_sampled_Hz``, ``G_pre_Hz``, ``G_post_Hz``, ``dw_nS``.
    """
    before, between = 0, 1
    # A recorded run may have been too short to emit them all.
    pre_steps, post_steps = (
        steps[steps < step_count(parameters)]
        for steps in (
            spike_steps(parameters.pre_times_ms, parameters),
            spike_steps(parameters.post_times_ms, parameters),
        )
    )
    pairs = min(len(pre_steps), len(post_steps))
    pre_ms = np.sort(parameters.pre_times_ms)[:pairs]
    time_ms, G_Hz, weight_nS = run["time_ms"], run["G_Hz"], run["weight_nS"]

    def nearest(moments_ms: FloatArray) -> IntArray:
        later = np.clip(np.searchsorted(time_ms, moments_ms), 0, len(time_ms) - 1)
        earlier = np.maximum(later - 1, 0)
        is_earlier = np.abs(time_ms[earlier] - moments_ms) <= np.abs(time_ms[later] - moments_ms)
        chosen: IntArray = np.where(is_earlier, earlier, later)
        return chosen

    def at_event(spike_step: IntArray, phase: int) -> FloatArray:
        event = np.searchsorted(run["event_step"], spike_step)
        H_Hz: FloatArray = run["event_H_Hz"][event, phase]
        return H_Hz - parameters.target_rate_Hz

    return {
        "G_sampled_Hz": G_Hz[nearest(pre_ms)],
        "G_pre_Hz": at_event(pre_steps[:pairs], before),
        "G_post_Hz": at_event(post_steps[:pairs], between),
        "dw_nS": weight_nS[nearest(pre_ms + WEIGHT_READ_MS)] - weight_nS[nearest(pre_ms - WEIGHT_READ_MS)],
    }


def straight_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return slope, intercept and R^2 of the least-squares line of y on x; NaN where all x or all y are equal."""
    # Differences by rounding alone make no line.
    if len(x) < 2 or any(np.ptp(values) <= 1e-12 * np.abs(values).max() for values in (x, y)):
        return math.nan, math.nan, math.nan
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - (slope * x + intercept)
    return float(slope), float(intercept), float(1 - residual @ residual / np.sum((y - y.mean()) ** 2))


def analytic_slope_nS_per_Hz(parameters: Parameters) -> float:
    """Return dw / dG of the first pair taken alone: eta (1 + exp(-|gap| / tau)), for either rule.

    With pre before post, Eq. 15 gives eta (G_pre + exp(-gap / tau) G_post) and the example's rule
    eta G_post (1 + exp(-gap / tau)): equal where G does not change between the two spikes.
    """
    if not parameters.pre_times_ms or not parameters.post_times_ms:
        return math.nan
    gap_ms = abs(min(parameters.post_times_ms) - min(parameters.pre_times_ms))
    return parameters.eta_nS_s * (1 + math.exp(-gap_ms / parameters.tau_stdp_ms))


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "pairing": min(len(parameters.pre_times_ms), len(parameters.post_times_ms)),
        "epoch": len(parameters.rates_Hz),
    }


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `run`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where a quantity is not defined, such as a fit through one point.
    """
    pairing = pairings(parameters, run)
    G_Hz, dw_nS = pairing["G_sampled_Hz"], pairing["dw_nS"]
    slope, intercept, r2 = straight_line(G_Hz, dw_nS)
    slope_post, intercept_post, r2_post = straight_line(pairing["G_post_Hz"], dw_nS)
    analytic = analytic_slope_nS_per_Hz(parameters)

    epoch_steps = round(parameters.epoch_ms / parameters.dt_ms)
    epoch_of_pairing = spike_steps(parameters.pre_times_ms, parameters)[: len(dw_nS)] // epoch_steps
    rate_Hz = np.array(parameters.rates_Hz)[epoch_of_pairing]
    above, below = rate_Hz > parameters.target_rate_Hz, rate_Hz < parameters.target_rate_Hz

    epoch_of_sample, into_epoch_ms = np.divmod(run["time_ms"], parameters.epoch_ms)
    late = into_epoch_ms >= parameters.epoch_ms / 2
    borders = np.searchsorted(epoch_of_sample[late], np.arange(1, len(parameters.rates_Hz)))
    late_G_Hz = np.split(run["G_Hz"][late], borders)
    return build(
        STATISTICS,
        pairing
        | {
            "dw_as_published_nS": -dw_nS,
            "G_late_mean_Hz": [G.mean() if len(G) else math.nan for G in late_G_Hz],
            "G_late_sd_Hz": [G.std() if len(G) else math.nan for G in late_G_Hz],
            "slope_sampled_nS_per_Hz": slope,
            "intercept_sampled_nS": intercept,
            "r2_sampled": r2,
            "slope_post_nS_per_Hz": slope_post,
            "intercept_post_nS": intercept_post,
            "r2_post": r2_post,
            "slope_analytic_nS_per_Hz": analytic,
            "slope_ratio": ratio(slope, analytic),
            "zero_crossing_Hz": ratio(-intercept, slope),
            "dw_lowest_above_nS": dw_nS[above].min() if above.any() else math.nan,
            "dw_highest_below_nS": dw_nS[below].max() if below.any() else math.nan,
        },
    )


# Replaying recordings of Brian2 ----------------------------------------------------------------------

RECORDINGS = ("zenke", "zenke_eq15", "zenke_irregular", "zenke_paper")

#: Recorded parameter -> ours.
_PARAMETER_NAMES = {
    "rates_hz": "rates_Hz",
    "gamma_hz": "target_rate_Hz",
    "w0_nS": "weight_initial_nS",
    "monitor_dt_ms": "sample_interval_ms",
}

#: Recorded rule -> ours.
_RULES = {"seed": "as_published", "eq15": "eq15"}

_RATE = Tolerance(absolute=1e-9)
_WEIGHT = Tolerance(absolute=1e-8)
_TRACE = Tolerance(absolute=1e-9, relative=1e-9)
_TIME = Tolerance(absolute=1e-6)

TOLERANCES: dict[str, Tolerance] = {
    "event_step": Tolerance(),
    "event_kind": Tolerance(),
    "monitor_time": _TIME,
    "H": _RATE,
    "G": _RATE,
    "H_every_step": _RATE,
    "wij": _WEIGHT,
    "plastic_weight_initial": _WEIGHT,
    "plastic_weight_final": _WEIGHT,
    **{
        f"event_{quantity}_{phase}": tolerance
        for phase in ("before", "mid", "after")
        for quantity, tolerance in (
            ("G", _RATE),
            ("H", _RATE),
            ("wij", _WEIGHT),
            ("zi", _TRACE),
            ("zj", _TRACE),
            ("lastupdate", _TIME),
        )
    },
    "pairing_G_monitor": _RATE,
    "pairing_G_pre": _RATE,
    "pairing_G_post": _RATE,
    "pairing_dw": _WEIGHT,
    "pairing_dw_example_script": _WEIGHT,
}

SPIKES = ("pre_spike", "post_spike")

RECORDED_INPUTS = (
    "population_count",
    "population_spike_time",
    "population_spike_index",
    "plastic_pre",
    "plastic_post",
)

NEEDED_INPUTS = ("population_count",)

#: A recorded population has at most so many spikes: they are added one by one, a second for a billion.
_MOST_SPIKES = 1e9


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = {_PARAMETER_NAMES.get(name, name): value for name, value in parameters.items()}
    values["rule"] = _RULES.get(values.get("rule", ""), values.get("rule"))
    values["every_step_ms"] = recording.sizes.get("first_second_step", 0) * values.get("dt_ms", 0.0)
    values["record_trains"] = False
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's population spikes.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording with the variable ``population_count`` (step).
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    counts = recording["population_count"].values
    if counts.shape != (step_count(parameters),):
        found = " x ".join(map(str, counts.shape))
        raise UserError(f"population_count: has {found} steps, the parameters give {step_count(parameters)}")
    # A neuron spikes at most once in a step.
    most = parameters.population_size
    if counts.dtype.kind not in "iu" or not 0 <= counts.min() <= counts.max() <= most:
        raise UserError(f"population_count: has to be a whole number from 0 to {most}, the population's size")
    if counts.sum(dtype=np.float64) > _MOST_SPIKES:
        raise UserError(f"population_count: at most {_MOST_SPIKES:g} spikes in all")
    result = run(parameters, {"population_count": counts})
    kind = result["event_kind"]
    step_ms = result["event_step"] * parameters.dt_ms
    pre_ms, post_ms = step_ms[(kind & 1) > 0], step_ms[(kind & 2) > 0]
    variables: dict[str, tuple[str, Any]] = {
        "pre_spike_time": ("pre_spike", pre_ms),
        "pre_spike_index": ("pre_spike", np.zeros(len(pre_ms), np.int32)),
        "post_spike_time": ("post_spike", post_ms),
        "post_spike_index": ("post_spike", np.zeros(len(post_ms), np.int32)),
        "plastic_weight_initial": ("plastic", [parameters.weight_initial_nS]),
        "plastic_weight_final": ("plastic", [result["weight_final_nS"].item()]),
        "monitor_time": ("sample", result["time_ms"]),
        "H": ("sample", result["H_Hz"]),
        "G": ("sample", result["G_Hz"]),
        "wij": ("sample", result["weight_nS"]),
        "H_every_step": ("first_second_step", result["H_every_step_Hz"]),
        "event_step": ("event", result["event_step"]),
        "event_kind": ("event", kind),
    }
    for index, phase in enumerate(("before", "mid", "after")):
        for recorded, ours in (
            ("H", "event_H_Hz"),
            ("wij", "event_weight_nS"),
            ("zi", "event_z_i"),
            ("zj", "event_z_j"),
            ("lastupdate", "event_last_ms"),
        ):
            variables[f"event_{recorded}_{phase}"] = ("event", result[ours][:, index])
        variables[f"event_G_{phase}"] = ("event", result["event_H_Hz"][:, index] - parameters.target_rate_Hz)
    if "pairing" in recording.sizes:
        pairing = pairings(parameters, result)
        variables["pairing_G_monitor"] = ("pairing", pairing["G_sampled_Hz"])
        variables["pairing_G_pre"] = ("pairing", pairing["G_pre_Hz"])
        variables["pairing_G_post"] = ("pairing", pairing["G_post_Hz"])
        variables["pairing_dw"] = ("pairing", pairing["dw_nS"])
        variables["pairing_dw_example_script"] = ("pairing", -pairing["dw_nS"])
    return variables
