"""How weights have changed, whether opposite connections go together, and what the inputs' weights prefer."""

import math
from functools import partial

import numpy as np

from replasticity.models.clopath_network_parameters import profile
from replasticity.numerics import random
from replasticity.numerics.arrays import BoolArray, FloatArray, correlation
from replasticity.storage.contract import ratio
from replasticity.studies.clopath2010.network import COURSE_SHARES, SHARES, SHUFFLES, Parameters
from replasticity.study.statistics import Run, number, once_per_run, statistic, statistics

#: Two weights count as grown if they have grown by more than this [mV].
GROWTH_THRESHOLDS_MV = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)

DIMENSIONS = {
    "pre": lambda p: p.exc_count,
    "post": lambda p: p.exc_count,
    "threshold": lambda p: len(GROWTH_THRESHOLDS_MV),
    "course_time_ms": lambda p: len(COURSE_SHARES),
    "centre": lambda p: len(p.centres),
}

#: Declarations of weights, and of counts, shares and extremes, which seeds may have in common.
_weight = partial(number, resolution=1e-9)
_count = partial(number, resolution=1e-9, discrete=True)

_CHANGE = "change of the weights between excitatory neurons"
_STRONG = "more than one standard deviation above the mean"
_ZERO = "the initial weight is 0"
_EQUAL = "all final weights are equal"
_BY_PROFILE = "each channel counted by its rate while the profile is at a centre"


def weight_matrix(run: Run, weight_mV: FloatArray, p: Parameters, no_synapse: float = math.nan) -> FloatArray:
    """Return weights between excitatory neurons as a matrix, rows from, columns to."""
    matrix = np.full((p.exc_count, p.exc_count), no_synapse)
    matrix[run["exc_exc_pre"], run["exc_exc_post"]] = weight_mV
    return matrix


def both_directions(matrix: FloatArray) -> FloatArray:
    """Return the elements of a matrix pair by pair: on axis 0 one direction (row < column) and the other."""
    upper = np.triu_indices(len(matrix), 1)
    return np.stack([matrix[upper], matrix.T[upper]])


def reciprocity(pairs: FloatArray) -> float:
    """Return the correlation of one direction with the other, each pair in both orders."""
    return float(correlation(pairs.ravel(), pairs[::-1].ravel()))


def two_way(grown: BoolArray) -> tuple[int, int, float]:
    """Return how many pairs have both, and exactly one, of two directions (axis 0), and the first if independent."""
    return int(grown.all(axis=0).sum()), int((grown[0] ^ grown[1]).sum()), grown.shape[1] * float(grown.mean()) ** 2


def by_centre(parameters: Parameters, run: Run, weight_mV: FloatArray) -> FloatArray:
    """Return the mean weight of the inputs that are active while the profile is at a centre, each counted by its rate.

    `weight_mV` has the weight of each synapse, or its change; the result the shape (centres, excitatory neurons).
    """
    profiles = np.stack([profile(parameters, centre) for centre in parameters.centres])
    matrix_mV = np.zeros((parameters.input_count, parameters.exc_count))
    matrix_mV[run["input_exc_pre"], run["input_exc_post"]] = weight_mV
    # Not by the matrix product, whose order of adding up depends on the machine.
    return np.einsum("ci,ie->ce", profiles, matrix_mV) / profiles.sum(axis=1, keepdims=True)


@statistic("final weights between excitatory neurons, 0 where there is no synapse", ("pre", "post"), resolution=1e-9)
def exc_exc_weight_final_mV(run, p):
    return weight_matrix(run, run.exc_exc_weight_final_mV, p, no_synapse=0.0)


@once_per_run
def dw_mV(run: Run, p: Parameters) -> FloatArray:
    """Return the change of each weight between excitatory neurons."""
    return run.exc_exc_weight_final_mV - run.exc_exc_weight_initial_mV


@statistics(
    dw_mean_mV=_weight(f"mean {_CHANGE}"),
    dw_sd_mV=_weight(f"standard deviation over synapses of the {_CHANGE}"),
    dw_min_mV=_weight(f"smallest {_CHANGE}"),
    dw_max_mV=_weight(f"largest {_CHANGE}"),
)
def change_mV(run, p):
    dw = dw_mV(run, p)
    return dw.mean(), dw.std(), dw.min(), dw.max()


@statistics(
    dw_mean_percent=number(f"mean {_CHANGE}, of the initial weight", resolution=1e-6, undefined=_ZERO),
    dw_max_percent=number(f"largest {_CHANGE}, of the initial weight", resolution=1e-6, undefined=_ZERO),
)
def change_percent(run, p):
    mean_mV, _, _, largest_mV = change_mV(run, p)
    return [ratio(100 * each_mV, p.weight_exc_exc_mV) for each_mV in (mean_mV, largest_mV)]


@once_per_run
def pair_mV(run: Run, p: Parameters) -> FloatArray:
    """Return the final weights of each pair of excitatory neurons, shape (2, pairs)."""
    return both_directions(weight_matrix(run, run.exc_exc_weight_final_mV, p))


@statistics(
    reciprocity=_weight("correlation of w_ij with w_ji over the pairs, both orders", undefined=_EQUAL),
    reciprocity_null=_weight("95 % quantile of that correlation with shuffled weights", undefined=_EQUAL),
    reciprocity_excess=_weight("correlation minus the quantile of shuffled weights", undefined=_EQUAL),
)
def reciprocity_beyond_chance(run, p):
    pairs = pair_mV(run, p)
    # The null distribution is a property of the run: the same shuffles for every seed.
    generator = random.generator(0, "shuffled weights")
    shuffled = generator.permuted(np.tile(pairs.ravel(), (SHUFFLES, 1)), axis=1)
    null = np.quantile(correlation(shuffled, np.roll(shuffled, pairs.shape[1], axis=1)), 0.95)
    return reciprocity(pairs), null, reciprocity(pairs) - null


@statistic(
    f"correlation of w_ij with w_ji after {SHARES} of the duration",
    ("course_time_ms",),
    resolution=1e-9,
    undefined="all weights are still equal",
)
def reciprocity_course(run, p):
    return [reciprocity(both_directions(weight_matrix(run, each, p))) for each in run.course_exc_exc_weight_mV]


@statistics(
    strong_two_way=_count(f"pairs with both weights {_STRONG}"),
    strong_one_way=_count(f"pairs with exactly one weight {_STRONG}"),
    strong_two_way_expected=_count(f"pairs with both weights {_STRONG}, if independent"),
    strong_two_way_excess=_count(f"pairs with both weights {_STRONG}, beyond independence"),
    strong_reciprocated=_count(
        f"share of the weights {_STRONG} whose opposite direction is so, too",
        undefined=f"no weight is {_STRONG}",
    ),
)
def strong_pairs(run, p):
    final_mV = run.exc_exc_weight_final_mV
    both, one, expected = two_way(pair_mV(run, p) > final_mV.mean() + final_mV.std())
    return both, one, expected, both - expected, ratio(2 * both, 2 * both + one)


@statistics(
    grown_two_way=number("pairs whose two weights both grew by more than the threshold", ("threshold",), "int32"),
    grown_one_way=number("pairs where exactly one weight grew by more", ("threshold",), "int32"),
    grown_two_way_expected=_count("pairs with two grown weights if independent", ("threshold",)),
)
def grown_pairs(run, p):
    pairs_mV = both_directions(weight_matrix(run, dw_mV(run, p), p))
    return zip(*(two_way(pairs_mV > threshold_mV) for threshold_mV in GROWTH_THRESHOLDS_MV), strict=True)


@statistics(
    at_weight_max=_count("share of weights between excitatory neurons at the upper bound"),
    at_weight_min=_count("share of weights between excitatory neurons at the lower bound"),
)
def at_bounds(run, p):
    final_mV = run.exc_exc_weight_final_mV
    return np.mean(final_mV >= p.weight_max_exc_mV), np.mean(final_mV <= p.weight_min_mV)


@statistics(
    input_weight_initial_mean_mV=_weight("mean initial weight of the inputs"),
    input_weight_mean_mV=_weight("mean final weight of the inputs"),
    input_weight_sd_mV=_weight("standard deviation of the final weights of the inputs"),
    input_weight_min_mV=_count("smallest final weight of the inputs"),
    input_weight_max_mV=_count("largest final weight of the inputs"),
    input_at_weight_max=_count("share of the inputs' weights at the upper bound"),
    input_at_weight_min=_count("share of the inputs' weights at the lower bound"),
)
def input_weights(run, p):
    final_mV = run.input_exc_weight_final_mV
    at_bounds = np.mean(final_mV >= p.weight_max_input_mV), np.mean(final_mV <= p.weight_min_mV)
    moments_mV = run.input_exc_weight_initial_mV.mean(), final_mV.mean(), final_mV.std()
    return *moments_mV, final_mV.min(), final_mV.max(), *at_bounds


@once_per_run
def fields_mV(run: Run, p: Parameters) -> tuple[FloatArray, FloatArray]:
    """Return the mean initial and the mean final weight of the inputs of each centre."""
    return by_centre(p, run, run.input_exc_weight_initial_mV), by_centre(p, run, run.input_exc_weight_final_mV)


@statistics(
    input_weight_by_centre_mV=_weight(f"mean final weight of the inputs, {_BY_PROFILE}", ("centre", "post")),
    input_change_by_centre_mV=_weight(f"mean change of the inputs' weights, {_BY_PROFILE}", ("centre", "post")),
)
def final_and_change_by_centre_mV(run, p):
    initial_mV, final_mV = fields_mV(run, p)
    return final_mV, final_mV - initial_mV


@statistic(
    f"standard deviation over centres of the inputs' mean weight, {_BY_PROFILE}: at the end to at the start",
    resolution=1e-9,
    undefined="at the start there is no such deviation",
)
def input_selectivity_ratio(run, p):
    # Of equal weights the means differ by rounding alone.
    differ = np.ptp(run.input_exc_weight_initial_mV) > 0
    initial_mV, final_mV = (field_mV.std(axis=0).mean() for field_mV in fields_mV(run, p))
    return ratio(final_mV, initial_mV if differ else 0.0)


@statistic(
    "correlation over pairs of the mean of both weights with how the two neurons' final input weights correlate",
    resolution=1e-9,
    undefined="all weights between neurons are equal, or the inputs' weights of some neuron are at all centres",
)
def similarity_effect(run, p):
    one, other = np.triu_indices(p.exc_count, 1)
    _, final_mV = fields_mV(run, p)
    return correlation(pair_mV(run, p).mean(axis=0), correlation(final_mV.T[one], final_mV.T[other]))


@statistics(
    exc_rate_Hz=_count("mean rate of the excitatory neurons"),
    inh_rate_Hz=_count("mean rate of the inhibitory neurons"),
)
def rates_Hz(run, p):
    spikes_and_neurons = (run.exc_spike_index, p.exc_count), (run.inh_spike_index, max(p.inh_count, 1))
    return [len(spikes) / neurons / (p.duration_ms / 1000) for spikes, neurons in spikes_and_neurons]


@statistic("number of different centres of the profile", dtype="int32")
def centres_visited(run, p):
    return len(np.unique(run.profile_centre))
