"""Weights that leave the two subgroups, rates, and responses to the stimuli."""

import math
from typing import Any

import numpy as np

from replasticity.numerics.arrays import FloatArray, nearest
from replasticity.numerics.events import counts_after
from replasticity.storage.contract import mean, ratio
from replasticity.studies.dopamine_tutorial.cue import GROUP, OTHER, REWARDED, Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: A response is counted from when the stimulus first moves the potential, for so long [ms].
RESPONSE_MS = 20.0

DIMENSIONS = {"sample": lambda p: math.ceil(p.steps(p.duration_ms) / p.steps(p.chunk_ms)), "subgroup": lambda p: 2}

#: Seeds may share a value: rates are counts, and weights may end where they began.
_SHARED: dict[str, Any] = {"resolution": 1e-9, "discrete": True}
_OF_SYNAPSES = _SHARED | {"undefined": "there is no plastic synapse"}
_OF_INITIAL = _SHARED | {"undefined": "the initial weight is 0"}
_LEAVING = "mean final weight of the synapses that leave"


@statistics(
    exc_rate_Hz=number("mean rate of all excitatory neurons", **_SHARED),
    inh_rate_Hz=number("mean rate of all inhibitory neurons", **_SHARED),
    # docs/models/dopamine_stdp.md#erratum-rates
    exc_rate_as_printed_Hz=number("the same, spikes of all divided by 50, as published", **_SHARED),
    inh_rate_as_printed_Hz=number("the same for inhibitory neurons", **_SHARED),
)
def rates(run, p):
    exc, inh, seconds = len(run.exc_spike_ms), len(run.inh_spike_ms), p.duration_ms / 1000
    return exc / p.exc_count / seconds, inh / max(p.inh_count, 1) / seconds, exc / 50 / seconds, inh / 50 / seconds


@once_per_run
def presented_ms(run: Run, p: Parameters) -> list[FloatArray]:
    """Return the stimuli of each subgroup whose relay spikes before the end [ms]."""
    happens = run.stimulus_ms + p.relay_delay_ms <= p.duration_ms
    return [run.stimulus_ms[happens & (run.stimulus_subgroup == group)] for group in (REWARDED, OTHER)]


@statistics(
    stimuli_rewarded=number("presentations of the rewarded stimulus", dtype="int32"),
    stimuli_other=number("presentations of the other stimulus", dtype="int32"),
    dopamine_spikes=number("dopamine spikes", dtype="int32"),
    subgroup_overlap=number("neurons that belong to both subgroups", dtype="int32"),
)
def counts(run, p):
    rewarded_ms, other_ms = presented_ms(run, p)
    dopamine = np.sum(run.dopamine_ms + p.relay_delay_ms <= p.duration_ms)
    return len(rewarded_ms), len(other_ms), dopamine, len(np.intersect1d(*run.subgroup_index))


@once_per_run
def rest_pA(run: Run, p: Parameters) -> float:
    """Return the mean final weight of the synapses that leave neither subgroup."""
    rest = np.setdiff1d(np.arange(p.exc_count), run.subgroup_index)
    weight_pA, count = run.weight_final_pA[rest], run.synapse_count[rest]
    return np.sum(np.where(count > 0, weight_pA, 0.0) * count) / max(count.sum(), 1)


@statistics(
    weight_rewarded_pA=number(f"{_LEAVING} the rewarded subgroup", **_SHARED),
    weight_other_pA=number(f"{_LEAVING} the other stimulated subgroup", **_SHARED),
    weight_rest_pA=number(f"{_LEAVING} neither subgroup", **_SHARED),
    weight_net_pA=number("mean final weight of all plastic synapses", **_SHARED),
    weight_max_pA=number("largest final weight", **_OF_SYNAPSES),
    weight_min_pA=number("smallest final weight", **_OF_SYNAPSES),
)
def final_weights(run, p):
    extremes_pA = (run.weight_max_pA, run.weight_min_pA) if run.synapse_count.any() else (np.nan, np.nan)
    return *run.weight_pA[[REWARDED, OTHER], -1], rest_pA(run, p), run.weight_all_pA[-1], *extremes_pA


@statistics(
    difference_trace_pA=number("rewarded minus other stimulated, mean weights at each reading", ("sample",), **_SHARED),
    difference_pA=number("rewarded minus other stimulated, mean final weights", **_SHARED),
    difference_half_pA=number("the same at half of the run", **_SHARED),
    difference_percent=number("difference of both, of the initial weight", **_OF_INITIAL),
    beyond_rest_pA=number("rewarded minus neither subgroup, mean final weights", **_SHARED),
)
def differences(run, p):
    trace_pA = run.weight_pA[REWARDED] - run.weight_pA[OTHER]
    half = nearest(run.time_ms, p.duration_ms / 2)
    percent = ratio(trace_pA[-1], p.weight_initial_pA) * 100
    return trace_pA, trace_pA[-1], trace_pA[half], percent, run.weight_pA[REWARDED, -1] - rest_pA(run, p)


@statistic(
    "largest difference of the mean n of both subgroups at a reading, of the largest n",
    undefined="there is no dopamine",
    **_SHARED,
)
def dopamine_difference_percent(run, p):
    n = run.n_mean
    return ratio(np.abs(n[REWARDED] - n[OTHER]).max(), np.abs(n).max()) * 100


@statistics(
    gain_trace_pA=number(f"mean weight of a subgroup minus the initial one {GROUP}", ("subgroup", "sample"), **_SHARED),
    gain_rewarded_percent=number("gain of the rewarded subgroup, of the initial weight", **_OF_INITIAL),
    gain_other_percent=number("gain of the other stimulated subgroup", **_OF_INITIAL),
)
def gains(run, p):
    percent = (ratio(run.weight_pA[[REWARDED, OTHER], -1], p.weight_initial_pA) - 1) * 100
    return run.weight_pA - p.weight_initial_pA, *percent


_RESPONSE = _SHARED | {"dims": ("subgroup",), "undefined": "no own stimulus comes in that half"}
_SPIKES, _HALF = "spikes within 20 ms of the own stimulus", "half of the run, per neuron and stimulus"


@statistics(
    response_early=number(f"{_SPIKES}, first {_HALF} {GROUP}", **_RESPONSE),
    response_late=number(f"{_SPIKES}, second {_HALF} {GROUP}", **_RESPONSE),
    response_change=number(f"late minus early response {GROUP}", **_RESPONSE),
    network_response_change=number(f"the same for all excitatory neurons outside the subgroup {GROUP}", **_RESPONSE),
)
def responses_of_subgroups(run, p):
    # [subgroup, members or all others, early or late]
    means, first_ms = np.full((2, 2, 2), np.nan), p.relay_delay_ms + p.stimulus_delay_ms
    for group, own_ms in enumerate(presented_ms(run, p)):
        members = run.subgroup_index[group]
        is_late = own_ms >= p.duration_ms / 2
        for k, neurons in enumerate((members, np.setdiff1d(np.arange(p.exc_count), members))):
            spike_ms = run.exc_spike_ms[np.isin(run.exc_spike_index, neurons)]
            counted = counts_after(spike_ms, own_ms + first_ms, RESPONSE_MS) / max(len(neurons), 1)
            means[group, k] = mean(counted[~is_late]), mean(counted[is_late])
    (early, late), (early_others, late_others) = np.moveaxis(means, 0, -1)
    return early, late, late - early, late_others - early_others
