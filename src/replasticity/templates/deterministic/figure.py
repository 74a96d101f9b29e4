"""What is shown. An edit here draws again."""

from matplotlib.figure import Figure

from replasticity.plotting import rendering as look


def plot(ensembles):
    """Return the figure: `ensembles["main"]` has statistics with `seed` in front, and traces with `trace_seed`."""
    ensemble = ensembles["main"]
    time_ms, weight = ensemble["time_ms"], ensemble["weight"][0]
    figure = Figure(figsize=(look.FULL_WIDTH, 2.6), layout=look.layout())
    left, right = figure.subplots(1, 2)
    look.letter(left, "a", "All of the run")
    left.plot(time_ms, weight, color=look.BLUE)
    look.letter(right, "b", "The end")
    right.plot(time_ms[-200:], weight[-200:], color=look.BLUE, label="weight")
    right.axhline(float(ensemble["weight_peak"][0, 1]), color=look.ORANGE, label="largest weight")
    look.room_above(right, 0.3)
    look.legend(right)
    for axes in (left, right):
        axes.set(xlabel="time (ms)", ylabel="weight")
    look.say_nothing_is_random(figure)
    return figure
