"""One synapse: its weight against the time of the dopamine spike (docs/models/dopamine_stdp.md#protocol-timing).

One presynaptic and one postsynaptic spike leave an eligibility trace; a dopamine spike turns what is left of it into a
change of weight. Nothing is random.
"""

from typing import Any

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, is_recorded, quantity
from replasticity.definitions.ranges import ListOf, OneOf, Range
from replasticity.models.dopamine_stdp_parameters import DeltaNeurons, DopamineSynapse, Population
from replasticity.numerics.arrays import IntArray
from replasticity.storage.contract import Arrays, Variable, build


class Parameters(DeltaNeurons, DopamineSynapse):
    """Spikes and amounts of dopamine."""

    weight_initial: NonNegative = quantity("Weight at the start.", symbol="w", varied=Range(0.0, 10.0))
    A_vt: list[float] = quantity(
        "Amounts of dopamine of a spike.",
        symbol=r"A_\mathrm{vt}",
        min_length=1,
        varied=ListOf(Range(-2.0, 2.0, special=(0.0,)), lengths=(1, 2)),
    )
    pre_times_ms: list[NonNegative] = quantity(
        "Presynaptic spikes, as given to the generator.", varied=ListOf(Range(1.0, 100.0), lengths=(0, 5))
    )
    post_times_ms: list[NonNegative] = quantity(
        "Postsynaptic spikes, as given to the generator.", varied=ListOf(Range(1.0, 100.0), lengths=(0, 5))
    )
    dopamine_times_ms: list[NonNegative] = quantity(
        "Times of the dopamine spike, as given to the generator; one point each.",
        min_length=1,
        varied=ListOf(Range(1.0, 200.0), lengths=(1, 4)),
    )
    kick_mV: float = quantity(
        "Jump of the potential that makes the neuron spike.", varied=Range(-50.0, 9999.0, special=(0.0, 10.0))
    )
    sample_interval_ms: GridDuration = quantity(
        "Interval of the samples of the synapse.", output_option=True, varied=OneOf(1.0, 2.5, 5.0)
    )

    @model_validator(mode="after")
    def _samples_lie_at_slice_ends(self, info: ValidationInfo) -> "Parameters":
        slices = self.sample_interval_ms / self.slice_ms
        if self.events == "slice" and not is_recorded(info) and abs(slices - round(slices)) > 1e-9:
            raise ValueError("sample_interval_ms: has to be a whole multiple of slice_ms")
        return self

    @property
    def populations(self) -> list[Population]:
        """The neuron of one point."""
        return [Population(1, self.refractory_ms)]

    def cost(self) -> Cost:
        """Return what a run needs: one point after the other, whose readings are kept."""
        points = len(self.A_vt) * len(self.dopamine_times_ms)
        readings = 5 * (self.duration_ms / self.sample_interval_ms + 2)
        events = len(self.pre_times_ms) + len(self.post_times_ms) + 1
        memory_bytes, seconds = self.network_cost(synapses=1, events=events, kept_numbers=readings * points)
        return Cost(memory_bytes, points * seconds)


SHORTEST = {"A_vt": [1.0], "dopamine_times_ms": [1000.0]}

_POINT = ("amount", "point")
RUN = {
    "time_ms": Variable(("time_ms",), "time of the samples", trace=True),
    "weight": Variable((*_POINT, "time_ms"), "weight", trace=True),
    "c": Variable((*_POINT, "time_ms"), "eligibility trace", trace=True),
    "n": Variable((*_POINT, "time_ms"), "dopamine concentration", trace=True),
    "x": Variable((*_POINT, "time_ms"), "presynaptic trace"),
    "weight_final": Variable(_POINT, "weight at the end"),
}


def simulate_point(
    p: Parameters, A_vt: float, pre: IntArray, post: IntArray, dopamine: IntArray, read: IntArray
) -> Any:
    """Run one synapse; spikes are steps: of the presynaptic and the dopamine relay, and of the postsynaptic neuron."""
    from replasticity.models.dopamine_stdp_runs import simulate_relayed

    return simulate_relayed(
        p,
        relayed=(pre, np.zeros_like(pre)),
        kicks=(post, np.zeros_like(post)),
        kick_mV=p.kick_mV,
        dopamine=(dopamine + p.steps(p.dopamine_delay_ms), np.full(len(dopamine), A_vt / p.tau_n_ms)),
        weights=np.array([p.weight_initial]),
        read=read,
    )


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    p, end = parameters, parameters.steps(parameters.duration_ms)
    samples = np.arange(0, end + 1, p.steps(p.sample_interval_ms))
    read = np.union1d(samples, end)
    pre, post, dopamine = (
        p.steps(times_ms) + p.steps(p.relay_delay_ms)
        for times_ms in (p.pre_times_ms, p.post_times_ms, p.dopamine_times_ms)
    )
    points = [
        [simulate_point(p, A_vt, pre, post, each, read)[1][:, 0] for each in np.split(dopamine, len(dopamine))]
        for A_vt in p.A_vt
    ]
    states = np.array(points)
    sampled = {name: states[name][..., : len(samples)] for name in ("weight", "c", "n", "x")}
    return build(RUN, {"time_ms": samples * p.dt_ms, **sampled, "weight_final": states["weight"][..., -1]})
