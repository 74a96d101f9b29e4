"""Figure vogels2011: spikes before and after learning, rates over time, weights, and irregularity."""

import numpy as np
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import draw_band, mean_and_band, seeds_of
from replasticity.studies.vogels2011.statistics import CV_BORDERS, WEIGHT_BORDERS_NS


def plot(ensembles):
    """Return the figure: panels a to e; with ``long``, rates go on to its end."""
    main = ensembles["main"]
    p, trace_seeds = look.parameters_of(main), main["trace_seed"].values
    figure = Figure(figsize=(look.FULL_WIDTH, 6.4), layout=look.layout())
    a, b, rates, weights, irregularity = figure.subplot_mosaic("ab;cc;de", height_ratios=[1.2, 1, 1]).values()
    for axes, letter, when, raster, end_ms in zip(
        (a, b), "ab", ("Before", "After"), main["raster"].values[0], np.cumsum(p["phases_ms"]), strict=True
    ):
        step, neuron = np.nonzero(raster)
        axes.plot(end_ms + (step - len(raster)) * p["dt_ms"], neuron, ".", color=look.BLUE, ms=2, mew=0)
        axes.set(xlabel="time (ms)", ylabel="excitatory neuron", xlim=(end_ms - p["sample_ms"], end_ms))
        axes.locator_params("x", nbins=5)
        look.letter(axes, letter, f"{when} learning (seed {trace_seeds[0]})")
    for role, line, more in (("long", ":", ", longer run"), ("main", "-", "")):
        for population, name in enumerate(("excitatory", "inhibitory") if role in ensembles else ()):
            time_s, rates_Hz = (
                ensembles[role]["time_ms"].values / 1000,
                ensembles[role]["rates_Hz"].values[:, population],
            )
            draw_band(rates, time_s, rates_Hz, (look.BLUE, look.VERMILION)[population], name + more, line)
    rates.axhline(p["target_rate_Hz"], color=look.BLACK, lw=0.8, ls="--", label="target, excitatory")
    rates.axvline(p["phases_ms"][0] / 1000, color=look.GREY, lw=0.8, label="learning begins")
    rates.set(xscale="log", yscale="log", xlabel="time (s)", ylabel="rate (Hz)", ylim=(1, 300))
    for axis in (rates.xaxis, rates.yaxis):
        axis.set_major_formatter("{x:g}")
    draw_histogram(weights, WEIGHT_BORDERS_NS, main["weight_share"].values, look.GREEN, "after learning")
    weights.set(xlabel="weight of plastic synapses (nS)", ylabel="share of synapses", yscale="log")
    for phase, colour, when in ((0, look.GREY, "before learning"), (1, look.BLUE, "after learning")):
        draw_histogram(irregularity, CV_BORDERS, main["cv_share"].values[:, phase], colour, when)
    irregularity.set(xlabel="CV of interspike intervals", ylabel="share of neurons", yscale="log")
    for axes, letter, title in ((weights, "d", "Inhibitory weights"), (irregularity, "e", "Irregularity")):
        look.letter(axes, letter, f"{title} ({seeds_of(main)})")
        look.legend(axes, "upper right")
    look.letter(rates, "c", f"Mean rates (n = {len(trace_seeds)})")
    look.legend(rates, (0.01, 0.22))
    return figure


def draw_histogram(axes, borders, share, colour, label):
    """Draw the mean share of each bin over seeds, with its 95 % interval."""
    average, low, high = mean_and_band(share)
    axes.stairs(average, borders, color=colour, fill=True, alpha=0.35, label=label)
    axes.vlines((borders[:-1] + borders[1:]) / 2, low, high, color=colour, lw=0.6)
