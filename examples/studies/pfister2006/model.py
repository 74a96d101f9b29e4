"""The triplet rule (Eqs. 1 to 4 of the paper), from spike to spike."""

import math
from collections import namedtuple

import numpy as np

from replasticity.numerics.compilation import njit

_TIMES = "tau_plus_ms tau_x_ms tau_minus_ms tau_y_ms dt_ms"
Rule = namedtuple("Rule", f"A2_plus A3_plus A2_minus A3_minus {_TIMES} nearest_spike weight_initial weight_max")


@njit
def weights(pre_step, post_step, rule):
    """Return the weight after each presynaptic spike, and after all spikes; the steps of both trains are sorted."""
    after_pre = np.zeros(pre_step.size)
    weight = rule.weight_initial
    r1 = r2 = o1 = o2 = 0.0
    kept = 0.0 if rule.nearest_spike else 1.0
    i = j = last = 0
    while i < pre_step.size or j < post_step.size:
        pre = i < pre_step.size and (j == post_step.size or pre_step[i] <= post_step[j])
        post = j < post_step.size and (i == pre_step.size or post_step[j] <= pre_step[i])
        step = pre_step[i] if pre else post_step[j]
        passed_ms = (step - last) * rule.dt_ms
        last = step
        r1 *= math.exp(-passed_ms / rule.tau_plus_ms)
        r2 *= math.exp(-passed_ms / rule.tau_x_ms)
        o1 *= math.exp(-passed_ms / rule.tau_minus_ms)
        o2 *= math.exp(-passed_ms / rule.tau_y_ms)
        if post:
            weight = min(weight + r1 * (rule.A2_plus + rule.A3_plus * o2), rule.weight_max)
        if pre:
            weight = max(weight - o1 * (rule.A2_minus + rule.A3_minus * r2), 0.0)
            after_pre[i] = weight
            r1, r2 = kept * r1 + 1, kept * r2 + 1
            i += 1
        if post:
            o1, o2 = kept * o1 + 1, kept * o2 + 1
            j += 1
    return after_pre, weight
