"""Pairings of pre- and postsynaptic spikes at five rates of a Poisson population."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, quantity
from replasticity.models.homeostatic_stdp_parameters import HomeostaticSynapse, PoissonPopulation
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: What a step and a spike of the population take on a fast machine, sampled and simulated [s].
_SECONDS_PER_STEP, _SECONDS_PER_SPIKE = 1e-9, 5e-9


class Parameters(HomeostaticSynapse, PoissonPopulation):
    """Parameters of the protocol."""

    pre_times_ms: list[NonNegative] = quantity("Presynaptic spike times.")
    post_times_ms: list[NonNegative] = quantity("Postsynaptic spike times.")
    sample_interval_ms: GridDuration = quantity("Interval of the samples of H, G and the weight.")
    every_step_ms: NonNegative = quantity(
        "Initial part of the run in which H is kept at each step.", output_option=True
    )
    record_trains: bool = quantity(
        "Whether each population spike is kept, not only their count per step.", output_option=True
    )

    @model_validator(mode="after")
    def _spikes_can_be_emitted(self, info: ValidationInfo) -> "Parameters":
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
        """Return what a run needs: the population's spikes while they are sampled, and what is kept over time."""
        epoch_steps = self.epoch_ms / self.dt_ms
        steps = epoch_steps * len(self.rates_Hz)
        # Six standard deviations and ten spikes more than expected, in each epoch.
        expected = [self.population_size * epoch_steps * rate_Hz * self.dt_ms / 1000 for rate_Hz in self.rates_Hz]
        spikes = [mean + 6 * math.sqrt(mean) + 10 for mean in expected]
        samples = steps / round(self.sample_interval_ms / self.dt_ms) + 1
        events = len(self.pre_times_ms) + len(self.post_times_ms)
        memory_bytes = (
            # Numbers of the trials, of one epoch and of all; then their steps and neurons.
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

RUN = {
    "time_ms": Variable(("time_ms",), "time of the samples: state at the very start of the step", trace=True),
    "H_Hz": Variable(("time_ms",), "secretory factor H: low-passed population rate"),
    "G_Hz": Variable(("time_ms",), "global factor G = H - target rate", trace=True),
    "weight_nS": Variable(("time_ms",), "weight of the plastic synapse", trace=True),
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


def step_count(parameters: PoissonPopulation) -> int:
    """Return the number of steps of the run."""
    return len(parameters.rates_Hz) * round(parameters.epoch_ms / parameters.dt_ms)


def duration_ms(parameters: PoissonPopulation) -> float:
    """Return the duration of the run [ms]."""
    return len(parameters.rates_Hz) * parameters.epoch_ms


def seconds(time_ms: float) -> float:
    """Return a time in seconds, rounded as the reference simulator rounds it."""
    return time_ms * 0.001


def spike_steps(times_ms: list[float], parameters: Parameters) -> IntArray:
    """Return the steps in which prescribed spikes are emitted, sorted.

    A time inside a step belongs to that step, and a time up to a thousandth of a step below a grid point
    belongs to the grid point (docs/models/homeostatic_stdp.md#prescribed-spikes).
    """
    dt_s = seconds(parameters.dt_ms)
    times_s = np.array(times_ms) * 0.001
    return np.sort(np.floor((times_s + 1e-3 * dt_s) / dt_s).astype(np.int64))


def emitted_steps(parameters: Parameters) -> tuple[IntArray, IntArray]:
    """Return the steps of the pre- and of the postsynaptic spikes; a recorded run may be too short to emit them all."""
    pre, post = (spike_steps(each, parameters) for each in (parameters.pre_times_ms, parameters.post_times_ms))
    return pre[pre < step_count(parameters)], post[post < step_count(parameters)]


def epoch_of_step(parameters: PoissonPopulation) -> IntArray:
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


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return the spikes of the Poisson neurons: in each step each spikes with probability dt * rate."""
    generator = random.generator(seed, "population")
    epoch = epoch_of_step(parameters)
    neurons = parameters.population_size
    spikes = [np.zeros(0, np.int64)]
    for index, rate_Hz in enumerate(parameters.rates_Hz):
        first, end = np.searchsorted(epoch, [index, index + 1])
        trials = random.bernoulli_successes(generator, (end - first) * neurons, seconds(parameters.dt_ms) * rate_Hz)
        spikes.append(trials + first * neurons)
    # Trial number k is neuron k % neurons in step k // neurons.
    step, neuron = np.divmod(np.concatenate(spikes), neurons)
    values: dict[str, Any] = {"population_count": np.bincount(step, minlength=len(epoch))}
    if parameters.record_trains:
        values |= {"population_spike_step": step, "population_spike_cell": neuron}
    return build(RUN, values)


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of one synapse: samples, each event in three phases, and the final weight."""
    from replasticity.models import homeostatic_stdp as model
    from replasticity.models.limits import raise_failure
    from replasticity.numerics.limits import no_failure

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
    pre, post = emitted_steps(parameters)
    record = model.empty_record(
        step_count=steps,
        sample_every=sample_every,
        every_step_count=min(round(parameters.every_step_ms / parameters.dt_ms), steps),
        event_count=len(np.union1d(pre, post)),
    )
    failure = no_failure()
    weight_nS = float(parameters.weight_initial_nS)
    counts = inputs["population_count"]
    _, synapse = model.simulate(counts, pre, post, weight_nS, sample_every, step, record, failure)
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
