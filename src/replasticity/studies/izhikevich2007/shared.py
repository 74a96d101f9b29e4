"""What both experiments of Izhikevich (2007) share: the network's parameters, its records, and its hour in seconds.

Time advances in seconds of the model. After each second what it left is put into the records, and now and then
everything that is needed to go on is put into a checkpoint.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, NonNegative, Positive, PositiveInt
from replasticity.definitions.parameters import Parameters as BaseParameters
from replasticity.errors import StateError
from replasticity.models.limits import raise_failure
from replasticity.pipeline import progress
from replasticity.pipeline.checkpoints import Checkpoint
from replasticity.storage.contract import Arrays, Variable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STEPS_PER_S = 1000

#: A killed run loses at most this much model time [s].
CHECKPOINT_INTERVAL_S = 120

#: A network runs away if all its cells fire at more than this in a second; the published one fires at a few [Hz].
HIGHEST_RATE_HZ = 150.0

#: Bins of the histogram of weights, from 0 to the bound.
WEIGHT_BINS = 80

#: Share of the excitatory synapses above each of the recorded weights; 0 stands for the largest.
UPPER_SHARES = (0.0, 0.001, 0.01, 0.1)


class NetworkParameters(BaseParameters):
    """Parameters of the network. Their order is that of docs/models/distal_reward.md#parameters."""

    duration_s: PositiveInt = Field(description="Duration of the run.")
    exc_cells: PositiveInt = Field(description="Number of excitatory cells.")
    inh_cells: PositiveInt = Field(description="Number of inhibitory cells.")
    synapses_per_cell: PositiveInt = Field(description="Outgoing synapses of each cell.")
    a_exc_per_ms: float = Field(description="Rate of recovery a of excitatory cells.")
    a_inh_per_ms: float = Field(description="Rate of recovery a of inhibitory cells.")
    d_exc_mV: float = Field(description="Jump d of the recovery variable at a spike of excitatory cells.")
    d_inh_mV: float = Field(description="Jump d of the recovery variable at a spike of inhibitory cells.")
    b: float = Field(description="Coupling b of the recovery variable to the membrane potential.")
    c_mV: float = Field(description="Membrane potential c after a spike.")
    v_peak_mV: float = Field(description="Peak of a spike.")
    v_init_mV: float = Field(description="Membrane potential at the start.")
    w_exc_init_mV: NonNegative = Field(description="Excitatory weight at the start.")
    w_inh_mV: float = Field(description="Inhibitory weight; constant.")
    w_max_mV: Positive = Field(description="Upper bound of excitatory weights; the lower one is 0.")
    noise_amplitude_mV: NonNegative = Field(description="Width of the uniform distribution of the noise.")
    trace_increment_mV: float = Field(description="Value of a cell's STDP trace at its spike.")
    trace_decay: NonNegative = Field(description="Factor of the STDP trace per step.", le=1)
    ltd_factor: float = Field(description="Depression relative to potentiation.")
    eligibility_decay: NonNegative = Field(description="Factor of the eligibility per weight update.", le=1)
    weight_update_period_ms: PositiveInt = Field(description="Time from one weight update to the next.")
    dopamine_baseline: float = Field(description="Dopamine without reward, per weight update.")
    dopamine_decay: NonNegative = Field(description="Factor of dopamine per step.", le=1)
    dopamine_increment: float = Field(description="Dopamine of one reward.")
    parallel_synapses_add: bool = Field(
        description="Whether several synapses between the same two cells add up; if not, only the last one transmits."
    )
    sample_interval_s: PositiveInt = Field(description="Interval at which the distribution of weights is recorded.")

    @model_validator(mode="after")
    def _samples_fit(self, info: ValidationInfo) -> "NetworkParameters":
        if self.c_mV >= self.v_peak_mV:
            raise ValueError(f"c_mV: has to be less than v_peak_mV ({self.v_peak_mV:g})")
        recorded = bool(info.context and info.context.get("recorded"))
        if self.duration_s % self.sample_interval_s and not recorded:
            raise ValueError(f"duration_s: has to be a whole multiple of sample_interval_s ({self.sample_interval_s})")
        return self

    def network_cost(self, longest_reward_delay_ms: float) -> Cost:
        """Return what the network needs: wiring and state, records, and one second of spikes."""
        cells, synapses = float(self.cells), float(self.cells) * self.synapses_per_cell
        steps = self.duration_s * float(STEPS_PER_S)
        memory_bytes = (
            200 * synapses
            # A cell may spike in each step of a second.
            + 60 * STEPS_PER_S * cells
            + 100 * self.duration_s
            + 4 * (WEIGHT_BINS + 20) * self.duration_s / self.sample_interval_s
            + 2 * longest_reward_delay_ms
        )
        # A cell takes 1 ns in a step, a synapse 0.2 ns when weights change.
        return Cost(memory_bytes, steps * (1e-9 * cells + 0.2e-9 * synapses / self.weight_update_period_ms))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.exc_cells + self.inh_cells

    @property
    def exc_synapses(self) -> int:
        """Number of excitatory, that is plastic, synapses."""
        return self.exc_cells * self.synapses_per_cell


NETWORK_RUN: dict[str, Variable] = {
    "time_s": Variable(("time_s",), "end of each second"),
    "sample_s": Variable(("sample_s",), "time of the samples of the weights"),
    "upper_share": Variable(("upper_share",), "share of the excitatory synapses that are stronger"),
    "target": Variable(("synapse",), "target of each synapse; synapse = cell * synapses per cell + slot", "int32"),
    "weight_final_mV": Variable(("synapse",), "weight of each synapse after the last step"),
    "rate_exc_Hz": Variable(("time_s",), "rate of the excitatory cells in each second"),
    "rate_inh_Hz": Variable(("time_s",), "rate of the inhibitory cells in each second"),
    "rewards": Variable(("time_s",), "rewards given up to the end of each second", "int32"),
    "dopamine": Variable(("time_s",), "dopamine above its baseline at the end of each second"),
    "mean_weight_mV": Variable(("sample_s",), "mean excitatory weight"),
    "upper_weight_mV": Variable(
        ("sample_s", "upper_share"), "excitatory weight that the given share exceeds, the chosen synapse left out"
    ),
    "weight_histogram": Variable(
        ("sample_s", "weight_bin"), "excitatory synapses per bin of weight, from 0 to the bound", "int32"
    ),
}

NETWORK_PARAMETER_NAMES = {
    "n_exc": "exc_cells",
    "n_inh": "inh_cells",
    "n_syn": "synapses_per_cell",
    "a_exc": "a_exc_per_ms",
    "a_inh": "a_inh_per_ms",
    "d_exc": "d_exc_mV",
    "d_inh": "d_inh_mV",
    "c": "c_mV",
    "v_peak": "v_peak_mV",
    "v_init": "v_init_mV",
    "w_exc_init": "w_exc_init_mV",
    "w_inh": "w_inh_mV",
    "w_max": "w_max_mV",
    "noise_amplitude": "noise_amplitude_mV",
    "trace_increment": "trace_increment_mV",
}


class Network:
    """A network on its way through time.

    Attributes
    ----------
    state, wiring, stimuli, step, chunk : namedtuple
        See `replasticity.models.distal_reward`. The chunk holds the last second that was simulated.
    chosen_synapse : int or None
        The synapse that is singled out.
    """

    def __init__(
        self,
        parameters: NetworkParameters,
        seed: int,
        target: npt.NDArray[np.int32],
        *,
        chosen_synapse: int | None = None,
        coincidence_ms: int = 0,
        reward_delay_min_ms: int = 0,
        reward_delay_span_ms: float = 0.0,
        stimuli: Mapping[str, npt.NDArray[Any]] | None = None,
        stimulus_mV: float = 0.0,
    ) -> None:
        from replasticity.models import distal_reward as model

        self._model = model
        self.chosen_synapse = chosen_synapse
        slots = parameters.synapses_per_cell
        target = np.asarray(target, np.int32)
        self.wiring = model.wire(
            target, parameters.exc_cells, parameters.cells, slots, parameters.parallel_synapses_add
        )
        names = set(model.DistalRewardStep._fields)
        chosen = model.NONE if chosen_synapse is None else chosen_synapse
        self.step = model.discretise(
            slots=slots,
            **{name: value for name, value in _as_constants(parameters).items() if name in names},
            coincidence_ms=coincidence_ms,
            reward_delay_min_ms=reward_delay_min_ms,
            reward_delay_span_ms=float(reward_delay_span_ms),
            chosen_synapse=chosen,
            chosen_pre=model.NONE if chosen == model.NONE else chosen // slots,
            chosen_post=model.NONE if chosen == model.NONE else int(target[chosen]),
            stimulus_mV=float(stimulus_mV),
            seed=seed,
        )
        self.stimuli = model.no_stimuli() if stimuli is None else model.Stimuli(**stimuli)
        longest = model.longest_reward_delay_ms(reward_delay_min_ms, reward_delay_span_ms)
        self.state = model.initial_state(
            cells=parameters.cells,
            slots=slots,
            v_init_mV=parameters.v_init_mV,
            w_exc_init_mV=parameters.w_exc_init_mV,
            w_inh_mV=parameters.w_inh_mV,
            longest_reward_delay_ms=max([longest, *self.stimuli.reward_delay_ms.tolist()]),
            step=self.step,
        )
        self.chunk = model.empty_chunk(STEPS_PER_S, parameters.cells)
        self._fired = np.zeros(parameters.cells, np.uint32)

    def advance(self, first: int, end: int) -> None:
        """Simulate the steps ``first < t <= end``, at most a second, and leave what happened in the chunk.

        Raises a `StateError` if a state leaves its limits, or the network runs away.
        """
        self._model.simulate(
            first + 1, end + 1, self.state, self.wiring, self.stimuli, self.step, self.chunk, self._fired
        )
        raise_failure(self.chunk.failure, self._model.LIMITS, 1.0, "cell")
        rate_Hz = self.chunk.counts[self._model.SPIKES] / len(self.state.v_mV) / (end - first) * STEPS_PER_S
        if rate_Hz > HIGHEST_RATE_HZ:
            raise StateError(
                f"the mean rate of all cells is {rate_Hz:.4g} Hz in the second that ends at {end} ms, allowed: at most "
                f"{HIGHEST_RATE_HZ:g} Hz; with these parameters the run means nothing"
            )

    def spikes(self) -> tuple[IntArray, IntArray]:
        """Return step and cell of each spike of the last second."""
        count = self.chunk.counts[self._model.SPIKES]
        return self.chunk.spike_step[:count].astype(np.int64), self.chunk.spike_cell[:count].astype(np.int64)

    def scheduled_rewards(self) -> tuple[IntArray, IntArray]:
        """Return, for each reward scheduled in the last second, the step of its reason and its own."""
        count = self.chunk.counts[self._model.REWARDS]
        return self.chunk.coincidence_step[:count].copy(), self.chunk.reward_step[:count].copy()


def _as_constants(parameters: NetworkParameters) -> dict[str, Any]:
    """Return the parameters as numbers of fixed types, so that ``1`` and ``1.0`` are one compiled function."""
    whole = {"exc_cells", "inh_cells", "weight_update_period_ms"}
    return {
        name: value if name in whole else float(value)
        for name, value in parameters.model_dump(include=set(NetworkParameters.model_fields)).items()
    }


def draw_targets(parameters: NetworkParameters, seed: int) -> npt.NDArray[np.int32]:
    """Return the target of each synapse (docs/models/distal_reward.md#connectivity)."""
    from replasticity.models import distal_reward as model

    target: npt.NDArray[np.int32] = model.draw_targets(
        seed, parameters.exc_cells, parameters.inh_cells, parameters.synapses_per_cell
    )
    return target


def seconds(
    network: Network, record: Arrays, duration_s: int, what: str, checkpoint: Checkpoint | None
) -> Iterator[int]:
    """Let time pass, second by second, from the last checkpoint on.

    Parameters
    ----------
    network : Network
        The network before its first step.
    record : dict of str to ndarray
        All that the caller writes after each second: kept in checkpoints together with the network's state, and
        replaced by what a checkpoint has.
    duration_s : int
        Duration of the run [s].
    what : str
        What the progress display calls it.
    checkpoint : Checkpoint, optional
        Where to keep the state.

    Yields
    ------
    int
        Number of the second that has just been simulated, from 0.
    """
    done_s = 0
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        done_s = int(saved.pop("done_s"))
        for name, array in saved.items():
            kind, _, key = name.partition(".")
            if kind == "state":
                getattr(network.state, key)[...] = array
            else:
                record[key] = array
    for first, end in progress.in_chunks(duration_s * STEPS_PER_S, STEPS_PER_S, what, done_s * STEPS_PER_S):
        network.advance(first, end)
        yield first // STEPS_PER_S
        done_s = end // STEPS_PER_S
        if checkpoint is not None and done_s % CHECKPOINT_INTERVAL_S == 0 and done_s < duration_s:
            arrays = {f"state.{key}": array for key, array in network.state._asdict().items()}
            arrays |= {f"record.{key}": array for key, array in record.items()}
            checkpoint.save({"done_s": np.array(done_s), **arrays})


def empty_record(parameters: NetworkParameters) -> Arrays:
    """Return the records that both experiments keep, not yet filled."""
    seconds_, samples = parameters.duration_s, parameters.duration_s // parameters.sample_interval_s
    return {
        "rate_exc_Hz": np.zeros(seconds_),
        "rate_inh_Hz": np.zeros(seconds_),
        "rewards": np.zeros(seconds_, np.int32),
        "dopamine": np.zeros(seconds_),
        "mean_weight_mV": np.zeros(samples),
        "upper_weight_mV": np.zeros((samples, len(UPPER_SHARES))),
        "weight_histogram": np.zeros((samples, WEIGHT_BINS), np.int32),
    }


def record_second(record: Arrays, second: int, network: Network, parameters: NetworkParameters) -> None:
    """Put what both experiments keep of the last second into the record."""
    _, cell = network.spikes()
    exc_spikes = np.count_nonzero(cell < parameters.exc_cells)
    record["rate_exc_Hz"][second] = exc_spikes / parameters.exc_cells
    record["rate_inh_Hz"][second] = (len(cell) - exc_spikes) / parameters.inh_cells
    before = record["rewards"][second - 1] if second else 0
    record["rewards"][second] = before + np.count_nonzero(network.chunk.rewarded)
    record["dopamine"][second] = network.chunk.dopamine[-1]
    if (second + 1) % parameters.sample_interval_s == 0:
        _record_weights(record, (second + 1) // parameters.sample_interval_s - 1, network, parameters)


def _record_weights(record: Arrays, sample: int, network: Network, parameters: NetworkParameters) -> None:
    """Put the distribution of the weights into the record."""
    weight_mV = network.state.weight_mV[: parameters.exc_synapses]
    others_mV = weight_mV if network.chosen_synapse is None else np.delete(weight_mV, network.chosen_synapse)
    ranks = upper_ranks(parameters)
    # The k-th largest is the (n - k)-th smallest, counted from 0.
    places = len(others_mV) - ranks
    record["mean_weight_mV"][sample] = weight_mV.mean()
    record["upper_weight_mV"][sample] = np.partition(others_mV, places)[places]
    record["weight_histogram"][sample] = np.histogram(weight_mV, weight_edges_mV(parameters))[0]


def mid_rank(value: FloatArray | np.float64, others: FloatArray) -> Any:
    """Return the rank of a value among others (first axis), 1 for the largest; equal values share their mean rank.

    Many weights lie exactly at a bound: the best of their ranks for all of them would call each the strongest.
    """
    return 1 + np.sum(others > value, axis=0) + np.sum(others == value, axis=0) / 2


def upper_ranks(parameters: NetworkParameters) -> IntArray:
    """Return the ranks (1 for the strongest) of the recorded weights."""
    return np.array([max(1, math.floor(share * parameters.exc_synapses)) for share in UPPER_SHARES])


def weight_edges_mV(parameters: NetworkParameters) -> FloatArray:
    """Return the edges of the bins of the histogram of weights [mV]."""
    return np.linspace(0.0, parameters.w_max_mV, WEIGHT_BINS + 1)


def network_run(record: Arrays, network: Network, parameters: NetworkParameters) -> dict[str, Any]:
    """Return the variables of `NETWORK_RUN` after the last second, the targets excepted."""
    return {
        **{name: record[name] for name in NETWORK_RUN if name in record},
        "time_s": np.arange(1, parameters.duration_s + 1),
        "sample_s": np.arange(1, parameters.duration_s // parameters.sample_interval_s + 1)
        * parameters.sample_interval_s,
        "upper_share": UPPER_SHARES,
        "weight_final_mV": network.state.weight_mV,
    }


def seed_of(inputs: Arrays) -> int:
    """Return the seed that stands for the noise, which is drawn while time passes."""
    return int(inputs["seed"].item())
