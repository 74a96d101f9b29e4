"""A distal-reward network on its way through time, at most a second at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from replasticity.errors import StateError
from replasticity.models import distal_reward as model
from replasticity.models.distal_reward_parameters import STEPS_PER_S, DistalRewardNetwork, RewardedSynapse
from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.numerics.limits import raise_failure

#: A network runs away if all its neurons fire at more than this in a second; the published one fires at a few [Hz].
HIGHEST_RATE_HZ = 150.0

#: Constants of a network in which no synapse earns rewards.
_NOTHING_CHOSEN = {
    "chosen_synapse": model.NONE,
    "chosen_pre": model.NONE,
    "chosen_post": model.NONE,
    "coincidence_ms": 0,
    "reward_delay_min_ms": 0,
    "reward_delay_span_ms": 0.0,
}


class Network:
    """State and constants of a network, and what it did in the last second.

    Parameters
    ----------
    p : DistalRewardNetwork
        Its parameters.
    seed : int
        Noise and reward delays are a function of it.
    target : ndarray of int, shape (synapses,)
        Target of each synapse.
    rewarded : RewardedSynapse, optional
        The synapse that earns rewards.
    stimuli : mapping of str to ndarray, optional
        Fields of `replasticity.models.distal_reward.Stimuli`.
    stimulus_mV : float
        Current of a stimulus into each of its neurons.

    Attributes
    ----------
    state, wiring, stimuli, step, chunk : namedtuple
        See `replasticity.models.distal_reward`. The chunk holds the last second.
    """

    def __init__(
        self,
        p: DistalRewardNetwork,
        seed: int,
        target: npt.NDArray[Any],
        *,
        rewarded: RewardedSynapse | None = None,
        stimuli: Mapping[str, npt.NDArray[Any]] | None = None,
        stimulus_mV: float = 0.0,
    ) -> None:
        target = np.asarray(target, np.int32)
        slots = p.synapses_per_cell
        self.wiring = model.wire(target, p.exc_cells, p.cells, slots, p.parallel_synapses_add)
        fields = set(model.DistalRewardStep._fields)
        constants = _NOTHING_CHOSEN | p.model_dump(include=fields & set(DistalRewardNetwork.model_fields))
        if rewarded is not None:
            constants |= rewarded.model_dump(include=set(_NOTHING_CHOSEN) & set(RewardedSynapse.model_fields))
            chosen = rewarded.chosen_synapse
            constants |= {"chosen_synapse": chosen, "chosen_post": int(target[chosen])}
        self.step = model.discretise(slots=slots, seed=seed, stimulus_mV=float(stimulus_mV), **constants)
        self.stimuli = model.no_stimuli() if stimuli is None else model.Stimuli(**stimuli)
        longest_ms = model.longest_reward_delay_ms(self.step.reward_delay_min_ms, self.step.reward_delay_span_ms)
        self.state = model.initial_state(
            neurons=p.cells,
            slots=slots,
            v_init_mV=p.v_init_mV,
            w_exc_init_mV=p.w_exc_init_mV,
            w_inh_mV=p.w_inh_mV,
            longest_reward_delay_ms=max([longest_ms, *self.stimuli.reward_delay_ms.tolist()]),
            step=self.step,
        )
        self.chunk = model.empty_chunk(STEPS_PER_S, p.cells)
        self._fired = np.zeros(p.cells, np.uint32)

    @property
    def exc_weight_mV(self) -> FloatArray:
        """Weights of the excitatory synapses, as they are now [mV]."""
        return self.state.weight_mV[: self.step.exc_synapses]

    def advance(self, first: int, end: int) -> None:
        """Simulate the steps ``first < t <= end``, at most a second, and leave what happened in the chunk.

        Raises a `StateError` if a state leaves its limits, or the network runs away.
        """
        model.simulate(first + 1, end + 1, self.state, self.wiring, self.stimuli, self.step, self.chunk, self._fired)
        raise_failure(self.chunk.failure, model.LIMITS, 1.0, "neuron")
        rate_Hz = self.chunk.counts[model.SPIKES] / len(self.state.v_mV) / (end - first) * STEPS_PER_S
        if rate_Hz > HIGHEST_RATE_HZ:
            raise StateError(
                f"the mean rate of all neurons is {rate_Hz:.4g} Hz in the second that ends at {end} ms, allowed: at "
                f"most {HIGHEST_RATE_HZ:g} Hz; with these parameters the run means nothing"
            )

    def spikes(self) -> tuple[IntArray, IntArray]:
        """Return step and neuron of each spike of the last second."""
        count = self.chunk.counts[model.SPIKES]
        return self.chunk.spike_step[:count].astype(np.int64), self.chunk.spike_neuron[:count].astype(np.int64)

    def scheduled_rewards(self) -> tuple[IntArray, IntArray]:
        """Return, for each reward scheduled in the last second, the step of its reason and its own."""
        count = self.chunk.counts[model.REWARDS]
        return self.chunk.coincidence_step[:count].copy(), self.chunk.reward_step[:count].copy()
