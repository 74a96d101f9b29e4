"""Figure vogels2011: spikes before and after learning, rates over time, weights, and irregularity."""

import numpy as np
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import draw_band, mean_and_band, seeds_of
from replasticity.studies.vogels2011.statistics import CV_BORDERS, WEIGHT_BORDERS_NS


def plot(ensembles):
    """Return the figure: panels a to e; rates go on to the end of ``long``, if it is given."""
    main = ensembles["main"]
    p = look.parameters_of(main)
    figure = Figure(figsize=(look.FULL_WIDTH, 6.4), layout=look.layout())
    panels = figure.subplot_mosaic("ab;cc;de", height_ratios=[1.2, 1, 1])
    ends_ms, seed = np.cumsum(p["phases_ms"]), main["trace_seed"].values[0]
    for phase, (letter, when) in enumerate((("a", "Before"), ("b", "After"))):
        raster, end_ms = main["raster"].values[0, phase], ends_ms[phase]
        step, neuron = np.nonzero(raster)
        time_ms = end_ms + (step - len(raster)) * p["dt_ms"]
        panels[letter].plot(time_ms, neuron, ".", color=look.BLUE, ms=2.0, mew=0)
        panels[letter].set(xlabel="time (ms)", ylabel="excitatory neuron", xlim=(end_ms - p["raster_ms"], end_ms))
        look.letter(panels[letter], letter, f"{when} learning (seed {seed})")
    draw_rates(panels["c"], ensembles, p)
    draw_histogram(panels["d"], WEIGHT_BORDERS_NS, main["weight_share"].values, look.GREEN, "after learning")
    panels["d"].set(xlabel="weight of plastic synapses (nS)", ylabel="share of synapses", yscale="log")
    look.letter(panels["d"], "d", f"Inhibitory weights ({seeds_of(main)})")
    for phase, colour, when in ((0, look.GREY, "before learning"), (1, look.BLUE, "after learning")):
        draw_histogram(panels["e"], CV_BORDERS, main["cv_share"].values[:, phase], colour, when)
    panels["e"].set(xlabel="CV of interspike intervals", ylabel="share of neurons", yscale="log")
    look.letter(panels["e"], "e", f"Irregularity ({seeds_of(main)})")
    for letter in "de":
        look.legend(panels[letter], loc="upper right")
    return figure


def draw_rates(axes, ensembles, p):
    """Draw the mean rates over time, on logarithmic axes."""
    for role, line in (("long", ":"), ("main", "-")):
        if role in ensembles:
            time_s = ensembles[role]["time_ms"].values / 1000
            for name, colour in (("exc", look.BLUE), ("inh", look.VERMILION)):
                label = {"exc": "excitatory", "inh": "inhibitory"}[name] + (", longer" if role == "long" else "")
                draw_band(axes, time_s, ensembles[role][f"{name}_rate_Hz"].values, colour, label, line)
    axes.axhline(p["target_rate_Hz"], color=look.BLACK, lw=0.8, ls="--", label="target of excitatory")
    axes.axvline(p["phases_ms"][0] / 1000, color=look.GREY, lw=0.8, label="learning begins")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time (s)",
        ylabel="rate (Hz)",
        xlim=(p["phases_ms"][0] / 2000, None),
        ylim=(1, 300),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    look.letter(axes, "c", f"Mean rates (n = {ensembles['main'].sizes['trace_seed']})")
    look.legend(axes, loc=(0.02, 0.3))


def draw_histogram(axes, borders, share, colour, label):
    """Draw the mean share of each bin over seeds, with its 95 % interval."""
    average, low, high = mean_and_band(share)
    axes.stairs(average, borders, color=colour, fill=True, alpha=0.35, label=label)
    axes.stairs(average, borders, color=colour)
    middle = (borders[:-1] + borders[1:]) / 2
    axes.vlines(middle, low, high, color=colour, lw=0.6)
