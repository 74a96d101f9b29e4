"""What the protocols of dopamine-modulated STDP share: parameters of the synapse, relays, and the reading of a run.

Stamps are times in steps. Symbols are mapped to names in `replasticity.equations.dopamine_stdp`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from replasticity.definitions.parameters import Cost, NonNegative, Positive
from replasticity.definitions.parameters import Parameters as BaseParameters

if TYPE_CHECKING:
    from replasticity.equations.dopamine_stdp import DopamineStep
    from replasticity.models.dopamine_stdp import Network

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Steps of a refractory time are counted one by one, as the simulator does.
MOST_REFRACTORY_STEPS = 1e6

#: A run with more spikes than this ends if its neurons fire at more than the highest mean rate [Hz]: memory.
FEW_SPIKES, HIGHEST_MEAN_RATE_HZ = 5e6, 80.0

#: Estimates, not too low: history as it grows, and what is written; inputs drawn, sorted, merged; wiring and state.
_BYTES_PER_SPIKE, _BYTES_PER_EVENT, _BYTES_PER_SYNAPSE = 110, 150, 150


class SynapseParameters(BaseParameters):
    """Parameters of the plastic synapses, of the time grid and of the treatment of events."""

    dt_ms: Positive = Field(description="Time step.")
    duration_ms: Positive = Field(description="Duration of the run.")
    events: Literal["slice", "exact"] = Field(
        description="When synapses learn of spikes: at slice ends, as the published simulator does, or exactly."
    )
    slice_ms: Positive = Field(description="Length of a slice: the smallest delay of the network.")
    step_every_slice: bool = Field(
        description="Whether all synapses are stepped in every slice; if not, only when a spike or a reader needs them."
    )
    tau_pre_ms: Positive = Field(description="Time constant of the presynaptic trace.")
    tau_post_ms: Positive = Field(description="Time constant of the postsynaptic trace.")
    tau_c_ms: Positive = Field(description="Time constant of the eligibility trace.")
    tau_n_ms: Positive = Field(description="Time constant of dopamine.")
    b: float = Field(description="Baseline that is subtracted from the dopamine.")
    A_plus: float = Field(description="Amplitude of potentiation.")
    A_minus: float = Field(description="Amplitude of depression.")
    delay_ms: Positive = Field(description="Delay of the plastic synapses, taken as dendritic.")
    relay_delay_ms: NonNegative = Field(description="Delay from a generator to its relay.")
    dopamine_delay_ms: NonNegative = Field(description="Delay from the dopamine relay to all plastic synapses.")


def check_grid(parameters: SynapseParameters) -> None:
    """Raise a ValueError if times do not lie on the grid, or delays do not fit the slices."""
    parameters.require_whole_steps("duration_ms", "slice_ms", "delay_ms", least=1)
    parameters.require_whole_steps("relay_delay_ms", "dopamine_delay_ms")
    if parameters.slice_ms > parameters.delay_ms + 1e-9:
        raise ValueError(f"slice_ms: is the smallest delay, so at most delay_ms ({parameters.delay_ms:g})")
    if parameters.relay_delay_ms >= parameters.duration_ms:
        raise ValueError(f"relay_delay_ms: has to be less than duration_ms ({parameters.duration_ms:g})")


def check_chunks(parameters: Any) -> None:
    """Raise a ValueError if ``chunk_ms`` does not fit the run, the grid or the slices."""
    parameters.require_whole_steps("chunk_ms", least=1)
    chunks, slices = parameters.duration_ms / parameters.chunk_ms, parameters.chunk_ms / parameters.slice_ms
    if round(chunks) < 1 or abs(chunks - round(chunks)) > 1e-9:
        raise ValueError("chunk_ms: duration_ms has to be a whole multiple of it")
    if parameters.events == "exact" and abs(slices - round(slices)) > 1e-9:
        raise ValueError("chunk_ms: with exact events it has to be a whole multiple of slice_ms")


def check_neurons(parameters: SynapseParameters, prefix: str = "") -> None:
    """Raise a ValueError if the neurons of a population never leave their threshold, or rest for too many steps.

    A reset at or above the threshold is refused by NEST as well (models/iaf_psc_delta.cpp and iaf_psc_exp.cpp, set:
    "Reset potential must be smaller than threshold."). The room for spikes rests on it.
    """
    V_reset_mV, V_th_mV, refractory_ms = (
        getattr(parameters, f"{prefix}{name}") for name in ("V_reset_mV", "V_th_mV", "refractory_ms")
    )
    if V_reset_mV >= V_th_mV:
        raise ValueError(f"{prefix}V_reset_mV: has to be less than {prefix}V_th_mV ({V_th_mV:g})")
    if refractory_ms / parameters.dt_ms > MOST_REFRACTORY_STEPS:
        raise ValueError(f"{prefix}refractory_ms: at most {MOST_REFRACTORY_STEPS:g} steps of {parameters.dt_ms:g} ms")


def most_poisson(mean: float) -> float:
    """Return how many events a Poisson process of that mean number surely does not exceed."""
    return mean + 10 * math.sqrt(mean) + 100


class Population(NamedTuple):
    """What the cost of a run depends on in a population of neurons."""

    neurons: int
    refractory_ms: float


def most_spikes(parameters: SynapseParameters, populations: Sequence[Population]) -> float:
    """Return how many spikes a run may have: all that neurons can emit, and in a large network 80 Hz on average."""
    steps = parameters.duration_ms / parameters.dt_ms
    possible = sum(
        each.neurons * (steps / (math.floor(each.refractory_ms / parameters.dt_ms) + 1) + 1) for each in populations
    )
    neurons = sum(each.neurons for each in populations)
    return min(possible, max(FEW_SPIKES, HIGHEST_MEAN_RATE_HZ * neurons * parameters.duration_ms / 1000))


def network_cost(
    parameters: SynapseParameters,
    populations: Sequence[Population],
    *,
    synapses: float,
    events: float,
    kept_numbers: float,
) -> Cost:
    """Return what a run of a network needs.

    Parameters
    ----------
    parameters : SynapseParameters
        Grid, delays and durations.
    populations : sequence of Population
        The neurons.
    synapses, events : float
        Number of all synapses, and of spikes from outside.
    kept_numbers : float
        Potentials, readings and counts that are kept: so many numbers.

    Returns
    -------
    Cost
        Memory and time.
    """
    steps = parameters.duration_ms / parameters.dt_ms
    neurons = sum(each.neurons for each in populations)
    ring_steps = (parameters.delay_ms + parameters.slice_ms) / parameters.dt_ms + 2
    memory_bytes = (
        _BYTES_PER_SPIKE * most_spikes(parameters, populations)
        + _BYTES_PER_EVENT * events
        + _BYTES_PER_SYNAPSE * synapses
        # Two bins of input for each step ahead, and the course of dopamine for each step of the run.
        + 16 * ring_steps * neurons
        + 80 * steps
        + 24 * kept_numbers
    )
    # A step takes 20 ns whatever the size, and 0.5 ns per neuron; an event from outside is drawn and
    # sorted; to step a synapse takes 3 ns.
    seconds = steps * (20e-9 + 0.5e-9 * neurons) + 50e-9 * events
    if parameters.step_every_slice and parameters.events == "slice":
        seconds += 3e-9 * synapses * parameters.duration_ms / parameters.slice_ms
    return Cost(memory_bytes, seconds)


def allowed_spikes(parameters: SynapseParameters, populations: Sequence[Population]) -> int:
    """Return `most_spikes` as the size of an array."""
    return math.ceil(most_spikes(parameters, populations))


def stamps(times_ms: Any, parameters: SynapseParameters) -> IntArray:
    """Return times as whole numbers of steps."""
    return np.rint(np.asarray(times_ms, np.float64) / parameters.dt_ms).astype(np.int64)


def steps_of(time_ms: float, parameters: SynapseParameters) -> int:
    """Return a time as a whole number of steps."""
    return round(time_ms / parameters.dt_ms)


def synapse_step(parameters: SynapseParameters) -> "DopamineStep":
    """Return the constants of the plastic synapses."""
    from replasticity.models import dopamine_stdp as model

    step: DopamineStep = model.discretise(
        dt_ms=parameters.dt_ms,
        tau_pre_ms=float(parameters.tau_pre_ms),
        tau_post_ms=float(parameters.tau_post_ms),
        tau_c_ms=float(parameters.tau_c_ms),
        tau_n_ms=float(parameters.tau_n_ms),
        b=float(parameters.b),
        A_plus=float(parameters.A_plus),
        A_minus=float(parameters.A_minus),
        delay_steps=steps_of(parameters.delay_ms, parameters),
        slice_steps=steps_of(parameters.slice_ms, parameters),
    )
    return step


def poisson_stamps(
    generator: np.random.Generator, rate_Hz: float, cells: int, step_count: int, dt_ms: float
) -> tuple[IntArray, IntArray]:
    """Return independent Poisson trains on the grid: in each step and cell a Poisson number of spikes.

    The total is drawn first and then spread evenly, which has the same distribution.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness; advanced.
    rate_Hz : float
        Rate of each train.
    cells, step_count : int
        Number of trains and of steps.
    dt_ms : float
        Step [ms].

    Returns
    -------
    tuple of (ndarray of int64, ndarray of int64)
        Stamp (1 to ``step_count``) and cell of each spike, in order of time, then of cell.
    """
    total = generator.poisson(rate_Hz * dt_ms / 1000 * step_count * cells)
    places = np.sort(generator.integers(0, step_count * cells, total))
    return places // cells + 1, places % cells


def ordered(stamp: IntArray, *others: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Return stamps in order of time, and what belongs to them; equal stamps stay in order."""
    order = np.argsort(stamp, kind="stable")
    return tuple(array[order] for array in (stamp, *others))


class Outcome(NamedTuple):
    """Spikes of the neurons in order of time, and the potentials of the first neurons at each of the first steps."""

    stamp: IntArray
    neuron: IntArray
    V_mV: FloatArray


class Readings(NamedTuple):
    """State of all plastic synapses at the times of reading, shape (times, synapses)."""

    weight: FloatArray
    c: FloatArray
    n: FloatArray
    x: FloatArray


class Session:
    """A network that advances from one reading to the next."""

    def __init__(self, network: "Network", dt_ms: float, most_spikes: int, V_neurons: int = 0, V_steps: int = 0):
        self.network = network
        self._dt_ms, self._most_spikes = dt_ms, most_spikes
        self.V_mV = np.zeros((V_neurons, V_steps))
        self._behind = np.zeros(len(network.plastic.first), np.int64)

    def advance(self, end: int) -> None:
        """Advance to a time [steps]; raise a `replasticity.errors.StateError` if a state leaves its limits."""
        from replasticity.models import dopamine_stdp as model

        self._reserve_history(end)
        model.advance(self.network, end, self._behind, self.V_mV)
        model.check_states(self.network)
        model.raise_any_failure(self.network, self._dt_ms)

    def _reserve_history(self, end: int) -> None:
        from replasticity.models import dopamine_stdp as model

        steps = end - int(self.network.cursor[0]["now"])
        self.network = model.reserve_history(self.network, steps, self._most_spikes)

    def sample(self, times: IntArray) -> npt.NDArray[Any]:
        """Advance from reading to reading, and return the state of all plastic synapses, shape (times, synapses)."""
        from replasticity.models import dopamine_stdp as model

        state = self.network.plastic.state
        readings = np.empty((len(times), len(state)), state.dtype)
        self._reserve_history(int(times[-1]))
        model.sample(self.network, times, self._behind, self.V_mV, readings)
        model.raise_any_failure(self.network, self._dt_ms)
        return readings

    def read(self) -> "Network":
        """Return the network with all plastic synapses up to date."""
        from replasticity.models import dopamine_stdp as model

        model.bring_up_to_date(self.network, self._behind)
        return self.network

    def outcome(self) -> Outcome:
        """Return the spikes so far, and the potentials."""
        count = int(self.network.cursor[0]["spikes"])
        history = self.network.history
        return Outcome(history.step[:count], history.neuron[:count].astype(np.int64), self.V_mV)


class Relayed(NamedTuple):
    """Delta neurons with one plastic synapse each, from a relay of the same number: what they need.

    ``spike_stamp`` and ``spike_cell`` are spikes of the relays; ``kick_stamp`` and ``kick_cell`` spikes that are
    imposed on the neurons; ``dopamine_stamp`` and ``dopamine_amount`` arrivals of dopamine, as what they add to n.
    """

    spike_stamp: IntArray
    spike_cell: IntArray
    kick_stamp: IntArray
    kick_cell: IntArray
    kick_mV: float
    dopamine_stamp: IntArray
    dopamine_amount: FloatArray
    weight_initial: FloatArray


def simulate_relayed(parameters: Any, given: Relayed, read: IntArray, V_steps: int) -> tuple[Outcome, Readings]:
    """Run delta neurons that are driven by relays through one plastic synapse each.

    Parameters
    ----------
    parameters : SynapseParameters
        With ``tau_m_ms``, ``E_L_mV``, ``V_reset_mV``, ``V_th_mV`` and ``refractory_ms`` of the neurons.
    given : Relayed
        Spikes, dopamine and weights.
    read : ndarray of int64, shape (times,)
        When the synapses are read [steps], increasing.
    V_steps : int
        For how many steps the potentials are kept.

    Returns
    -------
    tuple of (Outcome, Readings)
        What the neurons and the synapses did.
    """
    from replasticity.equations.integrate_and_fire import delta_population
    from replasticity.models import dopamine_stdp as model

    count = len(given.weight_initial)
    cells = np.arange(count, dtype=np.int32)
    nothing = np.zeros(0, np.int32)
    relay_stamp, relay_cell = ordered(given.spike_stamp, given.spike_cell)
    kick_stamp, kick_cell = ordered(given.kick_stamp, given.kick_cell)
    neurons = delta_population(
        dt_ms=parameters.dt_ms,
        first=0,
        end=count,
        tau_m_ms=parameters.tau_m_ms,
        E_L_mV=parameters.E_L_mV,
        V_reset_mV=float(parameters.V_reset_mV),
        V_th_mV=float(parameters.V_th_mV),
        refractory_ms=parameters.refractory_ms,
    )
    step = synapse_step(parameters)
    network = model.network(
        populations=(neurons, neurons._replace(first=count)),
        V_initial_mV=np.full(count, float(parameters.E_L_mV)),
        plastic=model.plastic_synapses(
            cells + count, cells, given.weight_initial, source_count=2 * count, neuron_count=count
        ),
        static=model.static_synapses(nothing, nothing, 0.0, delay_steps=1, neuron_count=count),
        external=model.External(kick_stamp, kick_cell.astype(np.int32), np.full(len(kick_stamp), float(given.kick_mV))),
        relay_spikes=model.RelaySpikes(relay_stamp, (relay_cell + count).astype(np.int32)),
        dopamine=model.arrivals_of_dopamine(given.dopamine_stamp, given.dopamine_amount, read[-1], step),
        exact=parameters.events == "exact",
        every_slice=parameters.step_every_slice and parameters.events == "slice",
        step=step,
    )
    population = Population(count, parameters.refractory_ms)
    session = Session(network, parameters.dt_ms, allowed_spikes(parameters, [population]), count, V_steps)
    states = session.sample(read)
    return session.outcome(), Readings(*(states[name] for name in ("weight", "c", "n", "x")))


def translated(recorded: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    """Return recorded parameters in our names: ``paths`` maps our name to a path such as "neuron.tau_m"."""

    def at(path: str) -> Any:
        value: Any = recorded
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    values = {name: at(path) for name, path in paths.items()}
    return {name: value for name, value in values.items() if value is not None}
