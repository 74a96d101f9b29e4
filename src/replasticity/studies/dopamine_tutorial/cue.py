"""Cue association: one of two stimuli of a balanced network is rewarded (docs/models/dopamine_stdp.md#protocol-cue).

Excitatory neurons have synapses with dopamine-modulated STDP; two subgroups are stimulated at random times, and
dopamine follows the stimuli of the first.
"""

import functools

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import (
    Cost,
    GridDuration,
    NonNegative,
    Positive,
    PositiveInt,
    is_recorded,
    quantity,
)
from replasticity.definitions.ranges import Range
from replasticity.models.dopamine_stdp_parameters import BalancedNetwork, most_poisson
from replasticity.numerics import random
from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.numerics.events import bins, counts
from replasticity.pipeline import progress
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.dopamine_tutorial.shared import poisson_relays

#: Subgroups: the first one is rewarded.
REWARDED, OTHER = 0, 1

#: Bin of mean rates, and of the raster as wide as the published script's histogram [ms].
RATE_BIN_MS, RASTER_BIN_MS = 100.0, 10.0

#: What is kept of the raster and of the potentials: all of the published run, sampled as its multimeter does [ms].
WINDOW_MS, V_INTERVAL_MS = 10000.0, 1.0


class Parameters(BalancedNetwork):
    """The network, its stimuli and dopamine."""

    subgroup_size: PositiveInt = quantity("Neurons of each stimulated subgroup.", varied=Range(1, 20), size=True)
    stimulus_rate_Hz: Positive = quantity(
        "Rate of stimuli, both subgroups together. Intervals are whole milliseconds.",
        le=1000,
        varied=Range(1.0, 200.0, log=True),
    )
    stimulus_interval_min_ms: NonNegative = quantity("Smallest interval between two stimuli.", varied=Range(0.0, 50.0))
    stimulus_weight_pA: NonNegative = quantity("Weight of the stimulus.", varied=Range(0.0, 8000.0))
    stimulus_delay_ms: GridDuration = quantity("Delay from the stimulus relay to the neurons.", varied=Range(0.1, 3.0))
    reward_delay_min_ms: NonNegative = quantity(
        "Smallest time from a stimulus to its dopamine.", varied=Range(0.0, 50.0)
    )
    reward_delay_range_ms: PositiveInt = quantity(
        "Number of whole milliseconds that the time to dopamine is sampled from, beginning with the smallest.",
        varied=Range(1, 30),
    )
    A_vt: float = quantity(
        "Amount of dopamine of a spike.", symbol=r"A_\mathrm{vt}", varied=Range(-2.0, 2.0, special=(0.0,))
    )

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        if is_recorded(info):
            return self
        if self.subgroup_size > self.exc_count:
            raise ValueError(f"subgroup_size: at most exc_count ({self.exc_count})")
        if self.slice_ms > self.stimulus_delay_ms + 1e-9:
            raise ValueError(f"slice_ms: at most stimulus_delay_ms ({self.stimulus_delay_ms:g})")
        if self.duration_ms < V_INTERVAL_MS:
            raise ValueError(f"duration_ms: at least {V_INTERVAL_MS:g} ms, the interval of the potentials")
        return self

    def cost(self) -> Cost:
        """Return what a run needs."""
        rate_Hz = min(self.stimulus_rate_Hz, 1000 / max(1e-3, self.stimulus_interval_min_ms))
        stimuli = most_poisson(rate_Hz * (self.duration_ms / 1000))
        window_ms = min(WINDOW_MS, self.duration_ms)
        kept_numbers = (
            (7 + 2 * self.subgroup_size) * self.duration_ms / self.chunk_ms
            + 10 * window_ms / self.dt_ms
            + window_ms / RASTER_BIN_MS * self.exc_count
            + 3 * self.duration_ms / RATE_BIN_MS
        )
        return self.balanced_cost(stimuli * (self.subgroup_size + 1), kept_numbers)


SHORTEST = {"duration_ms": 1000.0}
SHORTEST_IN_PYTHON = {"duration_ms": 200.0}

GROUP = "(0: rewarded, 1: other stimulated)"
_NO_SYNAPSE, _NONE_AT_ALL = "no synapse leaves it", "there is no plastic synapse"
_trace = functools.partial(Variable, trace=True)
_COURSE = ("subgroup", "time_ms")
RUN = {
    "subgroup_index": Variable(("subgroup", "member"), "neurons of each subgroup; the first is rewarded", "int32"),
    "stimulus_ms": Variable(("stimulus",), "stimuli, as given to the generators"),
    "stimulus_subgroup": Variable(("stimulus",), "subgroup of each stimulus", "int32"),
    "dopamine_ms": Variable(("dopamine",), "dopamine, as given to the generator"),
    "exc_spike_ms": Variable(("exc_spike",), "spikes of the excitatory neurons"),
    "exc_spike_index": Variable(("exc_spike",), "neuron of each of them", "int32"),
    "inh_spike_ms": Variable(("inh_spike",), "spikes of the inhibitory neurons"),
    "inh_spike_index": Variable(("inh_spike",), "neuron of each of them", "int32"),
    "time_ms": _trace(("time_ms",), "time of the readings of the synapses"),
    "weight_all_pA": _trace(("time_ms",), "mean weight of all plastic synapses"),
    "weight_pA": _trace(_COURSE, f"mean weight of the synapses that leave a subgroup {GROUP}"),
    "c_sum": _trace(_COURSE, f"sum of c over the synapses that leave a subgroup {GROUP}"),
    "n_mean": _trace(_COURSE, f"mean of n over the synapses that leave a subgroup {GROUP}"),
    "synapse_weight_pA": _trace(
        ("subgroup", "member", "time_ms"),
        f"weight of the first synapse that leaves each member of a subgroup {GROUP}",
        undefined=_NO_SYNAPSE,
    ),
    "weight_final_pA": Variable(
        ("exc",), "mean final weight of the synapses that leave each neuron", undefined=_NO_SYNAPSE
    ),
    "synapse_count": Variable(("exc",), "number of these synapses", "int32"),
    "weight_min_pA": Variable((), "smallest final weight", undefined=_NONE_AT_ALL),
    "weight_max_pA": Variable((), "largest final weight", undefined=_NONE_AT_ALL),
    "event_count": Variable((), "events at plastic synapses: spikes times synapses, both sides", "int64"),
    "rate_time_ms": _trace(("rate_time_ms",), "middle of each bin of the rate"),
    "exc_rate_binned_Hz": _trace(("rate_time_ms",), "mean rate of all excitatory neurons in each bin"),
    "raster_time_ms": _trace(("raster_time_ms",), "middle of each bin of the raster: first ten seconds of the run"),
    "raster_count": _trace(("raster_time_ms", "exc"), "spikes of each excitatory neuron in each bin", "int32"),
    "stimulus_count": _trace(("subgroup", "raster_time_ms"), "stimuli in each bin of the raster", "int32"),
    "dopamine_count": _trace(("rate_time_ms",), "dopamine spikes in each bin of the rate", "int32"),
    "V_time_ms": _trace(("V_time_ms",), "time of the potentials: each millisecond, at the end of a step"),
    "V_mV": _trace(("V_neuron", "V_time_ms"), "potentials of the first ten excitatory neurons"),
}


def sample_stimuli(generator: np.random.Generator, p: Parameters) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return times and subgroups of the stimuli, and the times of dopamine (docs/models/dopamine_stdp.md#stimuli)."""
    times_ms = [0.0]
    while times_ms[-1] < p.duration_ms:
        interval_ms = np.round(generator.exponential(1000 / p.stimulus_rate_Hz))
        times_ms.append(times_ms[-1] + max(p.stimulus_interval_min_ms, interval_ms))
    stimulus_ms = np.array(times_ms[1:])
    subgroup = generator.integers(0, 2, len(stimulus_ms))
    wait_ms = p.reward_delay_min_ms + generator.integers(0, p.reward_delay_range_ms, len(stimulus_ms))
    return stimulus_ms, subgroup, np.sort((stimulus_ms + wait_ms)[subgroup == REWARDED])


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return wiring, stimuli, dopamine and background of the network.

    Wiring and background are too large to be kept with a run; the seed gives them again. Targets (``exc_post``,
    ``inh_post``) are excitatory neurons, then inhibitory ones.
    """
    p, wiring = parameters, random.generator(seed, "wiring")
    exc_pre, exc_post = random.fixed_indegree(wiring, p.exc_count, p.neuron_count, p.exc_indegree)
    inh_pre, inh_post = random.fixed_indegree(wiring, p.inh_count, p.neuron_count, p.inh_indegree)
    chooser = random.generator(seed, "subgroups")
    subgroups = [chooser.choice(p.exc_count, p.subgroup_size, replace=False) for _ in range(2)]
    stimulus_ms, stimulus_subgroup, dopamine_ms = sample_stimuli(random.generator(seed, "stimuli"), p)
    step, neuron = poisson_relays(random.generator(seed, "background"), p.background_rate_Hz, p.neuron_count, p)
    kept = {
        "subgroup_index": subgroups,
        "stimulus_ms": stimulus_ms,
        "stimulus_subgroup": stimulus_subgroup,
        "dopamine_ms": dopamine_ms,
    }
    return build(RUN, kept) | {
        "exc_pre": exc_pre,
        "exc_post": exc_post,
        "inh_pre": inh_pre,
        "inh_post": inh_post,
        "background_step": step.astype(np.int32),
        "background_index": neuron.astype(np.int32),
    }


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    from replasticity.models.dopamine_stdp_runs import Session, network_at_start, read_groups, read_sources

    p, subgroups = parameters, inputs["subgroup_index"].astype(np.int64)
    window_ms = min(WINDOW_MS, p.duration_ms)
    start = network_at_start(p, inputs, p.weight_initial_pA)
    session = Session(start, p, min(10, p.exc_count), p.steps(window_ms))
    readings = []
    for _, end in progress.in_chunks(p.steps(p.duration_ms), p.steps(p.chunk_ms), "cue association"):
        session.advance(end)
        readings.append(read_groups(session.read(), subgroups, p.weight_initial_pA))
    step, neuron = session.spikes()
    is_exc = neuron < p.exc_count
    exc_ms, exc_index = step[is_exc] * p.dt_ms, neuron[is_exc]
    rate_ms, rate_edges_ms = bins(RATE_BIN_MS, p.duration_ms, p.dt_ms / 2)
    raster_ms, raster_edges_ms = bins(RASTER_BIN_MS, window_ms, p.dt_ms / 2)
    V_every = max(1, p.steps(V_INTERVAL_MS))
    given_ms = [inputs["stimulus_ms"][inputs["stimulus_subgroup"] == group] for group in (REWARDED, OTHER)]
    return build(
        RUN,
        {
            "exc_spike_ms": exc_ms,
            "exc_spike_index": exc_index,
            "inh_spike_ms": step[~is_exc] * p.dt_ms,
            "inh_spike_index": neuron[~is_exc] - p.exc_count,
            "time_ms": np.arange(1, len(readings) + 1) * p.chunk_ms,
            **{name: np.stack([each[name] for each in readings], axis=-1) for name in readings[0]},
            **read_sources(session.network, p.exc_count, p.weight_initial_pA),
            "rate_time_ms": rate_ms,
            "exc_rate_binned_Hz": np.histogram(exc_ms, rate_edges_ms)[0] / p.exc_count / RATE_BIN_MS * 1000,
            "raster_time_ms": raster_ms,
            "raster_count": counts(exc_ms, exc_index, raster_edges_ms, p.exc_count),
            "stimulus_count": [np.histogram(each_ms, raster_edges_ms - p.dt_ms)[0] for each_ms in given_ms],
            "dopamine_count": np.histogram(inputs["dopamine_ms"], rate_edges_ms)[0],
            "V_time_ms": np.arange(V_every, session.V_mV.shape[1] + 1, V_every) * p.dt_ms,
            "V_mV": session.V_mV[:, V_every - 1 :: V_every],
        },
    )
