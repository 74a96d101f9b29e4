"""What is shown. An edit here draws again."""

from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import seeds_of


def plot(ensembles):
    """Return the figure: `ensembles["main"]` has the statistics of all seeds, and the traces of the first ones."""
    ensemble = ensembles["main"]
    p = look.parameters_of(ensemble)
    figure = Figure(figsize=(look.FULL_WIDTH, 2.4), layout=look.layout())
    left, right = figure.subplots(1, 2)
    look.letter(left, "a", "First seed")
    left.plot(ensemble["time_ms"], ensemble["weight"][0], color=look.BLUE)
    left.set(xlabel="time (ms)", ylabel="weight")
    look.letter(right, "b", f"Mean weight ({seeds_of(ensemble)})")
    right.plot(ensemble["seed"], ensemble["weight_mean"][:, 1], "o", ms=3, color=look.BLUE, label="one seed")
    right.axhline(p["amplitude"] * p["rate_Hz"] * p["tau_ms"] / 1000, color=look.ORANGE, label="A r tau")
    right.set(xlabel="seed", ylabel="mean weight")
    right.locator_params("x", integer=True, nbins=5)
    look.room_above(right, 0.3)
    look.legend(right)
    return figure
