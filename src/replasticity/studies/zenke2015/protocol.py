"""Pairings of pre- and postsynaptic spikes at five rates of a Poisson population."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, quantity
from replasticity.models.homeostatic_stdp_parameters import (
    HomeostaticSynapse,
    PrescribedPairings,
    emitted_steps,
    epoch_of_step,
    seconds,
    step_count,
)
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build

FloatArray = npt.NDArray[np.float64]

#: What a step and a spike of the population take on a fast machine, sampled and simulated [s].
_SECONDS_PER_STEP, _SECONDS_PER_SPIKE = 1e-9, 5e-9


class Parameters(HomeostaticSynapse, PrescribedPairings):
    """Parameters of the protocol."""

    sample_interval_ms: GridDuration = quantity("Interval of the samples of H, G and the weight.")
    every_step_ms: NonNegative = quantity(
        "Initial part of the run in which H is kept at each step.", output_option=True
    )
    record_trains: bool = quantity(
        "Whether each population spike is kept, not only their count per step.", output_option=True
    )

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
    from replasticity.numerics.limits import no_failure, raise_failure

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
