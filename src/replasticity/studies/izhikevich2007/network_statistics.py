"""What the statistics of both protocols have of the network."""

from typing import Any

from replasticity.study.statistics import number, statistics

#: A weight counts as high from this share of the bound on: 3.9 of 4 mV.
HIGH_SHARE = 0.975

#: Seeds may share rates, which are quotients of counts, and counts.
FINE: dict[str, Any] = {"resolution": 1e-9, "discrete": True}
COUNT: dict[str, Any] = {"resolution": 0.5, "discrete": True}


@statistics(
    mean_weight_final_mV=number("mean excitatory weight at the end", resolution=1e-9),
    rewards_given=number("rewards given", **COUNT),
    rate_exc_mean_Hz=number("mean rate of the excitatory cells", **FINE),
    rate_exc_highest_Hz=number("highest rate of the excitatory cells in a second", **FINE),
)
def network(run, p):
    return run.mean_weight_mV[-1], run.rewards[-1], run.rate_exc_Hz.mean(), run.rate_exc_Hz.max()
