"""A network with dopamine-modulated STDP: leaky integrate-and-fire neurons, relays, plastic and static synapses.

Time is cut into slices as long as the smallest delay. In each slice spikes of the slice before are delivered, the
neurons advance, and the postsynaptic spikes and the dopamine that have arrived act on the plastic synapses
(docs/models/dopamine_stdp.md#slices). A plastic synapse that no spike touches is not stepped: its state is brought
up to date, in closed form, when the next spike or a reader needs it (``every_slice`` steps all of them, as the
simulator does).

Sources are numbered: first the neurons, then the relays. All times are in steps; a spike of step n was emitted in the
step that ends at n.

States stay within limits that no neuron and no synapse comes near (`V_LIMIT_mV`, `SYNAPSE_LIMIT`; ours, since the
published simulator has none), and no more spikes are emitted than `reserve_history` has reserved memory for. A run
that leaves them ends there, with a note in ``Network.failure`` of what did so.
"""

from replasticity.models.dopamine_stdp.limits import check_states, raise_any_failure
from replasticity.models.dopamine_stdp.neurons import BLOCK
from replasticity.models.dopamine_stdp.state import (
    External,
    Network,
    RelaySpikes,
    arrivals_of_dopamine,
    discretise,
    network,
    plastic_synapses,
    reserve_history,
    static_synapses,
)
from replasticity.models.dopamine_stdp.time_loop import (
    advance,
    bring_up_to_date,
    sample,
    sums_of_each_source,
    sums_over_sources,
)

__all__ = [
    "BLOCK",
    "External",
    "Network",
    "RelaySpikes",
    "advance",
    "arrivals_of_dopamine",
    "bring_up_to_date",
    "check_states",
    "discretise",
    "network",
    "plastic_synapses",
    "raise_any_failure",
    "reserve_history",
    "sample",
    "static_synapses",
    "sums_of_each_source",
    "sums_over_sources",
]
