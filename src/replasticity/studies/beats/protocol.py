"""Beats: pairs of neurons that fire regularly at two rates, joined by a plastic synapse.

Where the rates differ, the time from a presynaptic to the next postsynaptic spike drifts through all values, once in
each period of the beat. Nothing is random. Source: docs/models/pair_stdp.md#regular-firing.

Where both neurons should spike at the same time, rounding decides whether they do so in one step, or which is first, so
that the weights depend on the time step. They are computed on finer grids, too, and without a grid: with the exact
times k / f, which leave open what a coincidence is. So there are two limits, one for each order.
"""

from dataclasses import replace

import numpy as np
from pydantic import model_validator

from replasticity.definitions.parameters import Cost, NonNegative, quantity
from replasticity.definitions.ranges import Range
from replasticity.models.pair_stdp_parameters import SECONDS_PER_EVENT, PairSynapse, seconds
from replasticity.models.regular_firing_parameters import RegularFiring
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared


class Parameters(RegularFiring, PairSynapse):
    """Parameters of the protocol: pair k has the k-th presynaptic and the k-th postsynaptic rate."""

    phase_recorded_ms: NonNegative = quantity(
        "Initial part of the run in which the phases are kept.", output_option=True, varied=Range(0.0, 20.0)
    )

    @model_validator(mode="after")
    def _rates_come_in_pairs(self) -> "Parameters":
        if len(self.pre_rates_Hz) != len(self.post_rates_Hz):
            raise ValueError(
                f"post_rates_Hz: one rate for each pair, but there are {len(self.post_rates_Hz)} "
                f"for {len(self.pre_rates_Hz)} pre_rates_Hz"
            )
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the neurons, the events, and the weight and both phases over time."""
        rates_Hz, pairs, steps = [*self.pre_rates_Hz, *self.post_rates_Hz], len(self.pre_rates_Hz), self.step_count
        phase_steps = min(self.phase_recorded_ms / self.dt_ms, steps)
        firing = self.firing_cost(rates_Hz, phases_are_kept=phase_steps > 0)
        events = self.events_cost(pairs, self.spike_count(rates_Hz))
        # Without a grid a recording's neuron may spike more often than once per step.
        exact = sum(2 + rate_Hz * self.duration_ms / 1000 for rate_Hz in rates_Hz)
        grids = len(self.dt_divisions)
        spikes = grids * self.spike_count(rates_Hz) + 2 * exact
        # The time, with temporaries; the weights and the phases, each with room for a copy.
        kept_bytes = 8 * (3 * steps + 2 * pairs * steps + 4 * pairs * phase_steps)
        kept_bytes += 4 * 8 * (pairs * (grids + 2) + exact)
        return Cost(
            firing.memory_bytes + events.memory_bytes + kept_bytes,
            firing.seconds + events.seconds + spikes * SECONDS_PER_EVENT,
        )


RUN = {
    "time_ms": Variable(("time_ms",), "time at the start of each step", trace=True),
    "weight": Variable(("time_ms", "synapse"), "weight at the start of each step", trace=True),
    "firing_phase_pre": Variable(("early_step", "synapse"), "phase of the presynaptic neuron at the start of a step"),
    "firing_phase_post": Variable(("early_step", "synapse"), "phase of the postsynaptic neuron at the start of a step"),
    **shared.RUN,
    **{name: replace(shared.RUN[name], trace=True) for name in shared.RUN if "_spike_" in name},
    "weight_finer": Variable(("finer_grid", "synapse"), "weight at the end with each of the finer time steps"),
    "weight_no_grid": Variable(("first", "synapse"), "weight at the end with exact spike times, by order"),
}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: spikes, the weights at each step, and each event in three moments."""
    from replasticity.models import pair_stdp, regular_firing

    pairs, steps = len(p.pre_rates_Hz), p.step_count
    rates_Hz, phase_steps = [*p.pre_rates_Hz, *p.post_rates_Hz], min(p.steps(p.phase_recorded_ms), steps)
    trains, phases = regular_firing.fire_on_grid(p, rates_Hz, recorded_steps=phase_steps)
    synapses = pair_stdp.run_and_keep_events(p, trains[:pairs], trains[pairs:])
    finer = [
        pair_stdp.run_synapses(p, *regular_firing.both_sides_on_grid(p, division)).weight_final
        for division in p.dt_divisions
    ]
    no_grid = [pair_stdp.run_synapses(p, *spikes).weight_final for spikes in regular_firing.both_sides_without_grid(p)]
    return build(
        RUN,
        synapses
        | {
            "time_ms": np.arange(float(steps)) * seconds(p.dt_ms) * 1e3,
            "weight": pair_stdp.weights_at_each_step(p, synapses, steps),
            "firing_phase_pre": phases[:, :pairs],
            "firing_phase_post": phases[:, pairs:],
            "weight_finer": np.reshape(finer, (-1, pairs)),
            "weight_no_grid": no_grid,
        },
    )
