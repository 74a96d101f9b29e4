"""Figure vogels2011: spikes before and after learning, rates over time, weights, and irregularity."""

import numpy as np
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import draw_band, mean_and_band, seeds_of
from replasticity.studies.vogels2011.statistics import BINS, LARGEST_CV, LARGEST_WEIGHT_NS


def plot(ensembles):
    """Return the figure: panels a to e."""
    main = ensembles["main"]
    p, seed = look.parameters_of(main), main["trace_seed"].values[0]
    figure = Figure(figsize=(look.FULL_WIDTH, 6.4), layout=look.layout())
    a, b, rates, weights, irregularity = figure.subplot_mosaic("ab;cc;de", height_ratios=[1.2, 1, 1]).values()
    for axes, letter, when, raster, end_ms in zip(
        (a, b), "ab", ("Before", "After"), main["raster"].values[0], np.cumsum(p["phases_ms"]), strict=True
    ):
        step, neuron = np.nonzero(raster)
        axes.plot(end_ms + (step - len(raster)) * p["dt_ms"], neuron, ".", color=look.BLUE, ms=2, mew=0)
        axes.set(xlabel="time (ms)", ylabel="excitatory neuron", xlim=(end_ms - len(raster) * p["dt_ms"], end_ms))
        axes.locator_params("x", nbins=5)
        look.letter(axes, letter, f"{when} learning (seed {seed})")
    time_s = (np.arange(BINS) + 0.5) * sum(p["phases_ms"]) / 1000 / BINS
    draw_band(rates, time_s, main["course_Hz"].values[:, 0], look.BLUE, "excitatory")
    draw_band(rates, time_s, main["course_Hz"].values[:, 1], look.VERMILION, "inhibitory")
    rates.axhline(p["target_rate_Hz"], color=look.BLACK, lw=0.8, ls="--", label="target, excitatory")
    rates.axvline(p["phases_ms"][0] / 1000, color=look.GREY, lw=0.8, label="learning begins")
    rates.set(yscale="log", xlabel="time (s)", ylabel="rate (Hz)")
    rates.yaxis.set_major_formatter("{x:g}")
    draw_histogram(weights, LARGEST_WEIGHT_NS, main["weight_share"].values, look.GREEN, "after learning")
    draw_histogram(irregularity, LARGEST_CV, main["cv_share"].values[:, 0], look.GREY, "before learning")
    draw_histogram(irregularity, LARGEST_CV, main["cv_share"].values[:, 1], look.BLUE, "after learning")
    weights.set(xlabel="weight of plastic synapses (nS; last bin: and more)", ylabel="share of synapses")
    irregularity.set(xlabel="CV of interspike intervals (last bin: and more)", ylabel="share of neurons")
    titles = "Mean rates", "Inhibitory weights", "Irregularity"
    for axes, letter, title in zip((rates, weights, irregularity), "cde", titles, strict=True):
        look.letter(axes, letter, f"{title} ({seeds_of(main)})")
        look.legend(axes, "upper right")
    return figure


def draw_histogram(axes, largest, share, colour, label):
    """Draw the mean share of each bin over seeds, with its 95 % interval."""
    (average, low, high), borders = mean_and_band(share), np.linspace(0, largest, BINS + 1)
    axes.set_yscale("log" if (average > 0).any() else "linear")
    axes.stairs(average, borders, color=colour, fill=True, alpha=0.35, label=label)
    axes.vlines((borders[:-1] + borders[1:]) / 2, low, high, color=colour, lw=0.6)
