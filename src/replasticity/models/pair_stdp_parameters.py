"""Parameters of a synapse with pair STDP."""

from replasticity.definitions.parameters import Cost, Positive, VariedTimeGrid, quantity
from replasticity.definitions.ranges import OneOf, Range

#: What one event takes on a fast machine [s]: two exponentials.
SECONDS_PER_EVENT = 5e-9

#: Memory that a spike takes where events are kept [B]: its step (twice), its event (room, and sorted), the order.
_BYTES_PER_SPIKE = 2 * 8 + 2 * 108 + 4 * 8 + 3 * 8

#: Memory that a synapse takes beside its events [B]: small arrays of spikes, and what Python needs for each.
_BYTES_PER_SYNAPSE = 1000


def seconds(time_ms: float) -> float:
    """Return a time in seconds, rounded as the reference simulator rounds it."""
    return time_ms * 0.001


class PairSynapse(VariedTimeGrid):
    """A plastic synapse whose weight changes with each pair of spikes."""

    tau_pre_ms: Positive = quantity(
        "Time constant of the presynaptic trace: width of potentiation.",
        symbol=r"\tau_\mathrm{pre}",
        varied=Range(0.5, 200.0, log=True, special=(20.0,)),
    )
    tau_post_ms: Positive = quantity(
        "Time constant of the postsynaptic trace: width of depression.",
        symbol=r"\tau_\mathrm{post}",
        varied=Range(0.5, 200.0, log=True, special=(20.0,)),
    )
    dA_pre: float = quantity(
        "Growth of the presynaptic trace at a spike: weight change of a coincidence.",
        symbol=r"\Delta A",
        varied=Range(-0.2, 0.2, special=(0.0, 1.0)),
    )
    depression_ratio: float = quantity(
        "Area of the depressing side of the window over the potentiating one.",
        varied=Range(0.0, 2.0, special=(1.0, -1.0)),
    )
    weight_max: Positive = quantity(
        "Upper bound of the weight; the lower bound is 0.",
        symbol=r"w_\mathrm{max}",
        varied=Range(0.1, 10.0, log=True, special=(0.5, 1.0)),
    )
    weight_initial: float = quantity(
        "Weight at the start.", symbol="w_0", varied=Range(-0.2, 1.2, special=(0.0, 0.5, 1.0))
    )
    clip_weight: bool = quantity("Whether the weight stays within its bounds.", varied=OneOf(True, False))

    def events_cost(self, synapses: float, spikes: float) -> Cost:
        """Return the cost of so many synapses whose events are kept, and whose neurons have so many spikes in all."""
        return Cost(synapses * _BYTES_PER_SYNAPSE + spikes * _BYTES_PER_SPIKE, spikes * SECONDS_PER_EVENT)
