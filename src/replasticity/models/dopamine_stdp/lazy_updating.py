"""Lazy updating: a synapse that no spike has touched for many slices is advanced over all of them at once."""

import math

from replasticity.equations.dopamine_stdp import advance, dopamine_at
from replasticity.numerics.compilation import inline_njit
from replasticity.numerics.exponentials import decay


@inline_njit
def first_after(dopamine, time, count):
    """Return the first arrival of dopamine after a time, looking back from the first ``count`` arrivals."""
    while count > 0 and dopamine.step[count - 1] > time:
        count -= 1
    return count


@inline_njit
def may_be_cut_on_the_way(synapse, duration, step):
    """Return True if the weight might reach 0 inside a time without events, and rise again.

    Without a baseline it cannot: c n keeps its sign, so the weight moves in one direction.
    """
    if step.b == 0.0:
        return False
    decay_c = decay(duration, step.tau_c)
    decay_both = decay_c * decay(duration, step.tau_n)
    moved = abs(synapse.n) * step.tau_both_ms * (1.0 - decay_both) + abs(step.b) * step.tau_c.ms * (1.0 - decay_c)
    return abs(synapse.c) * moved > synapse.weight


@inline_njit
def advance_over_slices(synapse, start, end, grid, step):
    """Advance a synapse over slices without events: in one step, or by slices where the cut at 0 needs it.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place.
    start, end : int
        From where the state is advanced, and to where [steps].
    grid : int
        The weight is cut at the ends of slices after this time [steps].
    step : DopamineStep
        Constants.
    """
    if end - start <= 0:
        return
    if may_be_cut_on_the_way(synapse, end - start, step):
        cut = (grid // step.slice + 1) * step.slice
        while cut < end:
            advance(synapse, start, cut - start, step)
            start = cut
            cut += step.slice
    advance(synapse, start, end - start, step)


@inline_njit
def advance_exactly(synapse, start, duration, step):
    """Advance a synapse over a time without events, its weight held at 0 or above at each moment.

    The weight turns at most once, where n passes b; there the time is split, so that it moves in one direction in
    each part.
    """
    if duration <= 0:
        return
    if may_be_cut_on_the_way(synapse, duration, step) and synapse.n / step.b > 1.0:
        turn_ms = step.tau_n.ms * math.log(synapse.n / step.b)
        if turn_ms < duration * step.tau_n.dt_ms:
            dopamine_term = synapse.n * step.tau_both_ms * (1.0 - math.exp(-turn_ms / step.tau_both_ms))
            baseline_term = step.b * step.tau_c.ms * (1.0 - math.exp(-turn_ms / step.tau_c.ms))
            # Up to the turn the weight may have been below 0 by so much; that much it has more afterwards.
            synapse.weight += max(0.0, -(synapse.weight + synapse.c * (dopamine_term - baseline_term)))
    advance(synapse, start, duration, step)


@inline_njit
def is_cut_at_most_once(synapse, dopamine, step):
    """Return True if cutting the weight at 0 once, when it is needed, is the same as cutting it on the way.

    It is if the weight cannot reach 0 at all, or if c (n - b) keeps its sign: without a baseline, if the synapse's n
    and all arrivals are of one sign.
    """
    most = step.tau_both_ms * (abs(synapse.n) + dopamine.most) + abs(step.b) * step.tau_c.ms
    stays_above = synapse.weight >= abs(synapse.c) * most
    never_negative = (synapse.n >= 0.0) & (dopamine.lowest >= 0.0)
    never_positive = (synapse.n <= 0.0) & (dopamine.highest <= 0.0)
    return stays_above | ((step.b == 0.0) & (never_negative | never_positive))


@inline_njit
def advance_lazily(synapse, start, end, dopamine, step):
    """Advance a synapse that no spike has touched since its last update, with all dopamine until ``end``.

    In closed form (module's equations), for a synapse that `is_cut_at_most_once`; `advance_by_arrivals` is for all.
    The caller chooses between them: with a branch in here each event would pay for counting references to arguments.

    Parameters
    ----------
    synapse : record of `SYNAPSE`
        Changed in place; both clocks are then at ``end``.
    start, end : int
        From where the state is advanced, and to where [steps]. The start may lie before the last update
        (docs/models/dopamine_stdp.md#set-back-clock); arrivals until the last update are in the state and do
        not act again.
    dopamine : Dopamine
        All arrivals.
    step : DopamineStep
        Constants.
    """
    update = synapse.update_clock
    past_before, future_before = dopamine_at(dopamine, update, step)
    past, future = dopamine_at(dopamine, end, step)
    c = synapse.c * decay(end - start, step.tau_c)
    n = synapse.n * decay(end - start, step.tau_n) + (past - past_before * decay(end - update, step.tau_n))
    weighed = synapse.c * decay(update - start, step.tau_c) * future_before - c * future
    moved = step.tau_both_ms * (synapse.c * synapse.n - c * n + weighed) - step.b * step.tau_c.ms * (synapse.c - c)
    synapse.weight = max(0.0, synapse.weight + moved)
    synapse.c = c
    synapse.n = n
    synapse.x *= decay(end - start, step.tau_pre)
    synapse.spike_clock = end
    synapse.update_clock = end


@inline_njit
def advance_by_arrivals(synapse, start, end, dopamine, arrived, exact, step):
    """Do what `advance_lazily` does, arrival by arrival, and cut the weight wherever it reaches 0 on the way.

    Parameters
    ----------
    synapse, start, end, dopamine, step
        As in `advance_lazily`.
    arrived : int
        A number of arrivals that includes all until ``end``.
    exact : bool
        Whether the weight is cut at each moment, or at the ends of slices.
    """
    grid = synapse.update_clock
    for arrival in range(first_after(dopamine, grid, arrived), arrived):
        time = dopamine.step[arrival]
        if time > end:
            break
        if exact:
            advance_exactly(synapse, start, time - start, step)
        else:
            advance_over_slices(synapse, start, time, grid, step)
        synapse.n += dopamine.increment[arrival]
        start = grid = time
    if exact:
        advance_exactly(synapse, start, end - start, step)
    else:
        advance_over_slices(synapse, start, end, grid, step)
    synapse.spike_clock = end
    synapse.update_clock = end
