"""What is measured of each model against the machine's limits, and where the time goes: the table `ROWS`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import network_growth
from replasticity.equations.dopamine_stdp import SYNAPSE
from replasticity.numerics import philox


@dataclass(frozen=True)
class Done:
    """A finished run.

    Attributes
    ----------
    parameters : Parameters
        Of the run.
    calls : list of SimpleNamespace
        The arguments of each call of the timed function by name, with arrays as the run has left them.
    result : dict of str to ndarray
        What the protocol's ``run`` has returned.
    """

    parameters: Any
    calls: list[Any]
    result: Mapping[str, Any]

    @property
    def first(self) -> Any:
        """Arguments of the first call."""
        return self.calls[0]


@dataclass(frozen=True)
class Row:
    """One cost of one model.

    Attributes
    ----------
    experiment, what : str
        Ours, and what is counted.
    timed : str
        Compiled function that is timed, as ``module.function`` below ``replasticity``.
    count : callable
        `Done` -> how many of them a run has.
    functions : dict of str to float
        Compiled functions that one of them needs, and how often.
    why : str
        Where the time goes.
    changes : dict
        Parameters of the run.
    without : dict, optional
        Parameters of another run: what that has less in time and number counts.
    arguments : callable, optional
        Where no protocol is run, but the function is called by itself: its arguments.
    moved_bytes : float
        Bytes of state and record that are read and written for one of them.
    memory : callable, optional
        `Done` -> arrays in which these bytes lie; without it they are few, and in the first cache.
    accesses : float
        How many random places of those arrays one of them has to reach.
    integer_products : float
        Products of two integers of 64 bits each.
    chain : tuple of (float, float), optional
        Operations and exponentials between one result and the next one that needs it.
    """

    experiment: str
    what: str
    timed: str
    count: Callable[[Done], float]
    functions: Mapping[str, float]
    why: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, Any] | None = None
    arguments: Callable[[], tuple[Any, ...]] | None = None
    moved_bytes: float = 0
    memory: Callable[[Done], Iterable[Any]] | None = None
    accesses: float = 0
    integer_products: float = 0
    chain: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """The key of the row's numbers."""
        return f"{self.experiment}, {self.what}"


# Parameters without events, and with more of them than the experiment has.
SILENT_POPULATION = {"rates_Hz": [0.0] * 5}
NO_INPUT_SPIKES = {"profile_gain": 0.0}
NO_RELAY_SPIKES = {"input_rate_Hz": 0.0}
SILENT_CELLS = {"noise_amplitude_mV": 0.0}
FIXED_WEIGHTS = {"weight_update_period_ms": 10**6}
MINUTE = {"duration_s": 60}
MANY_RELAY_SPIKES = {"input_rate_Hz": 500.0}
MANY_SPIKES_MS = [0.1 * step for step in range(49_000)]

#: An event of pair STDP: the traces decay, one grows, the weight moves.
PAIR_EVENT = {"equations.pair_stdp.decay_traces": 1.0, "equations.pair_stdp.presynaptic_spike": 1.0}
#: Its record: weight, two traces and the time of the last event at three moments; step, synapse and kind.
PAIR_RECORD_BYTES = 3 * 4 * 8 + 3 * 4
#: Each event needs the traces of the one before: they decay and grow.
PAIR_CHAIN = (2, 0)
#: Advancing a synapse to an event or a reading, with all dopamine in between.
_LAZY = "models.dopamine_stdp.lazy_updating"
ADVANCE_LAZILY = {f"{_LAZY}.is_cut_at_most_once": 1.0, f"{_LAZY}.advance_lazily": 1.0}
CLOPATH_EVENT = {
    "equations.clopath.decayed_trace": 1.0,
    "equations.clopath.add_to_trace": 1.0,
    "equations.clopath.depress": 1.0,
}


def _solver(slopes: str, variables: int) -> dict[str, float]:
    """Return what one step of the Runge-Kutta-Fehlberg method needs: slopes six times, sums for each variable."""
    sums = ("stage_2", "stage_3", "stage_4", "stage_5", "stage_6", "fifth_order", "error_estimate")
    return {slopes: 6.0} | {f"numerics.runge_kutta_fehlberg.{name}": float(variables) for name in sums}


ADAPTIVE_EXPONENTIAL = _solver("models.adaptive_exponential.slopes", 7)


def _pair_events(done: Done) -> int:
    """Return the events of synapses that share no cell."""
    return len(done.first.trains_pre.steps) + len(done.first.trains_post.steps)


def _clopath_events(done: Done) -> int:
    """Return how many synapses the spikes of inputs and of excitatory neurons reach."""
    network, neurons = done.first.network, done.parameters.exc_count + done.parameters.inh_count
    reached = np.diff(network.exc_exc.first) + np.diff(network.exc_inh.first)
    return len(done.first.input_step) * neurons + int(reached[done.result["exc_spike_index"]].sum())


def _distal_updates(done: Done) -> int:
    """Return the updates of all synapses."""
    p = done.parameters
    return p.duration_s * 1000 // p.weight_update_period_ms * len(done.first.state.eligibility_mV)


def _distal_events(done: Done) -> float:
    """Return how many synapses the spikes reach: those of a cell and, on average, those onto a cell."""
    p, rates = done.parameters, done.result
    spikes = rates["rate_exc_Hz"].sum() * p.exc_cells + rates["rate_inh_Hz"].sum() * p.inh_cells
    return float(spikes * (p.synapses_per_cell + p.exc_synapses / p.cells))


def _dopamine_steps(done: Done) -> int:
    """Return the steps of all neurons; runs of one neuron after the other have a network each."""
    steps = round(done.parameters.duration_ms / done.parameters.dt_ms)
    networks = {id(call.network.cursor): len(call.network.neurons.V_mV) for call in done.calls}
    return sum(networks.values()) * steps


def _dopamine_events(done: Done) -> int:
    cursor = done.first.network.cursor[0]
    return int(cursor["pre_events"]) + int(cursor["post_events"])


ROWS = (
    Row(
        experiment="zenke2015",
        what="step of the factor H",
        timed="models.homeostatic_stdp.simulate",
        changes=SILENT_POPULATION,
        count=lambda done: len(done.first.population_count),
        functions={"equations.homeostatic_stdp.decay_secretory_factor": 1},
        moved_bytes=8,
        chain=(1, 0),
        why="Each step asks whether a sample is due and whether one of two cells spikes; the one multiplication hides "
        "behind that.",
    ),
    Row(
        experiment="zenke2015",
        what="spike of the population",
        timed="models.homeostatic_stdp.simulate",
        without=SILENT_POPULATION,
        count=lambda done: int(done.first.population_count.sum()),
        functions={"equations.homeostatic_stdp.add_population_spikes": 1},
        moved_bytes=8,
        chain=(1, 0),
        why="Spikes are added one by one, since a product would round differently, and their number is random. With "
        "the same numbers in ascending order, which a processor can predict, a spike takes no longer than the chain.",
    ),
    Row(
        experiment="zenke2015",
        what="synaptic event",
        timed="models.homeostatic_stdp.simulate",
        changes=SILENT_POPULATION | {"pre_times_ms": MANY_SPIKES_MS, "post_times_ms": MANY_SPIKES_MS},
        without=SILENT_POPULATION,
        count=lambda done: len(done.first.pre_steps) + len(done.first.post_steps),
        functions={
            "equations.homeostatic_stdp.decay_traces": 1,
            "equations.homeostatic_stdp.spike_with_constant_term": 0.5,
            "equations.homeostatic_stdp.spike_with_trace_term": 0.5,
        },
        # A step with two events records five numbers in three moments.
        moved_bytes=(3 * 5 * 8 + 2 * 4) / 2,
        memory=lambda done: done.first.record,
        chain=(2, 0),
        why="One exponential, one division, and a record of five numbers at three moments.",
    ),
    Row(
        experiment="beats_subtract",
        what="cell and step",
        timed="models.regular_firing.simulate",
        count=lambda done: done.first.spiked.size,
        functions={"equations.regular_firing.advance_phase": 1},
        moved_bytes=8 + 1,
        memory=lambda done: (done.first.spiked,),
        why="A comparison and a branch for each of six cells, no vectors. Cells that are reset to 0, as in `beats`, "
        "do the same after each spike: of them one interval is computed, not each step.",
    ),
    Row(
        experiment="beats",
        what="synaptic event",
        timed="models.pair_stdp.simulate",
        count=_pair_events,
        functions=PAIR_EVENT,
        moved_bytes=PAIR_RECORD_BYTES,
        memory=lambda done: done.first.events,
        chain=PAIR_CHAIN,
        why="Two exponentials, and the record; with so few events, calling the function with its many arrays and "
        "touching fresh memory is a third of it.",
    ),
    Row(
        experiment="beats",
        what="synapse and step (weights over time)",
        timed="models.pair_stdp.hold_weights",
        count=lambda done: done.first.weight.size,
        functions={},
        moved_bytes=8,
        memory=lambda done: (done.first.weight,),
        why="Stores with gaps between them, since a synapse is a column; no vectors.",
    ),
    Row(
        experiment="beats_map",
        what="synaptic event",
        timed="models.pair_stdp.simulate",
        count=lambda done: int(done.first.outcome.event_count.sum()),
        functions=PAIR_EVENT,
        moved_bytes=4 * 8 + 8,
        memory=lambda done: (*done.first.trains_pre, *done.first.trains_post),
        chain=PAIR_CHAIN,
        why="Two exponentials are most of it, then the search for the next spike of the two cells; nothing is "
        "recorded.",
    ),
    Row(
        experiment="stdp_window",
        what="synaptic event",
        timed="models.pair_stdp.simulate",
        count=_pair_events,
        functions=PAIR_EVENT,
        moved_bytes=PAIR_RECORD_BYTES,
        memory=lambda done: done.first.events,
        why="There are 98 events: most of the time is that of calling the function once, with its many arrays.",
    ),
    Row(
        experiment="stdp_tutorial_window",
        what="synaptic event",
        timed="models.pair_stdp.simulate",
        count=_pair_events,
        functions=PAIR_EVENT,
        moved_bytes=PAIR_RECORD_BYTES,
        memory=lambda done: done.first.events,
        why="There are 200 events: calling the function once is half of it or more.",
    ),
    Row(
        experiment="epsp",
        what="synaptic event",
        timed="models.pair_stdp.simulate",
        count=_pair_events,
        functions=PAIR_EVENT,
        moved_bytes=PAIR_RECORD_BYTES,
        memory=lambda done: done.first.events,
        chain=PAIR_CHAIN,
        why="Two exponentials are half of it, the record a fifth, fresh memory a tenth.",
    ),
    Row(
        experiment="epsp",
        what="cell and step of the read-out",
        timed="models.epsp_readout.simulate",
        count=lambda done: done.first.v_every_step_V.size,
        functions={"equations.epsp_readout.relax": 1},
        moved_bytes=8 + 1,
        memory=lambda done: (done.first.v_every_step_V, done.first.spiked),
        why="A test of the threshold and two branches for each cell, no vectors; fresh memory for the record is a"
        " fifth of it.",
    ),
    Row(
        experiment="clopath2010",
        what="neuron and step",
        timed="models.clopath_network.simulate",
        changes=NO_INPUT_SPIKES,
        count=lambda done: (
            (done.parameters.exc_count + done.parameters.inh_count)
            * round(done.parameters.duration_ms / done.parameters.dt_ms)
        ),
        functions=ADAPTIVE_EXPONENTIAL,
        moved_bytes=8 * 8,
        memory=lambda done: (done.first.network.blocks,),
        why="Thirteen neurons are computed as sixteen; of the arithmetic two fifths are divisions, and two fifths"
        " exponentials, which come one by one.",
    ),
    Row(
        experiment="clopath2010",
        what="synaptic event, neurons silent",
        timed="models.clopath_network.simulate",
        changes={"weight_input_exc_mV": [0.0, 0.0], "weight_input_inh_mV": [0.0, 0.0]},
        without=NO_INPUT_SPIKES,
        count=_clopath_events,
        functions=CLOPATH_EVENT,
        moved_bytes=5 * 8,
        memory=lambda done: done.first.network.input_exc[1:7],
        why="Each is one of 13 synapses of a spike: scattered arrays, remainders that find places in rings, whole"
        " microseconds that become times, one exponential.",
    ),
    Row(
        experiment="clopath2010",
        what="synaptic event, with all that spikes cause",
        timed="models.clopath_network.simulate",
        without=NO_INPUT_SPIKES,
        count=_clopath_events,
        functions=CLOPATH_EVENT,
        moved_bytes=5 * 8,
        memory=lambda done: done.first.network.input_exc[1:7],
        why="Without potentiation a quarter of it goes: that is reading the history. The rest has not been taken "
        "apart; the solver is in it, which shortens its steps for all sixteen places while one neuron spikes.",
    ),
    Row(
        experiment="clopath2010_pairing",
        what="adaptive exponential neuron and step",
        timed="models.clopath_pairing.simulate_adaptive_exponential",
        count=lambda done: sum(call.trace.shape[1] for call in done.calls),
        functions=ADAPTIVE_EXPONENTIAL,
        moved_bytes=8 * 8 + 4 * 8,
        memory=lambda done: (done.first.trace,),
        # Six times upstroke, membrane and node of the solver; then the end.
        chain=(6 * (8 + 4) + 4, 6),
        why="Sixteen places are computed for one neuron, and in the fastest pairing the solver takes 1.4 steps for "
        "each step of time.",
    ),
    Row(
        experiment="clopath2010_pairing",
        what="Hodgkin-Huxley neuron and step",
        timed="models.clopath_pairing.simulate_hodgkin_huxley",
        count=lambda done: sum(call.trace.shape[1] for call in done.calls),
        functions=_solver("models.hodgkin_huxley.slopes", 11),
        moved_bytes=12 * 8 + 4 * 8,
        memory=lambda done: (done.first.trace,),
        # Six times membrane and node of the solver: the shorter one of the ways that potential and gates offer.
        chain=(6 * (8 + 4) + 4, 0),
        why="One neuron: its exponentials come one by one. In the fastest pairing the solver takes 1.4 steps for each "
        "step of time; the count has one.",
    ),
    Row(
        experiment="urbanczik2014",
        what="neuron and step",
        timed="models.urbanczik_senn.simulate",
        changes={"input_rate_Hz": 0.0},
        count=lambda done: len(done.first.inputs.uniform),
        functions={
            "equations.urbanczik_senn.solve": 1,
            "equations.urbanczik_senn.prediction_error": 1,
            "equations.urbanczik_senn.add_error": 3,
        },
        moved_bytes=5 * 8 + 6 * 8,
        # Six times membrane and node of the solver; then the end.
        chain=(6 * (6 + 4) + 4, 0),
        why="The six stages of the solver take as long as their chain, in a loop of their own, and are more than "
        "half; the prediction error and the sums of it are the rest.",
    ),
    Row(
        experiment="urbanczik2014",
        what="synaptic event",
        timed="models.urbanczik_senn.simulate",
        without={"input_rate_Hz": 0.0},
        count=lambda done: int((done.first.inputs.spike_step < done.first.inputs.weights_fixed_from).sum()),
        functions={"models.urbanczik_senn.update_synapse": 1},
        moved_bytes=14 * 8,
        memory=lambda done: (np.zeros((len(done.first.inputs.weight_initial_pA), 14)),),
        accesses=1,
        why="It walks over the blocks of error sums since the synapse's last spike, eight on average and for two "
        "time constants; the count has one of them.",
    ),
    Row(
        experiment="izhikevich2007",
        what="random number",
        timed="numerics.philox.fill_uniform",
        arguments=lambda: (np.zeros(10_000), 0, np.uint64(1), np.uint64(0)),
        count=lambda done: len(done.first.numbers),
        functions={},
        moved_bytes=8,
        memory=lambda done: (done.first.numbers,),
        integer_products=2 * philox.ROUNDS / philox.LANES,
        why="Ten rounds, each needs the one before; the processor works on some blocks at once.",
    ),
    Row(
        experiment="izhikevich2007",
        what="neuron and step of 1 ms",
        timed="models.distal_reward.simulate",
        changes=MINUTE | SILENT_CELLS | FIXED_WEIGHTS,
        count=lambda done: done.parameters.cells * done.parameters.duration_s * 1000,
        functions={"equations.distal_reward.scale_noise": 1, "equations.distal_reward.move_neurons": 1},
        moved_bytes=5 * 8,
        memory=lambda done: done.first.state[:5],
        integer_products=2 * philox.ROUNDS / philox.LANES,
        why="More than half is the random number, in a loop of its own; a sixth the equations, then the search "
        "for spikes and the scaling of the noise.",
    ),
    Row(
        experiment="izhikevich2007",
        what="synapse and update of weights (every 10 ms)",
        timed="models.distal_reward.simulate",
        changes=MINUTE | SILENT_CELLS,
        without=MINUTE | SILENT_CELLS | FIXED_WEIGHTS,
        count=_distal_updates,
        functions={"equations.distal_reward.learn": 1},
        moved_bytes=2 * 8,
        memory=lambda done: (done.first.state.weight_mV, done.first.state.eligibility_mV),
        why="Vectors, and as fast as the memory, nearly.",
    ),
    Row(
        experiment="izhikevich2007",
        what="synaptic event",
        timed="models.distal_reward.simulate",
        changes=MINUTE | FIXED_WEIGHTS,
        without=MINUTE | FIXED_WEIGHTS | SILENT_CELLS,
        # A spike reaches the synapses of its cell, and those onto it.
        count=_distal_events,
        functions={"equations.distal_reward.potentiate": 0.45, "equations.distal_reward.transmit_and_depress": 0.55},
        moved_bytes=0.45 * 16 + 0.55 * 21,
        memory=lambda done: (done.first.state.weight_mV, done.first.state.eligibility_mV),
        # Those onto a cell lie anywhere, those of a cell side by side.
        accesses=0.45,
        why="Six reads and two writes for half of them, five and one for the others, at scattered places: no vectors.",
    ),
    Row(
        experiment="izhikevich2007_pavlov",
        what="synaptic event",
        timed="models.distal_reward.simulate",
        changes=MINUTE | FIXED_WEIGHTS,
        without=MINUTE | FIXED_WEIGHTS | SILENT_CELLS | {"stimulus_mV": 0.0},
        # A spike reaches the synapses of its cell, and those onto it.
        count=_distal_events,
        functions={"equations.distal_reward.potentiate": 0.45, "equations.distal_reward.transmit_and_depress": 0.55},
        moved_bytes=0.45 * 16 + 0.55 * 21,
        memory=lambda done: (done.first.state.weight_mV, done.first.state.eligibility_mV),
        # Those onto a cell lie anywhere, those of a cell side by side.
        accesses=0.45,
        why="The same compiled function as in `izhikevich2007`, and the same costs; stimuli are too few to be seen.",
    ),
    Row(
        experiment="izhikevich2007_cue",
        what="neuron and step",
        timed="models.dopamine_stdp.advance",
        changes=network_growth.WITHOUT_SYNAPSES,
        count=_dopamine_steps,
        functions={"equations.integrate_and_fire.advance_exponential_neurons": 1},
        moved_bytes=6 * 8,
        memory=lambda done: (*done.first.network.neurons, *done.first.network.inputs),
        why="Vectors. A fifth is what each step takes whatever the number of neurons (a row of "
        "`dopamine_ten`); the rest is near the memory.",
    ),
    Row(
        experiment="izhikevich2007_cue",
        what="synaptic event",
        timed="models.dopamine_stdp.advance",
        without=network_growth.WITHOUT_SYNAPSES,
        count=_dopamine_events,
        functions=ADVANCE_LAZILY | {"models.dopamine_stdp.spikes.trace_at": 0.5},
        moved_bytes=SYNAPSE.itemsize,
        memory=lambda done: (done.first.network.plastic.state,),
        # Synapses onto a neuron lie anywhere, those of a neuron side by side.
        accesses=0.5,
        why="In loops of their own presynaptic events take twice the time of a reading, and postsynaptic ones "
        "nearly so: they look up traces, or have their synapse anywhere. Then there is what a spike takes "
        "whatever the number of its synapses (a row of `dopamine_ten`), and static synapses, which are not "
        "counted.",
    ),
    Row(
        experiment="izhikevich2007_cue",
        what="synapse and reading",
        timed="models.dopamine_stdp.bring_up_to_date",
        count=lambda done: len(done.calls) * len(done.first.network.plastic.state),
        functions=ADVANCE_LAZILY,
        moved_bytes=SYNAPSE.itemsize,
        memory=lambda done: (done.first.network.plastic.state,),
        why="One synapse after the other, no vectors: seven exponentials as products of three factors each, from "
        "tables.",
    ),
    Row(
        experiment="dopamine_ten",
        what="neuron and step",
        timed="models.dopamine_stdp.sample",
        changes=NO_RELAY_SPIKES,
        count=_dopamine_steps,
        functions={"equations.integrate_and_fire.advance_delta_neurons": 1},
        moved_bytes=3 * 8,
        why="Ten neurons share what each step and each slice takes, whatever the number of neurons; they "
        "themselves are a small part of it.",
    ),
    Row(
        experiment="dopamine_ten",
        what="synaptic event",
        timed="models.dopamine_stdp.sample",
        changes=MANY_RELAY_SPIKES,
        without=NO_RELAY_SPIKES,
        count=_dopamine_events,
        functions=ADVANCE_LAZILY | {"models.dopamine_stdp.spikes.trace_at": 0.5},
        moved_bytes=SYNAPSE.itemsize,
        why="Each spike reaches one synapse: what a spike takes, whatever the number of its synapses, is not shared.",
    ),
    Row(
        experiment="dopamine_timing",
        what="neuron and step",
        timed="models.dopamine_stdp.sample",
        count=_dopamine_steps,
        functions={"equations.integrate_and_fire.advance_delta_neurons": 1},
        moved_bytes=3 * 8,
        chain=(3, 0),
        why="One neuron: nearly all is what each step and each slice takes, whatever the number of neurons.",
    ),
)
