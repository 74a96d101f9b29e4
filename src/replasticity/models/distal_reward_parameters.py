"""Parameters of the distal-reward network, and of a synapse, or of stimuli, that earn rewards in it."""

from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import (
    Cost,
    NonNegative,
    NonNegativeInt,
    Parameters,
    Positive,
    PositiveInt,
    is_recorded,
    quantity,
)
from replasticity.definitions.ranges import OneOf, Range

#: A step is 1 ms.
STEPS_PER_S = 1000


class DistalRewardNetwork(Parameters):
    """A network of Izhikevich's neurons whose excitatory synapses learn, and for how long it runs.

    Symbols are those of the paper, or of the published program.
    """

    duration_s: PositiveInt = quantity("Duration of the run.", varied=OneOf(6, 7, 8, 9))
    exc_cells: PositiveInt = quantity(
        "Number of excitatory cells.", symbol="N_e", varied=Range(2, 200, log=True, special=(1,)), size=True
    )
    inh_cells: PositiveInt = quantity(
        "Number of inhibitory cells.", symbol="N_i", varied=Range(1, 50, log=True), size=True
    )
    synapses_per_cell: PositiveInt = quantity(
        "Outgoing synapses of each cell.", symbol="M", varied=Range(1, 100, log=True)
    )
    a_exc_per_ms: float = quantity(
        "Rate of recovery a of excitatory cells.", symbol="a", varied=Range(0.005, 0.2, log=True, special=(0.0, 1.0))
    )
    a_inh_per_ms: float = quantity(
        "Rate of recovery a of inhibitory cells.", symbol="a", varied=Range(0.005, 0.2, log=True, special=(0.0, 1.0))
    )
    d_exc_mV: float = quantity(
        "Jump d of the recovery variable at a spike of excitatory cells.", symbol="d", varied=Range(0.0, 20.0)
    )
    d_inh_mV: float = quantity(
        "Jump d of the recovery variable at a spike of inhibitory cells.", symbol="d", varied=Range(0.0, 20.0)
    )
    b: float = quantity(
        "Coupling b of the recovery variable to the membrane potential.", symbol="b", varied=Range(0.0, 0.3)
    )
    c_mV: float = quantity("Membrane potential c after a spike.", symbol="c", varied=Range(-80.0, -40.0))
    v_peak_mV: float = quantity("Peak of a spike.", varied=Range(-40.0, 50.0))
    v_init_mV: float = quantity("Membrane potential at the start.", varied=Range(-90.0, 60.0))
    w_exc_init_mV: NonNegative = quantity("Excitatory weight at the start.", symbol="s", varied=Range(0.0, 10.0))
    w_inh_mV: float = quantity("Inhibitory weight; constant.", symbol="s", varied=Range(-10.0, 0.0))
    w_max_mV: Positive = quantity(
        "Upper bound of excitatory weights; the lower one is 0.", symbol="s_m", varied=Range(0.1, 20.0, log=True)
    )
    noise_amplitude_mV: NonNegative = quantity(
        "Width of the uniform distribution of the noise.", varied=Range(0.0, 40.0)
    )
    trace_increment_mV: float = quantity("Value of a cell's STDP trace at its spike.", varied=Range(0.0, 1.0))
    trace_decay: NonNegative = quantity("Factor of the STDP trace per step.", le=1, varied=Range(0.0, 1.0))
    ltd_factor: float = quantity("Depression relative to potentiation.", varied=Range(0.0, 3.0))
    eligibility_decay: NonNegative = quantity(
        "Factor of the eligibility per weight update.", le=1, varied=Range(0.0, 1.0)
    )
    weight_update_period_ms: PositiveInt = quantity(
        "Time from one weight update to the next.", varied=Range(1, 1000, log=True)
    )
    dopamine_baseline: float = quantity(
        "Dopamine without reward, per weight update.", varied=Range(-0.1, 0.5, special=(0.0,))
    )
    dopamine_decay: NonNegative = quantity("Factor of dopamine per step.", le=1, varied=Range(0.9, 1.0, special=(0.0,)))
    dopamine_increment: float = quantity("Dopamine of one reward.", varied=Range(-0.5, 1.0, special=(0.0,)))
    parallel_synapses_add: bool = quantity(
        "Whether several synapses between the same two cells add up; if not, only the last one transmits.",
        varied=OneOf(False, True),
    )
    sample_interval_s: PositiveInt = quantity(
        "Interval at which the distribution of weights is recorded.", varied=OneOf(1, 2, 3), kept="recording interval"
    )

    @model_validator(mode="after")
    def _samples_fit(self, info: ValidationInfo) -> "DistalRewardNetwork":
        if self.c_mV >= self.v_peak_mV:
            raise ValueError(f"c_mV: has to be less than v_peak_mV ({self.v_peak_mV:g})")
        recorded = is_recorded(info)
        if self.duration_s % self.sample_interval_s and not recorded:
            raise ValueError(f"duration_s: has to be a whole multiple of sample_interval_s ({self.sample_interval_s})")
        return self

    @property
    def cells(self) -> int:
        """Number of neurons."""
        return self.exc_cells + self.inh_cells

    @property
    def exc_synapses(self) -> int:
        """Number of excitatory, that is plastic, synapses."""
        return self.exc_cells * self.synapses_per_cell

    def network_cost(self, longest_reward_delay_ms: float) -> Cost:
        """Return what the network needs: wiring and state, one second of spikes, records of each second and sample."""
        neurons, synapses = float(self.cells), float(self.cells) * self.synapses_per_cell
        memory_bytes = (
            200 * synapses
            # A neuron may spike in each step of a second.
            + 60 * STEPS_PER_S * neurons
            + 100 * self.duration_s
            + 400 * self.duration_s / self.sample_interval_s
            + 2 * longest_reward_delay_ms
        )
        # A neuron takes 1 ns in a step, a synapse 0.2 ns when weights change.
        step_s = 1e-9 * neurons + 0.2e-9 * synapses / self.weight_update_period_ms
        return Cost(memory_bytes, self.duration_s * float(STEPS_PER_S) * step_s)


class RewardedSynapse(DistalRewardNetwork):
    """A synapse, the chosen one, whose presynaptic and then postsynaptic spike earn a delayed reward."""

    chosen_pre: NonNegativeInt = quantity("Presynaptic cell of the chosen synapse.", symbol="n_1", varied=Range(0, 199))
    chosen_slot: NonNegativeInt = quantity("Which of that cell's synapses is the chosen one.", varied=Range(0, 99))
    coincidence_ms: NonNegativeInt = quantity(
        "A postsynaptic spike less than this after the other counts.", varied=Range(0, 5000)
    )
    reward_delay_min_ms: NonNegativeInt = quantity(
        "Shortest time from a coincidence to its reward.", varied=Range(0, 3000)
    )
    reward_delay_span_ms: NonNegative = quantity(
        "Range of the time from a coincidence to its reward.", varied=Range(0.0, 3000.0)
    )

    @model_validator(mode="after")
    def _chosen_synapse_exists(self) -> "RewardedSynapse":
        if self.chosen_pre >= self.exc_cells:
            raise ValueError(f"chosen_pre: has to be an excitatory neuron, less than {self.exc_cells}")
        if self.chosen_slot >= self.synapses_per_cell:
            raise ValueError(f"chosen_slot: has to be less than synapses_per_cell ({self.synapses_per_cell})")
        if self.exc_synapses < 2:
            raise ValueError("exc_cells: the chosen synapse is compared with at least one other excitatory synapse")
        return self

    @property
    def chosen_synapse(self) -> int:
        """Number of the chosen synapse."""
        return self.chosen_pre * self.synapses_per_cell + self.chosen_slot


class RewardedStimuli(DistalRewardNetwork):
    """Stimuli: sets of neurons that get a current, one set after the other; some are followed by a reward."""

    stimuli: PositiveInt = quantity("Number of different stimuli.", ge=2, varied=Range(2, 20))
    stimulus_cells: PositiveInt = quantity("Cells of each stimulus.", varied=Range(1, 50), size=True)
    stimulus_mV: NonNegative = quantity("Current into each cell of a stimulus, for one step.", varied=Range(0.0, 60.0))
    interval_min_ms: PositiveInt = quantity(
        "Shortest time from one stimulus to the next.", varied=Range(1, 500, log=True)
    )
    interval_max_ms: PositiveInt = quantity(
        "Longest time from one stimulus to the next.", varied=Range(1, 1000, log=True)
    )
    reward_delay_max_ms: PositiveInt = quantity(
        "Longest time from a stimulus to its reward.", varied=Range(1, 2000, log=True)
    )

    @model_validator(mode="after")
    def _stimuli_fit(self) -> "RewardedStimuli":
        if self.stimulus_cells > self.cells:
            raise ValueError(f"stimulus_cells: has to be at most the number of cells ({self.cells})")
        if self.interval_max_ms < self.interval_min_ms:
            raise ValueError(f"interval_max_ms: has to be at least interval_min_ms ({self.interval_min_ms})")
        return self
