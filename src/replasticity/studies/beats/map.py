"""Map of beats: the final weight for every pair of a presynaptic and a postsynaptic rate.

The neurons and synapses are those of `protocol`. The postsynaptic neurons may start at several phases; there they all
start at phase 0. Nothing is random.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from replasticity.definitions.parameters import Cost, quantity
from replasticity.definitions.ranges import ListOf, Range
from replasticity.models.pair_stdp_parameters import SECONDS_PER_EVENT, PairSynapse
from replasticity.models.regular_firing_parameters import RegularFiring
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared

#: Memory that a map takes beside its numbers [B]: arrays of the map and of its neurons, and statistics.
_BYTES_PER_MAP = 3000


class Parameters(RegularFiring, PairSynapse):
    """Parameters of the protocol: each presynaptic rate meets each postsynaptic rate."""

    post_start_phases: list[Annotated[float, Field(ge=0, lt=1)]] = quantity(
        "Phases at which the postsynaptic neurons start, one map for each; presynaptic neurons start at 0.",
        varied=ListOf(Range(0.0, 0.999, special=(0.5,)), lengths=(1, 3)),
        min_length=1,
    )

    def cost(self) -> Cost:
        """Return what a run needs: the neurons, and the events of each pair, which are not kept."""
        phases, sides = len(self.post_start_phases), (self.pre_rates_Hz, self.post_rates_Hz)
        pre, post = map(self.firing_cost, sides)
        pre_spikes, post_spikes = map(self.spike_count, sides)
        pairs = len(self.pre_rates_Hz) * len(self.post_rates_Hz)
        spikes_of_pairs = phases * (len(self.post_rates_Hz) * pre_spikes + len(self.pre_rates_Hz) * post_spikes)
        # Without a grid the trains are there as lists, moved aside and in one array.
        spike_bytes = 4 * 8 * (pre_spikes + phases * post_spikes)
        # Indices and results of each synapse; statistics need four numbers for each pair of rates and map, and a dozen.
        more = len(self.dt_divisions) + 2
        map_bytes = 8 * pairs * (phases * (5 + 5 + 2 * more) + 4 * more + 12) + more * _BYTES_PER_MAP
        return Cost(
            max(pre.memory_bytes, post.memory_bytes) + spike_bytes + map_bytes,
            pre.seconds + phases * post.seconds + (1 + more) * spikes_of_pairs * SECONDS_PER_EVENT,
        )


_NO_RATE = "a cell with fewer than two spikes has no rate"
_MAP = ("start_phase", "pre_rate", "post_rate")
RUN = {
    "pre_rate_actual_Hz": Variable(
        ("pre_rate",), "one over the mean interval of each presynaptic neuron", undefined=_NO_RATE, trace=True
    ),
    "post_rate_actual_Hz": Variable(
        ("post_rate",),
        "one over the mean interval of each postsynaptic neuron, first starting phase",
        undefined=_NO_RATE,
        trace=True,
    ),
    "weight_final": Variable(_MAP, "weight after the last step", trace=True),
    "weight_lowest": Variable(_MAP, "lowest weight"),
    "weight_highest": Variable(_MAP, "highest weight"),
    "event_count": Variable(_MAP, "steps with a spike of one of the two neurons", "int32"),
    "pre_rate_finer_Hz": Variable(("finer_grid", "pre_rate"), "presynaptic rates on finer grids", undefined=_NO_RATE),
    "post_rate_finer_Hz": Variable(
        ("finer_grid", "post_rate"), "postsynaptic rates on finer grids, first starting phase", undefined=_NO_RATE
    ),
    "weight_finer": Variable(("finer_grid", *_MAP), "weight at the end with each of the finer time steps", trace=True),
    "weight_no_grid": Variable(("first", *_MAP), "weight at the end with exact spike times, by order", trace=True),
}

SHORTEST_IN_PYTHON = {"pre_rates_Hz": [40.0, 50.0], "post_rates_Hz": [40.0], "post_start_phases": [0.0]}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: every presynaptic neuron with every postsynaptic neuron, for each starting phase."""
    from replasticity.models import pair_stdp, regular_firing

    shape = len(p.post_start_phases), len(p.pre_rates_Hz), len(p.post_rates_Hz)
    _, pre_count, post_count = shape
    phase, pre_index, post_index = (index.ravel() for index in np.indices(shape))
    connections = pre_index, phase * post_count + post_index

    def meet(spikes):
        outcome = pair_stdp.run_synapses(p, spikes.pre_steps, spikes.post_steps, spikes.dt_s, connections)
        return outcome._make(values.reshape(shape) for values in outcome)

    # A neuron's spikes do not depend on its synapses: each neuron fires once, whatever the number of its partners.
    def weights_and_rates(division):
        spikes = regular_firing.both_sides_on_grid(p, division, p.post_start_phases)
        trains = *spikes.pre_steps, *spikes.post_steps[:post_count]
        return meet(spikes), [shared.actual_rate_Hz(steps, p.dt_ms / division) for steps in trains]

    own, own_rates_Hz = weights_and_rates(1)
    finer = [(outcome.weight_final, rates_Hz) for outcome, rates_Hz in map(weights_and_rates, p.dt_divisions)]
    finer_Hz = np.reshape([rates_Hz for _, rates_Hz in finer], (-1, pre_count + post_count))
    no_grid = regular_firing.both_sides_without_grid(p, p.post_start_phases)
    return build(
        RUN,
        {
            "pre_rate_actual_Hz": own_rates_Hz[:pre_count],
            "post_rate_actual_Hz": own_rates_Hz[pre_count:],
            **own._asdict(),
            "pre_rate_finer_Hz": finer_Hz[:, :pre_count],
            "post_rate_finer_Hz": finer_Hz[:, pre_count:],
            "weight_finer": np.reshape([weight for weight, _ in finer], (-1, *shape)),
            "weight_no_grid": [meet(spikes).weight_final for spikes in no_grid],
        },
    )
