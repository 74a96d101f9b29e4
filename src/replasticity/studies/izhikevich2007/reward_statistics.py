"""The chosen synapse and all others over the hour: how strong it becomes, and how alone it is."""

import math
from typing import Any

import numpy as np

from replasticity.numerics.arrays import IntArray
from replasticity.studies.izhikevich2007 import PART
from replasticity.studies.izhikevich2007.network_statistics import COUNT, FINE, HIGH_SHARE
from replasticity.studies.izhikevich2007.network_statistics import network as network
from replasticity.studies.izhikevich2007.reward import Parameters
from replasticity.studies.izhikevich2007.shared import WEIGHT_BINS
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: Courses over time have the end of each of these [s].
MINUTE_S = 60

DIMENSIONS = {"minute": lambda p: p.duration_s // MINUTE_S}

_RANK: dict[str, Any] = {"resolution": 0.25, "discrete": True}
_PERCENT: dict[str, Any] = {"resolution": 1e-6, "discrete": True}
_HIGH = f"{100 * HIGH_SHARE:g} % of the bound"
_SAMPLED: dict[str, Any] = {"dims": ("minute",), "undefined": "the first sample is later"}


@statistic("mean rate of the inhibitory cells", **FINE)
def rate_inh_mean_Hz(run, p):
    return run.rate_inh_Hz.mean()


@once_per_run
def high_synapses(run: Run, p: Parameters) -> IntArray:
    """Return how many synapses have a high weight in each sample."""
    return run.weight_histogram[:, round(HIGH_SHARE * WEIGHT_BINS) :].sum(axis=1)


@statistics(
    chosen_weight_course_mV=number("weight of the chosen synapse after each minute", ("minute",), **FINE),
    chosen_eligibility_course_mV=number("eligibility of the chosen synapse after each minute", ("minute",), **FINE),
    chosen_rank_course=number(
        "rank among the excitatory synapses (ties share their mean), after each minute", **_SAMPLED, **_RANK
    ),
    stronger_synapses_course=number(
        "excitatory synapses stronger than the chosen one, after each minute", **_SAMPLED, **COUNT
    ),
    high_synapses_course=number(f"synapses at {_HIGH} or above, after each minute", **_SAMPLED, **COUNT),
)
def courses(run, p):
    second = np.arange(MINUTE_S, p.duration_s + 1, MINUTE_S)
    sample = second // p.sample_interval_s - 1
    sampled = (run.chosen_rank, run.stronger_synapses, high_synapses(run, p))
    return (
        run.chosen_weight_mV[second - 1],
        run.chosen_eligibility_mV[second - 1],
        *(np.where(sample >= 0, each[sample], math.nan) for each in sampled),
    )


@statistics(
    chosen_weight_final_mV=number("weight of the chosen synapse at the end", **FINE),
    chosen_weight_highest_mV=number("highest weight of the chosen synapse (each second)", **FINE),
    chosen_weight_late_mV=number("mean weight of the chosen synapse, second half", resolution=1e-9),
    chosen_high_s=number(
        f"time at which the chosen weight first is {_HIGH}",
        undefined="the weight never gets there",
        **COUNT,
    ),
)
def chosen_weight(run, p):
    weight_mV = run.chosen_weight_mV
    high = np.flatnonzero(weight_mV >= HIGH_SHARE * p.w_max_mV)
    high_s = high[0] + 1 if len(high) else math.nan
    return weight_mV[-1], weight_mV.max(), weight_mV[len(weight_mV) // 2 :].mean(), high_s


@statistics(
    chosen_rank_final_percent=number(
        "rank of the chosen synapse at the end, of all; ties share their mean", **_PERCENT
    ),
    chosen_rank_late_percent=number(
        "median rank of the chosen synapse, second half; ties share their mean", **_PERCENT
    ),
    chosen_rank_best=number("best rank of the chosen synapse (each sample); ties share their mean", **_RANK),
)
def chosen_rank(run, p):
    percent = 100 * run.chosen_rank / p.exc_synapses
    return percent[-1], np.median(percent[len(percent) // 2 :]), run.chosen_rank.min()


@statistics(
    high_synapses_final=number(f"synapses at {_HIGH} or above at the end", **COUNT),
    other_weight_largest_mV=number("largest other weight at any time", **FINE),
    weight_percentile_99_mV=number("weight that 1 % of the others exceed at the end", **FINE),
    weight_percentile_90_mV=number("weight that 10 % of the others exceed at the end", **FINE),
)
def all_weights(run, p):
    upper_mV = run.upper_weight_mV
    return high_synapses(run, p)[-1], upper_mV[:, 0].max(), upper_mV[-1, 2], upper_mV[-1, 3]


@statistics(
    rewards_early=number("rewards given in the first sixth of the run", **COUNT),
    rewards_late=number("rewards given in the last sixth of the run", **COUNT),
    rewards_gain=number("rewards given in the last sixth of the run, minus those in the first", **COUNT),
)
def rewards_in_parts(run, p):
    rewards, part_s = run.rewards, p.duration_s // PART
    early, late = rewards[part_s - 1], rewards[-1] - rewards[-1 - part_s]
    return early, late, late - early
