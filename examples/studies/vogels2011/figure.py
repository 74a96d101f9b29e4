"""Figure vogels2011: spikes before and after learning, rates over time, weights."""

import numpy as np
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import draw_band, mean_and_band, seeds_of
from replasticity.studies.vogels2011.statistics import BINS, LARGEST_WEIGHT_NS


def plot(ensembles):
    """Return the figure: panels a to d."""
    main = ensembles["main"]
    p, seed = look.parameters_of(main), main["trace_seed"].values[0]
    figure = Figure(figsize=(look.FULL_WIDTH, 5.0), layout=look.layout())
    (a, b), (rates, weights) = figure.subplots(2, 2)
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
    borders, (share, *band) = np.linspace(0, LARGEST_WEIGHT_NS, BINS + 1), mean_and_band(main["weight_share"].values)
    weights.stairs(share, borders, color=look.GREEN, fill=True, alpha=0.35, label="after learning")
    weights.vlines((borders[:-1] + borders[1:]) / 2, *band, color=look.GREEN, lw=0.6)
    weights.set(xlabel="weight of plastic synapses (nS; last bin: and more)", ylabel="share of synapses", yscale="log")
    for axes, letter, title in ((rates, "c", "Mean rates"), (weights, "d", "Inhibitory weights")):
        look.letter(axes, letter, f"{title} ({seeds_of(main)})")
        look.legend(axes, "upper right")
    return figure
