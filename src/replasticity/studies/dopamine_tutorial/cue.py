"""Noisy cue association: a balanced network in which one of two stimuli is rewarded (Izhikevich 2007; NESTML tutorial).

Excitatory neurons have synapses with dopamine-modulated STDP; two subgroups are stimulated at random times, and
dopamine follows the stimuli of the first. Source: docs/models/dopamine_stdp.md#protocol-cue.
"""

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, NonNegativeInt, Positive, PositiveInt
from replasticity.errors import UserError
from replasticity.numerics import random
from replasticity.pipeline import progress
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio, require_indices
from replasticity.studies.dopamine_tutorial.shared import (
    FloatArray,
    IntArray,
    Population,
    Session,
    SynapseParameters,
    allowed_spikes,
    check_chunks,
    check_grid,
    check_neurons,
    most_poisson,
    network_cost,
    ordered,
    poisson_stamps,
    stamps,
    steps_of,
    synapse_step,
    translated,
)

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.models.dopamine_stdp import Network

#: Subgroups: the first one is rewarded.
REWARDED, OTHER = 0, 1

#: A response is counted from when the stimulus first moves the potential, for so long [ms].
RESPONSE_MS = 20.0

#: Parameters of a population of neurons: our name -> the recorded one.
_NEURON = {
    "c_pF": "C_m",
    "tau_m_ms": "tau_m",
    "tau_exc_ms": "tau_syn_exc",
    "tau_inh_ms": "tau_syn_inh",
    "E_L_mV": "E_L",
    "V_reset_mV": "V_reset",
    "V_th_mV": "V_th",
    "refractory_ms": "refr_T",
}

#: Bin of mean rates, and of the raster as wide as the published script's histogram [ms].
RATE_BIN_MS, RASTER_BIN_MS = 100.0, 10.0

#: What is kept of the raster and of the potentials: all of the published run, sampled as its multimeter does [ms].
WINDOW_MS, V_INTERVAL_MS = 10000.0, 1.0


class Parameters(SynapseParameters):
    """Parameters of the protocol."""

    exc_count: PositiveInt = Field(description="Number of excitatory neurons.")
    inh_count: NonNegativeInt = Field(description="Number of inhibitory neurons.")
    exc_indegree: NonNegativeInt = Field(description="Excitatory (plastic) synapses that reach each neuron.")
    inh_indegree: NonNegativeInt = Field(description="Inhibitory (static) synapses that reach each neuron.")
    weight_initial_pA: NonNegative = Field(description="Weights of the plastic synapses at the start.")
    weight_inh_pA: float = Field(description="Weight of the inhibitory synapses.")
    background_rate_Hz: NonNegative = Field(description="Rate of the Poisson background of each neuron.")
    background_weight_pA: NonNegative = Field(description="Weight of the background.")
    subgroup_size: PositiveInt = Field(description="Neurons of each stimulated subgroup.")
    stimulus_rate_Hz: Positive = Field(
        description="Rate of stimuli, both subgroups together. Intervals are whole milliseconds.", le=1000
    )
    stimulus_interval_min_ms: NonNegative = Field(description="Smallest interval between two stimuli.")
    stimulus_weight_pA: NonNegative = Field(description="Weight of the stimulus.")
    stimulus_delay_ms: Positive = Field(description="Delay from the stimulus relay to the neurons.")
    reward_delay_min_ms: NonNegative = Field(description="Smallest time from a stimulus to its dopamine.")
    reward_delay_range_ms: PositiveInt = Field(
        description="Number of whole milliseconds that the time to dopamine is drawn from, beginning with the smallest."
    )
    A_vt: float = Field(description="Amount of dopamine of a spike.")
    exc_c_pF: Positive = Field(description="Capacitance of excitatory neurons.")
    exc_tau_m_ms: Positive = Field(description="Time constant of the membrane of excitatory neurons.")
    exc_tau_exc_ms: Positive = Field(description="Time constant of excitatory currents of excitatory neurons.")
    exc_tau_inh_ms: Positive = Field(description="Time constant of inhibitory currents of excitatory neurons.")
    exc_E_L_mV: float = Field(description="Resting potential of excitatory neurons.")
    exc_V_initial_mV: float = Field(description="Potential of excitatory neurons at the start.")
    exc_V_reset_mV: float = Field(description="Potential of excitatory neurons after a spike.")
    exc_V_th_mV: float = Field(description="Threshold of excitatory neurons.")
    exc_refractory_ms: NonNegative = Field(description="Refractory time of excitatory neurons.")
    inh_c_pF: Positive = Field(description="Capacitance of inhibitory neurons.")
    inh_tau_m_ms: Positive = Field(description="Time constant of the membrane of inhibitory neurons.")
    inh_tau_exc_ms: Positive = Field(description="Time constant of excitatory currents of inhibitory neurons.")
    inh_tau_inh_ms: Positive = Field(description="Time constant of inhibitory currents of inhibitory neurons.")
    inh_E_L_mV: float = Field(description="Resting potential of inhibitory neurons.")
    inh_V_initial_mV: float = Field(description="Potential of inhibitory neurons at the start.")
    inh_V_reset_mV: float = Field(description="Potential of inhibitory neurons after a spike.")
    inh_V_th_mV: float = Field(description="Threshold of inhibitory neurons.")
    inh_refractory_ms: NonNegative = Field(description="Refractory time of inhibitory neurons.")
    chunk_ms: Positive = Field(description="Time from one reading of the synapses to the next.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        check_grid(self)
        check_neurons(self, "exc_")
        check_neurons(self, "inh_")
        self.require_whole_steps("stimulus_delay_ms", least=1)
        if info.context and info.context.get("recorded"):
            return self
        if self.subgroup_size > self.exc_count:
            raise ValueError(f"subgroup_size: at most exc_count ({self.exc_count})")
        if self.slice_ms > self.stimulus_delay_ms + 1e-9:
            raise ValueError(f"slice_ms: at most stimulus_delay_ms ({self.stimulus_delay_ms:g})")
        if self.duration_ms < V_INTERVAL_MS:
            raise ValueError(f"duration_ms: at least {V_INTERVAL_MS:g} ms, the interval of the potentials")
        check_chunks(self)
        return self

    @property
    def populations(self) -> list[Population]:
        """Excitatory and inhibitory neurons."""
        return [
            Population(self.exc_count, self.exc_refractory_ms),
            Population(self.inh_count, self.inh_refractory_ms),
        ]

    def cost(self) -> Cost:
        """Return what a run needs."""
        seconds, neurons = self.duration_ms / 1000, neuron_count(self)
        background = most_poisson(self.background_rate_Hz * seconds * neurons)
        stimuli = most_poisson(min(self.stimulus_rate_Hz, 1000 / max(1e-3, self.stimulus_interval_min_ms)) * seconds)
        window_ms = min(WINDOW_MS, self.duration_ms)
        kept_numbers = (
            (7 + 2 * self.subgroup_size) * self.duration_ms / self.chunk_ms
            + 10 * window_ms / self.dt_ms
            + window_ms / RASTER_BIN_MS * self.exc_count
            + 3 * self.duration_ms / RATE_BIN_MS
        )
        return network_cost(
            self,
            self.populations,
            synapses=float(neurons) * (self.exc_indegree + self.inh_indegree),
            events=background + stimuli * (self.subgroup_size + 1),
            kept_numbers=kept_numbers,
        )


#: What `sample_inputs` returns; the wiring and the background are too large to be kept with a run, the seed gives them
#: again.
INPUTS: dict[str, Variable] = {
    "exc_pre": Variable(("exc_synapse",), "source of each plastic synapse, increasing", "int32"),
    "exc_post": Variable(("exc_synapse",), "its target: excitatory neurons, then inhibitory ones", "int32"),
    "inh_pre": Variable(("inh_synapse",), "source of each inhibitory synapse, increasing", "int32"),
    "inh_post": Variable(("inh_synapse",), "its target: excitatory neurons, then inhibitory ones", "int32"),
    "subgroup_index": Variable(("subgroup", "member"), "neurons of each subgroup; the first is rewarded", "int32"),
    "stimulus_ms": Variable(("stimulus",), "stimuli, as given to the generators"),
    "stimulus_subgroup": Variable(("stimulus",), "subgroup of each stimulus", "int32"),
    "dopamine_ms": Variable(("dopamine",), "dopamine, as given to the generator"),
    "background_step": Variable(("background_spike",), "spikes of the background relays, in steps", "int32"),
    "background_index": Variable(("background_spike",), "neuron of each of them", "int32"),
}

_GROUP = "(0: rewarded, 1: other stimulated)"
RUN: dict[str, Variable] = {
    **{name: INPUTS[name] for name in ("subgroup_index", "stimulus_ms", "stimulus_subgroup", "dopamine_ms")},
    "exc_spike_ms": Variable(("exc_spike",), "spikes of the excitatory neurons"),
    "exc_spike_index": Variable(("exc_spike",), "neuron of each of them", "int32"),
    "inh_spike_ms": Variable(("inh_spike",), "spikes of the inhibitory neurons"),
    "inh_spike_index": Variable(("inh_spike",), "neuron of each of them", "int32"),
    "time_ms": Variable(("time_ms",), "time of the readings of the synapses"),
    "weight_all_pA": Variable(("time_ms",), "mean weight of all plastic synapses"),
    "weight_pA": Variable(("subgroup", "time_ms"), f"mean weight of the synapses that leave a subgroup {_GROUP}"),
    "c_sum": Variable(("subgroup", "time_ms"), f"sum of c over the synapses that leave a subgroup {_GROUP}"),
    "n_mean": Variable(("subgroup", "time_ms"), f"mean of n over the synapses that leave a subgroup {_GROUP}"),
    "synapse_weight_pA": Variable(
        ("subgroup", "member", "time_ms"),
        f"weight of the first synapse that leaves each member of a subgroup {_GROUP}",
        undefined="no synapse leaves it",
    ),
    "weight_final_pA": Variable(
        ("exc",), "mean final weight of the synapses that leave each neuron", undefined="no synapse leaves it"
    ),
    "synapse_count": Variable(("exc",), "number of these synapses", "int32"),
    "weight_min_pA": Variable((), "smallest final weight", undefined="there is no plastic synapse"),
    "weight_max_pA": Variable((), "largest final weight", undefined="there is no plastic synapse"),
    "event_count": Variable((), "events at plastic synapses: spikes times synapses, both sides", "int64"),
    "rate_time_ms": Variable(("rate_time_ms",), "middle of each bin of the rate"),
    "exc_rate_binned_Hz": Variable(("rate_time_ms",), "mean rate of all excitatory neurons in each bin"),
    "raster_time_ms": Variable(("raster_time_ms",), "middle of each bin of the raster: first ten seconds of the run"),
    "raster_count": Variable(("raster_time_ms", "exc"), "spikes of each excitatory neuron in each bin", "int8"),
    "stimulus_count": Variable(("subgroup", "raster_time_ms"), "stimuli in each bin of the raster", "int8"),
    "dopamine_count": Variable(("rate_time_ms",), "dopamine spikes in each bin of the rate", "int32"),
    "V_time_ms": Variable(("V_time_ms",), "time of the potentials: each millisecond, at the end of a step"),
    "V_mV": Variable(("V_neuron", "V_time_ms"), "potentials of the first ten excitatory neurons"),
}

_LEAVING = "mean final weight of the synapses that leave"
_HALF = "half of the run, per neuron and stimulus"
_NO_STIMULUS = "no own stimulus comes in that half"
STATISTICS: dict[str, Variable] = {
    "exc_rate_Hz": Variable((), "mean rate of all excitatory neurons", resolution=1e-9, discrete=True),
    "inh_rate_Hz": Variable((), "mean rate of all inhibitory neurons", resolution=1e-9, discrete=True),
    "exc_rate_as_printed_Hz": Variable(
        (), "the same, spikes of all divided by 50, as published", resolution=1e-9, discrete=True
    ),
    "inh_rate_as_printed_Hz": Variable((), "the same for inhibitory neurons", resolution=1e-9, discrete=True),
    "stimuli_rewarded": Variable((), "presentations of the rewarded stimulus", "int32"),
    "stimuli_other": Variable((), "presentations of the other stimulus", "int32"),
    "dopamine_spikes": Variable((), "dopamine spikes", "int32"),
    "subgroup_overlap": Variable((), "neurons that belong to both subgroups", "int32"),
    "weight_rewarded_pA": Variable((), f"{_LEAVING} the rewarded subgroup", resolution=1e-9, discrete=True),
    "weight_other_pA": Variable((), f"{_LEAVING} the other stimulated subgroup", resolution=1e-9, discrete=True),
    "weight_rest_pA": Variable((), f"{_LEAVING} neither subgroup", resolution=1e-9, discrete=True),
    "weight_net_pA": Variable((), "mean final weight of all plastic synapses", resolution=1e-9, discrete=True),
    "weight_max_pA": Variable(
        (), "largest final weight", resolution=1e-9, undefined="there is no plastic synapse", discrete=True
    ),
    "weight_min_pA": Variable(
        (), "smallest final weight", resolution=1e-9, undefined="there is no plastic synapse", discrete=True
    ),
    "difference_pA": Variable(
        (), "rewarded minus other stimulated, mean final weights", resolution=1e-9, discrete=True
    ),
    "difference_half_pA": Variable((), "the same at half of the run", resolution=1e-9, discrete=True),
    "difference_trace_pA": Variable(("sample",), "the same at each reading", resolution=1e-9, discrete=True),
    "beyond_rest_pA": Variable(
        (), "rewarded minus neither subgroup, mean final weights", resolution=1e-9, discrete=True
    ),
    "dopamine_difference_percent": Variable(
        (),
        "largest difference of the mean n of both subgroups at a reading, of the largest n",
        resolution=1e-9,
        undefined="there is no dopamine",
        discrete=True,
    ),
    "gain_trace_pA": Variable(
        ("subgroup", "sample"),
        f"mean weight of a subgroup minus the initial one {_GROUP}",
        resolution=1e-9,
        discrete=True,
    ),
    "gain_rewarded_percent": Variable(
        (),
        "gain of the rewarded subgroup, of the initial weight",
        resolution=1e-9,
        undefined="the initial weight is 0",
        discrete=True,
    ),
    "gain_other_percent": Variable(
        (), "gain of the other stimulated subgroup", resolution=1e-9, undefined="the initial weight is 0", discrete=True
    ),
    "difference_percent": Variable(
        (),
        "difference of both, of the initial weight",
        resolution=1e-9,
        undefined="the initial weight is 0",
        discrete=True,
    ),
    "response_early": Variable(
        ("subgroup",),
        f"spikes within 20 ms of the own stimulus, first {_HALF} {_GROUP}",
        resolution=1e-9,
        undefined=_NO_STIMULUS,
        discrete=True,
    ),
    "response_late": Variable(
        ("subgroup",),
        f"spikes within 20 ms of the own stimulus, second {_HALF} {_GROUP}",
        resolution=1e-9,
        undefined=_NO_STIMULUS,
        discrete=True,
    ),
    "response_change": Variable(
        ("subgroup",), f"late minus early response {_GROUP}", resolution=1e-9, undefined=_NO_STIMULUS, discrete=True
    ),
    "network_response_change": Variable(
        ("subgroup",),
        f"the same for all excitatory neurons outside the subgroup {_GROUP}",
        resolution=1e-9,
        undefined=_NO_STIMULUS,
        discrete=True,
    ),
}

OUTPUT_OPTIONS = ("step_every_slice",)

SHORTEST = {"duration_ms": 1000.0}

TRACES = (
    *(
        "time_ms",
        "weight_all_pA",
        "weight_pA",
        "c_sum",
        "n_mean",
        "rate_time_ms",
        "exc_rate_binned_Hz",
        "dopamine_count",
    ),
    *("raster_time_ms", "raster_count", "stimulus_count", "V_time_ms", "V_mV", "synapse_weight_pA"),
)

PEER_NAMES = {
    "exc_rate_Hz": "rate_exc",
    "inh_rate_Hz": "rate_inh",
    "exc_rate_as_printed_Hz": "rate_exc_as_printed",
    "inh_rate_as_printed_Hz": "rate_inh_as_printed",
    "stimuli_rewarded": "n_stim_group",
    "stimuli_other": "n_stim_nongroup",
    "dopamine_spikes": "n_dopa",
    "subgroup_overlap": "subgroup_overlap",
    "weight_rewarded_pA": "w_group",
    "weight_other_pA": "w_nongroup",
    "weight_rest_pA": "w_other",
    "weight_net_pA": "w_net",
    "weight_max_pA": "w_max",
    "weight_min_pA": "w_min",
    "difference_pA": "w_group_minus_nongroup",
    "difference_half_pA": "w_group_minus_nongroup_5s",
}


def neuron_count(parameters: Parameters) -> int:
    """Return the number of all neurons."""
    return parameters.exc_count + parameters.inh_count


def draw_wiring(
    generator: np.random.Generator, sources: int, targets: int, indegree: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return synapses with a fixed number per target, sources drawn with replacement, in order of their source."""
    pre = generator.integers(0, max(sources, 1), targets * indegree, dtype=np.int32)
    order = np.argsort(pre, kind="stable").astype(np.int32)
    post = order // np.int32(max(indegree, 1))
    return pre[order], post


def draw_stimuli(generator: np.random.Generator, parameters: Parameters) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return times and subgroups of the stimuli, and the times of dopamine (docs/models/dopamine_stdp.md#stimuli).

    Intervals are whole milliseconds, exponentially distributed and at least so long. The last stimulus may lie beyond
    the end, as in the published script.
    """
    times_ms = [0.0]
    while times_ms[-1] < parameters.duration_ms:
        interval_ms = np.round(generator.exponential(1000 / parameters.stimulus_rate_Hz))
        times_ms.append(times_ms[-1] + max(parameters.stimulus_interval_min_ms, interval_ms))
    stimulus_ms = np.array(times_ms[1:])
    subgroup = generator.integers(0, 2, len(stimulus_ms))
    wait_ms = parameters.reward_delay_min_ms + generator.integers(0, parameters.reward_delay_range_ms, len(stimulus_ms))
    dopamine_ms = np.sort((stimulus_ms + wait_ms)[subgroup == REWARDED])
    return stimulus_ms, subgroup, dopamine_ms


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return wiring, subgroups, stimuli, dopamine and background.

    Parameters
    ----------
    parameters : Parameters
        Rates, sizes and durations.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        Variables of `INPUTS`.
    """
    neurons = neuron_count(parameters)
    wiring = random.generator(seed, "wiring")
    exc_pre, exc_post = draw_wiring(wiring, parameters.exc_count, neurons, parameters.exc_indegree)
    inh_pre, inh_post = draw_wiring(wiring, parameters.inh_count, neurons, parameters.inh_indegree)
    chooser = random.generator(seed, "subgroups")
    subgroups = [chooser.choice(parameters.exc_count, parameters.subgroup_size, replace=False) for _ in range(2)]
    stimulus_ms, stimulus_subgroup, dopamine_ms = draw_stimuli(random.generator(seed, "stimuli"), parameters)
    relay = steps_of(parameters.relay_delay_ms, parameters)
    background_step, background_index = poisson_stamps(
        random.generator(seed, "background"),
        parameters.background_rate_Hz,
        neurons,
        steps_of(parameters.duration_ms, parameters) - relay,
        parameters.dt_ms,
    )
    return build(
        INPUTS,
        {
            "exc_pre": exc_pre,
            "exc_post": exc_post,
            "inh_pre": inh_pre,
            "inh_post": inh_post,
            "subgroup_index": np.array(subgroups),
            "stimulus_ms": stimulus_ms,
            "stimulus_subgroup": stimulus_subgroup,
            "dopamine_ms": dopamine_ms,
            "background_step": background_step + relay,
            "background_index": background_index,
        },
    )


class Relays(NamedTuple):
    """Spikes of the relays: when stimuli, dopamine and background leave them [steps]."""

    stimulus: IntArray
    stimulus_subgroup: IntArray
    dopamine: IntArray
    background: IntArray
    background_index: IntArray


def build_network(
    parameters: Parameters,
    exc: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    inh: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    weight_initial_pA: FloatArray | float,
    subgroups: IntArray,
    relays: Relays,
) -> "Network":
    """Return the network at time 0; synapses in order of their source."""
    from replasticity.equations.integrate_and_fire import exponential_population
    from replasticity.models import dopamine_stdp as model

    neurons = neuron_count(parameters)
    delay = steps_of(parameters.delay_ms, parameters)
    # Stimuli before background where both act in one step, as in the simulator.
    members = subgroups[relays.stimulus_subgroup]
    stimulus = np.repeat(relays.stimulus + steps_of(parameters.stimulus_delay_ms, parameters), members.shape[1])
    step, neuron, weight_pA = ordered(
        np.concatenate([stimulus, relays.background + delay]),
        np.concatenate([members.ravel(), relays.background_index]),
        np.concatenate(
            [
                np.full(len(stimulus), float(parameters.stimulus_weight_pA)),
                np.full(len(relays.background), float(parameters.background_weight_pA)),
            ]
        ),
    )
    constants = synapse_step(parameters)
    network: Network = model.network(
        populations=tuple(
            exponential_population(
                dt_ms=parameters.dt_ms,
                first=first,
                end=end,
                **{name: float(getattr(parameters, f"{kind}_{name}")) for name in _NEURON},
            )
            for kind, first, end in (("exc", 0, parameters.exc_count), ("inh", parameters.exc_count, neurons))
        ),
        V_initial_mV=np.repeat(
            [float(parameters.exc_V_initial_mV), float(parameters.inh_V_initial_mV)],
            [parameters.exc_count, parameters.inh_count],
        ),
        plastic=model.plastic_synapses(*exc, weight_initial_pA, source_count=neurons, neuron_count=neurons),
        static=model.static_synapses(
            inh[0] + np.int32(parameters.exc_count),
            inh[1],
            parameters.weight_inh_pA,
            delay_steps=delay,
            neuron_count=neurons,
        ),
        external=model.External(step, neuron.astype(np.int32), weight_pA),
        relay_spikes=model.RelaySpikes(np.zeros(0, np.int64), np.zeros(0, np.int32)),
        dopamine=model.arrivals_of_dopamine(
            relays.dopamine + steps_of(parameters.dopamine_delay_ms, parameters),
            np.full(len(relays.dopamine), parameters.A_vt / parameters.tau_n_ms),
            steps_of(parameters.duration_ms, parameters),
            constants,
        ),
        exact=parameters.events == "exact",
        every_slice=parameters.step_every_slice and parameters.events == "slice",
        step=constants,
    )
    return network


def read_groups(network: "Network", subgroups: IntArray, weight_pA: float) -> dict[str, Any]:
    """Return mean weight of all synapses, and of each subgroup mean weight, sum of c and mean of n."""
    from replasticity.models import dopamine_stdp as model

    every = np.arange(len(network.plastic.first) - 1)
    moved, _, _, count = model.sums_over_sources(network, every, weight_pA)
    found: dict[str, Any] = {
        "weight_all_pA": weight_pA + moved / max(count, 1),
        "weight_pA": [],
        "c_sum": [],
        "n_mean": [],
    }
    for members in subgroups:
        moved, c, n, count = model.sums_over_sources(network, members, weight_pA)
        found["weight_pA"].append(weight_pA + moved / max(count, 1))
        found["c_sum"].append(c)
        found["n_mean"].append(n / max(count, 1))
    return found


def read_members(network: "Network", subgroups: IntArray) -> FloatArray:
    """Return the weight of the first synapse that leaves each member of each subgroup, NaN where none does."""
    first = network.plastic.first
    weight_pA = np.full(subgroups.shape, np.nan)
    has_one = first[subgroups + 1] > first[subgroups]
    weight_pA[has_one] = network.plastic.state["weight"][first[subgroups[has_one]]]
    return weight_pA


def drawn_network(parameters: Parameters, inputs: Arrays) -> "Network":
    """Return the network at time 0 with the inputs that `sample_inputs` has given."""
    relay = steps_of(parameters.relay_delay_ms, parameters)
    relays = Relays(
        stimulus=stamps(inputs["stimulus_ms"], parameters) + relay,
        stimulus_subgroup=inputs["stimulus_subgroup"],
        dopamine=stamps(inputs["dopamine_ms"], parameters) + relay,
        background=inputs["background_step"].astype(np.int64),
        background_index=inputs["background_index"].astype(np.int64),
    )
    return build_network(
        parameters,
        (inputs["exc_pre"], inputs["exc_post"]),
        (inputs["inh_pre"], inputs["inh_post"]),
        float(parameters.weight_initial_pA),
        inputs["subgroup_index"].astype(np.int64),
        relays,
    )


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of the network.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    from replasticity.models import dopamine_stdp as model

    subgroups = inputs["subgroup_index"].astype(np.int64)
    weight_pA = float(parameters.weight_initial_pA)
    network = drawn_network(parameters, inputs)
    end, chunk = steps_of(parameters.duration_ms, parameters), steps_of(parameters.chunk_ms, parameters)
    window_ms = min(WINDOW_MS, parameters.duration_ms)
    session = Session(
        network,
        parameters.dt_ms,
        allowed_spikes(parameters, parameters.populations),
        min(10, parameters.exc_count),
        steps_of(window_ms, parameters),
    )
    readings = []
    for _, chunk_end in progress.in_chunks(end, chunk, "cue association"):
        session.advance(chunk_end)
        read = session.read()
        readings.append(read_groups(read, subgroups, weight_pA) | {"members": read_members(read, subgroups)})
    outcome = session.outcome()
    state, first = session.network.plastic.state, session.network.plastic.first
    leaving = np.diff(first)[: parameters.exc_count]
    sums_pA = model.sums_of_each_source(session.network, weight_pA)[: parameters.exc_count]
    cursor = session.network.cursor[0]

    is_exc = outcome.neuron < parameters.exc_count
    exc_ms, exc_index = outcome.stamp[is_exc] * parameters.dt_ms, outcome.neuron[is_exc]
    bins = int(np.ceil(parameters.duration_ms / RATE_BIN_MS))
    rate_edges_ms = np.arange(bins + 1) * RATE_BIN_MS + parameters.dt_ms / 2
    raster_bins = math.ceil(window_ms / RASTER_BIN_MS)
    raster_edges_ms = np.arange(raster_bins + 1) * RASTER_BIN_MS + parameters.dt_ms / 2
    V_every = max(1, steps_of(V_INTERVAL_MS, parameters))
    stimulus_ms, subgroup = inputs["stimulus_ms"], inputs["stimulus_subgroup"]
    return build(
        RUN,
        {
            "exc_spike_ms": exc_ms,
            "exc_spike_index": exc_index,
            "inh_spike_ms": outcome.stamp[~is_exc] * parameters.dt_ms,
            "inh_spike_index": outcome.neuron[~is_exc] - parameters.exc_count,
            "time_ms": np.arange(1, len(readings) + 1) * parameters.chunk_ms,
            "weight_all_pA": [reading["weight_all_pA"] for reading in readings],
            **{name: np.array([reading[name] for reading in readings]).T for name in ("weight_pA", "c_sum", "n_mean")},
            "synapse_weight_pA": np.moveaxis(np.array([reading["members"] for reading in readings]), 0, -1),
            "weight_final_pA": np.where(leaving > 0, weight_pA + sums_pA / np.maximum(leaving, 1), np.nan),
            "synapse_count": leaving,
            "weight_min_pA": state["weight"].min() if len(state) else np.nan,
            "weight_max_pA": state["weight"].max() if len(state) else np.nan,
            "event_count": int(cursor["sent"]) + int(cursor["received"]),
            "rate_time_ms": (np.arange(bins) + 0.5) * RATE_BIN_MS,
            "exc_rate_binned_Hz": np.histogram(exc_ms, rate_edges_ms)[0] / parameters.exc_count / RATE_BIN_MS * 1000,
            "raster_time_ms": (np.arange(raster_bins) + 0.5) * RASTER_BIN_MS,
            "raster_count": np.histogram2d(
                exc_ms, exc_index, (raster_edges_ms, np.arange(parameters.exc_count + 1) - 0.5)
            )[0],
            "stimulus_count": [
                np.histogram(stimulus_ms[subgroup == group], raster_edges_ms - parameters.dt_ms)[0]
                for group in (REWARDED, OTHER)
            ],
            "dopamine_count": np.histogram(inputs["dopamine_ms"], rate_edges_ms)[0],
            "V_time_ms": np.arange(V_every, session.V_mV.shape[1] + 1, V_every) * parameters.dt_ms,
            "V_mV": session.V_mV[:, V_every - 1 :: V_every],
        },
    )


def responses(
    spike_ms: FloatArray, spike_index: IntArray, stimulus_ms: FloatArray, members: IntArray, first_ms: float
) -> FloatArray:
    """Return how many spikes some neurons fire after each stimulus, per neuron.

    Parameters
    ----------
    spike_ms, spike_index : ndarray, shape (spikes,)
        Spikes in order of time [ms], and their neurons.
    stimulus_ms : ndarray of float64, shape (stimuli,)
        Stimuli, as given to the generators [ms].
    members : ndarray of int64
        Neurons that are counted.
    first_ms : float
        Time from the stimulus to the first moment at which it can act [ms].

    Returns
    -------
    ndarray of float64, shape (stimuli,)
        Spikes per neuron within `RESPONSE_MS`.
    """
    own_ms = spike_ms[np.isin(spike_index, members)]
    start = np.searchsorted(own_ms, stimulus_ms + first_ms, side="right")
    end = np.searchsorted(own_ms, stimulus_ms + first_ms + RESPONSE_MS, side="right")
    counts: FloatArray = (end - start) / max(len(members), 1)
    return counts


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else np.nan


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "sample": math.ceil(steps_of(parameters.duration_ms, parameters) / steps_of(parameters.chunk_ms, parameters)),
        "subgroup": 2,
    }


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`, with its inputs.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where a subgroup was not stimulated.
    """
    seconds = parameters.duration_ms / 1000
    subgroups = run["subgroup_index"]
    initial_pA = parameters.weight_initial_pA
    weight_pA = run["weight_pA"]
    difference_pA = weight_pA[REWARDED] - weight_pA[OTHER]
    has_synapses = run["synapse_count"].any()
    half = np.abs(run["time_ms"] - parameters.duration_ms / 2).argmin()
    rest = np.setdiff1d(np.arange(parameters.exc_count), subgroups)
    rest_pA, n_mean = _mean_of_leaving(run, rest), run["n_mean"]
    # A stimulus counts if its relay spikes before the end.
    stimulus_ms, subgroup = run["stimulus_ms"], run["stimulus_subgroup"]
    happens = stimulus_ms + parameters.relay_delay_ms <= parameters.duration_ms
    spike_ms, spike_index = run["exc_spike_ms"], run["exc_spike_index"]
    first_ms = parameters.relay_delay_ms + parameters.stimulus_delay_ms
    early, late, network_change = [], [], []
    for group in (REWARDED, OTHER):
        own_ms = stimulus_ms[happens & (subgroup == group)]
        is_early = own_ms < parameters.duration_ms / 2
        others = np.setdiff1d(np.arange(parameters.exc_count), subgroups[group])
        own, outside = (
            responses(spike_ms, spike_index, own_ms, members, first_ms) for members in (subgroups[group], others)
        )
        early.append(_mean(own[is_early]))
        late.append(_mean(own[~is_early]))
        network_change.append(_mean(outside[~is_early]) - _mean(outside[is_early]))
    exc_spikes, inh_spikes = len(run["exc_spike_ms"]), len(run["inh_spike_ms"])
    return build(
        STATISTICS,
        {
            "exc_rate_Hz": exc_spikes / parameters.exc_count / seconds,
            "inh_rate_Hz": inh_spikes / max(parameters.inh_count, 1) / seconds,
            "exc_rate_as_printed_Hz": exc_spikes / 50 / seconds,
            "inh_rate_as_printed_Hz": inh_spikes / 50 / seconds,
            "stimuli_rewarded": np.sum(happens & (subgroup == REWARDED)),
            "stimuli_other": np.sum(happens & (subgroup == OTHER)),
            "dopamine_spikes": np.sum(run["dopamine_ms"] + parameters.relay_delay_ms <= parameters.duration_ms),
            "subgroup_overlap": len(np.intersect1d(*subgroups)),
            "weight_rewarded_pA": weight_pA[REWARDED, -1],
            "weight_other_pA": weight_pA[OTHER, -1],
            "weight_rest_pA": rest_pA,
            "weight_net_pA": run["weight_all_pA"][-1],
            "weight_max_pA": run["weight_max_pA"] if has_synapses else np.nan,
            "weight_min_pA": run["weight_min_pA"] if has_synapses else np.nan,
            "difference_pA": difference_pA[-1],
            "difference_half_pA": difference_pA[half],
            "difference_trace_pA": difference_pA,
            "beyond_rest_pA": weight_pA[REWARDED, -1] - rest_pA,
            "dopamine_difference_percent": ratio(np.abs(n_mean[REWARDED] - n_mean[OTHER]).max(), np.abs(n_mean).max())
            * 100,
            "gain_trace_pA": weight_pA - initial_pA,
            "gain_rewarded_percent": (ratio(weight_pA[REWARDED, -1], initial_pA) - 1) * 100,
            "gain_other_percent": (ratio(weight_pA[OTHER, -1], initial_pA) - 1) * 100,
            "difference_percent": ratio(difference_pA[-1], initial_pA) * 100,
            "response_early": early,
            "response_late": late,
            "response_change": np.array(late) - np.array(early),
            "network_response_change": network_change,
        },
    )


def _mean_of_leaving(run: Arrays, neurons: IntArray) -> float:
    """Return the mean final weight of all synapses that leave some neurons [pA]."""
    weight_pA, count = run["weight_final_pA"][neurons], run["synapse_count"][neurons]
    return float(np.sum(np.where(count > 0, weight_pA, 0.0) * count) / max(count.sum(), 1))


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("dopa_cue",)

#: Our parameter -> path in the recorded ones.
_PARAMETER_PATHS = {
    "duration_ms": "sim_time",
    "slice_ms": "min_delay_ms",
    "tau_pre_ms": "tau_tr_pre",
    "tau_post_ms": "tau_tr_post",
    "tau_c_ms": "tau_c",
    "tau_n_ms": "tau_n",
    "b": "b",
    "delay_ms": "delay",
    "relay_delay_ms": "vt_parrot_delay_ms",
    "dopamine_delay_ms": "vt_delay_ms",
    "stimulus_delay_ms": "stim_to_neuron_delay_ms",
    "exc_count": "NE",
    "inh_count": "NI",
    "exc_indegree": "CE",
    "inh_indegree": "CI",
    "weight_initial_pA": "J_ex",
    "weight_inh_pA": "J_in",
    "background_rate_Hz": "p_rate_hz",
    "background_weight_pA": "J_poisson",
    "subgroup_size": "subgroup_size",
    "stimulus_rate_Hz": "stimulus_rate_hz",
    "stimulus_interval_min_ms": "min_stimulus_delay_ms",
    "stimulus_weight_pA": "J_stim",
    "reward_delay_min_ms": "min_dopa_delay_ms",
    "A_vt": "A_vt",
    **{
        f"{kind}_{ours}": f"{kind}.{theirs}"
        for kind in ("exc", "inh")
        for ours, theirs in (*_NEURON.items(), ("V_initial_mV", "V_m"))
    },
}

#: What a summary leaves out: the defaults of the published script (docs/models/dopamine_stdp.md#delays).
_DEFAULTS = {"relay_delay_ms": 1.0, "dopamine_delay_ms": 1.0, "stimulus_delay_ms": 1.0, "slice_ms": 1.0}

_STATE = Tolerance(absolute=1e-9)
_LOGS = ("w_net", "w_avg_group", "c_sum_group", "n_avg_group", "w_avg_nongroup", "c_sum_nongroup", "n_avg_nongroup")

TOLERANCES: dict[str, Tolerance] = {
    "exc_weight_final": _STATE,
    "exc_c_final": _STATE,
    "exc_n_final": _STATE,
    "exc_pre_tr_final": _STATE,
    **{f"log_{name}": _STATE for name in (*_LOGS, "w_snapshot", "c_snapshot")},
    "dopa_actual_time": Tolerance(absolute=1e-6),
    "V_m": _STATE,
}

SPIKES = ("exc_spike", "inh_spike", "stim_actual_spike")

RECORDED_INPUTS = (
    *("exc_pre", "exc_post", "exc_weight_initial", "inh_pre", "inh_post", "subgroup_index"),
    *("stim_scheduled_spike_time", "stim_scheduled_spike_index", "dopa_scheduled_time"),
    *("background_spike_time", "background_spike_index", "log_time", "V_m_time", "snapshot_synapse"),
)

NEEDED_INPUTS = (
    *("exc_pre", "exc_post", "exc_weight_initial", "inh_pre", "inh_post", "subgroup_index"),
    *("stim_scheduled_spike_time", "stim_scheduled_spike_index", "dopa_scheduled_time"),
    *("background_spike_time", "background_spike_index"),
)


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = _DEFAULTS | translated(parameters, _PARAMETER_PATHS)
    rate = parameters.get("learning_rate", 1.0)
    duration_ms = float(recording.attrs.get("duration_ms", 0.0))
    # A summary gives the share of neurons that are connected, not the number of synapses.
    for name, count in (("exc_indegree", "NE"), ("inh_indegree", "NI")):
        values.setdefault(name, round(parameters.get("epsilon", 0.0) * parameters.get(count, 0)))
    values.setdefault("weight_inh_pA", -parameters.get("g", 4.0) * parameters.get("J_ex", 0.0))
    shortest_ms, longest_ms = (parameters.get(f"{name}_dopa_delay_ms", 0.0) for name in ("min", "max"))
    return values | {
        "dt_ms": float(recording.attrs.get("resolution_ms", 0.1)),
        "events": "slice",
        "step_every_slice": False,
        # Rounded, since 0.1 times 1.5 is not 0.15 to the last bit.
        "A_plus": round(rate * parameters.get("A_plus_factor", 1.0), 12),
        "A_minus": round(rate * parameters.get("A_minus_factor", 1.0), 12),
        "reward_delay_range_ms": max(round(longest_ms - shortest_ms), 1),
        "chunk_ms": values.get("duration_ms", duration_ms) / max(parameters.get("n_chunks", 1), 1),
    }


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's wiring, stimuli, dopamine and background.

    Parameters
    ----------
    recording : xarray.Dataset
        With the variables of `NEEDED_INPUTS`.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    neurons = parameters.exc_count + parameters.inh_count
    sizes = {"exc_pre": parameters.exc_count, "inh_pre": parameters.inh_count, "subgroup_index": parameters.exc_count}
    sizes |= dict.fromkeys(("exc_post", "inh_post", "background_spike_index"), neurons)
    sizes["stim_scheduled_spike_index"] = recording["subgroup_index"].shape[0]
    if "snapshot_synapse" in recording:
        sizes["snapshot_synapse"] = recording.sizes["exc_synapse"]
    require_indices(recording, sizes)
    V_neurons = recording.sizes.get("V_m_neuron", 0)
    if V_neurons > neurons:
        raise UserError(f"dimension 'V_m_neuron' has {V_neurons} entries, and there are {neurons} neurons")
    relay = steps_of(parameters.relay_delay_ms, parameters)
    exc_order, inh_order = (np.argsort(recording[name].values, kind="stable") for name in ("exc_pre", "inh_pre"))
    subgroups = recording["subgroup_index"].values.astype(np.int64)
    relays = Relays(
        stimulus=stamps(recording["stim_scheduled_spike_time"].values, parameters) + relay,
        stimulus_subgroup=recording["stim_scheduled_spike_index"].values,
        dopamine=stamps(recording["dopa_scheduled_time"].values, parameters) + relay,
        background=stamps(recording["background_spike_time"].values, parameters),
        background_index=recording["background_spike_index"].values.astype(np.int64),
    )
    network = build_network(
        parameters,
        (recording["exc_pre"].values[exc_order], recording["exc_post"].values[exc_order]),
        (recording["inh_pre"].values[inh_order], recording["inh_post"].values[inh_order]),
        recording["exc_weight_initial"].values[exc_order],
        subgroups,
        relays,
    )
    end = steps_of(parameters.duration_ms, parameters)
    log = stamps(recording["log_time"].values, parameters) if "log_time" in recording else np.zeros(0, np.int64)
    V_stamp = stamps(recording["V_m_time"].values, parameters) if "V_m_time" in recording else np.zeros(0, np.int64)
    session = Session(
        network,
        parameters.dt_ms,
        allowed_spikes(parameters, parameters.populations),
        V_neurons,
        int(V_stamp.max(initial=0)),
    )
    # Where each recorded synapse is in the order of sources.
    place = np.empty(len(exc_order), np.int64)
    place[exc_order] = np.arange(len(exc_order))
    sampled = place[recording["snapshot_synapse"].values] if "snapshot_synapse" in recording else place[:0]
    readings: dict[int, dict[str, Any]] = {}
    times = np.unique(np.append(log, end))
    for time in times:
        session.advance(int(time))
        network = session.read()
        state = network.plastic.state[sampled]
        readings[int(time)] = read_groups(network, subgroups, float(parameters.weight_initial_pA)) | {
            "w_snapshot": state["weight"].copy(),
            "c_snapshot": state["c"].copy(),
        }
    outcome = session.outcome()
    is_exc = outcome.neuron < parameters.exc_count
    stimulus = relays.stimulus <= end
    order = np.argsort(relays.stimulus[stimulus], kind="stable")
    dopamine = np.sort(relays.dopamine[relays.dopamine <= end])
    state = session.network.plastic.state[place]
    spike_ms = outcome.stamp * parameters.dt_ms
    variables: dict[str, tuple[Any, Any]] = {
        "exc_spike_time": ("exc_spike", spike_ms[is_exc]),
        "exc_spike_index": ("exc_spike", outcome.neuron[is_exc]),
        "inh_spike_time": ("inh_spike", spike_ms[~is_exc]),
        "inh_spike_index": ("inh_spike", outcome.neuron[~is_exc] - parameters.exc_count),
        "stim_actual_spike_time": ("stim_actual_spike", relays.stimulus[stimulus][order] * parameters.dt_ms),
        "stim_actual_spike_index": ("stim_actual_spike", relays.stimulus_subgroup[stimulus][order]),
        "dopa_actual_time": ("dopa_actual", dopamine * parameters.dt_ms),
        "exc_weight_final": ("exc_synapse", state["weight"]),
        "exc_c_final": ("exc_synapse", state["c"]),
        "exc_n_final": ("exc_synapse", state["n"]),
        "exc_pre_tr_final": ("exc_synapse", state["x"]),
        "V_m": (("V_m_neuron", "V_m_sample"), session.V_mV[:, V_stamp - 1]),
    }
    kept = [readings[int(time)] for time in log]
    rewarded = int(recording_parameter(recording, "reinforced_subgroup", REWARDED))
    variables["log_w_net"] = ("log", [reading["weight_all_pA"] for reading in kept])
    for group, name in ((rewarded, "group"), (1 - rewarded, "nongroup")):
        for theirs, ours in (("w_avg", "weight_pA"), ("c_sum", "c_sum"), ("n_avg", "n_mean")):
            variables[f"log_{theirs}_{name}"] = ("log", [reading[ours][group] for reading in kept])
    for name in ("w_snapshot", "c_snapshot"):
        values = np.array([reading[name] for reading in kept]).reshape(len(kept), len(sampled))
        variables[f"log_{name}"] = (("log", "snapshot"), values)
    return variables


def recording_parameter(recording: "xr.Dataset", name: str, default: Any) -> Any:
    """Return one of a recording's parameters that is none of ours."""
    return json.loads(recording.attrs.get("parameters", "{}")).get(name, default)
