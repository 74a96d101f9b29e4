"""Pairings of pre- and postsynaptic spikes at five rates of a Poisson population."""

from typing import Any

import numpy as np

from replasticity.definitions.parameters import Cost, quantity
from replasticity.models.homeostatic_stdp_parameters import SampledPairings, epoch_of_step, seconds
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(SampledPairings):
    """Parameters of the protocol."""

    record_trains: bool = quantity(
        "Whether each population spike is kept, not only their count per step.", output_option=True
    )

    def cost(self) -> Cost:
        """Return what a run needs."""
        return self.cost_with(numbers_per_spike=1 if self.record_trains else 0)


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
    from replasticity.models.homeostatic_stdp import simulate_synapse

    p = parameters
    record, weight_nS = simulate_synapse(p, inputs["population_count"])
    states = record._asdict()
    event_last_s = states.pop("event_last_s")
    return build(
        RUN,
        states
        | {
            "time_ms": np.arange(len(record.H_Hz)) * (p.steps(p.sample_interval_ms) * seconds(p.dt_ms)) * 1e3,
            "G_Hz": record.H_Hz - p.target_rate_Hz,
            "phase": np.arange(3),
            "event_last_ms": event_last_s * 1e3,
            "weight_final_nS": weight_nS,
        },
    )
