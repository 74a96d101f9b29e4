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
    panels = figure.subplot_mosaic("ab;cc;de", height_ratios=[1.2, 1, 1])
    for phase, (letter, when) in enumerate((("a", "Before"), ("b", "After"))):
        raster, end_ms = main["raster"].values[0, phase], sum(p["phases_ms"][: phase + 1])
        step, neuron = np.nonzero(raster)
        panels[letter].plot(end_ms + (step - len(raster)) * p["dt_ms"], neuron, ".", color=look.BLUE, ms=2, mew=0)
        panels[letter].set(xlabel="time (ms)", ylabel="excitatory neuron", xlim=(end_ms - p["raster_ms"], end_ms))
        look.letter(panels[letter], letter, f"{when} learning (seed {trace_seeds[0]})")
    rates = panels["c"]
    for role, line, more in (("long", ":", ", longer"), ("main", "-", "")):
        if role in ensembles:
            time_s, rates_Hz = ensembles[role]["time_ms"].values / 1000, ensembles[role]["rates_Hz"].values
            draw_band(rates, time_s, rates_Hz[:, 0], look.BLUE, f"excitatory{more}", line)
            draw_band(rates, time_s, rates_Hz[:, 1], look.VERMILION, f"inhibitory{more}", line)
    rates.axhline(p["target_rate_Hz"], color=look.BLACK, lw=0.8, ls="--", label="target, excitatory")
    rates.axvline(p["phases_ms"][0] / 1000, color=look.GREY, lw=0.8, label="learning begins")
    rates.set(xscale="log", yscale="log", xlabel="time (s)", ylabel="rate (Hz)", ylim=(1, 300))
    rates.set_xlim(left=p["phases_ms"][0] / 2000)
    for axis in (rates.xaxis, rates.yaxis):
        axis.set_major_formatter("{x:g}")
    look.letter(rates, "c", f"Mean rates (n = {len(trace_seeds)})")
    draw_histogram(panels["d"], WEIGHT_BORDERS_NS, main["weight_share"].values, look.GREEN, "after learning")
    panels["d"].set(xlabel="weight of plastic synapses (nS)", ylabel="share of synapses", yscale="log")
    look.letter(panels["d"], "d", f"Inhibitory weights ({seeds_of(main)})")
    draw_histogram(panels["e"], CV_BORDERS, main["cv_share"].values[:, 0], look.GREY, "before learning")
    draw_histogram(panels["e"], CV_BORDERS, main["cv_share"].values[:, 1], look.BLUE, "after learning")
    panels["e"].set(xlabel="CV of interspike intervals", ylabel="share of neurons", yscale="log")
    look.letter(panels["e"], "e", f"Irregularity ({seeds_of(main)})")
    for letter, place in (("c", (0.01, 0.25)), ("d", "upper right"), ("e", "upper right")):
        look.legend(panels[letter], place)
    return figure


def draw_histogram(axes, borders, share, colour, label):
    """Draw the mean share of each bin over seeds, with its 95 % interval."""
    average, low, high = mean_and_band(share)
    axes.stairs(average, borders, color=colour, fill=True, alpha=0.35, label=label)
    axes.vlines((borders[:-1] + borders[1:]) / 2, low, high, color=colour, lw=0.6)
