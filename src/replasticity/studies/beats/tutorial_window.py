"""STDP window of the synapses tutorial: many pairs of neurons, the later the one spikes the earlier the other.

The numbers in the question that this study goes back to are the first weights. Nothing is random. Source:
docs/models/pair_stdp.md#tutorial-window.
"""

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, Positive, PositiveInt, is_recorded, quantity
from replasticity.definitions.ranges import Range
from replasticity.models.pair_stdp_parameters import PairSynapse, seconds
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared


class Parameters(PairSynapse):
    """Parameters of the protocol."""

    duration_ms: GridDuration = quantity("Duration of the run.", varied=Range(1.0, 60.0))
    pairs: PositiveInt = quantity("Number of pairs.", varied=Range(2, 60), ge=2, size=True)
    latest_spike_ms: Positive = quantity(
        "Presynaptic spikes are asked for at 0 to this time, postsynaptic ones at this time down to 0.",
        symbol=r"t_\mathrm{max}",
        varied=Range(0.05, 50.0, log=True, special=(1.0, 10.0)),
    )

    @model_validator(mode="after")
    def _spikes_lie_in_the_run(self, info: ValidationInfo) -> "Parameters":
        if not is_recorded(info) and self.latest_spike_ms + 2 * self.dt_ms > self.duration_ms:
            raise ValueError("latest_spike_ms: has to be at least two steps before the run's end (see duration_ms)")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: two spikes at each synapse, and the time of each step, with temporaries."""
        events = self.events_cost(self.pairs, 2 * self.pairs)
        return Cost(events.memory_bytes + 3 * 8 * self.duration_ms / self.dt_ms, events.seconds)


RUN = {
    "requested_pre_ms": Variable(("synapse",), "requested presynaptic time; the spike comes in the next step"),
    "requested_post_ms": Variable(("synapse",), "requested postsynaptic time"),
    "difference_ms": Variable(
        ("synapse",), "postsynaptic minus presynaptic spike time; NaN if a neuron does not spike", trace=True
    ),
    **shared.RUN,
}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: each neuron spikes once, in the first step that is later than requested."""
    from replasticity.models import pair_stdp

    steps = p.steps(p.duration_ms)
    time_s = np.arange(steps) * seconds(p.dt_ms)
    # The product before the quotient, as in the tutorial.
    neurons, latest_s, intervals = np.arange(p.pairs), seconds(p.latest_spike_ms), p.pairs - 1
    requested_s = neurons * latest_s / intervals, (intervals - neurons) * latest_s / intervals
    # t > T strictly: a spike requested at 0 comes in step 1.
    pre, post = (np.searchsorted(time_s, times, side="right") for times in requested_s)
    synapses = pair_stdp.run_and_keep_events(p, *(shared.single_spikes(side, steps) for side in (pre, post)))
    return build(
        RUN,
        synapses
        | {
            "requested_pre_ms": requested_s[0] * 1e3,
            "requested_post_ms": requested_s[1] * 1e3,
            "difference_ms": np.where((pre < steps) & (post < steps), (post - pre) * p.dt_ms, np.nan),
        },
    )
