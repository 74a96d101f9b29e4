"""Pairs of spikes at each lag and frequency, and one pair of irregular trains. Nothing depends on the run's seed."""

from typing import Annotated

import numpy as np
from pydantic import Field

from replasticity.definitions.parameters import Cost, NonNegative, Positive, PositiveInt, TimeGrid, quantity
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Variable, build

START_MS = 200.0
Lag = Annotated[float, Field(ge=-0.9 * START_MS)]
Frequency = Annotated[float, Field(ge=1e-3, le=1e3)]


class Parameters(TimeGrid):
    """Weights are in units of the weight at the start."""

    frequencies_Hz: list[Frequency] = quantity("Pairing frequencies.", symbol=r"\rho", min_length=1)
    lags_ms: list[Lag] = quantity("Post- minus presynaptic spike time.", symbol=r"\Delta t", min_length=1)
    pairs: PositiveInt = quantity("Pairs at each lag and frequency.")
    A2_plus: NonNegative = quantity("Potentiation by pairs.", symbol="A_2^+")
    A3_plus: NonNegative = quantity("Potentiation by triplets.", symbol="A_3^+")
    A2_minus: NonNegative = quantity("Depression by pairs.", symbol="A_2^-")
    A3_minus: NonNegative = quantity("Depression by triplets.", symbol="A_3^-")
    tau_plus_ms: Positive = quantity("Fast presynaptic trace.", symbol=r"\tau_+")
    tau_x_ms: Positive = quantity("Slow presynaptic trace.", symbol=r"\tau_x")
    tau_minus_ms: Positive = quantity("Fast postsynaptic trace.", symbol=r"\tau_-")
    tau_y_ms: Positive = quantity("Slow postsynaptic trace.", symbol=r"\tau_y")
    nearest_spike: bool = quantity("Whether a trace counts its last spike only.")
    weight_initial: NonNegative = quantity("Weight at the start.")
    weight_max: Positive = quantity("Largest weight.")
    irregular_spikes: PositiveInt = quantity("Spikes of each irregular train.")
    irregular_rate_Hz: Frequency = quantity("Their rate.")
    irregular_seed: PositiveInt = quantity("Seed of these trains.")

    def cost(self) -> Cost:
        """Return what a run needs: eight numbers for each pair."""
        spikes = self.pairs * len(self.lags_ms) * len(self.frequencies_Hz) + self.irregular_spikes
        return Cost(memory_bytes=64.0 * spikes, seconds=2e-8 * spikes)


RUN = {
    "pre_train": Variable(("pre",), "train of each presynaptic spike: by lag and frequency; irregular", "int32"),
    "pre_step": Variable(("pre",), "time step of each presynaptic spike", "int64"),
    "post_train": Variable(("post",), "train of each postsynaptic spike", "int32"),
    "post_step": Variable(("post",), "time step of each postsynaptic spike, at the synapse", "int64"),
    "weight_after_pre": Variable(("pre",), "weight after each presynaptic spike"),
    "weight_final": Variable(("train",), "weight after all spikes of a train"),
}


def prescribed_inputs(p: Parameters) -> Arrays:
    """Return all spikes, train by train."""
    begins_ms = [START_MS + 1000 / f * np.arange(p.pairs) for f in p.frequencies_Hz]
    trains = [(each, each + lag) for lag in p.lags_ms for each in begins_ms]
    intervals = random.generator(p.irregular_seed, "irregular").exponential(size=(2, p.irregular_spikes))
    trains.append(START_MS + np.cumsum(np.maximum(intervals * 1000 / p.irregular_rate_Hz, p.dt_ms), axis=1))
    arrays = {}
    for side, times_ms in zip(("pre", "post"), zip(*trains, strict=True), strict=True):
        arrays[f"{side}_train"] = np.repeat(np.arange(len(trains)), [len(each) for each in times_ms])
        arrays[f"{side}_step"] = np.rint(np.concatenate(times_ms) / p.dt_ms)
    return build(RUN, arrays)


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the weights of all trains."""
    from .model import Rule, weights

    rule = Rule(*(getattr(p, name) for name in Rule._fields))
    pre, post = (
        [inputs[f"{side}_step"][inputs[f"{side}_train"] == train] for train in range(inputs["pre_train"][-1] + 1)]
        for side in ("pre", "post")
    )
    after_pre, final = zip(*(weights(*each, rule) for each in zip(pre, post, strict=True)), strict=True)
    return build(RUN, {"weight_after_pre": np.concatenate(after_pre), "weight_final": np.array(final)})
