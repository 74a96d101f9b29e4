"""Statistics that both protocols have."""

from replasticity.study.statistics import number, statistic, statistics


@statistic("mean excitatory weight at the end", resolution=1e-9)
def mean_weight_final_mV(run, p):
    return run.mean_weight_mV[-1]


@statistic("rewards given", resolution=0.5, discrete=True)
def rewards_given(run, p):
    return run.rewards[-1]


@statistics(
    rate_exc_mean_Hz=number("mean rate of the excitatory cells", resolution=1e-9, discrete=True),
    rate_exc_highest_Hz=number("highest rate of the excitatory cells in a second", resolution=1e-9, discrete=True),
)
def rate_exc(run, p):
    return run.rate_exc_Hz.mean(), run.rate_exc_Hz.max()
