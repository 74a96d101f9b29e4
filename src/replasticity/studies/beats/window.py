"""STDP window: the weight change of one pairing against the spike-time difference. Nothing is random.

Source: docs/models/pair_stdp.md#stdp-window.
"""

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, GridTime, is_recorded, quantity
from replasticity.definitions.ranges import ListOf, OneOf, Range
from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared

#: On the grid of all time steps that are tried [ms].
_VARIED_DIFFERENCES_MS = OneOf(0.0, 0.2, -0.2, *(step / 5 for step in range(-50, 51)))


class Parameters(PairSynapse):
    """Parameters of the protocol."""

    duration_ms: GridDuration = quantity("Duration of the run.", varied=Range(10.0, 40.0))
    pre_time_ms: GridTime = quantity("Time of the presynaptic spike of each synapse.", varied=Range(0.0, 20.0))
    differences_ms: list[float] = quantity(
        "Postsynaptic minus presynaptic spike time of each synapse.",
        symbol="D",
        varied=ListOf(_VARIED_DIFFERENCES_MS),
        min_length=1,
    )

    @model_validator(mode="after")
    def _spikes_lie_in_the_run(self, info: ValidationInfo) -> "Parameters":
        first_ms, last_ms = min(0.0, *self.differences_ms), max(0.0, *self.differences_ms)
        # Brian2 refuses it, too (brian2/input/spikegeneratorgroup.py, _check_args).
        if self.pre_time_ms + first_ms < -self.dt_ms / 2:
            raise ValueError("differences_ms: no postsynaptic spike before the run's start (see pre_time_ms)")
        self.require_whole_steps("differences_ms", least=-self.steps(self.pre_time_ms))
        if not is_recorded(info) and self.pre_time_ms + last_ms > self.duration_ms - self.dt_ms / 2:
            raise ValueError(f"differences_ms: no spike after the run's end at {self.duration_ms:g} ms")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: two spikes at each synapse."""
        return self.events_cost(len(self.differences_ms), 2 * len(self.differences_ms))


RUN = {
    "difference_ms": Variable(("synapse",), "postsynaptic minus presynaptic spike time", trace=True),
    "dw": Variable(("synapse",), "weight change, final minus initial"),
    **shared.RUN,
}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: one synapse for each difference, with its two spikes."""
    from replasticity.models import pair_stdp

    steps, differences = p.steps(p.duration_ms), np.array([p.steps(each) for each in p.differences_ms])
    pre = np.full_like(differences, p.steps(p.pre_time_ms))
    spikes = (shared.single_spikes(side, steps) for side in (pre, pre + differences))
    synapses = pair_stdp.run_and_keep_events(p, *spikes)
    dw = synapses["weight_final"] - p.weight_initial
    return build(RUN, synapses | {"difference_ms": differences * p.dt_ms, "dw": dw})
