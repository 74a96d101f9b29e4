"""Limits of the states, which no neuron and no synapse comes near: ours, since the published simulator has none."""

from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import note_failure, raise_failure

#: Largest size of a potential [mV]; and of weight, c and n of a plastic synapse.
V_LIMIT_mV = 1e6
SYNAPSE_LIMIT = 1e12

#: What can leave its limits, for `replasticity.numerics.limits.raise_failure`; and the place of each in this list.
NEURON_LIMITS = (
    ("V_mV", f"{-V_LIMIT_mV:g} to {V_LIMIT_mV:g} mV"),
    ("the number of spikes of all neurons, at that", "fewer, which is 80 Hz on average in a long run"),
)
SYNAPSE_LIMITS = tuple((name, f"{-SYNAPSE_LIMIT:g} to {SYNAPSE_LIMIT:g}") for name in ("weight", "c", "n"))
LIMITS = NEURON_LIMITS + SYNAPSE_LIMITS
POTENTIAL, SPIKES, WEIGHT, ELIGIBILITY, DOPAMINE = range(len(LIMITS))


@njit
def check_states(network):
    """Note the first neuron or plastic synapse whose state has left the limits."""
    failure, now = network.failure, network.cursor[0].now
    for i in range(len(network.neurons.V_mV)):
        V_mV = network.neurons.V_mV[i]
        if not abs(V_mV) <= V_LIMIT_mV:
            note_failure(failure, POTENTIAL, now, i, V_mV)
    state = network.plastic.state
    for k in range(len(state)):
        synapse = state[k]
        in_limits = abs(synapse.weight) <= SYNAPSE_LIMIT
        in_limits &= abs(synapse.c) <= SYNAPSE_LIMIT
        in_limits &= abs(synapse.n) <= SYNAPSE_LIMIT
        # One branch for all three: there are many synapses.
        if in_limits:
            continue
        if not abs(synapse.weight) <= SYNAPSE_LIMIT:
            note_failure(failure, WEIGHT, now, k, synapse.weight)
        if not abs(synapse.c) <= SYNAPSE_LIMIT:
            note_failure(failure, ELIGIBILITY, now, k, synapse.c)
        if not abs(synapse.n) <= SYNAPSE_LIMIT:
            note_failure(failure, DOPAMINE, now, k, synapse.n)


def raise_any_failure(network, dt_ms):
    """Raise a `replasticity.errors.StateError` if a state has left its limits."""
    place = "neuron" if network.failure[0]["variable"] < len(NEURON_LIMITS) else "synapse"
    raise_failure(network.failure, LIMITS, dt_ms, place)
